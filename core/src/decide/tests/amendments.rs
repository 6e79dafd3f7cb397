//! Contracts after signing: E36, E37 and I-38 again.

use serde_json::{Value, json};

use crate::decide::contract::Contract;
use crate::decide::receivable::Item;
use crate::decide::testing::{World, cny, yuan};
use crate::decide::void;
use crate::event::Body;
use crate::time::Date;

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn with(mut request: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

/// A contract over 1000.00: 400.00 by date, open, and 600.00 on sign-off, not yet open.
fn world() -> World {
    let mut world = World::with_customer();
    world.given(&[json!({ "command": "sign_contract", "contract": "HT-1", "total": cny(100_000),
        "tax": cny(11_504), "signed_on": "2024-03-01", "debt_opened_by": "instalments",
        "lines": [{ "line": 1, "product": "PUMP", "quantity_thousandths": 10_000,
            "unit_price": cny(10_000), "amount": cny(100_000) }],
        "instalments": [
            { "number": 1, "trigger": "date", "planned_on": "2024-04-01", "amount": cny(40_000) },
            { "number": 2, "trigger": "on_sign_off", "planned_on": "2024-06-01",
              "amount": cny(60_000) }] })]);
    world
}

fn amend(change: i64, instalments: Value, more: Value) -> Value {
    with(
        json!({ "command": "amend_contract", "contract": "HT-1", "amended_on": "2024-03-10",
            "total_change": cny(change), "instalments": instalments, "reason": "as agreed" }),
        more,
    )
}

fn pay(world: &mut World, item: &str, minor: i64) {
    world.given(&[
        json!({ "command": "receive_payment", "amount": cny(minor), "value_on": "2024-03-05" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt",
            "credit": "R-1", "method": "explicit",
            "lines": [{ "item": item, "amount": cny(minor) }] }),
    ]);
}

#[test]
fn an_amendment_leaves_the_instalments_adding_up() {
    let mut world = world();
    let second = |minor: i64| json!([{ "number": 2, "amount": cny(minor) }]);
    for (request, code) in [
        (amend(-10_000, second(50_001), json!({})), "instalment_sum"),
        (amend(-10_000, json!([]), json!({})), "instalment_sum"),
        (amend(0, json!([]), json!({})), "nothing_changes"),
        (amend(-100_000, second(0), json!({})), "amount_not_positive"),
        (amend(-10_000, second(-1), json!({})), "amount_negative"),
        (amend(-10_000, second(50_000), json!({ "reason": null })), "reason_missing"),
        (amend(-10_000, second(50_000), json!({ "contract": "HT-9" })), "record_unknown"),
        (amend(-10_000, second(50_000), json!({ "amendment": 2 })), "amendment_out_of_turn"),
        (amend(-10_000, second(50_000), json!({ "amended_on": "2024-02-29" })), "date_order"),
        (amend(-10_000, second(50_000), json!({ "amended_on": "2024-03-21" })), "date_in_future"),
        (amend(-10_000, second(50_000), json!({ "tax_change": cny(-20_000) })), "tax_beyond_total"),
        (amend(5, json!([{ "number": 3, "amount": cny(5) }]), json!({})), "field_missing"),
        (
            amend(
                5,
                json!([{ "number": 3, "amount": cny(5), "planned_on": "2024-03-09" }]),
                json!({}),
            ),
            "due_before_document",
        ),
        (
            amend(
                -10_000,
                json!([{ "number": 2, "amount": cny(50_000), "old_amount": cny(1) }]),
                json!({}),
            ),
            "instalment_differs",
        ),
        (
            amend(
                0,
                json!([{ "number": 2, "amount": cny(1) }, { "number": 2, "amount": cny(1) }]),
                json!({}),
            ),
            "line_repeated",
        ),
        (
            amend(
                -10_000,
                json!([{ "number": 2, "amount": { "minor": 1, "currency": "USD" } }]),
                json!({}),
            ),
            "currency_differs",
        ),
    ] {
        world.refused(request, code);
    }
    world.given(&[amend(-10_000, second(50_000), json!({ "tax_change": cny(-1_150) }))]);
    let contract: Contract = world.get("HT-1");
    assert_eq!((contract.total, contract.tax, contract.amendments), (90_000, 10_354, 1));
    world.refused(amend(1, second(50_001), json!({ "amended_on": "2024-03-09" })), "date_order");
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn a_new_instalment_due_by_date_opens_its_debt() {
    let mut world = world();
    let changes = json!([
        { "number": 2, "amount": cny(0) },
        { "number": 3, "amount": cny(35_000), "planned_on": "2024-05-01" },
        { "number": 4, "amount": cny(30_000), "planned_on": "2024-07-01", "trigger": "on_shipment" },
    ]);
    let bodies = world.ask(amend(5_000, changes, json!({}))).expect("accepted");
    let [Body::ContractAmended(_), Body::ReceivableOpened(opened)] = bodies.as_slice() else {
        panic!("an amendment and one debt")
    };
    assert_eq!((opened.item.as_str(), opened.due_on), ("HT-1/3", Some(day("2024-05-01"))));
    let numbers: Vec<_> =
        world.get::<Contract>("HT-1").instalments.iter().map(|i| i.number).collect();
    assert_eq!(numbers, [1, 3, 4]);
}

#[test]
fn an_open_instalment_changes_its_item_but_not_below_what_is_applied() {
    let mut world = world();
    pay(&mut world, "HT-1/1", 30_000);
    let first = |minor: i64| json!([{ "number": 1, "amount": cny(minor) }]);
    let rejection = world.refused(amend(-10_001, first(29_999), json!({})), "instalment_shrunk");
    assert_eq!(
        rejection.to_string(),
        "300.00 CNY is applied to instalment 1 of contract HT-1 on 2024-03-10; it cannot become \
         299.99 CNY"
    );
    let moved = json!([{ "number": 1, "amount": cny(40_000), "planned_on": "2024-05-01" }]);
    world.refused(amend(0, moved, json!({})), "instalment_fixed");
    let other = json!([{ "number": 1, "amount": cny(35_000), "item": "X" }]);
    world.refused(amend(-5_000, other, json!({})), "record_unknown");
    world
        .given(&[json!({ "command": "issue_invoice", "invoice": "F-1", "issued_on": "2024-03-06",
        "total": cny(36_000), "covers": [{ "item": "HT-1/1", "amount": cny(36_000) }] })]);
    world.refused(amend(-5_000, first(35_000), json!({})), "covered_beyond_item");
    world.given(&[amend(-4_000, first(36_000), json!({}))]);
    let item: Item = world.get("HT-1/1");
    assert_eq!(item.open_on(day("2024-03-09")), yuan(10_000), "as agreed until then");
    assert_eq!(item.open_on(day("2024-03-10")), yuan(6_000));
    assert_eq!(item.amount(), yuan(36_000));
    world.given(&[amend(14_000, first(50_000), json!({}))]);
    assert_eq!(world.get::<Item>("HT-1/1").open_on(day("2024-03-10")), yuan(20_000));
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn lines_change_but_not_below_what_was_shipped() {
    let mut world = world();
    world.given(&[json!({ "command": "dispatch_shipment", "contract": "HT-1",
        "effective_at": "2024-03-05T00:00:00Z",
        "lines": [{ "line": 1, "quantity_thousandths": 6_000 }] })]);
    let lines = |by: i64| {
        json!({ "lines": [{ "line": 1, "product": "PUMP",
        "quantity_change_thousandths": by, "unit_price": cny(10_000),
        "amount_change": cny(-10_000) }] })
    };
    let second = json!([{ "number": 2, "amount": cny(50_000) }]);
    let rejection =
        world.refused(amend(-10_000, second.clone(), lines(-4_001)), "line_below_shipped");
    assert_eq!(
        rejection.to_string(),
        "line 1 of contract HT-1 would have 5999 thousandths; 6000 were shipped"
    );
    world.given(&[amend(-10_000, second, lines(-1_000))]);
    let rest = |by: i64| {
        json!({ "command": "dispatch_shipment", "contract": "HT-1",
        "lines": [{ "line": 1, "quantity_thousandths": by }] })
    };
    world.refused(rest(3_001), "over_shipment");
    world.given(&[rest(3_000)]);
}

#[test]
fn a_contract_ends_when_nothing_of_it_is_owed() {
    let mut world = world();
    let close = |more: Value| {
        with(
            json!({ "command": "close_contract", "contract": "HT-1", "outcome": "completed",
            "closed_on": "2024-03-15" }),
            more,
        )
    };
    world.refused(close(json!({ "contract": "HT-9" })), "record_unknown");
    let rejection = world.refused(close(json!({})), "contract_owes");
    assert_eq!(rejection.to_string(), "400.00 CNY of item HT-1/1 of contract HT-1 is open");
    pay(&mut world, "HT-1/1", 40_000);
    world.refused(close(json!({})), "instalment_ahead");
    let early = json!({ "outcome": "terminated" });
    world.refused(close(early.clone()), "reason_missing");
    world.refused(close(json!({ "closed_on": "2024-02-29" })), "date_order");
    world.refused(close(json!({ "closed_on": "2024-03-21" })), "date_in_future");
    world.given(&[close(with(early, json!({ "reason": "both sides agreed" })))]);
    world.refused(close(json!({})), "contract_closed");
    world.refused(amend(1, json!([]), json!({})), "contract_closed");
    let open = json!({ "command": "open_receivable", "source": "contract_instalment",
        "document_on": "2024-03-16", "due_on": "2024-04-10", "amount": cny(60_000),
        "contract": "HT-1", "instalment": 2 });
    world.refused(open.clone(), "contract_closed");
    let ship = json!({ "command": "dispatch_shipment", "contract": "HT-1",
        "lines": [{ "line": 1, "quantity_thousandths": 1 }] });
    world.refused(ship, "contract_closed");
    // A void opens it again.
    let last = world.history.len() - 1;
    world.given(&[json!({ "command": "void_event", "event": World::id(last), "reason": "wrong" })]);
    world.given(&[open]);
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}
