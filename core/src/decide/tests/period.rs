//! Locked periods (X11, R27).

use serde_json::{Value, json};

use crate::decide::receivable::Item;
use crate::decide::testing::{World, cny};
use crate::event::Body;
use crate::time::Date;

fn lock(through: &str) -> Value {
    json!({ "command": "lock_period", "through": through })
}

fn with(mut request: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

fn item(id: &str, on: &str) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": on, "due_on": "2024-04-01", "amount": cny(1_000) })
}

fn payment(id: &str, on: &str) -> Value {
    json!({ "command": "receive_payment", "receipt": id, "amount": cny(1_000), "value_on": on })
}

fn apply(receipt: &str, item: &str, on: Option<&str>) -> Value {
    json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": receipt,
        "method": "explicit", "lines": [{ "item": item, "amount": cny(100) }],
        "effective_on": on })
}

/// Item A of January, receipt P of February, and February locked in March.
fn locked() -> World {
    let mut world = World::with_customer();
    world.given(&[item("A", "2024-01-10"), payment("P", "2024-02-20"), lock("2024-02-29")]);
    world
}

#[test]
fn a_lock_moves_forward_and_back_only_with_approval_and_a_reason() {
    let mut world = locked();
    world.refused(lock("2024-03-20"), "date_in_future");
    world.refused(lock("2024-02-29"), "lock_unmoved");
    world
        .refused(with(lock("2024-02-29"), json!({ "legal_entity": "XX" })), "legal_entity_unknown");
    let back = with(lock("2024-01-31"), json!({ "reason": "the auditor asked" }));
    world.refused(back.clone(), "unlock_unapproved");
    let back = with(back, json!({ "approved_by": "U-02" }));
    world.refused(with(back.clone(), json!({ "reason": null })), "reason_missing");
    world.given(&[back, item("B", "2024-02-01"), lock("2024-03-19")]);
    world.refused(item("C", "2024-03-19"), "period_locked");
}

#[test]
fn whatever_moves_money_in_a_locked_period_is_refused() {
    let mut world = locked();
    let rejection = world.refused(item("B", "2024-02-29"), "period_locked");
    assert_eq!(
        rejection.to_string(),
        "2024-02-29 lies in the period that is locked through 2024-02-29; the first open day is \
         2024-03-01"
    );
    let on = "2024-02-20";
    let line = json!([{ "item": "A", "amount": cny(100) }]);
    world.given(&[
        apply("P", "A", None),
        json!({ "command": "issue_invoice", "invoice": "F-1", "issued_on": "2024-03-01",
            "total": cny(100), "covers": line }),
    ]);
    for request in [
        payment("Q", on),
        apply("P", "A", Some(on)),
        json!({ "command": "reverse_payment", "receipt": "P", "kind": "bounced",
            "effective_on": on }),
        json!({ "command": "issue_credit_note", "issued_on": on, "amount": cny(1),
            "reason": "price" }),
        json!({ "command": "write_off_receivable", "item": "A", "amount": cny(1),
            "written_off_on": on, "approved_by": "U-02", "reason": "small" }),
        json!({ "command": "pay_refund", "credit_kind": "receipt", "credit": "P",
            "amount": cny(1), "value_on": on }),
        json!({ "command": "issue_invoice", "invoice": "F-2", "issued_on": on,
            "total": cny(100), "covers": line }),
        json!({ "command": "sign_contract", "contract": "HT-1", "total": cny(100),
            "signed_on": on, "debt_opened_by": "invoices" }),
    ] {
        world.refused(request, "period_locked");
    }
}

#[test]
fn a_day_that_is_left_out_is_the_first_open_one() {
    let mut world = locked();
    let bodies = world.ask(apply("P", "A", None)).expect("accepted");
    let Some(Body::CreditApplied(applied)) = bodies.first() else { panic!("an application") };
    assert_eq!(applied.effective_on, Some("2024-03-01".parse::<Date>().expect("a date")));
    // The application was in open March; once that is locked, so is its reversal.
    world.given(&[lock("2024-03-19")]);
    let undo = json!({ "command": "reverse_application", "application": "A-1", "reason": "wrong" });
    world.refused(with(undo.clone(), json!({ "effective_on": "2024-03-01" })), "period_locked");
    let bodies = world.ask(undo).expect("accepted");
    let Some(Body::ApplicationReversed(reversed)) = bodies.first() else { panic!("a reversal") };
    assert_eq!(reversed.effective_on, Some("2024-03-20".parse::<Date>().expect("a date")));
    assert_eq!(world.get::<Item>("A").open_on("2024-03-20".parse().expect("one")).minor, 1_000);
}

#[test]
fn facts_without_money_may_still_come_late_and_voids_may_not_reach_back() {
    let mut world = locked();
    world.given(&[
        json!({ "command": "record_interaction", "channel": "phone", "direction": "in",
            "started_at": "2024-02-10T02:00:00Z", "unknown_caller": true }),
        item("B", "2024-03-05"),
    ]);
    let void = |at: usize| json!({ "command": "void_event", "event": World::id(at).to_string(), "reason": "wrong" });
    world.refused(void(2), "period_locked");
    world.refused(void(4), "not_voidable");
    world.given(&[void(6), void(5)]);
}

#[test]
fn each_entity_has_its_own_lock_besides_the_common_one() {
    let mut world = locked();
    world.given(&[with(lock("2024-03-10"), json!({ "legal_entity": "SH" }))]);
    let ours = |entity: &str, on: &str| with(item("B", on), json!({ "legal_entity": entity }));
    world.refused(ours("SH", "2024-03-10"), "period_locked");
    world.refused(ours("HQ", "2024-02-29"), "period_locked");
    world.given(&[ours("HQ", "2024-03-10")]);
}
