//! Receipts that nobody claims: kept in the stream `book/suspense` until they are identified (X23).
//!
//! An identification is a pair in one batch: a part of the receipt leaves the suspense account and
//! arrives as a receipt in a customer's, each half naming the other. When the customer's receipt is
//! reversed as another's, the amount returns to the suspense account in the same way.

use super::credit::Credit;
use super::receivable::Receipt;
use super::{Context, Counterpart, Decide, Draft, Rejection, composed};
use crate::event::receivable::{
    IdentificationStep, PaymentReversed, ReceiptIdentified, ReversalKind,
};
use crate::event::{Body, BookStream, Envelope, StreamId};
use crate::id::CustomerCode;

impl Decide for ReceiptIdentified {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.step.is_some() {
            return Ok(());
        }
        self.step = Some(IdentificationStep::Leaves);
        let id = self.suspense.as_str();
        let held = super::require::<Receipt>(state, "unidentified receipt", id)?;
        let credit = &held.credit;
        let day = self.value_on.unwrap_or_else(|| {
            context.book.open_day(credit.counts_from, credit.legal_entity.as_ref())
        });
        self.value_on = Some(day);
        self.amount.get_or_insert(credit.unapplied_from(day).1);
        self.legal_entity = credit.legal_entity.clone();
        if self.receipt.is_empty() {
            self.receipt = match held.identified {
                0 => self.suspense.clone(),
                parts => composed("the receipt's id", &format!("{id}/{}", parts + 1))?,
            };
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let amount = self.amount.ok_or(Rejection::Missing { what: "the amount identified" })?;
        let what = "the day the receipt counts from";
        let value_on = self.value_on.ok_or(Rejection::Missing { what })?;
        super::require_positive("the amount identified", amount)?;
        if self.step == Some(IdentificationStep::Arrives) {
            context.require_customer(state)?;
            return super::refuse_taken::<Receipt>(state, "receipt", self.receipt.as_str());
        }
        let id = self.suspense.as_str();
        let held = super::require::<Receipt>(state, "unidentified receipt", id)?;
        if self.step == Some(IdentificationStep::Returns) {
            return Ok(());
        }
        if held.reversed {
            return Err(Rejection::ReceiptReversed { receipt: id.into() });
        }
        let credit = &held.credit;
        super::require_currency("the amount identified", credit.currency, amount)?;
        if value_on < credit.counts_from {
            let (date, earliest) = (value_on, credit.counts_from);
            return Err(Rejection::DateOrder { what, date, earliest });
        }
        let (on, unapplied) = credit.unapplied_from(value_on);
        if amount.minor > unapplied.minor {
            let (kind, what) = ("unidentified receipt", "identification");
            let (credit, asked) = (id.into(), amount);
            return Err(Rejection::CreditOverdrawn { kind, credit, unapplied, what, asked, on });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let (Some(amount), Some(on)) = (self.amount, self.value_on) else { return };
        let sign = match self.step {
            Some(IdentificationStep::Arrives) => {
                let receipt = Receipt {
                    credit: Credit::new(amount, on, self.legal_entity.clone()),
                    reversed: false,
                    bank_ref: None,
                    from_suspense: Some(self.suspense.clone()),
                    identified: 0,
                };
                state.insert(self.receipt.as_str(), receipt);
                return;
            }
            Some(IdentificationStep::Returns) => -1,
            Some(IdentificationStep::Leaves) | None => 1,
        };
        if let Some(held) = state.get_mut::<Receipt>(self.suspense.as_str()) {
            held.credit.used.add(on, sign * amount.minor);
            held.identified += u32::from(sign > 0);
        }
    }

    fn counterpart(&self, _stream: &StreamId, _state: &Draft<'_>) -> Counterpart {
        let leaves = self.step == Some(IdentificationStep::Leaves);
        let arrives = ReceiptIdentified { step: Some(IdentificationStep::Arrives), ..self.clone() };
        let stream = StreamId::Customer(self.belongs_to.clone());
        Ok(leaves.then(|| (stream, Body::from(arrives))))
    }
}

/// Returns to the suspense account what turned out to be another customer's.
pub(super) fn returned(
    reversed: &PaymentReversed,
    customer: &CustomerCode,
    receipt: &Receipt,
) -> Option<(StreamId, Body)> {
    let suspense = receipt.from_suspense.clone()?;
    let identified = ReceiptIdentified {
        suspense,
        belongs_to: customer.clone(),
        receipt: reversed.receipt.clone(),
        amount: Some(receipt.credit.money(receipt.credit.minor)),
        value_on: Some(reversed.effective_on),
        legal_entity: receipt.credit.legal_entity.clone(),
        step: Some(IdentificationStep::Returns),
    };
    let anothers = reversed.kind == ReversalKind::WrongCustomer;
    anothers.then(|| (StreamId::Book(BookStream::Suspense), Body::from(identified)))
}
