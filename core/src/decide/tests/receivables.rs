//! Receivables: I-40, I-41, I-43 to I-52, X14 and the worked vectors.

use serde_json::{Value, json};

use crate::decide::receivable::{Item, Receipt};
use crate::decide::testing::{World, cny, yuan};
use crate::event::receivable::BankRef;
use crate::event::{Body, UniqueKey};
use crate::time::Date;

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn item(id: &str, minor: i64, document_on: &str, due_on: &str) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": document_on, "due_on": due_on, "amount": cny(minor) })
}

fn receipt(id: &str, minor: i64, value_on: &str) -> Value {
    json!({ "command": "receive_payment", "receipt": id, "amount": cny(minor),
        "value_on": value_on })
}

fn apply(receipt: &str, lines: &[(&str, i64)], effective_on: Option<&str>) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(item, minor)| json!({ "item": item, "amount": cny(*minor) })).collect();
    json!({ "command": "apply_credit", "credit_kind": "receipt", "receipt": receipt,
        "method": "explicit", "lines": lines, "effective_on": effective_on })
}

fn contract(number: &str, by: &str, total: i64, instalments: &[i64]) -> Value {
    let instalments: Vec<Value> = instalments
        .iter()
        .enumerate()
        .map(|(at, minor)| {
            json!({ "number": at + 1, "trigger": "date",
                "planned_on": format!("2024-{:02}-28", at + 4), "amount": cny(*minor) })
        })
        .collect();
    json!({ "command": "sign_contract", "contract": number, "total": cny(total),
        "signed_on": "2024-03-01", "debt_opened_by": by, "instalments": instalments })
}

/// Item A of 1000.00 and receipt P of 600.00, as in the worked example of two dates.
fn item_and_receipt() -> World {
    let mut world = World::with_customer();
    world.given(&[
        item("A", 100_000, "2024-01-10", "2024-02-09"),
        receipt("P", 60_000, "2024-02-20"),
    ]);
    world
}

#[test]
fn instalments_add_up_to_the_minor_unit_and_open_their_debt() {
    for (total, parts) in [
        (1_000_000, [333_333, 333_333, 333_334]),
        (999_999, [300_000, 400_000, 299_999]),
        (1_000_001, [330_000, 330_000, 340_001]),
    ] {
        let mut world = World::with_customer();
        let bodies = world.ask(contract("HT-1", "instalments", total, &parts)).expect("accepted");
        let items: Vec<_> = bodies
            .iter()
            .filter_map(|body| match body {
                Body::ReceivableOpened(item) => Some((item.item.to_string(), item.amount.minor)),
                _ => None,
            })
            .collect();
        let numbered = parts.iter().enumerate();
        let expected: Vec<_> = numbered.map(|(at, m)| (format!("HT-1/{}", at + 1), *m)).collect();
        assert_eq!(items, expected);
        world.refused(contract("HT-2", "instalments", total + 1, &parts), "instalment_sum");
    }
}

#[test]
fn one_kind_of_document_opens_the_debt_of_a_contract() {
    let mut world = World::with_customer();
    world.given(&[
        contract("HT-1", "instalments", 1000, &[400, 600]),
        contract("HT-2", "invoices", 1000, &[400, 600]),
    ]);
    let open = |source: &str, contract: &str, instalment: Option<u32>, minor: i64| {
        json!({ "command": "open_receivable", "source": source, "document_on": "2024-03-02",
            "due_on": "2024-04-01", "amount": cny(minor), "contract": contract,
            "instalment": instalment })
    };
    world.refused(open("invoice", "HT-1", None, 1000), "debt_opened_otherwise");
    world.refused(open("contract_instalment", "HT-2", Some(1), 400), "debt_opened_otherwise");
    world.refused(open("contract_instalment", "HT-1", Some(1), 400), "record_taken");
    world.refused(open("contract_instalment", "HT-1", Some(9), 400), "instalment_unknown");
    world.refused(open("invoice", "HT-9", None, 1000), "record_unknown");
    let mut again = open("contract_instalment", "HT-1", Some(1), 400);
    again["item"] = json!("another");
    world.refused(again, "instalment_opened");
    world.given(&[open("invoice", "HT-2", None, 1000), open("service_charge", "HT-1", None, 50)]);
}

#[test]
fn an_instalment_without_a_date_is_opened_later_over_its_own_amount() {
    let mut world = World::with_customer();
    let mut signed = contract("HT-1", "instalments", 1000, &[400, 600]);
    signed["instalments"][1]["trigger"] = json!("on_sign_off");
    assert_eq!(world.ask(signed).expect("accepted").len(), 2);
    let open = |minor: i64| {
        json!({ "command": "open_receivable", "source": "contract_instalment",
            "document_on": "2024-03-10", "due_on": "2024-04-10", "amount": cny(minor),
            "contract": "HT-1", "instalment": 2 })
    };
    world.refused(open(599), "instalment_differs");
    world.given(&[open(600)]);
    assert_eq!(world.get::<Item>("HT-1/2").minor, 600);
}

#[test]
fn items_are_above_zero_and_not_due_before_their_document() {
    let mut world = World::with_customer();
    world.refused(item("A", 0, "2024-01-10", "2024-02-09"), "amount_not_positive");
    world.refused(item("A", 100, "2024-01-10", "2024-01-09"), "due_before_document");
    world.refused(item("A", 100, "2024-03-21", "2024-04-09"), "date_in_future");
    world.given(&[item("A", 100, "2024-03-20", "2024-03-20")]);
    world.refused(item("A", 100, "2024-03-20", "2024-03-20"), "record_taken");
}

#[test]
fn invoices_cover_at_most_the_item_and_number_themselves() {
    let mut world = World::with_customer();
    world.given(&[item("A", 1000, "2024-01-10", "2024-02-09")]);
    let invoice = |series_number: u64, total: i64, covered: i64| {
        json!({ "command": "issue_invoice", "series": "VAT", "series_number": series_number,
            "issued_on": "2024-03-01", "total": cny(total),
            "covers": [{ "item": "A", "amount": cny(covered) }] })
    };
    world.series = 123;
    world.refused(invoice(125, 700, 700), "series_gap");
    world.refused(invoice(0, 600, 700), "covered_beyond_invoice");
    let bodies = world.ask(invoice(0, 700, 700)).expect("accepted");
    let Some(Body::InvoiceIssued(issued)) = bodies.first() else { panic!("an invoice") };
    assert_eq!((issued.invoice.as_str(), issued.series_number), ("VAT-000123", 123));
    world.series = 124;
    world.refused(invoice(124, 400, 400), "covered_beyond_item");
    world.given(&[invoice(124, 300, 300)]);
    world.refused(
        json!({ "command": "issue_invoice", "issued_on": "2024-03-01", "total": cny(1) }),
        "field_missing",
    );
}

#[test]
fn payments_are_above_zero_and_may_come_first_or_be_post_dated() {
    let mut world = World::with_customer();
    world.refused(receipt("P", 0, "2024-02-20"), "amount_not_positive");
    world.given(&[receipt("P", 500, "2024-05-01"), item("A", 500, "2024-03-01", "2024-04-01")]);
    world.refused(apply("P", &[("A", 500)], Some("2024-04-30")), "application_before_document");
    world.given(&[apply("P", &[("A", 500)], None)]);
    assert_eq!(world.get::<Item>("A").open_from(day("2024-04-30")).1, yuan(0), "from then on");
}

#[test]
fn an_application_takes_at_most_what_is_open_and_unapplied() {
    let mut world = item_and_receipt();
    world.given(&[item("B", 10_000, "2024-03-01", "2024-03-31")]);
    for (request, code) in [
        (apply("P", &[], None), "field_missing"),
        (apply("P", &[("A", 0)], None), "amount_not_positive"),
        (apply("P", &[("A", -5)], None), "amount_not_positive"),
        (apply("P", &[("A", 1), ("A", 1)], None), "line_repeated"),
        (apply("P", &[("X", 1)], None), "record_unknown"),
        (apply("Q", &[("A", 1)], None), "record_unknown"),
        (apply("P", &[("B", 10_001)], None), "item_overdrawn"),
        (apply("P", &[("A", 60_001)], None), "credit_overdrawn"),
        (apply("P", &[("A", 55_000), ("B", 5_001)], None), "credit_overdrawn"),
        (apply("P", &[("A", 1)], Some("2024-02-19")), "application_before_document"),
        (apply("P", &[("B", 1)], Some("2024-02-20")), "application_before_document"),
        (apply("P", &[("A", 1)], Some("2024-03-21")), "date_in_future"),
    ] {
        world.refused(request, code);
    }
    world.given(&[apply("P", &[("A", 60_000)], None)]);
    let rejection = world.refused(apply("P", &[("A", 1)], None), "credit_overdrawn");
    assert_eq!(rejection.rule(), Some("I-48"));
    world.given(&[receipt("Q", 60_000, "2024-02-20")]);
    let rejection = world.refused(apply("Q", &[("A", 60_000)], None), "item_overdrawn");
    assert_eq!(
        rejection.to_string(),
        "open amount of item A is 400.00 CNY on 2024-02-20, the application asks 600.00 CNY"
    );
}

#[test]
fn a_backdated_application_must_not_overdraw_a_later_day() {
    // On 03-10 the item is settled; an application entered later but counting from 02-20 would
    // find 1000.00 open on that day and overdraw 03-10.
    let mut world = item_and_receipt();
    world.given(&[receipt("Q", 90_000, "2024-03-10"), apply("Q", &[("A", 90_000)], None)]);
    let rejection =
        world.refused(apply("P", &[("A", 60_000)], Some("2024-02-20")), "item_overdrawn");
    assert_eq!(
        rejection.to_string(),
        "open amount of item A is 100.00 CNY on 2024-03-10, the application asks 600.00 CNY"
    );
    world.given(&[apply("P", &[("A", 10_000)], Some("2024-02-20"))]);
    // The same on the side of the credit.
    world.given(&[item("B", 90_000, "2024-01-10", "2024-02-09")]);
    world.given(&[apply("P", &[("B", 50_000)], Some("2024-03-15"))]);
    world.refused(apply("P", &[("B", 1)], Some("2024-02-21")), "credit_overdrawn");
}

#[test]
fn the_worked_example_of_two_dates_is_decided_as_then_known() {
    let mut world = World::with_customer();
    let open_on_0228 = |world: &World| {
        let (_, open) = world.get::<Item>("A").open_from(day("2024-02-28"));
        open.minor
    };
    let at = |world: &mut World, text: &str| world.now = crate::decide::testing::at(text);
    at(&mut world, "2024-01-10T09:00:00+08:00");
    world.given(&[item("A", 100_000, "2024-01-10", "2024-02-09")]);
    at(&mut world, "2024-02-25T09:00:00+08:00");
    world.given(&[receipt("P", 60_000, "2024-02-20")]);
    assert_eq!(open_on_0228(&world), 100_000);
    at(&mut world, "2024-03-02T09:00:00+08:00");
    world.given(&[apply("P", &[("A", 60_000)], None)]);
    assert_eq!(open_on_0228(&world), 40_000);
    assert_eq!(world.get::<Receipt>("P").unapplied_from(day("2024-02-28")).1, yuan(0));
    at(&mut world, "2024-03-05T09:00:00+08:00");
    world.given(&[json!({ "command": "reverse_payment", "receipt": "P",
        "kind": "wrong_customer", "effective_on": "2024-02-20" })]);
    assert_eq!(open_on_0228(&world), 100_000);
}

#[test]
fn currencies_and_legal_entities_stay_apart() {
    let mut world = item_and_receipt();
    let mut dollars = receipt("D", 0, "2024-02-20");
    dollars["amount"] = json!({ "minor": 100, "currency": "USD" });
    let mut other = receipt("S", 100, "2024-02-20");
    other["legal_entity"] = json!("SH");
    world.given(&[dollars, other]);
    let mut in_dollars = apply("D", &[("A", 1)], None);
    in_dollars["lines"][0]["amount"] = json!({ "minor": 1, "currency": "USD" });
    world.refused(in_dollars, "currency_differs");
    world.refused(apply("D", &[("A", 1)], None), "currency_differs");
    world.refused(apply("S", &[("A", 1)], None), "legal_entity_differs");
    let mut nobody = receipt("N", 100, "2024-02-20");
    nobody["legal_entity"] = json!("XX");
    world.refused(nobody, "legal_entity_unknown");
}

fn shared(world: &mut World, receipt: &str, method: &str) -> Vec<(String, i64)> {
    let request = json!({ "command": "apply_credit", "credit_kind": "receipt",
        "receipt": receipt, "method": method });
    let bodies = world.ask(request).expect("accepted");
    let Some(Body::CreditApplied(applied)) = bodies.first() else { panic!("an application") };
    applied.lines.iter().map(|line| (line.item.to_string(), line.amount.minor)).collect()
}

#[test]
fn fifo_takes_the_oldest_due_first() {
    let mut world = World::with_customer();
    world.given(&[
        item("AR-10", 100, "2024-01-01", "2024-02-01"),
        item("AR-9", 100, "2024-01-01", "2024-02-01"),
        item("late", 100, "2024-01-05", "2024-03-01"),
        item("older", 100, "2023-12-01", "2024-02-01"),
        item("first", 100, "2024-01-10", "2024-01-15"),
        receipt("P", 350, "2024-02-20"),
        receipt("Q", 1000, "2024-02-20"),
        receipt("Z", 1, "2024-02-20"),
    ]);
    let expected = [("first", 100), ("older", 100), ("AR-9", 100), ("AR-10", 50)];
    let expected: Vec<_> = expected.map(|(id, minor)| (id.to_owned(), minor)).into();
    assert_eq!(shared(&mut world, "P", "fifo"), expected);
    let rest = vec![("AR-10".to_owned(), 50), ("late".to_owned(), 100)];
    assert_eq!(shared(&mut world, "Q", "fifo"), rest);
    assert_eq!(world.get::<Receipt>("Q").unapplied_from(day("2024-02-20")).1, yuan(850));
    let nothing = json!({ "command": "apply_credit", "credit_kind": "receipt", "receipt": "Z",
        "method": "fifo" });
    world.refused(nothing, "nothing_to_apply");
}

#[test]
fn pro_rata_shares_add_up_exactly() {
    let mut world = World::with_customer();
    world.given(&[
        item("A", 100, "2024-01-01", "2024-02-01"),
        item("B", 100, "2024-01-01", "2024-02-02"),
        item("C", 100, "2024-01-01", "2024-02-03"),
        receipt("P", 100, "2024-02-20"),
    ]);
    let lines = shared(&mut world, "P", "pro_rata");
    let expected = [("A", 33), ("B", 34), ("C", 33)].map(|(id, minor)| (id.to_owned(), minor));
    assert_eq!(lines, expected);
}

#[test]
fn reversing_a_receipt_reverses_its_applications_and_frees_the_bank_line() {
    let mut world = item_and_receipt();
    let bank_ref = json!({ "bank": "ICBC", "statement": "2024-02", "line": "1" });
    let mut banked = receipt("Q", 40_000, "2024-02-21");
    banked["bank_ref"] = bank_ref.clone();
    world.given(&[banked, apply("P", &[("A", 60_000)], None), apply("Q", &[("A", 30_000)], None)]);
    let line: BankRef = serde_json::from_value(bank_ref).expect("a bank line");
    let stands = |world: &World| {
        let mut delta = crate::decide::state::Delta::default();
        let key = UniqueKey::BankLine(line.clone());
        crate::decide::Draft::new(&world.state, &mut delta).claim_stands(&key)
    };
    assert!(stands(&world));
    let reverse = |receipt: &str, effective_on: &str| {
        json!({ "command": "reverse_payment", "receipt": receipt, "kind": "wrong_customer",
            "effective_on": effective_on })
    };
    world.refused(reverse("Q", "2024-02-20"), "date_order");
    world.refused(reverse("Q", "2024-03-21"), "date_in_future");
    let bodies = world.ask(reverse("Q", "2024-02-25")).expect("accepted");
    assert!(matches!(bodies.as_slice(), [Body::PaymentReversed(_), Body::ApplicationReversed(_)]));
    assert!(!stands(&world));
    let item: Item = world.get("A");
    assert_eq!(item.open_from(day("2024-02-21")).1, yuan(10_000), "still settled until 02-25");
    assert_eq!(item.open_from(day("2024-02-25")).1, yuan(40_000));
    world.refused(reverse("Q", "2024-02-25"), "receipt_reversed");
    world.refused(apply("Q", &[("A", 1)], None), "receipt_reversed");
}

#[test]
fn an_application_is_reversed_once_and_as_a_whole() {
    let mut world = item_and_receipt();
    let before = (world.get::<Item>("A"), world.get::<Receipt>("P"));
    world.given(&[apply("P", &[("A", 60_000)], None)]);
    let reverse = |extra: Value| {
        let mut request = json!({ "command": "reverse_application", "application": "A-1",
            "reason": "wrong item" });
        for (name, value) in extra.as_object().expect("an object") {
            request[name] = value.clone();
        }
        request
    };
    world.refused(reverse(json!({ "reason": null })), "reason_missing");
    world.refused(reverse(json!({ "effective_on": "2024-02-19" })), "date_order");
    let part = json!({ "lines": [{ "item": "A", "amount": cny(1) }] });
    world.refused(reverse(part), "reversal_partial");
    world.given(&[reverse(json!({}))]);
    assert_eq!((world.get::<Item>("A"), world.get::<Receipt>("P")), before, "both sides as before");
    world.refused(reverse(json!({})), "application_reversed");
}

#[test]
fn a_dispute_begins_and_ends() {
    let mut world = item_and_receipt();
    let dispute = |disputed: bool| json!({ "command": "change_receivable_dispute", "item": "A", "disputed": disputed });
    world.refused(dispute(false), "dispute_unchanged");
    world.given(&[dispute(true)]);
    world.refused(dispute(true), "dispute_unchanged");
    world.given(&[dispute(false)]);
}
