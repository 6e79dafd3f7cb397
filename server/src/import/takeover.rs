//! Taking an export of another ledger in: its events are recorded here as they were there.
//!
//! Every event goes through the rules again, as of the instant at which the other ledger learned it,
//! in the order of its positions; what followed from it there must follow here, and does not come
//! twice. Kept are the facts with their ids, effective times, actors, reasons, corrections and voids.
//! New are the positions, the ids of events, and the time of recording.
//!
//! Invariant: an event that was taken is recognised by its id there, so that running it again, or
//! going on after it was cut off, adds only what is missing.

use std::collections::{BTreeMap, HashMap};
use std::io::BufRead;

use daybook_core::decide::command::{ChangeCustomerDetails, RegisterCustomer, TakeOver, VoidEvent};
use daybook_core::decide::{Command, Request};
use daybook_core::event::book::PolicyVersionPublished;
use daybook_core::event::customer::{
    CustomerDetailsChanged, CustomerField, CustomerRegistered, DetailChanges, FieldChange,
};
use daybook_core::event::{
    Actor, Body, BookStream, Channel, Event, Kind, Section, Source, StreamId,
};
use daybook_core::id::{EventId, ImportId, Note, PolicyName, RequestKey, TextError};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Ledger, Mode, Outcome, Refusal, SubmitError, Unit};
use daybook_core::position::{ExpectedVersion, Position};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::export::check::line;
use crate::export::jsonl::{First, Last};
use crate::export::row::Row;
use crate::export::{FORM_VERSION, Holds, Origin};
use crate::text::{Language, Spoken, Text};

/// Units submitted in one batch.
const BATCH_UNITS: usize = 1000;

/// Who takes over.
#[derive(Debug, Clone)]
pub struct Job {
    /// Who.
    pub actor: Actor,
    /// In which language refused events say why.
    pub language: Language,
}

/// What taking over tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// An event that was not taken.
    Refused(RefusedEvent),
    /// How far it is.
    Progress(Events),
    /// It is done.
    Done(Box<TakenOver>),
}

/// An event that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedEvent {
    /// The line of the file.
    pub line: u64,
    /// Its position there.
    pub position: Position,
    /// Its kind.
    pub kind: String,
    /// Its stream.
    pub stream: String,
    /// Why, in a sentence.
    pub reason: Spoken,
    /// The stable code.
    pub code: String,
}

/// How many events of the file became what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Events {
    /// Events in the file.
    pub read: u64,
    /// Recorded now, with what followed from them.
    pub taken: u64,
    /// Recorded by an earlier run, or there from the beginning, as the first policies are.
    pub known: u64,
    /// Refused, each named.
    pub refused: u64,
    /// Left out: what the other ledger noted of itself (its opening, layouts, imports, exports), and
    /// attached files, which an export does not hold.
    pub left_out: u64,
}

/// What taking over did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TakenOver {
    /// The source under which its events are recognised.
    pub import: String,
    /// What the file was made of.
    pub export: Origin,
    /// The events.
    pub events: Events,
    /// Attached files that were left out.
    pub attachments_left_out: u64,
    /// Whether the file was whole: its rows are as many as it says.
    pub whole: bool,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// Why taking over stopped. What was taken before stays, and is recognised in the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeOverError {
    /// The file is no export, or not one that can be taken over.
    #[error("{}", problem.en)]
    Unfit {
        /// What is wrong.
        problem: Text,
        /// What to do.
        hint: Text,
    },
    /// The file could not be read.
    #[error("the file could not be read any further (line {line})")]
    Read {
        /// The line.
        line: u64,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The ledger is broken.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// A name that cannot be stored.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// What to do with a file that is not whole.
pub const CHECK: Text = Text::fixed(
    "check the file with `daybook export --check FILE`",
    "请用 `daybook export --check 文件` 检查该文件",
);

/// Takes an export in.
///
/// # Errors
/// [`TakeOverError`].
pub fn take_over(
    ledger: &Ledger,
    job: &Job,
    mut input: impl BufRead,
    tell: &mut dyn FnMut(Told),
) -> Result<TakenOver, TakeOverError> {
    let (mut text, mut number) = (Vec::new(), 1u64);
    let read = |line| move |source| TakeOverError::Read { line, source };
    line(&mut input, &mut text).map_err(read(number))?;
    let origin = fit(ledger, &text)?;
    let mut work = Work::new(ledger, job, &origin, tell)?;
    let mut said: Option<Holds> = None;
    loop {
        number += 1;
        if !line(&mut input, &mut text).map_err(read(number))? {
            break;
        }
        if text.starts_with(br#"{"export_end":"#) {
            said = serde_json::from_slice::<Last>(&text).ok().map(|last| last.export_end);
            continue;
        }
        let row = serde_json::from_slice::<Row>(&text).map_err(|error| TakeOverError::Unfit {
            problem: Text::from((
                format!("line {number} is no event of an export: {error}"),
                format!("第 {number} 行不是导出的事件：{error}"),
            )),
            hint: CHECK,
        })?;
        work.row(number, row)?;
    }
    work.flush()?;
    let whole = said.is_some_and(|said| said.rows == work.events.read);
    let done = TakenOver {
        import: work.import.to_string(),
        export: origin,
        events: work.events,
        attachments_left_out: work.attachments,
        whole,
        position: work.position,
    };
    (work.tell)(Told::Done(Box::new(done.clone())));
    Ok(done)
}

/// Reads the first line and says whether the file can be taken over into this ledger.
fn fit(ledger: &Ledger, text: &[u8]) -> Result<Origin, TakeOverError> {
    let unfit = |problem: (String, String), (en, zh)| TakeOverError::Unfit {
        problem: Text::from(problem),
        hint: Text::fixed(en, zh),
    };
    let First { export } = serde_json::from_slice(text).map_err(|error| {
        unfit(
            (
                format!("the file does not begin like an export: {error}"),
                format!("文件的开头不是导出：{error}"),
            ),
            (
                "make it with `daybook export --output FILE.jsonl --personal`",
                "请用 `daybook export --output 文件.jsonl --personal` 生成",
            ),
        )
    })?;
    if export.version > FORM_VERSION {
        let form = export.version;
        let problem = (
            format!("the file has form {form}, later than this release's"),
            format!("文件的格式为 {form}，比本版本的新"),
        );
        let hint =
            ("use the release that wrote it, or a later one", "请使用写出它的版本或更新的版本");
        return Err(unfit(problem, hint));
    }
    let query = &export.query;
    if query.kind.is_some() || query.since.is_some() || export.basis.as_of.is_some() {
        let problem = (
            "the file holds parts of customers' histories only".to_owned(),
            "文件只含客户历史的一部分".to_owned(),
        );
        let hint = (
            "export without --kind, --since and --as-of",
            "请在导出时不用 --kind、--since 和 --as-of",
        );
        return Err(unfit(problem, hint));
    }
    let book = ledger.reader().book()?;
    let differs = |what: (&str, &str), there: String, here: String| {
        unfit(
            (
                format!("the {} there is {there}, here {here}", what.0),
                format!("那里的{}是 {there}，此处是 {here}", what.1),
            ),
            (
                "make the new ledger with the same zone, currency and legal entities: daybook init",
                "请用 daybook init 新建时区、货币和法人实体相同的账簿",
            ),
        )
    };
    if export.basis.zone != book.zone.name() {
        return Err(differs(
            ("zone", "时区"),
            export.basis.zone.clone(),
            book.zone.name().to_owned(),
        ));
    }
    if export.functional_currency != book.functional_currency {
        let shown = |currency: Option<daybook_core::money::Currency>| {
            currency.map(|currency| currency.to_string()).unwrap_or_default()
        };
        let (there, here) = (export.functional_currency, book.functional_currency);
        return Err(differs(("currency", "本位币"), shown(there), shown(here)));
    }
    if let Some(missing) =
        export.legal_entities.iter().find(|entity| !book.legal_entities.contains(entity))
    {
        let problem = (
            format!("the legal entity {missing} is not one of this ledger"),
            format!("此账簿没有法人实体 {missing}"),
        );
        let hint = (
            "make the new ledger with the same legal entities: daybook init --entity",
            "请用 daybook init --entity 新建法人实体相同的账簿",
        );
        return Err(unfit(problem, hint));
    }
    Ok(export)
}

/// A row with the line it stands on.
struct Read {
    line: u64,
    row: Row,
}

struct Work<'a> {
    ledger: &'a Ledger,
    job: &'a Job,
    tell: &'a mut dyn FnMut(Told),
    import: ImportId,
    events: Events,
    attachments: u64,
    position: Position,
    policies: BTreeMap<(PolicyName, u32), PolicyVersionPublished>,
    /// The event being read, and what followed from it.
    current: Option<(Read, Vec<Read>)>,
    waiting: Vec<(Vec<Read>, Unit)>,
    /// Where an event is that followed from another: its cause and its place after it.
    followed: HashMap<EventId, (EventId, usize)>,
}

impl<'a> Work<'a> {
    fn new(
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
        Ok(Work {
            ledger,
            job,
            tell,
            import: ImportId::new(format!("ledger-{}", origin.book))?,
            events: Events::default(),
            attachments: 0,
            position: ledger.reader().head().next,
            policies,
            current: None,
            waiting: Vec::new(),
            followed: HashMap::new(),
        })
    }

    fn row(&mut self, line: u64, row: Row) -> Result<(), TakeOverError> {
        self.events.read += 1;
        if let Some((first, follows)) = &mut self.current
            && row.causation == Some(first.row.event_id)
        {
            self.followed.insert(row.event_id, (first.row.event_id, follows.len() + 1));
            follows.push(Read { line, row });
            return Ok(());
        }
        if let Some((first, follows)) = self.current.replace((Read { line, row }, Vec::new())) {
            self.plan(first, follows)?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), TakeOverError> {
        if let Some((first, follows)) = self.current.take() {
            self.plan(first, follows)?;
        }
        self.submit()
    }

    fn plan(&mut self, first: Read, follows: Vec<Read>) -> Result<(), TakeOverError> {
        let count = 1 + follows.len() as u64;
        match self.request(&first.row, &follows) {
            Ok(Planned::LeftOut) => self.events.left_out += count,
            Ok(Planned::Known) => self.events.known += count,
            Ok(Planned::Request(request)) => {
                // A void reads its stream from the log: what it is about goes there first.
                let mut rows = vec![first];
                rows.extend(follows);
                self.waiting.push((rows, vec![*request]));
                if self.waiting.len() >= BATCH_UNITS {
                    self.submit()?;
                }
            }
            Err((code, reason)) => {
                let reason = reason.spoken(self.job.language);
                self.refuse(&first, count, reason, code.to_owned());
            }
        }
        Ok(())
    }

    fn refuse(&mut self, read: &Read, count: u64, reason: Spoken, code: String) {
        self.events.refused += count;
        let Read { line, row } = read;
        (self.tell)(Told::Refused(RefusedEvent {
            line: *line,
            position: row.position,
            kind: row.kind.clone(),
            stream: row.stream.clone(),
            reason,
            code,
        }));
    }

    /// Makes a request of a row; `Err` says why it cannot be one.
    fn request(&mut self, row: &Row, follows: &[Read]) -> Result<Planned, (&'static str, Text)> {
        let Some(kind) = Kind::from_name(&row.kind) else {
            return Err(kind_unknown(&row.kind));
        };
        let stream = row.stream.parse::<StreamId>();
        let stream = stream.map_err(|error| {
            let zh = format!("不认识流 {}", row.stream);
            ("stream_unknown", Text::from((error.to_string(), zh)))
        })?;
        match &stream {
            StreamId::Customer(_)
            | StreamId::Book(BookStream::Policies | BookStream::Mail | BookStream::Organisation) => {
            }
            StreamId::Book(_) => return Ok(Planned::LeftOut),
        }
        if kind == Kind::AttachmentAdded {
            self.attachments += 1;
            return Ok(Planned::LeftOut);
        }
        if row.erased_sections > 0 {
            let reason = Text::fixed("its personal content was erased", "其个人内容已被抹除");
            return Err(("section_erased", reason));
        }
        if row.sealed_sections > 0 {
            let reason = Text::fixed(
                "its personal content is sealed; export with --personal",
                "其个人内容仍密封着；导出时请用 --personal",
            );
            return Err(("section_sealed", reason));
        }
        let body = read_body(kind, row)?;
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
        let mut bodies = Vec::with_capacity(follows.len());
        for follow in follows {
            let kind = Kind::from_name(&follow.row.kind);
            let kind = kind.ok_or_else(|| kind_unknown(&follow.row.kind))?;
            bodies.push(read_body(kind, &follow.row)?);
        }
        let place = |event: EventId| self.followed.get(&event).copied().unwrap_or((event, 0));
        let void = match &body {
            Body::EventVoided(void) => Some(place(void.event)),
            _ => None,
        };
        let facts = match &body {
            Body::MergeReversed(reversed) => {
                reversed.facts.iter().map(|fact| place(fact.event)).collect()
            }
            _ => Vec::new(),
        };
        // The other half of an undoing names events of this ledger, and so differs.
        let follows = facts.is_empty().then_some(bodies);
        let command = command_of(body).ok_or_else(|| {
            let en = format!("{kind} is never recorded by itself");
            ("not_a_fact", Text::from((en, format!("{kind} 从不单独记录"))))
        })?;
        let unfit = |error: TextError| ("text_unfit", Text::from(&error));
        let key = RequestKey::new(format!("event:{}", row.event_id)).map_err(unfit)?;
        let reason = row.reason.as_deref().map(Note::new).transpose().map_err(unfit)?;
        Ok(Planned::Request(Box::new(Request {
            customer: stream.customer().cloned(),
            effective_at: Some(row.effective_at),
            expected_version: ExpectedVersion::Any,
            idempotency_key: Some(key),
            reason,
            corrects: None,
            command: Command::TakeOver(Box::new(TakeOver {
                recorded_at: row.recorded_at,
                actor: row.actor.clone(),
                voids: void,
                corrects: row.corrects.map(place),
                command,
                follows,
                facts,
            })),
        })))
    }

    fn submit(&mut self) -> Result<(), TakeOverError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let (rows, units): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting).into_iter().unzip();
        let import = Some(self.import.clone());
        let source = Source { channel: Channel::Import, session: None, import };
        let actor = self.job.actor.clone();
        let batch = Batch { actor, source, units, mode: Mode::Commit };
        let answer = self.ledger.submit_blocking(batch)?;
        self.position = answer.next;
        for (rows, result) in rows.into_iter().zip(answer.units) {
            self.became(&rows, result);
        }
        (self.tell)(Told::Progress(self.events));
        Ok(())
    }

    fn became(&mut self, rows: &[Read], result: Result<Vec<Outcome>, Refusal>) {
        let count = rows.len() as u64;
        match result {
            Ok(outcomes) if outcomes.iter().any(|outcome| outcome.repeated) => {
                self.events.known += count;
            }
            Ok(_) => self.events.taken += count,
            Err(Refusal { rejection, .. }) => {
                if let Some(first) = rows.first() {
                    let reason = Spoken::refusal(&rejection, self.job.language);
                    self.refuse(first, count, reason, rejection.code().to_owned());
                }
            }
        }
    }
}

enum Planned {
    /// Nothing of the other ledger's own goes into this one.
    LeftOut,
    /// It is here already.
    Known,
    /// It is to be recorded.
    Request(Box<Request>),
}

fn kind_unknown(kind: &str) -> (&'static str, Text) {
    let en = format!("{kind} is no kind this release knows");
    ("kind_unknown", Text::from((en, format!("本版本不认识种类 {kind}"))))
}

fn read_body(kind: Kind, row: &Row) -> Result<Body, (&'static str, Text)> {
    let unread = |error: serde_json::Error| {
        let zh = format!("{kind} 的内容无法读取：{error}");
        ("body_unreadable", Text::from((format!("{kind}: {error}"), zh)))
    };
    // Keyed marks are those of the other ledger; they are made anew.
    let body = match kind {
        Kind::CustomerRegistered | Kind::CustomerDetailsChanged => {
            let mut body = row.body.clone();
            if let Some(marks) = body.pointer_mut("/details/marks") {
                *marks = serde_json::Value::Array(Vec::new());
            }
            body
        }
        _ => row.body.clone(),
    };
    Body::from_json(kind, body).map_err(unread)
}

/// Returns the command that records a body as it is.
pub(crate) fn command_of(body: Body) -> Option<Command> {
    match body {
        Body::CustomerRegistered(registered) => {
            Some(Command::RegisterCustomer(register(registered)))
        }
        Body::CustomerDetailsChanged(changed) => {
            Some(Command::ChangeCustomerDetails(change(changed)))
        }
        Body::EventVoided(void) => Some(Command::VoidEvent(VoidEvent { event: void.event })),
        Body::MergeReversed(reversed) => Some(Command::ReverseMerge(Box::new(reversed))),
        other => Command::of_fact(other),
    }
}

fn changes(details: DetailChanges) -> Vec<FieldChange> {
    let mut all = details.public;
    if let Some(Section::Open(identity)) = details.identity {
        all.extend(identity.changes);
    }
    if let Some(Section::Open(financial)) = details.financial {
        all.extend(financial.changes);
    }
    if let Some(Section::Open(private)) = details.private {
        all.extend(private.changes);
    }
    all
}

fn register(registered: CustomerRegistered) -> RegisterCustomer {
    let details = changes(registered.details);
    RegisterCustomer {
        kind: registered.kind,
        source: registered.source,
        referrer: registered.referrer,
        provenance: registered.provenance,
        currency: registered.currency,
        owner: registered.owner,
        first_contact_on: registered.first_contact_on,
        verified_by: registered.verified_by,
        duplicates: registered.duplicates,
        details: details
            .into_iter()
            .filter_map(|detail| Some((detail.field, detail.new?)))
            .collect(),
    }
}

fn change(changed: CustomerDetailsChanged) -> ChangeCustomerDetails {
    let (mut set, mut expected) = (BTreeMap::<CustomerField, _>::new(), BTreeMap::new());
    for FieldChange { field, old, new } in changes(changed.details) {
        // A sealed old value stands there only where the caller had said it.
        if old.is_some() {
            expected.insert(field, old);
        }
        set.insert(field, new);
    }
    ChangeCustomerDetails { provenance: changed.provenance, set, expected }
}
