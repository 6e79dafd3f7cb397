//! Events of one stream on their way to count nowhere: the stream is read once without all of them.

use super::super::batch::EventRef;
use super::super::read::Query;
use super::numbers::Series;
use super::request::EMPTY;
use super::sheet::Overlay;
use super::void::NoMarks;
use super::{Said, Stop, Work};
use crate::decide::command::TakeBack;
use crate::decide::state::Delta;
use crate::decide::take_back::{Counted, Targets};
use crate::decide::{Draft, void};
use crate::event::index::Term;
use crate::event::{Body, Event, StreamId, book};
use crate::id::{EventId, ImportId};
use crate::proof::{Hash, leaf_hash};

impl Work<'_, '_> {
    /// Voids events of one stream, all or none.
    pub(super) fn take_back(
        &mut self,
        stream: &StreamId,
        said: &Said,
        take_back: &TakeBack,
    ) -> Result<Vec<EventRef>, Stop> {
        let import = take_back.import.as_ref();
        let counted = self.take_out(stream, &take_back.events, import)?;
        self.emit_voids(stream, said, counted, import)
    }

    /// Voids what is void in another ledger too, money included: there it was taken back with its
    /// import.
    pub(super) fn void_taken(
        &mut self,
        stream: &StreamId,
        said: &Said,
        target: EventId,
    ) -> Result<Vec<EventRef>, Stop> {
        let Some(import) = self.asker.source.import.clone() else {
            return self.void(stream, said, target);
        };
        let counted = self.take_out(stream, &[target], Some(&import))?;
        self.emit_voids(stream, said, counted, None)
    }

    /// Puts the stream's state without some events in the place of the one with them.
    fn take_out(
        &mut self,
        stream: &StreamId,
        events: &[EventId],
        import: Option<&ImportId>,
    ) -> Result<Vec<Counted>, Stop> {
        let book = self.book().clone();
        // Checking a history again makes no new marks and takes no new numbers.
        let rules = void::Rules { book: &book, marks: &NoMarks, numbers: &Series(1) };
        let events = events.iter().copied().collect();
        let targets = Targets { events: &events, import };
        let waiting = self.waiting_of(stream)?;
        let Work { desk, sheet, .. } = self;
        let overlay = sheet.overlays.entry(stream.clone()).or_default();
        let known = overlay.replaced.as_deref().or_else(|| desk.states.get(stream));
        let now = Draft::new(known.unwrap_or(&EMPTY), &mut overlay.delta);
        let stored = desk.reader.events(Query { stream: Some(stream.clone()), ..Query::default() });
        let emitted = sheet.emitted.iter().filter(|(event, _)| event.envelope.stream == *stream);
        let history = stored.chain(waiting.into_iter().chain(emitted.cloned()).map(Ok));
        let (state, counted) = targets.without(&now, history, rules).map_err(Stop::Broken)??;
        let overlay = Overlay { replaced: Some(Box::new(state)), delta: Delta::default() };
        sheet.overlays.insert(stream.clone(), overlay);
        Ok(counted)
    }

    fn emit_voids(
        &mut self,
        stream: &StreamId,
        said: &Said,
        counted: Vec<Counted>,
        import: Option<&ImportId>,
    ) -> Result<Vec<EventRef>, Stop> {
        let mut events = Vec::with_capacity(counted.len());
        for Counted { event, position, kind } in counted {
            let import = import.cloned();
            let body = book::EventVoided { event, position, kind_tag: kind.tag(), import };
            let body = Body::EventVoided(body);
            self.decide(stream, said, None, |context, draft| body.check(context, draft))?;
            self.emit(stream, said, None, body, &mut events)?;
        }
        Ok(events)
    }

    /// Returns the events of a stream that were accepted before and still wait to be appended.
    pub(super) fn waiting_of(&self, stream: &StreamId) -> Result<Vec<(Event, Hash)>, Stop> {
        let term = Term::stream(stream);
        let mut waiting = Vec::new();
        for record in self.pending.records.iter().filter(|record| record.terms.contains(&term)) {
            let event = Event::decode(&record.bytes)?;
            if event.envelope.stream == *stream {
                waiting.push((event, leaf_hash(&record.bytes)));
            }
        }
        Ok(waiting)
    }
}
