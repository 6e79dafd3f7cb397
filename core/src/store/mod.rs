//! The log's store: where groups of stored events become durable and are found again.
//!
//! Invariant: a group is visible to readers only after it is durable, whole, and in position order;
//! nothing is ever changed or removed. What this module does not do: it does not decide, seal or
//! interpret events; it sees bytes, hashes and index terms.
//!
//! Two implementations pass one conformance suite: [`memory`] (the reference) and `local`
//! (an append-only journal in front of sled).

pub mod local;
pub mod memory;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use crate::event::index::{Term, Terms};
use crate::position::Position;
use crate::proof::Hash;
use crate::proof::tree::Frontier;
use crate::time::{Seen, Timestamp};

/// The most bytes one stored event may have.
pub const EVENT_SIZE_BYTES_MAX: usize = 32 << 10;

/// The most events one group may have.
pub const GROUP_EVENTS_MAX: usize = 65_536;

/// An event about to be stored.
#[derive(Debug, Clone)]
pub struct Record {
    /// The exact bytes.
    pub bytes: Bytes,
    /// Their leaf hash.
    pub hash: Hash,
    /// When the ledger learned it (also inside the bytes).
    pub recorded_at: Timestamp,
    /// The terms it is found under.
    pub terms: Terms,
}

/// Events that become durable together or not at all.
#[derive(Debug, Clone)]
pub struct Group {
    /// Position of the first record; the store's next.
    pub first: Position,
    /// The records, at consecutive positions.
    pub records: Vec<Record>,
    /// The first vault slot no event has used yet, after this group.
    pub next_key_slot: u64,
}

/// An event as read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its position.
    pub position: Position,
    /// The exact bytes.
    pub bytes: Bytes,
}

/// How far the visible log reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The next position, which is also the number of events.
    pub next: Position,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
    /// The Merkle tree over all leaf hashes.
    pub tree: Frontier,
    /// The first vault slot no event has used yet.
    pub next_key_slot: u64,
}

/// The way a list of positions is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the oldest.
    Forwards,
    /// From the newest.
    Backwards,
}

/// Why a group was not appended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// There was no space; nothing was written, and a later append may succeed.
    #[error("the disk is full: {needed_bytes} bytes more are needed under {path}")]
    DiskFull {
        /// Bytes that could not be taken.
        needed_bytes: u64,
        /// Where.
        path: String,
    },
    /// Writing or syncing failed after bytes were handed over; the store is read-only until it is
    /// opened again. Whether the group survives is known only then.
    #[error("writing to {path} failed; the ledger is read-only until it is opened again")]
    StorageFailed {
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// An earlier failure made the store read-only.
    #[error("the ledger is read-only after an earlier storage failure; open it again")]
    ReadOnly,
}

/// Tells whether an error means that there is no space.
pub(crate) fn is_full(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}

/// Why something stored could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Something is broken around the log.
    #[error("{what} failed at {path}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Stored bytes are not what was stored. Everything stops.
    #[error(
        "{path} is damaged at byte {offset}: {problem}; first bad position {position}, \
         last good event recorded at {last_good_at}"
    )]
    Corrupt {
        /// The file.
        path: String,
        /// Offset of the first bad byte, as far as known.
        offset: u64,
        /// The first position that cannot be trusted.
        position: Position,
        /// When the last event before it was recorded.
        last_good_at: Timestamp,
        /// What is wrong.
        problem: &'static str,
    },
    /// A part that can be rebuilt from the journal is damaged; opening the ledger again rebuilds it.
    #[error(
        "a derived part of the ledger is damaged ({problem}); open the ledger again to rebuild it"
    )]
    DerivedDamaged {
        /// What is wrong.
        problem: String,
    },
}

/// Where groups become durable. All methods of the local implementations finish without waiting
/// for other tasks; callers run them where blocking is allowed.
#[async_trait]
pub trait LogStore: Send + Sync + 'static {
    /// Makes a group durable, then visible.
    ///
    /// # Errors
    /// [`AppendError`]; after anything but `DiskFull` the store stays read-only.
    async fn append(&self, group: Group) -> Result<(), AppendError>;

    /// Refuses every append from now on, as after a failure of its own: something that the next
    /// event would rely on could not be made durable elsewhere.
    fn stop_appends(&self);

    /// Returns how far the visible log reaches.
    fn head(&self) -> Head;

    /// Returns events from `from` on, at most `events_max` of them and about 1 MiB; none at the end.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn read(&self, from: Position, events_max: usize)
    -> Result<Vec<StoredEvent>, StoreError>;

    /// Returns positions within `range` whose events carry `term`, at most `positions_max`, in
    /// `order`. Rarely a position of another term may be among them; the caller checks.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn find(
        &self,
        term: Term,
        range: Range<Position>,
        order: Order,
        positions_max: usize,
    ) -> Result<Vec<Position>, StoreError>;

    /// Returns the number of events recorded at or before `known_at`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn position_at(&self, known_at: Timestamp) -> Result<Position, StoreError>;

    /// Keeps bytes that spare reading a long stream, in the place of earlier ones. They are no part of
    /// the log: they may be lost at any time, and this waits for no disk.
    fn save_state(&self, stream: Term, state: Bytes);

    /// Returns the bytes kept last for a stream, if they are still there; whoever uses them checks
    /// them.
    async fn saved_state(&self, stream: Term) -> Option<Bytes>;

    /// Drops the bytes kept for a stream: they are of no use.
    fn drop_state(&self, stream: Term);

    /// Keeps when the clock was last believed; it may be lost.
    fn keep_clock(&self, seen: &Seen);

    /// Returns when the clock was last believed, if that is known.
    fn seen_clock(&self) -> Option<Seen>;

    /// Keeps a signed tree head (a note's text) where it will be checked at the next opening.
    ///
    /// # Errors
    /// [`AppendError`] as for events.
    async fn keep_tree_head(&self, note: &str) -> Result<(), AppendError>;

    /// Finishes background work and makes the next opening fast. Nothing can be appended after it.
    ///
    /// # Errors
    /// [`AppendError`].
    async fn close(&self) -> Result<(), AppendError>;
}
