//! Promise: an import that is taken back leaves the ledger as it was before, updated records
//! included; what was built upon stays and is named; the file can then be imported again.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use axum::body::Body;
use axum::http::Request;
use daybook_core::decide::Command;
use daybook_core::decide::command::TakeBack;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, Note};
use daybook_core::ledger::{Batch, Mode};
use serde_json::{Value, json};
use support::{Place, call, owes, register};

const MAPPING: &str = r#"
[import]
source = "legacy"
row_key = ["id"]
customer = "{customer}"
effective = { column = "on", format = "%Y-%m-%d" }
amount = { column = "owed", money = "CNY", optional = true }

[[event]]
command = "register_customer"
once_per = "customer"
[event.fields]
kind = "company"
source = "import"
details.name = "{customer} of old"

[[event]]
command = "change_customer_details"
when = { column = "city", empty = false }
[event.fields]
set.city = "{city}"
set.phone = "{phone}"

[[event]]
command = "open_opportunity"
when = { column = "deal", empty = false }
[event.fields]
opportunity = "O-{id}"
pipeline = "sales"
stage = "lead"
title = "{deal}"

[[event]]
command = "open_receivable"
when = { column = "owed", empty = false }
[event.fields]
item = "AR-{id}"
source = "opening_balance"
document_on = { column = "on", date = "%Y-%m-%d" }
due_on = { column = "on", date = "%Y-%m-%d" }
amount = { column = "owed", money = "CNY" }

[[event]]
command = "receive_payment"
when = { column = "paid", empty = false }
[event.fields]
receipt = "R-{id}"
amount = { column = "paid", money = "CNY" }
value_on = { column = "on", date = "%Y-%m-%d" }

[[event]]
command = "apply_credit"
when = { column = "paid", empty = false }
[event.fields]
application = "A-{id}"
credit_kind = "receipt"
receipt = "R-{id}"
method = "explicit"
lines = [{ item = "{against}", amount = { column = "paid", money = "CNY" } }]
effective_on = { column = "on", date = "%Y-%m-%d" }
"#;

const HEADER: &str = "id,customer,on,city,phone,deal,owed,paid,against\n";

async fn import(place: &Place, file: &str) -> Value {
    let body = format!(
        "--b\r\ncontent-disposition: form-data; name=\"mapping\"\r\n\r\n{MAPPING}\r\n--b\r\n\
         content-disposition: form-data; name=\"file\"; filename=\"old.csv\"\r\n\r\n{file}\r\n--b--\r\n"
    );
    let request = Request::post("/v1/imports")
        .header("x-daybook-actor", "U-01")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(body));
    let (status, body) = place.call(request.unwrap()).await;
    let lines = lines(&body);
    assert_eq!(status, 200, "{lines:?}");
    let done = lines.last().unwrap()["done"].clone();
    assert_eq!(done["figures"]["refused"], 0, "{lines:#?}");
    done
}

async fn revert(place: &Place, id: &str, dry_run: bool) -> Vec<Value> {
    let body = json!({ "reason": "wrong file", "dry_run": dry_run }).to_string();
    let request = Request::post(format!("/v1/imports/{id}/revert"))
        .header("x-daybook-actor", "U-09")
        .body(Body::from(body));
    let (status, body) = place.call(request.unwrap()).await;
    let lines = lines(&body);
    assert_eq!(status, 200, "{lines:?}");
    lines
}

fn lines(body: &[u8]) -> Vec<Value> {
    let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

fn done(lines: &[Value]) -> &Value {
    &lines.last().expect("an end")["done"]
}

/// Everything the ledger answers about its customers.
async fn view(place: &Place) -> Value {
    let list = place.get("/v1/customers").await;
    let mut seen = Vec::new();
    for customer in list["customers"].as_array().unwrap() {
        let code = customer["code"].as_str().unwrap();
        let page = place.get(&format!("/v1/customers/{code}")).await;
        // How many events there are includes those that count nowhere.
        let (mut row, mut profile) = (customer.clone(), page["profile"].clone());
        row["events"] = Value::Null;
        profile["figures"]["events"] = Value::Null;
        seen.push(json!({ "row": row, "profile": profile, "dealings": page["dealings"] }));
    }
    let stats = place.get("/v1/stats").await;
    json!({ "customers": seen, "total": list["total"], "outstanding": stats["outstanding"] })
}

async fn begun() -> Place {
    let place = Place::founded(3);
    let mut debt = owes("C-1", "AR-0", 90_000);
    debt["document_on"] = json!("2025-09-30");
    place
        .take(json!([
            [register("C-1", "First")],
            [register("C-2", "Second"), call("C-2", "hello")],
            [debt],
        ]))
        .await;
    place
}

/// Rows for new and known customers: details, deals, debts, payments of new and of old debts.
fn rows(seed: u64) -> String {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut draw = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut file = HEADER.to_owned();
    for id in 1..(9 + draw(30)) {
        let customer = ["C-1", "C-2", "N-1", "N-2", "N-3"][draw(5) as usize];
        let on = format!("2025-1{}-{:02}", draw(3), 1 + draw(28));
        let (city, phone) = match draw(3) {
            0 => (format!("city {}", draw(4)), format!("+8621555{id:04}{}", draw(9))),
            _ => Default::default(),
        };
        let deal = if draw(3) == 0 { format!("deal {id}") } else { String::new() };
        let (owed, paid, against) = match draw(4) {
            0 => ("12.50", "", String::new()),
            1 => ("80.00", "30.00", format!("AR-{id}")),
            2 if customer == "C-1" => ("", "1.00", "AR-0".to_owned()),
            _ => ("", "", String::new()),
        };
        file += &format!("{id},{customer},{on},{city},{phone},{deal},{owed},{paid},{against}\n");
    }
    file
}

#[tokio::test]
async fn import_then_revert_is_before() {
    for seed in 1..=24 {
        let place = begun().await;
        let before = view(&place).await;
        let file = rows(seed);
        let applied = import(&place, &file).await;
        let imported = view(&place).await;
        assert_ne!(imported, before, "seed {seed}");
        let head = place.ledger.reader().head().next;
        let preview = revert(&place, "legacy", true).await;
        assert_eq!(place.ledger.reader().head().next, head, "a preview keeps nothing");
        let lines = revert(&place, &applied["applied_at"].to_string(), false).await;
        let figures = &done(&lines)["figures"];
        assert_eq!(figures, &done(&preview)["figures"], "seed {seed}");
        assert_eq!(figures["reversed"], applied["figures"]["events"], "seed {seed}: {lines:#?}");
        assert_eq!(view(&place).await, before, "seed {seed}\n{file}");
        // The same file again: everything is taken as if for the first time.
        let again = import(&place, &file).await;
        assert_eq!(again["figures"], applied["figures"], "seed {seed}");
        assert_ne!(again["applied_at"], applied["applied_at"], "seed {seed}");
        assert_eq!(view(&place).await, imported, "seed {seed}");
        let once_more = import(&place, &file).await;
        assert_eq!(once_more["figures"]["events"], 0, "seed {seed}");
        revert(&place, "legacy", false).await;
        assert_eq!(view(&place).await, before, "seed {seed}");
    }
}

#[tokio::test]
async fn what_was_built_upon_stays_and_is_named() {
    let place = begun().await;
    let file = format!("{HEADER}1,N-1,2025-11-03,,,lathe,,,\n2,N-1,2025-11-04,,,press,12.50,,\n");
    let applied = import(&place, &file).await;
    let stage = json!({ "customer": "N-1", "command": "change_opportunity_stage",
        "opportunity": "O-1", "from": "lead", "to": "qualified", "change": "advance" });
    let moved = place.take(json!([[stage]])).await;
    let lines = revert(&place, "legacy", false).await;
    let stays: Vec<&Value> = lines.iter().filter_map(|line| line.get("stays")).collect();
    let kinds: Vec<&str> = stays.iter().map(|stays| stays["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["opportunity.opened", "customer.registered"]);
    let by = &moved["units"][0]["taken"][0]["events"][0];
    let reason = stays[0]["reason"].as_str().unwrap();
    let position = by["position"].to_string();
    assert!(
        reason.contains(&format!("needed by opportunity_stage.changed at position {position}")),
        "{reason}"
    );
    let figures = &done(&lines)["figures"];
    assert_eq!((&figures["reversed"], &figures["kept"]), (&json!(2), &json!(2)));
    let reverted = place.get(&format!("/v1/events/{}", done(&lines)["reverted_at"])).await;
    let body = &reverted["event"]["body"];
    assert_eq!(reverted["event"]["reason"], "wrong file");
    assert_eq!((&body["kept"], &body["applied_at"]), (&json!(2), &applied["applied_at"]));
    assert_eq!(body["stayed"][0]["needed_by"], json!([by["position"]]));
    // Nothing changes by asking again; with the obstacle gone, the rest goes too.
    let again = revert(&place, "legacy", false).await;
    assert_eq!(done(&again)["reverted_at"], Value::Null);
    assert_eq!(done(&again)["figures"]["void_before"], 2);
    place
        .take(json!([[{ "customer": "N-1", "command": "void_event", "event": by["event_id"],
            "reason": "for the import" }]]))
        .await;
    let rest = revert(&place, "legacy", false).await;
    assert_eq!(done(&rest)["figures"]["reversed"], 2);
    let page = place.get("/v1/customers").await;
    assert_eq!(page["total"], 2);
    let shown = place.get("/v1/imports/legacy").await;
    assert_eq!(shown["import"]["reverts"].as_array().unwrap().len(), 2);
    let brought = shown["brought"].as_array().unwrap();
    assert!(brought.iter().all(|kind| kind["events"] == kind["voided"]), "{brought:?}");
}

#[tokio::test]
async fn a_revert_that_was_cut_off_is_gone_on_with() {
    let place = begun().await;
    let before = view(&place).await;
    let file = rows(5);
    let applied = import(&place, &file).await;
    let events = place.get("/v1/events?customer=C-1&order=desc&limit=3").await;
    let ids = events["events"].as_array().unwrap().iter();
    let events = ids.map(|event| event["event_id"].as_str().unwrap().parse().unwrap()).collect();
    let command = Command::TakeBack(TakeBack { import: Some("legacy".parse().unwrap()), events });
    let mut request = daybook_core::decide::Request::about("C-1".parse().unwrap(), call_of());
    request.reason = Some(Note::new("cut off").unwrap());
    request.command = command;
    let actor = Actor {
        user: ActorId::new("U-09").unwrap(),
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    };
    let source = Source { channel: Channel::Api, session: None, import: None };
    let batch = Batch { actor, source, units: vec![vec![request]], mode: Mode::Commit };
    let answer = place.ledger.submit(batch).await.unwrap();
    assert_eq!(answer.units[0].as_ref().unwrap()[0].events.len(), 3);
    let lines = revert(&place, "legacy", false).await;
    let figures = &done(&lines)["figures"];
    assert_eq!(figures["void_before"], 3);
    let all = figures["reversed"].as_u64().unwrap() + 3;
    assert_eq!(json!(all), applied["figures"]["events"]);
    assert_eq!(view(&place).await, before);
}

fn call_of() -> Command {
    serde_json::from_value::<daybook_core::decide::Request>(call("C-1", "x")).unwrap().command
}

#[tokio::test]
async fn only_what_came_with_the_import_is_taken_back() {
    let place = begun().await;
    import(&place, &rows(2)).await;
    let problem = {
        let body = json!({ "reason": "x" }).to_string();
        let request = Request::post("/v1/imports/other/revert").header("x-daybook-actor", "U-09");
        let (status, body) = place.call(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(status, 404);
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    assert_eq!(problem["code"], "not_found");
    revert(&place, "legacy", false).await;
    let log = place.get("/v1/events?kind=event.voided&limit=1000").await;
    for void in log["events"].as_array().unwrap() {
        assert_eq!(void["body"]["import"], "legacy");
        let voided = place.get(&format!("/v1/events/{}", void["body"]["position"])).await;
        assert_eq!(voided["event"]["channel"], "import");
    }
}
