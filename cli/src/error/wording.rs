//! The Chinese of errors that reach a person without passing the interface, and hints in the words
//! of the command line where the interface speaks of fields.

use daybook_core::book::{BookError, VerifyError};
use daybook_core::ledger::genesis::FoundError;
use daybook_core::store::local::StoreOpenError;
use daybook_core::vault::VaultError;

use crate::text::Text;

/// Returns the hint for a refusal that the command line words in its own options.
pub(super) fn for_the_command_line(code: &str) -> Option<Text> {
    let hint = match code {
        "reason_missing" => ("add --reason \"...\"", "请加上 --reason \"……\" 说明原因"),
        "customer_unknown" | "customer_not_registered" => (
            "put it on file with `daybook record customer`, or see `daybook show` for the codes",
            "请先用 `daybook record customer` 建档，或用 `daybook show` 查看代码",
        ),
        "customer_already_registered" => (
            "change it with `daybook record details`, or choose another code",
            "请用 `daybook record details` 变更资料，或另选代码",
        ),
        "participant_missing" => (
            "name a contact with --with, such as --with P-1",
            "请用 --with 指明联系人，例如 --with P-1",
        ),
        "main_contact_taken" => ("add the contact without --main", "请去掉 --main 再添加"),
        "idempotency_key_reused" => {
            ("give another --key for a new fact", "新的事实请另用一个 --key")
        }
        "clock_jump" => (
            "nothing was recorded; set the clock right or, if it is right, say so once with \
             `daybook clock confirm`",
            "未记录任何内容；请校准时钟，若时钟正确，请用 `daybook clock confirm` 声明一次",
        ),
        "clock_differs" => (
            "look at `daybook clock` and confirm what it shows, if that is right",
            "请查看 `daybook clock`，若其显示正确，再予确认",
        ),
        "stale_version" => (
            "look at the customer again and give the version it is at now",
            "请重新查看该客户，并给出它当前的版本",
        ),
        _ => return None,
    };
    Some(hint.into())
}

/// Says what the system said, for the cases people meet.
pub(super) fn io_zh(error: &std::io::Error) -> String {
    use std::io::ErrorKind as K;
    let text = match error.kind() {
        K::NotFound => "没有这个文件或目录",
        K::PermissionDenied => "没有权限",
        K::AlreadyExists => "已经存在",
        K::IsADirectory => "这是一个目录",
        K::NotADirectory => "路径中有一段不是目录",
        K::StorageFull => "磁盘已满",
        K::InvalidData => "内容不是 UTF-8 文本",
        _ => return error.to_string(),
    };
    text.to_owned()
}

/// Says why a ledger could not be made or opened; `en` is the same in English.
pub(super) fn book_zh(error: &BookError, en: &str) -> String {
    match error {
        BookError::Log(log) => opening_zh(log, en),
        BookError::Vault(VaultError::NotThere { path }) => {
            format!("{path} 缺失：其中的密钥无法重新生成")
        }
        BookError::Vault(VaultError::Behind { path, slots, used }) => format!(
            "{path} 缺失：密钥库有 {slots} 个密钥，日志用到 {used} 个；密钥库是较旧的副本，或丢失了最后的文件"
        ),
        BookError::Vault(_) => format!("密钥库无法使用：{en}"),
        BookError::Found(FoundError::NotEmpty { events }) => format!("日志中已有 {events} 个事件"),
        BookError::Found(FoundError::Refused(rejection)) => rejection.message_zh(),
        BookError::SigningKeyDiffers => "密钥库的签名密钥与开账时不同".to_owned(),
        _ => format!("账簿无法打开：{en}"),
    }
}

/// Says what verification found; `en` is the same in English.
pub(super) fn verify_zh(error: &VerifyError, en: &str) -> String {
    match error {
        VerifyError::Open(open) => opening_zh(open, en),
        VerifyError::Event { path, offset, position, last_good_at, problem } => format!(
            "{path} 第 {offset} 字节：{problem}；第一个不成立的位置 {position}，最后一个完好的事件记录于 {last_good_at}"
        ),
        VerifyError::Derived { position, problem } => {
            format!("索引与日志在位置 {position} 不一致：{problem}")
        }
        VerifyError::Attachments { report } => {
            let files = report.damages.iter().take(3).map(|damage| {
                let path = damage.path.display();
                format!("{path}（由位置 {} 的事件指明）", damage.first)
            });
            let files = files.collect::<Vec<_>>().join("；");
            format!("{} 个附件缺失或已损坏：{files}", report.damaged)
        }
        VerifyError::AttachmentsUnreadable { .. } => format!("附件无法读取：{en}"),
        _ => format!("核验失败：{en}"),
    }
}

fn opening_zh(error: &StoreOpenError, en: &str) -> String {
    use StoreOpenError as E;
    match error {
        E::NotALedger { path } => format!("{path} 处没有账簿"),
        E::NotEmpty { path } => format!("{path} 不是空目录；账簿只建在新目录或空目录中"),
        E::IdentityDamaged { path, problem } => format!("身份文件 {path} 已损坏：{problem}"),
        E::Held { pid, command, since } => {
            format!("账簿正被进程 {pid}（{command}）使用，自 {since} 起")
        }
        E::JournalMissing { path } => format!("日志 {path} 缺失或为空；未做任何改动"),
        E::SegmentMissing { path, position } => {
            format!("缺少从位置 {position} 开始的日志段：{path}")
        }
        E::ForeignBook { path, expected, found } => {
            format!("{path} 属于账簿 {found}，而不是 {expected}")
        }
        E::HeadMissing { path } => format!("缺少最后的树头：{path}"),
        E::HeadDamaged { path, problem } => format!("树头文件 {path} 已损坏：{problem}"),
        E::HeadsDisagree { inside, outside, size } => {
            format!("树头 {inside} 与 {outside} 对前 {size} 个事件的说法不同")
        }
        E::Behind { expected, found, known_by } => format!(
            "日志中有 {found} 个事件，而 {known_by} 记着 {expected} 个：这是较旧的副本，或被截断过"
        ),
        E::HeadMismatch { size, path } => format!("日志的前 {size} 个事件与树头 {path} 不符"),
        _ => format!("账簿无法打开：{en}"),
    }
}
