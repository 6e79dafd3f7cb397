//! Taking an import back: its events are voided, newest first, and what has been built upon stays.
//!
//! The batch is walked backwards in windows, so that memory stays flat however long it was. In a
//! window the events of one customer are taken back together, which reads that customer's history
//! once. When something stands on them the newer half is tried, then the older, down to one event,
//! which is kept and named. An event stays together with what followed from it in the same request.
//!
//! Invariant: what is voided is so for good and is passed over by the next run, so that a run that
//! was cut off is gone on with by running it again. Whether the result would be the same without
//! the import is not asked here: the ledger refuses a void that something stands on.

use std::collections::BTreeMap;

use daybook_core::decide::command::TakeBack;
use daybook_core::decide::{Command, Rejection, Request};
use daybook_core::event::transfer::{ImportReverted, Stayed};
use daybook_core::event::{Actor, Kind, Source, StreamId};
use daybook_core::id::{EventId, Label, Note, TextError};
use daybook_core::ledger::{Batch, Ledger, Mode, SubmitError};
use daybook_core::position::{ExpectedVersion, Position};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::batches::ImportBatch;
use crate::api::commands::rehearsal;
use crate::text::{Language, Spoken};

/// Positions looked at at a time.
const WINDOW_POSITIONS: u64 = 50_000;
/// The most events taken back at once.
const TOGETHER_MAX: usize = 4_000;
/// The most events named in the event that closes it; the answer names all.
const NAMED_MAX: usize = 100;

/// What is to be taken back.
#[derive(Debug, Clone)]
pub struct Job {
    /// The import.
    pub batch: ImportBatch,
    /// Who asks.
    pub actor: Actor,
    /// Through what.
    pub source: Source,
    /// Why.
    pub reason: Note,
    /// In which language events that stay say why.
    pub language: Language,
    /// Whether nothing is kept.
    pub dry_run: bool,
}

/// What taking back tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// An event stays.
    Stays(Stays),
    /// How far it is.
    Progress(Taken),
    /// It is done.
    Done(Reverted),
}

/// An event that stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stays {
    /// Where it is.
    pub position: Position,
    /// Its kind.
    pub kind: String,
    /// Its stream.
    pub stream: String,
    /// Whether something was built upon it; otherwise it could not be taken back.
    pub built_upon: bool,
    /// Why, in a sentence.
    pub reason: Spoken,
    /// The stable code.
    pub code: String,
}

/// How many events became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Taken {
    /// Events of the import, consequences included.
    pub events: u64,
    /// Taken back now.
    pub reversed: u64,
    /// Void before.
    pub void_before: u64,
    /// Kept, because something was built upon them.
    pub kept: u64,
    /// Not to be taken back for another reason.
    pub failed: u64,
}

/// What taking back did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reverted {
    /// The import's source.
    pub import: String,
    /// The event that closed the import.
    pub applied_at: Option<Position>,
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// The events.
    pub figures: Taken,
    /// The event that closes the taking back; absent when there was nothing left to do.
    pub reverted_at: Option<Position>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// Why taking back stopped. What was voided before stays so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RevertError {
    /// The ledger is broken.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// The ledger refused the closing event.
    #[error("the closing event was refused: {rejection}")]
    Refused {
        /// Why.
        rejection: Rejection,
    },
    /// A text that cannot be stored.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Takes an import back.
///
/// # Errors
/// [`RevertError`]; running it again goes on where it stopped.
pub fn revert(
    ledger: &Ledger,
    job: &Job,
    tell: &mut dyn FnMut(Told),
) -> Result<Reverted, RevertError> {
    let mut work = Work {
        ledger,
        job,
        tell,
        figures: Taken::default(),
        named: Vec::new(),
        position: ledger.reader().head().next,
        rehearsed: BTreeMap::new(),
    };
    let (mut before, mut carried) = (job.batch.before, Vec::new());
    while before > job.batch.from {
        let from = Position(before.0.saturating_sub(WINDOW_POSITIONS)).max(job.batch.from);
        let mut atoms = work.window(from, before, &mut carried)?;
        // What follows from an event of an earlier window waits for it.
        if from == job.batch.from {
            atoms.extend(Atom::of(std::mem::take(&mut carried)));
        }
        work.settle_window(atoms)?;
        (work.tell)(Told::Progress(work.figures));
        before = from;
    }
    let done = work.close()?;
    (work.tell)(Told::Done(done.clone()));
    Ok(done)
}

/// An event of the import.
#[derive(Debug, Clone)]
struct Item {
    id: EventId,
    position: Position,
    kind: Kind,
    stream: StreamId,
}

/// An event with what followed from it; it is taken back whole or stays whole.
#[derive(Debug, Clone)]
struct Atom {
    first: Item,
    ids: Vec<EventId>,
}

impl Atom {
    /// Puts an event and what followed from it together, the cause first.
    fn of(items: Vec<Item>) -> Option<Atom> {
        let ids = items.iter().map(|item| item.id).collect();
        items.into_iter().next().map(|first| Atom { first, ids })
    }
}

struct Work<'a> {
    ledger: &'a Ledger,
    job: &'a Job,
    tell: &'a mut dyn FnMut(Told),
    figures: Taken,
    named: Vec<Stayed>,
    position: Position,
    /// In a dry run: what would be void by now, since nothing of it is in the log.
    rehearsed: BTreeMap<StreamId, Rehearsed>,
}

/// What a dry run would have voided of one customer.
#[derive(Debug, Default)]
struct Rehearsed {
    asked: Vec<EventId>,
    reversed: u64,
}

type ByStream = BTreeMap<StreamId, Vec<Atom>>;

impl Work<'_> {
    /// Reads a window; consequences whose cause lies before it are carried to the next.
    fn window(
        &mut self,
        from: Position,
        before: Position,
        carried: &mut Vec<Item>,
    ) -> Result<Vec<Atom>, RevertError> {
        let (mut atoms, mut current, mut headless) = (Vec::new(), Vec::new(), Vec::new());
        for header in self.ledger.reader().headers(from..before) {
            let header = header?;
            let envelope = header.envelope;
            let ours = envelope.source.import.as_ref() == Some(&self.job.batch.import)
                && envelope.stream.customer().is_some();
            if !ours {
                continue;
            }
            self.figures.events += 1;
            let item = Item {
                id: envelope.event_id,
                position: envelope.position,
                kind: header.kind,
                stream: envelope.stream,
            };
            match envelope.causation {
                Some(_) if current.is_empty() => headless.push(item),
                Some(_) => current.push(item),
                None => atoms.extend(Atom::of(std::mem::replace(&mut current, vec![item]))),
            }
        }
        // What was carried here follows from the last event of this window.
        if current.is_empty() {
            headless.append(carried);
        } else {
            current.append(carried);
            atoms.extend(Atom::of(current));
        }
        *carried = headless;
        Ok(atoms)
    }

    fn settle_window(&mut self, atoms: Vec<Atom>) -> Result<(), RevertError> {
        let mut streams = ByStream::new();
        for atom in atoms {
            streams.entry(atom.first.stream.clone()).or_default().push(atom);
        }
        // Many customers with few events each go together; one with many goes alone.
        let (mut together, mut size) = (Vec::new(), 0);
        for (stream, atoms) in streams {
            let events: usize = atoms.iter().map(|atom| atom.ids.len()).sum();
            if size + events > TOGETHER_MAX && !together.is_empty() {
                self.settle_together(std::mem::take(&mut together))?;
                size = 0;
            }
            if events > TOGETHER_MAX {
                for part in atoms.rchunks(TOGETHER_MAX) {
                    self.settle(&stream, part)?;
                }
            } else {
                size += events;
                together.push((stream, atoms));
            }
        }
        self.settle_together(together)
    }

    /// Takes back for several customers with one sync; what is refused is tried in parts.
    fn settle_together(&mut self, streams: Vec<(StreamId, Vec<Atom>)>) -> Result<(), RevertError> {
        let results = self.submit(&streams)?;
        for ((stream, atoms), result) in streams.into_iter().zip(results) {
            self.judge(&stream, &atoms, result)?;
        }
        Ok(())
    }

    fn settle(&mut self, stream: &StreamId, atoms: &[Atom]) -> Result<(), RevertError> {
        let asked = [(stream.clone(), atoms.to_vec())];
        for result in self.submit(&asked)? {
            self.judge(stream, atoms, result)?;
        }
        Ok(())
    }

    fn judge(
        &mut self,
        stream: &StreamId,
        atoms: &[Atom],
        result: Result<u64, Rejection>,
    ) -> Result<(), RevertError> {
        match result {
            Ok(reversed) => {
                let ids = atoms.iter().flat_map(|atom| atom.ids.iter().copied());
                let asked = ids.clone().count() as u64;
                self.figures.reversed += reversed;
                self.figures.void_before += asked.saturating_sub(reversed);
                if self.job.dry_run {
                    let rehearsed = self.rehearsed.entry(stream.clone()).or_default();
                    rehearsed.asked.extend(ids);
                    rehearsed.reversed += reversed;
                }
            }
            Err(_) if atoms.len() > 1 => {
                let (older, newer) = atoms.split_at(atoms.len() / 2);
                self.settle(stream, newer)?;
                self.settle(stream, older)?;
            }
            Err(rejection) => {
                if let Some(atom) = atoms.first() {
                    self.stays(atom, &rejection)?;
                }
            }
        }
        Ok(())
    }

    fn stays(&mut self, atom: &Atom, rejection: &Rejection) -> Result<(), RevertError> {
        let built_upon = matches!(rejection, Rejection::StoodOn { .. });
        let count = atom.ids.len() as u64;
        *(if built_upon { &mut self.figures.kept } else { &mut self.figures.failed }) += count;
        let first = &atom.first;
        if self.named.len() < NAMED_MAX {
            self.named.push(Stayed {
                position: first.position,
                kind_tag: first.kind.tag(),
                code: Label::new(rejection.code())?,
                needed_by: match rejection {
                    Rejection::StoodOn { by, .. } => {
                        by.first.iter().map(|(_, position)| *position).collect()
                    }
                    _ => Vec::new(),
                },
            });
        }
        (self.tell)(Told::Stays(Stays {
            position: first.position,
            kind: first.kind.name().to_owned(),
            stream: first.stream.to_string(),
            built_upon,
            reason: Spoken::refusal(rejection, self.job.language),
            code: rejection.code().to_owned(),
        }));
        Ok(())
    }

    /// Asks the ledger, a unit a customer; returns how many events were voided in each.
    fn submit(
        &mut self,
        streams: &[(StreamId, Vec<Atom>)],
    ) -> Result<Vec<Result<u64, Rejection>>, RevertError> {
        if streams.is_empty() {
            return Ok(Vec::new());
        }
        let unit = |(stream, atoms): &(StreamId, Vec<Atom>)| {
            let before = self.rehearsed.get(stream).into_iter().flat_map(|before| &before.asked);
            let events =
                before.copied().chain(atoms.iter().flat_map(|atom| atom.ids.iter().copied()));
            let command =
                TakeBack { import: Some(self.job.batch.import.clone()), events: events.collect() };
            vec![self.request(stream, Command::TakeBack(command))]
        };
        let units = streams.iter().map(unit).collect();
        let answer = self.ledger.submit_blocking(self.batch(units))?;
        self.position = answer.next;
        let voided = |(result, (stream, _)): (Result<Vec<_>, _>, &(StreamId, Vec<Atom>))| {
            let before = self.rehearsed.get(stream).map_or(0, |before| before.reversed);
            let outcomes: Vec<daybook_core::ledger::Outcome> =
                result.map_err(|refusal: daybook_core::ledger::Refusal| refusal.rejection)?;
            let events: usize = outcomes.iter().map(|outcome| outcome.events.len()).sum();
            Ok((events as u64).saturating_sub(before))
        };
        Ok(answer.units.into_iter().zip(streams).map(voided).collect())
    }

    fn request(&self, stream: &StreamId, command: Command) -> Request {
        Request {
            customer: stream.customer().cloned(),
            effective_at: None,
            expected_version: ExpectedVersion::Any,
            idempotency_key: None,
            reason: Some(self.job.reason.clone()),
            corrects: None,
            command,
        }
    }

    fn batch(&self, units: Vec<Vec<Request>>) -> Batch {
        let mode = if self.job.dry_run {
            Mode::Rehearse { rehearsal: rehearsal(), last: true }
        } else {
            Mode::Commit
        };
        Batch { actor: self.job.actor.clone(), source: self.job.source.clone(), units, mode }
    }

    /// Records that the import was taken back, unless an earlier run has and nothing was left.
    fn close(&mut self) -> Result<Reverted, RevertError> {
        let ImportBatch { import, applied_at, from, before, reverts, .. } = &self.job.batch;
        let Taken { reversed, void_before, kept, failed, .. } = self.figures;
        let mut reverted_at = None;
        if !self.job.dry_run && (reversed > 0 || reverts.is_empty()) {
            let body = ImportReverted {
                import: import.clone(),
                applied_at: *applied_at,
                from: *from,
                before: *before,
                reversed,
                void_before,
                kept,
                failed,
                stayed: std::mem::take(&mut self.named),
            };
            let stream = StreamId::Book(daybook_core::event::BookStream::Imports);
            let request = self.request(&stream, Command::CloseRevert(body));
            let answer = self.ledger.submit_blocking(self.batch(vec![vec![request]]))?;
            self.position = answer.next;
            for result in answer.units {
                let outcomes = result
                    .map_err(|refusal| RevertError::Refused { rejection: refusal.rejection })?;
                let event = outcomes.first().and_then(|outcome| outcome.events.first());
                reverted_at = event.map(|event| event.position);
            }
        }
        Ok(Reverted {
            import: import.to_string(),
            applied_at: *applied_at,
            dry_run: self.job.dry_run,
            figures: self.figures,
            reverted_at,
            position: self.position,
        })
    }
}
