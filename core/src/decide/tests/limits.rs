//! Credit limits and the check against them (E11, I-17, I-39, R32).

use serde_json::{Value, json};

use crate::decide::testing::{World, cny, yuan};
use crate::decide::void;
use crate::event::Body;
use crate::event::terms::CreditCheck;

fn with(mut request: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

fn limit(minor: i64, more: Value) -> Value {
    with(json!({ "command": "set_credit_limit", "limit": cny(minor) }), more)
}

fn sign(number: &str, minor: i64) -> Value {
    json!({ "command": "sign_contract", "contract": number, "total": cny(minor),
        "signed_on": "2024-03-10", "debt_opened_by": "invoices",
        "lines": [{ "line": 1, "product": "PUMP", "quantity_thousandths": 1000,
            "unit_price": cny(minor), "amount": cny(minor) }] })
}

fn ship(number: &str) -> Value {
    json!({ "command": "dispatch_shipment", "contract": number,
        "lines": [{ "line": 1, "quantity_thousandths": 1000 }] })
}

fn checked(world: &mut World, request: Value) -> Option<CreditCheck> {
    match world.ask(request).expect("accepted").into_iter().next() {
        Some(Body::ContractSigned(signed)) => signed.credit_check,
        Some(Body::ShipmentDispatched(dispatched)) => dispatched.credit_check,
        other => panic!("{other:?}"),
    }
}

fn approved() -> Value {
    json!({ "credit_check": { "approved_by": "U-02" } })
}

#[test]
fn a_limit_is_not_below_zero_and_above_the_threshold_approved_by_another() {
    let mut world = World::with_customer();
    world.refused(limit(-1, json!({})), "amount_negative");
    world.refused(limit(1, json!({ "valid_until": "2024-03-19" })), "date_order");
    world.given(&[limit(1_000_000, json!({}))]);
    let policy = json!({ "command": "publish_policy_version", "policy": "receivables",
        "version": 1, "receivable_rules": { "level_days": [14], "grace_days": 3,
        "interval_days": 7, "notice_minimums": [], "tolerances": [], "limits": [cny(500)] } });
    world.given(&[policy, limit(500, json!({}))]);
    world.refused(limit(501, json!({})), "approval_missing");
    world.refused(limit(501, json!({ "approved_by": "U-01" })), "approved_by_oneself");
    world.given(&[limit(501, json!({ "approved_by": "U-02" })), limit(0, json!({}))]);
}

#[test]
fn a_deal_beyond_the_limit_is_refused_or_approved_and_its_figures_stay() {
    let mut world = World::with_customer();
    assert_eq!(checked(&mut world, sign("HT-0", 9_999)), None, "no limit, no check");
    world.given(&[
        limit(100_000, json!({})),
        json!({ "command": "open_receivable", "item": "A", "source": "service_charge",
            "document_on": "2024-03-01", "due_on": "2024-04-01", "amount": cny(30_000) }),
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(10_000),
            "value_on": "2024-03-02" }),
    ]);
    // 99.99 contracted, 300.00 open, 100.00 unapplied: 700.01 may still be sold.
    let rejection = world.refused(sign("HT-1", 70_002), "limit_exceeded");
    assert_eq!(
        rejection.to_string(),
        "the customer would owe 1000.01 CNY, 0.01 CNY beyond its credit limit of 1000.00 CNY"
    );
    let check = checked(&mut world, sign("HT-1", 70_001)).expect("checked");
    assert_eq!((check.exposure, check.limit), (Some(yuan(100_000)), Some(yuan(100_000))));
    world.refused(sign("HT-2", 1), "limit_exceeded");
    let check = checked(&mut world, with(sign("HT-2", 1), approved())).expect("checked");
    assert_eq!(check.exposure, Some(yuan(100_001)));
    assert_eq!(check.approved_by.map(|by| by.to_string()).as_deref(), Some("U-02"));
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn what_a_contract_has_opened_is_counted_once() {
    let mut world = World::with_customer();
    world.given(&[limit(100_000, json!({})), sign("HT-1", 60_000)]);
    world.given(&[json!({ "command": "open_receivable", "item": "A", "source": "invoice",
        "contract": "HT-1", "document_on": "2024-03-11", "due_on": "2024-04-01",
        "amount": cny(20_000) })]);
    let check = checked(&mut world, sign("HT-2", 1)).expect("checked");
    assert_eq!(check.exposure, Some(yuan(60_001)));
    world.given(&[
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(20_000),
        "value_on": "2024-03-10" }),
        json!({ "command": "apply_credit",
        "credit_kind": "receipt", "credit": "P", "method": "fifo" }),
    ]);
    let check = checked(&mut world, with(sign("HT-3", 1), json!({ "signed_on": "2024-03-20" })));
    assert_eq!(check.expect("checked").exposure, Some(yuan(40_002)));
}

#[test]
fn goods_leave_only_within_the_limit_and_not_on_hold() {
    let mut world = World::with_customer();
    world.given(&[sign("HT-1", 60_000), limit(60_000, json!({}))]);
    assert!(checked(&mut world, with(ship("HT-1"), approved())).is_some());
    world.given(&[with(sign("HT-2", 1), approved())]);
    world.refused(ship("HT-2"), "limit_exceeded");
    world.given(&[limit(100_000, json!({ "hold": true }))]);
    let rejection = world.refused(ship("HT-2"), "credit_held");
    assert_eq!(rejection.to_string(), "the customer is on credit hold; its limit is 1000.00 CNY");
    world.refused(sign("HT-3", 1), "credit_held");
    world.given(&[with(ship("HT-2"), approved())]);
}

#[test]
fn a_limit_ends_and_other_currencies_are_valued_at_the_rate_of_the_day() {
    let mut world = World::with_customer();
    let dollars = |minor: i64| json!({ "minor": minor, "currency": "USD" });
    let in_dollars = |number: &str, minor: i64| {
        json!({ "command": "sign_contract", "contract": number, "total": dollars(minor),
            "signed_on": "2024-03-20", "debt_opened_by": "invoices" })
    };
    world.given(&[limit(72_000, json!({ "valid_until": "2024-03-20" }))]);
    let rejection = world.refused(in_dollars("HT-1", 10_000), "exposure_unvalued");
    assert_eq!(
        rejection.to_string(),
        "the customer owes in USD; no rate in CNY is recorded for 2024-03-20 to compare it with \
         the limit"
    );
    let check = checked(&mut world, with(in_dollars("HT-0", 1), approved())).expect("checked");
    assert_eq!(check.exposure, None, "approved without a figure");
    world.given(&[json!({ "command": "record_exchange_rate", "base": "USD", "rate": "7.2",
        "rate_on": "2024-03-01" })]);
    world.refused(in_dollars("HT-1", 10_000), "limit_exceeded");
    let check = checked(&mut world, in_dollars("HT-1", 9_999)).expect("checked");
    assert_eq!(check.exposure, Some(yuan(72_000)));
    // The other way round: a limit in dollars, a debt in yuan, and the same rate.
    world.given(&[with(limit(0, json!({})), json!({ "limit": dollars(20_000) }))]);
    let check = checked(&mut world, with(sign("HT-2", 36), json!({ "signed_on": "2024-03-20" })));
    assert_eq!(check.expect("checked").exposure.map(|amount| amount.minor), Some(10_005));
    world.given(&[limit(90_000, json!({ "valid_until": "2024-03-20" }))]);
    world.now = crate::decide::testing::at("2024-03-21T10:00:00+08:00");
    let late = with(in_dollars("HT-3", 1), json!({ "signed_on": "2024-03-21" }));
    world.refused(late, "limit_expired");
}
