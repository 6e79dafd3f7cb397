//! Balances confirmed by customers (X13, R28).

use serde_json::{Value, json};

use crate::decide::testing::{World, cny, yuan};
use crate::event::Body;
use crate::event::confirmation::BalanceConfirmed;

fn confirm(on: &str, more: Value) -> Value {
    let mut request = json!({ "command": "confirm_balance", "confirmed_on": on });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

fn confirmed(world: &mut World, request: Value) -> BalanceConfirmed {
    match world.ask(request).expect("accepted").pop() {
        Some(Body::BalanceConfirmed(confirmed)) => confirmed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_balance_is_what_is_open_less_what_is_unapplied_at_the_end_of_the_day() {
    let mut world = World::with_customer();
    world.given(&[
        json!({ "command": "open_receivable", "item": "A", "source": "service_charge",
            "document_on": "2024-02-10", "due_on": "2024-03-10", "amount": cny(100_000) }),
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(30_000),
            "value_on": "2024-02-29" }),
        json!({ "command": "receive_payment", "receipt": "Q", "amount": cny(7),
            "value_on": "2024-03-01" }),
    ]);
    world.refused(confirm("2024-03-21", json!({})), "date_in_future");
    world.refused(confirm("2024-02-29", json!({ "contact": "P-9" })), "record_unknown");
    world.refused(confirm("2024-02-29", json!({ "legal_entity": "XX" })), "legal_entity_unknown");
    let rejection =
        world.refused(confirm("2024-02-29", json!({ "balance": cny(1) })), "balance_differs");
    assert_eq!(
        rejection.to_string(),
        "the balance at the end of 2024-02-29 is 700.00 CNY, the confirmation says 0.01 CNY"
    );
    let usd = json!({ "said": { "minor": 1, "currency": "USD" }, "currency": "CNY" });
    world.refused(confirm("2024-02-29", usd), "currency_differs");
    let agreed = confirmed(&mut world, confirm("2024-02-29", json!({ "contact": "P-1" })));
    assert_eq!((agreed.balance, agreed.said), (Some(yuan(70_000)), Some(yuan(70_000))));
    assert_eq!(agreed.confirmation.as_str(), "BC-1");
    let before = confirmed(&mut world, confirm("2024-02-09", json!({})));
    assert_eq!(before.balance, Some(yuan(0)));
    let otherwise = confirm("2024-02-29", json!({ "said": cny(60_000) }));
    world.refused(otherwise.clone(), "reason_missing");
    let mut otherwise = otherwise;
    otherwise["reason"] = json!("they miss a payment");
    assert_eq!(confirmed(&mut world, otherwise).balance, Some(yuan(70_000)));
    world.refused(confirm("2024-02-29", json!({ "confirmation": "BC-1" })), "record_taken");
}
