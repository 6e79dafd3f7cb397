//! An event of another ledger on its way into this one.

use super::super::batch::EventRef;
use super::{Said, Stop, Work};
use crate::decide::command::{Place, TakeOver};
use crate::decide::{Rejection, Request};
use crate::event::StreamId;
use crate::id::EventId;

impl Work<'_, '_> {
    /// Records an event as it was in another ledger: decided as of the instant it was recorded there,
    /// by who acted there, and followed by the same.
    pub(super) fn take_over(
        &mut self,
        stream: &StreamId,
        said: Said,
        over: TakeOver,
    ) -> Result<Vec<EventRef>, Stop> {
        let (at, now) = (over.recorded_at, self.asker.now);
        if at > now {
            let what = "the time it was recorded in the other ledger";
            return Err(Rejection::InstantInFuture { what, at, now }.into());
        }
        let corrects = over.corrects.map(|place| self.taken(stream, place)).transpose()?;
        let said = Said { corrects, there: Some((at, over.actor)), ..said };
        if let Some(place) = over.voids {
            let target = self.taken(stream, place)?;
            return self.void_taken(stream, &said, target);
        }
        let body = self.propose(stream, &said, over.command)?;
        let first = body.clone();
        let mut there = std::iter::once(first).chain(over.follows);
        self.accept(stream, &said, body, Some(&mut there))
    }

    /// Finds what an event of the other ledger has become here.
    fn taken(&mut self, stream: &StreamId, place: Place) -> Result<EventId, Stop> {
        let (event, after) = place;
        let unknown = || Stop::from(Rejection::EventUnknown { event });
        let key = self.key_mark(&Request::key_there(event));
        let seen = self.draft(stream).request(&key).ok_or_else(unknown)?;
        let answer = self.first_answer(seen.position)?;
        answer.events.get(after).map(|event| event.event_id).ok_or_else(unknown)
    }
}
