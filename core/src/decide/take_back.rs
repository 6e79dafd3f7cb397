//! Events of one import, or those that an undone merge gives away, taken back together: the stream is folded once without all of them, however
//! many they are.
//!
//! Invariant: as for a single void, the state is what a replay gives, and what still counts met its
//! rules in it. Money is taken back like everything else here: the file or the customer was wrong, no
//! payment was returned.

use std::collections::BTreeSet;

use super::Rejection;
use super::rejection::Dependents;
use super::state::{self, CustomerState, Delta, Draft};
use super::void::{Rules, note_voided};
use crate::event::{Event, Kind};
use crate::id::{EventId, ImportId};
use crate::position::Position;
use crate::proof::Hash;

/// What is to be taken back of one stream.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// The events; those that are void are passed over.
    pub events: &'a BTreeSet<EventId>,
    /// The import they came with, when it is taken back.
    pub import: Option<&'a ImportId>,
}

/// An event that counted until now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Its id.
    pub event: EventId,
    /// Where it is.
    pub position: Position,
    /// Its kind.
    pub kind: Kind,
}

impl Targets<'_> {
    /// Returns the stream from its beginning without the targets, before their voids are noted, and
    /// which of them counted until now, newest first. `now` is the stream's state with them.
    ///
    /// # Errors
    /// The inner one is a [`Rejection`] when a target is not in the stream or did not come with the
    /// import, is itself a void, or when others that stay are built upon them, which are named; the
    /// outer one what reading the events failed with.
    pub fn without<E>(
        &self,
        now: &Draft<'_>,
        events: impl IntoIterator<Item = Result<(Event, Hash), E>>,
        rules: Rules<'_>,
    ) -> Result<Result<(CustomerState, Vec<Counted>), Rejection>, E> {
        let mut state = CustomerState::default();
        let mut delta = Delta::default();
        let mut draft = Draft::new(&state, &mut delta);
        let (mut missing, mut counted) = (self.events.clone(), Vec::<Counted>::new());
        let (mut by, mut unregistered) = (Dependents::default(), false);
        for event in events {
            let (mut event, hash) = event?;
            let (id, kind) = (event.envelope.event_id, event.body.kind());
            let target = missing.remove(&id);
            if now.voided(&id).is_some() {
                note_voided(&mut draft, &mut event, hash);
            } else if target {
                if let Err(rejection) = self.check(&event) {
                    return Ok(Err(rejection));
                }
                unregistered |= kind == Kind::CustomerRegistered;
                counted.push(Counted { event: id, position: event.envelope.position, kind });
                note_voided(&mut draft, &mut event, hash);
            } else {
                let is_void = kind == Kind::EventVoided;
                let checked = !is_void && !counted.is_empty();
                // A customer who is not on file has no other facts.
                if checked && (unregistered || !rules.hold(&event, &draft)) {
                    by.push(kind, event.envelope.position);
                    note_voided(&mut draft, &mut event, hash);
                } else {
                    state::fold_event(&mut draft, &mut event, hash);
                }
            }
        }
        if let Some(event) = missing.pop_first() {
            return Ok(Err(Rejection::EventUnknown { event }));
        }
        if let Some(Counted { position, kind, .. }) = counted.first().copied()
            && by.count > 0
        {
            return Ok(Err(Rejection::StoodOn { kind, position, by }));
        }
        counted.reverse();
        state.merge(delta);
        Ok(Ok((state, counted)))
    }

    fn check(&self, event: &Event) -> Result<(), Rejection> {
        let (kind, position) = (event.body.kind(), event.envelope.position);
        match self.import {
            Some(import) if event.envelope.source.import.as_ref() != Some(import) => {
                return Err(Rejection::NotOfImport { kind, position, import: import.clone() });
            }
            _ => {}
        }
        if kind == Kind::EventVoided {
            let instead = "record the fact again instead";
            return Err(Rejection::NotVoidable { kind, position, instead });
        }
        Ok(())
    }
}
