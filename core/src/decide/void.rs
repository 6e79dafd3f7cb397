//! Voids: whether an event may count nowhere from now on, and what the state is without it.
//!
//! A voided event stays in the log and keeps its place, version, key slots and request; only its
//! content stops counting. Invariant: the state after a void is exactly the state a replay of the
//! stream gives, and every event that still counts met its rules in that replay. What this module
//! does not do: money that has reversals of its own (E47, E49) is never voided here.

use std::collections::BTreeSet;

use super::rejection::Dependents;
use super::state::{self, BookState, CustomerState, Delta, Draft, Family};
use super::{Context, Marker, Numbers, Rejection};
use crate::event::{Body, Event, Kind};
use crate::id::EventId;
use crate::proof::Hash;

/// Folds the whole history of one stream, in order; voided events leave only their bookkeeping.
pub fn replay(history: &mut [(Event, Hash)]) -> CustomerState {
    let voided = voided_events(history.iter().map(|(event, _)| event));
    let mut state = CustomerState::default();
    let mut delta = Delta::default();
    let mut draft = Draft::new(&state, &mut delta);
    for (event, hash) in history {
        if voided.contains(&event.envelope.event_id) {
            note_voided(&mut draft, event, *hash);
        } else {
            state::fold_event(&mut draft, event, *hash);
        }
    }
    state.merge(delta);
    state
}

/// Returns the state of a stream without `target`, before the void itself is noted.
///
/// Every event after it that counts is checked again as if the target had never been, with the
/// time, actor and reason of its own envelope.
///
/// # Errors
/// A [`Rejection`] when the target is not in the history, counts no longer, has a reversal of its
/// own, or is needed by later events, which are named.
pub fn without(
    history: &mut [(Event, Hash)],
    target: EventId,
    book: &BookState,
    marks: &dyn Marker,
    numbers: &dyn Numbers,
) -> Result<CustomerState, Rejection> {
    let mut voided = voided_events(history.iter().map(|(event, _)| event));
    let (kind, position) = voidable(history, &voided, target)?;
    voided.insert(target);
    let mut state = CustomerState::default();
    let mut delta = Delta::default();
    let mut draft = Draft::new(&state, &mut delta);
    let mut by = Dependents::default();
    for (event, hash) in history {
        let counts = !voided.contains(&event.envelope.event_id);
        let later = event.envelope.position > position;
        if counts && later && event.body.kind() != Kind::EventVoided {
            let context = Context {
                now: event.envelope.recorded_at,
                effective_at: event.envelope.effective_at,
                book,
                actor: &event.envelope.actor,
                reason: event.envelope.reason.as_ref(),
                marks,
                numbers,
            };
            if event.body.check(&context, &draft).is_err() {
                by.push(event.body.kind(), event.envelope.position);
                note_voided(&mut draft, event, *hash);
                continue;
            }
        }
        if counts {
            state::fold_event(&mut draft, event, *hash);
        } else {
            note_voided(&mut draft, event, *hash);
        }
    }
    if by.count > 0 {
        return Err(Rejection::StoodOn { kind, position, by });
    }
    state.merge(delta);
    Ok(state)
}

/// Returns the events a history voids.
pub fn voided_events<'a>(history: impl IntoIterator<Item = &'a Event>) -> BTreeSet<EventId> {
    let target = |event: &Event| match &event.body {
        Body::EventVoided(void) => Some(void.event),
        _ => None,
    };
    history.into_iter().filter_map(target).collect()
}

/// Finds the target and refuses kinds that are never voided.
fn voidable(
    history: &[(Event, Hash)],
    voided: &BTreeSet<EventId>,
    target: EventId,
) -> Result<(Kind, crate::position::Position), Rejection> {
    let found = history.iter().map(|(event, _)| event).find(|e| e.envelope.event_id == target);
    let Some(event) = found else {
        return Err(Rejection::EventUnknown { event: target });
    };
    let (kind, position) = (event.body.kind(), event.envelope.position);
    if voided.contains(&target) {
        return Err(Rejection::EventAlreadyVoided { event: target, position });
    }
    let instead = match kind {
        Kind::EventVoided => Some("record the fact again instead"),
        Kind::BookOpened | Kind::EventLayoutPublished | Kind::ImportApplied => {
            Some("it describes the book itself")
        }
        Kind::PolicyVersionPublished => Some("publish the next version instead"),
        Kind::PaymentReceived => Some("reverse the payment instead"),
        Kind::PaymentReversed => Some("record the payment again instead"),
        Kind::CreditApplied => Some("reverse the application instead"),
        Kind::ApplicationReversed => Some("apply the credit again instead"),
        Kind::ReceivableWrittenOff => Some("reverse its application instead"),
        Kind::CustomerRegistered => {
            let stands = |(event, _): &(Event, Hash)| {
                let id = event.envelope.event_id;
                id != target && !voided.contains(&id) && event.body.kind() != Kind::EventVoided
            };
            history.iter().any(stands).then_some("the customer has other events that count")
        }
        _ => None,
    };
    match instead {
        Some(instead) => Err(Rejection::NotVoidable { kind, position, instead }),
        None => Ok((kind, position)),
    }
}

/// Notes an event that counts nowhere: its bookkeeping, and that its id is not given out again.
fn note_voided(draft: &mut Draft<'_>, event: &mut Event, hash: Hash) {
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
        _ => None,
    }
}
