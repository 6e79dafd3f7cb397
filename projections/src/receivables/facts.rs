//! What each event leaves in the receivables view.

use chrono_tz::Tz;
use daybook_core::event::contract::{ContractAmended, ContractClosed, ContractSigned};
use daybook_core::event::credit::{CreditNoteIssued, RefundPaid};
use daybook_core::event::dunning::DunningNoticeSent;
use daybook_core::event::receivable::{
    ApplicationReversed, CreditApplied, CreditKind, IdentificationStep, ItemSource,
    PaymentReceived, ReceiptIdentified, ReceivableOpened,
};
use daybook_core::event::{Body, Event};
use daybook_core::id::LegalEntity;
use daybook_core::time::Date;

use crate::amounts::unit_of;
use crate::engine::{Fact, Facts, Key};

/// What kind of thing a key names.
pub mod space {
    /// An item.
    pub const ITEM: u8 = 1;
    /// A receipt.
    pub const RECEIPT: u8 = 2;
    /// A credit note.
    pub const CREDIT_NOTE: u8 = 3;
    /// A write-off, discount or difference of exchange: a credit without an amount of its own.
    pub const GIFT: u8 = 4;
    /// An application.
    pub const APPLICATION: u8 = 5;
    /// A contract.
    pub const CONTRACT: u8 = 6;
    /// A legal entity.
    pub const ENTITY: u8 = crate::engine::WORDS_FROM;
    /// A dunning notice.
    pub const NOTICE: u8 = 8;
    /// A refund.
    pub const REFUND: u8 = 9;
}

/// What a fact of this view says. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Said {
    /// Item `subject` of entity `object` was opened over `value` in currency `unit`.
    Opened = 1,
    /// Item `subject` is due on day `value`; said with the opening, it is the original due day.
    Due = 2,
    /// Item `subject` is of contract `object`, its instalment `value`, opened by source `unit`.
    Origin = 3,
    /// Item `subject` changed by `value`, by an amendment of contract `object`.
    Amended = 4,
    /// Item `subject` is disputed (1) or no longer (0).
    Disputed = 5,
    /// `value` in currency `unit` came in as receipt `subject` of entity `object`.
    Received = 6,
    /// Receipt `subject` counts no more.
    Reversed = 7,
    /// `value` of credit `subject` was paid back as refund `object`.
    Refunded = 8,
    /// `value` of item `subject` was settled by application `object`, of credit kind `unit`.
    Applied = 9,
    /// Application `subject` took `value` of credit `object`, of credit kind `unit`.
    Used = 10,
    /// `value` of item `subject` is owed again: application `object` was reversed.
    Unapplied = 11,
    /// Application `subject` gave `value` back to its credit.
    Returned = 12,
    /// The customer was reminded of item `subject` by notice `object` at level `value`.
    Dunned = 13,
    /// Contract `subject` of entity `object` amounts to `value` more in currency `unit`.
    Contracted = 14,
    /// Contract `subject` ended.
    Ended = 15,
    /// Credit note `subject` of entity `object` was issued over `value` in currency `unit`.
    Noted = 16,
}

impl Said {
    const ALL: &'static [Said] = &[
        Said::Opened,
        Said::Due,
        Said::Origin,
        Said::Amended,
        Said::Disputed,
        Said::Received,
        Said::Reversed,
        Said::Refunded,
        Said::Applied,
        Said::Used,
        Said::Unapplied,
        Said::Returned,
        Said::Dunned,
        Said::Contracted,
        Said::Ended,
        Said::Noted,
    ];

    /// Returns what a stored number says.
    pub fn from_number(number: u8) -> Option<Said> {
        Said::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// Marks the kind of credit of an application whose items are another customer's.
pub const FOR_ANOTHER: u32 = 16;
/// Marks the kind of credit of an application whose credit is another customer's.
pub const BY_ANOTHER: u32 = 32;
/// What is left of a marked kind of credit without its marks.
pub const KIND_MASK: u32 = 15;

/// Returns the place of a kind of credit in its list, as it is stored.
pub const fn kind_number(kind: CreditKind) -> u32 {
    match kind {
        CreditKind::Receipt => 0,
        CreditKind::CreditNote => 1,
        CreditKind::WriteOff => 2,
        CreditKind::Discount => 3,
        CreditKind::Exchange => 4,
    }
}

const fn source_number(source: ItemSource) -> u32 {
    match source {
        ItemSource::ContractInstalment => 0,
        ItemSource::Invoice => 1,
        ItemSource::ServiceCharge => 2,
        ItemSource::DunningFee => 3,
        ItemSource::OpeningBalance => 4,
    }
}

/// Returns the source a stored number stands for.
pub fn source_of(number: u32) -> Option<ItemSource> {
    ItemSource::ALL.iter().copied().find(|source| source_number(*source) == number)
}

const fn credit_space(kind: CreditKind) -> u8 {
    match kind {
        CreditKind::Receipt => space::RECEIPT,
        CreditKind::CreditNote => space::CREDIT_NOTE,
        CreditKind::WriteOff | CreditKind::Discount | CreditKind::Exchange => space::GIFT,
    }
}

const fn item(name: &str) -> Key<'_> {
    Key { space: space::ITEM, name }
}

const fn application(name: &str) -> Key<'_> {
    Key { space: space::APPLICATION, name }
}

fn entity(entity: Option<&LegalEntity>) -> Key<'_> {
    entity.map_or(Key::NONE, |entity| Key { space: space::ENTITY, name: entity.as_str() })
}

/// Adds one fact.
fn say(
    facts: &mut Facts<'_>,
    said: Said,
    on: Date,
    (subject, object): (Key<'_>, Key<'_>),
    unit: u32,
    value: i64,
) {
    let on = i64::from(on.0);
    facts.add(Fact { kind: said as u8, subject, object, unit, on, value });
}

/// Takes the facts of one event.
pub fn fold(event: &Event, zone: Tz, facts: &mut Facts<'_>) {
    let today = event.envelope.effective_at.date_in(zone);
    match &event.body {
        Body::ReceivableOpened(opened) => open(opened, facts),
        Body::ReceivableRescheduled(moved) => {
            let about = (item(moved.item.as_str()), Key::NONE);
            say(facts, Said::Due, today, about, 1, moved.new_due_on.0.into());
        }
        Body::ReceivableDisputeChanged(change) => {
            let about = (item(change.item.as_str()), Key::NONE);
            say(facts, Said::Disputed, today, about, 0, change.disputed.into());
        }
        Body::PaymentReceived(payment) => receive(payment, facts),
        Body::ReceiptIdentified(identified) => identify(identified, facts),
        Body::PaymentReversed(reversed) => {
            let receipt = Key { space: space::RECEIPT, name: reversed.receipt.as_str() };
            say(facts, Said::Reversed, reversed.effective_on, (receipt, Key::NONE), 0, 0);
        }
        Body::CreditNoteIssued(note) => issue_credit_note(note, facts),
        Body::RefundPaid(refund) => pay_back(refund, facts),
        Body::CreditApplied(applied) => apply(applied, today, facts),
        Body::ApplicationReversed(reversed) => unapply(reversed, today, facts),
        Body::DunningNoticeSent(notice) => remind(notice, facts),
        Body::ContractSigned(contract) => sign(contract, facts),
        Body::ContractAmended(amended) => amend(amended, facts),
        Body::ContractClosed(closed) => end(closed, facts),
        _ => {}
    }
}

fn open(opened: &ReceivableOpened, facts: &mut Facts<'_>) {
    let id = item(opened.item.as_str());
    let on = opened.document_on;
    let amount = opened.amount;
    let ours = entity(opened.legal_entity.as_ref());
    say(facts, Said::Opened, on, (id, ours), unit_of(amount.currency), amount.minor);
    say(facts, Said::Due, on, (id, Key::NONE), 0, opened.due_on.unwrap_or(on).0.into());
    let contract = opened.contract.as_ref();
    let contract = contract
        .map_or(Key::NONE, |contract| Key { space: space::CONTRACT, name: contract.as_str() });
    let instalment = i64::from(opened.instalment.unwrap_or(0));
    say(facts, Said::Origin, on, (id, contract), source_number(opened.source), instalment);
}

fn receive(payment: &PaymentReceived, facts: &mut Facts<'_>) {
    let receipt = Key { space: space::RECEIPT, name: payment.receipt.as_str() };
    let about = (receipt, entity(payment.legal_entity.as_ref()));
    let amount = payment.amount;
    let unit = unit_of(amount.currency);
    say(facts, Said::Received, payment.value_on, about, unit, amount.minor);
}

/// What was in suspense is the customer's receipt from its own value day on.
fn identify(identified: &ReceiptIdentified, facts: &mut Facts<'_>) {
    let arrived = identified.step == Some(IdentificationStep::Arrives);
    let (Some(amount), Some(on)) = (identified.amount.filter(|_| arrived), identified.value_on)
    else {
        return;
    };
    let receipt = Key { space: space::RECEIPT, name: identified.receipt.as_str() };
    let about = (receipt, entity(identified.legal_entity.as_ref()));
    say(facts, Said::Received, on, about, unit_of(amount.currency), amount.minor);
}

fn issue_credit_note(note: &CreditNoteIssued, facts: &mut Facts<'_>) {
    let id = Key { space: space::CREDIT_NOTE, name: note.credit_note.as_str() };
    let about = (id, entity(note.legal_entity.as_ref()));
    let unit = unit_of(note.amount.currency);
    say(facts, Said::Noted, note.issued_on, about, unit, note.amount.minor);
}

fn pay_back(refund: &RefundPaid, facts: &mut Facts<'_>) {
    let space = credit_space(refund.credit_kind);
    let credit = Key { space, name: refund.credit.as_str() };
    let id = Key { space: space::REFUND, name: refund.refund.as_str() };
    let unit = unit_of(refund.amount.currency);
    say(facts, Said::Refunded, refund.value_on, (credit, id), unit, refund.amount.minor);
}

fn apply(applied: &CreditApplied, today: Date, facts: &mut Facts<'_>) {
    let on = applied.effective_on.unwrap_or(today);
    let (id, kind) = (application(applied.application.as_str()), kind_number(applied.credit_kind));
    let credit = Key { space: credit_space(applied.credit_kind), name: applied.credit.as_str() };
    let sum = applied.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.amount.minor));
    if applied.for_customer.is_some() {
        // The items are another customer's; only the credit is ours.
        say(facts, Said::Used, on, (id, credit), kind | FOR_ANOTHER, sum);
        return;
    }
    let by_another = applied.paid_by.is_some();
    let (credit, kind) = if by_another { (Key::NONE, kind | BY_ANOTHER) } else { (credit, kind) };
    say(facts, Said::Used, on, (id, credit), kind, sum);
    for line in &applied.lines {
        let about = (item(line.item.as_str()), id);
        say(facts, Said::Applied, on, about, kind, line.amount.minor);
    }
}

fn unapply(reversed: &ApplicationReversed, today: Date, facts: &mut Facts<'_>) {
    let on = reversed.effective_on.unwrap_or(today);
    let id = application(reversed.application.as_str());
    let sum = reversed.lines.iter().fold(0i64, |sum, line| sum.saturating_add(line.amount.minor));
    say(facts, Said::Returned, on, (id, Key::NONE), 0, sum);
    for line in &reversed.lines {
        let about = (item(line.item.as_str()), id);
        say(facts, Said::Unapplied, on, about, 0, line.amount.minor);
    }
}

fn remind(notice: &DunningNoticeSent, facts: &mut Facts<'_>) {
    let id = Key { space: space::NOTICE, name: notice.notice.as_str() };
    for line in &notice.items {
        let about = (item(line.item.as_str()), id);
        let level = i64::from(line.level.unwrap_or(1));
        say(facts, Said::Dunned, notice.sent_on, about, 0, level);
    }
}

fn sign(contract: &ContractSigned, facts: &mut Facts<'_>) {
    let id = Key { space: space::CONTRACT, name: contract.contract.as_str() };
    let about = (id, entity(contract.legal_entity.as_ref()));
    let unit = unit_of(contract.total.currency);
    say(facts, Said::Contracted, contract.signed_on, about, unit, contract.total.minor);
}

fn amend(amended: &ContractAmended, facts: &mut Facts<'_>) {
    let on = amended.amended_on;
    let id = Key { space: space::CONTRACT, name: amended.contract.as_str() };
    let unit = unit_of(amended.total_change.currency);
    say(facts, Said::Contracted, on, (id, Key::NONE), unit, amended.total_change.minor);
    for change in &amended.instalments {
        let (Some(name), Some(old)) = (&change.item, change.old_amount) else { continue };
        let by = change.amount.minor.saturating_sub(old.minor);
        say(facts, Said::Amended, on, (item(name.as_str()), id), 0, by);
    }
}

fn end(closed: &ContractClosed, facts: &mut Facts<'_>) {
    let id = Key { space: space::CONTRACT, name: closed.contract.as_str() };
    say(facts, Said::Ended, closed.closed_on, (id, Key::NONE), 0, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back_as_what_they_say() {
        for said in Said::ALL {
            assert_eq!(Said::from_number(*said as u8), Some(*said));
        }
        assert_eq!((Said::from_number(0), Said::from_number(17)), (None, None));
        for source in ItemSource::ALL {
            assert_eq!(source_of(source_number(*source)), Some(*source));
        }
    }
}
