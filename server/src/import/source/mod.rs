//! Files as they really are, read as rows: packed or not, CSV, JSON lines or a workbook, in any
//! encoding that is recognised or named.
//!
//! The way of the bytes: [`container`] unpacks them, [`encoding`] makes UTF-8 of them, and [`csv`],
//! [`json`] or [`sheet`] makes rows.

pub mod container;
pub mod csv;
pub mod encoding;
pub mod json;
pub mod record;
pub mod sheet;

use std::io::{self, BufReader, Read, Seek};

use encoding_rs::Encoding;

use container::Unpacked;
use csv::LineEnd;
use encoding::Decoded;
pub use record::{Malformed, Place, Record};

/// The most bytes of text read at a time.
const READ_SIZE_BYTES: usize = 256 << 10;
/// Bytes looked at for the kind of text, its line ends and its delimiter.
const LOOKED_AT_SIZE_BYTES: usize = 64 << 10;
/// What may separate fields, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// The columns that a file of refused rows has after those of its import.
pub const REFUSED_COLUMNS: [&str; 5] =
    ["refused_line", "refused_column", "refused_value", "refused_reason", "refused_text"];

/// What ends the reading of a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A quote that is opened and never closed.
    #[error("line {line}, column {column}: the quote opened here is never closed")]
    UnclosedQuote {
        /// The line.
        line: u64,
        /// The character in it.
        column: u64,
    },
    /// Another encoding than those that are recognised.
    #[error("the file is not UTF-8, UTF-16 or GB18030; it is likely {found}")]
    Encoding {
        /// Which.
        found: String,
    },
    /// A file of another kind.
    #[error("the file is {what}")]
    NotATable {
        /// What it is, and what to do.
        what: &'static str,
    },
    /// A zip archive of several files, or of none that fits.
    #[error("the archive does not hold exactly one file to import; it holds {names}")]
    Entries {
        /// What it holds.
        names: String,
    },
    /// A sheet that is not there.
    #[error("the workbook has no sheet {wanted:?}; it has {names}")]
    Sheet {
        /// The sheet.
        wanted: String,
        /// The sheets.
        names: String,
    },
    /// An archive or workbook that cannot be read.
    #[error("the archive or workbook cannot be read: {problem}")]
    Archive {
        /// What the reader says.
        problem: String,
    },
    /// A workbook beyond the limit.
    #[error("the workbook unpacks to more than it says, or than {max} bytes")]
    TooLarge {
        /// The limit.
        max: u64,
    },
    /// Far more came out of a container than any table holds.
    #[error("the file unpacks to more than {ratio} times its size")]
    Bomb {
        /// The limit.
        ratio: u64,
    },
    /// A file without a first row.
    #[error("the file is empty; its first row must name the columns")]
    Empty,
    /// A first row that cannot name columns.
    #[error(
        "line {line}, column {column}: the row of the column names cannot be read: {malformed}"
    )]
    Header {
        /// The line.
        line: u64,
        /// The character in it.
        column: u64,
        /// What is wrong with it.
        malformed: Malformed,
    },
    /// Reading failed.
    #[error("the file could not be read: {0}")]
    Io(io::Error),
}

impl SourceError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            SourceError::UnclosedQuote { .. } | SourceError::Header { .. } => "csv_malformed",
            SourceError::Encoding { .. } => "encoding_unsupported",
            SourceError::NotATable { .. } => "not_a_table",
            SourceError::Entries { .. } | SourceError::Sheet { .. } => "choice_needed",
            SourceError::Archive { .. } => "archive_unreadable",
            SourceError::TooLarge { .. } | SourceError::Bomb { .. } => "unpacks_too_large",
            SourceError::Empty => "file_empty",
            SourceError::Io(_) => "read_failed",
        }
    }

    /// Returns what to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            SourceError::UnclosedQuote { .. } => {
                "correct the file and run the import again; rows taken already are recognised"
            }
            SourceError::Encoding { .. } => {
                "say encoding = \"...\" in the mapping, or save the file as UTF-8"
            }
            SourceError::NotATable { .. } => "import CSV, JSON lines or XLSX",
            SourceError::Entries { .. } => {
                "say entry = \"...\" in the mapping, or unpack the archive first"
            }
            SourceError::Sheet { .. } => "say sheet = \"...\" in the mapping",
            SourceError::Archive { .. } => "save the file again and import that",
            SourceError::TooLarge { .. } | SourceError::Bomb { .. } => {
                "unpack the file yourself and look at it before you import it"
            }
            SourceError::Empty | SourceError::Header { .. } => {
                "the first row must name the columns; say header = 3 if it is the third"
            }
            SourceError::Io(_) => "run the import again; rows taken already are recognised",
        }
    }
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> SourceError {
        if !error.get_ref().is_some_and(|inner| inner.is::<SourceError>()) {
            return SourceError::Io(error);
        }
        match error.into_inner().map(|inner| inner.downcast::<SourceError>()) {
            Some(Ok(error)) => *error,
            Some(Err(other)) => SourceError::Io(io::Error::other(other)),
            None => SourceError::Io(io::Error::other("the file broke off")),
        }
    }
}

/// Something that can be read from any place.
pub trait Seekable: Read + Seek + Send {}

impl<T: Read + Seek + Send> Seekable for T {}

impl std::fmt::Debug for dyn Seekable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a file")
    }
}

/// A stream of rows.
pub trait Rows: Send {
    /// Reads the next row into `record`; false at the end.
    ///
    /// # Errors
    /// [`SourceError`], after which nothing more can be read.
    fn read(&mut self, record: &mut Record) -> Result<bool, SourceError>;
}

/// What is said about a file; the rest is found out.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// Its encoding.
    pub encoding: Option<&'static Encoding>,
    /// What separates fields.
    pub delimiter: Option<u8>,
    /// The row that names the columns, counted from 1 and without empty rows; 0 and 1 are the first.
    pub header: usize,
    /// The sheet of a workbook.
    pub sheet: Option<String>,
    /// The file in an archive, with `*` for any characters.
    pub entry: Option<String>,
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// CSV, its encoding and its delimiter.
    Csv(&'static Encoding, u8),
    /// JSON lines.
    JsonLines(&'static Encoding),
    /// A sheet of a workbook.
    Sheet,
}

/// A file opened at its first row of data.
pub struct Table {
    /// The names of the columns, no two alike.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Box<dyn Rows>,
    /// What the file turned out to be.
    pub found: Found,
}

/// Opens a file; `again` opens it from its beginning each time.
///
/// # Errors
/// [`SourceError`].
pub fn open(again: &dyn Fn() -> Box<dyn Seekable>, form: &Form) -> Result<Table, SourceError> {
    let unpacked = || container::unpack(again(), form.entry.as_deref());
    let mut first = match unpacked()? {
        Unpacked::Workbook(workbook) => {
            let rows = Box::new(sheet::Sheet::open(workbook, form.sheet.as_deref())?);
            return named(rows, form.header, Found::Sheet);
        }
        Unpacked::Text(text) => text,
    };
    let encoding = match form.encoding {
        Some(encoding) => encoding,
        None => encoding::recognise(&mut *first)?,
    };
    drop(first);
    let text = || -> Result<_, SourceError> {
        match unpacked()? {
            Unpacked::Text(text) => {
                let decoded = Decoded::new(text, encoding);
                Ok(BufReader::with_capacity(READ_SIZE_BYTES, decoded))
            }
            Unpacked::Workbook(_) => Err(SourceError::NotATable { what: "a workbook" }),
        }
    };
    let mut looked_at = Vec::new();
    text()?.take(LOOKED_AT_SIZE_BYTES as u64).read_to_end(&mut looked_at)?;
    if looked_at.trim_ascii_start().starts_with(b"{") {
        let columns = json::columns(text()?)?;
        let rows = Box::new(json::Lines::new(text()?, columns.clone()));
        return Ok(Table { columns, rows, found: Found::JsonLines(encoding) });
    }
    let of_refused_rows = REFUSED_COLUMNS.join(",");
    let first_line = looked_at.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = match form.delimiter {
        // A file of refused rows is written with commas, whatever its rows came with.
        Some(_) if first_line.trim_ascii_end().ends_with(of_refused_rows.as_bytes()) => b',',
        Some(delimiter) => delimiter,
        None => delimiter(&looked_at),
    };
    let line_end = line_end(&looked_at);
    let rows = Box::new(csv::Records::new(text()?, delimiter, line_end));
    named(rows, form.header, Found::Csv(encoding, delimiter))
}

fn line_end(looked_at: &[u8]) -> LineEnd {
    if looked_at.contains(&b'\r') && !looked_at.contains(&b'\n') {
        LineEnd::CarriageReturn
    } else {
        LineEnd::LineFeed
    }
}

/// Returns what separates the fields of the first line: what is there most often outside quotes.
fn delimiter(looked_at: &[u8]) -> u8 {
    let (mut counts, mut quoted) = ([0usize; DELIMITERS.len()], false);
    for byte in looked_at {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted && counts.iter().any(|count| *count > 0) => break,
            byte if !quoted => {
                for (count, delimiter) in counts.iter_mut().zip(DELIMITERS) {
                    *count += usize::from(*byte == delimiter);
                }
            }
            _ => {}
        }
    }
    let most = counts.iter().max().copied().unwrap_or_default();
    let found = counts.iter().zip(DELIMITERS).find(|(count, _)| **count == most);
    found.map_or(b',', |(_, delimiter)| delimiter)
}

/// Reads the row that names the columns.
fn named(mut rows: Box<dyn Rows>, header: usize, found: Found) -> Result<Table, SourceError> {
    let mut row = Record::default();
    for number in 1..=header.max(1) {
        if !rows.read(&mut row)? {
            return Err(SourceError::Empty);
        }
        // A file of refused rows begins with its header, wherever the first file had it.
        if number == 1 && is_of_refused_rows(&row) {
            break;
        }
    }
    if let Some((place, malformed)) = row.problem(row.len()) {
        return Err(SourceError::Header { line: place.line, column: place.column, malformed });
    }
    let mut columns: Vec<String> = Vec::with_capacity(row.len());
    for (index, name) in row.fields_lossy().iter().enumerate() {
        let name = match name.trim() {
            "" => format!("column {}", index + 1),
            name => name.to_owned(),
        };
        let mut unique = name.clone();
        let mut number = 2;
        while columns.contains(&unique) {
            unique = format!("{name}#{number}");
            number += 1;
        }
        columns.push(unique);
    }
    Ok(Table { columns, rows, found })
}

fn is_of_refused_rows(row: &Record) -> bool {
    let fields = row.len();
    fields > REFUSED_COLUMNS.len()
        && REFUSED_COLUMNS
            .iter()
            .enumerate()
            .all(|(index, name)| row.field(fields - REFUSED_COLUMNS.len() + index) == *name)
}

/// Returns the encoding of a name, as mappings write it.
pub fn encoding_named(name: &str) -> Option<&'static Encoding> {
    let plain = name.to_ascii_lowercase().replace('_', "-");
    let label = match plain.as_str() {
        "utf8-bom" | "utf-8-bom" | "utf-8-sig" | "ascii" | "us-ascii" => "utf-8",
        "gb2312" | "gbk" | "cp936" | "gb18030" => "gb18030",
        "utf16" | "utf-16" => "utf-16le",
        other => other,
    };
    Encoding::for_label_no_replacement(label.as_bytes())
}
