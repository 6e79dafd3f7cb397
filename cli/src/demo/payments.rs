//! Payments: in time, late, in parts or not at all; and what goes wrong with them.

use daybook_core::event::Section;
use daybook_core::event::receivable::{
    ApplicationMethod, BankRef, CreditApplied, CreditKind, ItemAmount, Payer, PaymentReceived,
    ReceivableDisputeChanged,
};
use daybook_core::id::{ApplicationId, CreditId, ItemId, ReceiptId, TextError};
use daybook_core::money::Money;
use daybook_core::time::Date;

use super::calendar::Moment;
use super::cast::{ACCOUNTANT, Tongue};
use super::pen::{Party, Pen, Told, text};

/// Tells how a debt that became known at `known` is paid.
pub(super) fn pay(
    pen: &mut Pen,
    party: &Party,
    item: &ItemId,
    amount: Money,
    due_on: Date,
    known: Moment,
) -> Told {
    let days = match pen.dice.below(100) {
        0..=54 => pen.dice.between(-5, 3),
        55..=82 => pen.dice.between(4, 48),
        83..=92 => return in_parts(pen, party, item, amount, due_on, known),
        93..=95 => return after_dispute(pen, party, item, amount, due_on, known),
        _ => return Ok(()),
    };
    pay_on(pen, party, item, amount, due_on.plus_days(days), known).map(|_| ())
}

/// Pays on a day, or the day after the debt became known when that is later.
fn pay_on(
    pen: &mut Pen,
    party: &Party,
    item: &ItemId,
    amount: Money,
    on: Date,
    known: Moment,
) -> Result<Option<Moment>, TextError> {
    let days = on.0.saturating_sub(known.day().0).max(1);
    let Some(moment) = known.later(&mut pen.dice, days, days + 1) else { return Ok(None) };
    let number = pen.number();
    let receipt: ReceiptId = text(&format!("RC-{number:04}"))?;
    let received = received(pen, party, receipt.clone(), amount, moment.day())?;
    pen.tell(moment, ACCOUNTANT, party, received)?;
    let Some(applied) = moment.later(&mut pen.dice, 0, 2) else { return Ok(None) };
    let application: ApplicationId = text(&format!("AP-{number:04}"))?;
    let lines = vec![ItemAmount { item: item.clone(), amount }];
    let credit = credit(party, application, text(receipt.as_str())?, lines);
    pen.tell(applied, ACCOUNTANT, party, credit)?;
    Ok(Some(applied))
}

/// Builds a payment with its line of the bank's statement.
pub(super) fn received(
    pen: &mut Pen,
    party: &Party,
    receipt: ReceiptId,
    amount: Money,
    value_on: Date,
) -> Result<PaymentReceived, TextError> {
    let line = pen.number();
    let (bank, method) = match party.card.tongue {
        Tongue::Chinese => ("ICBC-8866", pen.dice.pick(&["银行转账", "银行承兑汇票"])),
        Tongue::English => ("BOC-USD-21", "wire transfer"),
    };
    let account = match party.card.tongue {
        Tongue::Chinese => format!("6222{:04}{:08}", party.digits, pen.dice.below(99_999_999)),
        Tongue::English => format!("DE89{:04}{:08}", party.digits, pen.dice.below(99_999_999)),
    };
    Ok(PaymentReceived {
        receipt,
        amount,
        value_on,
        bank_account: Some(text(bank)?),
        bank_ref: Some(BankRef {
            bank: text(bank)?,
            statement: text(&value_on.to_string())?,
            line: text(&format!("{line:05}"))?,
        }),
        method: Some(text(method)?),
        legal_entity: Some(party.entity.clone()),
        unidentified: false,
        payer: Some(Section::Open(Payer {
            name: text(party.card.name)?,
            account: Some(text(&account)?),
        })),
    })
}

/// Builds the application of a receipt; for some customers to whatever has been due longest.
pub(super) fn credit(
    party: &Party,
    application: ApplicationId,
    credit: CreditId,
    lines: Vec<ItemAmount>,
) -> CreditApplied {
    let (method, lines) = if party.oldest_first {
        (ApplicationMethod::Fifo, Vec::new())
    } else {
        (ApplicationMethod::Explicit, lines)
    };
    CreditApplied {
        application,
        credit_kind: CreditKind::Receipt,
        credit,
        method,
        lines,
        effective_on: None,
        exchange: Vec::new(),
        approved_by: None,
        for_customer: None,
        paid_by: None,
        legal_entity: None,
    }
}

/// Two payments; the second sometimes never comes.
fn in_parts(
    pen: &mut Pen,
    party: &Party,
    item: &ItemId,
    amount: Money,
    due_on: Date,
    known: Moment,
) -> Told {
    let first = amount.minor * i64::from(pen.dice.between(20, 70)) / 100;
    let part = |minor| Money::new(minor, amount.currency);
    let days = pen.dice.between(-2, 20);
    let paid = pay_on(pen, party, item, part(first), due_on.plus_days(days), known)?;
    let Some(paid) = paid.filter(|_| pen.dice.chance(70)) else { return Ok(()) };
    let later = due_on.plus_days(days + pen.dice.between(15, 60));
    pay_on(pen, party, item, part(amount.minor - first), later, paid).map(|_| ())
}

/// A dispute that is settled and then paid.
fn after_dispute(
    pen: &mut Pen,
    party: &Party,
    item: &ItemId,
    amount: Money,
    due_on: Date,
    known: Moment,
) -> Told {
    let days = due_on.0.saturating_sub(known.day().0).max(1);
    let Some(moment) = known.later(&mut pen.dice, days, days + 12) else { return Ok(()) };
    dispute(pen, party, item, true, moment)?;
    let Some(settled) = moment.later(&mut pen.dice, 8, 40) else { return Ok(()) };
    dispute(pen, party, item, false, settled)?;
    let on = settled.day().plus_days(5);
    pay_on(pen, party, item, amount, on, settled).map(|_| ())
}

/// Tells that an item is disputed, or no longer.
pub(super) fn dispute(
    pen: &mut Pen,
    party: &Party,
    item: &ItemId,
    disputed: bool,
    moment: Moment,
) -> Told {
    let about = pen.dice.pick(&["quantity", "quality", "price"]);
    let changed = ReceivableDisputeChanged {
        item: item.clone(),
        disputed,
        dispute: if disputed { Some(text(about)?) } else { None },
    };
    let why = match (disputed, party.card.tongue) {
        (true, Tongue::Chinese) => "客户对数量有异议,核对中",
        (true, Tongue::English) => "the customer questions the amount; being checked",
        (false, Tongue::Chinese) => "双方核对一致,争议解除",
        (false, Tongue::English) => "checked and agreed by both sides",
    };
    pen.tell_why(moment, ACCOUNTANT, party, why, changed)
}
