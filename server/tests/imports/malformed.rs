//! Bad rows are refused by place, and the others stand.

use std::io::{Read, Seek, SeekFrom};

use daybook_core::event::Kind;
use daybook_server::import::source::{self, Form, Record, Seekable};

use crate::desk::{CALLS, Desk, workbook};

const HEAD: &str = "id,customer,when,what\n";

/// Imports one bad row between two good ones and returns its line, column and reason.
fn bad(row: &[u8]) -> (u64, String, String) {
    let desk = Desk::new();
    let content = [HEAD.as_bytes(), b"1,A,2026-01-02,x\n", row, b"\n9,B,2026-01-02,y\n"].concat();
    let done = desk.import(CALLS, &[("bad.csv", &content)]);
    assert_eq!(done.report.figures.taken, 2, "the others stand: {:?}", done.refused);
    assert_eq!(desk.events(Kind::InteractionRecorded).len(), 2);
    let [refused] = done.refused.as_slice() else { panic!("{:?}", done.refused) };
    assert_eq!(done.report.problems[0].count, 1);
    (refused.line, refused.column.clone(), refused.reason.to_string())
}

#[test]
fn a_bad_row_is_refused_by_place_and_the_others_stand() {
    let check = |row: &[u8], column: &str, reason: &str| {
        let (line, at, why) = bad(row);
        assert_eq!((line, at.as_str()), (3, column), "{why}");
        assert!(why.contains(reason), "{why}");
    };
    check(b"2,A,2026-01-02,\0", "16", "NUL byte");
    check(b"2,A\ry,2026-01-02,x", "4", "carriage return stands alone");
    check(b"2,A,2026-01-02,\xFF", "16", "not text");
    check(b"2,A,2026-01-02", "5", "the row has 3 fields, the header has 4");
    check(b"2,\"A\"b,2026-01-02,x", "6", "follows a closing quote");
    check(b"2,A,yesterday,x", "when", "not a time of the form");
    check(b",A,2026-01-02,x", "id", "key is empty");
    check(b"2,,2026-01-02,x", "customer", "empty");
    check(format!("2,A,2026-01-02,{}", "x".repeat(1 << 21)).as_bytes(), "16", "larger than");
    check(format!("2,A,2026-01-02,\"{}\"", "x".repeat(1 << 21)).as_bytes(), "16", "larger than");
    check(&[b"2".as_slice(), &vec![b','; 5000]].concat(), "4098", "more than 4096 fields");
}

#[test]
fn a_huge_field_is_refused_and_the_rows_after_it_are_taken() {
    let desk = Desk::new();
    let done = desk.try_import(CALLS, vec![desk.file("huge.csv", Huge::field(6))], true).unwrap();
    assert_eq!((done.report.figures.taken, done.report.figures.refused), (1, 1));
    assert_eq!((done.refused[0].line, done.refused[0].column.as_str()), (2, "16"));
    assert!(done.refused[0].fields.iter().all(|field| field.len() <= 1 << 20));
}

#[test]
fn a_field_of_100_megabytes_is_passed_over_in_flat_memory() {
    let before = memory();
    let again = || -> Box<dyn Seekable> { Box::new(Huge::field(100)) };
    let mut table = source::open(&again, &Form::default()).unwrap();
    let (mut record, mut good, mut wrong) = (Record::default(), 0, Vec::new());
    while table.rows.read(&mut record).unwrap() {
        match record.problem(table.columns.len()) {
            None => good += 1,
            Some((place, _)) => wrong.push((place.line, place.column)),
        }
    }
    assert_eq!((good, wrong.as_slice()), (1, [(2, 16)].as_slice()));
    let grown = memory().saturating_sub(before);
    assert!(grown < 24 << 20, "{grown} bytes more while reading");
}

#[test]
fn a_quote_that_is_never_closed_ends_the_file_by_place() {
    let again = || -> Box<dyn Seekable> { Box::new(Huge { end: b"", ..Huge::field(3) }) };
    let mut table = source::open(&again, &Form::default()).unwrap();
    let error = table.rows.read(&mut Record::default()).unwrap_err();
    assert_eq!(error.code(), "csv_malformed");
    assert!(error.to_string().starts_with("line 2, column 16:"), "{error}");
}

/// A file with one enormous quoted field, made while it is read.
struct Huge {
    size_bytes: u64,
    end: &'static [u8],
    at: u64,
}

impl Huge {
    const START: &[u8] = b"id,customer,when,what\n1,A,2026-01-02,\"";

    fn field(megabytes: u64) -> Huge {
        Huge { size_bytes: megabytes << 20, end: b"\"\n2,B,2026-01-02,y\n", at: 0 }
    }
}

impl Read for Huge {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let field = Huge::START.len() as u64;
        let end = field + self.size_bytes;
        let count = if self.at < field {
            (&Huge::START[self.at as usize..]).read(buffer)?
        } else if self.at < end {
            let count = buffer.len().min((end - self.at) as usize);
            buffer[..count].fill(b'x');
            count
        } else {
            let from = ((self.at - end) as usize).min(self.end.len());
            (&self.end[from..]).read(buffer)?
        };
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Huge {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        let size = Huge::START.len() as u64 + self.size_bytes + self.end.len() as u64;
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(by) => size.saturating_add_signed(by),
            SeekFrom::Current(by) => self.at.saturating_add_signed(by),
        };
        Ok(self.at)
    }
}

/// The most memory this process has held, in bytes.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() << 10
}

#[test]
fn a_cell_with_an_error_is_refused_by_place() {
    let desk = Desk::new();
    let sheet = workbook(&[
        &["id", "customer", "when", "what"],
        &["1", "A", "2026-01-02", "#N/A"],
        &["2", "B", "2026-01-02", "y", ""],
    ]);
    let done = desk.import(CALLS, &[("book.xlsx", &sheet)]);
    assert_eq!((done.report.figures.taken, done.report.figures.refused), (1, 1));
    assert_eq!((done.refused[0].line, done.refused[0].column.as_str()), (2, "4"));
}

#[test]
fn lines_that_are_no_objects_are_refused_by_place() {
    let desk = Desk::new();
    let good = r#"{"id":1,"customer":"A","when":"2026-01-02","what":"x"}"#;
    let lines = format!(
        "{good}\n{{\"id\": 2,\n[3]\n{{\"id\":123456789012345678901234567890,\"customer\":\"A\",\"when\":\"2026-01-02\",\"what\":\"x\"}}\n{}\n",
        good.replace("\"id\":1", "\"id\":4")
    );
    let done = desk.import(CALLS, &[("calls.jsonl", lines.as_bytes())]);
    assert_eq!(done.report.figures.taken, 2, "{:?}", done.refused);
    let places: Vec<u64> = done.refused.iter().map(|row| row.line).collect();
    assert_eq!(places, [2, 3, 4]);
    assert!(done.refused[2].reason.contains("more digits"));
}
