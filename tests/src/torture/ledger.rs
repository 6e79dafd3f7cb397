//! A whole ledger under trial: commands are decided, personal sections sealed with keys of the vault,
//! requests recognised by their keys. Small segments and small vault files, so that both roll often.
//!
//! Every request says in its reason `batch-index-size`, and in its personal section again, so that a
//! check sees what is missing and what cannot be opened.

use std::path::Path;
use std::sync::Arc;

use daybook_core::book::{self, BookError, OpenBook, Surroundings};
use daybook_core::decide::Request;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Answer, Batch, Genesis, Mode, Options, SubmitError};
use daybook_core::store::AppendError;
use daybook_core::store::local::OpenReport;
use daybook_core::time::{Clock, Entropy, Timestamp};
use serde_json::{Value, json};

use super::Dice;
use super::tortured::{Closed, Expected, Failure, NotOpened, Tortured, Wholeness, chain, counted};

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);
const SEGMENT_SIZE_BYTES: u64 = 128 << 10;
const VAULT_SLOTS_PER_FILE: u64 = 16;
/// So often an open ledger is closed and opened again.
const BATCHES_A_LIFE: u64 = 23;
/// Batches sent again after a long life: the last ones, and as many of the others.
const SENT_AGAIN: u64 = 30;

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Entropy for Dice {
    fn fill(&mut self, buffer: &mut [u8]) {
        for part in buffer.chunks_mut(8) {
            let bytes = self.roll().to_le_bytes();
            part.copy_from_slice(bytes.split_at(part.len()).0);
        }
    }
}

/// What a trial's ledger is made and opened with. Ids and keys differ from process to process, as
/// they do in earnest.
pub fn surroundings(dir: &Path) -> Surroundings {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos() as u64;
    Surroundings {
        heads_outside: dir.parent().map(|parent| parent.join("heads-outside")),
        command: "torture".to_owned(),
        clock: Arc::new(Still),
        entropy: Box::new(Dice::new(since ^ (u64::from(std::process::id()) << 40))),
        options: Options::default(),
        segment_size_bytes: SEGMENT_SIZE_BYTES,
    }
}

/// A whole ledger.
pub struct Whole {
    dir: std::path::PathBuf,
    seed: u64,
    open: Option<OpenBook>,
    number: u64,
    problems: Closed,
}

impl Whole {
    fn open_book(&self) -> Result<&OpenBook, String> {
        self.open.as_ref().ok_or_else(|| "it was closed and not opened again".to_owned())
    }

    fn submit(&self, number: u64) -> Result<Answer, SubmitError> {
        let open = self.open.as_ref().ok_or(SubmitError::Closed)?;
        open.ledger.submit_blocking(batch(self.seed, number).map_err(|_| SubmitError::Closed)?)
    }

    fn let_go(&mut self) -> Result<(), Failure> {
        let Some(OpenBook { ledger, store, .. }) = self.open.take() else { return Ok(()) };
        let status = store.status();
        let closed = ledger.close();
        self.problems.index_problem = self.problems.index_problem.take().or(status.index_problem);
        self.problems.seal_problem = self.problems.seal_problem.take().or(status.seal_problem);
        match closed {
            // What is acknowledged is safe; only the last tree head is not kept.
            Ok(()) | Err(SubmitError::Append(AppendError::DiskFull { .. })) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Drop for Whole {
    /// Waits for the writer's thread, which would otherwise go on with files that are looked at next.
    fn drop(&mut self) {
        drop(self.let_go());
    }
}

fn failed(error: &SubmitError) -> Failure {
    let code = match error {
        SubmitError::Append(AppendError::DiskFull { .. }) => return Failure::DiskFull,
        SubmitError::Append(AppendError::ReadOnly) => "read_only",
        other => other.code(),
    };
    Failure::Storage { code: code.to_owned(), text: chain(error) }
}

fn not_opened(error: &BookError) -> NotOpened {
    NotOpened { code: error.code().to_owned(), text: chain(error) }
}

impl Tortured for Whole {
    fn create(dir: &Path) -> Result<(), NotOpened> {
        let genesis = genesis(&mut *surroundings(dir).entropy)
            .map_err(|text| NotOpened { code: "broken".to_owned(), text })?;
        book::init_sized(dir, &genesis, surroundings(dir), VAULT_SLOTS_PER_FILE)
            .map_err(|error| not_opened(&error))
    }

    fn open(dir: &Path, seed: u64) -> Result<(Whole, OpenReport), NotOpened> {
        let open = book::open(dir, surroundings(dir)).map_err(|error| not_opened(&error))?;
        let report = open.report.clone();
        let groups = groups(&open).map_err(|text| NotOpened { code: "broken".to_owned(), text })?;
        let (dir, problems) = (dir.to_owned(), Closed::default());
        Ok((Whole { dir, seed, open: Some(open), number: groups, problems }, report))
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn append(&mut self) -> Result<(), Failure> {
        if self.open.is_none() {
            let (mut again, _) = Whole::open(&self.dir, self.seed).map_err(|refused| {
                let NotOpened { code, text } = refused;
                if code == "disk_full" {
                    Failure::DiskFull
                } else {
                    Failure::Storage { code, text }
                }
            })?;
            if again.number != self.number {
                let (there, expected) = (again.number, self.number);
                return Err(Failure::Broken(format!("{there} after closing, not {expected}")));
            }
            self.open = again.open.take();
        }
        let answer = self.submit(self.number).map_err(|error| failed(&error))?;
        for unit in answer.units {
            let outcomes = unit.map_err(|refusal| {
                Failure::Broken(format!("batch {}: {}", self.number, refusal.rejection))
            })?;
            if outcomes.iter().any(|outcome| outcome.repeated) {
                return Err(Failure::Broken(format!("batch {} was there in part", self.number)));
            }
        }
        self.number += 1;
        Ok(())
    }

    fn tend(&mut self) -> Result<(), Failure> {
        if self.number.is_multiple_of(BATCHES_A_LIFE) { self.let_go() } else { Ok(()) }
    }

    fn refuses(&mut self) -> Result<(), String> {
        if self.open.is_none() {
            // It failed while it was closed; the next opening will find out more.
            return Ok(());
        }
        match self.submit(self.number) {
            Err(SubmitError::Append(AppendError::ReadOnly)) => Ok(()),
            other => Err(format!("it is not read-only after a failure: {other:?}")),
        }
    }

    fn check(&self, expected: Expected) -> Result<u64, String> {
        match &self.open {
            Some(open) => counted(groups(open)?, &expected),
            None => counted(self.number, &expected),
        }
    }

    fn send_again(&mut self, groups: u64) -> Result<(), String> {
        let before = self.open_book()?.ledger.reader().head().next;
        let last = groups.saturating_sub(SENT_AGAIN)..groups;
        let step = (groups / SENT_AGAIN).max(1);
        for number in (0..last.start).step_by(step as usize).chain(last) {
            let answer = self.submit(number).map_err(|error| chain(&error))?;
            for unit in answer.units {
                let outcomes = unit.map_err(|refusal| {
                    format!("batch {number} sent again: {}", refusal.rejection)
                })?;
                if !outcomes.iter().all(|outcome| outcome.repeated) {
                    return Err(format!("batch {number} was not recognised when sent again"));
                }
            }
        }
        let after = self.open_book()?.ledger.reader().head().next;
        if after == before { Ok(()) } else { Err("sending again added events".to_owned()) }
    }

    fn close(mut self) -> Result<Closed, Failure> {
        self.let_go()?;
        Ok(std::mem::take(&mut self.problems))
    }

    fn verify(dir: &Path) -> Result<(), String> {
        book::verify(dir, surroundings(dir).heads_outside.as_deref(), &mut |_| {})
            .map(|_| ())
            .map_err(|error| format!("it does not verify: {}", chain(&error)))
    }
}

/// Reads everything: every batch whole, every personal section opened and as it was sent. Returns the
/// number of batches.
fn groups(open: &OpenBook) -> Result<u64, String> {
    let reader = open.ledger.reader();
    let mut batches = Wholeness::default();
    for event in reader.events(Query::default()) {
        let (event, hash) = event.map_err(|error| chain(&error))?;
        let Some(reason) = event.envelope.reason.clone() else { continue };
        batches.next(reason.as_str())?;
        let position = event.envelope.position;
        let opened = reader.open_sections(event, hash).map_err(|error| chain(&error))?;
        if opened.erased_sections > 0 {
            return Err(format!("a section of the event at {position} cannot be opened"));
        }
        let body = opened.event.body.to_json().map_err(|error| error.to_string())?.to_string();
        if !body.contains(&said(reason.as_str())) {
            return Err(format!("the event at {position} says something else: {body}"));
        }
    }
    batches.end()
}

fn said(mark: &str) -> String {
    format!("said in {mark}.")
}

fn text<T, E: std::fmt::Display>(made: Result<T, E>) -> Result<T, String> {
    made.map_err(|error| error.to_string())
}

fn actor() -> Result<Actor, String> {
    Ok(Actor {
        user: text(ActorId::new("U-01"))?,
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    })
}

const fn source() -> Source {
    Source { channel: Channel::Api, session: None, import: None }
}

/// Every founding is another book: of one that was killed, a tree head may lie outside.
fn genesis(entropy: &mut dyn Entropy) -> Result<Genesis, String> {
    let mut id = [0u8; 16];
    entropy.fill(&mut id);
    Ok(Genesis {
        book: BookId(uuid::Uuid::from_bytes(id)),
        name: text(Line::new("Torture"))?,
        zone: text(Label::new("Asia/Shanghai"))?,
        functional_currency: text("CNY".parse())?,
        legal_entities: vec![text(LegalEntity::new("HQ"))?],
        fiscal_year_start_month: 1,
        default_calling_code: None,
        actor: actor()?,
        source: source(),
    })
}

/// Makes a batch: its first request puts a customer on file, the others do that, add contacts to or
/// record interactions with customers of this batch and earlier ones.
fn batch(seed: u64, number: u64) -> Result<Batch, String> {
    let mut dice = Dice::new(seed ^ (number << 20));
    let size = match dice.below(20) {
        0 => 20 + dice.below(60),
        1..=4 => 5 + dice.below(10),
        _ => 1 + dice.below(4),
    };
    let units = (0..size).map(|at| Ok(vec![request(number, at, size, &mut dice)?]));
    let units = units.collect::<Result<Vec<_>, String>>()?;
    Ok(Batch { actor: actor()?, source: source(), units, mode: Mode::Commit })
}

fn request(number: u64, at: u64, size: u64, dice: &mut Dice) -> Result<Request, String> {
    let mark = format!("{number}-{at}-{size}");
    let words = said(&mark);
    let known = format!("C-{}-0", number - dice.below(number.min(40) + 1));
    let (customer, command) = match if at == 0 { 0 } else { dice.below(4) } {
        0 => (
            format!("C-{number}-{at}"),
            json!({
                "command": "register_customer", "kind": "company", "source": "phone",
                "details": { "name": words },
            }),
        ),
        1 => (
            known,
            json!({
                "command": "add_contact", "identity": { "name": words },
                "private": { "notes": words },
            }),
        ),
        _ => (
            known,
            json!({
                "command": "record_interaction", "channel": "phone", "direction": "in",
                "unknown_caller": true, "started_at": NOW,
                "correspondence": { "summary": words },
            }),
        ),
    };
    let mut asked = json!({
        "customer": customer, "reason": mark, "idempotency_key": format!("torture-{number}-{at}"),
        "effective_at": NOW,
    });
    if let (Value::Object(asked), Value::Object(command)) = (&mut asked, command) {
        asked.extend(command);
    }
    serde_json::from_value(asked).map_err(|error| error.to_string())
}
