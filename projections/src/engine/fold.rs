//! Reading the log for the views: parts of it at a time, decoded side by side.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use daybook_core::codec::CodecError;
use daybook_core::event::{Body, Event, Header, Kind};
use daybook_core::ledger::Reader;
use daybook_core::position::Position;
use daybook_core::proof::{Hash, leaf_hash};
use daybook_core::store::StoreError;

use super::ViewError;
use crate::projection::View;

/// Positions a thread decodes at a time.
const CHUNK_EVENTS: u64 = 2048;

/// How far a view has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Events folded.
    pub done: u64,
    /// Events to fold in all.
    pub total: u64,
}

/// Some consecutive events: the hashes of all, and those among them that the view takes.
pub(super) struct Chunk {
    pub hashes: Vec<Hash>,
    pub events: Vec<Event>,
}

/// Reads `from..to` for a view, in order, on so many threads.
pub(super) fn read(
    reader: &Reader,
    view: View,
    from: Position,
    to: Position,
    threads: usize,
) -> Result<Vec<Chunk>, ViewError> {
    let starts: Vec<u64> = (from.0..to.0).step_by(CHUNK_EVENTS as usize).collect();
    let read_at =
        |start: u64| chunk(reader, view, Position(start), Position(to.0.min(start + CHUNK_EVENTS)));
    if threads < 2 || starts.len() < 2 {
        return starts.into_iter().map(read_at).collect();
    }
    let next = AtomicU64::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(start) = starts.get(at as usize) else { return done };
            done.push((at, read_at(*start)));
        }
    };
    let mut chunks = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut chunks = work();
        for other in others {
            // A thread ends early only by a panic, which is passed on.
            chunks.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        chunks
    });
    chunks.sort_by_key(|(at, _)| *at);
    chunks.into_iter().map(|(_, chunk)| chunk).collect()
}

fn chunk(reader: &Reader, view: View, from: Position, to: Position) -> Result<Chunk, ViewError> {
    let mut chunk =
        Chunk { hashes: Vec::with_capacity((to.0 - from.0) as usize), events: Vec::new() };
    let mut next = from;
    while next < to {
        let stored = reader.stored_from(next, (to.0 - next.0) as usize)?;
        let Some(last) = stored.last() else {
            let problem = format!("position {next} is not in the log's blocks");
            return Err(ViewError::Log(StoreError::DerivedDamaged { problem }.into()));
        };
        next = last.position.next();
        for event in stored {
            chunk.hashes.push(leaf_hash(&event.bytes));
            let read = read_event(view, &event.bytes);
            let read =
                read.map_err(|source| ViewError::Event { position: event.position, source })?;
            chunk.events.extend(read);
        }
    }
    Ok(chunk)
}

/// Reads an event that the view takes; of the others only the head.
fn read_event(view: View, bytes: &[u8]) -> Result<Option<Event>, CodecError> {
    let header = Header::decode(bytes)?;
    let kind = header.kind;
    let for_all = matches!(kind, Kind::EventVoided | Kind::PolicyVersionPublished);
    if !for_all && !View::concerned_by(kind).contains(&view) {
        return Ok(None);
    }
    let body = Body::decode(kind, bytes.get(header.body_at..).unwrap_or_default())?;
    Ok(Some(Event { envelope: header.envelope, body }))
}
