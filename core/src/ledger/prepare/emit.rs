//! An event on its way to its record: numbered, linked, sealed, encoded, hashed, folded.

use bytes::BytesMut;

use super::super::batch::EventRef;
use super::{Said, Stop, Work};
use crate::codec::CodecError;
use crate::decide::state::fold_event;
use crate::decide::{BookState, Rejection};
use crate::event::index::terms;
use crate::event::{Body, BookStream, Channel, Envelope, Event, Kind, Source, StreamId, book};
use crate::id::{EventId, Line, Note};
use crate::position::Position;
use crate::proof::{Hash, leaf_hash};
use crate::store::{EVENT_SIZE_BYTES_MAX, Record};

/// Bytes taken at a time for stored events.
const ARENA_SIZE_BYTES: usize = 1 << 20;

impl Work<'_, '_> {
    /// Publishes the kind's layout if it is new, then seals, encodes and folds the event.
    pub(super) fn emit(
        &mut self,
        stream: &StreamId,
        said: &Said,
        cause: Option<EventId>,
        body: Body,
        events: &mut Vec<EventRef>,
    ) -> Result<Body, Stop> {
        let kind = body.kind();
        self.publish_layout(kind)?;
        let first = cause.is_none();
        let source = if first {
            self.asker.source.clone()
        } else {
            Source { channel: Channel::Rule, ..self.asker.source.clone() }
        };
        let envelope_of = |position, version, last: Option<(Position, Hash)>, event_id| Envelope {
            position,
            recorded_at: self.asker.now,
            effective_at: said.effective_at,
            event_id,
            stream: stream.clone(),
            version,
            prev_position: last.map(|(position, _)| position),
            prev_hash: last.map(|(_, hash)| hash).unwrap_or_default(),
            actor: said.there.as_ref().map_or(self.asker.actor, |(_, actor)| actor).clone(),
            source,
            causation: cause,
            correlation: None,
            request: said.mark.clone().filter(|_| first),
            reason: said.reason.clone().filter(|_| first),
            corrects: said.corrects.filter(|_| first),
        };
        let position = self.next();
        let event_id = self.new_id();
        let (version, last) = {
            let draft = self.draft(stream);
            (draft.version().next(), draft.last())
        };
        let envelope = envelope_of(position, version, last, event_id);
        let mut event = Event { envelope, body };
        self.seal(stream, &mut event)?;
        let hash = self.store(&mut event)?;
        if self.keep_events {
            self.sheet.emitted.push((event.clone(), hash));
        }
        fold_event(&mut self.draft(stream), &mut event, hash);
        self.note_book(&event.body);
        if let Some(key) = event.body.claims() {
            self.sheet.claimed.push(key.clone());
            self.sheet.claims.insert(key, (stream.clone(), position));
        }
        events.push(EventRef {
            position,
            event_id,
            kind,
            stream: stream.clone(),
            version,
            recorded_at: self.asker.now,
        });
        Ok(event.body)
    }

    fn next(&self) -> Position {
        let ahead = self.sheet.rehearsed + self.sheet.records.len() as u64;
        Position(self.pending.next().0 + ahead)
    }

    fn new_id(&mut self) -> EventId {
        let mut random = [0u8; 10];
        self.desk.entropy.fill(&mut random);
        EventId::from_parts(self.asker.now, &random)
    }

    fn note_book(&mut self, body: &Body) {
        if let Some((series, number)) = body.series() {
            self.sheet.series.insert(series.to_string(), number);
        }
        if BookState::concerns(body) {
            let mut book = self.book().clone();
            book.fold(body);
            self.sheet.book = Some(book);
        }
    }

    /// Encodes a sealed event and adds its record to the sheet.
    fn store(&mut self, event: &mut Event) -> Result<Hash, Stop> {
        let scratch = &mut self.desk.scratch;
        scratch.clear();
        event.encode_into(scratch)?;
        if scratch.len() > EVENT_SIZE_BYTES_MAX {
            let (actual, max) = (scratch.len(), EVENT_SIZE_BYTES_MAX);
            return Err(Rejection::EventTooLarge { actual, max }.into());
        }
        let hash = leaf_hash(scratch);
        let arena = &mut self.desk.arena;
        if arena.capacity() < scratch.len() {
            *arena = BytesMut::with_capacity(ARENA_SIZE_BYTES);
        }
        arena.extend_from_slice(scratch);
        let bytes = arena.split().freeze();
        self.sheet.records.push(Record {
            bytes,
            hash,
            recorded_at: event.envelope.recorded_at,
            terms: terms(event),
        });
        Ok(hash)
    }

    /// Publishes the layout of a kind before its first use. Only the book's opening, at position 0,
    /// comes before its own layout.
    pub(super) fn publish_layout(&mut self, kind: Kind) -> Result<(), Stop> {
        let published = self.desk.published.contains(&kind) || self.sheet.published.contains(&kind);
        if published || kind == Kind::BookOpened {
            return Ok(());
        }
        self.sheet.published.push(kind);
        self.publish_layout(Kind::EventLayoutPublished)?;
        self.emit_layout(kind)
    }

    pub(super) fn emit_layout(&mut self, kind: Kind) -> Result<(), Stop> {
        let stream = StreamId::Book(BookStream::Layouts);
        self.ready(&stream)?;
        let quiet = Said::nothing(self.asker.now);
        let body = Body::EventLayoutPublished(layout_of(kind)?);
        self.emit(&stream, &quiet, None, body, &mut Vec::new()).map(|_| ())
    }
}

fn layout_of(kind: Kind) -> Result<book::EventLayoutPublished, CodecError> {
    let too_long = |_| {
        CodecError::Encode(bincode::error::EncodeError::Other(
            "a kind's name or layout is too long",
        ))
    };
    Ok(book::EventLayoutPublished {
        kind_tag: kind.tag(),
        kind_name: Line::new(kind.name()).map_err(too_long)?,
        schema_version: kind.schema(),
        layout: Note::new(kind.layout().to_string()).map_err(too_long)?,
    })
}
