//! Maven "CRM Sales Opportunities": accounts and opportunities.

use std::collections::BTreeSet;

use crate::book::{Book, Fields, cents, kinds, rows, sample};

#[test]
fn every_deal_of_the_pipeline_file_is_in_the_ledger_once() {
    let Some(accounts) = sample("maven-crm/accounts.csv") else { return };
    let Some(file) = sample("maven-crm/sales_pipeline.csv") else { return };
    let known: Vec<Fields> = crate::book::rows(&accounts);
    let rows = rows(&file);
    let book = Book::new("UTC", "USD");
    let files = [accounts, file];
    let report = book.import(&files, "maven-crm");
    let count = (known.len() + rows.len()) as u64;
    let stage = |name: &'static str| rows.iter().filter(move |row| row["deal_stage"] == name);
    let won: i64 = stage("Won").map(|row| cents(&row["close_value"])).sum();
    let named = known.iter().map(|row| &row["account"]);
    let customers: BTreeSet<&String> =
        rows.iter().map(|row| &row["account"]).chain(named).collect();
    assert_eq!(report["figures"]["taken"], count);
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
    book.again_adds_nothing(&files, "maven-crm", count);
}
