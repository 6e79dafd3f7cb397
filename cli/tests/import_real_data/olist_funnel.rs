//! Olist "Marketing Funnel": leads, and the deals they became, by where they came from.

use std::collections::{BTreeMap, HashMap};

use crate::book::{Book, Fields, kinds, rows, sample};

#[test]
fn every_lead_and_every_deal_is_in_the_ledger_once() {
    let folder = "olist-funnel/olist_";
    let Some(leads) = sample(&format!("{folder}marketing_qualified_leads_dataset.csv")) else {
        return;
    };
    let Some(deals) = sample(&format!("{folder}closed_deals_dataset.csv")) else { return };
    let (lead_rows, deal_rows) = (rows(&leads), rows(&deals));
    let book = Book::new("America/Sao_Paulo", "BRL");
    let files = [leads, deals];
    let report = book.import(&files, "olist-funnel");

    let lead_of: HashMap<&String, &Fields> =
        lead_rows.iter().map(|lead| (&lead["mql_id"], lead)).collect();
    // Won before the first contact: the ledger does not take it, and says so.
    let backwards = |deal: &&Fields| {
        deal["won_date"][..10] < lead_of[&deal["mql_id"]]["first_contact_date"][..10]
    };
    let refused = deal_rows.iter().filter(backwards).count() as u64;
    assert_eq!(report["figures"]["refused"], refused, "{}", report["problems"]);
    let taken = (lead_rows.len() + deal_rows.len()) as u64 - refused;
    assert_eq!(report["figures"]["taken"], taken);

    let stats = book.run(&["stats"]);
    let (counts, _) = kinds(&stats);
    assert_eq!(stats["customers"], lead_rows.len() as u64);
    assert_eq!(counts["opportunity.opened"], lead_rows.len() as u64);
    assert_eq!(counts["opportunity.won"], deal_rows.len() as u64 - refused);

    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for lead in &lead_rows {
        expected.entry(lead["origin"].clone()).or_default().0 += 1;
    }
    for deal in deal_rows.iter().filter(|deal| !backwards(deal)) {
        expected.entry(lead_of[&deal["mql_id"]]["origin"].clone()).or_default().1 += 1;
    }
    let (mut found, mut origin_of) = (BTreeMap::<String, (u64, u64)>::new(), HashMap::new());
    for event in book.events("opportunity.opened") {
        let origin = event["body"]["source"].as_str().unwrap_or_default().to_owned();
        let id = event["body"]["opportunity"].as_str().unwrap().to_owned();
        found.entry(origin.clone()).or_default().0 += 1;
        origin_of.insert(id, origin);
    }
    for event in book.events("opportunity.won") {
        let origin = &origin_of[event["body"]["opportunity"].as_str().unwrap()];
        found.entry(origin.clone()).or_default().1 += 1;
    }
    assert_eq!(found, expected);
    let taken_deals: Vec<&Fields> = deal_rows.iter().filter(|deal| !backwards(deal)).collect();
    for as_of in ["2017-12-31", "2018-03-31", "2018-11-30"] {
        by_origin(&book, as_of, &lead_rows, &taken_deals);
    }
    book.again_adds_nothing(&files, "olist-funnel", taken);
}

/// The cohort of the first quarter by where its leads came from, at the end of a day, against the
/// files.
fn by_origin(book: &Book, as_of: &str, leads: &[Fields], deals: &[&Fields]) {
    let (from, to) = ("2018-01-01", "2018-03-31");
    let contact = |lead: &Fields| lead["first_contact_date"][..10].to_owned();
    let won: HashMap<&String, &str> =
        deals.iter().map(|deal| (&deal["mql_id"], &deal["won_date"][..10])).collect();
    let mut expected: BTreeMap<Option<String>, (u64, u64)> = BTreeMap::new();
    for lead in leads {
        let day = contact(lead);
        if day.as_str() < from || day.as_str() > to || day.as_str() > as_of {
            continue;
        }
        let origin = (!lead["origin"].is_empty()).then(|| lead["origin"].clone());
        let counts = expected.entry(origin).or_default();
        counts.0 += 1;
        counts.1 += u64::from(won.get(&lead["mql_id"]).is_some_and(|day| *day <= as_of));
    }
    let shown = book.run(&[
        "funnel", "stages", "--cohort", "created", "--from", from, "--to", to, "--by", "source",
        "--as-of", as_of,
    ]);
    let groups = shown["groups"].as_array().unwrap().iter();
    let found: BTreeMap<Option<String>, (u64, u64)> = groups
        .map(|group| {
            let count = |at: &str| group.pointer(at).unwrap().as_u64().unwrap();
            let origin = group["group"].as_str().map(str::to_owned);
            (origin, (count("/counted"), count("/won/count")))
        })
        .collect();
    assert_eq!(found, expected, "{as_of}");
    let sum = |of: fn(&(u64, u64)) -> u64| expected.values().map(of).sum::<u64>();
    assert_eq!(shown["total"]["counted"], sum(|counts| counts.0));
    assert_eq!(shown["stages"][3]["went_on"], sum(|counts| counts.1), "won, after the last stage");
}
