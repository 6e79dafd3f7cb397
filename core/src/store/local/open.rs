//! Making and opening a ledger's directory.
//!
//! Invariant: a directory that looks like a ledger is one, since it is built elsewhere and renamed;
//! an opening refuses before it changes anything that could be evidence. What this module does not
//! do: it repairs nothing in the journal beyond moving an unconfirmed last group aside.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use super::error::StoreOpenError;
use super::heads::{self, HEAD_FILE, KeptHead};
use super::identity::{BOOK_FILE, Identity};
use super::indexer::{Chore, DAMAGED_FILE, do_chores, index_pending};
use super::journal::scan::{FrameReader, Mark, io_error};
use super::journal::segment::{Boundary, SegmentFile, segment_path};
use super::journal::writer::{CreateFailure, JournalWriter, Layout, create_segment, sync_dir};
use super::lock::Lock;
use super::recover::{self, Quarantined, Recovered};
use super::sled::{Index, IndexError};
use super::states::WaitingStates;
use super::visible::Visible;
use super::{JOURNAL_DIR, LocalStore, SLED_DIR, Writer};
use crate::event::Event;
use crate::event::index::terms;
use crate::position::Position;
use crate::proof::Hash;
use crate::store::{Group, Head, Record, StoreError};
use crate::time::Timestamp;

/// Events whose postings are collected in memory before they are stored as a run.
const MEMTABLE_EVENTS: u64 = 16_384;

/// The same while the index is built anew: longer runs need less merging.
const REBUILD_MEMTABLE_EVENTS: u64 = 131_072;

/// How a ledger's directory is made and opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// A folder outside the ledger where tree heads are kept as well.
    pub heads_outside: Option<PathBuf>,
    /// What others are told who find the ledger in use.
    pub command: String,
    /// The current time, for the same purpose.
    pub now: Timestamp,
    /// The size at which a segment of the journal is full.
    pub segment_size_bytes: u64,
    /// Free space below which appends are refused, so that everything else can go on.
    pub spare_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            heads_outside: None,
            command: "daybook".to_owned(),
            now: Timestamp::default(),
            segment_size_bytes: 64 << 20,
            spare_bytes: 32 << 20,
        }
    }
}

/// What an opening found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenReport {
    /// Events in the log.
    pub events: u64,
    /// Whether the ledger had been closed in order.
    pub closed_in_order: bool,
    /// The group that was being written when the machine stopped, if one was cut off.
    pub quarantined: Option<Quarantined>,
    /// What became of the index.
    pub index: IndexState,
    /// The size of the tree head the journal was checked against.
    pub tree_head_size: u64,
    /// Tree-head files that are gone or damaged though another copy is good.
    pub tree_heads_missing: Vec<PathBuf>,
}

/// What became of the index at an opening.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum IndexState {
    /// It was whole; so many events of the journal's end were added to it.
    Used {
        /// Events read from the journal.
        added: u64,
    },
    /// It was discarded and built anew from the journal.
    Rebuilt {
        /// Why.
        reason: String,
    },
    /// There is no space for it: reads are answered from the journal, slowly, until the ledger is
    /// opened again with space.
    Absent {
        /// What failed.
        reason: String,
    },
}

pub(super) fn create(
    dir: &Path,
    identity: &Identity,
    options: &Options,
) -> Result<(), StoreOpenError> {
    let failed = |source| StoreOpenError::from(io_error("making the ledger", dir, source));
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(StoreOpenError::NotEmpty { path: dir.display().to_string() });
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(StoreOpenError::NotEmpty { path: dir.display().to_string() });
        }
        Err(error) => return Err(failed(error)),
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or("ledger");
    let unfinished = parent.join(format!(".{name}.making-{}", std::process::id()));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(failed)?;
    }
    let made = build(&unfinished, identity, options)
        .and_then(|()| fs::rename(&unfinished, dir).map_err(failed))
        .and_then(|()| sync_dir(parent).map_err(failed));
    if made.is_err() {
        // Whatever stays behind has a name that nothing opens.
        let _ = fs::remove_dir_all(&unfinished);
    }
    made
}

fn build(dir: &Path, identity: &Identity, options: &Options) -> Result<(), StoreOpenError> {
    let failed = |source| StoreOpenError::from(io_error("making the ledger", dir, source));
    let journal = dir.join(JOURNAL_DIR);
    let head = dir.join(HEAD_FILE);
    let heads = head.parent().unwrap_or(dir);
    [dir, &journal, heads].into_iter().try_for_each(fs::create_dir_all).map_err(failed)?;
    let book = dir.join(BOOK_FILE);
    fs::write(&book, identity.encode()).map_err(failed)?;
    fs::File::open(&book).and_then(|file| file.sync_all()).map_err(failed)?;
    heads::write(&head, &KeptHead::empty(identity)).map_err(failed)?;
    let layout = layout(identity, options);
    let first = segment_path(&journal, Position(0), false);
    create_segment(&journal, &first, &layout, &Boundary::default(), 0).map_err(|failure| {
        failed(match failure {
            CreateFailure::Full { .. } => std::io::ErrorKind::StorageFull.into(),
            CreateFailure::Failed(error) => error,
        })
    })?;
    sync_dir(dir).map_err(failed)
}

const fn layout(identity: &Identity, options: &Options) -> Layout {
    Layout {
        book: identity.book,
        epoch: identity.epoch,
        segment_size_bytes: options.segment_size_bytes,
        spare_bytes: options.spare_bytes,
    }
}

pub(super) fn open(
    dir: &Path,
    options: &Options,
) -> Result<(LocalStore, OpenReport), StoreOpenError> {
    match open_with(dir, options, None)? {
        Opened::Whole(store, report) => Ok((*store, report)),
        Opened::NoSpaceForIndex(reason) => match open_with(dir, options, Some(reason))? {
            Opened::Whole(store, report) => Ok((*store, report)),
            Opened::NoSpaceForIndex(reason) => Err(io_error(
                "making the index",
                &dir.join(SLED_DIR),
                std::io::Error::new(std::io::ErrorKind::StorageFull, reason),
            )
            .into()),
        },
    }
}

enum Opened {
    Whole(Box<LocalStore>, OpenReport),
    NoSpaceForIndex(String),
}

/// Opens a ledger; with `absent`, the reason why there can be no index, without one.
fn open_with(
    dir: &Path,
    options: &Options,
    absent: Option<String>,
) -> Result<Opened, StoreOpenError> {
    let identity = Identity::read(dir)?;
    let lock = Lock::take(dir, &options.command, options.now)?;
    if let Some(outside) = &options.heads_outside {
        make_folder(outside)
            .map_err(|source| io_error("making the folder for tree heads", outside, source))?;
    }
    let known = heads::read_known(dir, options.heads_outside.as_deref(), &identity)?;
    let journal_dir = dir.join(JOURNAL_DIR);
    let mut recovered = recover::recover(&journal_dir, &identity, &known)?;
    let events = recovered.resume.end.position();
    let (index, rebuilt) = match &absent {
        Some(_) => (None, None),
        None => match open_index(dir, &identity, events)? {
            Ok((index, rebuilt)) => (Some(index), rebuilt),
            Err(reason) => return Ok(Opened::NoSpaceForIndex(reason)),
        },
    };
    let quarantined = if recovered.unconfirmed_bytes > 0 {
        Some(recover::quarantine(dir, &recovered)?)
    } else {
        None
    };
    for leftover in &recovered.leftovers {
        fs::remove_file(leftover)
            .map_err(|source| io_error("removing an unfinished file", leftover, source))?;
    }
    let end = recovered.resume.end.clone();
    let path = recovered.resume.path.clone();
    let resume = std::mem::replace(&mut recovered.resume, empty_resume());
    let first = resume.first;
    let journal = JournalWriter::resume(&journal_dir, layout(&identity, options), resume)
        .map_err(|source| io_error("opening the journal for writing", &path, source))?;
    let head = Head {
        next: events,
        recorded_at: end.recorded_at,
        tree: end.tree,
        next_key_slot: end.next_key_slot,
    };
    let store = start(dir, identity, options, index, journal, lock, &head, rebuilt.is_some());
    {
        let mut writer = store.writer();
        writer.remember(&head);
        let signed = known.agreed && !known.newest.note.is_empty();
        writer.kept = signed.then_some((known.newest.size, known.newest.root));
    }
    let added = match &store.index {
        None => 0,
        Some(index) => match catch_up(&store, index, &recovered, first, events) {
            Ok(added) => added,
            Err(CatchUpError::Index(reason)) => return Ok(Opened::NoSpaceForIndex(reason)),
            Err(CatchUpError::Journal(error)) => return Err(error.into()),
        },
    };
    for rolled in recovered.rolled {
        // The other thread is gone only when everything ends.
        let _ = store.chores.send(Chore::Seal(rolled));
    }
    let report = OpenReport {
        events: events.0,
        closed_in_order: recovered.closed,
        quarantined,
        index: match (absent, rebuilt) {
            (Some(reason), _) => IndexState::Absent { reason },
            (None, Some(reason)) => IndexState::Rebuilt { reason },
            (None, None) => IndexState::Used { added },
        },
        tree_head_size: known.newest.size,
        tree_heads_missing: known.missing,
    };
    Ok(Opened::Whole(Box::new(store), report))
}

/// Makes a folder and the ones above it, each with its name synced.
fn make_folder(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    make_folder(parent)?;
    match fs::create_dir(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_dir(parent),
    }
}

fn empty_resume() -> super::journal::writer::Resume {
    super::journal::writer::Resume {
        path: PathBuf::new(),
        first: Position(0),
        reserve_unit: 1,
        offset: 0,
        last_frame_at: None,
        end: Boundary::default(),
    }
}

/// Opens the index, discarding it on any doubt, and says why it did; the inner error is a lack of
/// space, which is no reason to discard anything.
fn open_index(
    dir: &Path,
    identity: &Identity,
    events: Position,
) -> Result<Result<(Index, Option<String>), String>, StoreOpenError> {
    let path = dir.join(SLED_DIR);
    let marker = dir.join(DAMAGED_FILE);
    let failed = |source| StoreOpenError::from(io_error("discarding the index", &path, source));
    let reason = match fs::read_to_string(&marker) {
        Ok(noted) => Some(noted.trim().to_owned()),
        Err(_) if marker.exists() => Some("it was found damaged".to_owned()),
        Err(_) if !path.exists() && events > Position(0) => Some("it is missing".to_owned()),
        Err(_) => match Index::open(&path, identity.book, identity.epoch) {
            Ok(index) => {
                let known = index.blocks_next().max(index.postings_next());
                if known > events {
                    Index::let_go(Arc::new(index));
                    return Err(StoreOpenError::Behind {
                        expected: known.0,
                        found: events.0,
                        known_by: path.display().to_string(),
                    });
                }
                return Ok(Ok((index, None)));
            }
            Err(IndexError::Full(reason)) => return Ok(Err(reason)),
            Err(error) => Some(error.to_string()),
        },
    };
    let discarded = dir.join("sled.discarded");
    remove_if_there(&discarded).map_err(failed)?;
    if path.exists() {
        fs::rename(&path, &discarded).map_err(failed)?;
        sync_dir(dir).map_err(failed)?;
        remove_if_there(&discarded).map_err(failed)?;
    }
    let index = match Index::open(&path, identity.book, identity.epoch) {
        Ok(index) => index,
        Err(IndexError::Full(reason)) => return Ok(Err(reason)),
        Err(IndexError::Damaged(problem) | IndexError::Failed(problem)) => {
            return Err(io_error("making the index", &path, std::io::Error::other(problem)).into());
        }
    };
    match fs::remove_file(&marker) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    Ok(Ok((index, reason)))
}

fn remove_if_there(path: &Path) -> std::io::Result<()> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[allow(clippy::too_many_arguments)]
fn start(
    dir: &Path,
    identity: Identity,
    options: &Options,
    index: Option<Index>,
    journal: JournalWriter,
    lock: Lock,
    head: &Head,
    rebuilding: bool,
) -> LocalStore {
    let memtable = if rebuilding { REBUILD_MEMTABLE_EVENTS } else { MEMTABLE_EVENTS };
    let postings_next = index.as_ref().map_or(head.next, Index::postings_next);
    let visible = Arc::new(Visible::new(head.clone(), postings_next, memtable));
    let index = index.map(Arc::new);
    let (chores, todo) = channel();
    let mut threads = Vec::new();
    if let Some(index) = &index {
        let (visible, index) = (Arc::clone(&visible), Arc::clone(index));
        let (dir, chores, spare) = (dir.to_owned(), chores.clone(), options.spare_bytes);
        let work = move || index_pending(&visible, &index, &dir, spare, &chores);
        threads.push(named("daybook-index", work));
    } else {
        let problem = Some("there is no space for the index".to_owned());
        visible.update(|work| work.index_problem = problem);
    }
    let states = Arc::<WaitingStates>::default();
    let tidying = {
        let (visible, index, states) = (Arc::clone(&visible), index.clone(), Arc::clone(&states));
        let (dir, spare) = (dir.to_owned(), options.spare_bytes);
        move || do_chores(&visible, index.as_deref(), &states, &dir, spare, &todo)
    };
    threads.push(named("daybook-chores", tidying));
    LocalStore {
        dir: dir.to_owned(),
        identity,
        heads_outside: options.heads_outside.clone(),
        writer: Mutex::new(Writer {
            journal,
            recent: Default::default(),
            kept: None,
            appended: Default::default(),
            closed: false,
        }),
        visible,
        index,
        unindexed: Default::default(),
        states,
        chores,
        threads: Mutex::new(threads),
        _lock: lock,
    }
}

fn named(name: &str, work: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    // Without a thread to be had there is no ledger to be opened.
    builder.spawn(work).unwrap_or_else(|_| std::thread::spawn(|| ()))
}

/// Brings blocks and postings up to the journal's end; returns how many events it read from there.
fn catch_up(
    store: &LocalStore,
    index: &Index,
    recovered: &Recovered,
    open_first: Position,
    end: Position,
) -> Result<u64, CatchUpError> {
    let (blocks_next, postings_next) = (index.blocks_next(), index.postings_next());
    let mut position = postings_next;
    while position < blocks_next {
        let block = index.block_at(position, false).map_err(|e| store.damaged(&e))?;
        let listed = block
            .from(position)
            .map(|event| Ok(terms(&Event::decode(&event.bytes).map_err(|_| "it does not decode")?)))
            .collect::<Result<Vec<_>, &str>>()
            .map_err(|problem| store.damaged(&IndexError::Damaged(problem.to_owned())))?;
        store.visible.post(listed.iter().map(|terms| terms.as_slice()));
        position = block.end();
    }
    let mut from = blocks_next;
    for segment in segments_from(&recovered.segments, blocks_next) {
        let mut reader = FrameReader::open(segment)?;
        if segment.first == open_first {
            let at = recovered.marks.partition_point(|mark| mark.position <= from);
            let mark: Option<&Mark> = recovered.marks.get(at.wrapping_sub(1));
            mark.into_iter().for_each(|mark| reader.seek(mark));
        } else {
            reader.skip_towards(from)?;
        }
        while from < end
            && let Some(frame) = reader.next_frame()?
        {
            let events = frame
                .events()
                .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
            let skip = from.0.saturating_sub(frame.header.first.0) as usize;
            let first = Position(frame.header.first.0 + skip as u64);
            let mut records = Vec::with_capacity(events.len().saturating_sub(skip));
            for (position, bytes) in (first.0..).zip(events.into_iter().skip(skip)) {
                let event = Event::decode(&bytes).map_err(|_| StoreError::Corrupt {
                    path: reader.path.display().to_string(),
                    offset: frame.offset,
                    position: Position(position),
                    last_good_at: reader.recorded_at(),
                    problem: "an event does not decode",
                })?;
                let recorded_at = event.envelope.recorded_at;
                let terms = terms(&event);
                records.push(Record { bytes, hash: Hash::default(), recorded_at, terms });
            }
            from = from.max(reader.position());
            let known = postings_next.0.saturating_sub(first.0) as usize;
            store.visible.post(records.iter().skip(known).map(|record| record.terms.as_slice()));
            let next_key_slot = frame.header.next_key_slot;
            let group = Arc::new(Group { first, records, next_key_slot });
            store.visible.admit_posted(group, None);
            store.wait_for_room().map_err(|_| index_failed(store))?;
        }
    }
    Ok(end.0.saturating_sub(blocks_next.0))
}

/// Why an index could not be brought up to the journal's end.
enum CatchUpError {
    /// It could not be written, most likely for lack of space.
    Index(String),
    /// The journal could not be read.
    Journal(StoreError),
}

impl From<StoreError> for CatchUpError {
    fn from(error: StoreError) -> Self {
        CatchUpError::Journal(error)
    }
}

fn index_failed(store: &LocalStore) -> CatchUpError {
    CatchUpError::Index(store.visible.work().index_problem.clone().unwrap_or_default())
}

/// Returns the segments that hold positions from `from` on.
fn segments_from(segments: &[SegmentFile], from: Position) -> &[SegmentFile] {
    let at = segments.partition_point(|segment| segment.first <= from);
    segments.get(at.saturating_sub(1)..).unwrap_or_default()
}
