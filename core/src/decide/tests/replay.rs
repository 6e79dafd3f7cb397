//! Voids (X22), and that a replay gives the live state (P1).

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::decide::opportunity::Opportunity;
use crate::decide::testing::{World, cny};
use crate::decide::{saved, void};
use crate::event::Body;

fn void(at: usize) -> Value {
    json!({ "command": "void_event", "event": World::id(at).to_string(), "reason": "wrong" })
}

fn assert_replay(world: &World) {
    assert_eq!(void::replay(&mut world.history.clone()), world.state);
}

/// A state saved after any event comes back as it was, and what follows, folded onto it, gives the
/// live state; only a later void of an event that it counts makes it of no use.
fn assert_saved(world: &World, split: prop::sample::Index) {
    let stream = world.history[0].0.envelope.stream.clone();
    let (before, after) = world.history.split_at(1 + split.index(world.history.len()));
    let state = void::replay(&mut before.to_vec());
    let bytes = saved::encode(&stream, &state).expect("encoded");
    assert_eq!(saved::decode(&stream, &bytes).expect("decoded"), state);
    let events = || after.iter().cloned().map(Ok::<_, std::convert::Infallible>);
    let folded = void::replay_on(state, events).unwrap_or_else(|never| match never {});
    let last = before.last().expect("an event").0.envelope.position;
    let voids_earlier = after.iter().any(|(event, _)| match &event.body {
        Body::EventVoided(void) => void.position <= last,
        _ => false,
    });
    match folded {
        Some(state) => assert_eq!(state, world.state),
        None => assert!(voids_earlier),
    }
    assert!(saved::decode(&stream, &bytes[..bytes.len() - 1]).is_err(), "cut off");
}

fn open() -> Value {
    json!({ "command": "open_opportunity", "pipeline": "sales", "stage": "lead" })
}

fn to(opportunity: &str, stage: &str) -> Value {
    json!({ "command": "change_opportunity_stage", "opportunity": opportunity, "to": stage,
        "reason": "agreed" })
}

#[test]
fn an_event_nothing_stands_on_counts_no_longer() {
    let mut world = World::with_customer();
    world.given(&[open(), to("O-1", "proposal")]);
    let mut silent = void(3);
    silent["reason"] = Value::Null;
    world.refused(silent, "reason_missing");
    world.given(&[void(3)]);
    assert_eq!(world.get::<Opportunity>("O-1").stage.as_str(), "lead");
    assert_replay(&world);
    world.refused(void(3), "event_voided");
    world.refused(void(4), "not_voidable");
    world.refused(void(99), "event_unknown");
    // The id of a voided record is not given out again.
    world.given(&[void(2), open()]);
    assert_eq!(world.get::<Opportunity>("O-2").stage.as_str(), "lead");
    assert_replay(&world);
}

#[test]
fn an_event_others_stand_on_is_kept_and_they_are_named() {
    let mut world = World::with_customer();
    world.given(&[open(), to("O-1", "proposal"), to("O-1", "negotiation"), open()]);
    let rejection = world.refused(void(2), "stood_on");
    assert_eq!(
        rejection.to_string(),
        "opportunity.opened at position 2 cannot be voided; it is needed by \
         opportunity_stage.changed at position 3, opportunity_stage.changed at position 4"
    );
    world.refused(void(3), "stood_on");
    world.given(&[void(5)]);
    assert_replay(&world);
}

#[test]
fn money_and_the_customer_are_not_voided() {
    let mut world = World::with_customer();
    world.given(&[
        json!({ "command": "open_receivable", "item": "A", "source": "service_charge",
            "document_on": "2024-03-01", "due_on": "2024-04-01", "amount": cny(100) }),
        json!({ "command": "receive_payment", "amount": cny(100), "value_on": "2024-03-02" }),
        json!({ "command": "apply_credit", "credit_kind": "receipt", "receipt": "R-1",
            "method": "fifo" }),
    ]);
    world.refused(void(0), "not_voidable");
    world.refused(void(2), "stood_on");
    world.refused(void(3), "not_voidable");
    world.refused(void(4), "not_voidable");
    assert_replay(&world);
}

#[test]
fn a_customer_registered_by_mistake_can_be_voided_alone() {
    let mut world = World::with_customer();
    world.given(&[void(1), void(0)]);
    assert_replay(&world);
    world.refused(open(), "customer_not_registered");
}

/// One request out of a small world, so that requests meet each other.
fn request() -> impl Strategy<Value = Value> {
    let id = |prefix: &'static str| (1..4u32).prop_map(move |number| format!("{prefix}-{number}"));
    let stage = prop::sample::select(vec!["lead", "qualified", "proposal", "negotiation"]);
    let day = (1..21u32).prop_map(|day| format!("2024-03-{day:02}"));
    let minor = 1..400i64;
    prop_oneof![
        Just(open()),
        (id("O"), stage).prop_map(|(id, stage)| to(&id, stage)),
        (id("O"), day.clone()).prop_map(|(id, day)| json!({ "command": "win_opportunity",
            "opportunity": id, "closed_on": day })),
        (minor.clone(), day.clone()).prop_map(|(minor, day)| json!({
            "command": "open_receivable", "source": "opening_balance", "document_on": day,
            "due_on": "2024-04-01", "amount": cny(minor) })),
        (minor.clone(), day.clone()).prop_map(|(minor, day)| json!({
            "command": "receive_payment", "amount": cny(minor), "value_on": day })),
        (id("R"), prop::sample::select(vec!["fifo", "pro_rata"])).prop_map(|(id, method)| json!({
            "command": "apply_credit", "credit_kind": "receipt", "receipt": id,
            "method": method })),
        (id("R"), id("AR"), minor.clone(), day.clone()).prop_map(
            |(receipt, item, minor, day)| json!({
            "command": "apply_credit", "credit_kind": "receipt", "receipt": receipt,
            "method": "explicit", "lines": [{ "item": item, "amount": cny(minor) }],
            "effective_on": day })
        ),
        (id("A"), day.clone()).prop_map(|(id, day)| json!({ "command": "reverse_application",
            "application": id, "effective_on": day, "reason": "wrong" })),
        (id("R"), day.clone()).prop_map(|(id, day)| json!({ "command": "reverse_payment",
            "receipt": id, "kind": "bounced", "effective_on": day })),
        (id("AR"), minor.clone(), day.clone()).prop_map(|(item, minor, day)| json!({
            "command": "issue_credit_note", "against": item, "amount": cny(minor),
            "issued_on": day, "reason": "price" })),
        (id("AR"), minor.clone(), day.clone()).prop_map(|(item, minor, day)| json!({
            "command": "write_off_receivable", "item": item, "amount": cny(minor),
            "written_off_on": day, "approved_by": "U-02", "reason": "small" })),
        (id("R"), minor.clone(), day.clone()).prop_map(|(receipt, minor, day)| json!({
            "command": "pay_refund", "credit_kind": "receipt", "credit": receipt,
            "amount": cny(minor), "value_on": day })),
        (id("AR"), minor.clone(), day.clone()).prop_map(|(item, minor, day)| json!({
            "command": "apply_credit", "credit_kind": "discount", "method": "explicit",
            "lines": [{ "item": item, "amount": cny(minor) }], "effective_on": day,
            "approved_by": "U-02", "reason": "early" })),
        prop_oneof![id("CN"), id("W"), id("HT")].prop_map(|id| json!({
            "command": "reverse_application", "application": id, "reason": "wrong" })),
        (id("HT"), minor.clone()).prop_map(|(contract, minor)| json!({
            "command": "sign_contract", "contract": contract, "total": cny(2 * minor),
            "signed_on": "2024-03-01", "debt_opened_by": "instalments",
            "lines": [{ "line": 1, "product": "P", "quantity_thousandths": 2000,
                "unit_price": cny(minor), "amount": cny(2 * minor) }],
            "instalments": [
                { "number": 1, "trigger": "date", "planned_on": "2024-03-05",
                  "amount": cny(minor) },
                { "number": 2, "trigger": "on_shipment", "planned_on": "2024-03-05",
                  "amount": cny(minor) }] })),
        (id("HT"), 1..3i64).prop_map(|(contract, count)| json!({
            "command": "dispatch_shipment", "contract": contract,
            "lines": [{ "line": 1, "quantity_thousandths": count * 1000 }] })),
        (0..60i64).prop_map(|limit| json!({ "command": "set_credit_limit",
            "limit": cny(limit * 20) })),
        (id("AR"), minor.clone()).prop_map(|(item, minor)| json!({
            "command": "make_commitment", "by": "customer", "medium": "spoken",
            "due_at": "2024-03-25T00:00:00Z", "promise": { "what": "to pay" },
            "items": [{ "item": item, "amount": cny(minor) }] })),
        (1..28u32, 1..60u32).prop_map(|(day, net)| json!({ "command": "set_customer_terms",
            "valid_from": format!("2024-02-{day:02}"), "payment": { "net_days": net } })),
        prop::sample::select(vec!["上海", "苏州"]).prop_map(|city| json!({
            "command": "change_customer_details", "set": { "city": city } })),
        (0..12usize).prop_map(void),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// P1: whatever was asked, taken and voided, a replay gives the live state, from the first event
    /// or from a state saved on the way, and no item or receipt is ever overdrawn on any day.
    #[test]
    fn a_replay_gives_the_live_state(
        requests in prop::collection::vec(request(), 1..40),
        split in any::<prop::sample::Index>(),
    ) {
        use crate::decide::application::Application;
        use crate::decide::receivable::{Item, Receipt};
        use crate::decide::state::StateRecord;
        let mut world = World::with_customer();
        for request in requests {
            let _refused_or_taken = world.ask(request);
        }
        assert_replay(&world);
        assert_saved(&world, split);
        for record in world.state.records.values() {
            let first = crate::time::Date(0);
            if let Some(item) = Item::unwrap(record) {
                prop_assert!(item.open_from(first).1.minor >= 0);
            }
            if let Some(receipt) = Receipt::unwrap(record) {
                prop_assert!(receipt.unapplied_from(first).1.minor >= 0);
            }
        }
        // R34: what an item amounts to is open or was taken by an application that stands.
        let last = crate::time::Date(i32::MAX);
        for ((_, id), record) in &world.state.records {
            let Some(item) = Item::unwrap(record) else { continue };
            let mut taken = 0;
            for application in world.state.records.values().filter_map(Application::unwrap) {
                let lines = application.lines.iter().filter(|line| line.item.as_str() == id);
                taken += lines.map(|line| line.amount.minor).sum::<i64>();
            }
            prop_assert_eq!(item.amount().minor, item.open_on(last).minor + taken, "{}", id);
        }
    }
}
