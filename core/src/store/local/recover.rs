//! What an opening finds in the journal, and whether it may be believed.
//!
//! Invariant: either the journal holds everything that is known to have been confirmed, or the
//! opening is refused. What this module does not do: it changes nothing, but for moving an
//! unconfirmed last group aside when it is told to.
//!
//! Sealed segments are checked by header and trailer only; what is not sealed yet is read whole.
//! Leaf hashes are computed only behind the last tree head, whose frontier proves itself by hashing
//! to the signed root; a short distance is hashed from the segment's start all the same.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::error::StoreOpenError;
use super::heads::{KnownHeads, Place};
use super::identity::Identity;
use super::journal::frame::{FRAME_HEADER_SIZE_BYTES, FrameKind};
use super::journal::scan::{FrameReader, Mark, io_error};
use super::journal::segment::{Boundary, SegmentFile, segment_path};
use super::journal::writer::{Resume, Rolled, sync_dir};
use super::journal::{Listing, list};
use crate::position::Position;
use crate::proof::leaf_hash;
use crate::proof::tree::Frontier;
use crate::store::StoreError;

/// The folder for groups whose writing was cut off.
pub(crate) const QUARANTINE_DIR: &str = "quarantine";

/// Events up to a tree head that are hashed again although the frontier is known.
const REHASHED_EVENTS_MAX: u64 = 32_768;

/// Bytes between two noted places of the open segment.
const MARK_EVERY_BYTES: u64 = 256 << 10;

/// A journal that may be believed.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) segments: Vec<SegmentFile>,
    pub(crate) leftovers: Vec<PathBuf>,
    pub(crate) rolled: Vec<Rolled>,
    pub(crate) resume: Resume,
    pub(crate) marks: Vec<Mark>,
    /// Bytes after the last good frame that are not zero.
    pub(crate) unconfirmed_bytes: usize,
    pub(crate) problem: &'static str,
    pub(crate) closed: bool,
}

/// A group that was being written when the machine stopped, moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// The file that now holds its bytes.
    pub path: PathBuf,
    /// The segment they stood in.
    pub segment: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// How many bytes.
    pub size_bytes: usize,
    /// The position its first event would have had.
    pub position: Position,
    /// Why it is not a good frame.
    pub problem: &'static str,
}

/// Reads the journal as far as needed and checks it against itself and the last tree head.
///
/// # Errors
/// [`StoreOpenError`].
pub(crate) fn recover(
    journal: &Path,
    identity: &Identity,
    heads: &KnownHeads,
) -> Result<Recovered, StoreOpenError> {
    let missing = || StoreOpenError::JournalMissing { path: journal.display().to_string() };
    if !journal.is_dir() {
        return Err(missing());
    }
    let Listing { segments, leftovers } = list(journal)?;
    let (last, sealed_or_rolled) = segments.split_last().ok_or_else(missing)?;
    let lost = |position: Position| StoreOpenError::SegmentMissing {
        path: segment_path(journal, position, false).display().to_string(),
        position,
    };
    let first = segments.first().map_or(Position(0), |segment| segment.first);
    if first != Position(0) {
        return Err(lost(Position(0)));
    }
    let mut readers = Vec::with_capacity(segments.len());
    let mut epoch = 0;
    for segment in &segments {
        let reader = FrameReader::open(segment)?;
        let path = || segment.path.display().to_string();
        if reader.header.book != identity.book {
            return Err(StoreOpenError::ForeignBook {
                path: path(),
                expected: identity.book,
                found: reader.header.book,
            });
        }
        if reader.header.epoch > identity.epoch || reader.header.epoch < epoch {
            return Err(StoreOpenError::WrongEpoch {
                path: path(),
                expected: identity.epoch,
                found: reader.header.epoch,
            });
        }
        epoch = reader.header.epoch;
        readers.push(reader);
    }
    let starts: Vec<Boundary> = readers.iter().map(|reader| reader.header.start.clone()).collect();
    let mut rolled = Vec::new();
    for ((reader, segment), following) in
        readers.iter_mut().zip(sealed_or_rolled).zip(starts.iter().skip(1))
    {
        check_chain(reader, following).map_err(|gap| match gap {
            Gap::Missing(position) => lost(position),
            Gap::Bad(error) => error.into(),
        })?;
        if !segment.sealed {
            rolled.push(Rolled { first: segment.first, end: following.clone() });
        }
    }
    let mut reader = readers.pop().ok_or_else(missing)?;
    if let Some(trailer) = &reader.trailer {
        return Err(lost(trailer.end.position()));
    }
    if heads.newest.size < reader.header.start.position().0 {
        check_earlier_head(&segments, &starts, heads)?;
    }
    let open = read_open(&mut reader, heads)?;
    if open.kind == Some(FrameKind::Rolled) {
        return Err(lost(reader.position()));
    }
    Ok(Recovered {
        rolled,
        resume: Resume {
            path: last.path.clone(),
            first: last.first,
            reserve_unit: reader.header.reserve_unit,
            offset: reader.offset(),
            last_frame_at: reader.last().map(|(offset, _)| offset),
            end: open.end,
        },
        marks: open.marks,
        unconfirmed_bytes: open.unconfirmed_bytes,
        problem: open.problem,
        closed: open.kind == Some(FrameKind::Closed),
        segments,
        leftovers,
    })
}

enum Gap {
    Missing(Position),
    Bad(StoreError),
}

/// Checks that a segment ends where the next one begins.
fn check_chain(reader: &mut FrameReader, following: &Boundary) -> Result<(), Gap> {
    let broken = "the next segment does not begin where this one ends";
    if let Some(trailer) = &reader.trailer {
        return if trailer.end == *following {
            Ok(())
        } else if trailer.end.position() < following.position() {
            Err(Gap::Missing(trailer.end.position()))
        } else {
            Err(Gap::Bad(reader.corrupt(broken)))
        };
    }
    while reader.next_frame().map_err(Gap::Bad)?.is_some() {}
    let tail = reader.judge_tail().map_err(Gap::Bad)?;
    let is_whole = reader.position() == following.position();
    // The mark that the journal goes on is written after the next segment is safe, so it may be torn;
    // it holds no event.
    if tail.used > FRAME_HEADER_SIZE_BYTES || (tail.used > 0 && !is_whole) {
        return Err(Gap::Bad(reader.corrupt(tail.problem)));
    }
    let marked = reader.last().map(|(_, header)| header.kind) == Some(FrameKind::Rolled);
    if is_whole {
        Ok(())
    } else if marked && reader.position() < following.position() {
        Err(Gap::Missing(reader.position()))
    } else {
        Err(Gap::Bad(reader.corrupt(broken)))
    }
}

struct OpenEnd {
    end: Boundary,
    marks: Vec<Mark>,
    unconfirmed_bytes: usize,
    problem: &'static str,
    kind: Option<FrameKind>,
}

/// Reads the open segment, computes the tree at its end and checks the last tree head on the way.
fn read_open(reader: &mut FrameReader, heads: &KnownHeads) -> Result<OpenEnd, StoreOpenError> {
    let head = &heads.newest;
    let start = reader.header.start.clone();
    let mismatch =
        || StoreOpenError::HeadMismatch { size: head.size, path: heads.path.display().to_string() };
    let place = head.place.as_ref().filter(|place| {
        place.segment == start.position()
            && head.size.saturating_sub(start.position().0) > REHASHED_EVENTS_MAX
    });
    // Until the place of the head is reached there is no tree; from there on its frontier.
    let mut tree = if place.is_some() { None } else { Some(start.tree.clone()) };
    let mut next_key_slot = start.next_key_slot;
    let mut marks = vec![reader.mark()];
    if tree.as_ref().is_some_and(|tree| tree.size() == head.size && tree.root() != head.root) {
        return Err(mismatch());
    }
    loop {
        if let Some(Place { offset, tree: known, .. }) = place
            && tree.is_none()
            && reader.offset() >= *offset
        {
            if reader.offset() != *offset || reader.position().0 != head.size {
                return Err(mismatch());
            }
            tree = Some(known.clone());
        }
        let Some(frame) = reader.next_frame()? else { break };
        next_key_slot = frame.header.next_key_slot;
        if let Some(tree) = &mut tree {
            let events = frame.events().ok_or_else(|| {
                reader.corrupt("the event lengths of a frame do not fit its payload")
            })?;
            for event in events {
                tree.push(leaf_hash(&event));
                if tree.size() == head.size && tree.root() != head.root {
                    return Err(mismatch());
                }
            }
        }
        if marks.last().is_none_or(|mark| reader.offset() - mark.offset > MARK_EVERY_BYTES) {
            marks.push(reader.mark());
        }
    }
    let tail = reader.judge_tail()?;
    if reader.position().0 < head.size {
        return Err(if tail.used > 0 {
            reader.corrupt(tail.problem).into()
        } else {
            StoreOpenError::Behind {
                expected: head.size,
                found: reader.position().0,
                known_by: heads.path.display().to_string(),
            }
        });
    }
    let tree = tree.ok_or_else(mismatch)?;
    Ok(OpenEnd {
        end: Boundary { tree, next_key_slot, recorded_at: reader.recorded_at() },
        marks,
        unconfirmed_bytes: tail.used,
        problem: tail.problem,
        kind: reader.last().map(|(_, header)| header.kind),
    })
}

/// Checks a tree head that ends in a segment before the open one: what follows it in its segment
/// must lead to the tree at which the next segment begins.
fn check_earlier_head(
    segments: &[SegmentFile],
    starts: &[Boundary],
    heads: &KnownHeads,
) -> Result<(), StoreOpenError> {
    let head = &heads.newest;
    let mismatch =
        || StoreOpenError::HeadMismatch { size: head.size, path: heads.path.display().to_string() };
    let at = starts.partition_point(|start| start.position().0 <= head.size);
    let (Some(segment), Some(start), Some(following)) =
        (segments.get(at.wrapping_sub(1)), starts.get(at.wrapping_sub(1)), starts.get(at))
    else {
        return Err(mismatch());
    };
    if start.position().0 == head.size {
        return if start.tree.root() == head.root { Ok(()) } else { Err(mismatch()) };
    }
    let mut reader = FrameReader::open(segment)?;
    let mut tree = match &head.place {
        Some(place) if place.segment == segment.first => {
            reader.skip_towards(Position(head.size))?;
            place.tree.clone()
        }
        _ => start.tree.clone(),
    };
    while let Some(frame) = reader.next_frame()? {
        let events =
            frame.events().ok_or_else(|| reader.corrupt("the event lengths do not fit"))?;
        push_from(&mut tree, frame.header.first, &events, |tree| {
            tree.size() != head.size || tree.root() == head.root
        })
        .ok_or_else(mismatch)?;
    }
    if tree == following.tree { Ok(()) } else { Err(mismatch()) }
}

/// Adds those events of a frame that the tree does not hold yet; nothing when `holds` fails after
/// one of them.
fn push_from(
    tree: &mut Frontier,
    first: Position,
    events: &[bytes::Bytes],
    holds: impl Fn(&Frontier) -> bool,
) -> Option<()> {
    for (position, event) in (first.0..).zip(events) {
        if position == tree.size() {
            tree.push(leaf_hash(event));
            holds(tree).then_some(())?;
        }
    }
    Some(())
}

/// Moves the bytes of an unconfirmed last group into the quarantine folder: copied and synced there
/// first, then zeroed in the segment and synced.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn quarantine(dir: &Path, recovered: &Recovered) -> Result<Quarantined, StoreError> {
    let folder = dir.join(QUARANTINE_DIR);
    let failed = |source| io_error("moving an unconfirmed group aside", &folder, source);
    match fs::create_dir(&folder) {
        Ok(()) => sync_dir(dir).map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let resume = &recovered.resume;
    let mut bytes = vec![0u8; recovered.unconfirmed_bytes];
    let segment = OpenOptions::new().read(true).write(true).open(&resume.path).map_err(failed)?;
    segment.read_exact_at(&mut bytes, resume.offset).map_err(failed)?;
    let path = keep(&folder, &format!("{:020}-{}", resume.first.0, resume.offset), &bytes)
        .map_err(failed)?;
    sync_dir(&folder).map_err(failed)?;
    segment.write_all_at(&vec![0u8; bytes.len()], resume.offset).map_err(failed)?;
    segment.sync_data().map_err(failed)?;
    Ok(Quarantined {
        path,
        segment: resume.path.clone(),
        offset: resume.offset,
        size_bytes: bytes.len(),
        position: resume.end.position(),
        problem: recovered.problem,
    })
}

/// Writes `bytes` under the first free name and syncs them; bytes already kept are kept once.
fn keep(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<PathBuf> {
    for number in 0u32.. {
        let path = folder.join(format!("{name}-{number}.group"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                file.write_all(bytes)?;
                file.sync_all()?;
                return Ok(path);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut kept = Vec::new();
                let mut file = File::open(&path)?;
                file.seek(SeekFrom::Start(0))?;
                file.take(bytes.len() as u64 + 1).read_to_end(&mut kept)?;
                if kept == bytes {
                    File::open(&path)?.sync_all()?;
                    return Ok(path);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(std::io::ErrorKind::AlreadyExists.into())
}
