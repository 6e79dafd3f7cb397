//! Nothing that is called a file makes an import panic, hang, lose count or forget to say where.

use daybook_server::import::{Mapping, guess};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};

use crate::desk::{CALLS, Desk, gzip, workbook, zip};

const HEAD: &[u8] = b"id,customer,when,what\n";

/// Pieces of tables that break readers.
const PIECES: [&[u8]; 15] = [
    b",",
    b"\n",
    b"\r",
    b"\"",
    b"\0",
    b"\xFF\xFE",
    b"\xC4\xE3",
    b"PK\x03\x04",
    b"\x1F\x8B\x08",
    b"{\"id\":1}",
    "华,".as_bytes(),
    b"2026-01-02",
    b"1,A,2026-01-02,x\n",
    b"=1+1,",
    HEAD,
];

/// Pieces of JSON that break readers.
const JSON: [&[u8]; 14] = [
    b"{",
    b"}",
    b"[",
    b"\n",
    b"\"",
    b"\\u",
    b":",
    b",",
    b"null",
    b"1e999",
    b"99999999999999999999",
    b"\"id\":\"7\",\"customer\":\"A\"",
    b"{\"id\":\"1\",\"customer\":\"A\",\"when\":\"2026-01-02\",\"what\":\"x\"}\n",
    b"\xFF",
];

fn pieces(of: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => select(of).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn table() -> impl Strategy<Value = Vec<u8>> {
    let headed = |(headed, garbage): (bool, Vec<u8>)| match headed {
        true => [HEAD, &garbage].concat(),
        false => garbage,
    };
    (any::<bool>(), pieces(&PIECES)).prop_map(headed)
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    pieces(&JSON).prop_map(|garbage| [b"{", &*garbage].concat())
}

fn book() -> impl Strategy<Value = Vec<u8>> {
    let word = select(vec!["", "1", "A", "date:46024", "2026-01-02", "#N/A", "x", "-7.5", "华东"]);
    vec(vec(word, 0..6), 0..8).prop_map(|rows| {
        let mut sheet = vec![["id", "customer", "when", "what"].as_slice()];
        sheet.extend(rows.iter().map(Vec::as_slice));
        workbook(&sheet)
    })
}

/// A file of any form, often packed, sometimes with flipped bytes or cut off.
fn file() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let plain = prop_oneof![
        3 => table().prop_map(|content| ("garbage.csv", content)),
        2 => lines().prop_map(|content| ("garbage.jsonl", content)),
        1 => book().prop_map(|content| ("garbage.xlsx", content)),
    ];
    let packed = (plain, 0..4u8).prop_map(|((name, content), way)| match way {
        0 => ("garbage.csv.gz", gzip(&content)),
        1 => ("garbage.zip", zip(&[(name, &content)])),
        _ => (name, content),
    });
    let flips = vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    let cut = prop::option::weighted(0.2, any::<prop::sample::Index>());
    (packed, flips, cut).prop_map(|((name, mut content), flips, cut)| {
        if !content.is_empty() {
            for (place, byte) in flips {
                let at = place.index(content.len());
                content[at] ^= byte;
            }
            if let Some(cut) = cut {
                content.truncate(cut.index(content.len()));
            }
        }
        (name, content)
    })
}

fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

fn try_files(cases: u32) {
    let desk = std::panic::AssertUnwindSafe(Desk::new());
    let result = runner(cases).run(&file(), |(name, content)| {
        match desk.try_import(CALLS, vec![desk.file(name, content.as_slice())], true) {
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
        let looked = desk.file(name, content.as_slice());
        let _ = guess::guess(name, &|| looked.open(), None);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Mappings with some of their words exchanged.
fn mapping() -> impl Strategy<Value = String> {
    let words = vec![
        "{",
        "}",
        "[",
        "]]",
        "=",
        "\"",
        "\n",
        "row_key",
        "event",
        "\"{x}\"",
        "customer",
        "7",
        "true",
        "table = \"t\"",
        "money = \"CNY\"",
        "when",
        "once_per",
        "format = \"%Q\"",
    ];
    let change = (any::<prop::sample::Index>(), 0..12usize, select(words));
    vec(change, 1..6).prop_map(|changes| {
        let mut text = CALLS.to_owned();
        for (place, size, word) in changes {
            let at = place.index(text.len());
            let end = (at + size).min(text.len());
            text.replace_range(at..end, word);
        }
        text
    })
}

fn try_mappings(cases: u32) {
    let desk = std::panic::AssertUnwindSafe(Desk::new());
    let result = runner(cases).run(&mapping(), |text| {
        match Mapping::parse(&text) {
            Ok(_) => {
                let file =
                    desk.file("calls.csv", [HEAD, b"1,A,2026-01-02,x\n"].concat().as_slice());
                if let Err(error) = desk.try_import(&text, vec![file], true) {
                    prop_assert!(!matches!(error.code(), "interrupted" | "closed"), "{error}");
                }
            }
            Err(error) => prop_assert!(!error.code().is_empty() && !error.hint().is_empty()),
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn malformed_files_end_in_figures_or_in_a_named_error() {
    try_files(500);
}

#[test]
fn malformed_mappings_are_refused_or_do_what_they_say() {
    try_mappings(500);
}

#[test]
#[ignore = "the full count of the bar"]
fn ten_thousand_malformed_files_end_in_figures_or_in_a_named_error() {
    try_files(10_000);
}

#[test]
#[ignore = "the full count of the bar"]
fn ten_thousand_malformed_mappings_are_refused_or_do_what_they_say() {
    try_mappings(10_000);
}
