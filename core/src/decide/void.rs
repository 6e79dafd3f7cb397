//! Voids: whether an event may count nowhere from now on, and what the state is without it.
//!
//! A voided event stays in the log and keeps its place, version, key slots and request; only its
//! content stops counting. Invariant: the state after a void is exactly the state a replay of the
//! stream gives, and every event that still counts met its rules in that replay. Money that has
//! reversals of its own (E47, E49) is never voided by itself, only with the import it came with
//! ([`super::take_back`]).

use std::collections::BTreeSet;
use std::convert::Infallible;

use super::rejection::Dependents;
use super::state::{self, BookState, CustomerState, Delta, Draft, Family};
use super::{Context, Marker, Numbers, Rejection};
use crate::event::receivable::IdentificationStep;
use crate::event::{Body, Event, Kind};
use crate::id::EventId;
use crate::position::Position;
use crate::proof::Hash;

/// Folds the whole history of one stream, in order; voided events leave only their bookkeeping.
pub fn replay(history: &mut [(Event, Hash)]) -> CustomerState {
    let events = || history.iter().cloned().map(Ok::<_, Infallible>);
    match replay_on(CustomerState::default(), events) {
        Ok(Some(state)) => state,
        // Nothing comes before the first event.
        Ok(None) => CustomerState::default(),
        Err(never) => match never {},
    }
}

/// Folds what follows in a stream onto its state at some version; nothing when an event that the
/// state counts is voided later, so that the state is of no use. `events` gives what follows, in
/// order, and is asked again where a void comes after its event; memory stays flat.
///
/// # Errors
/// Whatever reading the events failed with.
pub fn replay_on<E, I: IntoIterator<Item = Result<(Event, Hash), E>>>(
    base: CustomerState,
    events: impl Fn() -> I,
) -> Result<Option<CustomerState>, E> {
    let from = base.last.map(|(position, _)| position);
    let mut voided = BTreeSet::new();
    loop {
        let mut delta = Delta::default();
        let mut draft = Draft::new(&base, &mut delta);
        let mut found = BTreeSet::new();
        for event in events() {
            let (mut event, hash) = event?;
            if let Body::EventVoided(void) = &event.body {
                if Some(void.position) <= from {
                    return Ok(None);
                }
                found.insert(void.event);
            }
            if voided.contains(&event.envelope.event_id) {
                note_voided(&mut draft, &mut event, hash);
            } else {
                state::fold_event(&mut draft, &mut event, hash);
            }
        }
        if found == voided {
            let mut state = base;
            state.merge(delta);
            return Ok(Some(state));
        }
        voided = found;
    }
}

/// The event that is to count nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its id.
    pub event: EventId,
    /// Where it is.
    pub position: Position,
    /// What kind it is.
    pub kind: Kind,
}

/// What a history is checked again with.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The book as it is now.
    pub book: &'a BookState,
    /// Makes marks; none that are new are needed.
    pub marks: &'a dyn Marker,
    /// Gives numbers; none that are new are needed.
    pub numbers: &'a dyn Numbers,
}

impl Target {
    /// Refuses kinds that are never voided.
    ///
    /// # Errors
    /// [`Rejection::NotVoidable`], saying what to do instead.
    pub fn check(&self) -> Result<(), Rejection> {
        let instead = match self.kind {
            Kind::EventVoided => "record the fact again instead",
            Kind::BookOpened
            | Kind::EventLayoutPublished
            | Kind::ImportApplied
            | Kind::ImportReverted
            | Kind::DataExported => "it describes the book itself",
            Kind::PolicyVersionPublished => "publish the next version instead",
            Kind::ExchangeRateRecorded => "record the right rate of the day and say why",
            Kind::PeriodLocked => "lock the period anew, through another day",
            Kind::PaymentReceived => "reverse the payment instead",
            Kind::ReceiptIdentified => "reverse the payment as another customer's instead",
            Kind::PaymentReversed => "record the payment again instead",
            Kind::CreditApplied => "reverse the application instead",
            Kind::ApplicationReversed => "apply the credit again instead",
            Kind::ReceivableWrittenOff => "reverse its application instead",
            Kind::CustomersMerged => "undo the merge instead",
            Kind::MergeReversed => "merge the customers again instead",
            _ => return Ok(()),
        };
        Err(Rejection::NotVoidable { kind: self.kind, position: self.position, instead })
    }

    /// Returns what follows from `events` on a state that comes before the target: the stream
    /// without it, before the void itself is noted. `now` is the stream's state with it.
    ///
    /// Every later event that counts is checked again as if the target had never been, with the
    /// time, actor and reason of its own envelope.
    ///
    /// # Errors
    /// The inner one is a [`Rejection`] when the target counts no longer or is needed by later
    /// events, which are named; the outer one what reading the events failed with.
    pub fn without<E>(
        &self,
        base: &CustomerState,
        now: &Draft<'_>,
        events: impl IntoIterator<Item = Result<(Event, Hash), E>>,
        rules: Rules<'_>,
    ) -> Result<Result<Delta, Rejection>, E> {
        if let Some(position) = now.voided(&self.event) {
            return Ok(Err(Rejection::EventAlreadyVoided { event: self.event, position }));
        }
        if let Err(rejection) = self.check() {
            return Ok(Err(rejection));
        }
        let mut delta = Delta::default();
        let mut draft = Draft::new(base, &mut delta);
        let mut by = Dependents::default();
        for event in events {
            let (mut event, hash) = event?;
            let id = event.envelope.event_id;
            if id == self.event
                && let Err(rejection) = rules.period_open(&event, &draft)
            {
                return Ok(Err(rejection));
            }
            if id == self.event || now.voided(&id).is_some() {
                note_voided(&mut draft, &mut event, hash);
                continue;
            }
            let is_void = event.body.kind() == Kind::EventVoided;
            if !is_void && self.kind == Kind::CustomerRegistered {
                let instead = "the customer has other events that count";
                let (kind, position) = (self.kind, self.position);
                return Ok(Err(Rejection::NotVoidable { kind, position, instead }));
            }
            let later = event.envelope.position > self.position;
            if later && !is_void && !rules.hold(&event, &draft) {
                by.push(event.body.kind(), event.envelope.position);
                note_voided(&mut draft, &mut event, hash);
            } else {
                state::fold_event(&mut draft, &mut event, hash);
            }
        }
        if by.count > 0 {
            let (kind, position) = (self.kind, self.position);
            return Ok(Err(Rejection::StoodOn { kind, position, by }));
        }
        Ok(Ok(delta))
    }
}

impl Rules<'_> {
    /// Tells whether an event of the past still meets its rules.
    pub(super) fn hold(&self, event: &Event, before: &Draft<'_>) -> bool {
        event.body.check(&self.then(event), before).is_ok()
    }

    /// Refuses to take back what moved money in a period that is locked now.
    fn period_open(&self, event: &Event, before: &Draft<'_>) -> Result<(), Rejection> {
        event.body.require_open_period(&self.then(event), before)
    }

    /// Returns what was known when an event was recorded, and the book as it is now.
    fn then<'e>(&'e self, event: &'e Event) -> Context<'e> {
        Context {
            now: event.envelope.recorded_at,
            effective_at: event.envelope.effective_at,
            book: self.book,
            actor: &event.envelope.actor,
            reason: event.envelope.reason.as_ref(),
            marks: self.marks,
            numbers: self.numbers,
        }
    }
}

/// Tells whether a state at an earlier version still stands: nothing it counts was voided since.
pub fn still_stands(earlier: &CustomerState, now: &Draft<'_>) -> bool {
    let Some((last, _)) = earlier.last else { return true };
    now.each_voided().all(|(event, position)| position > last || earlier.voided.contains_key(event))
}

/// Notes an event that counts nowhere: its bookkeeping, and that its id is not given out again.
pub(super) fn note_voided(draft: &mut Draft<'_>, event: &mut Event, hash: Hash) {
    state::note_event(draft, event, hash);
    if let Some(family) = founds(&event.body) {
        draft.count(family);
    }
}

/// Returns the family an event adds a record to.
fn founds(body: &Body) -> Option<Family> {
    match body {
        Body::ContactAdded(_) => Some(Family::Contact),
        Body::InteractionRecorded(_) => Some(Family::Interaction),
        Body::TaskPlanned(_) => Some(Family::Task),
        Body::MailHeld(_) => Some(Family::HeldMail),
        Body::OpportunityOpened(_) => Some(Family::Opportunity),
        Body::QuoteIssued(quote) if quote.revision == 1 => Some(Family::Quote),
        Body::ContractSigned(_) => Some(Family::Contract),
        Body::ShipmentDispatched(_) => Some(Family::Shipment),
        Body::ReceivableOpened(_) => Some(Family::Item),
        Body::InvoiceIssued(_) | Body::InvoiceVoided(_) => Some(Family::Invoice),
        Body::CreditNoteIssued(_) => Some(Family::CreditNote),
        Body::ReceivableWrittenOff(_) => Some(Family::WriteOff),
        Body::RefundPaid(_) => Some(Family::Refund),
        Body::DunningNoticeSent(_) => Some(Family::Notice),
        Body::PaymentReceived(_) => Some(Family::Receipt),
        Body::CreditApplied(_) => Some(Family::Application),
        Body::ComplaintReceived(_) => Some(Family::Complaint),
        Body::SurveyAnswered(_) => Some(Family::Survey),
        Body::CustomerInvestmentRecorded(_) => Some(Family::Investment),
        Body::CommitmentMade(_) => Some(Family::Commitment),
        Body::BalanceConfirmed(_) => Some(Family::Confirmation),
        Body::ReceiptIdentified(identified) => {
            (identified.step == Some(IdentificationStep::Arrives)).then_some(Family::Receipt)
        }
        _ => None,
    }
}
