//! Calendars (ICS, RFC 5545): visits and tasks, in and out.
//!
//! The way of an entry: [`file`] takes the file apart, `entry` says what it means and when, the
//! directory says whose it is, `plan` what follows at that customer. What is over is recorded as a
//! visit, what is to come is planned as a task, and the task is closed by the visit it becomes.
//!
//! Invariant: the same entries taken in again add nothing: an id follows from the entry's `UID`, and
//! what was given out by this ledger is recognised. No entry stops the others.

mod entry;
mod file;
mod give;
mod known;
mod plan;

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::event::{Actor, Channel, Source};
use daybook_core::id::{ContactId, CustomerCode, ImportId, TextError};
use daybook_core::ledger::{Batch, Mode, Outcome, Reader, Refusal, SubmitError, Unit};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::App;
use crate::api::commands::rehearsal;
use crate::directory::Match;
use crate::mail::Own;
use crate::text::{Language, Spoken, Text};

use entry::{Appointment, appointments};
pub use give::give_out;
use known::Known;
use plan::{At, plan};

/// How far ahead entries are taken in unless it is said otherwise, in days.
pub const AHEAD_DAYS: i64 = 92;
/// Entries submitted in one batch.
const BATCH_UNITS: usize = 64;

/// What became of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "AppointmentBecame")]
pub enum Became {
    /// It is over: the visit was recorded, and its task closed if there was one.
    Recorded,
    /// It is to come: a task was planned.
    Planned,
    /// Its task was given another time.
    Moved,
    /// Its task ended.
    Closed,
    /// It was there already.
    Known,
    /// It was called off before it was ever here.
    LeftOut,
    /// It was refused; the reason says why.
    Refused,
}

/// What is told of one entry at one customer; of one that repeats, of each occurrence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EntryLine {
    /// Its place in the file, from 1.
    pub number: u64,
    /// What became of it.
    pub became: Became,
    /// When it begins, or is to be done by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// The contacts among those who take part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// The id of its task and of its interaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Customers it could belong to, when it is refused because of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Spoken>,
    /// The refusal's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What became of a calendar; `read` is the sum of the seven after it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CalendarReport {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// Entries read; occurrences and customers count one by one.
    pub read: u64,
    /// Visits recorded.
    pub recorded: u64,
    /// Tasks planned.
    pub planned: u64,
    /// Tasks given another time.
    pub moved: u64,
    /// Tasks ended.
    pub closed: u64,
    /// Entries that were there already.
    pub known: u64,
    /// Entries called off before they were ever here.
    pub left_out: u64,
    /// Entries refused.
    pub refused: u64,
    /// Events appended.
    pub events: u64,
    /// Each entry.
    pub entries: Vec<EntryLine>,
    /// The log reached this position then.
    pub position: Position,
}

/// What is to be taken in.
#[derive(Debug, Clone)]
pub struct Job {
    /// The customer everything belongs to; left out, each entry goes to the one it names.
    pub customer: Option<CustomerCode>,
    /// Our own addresses.
    pub own: Own,
    /// Entries that were over before then are left alone.
    pub since: Option<Timestamp>,
    /// Occurrences after then are left for another time.
    pub until: Timestamp,
    /// Who takes it in.
    pub actor: Actor,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// In which language refused entries say why.
    pub language: Language,
}

/// Why a calendar could not be taken in or given out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalendarError {
    /// The ledger did not take it.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// A text did not fit, although it was cut.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Where an appointment belongs: customers with those of their contacts who take part, and its id
/// when this ledger gave it out.
struct Belongs {
    at: BTreeMap<CustomerCode, BTreeSet<ContactId>>,
    id: Option<String>,
}

/// Why an appointment belongs nowhere.
struct Nowhere {
    code: &'static str,
    reason: Text,
    candidates: Vec<String>,
}

/// Takes a calendar in.
///
/// # Errors
/// [`CalendarError`]; what was taken before stays taken.
pub fn take_in(app: &App, file: &[u8], job: &Job) -> Result<CalendarReport, CalendarError> {
    let reader = app.ledger.reader();
    let zone = reader.book()?.zone;
    let read = appointments(&file::read(file), zone, (job.since, job.until));
    let mut taking = Taking {
        app,
        job,
        now: app.clock.now(),
        rehearsal: rehearsal(),
        known: BTreeMap::new(),
        report: CalendarReport { dry_run: job.dry_run, ..CalendarReport::default() },
        waiting: Vec::new(),
    };
    for appointment in read {
        match appointment {
            Ok(appointment) => taking.appointment(&appointment)?,
            Err(unread) => taking.refuse(unread.number, None, unread.code, &unread.reason),
        }
        if taking.waiting.len() >= BATCH_UNITS {
            taking.flush()?;
        }
    }
    taking.flush()?;
    if job.dry_run {
        taking.submit(Vec::new(), true)?;
    }
    let mut report = taking.report;
    for line in &report.entries {
        let count = match line.became {
            Became::Recorded => &mut report.recorded,
            Became::Planned => &mut report.planned,
            Became::Moved => &mut report.moved,
            Became::Closed => &mut report.closed,
            Became::Known => &mut report.known,
            Became::LeftOut => &mut report.left_out,
            Became::Refused => &mut report.refused,
        };
        *count += 1;
    }
    report.read = report.entries.len() as u64;
    report.position = reader.head().next;
    Ok(report)
}

struct Taking<'a> {
    app: &'a App,
    job: &'a Job,
    now: Timestamp,
    rehearsal: u64,
    known: BTreeMap<CustomerCode, Known>,
    report: CalendarReport,
    /// Units with the lines they belong to.
    waiting: Vec<(usize, Unit)>,
}

impl Taking<'_> {
    /// Plans what follows from one appointment.
    fn appointment(&mut self, appointment: &Appointment) -> Result<(), CalendarError> {
        let reader = self.app.ledger.reader();
        let Belongs { at, id } = match self.belongs(reader, appointment)? {
            Ok(belongs) => belongs,
            Err(Nowhere { code, reason, candidates }) => {
                self.refuse(appointment.number, Some(appointment.start), code, &reason);
                if let Some(line) = self.report.entries.last_mut() {
                    line.candidates = candidates;
                }
                return Ok(());
            }
        };
        for (customer, contacts) in at {
            let id = match &id {
                Some(id) => id.clone(),
                None => mark(reader, &customer, appointment)?,
            };
            let contacts: Vec<ContactId> = contacts.into_iter().collect();
            if !self.known.contains_key(&customer) {
                self.known.insert(customer.clone(), Known::at(reader, &customer)?);
            }
            let Some(known) = self.known.get_mut(&customer) else { continue };
            let at = At {
                customer: &customer,
                id: &id,
                contacts: &contacts,
                assignee: &self.job.actor.user,
                now: self.now,
            };
            let (became, unit) = plan(appointment, &at, known)?;
            self.report.entries.push(EntryLine {
                customer: Some(customer.to_string()),
                contacts: contacts.iter().map(ToString::to_string).collect(),
                id: Some(id),
                ..line(appointment.number, became, Some(appointment.start))
            });
            if !unit.is_empty() {
                self.waiting.push((self.report.entries.len() - 1, unit));
            }
        }
        Ok(())
    }

    fn belongs(
        &self,
        reader: &Reader,
        appointment: &Appointment,
    ) -> Result<Result<Belongs, Nowhere>, SubmitError> {
        let own = format!("@{}", reader.book()?.book);
        let given_out = appointment.uid.as_deref().and_then(|uid| {
            let (code, id) = uid.strip_suffix(&own)?.split_once('/')?;
            Some((CustomerCode::new(code).ok()?, id.to_owned()))
        });
        let parties = appointment.parties.iter().map(String::as_str);
        let parties: Vec<&str> = parties.filter(|party| !self.job.own.has(party)).collect();
        let (matches, _) = self.app.directory.by_emails(reader, parties)?;
        let (mut at, mut candidates) =
            (BTreeMap::<CustomerCode, BTreeSet<ContactId>>::new(), BTreeSet::new());
        for found in matches {
            match found {
                Match::None => {}
                Match::One(holder) => {
                    at.entry(holder.customer).or_default().extend(holder.contact);
                }
                Match::Several(customers) => candidates.extend(customers),
            }
        }
        let (only, id) = match given_out {
            Some((customer, id)) => (Some(customer), Some(id)),
            None => (self.job.customer.clone(), None),
        };
        if let Some(customer) = only {
            let contacts = at.remove(&customer).unwrap_or_default();
            return Ok(Ok(Belongs { at: BTreeMap::from([(customer, contacts)]), id }));
        }
        if !at.is_empty() {
            return Ok(Ok(Belongs { at, id: None }));
        }
        let candidates: Vec<String> = candidates.iter().map(ToString::to_string).collect();
        Ok(Err(if candidates.is_empty() {
            let reason = Text::fixed(
                "nobody who takes part is known at a customer; name one",
                "参加者都不是已知客户的人；请指明客户",
            );
            Nowhere { code: "customer_unmatched", reason, candidates }
        } else {
            let reason = Text::fixed(
                "who takes part is known at several customers; name one",
                "参加者属于多个客户；请指明是哪一个",
            );
            Nowhere { code: "customer_ambiguous", reason, candidates }
        }))
    }

    fn refuse(&mut self, number: u64, at: Option<Timestamp>, code: &str, reason: &Text) {
        self.report.entries.push(EntryLine {
            reason: Some(reason.spoken(self.job.language)),
            code: Some(code.to_owned()),
            ..line(number, Became::Refused, at)
        });
    }

    /// Submits what waits and notes what became of it.
    fn flush(&mut self) -> Result<(), CalendarError> {
        let (places, units): (Vec<usize>, Vec<Unit>) =
            std::mem::take(&mut self.waiting).into_iter().unzip();
        if units.is_empty() {
            return Ok(());
        }
        for (place, answer) in places.into_iter().zip(self.submit(units, false)?) {
            match answer {
                Ok(outcomes) => {
                    let events = outcomes.iter().map(|outcome| outcome.events.len() as u64);
                    self.report.events += events.sum::<u64>();
                }
                Err(refusal) => {
                    let Some(line) = self.report.entries.get_mut(place) else { continue };
                    // Somebody else took the same entry in meanwhile.
                    let known = refusal.rejection.code() == "record_taken";
                    line.became = if known { Became::Known } else { Became::Refused };
                    if !known {
                        line.reason = Some(Spoken::refusal(&refusal.rejection, self.job.language));
                        line.code = Some(refusal.rejection.code().to_owned());
                    }
                }
            }
        }
        Ok(())
    }

    fn submit(
        &self,
        units: Vec<Unit>,
        last: bool,
    ) -> Result<Vec<Result<Vec<Outcome>, Refusal>>, CalendarError> {
        let mode = if self.job.dry_run {
            Mode::Rehearse { rehearsal: self.rehearsal, last }
        } else {
            Mode::Commit
        };
        let import = Some(ImportId::new("calendar")?);
        let source = Source { channel: Channel::Import, session: None, import };
        let actor = self.job.actor.clone();
        Ok(self.app.ledger.submit_blocking(Batch { actor, source, units, mode })?.units)
    }
}

const fn line(number: u64, became: Became, at: Option<Timestamp>) -> EntryLine {
    EntryLine {
        number,
        became,
        at,
        customer: None,
        contacts: Vec::new(),
        id: None,
        candidates: Vec::new(),
        reason: None,
        code: None,
    }
}

/// Returns the id of an appointment at a customer: a keyed mark of what makes it itself, which says
/// nothing without the ledger's key. An entry without a `UID` is known by its time and title.
fn mark(
    reader: &Reader,
    customer: &CustomerCode,
    appointment: &Appointment,
) -> Result<String, SubmitError> {
    let start = appointment.start.to_string();
    let occurrence = appointment.occurrence.map(|at| at.to_string()).unwrap_or_default();
    let title = appointment.summary.clone().unwrap_or_default();
    let [how, which, more] = match &appointment.uid {
        Some(uid) => ["uid", uid.as_str(), occurrence.as_str()],
        None => ["time", start.as_str(), title.as_str()],
    };
    let mark = reader.keyed_mark(&["calendar", customer.as_str(), how, which, more])?;
    Ok(format!("CAL-{}", daybook_core::codec::layout::hex(mark.split_at(8).0)))
}
