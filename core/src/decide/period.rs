//! Locked periods: X11, rule R27.
//!
//! Whatever moves money counts from a day. After a lock no such day may lie in the locked period,
//! neither of a new fact nor of one that is voided. This is asked when a request is decided and not
//! on replay: what was recorded before the lock stays.

use super::contract::Contract;
use super::receivable::{Item, Receipt};
use super::{BookState, Context, Decide, Draft, Rejection, credit};
use crate::event::accounting::PeriodLocked;
use crate::event::{Body, Envelope};
use crate::id::{ItemId, LegalEntity};
use crate::time::Date;

impl BookState {
    /// Returns the last locked day of an entity.
    pub fn locked_through(&self, entity: Option<&LegalEntity>) -> Option<Date> {
        let own = entity.and_then(|entity| self.locks.get(&Some(entity.clone())));
        own.max(self.locks.get(&None)).copied()
    }

    /// Returns a day, or the entity's first open day where the day is locked.
    pub fn open_day(&self, day: Date, entity: Option<&LegalEntity>) -> Date {
        self.locked_through(entity).map_or(day, |through| day.max(through.plus_days(1)))
    }
}

/// The day a fact counts from and the entity whose accounts it changes.
type Counts = (Date, Option<LegalEntity>);

impl Body {
    /// Refuses a fact that moves money in a locked period.
    ///
    /// # Errors
    /// [`Rejection::PeriodLocked`], which names the first open day.
    pub fn require_open_period(
        &self,
        context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<(), Rejection> {
        if context.book.locks.is_empty() {
            return Ok(());
        }
        let Some((on, entity)) = self.counts_from(state) else { return Ok(()) };
        match context.book.locked_through(entity.as_ref()) {
            Some(through) if on <= through => {
                Err(Rejection::PeriodLocked { on, through, open: through.plus_days(1) })
            }
            _ => Ok(()),
        }
    }

    fn counts_from(&self, state: &Draft<'_>) -> Option<Counts> {
        let of_item = |id: &ItemId| state.get::<Item>(id.as_str())?.legal_entity.clone();
        let of_contract = |id: &str| state.get::<Contract>(id)?.legal_entity.clone();
        match self {
            Body::ContractSigned(body) => Some((body.signed_on, body.legal_entity.clone())),
            Body::ContractAmended(body) => {
                Some((body.amended_on, of_contract(body.contract.as_str())))
            }
            Body::ReceivableOpened(body) => Some((body.document_on, body.legal_entity.clone())),
            Body::InvoiceIssued(body) => {
                let covered = body.covers.first().and_then(|line| of_item(&line.item));
                let signed = body.contract.as_ref().and_then(|id| of_contract(id.as_str()));
                Some((body.issued_on, covered.or(signed)))
            }
            Body::InvoiceVoided(body) => Some((body.voided_on, None)),
            Body::CreditNoteIssued(body) => Some((body.issued_on, body.legal_entity.clone())),
            Body::PaymentReceived(body) => Some((body.value_on, body.legal_entity.clone())),
            Body::ReceiptIdentified(body) => Some((body.value_on?, body.legal_entity.clone())),
            Body::PaymentReversed(body) => {
                let receipt = state.get::<Receipt>(body.receipt.as_str());
                let entity = receipt.and_then(|receipt| receipt.credit.legal_entity.clone());
                Some((body.effective_on, entity))
            }
            Body::CreditApplied(body) => Some((body.effective_on?, body.entity(state))),
            Body::ApplicationReversed(body) => {
                let entity = body.lines.first().and_then(|line| of_item(&line.item));
                Some((body.effective_on?, entity))
            }
            Body::ReceivableWrittenOff(body) => Some((body.written_off_on, of_item(&body.item))),
            Body::RefundPaid(body) => {
                let credit = credit::credit_of(state, body.credit_kind, body.credit.as_str());
                Some((body.value_on, credit.ok().and_then(|credit| credit.legal_entity.clone())))
            }
            _ => None,
        }
    }
}

impl Decide for PeriodLocked {
    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_legal_entity(self.legal_entity.as_ref())?;
        let yesterday = context.today().plus_days(-1);
        if self.through > yesterday {
            let (what, date) = ("the last locked day", self.through);
            return Err(Rejection::DateInFuture { what, date, latest: yesterday });
        }
        let through = self.through;
        match context.book.locks.get(&self.legal_entity).copied() {
            Some(locked) if locked == through => Err(Rejection::LockUnmoved { through }),
            Some(locked) if through < locked => {
                if self.approved_by.is_none() {
                    return Err(Rejection::UnlockUnapproved { locked, through });
                }
                context.require_reason("opening a locked period")
            }
            _ => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
