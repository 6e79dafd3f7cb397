//! The reference store: everything in memory, nothing durable. Tests compare the other against it.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;

use super::{AppendError, Group, Head, LogStore, Order, Record, StoreError, StoredEvent};
use crate::event::index::Term;
use crate::position::Position;
use crate::time::{Seen, Timestamp};

/// A log in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    records: Vec<Record>,
    terms: HashMap<Term, Vec<Position>>,
    states: HashMap<Term, Bytes>,
    clock: Option<Seen>,
    head: Head,
    stopped: bool,
}

impl MemoryStore {
    fn inner(&self) -> std::sync::RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn inner_mut(&self) -> std::sync::RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl LogStore for MemoryStore {
    async fn append(&self, group: Group) -> Result<(), AppendError> {
        let mut inner = self.inner_mut();
        if inner.stopped {
            return Err(AppendError::ReadOnly);
        }
        assert_eq!(group.first, inner.head.next, "the writer numbers groups without a gap");
        for record in group.records {
            let position = inner.head.next;
            for term in &record.terms {
                inner.terms.entry(*term).or_default().push(position);
            }
            inner.head.tree.push(record.hash);
            inner.head.next = position.next();
            inner.head.recorded_at = record.recorded_at;
            inner.records.push(record);
        }
        inner.head.next_key_slot = group.next_key_slot;
        Ok(())
    }

    fn stop_appends(&self) {
        self.inner_mut().stopped = true;
    }

    fn head(&self) -> Head {
        self.inner().head.clone()
    }

    async fn read(
        &self,
        from: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        let inner = self.inner();
        let start = usize::try_from(from.0).unwrap_or(usize::MAX);
        Ok(inner
            .records
            .iter()
            .enumerate()
            .skip(start)
            .take(events_max)
            .map(|(index, record)| StoredEvent {
                position: Position(index as u64),
                bytes: record.bytes.clone(),
            })
            .collect())
    }

    async fn find(
        &self,
        term: Term,
        range: Range<Position>,
        order: Order,
        positions_max: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let inner = self.inner();
        let all = inner.terms.get(&term).map(Vec::as_slice).unwrap_or_default();
        let within = all.iter().copied().filter(|position| range.contains(position));
        Ok(match order {
            Order::Forwards => within.take(positions_max).collect(),
            Order::Backwards => within.rev().take(positions_max).collect(),
        })
    }

    async fn position_at(&self, known_at: Timestamp) -> Result<Position, StoreError> {
        let inner = self.inner();
        let count = inner.records.partition_point(|record| record.recorded_at <= known_at);
        Ok(Position(count as u64))
    }

    fn save_state(&self, stream: Term, state: Bytes) {
        self.inner_mut().states.insert(stream, state);
    }

    async fn saved_state(&self, stream: Term) -> Option<Bytes> {
        self.inner().states.get(&stream).cloned()
    }

    fn drop_state(&self, stream: Term) {
        self.inner_mut().states.remove(&stream);
    }

    fn keep_clock(&self, seen: &Seen) {
        self.inner_mut().clock = Some(*seen);
    }

    fn seen_clock(&self) -> Option<Seen> {
        self.inner().clock
    }

    async fn keep_tree_head(&self, _note: &str) -> Result<(), AppendError> {
        Ok(())
    }

    async fn close(&self) -> Result<(), AppendError> {
        Ok(())
    }
}
