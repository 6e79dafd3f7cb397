//! Verifying everything from the files alone.
//!
//! Invariant: nothing is written, nothing is opened for writing, and sled is only ever opened in a
//! copy. What this module does not do: it checks no signature and no business rule.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::error::StoreOpenError;
use super::heads::{self, HEAD_FILE, KeptHead};
use super::identity::Identity;
use super::journal::list;
use super::journal::scan::{FrameReader, io_error};
use super::journal::segment::{Boundary, segment_path};
use super::sled::Index;
use super::{JOURNAL_DIR, SLED_DIR};
use crate::event::index::terms;
use crate::event::{Event, Header, StreamId};
use crate::position::{Position, StreamVersion};
use crate::proof::tree::Frontier;
use crate::proof::{Hash, leaf_hash};
use crate::store::{Order, StoreError};
use crate::time::Timestamp;

/// How far a verification is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events checked.
    pub events: u64,
    /// Bytes of the journal's files read.
    pub bytes: u64,
    /// Bytes of the journal's files in all.
    pub bytes_total: u64,
}

/// What a verification found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Which ledger.
    pub identity: Identity,
    /// Events in the journal.
    pub events: u64,
    /// Streams they are in.
    pub streams: u64,
    /// Segment files.
    pub segments: u64,
    /// Bytes of the stored events.
    pub event_bytes: u64,
    /// The Merkle root over all events.
    pub root: Hash,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
    /// Sizes of the tree heads compared, with the files they are from.
    pub tree_heads: Vec<(u64, PathBuf)>,
    /// Bytes after the last good frame, of a group that was never confirmed.
    pub unconfirmed: Option<UnconfirmedTail>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Bytes of a group that was never confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnconfirmedTail {
    /// The file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// How many bytes.
    pub size_bytes: usize,
}

/// What a comparison of the index with the journal found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerivedReport {
    /// Events found equal in blocks.
    pub events: u64,
    /// Positions found under each of their terms.
    pub postings: u64,
}

/// The first thing that does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// Something is missing, foreign or damaged.
    #[error(transparent)]
    Open(#[from] StoreOpenError),
    /// An event contradicts those before it.
    #[error(
        "{path} at byte {offset}: {problem}; first bad position {position}, last good event \
         recorded at {last_good_at}"
    )]
    Event {
        /// The file.
        path: String,
        /// Offset of the event's frame.
        offset: u64,
        /// The event.
        position: Position,
        /// When the last event before it was recorded.
        last_good_at: Timestamp,
        /// What is wrong.
        problem: &'static str,
    },
    /// The index does not hold what the journal holds.
    #[error("the index differs from the journal at position {position}: {problem}")]
    Derived {
        /// The event.
        position: Position,
        /// What is wrong.
        problem: String,
    },
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        VerifyError::Open(StoreOpenError::Store(error))
    }
}

/// Reads every byte of the journal in `dir` and checks frames, positions, times, the links within
/// each stream, and the Merkle root against every known tree head.
///
/// # Errors
/// [`VerifyError`] with the first problem.
pub fn verify(
    dir: &Path,
    heads_outside: Option<&Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<VerifyReport, VerifyError> {
    let started = Instant::now();
    let identity = Identity::read(dir)?;
    let known = known_heads(dir, heads_outside, &identity)?;
    let journal = dir.join(JOURNAL_DIR);
    let missing = || StoreOpenError::JournalMissing { path: journal.display().to_string() };
    if !journal.is_dir() {
        return Err(missing().into());
    }
    let segments = list(&journal)?.segments;
    let lost = |position| StoreOpenError::SegmentMissing {
        path: segment_path(&journal, position, false).display().to_string(),
        position,
    };
    let (last, _) = segments.split_last().ok_or_else(missing)?;
    if segments.first().is_some_and(|segment| segment.first != Position(0)) {
        return Err(lost(Position(0)).into());
    }
    let bytes_total = segments
        .iter()
        .map(|segment| fs::metadata(&segment.path).map(|found| found.len()))
        .sum::<Result<u64, _>>()
        .map_err(|source| io_error("reading the journal", &journal, source))?;
    let mut check = Check::new(known);
    check.compare_heads()?;
    let mut bytes = 0;
    let mut unconfirmed = None;
    for (segment, following) in segments.iter().zip(segments.iter().skip(1).map(Some).chain([None]))
    {
        let mut reader = FrameReader::open(segment)?;
        if reader.header.book != identity.book {
            return Err(StoreOpenError::ForeignBook {
                path: segment.path.display().to_string(),
                expected: identity.book,
                found: reader.header.book,
            }
            .into());
        }
        if reader.header.start != check.boundary {
            return Err(if reader.header.start.position() > check.boundary.position() {
                lost(check.boundary.position()).into()
            } else {
                reader.corrupt("the segment does not begin where the one before ends").into()
            });
        }
        while let Some(frame) = reader.next_frame()? {
            check.frame(&reader, &frame)?;
            progress(Progress {
                events: check.boundary.position().0,
                bytes: bytes + frame.offset.min(reader.size()),
                bytes_total,
            });
        }
        match (&reader.trailer, following) {
            (Some(trailer), Some(_)) => {
                if trailer.end != check.boundary {
                    return Err(reader.corrupt("the trailer differs from the content").into());
                }
            }
            (Some(_), None) => return Err(lost(check.boundary.position()).into()),
            (None, _) => {
                let tail = reader.judge_tail()?;
                if tail.used > 0 {
                    if following.is_some() {
                        return Err(reader.corrupt(tail.problem).into());
                    }
                    unconfirmed = Some(UnconfirmedTail {
                        path: segment.path.clone(),
                        offset: reader.offset(),
                        size_bytes: tail.used,
                    });
                }
            }
        }
        bytes += reader.size();
    }
    if let Some((head, path)) = check.heads.iter().find(|(head, _)| head.size > check.tree().size())
    {
        if let Some(tail) = &unconfirmed {
            return Err(StoreError::Corrupt {
                path: tail.path.display().to_string(),
                offset: tail.offset,
                position: check.boundary.position(),
                last_good_at: check.boundary.recorded_at,
                problem: "a frame that the tree head covers is damaged",
            }
            .into());
        }
        return Err(StoreOpenError::Behind {
            expected: head.size,
            found: check.tree().size(),
            known_by: path.display().to_string(),
        }
        .into());
    }
    let _ = last;
    Ok(VerifyReport {
        identity,
        events: check.tree().size(),
        streams: check.streams.len() as u64,
        segments: segments.len() as u64,
        event_bytes: check.event_bytes,
        root: check.tree().root(),
        recorded_at: check.boundary.recorded_at,
        tree_heads: check.heads.into_iter().map(|(head, path)| (head.size, path)).collect(),
        unconfirmed,
        elapsed: started.elapsed(),
    })
}

fn known_heads(
    dir: &Path,
    heads_outside: Option<&Path>,
    identity: &Identity,
) -> Result<Vec<(KeptHead, PathBuf)>, StoreOpenError> {
    let inside = dir.join(HEAD_FILE);
    let outside = heads_outside.map(|folder| heads::outside_path(folder, identity.book));
    let mut known = Vec::new();
    for path in [Some(inside.clone()), outside].into_iter().flatten() {
        if let Some(head) = heads::read_one(&path, identity)? {
            known.push((head, path));
        }
    }
    if known.is_empty() {
        return Err(StoreOpenError::HeadMissing { path: inside.display().to_string() });
    }
    Ok(known)
}

struct Check {
    boundary: Boundary,
    heads: Vec<(KeptHead, PathBuf)>,
    streams: HashMap<StreamId, (StreamVersion, Position, Hash)>,
    event_bytes: u64,
}

impl Check {
    fn new(heads: Vec<(KeptHead, PathBuf)>) -> Check {
        Check { boundary: Boundary::default(), heads, streams: HashMap::new(), event_bytes: 0 }
    }

    const fn tree(&self) -> &Frontier {
        &self.boundary.tree
    }

    fn compare_heads(&self) -> Result<(), StoreOpenError> {
        let size = self.tree().size();
        let differs = self
            .heads
            .iter()
            .find(|(head, _)| head.size == size && head.root != self.tree().root());
        match differs {
            None => Ok(()),
            Some((_, path)) => {
                Err(StoreOpenError::HeadMismatch { size, path: path.display().to_string() })
            }
        }
    }

    fn frame(
        &mut self,
        reader: &FrameReader,
        frame: &super::journal::scan::Frame,
    ) -> Result<(), VerifyError> {
        let events = frame
            .events()
            .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
        for bytes in &events {
            let position = self.boundary.position();
            let hash = leaf_hash(bytes);
            self.event(position, bytes, hash).map_err(|problem| VerifyError::Event {
                path: reader.path.display().to_string(),
                offset: frame.offset,
                position,
                last_good_at: self.boundary.recorded_at,
                problem,
            })?;
            self.boundary.tree.push(hash);
            self.compare_heads()?;
        }
        if frame.header.recorded_at != self.boundary.recorded_at
            || frame.header.next_key_slot < self.boundary.next_key_slot
        {
            return Err(reader
                .corrupt("the frame's time or key slot is not that of its events")
                .into());
        }
        self.boundary.next_key_slot = frame.header.next_key_slot;
        Ok(())
    }

    fn event(&mut self, position: Position, bytes: &[u8], hash: Hash) -> Result<(), &'static str> {
        let envelope = Header::decode(bytes).map_err(|_| "the event does not decode")?.envelope;
        if envelope.position != position {
            return Err("the event names another position");
        }
        if envelope.recorded_at < self.boundary.recorded_at {
            return Err("the event was recorded before the one before it");
        }
        let before = self.streams.get(&envelope.stream).copied();
        let (version, prev_position, prev_hash) = match before {
            None => (StreamVersion(0), None, Hash::default()),
            Some((version, position, hash)) => (version, Some(position), hash),
        };
        if envelope.version != version.next() {
            return Err("the event's stream version does not follow the one before");
        }
        if envelope.prev_position != prev_position || envelope.prev_hash != prev_hash {
            return Err("the event does not link to the one before it in its stream");
        }
        self.streams.insert(envelope.stream, (envelope.version, position, hash));
        self.boundary.recorded_at = envelope.recorded_at;
        self.event_bytes += bytes.len() as u64;
        Ok(())
    }
}

/// Compares every block and posting of the index with the journal, in a copy of sled's folder that
/// is made under `scratch` and removed again. The journal itself is taken as it is; see [`verify`].
///
/// # Errors
/// [`VerifyError::Derived`] with the first difference, or what cannot be read.
pub fn verify_derived(dir: &Path, scratch: &Path) -> Result<DerivedReport, VerifyError> {
    let identity = Identity::read(dir)?;
    let copy = scratch.join(format!("daybook-verify-{}", std::process::id()));
    let failed = |source| io_error("copying the index", &copy, source);
    copy_folder(&dir.join(SLED_DIR), &copy).map_err(failed)?;
    let compared = Index::open(&copy, identity.book, identity.epoch)
        .map_err(|error| derived(Position(0), error.to_string()))
        .and_then(|index| compare(dir, &index));
    fs::remove_dir_all(&copy).map_err(failed)?;
    compared
}

fn compare(dir: &Path, index: &Index) -> Result<DerivedReport, VerifyError> {
    let mut report = DerivedReport { events: 0, postings: 0 };
    for segment in list(&dir.join(JOURNAL_DIR))?.segments {
        let mut reader = FrameReader::open(&segment)?;
        while let Some(frame) = reader.next_frame()? {
            let events = frame
                .events()
                .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
            for (position, bytes) in (frame.header.first.0..).zip(events) {
                let position = Position(position);
                let wrong = |problem: String| derived(position, problem);
                if position < index.blocks_next() {
                    let block = index.block_at(position, true).map_err(|e| wrong(e.to_string()))?;
                    let at = (position.0 - block.first.0) as usize;
                    if block.events.get(at) != Some(&bytes) {
                        return Err(wrong("the block holds other bytes".to_owned()));
                    }
                    report.events += 1;
                }
                if position < index.postings_next() {
                    let event = Event::decode(&bytes).map_err(|e| wrong(e.to_string()))?;
                    for term in terms(&event) {
                        let mut found = Vec::new();
                        index
                            .find(
                                term,
                                &(position..position.next()),
                                Order::Forwards,
                                1,
                                &mut found,
                            )
                            .map_err(|e| wrong(e.to_string()))?;
                        if found.is_empty() {
                            return Err(wrong("it is not found under one of its terms".to_owned()));
                        }
                        report.postings += 1;
                    }
                }
            }
        }
    }
    Ok(report)
}

const fn derived(position: Position, problem: String) -> VerifyError {
    VerifyError::Derived { position, problem }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
