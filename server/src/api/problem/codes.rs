//! Every code a problem can have besides those of refusals by a rule, each with its status, whether
//! a retry helps, what it means and what to do next.
//!
//! A code is added here and nowhere else: the reference page, the interface's own list and the
//! texts in both languages follow from the entry.

use axum::http::StatusCode;
use daybook_core::decide::rejection::Told as Refused;

use super::Retry;
use crate::text::Text;

/// What is written down about a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The status of answers with it.
    pub status: StatusCode,
    /// Whether and when a retry helps.
    pub retry: Retry,
    /// What it means.
    pub meaning: Text,
    /// What to do next, where the case itself does not say.
    pub hint: Text,
}

macro_rules! codes {
    ($( $name:ident $code:literal $status:ident $retry:expr,
        $en:literal, $zh:literal,
        $hint:literal, $hint_zh:literal; )*) => {
        /// A code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum Code { $( $name ),* }

        impl Code {
            /// Every code, in the order of the reference.
            pub const ALL: &'static [Code] = &[ $( Code::$name ),* ];

            /// Returns what is written down about it.
            pub const fn entry(self) -> Entry {
                match self { $( Code::$name => Entry {
                    code: $code, status: StatusCode::$status, retry: $retry,
                    meaning: Text::fixed($en, $zh), hint: Text::fixed($hint, $hint_zh),
                } ),* }
            }

            /// Returns the code with this name.
            pub fn named(name: &str) -> Option<Code> {
                match name { $( $code => Some(Code::$name), )* _ => None }
            }
        }
    };
}

/// A retry that helps after so many seconds.
const fn after(seconds: u32) -> Retry {
    Retry::Later { seconds }
}

codes! {
    Malformed "malformed" BAD_REQUEST Retry::No,
        "a part of the call cannot be understood", "调用的某一部分无法理解",
        "see /v1/openapi.json for what the call holds", "调用的内容见 /v1/openapi.json";
    JsonUnreadable "json_unreadable" BAD_REQUEST Retry::No,
        "the body is not JSON", "请求体不是 JSON",
        "send one JSON document in UTF-8", "请发送一个 UTF-8 编码的 JSON 文档";
    FieldUnknown "field_unknown" BAD_REQUEST Retry::No,
        "a field or a name is not known", "有不认识的字段或名称",
        "see /v1/openapi.json for the names", "可用的名称见 /v1/openapi.json";
    FieldRequired "field_required" BAD_REQUEST Retry::No,
        "a field that is needed is not there", "缺少必需的字段",
        "add it; /v1/openapi.json has an example of each command", "请补上；/v1/openapi.json 有每个命令的示例";
    FieldUnfit "field_unfit" BAD_REQUEST Retry::No,
        "a value is not of the form its field takes", "某个值不符合其字段的形式",
        "see /v1/openapi.json for its form", "其形式见 /v1/openapi.json";
    TokenMissing "token_missing" UNAUTHORIZED Retry::No,
        "the call carries no token", "调用没有携带令牌",
        "send the header `Authorization: Bearer TOKEN`; `daybook serve` names the token's file",
        "请发送请求头 `Authorization: Bearer 令牌`；令牌文件由 `daybook serve` 指明";
    TokenWrong "token_wrong" UNAUTHORIZED Retry::No,
        "the token is not the one of this server", "令牌不是此服务的令牌",
        "read the token again from the file that `daybook serve` names",
        "请从 `daybook serve` 指明的文件中重新读取令牌";
    HostRefused "host_refused" FORBIDDEN Retry::No,
        "the call was not meant for this server: its Host is not this machine and port",
        "调用的 Host 不是本机及此端口",
        "call it as localhost, 127.0.0.1 or [::1] with its port",
        "请以 localhost、127.0.0.1 或 [::1] 及其端口调用";
    NotFound "not_found" NOT_FOUND Retry::No,
        "what was asked for is not in the ledger", "账簿中没有所要的内容",
        "check its name", "请核对名称";
    NoSuchRoute "no_such_route" NOT_FOUND Retry::No,
        "nothing is served at this path", "此路径没有提供任何内容",
        "see docs/reference/api.md or /v1/openapi.json for the routes",
        "路由见 docs/reference/api.md 或 /v1/openapi.json";
    MethodNotAllowed "method_not_allowed" METHOD_NOT_ALLOWED Retry::No,
        "the route does not take this method", "该路由不接受此方法",
        "use one of the methods in the header `Allow`", "请使用响应头 `Allow` 所列的方法";
    BodyTooSlow "body_too_slow" REQUEST_TIMEOUT after(0),
        "the body did not arrive in time", "请求体没有及时到达",
        "send it again, faster", "请重新发送，并加快速度";
    BodyCut "body_cut" BAD_REQUEST after(0),
        "the body broke off", "请求体中断",
        "send it again whole", "请重新完整发送";
    UploadBrokeOff "upload_broke_off" BAD_REQUEST after(0),
        "the file broke off", "文件传输中断",
        "send the file again", "请重新发送文件";
    BodyTooLarge "body_too_large" PAYLOAD_TOO_LARGE Retry::No,
        "the body is larger than the server takes", "请求体超过服务所允许的大小",
        "send less at once, or use POST /v1/imports", "请分批发送，或使用 POST /v1/imports";
    BatchTooLarge "batch_too_large" PAYLOAD_TOO_LARGE Retry::No,
        "more requests than one call may hold", "请求数超过一次调用的上限",
        "send fewer requests at once", "请分批发送";
    ContentTypeUnsupported "content_type_unsupported" UNSUPPORTED_MEDIA_TYPE Retry::No,
        "the body is said to be of a type this route does not take", "此路由不接受该类型的请求体",
        "send the header `Content-Type: application/json`",
        "请发送请求头 `Content-Type: application/json`";
    ContentEncodingUnsupported "content_encoding_unsupported" UNSUPPORTED_MEDIA_TYPE Retry::No,
        "compressed bodies are not taken", "不接受压缩的请求体",
        "send the body as it is, without Content-Encoding", "请直接发送原文，不用 Content-Encoding";
    RangeUnsatisfiable "range_unsatisfiable" RANGE_NOT_SATISFIABLE Retry::No,
        "the range lies behind the content", "范围在内容之后",
        "ask for a range within the content, or for all of it", "请索取内容之内的范围，或全部内容";
    JsonTooDeep "json_too_deep" BAD_REQUEST Retry::No,
        "arrays and objects lie in each other too deep", "数组与对象嵌套过深",
        "send what the interface describes; nothing there is that deep",
        "请按接口说明发送；其中没有这样深的内容";
    NumberTooLong "number_too_long" BAD_REQUEST Retry::No,
        "a number has too many characters", "有一个数字过长",
        "send amounts as whole minor units", "金额请以最小货币单位的整数发送";
    EncodingUnsupported "encoding_unsupported" UNPROCESSABLE_ENTITY Retry::No,
        "the encoding of the file is not one that is read", "文件的编码不受支持",
        "convert the file to UTF-8 first", "请先将文件转换为 UTF-8";
    CommandUnknown "command_unknown" BAD_REQUEST Retry::No,
        "the mapping names a command that does not exist", "映射所说的命令不存在",
        "see docs/reference/commands.md for the commands", "命令见 docs/reference/commands.md";
    MappingUnfit "mapping_unfit" BAD_REQUEST Retry::No,
        "the mapping cannot be used", "映射无法使用",
        "see docs/reference/import-mapping.md for the keys, with examples",
        "各键及示例见 docs/reference/import-mapping.md";
    CsvMalformed "csv_malformed" UNPROCESSABLE_ENTITY Retry::No,
        "the file cannot be read any further", "文件无法继续读取",
        "correct the file and run the import again; rows taken already are recognised",
        "请更正文件后重新导入；已取的行会被认出";
    ColumnsDiffer "columns_differ" UNPROCESSABLE_ENTITY Retry::No,
        "the file's columns are not those of the mapping", "文件的列与映射不符",
        "correct the column names in the mapping or in the file", "请更正映射或文件中的列名";
    NotATable "not_a_table" UNPROCESSABLE_ENTITY Retry::No,
        "the file is no table that can be imported", "文件不是可以导入的表格",
        "import CSV, JSON lines or XLSX", "请导入 CSV、JSON lines 或 XLSX";
    ChoiceNeeded "choice_needed" UNPROCESSABLE_ENTITY Retry::No,
        "the archive or workbook holds several tables", "压缩包或工作簿含有多个表格",
        "say entry or sheet in the mapping", "请在映射中写明 entry 或 sheet";
    ArchiveUnreadable "archive_unreadable" UNPROCESSABLE_ENTITY Retry::No,
        "the archive or workbook cannot be read", "压缩包或工作簿无法读取",
        "save the file again and import that", "请重新保存文件后导入";
    UnpacksTooLarge "unpacks_too_large" UNPROCESSABLE_ENTITY Retry::No,
        "the file unpacks to far more than any table holds", "文件解压后过大",
        "unpack the file yourself and look at it before you import it", "请自行解压并查看后再导入";
    FileEmpty "file_empty" UNPROCESSABLE_ENTITY Retry::No,
        "the file is empty", "文件是空的",
        "the first row must name the columns", "首行必须是列名";
    FileMissing "file_missing" UNPROCESSABLE_ENTITY Retry::No,
        "the mapping needs a file that is not among those given", "缺少映射所需的文件",
        "name that file too", "请一并指明该文件";
    FileUnknown "file_unknown" UNPROCESSABLE_ENTITY Retry::No,
        "a file is none of those of the mapping", "有文件不在映射之中",
        "leave the file out, or add it to the mapping as a [[file]]", "请去掉该文件，或在映射中加入 [[file]]";
    TableAmbiguous "table_ambiguous" UNPROCESSABLE_ENTITY Retry::No,
        "a table to look things up in gives two answers for one key", "查询表中同一键有两种内容",
        "choose another key or correct the file", "请选择别的键或更正文件";
    NameUnfit "name_unfit" UNPROCESSABLE_ENTITY Retry::No,
        "a text cannot be stored as it is", "有一段文字无法照原样存储",
        "shorten it, and leave control characters out", "请缩短文字，并去掉控制字符";
    MailUnreadable "mail_unreadable" BAD_REQUEST after(0),
        "the mail broke off or is not what it is said to be", "邮件中断，或不是所说的形式",
        "send the whole mailbox again; what was taken is recognised",
        "请重新发送整个邮箱；已取的邮件会被认出";
    ClockJump "clock_jump" CONFLICT Retry::No,
        "the clock has jumped ahead by more than a day and nobody has confirmed it",
        "时钟向前跳动超过一天，尚未有人确认",
        "nothing was recorded; set the clock right or, if it is right, confirm it with POST /v1/clock",
        "未记录任何内容；请校准时钟，若时钟正确，请用 POST /v1/clock 确认";
    ClockDiffers "clock_differs" UNPROCESSABLE_ENTITY Retry::Reread,
        "the time that was confirmed is not what the clock shows", "时钟显示的时间与所确认的不同",
        "read the clock with GET /v1/clock and confirm what it shows, if that is right",
        "请用 GET /v1/clock 读取时钟，若其显示正确，再予确认";
    ConsumerNameUnfit "consumer_name_unfit" BAD_REQUEST Retry::No,
        "this cannot be the name of a consumer", "不能作为消费者的名称",
        "use up to 64 small letters, digits, hyphens, underscores and dots",
        "请使用不超过 64 个的小写字母、数字、连字符、下划线和点";
    ConsumerUnknown "consumer_unknown" NOT_FOUND Retry::No,
        "no consumer has this name", "没有此名称的消费者",
        "make it with PUT /v1/consumers/{name} or `daybook consumer add`",
        "请用 PUT /v1/consumers/{name} 或 `daybook consumer add` 新建";
    ConsumerDiffers "consumer_differs" CONFLICT Retry::No,
        "a consumer of this name gets other events", "此名称的消费者接收其他事件",
        "choose another name, or forget the consumer first", "请另选名称，或先删除该消费者";
    ConsumerFurther "consumer_further" CONFLICT Retry::No,
        "the consumer has acknowledged more already", "该消费者已确认更多",
        "go on from its `next`; to go back, set its position", "请从其 `next` 继续；如要回退，请设定其位置";
    ConsumerForeign "consumer_foreign" CONFLICT Retry::No,
        "the consumer belongs to another ledger", "该消费者属于另一个账簿",
        "forget it and make it anew, from where it should go on", "请删除后重新建立，并给出从何处继续";
    ConsumersTooMany "consumers_too_many" CONFLICT Retry::No,
        "there are too many consumers", "消费者过多",
        "forget those that nobody uses", "请删除无人使用的消费者";
    PositionAhead "position_ahead" CONFLICT Retry::No,
        "the position is beyond the log", "位置超出日志",
        "set the consumer to a position the log has", "请将消费者设到日志已有的位置";
    PositionNotReached "position_not_reached" CONFLICT after(1),
        "the ledger has not come as far as the call asks for", "账簿尚未到达调用所要的位置",
        "ask again, or check that the position is of this ledger", "请再次读取，或核对该位置属于此账簿";
    ConsumerDamaged "consumer_damaged" INTERNAL_SERVER_ERROR Retry::No,
        "the file of a consumer is damaged", "消费者的文件已损坏",
        "remove the file and make the consumer anew, from where it should go on",
        "请删除该文件后重新建立消费者，并给出从何处继续";
    Busy "busy" SERVICE_UNAVAILABLE after(1),
        "as many connections are open as the server takes", "连接数已达服务的上限",
        "wait a moment and try again, and keep fewer connections open",
        "请稍后再试，并减少同时打开的连接";
    CallTooSlow "call_too_slow" GATEWAY_TIMEOUT after(1),
        "the call took too long and was given up; whether it was carried out is not known",
        "调用耗时过长，已放弃；是否已执行尚不可知",
        "send it again with the same idempotency key, or ask for less",
        "请以同一幂等键重新发送，或减少所求内容";
    Closed "closed" SERVICE_UNAVAILABLE after(1),
        "the ledger is closed", "账簿已关闭",
        "open the ledger again and retry", "请重新打开账簿后再试";
    DiskFull "disk_full" INSUFFICIENT_STORAGE after(60),
        "the disk is full", "磁盘已满",
        "free some space; writing then resumes by itself", "请腾出空间；写入随后自动恢复";
    Interrupted "interrupted" INTERNAL_SERVER_ERROR after(1),
        "the work was interrupted inside the server", "服务内部的工作中断",
        "try again; if it happens again, report it with what you did",
        "请再试一次；若再次发生，请报告并附上您的操作";
    StorageFailed "storage_failed" INTERNAL_SERVER_ERROR Retry::No,
        "the disk failed", "磁盘出错",
        "stop the server and start it again; what was acknowledged is in the journal",
        "请停止服务再启动；已确认的内容都在日志中";
    ReadFailed "read_failed" INTERNAL_SERVER_ERROR after(1),
        "the log could not be read", "日志无法读取",
        "check that the directory and its vault are whole and readable",
        "请检查目录及其密钥库完整可读";
    Corrupt "corrupt" INTERNAL_SERVER_ERROR Retry::No,
        "the log is damaged", "日志已损坏",
        "run `daybook verify` to see how far the ledger can be trusted",
        "请运行 `daybook verify` 查看账簿可信到何处";
    DerivedDamaged "derived_damaged" INTERNAL_SERVER_ERROR Retry::No,
        "the index is damaged", "索引已损坏",
        "stop the server and start it again; the index is rebuilt from the journal",
        "请停止服务再启动；索引将由日志重建";
    ViewDamaged "view_damaged" INTERNAL_SERVER_ERROR Retry::No,
        "a view folded other events than the log holds", "视图折叠的事件与日志不符",
        "drop the view with `daybook views drop NAME`; it is folded anew",
        "请用 `daybook views drop 名称` 删除该视图；它会重新生成";
    CodecFailed "codec_failed" INTERNAL_SERVER_ERROR Retry::No,
        "an event could not be encoded or decoded", "有一个事件无法编码或解码",
        "run `daybook verify` to see how far the ledger can be trusted",
        "请运行 `daybook verify` 查看账簿可信到何处";
    ThreadFailed "thread_failed" INTERNAL_SERVER_ERROR after(1),
        "a thread could not be started", "无法启动线程",
        "see whether the machine has run out of memory or threads", "请查看机器的内存或线程是否耗尽";
    NotFounded "not_founded" INTERNAL_SERVER_ERROR Retry::No,
        "the log holds no opened book", "日志中没有已开立的账簿",
        "make one with `daybook init`", "请用 `daybook init` 新建";
    KeyDestroyed "key_destroyed" INTERNAL_SERVER_ERROR Retry::No,
        "a key was destroyed", "密钥已销毁",
        "what was sealed with it cannot be read any more", "以其密封的内容再也无法读取";
    VaultMissing "vault_missing" INTERNAL_SERVER_ERROR Retry::No,
        "the vault is missing", "密钥库缺失",
        "put the newest copy of this ledger's vault in its place", "请放回此账簿密钥库的最新副本";
    VaultBehind "vault_behind" INTERNAL_SERVER_ERROR Retry::No,
        "the vault lacks keys the log uses", "密钥库缺少日志所用的密钥",
        "put the newest copy of this ledger's vault in its place", "请放回此账簿密钥库的最新副本";
    VaultForeign "vault_foreign" INTERNAL_SERVER_ERROR Retry::No,
        "the vault is not the one of this ledger", "密钥库不属于此账簿",
        "put the vault that belongs to this ledger in its place", "请放回属于此账簿的密钥库";
    VaultDamaged "vault_damaged" INTERNAL_SERVER_ERROR Retry::No,
        "the vault is damaged", "密钥库已损坏",
        "put the newest copy of this ledger's vault in its place", "请放回此账簿密钥库的最新副本";
    AttachmentMissing "attachment_missing" INTERNAL_SERVER_ERROR Retry::No,
        "the file of an attachment is missing", "附件的文件缺失",
        "bring the file back from a mirror or a backup; `daybook verify` names all such files",
        "请从镜像或备份取回该文件；`daybook verify` 会列出所有这样的文件";
    AttachmentDamaged "attachment_damaged" INTERNAL_SERVER_ERROR Retry::No,
        "the file of an attachment is damaged", "附件的文件已损坏",
        "bring the file back from a mirror or a backup; `daybook verify` names all such files",
        "请从镜像或备份取回该文件；`daybook verify` 会列出所有这样的文件";
}

impl Entry {
    /// Returns the entry of a refusal by a rule.
    pub fn refused(told: &Refused) -> Entry {
        let (status, retry) = match told.code {
            "stale_version" => (StatusCode::CONFLICT, Retry::Reread),
            "idempotency_key_reused" | "number_taken" => (StatusCode::CONFLICT, Retry::No),
            "customer_unknown" => (StatusCode::NOT_FOUND, Retry::No),
            code if STALE.contains(&code) => (StatusCode::UNPROCESSABLE_ENTITY, Retry::Reread),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, Retry::No),
        };
        Entry {
            code: told.code,
            status,
            retry,
            meaning: Text::fixed(told.message, told.message_zh),
            hint: Text::fixed(told.hint, told.hint_zh),
        }
    }
}

/// Refusals of what was true when the caller read it.
const STALE: &[&str] = &[
    "detail_stale",
    "task_stale",
    "stage_stale",
    "forecast_stale",
    "due_stale",
    "holder_stale",
    "user_stale",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use daybook_core::decide::Rejection;

    use super::*;

    #[test]
    fn codes_are_unique_and_told_in_both_languages() {
        let refused: BTreeSet<&str> = Rejection::ALL.iter().map(|told| told.code).collect();
        let mut codes = refused.clone();
        for code in Code::ALL {
            let Entry { code: name, meaning, hint, .. } = code.entry();
            assert!(codes.insert(name), "{name}");
            assert_eq!(Code::named(name), Some(*code));
            for text in [meaning, hint] {
                assert!(text.en.is_ascii() && !text.zh.is_ascii(), "{name}");
                assert!(!text.en.ends_with('.') && !text.zh.ends_with('。'), "{name}");
            }
        }
        assert!(STALE.iter().all(|code| refused.contains(code)));
    }

    /// Whatever the core can say is broken is in the list.
    #[test]
    fn every_code_of_the_core_has_its_entry() {
        let core = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/src");
        for file in ["ledger/batch.rs", "vault/mod.rs", "attachment/mod.rs"] {
            let text = std::fs::read_to_string(core.join(file)).unwrap();
            let code = text.split("fn code(&self)").nth(1).expect(file);
            let code = code.split("\n    }\n").next().unwrap();
            for name in code.split('"').skip(1).step_by(2) {
                assert!(Code::named(name).is_some(), "{name} of core/src/{file}");
            }
        }
    }
}
