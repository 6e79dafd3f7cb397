//! Lines about the receivables account.

use daybook_core::event::receivable::{
    ApplicationReversed, CreditApplied, InvoiceIssued, PaymentReceived, PaymentReversed,
    ReceivableDisputeChanged, ReceivableOpened, common_currency,
};
use daybook_core::money::Money;

use super::Summary;

pub(super) fn opened(body: &ReceivableOpened) -> Summary {
    let (item, amount, due) = (&body.item, body.amount, body.due_on);
    Summary::new(
        format!("receivable {item} of {amount} opened, due {due}"),
        format!("应收 {item}：{amount}，到期 {due}"),
    )
}

pub(super) fn invoice(body: &InvoiceIssued) -> Summary {
    let invoice = &body.invoice;
    Summary::new(format!("invoice {invoice} issued"), format!("开票 {invoice}"))
        .and(Some(body.total))
}

pub(super) fn payment(body: &PaymentReceived) -> Summary {
    let (receipt, amount) = (&body.receipt, body.amount);
    Summary::new(
        format!("payment {receipt} of {amount} received"),
        format!("回款 {receipt}：{amount}"),
    )
    .and(body.method.as_ref())
}

pub(super) fn payment_reversed(body: &PaymentReversed) -> Summary {
    let (receipt, kind) = (&body.receipt, body.kind);
    let why = kind.as_str().replace('_', " ");
    Summary::new(
        format!("payment {receipt} reversed: {why}"),
        format!("冲销回款 {receipt}：{}", kind.label_zh()),
    )
}

pub(super) fn applied(body: &CreditApplied) -> Summary {
    let items: Vec<&str> = body.lines.iter().map(|line| line.item.as_str()).collect();
    let (receipt, en, zh) = (&body.receipt, items.join(", "), items.join("、"));
    Summary::new(format!("payment {receipt} applied to {en}"), format!("回款 {receipt} 核销 {zh}"))
        .and(total(body.lines.iter().map(|line| &line.amount)))
}

fn total<'a>(amounts: impl Iterator<Item = &'a Money> + Clone) -> Option<Money> {
    let currency = common_currency(amounts.clone())?;
    amounts.copied().try_fold(Money::new(0, currency), |sum, amount| sum.checked_add(amount).ok())
}

pub(super) fn application_reversed(body: &ApplicationReversed) -> Summary {
    let application = &body.application;
    Summary::new(format!("application {application} reversed"), format!("撤销核销 {application}"))
}

pub(super) fn dispute(body: &ReceivableDisputeChanged) -> Summary {
    let item = &body.item;
    let (en, zh) =
        if body.disputed { ("disputed", "有争议") } else { ("undisputed", "争议解除") };
    Summary::new(format!("receivable {item} {en}"), format!("应收 {item} {zh}"))
        .and(body.dispute.as_ref())
}
