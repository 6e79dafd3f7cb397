//! Walking the log into a file, a bounded part in memory at a time.

use std::io::Write;

use daybook_core::event::Body;
use daybook_core::event::transfer::ExportFormat;
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{OpenedEvent, Reader};
use daybook_projections::Voided;

use super::jsonl::JsonLines;
use super::row::Row;
use super::table::Csv;
use super::workbook::Sheets;
use super::{Counted, ExportError, Origin, Statement, Tally};

/// How rows become a file.
pub trait Form {
    /// Writes what comes before the first row.
    ///
    /// # Errors
    /// [`ExportError`].
    fn begin(&mut self, origin: &Origin, out: &mut dyn Write) -> Result<(), ExportError>;

    /// Writes one row; `body` is what the row tells, in its own type.
    ///
    /// # Errors
    /// [`ExportError`].
    fn row(&mut self, row: &Row, body: &Body, out: &mut dyn Write) -> Result<(), ExportError>;

    /// Writes what comes after the last row, the statement included.
    ///
    /// # Errors
    /// [`ExportError`].
    fn end(
        self: Box<Self>,
        origin: Origin,
        tally: Tally,
        out: &mut dyn Write,
    ) -> Result<Statement, ExportError>;
}

fn form(format: ExportFormat) -> Box<dyn Form> {
    match format {
        ExportFormat::Jsonl => Box::new(JsonLines::default()),
        ExportFormat::Csv => Box::new(Csv::default()),
        ExportFormat::Xlsx => Box::new(Sheets::default()),
    }
}

/// Writes the events a query asks for and returns what the file says of itself.
///
/// # Errors
/// [`ExportError`]; what was written until then has no end and fails every check.
pub fn write(
    reader: &Reader,
    query: Query,
    origin: Origin,
    voided: &Voided,
    out: &mut dyn Write,
) -> Result<Statement, ExportError> {
    let mut form = form(origin.format);
    let mut tally = Tally::default();
    form.begin(&origin, out)?;
    for event in reader.events(query) {
        let (event, hash) = event?;
        let mut opened = if origin.personal {
            reader.open_sections(event, hash)?
        } else {
            OpenedEvent { event, hash, erased_sections: 0 }
        };
        let row = Row::new(&mut opened, voided)?;
        tally.add(&Counted::from(&row));
        form.row(&row, &opened.event.body, out)?;
    }
    form.end(origin, tally, out)
}
