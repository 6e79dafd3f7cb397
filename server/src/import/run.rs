//! Running an import: one thread reads rows and builds requests, another submits them.

use std::collections::BTreeMap;
use std::io::{BufReader, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use daybook_core::decide::{Command, Request};
use daybook_core::event::book::{AmountTotals, ImportApplied, ImportedFile, RowTotals};
use daybook_core::event::{Actor, Body, BookStream, Channel, Source, StreamId};
use daybook_core::id::{Line, RequestKey};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Ledger, Mode, Outcome, Refusal, SubmitError, Unit};
use daybook_core::money::{Currency, Money};
use daybook_core::position::{ExpectedVersion, Position};
use sha2::{Digest, Sha256};

use super::build::{Builder, Planned, RowUnit};
use super::csv::{CsvError, Record, Records};
use super::mapping::Mapping;
use super::{Figures, ImportError, Notice, RefusedRow, Report};
use crate::api::commands::rehearsal;

/// Units submitted in one batch.
const BATCH_UNITS: usize = 1000;
/// Batches that may wait between the two threads.
const BATCHES_AHEAD: usize = 4;
/// The most bytes of the file read at a time.
const READ_SIZE_BYTES: usize = 256 << 10;

/// What is to be imported.
#[derive(Debug, Clone)]
pub struct Job {
    /// How rows become events.
    pub mapping: Mapping,
    /// The file's name, kept in the import's own event.
    pub file_name: String,
    /// Who imports.
    pub actor: Actor,
    /// Whether nothing is kept.
    pub dry_run: bool,
}

/// Imports a file.
///
/// `tell` hears of every refused row, of progress after each batch, and of the end.
///
/// # Errors
/// [`ImportError`]; rows taken before stay taken and are recognised in the next run.
pub fn run(
    ledger: &Ledger,
    job: &Job,
    input: impl Read + Send,
    tell: &mut dyn FnMut(Notice),
) -> Result<Report, ImportError> {
    let file_name = Line::new(&job.file_name)?;
    let zone = ledger.reader().book()?.zone;
    let (sender, batches) = sync_channel(BATCHES_AHEAD);
    std::thread::scope(|scope| {
        let mapping = job.mapping.clone();
        let reading = scope.spawn(move || read(input, mapping, zone, &sender));
        let mut submitting = Submitting::new(ledger, job);
        let submitted = submitting.all(&batches, tell);
        // The reader stops when nobody takes its batches any more.
        drop(batches);
        let read = reading.join().map_err(|_| ImportError::Interrupted)?;
        let finished = match (submitted, read) {
            (Err(error), _) | (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(digest)) => Ok(digest),
        };
        match finished {
            Ok(digest) => {
                let report = submitting.finish(file_name, &digest)?;
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

/// What the reading thread sends.
enum Ahead {
    Header { columns: Vec<String>, key_columns: String },
    Rows(Vec<Planned>),
}

/// Hashes what is read through it.
struct Hashed<R> {
    input: R,
    digest: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let size = self.input.read(buffer)?;
        self.digest.update(buffer.get(..size).unwrap_or_default());
        Ok(size)
    }
}

/// Reads the file and sends what it becomes; returns the digest of the file.
fn read(
    input: impl Read,
    mut mapping: Mapping,
    zone: chrono_tz::Tz,
    sender: &SyncSender<Ahead>,
) -> Result<String, ImportError> {
    let mut hashed = Hashed { input, digest: Sha256::new() };
    let mut records =
        Records::new(BufReader::with_capacity(READ_SIZE_BYTES, &mut hashed), mapping.delimiter);
    let mut row = Record::default();
    let broken = |rows_read: u64| move |source: CsvError| ImportError::Csv { rows_read, source };
    let no_header = || ImportError::Header {
        problem: "the file is empty; its first row must name the columns".to_owned(),
        columns: Vec::new(),
    };
    if !records.read(&mut row).map_err(broken(0))? {
        return Err(no_header());
    }
    let columns = header(&row, &mut mapping)?;
    let mut builder = Builder::new(mapping, zone, columns.len());
    let key_columns = builder.key_columns().to_owned();
    if sender.send(Ahead::Header { columns, key_columns }).is_err() {
        return Ok(String::new());
    }
    let (mut planned, mut rows_read) = (Vec::with_capacity(BATCH_UNITS + 8), 0u64);
    while records.read(&mut row).map_err(broken(rows_read))? {
        rows_read += 1;
        builder.plan(&row, &mut planned);
        if planned.len() >= BATCH_UNITS {
            let full = std::mem::replace(&mut planned, Vec::with_capacity(BATCH_UNITS + 8));
            if sender.send(Ahead::Rows(full)).is_err() {
                return Ok(String::new());
            }
        }
    }
    drop(records);
    let _ = sender.send(Ahead::Rows(planned));
    Ok(daybook_core::codec::layout::hex(&hashed.digest.finalize()))
}

fn header(row: &Record, mapping: &mut Mapping) -> Result<Vec<String>, ImportError> {
    let columns: Vec<String> =
        row.fields_lossy().iter().map(|name| name.trim().to_owned()).collect();
    let wrong = |problem: String| ImportError::Header { problem, columns: columns.clone() };
    if let Some((place, malformed)) = row.problem(row.len()) {
        return Err(wrong(format!("line {}, column {}: {malformed}", place.line, place.column)));
    }
    let repeated = columns
        .iter()
        .enumerate()
        .find(|(index, name)| columns.iter().take(*index).any(|earlier| earlier == *name));
    if let Some((_, name)) = repeated {
        return Err(wrong(format!("two columns are called {name:?}")));
    }
    let bound = mapping.bind(&columns);
    bound.map_err(|name| wrong(format!("the mapping names the column {name:?}")))?;
    Ok(columns)
}

/// The submitting side.
struct Submitting<'a> {
    ledger: &'a Ledger,
    job: &'a Job,
    rehearsal: u64,
    figures: Figures,
    sums: BTreeMap<Currency, i128>,
    key_columns: String,
    began_at: Position,
    size_bytes: u64,
    position: Position,
}

impl<'a> Submitting<'a> {
    fn new(ledger: &'a Ledger, job: &'a Job) -> Self {
        Submitting {
            ledger,
            job,
            rehearsal: rehearsal(),
            figures: Figures::default(),
            sums: BTreeMap::new(),
            key_columns: String::new(),
            began_at: ledger.reader().head().next,
            size_bytes: 0,
            position: ledger.reader().head().next,
        }
    }

    fn all(
        &mut self,
        batches: &Receiver<Ahead>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ImportError> {
        for ahead in batches {
            match ahead {
                Ahead::Header { columns, key_columns } => {
                    self.key_columns = key_columns;
                    tell(Notice::Header(columns));
                }
                Ahead::Rows(planned) => {
                    self.batch(planned, tell)?;
                    tell(Notice::Progress(self.figures.clone()));
                }
            }
        }
        Ok(())
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
        let answer = self.ledger.submit_blocking(Batch { actor, source, units, mode })?;
        Ok(Answers { units: answer.units, next: answer.next })
    }

    fn batch(
        &mut self,
        planned: Vec<Planned>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ImportError> {
        let (mut units, mut rows) = (Vec::with_capacity(planned.len()), Vec::new());
        for row in planned {
            match row {
                Planned::Once(row) => rows.push((row.line, take(row, &mut units), true)),
                Planned::Row(row) => {
                    self.figures.rows += 1;
                    rows.push((row.line, take(row, &mut units), false));
                }
                Planned::Skipped => {
                    self.figures.rows += 1;
                    self.figures.skipped += 1;
                }
                Planned::Refused(row) => {
                    self.figures.rows += 1;
                    self.figures.refused += 1;
                    tell(Notice::Refused(row));
                }
            }
        }
        if units.is_empty() {
            return Ok(());
        }
        let answers = self.submit(units, false)?;
        self.position = answers.next;
        let mut told = None;
        for ((line, row, once), result) in rows.into_iter().zip(answers.units) {
            match result {
                Ok(outcomes) => self.taken(&row, once, &outcomes),
                Err(refusal) if once && is_known(&refusal) => {}
                Err(refusal) => {
                    self.figures.refused += u64::from(!once);
                    // A refused registration says why; that its row then lacks it says less.
                    if told != Some(line) {
                        tell(Notice::Refused(self.name(line, row, &refusal)));
                    }
                    told = Some(line);
                }
            }
        }
        Ok(())
    }

    fn taken(&mut self, row: &RowUnit, once: bool, outcomes: &[Outcome]) {
        let new = outcomes.iter().filter(|outcome| !outcome.repeated);
        let events: usize = new.clone().map(|outcome| outcome.events.len()).sum();
        self.figures.events += events as u64;
        if once {
            return;
        }
        if outcomes.iter().any(|outcome| !outcome.repeated) {
            self.figures.taken += 1;
            if let Some(amount) = row.amount {
                *self.sums.entry(amount.currency).or_default() += i128::from(amount.minor);
            }
        } else {
            self.figures.known += 1;
        }
    }

    fn name(&self, line: u64, row: RowUnit, refusal: &Refusal) -> RefusedRow {
        let rejection = &refusal.rejection;
        RefusedRow {
            line,
            column: self.key_columns.clone(),
            value: row.key,
            reason: rejection.to_string(),
            code: rejection.code().to_owned(),
            hint: Some(rejection.hint().to_owned()),
            fields: row.fields,
        }
    }

    /// Records the import itself, unless this run added nothing and an earlier one is recorded.
    fn finish(&mut self, file_name: Line, digest: &str) -> Result<Report, ImportError> {
        let earlier = if self.figures.events == 0 { self.earlier()? } else { None };
        let applied_at = match earlier {
            Some(position) => {
                self.abandon();
                Some(position)
            }
            None => self.apply(file_name.clone(), digest)?,
        };
        Ok(Report {
            source: self.job.mapping.source.to_string(),
            file_name: file_name.to_string(),
            dry_run: self.job.dry_run,
            figures: self.figures.clone(),
            sums: self.sums().into_iter().map(Into::into).collect(),
            applied_at,
            position: self.position,
        })
    }

    fn sums(&self) -> Vec<Money> {
        let held = |minor: i128| i64::try_from(minor).unwrap_or(i64::MAX);
        self.sums.iter().map(|(currency, minor)| Money::new(held(*minor), *currency)).collect()
    }

    /// Finds an earlier import of the same source and size.
    fn earlier(&self) -> Result<Option<Position>, ImportError> {
        let stream = Some(StreamId::Book(BookStream::Imports));
        let query = Query { stream, backwards: true, ..Query::default() };
        for event in self.ledger.reader().events(query) {
            let (event, _) = event?;
            if let Body::ImportApplied(applied) = &event.body
                && applied.import == self.job.mapping.source
                && applied.rows().read == self.figures.rows
            {
                return Ok(Some(event.envelope.position));
            }
        }
        Ok(None)
    }

    fn apply(&mut self, file_name: Line, digest: &str) -> Result<Option<Position>, ImportError> {
        let figures = &self.figures;
        let source = self.job.mapping.source.clone();
        let short = digest.get(..16).unwrap_or_default();
        let Figures { rows, taken, known, refused, .. } = figures;
        // What was taken back may be imported again, and is another import then.
        let reverts = super::batches::reverts(self.ledger.reader(), &source)?;
        let run = format!("{short}:{rows}:{taken}:{known}:{refused}:{reverts}");
        let key = format!("import:{source}:applied:{run}");
        let rows = RowTotals {
            read: figures.rows,
            taken: figures.taken,
            known: figures.known,
            refused: figures.refused,
            skipped: figures.skipped,
        };
        let amounts = self.sums().into_iter().map(|sum| AmountTotals {
            currency: sum.currency,
            read: sum.minor,
            taken: sum.minor,
            known: 0,
            refused: 0,
            skipped: 0,
        });
        let amounts = amounts.collect();
        let applied = ImportApplied {
            import: source,
            began_at: self.began_at,
            events: figures.events,
            files: vec![ImportedFile {
                name: file_name,
                size_bytes: self.size_bytes,
                rows,
                amounts,
            }],
        };
        let request = Request {
            customer: None,
            effective_at: None,
            expected_version: ExpectedVersion::Any,
            idempotency_key: Some(RequestKey::new(key)?),
            reason: None,
            corrects: None,
            command: Command::from(applied),
        };
        let answers = self.submit(vec![vec![request]], true)?;
        self.position = answers.next;
        match answers.units.into_iter().next() {
            Some(Ok(outcomes)) => {
                let event = outcomes.first().and_then(|outcome| outcome.events.first());
                Ok(event.map(|event| event.position))
            }
            Some(Err(refusal)) => Err(ImportError::Refused { refusal }),
            None => Ok(None),
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

/// The ledger's answers to a batch.
struct Answers {
    units: Vec<Result<Vec<Outcome>, Refusal>>,
    next: Position,
}

/// Moves a row's requests into the batch.
fn take(mut row: RowUnit, units: &mut Vec<Unit>) -> RowUnit {
    units.push(std::mem::take(&mut row.unit));
    row
}

/// Tells whether a once-only request was refused because it has happened already.
fn is_known(refusal: &Refusal) -> bool {
    matches!(refusal.rejection.code(), "customer_already_registered" | "idempotency_key_reused")
}
