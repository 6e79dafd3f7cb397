//! What has been accepted and is on its way into the log, and what one unit is changing.

use std::collections::HashMap;

use super::super::states::StreamMap;
use crate::decide::state::Delta;
use crate::decide::{BookState, CustomerState};
use crate::event::{Event, Kind, StreamId, UniqueKey};
use crate::position::Position;
use crate::proof::Hash;
use crate::store::Record;
use crate::time::Timestamp;

/// What has been accepted but is not yet in the log.
#[derive(Default)]
pub(in crate::ledger) struct Pending {
    pub(in crate::ledger) records: Vec<Record>,
    pub(in crate::ledger) first: Position,
    pub(in crate::ledger) recorded_at: Timestamp,
    pub(in crate::ledger) next_key_slot: u64,
    pub(in crate::ledger) claims: HashMap<UniqueKey, Claim>,
    pub(in crate::ledger) touched: Vec<StreamId>,
}

/// Who took a unique number, and where.
pub(in crate::ledger) type Claim = (StreamId, Position);

/// Changes over one stream's state; a void puts another state in its place.
#[derive(Default, Clone)]
pub(in crate::ledger) struct Overlay {
    pub(super) replaced: Option<Box<CustomerState>>,
    pub(super) delta: Delta,
}

/// What a unit (or a rehearsal) has changed so far.
#[derive(Default, Clone)]
pub(in crate::ledger) struct Sheet {
    pub(super) overlays: StreamMap<Overlay>,
    pub(super) records: Vec<Record>,
    pub(super) claims: HashMap<UniqueKey, Claim>,
    /// The keys of `claims` that the unit being written has added.
    pub(super) claimed: Vec<UniqueKey>,
    /// In a rehearsal: what earlier units have changed, and how many events they became.
    pub(super) under: StreamMap<Overlay>,
    pub(super) rehearsed: u64,
    pub(super) published: Vec<Kind>,
    pub(super) series: HashMap<String, u64>,
    pub(super) book: Option<BookState>,
    pub(super) next_key_slot: u64,
    pub(super) emitted: Vec<(Event, Hash)>,
}

impl Sheet {
    /// Drops everything written on it.
    pub(super) fn clear(&mut self) {
        self.overlays.clear();
        self.records.clear();
        self.claims.clear();
        self.claimed.clear();
        self.published.clear();
        self.series.clear();
        self.book = None;
        self.emitted.clear();
    }

    /// Returns an empty sheet that takes new vault slots from `next_key_slot` on.
    pub(in crate::ledger) fn starting_at(next_key_slot: u64) -> Self {
        Sheet { next_key_slot, ..Sheet::default() }
    }
}

/// How much was pending at some moment.
pub(in crate::ledger) struct Mark {
    records: usize,
    touched: usize,
    recorded_at: Timestamp,
}

impl Pending {
    pub(in crate::ledger) const fn mark(&self) -> Mark {
        let (records, touched) = (self.records.len(), self.touched.len());
        Mark { records, touched, recorded_at: self.recorded_at }
    }

    /// Drops what came after the mark and returns the streams it touched. Key slots it took stay
    /// taken: they are unused, not lost.
    pub(in crate::ledger) fn cut(&mut self, mark: &Mark) -> Vec<StreamId> {
        self.records.truncate(mark.records);
        self.recorded_at = mark.recorded_at;
        self.touched.split_off(mark.touched.min(self.touched.len()))
    }

    pub(in crate::ledger) fn next(&self) -> Position {
        Position(self.first.0 + self.records.len() as u64)
    }
}
