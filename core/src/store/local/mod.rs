//! A ledger on one machine: an append-only journal in front of sled.
//!
//! What an acknowledged append survives: the end of the process at any moment, and the loss of power
//! as far as the device keeps what it reported as synced; see `journal`. Everything else in the
//! directory can be made again from the journal.
//!
//! Invariant: an acknowledgement stands behind a sync of the journal, a reader sees nothing before
//! it; only [`LocalStore::create`] makes a ledger, and nothing that is missing, foreign, older or
//! damaged is ever taken for an empty one. What this folder does not do: it interprets no event
//! beyond the terms it is found under.
//!
//! ```text
//! DIR/book        which ledger this is                     never changes
//! DIR/lock        who has it open
//! DIR/clock       when the clock was last believed         a help, no proof
//! DIR/socket      how others reach whoever has it open     gone with the holder
//! DIR/journal/    the events, in segments                  the truth
//! DIR/heads/head  the last signed tree head                also kept outside DIR
//! DIR/quarantine/ groups cut off while being written       made when needed
//! DIR/sled/       blocks and postings                      disposable
//! ```

mod clock;
mod derived;
mod error;
mod heads;
mod identity;
mod indexer;
mod journal;
mod lock;
mod open;
mod recover;
mod sled;
mod states;
mod unindexed;
mod verify;
mod visible;

use std::collections::VecDeque;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;

pub use derived::{DerivedReport, StateCheck, verify_derived};
pub use error::StoreOpenError;
pub use heads::{HEAD_FILE, NoteError, parse_note};
pub use identity::{BOOK_FILE, Identity};
pub(crate) use journal::writer::sync_dir;
pub use lock::{LOCK_FILE, is_held};
pub use open::{IndexState, OpenReport, Options};
pub use recover::Quarantined;
pub use verify::{Progress, UnconfirmedTail, VerifyError, VerifyReport, verify};

use self::heads::{KeptHead, Place};
use self::indexer::{Chore, note_damage};
use self::journal::segment::Boundary;
use self::journal::writer::JournalWriter;
use self::lock::Lock;
use self::sled::blocks::Block;
use self::sled::{Index, IndexError};
use self::states::WaitingStates;
use self::unindexed::Unindexed;
use self::visible::Visible;
use super::{AppendError, Group, Head, LogStore, Order, StoreError, StoredEvent, is_full};
use crate::event::Header;
use crate::event::index::Term;
use crate::position::Position;
use crate::proof::Hash;
use crate::time::{Seen, Timestamp};

/// The folder of the journal.
pub const JOURNAL_DIR: &str = "journal";

/// The folder of sled.
pub const SLED_DIR: &str = "sled";

/// The most bytes one read returns, but for its last event.
const READ_SIZE_BYTES_MAX: usize = 1 << 20;

/// Bytes of appended events that may wait for the index; an append beyond that waits.
const PENDING_SIZE_BYTES_MAX: usize = 96 << 20;

/// Ends of groups remembered, so that a tree head of one of them can say where it is.
const RECENT_ENDS_MAX: usize = 1024;

/// A ledger's log on one machine.
#[derive(Debug)]
pub struct LocalStore {
    dir: PathBuf,
    identity: Identity,
    heads_outside: Option<PathBuf>,
    writer: Mutex<Writer>,
    visible: Arc<Visible>,
    /// Nothing when there was no space for it: then everything is answered from the journal.
    index: Option<Arc<Index>>,
    unindexed: Unindexed,
    states: Arc<WaitingStates>,
    chores: Sender<Chore>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    // Last, so that the lock is given up after everything else is closed.
    _lock: Lock,
}

#[derive(Debug)]
struct Writer {
    journal: JournalWriter,
    recent: VecDeque<Place>,
    /// Size and root of the tree head that every copy holds, if they hold one and the same.
    kept: Option<(u64, Hash)>,
    appended: Appended,
    closed: bool,
}

/// What was appended since the opening.
#[derive(Debug, Clone, Copy, Default)]
struct Appended {
    events: u64,
    groups: u64,
    time: Duration,
}

/// How a store's background work stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Events in the log.
    pub events: u64,
    /// The position up to which events are in stored blocks.
    pub blocks_next: Position,
    /// The position up to which terms are in stored runs.
    pub postings_next: Position,
    /// Whether an earlier failure made the store read-only.
    pub read_only: bool,
    /// Why the index cannot be read or written any more, if so: reads are then answered from the
    /// journal, slowly, and the next opening builds it anew.
    pub index_problem: Option<String>,
    /// Why a full segment could not be sealed, if so.
    pub seal_problem: Option<String>,
    /// Events appended since the opening.
    pub appended_events: u64,
    /// Groups appended since the opening, each with its sync.
    pub appended_groups: u64,
    /// The time spent writing and syncing them.
    pub append_time: Duration,
}

impl LocalStore {
    /// Makes a new ledger in `dir`, which must be new or empty. Nothing is there until all is.
    ///
    /// # Errors
    /// [`StoreOpenError::NotEmpty`], or what the disk says.
    pub fn create(
        dir: &Path,
        identity: &Identity,
        options: &Options,
    ) -> Result<(), StoreOpenError> {
        open::create(dir, identity, options)
    }

    /// Opens the ledger in `dir`.
    ///
    /// # Errors
    /// [`StoreOpenError`]; nothing is opened in part.
    pub fn open(dir: &Path, options: &Options) -> Result<(LocalStore, OpenReport), StoreOpenError> {
        open::open(dir, options)
    }

    /// Returns which ledger this is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns how the background work stands.
    pub fn status(&self) -> Status {
        let events = self.visible.next().0;
        let (read_only, appended) = {
            let writer = self.writer();
            (writer.journal.has_failed(), writer.appended)
        };
        let work = self.visible.work();
        Status {
            events,
            blocks_next: self.index.as_ref().map_or(Position(0), |index| index.blocks_next()),
            postings_next: self.index.as_ref().map_or(Position(0), |index| index.postings_next()),
            read_only,
            index_problem: work.index_problem.clone().or_else(|| work.read_problem.clone()),
            seal_problem: work.seal_problem.clone(),
            appended_events: appended.events,
            appended_groups: appended.groups,
            append_time: appended.time,
        }
    }

    /// Waits until the index holds everything appended so far, but for its open block.
    pub fn wait_for_index(&self) {
        let next = self.visible.next();
        self.visible.announce();
        self.visible.wait_until(|work| work.indexed >= next || work.is_stuck());
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while too much is pending; refuses when it will not become less.
    fn wait_for_room(&self) -> Result<(), AppendError> {
        self.visible
            .wait_until(|work| work.pending_size_bytes < PENDING_SIZE_BYTES_MAX || work.is_stuck());
        let work = self.visible.work();
        if work.pending_size_bytes >= PENDING_SIZE_BYTES_MAX {
            return Err(AppendError::DiskFull {
                needed_bytes: work.pending_size_bytes as u64,
                path: self.dir.join(SLED_DIR).display().to_string(),
            });
        }
        Ok(())
    }

    fn append_now(&self, group: Group) -> Result<(), AppendError> {
        let mut writer = self.writer();
        if writer.closed {
            return Err(AppendError::ReadOnly);
        }
        self.wait_for_room()?;
        let mut head = self.visible.head();
        assert_eq!(group.first, head.next, "the writer numbers groups without a gap");
        for record in &group.records {
            head.tree.push(record.hash);
            head.recorded_at = record.recorded_at;
        }
        head.next = Position(head.tree.size());
        head.next_key_slot = group.next_key_slot;
        let end = Boundary {
            tree: head.tree.clone(),
            next_key_slot: head.next_key_slot,
            recorded_at: head.recorded_at,
        };
        let started = Instant::now();
        let rolled = writer.journal.append(&group, end)?;
        writer.appended.time += started.elapsed();
        writer.appended.groups += 1;
        writer.appended.events += group.records.len() as u64;
        writer.remember(&head);
        self.visible.admit(Arc::new(group), head);
        if let Some(rolled) = rolled {
            // The other thread is gone only when everything ends; the next opening seals then.
            let _ = self.chores.send(Chore::Seal(rolled));
        }
        Ok(())
    }

    fn keep_now(&self, note: &str) -> Result<(), AppendError> {
        let mut writer = self.writer();
        if writer.journal.has_failed() || writer.closed {
            return Err(AppendError::ReadOnly);
        }
        let inside = self.dir.join(HEAD_FILE);
        let failed = |path: &Path, source| AppendError::StorageFailed {
            path: path.display().to_string(),
            source,
        };
        let (size, root) = parse_note(note).map_err(|error| {
            failed(&inside, std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
        })?;
        // Whoever only reads writes nothing when it closes.
        if writer.kept == Some((size, root)) {
            return Ok(());
        }
        writer.kept = None;
        let known = writer.recent.binary_search_by_key(&size, |place| place.tree.size());
        let place = known.ok().and_then(|at| writer.recent.get(at));
        let place = place.filter(|place| place.tree.root() == root).cloned();
        let head = KeptHead {
            book: self.identity.book,
            epoch: self.identity.epoch,
            size,
            root,
            place,
            note: note.to_owned(),
        };
        let outside =
            self.heads_outside.as_ref().map(|dir| heads::outside_path(dir, self.identity.book));
        for path in [Some(inside), outside].into_iter().flatten() {
            if let Err(source) = heads::write(&path, &head) {
                if is_full(&source) {
                    let _ = std::fs::remove_file(path.with_extension("tmp"));
                    let needed_bytes = head.encode().len() as u64;
                    let path = path.display().to_string();
                    return Err(AppendError::DiskFull { needed_bytes, path });
                }
                writer.journal.fail();
                return Err(failed(&path, source));
            }
        }
        writer.kept = Some((size, root));
        Ok(())
    }

    fn close_now(&self) -> Result<(), AppendError> {
        let mut writer = self.writer();
        if writer.closed {
            return Ok(());
        }
        writer.closed = true;
        // A memtable worth a run is stored; a small one is quicker read again from the journal.
        self.visible.freeze(CLOSE_RUN_EVENTS_MIN);
        self.wait_for_index();
        self.visible.wait_until(|work| self.visible.frozen().is_none() || work.is_stuck());
        self.stop_threads();
        if let Some(index) = &self.index
            && let Err(error) = index.flush()
        {
            note_damage(&self.dir, &error);
        }
        if writer.journal.has_failed() {
            return Err(AppendError::ReadOnly);
        }
        writer.journal.close()
    }

    fn stop_threads(&self) {
        self.visible.update(|work| work.stopping = true);
        let _ = self.chores.send(Chore::Stop);
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }

    fn read_now(&self, from: Position, max: usize) -> Result<Vec<StoredEvent>, StoreError> {
        let mut events: Vec<StoredEvent> = Vec::new();
        let mut size = 0usize;
        let mut next = from;
        let next_visible = self.visible.next();
        while events.len() < max && size < READ_SIZE_BYTES_MAX && next < next_visible {
            let left = max - events.len();
            let pending_from = match self.visible.read(next, left, READ_SIZE_BYTES_MAX - size) {
                Ok(tail) => {
                    events.extend(tail);
                    break;
                }
                Err(pending_from) => pending_from,
            };
            while next < pending_from && events.len() < max && size < READ_SIZE_BYTES_MAX {
                // A block that is used up by this read will not be asked for again soon.
                let keep = max < 2 * self::sled::blocks::BLOCK_EVENTS_MAX;
                let block = self.block_at(next, keep)?;
                for event in block.from(next).take(max - events.len()) {
                    if size >= READ_SIZE_BYTES_MAX {
                        break;
                    }
                    size += event.bytes.len();
                    next = event.position.next();
                    events.push(event);
                }
            }
        }
        Ok(events)
    }

    fn find_now(
        &self,
        term: Term,
        range: Range<Position>,
        order: Order,
        max: usize,
    ) -> Result<Vec<Position>, StoreError> {
        let range = range.start..range.end.min(self.visible.next());
        if range.is_empty() || max == 0 {
            return Ok(Vec::new());
        }
        let (newest, known_from) = self.visible.find(term, &range, order, max);
        let older = range.start..range.end.min(known_from);
        match order {
            Order::Backwards => {
                let mut found = newest;
                self.find_older(term, &older, order, max, &mut found, known_from)?;
                Ok(found)
            }
            Order::Forwards => {
                let mut found = Vec::new();
                self.find_older(term, &older, order, max, &mut found, known_from)?;
                let left = max.saturating_sub(found.len());
                found.extend(newest.into_iter().take(left));
                Ok(found)
            }
        }
    }

    /// Adds positions from before the newest postings, which begin at `known_from`.
    fn find_older(
        &self,
        term: Term,
        range: &Range<Position>,
        order: Order,
        max: usize,
        found: &mut Vec<Position>,
        known_from: Position,
    ) -> Result<(), StoreError> {
        if found.len() >= max || range.is_empty() {
            return Ok(());
        }
        let before = found.len();
        let indexed = self.index().and_then(|index| index.find(term, range, order, max, found));
        if let Err(error) = indexed {
            self.note_unreadable(&error);
            found.truncate(before);
            let table = self.unindexed.postings(&self.journal_dir(), known_from)?;
            table.find(term, range, order, max, found);
        }
        Ok(())
    }

    fn block_at(&self, position: Position, keep: bool) -> Result<Arc<Block>, StoreError> {
        match self.index().and_then(|index| index.block_at(position, keep)) {
            Ok(block) => Ok(block),
            Err(error) => {
                self.note_unreadable(&error);
                self.unindexed.block_at(&self.journal_dir(), position)
            }
        }
    }

    fn index(&self) -> Result<&Index, IndexError> {
        self.index
            .as_deref()
            .ok_or_else(|| IndexError::Full("there is no space for the index".to_owned()))
    }

    fn journal_dir(&self) -> PathBuf {
        self.dir.join(JOURNAL_DIR)
    }

    fn position_at_now(&self, known_at: Timestamp) -> Result<Position, StoreError> {
        if let Some(position) = self.visible.position_at(known_at) {
            return Ok(position);
        }
        let first = match self.index().and_then(|index| index.block_before(known_at)) {
            Ok(Some(first)) => first,
            Ok(None) => return Ok(Position(0)),
            Err(error) => {
                self.note_unreadable(&error);
                let end = self.visible.next();
                return self.unindexed.position_at(&self.journal_dir(), known_at, end);
            }
        };
        let block = self.block_at(first, true)?;
        let mut end = first;
        for stored in block.from(first) {
            let header = Header::decode(&stored.bytes).map_err(|_| {
                self.damaged(&IndexError::Damaged(format!("the event at {end} does not decode")))
            })?;
            if header.envelope.recorded_at > known_at {
                break;
            }
            end = end.next();
        }
        Ok(end)
    }

    /// Remembers that the index is to be built anew; reads go on from the journal.
    fn note_unreadable(&self, error: &IndexError) {
        if self.index.is_some() && self.visible.work().read_problem.is_none() {
            note_damage(&self.dir, error);
            self.visible.update(|work| work.read_problem = Some(error.to_string()));
        }
    }

    fn damaged(&self, error: &IndexError) -> StoreError {
        note_damage(&self.dir, error);
        StoreError::DerivedDamaged { problem: error.to_string() }
    }
}

/// Events of new postings from which on a close stores them as a run.
const CLOSE_RUN_EVENTS_MIN: u64 = 2048;

impl Writer {
    fn remember(&mut self, head: &Head) {
        if self.recent.len() >= RECENT_ENDS_MAX {
            self.recent.pop_front();
        }
        let (segment, offset) = self.journal.place();
        self.recent.push_back(Place { segment, offset, tree: head.tree.clone() });
    }
}

impl Drop for LocalStore {
    fn drop(&mut self) {
        self.stop_threads();
        if let Some(index) = self.index.take() {
            if self.writer().closed {
                Index::put_away(index);
            } else {
                Index::let_go(index);
            }
        }
    }
}

#[async_trait]
impl LogStore for LocalStore {
    async fn append(&self, group: Group) -> Result<(), AppendError> {
        self.append_now(group)
    }

    fn stop_appends(&self) {
        self.writer().journal.fail();
    }

    fn head(&self) -> Head {
        self.visible.head()
    }

    async fn read(
        &self,
        from: Position,
        events_max: usize,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        self.read_now(from, events_max)
    }

    async fn find(
        &self,
        term: Term,
        range: Range<Position>,
        order: Order,
        positions_max: usize,
    ) -> Result<Vec<Position>, StoreError> {
        self.find_now(term, range, order, positions_max)
    }

    async fn position_at(&self, known_at: Timestamp) -> Result<Position, StoreError> {
        self.position_at_now(known_at)
    }

    fn save_state(&self, stream: Term, state: Bytes) {
        let work = self.visible.work();
        let readable = work.index_problem.is_none() && work.read_problem.is_none();
        drop(work);
        if readable && self.index.is_some() && self.states.put(stream, state) {
            // The other thread is gone only when everything ends.
            let _ = self.chores.send(Chore::SaveState(stream));
        }
    }

    async fn saved_state(&self, stream: Term) -> Option<Bytes> {
        if let Some(state) = self.states.get(stream) {
            return Some(state);
        }
        match self.index().and_then(|index| index.state(stream)) {
            Ok(state) => state.map(Bytes::from),
            Err(error) => {
                self.note_unreadable(&error);
                None
            }
        }
    }

    fn drop_state(&self, stream: Term) {
        self.states.remove(stream);
        if let Some(index) = &self.index
            && let Err(error) = index.remove_state(stream)
        {
            self.note_unreadable(&error);
        }
    }

    fn keep_clock(&self, seen: &Seen) {
        clock::write(&self.dir, self.identity.book, seen);
    }

    fn seen_clock(&self) -> Option<Seen> {
        clock::read(&self.dir, self.identity.book)
    }

    async fn keep_tree_head(&self, note: &str) -> Result<(), AppendError> {
        self.keep_now(note)
    }

    async fn close(&self) -> Result<(), AppendError> {
        self.close_now()
    }
}
