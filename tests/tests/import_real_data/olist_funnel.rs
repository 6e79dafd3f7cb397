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
    book.again_adds_nothing(&files, "olist-funnel", taken);
}
