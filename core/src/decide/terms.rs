//! Decisions about what is agreed with a customer as such: E10, and what we put into it: E18.
//!
//! Terms hold from a day, until a day or until the next ones. A debt takes the terms in force on
//! its document's day, one of a contract those the contract was signed with.

use super::interaction::Interaction;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::terms::{
    CustomerInvestmentRecorded, CustomerTermsSet, InvestmentKind, PaymentTerms,
};
use crate::money::Money;
use crate::time::Date;

/// What decisions know of terms that were agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// When debts are due.
    pub payment: Option<PaymentTerms>,
    /// The first day they hold.
    pub valid_from: Date,
    /// The last day they hold.
    pub valid_until: Option<Date>,
}

/// What decisions know of something put into the customer: that it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Investment {}

/// A discount for paying a debt early, as it was promised with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlyDiscount {
    /// The last day on which it is earned.
    pub until: Date,
    /// How much, in hundredths of a percent.
    pub basis_points: u32,
}

impl EarlyDiscount {
    /// Returns the discount a document earns under its terms when it is paid early.
    pub fn promised(document_on: Date, terms: &PaymentTerms) -> Option<EarlyDiscount> {
        let (days, basis_points) = terms.discount_days.zip(terms.discount_basis_points)?;
        Some(EarlyDiscount { until: after(document_on, days), basis_points })
    }

    /// Returns the discount on an amount, rounded half to even.
    pub fn of(self, amount: Money) -> Money {
        let hundredths = i128::from(amount.minor.max(0)) * i128::from(self.basis_points);
        let minor = super::application::half_even(hundredths, 10_000);
        Money::new(i64::try_from(minor).unwrap_or(amount.minor), amount.currency)
    }
}

fn after(day: Date, days: u32) -> Date {
    day.plus_days(i32::try_from(days).unwrap_or(i32::MAX))
}

/// Returns the day a document is due under its terms.
pub(super) fn due(document_on: Date, terms: &PaymentTerms) -> Date {
    after(document_on, terms.net_days)
}

/// Returns the payment terms in force on a day.
pub(super) fn in_force<'s>(state: &'s Draft<'_>, on: Date) -> Option<&'s PaymentTerms> {
    let all = state.each::<Terms>().map(|(_, terms)| terms);
    let last = all.filter(|terms| terms.valid_from <= on).max_by_key(|terms| terms.valid_from)?;
    let holds = last.valid_until.is_none_or(|until| on <= until);
    last.payment.as_ref().filter(|_| holds)
}

fn within_the_whole(what: &'static str, basis_points: Option<u32>) -> Result<(), Rejection> {
    match basis_points {
        Some(basis_points) if basis_points > 10_000 => {
            Err(Rejection::PercentBeyond { what, percent: basis_points / 100 })
        }
        _ => Ok(()),
    }
}

impl Decide for CustomerTermsSet {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let from = self.valid_from;
        if let Some(until) = self.valid_until.filter(|until| *until < from) {
            let what = "the last day of the terms";
            return Err(Rejection::DateOrder { what, date: until, earliest: from });
        }
        if let Some(payment) = &self.payment {
            within_the_whole("the discount for paying early", payment.discount_basis_points)?;
            if payment.discount_days.is_some() != payment.discount_basis_points.is_some() {
                return Err(Rejection::Missing { what: "days or rate of the early discount" });
            }
            if let Some(days) = payment.discount_days.filter(|days| *days > payment.net_days) {
                return Err(Rejection::DiscountAfterDue { days, net: payment.net_days });
            }
        }
        within_the_whole("the discount on prices", self.price_discount_basis_points)?;
        // Terms without an end give way to the next ones; those with an end must have ended (I-16).
        for (_, other) in state.each::<Terms>() {
            let (start, end) = (other.valid_from, other.valid_until);
            let overlaps = start == from
                || (start < from && end.is_some_and(|end| end >= from))
                || (start > from && self.valid_until.is_some_and(|until| until >= start));
            if overlaps {
                return Err(Rejection::TermsOverlap { from, start });
            }
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let terms = Terms {
            payment: self.payment.clone(),
            valid_from: self.valid_from,
            valid_until: self.valid_until,
        };
        state.insert(&self.valid_from.to_string(), terms);
    }
}

impl Decide for CustomerInvestmentRecorded {
    /// A concession beyond the limit of the rules in force needs approval (I-25); asked here and
    /// not on replay, because the rules may change.
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.investment.is_empty() {
            self.investment = super::next_id::<Investment, _>(state, "investment", "IV")?;
        }
        let concedes = self.kind == InvestmentKind::Concession && self.approved_by.is_none();
        let most = context.book.rule(self.amount.currency, |rules| &rules.concessions);
        match most.filter(|most| concedes && self.amount.minor > most.minor) {
            Some(tolerance) => {
                let (what, amount) = ("a concession", self.amount);
                Err(Rejection::ApprovalMissing { what, amount, tolerance })
            }
            None => Ok(()),
        }
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Investment>(state, "investment", self.investment.as_str())?;
        super::refuse_negative("the amount", Some(&self.amount))?;
        if let Some(interaction) = &self.interaction {
            super::require::<Interaction>(state, "interaction", interaction.as_str())?;
        }
        context.refuse_future_day("the day", self.invested_on)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.investment.as_str(), Investment {});
    }
}
