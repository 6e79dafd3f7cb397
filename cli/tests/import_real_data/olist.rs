//! Olist: orders, lines, payments, shipping and reviews, in five files that refer to each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::book::{Book, Fields, cents, kinds, rows, sample};

const FILES: [&str; 5] = [
    "olist/olist_customers_dataset.csv.gz",
    "olist/olist_orders_dataset.csv.gz",
    "olist/olist_order_items_dataset.csv.gz",
    "olist/olist_order_payments_dataset.csv",
    "olist/olist_order_reviews_dataset.csv.gz",
];

/// The files' rows, found by what they refer to.
struct Files {
    customers: HashMap<String, Fields>,
    orders: HashMap<String, Fields>,
    lines: Vec<Fields>,
    payments: Vec<Fields>,
    reviews: Vec<Fields>,
}

impl Files {
    fn person<'a>(&'a self, order: &str) -> &'a Fields {
        &self.customers[&self.orders[order]["customer_id"]]
    }

    fn ordered(&self) -> BTreeSet<&str> {
        self.lines.iter().map(|line| line["order_id"].as_str()).collect()
    }
}

#[test]
fn every_order_line_payment_delivery_and_review_is_in_the_ledger_once() {
    let Some(paths) = FILES.iter().map(|path| sample(path)).collect::<Option<Vec<_>>>() else {
        return;
    };
    let by = |path: usize, key: &str| -> HashMap<String, Fields> {
        rows(&paths[path]).into_iter().map(|row| (row[key].clone(), row)).collect()
    };
    let files = Files {
        customers: by(0, "customer_id"),
        orders: by(1, "order_id"),
        lines: rows(&paths[2]),
        payments: rows(&paths[3]),
        reviews: rows(&paths[4]),
    };
    let book = Book::new("America/Sao_Paulo", "BRL");
    let report = book.import(&paths, "olist");
    let backwards = delivered_before_sent(&files);
    every_row_is_accounted_for(&report, &files, &backwards);
    let stats = book.run(&["stats"]);
    let (counts, sums) = kinds(&stats);

    let people: BTreeSet<&String> =
        files.orders.keys().map(|order| &files.person(order)["customer_unique_id"]).collect();
    assert_eq!(stats["customers"], people.len() as u64);
    assert_eq!(counts["customer.registered"], people.len() as u64);
    assert_eq!(counts["interaction.recorded"], files.orders.len() as u64);
    assert_eq!(counts["contract.signed"], files.ordered().len() as u64);
    assert_eq!(counts["receivable.opened"], files.ordered().len() as u64);
    let total: i64 =
        files.lines.iter().map(|line| cents(&line["price"]) + cents(&line["freight_value"])).sum();
    assert_eq!(sums["contract.signed"], total);
    assert_eq!(sums["receivable.opened"], total);
    assert_eq!(counts["survey.answered"], files.reviews.len() as u64);

    payments(&book, &files, &counts, &sums);
    for as_of in ["2017-11-24", "2018-03-31", "2018-08-31"] {
        open_on(&book, &files, as_of);
    }
    deliveries(&book, &files, &counts, &backwards);
    reviews(&book, &files);
    let known = report["figures"]["taken"].as_u64().unwrap();
    book.again_adds_nothing(&paths, "olist", known);
}

/// Orders whose parcel arrived on a day before it left; the ledger does not take such.
fn delivered_before_sent(files: &Files) -> BTreeSet<String> {
    let day = |order: &Fields, column: &str| order[column].get(..10).unwrap_or_default().to_owned();
    let (sent, arrived) = ("order_delivered_carrier_date", "order_delivered_customer_date");
    let backwards = files.orders.values().filter(|order| {
        !order[sent].is_empty()
            && !order[arrived].is_empty()
            && day(order, arrived) < day(order, sent)
    });
    backwards.map(|order| order["order_id"].clone()).collect()
}

fn every_row_is_accounted_for(report: &Value, files: &Files, backwards: &BTreeSet<String>) {
    let figures = |field: &str| report["figures"][field].as_u64().unwrap();
    let lines_of = |orders: &BTreeSet<String>| {
        files.lines.iter().filter(|line| orders.contains(&line["order_id"])).count() as u64
    };
    // The lines are read twice: for the contracts and for the shipments.
    let read =
        files.orders.len() + 2 * files.lines.len() + files.payments.len() + files.reviews.len();
    assert_eq!(figures("rows"), read as u64);
    let sum = figures("taken") + figures("known") + figures("refused") + figures("skipped");
    assert_eq!(sum, read as u64);
    assert_eq!(figures("known"), 0);
    assert_eq!(figures("refused"), lines_of(backwards), "{}", report["problems"]);
    let never_sent = files.orders.values().filter(|o| o["order_delivered_carrier_date"].is_empty());
    let never_sent: BTreeSet<String> = never_sent.map(|order| order["order_id"].clone()).collect();
    let worthless = files.payments.iter().filter(|p| cents(&p["payment_value"]) == 0).count();
    assert_eq!(figures("skipped"), lines_of(&never_sent) + worthless as u64);
    for file in report["files"].as_array().unwrap() {
        for amounts in file["amounts"].as_array().unwrap() {
            let part = |name: &str| amounts[name].as_i64().unwrap();
            let sum = part("taken") + part("known") + part("refused") + part("skipped");
            assert_eq!(part("read"), sum, "{file}");
        }
    }
}

fn payments(
    book: &Book,
    files: &Files,
    counts: &BTreeMap<String, u64>,
    sums: &BTreeMap<String, i64>,
) {
    let paid = files.payments.iter().filter(|payment| cents(&payment["payment_value"]) > 0);
    let mut by_state: BTreeMap<String, i64> = BTreeMap::new();
    for payment in paid.clone() {
        let state = files.person(&payment["order_id"])["customer_state"].clone();
        *by_state.entry(state).or_default() += cents(&payment["payment_value"]);
    }
    assert_eq!(counts["payment.received"], paid.count() as u64);
    assert_eq!(sums["payment.received"], by_state.values().sum::<i64>());

    // A person who moved has one state on file: that of the order which came first in the file.
    let state_of: HashMap<String, String> = book
        .events("customer.registered")
        .iter()
        .map(|event| {
            let details = event["body"]["details"]["public"].as_array().unwrap();
            let state = details.iter().find(|detail| detail["field"] == "province").unwrap();
            let state = state["new"].as_str().unwrap().to_owned();
            (event["stream"].as_str().unwrap().to_owned(), state)
        })
        .collect();
    let mut homes_of: HashMap<&String, BTreeSet<&String>> = HashMap::new();
    for customer in files.customers.values() {
        let person = &customer["customer_unique_id"];
        homes_of.entry(person).or_default().insert(&customer["customer_state"]);
    }
    let mut found: BTreeMap<String, i64> = BTreeMap::new();
    for event in book.events("payment.received") {
        let receipt = event["body"]["receipt"].as_str().unwrap();
        let order = receipt.rsplit_once('-').unwrap().0;
        let on_file = &state_of[event["stream"].as_str().unwrap()];
        let person = files.person(order);
        let homes = &homes_of[&person["customer_unique_id"]];
        assert!(homes.contains(on_file), "{receipt}");
        let state = if homes.len() == 1 { on_file } else { &person["customer_state"] };
        *found.entry(state.clone()).or_default() +=
            event["body"]["amount"]["minor"].as_i64().unwrap();
    }
    assert_eq!(found, by_state);
}

/// What was open at the end of a past day: the debts of orders placed by then, less what payments had
/// taken of them by then. A payment goes to its customer's oldest debts, whichever order it names,
/// and takes from them when both it and they are there.
fn open_on(book: &Book, files: &Files, as_of: &str) {
    struct Debt {
        placed_on: String,
        left: i64,
    }
    let day = |time: &str| time[..10].to_owned();
    let mut debts: BTreeMap<&str, BTreeMap<(String, &str), Debt>> = BTreeMap::new();
    for line in &files.lines {
        let order = line["order_id"].as_str();
        let placed_on = day(&files.orders[order]["order_purchase_timestamp"]);
        let person = files.person(order)["customer_unique_id"].as_str();
        let debt = Debt { placed_on: placed_on.clone(), left: 0 };
        let debt = debts.entry(person).or_default().entry((placed_on, order)).or_insert(debt);
        debt.left += cents(&line["price"]) + cents(&line["freight_value"]);
    }
    let of_then = |debt: &&Debt| debt.placed_on.as_str() <= as_of;
    let mut open: i64 =
        debts.values().flat_map(BTreeMap::values).filter(of_then).map(|debt| debt.left).sum();
    for payment in &files.payments {
        let order = &files.orders[&payment["order_id"]];
        let approved = &order["order_approved_at"];
        let paid_at =
            if approved.is_empty() { &order["order_purchase_timestamp"] } else { approved };
        let (mut left, mut counts_from, mut taken) =
            (cents(&payment["payment_value"]), day(paid_at), 0);
        let person = files.person(&payment["order_id"])["customer_unique_id"].as_str();
        for debt in debts.get_mut(person).into_iter().flat_map(BTreeMap::values_mut) {
            let part = left.min(debt.left);
            if part > 0 {
                counts_from = counts_from.max(debt.placed_on.clone());
            }
            (left, debt.left, taken) = (left - part, debt.left - part, taken + part);
        }
        if counts_from.as_str() <= as_of {
            open -= taken;
        }
    }
    assert!(open > 0, "something was open on {as_of}");
    let shown = book.run(&["receivables", "ageing", "--as-of", as_of]);
    assert_eq!(shown["totals"][0]["open"]["minor"], open, "{as_of}");
}

fn deliveries(
    book: &Book,
    files: &Files,
    counts: &BTreeMap<String, u64>,
    backwards: &BTreeSet<String>,
) {
    let ordered = files.ordered();
    let (mut sent, mut by_month) = (0u64, BTreeMap::<String, u64>::new());
    for order in files.orders.values() {
        let id = &order["order_id"];
        if !ordered.contains(id.as_str()) || backwards.contains(id) {
            continue;
        }
        sent += u64::from(!order["order_delivered_carrier_date"].is_empty());
        let arrived = &order["order_delivered_customer_date"];
        if !arrived.is_empty() {
            *by_month.entry(arrived[..7].to_owned()).or_default() += 1;
        }
    }
    assert_eq!(counts["shipment.dispatched"], sent);
    let mut found = BTreeMap::<String, u64>::new();
    for event in book.events("shipment.signed") {
        let day = event["body"]["signed_on"].as_str().unwrap();
        *found.entry(day[..7].to_owned()).or_default() += 1;
    }
    assert_eq!(found, by_month);
}

fn reviews(book: &Book, files: &Files) {
    let expected: u64 =
        files.reviews.iter().map(|review| review["review_score"].parse::<u64>().unwrap()).sum();
    let events = book.events("survey.answered");
    let found =
        events.iter().map(|event| event["body"]["answers"][0]["perception"].as_u64().unwrap());
    // Equal sums of equally many marks are equal means.
    assert_eq!(found.sum::<u64>(), expected);
    assert_eq!(events.len(), files.reviews.len());
}
