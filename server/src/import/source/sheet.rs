//! Reads one sheet of an XLSX workbook, row by row, on a thread of its own: the workbook's reader
//! borrows the workbook, so they live together there. Memory holds the workbook's texts, not its rows.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, Reader, Xlsx, XlsxError};

use super::record::{Malformed, Place, Record};
use super::{Rows, Seekable, SourceError};

/// Rows that may wait to be taken.
const ROWS_AHEAD: usize = 256;

/// The rows of a sheet.
pub struct Sheet {
    rows: Receiver<Result<Record, SourceError>>,
}

impl Sheet {
    /// Starts reading a sheet; the first when none is named.
    pub fn open(workbook: Box<dyn Seekable>, name: Option<&str>) -> Result<Sheet, SourceError> {
        let (sender, rows) = sync_channel(ROWS_AHEAD);
        let name = name.map(str::to_owned);
        let thread = std::thread::Builder::new().name("daybook-sheet".to_owned());
        thread.spawn(move || {
            if let Err(error) = read(workbook, name.as_deref(), &sender) {
                // Nobody listens when the import has ended.
                let _ = sender.send(Err(error));
            }
        })?;
        Ok(Sheet { rows })
    }
}

impl Rows for Sheet {
    fn read(&mut self, record: &mut Record) -> Result<bool, SourceError> {
        match self.rows.recv() {
            Ok(row) => {
                *record = row?;
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}

type Sender = SyncSender<Result<Record, SourceError>>;

fn broken(error: XlsxError) -> SourceError {
    SourceError::Archive { problem: error.to_string() }
}

fn read(
    workbook: Box<dyn Seekable>,
    name: Option<&str>,
    sender: &Sender,
) -> Result<(), SourceError> {
    let mut workbook = Xlsx::new(workbook).map_err(broken)?;
    let names = workbook.sheet_names();
    let first = names.first().map(String::as_str);
    let wanted = name.or(first).unwrap_or_default().to_owned();
    if !names.contains(&wanted) {
        return Err(SourceError::Sheet { wanted, names: names.join(", ") });
    }
    let mut cells = workbook.worksheet_cells_reader(&wanted).map_err(broken)?;
    let (mut row, mut width) = (Building::default(), 0);
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let (line, column) = cell.get_position();
        let line = u64::from(line) + 1;
        if line != row.record.line && !row.send(line, &mut width, sender) {
            return Ok(());
        }
        row.put(column as usize, cell.get_value());
    }
    row.send(0, &mut width, sender);
    Ok(())
}

/// A row while its cells come in.
#[derive(Default)]
struct Building {
    record: Record,
    filled: bool,
}

impl Building {
    /// Sends the row, filled up to the widest before it, and starts the next; false when nobody
    /// takes it. Empty rows are passed over.
    fn send(&mut self, next: u64, width: &mut usize, sender: &Sender) -> bool {
        let mut record = std::mem::take(&mut self.record);
        let filled = std::mem::take(&mut self.filled);
        self.record.start(next);
        if !filled {
            return true;
        }
        // The first row names the columns; cells without content at a row's end are not written.
        while record.len() < *width {
            record.push("", record.len() as u64 + 1);
        }
        while *width > 0 && record.len() > *width && record.field(record.len() - 1).is_empty() {
            record.pop();
        }
        if *width == 0 {
            *width = record.len();
        }
        sender.send(Ok(record)).is_ok()
    }

    fn put(&mut self, column: usize, value: &DataRef<'_>) {
        while self.record.len() < column {
            self.record.push("", self.record.len() as u64 + 1);
        }
        let place = column as u64 + 1;
        let text = match value {
            DataRef::Empty => String::new(),
            DataRef::Int(number) => number.to_string(),
            DataRef::Float(number) => number.to_string(),
            DataRef::String(text) => text.clone(),
            DataRef::SharedString(text) => (*text).to_owned(),
            DataRef::Bool(truth) => truth.to_string(),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            DataRef::DateTime(time) => match time.as_datetime() {
                Some(time) if time.time() == chrono::NaiveTime::MIN => {
                    time.format("%Y-%m-%d").to_string()
                }
                Some(time) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
                None => time.as_f64().to_string(),
            },
            DataRef::Error(error) => {
                let at = Place { line: self.record.line, column: place };
                self.record.wrong(at, Malformed::CellError { error: error.to_string() });
                error.to_string()
            }
        };
        self.filled |= !text.is_empty();
        self.record.push(&text, place);
    }
}
