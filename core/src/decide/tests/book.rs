//! The book itself: X21, X29, X10, X06.

use serde_json::{Value, json};

use crate::decide::book::default_policies;
use crate::decide::testing::World;
use crate::event::examples::example;
use crate::event::{Body, Kind};

fn policy(name: &str, content: &str, value: Value) -> Value {
    json!({ "command": "publish_policy_version", "policy": name, "version": 0, content: value })
}

#[test]
fn the_standard_policies_meet_their_own_rules() {
    let mut world = World::empty();
    world.book.policies.clear();
    let policies = default_policies();
    assert_eq!(policies.len(), 5);
    for policy in policies {
        let mut request = serde_json::to_value(&policy).expect("json");
        request["command"] = json!("publish_policy_version");
        world.given(&[request]);
    }
}

#[test]
fn a_policy_version_follows_the_last_and_makes_sense() {
    let mut world = World::empty();
    let stage = |name: &str, percent: u32| json!({ "name": name, "label_zh": "x", "probability_percent": percent });
    let pipeline = |stages: Value| json!({ "stages": stages, "lost_reasons": ["price"] });
    let good = pipeline(json!([stage("a", 100)]));
    let with_version = |version: u32| {
        let mut request = policy("sales", "pipeline", good.clone());
        request["version"] = json!(version);
        request
    };
    world.refused(with_version(1), "policy_out_of_turn");
    world.refused(with_version(3), "policy_out_of_turn");
    world.given(&[with_version(2), with_version(0)]);
    let none = json!({ "command": "publish_policy_version", "policy": "sales", "version": 0 });
    world.refused(none, "policy_contents");
    let mut two = with_version(4);
    two["ageing"] = json!({ "edges_days": [30] });
    world.refused(two, "policy_contents");
    world.refused(policy("sales", "ageing", json!({ "edges_days": [30] })), "policy_kind_differs");
    let levels = |starts: u32, ends: u32, weekdays: Value| {
        json!({ "day_starts_minute": starts, "day_ends_minute": ends, "weekdays": weekdays,
            "targets": [{ "severity": "low", "first_response_minutes": 1,
                "resolution_minutes": 2 }] })
    };
    let tree = |min: u32, max: u32, parent: Option<&str>| {
        json!({ "scale_min": min, "scale_max": max, "indicators": [
            { "name": "a", "label_zh": "x", "parent": parent, "weight": 1 }] })
    };
    for request in [
        policy("sales", "pipeline", pipeline(json!([]))),
        policy("sales", "pipeline", pipeline(json!([stage("a", 1), stage("a", 2)]))),
        policy("sales", "pipeline", pipeline(json!([stage("a", 101)]))),
        policy("ageing", "ageing", json!({ "edges_days": [] })),
        policy("ageing", "ageing", json!({ "edges_days": [30, 30] })),
        policy("ageing", "ageing", json!({ "edges_days": [0, 30] })),
        policy("service_levels", "service_levels", levels(540, 540, json!([1]))),
        policy("service_levels", "service_levels", levels(540, 1080, json!([8]))),
        policy("service_levels", "service_levels", levels(540, 1080, json!([]))),
        policy("indicators", "indicators", tree(5, 5, None)),
        policy("indicators", "indicators", tree(1, 5, Some("b"))),
        policy("indicators", "indicators", tree(1, 5, Some("a"))),
    ] {
        world.refused(request, "policy_unfit");
    }
}

#[test]
fn every_row_of_an_import_is_accounted_for() {
    let mut world = World::empty();
    let import = |rows: u64, refused: i64| {
        json!({ "command": "apply_import", "import": "calls", "began_at": 7, "events": 9,
            "files": [{
                "name": "calls.csv", "size_bytes": 420,
                "rows": { "read": rows, "taken": 5, "known": 4, "refused": 3, "skipped": 2 },
                "amounts": [{ "currency": "CNY", "read": 100, "taken": 90, "known": 0,
                    "refused": refused, "skipped": 3 }],
            }] })
    };
    world.refused(import(15, 7), "import_figures");
    world.refused(import(14, 8), "import_amounts");
    let none = json!({ "command": "apply_import", "import": "calls", "began_at": 7, "events": 0,
        "files": [] });
    world.refused(none, "field_missing");
    world.given(&[import(14, 7)]);
}

#[test]
fn a_book_is_opened_once_in_a_known_zone() {
    let world = World::empty();
    let mut fresh = World::empty();
    fresh.book.book = crate::id::BookId(uuid::Uuid::nil());
    let Body::BookOpened(opened) = example(Kind::BookOpened).body else { panic!("the book") };
    let code = |world: &World, opened: &crate::event::book::BookOpened| {
        let numbers = crate::decide::testing::SeriesAt(1);
        let context = crate::decide::Context {
            now: world.now,
            effective_at: world.now,
            book: &world.book,
            actor: &world.actor,
            reason: None,
            marks: &crate::decide::testing::PlainMarks,
            numbers: &numbers,
        };
        let mut delta = crate::decide::state::Delta::default();
        let draft = crate::decide::Draft::new(&world.state, &mut delta);
        crate::decide::Decide::check(opened, &context, &draft).map_err(|rejection| rejection.code())
    };
    assert_eq!(code(&world, &opened), Err("book_already_open"));
    assert_eq!(code(&fresh, &opened), Ok(()));
    let mut wrong = opened.clone();
    wrong.zone = "Mars/Olympus".parse().expect("a label");
    assert_eq!(code(&fresh, &wrong), Err("zone_unknown"));
    let mut wrong = opened.clone();
    wrong.fiscal_year_start_month = 13;
    assert_eq!(code(&fresh, &wrong), Err("month_unknown"));
    fresh.book.fold(&Body::from(opened));
    assert_eq!(fresh.book.zone, chrono_tz::Asia::Shanghai);
}
