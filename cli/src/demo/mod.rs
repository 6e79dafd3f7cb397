//! Sample ledgers: a year told as a story, and loads for measuring.
//!
//! Both are seeded. The same seed gives the same requests, and with a [`ScriptClock`] and a
//! [`SeededEntropy`] the same stored bytes, on every machine: there is no system clock, no floating
//! point and no hash-map order in here. What this module does not do: open ledgers, print, decide.

pub mod accounts;
mod activity;
pub mod agreements;
mod calendar;
mod cast;
mod clock;
mod contracts;
mod customers;
mod dice;
mod entropy;
mod exports;
mod imports;
pub mod landmarks;
pub mod load;
mod mail;
pub mod papers;
mod payments;
mod pen;
pub mod people;
mod sales;
mod service;
pub mod settlements;
mod shipments;
mod story;
mod surveys;
mod tasks;
mod words;

use std::collections::BTreeMap;

use daybook_core::decide::{Command, Rejection};
use daybook_core::event::attachment::MediaType;
use daybook_core::event::{Actor, Assurance, Channel, Source, StreamId, Subject};
use daybook_core::id::{BookId, EventId};
use daybook_core::ledger::{Answer, AttachError, Batch, Genesis, Ledger, SubmitError, Upload};
use daybook_core::position::Position;
use daybook_core::time::{Entropy, Timestamp};

pub use calendar::{FIRST_DAY, LAST_DAY};
pub use clock::ScriptClock;
pub use entropy::SeededEntropy;
pub use story::{StoryError, story};

/// When the sample book is opened: the first morning of the story, before office hours.
pub const OPENED_AT: Timestamp = calendar::at(FIRST_DAY, 8 * 60);

/// One submission of a story or a load.
#[derive(Debug, Clone)]
pub struct Step {
    /// When it is written down.
    pub at: Timestamp,
    /// What is submitted.
    pub batch: Batch,
    /// What a later step needs to know of it, or it of an earlier one.
    pub mark: Option<Mark>,
    /// Files to be uploaded first.
    pub papers: Vec<Paper>,
}

/// A file and the request of the step's first unit that attaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paper {
    /// Which request of the unit, counted from 0.
    pub request: usize,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// What it is.
    pub media_type: MediaType,
    /// What is in it.
    pub content: Vec<u8>,
}

/// A link between two steps. A void names the event it is about, whose id is known only once it
/// is in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Keep the id of this step's first event under a name.
    Remember(&'static str),
    /// The voids in this step are about the event kept under that name.
    Void(&'static str),
}

/// What a run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Steps submitted.
    pub steps: u64,
    /// Requests in them.
    pub requests: u64,
    /// Events appended.
    pub events: u64,
    /// Requests that had been answered by an earlier run and added nothing.
    pub repeated: u64,
    /// The position after the last event.
    pub next: Position,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A request was refused, which no sample may be: a mistake in the sample or in the rules.
    #[error(
        "step {step} at {at} was refused: unit {unit}, request {request}, customer {customer}, \
         key {key}"
    )]
    Refused {
        /// The step, counted from 0.
        step: u64,
        /// When it was to be written down.
        at: Timestamp,
        /// The unit, counted from 0.
        unit: usize,
        /// The request within the unit, counted from 0.
        request: usize,
        /// The customer's code, or a dash for the book itself.
        customer: String,
        /// The request's idempotency key, or a dash.
        key: String,
        /// Why.
        #[source]
        rejection: Box<Rejection>,
    },
    /// A step is about an event no earlier step has kept.
    #[error("step {step} is about the event kept as {name}, but none is")]
    Unmarked {
        /// The step, counted from 0.
        step: u64,
        /// The name.
        name: &'static str,
    },
    /// The ledger did not take a file.
    #[error("a file of step {step} could not be uploaded")]
    Upload {
        /// The step, counted from 0.
        step: u64,
        /// Why.
        #[source]
        source: AttachError,
    },
    /// The ledger did not take a step.
    #[error("step {step} could not be submitted")]
    Submit {
        /// The step, counted from 0.
        step: u64,
        /// Why.
        #[source]
        source: SubmitError,
    },
}

/// Returns how the sample book is founded.
///
/// # Errors
/// [`StoryError`], which only a mistake in the constants can cause.
pub fn genesis(entropy: &mut SeededEntropy) -> Result<Genesis, StoryError> {
    let mut random = [0; 16];
    entropy.fill(&mut random);
    let actor = Actor {
        user: pen::user(cast::DIRECTOR)?,
        on_behalf_of: None,
        role: Some(pen::text("director")?),
        unit: Some(pen::text("office")?),
        assurance: Assurance::Declared,
    };
    Ok(Genesis {
        book: BookId(uuid::Builder::from_random_bytes(random).into_uuid()),
        name: pen::text("华东精密机械 / East China Precision")?,
        zone: pen::text("Asia/Shanghai")?,
        functional_currency: "CNY".parse()?,
        legal_entities: vec![pen::text("ECP-SH")?, pen::text("ECP-HK")?],
        fiscal_year_start_month: 1,
        default_calling_code: Some(pen::text("86")?),
        actor,
        source: Source { channel: Channel::Cli, session: None, import: None },
    })
}

/// Submits every step at its time and reports how many requests were taken after each.
///
/// # Errors
/// [`RunError`] at the first refusal or failure; what was taken before stays.
pub fn run(
    ledger: &Ledger,
    clock: &ScriptClock,
    steps: impl Iterator<Item = Step>,
    progress: &mut dyn FnMut(u64),
) -> Result<Summary, RunError> {
    let mut summary = Summary { next: ledger.reader().head().next, ..Summary::default() };
    let mut kept = BTreeMap::new();
    for mut step in steps {
        let number = summary.steps;
        if let Some(Mark::Void(name)) = step.mark {
            let event = kept.get(name).ok_or(RunError::Unmarked { step: number, name })?;
            aim(&mut step.batch, *event);
        }
        let names = names(&step.batch);
        clock.set(step.at);
        for paper in std::mem::take(&mut step.papers) {
            enclose(ledger, &mut step.batch, &paper)
                .map_err(|source| RunError::Upload { step: number, source })?;
        }
        let answer = ledger
            .submit_blocking(step.batch)
            .map_err(|source| RunError::Submit { step: number, source })?;
        let first = count(&answer, number, step.at, &names, &mut summary)?;
        if let (Some(Mark::Remember(name)), Some(event)) = (step.mark, first) {
            kept.insert(name, event);
        }
        summary.steps += 1;
        progress(summary.requests);
    }
    Ok(summary)
}

/// Lets the voids of a batch be about an event.
fn aim(batch: &mut Batch, event: EventId) {
    for request in batch.units.iter_mut().flatten() {
        match &mut request.command {
            Command::VoidEvent(void) => void.event = event,
            Command::TakeBack(take_back) => take_back.events = vec![event],
            _ => {}
        }
    }
}

/// Uploads a file and lets its request name it.
fn enclose(ledger: &Ledger, batch: &mut Batch, paper: &Paper) -> Result<(), AttachError> {
    let upload = Upload::new(paper.stream.clone(), Subject::Customer, paper.media_type.clone());
    let uploaded = ledger.upload(&upload, &mut paper.content.as_slice())?;
    let request = batch.units.first_mut().and_then(|unit| unit.get_mut(paper.request));
    if let Some(Command::AttachFile(attach)) = request.map(|request| &mut request.command) {
        attach.attachment = uploaded.stored.attachment;
    }
    Ok(())
}

type Name = (Option<String>, Option<String>);

/// Keeps what a refusal would have to name, for small batches; big ones are too many to copy.
fn names(batch: &Batch) -> Vec<Vec<Name>> {
    if batch.units.len() > 64 {
        return Vec::new();
    }
    let name = |request: &daybook_core::decide::Request| {
        let customer = request.customer.as_ref().map(ToString::to_string);
        (customer, request.idempotency_key.as_ref().map(ToString::to_string))
    };
    batch.units.iter().map(|unit| unit.iter().map(name).collect()).collect()
}

/// Counts an answer and returns its first event.
fn count(
    answer: &Answer,
    step: u64,
    at: Timestamp,
    names: &[Vec<Name>],
    summary: &mut Summary,
) -> Result<Option<EventId>, RunError> {
    let mut first = None;
    for (unit, result) in answer.units.iter().enumerate() {
        let outcomes = result.as_ref().map_err(|refusal| {
            let name = names.get(unit).and_then(|unit| unit.get(refusal.index));
            let (customer, key) = name.cloned().unwrap_or_default();
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            RunError::Refused {
                step,
                at,
                unit,
                request: refusal.index,
                customer: or_dash(customer),
                key: or_dash(key),
                rejection: Box::new(refusal.rejection.clone()),
            }
        })?;
        for outcome in outcomes {
            summary.requests += 1;
            summary.repeated += u64::from(outcome.repeated);
            summary.events += if outcome.repeated { 0 } else { outcome.events.len() as u64 };
            first = first.or_else(|| outcome.events.first().map(|event| event.event_id));
        }
    }
    summary.next = answer.next;
    Ok(first)
}
