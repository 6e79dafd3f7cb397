//! Reminders: E52 and R30.

use serde_json::{Value, json};

use super::credits::publish;
use crate::decide::receivable::Item;
use crate::decide::testing::{World, at, cny, yuan};
use crate::decide::void;
use crate::event::Body;
use crate::event::dunning::DunningNoticeSent;

fn item(id: &str, minor: i64, due_on: &str) -> Value {
    json!({ "command": "open_receivable", "item": id, "source": "service_charge",
        "document_on": "2024-01-01", "due_on": due_on, "amount": cny(minor) })
}

fn notice(more: Value) -> Value {
    let mut request = json!({ "command": "send_dunning_notice", "sent_on": "2024-03-15",
        "channel": "letter" });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

/// The rules: levels after 14, 30 and 60 days, 3 days of grace, 7 days between, from 50.00 on.
fn world() -> World {
    let mut world = World::with_customer();
    publish(&mut world);
    world
}

fn sent(world: &mut World, more: Value) -> DunningNoticeSent {
    let bodies = world.ask(notice(more)).expect("accepted");
    let Some(Body::DunningNoticeSent(sent)) = bodies.into_iter().next() else { panic!("one") };
    sent
}

#[test]
fn grace_and_the_level_decide_from_which_day_on() {
    // Threshold 14, grace 3: 3 days overdue no, 13 no, 14 yes.
    for (due_on, code) in [
        ("2024-03-15", Some("not_overdue")),
        ("2024-03-12", Some("not_overdue")),
        ("2024-03-11", Some("level_beyond")),
        ("2024-03-02", Some("level_beyond")),
        ("2024-03-01", None),
    ] {
        let mut world = world();
        world.given(&[item("A", 10_000, due_on)]);
        let one = json!({ "items": [{ "item": "A" }] });
        match code {
            Some(code) => {
                world.refused(notice(one), code);
                world.refused(notice(json!({})), "nothing_overdue");
            }
            None => assert_eq!(sent(&mut world, one).level, Some(1), "{due_on}"),
        }
    }
}

#[test]
fn all_that_may_be_reminded_of_is_taken_and_the_figures_stay() {
    let mut world = world();
    world.given(&[
        item("A", 10_000, "2024-01-15"),
        item("B", 4_000, "2024-02-28"),
        item("disputed", 10_000, "2024-01-15"),
        item("paid", 10_000, "2024-01-15"),
        item("later", 10_000, "2024-03-31"),
        json!({ "command": "change_receivable_dispute", "item": "disputed", "disputed": true }),
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(11_000),
            "value_on": "2024-03-01" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": "P",
            "method": "explicit", "lines": [{ "item": "paid", "amount": cny(10_000) },
                { "item": "A", "amount": cny(1_000) }] }),
    ]);
    let sent = sent(&mut world, json!({}));
    let lines: Vec<_> = sent
        .items
        .iter()
        .map(|line| (line.item.as_str(), line.level, line.open, line.overdue_days))
        .collect();
    // However long overdue, the first notice is of level 1.
    assert_eq!(
        lines,
        [("A", Some(1), Some(yuan(9_000)), Some(60)), ("B", Some(1), Some(yuan(4_000)), Some(16)),]
    );
    assert_eq!((sent.level, sent.rules_version), (Some(1), Some(1)));
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn notices_follow_each_other_level_by_level() {
    let mut world = world();
    world.given(&[item("A", 10_000, "2024-01-02"), item("B", 10_000, "2024-02-15")]);
    let on = |day: &str, more: Value| {
        let mut request = notice(more);
        request["sent_on"] = json!(day);
        request
    };
    let first = on("2024-03-01", json!({}));
    world.refused(on("2024-03-01", json!({ "level": 2 })), "notice_level");
    let two = json!({ "items": [{ "item": "A", "level": 2 }] });
    let rejection = world.refused(on("2024-03-01", two), "level_beyond");
    assert_eq!(
        rejection.to_string(),
        "item A stands at level 0 and is overdue 59 days; it may reach level 1, not 2"
    );
    world.given(&[first]);
    world.refused(on("2024-03-07", json!({ "items": [{ "item": "A" }] })), "notice_too_soon");
    world.refused(on("2024-03-07", json!({})), "nothing_overdue");
    // On 03-08 A is 66 days overdue and may rise to level 2; B, 22 days, stays at level 1.
    let bodies = world.ask(on("2024-03-08", json!({}))).expect("accepted");
    let Some(Body::DunningNoticeSent(second)) = bodies.first() else { panic!("one") };
    let levels: Vec<_> = second.items.iter().map(|line| line.level).collect();
    assert_eq!((levels, second.level), (vec![Some(2), Some(1)], Some(2)));
    assert_eq!(world.get::<Item>("A").reminded.map(|(level, _)| level), Some(2));
    // A void takes the level back.
    let last = world.history.len() - 1;
    world
        .given(&[json!({ "command": "void_event", "event": World::id(last), "reason": "unsent" })]);
    assert_eq!(world.get::<Item>("A").reminded.map(|(level, _)| level), Some(1));
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

#[test]
fn disputed_settled_and_foreign_items_are_refused_by_name() {
    let mut world = world();
    world.given(&[
        item("A", 10_000, "2024-01-15"),
        item("disputed", 10_000, "2024-01-15"),
        json!({ "command": "change_receivable_dispute", "item": "disputed", "disputed": true }),
    ]);
    let mut abroad = item("S", 10_000, "2024-01-15");
    abroad["legal_entity"] = json!("SH");
    let mut dollars = item("D", 10_000, "2024-01-15");
    dollars["amount"] = json!({ "minor": 10_000, "currency": "USD" });
    world.given(&[abroad, dollars]);
    for (items, code) in [
        (json!([{ "item": "X" }]), "record_unknown"),
        (json!([{ "item": "disputed" }]), "item_disputed"),
        (json!([{ "item": "A" }, { "item": "A" }]), "line_repeated"),
        (json!([{ "item": "A" }, { "item": "D" }]), "currency_differs"),
        (json!([{ "item": "A" }, { "item": "S" }]), "legal_entity_differs"),
        (json!([{ "item": "A", "open": cny(9_999) }]), "notice_figures"),
        (json!([{ "item": "A", "overdue_days": 59 }]), "notice_figures"),
    ] {
        world.refused(notice(json!({ "items": items })), code);
    }
    world.refused(notice(json!({ "sent_on": "2024-03-21" })), "date_in_future");
    world.refused(notice(json!({ "legal_entity": "XX" })), "nothing_overdue");
    world.given(&[notice(json!({ "currency": "USD" }))]);
    world.refused(notice(json!({ "notice": "D-1" })), "record_taken");
}

#[test]
fn who_owes_nothing_on_balance_or_too_little_is_not_reminded() {
    let mut world = world();
    world.given(&[item("A", 10_000, "2024-01-15"), item("B", 4_999, "2024-01-15")]);
    let one = json!({ "items": [{ "item": "B" }] });
    let rejection = world.refused(notice(one), "below_minimum");
    assert_eq!(
        rejection.to_string(),
        "the items come to 49.99 CNY; a notice is sent for 50.00 CNY or more"
    );
    world.given(&[json!({ "command": "receive_payment", "receipt": "P", "amount": cny(14_999),
        "value_on": "2024-03-10" })]);
    let rejection = world.refused(notice(json!({})), "net_credit");
    assert_eq!(
        rejection.to_string(),
        "149.99 CNY is open but 149.99 CNY is unapplied: on balance nothing is owed"
    );
}

#[test]
fn a_fee_is_an_item_of_its_own() {
    let mut world = world();
    world.given(&[item("A", 10_000, "2024-01-15")]);
    let fee = |minor: i64, due: &str| json!({ "fees": [{ "amount": cny(minor), "due_on": due }] });
    world.refused(notice(fee(0, "2024-03-31")), "amount_not_positive");
    world.refused(notice(fee(1, "2024-03-14")), "due_before_document");
    let dollars = json!({ "fees": [{ "amount": { "minor": 1, "currency": "USD" },
        "due_on": "2024-03-31" }] });
    world.refused(notice(dollars), "currency_differs");
    let bodies = world.ask(notice(fee(500, "2024-03-31"))).expect("accepted");
    let [Body::DunningNoticeSent(sent), Body::ReceivableOpened(fee)] = bodies.as_slice() else {
        panic!("a notice and its fee")
    };
    assert_eq!(sent.fees.first().map(|fee| fee.item.as_str()), Some("D-1/fee-1"));
    assert_eq!((fee.item.as_str(), fee.source.as_str()), ("D-1/fee-1", "dunning_fee"));
    // Paying the principal leaves the fee open.
    world.given(&[
        json!({ "command": "receive_payment", "receipt": "P", "amount": cny(10_000),
            "value_on": "2024-03-16" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt", "credit": "P",
            "method": "fifo" }),
    ]);
    assert_eq!(world.get::<Item>("D-1/fee-1").open_from(crate::time::Date(0)).1, yuan(500));
}

#[test]
fn without_rules_every_overdue_item_rises_by_one() {
    let mut world = World::with_customer();
    world.given(&[item("A", 1, "2024-03-14")]);
    assert_eq!(sent(&mut world, json!({})).level, Some(1));
    assert_eq!(sent(&mut world, json!({})).level, Some(2));
    world.now = at("2024-03-21T10:00:00+08:00");
    let asked = sent(&mut world, json!({ "level": 2, "sent_on": "2024-03-21" }));
    assert_eq!((asked.level, asked.rules_version), (Some(2), None));
}
