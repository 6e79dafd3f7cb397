//! Credit limits and the check against them: E11, rules R32 and I-39.
//!
//! Exposure is what the customer owes and will owe by contract, less what is unapplied, each amount
//! in the limit's currency. What a contract adds is its total less the debts it has opened: shipped
//! or not, invoiced or not, every amount is counted once. The check is made when a contract is
//! signed and when goods are dispatched; its figures stay in the event and it is not made again.

use super::contract::Contract;
use super::credit::CreditNote;
use super::exchange::Rate;
use super::receivable::{Item, Receipt};
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::terms::{CreditCheck, CreditLimitSet};
use crate::money::{Currency, Money};
use crate::time::Date;

/// What decisions know of the limit set last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditLimit {
    /// The limit.
    pub limit: Money,
    /// The last day it holds.
    pub valid_until: Option<Date>,
    /// Whether nothing more is sold on credit.
    pub hold: bool,
}

impl Decide for CreditLimitSet {
    /// A limit above the threshold of the rules in force is approved by somebody else than whoever
    /// sets it (I-17); asked here and not on replay, because the rules may change.
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        let most = context.book.rule(self.limit.currency, |rules| &rules.limits);
        let Some(tolerance) = most.filter(|most| self.limit.minor > most.minor) else {
            return Ok(());
        };
        match &self.approved_by {
            None => {
                let (what, amount) = ("a credit limit", self.limit);
                Err(Rejection::ApprovalMissing { what, amount, tolerance })
            }
            Some(approver) if *approver == context.actor.user => {
                Err(Rejection::ApprovedByOneself { limit: self.limit, threshold: tolerance })
            }
            Some(_) => Ok(()),
        }
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_negative("the limit", Some(&self.limit))?;
        let (what, earliest) = ("the last day of the limit", context.effective_on());
        match self.valid_until {
            Some(date) if date < earliest => Err(Rejection::DateOrder { what, date, earliest }),
            _ => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.profile_mut().credit_limit =
            Some(CreditLimit { limit: self.limit, valid_until: self.valid_until, hold: self.hold });
    }
}

/// Checks a deal, or goods about to leave, against the customer's limit, and notes the figures.
/// Without a limit there is nothing to check.
pub(super) fn check_credit(
    check: &mut Option<CreditCheck>,
    deal: Option<Money>,
    on: Date,
    context: &Context<'_>,
    state: &Draft<'_>,
) -> Result<(), Rejection> {
    let Some(CreditLimit { limit, valid_until, hold }) = state.profile().credit_limit else {
        return Ok(());
    };
    let approved_by = check.as_ref().and_then(|check| check.approved_by.clone());
    // Whoever approves going beyond the limit also answers for what cannot be valued.
    let exposure = match exposure(state, deal, limit.currency, on, context) {
        Err(_) if approved_by.is_some() => None,
        exposure => Some(exposure?),
    };
    if approved_by.is_none() {
        if let Some(until) = valid_until.filter(|until| *until < on) {
            return Err(Rejection::LimitExpired { limit, until, on });
        }
        if hold {
            return Err(Rejection::CreditHeld { limit });
        }
        if let Some(exposure) = exposure.filter(|exposure| exposure.minor > limit.minor) {
            let beyond = Money::new(exposure.minor.saturating_sub(limit.minor), limit.currency);
            return Err(Rejection::LimitExceeded { exposure, limit, beyond });
        }
    }
    *check = Some(CreditCheck { exposure, limit: Some(limit), approved_by });
    Ok(())
}

/// Adds up what the customer owes and will owe on a day, in one currency.
fn exposure(
    state: &Draft<'_>,
    deal: Option<Money>,
    currency: Currency,
    on: Date,
    context: &Context<'_>,
) -> Result<Money, Rejection> {
    let mut amounts: Vec<Money> = deal.into_iter().collect();
    for (_, contract) in state.each::<Contract>().filter(|(_, c)| c.closed_on.is_none()) {
        let ahead = contract.total.saturating_sub(contract.opened).max(0);
        amounts.push(Money::new(ahead, contract.currency));
    }
    amounts.extend(state.each::<Item>().map(|(_, item)| item.open_on(on)));
    let receipts = state.each::<Receipt>().filter(|(_, receipt)| !receipt.reversed);
    let notes = state.each::<CreditNote>().map(|(_, note)| &note.credit);
    for credit in receipts.map(|(_, receipt)| &receipt.credit).chain(notes) {
        let unapplied = credit.unapplied_on(on);
        amounts.push(Money::new(unapplied.minor.saturating_neg(), unapplied.currency));
    }
    let mut sum = 0i64;
    for amount in amounts {
        sum = sum.saturating_add(valued(amount, currency, on, context)?.minor);
    }
    Ok(Money::new(sum, currency))
}

/// Values an amount in another currency at the rate of a day, directly or by the inverse rate.
fn valued(
    amount: Money,
    currency: Currency,
    on: Date,
    context: &Context<'_>,
) -> Result<Money, Rejection> {
    if amount.currency == currency || amount.minor == 0 {
        return Ok(Money::new(amount.minor, currency));
    }
    if let Some(rate) = context.book.rate(amount.currency, currency, on) {
        return Rate::read(rate)?.value(amount, currency);
    }
    if let Some(rate) = context.book.rate(currency, amount.currency, on) {
        return Rate::read(rate)?.divide(amount, currency);
    }
    Err(Rejection::ExposureUnvalued { base: amount.currency, quote: currency, on })
}
