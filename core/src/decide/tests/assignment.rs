//! Assignments, the pool, shares and the organisation: E01 (I-01 to I-03), E02 (I-04), X03, X04.

use serde_json::{Value, json};

use crate::decide::commitment::Commitment;
use crate::decide::complaint::Complaint;
use crate::decide::opportunity::Opportunity;
use crate::decide::task::Task;
use crate::decide::testing::{World, at};
use crate::event::Body;
use crate::event::assignment::Holder;

fn user(id: &str) -> Value {
    json!({ "kind": "user", "id": id })
}

fn assign(to: Value) -> Value {
    json!({ "command": "assign_record", "record": { "family": "customer" }, "to": to })
}

fn held_by(id: &str) -> Option<Holder> {
    Some(Holder::user(id.parse().expect("an id")))
}

/// A customer of U-07 with an open opportunity, task, complaint and promise of U-07 and a task of U-08.
fn world() -> World {
    let mut world = World::with_customer();
    let task = |who: &str| {
        json!({ "command": "plan_task", "due_at": "2024-04-02T09:00:00Z", "assignee": who,
            "text": { "subject": "寄报价" } })
    };
    world.given(&[
        assign(user("U-07")),
        json!({ "command": "open_opportunity", "pipeline": "sales", "stage": "lead",
            "owner": "U-07" }),
        task("U-07"),
        task("U-08"),
        json!({ "command": "receive_complaint", "kind": "complaint", "channel": "phone",
            "subject": "quality", "severity": "normal", "received_at": "2024-03-20T01:00:00Z" }),
        json!({ "command": "assess_complaint", "complaint": "T-1", "severity": "normal",
            "responsible": "U-07", "team": [] }),
        json!({ "command": "make_commitment", "by": "us", "medium": "spoken", "risk": "economic",
            "due_at": "2024-04-02T09:00:00Z", "responsible": "U-07",
            "promise": { "what": "四月初发货" } }),
    ]);
    world
}

#[test]
fn a_customer_goes_with_everything_open_that_its_holder_has() {
    let mut world = world();
    let bodies = world.ask(assign(user("U-09"))).expect("accepted");
    let Some(Body::RecordAssigned(assigned)) = bodies.first() else { panic!("an assignment") };
    assert_eq!(assigned.from, held_by("U-07"), "I-01: filled in from what is known");
    let moved: Vec<String> = assigned.moved.iter().map(ToString::to_string).collect();
    assert_eq!(moved, ["opportunity O-1", "task K-1", "complaint T-1", "commitment PR-1"]);
    assert_eq!(world.get::<Opportunity>("O-1").owner, held_by("U-09"));
    assert_eq!(world.get::<Task>("K-1").assignee, held_by("U-09"));
    assert_eq!(world.get::<Task>("K-2").assignee, held_by("U-08"), "somebody else's stays");
    assert_eq!(world.get::<Complaint>("T-1").responsible, held_by("U-09"));
    assert_eq!(world.get::<Commitment>("PR-1").responsible, held_by("U-09"));
}

#[test]
fn who_gives_is_who_holds() {
    let mut world = world();
    let mut stale = assign(user("U-09"));
    stale["from"] = user("U-05");
    let rejection = world.refused(stale, "holder_stale");
    assert_eq!(rejection.rule(), Some("I-01"));
    assert_eq!(
        rejection.to_string(),
        "the customer is held by U-07, not by U-05 as the request takes it to be"
    );
    assert_eq!(rejection.message_zh(), "客户的负责人是U-07，而不是请求所称的U-05");
    world.refused(assign(user("U-07")), "holder_unchanged");
}

#[test]
fn nothing_open_is_forgotten() {
    let mut world = world();
    let task = json!({ "family": "task", "id": "K-1" });
    let mut forgets = assign(user("U-09"));
    forgets["moved"] = json!([task]);
    let rejection = world.refused(forgets.clone(), "child_unnamed");
    assert_eq!(rejection.rule(), Some("I-03"));
    forgets["left_behind"] = json!([
        { "family": "opportunity", "id": "O-1" }, { "family": "complaint", "id": "T-1" },
        { "family": "commitment", "id": "PR-1" }
    ]);
    let mut foreign = forgets.clone();
    foreign["moved"] = json!([task, { "family": "task", "id": "K-2" }]);
    world.refused(foreign, "child_of_another");
    let mut twice = forgets.clone();
    twice["moved"] = json!([task, task]);
    world.refused(twice, "line_repeated");
    world.given(&[forgets]);
    assert_eq!(world.get::<Opportunity>("O-1").owner, held_by("U-07"), "left behind by name");
    assert_eq!(world.get::<Task>("K-1").assignee, held_by("U-09"));
}

#[test]
fn one_record_is_assigned_by_itself() {
    let mut world = world();
    let one = |id: &str, to: Value| json!({ "command": "assign_record", "record": { "family": "task", "id": id }, "to": to });
    world.given(&[one("K-2", user("U-09"))]);
    assert_eq!(world.get::<Task>("K-2").assignee, held_by("U-09"));
    world.refused(one("K-9", user("U-09")), "record_unknown");
    world.refused(one("K-2", json!({ "kind": "pool" })), "pool_takes");
    world.refused(one("K-2", json!({ "kind": "user" })), "field_missing");
    let mut with = one("K-2", user("U-05"));
    with["moved"] = json!([{ "family": "task", "id": "K-1" }]);
    world.refused(with, "children_of_none");
    world.given(&[json!({ "command": "close_task", "task": "K-2", "outcome": "done" })]);
    world.refused(one("K-2", user("U-05")), "assigned_ended");
}

#[test]
fn the_pool_takes_a_customer_with_nothing_open() {
    let mut world = world();
    let pool = assign(json!({ "kind": "pool" }));
    let rejection = world.refused(pool.clone(), "pool_takes");
    assert_eq!(rejection.to_string(), "the pool holds customers only; opportunity O-1 is open");
    world.given(&[
        json!({ "command": "lose_opportunity", "opportunity": "O-1", "closed_on": "2024-03-20",
            "lost_reason": "price" }),
        json!({ "command": "close_task", "task": "K-1", "outcome": "cancelled" }),
        json!({ "command": "assign_record", "record": { "family": "complaint", "id": "T-1" },
            "to": user("U-08") }),
        json!({ "command": "assign_record", "record": { "family": "commitment", "id": "PR-1" },
            "to": user("U-08") }),
        pool,
        assign(user("U-09")),
    ]);
    assert_eq!(world.state.profile.owner, held_by("U-09"), "taken out of the pool");
}

#[test]
fn whoever_had_a_customer_waits_before_taking_it_from_the_pool() {
    let mut world = World::with_customer();
    world.given(&[
        json!({ "command": "publish_policy_version", "policy": "pool",
            "pool_rules": { "idle_days": 90, "wait_days": 30 } }),
        assign(user("U-01")),
        assign(json!({ "kind": "pool" })),
    ]);
    let rejection = world.refused(assign(user("U-01")), "taken_too_soon");
    assert_eq!(
        rejection.to_string(),
        "user U-01 had this customer and may take it from the pool from 2024-04-19 on"
    );
    world.now = at("2024-04-19T00:00:00+08:00");
    world.given(&[assign(user("U-01")), assign(json!({ "kind": "pool" })), assign(user("U-08"))]);
    assert_eq!(world.state.profile.pooled, None, "out of the pool");
}

fn share(rights: &[&str]) -> Value {
    json!({ "command": "share_record", "record": { "family": "opportunity", "id": "O-1" },
        "grantee": user("U-09"), "change": "granted", "rights": rights })
}

fn taken_back() -> Value {
    json!({ "command": "share_record", "record": { "family": "opportunity", "id": "O-1" },
        "grantee": user("U-09"), "change": "revoked" })
}

#[test]
fn nobody_gives_more_than_they_hold() {
    let mut world = world();
    let acting = |world: &mut World, who: &str| world.actor.user = who.parse().expect("an id");
    acting(&mut world, "U-08");
    let rejection = world.refused(share(&["read"]), "right_not_held");
    assert_eq!(rejection.rule(), Some("I-04"));
    assert_eq!(
        rejection.to_string(),
        "user U-08 does not have the right to share opportunity O-1 and so cannot give it"
    );
    acting(&mut world, "U-07");
    world.given(&[share(&["share", "read"])]);
    acting(&mut world, "U-09");
    let mut onward = share(&["read"]);
    onward["grantee"] = user("U-08");
    world.given(&[onward.clone()]);
    onward["rights"] = json!(["change"]);
    world.refused(onward, "right_not_held");
    world.given(&[taken_back()]);
    acting(&mut world, "U-07");
    world.refused(taken_back(), "share_unknown");
    let mut own = share(&["read"]);
    own["grantee"] = user("U-07");
    world.refused(own, "share_with_holder");
    world.refused(share(&[]), "field_missing");
    world.refused(share(&["read", "read"]), "line_repeated");
}

#[test]
fn a_share_ends_with_its_last_day() {
    let mut world = world();
    world.actor.user = "U-07".parse().expect("an id");
    let mut short = share(&["read", "share"]);
    short["until"] = json!("2024-03-19");
    world.refused(short.clone(), "date_order");
    short["until"] = json!("2024-03-25");
    world.given(&[short.clone()]);
    world.refused(short, "nothing_changes");
    world.actor.user = "U-09".parse().expect("an id");
    let mut onward = share(&["read"]);
    onward["grantee"] = user("U-08");
    world.now = at("2024-03-26T10:00:00+08:00");
    world.refused(onward, "right_not_held");
}

#[test]
fn whoever_leads_a_unit_shares_what_it_holds() {
    let mut world = world();
    world.given(&[
        json!({ "command": "change_org_unit", "unit": "SALES", "change": "set", "head": "U-03" }),
        json!({ "command": "change_org_unit", "unit": "EAST", "change": "set", "parent": "SALES" }),
        json!({ "command": "change_user_status", "user": "U-07", "to": "active", "unit": "EAST" }),
    ]);
    world.actor.user = "U-03".parse().expect("an id");
    world.given(&[share(&["read", "change"])]);
    let leaves = json!({ "command": "change_user_status", "user": "U-03", "to": "left" });
    let rejection = world.refused(leaves, "unit_headed");
    assert_eq!(rejection.to_string(), "user U-03 leads unit SALES");
}

#[test]
fn whoever_takes_works_here_and_has_room() {
    let mut world = world();
    let status = |to: &str| json!({ "command": "change_user_status", "user": "U-09", "to": to });
    world.given(&[status("active")]);
    let mut room = status("active");
    room["capacity"] = json!(2);
    world.given(&[room.clone()]);
    world.refused(room, "nothing_changes");
    let mut full = assign(user("U-09"));
    full["holds"] = json!(2);
    let rejection = world.refused(full, "capacity_full");
    assert_eq!(rejection.to_string(), "user U-09 holds 2 customers and may hold 2");
    world.given(&[status("left")]);
    let rejection = world.refused(assign(user("U-09")), "user_left");
    assert_eq!(rejection.rule(), Some("I-02"));
    let mut stale = status("active");
    stale["from"] = json!("away");
    world.refused(stale, "user_stale");
    world.refused(assign(json!({ "kind": "unit", "id": "SALES" })), "unit_unknown");
    world.given(&[
        json!({ "command": "change_org_unit", "unit": "SALES", "change": "set", "name": "销售部" }),
        assign(json!({ "kind": "unit", "id": "SALES" })),
    ]);
}

#[test]
fn units_form_a_tree_that_stays_whole() {
    let mut world = World::empty();
    let set = |unit: &str, parent: Option<&str>| json!({ "command": "change_org_unit", "unit": unit, "change": "set", "parent": parent });
    let close =
        |unit: &str| json!({ "command": "change_org_unit", "unit": unit, "change": "closed" });
    world.refused(set("EAST", Some("SALES")), "unit_unknown");
    world.given(&[set("SALES", None), set("EAST", Some("SALES"))]);
    world.refused(set("SALES", Some("EAST")), "unit_above_itself");
    world.refused(close("SALES"), "unit_has_units");
    world.given(&[json!({ "command": "change_user_status", "user": "U-09", "to": "active",
        "unit": "EAST" })]);
    let rejection = world.refused(close("EAST"), "unit_has_users");
    assert_eq!(rejection.to_string(), "unit EAST cannot be closed: user U-09 belongs to it");
    world.given(&[json!({ "command": "change_user_status", "user": "U-09", "to": "left" })]);
    world.given(&[close("EAST"), close("SALES")]);
    world.refused(close("SALES"), "unit_unknown");
}
