//! Promise: a fact that touches two accounts is a pair of events in one batch, each naming the other:
//! both are there or neither. Receipts in suspense (X23, R11) and third-party payers (I-49, R08).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;

use daybook_core::event::receivable::IdentificationStep;
use daybook_core::event::{AnySection, Body, BookStream, Event, StreamId};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Ledger, Outcome};
use daybook_core::store::memory::MemoryStore;
use serde_json::{Value, json};
use support::*;

fn cny(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

/// A ledger with the customers A and B, B owing 1000.00 since 5 January.
fn ledger() -> Ledger {
    let clock = TestClock::at("2026-01-20T01:00:00Z");
    let ledger = ledger_on(Arc::new(MemoryStore::default()), clock);
    for customer in ["A", "B"] {
        one(&ledger, register(customer, customer)).expect("taken");
    }
    given(
        &ledger,
        json!({ "customer": "B", "command": "open_receivable", "item": "AR-1",
        "source": "service_charge", "document_on": "2026-01-05", "due_on": "2026-02-05",
        "amount": cny(100_000) }),
    );
    ledger
}

fn given(ledger: &Ledger, asked: Value) -> Outcome {
    match one(ledger, request(asked.clone())) {
        Ok(outcome) => outcome,
        Err(refusal) => panic!("{asked}: {} ({})", refusal.rejection, refusal.rejection.code()),
    }
}

fn refused(ledger: &Ledger, asked: Value, code: &str) -> String {
    let before = ledger.reader().head().next;
    let refusal = one(ledger, request(asked.clone())).expect_err("refused");
    assert_eq!(refusal.rejection.code(), code, "{asked}: {}", refusal.rejection);
    assert_eq!(ledger.reader().head().next, before, "neither half is there");
    refusal.rejection.to_string()
}

fn stream(ledger: &Ledger, stream: StreamId) -> Vec<Event> {
    let query = Query { stream: Some(stream), ..Query::default() };
    ledger.reader().events(query).map(|event| event.expect("an event").0).collect()
}

fn suspense(ledger: &Ledger) -> Vec<Event> {
    stream(ledger, StreamId::Book(BookStream::Suspense))
}

fn of(ledger: &Ledger, customer: &str) -> Vec<Event> {
    stream(ledger, StreamId::Customer(code(customer)))
}

fn unidentified(receipt: &str, minor: i64) -> Value {
    json!({ "command": "receive_payment", "receipt": receipt, "amount": cny(minor),
        "value_on": "2026-01-10", "unidentified": true,
        "bank_ref": { "bank": "ICBC", "statement": "2026-01", "line": receipt },
        "payer": { "name": "somebody" } })
}

fn identify(receipt: &str, customer: &str, minor: Option<i64>) -> Value {
    json!({ "command": "identify_receipt", "suspense": receipt, "belongs_to": customer,
        "amount": minor.map(cny) })
}

#[test]
fn an_unidentified_receipt_waits_in_suspense_with_its_payer_sealed() {
    let ledger = ledger();
    let mut named = unidentified("SUS-1", 500);
    named["customer"] = json!("A");
    refused(&ledger, named, "customer_not_allowed");
    let mut unsaid = unidentified("SUS-1", 500);
    unsaid["unidentified"] = json!(false);
    refused(&ledger, unsaid, "customer_required");
    refused(&ledger, unidentified("SUS-1", 0), "amount_not_positive");
    given(&ledger, unidentified("SUS-1", 500));
    refused(&ledger, unidentified("SUS-1", 500), "record_taken");
    let events = suspense(&ledger);
    let Body::PaymentReceived(payment) = &events[0].body else { panic!("a payment") };
    assert!(payment.payer.as_ref().expect("a payer").sealed().is_some());
    // The bank's line is taken, whoever the money belongs to.
    let mut again = unidentified("SUS-2", 500);
    again["bank_ref"]["line"] = json!("SUS-1");
    refused(&ledger, again, "number_taken");
}

#[test]
fn identifying_takes_out_of_suspense_and_puts_into_the_customers_account() {
    let ledger = ledger();
    given(&ledger, unidentified("SUS-1", 500));
    refused(&ledger, identify("SUS-9", "A", None), "record_unknown");
    refused(&ledger, identify("SUS-1", "X", None), "customer_not_registered");
    let message = refused(&ledger, identify("SUS-1", "A", Some(501)), "credit_overdrawn");
    assert_eq!(
        message,
        "unapplied amount of unidentified receipt SUS-1 is 5.00 CNY on 2026-01-10, the \
         identification asks 5.01 CNY"
    );
    let mut early = identify("SUS-1", "A", Some(1));
    early["value_on"] = json!("2026-01-09");
    refused(&ledger, early, "date_order");
    let mut forged = identify("SUS-1", "A", Some(1));
    forged["step"] = json!("returns");
    refused(&ledger, forged, "half_of_pair");
    let outcome = given(&ledger, identify("SUS-1", "A", Some(200)));
    let streams: Vec<String> = outcome.events.iter().map(|e| e.stream.to_string()).collect();
    assert_eq!(streams, ["book/suspense", "customer/A"]);
    let last = of(&ledger, "A").pop().expect("an event");
    let Body::ReceiptIdentified(arrived) = &last.body else { panic!("the other half") };
    assert_eq!(arrived.step, Some(IdentificationStep::Arrives));
    assert_eq!((arrived.suspense.as_str(), arrived.receipt.as_str()), ("SUS-1", "SUS-1"));
    // The rest is B's; it is a receipt like any other.
    given(&ledger, identify("SUS-1", "B", None));
    refused(&ledger, identify("SUS-1", "B", None), "amount_not_positive");
    let apply = json!({ "customer": "B", "command": "apply_credit", "credit_kind": "receipt",
        "credit": "SUS-1/2", "method": "fifo" });
    let outcome = given(&ledger, apply);
    let (event, _) = ledger.reader().event(outcome.events[0].position).unwrap().unwrap();
    let Body::CreditApplied(applied) = &event.body else { panic!("an application") };
    assert_eq!(applied.lines[0].amount.minor, 300);
}

#[test]
fn what_was_another_customers_returns_to_suspense_and_is_identified_anew() {
    let ledger = ledger();
    given(&ledger, unidentified("SUS-1", 500));
    given(&ledger, identify("SUS-1", "A", None));
    let reverse = |kind: &str| {
        json!({ "customer": "A", "command": "reverse_payment", "receipt": "SUS-1", "kind": kind,
            "effective_on": "2026-01-15" })
    };
    let gone = json!({ "command": "reverse_payment", "receipt": "SUS-1", "kind": "bounced",
        "effective_on": "2026-01-15", "unidentified": true });
    let message = refused(&ledger, gone.clone(), "receipt_identified");
    assert_eq!(message, "5.00 CNY of receipt SUS-1 was identified as customers' money");
    let outcome = given(&ledger, reverse("wrong_customer"));
    assert_eq!(outcome.events.len(), 2, "the reversal and the return");
    let last = suspense(&ledger).pop().expect("an event");
    let Body::ReceiptIdentified(returned) = &last.body else { panic!("the other half") };
    assert_eq!(returned.step, Some(IdentificationStep::Returns));
    let mut early = identify("SUS-1", "B", None);
    early["value_on"] = json!("2026-01-14");
    refused(&ledger, early, "amount_not_positive");
    let mut anew = identify("SUS-1", "B", None);
    anew["value_on"] = json!("2026-01-15");
    given(&ledger, anew);
    // A reversal for another reason ends it where it is.
    let outcome = given(
        &ledger,
        json!({ "customer": "B", "command": "reverse_payment",
        "receipt": "SUS-1/2", "kind": "bounced", "effective_on": "2026-01-16" }),
    );
    assert_eq!(outcome.events.len(), 1);
    // What is left in suspense can bounce there.
    given(&ledger, unidentified("SUS-2", 100));
    given(
        &ledger,
        json!({ "command": "reverse_payment", "receipt": "SUS-2", "kind": "bounced",
        "effective_on": "2026-01-15", "unidentified": true }),
    );
    refused(&ledger, identify("SUS-2", "A", None), "receipt_reversed");
}

/// A's receipt R-1 of 600.00.
fn paid() -> Ledger {
    let ledger = ledger();
    given(
        &ledger,
        json!({ "customer": "A", "command": "receive_payment", "receipt": "R-1",
        "amount": cny(60_000), "value_on": "2026-01-10" }),
    );
    ledger
}

fn pay_for(lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> =
        lines.iter().map(|(item, minor)| json!({ "item": item, "amount": cny(*minor) })).collect();
    json!({ "customer": "A", "command": "apply_credit", "credit_kind": "receipt", "credit": "R-1",
        "method": "explicit", "lines": lines, "for_customer": "B", "effective_on": "2026-01-12" })
}

#[test]
fn a_third_party_pays_another_customers_debt_by_naming_it() {
    let ledger = paid();
    refused(&ledger, pay_for(&[]), "field_missing");
    refused(&ledger, pay_for(&[("AR-9", 1)]), "record_unknown");
    refused(&ledger, pay_for(&[("AR-1", 60_001)]), "credit_overdrawn");
    let mut unknown = pay_for(&[("AR-1", 1)]);
    unknown["for_customer"] = json!("X");
    refused(&ledger, unknown, "customer_not_registered");
    let mut note = pay_for(&[("AR-1", 1)]);
    note["credit_kind"] = json!("credit_note");
    refused(&ledger, note, "third_party_kind");
    let forged = json!({ "customer": "B", "command": "apply_credit", "credit_kind": "receipt",
        "credit": "R-1", "method": "explicit", "paid_by": "A",
        "lines": [{ "item": "AR-1", "amount": cny(1) }] });
    refused(&ledger, forged, "paid_by_another");
    let outcome = given(&ledger, pay_for(&[("AR-1", 60_000)]));
    let streams: Vec<String> = outcome.events.iter().map(|e| e.stream.to_string()).collect();
    assert_eq!(streams, ["customer/A", "customer/B"]);
    let last = of(&ledger, "B").pop().expect("an event");
    let Body::CreditApplied(half) = &last.body else { panic!("the other half") };
    assert_eq!(half.application.as_str(), "A/A-1");
    assert_eq!(half.paid_by.as_ref().map(ToString::to_string).as_deref(), Some("A"));
    // Both accounts know it: A has nothing left, B owes 400.00.
    refused(&ledger, pay_for(&[("AR-1", 1)]), "credit_overdrawn");
    let message = {
        given(
            &ledger,
            json!({ "customer": "B", "command": "receive_payment", "receipt": "R-1",
            "amount": cny(60_000), "value_on": "2026-01-12" }),
        );
        refused(
            &ledger,
            json!({ "customer": "B", "command": "apply_credit",
            "credit_kind": "receipt", "credit": "R-1", "method": "explicit",
            "lines": [{ "item": "AR-1", "amount": cny(60_000) }] }),
            "item_overdrawn",
        )
    };
    assert_eq!(
        message,
        "open amount of item AR-1 is 400.00 CNY on 2026-01-12, the application asks 600.00 CNY"
    );
}

#[test]
fn a_third_partys_payment_is_taken_back_in_both_accounts() {
    let ledger = paid();
    given(&ledger, pay_for(&[("AR-1", 50_000)]));
    let undo = |customer: &str, application: &str| {
        json!({ "customer": customer, "command": "reverse_application",
            "application": application, "reason": "wrong" })
    };
    refused(&ledger, undo("B", "A/A-1"), "paid_by_another");
    assert_eq!(given(&ledger, undo("A", "A-1")).events.len(), 2);
    given(&ledger, pay_for(&[("AR-1", 60_000)]));
    // The receipt bounces: its applications are reversed wherever they stand (I-46).
    let outcome = given(
        &ledger,
        json!({ "customer": "A", "command": "reverse_payment",
        "receipt": "R-1", "kind": "bounced", "effective_on": "2026-01-14" }),
    );
    let kinds: Vec<_> = outcome.events.iter().map(|event| event.kind.name()).collect();
    assert_eq!(kinds, ["payment.reversed", "application.reversed", "application.reversed"]);
    given(
        &ledger,
        json!({ "customer": "B", "command": "receive_payment", "receipt": "R-1",
        "amount": cny(100_000), "value_on": "2026-01-14" }),
    );
    given(
        &ledger,
        json!({ "customer": "B", "command": "apply_credit", "credit_kind": "receipt",
        "credit": "R-1", "method": "explicit",
        "lines": [{ "item": "AR-1", "amount": cny(100_000) }] }),
    );
}

#[test]
fn a_retry_of_a_pair_answers_with_both_halves_and_adds_nothing() {
    let ledger = paid();
    given(&ledger, unidentified("SUS-1", 500));
    for (asked, key) in [(identify("SUS-1", "A", None), "k1"), (pay_for(&[("AR-1", 1)]), "k2")] {
        let first = one(&ledger, keyed(request(asked.clone()), key)).expect("taken");
        let before = ledger.reader().head().next;
        let again = one(&ledger, keyed(request(asked), key)).expect("known");
        assert!(again.repeated && first.events.len() == 2);
        assert_eq!(again.events, first.events);
        assert_eq!(ledger.reader().head().next, before);
    }
}
