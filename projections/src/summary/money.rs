//! Lines about the receivables account.

use daybook_core::event::confirmation::BalanceConfirmed;
use daybook_core::event::credit::{CreditNoteIssued, ReceivableWrittenOff, RefundPaid};
use daybook_core::event::dunning::DunningNoticeSent;
use daybook_core::event::receivable::{
    ApplicationReversed, CreditApplied, CreditKind, IdentificationStep, InvoiceIssued,
    InvoiceVoided, PaymentReceived, PaymentReversed, ReceiptIdentified, ReceivableDisputeChanged,
    ReceivableOpened, ReceivableRescheduled, common_currency,
};
use daybook_core::money::Money;

use super::Summary;

pub(super) fn opened(body: &ReceivableOpened) -> Summary {
    let (item, amount) = (&body.item, body.amount);
    let due = body.due_on.unwrap_or(body.document_on);
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
    let (credit, en, zh) = (&body.credit, items.join(", "), items.join("、"));
    let (en, zh) = match body.credit_kind {
        CreditKind::Receipt => {
            (format!("payment {credit} applied to {en}"), format!("回款 {credit} 核销 {zh}"))
        }
        CreditKind::CreditNote => {
            (format!("credit note {credit} applied to {en}"), format!("贷项 {credit} 核销 {zh}"))
        }
        CreditKind::WriteOff => {
            (format!("write-off {credit} applied to {en}"), format!("坏账 {credit} 冲减 {zh}"))
        }
        CreditKind::Discount => (format!("discount on {en}"), format!("折扣冲减 {zh}")),
        CreditKind::Exchange => {
            (format!("exchange difference on {en}"), format!("汇兑差额冲减 {zh}"))
        }
    };
    Summary::new(en, zh).and(total(body.lines.iter().map(|line| &line.amount)))
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

pub(super) fn rescheduled(body: &ReceivableRescheduled) -> Summary {
    let (item, due) = (&body.item, body.new_due_on);
    let from = body.old_due_on.map(|old| old.to_string()).unwrap_or_default();
    Summary::new(
        format!("receivable {item} now due {due} instead of {from}"),
        format!("应收 {item} 改期：{from} 改为 {due}"),
    )
}

pub(super) fn invoice_voided(body: &InvoiceVoided) -> Summary {
    let (invoice, red_letter) = (&body.invoice, &body.red_letter);
    Summary::new(
        format!("invoice {invoice} voided by red-letter invoice {red_letter}"),
        format!("发票 {invoice} 已红冲，红字发票 {red_letter}"),
    )
    .and(body.total)
}

pub(super) fn credit_note(body: &CreditNoteIssued) -> Summary {
    let (note, amount) = (&body.credit_note, body.amount);
    let against = body.against.as_ref();
    let (en, zh) = match against {
        Some(item) => (format!(" against {item}"), format!("，对应 {item}")),
        None => Default::default(),
    };
    Summary::new(
        format!("credit note {note} of {amount} issued{en}"),
        format!("贷项 {note}：{amount}{zh}"),
    )
    .and(body.cause.as_ref())
}

pub(super) fn written_off(body: &ReceivableWrittenOff) -> Summary {
    let (item, amount) = (&body.item, body.amount);
    Summary::new(
        format!("{amount} of receivable {item} written off"),
        format!("应收 {item} 核销坏账 {amount}"),
    )
}

pub(super) fn refund(body: &RefundPaid) -> Summary {
    let (refund, credit, amount) = (&body.refund, &body.credit, body.amount);
    Summary::new(
        format!("refund {refund} of {amount} paid from {credit}"),
        format!("退款 {refund}：{amount}，出自 {credit}"),
    )
    .and(body.method.as_ref())
}

pub(super) fn notice(body: &DunningNoticeSent) -> Summary {
    let (notice, count, level) = (&body.notice, body.items.len(), body.level.unwrap_or(1));
    let plural = if count == 1 { "" } else { "s" };
    Summary::new(
        format!("dunning notice {notice} of level {level} sent over {count} item{plural}"),
        format!("催款 {notice}：第 {level} 级，{count} 笔"),
    )
    .and(total(body.items.iter().filter_map(|line| line.open.as_ref())))
    .and(body.channel.as_ref())
}

pub(super) fn identified(body: &ReceiptIdentified) -> Summary {
    let (suspense, receipt, customer) = (&body.suspense, &body.receipt, &body.belongs_to);
    let (en, zh) = match body.step {
        Some(IdentificationStep::Arrives) => (
            format!("payment {suspense} identified, now receipt {receipt}"),
            format!("认领回款 {suspense}，记为 {receipt}"),
        ),
        Some(IdentificationStep::Returns) => (
            format!("receipt {receipt} was not {customer}'s, back in suspense as {suspense}"),
            format!("回款 {receipt} 不属于 {customer}，退回待认领 {suspense}"),
        ),
        Some(IdentificationStep::Leaves) | None => (
            format!("payment {suspense} identified as {customer}'s"),
            format!("回款 {suspense} 由 {customer} 认领"),
        ),
    };
    Summary::new(en, zh).and(body.amount)
}

pub(super) fn confirmed(body: &BalanceConfirmed) -> Summary {
    let (id, on) = (&body.confirmation, body.confirmed_on);
    let otherwise = body.said.filter(|said| body.balance != Some(*said));
    let (en, zh) = match otherwise {
        Some(said) => (format!(", the customer says {said}"), format!("，客户称 {said}")),
        None => Default::default(),
    };
    let balance = body.balance.map(|balance| balance.to_string()).unwrap_or_default();
    Summary::new(
        format!("balance of {on} confirmed as {balance} ({id}){en}"),
        format!("{on} 余额对账 {balance}（{id}）{zh}"),
    )
}
