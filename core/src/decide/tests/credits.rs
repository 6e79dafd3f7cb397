//! Rescheduling, red-letter invoices, credit notes, write-offs, discounts and refunds: E42, E44,
//! E45, E50, E51, and R10 to R15.

use serde_json::{Value, json};

use crate::decide::receivable::{Item, Receipt};
use crate::decide::testing::{World, cny, yuan};
use crate::decide::{Draft, state::Delta, void};
use crate::event::{Body, UniqueKey};
use crate::time::Date;

fn day(text: &str) -> Date {
    text.parse().expect("a date")
}

fn item(id: &str, minor: i64) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": "2024-01-10", "due_on": "2024-02-09", "amount": cny(minor) })
}

fn with(mut request: Value, more: Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

/// Item A of 1000.00 and receipt P of 600.00.
fn account() -> World {
    let mut world = World::with_customer();
    world.given(&[
        item("A", 100_000),
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(60_000),
            "value_on": "2024-02-20" }),
    ]);
    world
}

fn open(world: &World, id: &str) -> i64 {
    world.get::<Item>(id).open_on(day("2024-03-20")).minor
}

fn assert_replay(world: &World) {
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn an_item_is_due_on_another_day_and_the_old_one_stays_on_record() {
    let mut world = account();
    let to = |new: &str| {
        json!({ "command": "reschedule_receivable", "item": "A",
        "new_due_on": new, "reason": "as agreed" })
    };
    world.refused(with(to("2024-03-31"), json!({ "reason": null })), "reason_missing");
    world.refused(with(to("2024-03-31"), json!({ "item": "X" })), "record_unknown");
    world.refused(to("2024-02-09"), "due_unchanged");
    world.refused(to("2024-01-09"), "due_before_document");
    let rejection =
        world.refused(with(to("2024-03-31"), json!({ "old_due_on": "2024-02-10" })), "due_stale");
    assert_eq!(
        rejection.to_string(),
        "item A is due 2024-02-09, not 2024-02-10 as the request takes it to be"
    );
    let bodies = world.ask(to("2024-03-31")).expect("accepted");
    let Some(Body::ReceivableRescheduled(moved)) = bodies.first() else { panic!("one") };
    assert_eq!(moved.old_due_on, Some(day("2024-02-09")));
    assert_eq!(world.get::<Item>("A").due_on, day("2024-03-31"));
    // Void: the old day counts again.
    let last = world.history.len() - 1;
    world.given(&[json!({ "command": "void_event", "event": World::id(last), "reason": "wrong" })]);
    assert_eq!(world.get::<Item>("A").due_on, day("2024-02-09"));
    world.given(&[
        json!({ "command": "receive_payment", "receipt": "Q", "amount": cny(100_000),
        "value_on": "2024-02-20" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt",
        "credit": "Q", "method": "fifo" }),
    ]);
    world.refused(to("2024-04-30"), "item_settled");
    assert_replay(&world);
}

#[test]
fn a_red_letter_invoice_reverses_the_whole_and_releases_what_was_covered() {
    let mut world = account();
    let issue = |number: &str| {
        json!({ "command": "issue_invoice", "invoice": number,
        "issued_on": "2024-03-01", "total": cny(100_000),
        "covers": [{ "item": "A", "amount": cny(100_000) }] })
    };
    world.given(&[issue("F-1")]);
    world.refused(issue("F-2"), "covered_beyond_item");
    let red = |more: Value| {
        with(
            json!({ "command": "void_invoice", "invoice": "F-1", "red_letter": "F-1R",
            "voided_on": "2024-03-05", "reason": "wrong tax number" }),
            more,
        )
    };
    world.refused(red(json!({ "invoice": "F-9" })), "record_unknown");
    world.refused(red(json!({ "red_letter": "F-1" })), "record_taken");
    world.refused(
        json!({ "command": "void_invoice", "invoice": "F-1", "voided_on": "2024-03-05",
            "reason": "no number" }),
        "field_missing",
    );
    world.refused(red(json!({ "voided_on": "2024-02-29" })), "date_order");
    world.refused(red(json!({ "voided_on": "2024-03-21" })), "date_in_future");
    world.refused(red(json!({ "total": cny(50_000) })), "invoice_voided_in_part");
    world.refused(red(json!({ "reason": null })), "reason_missing");
    world.refused(red(json!({ "series": "VAT", "series_number": 7 })), "series_gap");
    let bodies = world.ask(red(json!({}))).expect("accepted");
    let Some(Body::InvoiceVoided(voided)) = bodies.first() else { panic!("one") };
    assert_eq!(voided.total, Some(yuan(100_000)));
    world.refused(red(json!({ "red_letter": "F-1S" })), "invoice_voided");
    let again = red(json!({ "invoice": "F-1R", "red_letter": "F-1S" }));
    world.refused(again, "invoice_is_red_letter");
    world.refused(issue("F-1R"), "record_taken");
    world.given(&[issue("F-2")]);
    assert_eq!(open(&world, "A"), 100_000, "an invoice opens and closes no debt");
    assert_replay(&world);
}

#[test]
fn a_red_letter_invoice_is_numbered_in_its_series() {
    let mut world = account();
    world.series = 41;
    world.given(&[json!({ "command": "issue_invoice", "series": "VAT", "total": cny(10),
        "issued_on": "2024-03-01" })]);
    world.series = 42;
    let bodies = world
        .ask(json!({ "command": "void_invoice", "invoice": "VAT-000041", "series": "VAT",
            "voided_on": "2024-03-01", "reason": "wrong" }))
        .expect("accepted");
    let Some(Body::InvoiceVoided(voided)) = bodies.first() else { panic!("one") };
    assert_eq!((voided.red_letter.as_str(), voided.series_number), ("VAT-000042", 42));
    assert_eq!(
        crate::event::EventBody::claims(voided),
        Some(UniqueKey::Invoice("VAT-000042".parse().expect("a number")))
    );
}

fn note(more: Value) -> Value {
    with(
        json!({ "command": "issue_credit_note", "issued_on": "2024-03-01", "amount": cny(30_000),
            "reason": "two pieces broken" }),
        more,
    )
}

#[test]
fn a_credit_note_is_a_credit_and_is_applied_like_a_receipt() {
    let mut world = account();
    for (more, code) in [
        (json!({ "amount": cny(0) }), "amount_not_positive"),
        (json!({ "amount": cny(-1) }), "amount_not_positive"),
        (json!({ "issued_on": "2024-03-21" }), "date_in_future"),
        (json!({ "legal_entity": "XX" }), "legal_entity_unknown"),
        (json!({ "against": "X" }), "record_unknown"),
        (json!({ "against": "A", "legal_entity": "SH" }), "legal_entity_differs"),
        (
            json!({ "against": "A", "amount": { "minor": 1, "currency": "USD" } }),
            "currency_differs",
        ),
        (json!({ "reason": null }), "reason_missing"),
    ] {
        world.refused(note(more), code);
    }
    assert_eq!(world.ask(note(json!({}))).expect("accepted").len(), 1);
    assert_eq!(open(&world, "A"), 100_000, "nothing is applied by itself");
    world.refused(note(json!({ "credit_note": "CN-1" })), "record_taken");
    let apply = |minor: i64| {
        json!({ "command": "apply_credit", "credit_kind": "credit_note",
        "credit": "CN-1", "method": "explicit",
        "lines": [{ "item": "A", "amount": cny(minor) }] })
    };
    let rejection = world.refused(apply(30_001), "credit_overdrawn");
    assert_eq!(
        rejection.to_string(),
        "unapplied amount of credit note CN-1 is 300.00 CNY on 2024-03-01, the application asks 300.01 CNY"
    );
    world.refused(with(apply(1), json!({ "credit": "P" })), "record_unknown");
    world.given(&[apply(30_000)]);
    assert_eq!(open(&world, "A"), 70_000);
    assert_replay(&world);
}

#[test]
fn a_credit_note_against_an_item_settles_what_is_open_and_keeps_the_rest() {
    let mut world = account();
    let bodies = world.ask(note(json!({ "against": "A", "amount": cny(120_000) }))).expect("both");
    let [Body::CreditNoteIssued(_), Body::CreditApplied(applied)] = bodies.as_slice() else {
        panic!("a note and its application")
    };
    assert_eq!(applied.lines.first().map(|line| line.amount), Some(yuan(100_000)));
    assert_eq!(open(&world, "A"), 0);
    let rest = world.get::<crate::decide::credit::CreditNote>("CN-1").credit;
    assert_eq!(rest.unapplied_on(day("2024-03-20")), yuan(20_000));
    assert_eq!(rest.unapplied_on(day("2024-02-29")), yuan(0), "before it was issued");
    let settled = world.ask(note(json!({ "against": "A" }))).expect("a note alone");
    assert_eq!(settled.len(), 1, "nothing of it is open any more");
    // It can be taken back only while it was never applied.
    let at = world.history.len() - 1;
    world.given(&[json!({ "command": "void_event", "event": World::id(at), "reason": "wrong" })]);
    world.refused(
        json!({ "command": "void_event", "event": World::id(4), "reason": "wrong" }),
        "stood_on",
    );
    assert_replay(&world);
}

fn write_off(minor: i64, more: Value) -> Value {
    with(
        json!({ "command": "write_off_receivable", "item": "A", "amount": cny(minor),
            "written_off_on": "2024-03-10", "approved_by": "U-02", "reason": "insolvent" }),
        more,
    )
}

/// Publishes rules: levels after 14, 30 and 60 days, 3 days of grace, 7 days between two notices,
/// notices from 50.00 on, and 1.00 given up without approval.
pub(super) fn publish(world: &mut World) {
    let policy = json!({ "policy": "receivables", "version": 1, "receivable_rules": {
        "level_days": [14, 30, 60], "grace_days": 3, "interval_days": 7,
        "notice_minimums": [cny(5_000)], "tolerances": [cny(100)] } });
    let policy = Body::from_json(crate::event::Kind::PolicyVersionPublished, policy);
    world.book.fold(&policy.expect("a policy"));
}

#[test]
fn a_write_off_is_approved_and_at_most_what_is_open() {
    let mut world = account();
    for (minor, more, code) in [
        (0, json!({}), "amount_not_positive"),
        (100, json!({ "item": "X" }), "record_unknown"),
        (100, json!({ "approved_by": null }), "approval_missing"),
        (100, json!({ "reason": null }), "reason_missing"),
        (100, json!({ "written_off_on": "2024-03-21" }), "date_in_future"),
        (100, json!({ "written_off_on": "2024-01-09" }), "application_before_document"),
        (100, json!({ "tolerance": { "minor": 1, "currency": "USD" } }), "currency_differs"),
        (100_001, json!({}), "item_overdrawn"),
    ] {
        world.refused(write_off(minor, more), code);
    }
    let dollars = json!({ "amount": { "minor": 1, "currency": "USD" } });
    world.refused(write_off(1, dollars), "currency_differs");
    let bodies = world.ask(write_off(40_000, json!({}))).expect("accepted");
    let [Body::ReceivableWrittenOff(_), Body::CreditApplied(applied)] = bodies.as_slice() else {
        panic!("a write-off and its application")
    };
    assert_eq!((applied.credit_kind.as_str(), applied.credit.as_str()), ("write_off", "W-1"));
    assert_eq!(open(&world, "A"), 60_000);
    world.refused(write_off(1, json!({ "write_off": "W-1" })), "record_taken");
    // It is no credit: nothing of it can be applied again or paid back.
    let again = json!({ "command": "apply_credit", "credit_kind": "write_off", "credit": "W-1",
        "method": "explicit", "lines": [{ "item": "A", "amount": cny(40_000) }],
        "effective_on": "2024-03-10" });
    world.refused(again, "write_off_applied");
    let void = json!({ "command": "void_event", "event": World::id(4), "reason": "wrong" });
    world.refused(void, "not_voidable");
    // Recovery is the reversal of the application (R14).
    world.given(&[json!({ "command": "reverse_application", "application": "W-1",
        "reason": "the estate paid" })]);
    assert_eq!(open(&world, "A"), 100_000);
    assert_replay(&world);
}

#[test]
fn within_the_tolerance_no_approval_is_needed() {
    let mut world = account();
    publish(&mut world);
    let rejection =
        world.refused(write_off(101, json!({ "approved_by": null })), "approval_missing");
    assert_eq!(
        rejection.to_string(),
        "a write-off of 1.01 CNY needs an approval; up to 1.00 CNY needs none"
    );
    let bodies = world.ask(write_off(100, json!({ "approved_by": null }))).expect("accepted");
    let Some(Body::ReceivableWrittenOff(written)) = bodies.first() else { panic!("one") };
    assert_eq!(written.tolerance, Some(yuan(100)));
}

#[test]
fn discounts_and_exchange_differences_are_their_own_documents() {
    let mut world = account();
    publish(&mut world);
    let apply = |kind: &str, minor: i64, more: Value| {
        with(
            json!({ "command": "apply_credit", "credit_kind": kind, "method": "explicit",
            "lines": [{ "item": "A", "amount": cny(minor) }], "effective_on": "2024-03-01",
            "reason": "paid within ten days" }),
            more,
        )
    };
    for kind in ["discount", "exchange"] {
        world.refused(apply(kind, 101, json!({})), "approval_missing");
        world.refused(apply(kind, 100, json!({ "reason": null })), "reason_missing");
        world.refused(apply(kind, 100, json!({ "credit": "P" })), "credit_holds_nothing");
        world.refused(apply(kind, 100, json!({ "lines": [] })), "field_missing");
        world.refused(apply(kind, 0, json!({})), "amount_not_positive");
        let all = json!({ "method": "fifo", "lines": [] });
        world.refused(apply(kind, 1, all), "credit_holds_nothing");
    }
    world.refused(apply("discount", 100_001, json!({ "approved_by": "U-02" })), "item_overdrawn");
    let bodies = world.ask(apply("discount", 2_000, json!({ "approved_by": "U-02" }))).expect("ok");
    let Some(Body::CreditApplied(applied)) = bodies.first() else { panic!("one") };
    assert_eq!(applied.credit.as_str(), applied.application.as_str());
    let undated = with(apply("exchange", 100, json!({})), json!({ "effective_on": null }));
    let bodies = world.ask(undated).expect("ok");
    let Some(Body::CreditApplied(applied)) = bodies.first() else { panic!("one") };
    assert_eq!(applied.effective_on, Some(day("2024-03-20")), "the day of the fact");
    assert_eq!(open(&world, "A"), 97_900);
    assert_replay(&world);
}

#[test]
fn a_refund_takes_at_most_what_is_unapplied_and_its_bank_line_once() {
    let mut world = account();
    let refund = |minor: i64, more: Value| {
        with(
            json!({ "command": "pay_refund", "credit_kind": "receipt", "credit": "P",
            "amount": cny(minor), "value_on": "2024-03-05" }),
            more,
        )
    };
    for (minor, more, code) in [
        (0, json!({}), "amount_not_positive"),
        (1, json!({ "credit": "X" }), "record_unknown"),
        (1, json!({ "credit_kind": "credit_note" }), "record_unknown"),
        (1, json!({ "credit_kind": "write_off" }), "credit_holds_nothing"),
        (1, json!({ "value_on": "2024-02-19" }), "date_order"),
        (1, json!({ "value_on": "2024-03-21" }), "date_in_future"),
        (1, json!({ "amount": { "minor": 1, "currency": "USD" } }), "currency_differs"),
        (60_001, json!({}), "credit_overdrawn"),
    ] {
        world.refused(refund(minor, more), code);
    }
    // A refund must not overdraw a later day, and an application must leave what was paid back.
    let apply = |minor: i64, on: &str| {
        json!({ "command": "apply_credit", "credit_kind": "receipt",
        "credit": "P", "method": "explicit", "lines": [{ "item": "A", "amount": cny(minor) }],
        "effective_on": on })
    };
    world.given(&[apply(50_000, "2024-03-10")]);
    let rejection = world.refused(refund(10_001, json!({})), "credit_overdrawn");
    assert_eq!(
        rejection.to_string(),
        "unapplied amount of receipt P is 100.00 CNY on 2024-03-10, the refund asks 100.01 CNY"
    );
    let line = json!({ "bank": "ICBC", "statement": "2024-03", "line": "9" });
    world.given(&[refund(10_000, json!({ "bank_ref": line }))]);
    world.refused(apply(1, "2024-03-10"), "credit_overdrawn");
    world.refused(refund(1, json!({ "refund": "RF-1" })), "record_taken");
    let key = UniqueKey::BankLine(serde_json::from_value(line).expect("a line"));
    let stands = |world: &World| Draft::new(&world.state, &mut Delta::default()).claim_stands(&key);
    assert!(stands(&world));
    let reverse = json!({ "command": "reverse_payment", "receipt": "P", "kind": "bounced",
        "effective_on": "2024-03-12" });
    let rejection = world.refused(reverse.clone(), "receipt_refunded");
    assert_eq!(rejection.to_string(), "100.00 CNY of receipt P was paid back");
    let at = world.history.len() - 1;
    world.given(&[json!({ "command": "void_event", "event": World::id(at), "reason": "bounced" })]);
    assert!(!stands(&world));
    assert_eq!(world.get::<Receipt>("P").unapplied_from(day("2024-03-10")).1, yuan(10_000));
    world.given(&[reverse]);
    world.refused(refund(1, json!({})), "receipt_reversed");
    assert_replay(&world);
}

#[test]
fn an_overpayment_stays_unapplied_and_no_item_goes_below_zero() {
    let mut world = account();
    world.given(&[
        json!({ "command": "receive_payment", "receipt": "Q", "amount": cny(120_000),
            "value_on": "2024-02-21" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": "Q",
            "method": "fifo" }),
    ]);
    assert_eq!(open(&world, "A"), 0);
    assert_eq!(world.get::<Receipt>("Q").unapplied_from(day("2024-02-21")).1, yuan(20_000));
}
