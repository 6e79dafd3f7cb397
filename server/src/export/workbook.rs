//! Events as a workbook: sheets of at most [`ROWS_MAX`] rows with the table's columns, and a last
//! sheet that holds the statement.
//!
//! Texts are stored as texts and marked as such, so that nothing is computed, also after the sheet
//! is saved as CSV. A cell holds at most 32,767 characters: a longer body goes on in the columns
//! `body_2` and so on. The digest is that of the same rows as a table.
//!
//! Rows go to unnamed temporary files as they come (one a sheet), so that memory stays flat.

use std::io::{Seek, SeekFrom, Write};

use daybook_core::event::Body;
use daybook_projections::summary::summarize;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use super::cell::neutral;
use super::row::Row;
use super::table::{COLUMNS, Cell, Table, cells};
use super::write::Form;
use super::{ExportError, Origin, Statement, Tally};

/// Rows of one sheet, its header not counted; a sheet holds 2^20 lines.
pub const ROWS_MAX: u32 = 1_000_000;
/// UTF-16 units of a body in one cell.
pub const BODY_UNITS_MAX: usize = 32_000;
/// Cells a body may take.
pub const BODY_CELLS: u16 = 8;
/// The sheets' names, numbered from the second on.
pub const SHEET: &str = "events";
/// The name of the sheet with the statement.
pub const STATEMENT_SHEET: &str = "export";
/// The line of that sheet which holds the statement as JSON.
pub const STATEMENT_LINE: &str = "statement";
/// Amounts beyond this are texts: a cell's number has 15 digits.
const NUMBER_MAX: u64 = 999_999_999_999_999;

/// Writes a workbook.
pub struct Sheets {
    workbook: Workbook,
    table: Table,
    sheets: usize,
    line: u32,
    quoted: Format,
}

impl Default for Sheets {
    fn default() -> Self {
        Sheets {
            workbook: Workbook::new(),
            table: Table::begin(&mut Vec::new()),
            sheets: 0,
            line: 0,
            quoted: Format::new().set_quote_prefix(),
        }
    }
}

impl Sheets {
    fn next_sheet(&mut self) -> Result<(), XlsxError> {
        self.sheets += 1;
        self.line = 1;
        let name = match self.sheets {
            1 => SHEET.to_owned(),
            number => format!("{SHEET} {number}"),
        };
        let sheet = self.workbook.add_worksheet_with_constant_memory()?.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        let more = (2..=BODY_CELLS).map(|number| format!("body_{number}"));
        let names = COLUMNS.iter().map(ToString::to_string).chain(more);
        for (column, name) in (0u16..).zip(names) {
            sheet.write_string(0, column, name)?;
        }
        Ok(())
    }

    fn cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let line = self.line;
        let sheet = self.workbook.worksheet_from_index(self.sheets - 1)?;
        match cell {
            Cell::Empty => {}
            Cell::Number(number) => drop(sheet.write_number(line, column, *number as f64)?),
            Cell::Amount(amount) if amount.minor.unsigned_abs() <= NUMBER_MAX => {
                // Below 15 digits the decimal text of the number is the decimal text of the amount.
                let number = amount.decimal().parse::<f64>().unwrap_or_default();
                sheet.write_number(line, column, number)?;
            }
            Cell::Amount(amount) => drop(sheet.write_string(line, column, amount.decimal())?),
            Cell::Text(text) if neutral(text) != *text => {
                sheet.write_string_with_format(line, column, text, &self.quoted)?;
            }
            Cell::Text(text) => drop(sheet.write_string(line, column, text)?),
        }
        Ok(())
    }

    /// Writes what a person wants to know first, then the statement as it is.
    fn state(&mut self, statement: &Statement) -> Result<(), ExportError> {
        let text = serde_json::to_string(statement)?;
        let Statement { export, export_end } = statement;
        let sums: Vec<String> =
            export_end.sums.iter().map(|sum| format!("{} {}", sum.amount, sum.currency)).collect();
        let maybe = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        let lines = [
            ("book", format!("{} ({})", export.name, export.book)),
            ("customer", maybe(export.query.customer.clone())),
            ("kind", maybe(export.query.kind.clone())),
            ("since", maybe(export.query.since.map(|at| at.to_string()))),
            ("from position", export.query.from.to_string()),
            ("before position", export.query.before.to_string()),
            ("as of", maybe(export.basis.as_of.map(|at| at.to_string()))),
            ("known at", maybe(export.basis.known_at.map(|at| at.to_string()))),
            ("zone", export.basis.zone.clone()),
            ("personal sections", if export.personal { "open" } else { "sealed" }.to_owned()),
            ("exported at", export.exported_at.to_string()),
            ("exported by", export.exported_by.to_string()),
            ("noted at position", export.noted_at.to_string()),
            ("rows", export_end.rows.to_string()),
            ("sums", maybe(Some(sums.join("; ")).filter(|sums| !sums.is_empty()))),
            ("digest", export_end.digest.clone()),
        ];
        let sheet = self.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name(STATEMENT_SHEET)?;
        let mut line = 0;
        for (name, value) in lines {
            sheet.write_string(line, 0, name)?;
            sheet.write_string(line, 1, value)?;
            line += 1;
        }
        sheet.write_string(line, 0, STATEMENT_LINE)?;
        for (column, part) in (1u16..).zip(parts(&text)) {
            sheet.write_string(line, column, part)?;
        }
        Ok(())
    }
}

impl Form for Sheets {
    fn begin(&mut self, _origin: &Origin, _out: &mut dyn Write) -> Result<(), ExportError> {
        Ok(self.next_sheet()?)
    }

    fn row(&mut self, row: &Row, body: &Body, _out: &mut dyn Write) -> Result<(), ExportError> {
        if self.line > ROWS_MAX {
            self.next_sheet()?;
        }
        let cells = cells(row, summarize(body))?;
        self.table.record(cells.iter().map(Cell::csv), &mut Vec::new());
        for (column, cell) in (0u16..).zip(&cells) {
            match cell {
                Cell::Text(text) if usize::from(column) + 1 == COLUMNS.len() => {
                    for (column, part) in (column..).zip(parts(text)) {
                        self.cell(column, &Cell::Text(part.to_owned()))?;
                    }
                }
                cell => self.cell(column, cell)?,
            }
        }
        self.line += 1;
        Ok(())
    }

    fn end(
        mut self: Box<Self>,
        origin: Origin,
        tally: Tally,
        out: &mut dyn Write,
    ) -> Result<Statement, ExportError> {
        let table = std::mem::replace(&mut self.table, Table::begin(&mut Vec::new()));
        let statement = Statement { export: origin, export_end: tally.finish(table.digest()) };
        self.state(&statement)?;
        let mut file = tempfile::tempfile()?;
        self.workbook.save_to_writer(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        std::io::copy(&mut file, out)?;
        Ok(statement)
    }
}

/// Cuts a text into parts that fit into cells.
fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut units) = (Vec::new(), 0, 0);
    for (at, character) in text.char_indices() {
        if units + character.len_utf16() > BODY_UNITS_MAX {
            parts.push(text.get(start..at).unwrap_or_default());
            (start, units) = (at, 0);
        }
        units += character.len_utf16();
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_body_is_cut_between_characters_and_whole_together() {
        let text = "日😀a".repeat(20_000);
        let parts = parts(&text);
        assert!(parts.len() == 3 && parts.len() <= usize::from(BODY_CELLS));
        assert!(parts.iter().all(|part| part.encode_utf16().count() <= BODY_UNITS_MAX));
        assert_eq!(parts.concat(), text);
        assert_eq!(super::parts(""), [""]);
    }
}
