//! Files in every container, form and encoding come in alike, and are kept.

use std::io::Read;

use daybook_core::event::Kind;
use encoding_rs::GB18030;

use crate::desk::{CALLS, Desk, gzip, gzip_of, workbook, zip};

const ROWS: &str =
    "id,customer,when,what\n007,华东机械,2026-01-02,询价\n008,Acme,2026-01-03,\"two, lines\"\n";

fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let units = mark.then_some(0xFEFF).into_iter().chain(text.encode_utf16());
    let bytes = |unit: u16| if big { unit.to_be_bytes() } else { unit.to_le_bytes() };
    units.flat_map(bytes).collect()
}

#[test]
fn one_table_comes_in_alike_however_it_is_written() {
    let gbk = GB18030.encode(ROWS).0.into_owned();
    let crlf = ROWS.replace('\n', "\r\n");
    let mac = ROWS.replace('\n', "\r");
    let lines = "{\"id\":\"007\",\"customer\":\"华东机械\",\"when\":\"2026-01-02\",\"what\":\"询价\"}\n\n\
                 {\"what\":\"two, lines\",\"when\":\"2026-01-03\",\"customer\":\"Acme\",\"id\":\"008\"}";
    let sheet = workbook(&[
        &["id", "customer", "when", "what"],
        &["007", "华东机械", "date:46024", "询价"],
        &[],
        &["008", "Acme", "date:46025", "two, lines"],
    ]);
    let forms: Vec<(&str, Vec<u8>)> = vec![
        ("plain.csv", ROWS.into()),
        ("marked.csv", format!("\u{feff}{ROWS}").into_bytes()),
        ("gbk.csv", gbk.clone()),
        ("utf16le.csv", utf16(ROWS, false, true)),
        ("utf16be.csv", utf16(ROWS, true, true)),
        (
            "unmarked.txt",
            utf16(&ROWS.replace("华东机械", "East").replace("询价", "quote"), false, false),
        ),
        ("crlf.csv", crlf.into_bytes()),
        ("mac.csv", mac.into_bytes()),
        ("tabs.txt", ROWS.replace("\"two, lines\"", "two; lines").replace(',', "\t").into_bytes()),
        ("packed.csv.gz", gzip(&gbk)),
        ("packed.zip", zip(&[("__MACOSX/x", b"junk"), ("folder/calls.csv", &gbk)])),
        ("lines.jsonl", lines.into()),
        ("lines.jsonl.gz", gzip(lines.as_bytes())),
        ("book.xlsx", sheet),
    ];
    for (name, content) in forms {
        let desk = Desk::new();
        let done = desk.import(CALLS, &[(name, &content)]);
        assert_eq!(done.report.figures.taken, 2, "{name}: {:?}", done.refused);
        let said = desk.said();
        assert!(said[0] == "询价" || said[0] == "quote", "{name}: {said:?}");
        assert!(said[1].replace(';', ",") == "two, lines", "{name}: {said:?}");
        // The file itself is kept, byte for byte, and found from the report.
        let attached = done.report.files[0].attached_at.expect("it is attached");
        let mut kept = Vec::new();
        let file = desk.ledger.reader().attached_file(attached).unwrap().expect("a file");
        let mut stored = file.content;
        stored.read_to_end(&mut kept).unwrap();
        assert!(kept == content, "{name} is kept as it came");
        let again = desk.import(CALLS, &[(name, &content)]);
        assert_eq!((again.report.figures.known, again.report.figures.events), (2, 0), "{name}");
        assert_eq!(desk.events(Kind::ImportApplied).len(), 1);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let check = |name: &str, content: &[u8], code: &str, said: &str| {
        let desk = Desk::new();
        let file = desk.file(name, content);
        let Err(error) = desk.try_import(CALLS, vec![file], false) else {
            panic!("{name} was taken")
        };
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(next) = cause {
            text = format!("{text}: {next}");
            cause = next.source();
        }
        assert_eq!(error.code(), code, "{text}");
        assert!(text.contains(said), "{name}: {text}");
    };
    let latin = encoding_rs::WINDOWS_1252
        .encode("id,customer,when,what\n1,Café São João é à,2026-01-02,déjà vu ção\n")
        .0;
    check("latin.csv", &latin, "encoding_unsupported", "windows-1252");
    check("utf32.csv", &[0xFF, 0xFE, 0, 0, 105, 0, 0, 0], "encoding_unsupported", "UTF-32");
    check("old.xls", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "not_a_table", "save it as .xlsx");
    check("table.pdf", b"%PDF-1.7", "not_a_table", "PDF");
    check("two.zip", &zip(&[("a.csv", b"a"), ("b.csv", b"b")]), "choice_needed", "a.csv, b.csv");
    check("cut.zip", b"PK\x03\x04 cut off", "archive_unreadable", "");
    check("empty.csv", b"", "file_empty", "first row must name");
    check("other.csv", b"a,b\n1,2\n", "columns_differ", "the file's columns are a, b");
    check(
        "open.csv",
        b"id,customer,when,what\n1,A,2026-01-02,\"open\n2,B\n",
        "csv_malformed",
        "line 2, column 16: the quote opened here is never closed",
    );
    check(
        "bomb.csv.gz",
        &gzip_of(std::io::Read::take(std::io::repeat(b'\n'), 80 << 20)),
        "unpacks_too_large",
        "250 times",
    );
}

#[test]
fn odd_headers_are_told_apart() {
    let desk = Desk::new();
    let mapping = CALLS
        .replace("\"{what}\"", "\"{what#2} {column 6}\"")
        .replace("source = \"calls\"", "source = \"calls\"\nheader = 2");
    let rows =
        "Export of 2026,,,,,\nid,customer,when,what,what,\n1,A,2026-01-02,first,second,third\n";
    let done = desk.import(&mapping, &[("odd.csv", rows.as_bytes())]);
    assert_eq!(done.report.figures.taken, 1, "{:?}", done.refused);
    assert_eq!(desk.said(), ["second third"]);
    // What is refused is fed back with its header on the first line.
    let fed = "\u{feff}id,customer,when,what,what,,refused_line,refused_column,refused_value,refused_reason,refused_text\n\
               2,A,2026-01-03,x,mended,y,3,when,,it is empty,\n";
    let done = desk.import(
        &mapping.replace("source = \"calls\"", "delimiter = \";\"\nsource = \"calls\""),
        &[("mended.csv", fed.as_bytes())],
    );
    assert_eq!(done.report.figures.taken, 1, "{:?}", done.refused);
}
