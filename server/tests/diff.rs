//! Promise: between two bases, every value that is not the same is shown, and every event that counts
//! at one of them only.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use serde_json::{Value, json};
use support::{Place, call, owes, register};

async fn world() -> Place {
    let place = Place::founded(1);
    place.take(json!([[register("C-1", "华东精密")], [owes("C-1", "AR-1", 1_000)]])).await;
    place.clock.set("2026-02-10T02:00:00Z");
    let moved = json!({ "customer": "C-1", "command": "change_customer_details",
        "set": { "city": "苏州" }, "reason": "they moved", "effective_at": "2026-01-20T02:00:00Z" });
    place.take(json!([[moved], [call("C-1", "asked for a quote")]])).await;
    place.clock.set("2026-02-20T02:00:00Z");
    let first = place.get("/v1/events?customer=C-1&kind=interaction.recorded").await;
    let event = first["events"][0]["event_id"].clone();
    let void = json!({ "customer": "C-1", "command": "void_event", "event": event,
        "reason": "another customer called" });
    place.take(json!([[void]])).await;
    place
}

fn changes(answer: &Value) -> Vec<(String, Value, Value)> {
    let changes = answer["changes"].as_array().unwrap().iter();
    let told = changes.map(|change| {
        let at = change["at"].as_str().unwrap().to_owned();
        (at, change["before"].clone(), change["after"].clone())
    });
    told.collect()
}

fn events(answer: &Value) -> Vec<(String, String, String)> {
    let events = answer["events"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told = events.map(|change| {
        let event = &change["event"];
        (text(&change["effect"]), text(&event["kind"]), text(&event["reason"]))
    });
    told.collect()
}

fn row(at: &str, before: Value, after: Value) -> (String, Value, Value) {
    (at.to_owned(), before, after)
}

fn event(effect: &str, kind: &str, reason: &str) -> (String, String, String) {
    (effect.to_owned(), kind.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn what_was_learned_is_shown_with_who_told_it_and_why() {
    let place = world().await;
    let path = "/v1/customers/C-1/diff?from_known_at=2026-02-09&known_at=2026-02-10&as_of=2026-02-10&from_as_of=2026-02-10";
    let learned = place.get(path).await;
    assert_eq!(
        changes(&learned),
        [
            row("/profile/details/city/value", json!("上海"), json!("苏州")),
            row("/profile/figures/events", json!(2), json!(4)),
            row("/profile/figures/interactions", json!(0), json!(1)),
            row("/profile/figures/last_interaction_at", Value::Null, json!("2026-01-04T02:00:00Z")),
        ]
    );
    assert_eq!(
        events(&learned),
        [
            event("counts", "customer_details.changed", "they moved"),
            event("counts", "interaction.recorded", "")
        ]
    );
    assert_eq!(learned["events"][0]["event"]["actor"], "U-01");
    assert_eq!(learned["from"]["known_at"], "2026-02-09T15:59:59.999999Z");
}

#[tokio::test]
async fn what_was_voided_is_shown_with_its_void() {
    let place = world().await;
    let voided = place.get("/v1/customers/C-1/diff?from_known_at=2026-02-10").await;
    assert_eq!(
        events(&voided),
        [
            event("void", "interaction.recorded", ""),
            event("counts", "event.voided", "another customer called")
        ]
    );
    let figures = changes(&voided);
    assert!(figures.contains(&row("/profile/figures/interactions", json!(1), json!(0))));
}

#[tokio::test]
async fn time_that_passes_changes_figures_without_events() {
    let place = world().await;
    let path = "/v1/customers/C-1/diff?from_as_of=2026-02-01&as_of=2026-02-02";
    let passed = place.get(path).await;
    assert_eq!(
        changes(&passed),
        [
            row("/profile/figures/overdue/CNY", Value::Null, json!("10.00 CNY")),
            row("/profile/figures/overdue_since", Value::Null, json!("2026-02-01")),
        ]
    );
    assert!(events(&passed).is_empty());
    // The other way round, what has not happened yet is gone.
    let back = place.get("/v1/customers/C-1/diff?from_as_of=2026-01-31&as_of=2026-01-19").await;
    assert_eq!(events(&back), [event("gone", "customer_details.changed", "they moved")]);
}

#[tokio::test]
async fn before_it_was_on_file_there_is_nothing_and_nobody_is_not_found() {
    let place = world().await;
    let born = place.get("/v1/customers/C-1/diff?from_known_at=2026-01-04").await;
    let figures = changes(&born);
    assert!(figures.iter().all(|(_, before, _)| before.is_null()), "{figures:?}");
    assert!(figures.contains(&row("/profile/details/name/value", Value::Null, json!("华东精密"))));
    let nobody = place.problem("/v1/customers/C-9/diff").await;
    assert_eq!(nobody["code"], "not_found");
    let malformed = place.problem("/v1/customers/C-1/diff?from_as_of=soon").await;
    assert_eq!(malformed["code"], "malformed");
    assert_eq!(malformed["field"], "from_as_of");
}
