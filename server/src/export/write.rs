//! Walking the log into a file, a bounded part in memory at a time.

use std::io::{Read, Write};

use daybook_core::event::Body;
use daybook_core::event::transfer::ExportFormat;
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{AttachError, OpenedEvent, Reader};
use daybook_core::position::Position;
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

    /// Writes the content of an attached file behind its row; tells how many bytes it has, or
    /// nothing when the file does not carry it.
    ///
    /// # Errors
    /// [`ExportError`].
    fn file(
        &mut self,
        _content: &mut dyn Read,
        _out: &mut dyn Write,
    ) -> Result<Option<u64>, ExportError> {
        Ok(None)
    }

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
        if let Body::AttachmentAdded(_) = &opened.event.body {
            let content = match origin.files {
                true => content(reader, row.position)?,
                false => None,
            };
            let carried = match content {
                Some(mut content) => form.file(&mut content, out)?,
                None => None,
            };
            tally.add_file(carried);
        }
    }
    form.end(origin, tally, out)
}

/// Opens the content of an attached file; nothing when its key is destroyed, or it is missing or
/// damaged, which `verify` names.
fn content(reader: &Reader, position: Position) -> Result<Option<impl Read>, ExportError> {
    match reader.attached_file(position) {
        Ok(file) => Ok(file.map(|file| file.content)),
        Err(AttachError::Ledger(error)) if error.code() != "key_destroyed" => Err(error.into()),
        Err(_) => Ok(None),
    }
}
