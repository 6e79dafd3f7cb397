//! The log in sled: packed blocks and posting runs. The only code that names sled.
//!
//! Invariant: everything here can be rebuilt from the journal, and nothing here is believed without
//! its checksum. What may be seen changes in one batch: blocks or a run together with the directory
//! that names them. What this folder does not do: durability. sled 0.34 acknowledges before the disk
//! does, takes damage for an old end, and may panic on it; so it is opened and read guarded, told
//! from outside what it must contain, and discarded on any doubt.
//!
//! One tree holds everything, since a batch covers one tree; a tag starts each key:
//! ```text
//! 'b' blocks, see blocks.rs    'p' posting chunks    'x' run directories, see postings.rs
//! 's' saved states, see states.rs
//! 'm' the directory: format u32 │ book id │ epoch u64 │ blocks next u64 │ postings next u64
//!     │ next run u32 │ runs u32 │ runs × (number u32, first u64, end u64, pages u32) │ crc32 u32
//! ```
//! The directory's key is `6d`; its value begins `01000000`.

pub(crate) mod blocks;
mod handle;
pub(crate) mod postings;
mod states;

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use blocks::{Block, PackedBlock, block_first, block_key, checksum};
use handle::Handle;
use postings::{Entries, Memtable, Run, RunWriter, StoredValue, content, run_key, run_of};

use crate::event::index::Term;
use crate::id::BookId;
use crate::position::Position;
use crate::store::Order;
use crate::store::is_full;
use crate::store::local::journal::frame::{take_u32, take_u64};
use crate::time::Timestamp;

const FORMAT: u32 = 1;
const DIRECTORY_KEY: &[u8] = b"m";

/// Bytes of unpacked blocks kept for readers.
const CACHE_SIZE_BYTES: usize = 32 << 20;

/// Bytes after which a long write is cut into another batch.
const BATCH_SIZE_BYTES: usize = 1 << 20;

/// How many runs of a size are merged into one of the next.
const MERGE_RUNS: usize = 8;

/// Why the index could not be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    /// What is stored is not what was stored.
    #[error("{0}")]
    Damaged(String),
    /// sled or the disk failed.
    #[error("{0}")]
    Failed(String),
    /// There is no space on the disk for it.
    #[error("{0}")]
    Full(String),
}

/// What the index says it holds.
#[derive(Debug, Clone, Default)]
struct Directory {
    blocks_next: Position,
    postings_next: Position,
    next_run: u32,
}

/// The index.
#[derive(Debug)]
pub(crate) struct Index {
    sled: Handle,
    path: PathBuf,
    book: BookId,
    epoch: u64,
    directory: Mutex<Directory>,
    runs: RwLock<Arc<Vec<Arc<Run>>>>,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    hot: BTreeMap<Position, Arc<Block>>,
    cold: BTreeMap<Position, Arc<Block>>,
    hot_size_bytes: usize,
}

impl Index {
    /// Opens the index in `path`, making it when it is not there.
    ///
    /// # Errors
    /// [`IndexError`] on any doubt; the caller then discards the folder.
    pub(crate) fn open(path: &Path, book: BookId, epoch: u64) -> Result<Index, IndexError> {
        let index = Index {
            sled: Handle::open(path)?,
            path: path.to_owned(),
            book,
            epoch,
            directory: Mutex::default(),
            runs: RwLock::default(),
            cache: Mutex::default(),
        };
        index.sled.with(|db| index.load(db))?;
        Ok(index)
    }

    fn load(&self, db: &sled::Db) -> Result<(), IndexError> {
        let Some(value) = db.get(DIRECTORY_KEY).map_err(failed)? else {
            return match db.iter().next() {
                None => Ok(()),
                Some(_) => Err(damaged("the directory is missing")),
            };
        };
        let (directory, listed) =
            self.parse_directory(&value).ok_or_else(|| damaged("the directory is wrong"))??;
        let mut runs = Vec::with_capacity(listed.len());
        let mut next = Position(0);
        for (number, range, pages) in listed {
            if range.start != next {
                return Err(damaged("a posting run is missing"));
            }
            next = range.end;
            let mut bytes = Vec::new();
            for page in 0..pages {
                let key = run_key(b'x', number, page);
                let value = db.get(key).map_err(failed)?;
                let page = value.as_deref().and_then(|value| content(&key, value));
                bytes.extend_from_slice(page.ok_or_else(|| damaged("a run directory is wrong"))?);
            }
            let run = Run::from_directory(number, range, &bytes);
            runs.push(Arc::new(run.ok_or_else(|| damaged("a run directory does not fit"))?));
        }
        if next != directory.postings_next {
            return Err(damaged("the posting runs end early"));
        }
        drop_unlisted(db, &runs)?;
        let last = match db.get_lt(b"c").map_err(failed)? {
            Some((key, value)) => match (block_first(&key), Block::peek(&value)) {
                (Some(first), Some((_, count))) => Position(first.0 + u64::from(count)),
                _ => return Err(damaged("the last block is wrong")),
            },
            None => Position(0),
        };
        if last != directory.blocks_next {
            return Err(damaged("the blocks end elsewhere than the directory says"));
        }
        *lock(&self.directory) = directory;
        *self.runs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(runs);
        Ok(())
    }

    /// Returns the position after the last block.
    pub(crate) fn blocks_next(&self) -> Position {
        lock(&self.directory).blocks_next
    }

    /// Returns the position after the last posting run.
    pub(crate) fn postings_next(&self) -> Position {
        lock(&self.directory).postings_next
    }

    /// Stores blocks; they follow the last one.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn put_blocks(&self, packed: &[PackedBlock]) -> Result<(), IndexError> {
        let Some(last) = packed.last() else { return Ok(()) };
        let mut directory = lock(&self.directory);
        let mut next = directory.clone();
        next.blocks_next = Position(last.first.0 + u64::from(last.count));
        let mut batch = sled::Batch::default();
        for block in packed {
            self.sled.note_written(block.value.len());
            batch.insert(&block_key(block.first), block.value.as_slice());
        }
        batch.insert(DIRECTORY_KEY, self.encode_directory(&next, &self.runs()));
        self.sled.with(|db| db.apply_batch(batch).map_err(failed))?;
        *directory = next;
        Ok(())
    }

    /// Stores a memtable's postings as the newest run.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn put_run(&self, table: &Memtable) -> Result<(), IndexError> {
        let sorted = table.sorted();
        let mut writer = RunWriter::new(self.take_run_number(), table.range(), sorted.len());
        for (term, positions) in &sorted {
            writer.push(*term, positions);
            self.put_parts(writer.take_full())?;
        }
        let (run, values) = writer.finish();
        self.put_parts(values)?;
        self.swap_runs(&[], run)
    }

    /// Merges the newest runs of about equal size, if there are enough of them.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn merge_runs(&self) -> Result<bool, IndexError> {
        let runs = self.runs();
        let Some(merged) = runs_to_merge(&runs) else { return Ok(false) };
        let (Some(first), Some(last)) = (merged.first(), merged.last()) else { return Ok(false) };
        let range = first.range.start..last.range.end;
        let terms = merged.iter().map(|run| run.terms_max()).sum();
        let mut writer = RunWriter::new(self.take_run_number(), range, terms);
        let mut cursors = merged
            .iter()
            .map(|run| Cursor::open(self, run))
            .collect::<Result<Vec<_>, IndexError>>()?;
        // Runs are in position order, so equal terms are taken run by run.
        while let Some(term) = cursors.iter().filter_map(Cursor::term).min() {
            for cursor in &mut cursors {
                while cursor.term() == Some(term) {
                    writer.push(term, &cursor.take(self)?);
                }
            }
            self.put_parts(writer.take_full())?;
        }
        let (run, values) = writer.finish();
        self.put_parts(values)?;
        self.swap_runs(merged, run)?;
        for run in merged {
            for tag in [b'p', b'x'] {
                self.sled.with(|db| remove_parts(db, tag, run.number))?;
            }
        }
        Ok(true)
    }

    /// Lets go of the index: sled writes once more when its last handle is dropped, and panics when
    /// the disk fails then. Whatever it left is judged by the next opening.
    pub(crate) fn let_go(index: Arc<Index>) {
        let _ = guarded(|| {
            drop(index);
            Ok(())
        });
    }

    /// Lets go of the index after a close in order, so that the next opening is quick however much was
    /// written since the last one.
    pub(crate) fn put_away(index: Arc<Index>) {
        // What fails here is judged by the next opening, as all that is left.
        let _ = index.refresh();
        Index::let_go(index);
    }

    /// Opens sled anew once much was written; readers wait meanwhile.
    ///
    /// # Errors
    /// [`IndexError`], also when sled no longer holds what it held; the index is then of no use.
    pub(crate) fn refresh(&self) -> Result<(), IndexError> {
        if self.sled.is_due() { self.sled.open_anew(&self.path, DIRECTORY_KEY) } else { Ok(()) }
    }

    fn take_run_number(&self) -> u32 {
        let mut directory = lock(&self.directory);
        let number = directory.next_run;
        directory.next_run = number.wrapping_add(1);
        number
    }

    /// Writes parts of a run that no directory names yet.
    fn put_parts(&self, values: Vec<StoredValue>) -> Result<(), IndexError> {
        let mut batch = sled::Batch::default();
        let mut size = 0usize;
        for (key, value) in values {
            size += value.len();
            self.sled.note_written(value.len());
            batch.insert(&key, value);
            if size >= BATCH_SIZE_BYTES {
                let full = std::mem::take(&mut batch);
                self.sled.with(|db| db.apply_batch(full).map_err(failed))?;
                size = 0;
            }
        }
        if size == 0 {
            return Ok(());
        }
        self.sled.with(|db| db.apply_batch(batch).map_err(failed))
    }

    /// Makes `run` visible in the place of `merged`, or as the newest.
    fn swap_runs(&self, merged: &[Arc<Run>], run: Run) -> Result<(), IndexError> {
        let mut directory = lock(&self.directory);
        let mut runs = Vec::clone(&self.runs());
        let run = Arc::new(run);
        match runs.iter().position(|old| merged.iter().any(|gone| gone.number == old.number)) {
            Some(at) => drop(runs.splice(at..at + merged.len(), [Arc::clone(&run)])),
            None => {
                directory.postings_next = run.range.end;
                runs.push(run);
            }
        }
        let value = self.encode_directory(&directory, &runs);
        self.sled.with(|db| db.insert(DIRECTORY_KEY, value).map_err(failed))?;
        *self.runs.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(runs);
        merged.iter().for_each(|old| old.retired.store(true, Ordering::Release));
        Ok(())
    }

    fn runs(&self) -> Arc<Vec<Arc<Run>>> {
        Arc::clone(&self.runs.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the block that holds `position`; a block read whole is not worth keeping.
    ///
    /// # Errors
    /// [`IndexError`], also when no block holds it.
    pub(crate) fn block_at(
        &self,
        position: Position,
        keep: bool,
    ) -> Result<Arc<Block>, IndexError> {
        if let Some(block) = lock(&self.cache).get(position) {
            return Ok(block);
        }
        let block = self.sled.with(|db| {
            let (key, value) = db
                .get_lt(block_key(position.next()))
                .map_err(failed)?
                .ok_or_else(|| damaged("a block is missing"))?;
            let first = block_first(&key).ok_or_else(|| damaged("a block is missing"))?;
            Block::parse(first, &value).map_err(damaged)
        })?;
        if block.first > position || block.end() <= position {
            return Err(damaged("a block is missing"));
        }
        let block = Arc::new(block);
        if keep {
            lock(&self.cache).put(&block);
        }
        Ok(block)
    }

    /// Returns the first position of the last block that begins at or before `time`; nothing when
    /// none does.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn block_before(&self, time: Timestamp) -> Result<Option<Position>, IndexError> {
        let (mut low, mut high) = (Position(0), self.blocks_next());
        self.sled.with(|db| {
            let mut found = None;
            // Events before `low` are of blocks that begin in time; those from `high` on are not.
            while low < high {
                let middle = Position(low.0 + (high.0 - low.0) / 2);
                let (key, value) = db
                    .get_lt(block_key(middle.next()))
                    .map_err(failed)?
                    .ok_or_else(|| damaged("a block is missing"))?;
                let first = block_first(&key).ok_or_else(|| damaged("a block is missing"))?;
                let (recorded_at, count) =
                    Block::peek(&value).ok_or_else(|| damaged("a block is cut off"))?;
                if recorded_at <= time {
                    found = Some(first);
                    low = Position((first.0 + u64::from(count)).max(middle.0 + 1));
                } else {
                    high = first.min(middle);
                }
            }
            Ok(found)
        })
    }

    /// Adds a term's positions within `range` from the runs to `found`, up to `max` in all.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn find(
        &self,
        term: Term,
        range: &Range<Position>,
        order: Order,
        max: usize,
        found: &mut Vec<Position>,
    ) -> Result<(), IndexError> {
        let before = found.len();
        'again: loop {
            found.truncate(before);
            let runs = self.runs();
            let mut candidates: Vec<_> = runs
                .iter()
                .filter(|run| run.range.start < range.end && run.range.end > range.start)
                .filter(|run| run.may_hold(term))
                .collect();
            if order == Order::Backwards {
                candidates.reverse();
            }
            for run in candidates {
                if found.len() >= max {
                    break;
                }
                match self.find_in(run, term, range, order, max, found) {
                    // A merge may have removed the run under our feet.
                    Err(_) if run.is_retired() => continue 'again,
                    done => done?,
                }
            }
            return Ok(());
        }
    }

    fn find_in(
        &self,
        run: &Run,
        term: Term,
        range: &Range<Position>,
        order: Order,
        max: usize,
        found: &mut Vec<Position>,
    ) -> Result<(), IndexError> {
        let mut chunks: Vec<u32> = run.chunks_for(term, range).collect();
        if order == Order::Backwards {
            chunks.reverse();
        }
        for chunk in chunks {
            let value = self.chunk(run, chunk)?;
            let mut positions: Vec<Position> = Entries::new(&value, run.range.start)
                .take_while(|entry| entry.term <= term)
                .filter(|entry| entry.term == term)
                .flat_map(|entry| entry.positions())
                .filter(|position| range.contains(position))
                .collect();
            if order == Order::Backwards {
                positions.reverse();
            }
            found.extend(positions.into_iter().take(max.saturating_sub(found.len())));
            if found.len() >= max {
                break;
            }
        }
        Ok(())
    }

    fn chunk(&self, run: &Run, chunk: u32) -> Result<Vec<u8>, IndexError> {
        self.sled.with(|db| {
            let key = run_key(b'p', run.number, chunk);
            let value = db.get(key).map_err(failed)?;
            value
                .as_deref()
                .and_then(|value| content(&key, value))
                .map(<[u8]>::to_vec)
                .ok_or_else(|| damaged("a posting chunk is missing or wrong"))
        })
    }

    /// Hands everything to the disk and syncs it; only to spare the next opening a rebuild.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        self.sled.with(|db| db.flush().map_err(failed))?;
        std::fs::File::open(self.path.join("db"))
            .and_then(|file| file.sync_data())
            .map_err(|error| IndexError::Failed(error.to_string()))
    }

    fn encode_directory(&self, directory: &Directory, runs: &[Arc<Run>]) -> Vec<u8> {
        let mut out = FORMAT.to_le_bytes().to_vec();
        out.extend_from_slice(self.book.0.as_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&directory.blocks_next.0.to_le_bytes());
        out.extend_from_slice(&directory.postings_next.0.to_le_bytes());
        out.extend_from_slice(&directory.next_run.to_le_bytes());
        out.extend_from_slice(&(runs.len() as u32).to_le_bytes());
        for run in runs {
            out.extend_from_slice(&run.number.to_le_bytes());
            out.extend_from_slice(&run.range.start.0.to_le_bytes());
            out.extend_from_slice(&run.range.end.0.to_le_bytes());
            out.extend_from_slice(&run.pages().to_le_bytes());
        }
        let crc = checksum(DIRECTORY_KEY, &out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    #[allow(clippy::type_complexity)]
    fn parse_directory(
        &self,
        value: &[u8],
    ) -> Option<Result<(Directory, Vec<(u32, Range<Position>, u32)>), IndexError>> {
        let mut rest = content(DIRECTORY_KEY, value)?;
        if take_u32(&mut rest)? != FORMAT {
            return None;
        }
        let (book, mut rest) = rest.split_first_chunk::<16>()?;
        let epoch = take_u64(&mut rest)?;
        if book != self.book.0.as_bytes() || epoch != self.epoch {
            return Some(Err(damaged("the index is of another ledger or epoch")));
        }
        let directory = Directory {
            blocks_next: Position(take_u64(&mut rest)?),
            postings_next: Position(take_u64(&mut rest)?),
            next_run: take_u32(&mut rest)?,
        };
        let mut listed = Vec::new();
        for _ in 0..take_u32(&mut rest)? {
            let number = take_u32(&mut rest)?;
            let range = Position(take_u64(&mut rest)?)..Position(take_u64(&mut rest)?);
            listed.push((number, range, take_u32(&mut rest)?));
        }
        Some(Ok((directory, listed)))
    }
}

/// Removes the parts of runs whose writing or merging was cut short.
fn drop_unlisted(db: &sled::Db, runs: &[Arc<Run>]) -> Result<(), IndexError> {
    for tag in [b'p', b'x'] {
        let mut from = 0u32;
        loop {
            let found = db.range(run_key(tag, from, 0)..[tag + 1; 9]).next();
            let Some(found) = found else { break };
            let (key, _) = found.map_err(failed)?;
            if key.first() != Some(&tag) {
                break;
            }
            let Some(number) = run_of(&key) else { break };
            if !runs.iter().any(|run| run.number == number) {
                remove_parts(db, tag, number)?;
            }
            match number.checked_add(1) {
                Some(next) => from = next,
                None => break,
            }
        }
    }
    Ok(())
}

fn remove_parts(db: &sled::Db, tag: u8, number: u32) -> Result<(), IndexError> {
    let mut batch = sled::Batch::default();
    for found in db.range(run_key(tag, number, 0)..=run_key(tag, number, u32::MAX)) {
        batch.remove(found.map_err(failed)?.0);
    }
    db.apply_batch(batch).map_err(failed)
}

/// Walks one run's entries chunk by chunk.
#[derive(Debug)]
struct Cursor<'a> {
    run: &'a Run,
    next_chunk: u32,
    entries: std::vec::IntoIter<(Term, Vec<Position>)>,
    current: Option<(Term, Vec<Position>)>,
}

impl<'a> Cursor<'a> {
    fn open(index: &Index, run: &'a Run) -> Result<Cursor<'a>, IndexError> {
        let mut cursor =
            Cursor { run, next_chunk: 0, entries: Vec::new().into_iter(), current: None };
        cursor.advance(index)?;
        Ok(cursor)
    }

    fn term(&self) -> Option<Term> {
        self.current.as_ref().map(|(term, _)| *term)
    }

    fn take(&mut self, index: &Index) -> Result<Vec<Position>, IndexError> {
        let positions = self.current.take().map(|(_, positions)| positions).unwrap_or_default();
        self.advance(index)?;
        Ok(positions)
    }

    fn advance(&mut self, index: &Index) -> Result<(), IndexError> {
        loop {
            self.current = self.entries.next();
            if self.current.is_some() || self.next_chunk as usize >= self.run.chunks.len() {
                return Ok(());
            }
            let value = index.chunk(self.run, self.next_chunk)?;
            self.next_chunk += 1;
            let entries: Vec<_> = Entries::new(&value, self.run.range.start)
                .map(|entry| (entry.term, entry.positions()))
                .collect();
            self.entries = entries.into_iter();
        }
    }
}

/// Returns the newest runs that are of about one size, once there are enough of them.
fn runs_to_merge(runs: &[Arc<Run>]) -> Option<&[Arc<Run>]> {
    let level = |run: &Arc<Run>| ((run.range.end.0 - run.range.start.0).max(1024)).ilog(8);
    let smallest = level(runs.last()?);
    let same = runs.iter().rev().take_while(|run| level(run) <= smallest).count();
    (same >= MERGE_RUNS).then(|| runs.get(runs.len() - same..)).flatten()
}

impl Cache {
    fn get(&mut self, position: Position) -> Option<Arc<Block>> {
        if let Some(block) = holding(&self.hot, position) {
            return Some(block);
        }
        let block = holding(&self.cold, position)?;
        self.cold.remove(&block.first);
        self.put(&block);
        Some(block)
    }

    fn put(&mut self, block: &Arc<Block>) {
        if self.hot_size_bytes >= CACHE_SIZE_BYTES / 2 {
            self.cold = std::mem::take(&mut self.hot);
            self.hot_size_bytes = 0;
        }
        // Slices and bookkeeping weigh about 40 bytes an event.
        self.hot_size_bytes += block.raw_size_bytes + block.events.len() * 40;
        self.hot.insert(block.first, Arc::clone(block));
    }
}

fn holding(blocks: &BTreeMap<Position, Arc<Block>>, position: Position) -> Option<Arc<Block>> {
    let (_, block) = blocks.range(..=position).next_back()?;
    (block.end() > position).then(|| Arc::clone(block))
}

/// Runs what touches sled; a panic in there is damage found.
fn guarded<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(damaged("the storage engine gave up on its files")))
}

fn damaged(problem: &str) -> IndexError {
    IndexError::Damaged(problem.to_owned())
}

fn failed(error: sled::Error) -> IndexError {
    match error {
        sled::Error::Corruption { .. } => IndexError::Damaged(error.to_string()),
        sled::Error::Io(cause) if is_full(&cause) => IndexError::Full(cause.to_string()),
        other => IndexError::Failed(other.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
