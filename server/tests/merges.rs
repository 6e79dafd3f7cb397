//! Customers that turn out to be one, and two after all: links, the survivor's page, and an undoing
//! after which everything is as if there had been no merge (property P5).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use support::{Place, call, owes, register};

async fn post(place: &Place, path: &str, body: &Value) -> (u16, Value) {
    let request = Request::post(path).header("x-daybook-actor", "U-01");
    let (status, body) = place.call(request.body(Body::from(body.to_string())).unwrap()).await;
    (status, serde_json::from_slice(&body).unwrap())
}

async fn refused(place: &Place, path: &str, body: &Value, code: &str) -> Value {
    let (status, problem) = post(place, path, body).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some(code)), "{problem}");
    problem
}

async fn done(place: &Place, path: &str, body: &Value) -> Value {
    let (status, answer) = post(place, path, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

fn merge(survivor: &str, merged: &str) -> Value {
    json!({ "survivor": survivor, "merged": [merged], "reason": "one company" })
}

fn undo(survivor: &str, merged: &str) -> Value {
    json!({ "survivor": survivor, "merged": merged, "reason": "two after all" })
}

fn pays(customer: &str, receipt: &str, minor: i64) -> Value {
    json!({ "customer": customer, "command": "receive_payment", "receipt": receipt,
        "amount": { "minor": minor, "currency": "CNY" }, "value_on": "2026-01-03" })
}

fn applies(customer: &str, application: &str, receipt: &str, item: &str, minor: i64) -> Value {
    json!({ "customer": customer, "command": "apply_credit", "application": application,
        "credit_kind": "receipt", "credit": receipt, "method": "explicit",
        "effective_on": "2026-01-03",
        "lines": [{ "item": item, "amount": { "minor": minor, "currency": "CNY" } }] })
}

/// Two companies with a debt each; B's phone is known.
async fn two() -> Place {
    let place = Place::founded(61);
    let mut b = register("B", "苏州恒立达有限公司");
    b["details"]["phone"] = json!("+8651212345678");
    place
        .take(json!([
            [register("A", "苏州恒力达有限公司"), owes("A", "AR-A", 10_000)],
            [b, owes("B", "AR-B", 4_000), call("B", "asked for a quote")],
            [register("C", "Kestrel Subsea Ltd")],
        ]))
        .await;
    place
}

#[tokio::test]
async fn candidates_come_with_their_reasons() {
    let place = two().await;
    let found = place.get("/v1/duplicates").await;
    assert_eq!(found["total"], 1, "{found}");
    let pair = &found["pairs"][0];
    assert_eq!((&pair["customer"], &pair["candidate"]), (&json!("A"), &json!("B")));
    assert_eq!(pair["reasons"], json!(["pinyin"]));
    let like = place.get("/v1/duplicates/like?phone=%2B8651212345678").await;
    assert_eq!(like["candidates"][0]["customer"], "B", "{like}");
    done(&place, "/v1/merges", &merge("A", "B")).await;
    assert_eq!(place.get("/v1/duplicates").await["total"], 0, "they are one now");
    let events = place.get("/v1/events?kind=customers.merged").await;
    assert_eq!(events["events"][0]["body"]["evidence"]["reasons"], json!(["pinyin"]), "{events}");
}

#[tokio::test]
async fn the_survivor_shows_what_both_have() {
    let place = two().await;
    let mut call = merge("A", "B");
    call["take"] = json!({ "phone": "B" });
    place.clock.set("2026-01-07T01:00:00Z");
    done(&place, "/v1/merges", &call).await;
    let page = place.get("/v1/customers/A").await;
    assert_eq!(page["merged"][0]["code"], "B", "{page}");
    let owed = |figures: &Value| figures["receivable"][0]["minor"].as_i64().unwrap();
    assert_eq!(owed(&page["profile"]["figures"]), 10_000, "accounts stay apart");
    assert_eq!(owed(&page["merged"][0]["figures"]), 4_000);
    assert_eq!(owed(&page["together"]), 14_000);
    let phone = page["profile"]["details"].as_array().unwrap().iter();
    let phone = phone.clone().find(|detail| detail["field"] == "phone").expect("a phone");
    assert_eq!(phone["value"], "+8651212345678", "B's counts");
    let streams = page["timeline"].as_array().unwrap().iter().map(|event| &event["stream"]);
    assert!(streams.clone().any(|stream| stream == "customer/B"), "each with its origin");
    assert_eq!(place.get("/v1/customers/B").await["merged_into"], "A");
    let found = place.get("/v1/lookup?who=%2B8651212345678").await;
    assert_eq!(found["found"][0]["customer"], "A", "by B's number: {found}");
    let before = place.get("/v1/customers/A?as_of=2026-01-06").await;
    assert_eq!(before["merged"], json!([]), "not yet one then");
}

#[tokio::test]
async fn merges_form_no_circle_and_codes_stay_taken() {
    let place = two().await;
    refused(&place, "/v1/merges", &merge("A", "A"), "merged_into_itself").await;
    done(&place, "/v1/merges", &merge("A", "B")).await;
    refused(&place, "/v1/merges", &merge("C", "B"), "already_merged").await;
    refused(&place, "/v1/merges", &merge("B", "C"), "already_merged").await;
    refused(&place, "/v1/merges", &merge("B", "A"), "already_merged").await;
    let new = json!({ "units": [[call("B", "again")]] });
    let problem = refused(&place, "/v1/commands", &new, "customer_merged").await;
    assert!(problem["detail"].as_str().unwrap().contains("merged into A"), "{problem}");
    let again = json!({ "units": [[register("B", "other")]] });
    refused(&place, "/v1/commands", &again, "customer_already_registered").await;
    // What was begun goes on where it is.
    place
        .take(json!([[pays("B", "R-B", 4_000), applies("B", "AP-B", "R-B", "AR-B", 4_000)]]))
        .await;
    done(&place, "/v1/merges", &merge("C", "A")).await;
    let page = place.get("/v1/customers/C").await;
    let merged: Vec<&Value> =
        page["merged"].as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(merged, ["A", "B"], "through two links");
}

#[tokio::test]
async fn every_fact_since_gets_an_owner() {
    let place = two().await;
    done(&place, "/v1/merges", &merge("A", "B")).await;
    place
        .take(json!([[
            owes("A", "AR-1", 7_000),
            pays("A", "R-1", 7_000),
            applies("A", "AP-1", "R-1", "AR-1", 7_000)
        ]]))
        .await;
    let since = place.get("/v1/customers/A/merges").await["merges"][0]["since"].clone();
    let at = |index: usize| since[index]["position"].as_u64().unwrap();
    assert_eq!(since.as_array().map(Vec::len), Some(3), "{since}");
    let path = "/v1/merges/reverse";
    let problem = refused(&place, path, &undo("A", "B"), "owner_missing").await;
    assert!(problem["detail"].as_str().unwrap().contains("receivable.opened"), "{problem}");
    let with = |give: Value| {
        let mut call = undo("A", "B");
        call["give"] = give;
        call["rest"] = json!("A");
        call
    };
    refused(&place, path, &with(json!({ "1": "B" })), "not_since_merge").await;
    refused(&place, path, &with(json!({ at(0).to_string(): "C" })), "not_of_the_merge").await;
    // The application stands on the debt and the payment, and they on nothing else.
    refused(&place, path, &with(json!({ at(0).to_string(): "B" })), "stood_on").await;
    refused(&place, path, &with(json!({ at(2).to_string(): "B" })), "cannot_go").await;
    refused(&place, path, &undo("A", "C"), "merge_unknown").await;
    let all =
        with(json!({ at(0).to_string(): "B", at(1).to_string(): "B", at(2).to_string(): "B" }));
    let mut rehearsed = all.clone();
    rehearsed["dry_run"] = json!(true);
    done(&place, path, &rehearsed).await;
    assert_eq!(place.get("/v1/customers/B").await["merged_into"], "A", "a dry run keeps nothing");
    done(&place, path, &all).await;
    let b = place.get("/v1/customers/B").await;
    assert_eq!(b["merged_into"], Value::Null);
    assert_eq!(b["profile"]["figures"]["received"][0]["minor"], 7_000, "{b}");
    let a = place.get("/v1/customers/A").await;
    assert_eq!(a["profile"]["figures"]["received"], json!([]), "{a}");
    refused(&place, path, &all, "merge_unknown").await;
}

/// A small generator: the same seed, the same story.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A thread of facts that belong together, about a customer; `tag` makes its ids its own.
fn thread(dice: &mut Dice, customer: &str, tag: &str) -> Vec<Value> {
    let about = |fields: Value| {
        let mut fields = fields;
        fields["customer"] = json!(customer);
        fields
    };
    let minor = 1_000 + dice.below(500) as i64;
    match dice.below(7) {
        0 => {
            vec![about(json!({ "command": "record_interaction", "interaction": format!("I-{tag}"),
            "channel": "phone", "direction": "in", "started_at": "2026-01-04T02:00:00Z",
            "unknown_caller": true, "correspondence": { "summary": tag, "next_step": tag } }))]
        }
        1 => {
            let task = format!("K-{tag}");
            let mut thread = vec![about(json!({ "command": "plan_task", "task": task,
                "due_at": "2026-02-02T09:00:00Z", "text": { "subject": tag } }))];
            if dice.below(2) == 0 {
                thread.push(about(
                    json!({ "command": "close_task", "task": task, "outcome": "done" }),
                ));
            }
            thread
        }
        2 => {
            let opportunity = format!("O-{tag}");
            let mut thread = vec![about(json!({ "command": "open_opportunity",
                "opportunity": opportunity, "pipeline": "sales", "stage": "lead",
                "amount": { "minor": minor, "currency": "CNY" } }))];
            if dice.below(2) == 0 {
                thread.push(about(json!({ "command": "change_opportunity_stage",
                    "opportunity": opportunity, "to": "proposal" })));
            }
            thread
        }
        3 => {
            let (item, receipt) = (format!("AR-{tag}"), format!("R-{tag}"));
            let mut thread = vec![owes(customer, &item, minor), pays(customer, &receipt, minor)];
            let part = 1 + dice.below(minor as u64) as i64;
            thread.push(applies(customer, &format!("AP-{tag}"), &receipt, &item, part));
            thread
        }
        4 => vec![about(json!({ "command": "add_contact", "contact": format!("P-{tag}"),
            "identity": { "name": tag, "phones": [format!("+86138{:08}", dice.below(99_999_999))] } }))],
        5 => vec![about(json!({ "command": "receive_complaint", "complaint": format!("T-{tag}"),
            "kind": "complaint", "channel": "phone", "subject": "quality", "severity": "normal",
            "received_at": "2026-01-04T01:00:00Z", "correspondence": { "summary": tag } }))],
        _ => vec![about(json!({ "command": "make_commitment", "commitment": format!("PR-{tag}"),
            "by": "us", "medium": "spoken", "risk": "economic", "due_at": "2026-04-02T09:00:00Z",
            "responsible": "U-03", "promise": { "what": tag } }))],
    }
}

/// What a page says, apart from how many events there are and where they stand.
async fn page(place: &Place, code: &str) -> Value {
    let mut page = place.get(&format!("/v1/customers/{code}")).await;
    page["profile"]["figures"]["events"] = Value::Null;
    json!([page["profile"], page["dealings"], page["merged"], page["merged_into"]])
}

#[tokio::test]
async fn merge_then_undo_is_as_if_there_had_been_no_merge() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let (merged, plain) = (Place::founded(71), Place::founded(72));
        let mut before = vec![register("A", "甲"), register("B", "乙")];
        for number in 0..dice.below(5) {
            let customer = if dice.below(2) == 0 { "A" } else { "B" };
            before.extend(thread(&mut dice, customer, &format!("b{number}")));
        }
        merged.take(json!([before])).await;
        plain.take(json!([before])).await;
        let untouched = [page(&merged, "A").await, page(&merged, "B").await];
        done(&merged, "/v1/merges", &merge("A", "B")).await;

        let mut give = json!({});
        for number in 0..dice.below(6) {
            let tag = format!("s{number}");
            let to = if dice.below(2) == 0 { "A" } else { "B" };
            let mut told = Dice(dice.below(u64::MAX));
            let mut again = Dice(told.0);
            let answer = merged.take(json!([thread(&mut told, "A", &tag)])).await;
            for fact in answer["units"][0]["taken"].as_array().unwrap() {
                for event in fact["events"].as_array().unwrap() {
                    if event["stream"] == "customer/A" {
                        give[event["position"].as_u64().unwrap().to_string()] = json!(to);
                    }
                }
            }
            plain.take(json!([thread(&mut again, to, &tag)])).await;
        }
        let mut call = undo("A", "B");
        call["give"] = give.clone();
        done(&merged, "/v1/merges/reverse", &call).await;
        for code in ["A", "B"] {
            let (now, expected) = (page(&merged, code).await, page(&plain, code).await);
            assert_eq!(now, expected, "seed {seed}, customer {code}, {give}");
        }
        if give == json!({}) {
            assert_eq!(
                untouched,
                [page(&merged, "A").await, page(&merged, "B").await],
                "seed {seed}"
            );
        }
    }
}
