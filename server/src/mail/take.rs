//! Taking mail in: from a stream of messages to units, submitted in batches with one sync each.

use std::collections::BTreeSet;
use std::io::Read;

use daybook_core::decide::Request;
use daybook_core::event::interaction::Direction;
use daybook_core::event::mail::{HeldReason, MailHeld};
use daybook_core::event::{Actor, Channel, Section, Source};
use daybook_core::id::{ContactId, CustomerCode, ImportId, MailId, TextError};
use daybook_core::ledger::attach::AttachError;
use daybook_core::ledger::{Batch, Ledger, Mode, Outcome, Refusal, SubmitError, Unit};
use daybook_core::time::Clock;

use super::content::{ContentError, Recorded, content, interaction, mail_id, request, request_key};
use super::files::{FilesError, Owner, attach};
use super::known::KnownMail;
use super::letter::Letter;
use super::route::{Own, Route, all_parties, route};
use super::split::{Framed, Framing, MESSAGE_SIZE_BYTES_MAX, Messages};
use super::{AtCustomer, Became, MailNotice, MailReport, MessageLine, Totals};
use crate::App;
use crate::api::commands::rehearsal;
use crate::text::{Language, Spoken, Text};

/// Messages submitted in one batch.
const BATCH_MESSAGES: usize = 64;

/// What is to be taken in.
#[derive(Debug, Clone)]
pub struct Job {
    /// How messages follow each other.
    pub framing: Framing,
    /// Our own addresses.
    pub own: Own,
    /// Who takes it in.
    pub actor: Actor,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// In which language refused messages say why.
    pub language: Language,
}

/// Why taking mail in stopped. What was taken before stays taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MailError {
    /// The stream broke off, or is not what it is said to be.
    #[error("the mail could not be read after message {read}")]
    Stream {
        /// Messages read before.
        read: u64,
        /// What the stream said.
        #[source]
        source: std::io::Error,
    },
    /// The ledger did not take it.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// The files could not be kept.
    #[error("a message's files could not be kept")]
    Files(#[source] AttachError),
    /// A text did not fit, although it was cut.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl From<ContentError> for MailError {
    fn from(error: ContentError) -> Self {
        match error {
            ContentError::Ledger(error) => MailError::Ledger(error),
            ContentError::Text(error) => MailError::Text(error),
        }
    }
}

impl From<FilesError> for MailError {
    fn from(error: FilesError) -> Self {
        match error {
            FilesError::Attach(AttachError::Ledger(error)) => MailError::Ledger(error),
            FilesError::Attach(error) => MailError::Files(error),
            FilesError::Text(error) => MailError::Text(error),
        }
    }
}

/// Takes in the messages of a stream; `tell` hears of each, of progress, and of the end.
///
/// # Errors
/// [`MailError`].
pub fn take_in(
    app: &App,
    job: &Job,
    input: impl Read,
    tell: &mut dyn FnMut(MailNotice),
) -> Result<MailReport, MailError> {
    let mut messages = Messages::new(input, job.framing);
    let mut taking = Taking {
        ledger: &app.ledger,
        clock: &*app.clock,
        directory: &app.directory,
        known: &app.known_mail,
        job,
        rehearsal: rehearsal(),
        totals: Totals::default(),
        waiting: Vec::new(),
        ahead: BTreeSet::new(),
    };
    let (mut raw, mut number) = (Vec::new(), 0u64);
    loop {
        let framed = messages.read(&mut raw);
        let framed = framed.map_err(|source| MailError::Stream { read: number, source });
        let framed = match framed {
            Ok(Some(framed)) => framed,
            Ok(None) => break,
            // What was read before the stream broke off is taken all the same.
            Err(error) => {
                taking.flush(tell)?;
                taking.end()?;
                return Err(error);
            }
        };
        number += 1;
        match framed {
            Framed::Whole => taking.message(number, &raw)?,
            Framed::TooLarge(size) => taking.waiting.push(Planned::refused(
                number,
                "message_too_large",
                too_large(size).spoken(job.language),
            )),
        }
        if taking.waiting.len() >= BATCH_MESSAGES {
            taking.flush(tell)?;
            tell(MailNotice::Progress(taking.totals.clone()));
        }
    }
    taking.flush(tell)?;
    taking.end()?;
    let position = app.ledger.reader().head().next;
    let report = MailReport { dry_run: job.dry_run, totals: taking.totals, position };
    tell(MailNotice::Done(report.clone()));
    Ok(report)
}

fn too_large(size: u64) -> Text {
    Text::from((
        format!("the message has {size} bytes; at most {MESSAGE_SIZE_BYTES_MAX} are taken"),
        format!("邮件有 {size} 字节，最多接受 {MESSAGE_SIZE_BYTES_MAX} 字节"),
    ))
}

/// What has no header a message would have.
const NOT_A_MESSAGE: Text =
    Text::fixed("the bytes have no header a message would have", "内容没有邮件应有的邮件头");

/// A message on its way to the ledger.
struct Planned {
    line: MessageLine,
    units: Vec<(Option<CustomerCode>, Unit)>,
}

impl Planned {
    fn new(number: u64, became: Became) -> Planned {
        let line = MessageLine {
            number,
            became,
            mail: None,
            sent_at: None,
            customers: Vec::new(),
            candidates: Vec::new(),
            notes: Vec::new(),
            reason: None,
            code: None,
        };
        Planned { line, units: Vec::new() }
    }

    fn refused(number: u64, code: &str, reason: Spoken) -> Planned {
        let mut planned = Planned::new(number, Became::Refused);
        planned.line.code = Some(code.to_owned());
        planned.line.reason = Some(reason);
        planned
    }
}

struct Taking<'a> {
    ledger: &'a Ledger,
    clock: &'a dyn Clock,
    directory: &'a crate::directory::Directory,
    known: &'a KnownMail,
    job: &'a Job,
    rehearsal: u64,
    totals: Totals,
    waiting: Vec<Planned>,
    /// What is planned in this batch, so that a copy in the same batch is not uploaded again.
    ahead: BTreeSet<(MailId, Option<CustomerCode>)>,
}

impl Taking<'_> {
    /// Plans what follows from one message.
    fn message(&mut self, number: u64, raw: &[u8]) -> Result<(), MailError> {
        let Some(letter) = Letter::read(raw, self.clock.now()) else {
            let reason = NOT_A_MESSAGE.spoken(self.job.language);
            self.waiting.push(Planned::refused(number, "not_a_message", reason));
            return Ok(());
        };
        let reader = self.ledger.reader();
        let addresses = all_parties(&letter).map(|party| party.address.as_str());
        let (matches, _) = self.directory.by_emails(reader, addresses)?;
        let mail = mail_id(reader, &letter)?;
        let mut planned = Planned::new(number, Became::Taken);
        planned.line.mail = Some(mail.to_string());
        planned.line.sent_at = Some(letter.sent_at);
        planned.line.notes =
            letter.oddities.iter().map(|oddity| oddity.code().to_owned()).collect();
        if self.known.held(reader, &mail)?.is_some() {
            // Whoever it was assigned to has it, and what was dismissed stays so.
            planned.line.became = Became::Repeated;
            self.waiting.push(planned);
            return Ok(());
        }
        let made = match route(&letter, &self.job.own, &matches) {
            Route::Internal => {
                planned.line.became = Became::Internal;
                Ok(())
            }
            Route::Held { direction, because, candidates } => {
                planned.line.became = Became::Held;
                planned.line.candidates = candidates.iter().map(ToString::to_string).collect();
                self.hold(&mut planned, &letter, raw, (mail, direction, because))
            }
            Route::Customers { direction, at, ambiguous } => {
                if ambiguous {
                    planned.line.notes.push("party_ambiguous".to_owned());
                }
                at.into_iter().try_for_each(|(customer, contacts)| {
                    let contacts = contacts.into_iter().collect();
                    let recorded = Recorded {
                        mail: mail.clone(),
                        direction,
                        sent_at: letter.sent_at,
                        contacts,
                        held: false,
                    };
                    self.record(&mut planned, &letter, raw, customer, recorded)
                })
            }
        };
        match made {
            Ok(()) => self.waiting.push(planned),
            // The message itself is not acceptable as a file; that stops only this one.
            Err(MailError::Files(AttachError::Refused(rejection))) => {
                let reason = Spoken::refusal(&rejection, self.job.language);
                let mut refused = Planned::refused(number, rejection.code(), reason);
                refused.line.mail = planned.line.mail;
                self.waiting.push(refused);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Plans the interaction at one customer.
    fn record(
        &mut self,
        planned: &mut Planned,
        letter: &Letter,
        raw: &[u8],
        customer: CustomerCode,
        recorded: Recorded,
    ) -> Result<(), MailError> {
        let reader = self.ledger.reader();
        let mail = recorded.mail.clone();
        let known = self.known.at(reader, &mail, &customer)?;
        let place = (mail.clone(), Some(customer.clone()));
        let contacts: Vec<ContactId> = recorded.contacts.clone();
        let at = AtCustomer {
            customer: customer.to_string(),
            contacts: contacts.iter().map(ToString::to_string).collect(),
            repeated: known || self.ahead.contains(&place),
        };
        if at.repeated {
            planned.line.customers.push(at);
            return Ok(());
        }
        let body = interaction(reader, &customer, recorded, content(letter)?)?;
        let mut unit =
            vec![request(Some(&customer), letter.sent_at, request_key(letter, "")?, body)];
        unit.extend(self.files(letter, raw, Some(&customer), &mail)?);
        self.ahead.insert(place);
        planned.line.customers.push(at);
        planned.units.push((Some(customer), unit));
        Ok(())
    }

    /// Plans to hold a message.
    fn hold(
        &mut self,
        planned: &mut Planned,
        letter: &Letter,
        raw: &[u8],
        (mail, direction, held_because): (MailId, Direction, HeldReason),
    ) -> Result<(), MailError> {
        if !self.ahead.insert((mail.clone(), None)) {
            planned.line.became = Became::Repeated;
            return Ok(());
        }
        let held = MailHeld {
            mail: mail.clone(),
            direction,
            held_because,
            size_bytes: raw.len() as u64,
            content: Section::Open(content(letter)?),
        };
        let mut unit = vec![request(None, letter.sent_at, request_key(letter, "")?, held)];
        unit.extend(self.files(letter, raw, None, &mail)?);
        planned.units.push((None, unit));
        Ok(())
    }

    fn files(
        &self,
        letter: &Letter,
        raw: &[u8],
        customer: Option<&CustomerCode>,
        mail: &MailId,
    ) -> Result<Vec<Request>, MailError> {
        if self.job.dry_run {
            return Ok(Vec::new());
        }
        let owner = Owner { customer, mail, at: letter.sent_at };
        Ok(attach(self.ledger, &owner, letter, raw)?)
    }

    /// Submits what is planned and tells what became of each message.
    fn flush(&mut self, tell: &mut dyn FnMut(MailNotice)) -> Result<(), MailError> {
        let mut waiting = std::mem::take(&mut self.waiting);
        self.ahead.clear();
        let units: Vec<Unit> = waiting
            .iter_mut()
            .flat_map(|planned| planned.units.iter_mut())
            .map(|(_, unit)| std::mem::take(unit))
            .collect();
        let mut answers = if units.is_empty() {
            Vec::new().into_iter()
        } else {
            self.submit(units, false)?.into_iter()
        };
        for planned in waiting {
            let line = self.answered(planned, &mut answers);
            self.totals.count(line.became);
            tell(MailNotice::Message(line));
        }
        Ok(())
    }

    /// Puts the ledger's answers into what is told of a message.
    fn answered(
        &mut self,
        planned: Planned,
        answers: &mut impl Iterator<Item = Result<Vec<Outcome>, Refusal>>,
    ) -> MessageLine {
        let Planned { mut line, units } = planned;
        let mut added = 0;
        for (customer, _) in units {
            let Some(answer) = answers.next() else { continue };
            let known = match answer {
                Ok(outcomes) => {
                    let new = outcomes.iter().filter(|outcome| !outcome.repeated);
                    let events: usize = new.map(|outcome| outcome.events.len()).sum();
                    added += events;
                    events == 0
                }
                // Another run took the same message, perhaps matched otherwise.
                Err(refusal) if is_known(&refusal) => true,
                Err(refusal) => {
                    let rejection = &refusal.rejection;
                    line.became = Became::Refused;
                    line.reason = Some(Spoken::refusal(rejection, self.job.language));
                    line.code = Some(rejection.code().to_owned());
                    line.customers.retain(|at| {
                        customer.as_ref().is_none_or(|customer| at.customer != customer.as_str())
                    });
                    continue;
                }
            };
            match &customer {
                None if known => line.became = Became::Repeated,
                None => {}
                Some(customer) => {
                    let at = line.customers.iter_mut().find(|at| at.customer == customer.as_str());
                    if let Some(at) = at {
                        at.repeated = known;
                    }
                }
            }
        }
        self.totals.events += added as u64;
        if line.became == Became::Taken && line.customers.iter().all(|at| at.repeated) {
            line.became = Became::Repeated;
        }
        line
    }

    fn submit(
        &self,
        units: Vec<Unit>,
        last: bool,
    ) -> Result<Vec<Result<Vec<Outcome>, Refusal>>, MailError> {
        let mode = if self.job.dry_run {
            Mode::Rehearse { rehearsal: self.rehearsal, last }
        } else {
            Mode::Commit
        };
        let import = Some(ImportId::new("mail")?);
        let source = Source { channel: Channel::Import, session: None, import };
        let actor = self.job.actor.clone();
        Ok(self.ledger.submit_blocking(Batch { actor, source, units, mode })?.units)
    }

    /// Ends a rehearsal; nothing to do otherwise.
    fn end(&self) -> Result<(), MailError> {
        if self.job.dry_run {
            self.submit(Vec::new(), true)?;
        }
        Ok(())
    }
}

/// Tells whether a unit was refused because the message is there already.
fn is_known(refusal: &Refusal) -> bool {
    refusal.index == 0
        && matches!(refusal.rejection.code(), "idempotency_key_reused" | "record_taken")
}
