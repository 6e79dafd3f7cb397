//! Decision states in memory, within a bound.
//!
//! Two generations: states used lately and states used before that. When the young one is full the
//! old one is dropped and the young one becomes old, so that keeping order costs nothing per use.
//! A dropped state is folded again from the log when it is needed, a long stream's from where it was
//! saved last; dropping is always harmless.

use std::collections::HashMap;

use super::saved;
use crate::decide::CustomerState;
use crate::event::StreamId;
use crate::position::StreamVersion;

/// A map by stream. Its order never reaches bytes, hashes or answers.
pub(super) type StreamMap<T> = HashMap<StreamId, T, foldhash::fast::RandomState>;

/// A state in memory.
pub(super) struct Held {
    pub(super) state: CustomerState,
    /// The version at which it was saved last; 0 when it was not.
    saved: StreamVersion,
}

impl Held {
    /// Tells whether it is worth saving when it goes out of memory.
    pub(super) fn is_due(&self) -> bool {
        saved::is_due(self.state.version, self.saved)
    }

    /// Tells whether it was not saved for so long that it is saved now.
    pub(super) fn is_overdue(&self) -> bool {
        saved::is_overdue(self.state.version, self.saved)
    }
}

/// States by stream.
pub(super) struct States {
    young: StreamMap<Held>,
    old: StreamMap<Held>,
    young_size_bytes: usize,
    size_bytes_max: usize,
}

impl States {
    pub(super) fn new(size_bytes_max: usize) -> Self {
        States {
            young: StreamMap::default(),
            old: StreamMap::default(),
            young_size_bytes: 0,
            size_bytes_max,
        }
    }

    /// Tells whether a state is in memory, and marks it as recently used.
    pub(super) fn touch(&mut self, stream: &StreamId) -> bool {
        if self.young.contains_key(stream) {
            return true;
        }
        match self.old.remove(stream) {
            Some(held) => {
                self.put(stream.clone(), held.state, held.saved);
                true
            }
            None => false,
        }
    }

    /// Returns a state that was touched.
    pub(super) fn get(&self, stream: &StreamId) -> Option<&CustomerState> {
        self.held(stream).map(|held| &held.state)
    }

    /// Returns a state that was touched, with when it was saved.
    pub(super) fn held(&self, stream: &StreamId) -> Option<&Held> {
        self.young.get(stream)
    }

    /// Returns every state in memory.
    pub(super) fn each(&self) -> impl Iterator<Item = (&StreamId, &Held)> {
        self.young.iter().chain(&self.old)
    }

    /// Puts a state read from the log, saved last at the version `saved`.
    pub(super) fn put(&mut self, stream: StreamId, state: CustomerState, saved: StreamVersion) {
        self.young_size_bytes += size_bytes(&state);
        self.young.insert(stream, Held { state, saved });
    }

    /// Notes that a state was saved as it is now.
    pub(super) fn note_saved(&mut self, stream: &StreamId) {
        if let Some(held) = self.young.get_mut(stream) {
            held.saved = held.state.version;
        }
    }

    /// Puts another state in the place of one in memory; what was saved of it is of no use any more.
    pub(super) fn replace(&mut self, stream: &StreamId, state: CustomerState) {
        self.forget(stream);
        self.put(stream.clone(), state, StreamVersion(0));
    }

    /// Changes a state that is in memory.
    pub(super) fn change(&mut self, stream: &StreamId, change: impl FnOnce(&mut CustomerState)) {
        if let Some(Held { state, .. }) = self.young.get_mut(stream) {
            let before = size_bytes(state);
            change(state);
            self.young_size_bytes =
                (self.young_size_bytes + size_bytes(state)).saturating_sub(before);
        }
    }

    /// Forgets a state; it will be read from the log.
    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.old.remove(stream);
        if let Some(held) = self.young.remove(stream) {
            self.young_size_bytes = self.young_size_bytes.saturating_sub(size_bytes(&held.state));
        }
    }

    /// Drops the old generation when the young one has filled its half, and returns it. Called between
    /// groups only: a state that holds events not yet in the log must not be dropped.
    pub(super) fn settle(&mut self) -> StreamMap<Held> {
        if self.young_size_bytes <= self.size_bytes_max / 2 {
            return StreamMap::default();
        }
        self.young_size_bytes = 0;
        std::mem::replace(&mut self.old, std::mem::take(&mut self.young))
    }
}

/// Estimates a state's memory; measured with the generator's customers to be within a third.
fn size_bytes(state: &CustomerState) -> usize {
    512 + state.records.len() * 220
        + state.requests.len() * 56
        + state.key_slots.len() * 64
        + state.profile.details.len() * 48
}
