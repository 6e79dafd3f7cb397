//! Lines about what is agreed with a customer, put into it, and promised.

use daybook_core::event::commitment::{CommitmentMade, CommitmentSettled};
use daybook_core::event::terms::{CreditLimitSet, CustomerInvestmentRecorded, CustomerTermsSet};

use super::{Summary, words};

pub(super) fn terms(body: &CustomerTermsSet) -> Summary {
    let from = body.valid_from;
    let summary =
        Summary::new(format!("terms agreed from {from} on"), format!("自 {from} 起的条款已约定"));
    match &body.payment {
        Some(payment) => {
            let days = payment.net_days;
            let parts = Summary::new(format!("{days} days"), format!("账期 {days} 天"));
            Summary::new(
                format!("{}, {}", summary.en, parts.en),
                format!("{}，{}", summary.zh, parts.zh),
            )
        }
        None => summary,
    }
}

pub(super) fn limit(body: &CreditLimitSet) -> Summary {
    let limit = body.limit;
    let (en, zh) = if body.hold { (" and put on hold", "，并暂停赊销") } else { ("", "") };
    Summary::new(format!("credit limit set to {limit}{en}"), format!("信用额度 {limit}{zh}"))
        .and(body.basis.as_ref())
}

pub(super) fn investment(body: &CustomerInvestmentRecorded) -> Summary {
    let kind = body.kind.as_str().replace('_', " ");
    Summary::new(format!("{kind} recorded"), format!("投入：{}", body.kind.label_zh()))
        .and(Some(body.amount))
}

pub(super) fn promised(body: &CommitmentMade) -> Summary {
    let id = &body.commitment;
    let due = body.due_at.map(|at| at.to_string()).unwrap_or_default();
    let by = body.by;
    Summary::new(
        format!("commitment {id} made by {by}, due {due}"),
        format!("{}承诺 {id}，期限 {due}", by.label_zh()),
    )
    .saying(words(Some(&body.promise), |promise| Some(promise.what.to_string())))
}

pub(super) fn settled(body: &CommitmentSettled) -> Summary {
    let (id, outcome) = (&body.commitment, body.outcome);
    Summary::new(
        format!("commitment {id} settled: {outcome}"),
        format!("承诺 {id}：{}", outcome.label_zh()),
    )
}
