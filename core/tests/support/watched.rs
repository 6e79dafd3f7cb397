//! A store in memory that is watched.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use daybook_core::event::index::Term;
use daybook_core::position::Position;
use daybook_core::store::memory::MemoryStore;
use daybook_core::store::{AppendError, Group, Head, LogStore, Order, StoreError, StoredEvent};
use daybook_core::time::{Seen, Timestamp};

/// A store in memory that counts the events read from it and keeps the tree heads it is given.
#[derive(Default)]
pub struct Watched {
    store: MemoryStore,
    read: AtomicU64,
    pub heads: Mutex<Vec<String>>,
}

impl Watched {
    /// Returns how many events were read since it was asked last.
    pub fn events_read(&self) -> u64 {
        self.read.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl LogStore for Watched {
    async fn append(&self, group: Group) -> Result<(), AppendError> {
        self.store.append(group).await
    }

    fn stop_appends(&self) {
        self.store.stop_appends();
    }

    fn head(&self) -> Head {
        self.store.head()
    }

    async fn read(&self, from: Position, max: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let events = self.store.read(from, max).await?;
        self.read.fetch_add(events.len() as u64, Ordering::SeqCst);
        Ok(events)
    }

    async fn find(
        &self,
        term: Term,
        range: Range<Position>,
        order: Order,
        positions_max: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.store.find(term, range, order, positions_max).await
    }

    async fn position_at(&self, known_at: Timestamp) -> Result<Position, StoreError> {
        self.store.position_at(known_at).await
    }

    fn save_state(&self, stream: Term, state: Bytes) {
        self.store.save_state(stream, state);
    }

    async fn saved_state(&self, stream: Term) -> Option<Bytes> {
        self.store.saved_state(stream).await
    }

    fn drop_state(&self, stream: Term) {
        self.store.drop_state(stream);
    }

    fn keep_clock(&self, seen: &Seen) {
        self.store.keep_clock(seen);
    }

    fn seen_clock(&self) -> Option<Seen> {
        self.store.seen_clock()
    }

    async fn keep_tree_head(&self, note: &str) -> Result<(), AppendError> {
        self.heads.lock().unwrap().push(note.to_owned());
        self.store.keep_tree_head(note).await
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.store.close().await
    }
}
