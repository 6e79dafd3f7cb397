//! Promise: an import of real files loses nothing, invents nothing, and can be run again for ever.
//!
//! The figures in the ledger are compared with figures that this test computes straight from the CSV
//! by code of its own. The files are not part of the source: they are looked for in the folder
//! `shared/data` beside the workspace, or where DAYBOOK_SHARED points; without them the test says so.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn sample(path: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("DAYBOOK_SHARED").map_or(root, PathBuf::from);
    let file = root.join("data").join(path);
    if file.is_file() {
        return Some(file);
    }
    println!("skipped: {} is not there; set DAYBOOK_SHARED to the folder of data/", file.display());
    None
}

/// A ledger in a folder of its own, used through the command.
struct Book {
    folder: tempfile::TempDir,
}

impl Book {
    fn new() -> Book {
        let book = Book { folder: tempfile::tempdir().unwrap() };
        book.run(&["init", "--zone", "UTC", "--currency", "USD"]);
        book
    }

    fn run(&self, arguments: &[&str]) -> Value {
        let output = Command::new(daybook())
            .args(arguments)
            .arg("--json")
            .env("DAYBOOK_DIR", self.folder.path().join("book"))
            .env("DAYBOOK_HEADS", self.folder.path().join("heads"))
            .output()
            .expect("daybook runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn import(&self, file: &Path, mapping: &str) -> Value {
        self.run(&["import", file.to_str().unwrap(), "--mapping", mapping])
    }
}

/// The command of this workspace, brought up to date once: a dependency on its package builds only
/// its library.
fn daybook() -> &'static Path {
    static COMMAND: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    COMMAND.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let folder = test.parent().unwrap().parent().unwrap();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "-p", "daybook", "--bin", "daybook"]);
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().expect("cargo runs").success());
        folder.join(format!("daybook{}", std::env::consts::EXE_SUFFIX))
    })
}

/// Events by kind and their sums in one currency.
fn kinds(stats: &Value) -> (BTreeMap<String, u64>, BTreeMap<String, i64>) {
    let (mut counts, mut sums) = (BTreeMap::new(), BTreeMap::new());
    for kind in stats["by_kind"].as_array().unwrap() {
        let name = kind["kind"].as_str().unwrap().to_owned();
        counts.insert(name.clone(), kind["events"].as_u64().unwrap());
        for sum in kind["sums"].as_array().unwrap() {
            assert_eq!(sum["currency"], "USD");
            sums.insert(name.clone(), sum["minor"].as_i64().unwrap());
        }
    }
    (counts, sums)
}

/// Reads cents by hand: `55.94`, `94` or `94.5`.
fn cents(text: &str) -> i64 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let fraction = format!("{fraction:0<2}");
    assert_eq!(fraction.len(), 2, "{text}");
    whole.parse::<i64>().unwrap() * 100 + fraction.parse::<i64>().unwrap()
}

fn rows(file: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(file).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

/// Runs the import again and checks that nothing, itself included, is added.
fn again_adds_nothing(book: &Book, file: &Path, mapping: &str, rows: u64) {
    let before = book.run(&["stats"]);
    let second = book.import(file, mapping);
    assert_eq!(second["figures"]["known"], rows);
    assert_eq!(second["figures"]["events"], 0);
    assert_eq!(book.run(&["stats"]), before);
}

#[test]
fn every_invoice_of_the_receivables_file_is_in_the_ledger_once() {
    let name = "ibm-ar/WA_Fn-UseC_-Accounts-Receivable.csv";
    let Some(file) = sample(name) else { return };
    let rows = rows(&file);
    let book = Book::new();
    let report = book.import(&file, "ibm-ar");
    let amount: i64 = rows.iter().map(|row| cents(&row["InvoiceAmount"])).sum();
    let disputed: Vec<_> = rows.iter().filter(|row| row["Disputed"] == "Yes").collect();
    let customers: BTreeSet<&String> = rows.iter().map(|row| &row["customerID"]).collect();
    let count = rows.len() as u64;
    assert_eq!(report["figures"]["rows"], count);
    assert_eq!(report["figures"]["taken"], count);
    assert_eq!(report["sums"][0]["minor"], amount);

    let stats = book.run(&["stats"]);
    let (counts, sums) = kinds(&stats);
    for kind in ["receivable.opened", "invoice.issued", "payment.received", "credit.applied"] {
        assert_eq!(counts[kind], count, "{kind}");
        assert_eq!(sums[kind], amount, "{kind}");
    }
    assert_eq!(counts["customer.registered"], customers.len() as u64);
    assert_eq!(stats["customers"], customers.len() as u64);
    assert_eq!(counts["receivable_dispute.changed"], disputed.len() as u64);
    assert_eq!(counts["import.applied"], 1);
    let in_dispute: i64 = disputed.iter().map(|row| cents(&row["InvoiceAmount"])).sum();
    assert_eq!(stats["disputed"][0]["minor"], in_dispute);
    one_day_in_the_past(&book, &rows);
    one_customer(&book, &rows);
    for as_of in
        ["2012-02-29", "2012-12-31", "2013-03-31", "2013-09-15", "2014-01-08", "2014-01-09"]
    {
        ageing_on(&book, &rows, as_of);
    }
    again_adds_nothing(&book, &file, "ibm-ar", count);
}

/// Month, day and year as a number that sorts.
fn day(text: &str) -> u32 {
    let parts: Vec<u32> = text.split('/').map(|part| part.parse().unwrap()).collect();
    parts[2] * 10_000 + parts[0] * 100 + parts[1]
}

fn one_day_in_the_past(book: &Book, rows: &[BTreeMap<String, String>]) {
    let (_, sums) = kinds(&book.run(&["stats", "--as-of", "2013-03-31"]));
    let until = |column: &str| -> i64 {
        let by_then = rows.iter().filter(|row| day(&row[column]) <= 20_130_331);
        by_then.map(|row| cents(&row["InvoiceAmount"])).sum()
    };
    assert_eq!(sums["invoice.issued"], until("InvoiceDate"));
    assert_eq!(sums["payment.received"], until("SettledDate"));
}

fn one_customer(book: &Book, rows: &[BTreeMap<String, String>]) {
    let code = &rows[0]["customerID"];
    let shown = book.run(&["show", code, "--as-of", "2013-03-31"]);
    let own = rows.iter().filter(|row| row["customerID"] == *code);
    let open = own.filter(|row| {
        day(&row["InvoiceDate"]) <= 20_130_331 && day(&row["SettledDate"]) > 20_130_331
    });
    let open: i64 = open.map(|row| cents(&row["InvoiceAmount"])).sum();
    let receivable = &shown["profile"]["figures"]["receivable"];
    assert_eq!(receivable[0]["minor"].as_i64().unwrap_or(0), open);
}

/// Days since 1 January 1970, counted by hand.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    years + months.iter().take(month as usize - 1).sum::<i64>() + day - 1
}

/// The same of a cell such as `1/26/2013`.
fn cell_day(text: &str) -> i64 {
    let parts: Vec<i64> = text.split('/').map(|part| part.parse().unwrap()).collect();
    day_number(parts[2], parts[0], parts[1])
}

/// The ageing of a past day, by due day and by document day, against the file.
fn ageing_on(book: &Book, rows: &[BTreeMap<String, String>], as_of: &str) {
    let parts: Vec<i64> = as_of.split('-').map(|part| part.parse().unwrap()).collect();
    let today = day_number(parts[0], parts[1], parts[2]);
    let open = |row: &&BTreeMap<String, String>| {
        cell_day(&row["InvoiceDate"]) <= today && cell_day(&row["SettledDate"]) > today
    };
    for (by, column) in [("due", "DueDate"), ("document", "InvoiceDate")] {
        // For each customer: not due, 1-30 (or 0-30), 31-60, 61-90, 91-120, beyond.
        let mut expected: BTreeMap<&str, [i64; 6]> = BTreeMap::new();
        for row in rows.iter().filter(open) {
            let age = today - cell_day(&row[column]);
            let bucket = match age {
                _ if by == "due" && age <= 0 => 0,
                ..=30 => 1,
                31..=60 => 2,
                61..=90 => 3,
                91..=120 => 4,
                _ => 5,
            };
            expected.entry(&row["customerID"]).or_default()[bucket] += cents(&row["InvoiceAmount"]);
        }
        let shown = book.run(&["receivables", "ageing", "--as-of", as_of, "--by", by]);
        let minor = |amount: &Value| amount["minor"].as_i64().unwrap();
        let mut actual: BTreeMap<&str, [i64; 6]> = BTreeMap::new();
        for line in shown["lines"].as_array().unwrap() {
            let mut buckets = [minor(&line["not_due"]), 0, 0, 0, 0, 0];
            for (at, bucket) in line["buckets"].as_array().unwrap().iter().enumerate() {
                buckets[at + 1] = minor(bucket);
            }
            assert_eq!(line["unapplied"]["minor"], 0);
            actual.insert(line["customer"].as_str().unwrap(), buckets);
        }
        assert_eq!(actual, expected, "{as_of} by {by}");
        let sum: i64 = expected.values().flatten().sum();
        let total = shown["totals"].as_array().unwrap().first().map_or(0, |t| minor(&t["open"]));
        assert_eq!(total, sum, "{as_of} by {by}");
    }
}

#[test]
fn every_deal_of_the_pipeline_file_is_in_the_ledger_once() {
    let Some(file) = sample("maven-crm/sales_pipeline.csv") else { return };
    let rows = rows(&file);
    let book = Book::new();
    let report = book.import(&file, "maven-crm");
    let stage = |name: &'static str| rows.iter().filter(move |row| row["deal_stage"] == name);
    let won: i64 = stage("Won").map(|row| cents(&row["close_value"])).sum();
    let customers: BTreeSet<&String> = rows.iter().map(|row| &row["account"]).collect();
    assert_eq!(report["figures"]["taken"], rows.len() as u64);
    assert_eq!(report["figures"]["refused"], 0);

    let (counts, sums) = kinds(&book.run(&["stats"]));
    assert_eq!(counts["opportunity.opened"], rows.len() as u64);
    assert_eq!(counts["opportunity.won"], stage("Won").count() as u64);
    assert_eq!(counts["opportunity.lost"], stage("Lost").count() as u64);
    assert_eq!(sums["opportunity.won"], won);
    // The empty account counts as one customer, the stated constant.
    assert_eq!(counts["customer.registered"], customers.len() as u64);
    let unassigned = book.run(&["show", "UNASSIGNED"]);
    let open = rows.iter().filter(|row| row["account"].is_empty()).count() as u64;
    assert_eq!(unassigned["profile"]["figures"]["opportunities_open"], open);
    let old = rows.iter().filter(|row| row["product"] == "GTXPro").count();
    assert!(old > 0, "the file still has the spelling the mapping corrects");
    again_adds_nothing(&book, &file, "maven-crm", rows.len() as u64);
}
