//! What readers see: the head, the groups that no block holds yet, and the newest postings.
//!
//! Invariant: a position below the head is always either in a stored block or in a pending group,
//! and its terms in a run or a memtable; things are taken away here only after they can be seen
//! there. What this module does not do: no I/O.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::sled::postings::Memtable;
use crate::event::index::Term;
use crate::position::Position;
use crate::store::{Group, Head, Order, StoredEvent};
use crate::time::Timestamp;

/// Pending events after which the indexer is woken: with less it has no block to fill.
const ANNOUNCED_EVENTS: usize = 64;

/// Bytes the bookkeeping of one pending event weighs beside its content.
const PENDING_EVENT_SIZE_BYTES: usize = 160;

/// The visible state, shared by the writer, the readers and the background threads.
#[derive(Debug)]
pub(crate) struct Visible {
    log: RwLock<Log>,
    tables: RwLock<Tables>,
    work: Mutex<Work>,
    changed: Condvar,
    memtable_events: u64,
}

#[derive(Debug, Default)]
struct Log {
    head: Head,
    pending: VecDeque<Arc<Group>>,
    pending_size_bytes: usize,
}

#[derive(Debug, Default)]
struct Tables {
    active: Memtable,
    frozen: VecDeque<Arc<Memtable>>,
}

/// How the background work stands.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// Set when the threads are to end.
    pub(crate) stopping: bool,
    /// Set when the index cannot be written any more, with the reason.
    pub(crate) index_problem: Option<String>,
    /// Set when the index cannot be read any more, with the reason.
    pub(crate) read_problem: Option<String>,
    /// Set while the index waits for space on the disk.
    pub(crate) waits_for_space: bool,
    /// Set when a full segment could not be sealed, with the reason.
    pub(crate) seal_problem: Option<String>,
    /// Changes whenever there is something for the indexer to do.
    pub(crate) announced: u64,
    /// Events admitted since then.
    unannounced: usize,
    /// The position up to which everything admitted is in the index or its open block.
    pub(crate) indexed: Position,
    /// Bytes of pending groups.
    pub(crate) pending_size_bytes: usize,
}

impl Work {
    const fn announce(&mut self) {
        self.announced += 1;
        self.unannounced = 0;
    }

    /// Tells whether the index does not come any further for now.
    pub(crate) const fn is_stuck(&self) -> bool {
        self.stopping || self.waits_for_space || self.index_problem.is_some()
    }
}

impl Visible {
    /// Starts with nothing pending at `head`; terms are missing from `postings_next` on.
    pub(crate) fn new(head: Head, postings_next: Position, memtable_events: u64) -> Visible {
        let tables =
            Tables { active: Memtable::starting_at(postings_next), frozen: VecDeque::new() };
        Visible {
            log: RwLock::new(Log { head, ..Log::default() }),
            tables: RwLock::new(tables),
            work: Mutex::default(),
            changed: Condvar::new(),
            memtable_events,
        }
    }

    /// Returns the head.
    pub(crate) fn head(&self) -> Head {
        read(&self.log).head.clone()
    }

    /// Returns the next position.
    pub(crate) fn next(&self) -> Position {
        read(&self.log).head.next
    }

    /// Adds the terms of the next events to the newest postings.
    pub(crate) fn post<'a>(&self, terms: impl Iterator<Item = &'a [Term]>) {
        let mut tables = write(&self.tables);
        terms.for_each(|terms| tables.active.push(terms));
        if tables.active.events() >= self.memtable_events {
            let next = Memtable::starting_at(tables.active.range().end);
            let full = std::mem::replace(&mut tables.active, next);
            tables.frozen.push_back(Arc::new(full));
        }
    }

    /// Makes a group visible.
    pub(crate) fn admit(&self, group: Arc<Group>, head: Head) {
        self.post(group.records.iter().map(|record| record.terms.as_slice()));
        self.admit_posted(group, Some(head));
    }

    /// Makes a group visible whose terms are known already; without a head, only to the indexer.
    pub(crate) fn admit_posted(&self, group: Arc<Group>, head: Option<Head>) {
        let size = group_size_bytes(&group);
        let events = group.records.len();
        {
            let mut log = write(&self.log);
            if !group.records.is_empty() {
                log.pending.push_back(group);
                log.pending_size_bytes += size;
            }
            if let Some(head) = head {
                log.head = head;
            }
        }
        let mut work = self.work();
        work.pending_size_bytes += size;
        work.unannounced += events;
        if work.unannounced >= ANNOUNCED_EVENTS {
            work.announce();
            drop(work);
            self.changed.notify_all();
        }
    }

    /// Forgets pending groups that blocks up to `blocks_next` hold.
    pub(crate) fn forget_before(&self, blocks_next: Position, indexed: Position) {
        let left = {
            let mut log = write(&self.log);
            while let Some(group) = log.pending.front()
                && group_end(group) <= blocks_next
            {
                log.pending_size_bytes -= group_size_bytes(group);
                log.pending.pop_front();
            }
            log.pending_size_bytes
        };
        let mut work = self.work();
        work.indexed = work.indexed.max(indexed);
        work.pending_size_bytes = left;
        drop(work);
        self.changed.notify_all();
    }

    /// Returns the pending groups that hold positions from `from` on, at most about `bytes_max` of
    /// them.
    pub(crate) fn pending_from(&self, from: Position, bytes_max: usize) -> Vec<Arc<Group>> {
        let log = read(&self.log);
        let start = log.pending.partition_point(|group| group_end(group) <= from);
        let mut size = 0;
        log.pending
            .range(start..)
            .take_while(|group| {
                let before = size;
                size += group_size_bytes(group);
                before < bytes_max
            })
            .map(Arc::clone)
            .collect()
    }

    /// Returns events from `from` on when they are pending, at most `max` and `bytes_max`;
    /// otherwise nothing, with the position from which on events are pending.
    pub(crate) fn read(
        &self,
        from: Position,
        max: usize,
        bytes_max: usize,
    ) -> Result<Vec<StoredEvent>, Position> {
        let log = read(&self.log);
        let first = log.pending.front().map_or(log.head.next, |group| group.first);
        if from < first {
            return Err(first);
        }
        let start = log.pending.partition_point(|group| group_end(group) <= from);
        let mut events = Vec::new();
        let mut size = 0usize;
        for group in log.pending.range(start..) {
            let skip = from.0.saturating_sub(group.first.0) as usize;
            for (at, record) in group.records.iter().enumerate().skip(skip) {
                let position = Position(group.first.0 + at as u64);
                if events.len() >= max || size >= bytes_max || position >= log.head.next {
                    return Ok(events);
                }
                size += record.bytes.len();
                events.push(StoredEvent { position, bytes: record.bytes.clone() });
            }
        }
        Ok(events)
    }

    /// Returns the number of events recorded at or before `time` when the last of them, or the
    /// first after it, is pending.
    pub(crate) fn position_at(&self, time: Timestamp) -> Option<Position> {
        let log = read(&self.log);
        if time >= log.head.recorded_at {
            return Some(log.head.next);
        }
        let begun = log.pending.partition_point(|group| {
            group.records.first().is_none_or(|record| record.recorded_at <= time)
        });
        let group = log.pending.get(begun.checked_sub(1)?)?;
        let within = group.records.partition_point(|record| record.recorded_at <= time);
        Some(Position(group.first.0 + within as u64))
    }

    /// Returns the term's positions within `range` among the newest postings, in `order`, at most
    /// `max`, and the position from which on those are known here.
    pub(crate) fn find(
        &self,
        term: Term,
        range: &Range<Position>,
        order: Order,
        max: usize,
    ) -> (Vec<Position>, Position) {
        let tables = read(&self.tables);
        let mut found = Vec::new();
        let all = tables.frozen.iter().map(Arc::as_ref).chain([&tables.active]);
        match order {
            Order::Forwards => all.for_each(|t| t.find(term, range, order, max, &mut found)),
            Order::Backwards => all.rev().for_each(|t| t.find(term, range, order, max, &mut found)),
        }
        let oldest = tables.frozen.front().map_or(tables.active.range(), |table| table.range());
        (found, oldest.start)
    }

    /// Returns the oldest postings that wait to be stored.
    pub(crate) fn frozen(&self) -> Option<Arc<Memtable>> {
        read(&self.tables).frozen.front().map(Arc::clone)
    }

    /// Forgets the oldest waiting postings: they are stored.
    pub(crate) fn forget_frozen(&self) {
        write(&self.tables).frozen.pop_front();
    }

    /// Makes the newest postings wait to be stored, if there are at least `events_min` events of
    /// them.
    pub(crate) fn freeze(&self, events_min: u64) {
        let mut tables = write(&self.tables);
        if tables.active.events() >= events_min.max(1) {
            let next = Memtable::starting_at(tables.active.range().end);
            let full = std::mem::replace(&mut tables.active, next);
            tables.frozen.push_back(Arc::new(full));
        }
        drop(tables);
        self.announce();
    }

    /// Wakes the indexer.
    pub(crate) fn announce(&self) {
        self.update(Work::announce);
    }

    /// Returns how the background work stands.
    pub(crate) fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how the background work stands and wakes all who wait for it.
    pub(crate) fn update(&self, change: impl FnOnce(&mut Work)) {
        change(&mut self.work());
        self.changed.notify_all();
    }

    /// Waits a while, or until something changes.
    pub(crate) fn wait_for(&self, duration: Duration) {
        let work = self.work();
        drop(self.changed.wait_timeout(work, duration).unwrap_or_else(PoisonError::into_inner));
    }

    /// Waits until `ready` holds.
    pub(crate) fn wait_until(&self, ready: impl Fn(&Work) -> bool) {
        let mut work = self.work();
        while !ready(&work) {
            work = self.changed.wait(work).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Returns the position after a group.
pub(crate) fn group_end(group: &Group) -> Position {
    Position(group.first.0 + group.records.len() as u64)
}

fn group_size_bytes(group: &Group) -> usize {
    group.records.iter().map(|record| record.bytes.len() + PENDING_EVENT_SIZE_BYTES).sum()
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
