//! Decisions about applications of credits to items: E48, E49.
//!
//! Invariant (I-47, I-48): on every day, as now known, no item is applied beyond its amount and no
//! receipt or credit note beyond its own, also when an application is entered with an earlier date.

use super::credit::{self, Credit, WriteOff, kind_word};
use super::receivable::{Item, Receipt};
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::receivable::{
    ApplicationMethod, ApplicationReversed, CreditApplied, CreditKind, Exchange, ItemAmount,
};
use crate::id::CreditId;
use crate::money::Money;
use crate::time::Date;

/// What decisions know of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// What kind of credit.
    pub credit_kind: CreditKind,
    /// The credit.
    pub credit: CreditId,
    /// The day it counts from.
    pub effective_on: Date,
    /// What it takes of which items; empty once it is reversed.
    pub lines: Vec<ItemAmount>,
    /// Whether it counts no longer.
    pub reversed: bool,
}

impl Decide for CreditApplied {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.application.is_empty() {
            self.application = super::next_id::<Application, _>(state, "application", "A")?;
        }
        if self.is_its_own_document() {
            if self.credit.is_empty() {
                self.credit = super::composed("the credit's id", self.application.as_str())?;
            }
            self.require_approval(context)?;
        }
        if self.lines.is_empty() && self.method != ApplicationMethod::Explicit {
            let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str())?;
            self.lines = shared_out(self, credit, state)?;
        }
        if self.effective_on.is_none() {
            let today = self.is_its_own_document().then(|| context.effective_on());
            self.effective_on = today.max(self.earliest(state));
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.application.as_str();
        super::refuse_taken::<Application>(state, "application", id)?;
        let credit = self.check_credit(context, state)?;
        if let Some(exchange) = &self.exchange {
            check_exchange(exchange, context)?;
        }
        super::refuse_repeated("item", self.lines.iter().map(|line| line.item.as_str()))?;
        let effective_on = self
            .effective_on
            .ok_or(Rejection::Missing { what: "the day the application counts from" })?;
        let mut sum = 0i64;
        for line in &self.lines {
            self.check_line(line, credit, effective_on, state)?;
            sum = sum
                .checked_add(line.amount.minor)
                .ok_or(Rejection::SumTooLarge { what: "the sum of the lines" })?;
        }
        if let Some(earliest) = self.earliest(state).filter(|earliest| effective_on < *earliest) {
            return Err(Rejection::ApplicationBeforeDocument { effective_on, earliest });
        }
        if let Some(credit) = credit {
            let (on, unapplied) = credit.unapplied_from(effective_on);
            if sum > unapplied.minor {
                return Err(Rejection::CreditOverdrawn {
                    kind: kind_word(self.credit_kind),
                    credit: self.credit.as_str().into(),
                    unapplied,
                    what: "application",
                    asked: credit.money(sum),
                    on,
                });
            }
        }
        let what = "the day the application counts from";
        context.refuse_day_after(what, effective_on, credit.map(|credit| credit.counts_from))
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        // Completed before it was stored; the recorded day only guards against foreign logs.
        let effective_on =
            self.effective_on.unwrap_or_else(|| envelope.effective_at.date_in(chrono_tz::UTC));
        let application = Application {
            credit_kind: self.credit_kind,
            credit: self.credit.clone(),
            effective_on,
            lines: self.lines.clone(),
            reversed: false,
        };
        move_amounts(state, &application, effective_on, 1);
        if let Some(credit) = credit::credit_mut(state, self.credit_kind, self.credit.as_str()) {
            credit.applications.push(self.application.clone());
        }
        if self.credit_kind == CreditKind::WriteOff
            && let Some(write_off) = state.get_mut::<WriteOff>(self.credit.as_str())
        {
            write_off.applied = true;
        }
        state.insert(self.application.as_str(), application);
    }
}

impl CreditApplied {
    /// Tells whether nothing but the application itself documents the credit.
    const fn is_its_own_document(&self) -> bool {
        matches!(self.credit_kind, CreditKind::Discount | CreditKind::Exchange)
    }

    /// Returns the latest of the documents' days: the first the application may count from (R25).
    fn earliest(&self, state: &Draft<'_>) -> Option<Date> {
        let credit = credit::credit_of(state, self.credit_kind, self.credit.as_str()).ok();
        let items = self.lines.iter().filter_map(|line| state.get::<Item>(line.item.as_str()));
        items.map(|item| item.document_on).chain(credit.map(|credit| credit.counts_from)).max()
    }

    /// Checks what is applied, and returns it where it has an amount of its own to take from.
    fn check_credit<'s>(
        &self,
        context: &Context<'_>,
        state: &'s Draft<'_>,
    ) -> Result<Option<&'s Credit>, Rejection> {
        let credit = match self.credit_kind {
            CreditKind::Receipt | CreditKind::CreditNote => {
                Some(credit::credit_of(state, self.credit_kind, self.credit.as_str())?)
            }
            CreditKind::WriteOff => {
                self.check_write_off(state)?;
                None
            }
            CreditKind::Discount | CreditKind::Exchange => {
                if self.credit.as_str() != self.application.as_str() {
                    let kind = self.credit_kind.as_str();
                    let credit = self.credit.as_str().into();
                    return Err(Rejection::CreditHoldsNothing { kind, credit });
                }
                context.require_reason(self.gift())?;
                None
            }
        };
        match self.lines.is_empty() {
            true => Err(Rejection::Missing { what: "the lines of the application" }),
            false => Ok(credit),
        }
    }

    /// Returns what is given when the application is its own document.
    const fn gift(&self) -> &'static str {
        match self.credit_kind {
            CreditKind::Exchange => "a difference of exchange",
            _ => "a discount",
        }
    }

    /// Refuses a discount or difference beyond the tolerance that nobody approved (R13). Asked when
    /// the request is completed and not on replay: the tolerance may have changed since.
    fn require_approval(&self, context: &Context<'_>) -> Result<(), Rejection> {
        for line in &self.lines {
            let tolerance = context.book.tolerance(line.amount.currency);
            let approved = self.approved_by.is_some();
            credit::require_approval(self.gift(), line.amount, tolerance, approved)?;
        }
        Ok(())
    }

    /// Checks that a write-off is applied once, in whole and to its own item.
    fn check_write_off(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.credit.as_str();
        let write_off = super::require::<WriteOff>(state, "write-off", id)?;
        let whole = [ItemAmount { item: write_off.item.clone(), amount: write_off.amount }];
        if write_off.applied || self.lines != whole || self.effective_on != Some(write_off.on) {
            return Err(Rejection::WriteOffApplied { write_off: id.into() });
        }
        Ok(())
    }

    fn check_line(
        &self,
        line: &ItemAmount,
        credit: Option<&Credit>,
        effective_on: Date,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        let id = line.item.as_str();
        let item = super::require::<Item>(state, "receivable item", id)?;
        super::require_positive("the amount applied", line.amount)?;
        if let Some(credit) = credit {
            super::require_currency("the amount applied", credit.currency, line.amount)?;
            super::require_currency("the item", credit.currency, item.money(0))?;
            if item.legal_entity != credit.legal_entity {
                let (what, credit) = (kind_word(self.credit_kind), self.credit.as_str().into());
                return Err(Rejection::LegalEntityDiffers { item: id.into(), what, credit });
            }
        } else {
            super::require_currency("the amount applied", item.currency, line.amount)?;
        }
        let (on, open) = item.open_from(effective_on);
        if line.amount.minor > open.minor {
            let (item, what, asked) = (id.into(), "application", line.amount);
            return Err(Rejection::ItemOverdrawn { item, open, what, asked, on });
        }
        Ok(())
    }
}

/// Checks that rates are decimals above zero and the gain is in the book's currency (R17).
fn check_exchange(exchange: &Exchange, context: &Context<'_>) -> Result<(), Rejection> {
    for rate in [&exchange.rate_item, &exchange.rate_credit] {
        let (whole, fraction) = rate.as_str().split_once('.').unwrap_or((rate.as_str(), "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let above_zero = rate.as_str().bytes().any(|byte| (b'1'..=b'9').contains(&byte));
        if !digits(whole) || !digits(fraction) || !above_zero {
            return Err(Rejection::RateUnreadable { rate: rate.clone() });
        }
    }
    match context.book.functional_currency {
        Some(currency) => super::require_currency("the realised gain", currency, exchange.realised),
        None => Ok(()),
    }
}

/// Finds the lines of an application by its method (rule R06).
fn shared_out(
    application: &CreditApplied,
    credit: &Credit,
    state: &Draft<'_>,
) -> Result<Vec<ItemAmount>, Rejection> {
    let given = application.effective_on;
    let (_, unapplied) = credit.unapplied_from(given.unwrap_or(credit.counts_from));
    let mut open: Vec<(&str, &Item, i64)> = Vec::new();
    for (id, item) in state.each::<Item>() {
        let same = item.currency == credit.currency && item.legal_entity == credit.legal_entity;
        if !same || given.is_some_and(|given| given < item.document_on) {
            continue;
        }
        let from = given.unwrap_or_else(|| credit.counts_from.max(item.document_on));
        let (_, left) = item.open_from(from);
        if left.minor > 0 {
            open.push((id, item, left.minor));
        }
    }
    // Numbers of one series grow by length before they grow by digits: AR-9 comes before AR-10.
    open.sort_by_key(|(id, item, _)| (item.due_on, item.document_on, id.len(), *id));
    let amounts = match application.method {
        ApplicationMethod::ProRata => in_proportion(unapplied.minor, open.iter().map(|o| o.2)),
        ApplicationMethod::Fifo | ApplicationMethod::Explicit => {
            one_after_the_other(unapplied.minor, open.iter().map(|o| o.2))
        }
    };
    let mut lines = Vec::new();
    for ((id, ..), minor) in open.iter().zip(amounts) {
        if minor > 0 {
            let amount = Money::new(minor, credit.currency);
            lines.push(ItemAmount { item: super::composed("the item's id", id)?, amount });
        }
    }
    if lines.is_empty() {
        let kind = kind_word(application.credit_kind);
        return Err(Rejection::NothingToApply { kind, credit: application.credit.as_str().into() });
    }
    Ok(lines)
}

fn one_after_the_other(credit: i64, open: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut left = credit.max(0);
    open.map(|open| {
        let taken = open.min(left);
        left -= taken;
        taken
    })
    .collect()
}

/// Shares a credit in proportion to what is open. The shares are differences of the rounded running
/// sum, so they add up to the credit exactly and none is larger than what is open.
fn in_proportion(credit: i64, open: impl Iterator<Item = i64> + Clone) -> Vec<i64> {
    let total: i128 = open.clone().map(i128::from).sum();
    let credit = i128::from(credit.max(0)).min(total);
    let mut running = 0i128;
    let mut shared = 0i128;
    open.map(|open| {
        running += i128::from(open);
        let until = if total == 0 { 0 } else { half_even(credit * running, total) };
        let share = until - shared;
        shared = until;
        i64::try_from(share).unwrap_or_default()
    })
    .collect()
}

/// Divides two numbers that are not negative and rounds half to even.
const fn half_even(numerator: i128, denominator: i128) -> i128 {
    let quotient = numerator / denominator;
    let twice = 2 * (numerator % denominator);
    if twice > denominator || (twice == denominator && quotient % 2 == 1) {
        quotient + 1
    } else {
        quotient
    }
}

impl Decide for ApplicationReversed {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let application =
            super::require::<Application>(state, "application", self.application.as_str())?;
        if self.lines.is_empty() {
            self.lines = application.lines.clone();
        }
        if self.effective_on.is_none() {
            self.effective_on = Some(application.effective_on);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.application.as_str();
        let application = super::require::<Application>(state, "application", id)?;
        if application.reversed {
            return Err(Rejection::ApplicationAlreadyReversed { application: id.into() });
        }
        if self.lines != application.lines {
            return Err(Rejection::ReversalPartial { application: id.into() });
        }
        let what = "the day the reversal counts from";
        let effective_on = self.effective_on.ok_or(Rejection::Missing { what })?;
        if effective_on < application.effective_on {
            let (date, earliest) = (effective_on, application.effective_on);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        context.refuse_day_after(what, effective_on, Some(application.effective_on))?;
        // What follows from the reversal of the receipt has its reason there.
        let credit = application.credit.as_str();
        if application.credit_kind == CreditKind::Receipt
            && state.get::<Receipt>(credit).is_some_and(|receipt| receipt.reversed)
        {
            return Ok(());
        }
        context.require_reason("reversing an application")
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let Some(application) = state.get_mut::<Application>(self.application.as_str()) else {
            return;
        };
        application.reversed = true;
        let lines = std::mem::take(&mut application.lines);
        let taken_back = Application { lines, ..application.clone() };
        let effective_on = self.effective_on.unwrap_or(taken_back.effective_on);
        move_amounts(state, &taken_back, effective_on, -1);
        let credit = credit::credit_mut(state, taken_back.credit_kind, taken_back.credit.as_str());
        if let Some(credit) = credit {
            credit.applications.retain(|live| *live != self.application);
        }
    }
}

/// Books the amounts of an application on both sides.
fn move_amounts(state: &mut Draft<'_>, application: &Application, on: Date, sign: i64) {
    for line in &application.lines {
        if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
            item.taken.add(on, sign * line.amount.minor);
        }
    }
    let sum: i64 = application.lines.iter().map(|line| line.amount.minor).sum();
    let credit = credit::credit_mut(state, application.credit_kind, application.credit.as_str());
    if let Some(credit) = credit {
        credit.used.add(on, sign * sum);
    }
}
