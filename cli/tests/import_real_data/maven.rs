//! Maven "CRM Sales Opportunities": accounts and opportunities.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

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
    for as_of in ["2017-03-31", "2017-08-15", "2017-12-30", "2017-12-31"] {
        funnel_on(&book, &rows, as_of);
    }
    quarter(&book, &rows);
    book.again_adds_nothing(&files, "maven-crm", count);
}

/// The day a deal came into being, as text: a prospect has none, the mapping says the file's last.
fn opened(row: &Fields) -> &str {
    if row["engage_date"].is_empty() { "2017-12-31" } else { &row["engage_date"] }
}

/// Whether a deal is closed at the end of a day in some way; dates of the file are texts that sort.
fn closed(row: &Fields, stage: &str, as_of: &str) -> bool {
    row["deal_stage"] == stage && row["close_date"].as_str() <= as_of
}

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// A share written in percent with two decimals, within half of the last.
fn assert_percent(shown: &Value, part: usize, whole: usize, about: &str) {
    let share: f64 = shown.as_str().unwrap().parse().unwrap();
    let exact = part as f64 * 100.0 / whole as f64;
    assert!((share - exact).abs() <= 0.005, "{about}: {share} is not {exact}");
}

/// The funnel of a past day, and by product, against the file.
fn funnel_on(book: &Book, rows: &[Fields], as_of: &str) {
    let there: Vec<&Fields> = rows.iter().filter(|row| opened(row) <= as_of).collect();
    let count = |of: &dyn Fn(&Fields) -> bool| there.iter().filter(|row| of(row)).count();
    let (won, lost) =
        (count(&|row| closed(row, "Won", as_of)), count(&|row| closed(row, "Lost", as_of)));
    let leads = count(&|row| row["deal_stage"] == "Prospecting");
    let engaged = there.len() - leads;
    let shown = book.run(&["funnel", "stages", "--as-of", as_of, "--by", "product"]);
    let total = &shown["total"];
    assert_eq!(number(&total["counted"]), there.len(), "{as_of}");
    assert_eq!(
        (number(&total["won"]["count"]), number(&total["lost"]["count"])),
        (won, lost),
        "{as_of}"
    );
    let (lead, qualified) = (&shown["stages"][0], &shown["stages"][1]);
    assert_eq!(number(&lead["here"]["count"]), leads, "{as_of}");
    assert_eq!(number(&qualified["here"]["count"]), engaged - won - lost, "{as_of}");
    assert_eq!(number(&lead["reached"]), there.len(), "{as_of}");
    assert_eq!((number(&qualified["reached"]), number(&qualified["visited"])), (engaged, engaged));
    let value = |of: &[&Fields]| of.iter().map(|row| cents(&row["close_value"])).sum::<i64>();
    let winners: Vec<&Fields> =
        there.iter().copied().filter(|row| closed(row, "Won", as_of)).collect();
    assert_eq!(total["won"]["amounts"][0]["minor"], value(&winners), "{as_of}");
    assert_percent(&total["win_rate"], won, won + lost, as_of);

    let mut apart: BTreeMap<&str, Vec<&Fields>> = BTreeMap::new();
    for row in there.iter().copied() {
        let product = if row["product"] == "GTXPro" { "GTX Pro" } else { &row["product"] };
        apart.entry(product).or_default().push(row);
    }
    let groups = shown["groups"].as_array().unwrap();
    assert_eq!(groups.len(), apart.len());
    for (group, (product, those)) in groups.iter().zip(&apart) {
        assert_eq!(group["group"], *product);
        assert_eq!(number(&group["counted"]), those.len(), "{as_of} {product}");
        let winners: Vec<&Fields> =
            those.iter().copied().filter(|row| closed(row, "Won", as_of)).collect();
        assert_eq!(number(&group["won"]["count"]), winners.len(), "{as_of} {product}");
        assert_eq!(group["won"]["amounts"][0]["minor"], value(&winners), "{as_of} {product}");
    }
}

/// The third quarter: win rate, days to win, and stays, against the file.
fn quarter(book: &Book, rows: &[Fields]) {
    let in_quarter = |day: &str| ("2017-07-01"..="2017-09-30").contains(&day);
    let ended = |stage: &'static str| {
        rows.iter().filter(move |row| row["deal_stage"] == stage && in_quarter(&row["close_date"]))
    };
    let days = |row: &Fields| day_number(&row["close_date"]) - day_number(&row["engage_date"]);
    let (won, lost) = (ended("Won").count(), ended("Lost").count());
    let shown = book.run(&["funnel", "period", "--from", "2017-07-01", "--to", "2017-09-30"]);
    let opened = rows.iter().filter(|row| in_quarter(opened(row))).count();
    assert_eq!(number(&shown["opened"]["count"]), opened);
    assert_eq!((number(&shown["won"]["count"]), number(&shown["lost"]["count"])), (won, lost));
    assert_percent(&shown["win_rate"], won, won + lost, "third quarter");
    let mean = ended("Won").map(days).sum::<i64>() as f64 / won as f64;
    let told: f64 = shown["cycle_days"].as_str().unwrap().parse().unwrap();
    assert!((told - mean).abs() <= 0.005, "{told} is not {mean}");

    let shown = book.run(&[
        "funnel",
        "stages",
        "--cohort",
        "closed",
        "--from",
        "2017-07-01",
        "--to",
        "2017-09-30",
        "--as-of",
        "2017-09-30",
    ]);
    let mut stays: Vec<i64> = ended("Won").chain(ended("Lost")).map(days).collect();
    stays.sort_unstable();
    let at = |percent: usize| stays[(stays.len() * percent).div_ceil(100) - 1];
    let dwell = &shown["stages"][1]["dwell"];
    assert_eq!(number(&dwell["completed"]), stays.len());
    assert_eq!(
        (&dwell["median"], &dwell["p75"], &dwell["p90"]),
        (&at(50).into(), &at(75).into(), &at(90).into())
    );
}

/// Days since some day long ago, for texts such as `2017-03-01`.
fn day_number(text: &str) -> i64 {
    let parts: Vec<i64> = text.split('-').map(|part| part.parse().unwrap()).collect();
    // Counted from March, so that the day of a leap year comes last.
    let (year, month) =
        if parts[1] > 2 { (parts[0], parts[1] - 3) } else { (parts[0] - 1, parts[1] + 9) };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + parts[2]
}
