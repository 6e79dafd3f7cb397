//! Why the business says no. Each refusal knows its code, the rule it rests on and what to do next.
//!
//! Invariant: codes are stable and never reused; no refusal carries personal content, so that a
//! message may go into a log.

use std::fmt;

use compact_str::CompactString;

use super::words::{self, AsItIs as _, InChinese as _};
use crate::event::Kind;
use crate::event::assignment::{AssignedRecord, HeldBy};
use crate::event::attachment::AttachmentId;
use crate::event::customer::CustomerField;
use crate::event::organisation::UserStatus;
use crate::event::share::Right;
use crate::id::{
    ActorId, CustomerCode, EventId, ImportId, Label, LegalEntity, Line, StageName, UnitCode,
};
use crate::money::{Currency, Money};
use crate::position::{ExpectedVersion, Position};
use crate::time::{Date, Timestamp};

/// What is written down about a refusal; the fields of the messages stand in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The stable code.
    pub code: &'static str,
    /// The rule of the domain it rests on.
    pub rule: Option<&'static str>,
    /// What happened.
    pub message: &'static str,
    /// What to do next.
    pub hint: &'static str,
    /// What happened, in Chinese.
    pub message_zh: &'static str,
    /// What to do next, in Chinese.
    pub hint_zh: &'static str,
}

/// Which part of a request a refusal is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The refusal does not say.
    Unsaid,
    /// The field of this name.
    Field(&'static str),
    /// Wherever this value, in its JSON form, stands.
    Value(serde_json::Value),
}

impl Fault {
    /// Says that a value is at fault.
    fn of(value: &impl serde::Serialize) -> Fault {
        serde_json::to_value(value).map_or(Fault::Unsaid, Fault::Value)
    }

    /// Says that the field is at fault that words such as "the day of signing" stand for.
    fn said(what: &str) -> Fault {
        words::field(what).map_or(Fault::Unsaid, Fault::Field)
    }
}

// An entry: the facts, the message, the code, the rule and the hint, then message and hint in
// Chinese, then, where it can be known, what of the request is at fault: `at Fault::Field("due_on")` or, of
// one of the facts, `at Fault::of(item)`. Words that are facts (`what`) have their Chinese in `words.rs`.
macro_rules! rejections {
    ($( $(#[$meta:meta])* $name:ident { $( $field:ident : $type:ty ),* }
        $message:literal, $code:literal, $rule:expr, $hint:literal,
        $zh:literal, $hint_zh:literal $(, at $at:expr)?; )*) => {
        /// A refusal: nothing is broken, nothing was written, the caller can do something else.
        /// The fields are the facts the message names.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        #[allow(missing_docs)]
        pub enum Rejection {
            $( $(#[$meta])* #[error($message)] $name { $( $field : $type ),* }, )*
        }

        impl Rejection {
            /// Every refusal, in the order of the reference.
            pub const ALL: &'static [Told] = &[ $( Told {
                code: $code, rule: $rule,
                message: $message, hint: $hint,
                message_zh: $zh, hint_zh: $hint_zh,
            } ),* ];

            /// Returns the stable code.
            pub const fn code(&self) -> &'static str {
                match self { $( Rejection::$name { .. } => $code ),* }
            }

            /// Returns the rule of the domain it rests on, such as `I-47`, where there is one.
            pub const fn rule(&self) -> Option<&'static str> {
                match self { $( Rejection::$name { .. } => $rule ),* }
            }

            /// Returns what the caller can do next.
            pub const fn hint(&self) -> &'static str {
                match self { $( Rejection::$name { .. } => $hint ),* }
            }

            /// Returns the message in Chinese.
            #[allow(unused_variables)]
            pub fn message_zh(&self) -> String {
                match self { $( Rejection::$name { $( $field ),* } => {
                    $( let $field = $field.in_chinese(); )*
                    format!($zh)
                } )* }
            }

            /// Returns what the caller can do next, in Chinese.
            pub const fn hint_zh(&self) -> &'static str {
                match self { $( Rejection::$name { .. } => $hint_zh ),* }
            }

            /// Returns which part of the request is at fault, as far as the refusal knows.
            #[allow(unused_variables)]
            pub fn fault(&self) -> Fault {
                match self { $( Rejection::$name { $( $field ),* } => {
                    let fault = Fault::Unsaid;
                    $( let fault = $at; )?
                    fault
                } )* }
            }
        }
    };
}

rejections! {
    /// The stream is not where the caller believes it is.
    StaleVersion { stream: String, actual: u64, expected: ExpectedVersion }
        "{stream} is at version {actual}, expected {expected}",
        "stale_version", None, "read the customer again and retry",
        "{stream} 的版本是 {actual}，而不是所说的 {expected}",
        "请重新读取客户后再试", at Fault::Field("expected_version");
    /// Same idempotency key, other content.
    KeyReused { key: String, position: u64 }
        "idempotency key {key:?} was used before with other content, at position {position}",
        "idempotency_key_reused", None, "use a new key for a new request",
        "幂等键“{key}”已用于位置 {position} 处的另一内容",
        "新的请求请换用新的键", at Fault::Field("idempotency_key");
    /// No such customer.
    CustomerUnknown { customer: CustomerCode }
        "customer {customer} is not on file",
        "customer_unknown", None, "register the customer first, or check the code",
        "客户 {customer} 尚未建档",
        "请先为客户建档，或核对代码", at Fault::of(customer);
    /// A number that may be taken once in the whole ledger is taken.
    NumberTaken { what: &'static str, number: String, position: u64 }
        "{what} {number} is already taken by the event at position {position}",
        "number_taken", None, "check the number; it may have been recorded before",
        "{what} {number} 已被位置 {position} 处的事件占用",
        "请核对号码，可能先前已经记录", at Fault::of(number);
    /// No such kind of event.
    KindUnknown { kind: Label }
        "{kind} is no kind of event",
        "kind_unknown", Some("X05"), "use a kind such as invoice.issued",
        "{kind} 不是事件的种类",
        "请使用 invoice.issued 这样的种类", at Fault::of(kind);
    /// Positions that end before they begin.
    BoundsCrossed { from: Position, before: Position }
        "the positions from {from} to before {before} hold nothing",
        "bounds_crossed", Some("X05"), "let the first position come before the last",
        "从位置 {from} 到 {before} 之前没有任何内容",
        "请让起始位置先于结束位置";
    /// An event that did not come in with the import that is taken back.
    NotOfImport { kind: Kind, position: Position, import: ImportId }
        "{kind} at position {position} did not come in with the import {import}",
        "not_of_import", Some("X07"), "void it by itself",
        "位置 {position} 处的“{kind}”不是由导入 {import} 带入的",
        "请单独将其作废";
    /// More events named than stayed.
    RevertFigures { named: u64, stayed: u64 }
        "{named} events are named as staying, but {stayed} stay",
        "revert_figures", Some("X07"), "name an event that stays once",
        "列为保留的事件有 {named} 个，实际保留 {stayed} 个",
        "每个保留的事件只列一次";
    /// What an event of another ledger becomes here is not what it was there.
    TakenOverDiffers { kind: Kind }
        "{kind} would not be recorded here as it was there, or something else would follow from it",
        "taken_over_differs", None, "take it in with the release it was recorded by, or record it by hand",
        "“{kind}”在此处的记录会与原处不同，或会引出别的后果",
        "请用当时记录它的版本取入，或手工记录";
    /// A command about a customer without one.
    CustomerRequired { }
        "the command concerns a customer, but names none",
        "customer_required", None, "say which customer it concerns",
        "该命令针对某个客户，却没有指明",
        "请指明是哪个客户", at Fault::Field("customer");
    /// A command to the book that names a customer.
    CustomerNotAllowed { }
        "the command concerns the book itself, but names a customer",
        "customer_not_allowed", None, "leave the customer out",
        "该命令针对账簿本身，却指明了客户",
        "请去掉客户", at Fault::Field("customer");
    /// An event larger than the log takes.
    EventTooLarge { actual: usize, max: usize }
        "the event would take {actual} bytes; at most {max} are stored",
        "event_too_large", None, "shorten the texts, or attach them as a file",
        "该事件需要 {actual} 字节，最多只能存储 {max} 字节",
        "请缩短文字，或改为附上文件";
    /// The stream's customer is not registered.
    NotRegistered { }
        "the customer is not on file yet",
        "customer_not_registered", None, "register the customer first, or check the code",
        "该客户尚未建档",
        "请先为客户建档，或核对代码", at Fault::Field("customer");
    /// The customer is registered already.
    AlreadyRegistered { }
        "the customer is already on file",
        "customer_already_registered", Some("I-12"),
        "change its details instead, or choose another code",
        "该客户已经建档",
        "请改为变更其资料，或另选代码", at Fault::Field("customer");
    /// A record that is referred to is not there.
    RecordUnknown { what: &'static str, id: CompactString }
        "{what} {id} is not on file for this customer",
        "record_unknown", None, "check the id; it must belong to the same customer",
        "该客户没有{what} {id}",
        "请核对编号，它必须属于同一客户", at Fault::of(id);
    /// The id of a new record is taken.
    RecordTaken { what: &'static str, id: CompactString }
        "{what} {id} is already on file for this customer",
        "record_taken", None, "leave the id out to get the next one, or choose another",
        "该客户已有{what} {id}",
        "请省略编号以取下一个，或另选一个", at Fault::of(id);
    /// Something that must be said is not.
    Missing { what: &'static str }
        "{what} is missing",
        "field_missing", None, "say it and send the request again",
        "缺少{what}",
        "请补上后重新发送", at Fault::said(what);
    /// An event that needs a reason has none.
    ReasonMissing { what: &'static str }
        "{what} needs a reason in words",
        "reason_missing", None, "send the request again with a reason",
        "{what}需要用文字说明原因",
        "请附上原因后重新发送", at Fault::Field("reason");
    /// A text made from others is too long or otherwise not acceptable.
    TextUnfit { what: &'static str }
        "{what} that would be assigned is not an acceptable text",
        "text_unfit", None, "choose a shorter name, or give the id yourself",
        "将要取用的{what}不是合格的文本",
        "请用较短的名称，或自行给出编号", at Fault::said(what);
    /// The same line twice in one request.
    Repeated { what: &'static str, id: CompactString }
        "{what} {id} appears more than once",
        "line_repeated", None, "put everything about it into one line",
        "{what} {id} 出现了不止一次",
        "请把有关它的内容并为一行", at Fault::of(id);
    /// A day that has not come.
    DateInFuture { what: &'static str, date: Date, latest: Date }
        "{what} is {date}, which is after {latest}",
        "date_in_future", None, "record it when it has happened, or correct the date",
        "{what}是 {date}，晚于 {latest}",
        "请待其发生后再记录，或更正日期", at Fault::of(date);
    /// An instant that has not come.
    InstantInFuture { what: &'static str, at: Timestamp, now: Timestamp }
        "{what} is {at}, which is after today; it is now {now}",
        "instant_in_future", None, "record it when it has happened, or correct the time",
        "{what}是 {at}，晚于今天；现在是 {now}",
        "请待其发生后再记录，或更正时间", at Fault::of(at);
    /// One date before another that it must follow.
    DateOrder { what: &'static str, date: Date, earliest: Date }
        "{what} is {date}, which is before {earliest}",
        "date_order", None, "correct the date",
        "{what}是 {date}，早于 {earliest}",
        "请更正日期", at Fault::of(date);
    /// One instant before another that it must follow.
    InstantOrder { what: &'static str, at: Timestamp, earliest: Timestamp }
        "{what} is {at}, which is before {earliest}",
        "instant_order", None, "correct the time",
        "{what}是 {at}，早于 {earliest}",
        "请更正时间", at Fault::of(at);
    /// An amount below zero.
    AmountNegative { what: &'static str, amount: Money }
        "{what} is {amount}; it may not be below zero",
        "amount_negative", None, "correct the amount",
        "{what}为 {amount}，不得小于零",
        "请更正金额", at Fault::of(amount);
    /// An amount that must be above zero is not.
    AmountNotPositive { what: &'static str, amount: Money }
        "{what} is {amount}; it must be above zero",
        "amount_not_positive", None, "correct the amount",
        "{what}为 {amount}，必须大于零",
        "请更正金额", at Fault::of(amount);
    /// A quantity that must be above zero is not.
    QuantityNotPositive { line: u32, thousandths: i64 }
        "the quantity of line {line} is {thousandths} thousandths; it must be above zero",
        "quantity_not_positive", None, "correct the quantity",
        "第 {line} 行的数量为 {thousandths} 个千分之一，必须大于零",
        "请更正数量", at Fault::Field("lines");
    /// A sum beyond 64 bits.
    SumTooLarge { what: &'static str }
        "{what} is beyond what an amount can hold",
        "sum_too_large", None, "correct the amounts",
        "{what}超出了金额所能表示的范围",
        "请更正各项金额", at Fault::said(what);
    /// Two currencies where one is needed.
    CurrencyDiffers { what: &'static str, expected: Currency, actual: Currency }
        "{what} is in {actual}, expected {expected}",
        "currency_differs", Some("I-49"), "use one currency, or record it apart",
        "{what}的货币是 {actual}，应为 {expected}",
        "请使用同一种货币，或分开记录", at Fault::of(actual);
    /// A tax that is not part of its total.
    TaxBeyondTotal { tax: Money, total: Money }
        "the tax is {tax}, which is not between zero and the total of {total}",
        "tax_beyond_total", None, "give the total with the tax included",
        "税额为 {tax}，不在零与总额 {total} 之间",
        "请给出含税总额", at Fault::Field("tax");
    /// A percentage beyond 100.
    PercentBeyond { what: &'static str, percent: u32 }
        "{what} is {percent} percent; it must be between 0 and 100",
        "percent_beyond", Some("I-33"), "correct the percentage",
        "{what}为百分之 {percent}，必须在 0 到 100 之间",
        "请更正百分比", at Fault::said(what);
    /// An entity the book does not name.
    LegalEntityUnknown { entity: LegalEntity }
        "legal entity {entity} is not one of this book's",
        "legal_entity_unknown", Some("R08"), "use one of the entities the book was opened with",
        "法人实体 {entity} 不属于本账簿",
        "请使用开账时列出的法人实体", at Fault::of(entity);
    /// No policy of the kind is published.
    PolicyMissing { what: &'static str }
        "no {what} policy is published",
        "policy_missing", None, "publish the policy first",
        "尚未发布{what}政策",
        "请先发布该政策";
    /// A policy version that is not published.
    PolicyVersionUnknown { policy: CompactString, version: u32 }
        "version {version} of the policy {policy} is not published",
        "policy_version_unknown", None, "publish the version first, or leave it out for the newest",
        "政策 {policy} 的第 {version} 版尚未发布",
        "请先发布该版本，或省略版本以用最新版";

    /// Details of a customer without a name.
    NameMissing { }
        "the customer has no name",
        "name_missing", None, "give the detail `name`",
        "客户没有名称",
        "请给出资料 `name`", at Fault::Field("details");
    /// Nothing would change.
    NothingChanges { what: &'static str }
        "nothing of {what} would change",
        "nothing_changes", Some("I-14"), "send only what is different from what is known",
        "{what}没有任何变化",
        "请只发送与已知内容不同的部分", at Fault::said(what);
    /// A detail is not what the caller believes it is.
    DetailStale { field: CustomerField }
        "the detail {field} is not what the request takes it to be",
        "detail_stale", Some("I-14"), "read the customer again and retry",
        "资料“{field}”与请求所认为的不符",
        "请重新读取客户后再试", at Fault::Field("expected");
    /// A sealed detail among the public ones or the reverse, or a section and its marks disagree.
    DetailMisplaced { field: CustomerField }
        "the detail {field} does not stand where its class belongs",
        "detail_misplaced", None, "send details by field and let the ledger sort them",
        "资料“{field}”没有放在其类别所属之处",
        "请按字段发送资料，由账簿归类";
    /// A phone number that cannot be brought into international form.
    PhoneUnreadable { number: usize }
        "phone number {number} of the contact cannot be brought into international form",
        "phone_unreadable", Some("I-22"), "write it as +86 10 1234 5678, without letters",
        "联系人的第 {number} 个电话号码无法转为国际格式",
        "请写成 +86 10 1234 5678 的样子，不带字母";
    /// A second main contact.
    MainContactTaken { contact: CompactString }
        "contact {contact} is already the main contact",
        "main_contact_taken", Some("I-22"), "add the contact without `main`",
        "联系人 {contact} 已是主要联系人",
        "请去掉 `main` 再添加", at Fault::Field("main");

    /// An interaction without anybody of the customer's.
    ParticipantMissing { }
        "the interaction names nobody on the customer's side",
        "participant_missing", Some("I-23"), "name a contact or say `unknown_caller`",
        "该往来没有指明客户方的任何人",
        "请指明联系人，或说明 `unknown_caller`", at Fault::Field("contacts");
    /// An interaction that ended before it began.
    EndBeforeStart { started_at: Timestamp, ended_at: Timestamp }
        "the interaction began {started_at} and ended {ended_at}, before it began",
        "end_before_start", Some("I-23"), "correct the times",
        "该往来开始于 {started_at}，却结束于 {ended_at}，早于开始",
        "请更正时间", at Fault::Field("ended_at");
    /// An interaction that counts no longer.
    InteractionVoided { interaction: CompactString }
        "interaction {interaction} is already void",
        "interaction_voided", Some("I-24"), "record a new interaction",
        "往来 {interaction} 已经作废",
        "请记录一次新的往来", at Fault::of(interaction);
    /// An interaction in its own place.
    ReplacedByItself { interaction: CompactString }
        "interaction {interaction} cannot stand in its own place",
        "replaced_by_itself", Some("I-24"), "name the interaction recorded instead, or leave it out",
        "往来 {interaction} 不能由自己替代",
        "请指明替代它的往来，或省略", at Fault::Field("replaced_by");

    /// A message on an interaction that is no e-mail.
    MailMisplaced { channel: &'static str }
        "an interaction by {channel} cannot carry an e-mail message",
        "mail_misplaced", None, "record it with the channel email",
        "通过 {channel} 的往来不能带有电子邮件",
        "请以渠道 email 记录", at Fault::Field("channel");
    /// A held message that waits no longer.
    MailSettled { mail: CompactString, outcome: &'static str }
        "mail {mail} is already {outcome}",
        "mail_settled", Some("X32"), "to mend a mistake, assign it to another customer and say why",
        "邮件 {mail} 已经{outcome}",
        "如要改正，请将其认领给另一客户并说明原因", at Fault::of(mail);
    /// A held message that is not there.
    MailUnknown { mail: CompactString }
        "mail {mail} is not among the held mail",
        "mail_unknown", Some("X32"), "see `daybook mail held` for the messages that wait",
        "待认领邮件中没有 {mail}",
        "用 `daybook mail held` 查看待认领的邮件", at Fault::of(mail);
    /// An assignment that does not say whose, or a dismissal that does.
    MailOutcomeUnfit { mail: CompactString, problem: &'static str }
        "the outcome of mail {mail} {problem}",
        "mail_outcome_unfit", Some("X32"),
        "an assignment names customer and interaction, a dismissal neither",
        "邮件 {mail} 的处理结果{problem}",
        "认领须指明客户和往来，排除则两者都不写", at Fault::Field("outcome");
    /// A task that has ended.
    TaskClosed { task: CompactString }
        "task {task} has already ended",
        "task_closed", Some("I-26"), "plan a new task",
        "待办 {task} 已经结束",
        "请安排新的待办", at Fault::of(task);
    /// A task that is not due when the caller believes.
    TaskStale { task: CompactString, due_at: Timestamp, from: Timestamp }
        "task {task} is due {due_at}, not {from}",
        "task_stale", Some("E20"), "read the task again and retry",
        "待办 {task} 的到期时间是 {due_at}，而不是 {from}",
        "请重新读取待办后再试", at Fault::Field("from");
    /// A task rescheduled to the time it has.
    TaskUnmoved { task: CompactString, due_at: Timestamp }
        "task {task} is already due {due_at}",
        "task_unmoved", Some("E20"), "give another time",
        "待办 {task} 的到期时间已经是 {due_at}",
        "请给出另一个时间", at Fault::Field("to");

    /// A new matter of a customer that was merged away.
    CustomerMerged { survivor: CustomerCode }
        "the customer is merged into {survivor}; what is new is recorded there",
        "customer_merged", Some("I-19"), "record it for the customer it was merged into",
        "该客户已并入 {survivor}；新的事项应记在那里",
        "请记到它并入的客户名下", at Fault::Field("customer");
    /// A customer that was merged away, merged again or surviving another.
    AlreadyMerged { survivor: CustomerCode }
        "the customer is already merged into {survivor}",
        "already_merged", Some("I-18"), "merge into that customer, or undo that merge first",
        "该客户已并入 {survivor}",
        "请并入那个客户，或先撤销那次合并", at Fault::Field("merged");
    /// A customer merged into itself.
    MergedIntoItself { customer: CustomerCode }
        "customer {customer} cannot be merged into itself",
        "merged_into_itself", Some("I-18"), "name the other customer",
        "客户 {customer} 不能并入自身",
        "请指明另一客户", at Fault::Field("survivor");
    /// A customer that a merge is not about.
    NotOfTheMerge { customer: CustomerCode }
        "customer {customer} is not part of the merge",
        "not_of_the_merge", Some("I-21"), "name the survivor or the customer merged into it",
        "客户 {customer} 不在此次合并之中",
        "请指明留存方或并入方", at Fault::of(customer);
    /// A merge that does not stand.
    MergeUnknown { merged: CustomerCode }
        "no merge of {merged} into this customer stands",
        "merge_unknown", Some("I-21"), "see `daybook merges` of the survivor for its merges",
        "没有 {merged} 并入该客户的有效合并",
        "用 daybook merges 查看留存方的合并", at Fault::Field("merged");
    /// A position at which no fact since the merge stands.
    NotSinceMerge { position: Position }
        "at position {position} stands no fact recorded with the survivor since the merge",
        "not_since_merge", Some("I-21"), "name only facts recorded since; earlier ones never moved",
        "位置 {position} 处没有合并之后记在留存方名下的事实",
        "只能指明合并之后记录的事实；更早的从未移动", at Fault::Field("give");
    /// Facts that nobody was given.
    OwnerMissing { facts: Dependents }
        "whose these facts recorded since the merge are is not said: {facts}",
        "owner_missing", Some("I-21"), "name an owner for each, or say whose the rest is",
        "没有说明合并之后记录的这些事实归谁：{facts}",
        "请为每一项指明归属，或说明其余归谁", at Fault::Field("rest");
    /// A fact parted from what it followed from.
    GoesWithCause { position: Position, root: Position }
        "the fact at position {position} followed from that at {root} and goes where that goes",
        "goes_with_cause", Some("I-21"), "give both to the same customer",
        "位置 {position} 处的事实由位置 {root} 处的事实而来，须随之归属",
        "请把两者归于同一客户", at Fault::Field("give");
    /// A fact with files that are sealed for the survivor.
    AttachedStays { position: Position }
        "the file attached at position {position} is sealed for the survivor, so it and its fact stay",
        "attached_stays", Some("I-21"), "let the fact stay with the survivor",
        "位置 {position} 处的附件是为留存方密封的，因此它与所附的事实都不能移动",
        "请让该事实留在留存方名下", at Fault::Field("give");
    /// A fact that cannot go to another customer.
    CannotGo { kind: Kind, position: Position, to: CustomerCode, why: Box<Rejection> }
        "{kind} at position {position} cannot go to {to}: {why}",
        "cannot_go", Some("I-21"), "let it go together with what it stands on, or stay with the survivor",
        "位置 {position} 处的“{kind}”不能归于 {to}：{why}",
        "请让它与其所依据的事实一起移动，或留在留存方名下", at Fault::Field("give");

    /// A holder who is not the one known.
    HolderStale { record: AssignedRecord, known: HeldBy, said: HeldBy }
        "{record} is held by {known}, not by {said} as the request takes it to be",
        "holder_stale", Some("I-01"), "read who holds it again and retry",
        "{record}的负责人是{known}，而不是请求所称的{said}",
        "请重新查看由谁负责后再试", at Fault::Field("from");
    /// An assignment to the one who holds it.
    HolderUnchanged { record: AssignedRecord, holder: HeldBy }
        "{record} is already held by {holder}",
        "holder_unchanged", Some("I-01"), "nothing needs to be recorded",
        "{record}已经由{holder}负责",
        "无需再作登记", at Fault::Field("to");
    /// A user who works here no more.
    UserLeft { user: ActorId }
        "user {user} has left",
        "user_left", Some("I-02"), "choose a user who works here, or record that the user is back",
        "用户 {user} 已离职",
        "请选择在职的用户，或先登记其复职", at Fault::of(user);
    /// A user who has as many customers as may be.
    CapacityFull { user: ActorId, holds: u32, capacity: u32 }
        "user {user} holds {holds} customers and may hold {capacity}",
        "capacity_full", Some("I-02"), "choose another user, or raise the user's capacity",
        "用户 {user} 已负责 {holds} 个客户，上限为 {capacity} 个",
        "请选择另一用户，或提高该用户的上限", at Fault::Field("to");
    /// Something open that an assignment forgets.
    ChildUnnamed { record: AssignedRecord }
        "{record} is open and held by the same holder, but neither moved nor left behind",
        "child_unnamed", Some("I-03"), "name it, or leave both lists out to move everything",
        "{record}未了且由同一人负责，但既未移交也未列为留下",
        "请列出该项；两个列表都省略则全部移交", at Fault::Field("moved");
    /// Something that somebody else has.
    ChildOfAnother { record: AssignedRecord, holder: HeldBy }
        "{record} is not held by {holder}",
        "child_of_another", Some("I-03"), "assign it by itself",
        "{record}不由{holder}负责",
        "请单独移交该项", at Fault::of(record);
    /// Other records with one that is not the customer.
    ChildrenOfNone { record: AssignedRecord }
        "{record} has nothing under it that could be moved with it",
        "children_of_none", Some("I-03"), "assign each record by itself",
        "{record}之下没有可一并移交的事项",
        "请逐项移交", at Fault::Field("moved");
    /// The pool given something that needs somebody who does it.
    PoolTakes { record: AssignedRecord }
        "the pool holds customers only; {record} is open",
        "pool_takes", Some("I-03"), "end it, or give it to a user first",
        "客户池只收客户；{record}尚未了结",
        "请先了结该项，或交给一位用户", at Fault::Field("to");
    /// A customer taken again from the pool too soon by the one who had it.
    TakenTooSoon { user: ActorId, earliest: Date }
        "user {user} had this customer and may take it from the pool from {earliest} on",
        "taken_too_soon", Some("E01"), "let somebody else take it, or wait until that day",
        "用户 {user} 曾负责该客户，{earliest} 起方可再次从客户池领取",
        "请由他人领取，或等到该日", at Fault::Field("to");
    /// A record that has ended.
    AssignedEnded { record: AssignedRecord }
        "{record} has ended",
        "assigned_ended", Some("E01"), "nothing needs to be done about it any more",
        "{record}已经了结",
        "无需再做任何事", at Fault::Field("record");
    /// Rights given by somebody who does not have them.
    RightNotHeld { user: ActorId, right: Right, record: AssignedRecord }
        "user {user} does not have the right to {right} {record} and so cannot give it",
        "right_not_held", Some("I-04"), "ask who holds the record, or who leads their unit",
        "用户 {user} 对{record}没有“{right}”的权利，因而不能给予",
        "请由该项的负责人或其部门负责人操作", at Fault::Field("rights");
    /// A share with the one who holds the record.
    ShareWithHolder { record: AssignedRecord, holder: HeldBy }
        "{record} is held by {holder}, who has every right to it",
        "share_with_holder", Some("E02"), "nothing needs to be shared",
        "{record}由{holder}负责，本就拥有全部权利",
        "无需共享", at Fault::Field("grantee");
    /// A right taken back that was not given.
    ShareUnknown { record: AssignedRecord, grantee: HeldBy, right: Right }
        "{grantee} was not given the right to {right} {record}",
        "share_unknown", Some("E02"), "see with whom the record is shared",
        "{grantee}未曾获得对{record}“{right}”的权利",
        "请查看该项与谁共享", at Fault::Field("rights");
    /// A unit that is not there.
    UnitUnknown { unit: UnitCode }
        "unit {unit} is not one of the organisation's",
        "unit_unknown", Some("X03"), "set the unit first, or check the code",
        "组织中没有部门 {unit}",
        "请先设置该部门，或检查代码", at Fault::of(unit);
    /// A unit above itself.
    UnitAboveItself { unit: UnitCode }
        "unit {unit} would be above itself",
        "unit_above_itself", Some("X03"), "choose another unit above it",
        "部门 {unit} 会成为自己的上级",
        "请选择另一上级部门", at Fault::Field("parent");
    /// A unit that is closed while another is below it.
    UnitHasUnits { unit: UnitCode, below: UnitCode }
        "unit {unit} cannot be closed: unit {below} is below it",
        "unit_has_units", Some("X03"), "move or close the unit below it first",
        "部门 {unit} 不能撤销：其下还有部门 {below}",
        "请先调整或撤销下级部门", at Fault::Field("unit");
    /// A unit that is closed while somebody belongs to it.
    UnitHasUsers { unit: UnitCode, user: ActorId }
        "unit {unit} cannot be closed: user {user} belongs to it",
        "unit_has_users", Some("X03"), "move its users to another unit first",
        "部门 {unit} 不能撤销：用户 {user} 仍属于该部门",
        "请先把其用户调到另一部门", at Fault::Field("unit");
    /// The head of a unit who leaves.
    UnitHeaded { user: ActorId, unit: UnitCode }
        "user {user} leads unit {unit}",
        "unit_headed", Some("X04"), "give the unit another head first, or hand everything over at once",
        "用户 {user} 是部门 {unit} 的负责人",
        "请先为该部门指定另一负责人，或一并移交", at Fault::Field("user");
    /// A status that is not the one known.
    UserStale { user: ActorId, known: UserStatus, said: UserStatus }
        "user {user} is {known}, not {said} as the request takes it to be",
        "user_stale", Some("X04"), "read the user again and retry",
        "用户 {user} 的状态是“{known}”，而不是请求所称的“{said}”",
        "请重新读取该用户后再试", at Fault::Field("from");
    /// The first status of a user nobody has recorded.
    UserUnknown { user: ActorId, said: UserStatus }
        "user {user} was never recorded, and so is not {said} as the request takes it to be",
        "user_unknown", Some("X04"), "leave out what the user was",
        "用户 {user} 从未登记，因而不是请求所称的“{said}”",
        "请省略原状态", at Fault::Field("from");

    /// A stage the pipeline version does not have.
    StageUnknown { stage: StageName, pipeline: CompactString, version: u32 }
        "stage {stage} is not an open stage of pipeline {pipeline} version {version}",
        "stage_unknown", Some("I-31"), "use a stage of that pipeline version",
        "{stage} 不是销售流程 {pipeline} 第 {version} 版的进行中阶段",
        "请使用该版本流程中的阶段", at Fault::of(stage);
    /// The stage left is not the current one.
    StageStale { opportunity: CompactString, current: StageName, from: StageName }
        "opportunity {opportunity} is in stage {current}, not in {from}",
        "stage_stale", Some("I-32"), "read the opportunity again and retry",
        "机会 {opportunity} 处于阶段 {current}，而不是 {from}",
        "请重新读取机会后再试", at Fault::Field("from");
    /// A stage to itself.
    StageUnchanged { opportunity: CompactString, stage: StageName }
        "opportunity {opportunity} is already in stage {stage}",
        "stage_unchanged", Some("I-32"), "nothing needs to be recorded",
        "机会 {opportunity} 已处于阶段 {stage}",
        "无需记录", at Fault::Field("to");
    /// The kind of change said is not the one that happens.
    StageChangeDiffers { said: &'static str, actual: &'static str }
        "the change of stage is said to be {said} but is {actual}",
        "stage_change_differs", Some("I-32"), "leave the kind of change out",
        "所说的阶段变化是 {said}，实际是 {actual}",
        "请省略变化的种类", at Fault::Field("change");
    /// A transition before the previous one.
    TransitionOrder { opportunity: CompactString, at: Timestamp, last: Timestamp }
        "opportunity {opportunity} last changed {last}; this change is said to be of {at}, earlier",
        "transition_order", Some("I-32"), "give the time at which it happened",
        "机会 {opportunity} 上次变化于 {last}；这次变化所说的时间 {at} 更早",
        "请给出其发生的时间", at Fault::Field("effective_at");
    /// An opportunity that is closed.
    OpportunityClosed { opportunity: CompactString }
        "opportunity {opportunity} is closed",
        "opportunity_closed", Some("I-34"), "reopen it first",
        "机会 {opportunity} 已经关闭",
        "请先重新打开", at Fault::of(opportunity);
    /// An opportunity that is open.
    OpportunityOpen { opportunity: CompactString }
        "opportunity {opportunity} is open",
        "opportunity_open", Some("I-35"), "only a closed opportunity can be reopened",
        "机会 {opportunity} 仍在进行",
        "只有已关闭的机会才能重新打开", at Fault::of(opportunity);
    /// A loss for a reason that is not on the list.
    LostReasonUnknown { reason: Label, pipeline: CompactString, version: u32 }
        "{reason} is not a reason for a loss in pipeline {pipeline} version {version}",
        "lost_reason_unknown", Some("I-34"), "use a reason of that pipeline version",
        "{reason} 不是销售流程 {pipeline} 第 {version} 版中的丢单原因",
        "请使用该版本流程中的原因", at Fault::of(reason);
    /// A forecast that is not what the caller believes it is.
    ForecastStale { opportunity: CompactString }
        "the forecast of opportunity {opportunity} is not what the request takes it to be",
        "forecast_stale", Some("I-14"), "read the opportunity again and retry",
        "机会 {opportunity} 的预测与请求所认为的不符",
        "请重新读取机会后再试", at Fault::Field("old");

    /// A revision out of turn.
    RevisionOutOfTurn { quote: CompactString, expected: u32, actual: u32 }
        "the next revision of quote {quote} is {expected}, not {actual}",
        "revision_out_of_turn", Some("I-36"), "leave the revision out to get the next one",
        "报价 {quote} 的下一版是 {expected}，而不是 {actual}",
        "请省略版次以取下一版", at Fault::Field("revision");
    /// A price below the floor without approval.
    PriceBelowFloor { product: CompactString, price: Money, floor: Money }
        "the price of {product} is {price}, below the floor of {floor}, and nobody approved it",
        "price_below_floor", Some("I-36"), "raise the price or name who approved it",
        "{product} 的价格 {price} 低于底价 {floor}，且无人批准",
        "请提高价格，或指明批准人", at Fault::of(price);
    /// A revision that was never issued.
    RevisionUnknown { quote: CompactString, revision: u32 }
        "quote {quote} has no revision {revision}",
        "revision_unknown", Some("I-37"), "check the revision",
        "报价 {quote} 没有第 {revision} 版",
        "请核对版次", at Fault::Field("revision");
    /// A revision that has an outcome.
    OutcomeKnown { quote: CompactString, revision: u32, outcome: &'static str }
        "revision {revision} of quote {quote} is already {outcome}",
        "outcome_known", Some("I-37"), "issue a new revision",
        "报价 {quote} 的第 {revision} 版已经{outcome}",
        "请发出新的版次", at Fault::Field("revision");
    /// An older revision accepted.
    RevisionSuperseded { quote: CompactString, revision: u32, latest: u32 }
        "revision {revision} of quote {quote} cannot be accepted; the latest is {latest}",
        "revision_superseded", Some("I-37"), "accept the latest revision",
        "报价 {quote} 的第 {revision} 版不能被接受；最新的是第 {latest} 版",
        "请接受最新的版次", at Fault::Field("revision");

    /// Instalments that do not add up to the contract.
    InstalmentSum { contract: CompactString, sum: Money, total: Money }
        "the instalments of contract {contract} add up to {sum}, its total is {total}",
        "instalment_sum", Some("I-38"), "let the last instalment take the rest",
        "合同 {contract} 的各期合计 {sum}，其总额为 {total}",
        "请让最后一期取其余额", at Fault::Field("instalments");
    /// A contract whose instalments open the debt, without any.
    InstalmentsMissing { contract: CompactString }
        "contract {contract} opens its debt by instalments but has none",
        "instalments_missing", Some("I-38"), "give the instalments, or let the invoices open the debt",
        "合同 {contract} 按分期形成应收，却没有分期",
        "请给出分期，或改由发票形成应收", at Fault::Field("instalments");

    /// More shipped than contracted.
    OverShipment { contract: CompactString, line: u32, contracted: i64, shipped: i64 }
        "line {line} of contract {contract} has {contracted} thousandths; {shipped} would be shipped",
        "over_shipment", Some("E38"), "ship less, or name who approved more than was contracted",
        "合同 {contract} 第 {line} 行约定 {contracted} 个千分之一；累计将发出 {shipped}",
        "请少发，或指明批准超发的人", at Fault::Field("lines");
    /// A shipment that has arrived.
    ShipmentAlreadySigned { shipment: CompactString }
        "shipment {shipment} is already signed for",
        "shipment_signed", Some("E39"), "nothing needs to be recorded",
        "发货 {shipment} 已经签收",
        "无需记录", at Fault::of(shipment);
    /// More missing or returned than was shipped.
    BeyondShipped { what: &'static str, shipment: CompactString, line: u32, shipped: i64, asked: i64 }
        "{what} of line {line} come to {asked} thousandths; shipment {shipment} had {shipped}",
        "beyond_shipped", Some("E40"), "correct the quantity",
        "第 {line} 行的{what}达 {asked} 个千分之一；发货 {shipment} 只有 {shipped}",
        "请更正数量", at Fault::said(what);

    /// A debt opened by the wrong document.
    DebtOpenedOtherwise { contract: CompactString, by: &'static str, asked: &'static str }
        "the debt of contract {contract} is opened by its {by}, not by {asked}",
        "debt_opened_otherwise", Some("I-40"), "let one kind of document open the debt of a contract",
        "合同 {contract} 的应收由{by}形成，而不是由{asked}",
        "一份合同的应收只由一种单据形成", at Fault::of(contract);
    /// An instalment the contract does not have.
    InstalmentUnknown { contract: CompactString, instalment: u32 }
        "contract {contract} has no instalment {instalment}",
        "instalment_unknown", Some("I-40"), "check the number",
        "合同 {contract} 没有第 {instalment} 期",
        "请核对期号", at Fault::Field("instalment");
    /// An instalment whose debt is open already.
    InstalmentOpened { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} is already opened",
        "instalment_opened", Some("I-40"), "nothing needs to be recorded",
        "合同 {contract} 第 {instalment} 期的应收已经形成",
        "无需记录", at Fault::Field("instalment");
    /// An item of another amount than its instalment.
    InstalmentDiffers { contract: CompactString, instalment: u32, planned: Money, amount: Money }
        "instalment {instalment} of contract {contract} is {planned}, the item {amount}",
        "instalment_differs", Some("I-40"), "open the item over the instalment's amount",
        "合同 {contract} 第 {instalment} 期为 {planned}，而应收项为 {amount}",
        "请按该期金额形成应收", at Fault::of(amount);
    /// Due before the document's day.
    DueBeforeDocument { due_on: Date, document_on: Date }
        "the item is due {due_on}, before its document of {document_on}",
        "due_before_document", Some("I-41"), "correct the dates",
        "应收项到期于 {due_on}，早于其单据日 {document_on}",
        "请更正日期", at Fault::of(due_on);
    /// More invoiced than the item amounts to.
    CoveredBeyondItem { item: CompactString, amount: Money, covered: Money }
        "item {item} amounts to {amount}; invoices would cover {covered}",
        "covered_beyond_item", Some("I-43"), "cover less of the item",
        "应收项 {item} 为 {amount}；发票将覆盖 {covered}",
        "请减少所覆盖的金额", at Fault::of(item);
    /// An invoice that covers more than its own total.
    CoveredBeyondInvoice { total: Money, covered: Money }
        "the invoice amounts to {total} but covers {covered}",
        "covered_beyond_invoice", Some("I-43"), "cover less, or correct the total",
        "发票总额为 {total}，却覆盖 {covered}",
        "请减少所覆盖的金额，或更正总额", at Fault::Field("covers");
    /// A number that would leave a gap in its series.
    SeriesGap { series: Label, expected: u64, actual: u64 }
        "the next number of series {series} is {expected}, not {actual}",
        "series_gap", Some("I-43"), "leave the number out to get the next one",
        "号段 {series} 的下一号是 {expected}，而不是 {actual}",
        "请省略号码以取下一号", at Fault::Field("series_number");
    /// A receipt that counts no longer.
    ReceiptReversed { receipt: CompactString }
        "receipt {receipt} is reversed",
        "receipt_reversed", Some("I-46"), "record the payment again if it did arrive",
        "回款 {receipt} 已经冲销",
        "如款项确已到账，请重新记录", at Fault::of(receipt);
    /// An application of more than is open.
    ItemOverdrawn { item: CompactString, open: Money, what: &'static str, asked: Money, on: Date }
        "open amount of item {item} is {open} on {on}, the {what} asks {asked}",
        "item_overdrawn", Some("I-47"), "apply at most what is open on every day from then on",
        "应收项 {item} 在 {on} 的未清金额为 {open}，本次{what}要求 {asked}",
        "至多核销此后每一天都未清的金额", at Fault::of(item);
    /// An application of more than the credit has left.
    CreditOverdrawn {
        kind: &'static str, credit: CompactString, unapplied: Money, what: &'static str,
        asked: Money, on: Date
    }
        "unapplied amount of {kind} {credit} is {unapplied} on {on}, the {what} asks {asked}",
        "credit_overdrawn", Some("I-48"), "ask at most what is left of it on every day from then on",
        "{kind} {credit} 在 {on} 的未用金额为 {unapplied}，本次{what}要求 {asked}",
        "至多使用此后每一天都剩余的金额", at Fault::of(credit);
    /// A credit of one legal entity for the debt of another.
    LegalEntityDiffers { item: CompactString, what: &'static str, credit: CompactString }
        "item {item} and {what} {credit} belong to different legal entities",
        "legal_entity_differs", Some("I-49"), "use what belongs to the same legal entity",
        "应收项 {item} 与{what} {credit} 属于不同的法人实体",
        "请使用同一法人实体的款项", at Fault::of(item);
    /// An application before one of its documents.
    ApplicationBeforeDocument { effective_on: Date, earliest: Date }
        "the application counts from {effective_on}, before its documents of {earliest}",
        "application_before_document", Some("I-50"), "leave the date out, or give a later one",
        "核销自 {effective_on} 起计，早于其单据日 {earliest}",
        "请省略日期，或给出较晚的日期", at Fault::Field("effective_on");
    /// A rate that is no number above zero.
    RateUnreadable { rate: Label }
        "{rate} is not a rate such as 7.2105",
        "rate_unreadable", Some("R17"), "write the rate as a plain decimal above zero",
        "{rate} 不是 7.2105 这样的汇率",
        "请将汇率写成大于零的小数", at Fault::of(rate);
    /// A receipt in suspense of which parts were identified.
    ReceiptIdentified { receipt: CompactString, identified: Money }
        "{identified} of receipt {receipt} was identified as customers' money",
        "receipt_identified", Some("X23"), "reverse those customers' receipts first",
        "回款 {receipt} 中的 {identified} 已被认领",
        "请先冲销那些客户的回款", at Fault::of(receipt);
    /// The second half of a pair, asked for alone.
    HalfOfPair { what: &'static str }
        "{what} in the other account follows from the first half and is not asked for",
        "half_of_pair", Some("X23"), "leave `step`, `paid_by`, `legal_entity` and `side` out",
        "{what}在另一账户中的一半由前一半产生，不能单独请求",
        "请不要给出 `step`、`paid_by`、`legal_entity` 和 `side`";
    /// A change of what another customer paid.
    PaidByAnother { payer: CustomerCode }
        "customer {payer} paid; the application stands in that account first",
        "paid_by_another", Some("I-49"), "record it for the customer who paid",
        "款项由客户 {payer} 支付；核销首先记在该客户账上",
        "请在付款客户名下登记";
    /// Something other than a payment, for another customer.
    ThirdPartyKind { kind: &'static str }
        "a {kind} cannot settle another customer's debt",
        "third_party_kind", Some("I-49"), "only payments can be applied for another customer",
        "{kind}不能核销另一客户的应收",
        "只有回款可以代他人核销", at Fault::Field("credit_kind");
    /// A balance that is not that of the ledger.
    BalanceDiffers { on: Date, ours: Money, balance: Money }
        "the balance at the end of {on} is {ours}, the confirmation says {balance}",
        "balance_differs", Some("R28"),
        "leave the balance out to get that of the ledger; say what the customer sees in `said`",
        "{on} 日终余额为 {ours}，确认所写为 {balance}",
        "省略余额即取账上的余额；客户所见请写在 `said`", at Fault::of(balance);
    /// A rate of a currency in itself.
    RateOfItself { currency: Currency }
        "the rate is one of {currency} in itself",
        "rate_of_itself", Some("X15"), "name two currencies",
        "汇率是 {currency} 对其自身的",
        "请给出两种货币", at Fault::Field("quote");
    /// A rate that is recorded.
    RateKnown { base: Currency, quote: Currency, rate: Label, on: Date }
        "the rate of {base} in {quote} is already {rate} on {on}",
        "rate_known", Some("X15"), "nothing needs to be recorded",
        "{base} 对 {quote} 在 {on} 的汇率已是 {rate}",
        "无需登记", at Fault::of(rate);
    /// A rate that is needed and was not recorded.
    RateMissing { base: Currency, quote: Currency, item: CompactString }
        "no rate of {base} in {quote} is recorded for the days of item {item} and its receipt",
        "rate_missing", Some("R17"), "record the rates, give them, or leave the exchange out",
        "应收项 {item} 及其回款之日没有 {base} 对 {quote} 的汇率",
        "请登记汇率、给出汇率，或省略汇兑", at Fault::of(item);
    /// Rates where no currency is exchanged.
    ExchangeNeedless { item: CompactString, currency: Currency }
        "item {item} is in {currency}, the book's own currency: nothing is exchanged",
        "exchange_needless", Some("R17"), "leave the exchange out",
        "应收项 {item} 以本位币 {currency} 计，没有汇兑",
        "请省略汇兑", at Fault::Field("exchange");
    /// A gain that is not that of its line at its rates.
    GainDiffers { item: CompactString, gained: Money, said: Money }
        "the gain on item {item} at these rates is {gained}, not {said}",
        "gain_differs", Some("R17"), "leave the gain out to have it worked out",
        "按这些汇率，应收项 {item} 的汇兑损益为 {gained}，而非 {said}",
        "省略损益即自动计算", at Fault::of(said);
    /// A fact that would move money in a locked period.
    PeriodLocked { on: Date, through: Date, open: Date }
        "{on} lies in the period that is locked through {through}; the first open day is {open}",
        "period_locked", Some("R27"),
        "book it on the first open day and name the document's own day in the reason",
        "{on} 属于已锁定至 {through} 的期间；第一个开放日是 {open}",
        "请记在第一个开放日，并在原因中写明单据日期", at Fault::of(on);
    /// A lock that stays where it is.
    LockUnmoved { through: Date }
        "the accounts are already locked through {through}",
        "lock_unmoved", Some("X11"), "give another day",
        "账目已锁定至 {through}",
        "请给出另一天", at Fault::of(through);
    /// A period opened again by nobody's approval.
    UnlockUnapproved { locked: Date, through: Date }
        "the accounts are locked through {locked}; locking them only through {through} opens a period \
         again, and nobody approved that",
        "unlock_unapproved", Some("X11"), "name who approved it, and say why",
        "账目已锁定至 {locked}；只锁定至 {through} 将重新开放期间，而无人批准",
        "请指明由谁批准并说明原因", at Fault::Field("approved_by");
    /// Nothing is left to apply, or nothing to apply it to.
    NothingToApply { kind: &'static str, credit: CompactString }
        "nothing of {kind} {credit} can be applied to an open item",
        "nothing_to_apply", Some("R06"), "keep it as unapplied credit",
        "{kind} {credit} 没有可用于未清应收项的金额",
        "请保留为未用款项", at Fault::of(credit);
    /// An application that counts no longer.
    ApplicationAlreadyReversed { application: CompactString }
        "application {application} is already reversed",
        "application_reversed", Some("I-52"), "nothing needs to be recorded",
        "核销 {application} 已经撤销",
        "无需记录", at Fault::of(application);
    /// A reversal of only a part.
    ReversalPartial { application: CompactString }
        "application {application} can be reversed only as a whole",
        "reversal_partial", Some("I-52"), "leave the lines out, then apply anew what should stay",
        "核销 {application} 只能整体撤销",
        "请省略各行，再重新核销应保留的部分", at Fault::Field("lines");
    /// An item whose dispute already is as said.
    DisputeUnchanged { item: CompactString, disputed: bool }
        "the dispute of item {item} already is {disputed}",
        "dispute_unchanged", Some("X14"), "nothing needs to be recorded",
        "应收项 {item} 的争议状态已是 {disputed}",
        "无需记录", at Fault::Field("disputed");

    /// A due day that is not what the caller believes it is.
    DueStale { item: CompactString, due_on: Date, said: Date }
        "item {item} is due {due_on}, not {said} as the request takes it to be",
        "due_stale", Some("I-42"), "read the item again and retry",
        "应收项 {item} 到期于 {due_on}，而不是请求所认为的 {said}",
        "请重新读取应收项后再试", at Fault::Field("old_due_on");
    /// A due day that stays.
    DueUnchanged { item: CompactString, due_on: Date }
        "item {item} is already due {due_on}",
        "due_unchanged", Some("E42"), "nothing needs to be recorded",
        "应收项 {item} 的到期日已是 {due_on}",
        "无需记录", at Fault::Field("new_due_on");
    /// An item of which nothing is open.
    ItemSettled { item: CompactString, on: Date }
        "nothing of item {item} is open on {on}",
        "item_settled", Some("R05"), "check the item and the day",
        "应收项 {item} 在 {on} 已无未清金额",
        "请核对应收项和日期", at Fault::of(item);
    /// An invoice that was reversed.
    InvoiceAlreadyVoided { invoice: CompactString, red_letter: CompactString }
        "invoice {invoice} is already voided by red-letter invoice {red_letter}",
        "invoice_voided", Some("E44"), "nothing needs to be recorded",
        "发票 {invoice} 已由红字发票 {red_letter} 冲销",
        "无需记录", at Fault::of(invoice);
    /// A counter-document reversed in its turn.
    InvoiceIsRedLetter { invoice: CompactString }
        "{invoice} is itself a red-letter invoice",
        "invoice_is_red_letter", Some("E44"), "issue the invoice anew under its own number",
        "{invoice} 本身就是红字发票",
        "请以新的号码重新开票", at Fault::of(invoice);
    /// An invoice reversed in part.
    InvoiceVoidedInPart { invoice: CompactString, total: Money, asked: Money }
        "invoice {invoice} amounts to {total}; a red-letter invoice over {asked} does not reverse it",
        "invoice_voided_in_part", Some("E44"), "reverse the whole, then invoice what should stay",
        "发票 {invoice} 为 {total}；{asked} 的红字发票不能将其冲销",
        "请整张冲销，再为应保留的部分开票", at Fault::Field("total");
    /// Something given up beyond the tolerance that nobody approved.
    ApprovalMissing { what: &'static str, amount: Money, tolerance: Money }
        "{what} of {amount} needs an approval; up to {tolerance} needs none",
        "approval_missing", Some("R14"), "name who approved it",
        "{amount} 的{what}需要批准；{tolerance} 以内无需批准",
        "请指明批准人", at Fault::Field("approved_by");
    /// A kind of credit nothing can be taken from.
    CreditHoldsNothing { kind: &'static str, credit: CompactString }
        "{credit} of kind {kind} holds no amount of its own",
        "credit_holds_nothing", Some("E48"), "use a receipt or a credit note, or leave the credit out",
        "种类为 {kind} 的 {credit} 本身不含金额",
        "请使用回款或贷项通知，或省略该项", at Fault::Field("credit");
    /// A write-off applied a second time, or in part.
    WriteOffApplied { write_off: CompactString }
        "write-off {write_off} is applied once, in whole, when it is recorded",
        "write_off_applied", Some("E50"), "record another write-off",
        "坏账核销 {write_off} 在记录时即一次性整体核销",
        "请另记一笔坏账核销", at Fault::of(write_off);
    /// A receipt of which something was paid back.
    ReceiptRefunded { receipt: CompactString, refunded: Money }
        "{refunded} of receipt {receipt} was paid back",
        "receipt_refunded", Some("E51"), "void the refund first, if it did not happen",
        "回款 {receipt} 中已退还 {refunded}",
        "如并未退款，请先作废该退款", at Fault::of(receipt);
    /// A reminder of something disputed.
    ItemDisputed { item: CompactString }
        "item {item} is disputed",
        "item_disputed", Some("R30"), "leave it out until the dispute is over",
        "应收项 {item} 存在争议",
        "争议解决之前请不要列入", at Fault::of(item);
    /// A reminder of something not overdue, or not for long enough.
    NotOverdue { item: CompactString, due_on: Date, overdue: u32, grace: u32 }
        "item {item} is due {due_on}, overdue {overdue} days; {grace} days of grace are given",
        "not_overdue", Some("R30"), "wait until the days of grace are over",
        "应收项 {item} 到期于 {due_on}，逾期 {overdue} 天；宽限 {grace} 天",
        "请等到宽限期过后", at Fault::of(item);
    /// A reminder too soon after the last.
    NoticeTooSoon { item: CompactString, last: Date, earliest: Date }
        "item {item} was reminded of on {last}; the next notice is for {earliest} or later",
        "notice_too_soon", Some("R30"), "wait, or leave the item out",
        "应收项 {item} 上次催款于 {last}；下次催款不早于 {earliest}",
        "请等待，或不要列入该项", at Fault::of(item);
    /// A level that is not reached.
    LevelBeyond { item: CompactString, level: u8, last: u8, overdue: u32, most: u8 }
        "item {item} stands at level {last} and is overdue {overdue} days; it may reach level {most}, \
         not {level}",
        "level_beyond", Some("E52"), "leave the level out to get the one it may reach",
        "应收项 {item} 处于第 {last} 级，逾期 {overdue} 天；可达第 {most} 级，不能是第 {level} 级",
        "请省略级别以取其可达的级别", at Fault::Field("level");
    /// A level that is not the highest of the items.
    NoticeLevel { asked: u8, highest: u8 }
        "the notice is said to be of level {asked}; the highest of its items is {highest}",
        "notice_level", Some("E52"), "leave the level out",
        "所说的催款级别是 {asked}，各项中最高的是 {highest}",
        "请省略级别", at Fault::Field("level");
    /// Figures that are not those of the ledger.
    NoticeFigures { item: CompactString, open: Money, overdue: u32 }
        "{open} of item {item} is open and overdue {overdue} days; the notice says otherwise",
        "notice_figures", Some("E52"), "leave the figures out to get those of the ledger",
        "应收项 {item} 未清 {open}，逾期 {overdue} 天；催款通知所说不同",
        "请省略数字，由账簿填入", at Fault::of(item);
    /// Nothing to remind of.
    NothingOverdue { on: Date }
        "nothing may be reminded of on {on}",
        "nothing_overdue", Some("R30"), "check the day, the currency and the legal entity",
        "{on} 没有可以催款的应收项",
        "请核对日期、货币和法人实体", at Fault::Field("items");
    /// A reminder to somebody who has more to their credit than they owe.
    NetCredit { open: Money, unapplied: Money }
        "{open} is open but {unapplied} is unapplied: on balance nothing is owed",
        "net_credit", Some("R30"), "apply the credit first",
        "未清 {open}，但未用款项为 {unapplied}：相抵后并无欠款",
        "请先核销款项", at Fault::Field("items");
    /// A reminder over too little.
    BelowMinimum { total: Money, minimum: Money }
        "the items come to {total}; a notice is sent for {minimum} or more",
        "below_minimum", Some("R30"), "wait until more is overdue",
        "各项合计 {total}；达到 {minimum} 才发催款通知",
        "请等到逾期金额更大时", at Fault::Field("items");
    /// A contract that has ended.
    ContractAlreadyClosed { contract: CompactString, on: Date }
        "contract {contract} ended on {on}",
        "contract_closed", Some("E37"), "void the end if it was recorded by mistake",
        "合同 {contract} 已于 {on} 结束",
        "如误记了结束，请将其作废", at Fault::of(contract);
    /// An amendment out of turn.
    AmendmentOutOfTurn { contract: CompactString, expected: u32, actual: u32 }
        "the next amendment of contract {contract} is {expected}, not {actual}",
        "amendment_out_of_turn", Some("E36"), "leave the number out to get the next one",
        "合同 {contract} 的下一次变更是第 {expected} 次，而不是第 {actual} 次",
        "请省略次序以取下一次", at Fault::Field("amendment");
    /// Less contracted than was shipped.
    LineBelowShipped { contract: CompactString, line: u32, contracted: i64, shipped: i64 }
        "line {line} of contract {contract} would have {contracted} thousandths; {shipped} were shipped",
        "line_below_shipped", Some("E36"), "take off at most what was not shipped",
        "合同 {contract} 第 {line} 行将为 {contracted} 个千分之一；已发出 {shipped}",
        "至多减去尚未发出的部分", at Fault::Field("lines");
    /// An instalment smaller than what was applied to its debt.
    InstalmentShrunk {
        contract: CompactString, instalment: u32, applied: Money, asked: Money, on: Date
    }
        "{applied} is applied to instalment {instalment} of contract {contract} on {on}; it cannot \
         become {asked}",
        "instalment_shrunk", Some("E36"), "leave at least what is applied, or reverse the application",
        "合同 {contract} 第 {instalment} 期在 {on} 已核销 {applied}，不能改为 {asked}",
        "至少保留已核销的金额，或撤销核销", at Fault::of(asked);
    /// The plan of an instalment whose debt is open.
    InstalmentFixed { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} is open; only its amount can change",
        "instalment_fixed", Some("E36"), "reschedule the receivable to change its due day",
        "合同 {contract} 第 {instalment} 期的应收已经形成，只能改变其金额",
        "如要改变到期日，请对应收项改期", at Fault::Field("instalments");
    /// A contract of which something is owed.
    ContractOwes { contract: CompactString, item: CompactString, open: Money }
        "{open} of item {item} of contract {contract} is open",
        "contract_owes", Some("E37"), "let it be paid, credited or written off first",
        "合同 {contract} 的应收项 {item} 尚有 {open} 未清",
        "请先回款、冲减或核销坏账", at Fault::of(contract);
    /// A contract with an instalment still to come.
    InstalmentAhead { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} was never opened",
        "instalment_ahead", Some("E37"), "open it, amend the contract, or end it as terminated",
        "合同 {contract} 第 {instalment} 期的应收从未形成",
        "请形成应收、变更合同，或以终止方式结束", at Fault::of(contract);

    /// A promise without a day.
    PromiseWithoutDay { }
        "the promise does not say by when it is to be kept",
        "promise_without_day", Some("I-27"), "say when it is due",
        "承诺未说明期限",
        "请给出期限", at Fault::Field("due_at");
    /// A payment that we promised ourselves.
    PromiseToOurselves { item: CompactString }
        "item {item} is owed to us; only the customer can promise to pay it",
        "promise_to_ourselves", Some("R31"), "record it as the customer's promise, or leave the items out",
        "应收项 {item} 是欠我方的；只有客户可以承诺付款",
        "请记为客户的承诺，或去掉应收项", at Fault::of(item);
    /// A promise settled twice.
    CommitmentAlreadySettled { commitment: CompactString }
        "commitment {commitment} is already settled",
        "commitment_settled", Some("I-28"), "void the settlement if it was recorded by mistake",
        "承诺 {commitment} 已经了结",
        "若系误记，请作废其了结", at Fault::of(commitment);
    /// An outcome that does not fit the times.
    OutcomeUnfit { commitment: CompactString, outcome: &'static str, due_at: Timestamp, at: Timestamp }
        "commitment {commitment} was due {due_at}; settled {at}, it cannot be {outcome}",
        "outcome_unfit", Some("E23"), "kept is until then, late and broken are after",
        "承诺 {commitment} 期限为 {due_at}；了结于 {at}，不能是 {outcome}",
        "期限之内为 kept，期限之后为 late 或 broken", at Fault::of(outcome);
    /// A release nothing shows.
    ReleaseUnproved { commitment: CompactString }
        "nothing shows that commitment {commitment} was released",
        "release_unproved", Some("I-28"), "name the interaction in which the other side let go of it",
        "没有任何往来表明承诺 {commitment} 已被免除",
        "请指明对方免除承诺的往来", at Fault::Field("evidence");
    /// A successor of a promise that was not superseded, or itself.
    SupersededUnfit { commitment: CompactString }
        "commitment {commitment} cannot be superseded like that",
        "superseded_unfit", Some("E23"), "name another promise, with the outcome superseded only",
        "承诺 {commitment} 不能这样被取代",
        "仅在结果为 superseded 时指明另一承诺", at Fault::Field("superseded_by");
    /// A reminder of what is promised for later.
    PaymentPromised { item: CompactString, commitment: CompactString, promised_for: Date }
        "payment of item {item} is promised for {promised_for} by commitment {commitment}",
        "payment_promised", Some("R30"), "wait for that day, or settle the promise as broken after it",
        "应收项 {item} 已由承诺 {commitment} 约定于 {promised_for} 付款",
        "请等到那一天，或过期后将承诺记为未兑现", at Fault::of(item);
    /// A discount for paying early that ends after the due day.
    DiscountAfterDue { days: u32, net: u32 }
        "the early discount is given for {days} days, longer than the {net} days to the due day",
        "discount_after_due", Some("E10"), "shorten the days of the discount",
        "提前付款折扣给 {days} 天，长于到期的 {net} 天",
        "请缩短折扣天数", at Fault::Field("payment");
    /// Terms for a time that has terms.
    TermsOverlap { from: Date, start: Date }
        "terms from {from} on overlap those from {start} on",
        "terms_overlap", Some("I-16"), "choose days on which no other terms are agreed",
        "自 {from} 起的条款与自 {start} 起的重叠",
        "请选择没有其他条款的日期", at Fault::of(from);
    /// A limit approved by whoever set it.
    ApprovedByOneself { limit: Money, threshold: Money }
        "a limit of {limit}, above {threshold}, is approved by whoever sets it",
        "approved_by_oneself", Some("I-17"), "let somebody else approve it",
        "额度 {limit} 超过 {threshold}，却由设定者本人批准",
        "请由他人批准", at Fault::Field("approved_by");
    /// A limit that holds no longer.
    LimitExpired { limit: Money, until: Date, on: Date }
        "the credit limit of {limit} held until {until}; on {on} there is none",
        "limit_expired", Some("I-39"), "set a new limit, or name who approved the deal in `credit_check`",
        "信用额度 {limit} 有效至 {until}；在 {on} 已无额度",
        "请设定新额度，或在 `credit_check` 中指明由谁批准";
    /// A customer to whom nothing is sold on credit for now.
    CreditHeld { limit: Money }
        "the customer is on credit hold; its limit is {limit}",
        "credit_held", Some("I-39"), "lift the hold, or name who approved it in `credit_check`",
        "客户已暂停赊销；额度为 {limit}",
        "请解除暂停，或在 `credit_check` 中指明由谁批准";
    /// More than the customer may owe.
    LimitExceeded { exposure: Money, limit: Money, beyond: Money }
        "the customer would owe {exposure}, {beyond} beyond its credit limit of {limit}",
        "limit_exceeded", Some("I-39"),
        "sell less, be paid first, or name who approved it in `credit_check`",
        "客户将欠 {exposure}，超出信用额度 {limit} 达 {beyond}",
        "请减少金额、先收款，或在 `credit_check` 中指明由谁批准";
    /// An amount that cannot be compared with the limit.
    ExposureUnvalued { base: Currency, quote: Currency, on: Date }
        "the customer owes in {base}; no rate in {quote} is recorded for {on} to compare it with the limit",
        "exposure_unvalued", Some("R32"), "record the rate, or name who approved it in `credit_check`",
        "客户有 {base} 欠款；{on} 没有对 {quote} 的汇率可与额度比较",
        "请登记汇率，或在 `credit_check` 中指明由谁批准";

    /// A complaint that is closed.
    ComplaintClosed { complaint: CompactString }
        "complaint {complaint} is closed",
        "complaint_closed", Some("E58"), "reopen it first",
        "投诉 {complaint} 已经关闭",
        "请先重新打开", at Fault::of(complaint);
    /// A complaint that is open.
    ComplaintOpen { complaint: CompactString }
        "complaint {complaint} is open",
        "complaint_open", Some("E59"), "only a closed complaint can be reopened",
        "投诉 {complaint} 仍在处理",
        "只有已关闭的投诉才能重新打开", at Fault::of(complaint);
    /// A second first response.
    AlreadyAcknowledged { complaint: CompactString }
        "complaint {complaint} already had its first response",
        "already_acknowledged", Some("E54"), "record an answer instead",
        "投诉 {complaint} 已有首次回应",
        "请改为记录答复", at Fault::of(complaint);
    /// An answer before the first response.
    NotAcknowledged { complaint: CompactString }
        "complaint {complaint} has had no first response",
        "not_acknowledged", Some("E57"), "acknowledge it first",
        "投诉 {complaint} 尚无首次回应",
        "请先确认受理", at Fault::of(complaint);
    /// A clock that already is as said.
    ClockUnchanged { complaint: CompactString, state: &'static str }
        "the clock of complaint {complaint} already is {state}",
        "clock_unchanged", Some("E56"), "pause and resume alternate",
        "投诉 {complaint} 的计时已是{state}",
        "暂停与恢复须交替进行", at Fault::Field("change");
    /// A severe complaint closed by the one who alone handled it.
    SoleHandlerCloses { complaint: CompactString }
        "complaint {complaint} is severe and was handled only by the one who closes it",
        "sole_handler_closes", Some("E58"), "let somebody else close it",
        "投诉 {complaint} 性质严重，且一直只由关闭者一人处理",
        "请由他人关闭", at Fault::Field("closed_by");
    /// A time limit for a severity is not in the policy.
    ServiceTargetMissing { severity: &'static str, version: u32 }
        "service levels version {version} have no limits for severity {severity}",
        "service_target_missing", Some("E53"), "publish a version that has them, or give the due times",
        "服务等级第 {version} 版没有严重程度 {severity} 的时限",
        "请发布含有该时限的版本，或给出到期时间", at Fault::Field("severity");

    /// An invitation that was answered.
    InvitationAnswered { invitation: CompactString }
        "survey invitation {invitation} is already answered",
        "invitation_answered", Some("E60"), "one answer an invitation counts",
        "问卷邀请 {invitation} 已经答复",
        "每份邀请只计一份答复", at Fault::of(invitation);
    /// An indicator that is not in the tree.
    IndicatorUnknown { indicator: Label, version: u32 }
        "{indicator} is not an indicator of version {version}",
        "indicator_unknown", Some("E60"), "use the indicators of that version",
        "{indicator} 不是第 {version} 版的指标",
        "请使用该版本的指标", at Fault::of(indicator);
    /// A mark beyond the scale.
    MarkBeyondScale { indicator: Label, mark: u8, min: u8, max: u8 }
        "the mark {mark} for {indicator} is not between {min} and {max}",
        "mark_beyond_scale", Some("E60"), "use the scale of that version",
        "{indicator} 的评分 {mark} 不在 {min} 到 {max} 之间",
        "请使用该版本的评分范围", at Fault::of(indicator);

    /// A book that is open.
    BookAlreadyOpen { }
        "the book is already opened",
        "book_already_open", Some("X21"), "use another directory for another book",
        "账簿已经开立",
        "另立账簿请用另一个目录";
    /// A zone nobody knows.
    ZoneUnknown { zone: Label }
        "{zone} is not a time zone of the IANA database",
        "zone_unknown", Some("X21"), "use a name such as Asia/Shanghai",
        "{zone} 不是 IANA 数据库中的时区",
        "请使用 Asia/Shanghai 这样的名称", at Fault::of(zone);
    /// A month that is none.
    MonthUnknown { month: u8 }
        "month {month} is not between 1 and 12",
        "month_unknown", Some("X21"), "give the month in which the fiscal year starts",
        "月份 {month} 不在 1 到 12 之间",
        "请给出会计年度开始的月份", at Fault::Field("fiscal_year_start_month");
    /// A layout that cannot be used.
    LayoutUnfit { kind: CompactString }
        "the layout of {kind} is not that of a kind this release writes",
        "layout_unfit", Some("X29"), "publish the layouts of this release",
        "{kind} 的布局不是本版本所写的种类的布局",
        "请发布本版本的布局";
    /// A policy version out of turn.
    PolicyOutOfTurn { policy: CompactString, expected: u32, actual: u32 }
        "the next version of policy {policy} is {expected}, not {actual}",
        "policy_out_of_turn", Some("X10"), "read the policies again and use the next version",
        "政策 {policy} 的下一版是 {expected}，而不是 {actual}",
        "请重新读取政策并使用下一版", at Fault::Field("version");
    /// A policy with none or several contents.
    PolicyContents { policy: CompactString, count: usize }
        "policy {policy} has {count} contents; exactly one is needed",
        "policy_contents", Some("X10"), "publish each content under its own name",
        "政策 {policy} 有 {count} 项内容；须恰有一项",
        "请将每项内容以各自的名称发布", at Fault::Field("policy");
    /// A policy whose content changes its kind.
    PolicyKindDiffers { policy: CompactString }
        "policy {policy} holds another kind of content in its earlier versions",
        "policy_kind_differs", Some("X10"), "publish each kind of content under its own name",
        "政策 {policy} 的早先版本是另一种内容",
        "请将每种内容以各自的名称发布", at Fault::Field("policy");
    /// A policy whose content makes no sense.
    PolicyUnfit { policy: CompactString, why: &'static str }
        "policy {policy} cannot be used: {why}",
        "policy_unfit", Some("X10"), "correct the content",
        "政策 {policy} 无法使用：{why}",
        "请更正内容", at Fault::Field("policy");
    /// An import whose rows do not add up.
    ImportFigures { rows: u64, sum: u64 }
        "the import read {rows} rows, but {sum} are accounted for",
        "import_figures", Some("X06"), "every row is taken, known, refused or skipped",
        "该导入读了 {rows} 行，但只交代了 {sum} 行",
        "每一行都应是已取、已知、被拒或跳过之一", at Fault::Field("rows");
    /// An import whose amounts do not add up.
    ImportAmounts { file: Line, currency: Currency }
        "the amounts in {currency} that {file} holds are not those of its rows taken, known, refused and skipped",
        "import_amounts", Some("X06"), "every amount is of a row taken, known, refused or skipped",
        "{file} 中以 {currency} 计的金额与其已取、已知、被拒和跳过的各行不符",
        "每笔金额都应属于已取、已知、被拒或跳过的某一行", at Fault::of(file);

    /// A file that was not uploaded for whom it is to be attached to.
    AttachmentUnknown { attachment: AttachmentId }
        "attachment {attachment} has not been uploaded for this customer",
        "attachment_unknown", Some("X30"), "upload the file first, then attach what the upload answers",
        "附件 {attachment} 未曾为该客户上传",
        "请先上传文件，再附上上传所答的编号", at Fault::of(attachment);
    /// A file to be attached to nothing.
    AttachedToNothing { }
        "the request attaches a file to the event before it in its unit, but there is none",
        "attached_to_nothing", Some("X30"), "name the event, or record it in the same unit before the file",
        "该请求要把文件附在同单元中它之前的事件上，但没有这样的事件",
        "请指明事件，或在同一单元中先记录事件再附文件", at Fault::Field("event");
    /// More content than an attachment may have.
    AttachmentTooLarge { max: u64 }
        "the content is larger than the {max} bytes an attachment may have",
        "attachment_too_large", Some("X30"), "compress or split the file",
        "内容超过附件所允许的 {max} 字节",
        "请压缩或拆分文件";
    /// A type of content that is not taken.
    AttachmentTypeRefused { media_type: CompactString }
        "content of the type {media_type} is not taken",
        "attachment_type_refused", Some("X30"), "put the file into an archive such as application/zip",
        "不接受类型为 {media_type} 的内容",
        "请将文件放入 application/zip 之类的归档", at Fault::of(media_type);
    /// Content that is something else than it is said to be.
    AttachmentTypeDiffers { declared: CompactString, found: &'static str }
        "the content is said to be {declared} but is {found}",
        "attachment_type_differs", Some("X30"), "declare the type it is, or application/octet-stream",
        "内容自称是 {declared}，实为 {found}",
        "请声明其实际类型，或 application/octet-stream", at Fault::of(declared);
    /// Content that a machine would run.
    AttachmentExecutable { found: &'static str }
        "the content is a program ({found}); programs are not taken",
        "attachment_executable", Some("X30"), "attach what the program made, not the program",
        "内容是程序（{found}）；不接受程序",
        "请附上程序的产物，而不是程序本身";

    /// A void decided without the stream's history.
    VoidNeedsHistory { }
        "a void is decided on the history of its stream",
        "void_needs_history", Some("X22"), "send the void as a request of its own",
        "作废须依据其流的历史来判定",
        "请将作废作为单独的请求发送";
    /// An event that is not in the stream.
    EventUnknown { event: EventId }
        "event {event} is not in this stream",
        "event_unknown", Some("X22"), "check the event's id and the customer",
        "事件 {event} 不在此流中",
        "请核对事件编号和客户", at Fault::of(event);
    /// An event that counts no longer.
    EventAlreadyVoided { event: EventId, position: Position }
        "event {event} at position {position} is already void",
        "event_voided", Some("X22"), "nothing needs to be recorded",
        "位置 {position} 处的事件 {event} 已经作废",
        "无需记录", at Fault::of(event);
    /// A kind of event that cannot be voided.
    NotVoidable { kind: Kind, position: Position, instead: &'static str }
        "{kind} at position {position} cannot be voided; {instead}",
        "not_voidable", Some("X22"), "use the event's own counterpart",
        "位置 {position} 处的“{kind}”不能作废；{instead}",
        "请使用与该事件对应的相反事件", at Fault::Field("event");
    /// An event that others stand on.
    StoodOn { kind: Kind, position: Position, by: Dependents }
        "{kind} at position {position} cannot be voided; it is needed by {by}",
        "stood_on", Some("X22"), "void those first, the last one first",
        "位置 {position} 处的“{kind}”不能作废；{by} 依赖于它",
        "请先从最后一个起作废那些事件", at Fault::Field("event");
}

/// Events that stand on another: the first few and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependents {
    /// The first few, in order of position.
    pub first: Vec<(Kind, Position)>,
    /// How many in all.
    pub count: usize,
}

impl Dependents {
    /// How many are named.
    pub const NAMED_MAX: usize = 3;

    /// Adds one event.
    pub fn push(&mut self, kind: Kind, position: Position) {
        if self.first.len() < Self::NAMED_MAX {
            self.first.push((kind, position));
        }
        self.count += 1;
    }
}

impl fmt::Display for Dependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, position)) in self.first.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{kind} at position {position}")?;
        }
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_snake_case() {
        let codes: BTreeSet<_> = Rejection::ALL.iter().map(|told| told.code).collect();
        assert_eq!(codes.len(), Rejection::ALL.len());
        for told in Rejection::ALL {
            let Told { code, rule, hint, .. } = told;
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(rule.is_none_or(|rule| rule.starts_with(['I', 'E', 'X', 'R'])), "{code}");
            assert!(!hint.is_empty() && !hint.ends_with('.'), "{code}");
            assert_eq!(facts(told.message), facts(told.message_zh), "{code}");
            for chinese in [told.message_zh, told.hint_zh] {
                assert!(!chinese.is_ascii() && !chinese.ends_with('。'), "{code}");
            }
        }
    }

    fn facts(message: &str) -> BTreeSet<&str> {
        let parts = message.split('{').skip(1).filter_map(|part| part.split_once('}'));
        parts.map(|(fact, _)| fact.trim_end_matches(":?")).collect()
    }

    #[test]
    fn messages_say_what_and_which() {
        let cny = "CNY".parse().expect("a currency");
        let rejection = Rejection::ItemOverdrawn {
            item: "INV-7".into(),
            open: Money::new(40_000, cny),
            what: "application",
            asked: Money::new(60_000, cny),
            on: "2024-02-20".parse().expect("a date"),
        };
        assert_eq!(
            rejection.to_string(),
            "open amount of item INV-7 is 400.00 CNY on 2024-02-20, the application asks 600.00 CNY"
        );
        assert_eq!((rejection.code(), rejection.rule()), ("item_overdrawn", Some("I-47")));
        assert_eq!(
            rejection.message_zh(),
            "应收项 INV-7 在 2024-02-20 的未清金额为 400.00 CNY，本次核销要求 600.00 CNY"
        );
        assert_eq!(rejection.fault(), Fault::Value("INV-7".into()));
        let missing = Rejection::Missing { what: "the day of signing" };
        assert_eq!(missing.message_zh(), "缺少签订日");
        assert_eq!(missing.fault(), Fault::Field("signed_on"));
        let mut by = Dependents::default();
        for position in 5..9 {
            by.push(Kind::ReceivableOpened, Position(position));
        }
        assert_eq!(
            Rejection::StoodOn { kind: Kind::ContractSigned, position: Position(4), by }
                .to_string(),
            "contract.signed at position 4 cannot be voided; it is needed by receivable.opened at \
             position 5, receivable.opened at position 6, receivable.opened at position 7 and 1 more"
        );
    }
}
