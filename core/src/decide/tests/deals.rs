//! Opportunities, quotes, contracts and shipments: I-31 to I-38, E38 to E40.

use serde_json::{Value, json};

use crate::decide::opportunity::Opportunity;
use crate::decide::testing::{World, cny};
use crate::event::Body;
use crate::event::book::{PolicyVersionPublished, PriceFloors};

fn open(stage: &str) -> Value {
    json!({ "command": "open_opportunity", "pipeline": "sales", "stage": stage,
        "effective_at": "2024-03-01T00:00:00Z" })
}

fn to(stage: &str, more: Value) -> Value {
    let mut request =
        json!({ "command": "change_opportunity_stage", "opportunity": "O-1", "to": stage });
    for (name, value) in more.as_object().expect("an object") {
        request[name] = value.clone();
    }
    request
}

#[test]
fn an_opportunity_opens_in_an_open_stage_of_its_pipeline() {
    let mut world = World::with_customer();
    world.refused(open("won"), "stage_unknown");
    let with = |name: &str, value: Value| {
        let mut request = open("lead");
        request[name] = value;
        request
    };
    world.refused(with("pipeline", json!("renewals")), "policy_missing");
    world.refused(with("pipeline_version", json!(7)), "policy_version_unknown");
    world.refused(with("probability_percent", json!(101)), "percent_beyond");
    world.refused(with("amount", cny(-1)), "amount_negative");
    world.given(&[open("lead")]);
    assert_eq!(world.get::<Opportunity>("O-1").pipeline_version, 1);
    world.refused(with("opportunity", json!("O-1")), "record_taken");
}

#[test]
fn stages_change_from_the_current_one_and_forward_in_time() {
    let mut world = World::with_customer();
    world.given(&[open("lead")]);
    world.refused(to("lead", json!({})), "stage_unchanged");
    world.refused(to("won", json!({})), "stage_unknown");
    world.refused(to("proposal", json!({ "from": "qualified" })), "stage_stale");
    world.refused(to("proposal", json!({ "change": "advance" })), "stage_change_differs");
    let before = json!({ "effective_at": "2024-02-29T00:00:00Z" });
    world.refused(to("proposal", before), "transition_order");
    let changes = [("qualified", "advance"), ("negotiation", "skip"), ("proposal", "regress")];
    for (stage, expected) in changes {
        let bodies = world.ask(to(stage, json!({ "reason": "as agreed" }))).expect(stage);
        let Some(Body::OpportunityStageChanged(changed)) = bodies.first() else { panic!("one") };
        assert_eq!(changed.change.map(|change| change.as_str()), Some(expected));
    }
    world.refused(to("lead", json!({})), "reason_missing");
}

#[test]
fn a_forecast_is_revised_from_what_is_known() {
    let mut world = World::with_customer();
    world.given(&[open("lead")]);
    let revise = |new: Value| json!({ "command": "revise_opportunity_forecast", "opportunity": "O-1", "new": new });
    world.refused(revise(json!({})), "nothing_changes");
    world.refused(revise(json!({ "probability_percent": 101 })), "percent_beyond");
    world.refused(revise(json!({ "progress_percent": 101 })), "percent_beyond");
    world.refused(revise(json!({ "amount": cny(-1) })), "amount_negative");
    world.given(&[revise(json!({ "probability_percent": 100, "amount": cny(0) }))]);
    let mut stale = revise(json!({ "key": true }));
    stale["old"] = json!({});
    world.refused(stale, "forecast_stale");
}

#[test]
fn an_opportunity_is_closed_once_and_may_be_reopened() {
    let mut world = World::with_customer();
    world.given(&[open("lead")]);
    let win = json!({ "command": "win_opportunity", "opportunity": "O-1",
        "closed_on": "2024-03-20" });
    let lose = |reason: &str| {
        json!({ "command": "lose_opportunity", "opportunity": "O-1", "lost_reason": reason,
            "closed_on": "2024-03-20" })
    };
    let reopen = |stage: &str| {
        json!({ "command": "reopen_opportunity", "opportunity": "O-1", "to_stage": stage,
            "reason": "they called again" })
    };
    world.refused(reopen("proposal"), "opportunity_open");
    world.refused(lose("weather"), "lost_reason_unknown");
    world.given(&[lose("price")]);
    world.refused(win.clone(), "opportunity_closed");
    world.refused(lose("price"), "opportunity_closed");
    world.refused(to("proposal", json!({})), "opportunity_closed");
    world.refused(reopen("won"), "stage_unknown");
    let mut silent = reopen("proposal");
    silent["reason"] = Value::Null;
    world.refused(silent, "reason_missing");
    world.given(&[reopen("proposal"), win.clone()]);
    let mut unknown = win;
    unknown["opportunity"] = json!("O-9");
    world.refused(unknown, "record_unknown");
}

fn quote(revision: u32, price: i64, approved_by: Option<&str>) -> Value {
    json!({ "command": "issue_quote", "quote": "Q-7", "revision": revision,
        "lines": [{ "product": "PUMP", "quantity_thousandths": 1000, "unit_price": cny(price) }],
        "total": cny(price), "approved_by": approved_by })
}

#[test]
fn quotes_count_their_revisions_and_keep_to_the_floor() {
    let mut world = World::with_customer();
    let floors = json!({ "floors": [{ "product": "PUMP", "price": cny(500) }] });
    let floors: PriceFloors = serde_json::from_value(floors).expect("floors");
    let policy = PolicyVersionPublished {
        policy: "price_floors".parse().expect("a name"),
        version: 2,
        pipeline: None,
        ageing: None,
        service_levels: None,
        indicators: None,
        price_floors: Some(floors),
        receivable_rules: None,
        pool_rules: None,
    };
    world.book.fold(&Body::from(policy));
    world.refused(quote(2, 600, None), "revision_out_of_turn");
    world.refused(quote(0, 499, None), "price_below_floor");
    world.given(&[quote(0, 499, Some("U-03")), quote(0, 500, None)]);
    let outcome = |revision: u32, outcome: &str| {
        json!({ "command": "record_quote_outcome", "quote": "Q-7", "revision": revision,
            "outcome": outcome })
    };
    world.refused(outcome(1, "accepted"), "revision_superseded");
    world.refused(outcome(3, "accepted"), "revision_unknown");
    world.given(&[outcome(1, "withdrawn"), outcome(0, "accepted")]);
    world.refused(outcome(2, "rejected"), "outcome_known");
    let mut empty = quote(0, 600, None);
    empty["lines"] = json!([]);
    world.refused(empty, "field_missing");
}

fn contract() -> Value {
    json!({ "command": "sign_contract", "contract": "HT-1", "total": cny(1000),
        "signed_on": "2024-03-01", "debt_opened_by": "invoices",
        "lines": [{ "line": 1, "product": "PUMP", "quantity_thousandths": 3000,
            "unit_price": cny(300), "amount": cny(900) }] })
}

#[test]
fn a_contract_adds_up() {
    let mut world = World::with_customer();
    let with = |name: &str, value: Value| {
        let mut request = contract();
        request[name] = value;
        request
    };
    let instalment = |number: u32, minor: i64, planned_on: &str| {
        json!({ "number": number, "trigger": "date", "planned_on": planned_on,
            "amount": cny(minor) })
    };
    let one = instalment(1, 999, "2024-05-01");
    let twice = json!([instalment(1, 500, "2024-05-01"), instalment(1, 500, "2024-06-01")]);
    for (request, code) in [
        (with("instalments", json!([one])), "instalment_sum"),
        (with("instalments", twice), "line_repeated"),
        (with("debt_opened_by", json!("instalments")), "instalments_missing"),
        (with("total", cny(0)), "amount_not_positive"),
        (with("tax", cny(1001)), "tax_beyond_total"),
        (with("signed_on", json!("2024-03-21")), "date_in_future"),
        (with("quote", json!("Q-9")), "record_unknown"),
        (with("opportunity", json!("O-9")), "record_unknown"),
        (with("legal_entity", json!("XX")), "legal_entity_unknown"),
    ] {
        world.refused(request, code);
    }
    let mut early = with("instalments", json!([instalment(1, 1000, "2024-02-01")]));
    early["debt_opened_by"] = json!("instalments");
    world.refused(early, "due_before_document");
    world.given(&[contract()]);
    world.refused(contract(), "record_taken");
}

#[test]
fn no_more_is_shipped_than_contracted_nor_returned_than_shipped() {
    let mut world = World::with_customer();
    world.given(&[contract()]);
    let lines =
        |line: u32, quantity: i64| json!([{ "line": line, "quantity_thousandths": quantity }]);
    let ship = |line: u32, quantity: i64, approved_by: Option<&str>| {
        json!({ "command": "dispatch_shipment", "contract": "HT-1",
            "lines": lines(line, quantity), "over_shipment_approved_by": approved_by })
    };
    let back = |quantity: i64| {
        json!({ "command": "return_goods", "shipment": "S-1", "lines": lines(1, quantity),
            "return_reason": "damaged" })
    };
    let sign = |signed_on: &str, shortage: i64| {
        json!({ "command": "sign_shipment", "shipment": "S-1", "signed_on": signed_on,
            "shortages": lines(1, shortage) })
    };
    world.refused(back(1), "record_unknown");
    world.refused(ship(1, 3001, None), "over_shipment");
    world.refused(ship(2, 1, None), "over_shipment");
    world.refused(ship(1, 0, None), "quantity_not_positive");
    world.given(&[ship(1, 2000, None)]);
    world.refused(ship(1, 1001, None), "over_shipment");
    world.refused(sign("2024-03-19", 1), "date_order");
    world.refused(sign("2024-03-21", 1), "date_in_future");
    world.refused(sign("2024-03-20", 2001), "beyond_shipped");
    world.given(&[sign("2024-03-20", 2000)]);
    world.refused(sign("2024-03-20", 1), "shipment_signed");
    world.refused(back(2001), "beyond_shipped");
    world.given(&[back(1500)]);
    world.refused(back(501), "beyond_shipped");
    // What came back may be sent again; beyond that somebody must approve.
    world.given(&[ship(1, 2500, None), ship(1, 1, Some("U-03"))]);
}
