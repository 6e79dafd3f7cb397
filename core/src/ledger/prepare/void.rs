//! A void on its way: the stream is read again without the event it takes back.

use super::super::batch::EventRef;
use super::numbers::Series;
use super::sheet::Overlay;
use super::{Said, Stop, Work};
use crate::decide::state::Delta;
use crate::decide::{Marker, void};
use crate::event::{Body, Class, StreamId, Subject, book};
use crate::id::EventId;

/// Makes no marks.
struct NoMarks;

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
        let mut history = self.desk.reader.history(stream).map_err(Stop::Broken)?;
        let emitted = self.sheet.emitted.iter();
        history.extend(emitted.filter(|(event, _)| event.envelope.stream == *stream).cloned());
        let book = self.book().clone();
        let without = {
            // Checking a history again makes no new marks and takes no new numbers.
            let (marks, numbers) = (NoMarks, Series(1));
            void::without(&mut history, target, &book, &marks, &numbers)?
        };
        let body =
            Body::EventVoided(book::EventVoided { event: target, position, kind_tag: kind.tag() });
        self.decide(stream, said, None, |context, draft| body.check(context, draft))?;
        self.sheet.overlays.insert(
            stream.clone(),
            Overlay { replaced: Some(Box::new(without)), delta: Delta::default() },
        );
        let mut events = Vec::new();
        self.emit(stream, said, None, body, &mut events)?;
        Ok(events)
    }
}
