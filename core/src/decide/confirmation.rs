//! Decisions about balances that customers confirm: X13, rule R28.
//!
//! A confirmation is an assertion about the end of a day, as known when it is recorded. It may be of
//! another figure than the customer's; then it says why. That a fact recorded later breaks it is no
//! refusal: views name the difference.

use super::customer::Contact;
use super::{Context, Decide, Draft, Rejection, dunning};
use crate::event::Envelope;
use crate::event::confirmation::BalanceConfirmed;
use crate::money::Money;

/// What decisions know of one confirmation: that it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmation {}

impl BalanceConfirmed {
    fn ours(&self, state: &Draft<'_>) -> Option<Money> {
        let (currency, entity) = (self.currency?, self.legal_entity.as_ref());
        let (open, unapplied) = dunning::balance(state, currency, entity, self.confirmed_on);
        Some(Money::new(open.saturating_sub(unapplied), currency))
    }
}

impl Decide for BalanceConfirmed {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.confirmation.is_empty() {
            self.confirmation = super::next_id::<Confirmation, _>(state, "confirmation", "BC")?;
        }
        let usual = state.profile().currency.or(context.book.functional_currency);
        let named = self.said.or(self.balance).map(|amount| amount.currency);
        self.currency = self.currency.or(named).or(usual);
        if self.legal_entity.is_none() {
            self.legal_entity = context.book.legal_entities.first().cloned();
        }
        self.balance = self.balance.or(self.ours(state));
        self.said = self.said.or(self.balance);
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.confirmation.as_str();
        super::refuse_taken::<Confirmation>(state, "confirmation", id)?;
        context.refuse_future_day("the day of the balance", self.confirmed_on)?;
        context.require_legal_entity(self.legal_entity.as_ref())?;
        if let Some(contact) = &self.contact {
            super::require::<Contact>(state, "contact", contact.as_str())?;
        }
        let ours = self.ours(state).ok_or(Rejection::Missing { what: "the currency" })?;
        let balance = self.balance.ok_or(Rejection::Missing { what: "the balance" })?;
        let said = self.said.ok_or(Rejection::Missing { what: "what the customer says" })?;
        super::require_currency("the balance", ours.currency, balance)?;
        super::require_currency("what the customer says", ours.currency, said)?;
        if balance != ours {
            return Err(Rejection::BalanceDiffers { on: self.confirmed_on, ours, balance });
        }
        match said == balance {
            true => Ok(()),
            false => context.require_reason("a balance the customer sees otherwise"),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.confirmation.as_str(), Confirmation {});
    }
}
