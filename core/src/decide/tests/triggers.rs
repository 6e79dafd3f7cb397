//! Instalments that are due on shipment, on sign-off and on invoice (R04).

use serde_json::{Value, json};

use crate::decide::receivable::Item;
use crate::decide::testing::{World, cny};
use crate::decide::void;
use crate::event::Body;
use crate::time::Date;

fn contract(instalments: &[(&str, i64)]) -> Value {
    let total: i64 = instalments.iter().map(|(_, minor)| minor).sum();
    let instalments: Vec<Value> = instalments
        .iter()
        .enumerate()
        .map(|(at, (trigger, minor))| {
            json!({ "number": at + 1, "trigger": trigger, "planned_on": "2024-04-30",
                "amount": cny(*minor) })
        })
        .collect();
    json!({ "command": "sign_contract", "contract": "HT-1", "total": cny(total),
        "signed_on": "2024-03-01", "debt_opened_by": "instalments", "instalments": instalments,
        "lines": [{ "line": 1, "product": "PUMP", "quantity_thousandths": 3000,
            "unit_price": cny(1), "amount": cny(1) }] })
}

fn ship(id: &str, thousandths: i64) -> Value {
    json!({ "command": "dispatch_shipment", "contract": "HT-1", "shipment": id,
        "lines": [{ "line": 1, "quantity_thousandths": thousandths }],
        "effective_at": "2024-03-10T02:00:00Z" })
}

fn arrive(id: &str) -> Value {
    json!({ "command": "sign_shipment", "shipment": id, "signed_on": "2024-03-12" })
}

fn invoice(number: &str) -> Value {
    json!({ "command": "issue_invoice", "invoice": number, "issued_on": "2024-03-05",
        "total": cny(100), "contract": "HT-1" })
}

/// Returns the items that a request opened, with their documents' and due days.
fn opened(world: &mut World, request: Value) -> Vec<(String, String, String)> {
    let bodies = world.ask(request).expect("accepted");
    let items = bodies.iter().filter_map(|body| match body {
        Body::ReceivableOpened(item) => Some((
            item.item.to_string(),
            item.document_on.to_string(),
            item.due_on.map(|due| due.to_string()).unwrap_or_default(),
        )),
        _ => None,
    });
    items.collect()
}

fn names(items: &[(String, String, String)]) -> Vec<&str> {
    items.iter().map(|(item, ..)| item.as_str()).collect()
}

#[test]
fn a_single_instalment_waits_for_the_whole() {
    let mut world = World::with_customer();
    world.given(&[contract(&[("on_shipment", 600), ("on_sign_off", 400)])]);
    assert!(opened(&mut world, ship("S-1", 2000)).is_empty());
    assert!(opened(&mut world, arrive("S-1")).is_empty());
    let items = opened(&mut world, ship("S-2", 1000));
    assert_eq!(items, [("HT-1/1".into(), "2024-03-10".into(), "2024-04-30".into())]);
    let items = opened(&mut world, arrive("S-2"));
    assert_eq!(items, [("HT-1/2".into(), "2024-03-12".into(), "2024-04-30".into())]);
    assert_eq!(world.get::<Item>("HT-1/2").minor, 400);
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn several_are_reached_one_after_the_other_and_the_rest_with_the_last_goods() {
    let mut world = World::with_customer();
    world.given(&[contract(&[("on_shipment", 1), ("on_shipment", 2), ("on_shipment", 3)])]);
    assert_eq!(names(&opened(&mut world, ship("S-1", 1000))), ["HT-1/1"]);
    assert_eq!(names(&opened(&mut world, ship("S-2", 2000))), ["HT-1/2", "HT-1/3"]);
}

#[test]
fn each_invoice_reaches_the_next_and_what_is_opened_by_hand_is_not_opened_again() {
    let mut world = World::with_customer();
    world.given(&[contract(&[("on_invoice", 100), ("on_invoice", 200), ("on_shipment", 300)])]);
    assert_eq!(names(&opened(&mut world, invoice("F-1"))), ["HT-1/1"]);
    assert_eq!(names(&opened(&mut world, invoice("F-2"))), ["HT-1/2"]);
    assert!(opened(&mut world, invoice("F-3")).is_empty());
    world.given(&[json!({ "command": "open_receivable", "source": "contract_instalment",
        "document_on": "2024-03-02", "due_on": "2024-04-01", "amount": cny(300),
        "contract": "HT-1", "instalment": 3 })]);
    assert!(opened(&mut world, ship("S-1", 3000)).is_empty());
}

#[test]
fn goods_that_came_back_and_are_sent_again_count_as_having_left() {
    let mut world = World::with_customer();
    world.given(&[contract(&[("on_shipment", 600)]), ship("S-1", 2000)]);
    world
        .given(&[json!({ "command": "return_goods", "shipment": "S-1", "return_reason": "defect",
        "lines": [{ "line": 1, "quantity_thousandths": 1000 }] })]);
    assert_eq!(names(&opened(&mut world, ship("S-2", 1000))), ["HT-1/1"]);
}

#[test]
fn the_contracts_terms_say_when_it_is_due() {
    let mut world = World::with_customer();
    let mut signed = contract(&[("on_shipment", 600)]);
    signed["payment"] = json!({ "net_days": 45 });
    world.given(&[signed]);
    let items = opened(&mut world, ship("S-1", 3000));
    assert_eq!(items, [("HT-1/1".into(), "2024-03-10".into(), "2024-04-24".into())]);
    assert_eq!(world.get::<Item>("HT-1/1").due_on, "2024-04-24".parse::<Date>().expect("a date"));
}

#[test]
fn a_contract_whose_invoices_open_the_debt_has_no_triggers() {
    let mut world = World::with_customer();
    let mut signed = contract(&[("on_shipment", 600), ("on_invoice", 1)]);
    signed["debt_opened_by"] = json!("invoices");
    world.given(&[signed]);
    assert!(opened(&mut world, ship("S-1", 3000)).is_empty());
    assert!(opened(&mut world, invoice("F-1")).is_empty());
}
