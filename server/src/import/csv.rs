//! Reads CSV (RFC 4180) as a stream and says exactly where it is malformed.
//!
//! Invariant: every byte of the file belongs to exactly one record, so that no row can be lost
//! silently. A malformed record is given back with its place and its text, and reading goes on after
//! it; only an unclosed quote or an endless field ends the file, because nobody can say where the
//! next row would start.

use std::io::BufRead;

/// The most bytes one field may have.
pub const FIELD_SIZE_BYTES_MAX: usize = 1 << 20;

/// The most fields one record may have.
pub const FIELDS_MAX: usize = 4096;

/// Where something stands in a file, counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The character in the line.
    pub column: u64,
}

/// What is wrong with one record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// More or fewer fields than the header.
    #[error("the row has {actual} fields, the header has {expected}")]
    FieldCount {
        /// The header's fields.
        expected: usize,
        /// The row's fields.
        actual: usize,
    },
    /// A NUL byte.
    #[error("the row holds a NUL byte; is the file UTF-16 or damaged?")]
    Nul,
    /// Bytes that are not UTF-8.
    #[error("the row is not UTF-8 text")]
    NotUtf8,
    /// Something after a closing quote.
    #[error("something follows a closing quote; write a quote inside a field twice")]
    AfterQuote,
}

/// What ends the reading.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// A quote that is opened and never closed.
    #[error("line {}, column {}: the quote opened here is never closed", at.line, at.column)]
    UnclosedQuote {
        /// Where it was opened.
        at: Place,
    },
    /// A field beyond the limit.
    #[error(
        "line {}, column {}: the field starting here is larger than {} bytes; is a quote not closed?",
        at.line, at.column, FIELD_SIZE_BYTES_MAX
    )]
    FieldTooLarge {
        /// Where it starts.
        at: Place,
    },
    /// A record with too many fields.
    #[error("line {}: the row has more than {} fields; is the delimiter right?", at.line, FIELDS_MAX)]
    TooManyFields {
        /// Where.
        at: Place,
    },
    /// Another encoding.
    #[error("the file is {found}, not UTF-8")]
    Encoding {
        /// Which.
        found: &'static str,
    },
    /// Reading failed.
    #[error("the file could not be read")]
    Io(#[from] std::io::Error),
}

/// One record as it stands in the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record {
    /// The line it starts on.
    pub line: u64,
    text: Vec<u8>,
    /// Per field the end of its content in `text`, and the column it starts at on its line.
    ends: Vec<(usize, u64)>,
    problem: Option<(Place, Malformed)>,
}

impl Record {
    /// Returns how many fields there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Tells whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns a field's text; empty when there is none.
    pub fn field(&self, index: usize) -> &str {
        std::str::from_utf8(self.bytes(index)).unwrap_or_default()
    }

    fn bytes(&self, index: usize) -> &[u8] {
        let Some((end, _)) = self.ends.get(index) else { return &[] };
        let previous = index.checked_sub(1).and_then(|index| self.ends.get(index));
        let start = previous.map_or(0, |(end, _)| *end);
        self.text.get(start..*end).unwrap_or_default()
    }

    /// Returns all fields, whatever is wrong with them.
    pub fn fields_lossy(&self) -> Vec<String> {
        let field = |index| String::from_utf8_lossy(self.bytes(index)).into_owned();
        (0..self.len()).map(field).collect()
    }

    /// Returns what is wrong with the record, if anything, and where.
    pub fn problem(&self, fields: usize) -> Option<(Place, Malformed)> {
        if let Some(problem) = &self.problem {
            return Some(problem.clone());
        }
        for index in 0..self.len() {
            let bytes = self.bytes(index);
            let column = self.ends.get(index).map_or(1, |(_, column)| *column);
            let at = |offset: usize| {
                let before = String::from_utf8_lossy(bytes.get(..offset).unwrap_or_default());
                Place { line: self.line, column: column + before.chars().count() as u64 }
            };
            if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
                return Some((at(offset), Malformed::Nul));
            }
            if let Err(error) = std::str::from_utf8(bytes) {
                return Some((at(error.valid_up_to()), Malformed::NotUtf8));
            }
        }
        let actual = self.len();
        (actual != fields).then(|| {
            let column = self.ends.last().map_or(1, |(_, column)| *column);
            let place = Place { line: self.line, column };
            (place, Malformed::FieldCount { expected: fields, actual })
        })
    }
}

/// Where the reader is within a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// A stream of records.
pub struct Records<R> {
    input: R,
    delimiter: u8,
    line: u64,
    column: u64,
    started: bool,
}

impl<R: BufRead> Records<R> {
    /// Starts reading; `delimiter` separates fields.
    pub fn new(input: R, delimiter: u8) -> Self {
        Records { input, delimiter, line: 1, column: 1, started: false }
    }

    /// Reads the next record into `record`; false at the end. Lines with nothing on them are passed over.
    ///
    /// # Errors
    /// [`CsvError`], after which nothing more can be read.
    pub fn read(&mut self, record: &mut Record) -> Result<bool, CsvError> {
        if !std::mem::replace(&mut self.started, true) {
            self.byte_order_mark()?;
        }
        while self.record(record)? {
            let blank = record.len() == 1 && record.text.is_empty() && record.problem.is_none();
            if !blank {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn byte_order_mark(&mut self) -> Result<(), CsvError> {
        let start = self.input.fill_buf()?;
        if start.starts_with(&[0xEF, 0xBB, 0xBF]) {
            self.input.consume(3);
        } else if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(CsvError::Encoding { found: "UTF-16" });
        }
        Ok(())
    }

    fn record(&mut self, record: &mut Record) -> Result<bool, CsvError> {
        record.text.clear();
        record.ends.clear();
        record.problem = None;
        record.line = self.line;
        let mut scan = Scan {
            record,
            state: State::FieldStart,
            field: Place { line: self.line, column: self.column },
            field_from: 0,
            place: Place { line: self.line, column: self.column },
            delimiter: self.delimiter,
        };
        let mut any = false;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            any = true;
            let (used, ended) = scan.take(bytes)?;
            self.input.consume(used);
            if ended {
                (self.line, self.column) = (scan.place.line, scan.place.column);
                return Ok(true);
            }
        }
        if scan.state == State::Quoted {
            return Err(CsvError::UnclosedQuote { at: scan.field });
        }
        if any {
            scan.end_field()?;
            (self.line, self.column) = (scan.place.line, scan.place.column);
        }
        Ok(any)
    }
}

/// The scan of one record.
struct Scan<'a> {
    record: &'a mut Record,
    state: State,
    field: Place,
    field_from: usize,
    place: Place,
    delimiter: u8,
}

impl Scan<'_> {
    /// Takes bytes until the record or the bytes end; returns how many, and whether it ended.
    fn take(&mut self, bytes: &[u8]) -> Result<(usize, bool), CsvError> {
        for (index, byte) in bytes.iter().enumerate() {
            let ended = self.byte(*byte)?;
            self.count(*byte);
            if ended {
                return Ok((index + 1, true));
            }
            if self.state == State::FieldStart {
                self.field = self.place;
            }
        }
        Ok((bytes.len(), false))
    }

    fn count(&mut self, byte: u8) {
        if byte == b'\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else if byte & 0xC0 != 0x80 {
            self.place.column += 1;
        }
    }

    fn byte(&mut self, byte: u8) -> Result<bool, CsvError> {
        match (self.state, byte) {
            (State::FieldStart, b'"') => self.state = State::Quoted,
            (State::Quoted, b'"') => self.state = State::QuoteInQuoted,
            (State::Quoted, _) => self.keep(byte)?,
            (State::QuoteInQuoted, b'"') => {
                self.state = State::Quoted;
                self.keep(byte)?;
            }
            (_, b'\n') => {
                self.end_field()?;
                return Ok(true);
            }
            (_, byte) if byte == self.delimiter => {
                self.end_field()?;
                self.state = State::FieldStart;
            }
            (State::QuoteInQuoted, b'\r') => {}
            (State::QuoteInQuoted, _) => {
                self.record.problem.get_or_insert((self.place, Malformed::AfterQuote));
                self.state = State::Plain;
                self.keep(byte)?;
            }
            (State::FieldStart | State::Plain, _) => {
                self.state = State::Plain;
                self.keep(byte)?;
            }
        }
        Ok(false)
    }

    fn keep(&mut self, byte: u8) -> Result<(), CsvError> {
        if self.record.text.len() - self.field_from >= FIELD_SIZE_BYTES_MAX {
            return Err(CsvError::FieldTooLarge { at: self.field });
        }
        self.record.text.push(byte);
        Ok(())
    }

    fn end_field(&mut self) -> Result<(), CsvError> {
        // The carriage return of a line end stands at the end of an unquoted last field.
        let text = &mut self.record.text;
        let unquoted = self.state == State::Plain;
        if unquoted && text.len() > self.field_from && text.last() == Some(&b'\r') {
            text.pop();
        }
        self.field_from = text.len();
        self.record.ends.push((text.len(), self.field.column));
        if self.record.ends.len() > FIELDS_MAX {
            return Err(CsvError::TooManyFields { at: self.field });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, CsvError> {
        // A small buffer makes records cross its edges.
        let mut records = Records::new(std::io::BufReader::with_capacity(3, text), b',');
        let (mut record, mut found) = (Record::default(), Vec::new());
        while records.read(&mut record)? {
            found.push((record.line, record.fields_lossy()));
        }
        Ok(found)
    }

    fn check(text: &str, expected: &[(u64, &[&str])]) {
        let found = all(text.as_bytes()).expect(text);
        let found: Vec<(u64, Vec<&str>)> = found
            .iter()
            .map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect()))
            .collect();
        let expected: Vec<(u64, Vec<&str>)> =
            expected.iter().map(|(line, fields)| (*line, fields.to_vec())).collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn records_are_read_as_written() {
        check("a,b\n1,2\n", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("a,b\r\n1,2", &[(1, &["a", "b"]), (2, &["1", "2"])]);
        check("\u{feff}a\n\n\nb\n", &[(1, &["a"]), (4, &["b"])]);
        check("\"a,\"\"x\"\"\",b\n", &[(1, &["a,\"x\"", "b"])]);
        check("\"two\nlines\",1\nnext,2\n", &[(1, &["two\nlines", "1"]), (3, &["next", "2"])]);
        check("华东,\"精,密\"\r\n,\r\n", &[(1, &["华东", "精,密"]), (2, &["", ""])]);
        check("\"quoted\"\r\nx\r\n", &[(1, &["quoted"]), (2, &["x"])]);
        check("", &[]);
    }

    fn problem(text: &[u8], fields: usize) -> (u64, u64, Malformed) {
        let mut records = Records::new(text, b',');
        let mut record = Record::default();
        while records.read(&mut record).expect("read") {
            if let Some((place, malformed)) = record.problem(fields) {
                return (place.line, place.column, malformed);
            }
        }
        panic!("nothing is wrong");
    }

    #[test]
    fn malformed_records_name_their_place() {
        assert_eq!(problem(b"a,b\n1,2\n1,\x002\n", 2), (3, 3, Malformed::Nul));
        assert_eq!(problem("华,b\n东,\u{7}x".as_bytes(), 3).0, 1);
        assert_eq!(problem(b"a,b\n\xe5\x8d\x8e,x\xff\n", 2), (2, 4, Malformed::NotUtf8));
        let short = Malformed::FieldCount { expected: 2, actual: 1 };
        assert_eq!(problem(b"a,b\n1\n", 2), (2, 1, short));
        assert_eq!(problem(b"a,b\n\"1\"x,2\n", 2), (2, 4, Malformed::AfterQuote));
    }

    #[test]
    fn what_has_no_end_is_refused_by_place() {
        let error = all(b"a,b\n1,\"open\n2,3\n").expect_err("unclosed");
        assert_eq!(error.to_string(), "line 2, column 3: the quote opened here is never closed");
        let huge = format!("a\n\"{}\"\n", "x".repeat(FIELD_SIZE_BYTES_MAX + 1));
        assert!(matches!(all(huge.as_bytes()), Err(CsvError::FieldTooLarge { .. })));
        assert!(matches!(all(b"\xff\xfea\0"), Err(CsvError::Encoding { found: "UTF-16" })));
    }
}
