//! How the command says that something went wrong, and with which exit code it ends.

use daybook_core::book::{BookError, VerifyError};
use daybook_core::ledger::SubmitError;
use daybook_core::store::local::StoreOpenError;
use daybook_server::client::ClientError;

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
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl CliError {
    /// Tells that the command was called in a wrong way.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> CliError {
        let code = "usage".to_owned();
        CliError { exit: Exit::Usage, code, message: message.into(), hint: hint.into() }
    }

    /// Tells that a file could not be read or written.
    pub fn file(what: &str, path: &std::path::Path, error: &std::io::Error) -> CliError {
        CliError {
            exit: Exit::Usage,
            code: "file".to_owned(),
            message: format!("{what} {} failed: {error}", path.display()),
            hint: "check the path and that you may access it".to_owned(),
        }
    }

    /// Prints the error on standard error, for people or as one JSON document.
    pub fn print(&self, json: bool) {
        if json {
            let CliError { exit, code, message, hint } = self;
            let document = serde_json::json!({
                "error": message, "hint": hint, "code": code, "exit": exit.code(),
            });
            eprintln!("{document}");
        } else {
            eprintln!("error: {}", self.message);
            eprintln!("hint: {}", self.hint);
        }
    }
}

impl From<ClientError> for CliError {
    fn from(error: ClientError) -> CliError {
        match error {
            ClientError::Problem(problem) => {
                let exit = match problem.status {
                    400 | 413 => Exit::Usage,
                    401..=499 => Exit::Refused,
                    _ => Exit::Broken,
                };
                let rule = problem.rule.map(|rule| format!(" (rule {rule})")).unwrap_or_default();
                CliError {
                    exit,
                    code: problem.code,
                    message: format!("{}{rule}", problem.detail),
                    hint: problem.hint.unwrap_or_else(|| "see `daybook help`".to_owned()),
                }
            }
            ClientError::Unreadable { .. } => CliError {
                exit: Exit::Broken,
                code: "answer_unreadable".to_owned(),
                message: error.to_string(),
                hint: "report this with the command you gave".to_owned(),
            },
            other => CliError {
                exit: Exit::Broken,
                code: "client".to_owned(),
                message: other.to_string(),
                hint: "report this with the command you gave".to_owned(),
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
            BookError::Found(daybook_core::ledger::genesis::FoundError::Refused(rejection)) => {
                (Exit::Refused, rejection.hint())
            }
            BookError::SigningKeyDiffers => {
                (Exit::Broken, "put the vault that belongs to this ledger in its place")
            }
            _ => (Exit::Broken, "check that the disk is writable and the directory is whole"),
        };
        let message = match &error {
            BookError::Found(daybook_core::ledger::genesis::FoundError::Refused(rejection)) => {
                rejection.to_string()
            }
            other => chain(other),
        };
        CliError { exit, code: error.code().to_owned(), message, hint: hint.to_owned() }
    }
}

impl From<SubmitError> for CliError {
    fn from(error: SubmitError) -> CliError {
        CliError {
            exit: Exit::Broken,
            code: error.code().to_owned(),
            message: chain(&error),
            hint: "open the ledger again; what was acknowledged is in its journal".to_owned(),
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
                "do not write to this ledger; compare it with a mirror or a backup",
            ),
            VerifyError::Event { .. } => (
                Exit::Refused,
                "verification_failed",
                "everything before that position holds; compare the rest with a mirror or a backup",
            ),
            _ => (
                Exit::Refused,
                "index_differs",
                "the journal decides; remove the folder `sled` and open the ledger to rebuild it",
            ),
        };
        CliError { exit, code: code.to_owned(), message: chain(&error), hint: hint.to_owned() }
    }
}

/// Returns how a command ends that finds a log in this condition, and what to do.
fn opening(error: &StoreOpenError) -> (Exit, &'static str) {
    match error {
        StoreOpenError::NotALedger { .. } => (
            Exit::Usage,
            "make one with `daybook init`, try `daybook demo`, or say where it is with --dir",
        ),
        StoreOpenError::NotEmpty { .. } => {
            (Exit::Usage, "choose another directory with --dir, or empty this one first")
        }
        StoreOpenError::Held { .. } => {
            (Exit::Refused, "wait until that process has finished, then try again")
        }
        _ => (
            Exit::Broken,
            "run `daybook verify` to see how far the ledger can be trusted; change nothing by hand",
        ),
    }
}
