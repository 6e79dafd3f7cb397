//! The Chinese of values that options list. Those of the domain come from its own lists.

use daybook_core::event::assignment::AssignedFamily;
use daybook_core::event::commitment::{CommitmentOutcome, PromiseMedium, Promiser};
use daybook_core::event::complaint::{ComplaintKind, ComplaintSubject, Severity};
use daybook_core::event::customer::{CustomerKind, CustomerSource};
use daybook_core::event::interaction::{InteractionChannel, Verdict};
use daybook_core::event::organisation::UserStatus;
use daybook_core::event::receivable::{CreditKind, ItemSource, ReversalKind};
use daybook_core::event::share::Right;
use daybook_core::event::task::{TaskOutcome, TaskPriority};
use daybook_core::event::terms::{InvestmentKind, InvestmentPurpose};

/// Values that are the command's own.
const OWN: &[(&str, &str)] = &[
    ("all", "全部"),
    ("created", "期间内建立的"),
    ("entered", "期间内首次进入各阶段的"),
    ("active", "期间内处于各阶段的"),
    ("closed", "期间内赢单或丢单的"),
    ("charged", "应收"),
    ("collected", "已收"),
    ("credited", "冲减"),
    ("written-off", "坏账"),
    ("overdue", "逾期"),
    ("unapplied", "未核销"),
    ("counted", "全部计入的"),
    ("open", "未结束的"),
    ("won", "赢单的"),
    ("lost", "丢单的"),
    ("here", "当前在此阶段的"),
    ("reached", "到达此阶段的"),
    ("visited", "实际经过此阶段的"),
    ("went-on", "由此继续的"),
    ("went-back", "到达此阶段并曾回退的"),
    ("owner", "负责人"),
    ("source", "来源"),
    ("product", "产品"),
    ("reason", "丢单原因"),
    ("opened-month", "建立的月份"),
    ("closed-month", "结束的月份"),
    ("due", "到期日"),
    ("first-due", "最初的到期日"),
    ("document", "单据日"),
    ("en", "英文"),
    ("zh", "中文"),
    ("text", "一行一次调用，供人阅读"),
    ("json", "一次调用一份 JSON，供程序读取"),
    ("off", "不记录"),
    ("auto", "在终端上"),
    ("always", "总是"),
    ("never", "从不"),
    ("jsonl", "JSON 行"),
    ("csv", "CSV 表"),
    ("xlsx", "Excel 工作簿"),
    ("bash", "Bash"),
    ("elvish", "Elvish"),
    ("fish", "Fish"),
    ("powershell", "PowerShell"),
    ("zsh", "Zsh"),
];

/// Returns what a value means, whatever list it is of.
pub fn value(name: &str) -> Option<&'static str> {
    value_of(&[name], name)
}

/// Returns what a value means among the values it is listed with.
pub fn value_of(listed: &[&str], name: &str) -> Option<&'static str> {
    macro_rules! of {
        ($($list:ty),*) => {
            $( if listed.iter().all(|value| <$list>::ALL.iter().any(|o| o.as_str() == *value)) {
                let option = <$list>::ALL.iter().find(|option| option.as_str() == name);
                return option.map(|option| option.label_zh());
            } )*
        };
    }
    of!(
        CustomerKind,
        CustomerSource,
        ComplaintKind,
        ComplaintSubject,
        Severity,
        Verdict,
        ItemSource,
        CreditKind,
        ReversalKind,
        InteractionChannel,
        AssignedFamily,
        UserStatus,
        Right,
        TaskPriority,
        TaskOutcome,
        Promiser,
        PromiseMedium,
        CommitmentOutcome,
        InvestmentKind,
        InvestmentPurpose
    );
    OWN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}
