//! Who holds what over the interface: assignments within capacity, a handover that leaves nothing
//! behind, and the pool.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::{Place, register};

async fn post(place: &Place, path: &str, body: Value) -> (u16, Value) {
    let request = Request::post(path).header("x-daybook-actor", "U-01");
    let (status, body) = place.call(request.body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_slice(&body).unwrap())
}

fn assign(customer: &str, to: &str) -> Value {
    let to = match to {
        "pool" => json!({ "kind": "pool" }),
        user => json!({ "kind": "user", "id": user }),
    };
    json!({ "customer": customer, "command": "assign_record",
        "record": { "family": "customer" }, "to": to })
}

fn task(customer: &str, who: &str) -> Value {
    json!({ "customer": customer, "command": "plan_task", "due_at": "2026-02-02T09:00:00Z",
        "assignee": who, "text": { "subject": "寄报价" } })
}

/// Who holds how much, by holder: customers, opportunities, tasks, complaints, promises.
async fn counts(place: &Place, query: &str) -> Vec<(String, Vec<u64>)> {
    let answer = place.get(&format!("/v1/holdings{query}")).await;
    let row = |row: &Value| {
        let counts = ["customers", "opportunities", "tasks", "complaints", "promises"];
        let counts = counts.map(|name| row[name].as_u64().unwrap()).to_vec();
        (row["holder"].as_str().unwrap().to_owned(), counts)
    };
    answer["holders"].as_array().unwrap().iter().map(row).collect()
}

fn has(holder: &str, counts: [u64; 5]) -> (String, Vec<u64>) {
    (holder.to_owned(), counts.to_vec())
}

/// are U-03's, B-1 is U-05's with a task and a promise of U-03; U-03 leads EAST.
async fn world() -> Place {
    let place = Place::founded(31);
    place
        .take(json!([
            [json!({ "command": "change_org_unit", "unit": "EAST", "change": "set",
                "name": "华东销售部", "head": "U-03" })],
            [register("A-1", "甲"), assign("A-1", "U-03"), task("A-1", "U-03")],
            [
                register("A-2", "乙"),
                assign("A-2", "U-03"),
                json!({
                "customer": "A-2", "command": "open_opportunity", "pipeline": "sales",
                "stage": "lead", "owner": "U-03" })
            ],
            [
                register("B-1", "丙"),
                assign("B-1", "U-05"),
                task("B-1", "U-03"),
                json!({
                "customer": "B-1", "command": "make_commitment", "by": "us", "medium": "spoken",
                "risk": "economic", "due_at": "2026-04-02T09:00:00Z", "responsible": "U-03",
                "promise": { "what": "四月初发货" } })
            ],
        ]))
        .await;
    place
}

#[tokio::test]
async fn a_handover_leaves_nothing_behind() {
    let place = world().await;
    place.clock.set("2026-01-06T01:00:00Z");
    let before = vec![has("U-03", [2, 1, 2, 0, 1]), has("U-05", [1, 0, 0, 0, 0])];
    assert_eq!(counts(&place, "").await, before);
    let handover =
        json!({ "from": "U-03", "to": "U-05", "leaves": true, "reason": "moves abroad" });
    let mut rehearsed = handover.clone();
    rehearsed["dry_run"] = json!(true);
    let (status, answer) = post(&place, "/v1/handovers", rehearsed).await;
    assert_eq!((status, answer["moved"].as_array().map(Vec::len)), (200, Some(6)), "{answer}");
    assert_eq!(counts(&place, "").await, before, "a dry run keeps nothing");

    let (status, answer) = post(&place, "/v1/handovers", handover.clone()).await;
    assert_eq!(status, 200, "{answer}");
    let after = vec![has("U-05", [3, 1, 2, 0, 1])];
    assert_eq!(counts(&place, "").await, after);
    assert_eq!(counts(&place, "?as_of=2026-01-05").await, before, "who held it then");
    let events = place.get("/v1/events?kind=org_unit.changed").await;
    assert_eq!(events["events"][1]["body"]["head"], "U-05", "{events}");
    assert_eq!(events["events"][1]["body"]["name"], "华东销售部");

    let (status, problem) = post(&place, "/v1/handovers", handover).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("nothing_changes")), "{problem}");
    let nothing = json!({ "from": "U-03", "to": "U-05" });
    let (status, problem) = post(&place, "/v1/handovers", nothing).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")), "{problem}");
}

#[tokio::test]
async fn a_handover_is_whole_or_nothing() {
    let place = world().await;
    let user = |capacity: u32| {
        json!({ "command": "change_user_status", "user": "U-05",
        "to": "active", "capacity": capacity })
    };
    place.take(json!([[user(2)]])).await;
    let before = counts(&place, "").await;
    let (status, problem) =
        post(&place, "/v1/handovers", json!({ "from": "U-03", "to": "U-05" })).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("capacity_full")), "{problem}");
    assert_eq!(problem["detail"], "user U-05 holds 2 customers and may hold 2");
    assert_eq!(counts(&place, "").await, before, "the first customer did not move either");
}

#[tokio::test]
async fn capacity_is_counted_by_the_ledger_and_not_by_the_caller() {
    let place = world().await;
    let status = json!({ "command": "change_user_status", "user": "U-05", "to": "active",
        "capacity": 2 });
    place.take(json!([[status]])).await;
    let mut first = assign("A-1", "U-05");
    first["idempotency_key"] = json!("k-1");
    let second = assign("A-2", "U-05");
    let (status, answer) =
        post(&place, "/v1/commands", json!({ "units": [[first.clone(), second]] })).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("capacity_full")), "{answer}");
    place.take(json!([[first.clone()]])).await;
    let again = place.take(json!([[first]])).await;
    assert_eq!(again["units"][0]["taken"][0]["repeated"], true, "a retry counts anew");
    let mut lied = assign("A-2", "U-05");
    lied["holds"] = json!(0);
    let (status, answer) = post(&place, "/v1/customers/A-2/commands", lied).await;
    assert_eq!((status, answer["code"].as_str()), (422, Some("capacity_full")), "{answer}");
}

#[tokio::test]
async fn customers_nobody_deals_with_go_to_the_pool_and_are_taken_from_it() {
    let place = world().await;
    let (status, problem) = post(&place, "/v1/pool/recycle", json!({})).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")), "{problem}");
    let rules = json!({ "command": "publish_policy_version", "policy": "pool",
        "pool_rules": { "idle_days": 90, "wait_days": 30 } });
    place.take(json!([[rules], [register("C-1", "丁"), assign("C-1", "U-01")]])).await;
    let recycled = async |day: &str| {
        place.clock.set(day);
        let (status, answer) = post(&place, "/v1/pool/recycle", json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let moved = answer["moved"].as_array().unwrap().clone();
        moved.iter().map(|item| item["customer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(recycled("2026-04-05T01:00:00Z").await, Vec::<String>::new(), "day 90");
    // and B-1 have something open, which somebody has to do.
    assert_eq!(recycled("2026-04-06T01:00:00Z").await, ["C-1"], "day 91");
    assert_eq!(recycled("2026-04-06T02:00:00Z").await, Vec::<String>::new(), "there already");
    let pool = place.get("/v1/holdings?holder=pool").await;
    assert_eq!(pool["holders"][0]["items"][0]["customer"], "C-1");
    let (status, problem) = post(&place, "/v1/customers/C-1/commands", assign("C-1", "U-01")).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("taken_too_soon")), "{problem}");
    place.take(json!([[assign("C-1", "U-09")]])).await;
    assert_eq!(counts(&place, "?holder=U-09").await, [has("U-09", [1, 0, 0, 0, 0])]);
}

#[tokio::test]
async fn what_is_shared_is_listed_until_its_last_day() {
    let place = world().await;
    place
        .take(json!([[
            json!({ "customer": "C-9", "command": "register_customer",
            "kind": "company", "source": "web", "details": { "name": "戊" } }),
            json!({
            "customer": "C-9", "command": "share_record", "record": { "family": "customer" },
            "grantee": { "kind": "user", "id": "U-11" }, "change": "granted",
            "rights": ["change", "read"], "until": "2026-01-07" })
        ]]))
        .await;
    let answer = place.get("/v1/holdings?holder=U-11").await;
    let shared = &answer["holders"][0];
    assert_eq!((&shared["shared"], &shared["customers"]), (&json!(1), &json!(0)), "{answer}");
    assert_eq!(shared["items"][0]["rights"], json!(["read", "change"]));
    place.clock.set("2026-01-08T01:00:00Z");
    place.take(json!([[register("C-10", "己")]])).await;
    let later = place.get("/v1/holdings?holder=U-11").await;
    assert_eq!(later["holders"], json!([]), "{later}");
}
