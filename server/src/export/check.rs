//! Whether a file that left a ledger is whole and unchanged, without the ledger.
//!
//! The rows are counted, summed and hashed again and compared with what the file says of itself. A
//! table that was saved again by another program with the same cells in it passes: its digest is
//! that of the cells. Whoever changes the statement as well is not caught here: the same query with
//! the same bounds, asked of the ledger again, gives the same digest.

use std::borrow::Cow;
use std::io::{BufRead, Read, Seek};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use calamine::{DataRef, Reader as _, Xlsx};
use daybook_core::event::Kind;
use daybook_core::event::transfer::ExportFormat;
use daybook_core::money::{Currency, Money};
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::cell::{neutral, plain};
use super::jsonl::{DAMAGED_MARK, END_MARK, First, Last, PART_MARK, Part};
use super::row::Row;
use super::table::{BYTE_ORDER_MARK, COLUMNS, MARK, Table};
use super::workbook::{BODY_CELLS, SHEET, STATEMENT_LINE, STATEMENT_SHEET};
use super::{Counted, FORM_VERSION, Holds, Origin, Statement, Tally};

/// The most bytes one line of a file may have.
pub const LINE_SIZE_BYTES_MAX: u64 = 8 << 20;
/// The most faults that are listed.
const FAULTS_MAX: usize = 20;

/// What came of checking a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Checked {
    /// Whether it is whole and unchanged.
    pub whole: bool,
    /// What the file says it was made of.
    pub export: Option<Origin>,
    /// What the file says it holds.
    pub export_end: Option<Holds>,
    /// What it holds.
    pub found: Holds,
    /// What is wrong, at most 20.
    pub faults: Vec<Fault>,
}

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Fault {
    /// It does not say what it was made of, or what it holds.
    #[error("the file has no statement; it was cut off, or is no export")]
    StatementMissing,
    /// A statement that cannot be read.
    #[error("the statement cannot be read: {why}")]
    StatementUnreadable {
        /// Why.
        why: String,
    },
    /// A form of a later release.
    #[error("the file has form {version}; this release reads up to {FORM_VERSION}")]
    VersionUnknown {
        /// Its form.
        version: u32,
    },
    /// A line that is no row.
    #[error("line {line} is no row of an export: {why}")]
    RowUnreadable {
        /// The line, counted from 1.
        line: u64,
        /// Why.
        why: String,
    },
    /// Positions that do not ascend.
    #[error("line {line}: position {position} comes after position {after}")]
    OutOfOrder {
        /// The line.
        line: u64,
        /// The position there.
        position: Position,
        /// The one before.
        after: Position,
    },
    /// More or fewer rows.
    #[error("the file holds {found} rows and says {said}")]
    RowsDiffer {
        /// As counted.
        found: u64,
        /// As said.
        said: u64,
    },
    /// Other sums.
    #[error("the sums of the rows are not those the file says")]
    SumsDiffer,
    /// Other rows of some kind, voided, sealed or at the ends.
    #[error("the rows by kind, or their first and last position, are not those the file says")]
    RowsOther,
    /// Another digest: something is changed.
    #[error("the digest is {found}, and the file says {said}; something in it is changed")]
    DigestDiffers {
        /// As computed.
        found: String,
        /// As said.
        said: String,
    },
}

/// Checks a file. `beside` is the statement that stands in a file of its own, for tables.
///
/// # Errors
/// When the file cannot be read at all; what is wrong with its content is in the answer.
pub fn check(
    input: impl BufRead + Seek,
    format: ExportFormat,
    beside: Option<&[u8]>,
) -> std::io::Result<Checked> {
    let mut check = Check::default();
    if let Some(statement) = beside {
        check.state(statement);
    }
    let digest = match format {
        ExportFormat::Jsonl => check.lines(input)?,
        ExportFormat::Csv => check.table(input)?,
        ExportFormat::Xlsx => check.workbook(input)?,
    };
    Ok(check.finish(digest))
}

/// Reads a line with its end, within the limit.
pub(crate) fn line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    let read = input.take(LINE_SIZE_BYTES_MAX).read_until(b'\n', line)?;
    if read as u64 == LINE_SIZE_BYTES_MAX && line.last() != Some(&b'\n') {
        let message = format!("a line is longer than {LINE_SIZE_BYTES_MAX} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
    }
    Ok(read > 0)
}

#[derive(Default)]
struct Check {
    origin: Option<Origin>,
    said: Option<Holds>,
    tally: Tally,
    last: Option<Position>,
    file: OfFile,
    faults: Vec<Fault>,
}

/// What is known of the attached file that the last row names.
#[derive(Default)]
enum OfFile {
    /// It names none.
    #[default]
    None,
    /// Nothing of its content has come, or it broke off.
    LeftOut,
    /// So many bytes of its content have come.
    Carried(u64),
}

impl Check {
    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        }
    }

    fn state(&mut self, text: &[u8]) {
        match serde_json::from_slice::<Statement>(text) {
            Ok(Statement { export, export_end }) => {
                self.origin = Some(export);
                self.said = Some(export_end);
            }
            Err(error) => self.fault(Fault::StatementUnreadable { why: error.to_string() }),
        }
    }

    fn count(&mut self, line: u64, counted: &Counted<'_>) {
        let position = counted.position;
        if let Some(after) = self.last.filter(|last| *last >= position) {
            self.fault(Fault::OutOfOrder { line, position, after });
        }
        self.last = Some(position);
        self.tally.add(counted);
        self.count_file();
        if counted.kind == Kind::AttachmentAdded.name() {
            self.file = OfFile::LeftOut;
        }
    }

    /// Counts the attached file of the row before.
    fn count_file(&mut self) {
        match std::mem::take(&mut self.file) {
            OfFile::None => {}
            OfFile::LeftOut => self.tally.add_file(None),
            OfFile::Carried(size_bytes) => self.tally.add_file(Some(size_bytes)),
        }
    }

    /// Takes a line with content of an attached file; `Err` says what is wrong.
    fn part(&mut self, text: &[u8]) -> Result<(), String> {
        if text.starts_with(DAMAGED_MARK) {
            self.file = OfFile::LeftOut;
            return Ok(());
        }
        let part: Part = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        let part = STANDARD.decode(part.part).map_err(|error| error.to_string())?;
        let before = match self.file {
            OfFile::None => return Err("it belongs to no attached file".to_owned()),
            OfFile::LeftOut => 0,
            OfFile::Carried(before) => before,
        };
        self.file = OfFile::Carried(before + part.len() as u64);
        Ok(())
    }

    fn lines(&mut self, mut input: impl BufRead) -> std::io::Result<String> {
        let (mut digest, mut text, mut number) = (Sha256::new(), Vec::new(), 0u64);
        while line(&mut input, &mut text)? {
            number += 1;
            if self.said.is_some() {
                let why = "it stands after the end".to_owned();
                self.fault(Fault::RowUnreadable { line: number, why });
            }
            if text.starts_with(END_MARK) {
                match serde_json::from_slice::<Last>(&text) {
                    Ok(last) => self.said = Some(last.export_end),
                    Err(error) => self.fault(Fault::StatementUnreadable { why: error.to_string() }),
                }
                continue;
            }
            digest.update(&text);
            if number == 1 {
                match serde_json::from_slice::<First>(&text) {
                    Ok(first) => self.origin = Some(first.export),
                    Err(error) => self.fault(Fault::StatementUnreadable { why: error.to_string() }),
                }
                continue;
            }
            let read = if text.starts_with(PART_MARK) || text.starts_with(DAMAGED_MARK) {
                self.part(&text)
            } else {
                let row = serde_json::from_slice::<Row>(&text);
                row.map(|row| self.count(number, &Counted::from(&row)))
                    .map_err(|error| error.to_string())
            };
            if let Err(why) = read {
                self.fault(Fault::RowUnreadable { line: number, why });
            }
        }
        Ok(daybook_core::codec::layout::hex(&digest.finalize()))
    }

    fn table(&mut self, mut input: impl BufRead) -> std::io::Result<String> {
        if input.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            input.consume(BYTE_ORDER_MARK.len());
        }
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
        let (mut record, mut table) = (csv::StringRecord::new(), Table::begin(&mut Vec::new()));
        let mut first = true;
        loop {
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if error.is_io_error() => return Err(std::io::Error::other(error)),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.fault(Fault::RowUnreadable { line, why: error.to_string() });
                    continue;
                }
            }
            let line = record.position().map_or(0, csv::Position::line);
            if std::mem::take(&mut first) {
                if !record.iter().eq(COLUMNS) {
                    let why = "the columns are not those of an export".to_owned();
                    self.fault(Fault::RowUnreadable { line, why });
                }
            } else if record.get(0) == Some(MARK) {
                self.state(record.get(1).unwrap_or_default().as_bytes());
            } else {
                let cells: Vec<&str> = record.iter().map(plain).collect();
                self.record(line, &cells);
                table.record(cells.into_iter().map(neutral), &mut Vec::new());
            }
        }
        Ok(table.digest())
    }

    /// Counts one record of a table, its texts as they were.
    fn record(&mut self, line: u64, cells: &[&str]) {
        match counted(cells) {
            Ok(counted) => self.count(line, &counted),
            Err(why) => self.fault(Fault::RowUnreadable { line, why }),
        }
    }

    fn workbook(&mut self, input: impl Read + Seek) -> std::io::Result<String> {
        let mut workbook = Xlsx::new(input).map_err(std::io::Error::other)?;
        let mut table = Table::begin(&mut Vec::new());
        for name in workbook.sheet_names() {
            if name == STATEMENT_SHEET {
                self.statement_sheet(&mut workbook)?;
            } else if name.starts_with(SHEET) {
                self.sheet(&mut workbook, &name, &mut table)?;
            }
        }
        Ok(table.digest())
    }

    fn statement_sheet<R: Read + Seek>(&mut self, workbook: &mut Xlsx<R>) -> std::io::Result<()> {
        let sheet = workbook.worksheet_range(STATEMENT_SHEET).map_err(std::io::Error::other)?;
        let line = sheet.rows().find(|line| {
            line.first().and_then(calamine::DataType::get_string) == Some(STATEMENT_LINE)
        });
        let text: String = line.into_iter().flatten().skip(1).map(ToString::to_string).collect();
        self.state(text.as_bytes());
        Ok(())
    }

    /// Reads a sheet cell by cell, a row in memory at a time.
    fn sheet<R: Read + Seek>(
        &mut self,
        workbook: &mut Xlsx<R>,
        name: &str,
        table: &mut Table,
    ) -> std::io::Result<()> {
        let mut reader = workbook.worksheet_cells_reader(name).map_err(std::io::Error::other)?;
        let width = COLUMNS.len() - 1 + usize::from(BODY_CELLS);
        let (mut line, mut cells) = (0, vec![String::new(); width]);
        loop {
            let cell = reader.next_cell().map_err(std::io::Error::other)?;
            let at = cell.as_ref().map(calamine::Cell::get_position);
            if at.is_none_or(|(row, _)| row != line) {
                // The first line names the columns.
                if line > 0 {
                    self.sheet_record(line, &cells, table);
                }
                cells.iter_mut().for_each(String::clear);
            }
            let (Some(cell), Some((row, column))) = (cell, at) else { return Ok(()) };
            line = row;
            if let Some(place) = cells.get_mut(column as usize) {
                *place = shown(cell.get_value());
            }
        }
    }

    fn sheet_record(&mut self, line: u32, cells: &[String], table: &mut Table) {
        let (head, body) = cells.split_at(COLUMNS.len() - 1);
        let body = body.concat();
        let mut texts: Vec<Cow<'_, str>> = head.iter().map(|cell| cell.as_str().into()).collect();
        if let Some(amount) = amount_text(&texts)
            && let Some(place) = texts.get_mut(AMOUNT)
        {
            *place = amount.into();
        }
        texts.push(body.as_str().into());
        let cells: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        self.record(u64::from(line) + 1, &cells);
        table.record(cells.into_iter().map(neutral), &mut Vec::new());
    }

    fn finish(mut self, digest: String) -> Checked {
        self.count_file();
        let found = std::mem::take(&mut self.tally).finish(digest);
        if let Some(version) = self
            .origin
            .as_ref()
            .map(|origin| origin.version)
            .filter(|version| *version > FORM_VERSION)
        {
            self.fault(Fault::VersionUnknown { version });
        }
        match self.said.clone() {
            Some(said) if self.origin.is_some() => self.compare(&said, &found),
            _ => self.fault(Fault::StatementMissing),
        }
        let Check { origin, said, faults, .. } = self;
        Checked { whole: faults.is_empty(), export: origin, export_end: said, found, faults }
    }

    fn compare(&mut self, said: &Holds, found: &Holds) {
        if said.rows != found.rows {
            self.fault(Fault::RowsDiffer { found: found.rows, said: said.rows });
        }
        if said.sums != found.sums {
            self.fault(Fault::SumsDiffer);
        }
        if said.digest != found.digest {
            let (found, said) = (found.digest.clone(), said.digest.clone());
            self.fault(Fault::DigestDiffers { found, said });
        }
        let rest = |holds: &Holds| Holds {
            rows: 0,
            sums: Vec::new(),
            digest: String::new(),
            ..holds.clone()
        };
        if rest(said) != rest(found) {
            self.fault(Fault::RowsOther);
        }
    }
}

/// The places of the columns that are counted.
const POSITION: usize = 0;
const KIND: usize = 2;
const VOIDED_BY: usize = 18;
const SEALED: usize = 20;
const ERASED: usize = 21;
const AMOUNT: usize = 22;
const CURRENCY: usize = 23;

/// Reads what is counted of a record; `Err` says what is wrong.
fn counted<'a>(cells: &[&'a str]) -> Result<Counted<'a>, String> {
    if cells.len() != COLUMNS.len() {
        return Err(format!("it has {} cells, not {}", cells.len(), COLUMNS.len()));
    }
    let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
    let number = |index: usize| -> Result<u64, String> {
        let wrong = || {
            let name = COLUMNS.get(index).copied().unwrap_or_default();
            format!("{name} is {:?}, not a number", cell(index))
        };
        cell(index).parse().map_err(|_| wrong())
    };
    let amount = match cell(AMOUNT) {
        "" => None,
        text => {
            let currency: Currency = cell(CURRENCY)
                .parse()
                .map_err(|_| format!("{:?} is no currency", cell(CURRENCY)))?;
            Some(Money::parse(text, currency).map_err(|error| error.to_string())?)
        }
    };
    let small = |index| number(index).map(|number| u32::try_from(number).unwrap_or(u32::MAX));
    Ok(Counted {
        position: Position(number(POSITION)?),
        kind: cell(KIND),
        voided: !cell(VOIDED_BY).is_empty(),
        sealed_sections: small(SEALED)?,
        erased_sections: small(ERASED)?,
        amount,
    })
}

/// Returns a cell's content as text; whole numbers without a point.
fn shown(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Float(number) => number.to_string(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Bool(flag) => flag.to_string(),
        other => format!("{other:?}"),
    }
}

/// Writes the amount of a workbook's row with the decimals of its currency.
fn amount_text(cells: &[Cow<'_, str>]) -> Option<String> {
    let number: f64 = cells.get(AMOUNT)?.parse().ok()?;
    let currency: Currency = cells.get(CURRENCY)?.parse().ok()?;
    // A text beyond the digits of a number is left as it is.
    let exact = number.abs() < 1e15;
    exact.then(|| format!("{number:.width$}", width = currency.exponent() as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_are_those_of_the_columns() {
        let places = [
            (POSITION, "position"),
            (KIND, "kind"),
            (VOIDED_BY, "voided_by"),
            (SEALED, "sealed_sections"),
            (ERASED, "erased_sections"),
            (AMOUNT, "amount"),
            (CURRENCY, "currency"),
        ];
        for (place, name) in places {
            assert_eq!(COLUMNS.get(place), Some(&name));
        }
    }
}
