//! How the command says that something went wrong, and with which exit code it ends.
//!
//! Invariant: every error is two sentences, what happened and what to do next, in the reader's
//! language.

mod wording;

use daybook_core::book::{BookError, VerifyError};
use daybook_core::ledger::SubmitError;
use daybook_core::ledger::genesis::FoundError;
use daybook_core::store::local::StoreOpenError;
use daybook_server::client::ClientError;

use crate::called;
use crate::render::{Lang, paint};
use crate::system::program;
use crate::text::Text;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The ledger said no, or something does not hold.
    Refused,
    /// The command was called in a wrong way.
    Usage,
    /// Something is broken.
    Broken,
}

impl Exit {
    /// Returns the exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Broken => 3,
        }
    }
}

/// What went wrong, in two sentences without full stops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    /// How the command ends.
    pub exit: Exit,
    /// The stable code.
    pub code: String,
    /// What happened.
    pub message: Text,
    /// What to do next.
    pub hint: Text,
}

impl CliError {
    /// Tells that the command was called in a wrong way, and what to do.
    pub fn usage(message: impl Into<Text>, hint: impl Into<Text>) -> CliError {
        let code = "usage".to_owned();
        CliError { exit: Exit::Usage, code, message: message.into(), hint: hint.into() }
    }

    /// Tells that a file could not be read or written; `what` is what was tried, as in
    /// `opening`.
    pub fn file(what: impl Into<Text>, path: &std::path::Path, error: &std::io::Error) -> CliError {
        let (what, path) = (what.into(), path.display());
        CliError {
            exit: Exit::Usage,
            code: "file".to_owned(),
            message: Text::new(
                format!("{} {path} failed: {error}", what.en),
                format!("{} {path} 失败：{}", what.zh, wording::io_zh(error)),
            ),
            hint: Text::from((
                "check the path and that you may access it",
                "请检查路径，以及您是否有权访问",
            )),
        }
    }

    /// Tells why nobody answers for the ledger any more.
    pub fn from_lost(lost: daybook_server::client::Lost) -> CliError {
        lost.downcast::<CliError>().map_or_else(
            |other| CliError {
                exit: Exit::Broken,
                code: "lost".to_owned(),
                message: Text::new(
                    format!("nobody answers for the ledger any more: {other}"),
                    format!("账簿已无人应答：{other}"),
                ),
                hint: Text::from(("try again", "请再试一次")),
            },
            |error| *error,
        )
    }

    /// Prints the error on standard error, for people or as one JSON document.
    pub fn print(&self, json: bool, lang: Lang, dir_option: &str) {
        let (message, hint) = (self.message.pick(lang), self.hint.pick(lang));
        let hint = &called::again(hint, &program(), dir_option);
        if json {
            let document = serde_json::json!({
                "error": message, "hint": hint, "code": self.code, "exit": self.exit.code(),
            });
            crate::note!("{document}");
            return;
        }
        let (error, help) = (paint::ERROR, paint::HINT);
        crate::note!("{error}{}{error:#}{message}", lang.pick("error: ", "错误："));
        crate::note!("{help}{}{help:#}{hint}", lang.pick("hint: ", "提示："));
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> CliError {
        let report = ("report this with the command you gave", "请报告此问题，并附上您输入的命令");
        match error {
            ClientError::Problem(problem) => {
                let exit = match problem.status {
                    400 | 413 => Exit::Usage,
                    401..=499 => Exit::Refused,
                    _ => Exit::Broken,
                };
                let rule = |open: &str, close: &str| {
                    let rule = problem.rule.as_ref();
                    rule.map(|rule| format!("{open}{rule}{close}")).unwrap_or_default()
                };
                // The interface answers in the language it was asked in.
                let message = Text::new(
                    format!("{}{}", problem.detail, rule(" (rule ", ")")),
                    format!("{}{}", problem.detail, rule("（规则 ", "）")),
                );
                let hint = wording::for_the_command_line(&problem.code)
                    .or_else(|| problem.hint.as_deref().map(Text::spoken));
                let hint =
                    hint.unwrap_or_else(|| Text::from(("see `daybook help`", "见 `daybook help`")));
                CliError { exit, code: problem.code, message, hint }
            }
            ClientError::Lost { source } => CliError::from_lost(source),
            ClientError::Transport(broken) => {
                let en = chain(&broken);
                CliError {
                    exit: Exit::Broken,
                    code: "connection".to_owned(),
                    message: Text::new(en.as_str(), format!("与账簿服务的连接中断：{en}")),
                    hint: Text::from((
                        "try again; a request with the same --key is never recorded twice",
                        "请再试一次；同一 --key 的请求不会记录两次",
                    )),
                }
            }
            ClientError::Unreadable { .. } => CliError {
                exit: Exit::Broken,
                code: "answer_unreadable".to_owned(),
                message: Text::new(error.to_string(), format!("无法读懂接口的回答：{error}")),
                hint: report.into(),
            },
            other => CliError {
                exit: Exit::Broken,
                code: "client".to_owned(),
                message: Text::new(other.to_string(), format!("接口没有应答：{other}")),
                hint: report.into(),
            },
        }
    }
}

/// Writes an error and its causes in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl From<BookError> for CliError {
    fn from(error: BookError) -> CliError {
        let (exit, hint) = match &error {
            BookError::Log(log) => opening(log),
            BookError::Found(FoundError::Refused(rejection)) => {
                (Exit::Refused, Text::new(rejection.hint(), rejection.hint_zh()))
            }
            BookError::SigningKeyDiffers => (
                Exit::Broken,
                Text::from((
                    "put the vault that belongs to this ledger in its place",
                    "请放回属于此账簿的密钥库",
                )),
            ),
            BookError::Vault(error) if error.code().starts_with("vault_") => (
                Exit::Broken,
                Text::from((
                    "put the newest copy of this ledger's vault in its place",
                    "请放回此账簿密钥库的最新副本",
                )),
            ),
            _ => (
                Exit::Broken,
                Text::from((
                    "check that the disk is writable and the directory is whole",
                    "请检查磁盘可写、目录完整",
                )),
            ),
        };
        let en = match &error {
            BookError::Found(FoundError::Refused(rejection)) => rejection.to_string(),
            other => chain(other),
        };
        let message = Text::new(en.as_str(), wording::book_zh(&error, &en));
        CliError { exit, code: error.code().to_owned(), message, hint }
    }
}

impl From<SubmitError> for CliError {
    fn from(error: SubmitError) -> CliError {
        let en = chain(&error);
        CliError {
            exit: Exit::Broken,
            code: error.code().to_owned(),
            message: Text::new(en.as_str(), format!("账簿无法继续：{en}")),
            hint: Text::from((
                "open the ledger again; what was acknowledged is in its journal",
                "请重新打开账簿；已确认的内容都在日志中",
            )),
        }
    }
}

impl From<VerifyError> for CliError {
    fn from(error: VerifyError) -> CliError {
        let (exit, code, hint) = match &error {
            VerifyError::Open(open @ StoreOpenError::NotALedger { .. }) => {
                let (exit, hint) = opening(open);
                (exit, open.code(), hint)
            }
            VerifyError::Open(open) => (
                Exit::Refused,
                open.code(),
                Text::from((
                    "do not write to this ledger; compare it with a mirror or a backup",
                    "请勿再写入此账簿；请与镜像或备份比对",
                )),
            ),
            VerifyError::Event { .. } => (
                Exit::Refused,
                "verification_failed",
                Text::from((
                    "everything before that position holds; compare the rest with a mirror or a backup",
                    "该位置之前的内容均成立；其余请与镜像或备份比对",
                )),
            ),
            VerifyError::Attachments { .. } => (
                Exit::Refused,
                "attachments_damaged",
                Text::from((
                    "the log itself holds; bring those files back from a mirror or a backup",
                    "日志本身成立；请从镜像或备份取回这些文件",
                )),
            ),
            VerifyError::AttachmentsUnreadable { .. } => (
                Exit::Broken,
                "attachments_unreadable",
                Text::from((
                    "check that the folder `attachments` and its files are readable",
                    "请检查文件夹 `attachments` 及其中的文件是否可读",
                )),
            ),
            _ => (
                Exit::Refused,
                "index_differs",
                Text::from((
                    "the journal decides; remove the folder `sled` and open the ledger to rebuild it",
                    "以日志为准；请删除文件夹 `sled`，再打开账簿以重建索引",
                )),
            ),
        };
        let en = chain(&error);
        let message = Text::new(en.as_str(), wording::verify_zh(&error, &en));
        CliError { exit, code: code.to_owned(), message, hint }
    }
}

/// Returns how a command ends that finds a log in this condition, and what to do.
fn opening(error: &StoreOpenError) -> (Exit, Text) {
    let (exit, hint) = match error {
        StoreOpenError::NotALedger { .. } => (
            Exit::Usage,
            (
                "make one with `daybook init`, try `daybook demo`, or say where it is with --dir",
                "用 `daybook init` 新建，用 `daybook demo` 试用，或用 --dir 指明位置",
            ),
        ),
        StoreOpenError::NotEmpty { .. } => (
            Exit::Usage,
            (
                "choose another directory with --dir, or empty this one first",
                "请用 --dir 另选目录，或先清空此目录",
            ),
        ),
        StoreOpenError::Held { .. } => (
            Exit::Broken,
            (
                "wait until that process has finished, or end it, then try again",
                "请等该进程结束，或将其终止，然后再试",
            ),
        ),
        _ => (
            Exit::Broken,
            (
                "run `daybook verify` to see how far the ledger can be trusted; change nothing by hand",
                "请运行 `daybook verify` 查看账簿可信到何处；请勿手工改动任何文件",
            ),
        ),
    };
    (exit, hint.into())
}
