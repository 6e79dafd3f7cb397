//! Terms (E10, I-16), investments (E18, I-25) and promises (E22, E23, I-27, I-28, R31).

use serde_json::{Value, json};

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

fn terms(net: u32, from: &str, until: Option<&str>) -> Value {
    json!({ "command": "set_customer_terms", "valid_from": from, "valid_until": until,
        "payment": { "net_days": net, "discount_days": 10, "discount_basis_points": 200 } })
}

fn item(id: &str, minor: i64, on: &str) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": on, "amount": cny(minor) })
}

#[test]
fn terms_do_not_overlap_and_give_way_to_the_next() {
    let mut world = World::with_customer();
    world.refused(terms(30, "2024-02-01", Some("2024-01-31")), "date_order");
    let early = json!({ "net_days": 9, "discount_days": 10, "discount_basis_points": 200 });
    world.refused(
        with(terms(30, "2024-01-01", None), json!({ "payment": early })),
        "discount_after_due",
    );
    let half = json!({ "net_days": 9, "discount_days": 5 });
    world.refused(with(terms(30, "2024-01-01", None), json!({ "payment": half })), "field_missing");
    let all = json!({ "price_discount_basis_points": 10_001 });
    world.refused(with(terms(30, "2024-01-01", None), all), "percent_beyond");
    world.given(&[terms(30, "2024-01-01", None), terms(60, "2024-03-01", Some("2024-03-31"))]);
    for (from, until) in [
        ("2024-01-01", None),
        ("2024-03-31", None),
        ("2024-02-01", Some("2024-03-01")),
        ("2023-01-01", Some("2024-01-01")),
    ] {
        world.refused(terms(14, from, until), "terms_overlap");
    }
    world.given(&[terms(14, "2024-04-01", None), terms(10, "2024-02-01", Some("2024-02-29"))]);
}

#[test]
fn a_debt_is_due_by_the_terms_of_its_day() {
    let mut world = World::with_customer();
    let rejection = world.refused(item("A", 100, "2024-01-10"), "field_missing");
    assert_eq!(rejection.to_string(), "the day it is due is missing");
    world.given(&[
        terms(30, "2024-01-01", None),
        terms(60, "2024-02-01", Some("2024-02-29")),
        item("A", 100, "2024-01-10"),
        item("B", 100, "2024-02-10"),
        with(item("C", 100, "2024-01-10"), json!({ "due_on": "2024-01-11" })),
    ]);
    let due = |id: &str| world.get::<Item>(id).due_on;
    assert_eq!((due("A"), due("B")), (day("2024-02-09"), day("2024-04-10")));
    assert_eq!(due("C"), day("2024-01-11"), "as said");
    world.refused(item("D", 100, "2024-03-01"), "field_missing");
}

#[test]
fn old_contracts_keep_the_terms_they_were_signed_with() {
    let mut world = World::with_customer();
    let signed = json!({ "command": "sign_contract", "contract": "HT-1", "total": cny(1_000),
        "signed_on": "2024-01-15", "debt_opened_by": "invoices" });
    world.given(&[terms(30, "2024-01-01", None), signed, terms(60, "2024-02-01", None)]);
    world.given(&[json!({ "command": "open_receivable", "item": "A", "source": "invoice",
        "contract": "HT-1", "document_on": "2024-03-01", "amount": cny(1_000) })]);
    assert_eq!(world.get::<Item>("A").due_on, day("2024-03-31"));
}

#[test]
fn paying_early_earns_the_discount_and_no_more_without_approval() {
    let mut world = World::with_customer();
    world.given(&[terms(30, "2024-01-01", None), item("A", 10_025, "2024-03-10")]);
    let discount = |minor: i64, on: &str| {
        json!({ "command": "apply_credit", "credit_kind": "discount", "method": "explicit",
            "lines": [{ "item": "A", "amount": cny(minor) }], "effective_on": on,
            "reason": "paid early" })
    };
    // 2 percent of 100.25 is 2.005: half to even gives 2.00.
    let rejection = world.refused(discount(201, "2024-03-20"), "approval_missing");
    assert!(rejection.to_string().contains("2.00 CNY"), "{rejection}");
    world.given(&[discount(150, "2024-03-20")]);
    world.refused(discount(51, "2024-03-20"), "approval_missing");
    world.given(&[discount(50, "2024-03-20")]);
    world.given(&[json!({ "command": "reverse_application", "application": "A-2",
        "reason": "not yet" })]);
    world.now = crate::decide::testing::at("2024-03-21T10:00:00+08:00");
    world.refused(discount(50, "2024-03-21"), "approval_missing");
    world.given(&[with(discount(50, "2024-03-21"), json!({ "approved_by": "U-02" }))]);
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn an_investment_is_worth_something_and_a_large_concession_is_approved() {
    let mut world = World::with_customer();
    let policy = json!({ "command": "publish_policy_version", "policy": "receivables",
        "version": 1, "receivable_rules": { "level_days": [14], "grace_days": 3,
        "interval_days": 7, "notice_minimums": [], "tolerances": [],
        "concessions": [cny(1_000)] } });
    world.given(&[policy]);
    let invest = |kind: &str, minor: i64| {
        json!({ "command": "record_investment", "kind": kind, "purpose": "keep",
            "amount": cny(minor), "invested_on": "2024-03-01" })
    };
    world.refused(invest("gift", -1), "amount_negative");
    world
        .refused(with(invest("gift", 1), json!({ "invested_on": "2024-03-21" })), "date_in_future");
    world.refused(with(invest("gift", 1), json!({ "interaction": "I-9" })), "record_unknown");
    world.refused(invest("concession", 1_001), "approval_missing");
    world.given(&[
        invest("gift", 0),
        invest("gift", 5_000),
        invest("concession", 1_000),
        with(invest("concession", 1_001), json!({ "approved_by": "U-02" })),
    ]);
    world.refused(with(invest("gift", 1), json!({ "investment": "IV-1" })), "record_taken");
}

fn promise(more: Value) -> Value {
    with(
        json!({ "command": "make_commitment", "by": "us", "medium": "spoken",
            "due_at": "2024-03-25T10:00:00Z", "promise": { "what": "a new seal" } }),
        more,
    )
}

fn settle(outcome: &str, at: &str) -> Value {
    json!({ "command": "settle_commitment", "commitment": "PR-1", "outcome": outcome, "at": at })
}

#[test]
fn a_promise_has_a_day_and_somebody_responsible() {
    let mut world = World::with_customer();
    world.refused(promise(json!({ "due_at": null })), "promise_without_day");
    world.refused(promise(json!({ "due_at": "2024-03-01T00:00:00Z" })), "instant_order");
    world.refused(promise(json!({ "contact": "P-9" })), "record_unknown");
    world.refused(promise(json!({ "interaction": "I-9" })), "record_unknown");
    world.refused(promise(json!({ "about": { "contract": "HT-9" } })), "record_unknown");
    let bodies = world.ask(promise(json!({ "contact": "P-1" }))).expect("accepted");
    let Some(Body::CommitmentMade(made)) = bodies.first() else { panic!("a promise") };
    assert_eq!(
        (made.commitment.as_str(), made.responsible.as_ref()),
        ("PR-1", Some(&world.actor.user))
    );
    world.refused(promise(json!({ "commitment": "PR-1" })), "record_taken");
}

#[test]
fn a_promise_is_settled_once_and_as_the_times_say() {
    let mut world = World::with_customer();
    world.given(&[promise(json!({ "due_at": "2024-03-20T04:00:00Z",
        "effective_at": "2024-03-10T00:00:00Z" }))]);
    let (in_time, too_late) = ("2024-03-20T03:00:00Z", "2024-03-20T05:00:00Z");
    world.refused(with(settle("kept", in_time), json!({ "commitment": "PR-9" })), "record_unknown");
    world.refused(settle("kept", "2024-03-22T00:00:00Z"), "instant_in_future");
    world.refused(settle("kept", "2024-03-09T00:00:00Z"), "instant_order");
    world.refused(settle("kept", too_late), "outcome_unfit");
    world.refused(settle("late", in_time), "outcome_unfit");
    world.refused(settle("broken", in_time), "outcome_unfit");
    world.refused(settle("released", in_time), "release_unproved");
    world
        .refused(with(settle("released", in_time), json!({ "evidence": "I-9" })), "record_unknown");
    world.refused(settle("superseded", in_time), "field_missing");
    world.refused(
        with(settle("superseded", in_time), json!({ "superseded_by": "PR-1" })),
        "superseded_unfit",
    );
    world.refused(
        with(settle("superseded", in_time), json!({ "superseded_by": "PR-2" })),
        "record_unknown",
    );
    world.refused(
        with(settle("kept", in_time), json!({ "superseded_by": "PR-1" })),
        "superseded_unfit",
    );
    world.given(&[settle("kept", in_time)]);
    world.refused(settle("kept", in_time), "commitment_settled");
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn nobody_is_reminded_of_what_is_promised_until_the_promise_is_broken() {
    let mut world = World::with_customer();
    world.given(&[with(item("A", 10_000, "2024-01-10"), json!({ "due_on": "2024-02-09" }))]);
    let pays = |minor: i64, more: Value| {
        let items = json!({ "items": [{ "item": "A", "amount": cny(minor) }],
            "by": "customer", "due_at": "2024-03-21T15:00:00Z" });
        with(promise(items), more)
    };
    world.refused(pays(100, json!({ "by": "us" })), "promise_to_ourselves");
    world.refused(pays(0, json!({})), "amount_not_positive");
    let rejection = world.refused(pays(10_001, json!({})), "item_overdrawn");
    assert_eq!(
        rejection.to_string(),
        "open amount of item A is 100.00 CNY on 2024-03-20, the promise asks 100.01 CNY"
    );
    world.given(&[pays(10_000, json!({}))]);
    let remind = |on: &str| json!({ "command": "send_dunning_notice", "sent_on": on });
    world.refused(remind("2024-03-20"), "nothing_overdue");
    let named = with(remind("2024-03-20"), json!({ "items": [{ "item": "A" }] }));
    let rejection = world.refused(named, "payment_promised");
    assert_eq!(
        rejection.to_string(),
        "payment of item A is promised for 2024-03-21 by commitment PR-1"
    );
    world.now = crate::decide::testing::at("2024-03-22T10:00:00+08:00");
    world.given(&[settle("broken", "2024-03-22T01:00:00Z"), remind("2024-03-22")]);
    assert_eq!(world.get::<Item>("A").open_on(day("2024-03-22")), yuan(10_000));
}

#[test]
fn an_answer_may_promise_and_a_closed_complaint_is_asked_about_again() {
    let mut world = World::with_customer();
    let received = |kind: &str| {
        json!({ "command": "receive_complaint", "kind": kind, "channel": "phone",
            "subject": "quality", "severity": "normal", "received_at": "2024-03-19T02:00:00Z" })
    };
    let closed = |id: &str| {
        json!({ "command": "close_complaint", "complaint": id, "agreement": "yes",
            "closed_by": "U-03", "at": "2024-03-20T02:00:00Z" })
    };
    let answered = |commitment: &str| {
        json!({ "command": "answer_complaint", "complaint": "T-1", "by": "U-01",
            "at": "2024-03-19T04:00:00Z", "root_cause": "defect", "commitment": commitment })
    };
    world.given(&[
        received("complaint"),
        received("enquiry"),
        json!({ "command": "acknowledge_complaint", "complaint": "T-1", "by": "U-01",
            "at": "2024-03-19T03:00:00Z", "channel": "phone", "human": true }),
    ]);
    world.refused(answered("PR-1"), "record_unknown");
    world.given(&[promise(json!({ "about": { "complaint": "T-1" } })), answered("PR-1")]);
    let bodies = world.ask(closed("T-1")).expect("accepted");
    let [Body::ComplaintClosed(_), Body::TaskPlanned(task)] = bodies.as_slice() else {
        panic!("the end and a task: {bodies:?}")
    };
    assert_eq!(task.task.as_str(), "T-1/call-back");
    assert_eq!(task.assignee.as_ref().map(ToString::to_string).as_deref(), Some("U-03"));
    assert_eq!(task.due_at, crate::decide::testing::at("2024-03-21T10:00:00+08:00"));
    let about = task.about.as_ref().and_then(|about| about.complaint.as_ref());
    assert_eq!(about.map(ToString::to_string).as_deref(), Some("T-1"));
    assert_eq!(world.ask(closed("T-2")).expect("accepted").len(), 1);
}
