//! A void on its way: the stream is read again without the event it takes back.

use super::super::batch::EventRef;
use super::super::read::Query;
use super::numbers::Series;
use super::request::EMPTY;
use super::sheet::Overlay;
use super::{Said, Stop, Work};
use crate::decide::state::Delta;
use crate::decide::{CustomerState, Draft, Marker, void};
use crate::event::{Body, Class, StreamId, Subject, book};
use crate::id::EventId;

/// Makes no marks.
pub(super) struct NoMarks;

impl Marker for NoMarks {
    fn mark(&self, _subject: &Subject, _class: Class, _value: &str) -> [u8; 16] {
        [0; 16]
    }
}

impl Work<'_, '_> {
    pub(super) fn void(
        &mut self,
        stream: &StreamId,
        said: &Said,
        target: EventId,
    ) -> Result<Vec<EventRef>, Stop> {
        let (position, kind) = self.event_of(stream, target)?;
        let target = void::Target { event: target, position, kind };
        let without = self.without(stream, &target)?;
        let (event, kind_tag) = (target.event, kind.tag());
        let body = Body::EventVoided(book::EventVoided { event, position, kind_tag, import: None });
        self.decide(stream, said, None, |context, draft| body.check(context, draft))?;
        self.sheet.overlays.insert(
            stream.clone(),
            Overlay { replaced: Some(Box::new(without)), delta: Delta::default() },
        );
        let mut events = Vec::new();
        self.emit(stream, said, None, body, &mut events)?;
        Ok(events)
    }

    /// Returns the stream's state without the target. What is read again begins at its first event,
    /// or where its state was saved last, if that was before the target.
    fn without(&mut self, stream: &StreamId, target: &void::Target) -> Result<CustomerState, Stop> {
        let book = self.book().clone();
        // Checking a history again makes no new marks and takes no new numbers.
        let rules = void::Rules { book: &book, marks: &NoMarks, numbers: &Series(1) };
        let waiting = self.waiting_of(stream)?;
        let Work { desk, sheet, .. } = self;
        let overlay = sheet.overlays.entry(stream.clone()).or_default();
        let known = overlay.replaced.as_deref().or_else(|| desk.states.get(stream));
        let now = Draft::new(known.unwrap_or(&EMPTY), &mut overlay.delta);
        let saved = desk.saved_state(stream).map_err(Stop::Broken)?.filter(|saved| {
            saved.last.is_some_and(|(last, _)| last < target.position)
                && void::still_stands(saved, &now)
        });
        let mut state = saved.unwrap_or_default();
        let from = state.last.map(|(last, _)| last.next());
        let stored =
            desk.reader.events(Query { stream: Some(stream.clone()), from, ..Query::default() });
        let emitted = sheet.emitted.iter().filter(|(event, _)| event.envelope.stream == *stream);
        let events = stored.chain(waiting.into_iter().chain(emitted.cloned()).map(Ok));
        let written = target.without(&state, &now, events, rules).map_err(Stop::Broken)?;
        state.merge(written?);
        Ok(state)
    }
}
