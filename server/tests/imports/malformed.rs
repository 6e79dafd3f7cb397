//! Bad rows are refused by place, the others stand; nothing makes an import panic, hang or lose count.

use daybook_core::event::Kind;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

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
fn a_field_of_100_megabytes_is_refused_in_flat_memory() {
    let desk = Desk::new();
    let start = format!("{HEAD}1,A,2026-01-02,\"");
    let huge = std::io::Read::take(std::io::repeat(b'x'), 100 << 20);
    let end = "\"\n2,B,2026-01-02,y\n";
    let before = memory();
    let content =
        std::io::Read::chain(std::io::Read::chain(start.as_bytes(), huge), end.as_bytes());
    // The file itself is kept sealed in the memory store of the test; what matters is the reading.
    let file = desk.file("huge.csv", content);
    let held = memory();
    let done = desk.try_import(CALLS, vec![file], true).unwrap();
    assert_eq!((done.report.figures.taken, done.report.figures.refused), (1, 1));
    assert_eq!((done.refused[0].line, done.refused[0].column.as_str()), (2, "16"));
    let grown = memory().saturating_sub(held);
    println!("before {before}, with the file {held}, grown {grown}");
    assert!(grown < 32 << 20, "{grown} bytes more while reading");
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

/// Text with a good deal of what breaks readers.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b",".to_vec()),
        Just(b"\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\0".to_vec()),
        Just(b"\xFF\xFE".to_vec()),
        Just(b"\xC4\xE3".to_vec()),
        Just(b"PK\x03\x04".to_vec()),
        Just(b"\x1F\x8B\x08".to_vec()),
        Just(b"{\"id\":1}".to_vec()),
        Just("华,".as_bytes().to_vec()),
        Just(b"2026-01-02".to_vec()),
        Just(b"1,A,2026-01-02,x\n".to_vec()),
        Just(HEAD.as_bytes().to_vec()),
        vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn try_malformed(cases: u32) {
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let desk = std::panic::AssertUnwindSafe(Desk::new());
    let strategy = (any::<bool>(), garbage());
    let result = runner.run(&strategy, |(headed, garbage)| {
        let content = if headed { [HEAD.as_bytes(), &garbage].concat() } else { garbage };
        let file = desk.file("garbage.csv", content.as_slice());
        match desk.try_import(CALLS, vec![file], true) {
            // A refused row says where.
            Ok(done) => {
                for row in &done.refused {
                    prop_assert!(row.line > 0 && !row.column.is_empty() && !row.reason.is_empty());
                }
            }
            Err(error) => {
                prop_assert!(!error.code().is_empty() && !error.hint().is_empty());
                prop_assert!(!matches!(error.code(), "interrupted" | "closed"), "{error}");
            }
        }
        let looked = desk.file("garbage.csv", content.as_slice());
        let _ = daybook_server::import::guess::guess("garbage.csv", &|| looked.open(), None);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn malformed_files_end_in_figures_or_in_a_named_error() {
    try_malformed(500);
}

#[test]
#[ignore = "the full count of the bar"]
fn ten_thousand_malformed_files_end_in_figures_or_in_a_named_error() {
    try_malformed(10_000);
}
