//! IBM "Accounts Receivable": invoices, payments, and what was open on days of the past.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::book::{Book, Fields, cents, kinds, rows, sample};

#[test]
fn every_invoice_of_the_receivables_file_is_in_the_ledger_once() {
    let name = "ibm-ar/WA_Fn-UseC_-Accounts-Receivable.csv";
    let Some(file) = sample(name) else { return };
    let rows = rows(&file);
    let book = Book::new("UTC", "USD");
    let report = book.import(std::slice::from_ref(&file), "ibm-ar");
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
    open_on_past_days(&book, &rows);
    one_customer(&book, &rows);
    for as_of in
        ["2012-02-29", "2012-12-31", "2013-03-31", "2013-09-15", "2014-01-08", "2014-01-09"]
    {
        ageing_on(&book, &rows, as_of);
    }
    nothing_was_known_before(&book);
    book.again_adds_nothing(&[file], "ibm-ar", count);
}

/// Month, day and year as a number that sorts.
fn day(text: &str) -> u32 {
    let parts: Vec<u32> = text.split('/').map(|part| part.parse().unwrap()).collect();
    parts[2] * 10_000 + parts[0] * 100 + parts[1]
}

fn open_on_past_days(book: &Book, rows: &[Fields]) {
    for (text, number) in
        [("2012-06-30", 20_120_630), ("2013-03-31", 20_130_331), ("2013-12-31", 20_131_231)]
    {
        let (_, sums) = kinds(&book.run(&["stats", "--as-of", text]));
        let until = |column: &str| -> i64 {
            let by_then = rows.iter().filter(|row| day(&row[column]) <= number);
            by_then.map(|row| cents(&row["InvoiceAmount"])).sum()
        };
        assert_eq!(sums["invoice.issued"], until("InvoiceDate"), "{text}");
        assert_eq!(sums["payment.received"], until("SettledDate"), "{text}");
        let open = sums["receivable.opened"] - sums["credit.applied"];
        let expected: i64 = rows
            .iter()
            .filter(|row| day(&row["InvoiceDate"]) <= number && day(&row["SettledDate"]) > number)
            .map(|row| cents(&row["InvoiceAmount"]))
            .sum();
        assert!(expected > 0, "something was open on {text}");
        assert_eq!(open, expected, "{text}");
    }
}

/// A question about what was known before the import answers empty.
fn nothing_was_known_before(book: &Book) {
    let before = book.run(&["stats", "--known-at", "2020-01-01"]);
    assert_eq!(before["customers"], 0);
    assert_eq!(before["customer_events"], 0);
}

fn one_customer(book: &Book, rows: &[Fields]) {
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
fn ageing_on(book: &Book, rows: &[Fields], as_of: &str) {
    let parts: Vec<i64> = as_of.split('-').map(|part| part.parse().unwrap()).collect();
    let today = day_number(parts[0], parts[1], parts[2]);
    let open = |row: &&Fields| {
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
