//! A fact of another ledger, or of another customer, on its way to where it is from now on.

use super::super::batch::EventRef;
use super::{Said, Stop, Work};
use crate::decide::command::{AttachFile, Place, TakeOver};
use crate::decide::{Command, Rejection, Request};
use crate::event::receivable::IdentificationStep;
use crate::event::{Body, StreamId};

impl Work<'_, '_> {
    /// Records a fact as it was elsewhere: decided as of the instant it was recorded there, by who acted
    /// there, and followed by the same where that is said.
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
        let corrects = over.corrects.map(|place| self.taken(&place)).transpose()?;
        let corrects = corrects.map(|here| here.event_id);
        let said = Said { corrects, there: Some((at, over.actor)), ..said };
        let about = over.about.map(|place| self.taken(&place)).transpose()?;
        let about = about.map(|here| here.event_id);
        let mut body = match (over.command, about) {
            (Command::VoidEvent(_), Some(target)) => {
                return self.void_taken(stream, &said, target);
            }
            (Command::AttachFile(file), Some(event)) => {
                let body = self.attach(stream, AttachFile { event: Some(event), ..file }, None)?;
                return self.accept(stream, &said, body, None);
            }
            // As it was recorded there, it says which half of a pair it is.
            (Command::IdentifyReceipt(half), _)
                if half.step == Some(IdentificationStep::Leaves) =>
            {
                Body::ReceiptIdentified(half)
            }
            (command, _) => self.propose(stream, &said, command)?,
        };
        if let Body::MergeReversed(reversed) = &mut body {
            for (fact, place) in reversed.facts.iter_mut().zip(over.facts) {
                let here = self.taken(&place)?;
                (fact.event, fact.position) = (here.event_id, here.position);
            }
        }
        let Some(follows) = over.follows else { return self.accept(stream, &said, body, None) };
        let first = body.clone();
        let mut there = std::iter::once(first).chain(follows);
        self.accept(stream, &said, body, Some(&mut there))
    }

    /// Finds what an event of the other ledger has become here.
    fn taken(&mut self, place: &Place) -> Result<EventRef, Stop> {
        let Place { stream, event, after } = place;
        let unknown = || Stop::from(Rejection::EventUnknown { event: *event });
        self.ready(stream)?;
        let key = self.key_mark(&Request::key_there(*event));
        let seen = self.draft(stream).request(&key).ok_or_else(unknown)?;
        let answer = self.first_answer(seen.position)?;
        answer.events.into_iter().nth(*after).ok_or_else(unknown)
    }
}
