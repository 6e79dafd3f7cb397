//! Imports as batches: which there were, what each brought, and what of it was taken back.
//!
//! One import is one batch: the events that name it as their source, after its import before and up
//! to the event that closes it. A run that was cut off belongs to the run that goes on with it; if
//! none did, it is a batch that nothing closes yet.

use std::collections::BTreeMap;

use daybook_core::event::book::ImportApplied;
use daybook_core::event::{Body, BookStream, Event, Kind, StreamId};
use daybook_core::id::ImportId;
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportBatch {
    /// The source under which its rows are recognised.
    pub import: ImportId,
    /// The event that closes it; absent when the import was cut off.
    pub applied_at: Option<Position>,
    /// When it was closed.
    pub recorded_at: Option<Timestamp>,
    /// Who imported.
    pub actor: Option<String>,
    /// What it said of its files.
    pub applied: Option<ImportApplied>,
    /// The first position its events may have.
    pub from: Position,
    /// The position before which they end.
    pub before: Position,
    /// The times it was taken back, wholly or in part.
    pub reverts: Vec<Revert>,
}

/// One time an import was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revert {
    /// The event that says so.
    pub position: Position,
    /// When.
    pub recorded_at: Timestamp,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: Option<String>,
    /// Events taken back.
    pub reversed: u64,
    /// Events kept, because something was built upon them.
    pub kept: u64,
    /// Events that could not be taken back for another reason.
    pub failed: u64,
}

/// What one import brought, by kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Brought {
    /// The kind.
    pub kind: String,
    /// The kind in Chinese.
    pub kind_zh: String,
    /// Its events.
    pub events: u64,
    /// Those of them that count nowhere now.
    pub voided: u64,
}

/// Lists the imports that were closed, oldest first.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn closed(reader: &Reader) -> Result<Vec<ImportBatch>, SubmitError> {
    let mut batches: Vec<ImportBatch> = Vec::new();
    let mut next: BTreeMap<ImportId, Position> = BTreeMap::new();
    let stream = Some(StreamId::Book(BookStream::Imports));
    for event in reader.events(Query { stream, ..Query::default() }) {
        let (Event { envelope, body }, _) = event?;
        match body {
            Body::ImportApplied(applied) => {
                let from = next.insert(applied.import.clone(), envelope.position);
                batches.push(ImportBatch {
                    import: applied.import.clone(),
                    applied_at: Some(envelope.position),
                    recorded_at: Some(envelope.recorded_at),
                    actor: Some(envelope.actor.user.to_string()),
                    applied: Some(applied),
                    from: from.unwrap_or_default(),
                    before: envelope.position,
                    reverts: Vec::new(),
                });
            }
            Body::ImportReverted(reverted) => {
                let of = |batch: &&mut ImportBatch| {
                    batch.import == reverted.import && batch.applied_at == reverted.applied_at
                };
                let revert = Revert {
                    position: envelope.position,
                    recorded_at: envelope.recorded_at,
                    actor: envelope.actor.user.to_string(),
                    reason: envelope.reason.as_ref().map(ToString::to_string),
                    reversed: reverted.reversed,
                    kept: reverted.kept,
                    failed: reverted.failed,
                };
                if let Some(batch) = batches.iter_mut().find(of) {
                    batch.reverts.push(revert);
                }
            }
            _ => {}
        }
    }
    Ok(batches)
}

/// Lists the imports that were cut off: events that name a source and have no closing event after
/// them. Reads the head of every event.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn cut_off(reader: &Reader) -> Result<Vec<ImportBatch>, SubmitError> {
    let end = reader.head().next;
    let taken_back = cut_off_and_taken_back(reader)?;
    let mut open: BTreeMap<ImportId, Position> = BTreeMap::new();
    for header in reader.headers(Position(0)..end) {
        let header = header?;
        let envelope = header.envelope;
        let Some(import) = envelope.source.import else { continue };
        if header.kind == Kind::ImportApplied {
            open.remove(&import);
        } else if envelope.stream.customer().is_some()
            && taken_back.get(&import).is_none_or(|before| envelope.position >= *before)
        {
            open.entry(import).or_insert(envelope.position);
        }
    }
    let batch = |(import, from)| ImportBatch {
        import,
        applied_at: None,
        recorded_at: None,
        actor: None,
        applied: None,
        from,
        before: end,
        reverts: Vec::new(),
    };
    Ok(open.into_iter().map(batch).collect())
}

/// Returns up to where imports that were cut off have been taken back.
fn cut_off_and_taken_back(reader: &Reader) -> Result<BTreeMap<ImportId, Position>, SubmitError> {
    let stream = Some(StreamId::Book(BookStream::Imports));
    let mut before = BTreeMap::new();
    for event in reader.events(Query { stream, ..Query::default() }) {
        if let (Event { body: Body::ImportReverted(reverted), .. }, _) = event?
            && reverted.applied_at.is_none()
        {
            before.insert(reverted.import, reverted.before);
        }
    }
    Ok(before)
}

/// Finds an import by the position of its closing event, or its latest by its source.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn find(reader: &Reader, id: &str) -> Result<Option<ImportBatch>, SubmitError> {
    let closed = closed(reader)?;
    if let Ok(position) = id.parse::<u64>() {
        let at = Some(Position(position));
        return Ok(closed.into_iter().find(|batch| batch.applied_at == at));
    }
    let cut_off = cut_off(reader)?.into_iter().find(|batch| batch.import.as_str() == id);
    Ok(cut_off.or_else(|| closed.into_iter().rfind(|batch| batch.import.as_str() == id)))
}

/// Counts what an import brought.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn brought(
    reader: &Reader,
    batch: &ImportBatch,
    voided: &daybook_projections::Voided,
) -> Result<Vec<Brought>, SubmitError> {
    let mut kinds: BTreeMap<Kind, (u64, u64)> = BTreeMap::new();
    for header in reader.headers(batch.from..batch.before) {
        let header = header?;
        if header.envelope.source.import.as_ref() == Some(&batch.import)
            && header.envelope.stream.customer().is_some()
        {
            let (events, void) = kinds.entry(header.kind).or_default();
            *events += 1;
            *void += u64::from(voided.by(header.envelope.position).is_some());
        }
    }
    let brought = |(kind, (events, voided)): (Kind, (u64, u64))| Brought {
        kind: kind.name().to_owned(),
        kind_zh: kind.label_zh().to_owned(),
        events,
        voided,
    };
    Ok(kinds.into_iter().map(brought).collect())
}
