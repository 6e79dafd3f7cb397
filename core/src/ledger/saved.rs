//! Saved decision states: what spares folding a long stream again.
//!
//! Invariant: answers are the same with and without them. A saved state is believed only when it bears
//! the mark of this book's key and the log holds, at the position it names, the event of its stream,
//! version and hash; since every event names the hash before it, that event stands for all before. On
//! any doubt the state is dropped and the stream is folded from its first event. What this module does
//! not do: it makes nothing durable; a state may be lost at any time.
//!
//! ```text
//! mark 16 bytes, under the book's key, of "state" ‖ state │ state, see decide/saved.rs
//! ```

use std::collections::BTreeSet;

use bytes::Bytes;

use super::batch::SubmitError;
use super::prepare::Desk;
use super::read::{Query, now_or_block};
use crate::decide::{CustomerState, saved, void};
use crate::event::index::Term;
use crate::event::{Event, StreamId};
use crate::position::StreamVersion;
use crate::proof::leaf_hash;

/// Streams of fewer events are folded as quickly as a saved state is found and checked.
const LONG_EVENTS: u64 = 512;

/// Events that may be folded onto a saved state before it is worth saving again.
const FOLDED_EVENTS_MIN: u64 = 64;

/// The same as a part of all events: what is written for an event does not grow with the stream.
const FOLDED_PART: u64 = 128;

/// Events after which a state is saved while the ledger is open, so that little is folded after a kill.
const UNSAVED_EVENTS_MAX: u64 = 4096;

/// Tells whether a state at `version` is worth saving when it goes out of memory.
pub(super) fn is_due(version: StreamVersion, saved: StreamVersion) -> bool {
    let folded = version.0.saturating_sub(saved.0);
    version.0 >= LONG_EVENTS && folded >= FOLDED_EVENTS_MIN.max(version.0 / FOLDED_PART)
}

/// Tells whether a state at `version` has gone so long without being saved that it is saved now.
pub(super) fn is_overdue(version: StreamVersion, saved: StreamVersion) -> bool {
    version.0.saturating_sub(saved.0) >= UNSAVED_EVENTS_MAX.max(version.0 / 2)
}

/// Compares a saved state with what its stream's events say, oldest first; the mark, which needs a key,
/// is left aside. A state of another release is dropped when it is met, and says nothing.
pub(crate) fn check_saved(
    bytes: &[u8],
    events: &mut dyn Iterator<Item = Result<Bytes, String>>,
) -> Result<(), String> {
    let (_, bytes) = bytes.split_first_chunk::<16>().ok_or("a saved state is cut off")?;
    let mut history = Vec::new();
    let mut stream = None;
    for stored in events {
        let stored = stored?;
        let event = Event::decode(&stored).map_err(|error| error.to_string())?;
        // Another stream may share the term.
        if *stream.get_or_insert_with(|| event.envelope.stream.clone()) == event.envelope.stream {
            history.push((event, leaf_hash(&stored)));
        }
    }
    let stream = stream.ok_or("a saved state is of a stream without events")?;
    let Ok(saved) = saved::decode(&stream, bytes) else { return Ok(()) };
    history.truncate(usize::try_from(saved.version.0).unwrap_or(usize::MAX));
    if void::replay(&mut history) == saved {
        return Ok(());
    }
    Err(format!("the saved state of {stream} is not what its events give"))
}

impl Desk {
    /// Reads a stream's state from the log unless it is in memory.
    pub(super) fn load(&mut self, stream: &StreamId) -> Result<(), SubmitError> {
        if self.states.touch(stream) {
            return Ok(());
        }
        let version = self.reader.version(stream)?;
        let base = if version.0 < LONG_EVENTS { None } else { self.saved_state(stream)? };
        let mut saved = base.as_ref().map_or(StreamVersion(0), |base| base.version);
        let mut state = None;
        if let Some(base) = base {
            state = self.fold_onto(base, stream)?;
        }
        let state = match state {
            Some(state) => state,
            None => {
                if saved > StreamVersion(0) {
                    self.store.drop_state(Term::stream(stream));
                    saved = StreamVersion(0);
                }
                self.fold_onto(CustomerState::default(), stream)?.unwrap_or_default()
            }
        };
        if is_due(state.version, saved) {
            self.save_state(stream, &state);
            saved = state.version;
        }
        self.states.put(stream.clone(), state, saved);
        Ok(())
    }

    /// Folds what follows a state in the log onto it; nothing when the state is of no use.
    fn fold_onto(
        &self,
        base: CustomerState,
        stream: &StreamId,
    ) -> Result<Option<CustomerState>, SubmitError> {
        let from = base.last.map(|(position, _)| position.next());
        let query = Query { stream: Some(stream.clone()), from, ..Query::default() };
        void::replay_on(base, || self.reader.events(query.clone()))
    }

    /// Returns a stream's saved state if it can be believed.
    pub(super) fn saved_state(
        &self,
        stream: &StreamId,
    ) -> Result<Option<CustomerState>, SubmitError> {
        let term = Term::stream(stream);
        let Some(bytes) = now_or_block(self.store.saved_state(term)) else { return Ok(None) };
        let believed = match self.parse_state(stream, &bytes) {
            Some(state) if self.is_of_the_log(stream, &state)? => Some(state),
            _ => None,
        };
        if believed.is_none() {
            self.store.drop_state(term);
        }
        Ok(believed)
    }

    fn parse_state(&self, stream: &StreamId, bytes: &[u8]) -> Option<CustomerState> {
        let (mark, bytes) = bytes.split_first_chunk::<16>()?;
        if *mark != self.book_marks.mark(&[b"state", bytes]) {
            return None;
        }
        saved::decode(stream, bytes).ok()
    }

    fn is_of_the_log(&self, stream: &StreamId, state: &CustomerState) -> Result<bool, SubmitError> {
        let Some((position, hash)) = state.last else { return Ok(false) };
        Ok(match self.reader.event(position)? {
            Some((event, found)) => {
                let envelope = &event.envelope;
                found == hash && envelope.stream == *stream && envelope.version == state.version
            }
            None => false,
        })
    }

    /// Saves a state that holds nothing but events of the log.
    pub(super) fn save_state(&self, stream: &StreamId, state: &CustomerState) {
        // A state that cannot be written is folded again, as if it had been lost.
        let Ok(bytes) = saved::encode(stream, state) else { return };
        let mut marked = Vec::with_capacity(bytes.len() + 16);
        marked.extend_from_slice(&self.book_marks.mark(&[b"state", &bytes]));
        marked.extend_from_slice(&bytes);
        self.store.save_state(Term::stream(stream), Bytes::from(marked));
    }

    /// Saves those of the streams just appended to whose states were not saved for long.
    pub(super) fn save_overdue(&mut self, touched: Vec<StreamId>) {
        for stream in touched.into_iter().collect::<BTreeSet<_>>() {
            let overdue = self.states.held(&stream).filter(|held| held.is_overdue());
            if let Some(held) = overdue {
                self.save_state(&stream, &held.state);
                self.states.note_saved(&stream);
            }
        }
    }

    /// Makes room for further states, saving those that are dropped and worth it.
    pub(super) fn settle_states(&mut self) {
        for (stream, held) in self.states.settle() {
            if held.is_due() {
                self.save_state(&stream, &held.state);
            }
        }
    }

    /// Saves every state in memory that is worth it.
    pub(super) fn save_states(&self) {
        for (stream, held) in self.states.each() {
            if held.is_due() {
                self.save_state(stream, &held.state);
            }
        }
    }
}
