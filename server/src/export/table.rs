//! Events as a table of comma-separated values, and the cells that tables and workbooks share.
//!
//! The file is UTF-8 with a byte order mark, without which spreadsheets take Chinese for something
//! else; the first record names the columns. The last record begins with [`MARK`] and holds the
//! statement as JSON; it may stand in a file of its own instead. The digest is SHA-256 over every
//! byte before it.

use std::borrow::Cow;
use std::io::Write;

use daybook_core::event::{Actor, Body, Kind};
use daybook_core::money::Money;
use daybook_projections::summary::{Summary, summarize};
use sha2::{Digest, Sha256};

use super::cell::{append_record, neutral};
use super::row::Row;
use super::write::Form;
use super::{ExportError, Origin, Statement, Tally};

/// What the statement's record begins with.
pub const MARK: &str = "#daybook-export";
/// The byte order mark.
pub const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The columns, in order.
pub const COLUMNS: [&str; 27] = [
    "position",
    "event_id",
    "kind",
    "kind_zh",
    "stream",
    "version",
    "effective_at",
    "recorded_at",
    "actor",
    "on_behalf_of",
    "role",
    "unit",
    "assurance",
    "channel",
    "import",
    "reason",
    "causation",
    "corrects",
    "voided_by",
    "hash",
    "sealed_sections",
    "erased_sections",
    "amount",
    "currency",
    "summary_en",
    "summary_zh",
    "body",
];

/// A cell of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// A text that came from somewhere and may be anything.
    Text(String),
    /// A whole number.
    Number(u64),
    /// An amount in its decimal form.
    Amount(Money),
    /// Nothing.
    Empty,
}

impl Cell {
    /// Returns the cell as it stands in CSV.
    pub fn csv(&self) -> Cow<'_, str> {
        match self {
            Cell::Text(text) => neutral(text),
            Cell::Number(number) => number.to_string().into(),
            Cell::Amount(amount) => amount.decimal().into(),
            Cell::Empty => "".into(),
        }
    }
}

/// Returns the cells of a row, in the order of [`COLUMNS`].
///
/// # Errors
/// Never for rows of this ledger.
pub fn cells(row: &Row, summary: Summary) -> Result<[Cell; COLUMNS.len()], serde_json::Error> {
    fn text(value: impl ToString) -> Cell {
        Cell::Text(value.to_string())
    }
    fn maybe(value: Option<&impl ToString>) -> Cell {
        value.map_or(Cell::Empty, |value| Cell::Text(value.to_string()))
    }
    let Actor { user, on_behalf_of, role, unit, assurance } = &row.actor;
    let label = Kind::from_name(&row.kind).map(Kind::label_zh);
    Ok([
        Cell::Number(row.position.0),
        text(row.event_id),
        text(&row.kind),
        maybe(label.as_ref()),
        text(&row.stream),
        Cell::Number(row.version.0),
        text(row.effective_at),
        text(row.recorded_at),
        text(user),
        maybe(on_behalf_of.as_ref()),
        maybe(role.as_ref()),
        maybe(unit.as_ref()),
        text(assurance),
        text(&row.channel),
        maybe(row.import.as_ref()),
        maybe(row.reason.as_ref()),
        maybe(row.causation.as_ref()),
        maybe(row.corrects.as_ref()),
        row.voided_by.map_or(Cell::Empty, |by| Cell::Number(by.0)),
        text(row.hash),
        Cell::Number(row.sealed_sections.into()),
        Cell::Number(row.erased_sections.into()),
        row.amount.map_or(Cell::Empty, Cell::Amount),
        maybe(row.amount.map(|amount| amount.currency).as_ref()),
        Cell::Text(summary.en),
        Cell::Text(summary.zh),
        Cell::Text(serde_json::to_string(&row.body)?),
    ])
}

/// The table's bytes and their digest; workbooks have the digest of the table they hold.
pub struct Table {
    digest: Sha256,
}

impl Table {
    /// Begins a table: the byte order mark and the names of the columns.
    pub fn begin(out: &mut Vec<u8>) -> Table {
        let mut table = Table { digest: Sha256::new() };
        let start = out.len();
        out.extend_from_slice(BYTE_ORDER_MARK);
        append_record(COLUMNS.iter().map(|name| Cow::Borrowed(*name)), out);
        table.digest.update(out.get(start..).unwrap_or_default());
        table
    }

    /// Appends a record of cells as they stand in CSV.
    pub fn record<'a>(&mut self, cells: impl Iterator<Item = Cow<'a, str>>, out: &mut Vec<u8>) {
        let start = out.len();
        append_record(cells, out);
        self.digest.update(out.get(start..).unwrap_or_default());
    }

    /// Returns the digest in hex.
    pub fn digest(self) -> String {
        daybook_core::codec::layout::hex(&self.digest.finalize())
    }
}

/// Writes CSV.
#[derive(Default)]
pub struct Csv {
    table: Option<Table>,
    record: Vec<u8>,
}

impl Form for Csv {
    fn begin(&mut self, _origin: &Origin, out: &mut dyn Write) -> Result<(), ExportError> {
        self.table = Some(Table::begin(&mut self.record));
        Ok(out.write_all(&self.record)?)
    }

    fn row(&mut self, row: &Row, body: &Body, out: &mut dyn Write) -> Result<(), ExportError> {
        let cells = cells(row, summarize(body))?;
        self.record.clear();
        if let Some(table) = &mut self.table {
            table.record(cells.iter().map(Cell::csv), &mut self.record);
        }
        Ok(out.write_all(&self.record)?)
    }

    fn end(
        mut self: Box<Self>,
        origin: Origin,
        tally: Tally,
        out: &mut dyn Write,
    ) -> Result<Statement, ExportError> {
        let digest = self.table.take().map(Table::digest).unwrap_or_default();
        let statement = Statement { export: origin, export_end: tally.finish(digest) };
        let text = serde_json::to_string(&statement)?;
        self.record.clear();
        append_record([Cow::Borrowed(MARK), Cow::Owned(text)].into_iter(), &mut self.record);
        out.write_all(&self.record)?;
        Ok(statement)
    }
}
