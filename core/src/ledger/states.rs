//! Decision states in memory, within a bound.
//!
//! Two generations: states used lately and states used before that. When the young one is full the
//! old one is dropped and the young one becomes old, so that keeping order costs nothing per use.
//! A dropped state is folded again from the log when it is needed; dropping is always harmless.

use std::collections::HashMap;

use crate::decide::CustomerState;
use crate::event::StreamId;

/// A map by stream. Its order never reaches bytes, hashes or answers.
pub(super) type StreamMap<T> = HashMap<StreamId, T, foldhash::fast::RandomState>;

/// States by stream.
pub(super) struct States {
    young: StreamMap<CustomerState>,
    old: StreamMap<CustomerState>,
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
            Some(state) => {
                self.put(stream.clone(), state);
                true
            }
            None => false,
        }
    }

    /// Returns a state that was touched.
    pub(super) fn get(&self, stream: &StreamId) -> Option<&CustomerState> {
        self.young.get(stream)
    }

    /// Puts a state read from the log.
    pub(super) fn put(&mut self, stream: StreamId, state: CustomerState) {
        self.young_size_bytes += size_bytes(&state);
        self.young.insert(stream, state);
    }

    /// Changes a state that is in memory.
    pub(super) fn change(&mut self, stream: &StreamId, change: impl FnOnce(&mut CustomerState)) {
        if let Some(state) = self.young.get_mut(stream) {
            let before = size_bytes(state);
            change(state);
            self.young_size_bytes =
                (self.young_size_bytes + size_bytes(state)).saturating_sub(before);
        }
    }

    /// Forgets a state; it will be read from the log.
    pub(super) fn forget(&mut self, stream: &StreamId) {
        self.old.remove(stream);
        if let Some(state) = self.young.remove(stream) {
            self.young_size_bytes = self.young_size_bytes.saturating_sub(size_bytes(&state));
        }
    }

    /// Drops the old generation when the young one has filled its half. Called between groups only:
    /// a state that holds events not yet in the log must not be dropped.
    pub(super) fn settle(&mut self) {
        if self.young_size_bytes > self.size_bytes_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_size_bytes = 0;
        }
    }
}

/// Estimates a state's memory; measured with the generator's customers to be within a third.
fn size_bytes(state: &CustomerState) -> usize {
    512 + state.records.len() * 220
        + state.requests.len() * 56
        + state.key_slots.len() * 64
        + state.profile.details.len() * 48
}
