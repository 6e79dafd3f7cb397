//! Reads CSV (RFC 4180) as a stream and says exactly where it is malformed.
//!
//! Invariant: every byte of the file belongs to exactly one record, so that no row can be lost
//! silently. A malformed record is given back with its place and its text, and reading goes on after
//! it, also when it is too large: then what is beyond the limits is passed over. Only a quote that
//! is never closed ends the file, because nobody can say where the next row would start.

use std::io::BufRead;

use super::record::{Malformed, Place, Record};
use super::{Rows, SourceError};

/// The most bytes one field may have.
pub const FIELD_SIZE_BYTES_MAX: usize = 1 << 20;
/// The most bytes one row may have.
pub const ROW_SIZE_BYTES_MAX: usize = 4 << 20;
/// The most fields one record may have.
pub const FIELDS_MAX: usize = 4096;

/// Where the reader is within a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

/// What ends a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// A line feed, with or without a carriage return before it.
    LineFeed,
    /// A carriage return alone, as old spreadsheets write it.
    CarriageReturn,
}

/// A stream of records.
pub struct Records<R> {
    input: R,
    delimiter: u8,
    line_end: LineEnd,
    line: u64,
    column: u64,
}

impl<R: BufRead + Send> Rows for Records<R> {
    /// Lines with nothing on them are passed over.
    fn read(&mut self, record: &mut Record) -> Result<bool, SourceError> {
        while self.record(record)? {
            let blank = record.len() == 1 && record.text.is_empty() && record.problem.is_none();
            if !blank {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Records<R> {
    /// Starts reading UTF-8; `delimiter` separates fields. Bytes that were no text in the file's
    /// encoding come as bytes that are not UTF-8.
    pub const fn new(input: R, delimiter: u8, line_end: LineEnd) -> Self {
        Records { input, delimiter, line_end, line: 1, column: 1 }
    }

    fn record(&mut self, record: &mut Record) -> Result<bool, SourceError> {
        record.start(self.line);
        let mut scan = Scan {
            record,
            state: State::FieldStart,
            field: Place { line: self.line, column: self.column },
            field_from: 0,
            place: Place { line: self.line, column: self.column },
            delimiter: self.delimiter,
            line_end: self.line_end,
            carriage_return: None,
        };
        let mut any = false;
        loop {
            let bytes = self.input.fill_buf()?;
            if bytes.is_empty() {
                break;
            }
            any = true;
            let (used, ended) = scan.take(bytes);
            self.input.consume(used);
            if ended {
                (self.line, self.column) = (scan.place.line, scan.place.column);
                return Ok(true);
            }
        }
        if scan.state == State::Quoted {
            let Place { line, column } = scan.field;
            return Err(SourceError::UnclosedQuote { line, column });
        }
        if any {
            scan.end_field();
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
    line_end: LineEnd,
    /// A carriage return outside quotes that nothing has followed yet.
    carriage_return: Option<Place>,
}

impl Scan<'_> {
    /// Takes bytes until the record or the bytes end; returns how many, and whether it ended.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (index, byte) in bytes.iter().enumerate() {
            let ended = self.byte(*byte);
            self.count(*byte);
            if ended {
                return (index + 1, true);
            }
            if self.state == State::FieldStart {
                self.field = self.place;
            }
        }
        (bytes.len(), false)
    }

    fn count(&mut self, byte: u8) {
        let ends = match self.line_end {
            LineEnd::LineFeed => b'\n',
            LineEnd::CarriageReturn => b'\r',
        };
        if byte == ends {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else if byte & 0xC0 != 0x80 {
            self.place.column += 1;
        }
    }

    fn byte(&mut self, byte: u8) -> bool {
        if byte != b'\n'
            && let Some(place) = self.carriage_return.take()
        {
            self.record.wrong(place, Malformed::BareCarriageReturn);
        }
        match (self.state, byte) {
            (State::FieldStart, b'"') => self.state = State::Quoted,
            (State::Quoted, b'"') => self.state = State::QuoteInQuoted,
            (State::Quoted, _) => self.keep(byte),
            (State::QuoteInQuoted, b'"') => {
                self.state = State::Quoted;
                self.keep(byte);
            }
            (_, b'\n') => {
                self.end_field();
                return true;
            }
            (_, b'\r') if self.line_end == LineEnd::CarriageReturn => {
                self.end_field();
                return true;
            }
            (_, byte) if byte == self.delimiter => {
                self.end_field();
                self.state = State::FieldStart;
            }
            (State::QuoteInQuoted, b'\r') => {}
            (State::QuoteInQuoted, _) => {
                self.record.wrong(self.place, Malformed::AfterQuote);
                self.state = State::Plain;
                self.keep(byte);
            }
            (State::FieldStart | State::Plain, _) => {
                self.state = State::Plain;
                if byte == b'\r' {
                    self.carriage_return = Some(self.place);
                }
                self.keep(byte);
            }
        }
        false
    }

    fn keep(&mut self, byte: u8) {
        let text = &mut self.record.text;
        if text.len() - self.field_from >= FIELD_SIZE_BYTES_MAX {
            self.record.wrong(self.field, Malformed::FieldTooLarge { max: FIELD_SIZE_BYTES_MAX });
        } else if text.len() >= ROW_SIZE_BYTES_MAX {
            self.record.wrong(self.field, Malformed::RowTooLarge { max: ROW_SIZE_BYTES_MAX });
        } else {
            text.push(byte);
        }
    }

    fn end_field(&mut self) {
        // The carriage return of a line end stands at the end of an unquoted last field.
        let text = &mut self.record.text;
        let unquoted = self.state == State::Plain;
        if unquoted && text.len() > self.field_from && text.last() == Some(&b'\r') {
            text.pop();
        }
        self.field_from = text.len();
        if self.record.ends.len() < FIELDS_MAX {
            self.record.ends.push((text.len(), self.field.column));
        } else {
            self.record.wrong(self.field, Malformed::TooManyFields { max: FIELDS_MAX });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8]) -> Result<Vec<(u64, Vec<String>)>, SourceError> {
        // A small buffer makes records cross its edges.
        let mut records =
            Records::new(std::io::BufReader::with_capacity(3, text), b',', LineEnd::LineFeed);
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
        check("a\n\n\nb\n", &[(1, &["a"]), (4, &["b"])]);
        check("\"a,\"\"x\"\"\",b\n", &[(1, &["a,\"x\"", "b"])]);
        check("\"two\nlines\",1\nnext,2\n", &[(1, &["two\nlines", "1"]), (3, &["next", "2"])]);
        check("华东,\"精,密\"\r\n,\r\n", &[(1, &["华东", "精,密"]), (2, &["", ""])]);
        check("\"quoted\"\r\nx\r\n", &[(1, &["quoted"]), (2, &["x"])]);
        check("", &[]);
    }

    fn problem(text: &[u8], fields: usize) -> (u64, u64, Malformed) {
        let mut records = Records::new(text, b',', LineEnd::LineFeed);
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
        assert_eq!(problem(b"a,b\n\xe5\x8d\x8e,x\xff\n", 2), (2, 4, Malformed::NotText));
        let short = Malformed::FieldCount { expected: 2, actual: 1 };
        assert_eq!(problem(b"a,b\n1\n", 2), (2, 1, short));
        assert_eq!(problem(b"a,b\n\"1\"x,2\n", 2), (2, 4, Malformed::AfterQuote));
    }

    #[test]
    fn only_a_quote_without_end_ends_the_reading() {
        let error = all(b"a,b\n1,\"open\n2,3\n").expect_err("unclosed");
        assert_eq!(error.to_string(), "line 2, column 3: the quote opened here is never closed");
        let huge = "x".repeat(FIELD_SIZE_BYTES_MAX + 1);
        for text in [format!("a\n\"{huge}\"\nlast\n"), format!("a\n{huge}\nlast\n")] {
            let found = all(text.as_bytes()).expect("a row too large is a row");
            assert_eq!(found.len(), 3);
            assert_eq!(found[1].1[0].len(), FIELD_SIZE_BYTES_MAX);
            assert_eq!(found[2], (3, vec!["last".to_owned()]));
            assert!(matches!(problem(text.as_bytes(), 1), (2, 1, Malformed::FieldTooLarge { .. })));
        }
        let wide = format!("a\n{}\nlast\n", ",".repeat(FIELDS_MAX));
        assert!(matches!(problem(wide.as_bytes(), 1), (2, _, Malformed::TooManyFields { .. })));
    }

    #[test]
    fn carriage_returns_end_lines_where_they_are_meant_to() {
        assert_eq!(problem(b"a,b\n1,x\ry\n", 2), (2, 4, Malformed::BareCarriageReturn));
        assert_eq!(problem(b"a,b\n1\r,y\n", 2), (2, 2, Malformed::BareCarriageReturn));
        let mut records =
            Records::new(&b"a,b\r1,\"x\ny\"\r\r2,z"[..], b',', LineEnd::CarriageReturn);
        let (mut record, mut found) = (Record::default(), Vec::new());
        while records.read(&mut record).expect("read") {
            found.push((record.line, record.fields_lossy().join("|")));
        }
        let found: Vec<(u64, &str)> =
            found.iter().map(|(line, row)| (*line, row.as_str())).collect();
        assert_eq!(found, [(1, "a|b"), (2, "1|x\ny"), (4, "2|z")]);
    }
}
