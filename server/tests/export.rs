//! Promise: what leaves the ledger is whole, says so, runs no formula, opens nothing unasked, and
//! is noted.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::io::Cursor;

use axum::body::Body;
use axum::http::Request;
use daybook_core::event::transfer::ExportFormat;
use daybook_server::export::cell::plain;
use daybook_server::export::check::{Checked, Fault, check};
use serde_json::{Value, json};
use support::{Place, call, owes, register};

/// Words a spreadsheet would compute, or that a table could break on.
const WORDS: [&str; 6] =
    ["=HYPERLINK(\"http://x\")", "+1", "-1+1", "@A1", "'quoted'", "two\r\nlines, \"and\" more"];

async fn filled() -> Place {
    let place = Place::founded(1);
    place.take(json!([[register("C-1", "=1+1")], [register("C-2", "二号")]])).await;
    let mut units: Vec<Value> = WORDS.iter().map(|words| json!([call("C-1", words)])).collect();
    units.push(json!([owes("C-1", "AR-1", 120_050)]));
    units.push(json!([owes("C-2", "AR-1", 7)]));
    place.take(Value::Array(units)).await;
    let void = place.get("/v1/events?customer=C-1&kind=interaction.recorded").await;
    let void = void["events"][0]["event_id"].clone();
    place
        .take(json!([[{ "customer": "C-1", "command": "void_event", "event": void,
            "reason": "=twice" }]]))
        .await;
    place
}

fn checked(file: &[u8], format: ExportFormat) -> Checked {
    check(Cursor::new(file), format, None).expect("readable")
}

fn whole(file: &[u8], format: ExportFormat) -> Checked {
    let checked = checked(file, format);
    assert_eq!(checked.faults, [], "{format}");
    assert_eq!(checked.export_end.as_ref(), Some(&checked.found));
    checked
}

fn lines(file: &[u8]) -> Vec<Value> {
    file.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).expect("a document a line"))
        .collect()
}

#[tokio::test]
async fn the_three_forms_hold_the_same_and_say_it() {
    let place = filled().await;
    let end = place.ledger.reader().head().next.0;
    let asked = format!("before={end}&personal=true");
    let jsonl = place.file(&format!("/v1/export?{asked}")).await;
    let csv = place.file(&format!("/v1/export?format=csv&{asked}")).await;
    let xlsx = place.file(&format!("/v1/export?format=xlsx&{asked}")).await;
    let of_lines = whole(&jsonl, ExportFormat::Jsonl).found;
    let of_table = whole(&csv, ExportFormat::Csv).found;
    let of_book = whole(&xlsx, ExportFormat::Xlsx).found;
    assert_eq!(of_table, of_book, "a workbook has the digest of its table");
    assert_eq!((of_lines.rows, of_lines.voided), (end, 1));
    assert_eq!(of_lines.sums, of_table.sums);
    assert_eq!(of_lines.sums[0].amount, "1200.57");
    let kinds: u64 = of_lines.kinds.iter().map(|kind| kind.rows).sum();
    assert_eq!(kinds, end);
    // Every cell of the table comes back as it was, the formulas included.
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(&csv[3..]);
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.unwrap()).collect();
    let (statement, records) = records.split_last().expect("records");
    assert_eq!(&statement[0], "#daybook-export");
    let rows = &lines(&jsonl)[1..];
    for (record, row) in records.iter().zip(rows) {
        let starts = record.iter().filter(|cell| cell.starts_with(['=', '+', '@', '\t', '\r']));
        assert_eq!(starts.count(), 0, "{record:?}");
        let body: Value = serde_json::from_str(plain(record.iter().next_back().unwrap())).unwrap();
        assert_eq!(body, row["body"]);
        let reason = Some(plain(&record[15])).filter(|reason| !reason.is_empty());
        assert_eq!(reason, row["reason"].as_str());
    }
}

#[tokio::test]
async fn personal_sections_stay_sealed_unless_asked_for() {
    let place = filled().await;
    let shut = place.file("/v1/export?customer=C-1").await;
    let open = place.file("/v1/export?customer=C-1&personal=true").await;
    let text = String::from_utf8(shut.clone()).unwrap();
    assert!(!text.contains("1+1\"") && !text.contains("HYPERLINK"), "{text}");
    assert!(String::from_utf8(open.clone()).unwrap().contains("HYPERLINK"));
    let shut = whole(&shut, ExportFormat::Jsonl);
    let open = whole(&open, ExportFormat::Jsonl);
    assert!(!shut.export.as_ref().unwrap().personal && open.export.as_ref().unwrap().personal);
    assert_eq!((shut.found.sealed_sections, open.found.sealed_sections), (7, 0));
}

#[tokio::test]
async fn an_export_is_noted_with_its_bounds_and_does_not_hold_its_note() {
    let place = filled().await;
    let end = place.ledger.reader().head().next.0;
    let query = "format=csv&customer=C-2&kind=receivable.opened&since=2026-01-01&reason=audit";
    let file = place.file(&format!("/v1/export?{query}")).await;
    let origin = whole(&file, ExportFormat::Csv).export.unwrap();
    let noted = place.get(&format!("/v1/events/{}", origin.noted_at.0)).await;
    let event = &noted["event"];
    assert_eq!(event["event_id"], json!(origin.noted_as));
    assert_eq!(
        (event["kind"].as_str(), event["actor"].as_str()),
        (Some("data.exported"), Some("U-07"))
    );
    assert_eq!(event["reason"], "audit");
    let body = &event["body"];
    assert_eq!((&body["of_customer"], &body["kind"]), (&json!("C-2"), &json!("receivable.opened")));
    assert_eq!(
        (&body["from"], &body["before"], &body["personal"]),
        (&json!(0), &json!(end), &json!(false))
    );
    // The layout of the kind and the note came after what was taken.
    let whole_log = place.file("/v1/export").await;
    let last = whole(&whole_log, ExportFormat::Jsonl).found.last.unwrap();
    assert_eq!(last.0, origin.noted_at.0);
    // The same bounds give the same rows for ever.
    let again = place.file(&format!("/v1/export?{query}&before={end}")).await;
    assert_eq!(whole(&again, ExportFormat::Csv).found, whole(&file, ExportFormat::Csv).found);
    assert_eq!(place.problem("/v1/export?kind=invoice.isued").await["field"], "kind");
    assert_eq!(place.problem("/v1/export?from=9&before=3").await["code"], "bounds_crossed");
}

#[tokio::test]
async fn a_file_that_is_cut_or_changed_is_told_from_a_whole_one() {
    let place = filled().await;
    for (format, path) in
        [(ExportFormat::Jsonl, "/v1/export"), (ExportFormat::Csv, "/v1/export?format=csv")]
    {
        let file = place.file(path).await;
        let text = String::from_utf8(file.clone()).unwrap();
        let without = |wanted: usize| -> Vec<u8> {
            let lines = text.split_inclusive('\n').enumerate();
            lines
                .filter(|(index, _)| *index != wanted)
                .map(|(_, line)| line)
                .collect::<String>()
                .into()
        };
        let count = text.lines().count();
        let faults = |file: &[u8]| checked(file, format).faults;
        assert!(faults(&without(count - 1)).contains(&Fault::StatementMissing));
        let dropped = faults(&without(5));
        assert!(matches!(dropped[0], Fault::RowsDiffer { .. }), "{dropped:?}");
        let changed = text.replacen("120050", "120051", 1);
        let changed = faults(changed.as_bytes());
        let digest = |fault: &Fault| matches!(fault, Fault::DigestDiffers { .. });
        assert!(changed.iter().any(digest), "{changed:?}");
        // Any single byte, anywhere before the statement.
        let body = text.rfind("\n{\"export_end\"").or(text.rfind("\n\"#daybook-export\"")).unwrap();
        for at in (0..body).step_by(97) {
            let mut bytes = file.clone();
            bytes[at] ^= 1;
            assert!(!checked(&bytes, format).whole, "{format}: byte {at}");
        }
        for end in (0..file.len()).step_by(211) {
            assert!(!checked(&file[..end], format).whole, "{format}: cut at {end}");
        }
    }
}

/// A file longer than one part, and one without a byte.
fn scans() -> [Vec<u8>; 2] {
    [(0..150_000u32).map(|at| (at % 251) as u8).collect(), Vec::new()]
}

#[tokio::test]
async fn attached_files_are_carried_when_asked_for_and_counted_otherwise() {
    let place = filled().await;
    let events = place.get("/v1/events?customer=C-2&kind=receivable.opened").await;
    let event = events["events"][0]["event_id"].as_str().unwrap().to_owned();
    for (index, scan) in scans().into_iter().enumerate() {
        let request = Request::post(format!("/v1/events/{event}/attachments?name=scan-{index}"))
            .header("x-daybook-actor", "U-01")
            .header("content-type", "application/octet-stream");
        let (status, body) = place.call(request.body(Body::from(scan)).unwrap()).await;
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    }
    let file = place.file("/v1/export?personal=true&files=true").await;
    let found = whole(&file, ExportFormat::Jsonl).found;
    assert_eq!((found.files, found.files_size_bytes, found.files_left_out), (2, 150_000, 0));
    let left_out = place.file("/v1/export?format=csv").await;
    let found = whole(&left_out, ExportFormat::Csv).found;
    assert_eq!((found.files, found.files_left_out), (0, 2));

    // A part that is missing, or stands where no file is named, is seen.
    let text = String::from_utf8(file.clone()).unwrap();
    let parts: Vec<usize> = (0..)
        .zip(text.lines())
        .filter(|(_, line)| line.starts_with("{\"part\""))
        .map(|(index, _)| index)
        .collect();
    assert_eq!(parts.len(), 5, "four of the long file, one of the empty");
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for part in &parts {
        let mut less = lines.clone();
        let part = less.remove(*part);
        assert!(!checked(less.concat().as_bytes(), ExportFormat::Jsonl).whole);
        less.insert(1, part);
        let faults = checked(less.concat().as_bytes(), ExportFormat::Jsonl).faults;
        assert!(faults.iter().any(|fault| matches!(fault, Fault::RowUnreadable { line: 2, .. })));
    }
    for query in ["files=true", "personal=true&files=true&format=csv"] {
        assert_eq!(place.problem(&format!("/v1/export?{query}")).await["field"], "files");
    }
}

/// A form with parts, as a browser or `curl -F` sends it.
fn form(parts: &[(&str, &str, &[u8])]) -> Request<Body> {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let head = format!(
            "--edge\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--edge--\r\n");
    let request = Request::post("/v1/export/check").header("x-daybook-actor", "U-01");
    let kind = "multipart/form-data; boundary=edge";
    request.header("content-type", kind).body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn the_interface_checks_files_as_the_command_does() {
    let place = filled().await;
    let jsonl = place.file("/v1/export").await;
    let xlsx = place.file("/v1/export?format=xlsx").await;
    let csv = place.file("/v1/export?format=csv").await;
    // As the command saves it: the table, and the statement beside it.
    let text = String::from_utf8(csv.clone()).unwrap();
    let table = text.rfind("\"#daybook-export\"").unwrap();
    let mut statement = csv::ReaderBuilder::new().has_headers(false).from_reader(&csv[table..]);
    let statement = statement.records().next().unwrap().unwrap()[1].to_owned();
    let calls: [&[(&str, &str, &[u8])]; 4] = [
        &[("file", "all.jsonl", &jsonl)],
        &[("file", "ALL.XLSX", &xlsx)],
        &[("file", "all.csv", &csv)],
        &[("statement", "", statement.as_bytes()), ("file", "all.csv", &csv[..table])],
    ];
    for parts in calls {
        let (status, body) = place.call(form(parts)).await;
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        let checked: Checked = serde_json::from_slice(&body).unwrap();
        assert!(checked.whole, "{:?}", checked.faults);
    }
    let (_, body) = place.call(form(&[("file", "all.csv", &csv[..table])])).await;
    let checked: Checked = serde_json::from_slice(&body).unwrap();
    assert_eq!(checked.faults, [Fault::StatementMissing]);
    for parts in [&[("file", "all.txt", &jsonl[..])][..], &[("fyle", "", b"")], &[]] {
        let (status, body) = place.call(form(parts)).await;
        assert_eq!(status, 400, "{}", String::from_utf8_lossy(&body));
    }
    let (status, body) = place.call(form(&[("file", "all.xlsx", &jsonl)])).await;
    assert_eq!(status, 400, "{}", String::from_utf8_lossy(&body));
}
