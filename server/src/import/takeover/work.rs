//! Rows on their way to requests, submitted in batches, and what became of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::BufRead;

use daybook_core::attachment::AttachmentError;
use daybook_core::decide::command::{AttachFile, Place, TakeOver};
use daybook_core::decide::{Command, Rejection, Request};
use daybook_core::event::attachment::AttachmentAdded;
use daybook_core::event::book::{ImportApplied, ImportedFile, PolicyVersionPublished};
use daybook_core::event::{Body, BookStream, Channel, Event, Source, StreamId};
use daybook_core::id::{EventId, ImportId, Line, Note, PolicyName, RequestKey, TextError};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{
    AttachError, Batch, Ledger, Mode, Outcome, Refusal, SubmitError, Unit, Upload,
};
use daybook_core::position::{ExpectedVersion, Position};

use super::fact::{Why, command_of, read_body};
use super::lines::{Broken, Lines};
use super::{Events, Job, RefusedEvent, TakeOverError, TakenOver, Told};
use crate::export::row::Row;
use crate::export::{Holds, Origin};
use crate::import::batches;
use crate::import::tally::{Fate, Tally};
use crate::text::Text;

/// Units submitted in one batch.
const BATCH_UNITS: usize = 1000;

/// A row with the line it stands on.
pub struct Read {
    /// The line.
    pub line: u64,
    /// The row.
    pub row: Row,
}

/// What is known of the other ledger's events and of their way into this one.
pub struct Work<'a> {
    ledger: &'a Ledger,
    job: &'a Job,
    tell: &'a mut dyn FnMut(Told),
    import: ImportId,
    tally: Tally,
    attachments_left_out: u64,
    began_at: Position,
    position: Position,
    policies: BTreeMap<(PolicyName, u32), PolicyVersionPublished>,
    /// The event being read, and what followed from it.
    current: Option<(Read, Vec<Read>)>,
    waiting: Vec<(Vec<Read>, Unit)>,
    /// Where an event is that followed from another.
    followed: HashMap<EventId, Place>,
    /// Events that were left out though others may speak of them.
    left_out: HashSet<EventId>,
}

enum Planned {
    /// Nothing of the other ledger's own goes into this one.
    LeftOut,
    /// It is here already.
    Known,
    /// It is to be recorded.
    Request(Box<Request>),
}

/// The events there that an event speaks of or was followed by.
#[derive(Default)]
struct Around {
    /// What a void or an attached file is about.
    about: Option<EventId>,
    /// What followed from it, where the same must follow here.
    follows: Option<Vec<Body>>,
    /// The facts that the undoing of a merge hands out.
    facts: Vec<EventId>,
}

impl<'a> Work<'a> {
    /// Starts with what this ledger has.
    pub fn new(
        ledger: &'a Ledger,
        job: &'a Job,
        origin: &Origin,
        tell: &'a mut dyn FnMut(Told),
    ) -> Result<Self, TakeOverError> {
        let mut policies = BTreeMap::new();
        let stream = Some(StreamId::Book(BookStream::Policies));
        for event in ledger.reader().events(Query { stream, ..Query::default() }) {
            if let (Event { body: Body::PolicyVersionPublished(policy), .. }, _) = event? {
                policies.insert((policy.policy.clone(), policy.version), policy);
            }
        }
        let next = ledger.reader().head().next;
        Ok(Work {
            ledger,
            job,
            tell,
            import: ImportId::new(format!("ledger-{}", origin.book))?,
            tally: Tally::default(),
            attachments_left_out: 0,
            began_at: next,
            position: next,
            policies,
            current: None,
            waiting: Vec::new(),
            followed: HashMap::new(),
            left_out: HashSet::new(),
        })
    }

    fn events(&self) -> Events {
        let rows = self.tally.rows;
        Events {
            read: rows.read,
            taken: rows.taken,
            known: rows.known,
            refused: rows.refused,
            left_out: rows.skipped,
        }
    }

    fn count<'r>(&mut self, fate: Fate, rows: impl IntoIterator<Item = &'r Read>) {
        for Read { row, .. } in rows {
            let amount = row.amount.map(|amount| (amount.currency, i128::from(amount.minor)));
            self.tally.count(fate, 1, &amount.into_iter().collect());
        }
    }

    /// Takes a row; it waits until what followed from it has been read.
    pub fn row(&mut self, read: Read) -> Result<(), TakeOverError> {
        // What the other ledger notes of itself may stand between an event and what followed.
        if read.row.stream.parse().is_ok_and(|stream| is_its_own(&stream)) {
            self.count(Fate::Skipped, [&read]);
            return Ok(());
        }
        if let Some((first, follows)) = &mut self.current
            && read.row.causation == Some(first.row.event_id)
        {
            if let Ok(stream) = first.row.stream.parse() {
                let (event, after) = (first.row.event_id, follows.len() + 1);
                self.followed.insert(read.row.event_id, Place { stream, event, after });
            }
            follows.push(read);
            return Ok(());
        }
        if let Some((first, follows)) = self.current.replace((read, Vec::new())) {
            self.plan(first, follows)?;
        }
        Ok(())
    }

    /// Takes the row of an attached file and its content, which stands in the lines after it.
    pub fn attached<R: BufRead>(
        &mut self,
        read: Read,
        lines: &mut Lines<R>,
    ) -> Result<(), TakeOverError> {
        let broken = |line| move |source| TakeOverError::Read { line, source };
        let stream = read.row.stream.parse::<StreamId>();
        if stream.as_ref().is_ok_and(is_its_own) {
            self.count(Fate::Skipped, [&read]);
            return Ok(());
        }
        // The key of the file is that of a customer or message, who is to be here.
        self.flush()?;
        let number = lines.number();
        let Some(mut content) = lines.content().map_err(broken(number))? else {
            self.attachments_left_out += 1;
            self.left_out.insert(read.row.event_id);
            self.count(Fate::Skipped, [&read]);
            return Ok(());
        };
        let body = match (read_body(&read.row), stream) {
            (Ok(Body::AttachmentAdded(body)), Ok(stream)) => (body, stream),
            (Err(why), _) => {
                self.refuse(&[read], why);
                return Ok(());
            }
            (Ok(_), Err(error)) => {
                let why = stream_unknown(&read.row, &error);
                self.refuse(&[read], why);
                return Ok(());
            }
            (Ok(_), Ok(_)) => return Ok(()),
        };
        let (AttachmentAdded { event, subject, media_type, size_bytes, label, .. }, stream) = body;
        let upload = Upload::new(stream, subject.clone(), media_type.clone());
        let uploaded = self.ledger.upload(&upload, &mut content);
        let refused = match (content.broken.take(), uploaded) {
            (Some(Broken::Lines(source)), _) => return Err(broken(number)(source)),
            (Some(Broken::Damaged(reason)), _) => Err(("file_damaged", reason)),
            (None, Ok(uploaded)) if uploaded.stored.size_bytes != size_bytes => Err((
                "file_differs",
                Text::from((
                    format!("{} of {size_bytes} bytes of it are there", uploaded.stored.size_bytes),
                    format!("应有 {size_bytes} 字节，实有 {} 字节", uploaded.stored.size_bytes),
                )),
            )),
            (None, Ok(uploaded)) => Ok(uploaded),
            (None, Err(AttachError::Refused(rejection))) => Err(refusal_of(&rejection)),
            (None, Err(AttachError::Ledger(error))) => return Err(error.into()),
            (None, Err(AttachError::Files(error))) => return Err(SubmitError::from(error).into()),
            (None, Err(error)) => {
                let source = std::io::Error::other(error.to_string());
                let error = AttachmentError::BrokeOff { received_bytes: 0, source };
                return Err(SubmitError::from(error).into());
            }
        };
        let label = label.open().cloned();
        let request = refused.and_then(|uploaded| {
            let command = AttachFile {
                attachment: uploaded.stored.attachment,
                event: None,
                subject,
                media_type,
                name: label.as_ref().and_then(|label| label.name.clone()),
                note: label.as_ref().and_then(|label| label.note.clone()),
            };
            let around = Around { about: Some(event), ..Around::default() };
            self.over(&read.row, Command::AttachFile(command), around)
        });
        match request {
            Ok(request) => self.waiting.push((vec![read], vec![request])),
            Err(why) => self.refuse(&[read], why),
        }
        Ok(())
    }

    /// Submits everything that was read.
    pub fn flush(&mut self) -> Result<(), TakeOverError> {
        if let Some((first, follows)) = self.current.take() {
            self.plan(first, follows)?;
        }
        self.submit()
    }

    fn plan(&mut self, first: Read, follows: Vec<Read>) -> Result<(), TakeOverError> {
        let planned = self.request(&first.row, &follows);
        let mut rows = vec![first];
        rows.extend(follows);
        match planned {
            Ok(Planned::LeftOut) => self.count(Fate::Skipped, &rows),
            Ok(Planned::Known) => self.count(Fate::Known, &rows),
            Ok(Planned::Request(request)) => {
                self.waiting.push((rows, vec![*request]));
                if self.waiting.len() >= BATCH_UNITS {
                    self.submit()?;
                }
            }
            Err(why) => self.refuse(&rows, why),
        }
        Ok(())
    }

    fn refuse(&mut self, rows: &[Read], (code, reason): Why) {
        self.count(Fate::Refused, rows);
        let Some(Read { line, row }) = rows.first() else { return };
        (self.tell)(Told::Refused(RefusedEvent {
            line: *line,
            position: row.position,
            kind: row.kind.clone(),
            stream: row.stream.clone(),
            reason: reason.spoken(self.job.language),
            code: code.to_owned(),
        }));
    }

    /// Makes a request of a row; `Err` says why it cannot be one.
    fn request(&mut self, row: &Row, follows: &[Read]) -> Result<Planned, Why> {
        let body = read_body(row)?;
        if let Body::PolicyVersionPublished(policy) = &body
            && let Some(here) = self.policies.get(&(policy.policy.clone(), policy.version))
        {
            return if here == policy {
                Ok(Planned::Known)
            } else {
                let (name, version) = (&policy.policy, policy.version);
                let reason = (
                    format!("version {version} of the policy {name} says something else here"),
                    format!("政策 {name} 的第 {version} 版在此处内容不同"),
                );
                Err(("policy_differs", Text::from(reason)))
            };
        }
        let about = match &body {
            Body::EventVoided(void) if self.left_out.contains(&void.event) => {
                return Ok(Planned::LeftOut);
            }
            Body::EventVoided(void) => Some(void.event),
            _ => None,
        };
        let bodies = follows.iter().map(|follow| read_body(&follow.row));
        let bodies = bodies.collect::<Result<Vec<Body>, Why>>()?;
        let facts: Vec<EventId> = match &body {
            Body::MergeReversed(reversed) => reversed.facts.iter().map(|fact| fact.event).collect(),
            _ => Vec::new(),
        };
        // The other half of an undoing names events of this ledger, and so differs.
        let follows = facts.is_empty().then_some(bodies);
        let kind = body.kind();
        let command = command_of(body).ok_or_else(|| {
            let en = format!("{kind} is never recorded by itself");
            ("not_a_fact", Text::from((en, format!("{kind} 从不单独记录"))))
        })?;
        let request = self.over(row, command, Around { about, follows, facts })?;
        Ok(Planned::Request(Box::new(request)))
    }

    /// Makes the request that records a command as it was recorded there.
    fn over(&self, row: &Row, command: Command, around: Around) -> Result<Request, Why> {
        let Around { about, follows, facts } = around;
        let stream = row.stream.parse::<StreamId>();
        let stream = stream.map_err(|error| stream_unknown(row, &error))?;
        let unfit = |error: TextError| ("text_unfit", Text::from(&error));
        let place = |event: EventId| {
            let itself = || Place { stream: stream.clone(), event, after: 0 };
            self.followed.get(&event).cloned().unwrap_or_else(itself)
        };
        let key = RequestKey::new(Request::key_there(row.event_id)).map_err(unfit)?;
        let reason = row.reason.as_deref().map(Note::new).transpose().map_err(unfit)?;
        Ok(Request {
            customer: stream.customer().cloned(),
            effective_at: Some(row.effective_at),
            expected_version: ExpectedVersion::Any,
            idempotency_key: Some(key),
            reason,
            corrects: None,
            command: Command::TakeOver(Box::new(TakeOver {
                recorded_at: row.recorded_at,
                actor: row.actor.clone(),
                about: about.map(&place),
                corrects: row.corrects.map(&place),
                command,
                follows,
                facts: facts.into_iter().map(&place).collect(),
            })),
        })
    }

    fn submit(&mut self) -> Result<(), TakeOverError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (rows, units): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        for (rows, result) in rows.into_iter().zip(self.answers(units)?) {
            match result {
                Ok(outcomes) if outcomes.iter().any(|outcome| outcome.repeated) => {
                    self.count(Fate::Known, &rows);
                }
                Ok(_) => self.count(Fate::Taken, &rows),
                Err(Refusal { rejection, .. }) => self.refuse(&rows, refusal_of(&rejection)),
            }
        }
        let events = self.events();
        (self.tell)(Told::Progress(events));
        Ok(())
    }

    fn answers(
        &mut self,
        units: Vec<Unit>,
    ) -> Result<Vec<Result<Vec<Outcome>, Refusal>>, TakeOverError> {
        let import = Some(self.import.clone());
        let source = Source { channel: Channel::Import, session: None, import };
        let actor = self.job.actor.clone();
        let answer =
            self.ledger.submit_blocking(Batch { actor, source, units, mode: Mode::Commit })?;
        self.position = answer.next;
        Ok(answer.units)
    }

    /// Closes the import with its figures, unless nothing was added and an earlier run closed it, and
    /// tells what became of all.
    pub fn close(
        mut self,
        origin: Origin,
        said: Option<&Holds>,
        size_bytes: u64,
    ) -> Result<TakenOver, TakeOverError> {
        let events = self.events();
        let closed = batches::closed(self.ledger.reader())?;
        let closed = closed.iter().any(|batch| batch.import == self.import);
        if events.taken > 0 || !closed {
            let applied = ImportApplied {
                import: self.import.clone(),
                began_at: self.began_at,
                events: events.taken,
                files: vec![ImportedFile {
                    name: Line::new(format!("export of {} events.jsonl", events.read))?,
                    size_bytes,
                    rows: self.tally.rows,
                    amounts: self.tally.amounts(),
                }],
            };
            let key = format!("import:{}:applied:{}", self.import, self.began_at);
            let request = Request {
                customer: None,
                effective_at: None,
                expected_version: ExpectedVersion::Any,
                idempotency_key: Some(RequestKey::new(key)?),
                reason: None,
                corrects: None,
                command: Command::from(applied),
            };
            if let Some(Err(refusal)) = self.answers(vec![vec![request]])?.into_iter().next() {
                return Err(TakeOverError::Refused { refusal });
            }
        }
        let done = TakenOver {
            import: self.import.to_string(),
            export: origin,
            events,
            attachments_left_out: self.attachments_left_out,
            whole: said.is_some_and(|said| said.rows == events.read),
            position: self.position,
        };
        (self.tell)(Told::Done(Box::new(done.clone())));
        Ok(done)
    }
}

fn refusal_of(rejection: &Rejection) -> Why {
    (rejection.code(), Text::from((rejection.to_string(), rejection.message_zh())))
}

fn stream_unknown(row: &Row, error: &dyn std::error::Error) -> Why {
    let zh = format!("不认识流 {}", row.stream);
    ("stream_unknown", Text::from((error.to_string(), zh)))
}

/// Tells whether a stream holds what a ledger notes of itself.
const fn is_its_own(stream: &StreamId) -> bool {
    match stream {
        StreamId::Customer(_) => false,
        StreamId::Book(stream) => match stream {
            BookStream::Book | BookStream::Layouts | BookStream::Imports | BookStream::Exports => {
                true
            }
            BookStream::Policies
            | BookStream::Mail
            | BookStream::Rates
            | BookStream::Periods
            | BookStream::Suspense
            | BookStream::Organisation => false,
        },
    }
}
