//! Looking back while deciding: events of the log and those that still wait to be appended.

use std::ops::Range;

use super::super::batch::{EventRef, Outcome};
use super::super::read::now_or_block;
use super::{Stop, Work};
use crate::decide::Rejection;
use crate::event::index::Term;
use crate::event::{Header, Kind, StreamId};
use crate::id::EventId;
use crate::position::Position;
use crate::store::Order;
use crate::time::Timestamp;

impl Work<'_, '_> {
    /// Finds the events that answered an earlier, equal request.
    pub(super) fn first_answer(&mut self, position: Position) -> Result<Outcome, Stop> {
        let mut events = Vec::new();
        if self.sheet.rehearsed > 0 && position >= self.pending.next() {
            // The first answer was itself only rehearsed; its events are not kept.
            return Ok(Outcome { events, repeated: true });
        }
        let first = self.header_at(position)?;
        let cause = first.envelope.event_id;
        events.push(event_ref(&first));
        // What followed stands right behind it, in whatever stream, but for layouts published there.
        let held = self.pending.records.len() + self.sheet.records.len();
        let end = Position(self.pending.first.0 + held as u64);
        let mut next = position.next();
        while next < end {
            let header = self.header_at(next)?;
            if header.envelope.causation == Some(cause) {
                events.push(event_ref(&header));
            } else if header.kind != Kind::EventLayoutPublished {
                break;
            }
            next = next.next();
        }
        Ok(Outcome { events, repeated: true })
    }

    /// Returns the position of the stream's next event from `from` on, in the log or still pending.
    fn next_in_stream(&self, stream: &StreamId, from: Position) -> Result<Option<Position>, Stop> {
        let term = Term::stream(stream);
        let all: Range<Position> = from..self.pending.first;
        let found = now_or_block(self.desk.store.find(term, all, Order::Forwards, 1))?;
        if let Some(position) = found.first() {
            return Ok(Some(*position));
        }
        let records = self.pending.records.iter().chain(&self.sheet.records).enumerate();
        let from = from.0.saturating_sub(self.pending.first.0) as usize;
        let next = records.skip(from).find(|(_, record)| record.terms.contains(&term));
        Ok(next.map(|(index, _)| Position(self.pending.first.0 + index as u64)))
    }

    fn header_at(&self, position: Position) -> Result<Header, Stop> {
        let bytes = match position.0.checked_sub(self.pending.first.0) {
            None => self.desk.reader.stored(position).map_err(Stop::Broken)?,
            Some(index) => {
                let mut records = self.pending.records.iter().chain(&self.sheet.records);
                let record = records.nth(index as usize);
                record.map(|record| record.bytes.clone()).unwrap_or_default()
            }
        };
        Ok(Header::decode(&bytes)?)
    }

    /// Finds an event of a stream by its id, whose time is the one it was recorded at.
    pub(super) fn event_of(
        &mut self,
        stream: &StreamId,
        id: EventId,
    ) -> Result<(Position, Kind), Stop> {
        let (start, end) = id.recorded_within();
        let before = Timestamp(start.0.saturating_sub(1));
        let mut from = now_or_block(self.desk.store.position_at(before))?;
        while let Some(position) = self.next_in_stream(stream, from)? {
            let header = self.header_at(position)?;
            if header.envelope.recorded_at > end {
                break;
            }
            if header.envelope.event_id == id && header.envelope.stream == *stream {
                return Ok((position, header.kind));
            }
            from = position.next();
        }
        Err(Rejection::EventUnknown { event: id }.into())
    }
}

fn event_ref(header: &Header) -> EventRef {
    EventRef {
        position: header.envelope.position,
        event_id: header.envelope.event_id,
        kind: header.kind,
        stream: header.envelope.stream.clone(),
        version: header.envelope.version,
        recorded_at: header.envelope.recorded_at,
    }
}
