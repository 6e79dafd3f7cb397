//! Decisions about credits: what can be applied to items, and E45, E50, E51.
//!
//! Receipts and credit notes are credits with an amount that applications and refunds take from.
//! A write-off is applied once, in whole, in the batch that records it; a discount and a difference
//! of exchange are applications without a document before them. Invariant: whatever lessens an item
//! is an application (E48), so that what is open is one sum.

use super::application::Application;
use super::movements::Movements;
use super::receivable::{Item, Receipt};
use super::{Context, Decide, Draft, Rejection};
use crate::event::credit::{CreditNoteIssued, ReceivableWrittenOff, RefundPaid};
use crate::event::receivable::{ApplicationMethod, BankRef, CreditApplied, CreditKind, ItemAmount};
use crate::event::{Body, Envelope};
use crate::id::{ApplicationId, ItemId, LegalEntity};
use crate::money::{Currency, Money};
use crate::time::Date;

/// How much a credit is, and what was taken of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// How much, in minor units.
    pub minor: i64,
    /// The currency.
    pub currency: Currency,
    /// The day it counts from.
    pub counts_from: Date,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
    /// What applications and refunds take of it, by day.
    pub used: Movements,
    /// How much of that refunds take, in minor units.
    pub refunded: i64,
    /// The applications that count.
    pub applications: Vec<ApplicationId>,
}

impl Credit {
    /// Builds a credit of which nothing was taken.
    pub fn new(amount: Money, counts_from: Date, legal_entity: Option<LegalEntity>) -> Self {
        Credit {
            minor: amount.minor,
            currency: amount.currency,
            counts_from,
            legal_entity,
            used: Movements::default(),
            refunded: 0,
            applications: Vec::new(),
        }
    }

    /// Builds an amount in the credit's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    /// Returns the least amount that is unapplied on any day from `from` on, and that day.
    pub fn unapplied_from(&self, from: Date) -> (Date, Money) {
        let (day, used) = self.used.peak_from(from);
        (day, self.money(self.minor.saturating_sub(used)))
    }

    /// Returns what is unapplied at the end of a day, as now known; nothing before it counts.
    pub fn unapplied_on(&self, on: Date) -> Money {
        let counts = on >= self.counts_from;
        self.money(if counts { self.minor.saturating_sub(self.used.sum_on(on)) } else { 0 })
    }
}

/// What decisions know of one credit note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditNote {
    /// How much, and what was taken of it.
    pub credit: Credit,
}

/// What decisions know of one write-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOff {
    /// The item.
    pub item: ItemId,
    /// How much.
    pub amount: Money,
    /// The day it counts from.
    pub on: Date,
    /// Whether it was applied; it is applied once.
    pub applied: bool,
}

/// What decisions know of one refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    /// The bank's line.
    pub bank_ref: Option<Box<BankRef>>,
}

impl Refund {
    /// Tells whether the refund stands for this line of a bank statement.
    pub fn holds(&self, line: &BankRef) -> bool {
        self.bank_ref.as_deref() == Some(line)
    }
}

/// Finds a receipt that counts or a credit note.
///
/// # Errors
/// A [`Rejection`] when it is not there, is reversed, or the kind has no amount to take from.
pub(super) fn credit_of<'s>(
    state: &'s Draft<'_>,
    kind: CreditKind,
    id: &str,
) -> Result<&'s Credit, Rejection> {
    match kind {
        CreditKind::Receipt => {
            let receipt = super::require::<Receipt>(state, "receipt", id)?;
            if receipt.reversed {
                return Err(Rejection::ReceiptReversed { receipt: id.into() });
            }
            Ok(&receipt.credit)
        }
        CreditKind::CreditNote => {
            super::require::<CreditNote>(state, "credit note", id).map(|note| &note.credit)
        }
        CreditKind::WriteOff | CreditKind::Discount | CreditKind::Exchange => {
            Err(Rejection::CreditHoldsNothing { kind: kind.as_str(), credit: id.into() })
        }
    }
}

/// Returns a receipt's or credit note's credit for change.
pub(super) fn credit_mut<'s>(
    state: &'s mut Draft<'_>,
    kind: CreditKind,
    id: &str,
) -> Option<&'s mut Credit> {
    match kind {
        CreditKind::Receipt => state.get_mut::<Receipt>(id).map(|receipt| &mut receipt.credit),
        CreditKind::CreditNote => state.get_mut::<CreditNote>(id).map(|note| &mut note.credit),
        CreditKind::WriteOff | CreditKind::Discount | CreditKind::Exchange => None,
    }
}

/// Refuses to give up more than the tolerance without approval (rules R13, R14).
pub(super) fn require_approval(
    what: &'static str,
    amount: Money,
    tolerance: Option<Money>,
    approved: bool,
) -> Result<(), Rejection> {
    let within = tolerance.is_some_and(|tolerance| amount.minor <= tolerance.minor);
    if approved || within {
        return Ok(());
    }
    let tolerance = tolerance.unwrap_or(Money::new(0, amount.currency));
    Err(Rejection::ApprovalMissing { what, amount, tolerance })
}

impl Decide for CreditNoteIssued {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.credit_note.is_empty() {
            self.credit_note = super::next_id::<CreditNote, _>(state, "credit note", "CN")?;
        }
        if self.legal_entity.is_none() {
            let against = self.against.as_ref().and_then(|id| state.get::<Item>(id.as_str()));
            let items = against.and_then(|item| item.legal_entity.clone());
            self.legal_entity = items.or_else(|| context.book.legal_entities.first().cloned());
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.credit_note.as_str();
        super::refuse_taken::<CreditNote>(state, "credit note", id)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        super::require_positive("the credit note", self.amount)?;
        if let Some(against) = &self.against {
            let item = super::require::<Item>(state, "receivable item", against.as_str())?;
            super::require_currency("the credit note", item.currency, self.amount)?;
            if item.legal_entity != self.legal_entity {
                let (item, credit) = (against.as_str().into(), id.into());
                return Err(Rejection::LegalEntityDiffers { item, what: "credit note", credit });
            }
        }
        context.refuse_future_day("the credit note's day", self.issued_on)?;
        context.require_reason("a credit note")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let credit = Credit::new(self.amount, self.issued_on, self.legal_entity.clone());
        state.insert(self.credit_note.as_str(), CreditNote { credit });
    }

    /// Settles what is open of the item it was issued against.
    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let Some(against) = &self.against else { return Ok(Vec::new()) };
        let item = super::require::<Item>(state, "receivable item", against.as_str())?;
        let on = self.issued_on.max(item.document_on);
        let (_, open) = item.open_from(on);
        let minor = open.minor.min(self.amount.minor);
        if minor <= 0 {
            return Ok(Vec::new());
        }
        let line = ItemAmount { item: against.clone(), amount: item.money(minor) };
        let credit = self.credit_note.as_str();
        Ok(vec![applied(state, CreditKind::CreditNote, credit, line, on)?])
    }
}

/// Builds the application that follows from a credit document. It is known by the document's id
/// unless another application is.
fn applied(
    state: &Draft<'_>,
    kind: CreditKind,
    id: &str,
    line: ItemAmount,
    on: Date,
) -> Result<Body, Rejection> {
    let application = match state.get::<Application>(id) {
        None => super::composed("the application's id", id)?,
        Some(_) => ApplicationId::default(),
    };
    Ok(Body::from(CreditApplied {
        application,
        credit_kind: kind,
        credit: super::composed("the credit's id", id)?,
        method: ApplicationMethod::Explicit,
        lines: vec![line],
        effective_on: Some(on),
        exchange: Vec::new(),
        approved_by: None,
        for_customer: None,
        paid_by: None,
        legal_entity: None,
    }))
}

impl Decide for ReceivableWrittenOff {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.write_off.is_empty() {
            self.write_off = super::next_id::<WriteOff, _>(state, "write-off", "W")?;
        }
        if self.tolerance.is_none() {
            self.tolerance = context.book.tolerance(self.amount.currency);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<WriteOff>(state, "write-off", self.write_off.as_str())?;
        let id = self.item.as_str();
        let item = super::require::<Item>(state, "receivable item", id)?;
        super::require_positive("the write-off", self.amount)?;
        super::require_currency("the write-off", item.currency, self.amount)?;
        if let Some(tolerance) = self.tolerance {
            super::require_currency("the tolerance", item.currency, tolerance)?;
        }
        let approved = self.approved_by.is_some();
        require_approval("a write-off", self.amount, self.tolerance, approved)?;
        context.refuse_future_day("the day of the write-off", self.written_off_on)?;
        if self.written_off_on < item.document_on {
            let (effective_on, earliest) = (self.written_off_on, item.document_on);
            return Err(Rejection::ApplicationBeforeDocument { effective_on, earliest });
        }
        let (on, open) = item.open_from(self.written_off_on);
        if self.amount.minor > open.minor {
            let (what, asked) = ("write-off", self.amount);
            return Err(Rejection::ItemOverdrawn { item: id.into(), open, what, asked, on });
        }
        context.require_reason("a write-off")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let write_off = WriteOff {
            item: self.item.clone(),
            amount: self.amount,
            on: self.written_off_on,
            applied: false,
        };
        state.insert(self.write_off.as_str(), write_off);
    }

    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let line = ItemAmount { item: self.item.clone(), amount: self.amount };
        let id = self.write_off.as_str();
        Ok(vec![applied(state, CreditKind::WriteOff, id, line, self.written_off_on)?])
    }
}

impl Decide for RefundPaid {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.refund.is_empty() {
            self.refund = super::next_id::<Refund, _>(state, "refund", "RF")?;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Refund>(state, "refund", self.refund.as_str())?;
        let credit = credit_of(state, self.credit_kind, self.credit.as_str())?;
        super::require_positive("the refund", self.amount)?;
        super::require_currency("the refund", credit.currency, self.amount)?;
        let what = "the day the refund counts from";
        if self.value_on < credit.counts_from {
            let (date, earliest) = (self.value_on, credit.counts_from);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        let (on, unapplied) = credit.unapplied_from(self.value_on);
        if self.amount.minor > unapplied.minor {
            return Err(Rejection::CreditOverdrawn {
                kind: kind_word(self.credit_kind),
                credit: self.credit.as_str().into(),
                unapplied,
                what: "refund",
                asked: self.amount,
                on,
            });
        }
        context.refuse_future_day(what, self.value_on)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(credit) = credit_mut(state, self.credit_kind, self.credit.as_str()) {
            credit.used.add(self.value_on, self.amount.minor);
            credit.refunded = credit.refunded.saturating_add(self.amount.minor);
        }
        let refund = Refund { bank_ref: self.bank_ref.clone().map(Box::new) };
        state.insert(self.refund.as_str(), refund);
    }
}

/// Returns what a kind of credit is called in messages.
pub(super) const fn kind_word(kind: CreditKind) -> &'static str {
    match kind {
        CreditKind::Receipt => "receipt",
        CreditKind::CreditNote => "credit note",
        CreditKind::WriteOff => "write-off",
        CreditKind::Discount => "discount",
        CreditKind::Exchange => "exchange difference",
    }
}
