//! Reading the log: by position, customer, kind and time, to a basis, with a bound.
//!
//! Events come back with their personal sections still sealed; [`Reader::open_sections`] opens them
//! for whoever may see them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bytes::Bytes;

use super::Parts;
use super::batch::SubmitError;
use super::prepare::{book_marks, open_section};
use crate::attachment::AttachmentStore;
use crate::decide::BookState;
use crate::event::index::Term;
use crate::event::{Body, Event, Header, Kind, StreamId, UniqueKey};
use crate::id::{BookId, CustomerCode};
use crate::position::{Position, StreamVersion};
use crate::proof::{Hash, leaf_hash};
use crate::store::{Head, LogStore, Order, StoreError, StoredEvent};
use crate::time::Timestamp;
use crate::vault::Vault;

/// The most events one read returns.
pub const READ_EVENTS_MAX: usize = 10_000;

/// Positions fetched from the index at a time while walking a long list.
const WALK_POSITIONS: usize = 1024;

/// Waits for a store's answer. The local stores answer at once; a remote one would block here,
/// which is why this runs only on threads that may block.
pub(crate) fn now_or_block<T>(future: impl Future<Output = T>) -> T {
    pollster::block_on(future)
}

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Only this stream.
    pub stream: Option<StreamId>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only from this position on.
    pub from: Option<Position>,
    /// Only before this position: the basis `known_at` as a position.
    pub before: Option<Position>,
    /// Only events effective at or before this instant: the basis `as_of`.
    pub as_of: Option<Timestamp>,
    /// Only events effective at or after this instant.
    pub since: Option<Timestamp>,
    /// Newest first.
    pub backwards: bool,
}

/// An event with its stored hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvent {
    /// The event.
    pub event: Event,
    /// Its leaf hash.
    pub hash: Hash,
    /// Sections whose key was destroyed.
    pub erased_sections: usize,
}

/// Reads everything visible. Cheap to clone; safe to use from many threads.
#[derive(Clone)]
pub struct Reader {
    store: Arc<dyn LogStore>,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) attachments: Arc<dyn AttachmentStore>,
    book: Arc<OnceLock<BookState>>,
    voids: Arc<Mutex<Voids>>,
}

/// The voids of the log as far as it has been looked at: where each event is that counts nowhere, and
/// where its void is.
#[derive(Default)]
struct Voids {
    until: Position,
    by: Arc<BTreeMap<Position, Position>>,
}

impl Reader {
    pub(super) fn of(parts: &Parts) -> Reader {
        Reader {
            store: Arc::clone(&parts.store),
            vault: Arc::clone(&parts.vault),
            attachments: Arc::clone(&parts.attachments),
            book: Arc::default(),
            voids: Arc::default(),
        }
    }

    pub(super) fn set_book(&self, book: BookState) {
        let _ = self.book.set(book);
    }

    /// Returns the book as it was when the ledger was opened.
    ///
    /// # Errors
    /// [`SubmitError::NotFounded`] before that.
    pub fn book(&self) -> Result<&BookState, SubmitError> {
        self.book.get().ok_or(SubmitError::NotFounded)
    }

    pub(super) fn book_id(&self) -> BookId {
        self.book.get().map_or(BookId(uuid::Uuid::nil()), |book| book.book)
    }

    /// Returns how far the visible log reaches.
    pub fn head(&self) -> Head {
        self.store.head()
    }

    /// Returns the number of events recorded at or before an instant.
    ///
    /// # Errors
    /// [`SubmitError::Store`].
    pub fn position_at(&self, known_at: Timestamp) -> Result<Position, SubmitError> {
        Ok(now_or_block(self.store.position_at(known_at))?)
    }

    /// Returns the stored bytes of one event.
    ///
    /// # Errors
    /// [`SubmitError::Store`] when there is no such event or it cannot be read.
    pub fn stored(&self, position: Position) -> Result<Bytes, SubmitError> {
        let found = now_or_block(self.store.read(position, 1))?;
        let missing = || StoreError::DerivedDamaged {
            problem: format!("position {position} is not in the log's blocks"),
        };
        let event = found.into_iter().next().filter(|event| event.position == position);
        Ok(event.ok_or_else(missing)?.bytes)
    }

    /// Returns the stored bytes of events from a position on, at most so many and about 1 MiB; none
    /// where the log does not reach.
    ///
    /// # Errors
    /// [`SubmitError::Store`].
    pub fn stored_from(
        &self,
        from: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, SubmitError> {
        Ok(now_or_block(self.store.read(from, events_max))?)
    }

    /// Returns one event, or nothing when the log does not reach that far.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn event(&self, position: Position) -> Result<Option<(Event, Hash)>, SubmitError> {
        if position >= self.head().next {
            return Ok(None);
        }
        let bytes = self.stored(position)?;
        Ok(Some((Event::decode(&bytes)?, leaf_hash(&bytes))))
    }

    /// Walks the events a query asks for, a bounded part in memory at a time.
    pub fn events(&self, query: Query) -> Events {
        let end = self.head().next;
        let before = query.before.map_or(end, |before| before.min(end));
        let from = query.from.unwrap_or_default().min(before);
        let term = match (&query.stream, query.kind) {
            (Some(stream), _) => Some(Term::stream(stream)),
            (None, Some(kind)) => Some(Term::kind(kind)),
            (None, None) => None,
        };
        Events {
            reader: self.clone(),
            query,
            term,
            left: from..before,
            ready: Vec::new(),
            done: false,
        }
    }

    /// Returns every event that counts nowhere by now, and where its void is. What was found before is
    /// kept, so that asking again looks only at what is new.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn voids(&self) -> Result<Arc<BTreeMap<Position, Position>>, SubmitError> {
        let mut voids = self.voids.lock().unwrap_or_else(PoisonError::into_inner);
        let head = self.head().next;
        if voids.until < head {
            let (kind, from) = (Some(Kind::EventVoided), Some(voids.until));
            let mut fresh = Vec::new();
            for event in self.events(Query { kind, from, before: Some(head), ..Query::default() }) {
                let (event, _) = event?;
                if let Body::EventVoided(void) = &event.body {
                    fresh.push((void.position, event.envelope.position));
                }
            }
            if !fresh.is_empty() {
                Arc::make_mut(&mut voids.by).extend(fresh);
            }
            voids.until = head;
        }
        Ok(Arc::clone(&voids.by))
    }

    /// Walks the heads of all events of a range, for readers that need no content.
    pub fn headers(&self, range: Range<Position>) -> Headers {
        let end = range.end.min(self.head().next);
        Headers { reader: self.clone(), left: range.start..end, ready: Vec::new().into_iter() }
    }

    /// Returns a stream's whole history, oldest first.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn history(&self, stream: &StreamId) -> Result<Vec<(Event, Hash)>, SubmitError> {
        self.events(Query { stream: Some(stream.clone()), ..Query::default() }).collect()
    }

    /// Returns the version of a stream's last event, 0 when it has none.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn version(&self, stream: &StreamId) -> Result<StreamVersion, SubmitError> {
        let term = Term::stream(stream);
        let mut left = Position(0)..self.head().next;
        loop {
            let found = now_or_block(self.store.find(term, left.clone(), Order::Backwards, 1))?;
            let Some(position) = found.first() else { return Ok(StreamVersion(0)) };
            let header = Header::decode(&self.stored(*position)?)?;
            if header.envelope.stream == *stream {
                return Ok(header.envelope.version);
            }
            left.end = *position;
        }
    }

    /// Tells whether a customer is on file.
    ///
    /// # Errors
    /// [`SubmitError`].
    pub fn knows(&self, customer: &CustomerCode) -> Result<bool, SubmitError> {
        Ok(self.version(&StreamId::Customer(customer.clone()))? > StreamVersion(0))
    }

    /// Returns the customer that took a unique number last, voided or not.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn holder(&self, number: &UniqueKey) -> Result<Option<CustomerCode>, SubmitError> {
        let all = Position(0)..self.head().next;
        let term = Term::unique(number);
        for position in now_or_block(self.store.find(term, all, Order::Backwards, usize::MAX))? {
            let Some((event, _)) = self.event(position)? else { continue };
            if event.body.claims().as_ref() == Some(number)
                && let StreamId::Customer(customer) = event.envelope.stream
            {
                return Ok(Some(customer));
            }
        }
        Ok(None)
    }

    /// Returns a mark of some words under the book's own key: equal words have equal marks, and
    /// without the key a mark says nothing. Opaque ids are made of it.
    ///
    /// # Errors
    /// [`SubmitError::Vault`].
    pub fn keyed_mark(&self, words: &[&str]) -> Result<[u8; 16], SubmitError> {
        let mut framed = Vec::new();
        for word in words {
            framed.extend_from_slice(&(word.len() as u64).to_le_bytes());
            framed.extend_from_slice(word.as_bytes());
        }
        Ok(book_marks(&*self.vault)?.mark(&[b"words", &framed]))
    }

    /// Opens the personal sections of an event whose keys are there.
    ///
    /// # Errors
    /// [`SubmitError::Vault`] when the vault fails; a destroyed key is no error.
    pub fn open_sections(&self, event: Event, hash: Hash) -> Result<OpenedEvent, SubmitError> {
        let mut event = event;
        let (id, kind) = (event.envelope.event_id, event.body.kind());
        let (mut index, mut erased_sections) = (0u8, 0);
        event.body.sections::<SubmitError>(&mut |subject, section| {
            if let Some(sealed) = section.sealed() {
                let place = (kind, index, &subject, section.class());
                match open_section(&*self.vault, self.book_id(), id, place, sealed)? {
                    Some(plaintext) => section.put_open(&plaintext)?,
                    None => erased_sections += 1,
                }
            }
            index += 1;
            Ok(())
        })?;
        Ok(OpenedEvent { event, hash, erased_sections })
    }
}

/// A walk over the heads of events. Memory stays flat however long it is.
pub struct Headers {
    reader: Reader,
    left: Range<Position>,
    ready: std::vec::IntoIter<StoredEvent>,
}

impl Iterator for Headers {
    type Item = Result<Header, SubmitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.len() == 0 && self.left.start < self.left.end {
            let size = self.left.end.0 - self.left.start.0;
            let size = size.min(WALK_POSITIONS as u64) as usize;
            match now_or_block(self.reader.store.read(self.left.start, size)) {
                Ok(stored) if !stored.is_empty() => {
                    self.left.start = Position(self.left.start.0 + stored.len() as u64);
                    self.ready = stored.into_iter();
                }
                read => {
                    let position = std::mem::replace(&mut self.left.start, self.left.end);
                    let missing = || StoreError::DerivedDamaged {
                        problem: format!("position {position} is not in the log's blocks"),
                    };
                    return Some(Err(read.err().unwrap_or_else(missing).into()));
                }
            }
        }
        let stored = self.ready.next()?;
        Some(Header::decode(&stored.bytes).map_err(SubmitError::from))
    }
}

/// A walk over events. Memory stays flat however long it is.
pub struct Events {
    reader: Reader,
    query: Query,
    term: Option<Term>,
    left: Range<Position>,
    ready: Vec<(Event, Hash)>,
    done: bool,
}

impl Events {
    fn refill(&mut self) -> Result<(), SubmitError> {
        while self.ready.is_empty() && !self.done {
            let mut batch = match self.term {
                Some(term) => self.refill_by_term(term)?,
                None => self.refill_by_position()?,
            };
            batch.retain(|(event, _)| self.wanted(event));
            // `ready` is popped from its end.
            if !self.query.backwards {
                batch.reverse();
            }
            self.ready = batch;
        }
        Ok(())
    }

    /// Fetches the next part of a term's list, in ascending order.
    fn refill_by_term(&mut self, term: Term) -> Result<Vec<(Event, Hash)>, SubmitError> {
        let order = if self.query.backwards { Order::Backwards } else { Order::Forwards };
        let range = self.left.clone();
        let store = &self.reader.store;
        let mut positions = now_or_block(store.find(term, range, order, WALK_POSITIONS))?;
        match positions.last() {
            None => self.done = true,
            Some(last) if self.query.backwards => self.left.end = *last,
            Some(last) => self.left.start = last.next(),
        }
        positions.sort_unstable();
        let mut events = Vec::with_capacity(positions.len());
        // Neighbours are read together: what was written in one go lies in one place.
        for run in positions.chunk_by(|left, right| left.next() == *right) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            self.read_run(*first..last.next(), &mut events)?;
        }
        Ok(events)
    }

    /// Fetches the next part of the whole log, in ascending order.
    fn refill_by_position(&mut self) -> Result<Vec<(Event, Hash)>, SubmitError> {
        let size = self.left.end.0.saturating_sub(self.left.start.0);
        if size == 0 {
            self.done = true;
            return Ok(Vec::new());
        }
        let part = size.min(WALK_POSITIONS as u64);
        let from =
            if self.query.backwards { Position(self.left.end.0 - part) } else { self.left.start };
        let mut events = Vec::with_capacity(part as usize);
        self.read_run(from..Position(from.0 + part), &mut events)?;
        if self.query.backwards {
            self.left.end = from;
        } else {
            self.left.start = Position(from.0 + part);
        }
        Ok(events)
    }

    /// Reads every event of a range of positions.
    fn read_run(
        &self,
        range: Range<Position>,
        events: &mut Vec<(Event, Hash)>,
    ) -> Result<(), SubmitError> {
        let mut next = range.start;
        while next < range.end {
            let wanted = (range.end.0 - next.0) as usize;
            let stored = now_or_block(self.reader.store.read(next, wanted))?;
            let Some(last) = stored.last() else {
                let problem = format!("position {next} is not in the log's blocks");
                return Err(StoreError::DerivedDamaged { problem }.into());
            };
            next = last.position.next();
            for event in &stored {
                events.push((Event::decode(&event.bytes)?, leaf_hash(&event.bytes)));
            }
        }
        Ok(())
    }

    fn wanted(&self, event: &Event) -> bool {
        let query = &self.query;
        let envelope = &event.envelope;
        query.stream.as_ref().is_none_or(|stream| envelope.stream == *stream)
            && query.kind.is_none_or(|kind| event.body.kind() == kind)
            && query.as_of.is_none_or(|as_of| envelope.effective_at <= as_of)
            && query.since.is_none_or(|since| envelope.effective_at >= since)
    }
}

impl Iterator for Events {
    type Item = Result<(Event, Hash), SubmitError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.refill() {
            self.done = true;
            return Some(Err(error));
        }
        self.ready.pop().map(Ok)
    }
}
