//! Decisions about applications of credits to items: E48, E49.
//!
//! Invariant (I-47, I-48): on every day, as now known, no item is applied beyond its amount and no
//! receipt beyond its own, also when an application is entered with an earlier date.

use super::movements::Movements;
use super::receivable::{Item, Receipt};
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::receivable::{
    ApplicationMethod, ApplicationReversed, CreditApplied, Exchange, ItemAmount,
};
use crate::id::ReceiptId;
use crate::money::Money;
use crate::time::Date;

/// What decisions know of one application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The receipt.
    pub receipt: ReceiptId,
    /// The day it counts from.
    pub effective_on: Date,
    /// What it takes of which items; empty once it is reversed.
    pub lines: Vec<ItemAmount>,
    /// Whether it counts no longer.
    pub reversed: bool,
}

impl Decide for CreditApplied {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.application.is_empty() {
            self.application = super::next_id::<Application, _>(state, "application", "A")?;
        }
        let receipt = super::require::<Receipt>(state, "receipt", self.receipt.as_str())?;
        if self.lines.is_empty() && self.method != ApplicationMethod::Explicit {
            self.lines = shared_out(self, receipt, state)?;
        }
        if self.effective_on.is_none() {
            self.effective_on = Some(self.earliest(receipt, state));
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.application.as_str();
        super::refuse_taken::<Application>(state, "application", id)?;
        let receipt = super::require::<Receipt>(state, "receipt", self.receipt.as_str())?;
        if receipt.reversed {
            return Err(Rejection::ReceiptReversed { receipt: self.receipt.as_str().into() });
        }
        if self.lines.is_empty() {
            return Err(Rejection::Missing { what: "the lines of the application" });
        }
        if let Some(exchange) = &self.exchange {
            check_exchange(exchange, context)?;
        }
        super::refuse_repeated("item", self.lines.iter().map(|line| line.item.as_str()))?;
        let effective_on = self
            .effective_on
            .ok_or(Rejection::Missing { what: "the day the application counts from" })?;
        let mut sum = 0i64;
        for line in &self.lines {
            self.check_line(line, receipt, effective_on, state)?;
            sum = sum
                .checked_add(line.amount.minor)
                .ok_or(Rejection::SumTooLarge { what: "the sum of the lines" })?;
        }
        let earliest = self.earliest(receipt, state);
        if effective_on < earliest {
            return Err(Rejection::ApplicationBeforeDocument { effective_on, earliest });
        }
        let (on, unapplied) = receipt.unapplied_from(effective_on);
        if sum > unapplied.minor {
            return Err(Rejection::CreditOverdrawn {
                receipt: self.receipt.as_str().into(),
                unapplied,
                asked: Money::new(sum, receipt.currency),
                on,
            });
        }
        let what = "the day the application counts from";
        context.refuse_day_after(what, effective_on, Some(receipt.value_on))
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        // Completed before it was stored; the recorded day only guards against foreign logs.
        let effective_on =
            self.effective_on.unwrap_or_else(|| envelope.effective_at.date_in(chrono_tz::UTC));
        move_amounts(state, &self.receipt, &self.lines, effective_on, 1);
        if let Some(receipt) = state.get_mut::<Receipt>(self.receipt.as_str()) {
            receipt.applications.push(self.application.clone());
        }
        let application = Application {
            receipt: self.receipt.clone(),
            effective_on,
            lines: self.lines.clone(),
            reversed: false,
        };
        state.insert(self.application.as_str(), application);
    }
}

impl CreditApplied {
    /// Returns the later of the documents' days: the first the application may count from (R25).
    fn earliest(&self, receipt: &Receipt, state: &Draft<'_>) -> Date {
        let items = self.lines.iter().filter_map(|line| state.get::<Item>(line.item.as_str()));
        items.map(|item| item.document_on).fold(receipt.value_on, Date::max)
    }

    fn check_line(
        &self,
        line: &ItemAmount,
        receipt: &Receipt,
        effective_on: Date,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        let id = line.item.as_str();
        let item = super::require::<Item>(state, "receivable item", id)?;
        super::require_positive("the amount applied", line.amount)?;
        super::require_currency("the amount applied", receipt.currency, line.amount)?;
        super::require_currency("the item", receipt.currency, Money::new(0, item.currency))?;
        if item.legal_entity != receipt.legal_entity {
            let receipt = self.receipt.as_str().into();
            return Err(Rejection::LegalEntityDiffers { item: id.into(), receipt });
        }
        let (on, open) = item.open_from(effective_on);
        if line.amount.minor > open.minor {
            let (item, asked) = (id.into(), line.amount);
            return Err(Rejection::ItemOverdrawn { item, open, asked, on });
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
    receipt: &Receipt,
    state: &Draft<'_>,
) -> Result<Vec<ItemAmount>, Rejection> {
    let given = application.effective_on;
    let (_, credit) = receipt.unapplied_from(given.unwrap_or(receipt.value_on));
    let mut open: Vec<(&str, &Item, i64)> = Vec::new();
    for (id, item) in state.each::<Item>() {
        let same = item.currency == receipt.currency && item.legal_entity == receipt.legal_entity;
        if !same || given.is_some_and(|given| given < item.document_on) {
            continue;
        }
        let from = given.unwrap_or_else(|| receipt.value_on.max(item.document_on));
        let (_, left) = item.open_from(from);
        if left.minor > 0 {
            open.push((id, item, left.minor));
        }
    }
    // Numbers of one series grow by length before they grow by digits: AR-9 comes before AR-10.
    open.sort_by_key(|(id, item, _)| (item.due_on, item.document_on, id.len(), *id));
    let amounts = match application.method {
        ApplicationMethod::ProRata => in_proportion(credit.minor, open.iter().map(|o| o.2)),
        ApplicationMethod::Fifo | ApplicationMethod::Explicit => {
            one_after_the_other(credit.minor, open.iter().map(|o| o.2))
        }
    };
    let mut lines = Vec::new();
    for ((id, ..), minor) in open.iter().zip(amounts) {
        if minor > 0 {
            let amount = Money::new(minor, receipt.currency);
            lines.push(ItemAmount { item: super::composed("the item's id", id)?, amount });
        }
    }
    if lines.is_empty() {
        let receipt = application.receipt.as_str().into();
        return Err(Rejection::NothingToApply { receipt });
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
        let receipt = state.get::<Receipt>(application.receipt.as_str());
        if receipt.is_some_and(|receipt| receipt.reversed) {
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
        let receipt = application.receipt.clone();
        let effective_on = self.effective_on.unwrap_or(application.effective_on);
        move_amounts(state, &receipt, &lines, effective_on, -1);
        if let Some(receipt) = state.get_mut::<Receipt>(receipt.as_str()) {
            receipt.applications.retain(|live| *live != self.application);
        }
    }
}

/// Books amounts on both sides of an application.
fn move_amounts(
    state: &mut Draft<'_>,
    receipt: &ReceiptId,
    lines: &[ItemAmount],
    on: Date,
    sign: i64,
) {
    let book = |movements: &mut Movements, minor: i64| movements.add(on, sign * minor);
    for line in lines {
        if let Some(item) = state.get_mut::<Item>(line.item.as_str()) {
            book(&mut item.applied, line.amount.minor);
        }
        if let Some(receipt) = state.get_mut::<Receipt>(receipt.as_str()) {
            book(&mut receipt.used, line.amount.minor);
        }
    }
}
