//! Running an import: one thread reads rows and builds requests, another submits them.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use daybook_core::decide::{Command, Request};
use daybook_core::event::book::{ImportApplied, ImportedFile};
use daybook_core::event::{Actor, Body, BookStream, Channel, Source, StreamId};
use daybook_core::id::{RequestKey, TextError};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Mode, Outcome, Refusal, SubmitError, Unit};
use daybook_core::money::Money;
use daybook_core::position::{ExpectedVersion, Position};

use super::build::{Builder, Planned, RowUnit, Surroundings};
use super::duplicates::Search;
use super::files::{InputFile, Plan, Step, keep};
use super::group::Documents;
use super::lookup::{Columns, Known, Named, Tables};
use super::mapping::{FileMapping, Mapping};
use super::source::{self, Record, Table};
use super::tally::{Fate, Tally};
use super::{
    Figures, FileHeader, FileReport, ImportError, KindCount, Notice, Problem, RefusedRow, Report,
};
use crate::api::commands::rehearsal;
use crate::text::{Language, Spoken, Text};

/// Units submitted in one batch.
const BATCH_UNITS: usize = 1000;
/// Batches that may wait between the two threads.
const BATCHES_AHEAD: usize = 4;
/// Rows whose requests a dry run shows.
const SHOWN_FIRST: usize = 5;
/// Different problems that are told apart in the report.
const PROBLEMS_MAX: usize = 1000;

/// What is to be imported.
pub struct Job {
    /// How rows become events.
    pub mapping: Mapping,
    /// The files.
    pub files: Vec<InputFile>,
    /// Who imports.
    pub actor: Actor,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// In which language refused rows say why.
    pub language: Language,
}

/// Imports files.
///
/// `tell` hears of every refused row, of progress after each batch, and of the end.
///
/// # Errors
/// [`ImportError`]; rows taken before stay taken and are recognised in the next run.
pub fn run(
    known: Known<'_>,
    job: &Job,
    tell: &mut dyn FnMut(Notice),
) -> Result<Report, ImportError> {
    let zone = known.ledger.reader().book()?.zone;
    let plan = Plan::of(&job.mapping, &job.files)?;
    let tables = tables(&plan, job)?;
    let named = Named::default();
    let around = Surroundings {
        source: &job.mapping.source,
        zone: job.mapping.zone.unwrap_or(zone),
        tables: &tables,
        named: &named,
        known,
        asked_by_number: job.mapping.asks_by_number(),
        language: job.language,
    };
    let (sender, batches) = sync_channel(BATCHES_AHEAD);
    let mut submitting = Submitting::new(known, job);
    std::thread::scope(|scope| {
        let steps = &plan.steps;
        let reading =
            scope.spawn(move || steps.iter().try_for_each(|step| read(step, job, around, &sender)));
        let submitted = submitting.all(&batches, tell);
        // The reader stops when nobody takes its batches any more.
        drop(batches);
        let read = reading.join().map_err(|_| ImportError::Interrupted)?;
        match submitted.and(read) {
            Ok(()) => {
                let report = submitting.finish()?;
                tell(Notice::Done(report.clone()));
                Ok(report)
            }
            Err(error) => {
                submitting.abandon();
                Err(error)
            }
        }
    })
}

fn tables(plan: &Plan<'_>, job: &Job) -> Result<Tables, ImportError> {
    let mut tables = Tables::new();
    for (table, file) in &plan.tables {
        let Some(file) = job.files.get(*file) else { continue };
        let name = file.name.as_str();
        let opened = source::open(&|| file.open(), &table.form);
        let opened = opened.map_err(|source| ImportError::Source {
            file: name.to_owned(),
            rows_read: 0,
            source,
        })?;
        let read = Columns::read(name, opened, &table.key, &table.gives)?;
        tables.insert(table.name.clone(), read);
    }
    Ok(tables)
}

/// What the reading thread sends.
enum Ahead {
    File { file: usize, columns: Vec<String>, key_columns: String },
    Rows(Vec<Planned>),
}

/// Reads a file and sends what its rows become.
fn read(
    step: &Step<'_>,
    job: &Job,
    around: Surroundings<'_>,
    sender: &SyncSender<Ahead>,
) -> Result<(), ImportError> {
    let Some(file) = job.files.get(step.file) else { return Ok(()) };
    let broken = |rows_read: u64| {
        let file = file.name.to_string();
        move |source| ImportError::Source { file, rows_read, source }
    };
    let again = || file.open();
    let Table { columns, mut rows, .. } =
        source::open(&again, &step.mapping.form).map_err(broken(0))?;
    let mut mapping: FileMapping = step.mapping.clone();
    mapping.bind(&columns).map_err(|name| ImportError::Header {
        file: file.name.to_string(),
        problem: format!("the mapping names the column {name:?}"),
        columns: columns.clone(),
    })?;
    let mut builder = Builder::new(&mapping, around, columns.len());
    let mut documents = match mapping.document.is_empty() {
        true => None,
        false => {
            let first = source::open(&again, &mapping.form).map_err(broken(0))?;
            Some(Documents::of(&builder, first.rows).map_err(broken(0))?)
        }
    };
    let key_columns = builder.key_columns().to_owned();
    if sender.send(Ahead::File { file: step.file, columns, key_columns }).is_err() {
        return Ok(());
    }
    let mut planned = Vec::with_capacity(BATCH_UNITS + 8);
    let mut rows_read = 0u64;
    loop {
        let mut row = Record::default();
        if !rows.read(&mut row).map_err(broken(rows_read))? {
            break;
        }
        rows_read += 1;
        if let Some(alone) = builder.alone(&row) {
            planned.push(alone);
        } else {
            let key = documents.as_ref().and_then(|_| builder.document_key(&row));
            match (&mut documents, key) {
                (Some(documents), Some(key)) => {
                    if let Some(document) = documents.take(key, rows_read, row) {
                        builder.plan(document, &mut planned)?;
                    }
                }
                _ => builder.plan(vec![row], &mut planned)?,
            }
        }
        if planned.len() >= BATCH_UNITS {
            let full = std::mem::replace(&mut planned, Vec::with_capacity(BATCH_UNITS + 8));
            if sender.send(Ahead::Rows(full)).is_err() {
                return Ok(());
            }
        }
    }
    for document in documents.into_iter().flat_map(Documents::rest) {
        builder.plan(document, &mut planned)?;
    }
    // Whoever takes no more has said why.
    let _ = sender.send(Ahead::Rows(planned));
    Ok(())
}

/// The submitting side.
struct Submitting<'a> {
    known: Known<'a>,
    job: &'a Job,
    rehearsal: u64,
    events: u64,
    tallies: Vec<Tally>,
    kinds: BTreeMap<&'static str, u64>,
    problems: HashMap<(usize, String, String), Problem>,
    first: Vec<serde_json::Value>,
    search: Search,
    file: usize,
    key_columns: String,
    began_at: Position,
    position: Position,
}

/// What a unit of a batch stands for.
enum Stands {
    Once,
    Rows,
    Tolerant(Vec<String>),
}

impl<'a> Submitting<'a> {
    fn new(known: Known<'a>, job: &'a Job) -> Self {
        let next = known.ledger.reader().head().next;
        Submitting {
            known,
            job,
            rehearsal: rehearsal(),
            events: 0,
            tallies: vec![Tally::default(); job.files.len()],
            kinds: BTreeMap::new(),
            problems: HashMap::new(),
            first: Vec::new(),
            search: Search::default(),
            file: 0,
            key_columns: String::new(),
            began_at: next,
            position: next,
        }
    }

    fn figures(&self) -> Figures {
        let zero = Default::default();
        let rows = self.tallies.iter().fold(zero, |sum, tally| tally.rows.plus(&sum));
        Figures {
            rows: rows.read,
            taken: rows.taken,
            known: rows.known,
            refused: rows.refused,
            skipped: rows.skipped,
            events: self.events,
        }
    }

    fn all(
        &mut self,
        batches: &Receiver<Ahead>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ImportError> {
        for ahead in batches {
            match ahead {
                Ahead::File { file, columns, key_columns } => {
                    self.key_columns = key_columns;
                    self.file = file;
                    tell(Notice::Header(FileHeader { file: self.file_name(), columns }));
                }
                Ahead::Rows(planned) => {
                    self.batch(planned, tell)?;
                    tell(Notice::Progress(self.figures()));
                }
            }
        }
        Ok(())
    }

    fn file_name(&self) -> String {
        self.job.files.get(self.file).map(|file| file.name.to_string()).unwrap_or_default()
    }

    fn count(&mut self, fate: Fate, rows: usize, amounts: &super::build::Amounts) {
        if let Some(tally) = self.tallies.get_mut(self.file) {
            tally.count(fate, rows as u64, amounts);
        }
    }

    fn submit(&self, units: Vec<Unit>, last: bool) -> Result<Answers, SubmitError> {
        let mode = if self.job.dry_run {
            Mode::Rehearse { rehearsal: self.rehearsal, last }
        } else {
            Mode::Commit
        };
        let source = Source {
            channel: Channel::Import,
            session: None,
            import: Some(self.job.mapping.source.clone()),
        };
        let actor = self.job.actor.clone();
        let answer = self.known.ledger.submit_blocking(Batch { actor, source, units, mode })?;
        Ok(Answers { units: answer.units, next: answer.next })
    }

    fn batch(
        &mut self,
        planned: Vec<Planned>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ImportError> {
        let (mut units, mut rows) = (Vec::with_capacity(planned.len()), Vec::new());
        for row in planned {
            let (unit, stands) = match row {
                Planned::Once(unit) => (unit, Stands::Once),
                Planned::Row(unit) => (unit, Stands::Rows),
                Planned::Tolerant(unit, tolerate) => (unit, Stands::Tolerant(tolerate)),
                Planned::Skipped(amounts) => {
                    self.count(Fate::Skipped, 1, &amounts);
                    continue;
                }
                Planned::Refused(refused, amounts) => {
                    self.count(Fate::Refused, refused.len(), &amounts);
                    self.refuse(refused, tell);
                    continue;
                }
            };
            let mut unit = unit;
            if self.job.dry_run {
                self.search.look(&unit.unit, &self.known)?;
                if self.first.len() < SHOWN_FIRST && matches!(stands, Stands::Rows) {
                    self.first
                        .extend(unit.unit.iter().filter_map(|r| serde_json::to_value(r).ok()));
                    self.first.truncate(SHOWN_FIRST);
                }
            }
            units.push(std::mem::take(&mut unit.unit));
            rows.push((unit, stands));
        }
        if units.is_empty() {
            return Ok(());
        }
        let answers = self.submit(units, false)?;
        self.position = answers.next;
        // What became of the once-only requests of the rows that follow them.
        let (mut registered, mut unregistered) = (None, None);
        for ((row, stands), result) in rows.into_iter().zip(answers.units) {
            match (stands, result) {
                (Stands::Once, Ok(outcomes)) => {
                    if self.added(&outcomes) {
                        registered = Some(row.key);
                    }
                }
                (Stands::Once, Err(refusal)) if is_known(&refusal) => {}
                (Stands::Once, Err(refusal)) => unregistered = Some((row.key, refusal)),
                (Stands::Rows, result) => {
                    // A refused registration says why; that its row then lacks it says less.
                    let why = unregistered.take().filter(|(key, _)| *key == row.key);
                    let result = match (result, why) {
                        (Ok(outcomes), Some((_, why))) if outcomes.is_empty() => Err(why),
                        (Err(_), Some((_, why))) => Err(why),
                        (result, _) => result,
                    };
                    let new = registered.take().is_some_and(|key| key == row.key);
                    self.settle(row, result, new, tell);
                }
                (Stands::Tolerant(_), Ok(outcomes)) => {
                    self.added(&outcomes);
                }
                (Stands::Tolerant(tolerate), Err(refusal)) => {
                    let tolerated = tolerate.iter().any(|code| code == refusal.rejection.code());
                    let named = self.name(&Record::default(), &row.key, &refusal);
                    self.note(named, tolerated);
                }
            }
        }
        Ok(())
    }

    /// Counts what became of rows; `registered` tells whether something that happens once did.
    fn settle(
        &mut self,
        row: RowUnit,
        result: Result<Vec<Outcome>, Refusal>,
        registered: bool,
        tell: &mut dyn FnMut(Notice),
    ) {
        match result {
            Ok(outcomes) => {
                let new = self.added(&outcomes) || (outcomes.is_empty() && registered);
                let fate = if new { Fate::Taken } else { Fate::Known };
                self.count(fate, row.rows.len(), &row.amounts);
            }
            Err(refusal) => {
                self.count(Fate::Refused, row.rows.len(), &row.amounts);
                let named = row.rows.iter().map(|record| self.name(record, &row.key, &refusal));
                let named = named.collect();
                self.refuse(named, tell);
            }
        }
    }

    /// Counts the events that are new; tells whether any are.
    fn added(&mut self, outcomes: &[Outcome]) -> bool {
        let mut any = false;
        for outcome in outcomes.iter().filter(|outcome| !outcome.repeated) {
            any = true;
            self.events += outcome.events.len() as u64;
            for event in &outcome.events {
                *self.kinds.entry(event.kind.name()).or_default() += 1;
            }
        }
        any
    }

    fn refuse(&mut self, rows: Vec<RefusedRow>, tell: &mut dyn FnMut(Notice)) {
        let file = self.file_name();
        for mut row in rows {
            row.file.clone_from(&file);
            self.note(row.clone(), false);
            tell(Notice::Refused(row));
        }
    }

    /// Adds to the problems of its kind.
    fn note(&mut self, mut row: RefusedRow, tolerated: bool) {
        row.file = self.file_name();
        let key = (self.file, row.code.clone(), row.column.clone());
        let full = self.problems.len() >= PROBLEMS_MAX && !self.problems.contains_key(&key);
        if !full {
            let fresh = || Problem { count: 0, tolerated, example: row };
            self.problems.entry(key).or_insert_with(fresh).count += 1;
        }
    }

    fn name(&self, record: &Record, key: &str, refusal: &Refusal) -> RefusedRow {
        let (rejection, language) = (&refusal.rejection, self.job.language);
        RefusedRow {
            file: String::new(),
            line: record.line,
            column: self.key_columns.clone(),
            value: key.to_owned(),
            reason: Spoken::refusal(rejection, language),
            code: rejection.code().to_owned(),
            hint: Some(Text::fixed(rejection.hint(), rejection.hint_zh()).spoken(language)),
            fields: record.fields_lossy(),
        }
    }

    /// Records the import itself, unless this run added nothing and an earlier one is recorded.
    fn finish(&mut self) -> Result<Report, ImportError> {
        let earlier = if self.events == 0 { self.earlier()? } else { None };
        let applied = match earlier {
            Some(position) => {
                self.abandon();
                vec![position]
            }
            None => self.apply()?,
        };
        let names = self.job.files.iter().zip(&self.tallies).enumerate();
        let files = names.map(|(index, (file, tally))| FileReport {
            name: file.name.to_string(),
            size_bytes: file.content.size_bytes(),
            rows: tally.rows,
            amounts: tally.amounts(),
            attached_at: applied.get(index + 1).copied(),
        });
        let files: Vec<FileReport> = files.collect();
        let mut sums = BTreeMap::new();
        for amount in files.iter().flat_map(|file| &file.amounts) {
            let sum = sums.entry(amount.currency).or_insert(0i64);
            *sum = sum.saturating_add(amount.taken);
        }
        let mut problems: Vec<Problem> =
            self.problems.drain().map(|(_, problem)| problem).collect();
        problems.sort_by(|one, other| {
            let place = |problem: &Problem| (problem.example.file.clone(), problem.example.line);
            other.count.cmp(&one.count).then_with(|| place(one).cmp(&place(other)))
        });
        let kinds = self
            .kinds
            .iter()
            .map(|(kind, events)| KindCount { kind: (*kind).to_owned(), events: *events });
        Ok(Report {
            source: self.job.mapping.source.to_string(),
            dry_run: self.job.dry_run,
            figures: self.figures(),
            sums: sums
                .into_iter()
                .map(|(currency, minor)| Money::new(minor, currency).into())
                .collect(),
            files,
            kinds: kinds.collect(),
            problems,
            first: std::mem::take(&mut self.first),
            duplicates: std::mem::take(&mut self.search.found),
            applied_at: applied.first().copied().filter(|_| !self.job.dry_run),
            position: self.position,
        })
    }

    /// Finds an earlier import of the same source and size.
    fn earlier(&self) -> Result<Option<Position>, ImportError> {
        let stream = Some(StreamId::Book(BookStream::Imports));
        let query = Query { stream, backwards: true, ..Query::default() };
        for event in self.known.ledger.reader().events(query) {
            let (event, _) = event?;
            if let Body::ImportApplied(applied) = &event.body
                && applied.import == self.job.mapping.source
                && applied.rows().read == self.figures().rows
            {
                return Ok(Some(event.envelope.position));
            }
        }
        Ok(None)
    }

    /// Appends the import's own event and attaches its files; returns their positions in order.
    fn apply(&mut self) -> Result<Vec<Position>, ImportError> {
        let import = self.job.mapping.source.clone();
        let files = self.job.files.iter().zip(&self.tallies).map(|(file, tally)| ImportedFile {
            name: file.name.clone(),
            size_bytes: file.content.size_bytes(),
            rows: tally.rows,
            amounts: tally.amounts(),
        });
        let applied = ImportApplied {
            import: import.clone(),
            began_at: self.began_at,
            events: self.events,
            files: files.collect(),
        };
        let Figures { rows, taken, known, refused, .. } = self.figures();
        let began = self.began_at;
        let key = format!("import:{import}:applied:{began}:{rows}:{taken}:{known}:{refused}");
        let mut unit = vec![request(&key, Command::from(applied))?];
        if !self.job.dry_run {
            for (index, file) in self.job.files.iter().enumerate() {
                let command = keep(self.known.ledger, &import, file)?;
                let key = format!("import:{import}:file:{began}:{index}");
                unit.push(request(&key, Command::AttachFile(command))?);
            }
        }
        let answers = self.submit(vec![unit], true)?;
        self.position = answers.next;
        match answers.units.into_iter().next() {
            Some(Ok(outcomes)) => {
                let positions = outcomes.iter().filter_map(|outcome| outcome.events.first());
                Ok(positions.map(|event| event.position).collect())
            }
            Some(Err(refusal)) => Err(ImportError::Refused { refusal }),
            None => Ok(Vec::new()),
        }
    }

    /// Ends a rehearsal; nothing to do otherwise.
    fn abandon(&self) {
        if self.job.dry_run {
            // Nothing was kept, so nothing can be lost when the ledger does not answer.
            let _ = self.submit(Vec::new(), true);
        }
    }
}

fn request(key: &str, command: Command) -> Result<Request, TextError> {
    Ok(Request {
        customer: None,
        effective_at: None,
        expected_version: ExpectedVersion::Any,
        idempotency_key: Some(RequestKey::new(key)?),
        reason: None,
        corrects: None,
        command,
    })
}

/// The ledger's answers to a batch.
struct Answers {
    units: Vec<Result<Vec<Outcome>, Refusal>>,
    next: Position,
}

/// Tells whether a once-only request was refused because it has happened already.
fn is_known(refusal: &Refusal) -> bool {
    matches!(refusal.rejection.code(), "customer_already_registered" | "idempotency_key_reused")
}
