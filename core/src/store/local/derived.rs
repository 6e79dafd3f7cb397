//! Verifying what is derived: blocks, postings and saved states against the journal.
//!
//! Invariant: sled is opened in a copy only, and the journal is what counts. What this module does not
//! do: it knows nothing of what a saved state says; whoever does is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;

use super::identity::Identity;
use super::journal::list;
use super::journal::scan::{FrameReader, io_error};
use super::sled::Index;
use super::verify::VerifyError;
use super::{JOURNAL_DIR, SLED_DIR};
use crate::event::Event;
use crate::event::index::{Term, terms};
use crate::position::Position;
use crate::store::Order;

/// What a comparison of the index with the journal found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DerivedReport {
    /// Events found equal in blocks.
    pub events: u64,
    /// Positions found under each of their terms.
    pub postings: u64,
    /// Saved states found to be what their events give.
    pub states: u64,
}

/// Compares a saved state with the events found under its stream's term, oldest first; the error says
/// how it differs.
pub type StateCheck<'a> =
    &'a dyn Fn(&[u8], &mut dyn Iterator<Item = Result<Bytes, String>>) -> Result<(), String>;

/// Compares every block, posting and saved state of the index with the journal, in a copy of sled's
/// folder that is made under `scratch` and removed again. The journal itself is taken as it is; see
/// [`super::verify`].
///
/// # Errors
/// [`VerifyError::Derived`] with the first difference, or what cannot be read.
pub fn verify_derived(
    dir: &Path,
    scratch: &Path,
    check_state: StateCheck<'_>,
) -> Result<DerivedReport, VerifyError> {
    let identity = Identity::read(dir)?;
    let copy = scratch.join(format!("daybook-verify-{}", std::process::id()));
    let failed = |source| io_error("copying the index", &copy, source);
    copy_folder(&dir.join(SLED_DIR), &copy).map_err(failed)?;
    let compared = Index::open(&copy, identity.book, identity.epoch)
        .map_err(|error| derived(Position(0), error.to_string()))
        .and_then(|index| compare(dir, &index, check_state));
    fs::remove_dir_all(&copy).map_err(failed)?;
    compared
}

fn compare(
    dir: &Path,
    index: &Index,
    check_state: StateCheck<'_>,
) -> Result<DerivedReport, VerifyError> {
    let mut report = DerivedReport { events: 0, postings: 0, states: 0 };
    let streams = index.states().map_err(|error| derived(Position(0), error.to_string()))?;
    let mut histories: BTreeMap<Term, Vec<Position>> =
        streams.into_iter().map(|stream| (stream, Vec::new())).collect();
    // What no block holds yet.
    let mut tail: BTreeMap<Position, Bytes> = BTreeMap::new();
    for segment in list(&dir.join(JOURNAL_DIR))?.segments {
        let mut reader = FrameReader::open(&segment)?;
        while let Some(frame) = reader.next_frame()? {
            let events = frame
                .events()
                .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
            for (position, bytes) in (frame.header.first.0..).zip(events) {
                let position = Position(position);
                let wrong = |problem: String| derived(position, problem);
                let event = Event::decode(&bytes).map_err(|e| wrong(e.to_string()))?;
                let listed: BTreeSet<Term> = terms(&event).into_iter().collect();
                for term in &listed {
                    if let Some(history) = histories.get_mut(term) {
                        history.push(position);
                    }
                }
                if position < index.postings_next() {
                    for term in &listed {
                        check_posting(index, *term, position).map_err(wrong)?;
                        report.postings += 1;
                    }
                }
                if position < index.blocks_next() {
                    let block = index.block_at(position, true).map_err(|e| wrong(e.to_string()))?;
                    let at = (position.0 - block.first.0) as usize;
                    if block.events.get(at) != Some(&bytes) {
                        return Err(wrong("the block holds other bytes".to_owned()));
                    }
                    report.events += 1;
                } else {
                    tail.insert(position, bytes);
                }
            }
        }
    }
    for (stream, history) in histories {
        let last = history.last().copied().unwrap_or_default();
        let wrong = |problem: String| derived(last, problem);
        let state = index.state(stream).map_err(|error| wrong(error.to_string()))?;
        let mut events = history.into_iter().map(|position| match tail.get(&position) {
            Some(bytes) => Ok(bytes.clone()),
            None => stored(index, position),
        });
        check_state(&state.unwrap_or_default(), &mut events).map_err(wrong)?;
        report.states += 1;
    }
    Ok(report)
}

fn check_posting(index: &Index, term: Term, position: Position) -> Result<(), String> {
    let mut found = Vec::new();
    let at = position..position.next();
    index.find(term, &at, Order::Forwards, 1, &mut found).map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("it is not found under one of its terms".to_owned());
    }
    Ok(())
}

fn stored(index: &Index, position: Position) -> Result<Bytes, String> {
    let block = index.block_at(position, true).map_err(|error| error.to_string())?;
    let event = block.events.get((position.0 - block.first.0) as usize);
    event.cloned().ok_or_else(|| "a block ends early".to_owned())
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
