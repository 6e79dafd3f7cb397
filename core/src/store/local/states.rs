//! Saved states on their way into the index: a background thread puts them there.
//!
//! Invariant: what was saved last is what is read, whether it has arrived or not. What this module does
//! not do: it promises nothing; a state that finds no room or no index is dropped.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::sled::{Index, IndexError};
use crate::event::index::Term;

/// Bytes of states that may wait; one that would make it more is dropped.
const WAITING_SIZE_BYTES_MAX: usize = 64 << 20;

/// States that the index does not hold yet.
#[derive(Debug, Default)]
pub(crate) struct WaitingStates(Mutex<BTreeMap<Term, Bytes>>);

impl WaitingStates {
    /// Adds a state; returns whether there was room.
    pub(crate) fn put(&self, stream: Term, state: Bytes) -> bool {
        let mut waiting = self.lock();
        waiting.remove(&stream);
        let size: usize = waiting.values().map(Bytes::len).sum();
        if size + state.len() > WAITING_SIZE_BYTES_MAX {
            return false;
        }
        waiting.insert(stream, state);
        true
    }

    /// Returns a state that waits.
    pub(crate) fn get(&self, stream: Term) -> Option<Bytes> {
        self.lock().get(&stream).cloned()
    }

    /// Drops a state that waits.
    pub(crate) fn remove(&self, stream: Term) {
        self.lock().remove(&stream);
    }

    /// Puts a state that waits into the index.
    pub(crate) fn settle(&self, stream: Term, index: &Index) -> Result<(), IndexError> {
        let Some(state) = self.get(stream) else { return Ok(()) };
        let put = index.put_state(stream, &state);
        let mut waiting = self.lock();
        // A newer one may have come meanwhile; it is settled in its turn.
        if waiting.get(&stream).is_some_and(|newest| newest.as_ptr() == state.as_ptr()) {
            waiting.remove(&stream);
        }
        put
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Term, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
