//! A whole ledger under trial: commands are decided, personal sections sealed with keys of the vault,
//! requests recognised by their keys. Small segments and small vault files, so that both roll often.
//!
//! Every request says in its reason `batch-index-size`, and in its personal section again, so that a
//! check sees what is missing and what cannot be opened. With files, most batches end in a call with
//! attachments, whose content follows from the same three numbers (`files.rs`).

use std::path::Path;
use std::sync::Arc;

use daybook_core::attachment::Placed;
use daybook_core::book::{self, BookError, OpenBook, Surroundings};
use daybook_core::decide::Request;
use daybook_core::event::{Actor, Assurance, Body, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{
    Answer, AttachError, Batch, Genesis, Mode, Options, SubmitError, Unit, Uploaded,
};
use daybook_core::store::AppendError;
use daybook_core::store::local::OpenReport;
use daybook_core::time::{Clock, Entropy, Timestamp};
use serde_json::{Value, json};

use super::tortured::{Closed, Expected, Failure, NotOpened, Tortured, Wholeness, chain, counted};
use super::{Dice, files};

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

/// A whole ledger, with or without files.
pub struct Whole<const FILES: bool> {
    dir: std::path::PathBuf,
    seed: u64,
    open: Option<OpenBook>,
    number: u64,
    problems: Closed,
}

impl<const FILES: bool> Whole<FILES> {
    fn open_book(&self) -> Result<&OpenBook, String> {
        self.open.as_ref().ok_or_else(|| "it was closed and not opened again".to_owned())
    }

    /// Uploads the files of a batch and submits it; `each` sees what became of each file.
    fn submit(
        &self,
        number: u64,
        each: &mut dyn FnMut(&Uploaded) -> Result<(), String>,
    ) -> Result<Answer, Failure> {
        let ledger = &self.open_book().map_err(Failure::Broken)?.ledger;
        let mut dice = Dice::new(self.seed ^ (number << 20));
        let files = if FILES && number > 0 { dice.below(3) } else { 0 };
        let (mut units, size) = units(number, files, &mut dice).map_err(Failure::Broken)?;
        if files > 0 {
            let mut unit = vec![];
            let customer = format!("C-{}-0", number - 1 - dice.below(number.min(40)));
            for at in size - files - 1..size {
                unit.push(if unit.is_empty() {
                    request(number, at, size, &customer, call(number, at, size))
                } else {
                    let content = files::content(number, at);
                    let uploaded = files::upload(ledger, &customer, &content);
                    let uploaded = uploaded.map_err(|error| failed(&error))?;
                    each(&uploaded).map_err(Failure::Broken)?;
                    let note = said(&mark(number, at, size));
                    let command = files::attach(&uploaded.stored.attachment, &note);
                    request(number, at, size, &customer, command)
                });
            }
            units
                .push(unit.into_iter().collect::<Result<Unit, String>>().map_err(Failure::Broken)?);
        }
        let batch = Batch {
            actor: actor().map_err(Failure::Broken)?,
            source: source(),
            units,
            mode: Mode::Commit,
        };
        ledger.submit_blocking(batch).map_err(|error| failed(&error.into()))
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
            Err(error) => Err(failed(&error.into())),
        }
    }
}

impl<const FILES: bool> Drop for Whole<FILES> {
    /// Waits for the writer's thread, which would otherwise go on with files that are looked at next.
    fn drop(&mut self) {
        drop(self.let_go());
    }
}

fn failed(error: &AttachError) -> Failure {
    let code = match error {
        AttachError::Refused(rejection) => return Failure::Broken(rejection.to_string()),
        AttachError::Ledger(SubmitError::Append(AppendError::ReadOnly)) => "read_only",
        other => other.code(),
    };
    if code == "disk_full" {
        return Failure::DiskFull;
    }
    Failure::Storage { code: code.to_owned(), text: chain(error) }
}

fn not_opened(error: &BookError) -> NotOpened {
    NotOpened { code: error.code().to_owned(), text: chain(error) }
}

impl<const FILES: bool> Tortured for Whole<FILES> {
    fn create(dir: &Path) -> Result<(), NotOpened> {
        let genesis = genesis(&mut *surroundings(dir).entropy)
            .map_err(|text| NotOpened { code: "broken".to_owned(), text })?;
        book::init_sized(dir, &genesis, surroundings(dir), VAULT_SLOTS_PER_FILE)
            .map_err(|error| not_opened(&error))
    }

    fn open(dir: &Path, seed: u64) -> Result<(Self, OpenReport), NotOpened> {
        let open = book::open(dir, surroundings(dir)).map_err(|error| not_opened(&error))?;
        let report = open.report.clone();
        let groups = match groups(&open) {
            Ok(groups) => groups,
            Err(text) => {
                // Otherwise the writer's thread may still be closing the files when they are verified.
                drop(open.ledger.close());
                return Err(NotOpened { code: "broken".to_owned(), text });
            }
        };
        let (dir, problems) = (dir.to_owned(), Closed::default());
        Ok((Whole { dir, seed, open: Some(open), number: groups, problems }, report))
    }

    fn number(&self) -> u64 {
        self.number
    }

    fn append(&mut self) -> Result<(), Failure> {
        if self.open.is_none() {
            let (mut again, _) = Self::open(&self.dir, self.seed).map_err(|refused| {
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
        let answer = self.submit(self.number, &mut |_| Ok(()))?;
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
        match self.submit(self.number, &mut |_| Ok(())) {
            Err(Failure::Storage { code, .. }) if code == "read_only" => Ok(()),
            // When it was a file that failed, it is files that are refused from then on.
            Err(Failure::Storage { text, .. }) if text.contains("since the disk failed") => Ok(()),
            Err(other) => Err(format!("another failure follows: {other:?}")),
            Ok(answer) => Err(format!("it is not read-only: it stands at {}", answer.next)),
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
            let answer = self.submit(number, &mut |uploaded| match uploaded.placed {
                Placed::AlreadyThere => Ok(()),
                placed => Err(format!("a file of batch {number} was not there: {placed:?}")),
            });
            let answer = answer.map_err(|failure| format!("batch {number} again: {failure:?}"))?;
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
        if let Body::AttachmentAdded(_) = &opened.event.body {
            files::check(reader, position, reason.as_str())?;
        }
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

fn mark(number: u64, at: u64, size: u64) -> String {
    format!("{number}-{at}-{size}")
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

/// Makes the units of a batch but the one with files: its first request puts a customer on file, the
/// others do that, add contacts to or record interactions with customers of this batch and earlier
/// ones. Returns the number of requests in all.
fn units(number: u64, files: u64, dice: &mut Dice) -> Result<(Vec<Unit>, u64), String> {
    let base = match dice.below(20) {
        0 => 20 + dice.below(60),
        1..=4 => 5 + dice.below(10),
        _ => 1 + dice.below(4),
    };
    let size = base + if files > 0 { files + 1 } else { 0 };
    let units = (0..base).map(|at| Ok(vec![plain(number, at, size, dice)?]));
    Ok((units.collect::<Result<Vec<_>, String>>()?, size))
}

fn plain(number: u64, at: u64, size: u64, dice: &mut Dice) -> Result<Request, String> {
    let words = said(&mark(number, at, size));
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
        _ => (known, call(number, at, size)),
    };
    request(number, at, size, &customer, command)
}

fn call(number: u64, at: u64, size: u64) -> Value {
    json!({
        "command": "record_interaction", "channel": "phone", "direction": "in",
        "unknown_caller": true, "started_at": NOW,
        "correspondence": { "summary": said(&mark(number, at, size)) },
    })
}

fn request(
    number: u64,
    at: u64,
    size: u64,
    customer: &str,
    command: Value,
) -> Result<Request, String> {
    let mut asked = json!({
        "customer": customer, "reason": mark(number, at, size),
        "idempotency_key": format!("torture-{number}-{at}"), "effective_at": NOW,
    });
    if let (Value::Object(asked), Value::Object(command)) = (&mut asked, command) {
        asked.extend(command);
    }
    serde_json::from_value(asked).map_err(|error| error.to_string())
}
