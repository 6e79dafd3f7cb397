//! Verifying everything from the files alone.
//!
//! Invariant: nothing is written, nothing is opened for writing, and sled is only ever opened in a
//! copy. What this module does not do: it checks no signature and no business rule.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::JOURNAL_DIR;
use super::error::StoreOpenError;
use super::heads::{self, HEAD_FILE, KeptHead};
use super::identity::Identity;
use super::journal::frame::FRAME_HEADER_SIZE_BYTES;
use super::journal::list;
use super::journal::scan::{Frame, FrameReader, Tail, io_error};
use super::journal::segment::{Boundary, SegmentFile, SegmentHeader, segment_path};
use crate::attachment::{self, FilesReport, NamedFile};
use crate::codec;
use crate::event::attachment::AttachmentId;
use crate::event::envelope::EVENT_FORMAT;
use crate::event::{Body, Event, Kind, StreamId};
use crate::id::{BookId, EventId};
use crate::position::{Position, StreamVersion};
use crate::proof::tree::Frontier;
use crate::proof::{Hash, leaf_hash};
use crate::store::StoreError;
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
    /// The attachments that events name.
    pub named_files: BTreeMap<AttachmentId, NamedFile>,
    /// What became of their files; empty until [`crate::book::verify`] has looked at them.
    pub files: FilesReport,
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
    /// Attachments are missing or damaged, though the log holds.
    #[error("{}", Damages(report))]
    Attachments {
        /// What was found.
        report: Box<FilesReport>,
    },
    /// The attachments' folder cannot be read.
    #[error("the attachments cannot be read")]
    AttachmentsUnreadable {
        /// What the system said.
        #[source]
        source: std::io::Error,
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

/// Names bad files, the first few one by one.
struct Damages<'a>(&'a FilesReport);

impl std::fmt::Display for Damages<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMED_MAX: usize = 3;
        for (index, damage) in self.0.damages.iter().take(NAMED_MAX).enumerate() {
            let comma = if index == 0 { "" } else { "; " };
            let (path, problem, first) = (damage.path.display(), damage.problem, damage.first);
            write!(
                f,
                "{comma}attachment {path}: {problem}; named by the event at position {first}"
            )?;
            if damage.events > 1 {
                write!(f, " and {} more", damage.events - 1)?;
            }
        }
        match self.0.damaged.saturating_sub(self.0.damages.len().min(NAMED_MAX) as u64) {
            0 => Ok(()),
            more => write!(f, "; {more} more attachments are missing or damaged"),
        }
    }
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
    let first = segments.first().ok_or_else(missing)?;
    if first.first != Position(0) {
        return Err(lost(&journal, Position(0)).into());
    }
    let bytes_total = segments
        .iter()
        .map(|segment| fs::metadata(&segment.path).map(|found| found.len()))
        .sum::<Result<u64, _>>()
        .map_err(|source| io_error("reading the journal", &journal, source))?;
    let mut check = Check::new(known, identity.book);
    check.compare_heads()?;
    // One thread reads and unpacks, one hashes leaves, this one follows what the events say.
    let unconfirmed = std::thread::scope(|scope| {
        let (pieces, read) = sync_channel(PIECES_MAX);
        let (hashed, arriving) = sync_channel(PIECES_MAX);
        let listed = &segments;
        scope.spawn(move || {
            if let Err(error) = read_all(listed, &pieces) {
                // The other side is gone only when something wrong was found before.
                let _ = pieces.send(Piece::Failed(error));
            }
        });
        scope.spawn(move || {
            for mut piece in read {
                if let Piece::Frames(frames) = &mut piece {
                    frames.iter_mut().for_each(ReadFrame::hash);
                }
                if hashed.send(piece).is_err() {
                    return;
                }
            }
        });
        let mut unconfirmed = None;
        for piece in arriving {
            unconfirmed = check.piece(piece, &segments, &journal)?;
            let (events, bytes) = (check.boundary.position().0, check.bytes_read);
            progress(Progress { events, bytes: bytes.min(bytes_total), bytes_total });
        }
        Ok::<_, VerifyError>(unconfirmed)
    })?;
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
        named_files: check.named_files,
        files: FilesReport::default(),
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

/// Messages of read frames that may wait to be checked.
const PIECES_MAX: usize = 8;

/// Bytes of frames in one message.
const PIECE_SIZE_BYTES: usize = 512 << 10;

/// What the reading side hands over, in the journal's order.
enum Piece {
    /// A segment begins.
    Begins { at: usize, header: SegmentHeader },
    /// Frames, with their events and the leaf hashes of those.
    Frames(Vec<ReadFrame>),
    /// A segment ends, at this offset and file size.
    Ends { at: usize, trailer: Option<Boundary>, tail: Option<Tail>, offset: u64, size: u64 },
    /// Something cannot be read.
    Failed(VerifyError),
}

/// A frame, where it stands, where its events stand in it, and their leaf hashes.
struct ReadFrame {
    frame: Frame,
    events: Vec<Range<usize>>,
    hashes: Vec<Hash>,
}

impl ReadFrame {
    fn hash(&mut self) {
        let bytes = &self.frame.bytes;
        let hashes = self.events.iter().map(|at| leaf_hash(bytes.get(at.clone()).unwrap_or(&[])));
        self.hashes = hashes.collect();
    }
}

fn read_all(segments: &[SegmentFile], pieces: &SyncSender<Piece>) -> Result<(), VerifyError> {
    for (at, segment) in segments.iter().enumerate() {
        let mut reader = FrameReader::open(segment)?;
        let header = reader.header.clone();
        if pieces.send(Piece::Begins { at, header }).is_err() {
            return Ok(());
        }
        let mut frames = Vec::new();
        let mut size = 0usize;
        loop {
            // What was read before a problem is checked before the problem is told.
            let frame = match reader.next_frame() {
                Ok(frame) => frame,
                Err(error) => {
                    let _ = pieces.send(Piece::Frames(frames));
                    return Err(error.into());
                }
            };
            let last = frame.is_none();
            if let Some(frame) = frame {
                let events = frame
                    .event_ranges()
                    .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
                size += frame.bytes.len();
                frames.push(ReadFrame { frame, events, hashes: Vec::new() });
            }
            if size >= PIECE_SIZE_BYTES || last {
                size = 0;
                if pieces.send(Piece::Frames(std::mem::take(&mut frames))).is_err() || last {
                    break;
                }
            }
        }
        let trailer = reader.trailer.as_ref().map(|trailer| trailer.end.clone());
        let tail = if trailer.is_none() { Some(reader.judge_tail()?) } else { None };
        let (offset, size) = (reader.offset(), reader.size());
        if pieces.send(Piece::Ends { at, trailer, tail, offset, size }).is_err() {
            return Ok(());
        }
    }
    Ok(())
}

/// The fields an envelope begins with, which tie an event to its place; see `event::envelope`.
type Place =
    (Position, Timestamp, Timestamp, EventId, StreamId, StreamVersion, Option<Position>, Hash);

/// Returns the number of an event's kind and its place.
fn decode_place(bytes: &[u8]) -> Option<(u16, Place)> {
    let (format, rest) = bytes.split_first()?;
    let ((tag, _), taken) = codec::decode_prefix::<(u16, u16)>("an event's kind", rest).ok()?;
    let envelope = rest.get(taken..)?;
    let (place, _) = codec::decode_prefix::<Place>("an event's place", envelope).ok()?;
    (*format == EVENT_FORMAT).then_some((tag, place))
}

struct Check {
    boundary: Boundary,
    heads: Vec<(KeptHead, PathBuf)>,
    book: BookId,
    streams: HashMap<StreamId, (StreamVersion, Position, Hash)>,
    event_bytes: u64,
    named_files: BTreeMap<AttachmentId, NamedFile>,
    /// Bytes of whole segments, and of the present one.
    bytes_read: u64,
    bytes_before: u64,
    path: PathBuf,
}

impl Check {
    fn new(heads: Vec<(KeptHead, PathBuf)>, book: BookId) -> Check {
        Check {
            boundary: Boundary::default(),
            heads,
            book,
            streams: HashMap::new(),
            event_bytes: 0,
            named_files: BTreeMap::new(),
            bytes_read: 0,
            bytes_before: 0,
            path: PathBuf::new(),
        }
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

    fn corrupt(&self, offset: u64, problem: &'static str) -> VerifyError {
        VerifyError::from(StoreError::Corrupt {
            path: self.path.display().to_string(),
            offset,
            position: self.boundary.position(),
            last_good_at: self.boundary.recorded_at,
            problem,
        })
    }

    fn piece(
        &mut self,
        piece: Piece,
        segments: &[SegmentFile],
        journal: &Path,
    ) -> Result<Option<UnconfirmedTail>, VerifyError> {
        match piece {
            Piece::Failed(error) => return Err(error),
            Piece::Begins { at, header } => self.begins(segments.get(at), &header, journal)?,
            Piece::Frames(frames) => {
                for read in frames {
                    self.frame(&read)?;
                }
            }
            Piece::Ends { at, trailer, tail, offset, size } => {
                self.bytes_before += size;
                self.bytes_read = self.bytes_before;
                return self.ends(segments.get(at + 1), trailer, tail, offset, journal);
            }
        }
        Ok(None)
    }

    fn begins(
        &mut self,
        segment: Option<&SegmentFile>,
        header: &SegmentHeader,
        journal: &Path,
    ) -> Result<(), VerifyError> {
        self.path = segment.map(|segment| segment.path.clone()).unwrap_or_default();
        if header.book != self.book {
            return Err(StoreOpenError::ForeignBook {
                path: self.path.display().to_string(),
                expected: self.book,
                found: header.book,
            }
            .into());
        }
        if header.start.position() > self.boundary.position() {
            return Err(lost(journal, self.boundary.position()).into());
        }
        if header.start != self.boundary {
            return Err(self.corrupt(0, "the segment does not begin where the one before ends"));
        }
        Ok(())
    }

    fn ends(
        &self,
        following: Option<&SegmentFile>,
        trailer: Option<Boundary>,
        tail: Option<Tail>,
        offset: u64,
        journal: &Path,
    ) -> Result<Option<UnconfirmedTail>, VerifyError> {
        if let Some(end) = trailer {
            if end != self.boundary {
                return Err(self.corrupt(offset, "the trailer differs from the content"));
            }
            return match following {
                Some(_) => Ok(None),
                None => Err(lost(journal, self.boundary.position()).into()),
            };
        }
        let Some(tail) = tail.filter(|tail| tail.used > 0) else { return Ok(None) };
        match following {
            // A torn mark that the journal goes on holds no event.
            Some(next)
                if tail.used <= FRAME_HEADER_SIZE_BYTES
                    && next.first == self.boundary.position() =>
            {
                Ok(None)
            }
            Some(_) => Err(self.corrupt(offset, tail.problem)),
            None => {
                Ok(Some(UnconfirmedTail { path: self.path.clone(), offset, size_bytes: tail.used }))
            }
        }
    }

    fn frame(&mut self, read: &ReadFrame) -> Result<(), VerifyError> {
        let (header, offset) = (&read.frame.header, read.frame.offset);
        for (at, hash) in read.events.iter().zip(&read.hashes) {
            let position = self.boundary.position();
            let bytes = read.frame.bytes.get(at.clone()).unwrap_or_default();
            self.event(position, bytes, *hash).map_err(|problem| VerifyError::Event {
                path: self.path.display().to_string(),
                offset,
                position,
                last_good_at: self.boundary.recorded_at,
                problem,
            })?;
            self.boundary.tree.push(*hash);
            self.compare_heads()?;
        }
        if header.recorded_at != self.boundary.recorded_at
            || header.next_key_slot < self.boundary.next_key_slot
        {
            let problem = "the frame's time or key slot is not that of its events";
            return Err(self.corrupt(offset, problem));
        }
        self.boundary.next_key_slot = header.next_key_slot;
        self.bytes_read = self.bytes_before + offset;
        Ok(())
    }

    fn event(&mut self, position: Position, bytes: &[u8], hash: Hash) -> Result<(), &'static str> {
        let (tag, place) = decode_place(bytes).ok_or("the event does not decode")?;
        let (named, recorded_at, _, _, stream, version, prev_position, prev_hash) = place;
        if named != position {
            return Err("the event names another position");
        }
        if recorded_at < self.boundary.recorded_at {
            return Err("the event was recorded before the one before it");
        }
        let last = self.streams.entry(stream).or_default();
        let expected = if last.0.0 == 0 { None } else { Some(last.1) };
        if version != last.0.next() {
            return Err("the event's stream version does not follow the one before");
        }
        if prev_position != expected || prev_hash != last.2 {
            return Err("the event does not link to the one before it in its stream");
        }
        *last = (version, position, hash);
        if tag == Kind::AttachmentAdded.tag() {
            let event = Event::decode(bytes).map_err(|_| "the event does not decode")?;
            if let Body::AttachmentAdded(body) = &event.body {
                attachment::note(&mut self.named_files, body, position)?;
            }
        }
        self.boundary.recorded_at = recorded_at;
        self.event_bytes += bytes.len() as u64;
        Ok(())
    }
}

fn lost(journal: &Path, position: Position) -> StoreOpenError {
    StoreOpenError::SegmentMissing {
        path: segment_path(journal, position, false).display().to_string(),
        position,
    }
}
