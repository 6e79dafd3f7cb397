//! Problems: the page of the reference, the languages, the field at fault, and what is answered to
//! calls that no route takes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod ledger;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use daybook_server::api::problem::reference::page;
use daybook_server::{App, router};
use ledger::{call, ledger};
use serde_json::{Value, json};
use std::sync::Arc;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/problems.md");

#[test]
fn the_page_of_the_reference_is_the_one_the_code_makes() {
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        std::fs::write(PAGE, page()).unwrap();
    }
    let checked_in = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        page() == checked_in,
        "docs/reference/problems.md is not what the code makes; run \
         DAYBOOK_BLESS=1 cargo test -p daybook-server --test problems"
    );
}

fn open() -> Router {
    router(App::new(ledger(), Arc::new(ledger::Fixed)))
}

fn request(method: &str, path: &str, language: &str, body: &Value) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("x-daybook-actor", "U-01")
        .header("accept-language", language)
        .body(Body::from(body.to_string()))
        .unwrap()
}

fn register(customer: &str) -> Value {
    json!({
        "customer": customer, "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": "A" },
    })
}

#[tokio::test]
async fn a_problem_is_told_in_the_language_of_the_caller() {
    let router = open();
    let unit = json!({ "units": [[register("C-1")]] });
    assert_eq!(call(&router, request("POST", "/v1/commands", "en", &unit)).await.status, 200);
    let english = call(&router, request("POST", "/v1/commands", "fr, en;q=0.5", &unit)).await;
    assert_eq!(english.header("content-language"), "en");
    assert_eq!(english.header("content-type"), "application/problem+json");
    assert_eq!(
        english.body,
        json!({
            "type": "/v1/problems/customer_already_registered",
            "title": "A rule of the ledger or a value stands against it",
            "status": 422,
            "code": "customer_already_registered",
            "detail": "the customer is already on file",
            "hint": "change its details instead, or choose another code",
            "retry": "no",
            "rule": "I-12",
            "field": "/units/0/0/customer",
            "unit": 0,
            "request": 0,
        })
    );
    let chinese = call(&router, request("POST", "/v1/commands", "zh-CN, en;q=0.5", &unit)).await;
    assert_eq!(chinese.header("content-language"), "zh");
    assert_eq!(chinese.body["detail"], "该客户已经建档");
    assert_eq!(chinese.body["hint"], "请改为变更其资料，或另选代码");
    assert_eq!(chinese.body["code"], english.body["code"]);
    // A refusal inside an answer as well.
    let two = json!({ "units": [[register("C-1")], [register("C-2")]] });
    let answer = call(&router, request("POST", "/v1/commands", "zh", &two)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["units"][0]["refused"]["detail"], "该客户已经建档");
}

#[tokio::test]
async fn a_problem_names_the_field_at_fault() {
    let router = open();
    let unit = json!({ "units": [[register("C-1")]] });
    call(&router, request("POST", "/v1/commands", "en", &unit)).await;
    let contract = |change: &dyn Fn(&mut Value)| {
        let mut contract = json!({
            "customer": "C-1", "command": "sign_contract", "contract": "HT-1",
            "legal_entity": "HQ", "signed_on": "2026-01-05",
            "lines": [{ "line": 1, "product": "P", "quantity_thousandths": 1000,
                "unit_price": { "minor": 100, "currency": "CNY" },
                "amount": { "minor": 100, "currency": "CNY" } }],
            "total": { "minor": 100, "currency": "CNY" },
            "terms": "30 days", "debt_opened_by": "instalments", "instalments": [],
        });
        change(&mut contract);
        json!({ "units": [[contract]] })
    };
    for (change, code, field, hint) in [
        (
            &(|c: &mut Value| c["comand"] = "x".into()) as &dyn Fn(&mut Value),
            "field_unknown",
            "/units/0/0/comand",
            "",
        ),
        (
            &|c: &mut Value| c["command"] = "sign_contrat".into(),
            "field_unknown",
            "/units/0/0/command",
            "did you mean sign_contract?",
        ),
        (
            &|c: &mut Value| drop(c.as_object_mut().unwrap().remove("command")),
            "field_required",
            "/units/0/0/command",
            "",
        ),
        (
            &|c: &mut Value| drop(c.as_object_mut().unwrap().remove("total")),
            "field_required",
            "/units/0/0/total",
            "",
        ),
        (
            &|c: &mut Value| c["lines"][0]["unit_price"]["minor"] = "1.00".into(),
            "field_unfit",
            "/units/0/0/lines/0/unit_price/minor",
            "",
        ),
        (
            &|c: &mut Value| c["lines"][0]["unit_prise"] = 1.into(),
            "field_unknown",
            "/units/0/0/lines/0/unit_prise",
            "did you mean unit_price?",
        ),
        (
            &|c: &mut Value| c["signed_on"] = "2026-13-05".into(),
            "field_unfit",
            "/units/0/0/signed_on",
            "",
        ),
        (
            &|c: &mut Value| c["customer"] = "C-9".into(),
            "customer_not_registered",
            "/units/0/0/customer",
            "",
        ),
        (
            &|c: &mut Value| c["legal_entity"] = "XX".into(),
            "legal_entity_unknown",
            "/units/0/0/legal_entity",
            "",
        ),
        (&|_: &mut Value| {}, "instalments_missing", "/units/0/0/instalments", ""),
        (
            &|c: &mut Value| c["expected_version"] = json!({ "exact": 9 }),
            "stale_version",
            "/units/0/0/expected_version",
            "read the customer again and retry",
        ),
    ] {
        let answer = call(&router, request("POST", "/v1/commands", "en", &contract(change))).await;
        let problem = &answer.body;
        assert_eq!(
            (problem["code"].as_str(), problem["field"].as_str()),
            (Some(code), Some(field)),
            "{problem}"
        );
        assert!(hint.is_empty() || problem["hint"] == hint, "{problem}");
    }
    for (path, code, field, hint) in [
        ("/v1/events?custmer=C-1", "field_unknown", "custmer", "did you mean customer?"),
        ("/v1/events?limit=many", "field_unfit", "limit", ""),
        ("/v1/events?kind=contact.aded", "malformed", "kind", "did you mean contact.added?"),
        ("/v1/events?as_of=yesterday", "malformed", "as_of", ""),
        ("/v1/book?x=1", "field_unknown", "x", ""),
    ] {
        let problem = call(&router, request("GET", path, "en", &Value::Null)).await.body;
        assert_eq!(
            (problem["code"].as_str(), problem["field"].as_str()),
            (Some(code), Some(field))
        );
        assert!(hint.is_empty() || problem["hint"] == hint, "{problem}");
    }
}

#[tokio::test]
async fn a_call_that_no_route_takes_is_told_why() {
    let router = open();
    let nowhere = call(&router, request("GET", "/v1/nowhere", "zh", &Value::Null)).await;
    assert_eq!((nowhere.status, nowhere.body["code"].as_str()), (404, Some("no_such_route")));
    assert_eq!(nowhere.body["detail"], "本接口没有路由 GET /v1/nowhere");
    let method = call(&router, request("DELETE", "/v1/book", "en", &Value::Null)).await;
    assert_eq!((method.status, method.body["code"].as_str()), (405, Some("method_not_allowed")));
    assert_eq!(method.header("allow"), "GET,HEAD");
    let method = call(&router, request("DELETE", "/v1/book", "zh", &Value::Null)).await;
    assert_eq!(method.header("allow"), "GET,HEAD");
    let mut text = request("POST", "/v1/commands", "en", &json!({ "units": [] }));
    text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    let text = call(&router, text).await;
    assert_eq!((text.status, text.body["field"].as_str()), (415, Some("content-type")));
    let imports = call(&router, request("POST", "/v1/imports", "en", &Value::Null)).await;
    assert_eq!((imports.status, imports.body["field"].as_str()), (400, Some("content-type")));
    let cards = call(&router, request("POST", "/v1/contacts", "en", &json!(true))).await;
    assert_eq!((cards.status, cards.body["field"].as_str()), (400, Some("body")));
    let body = json!([1]);
    let broken = call(&router, request("POST", "/v1/commands", "zh", &body)).await;
    assert_eq!((broken.status, broken.body["code"].as_str()), (400, Some("field_unfit")));
}

#[tokio::test]
async fn every_code_is_explained_where_its_type_leads() {
    let router = open();
    let codes = call(&router, request("GET", "/v1/problems", "en", &Value::Null)).await.body;
    assert!(codes["codes"].as_array().unwrap().len() > 150);
    let one = call(&router, request("GET", "/v1/problems/stale_version", "en", &Value::Null)).await;
    assert_eq!((&one.body["status"], &one.body["retry"]), (&json!(409), &json!("reread")));
    let none = call(&router, request("GET", "/v1/problems/none", "en", &Value::Null)).await;
    assert_eq!(none.status, 404);
}

#[tokio::test]
async fn one_request_about_a_customer_is_one_object_with_its_key_in_the_header() {
    let router = open();
    let mut fact = register("C-1");
    fact.as_object_mut().unwrap().remove("customer");
    let keyed = |body: &Value, key: &str| {
        let mut request = request("POST", "/v1/customers/C-1/commands", "en", body);
        request.headers_mut().insert("idempotency-key", key.parse().unwrap());
        request
    };
    let first = call(&router, keyed(&fact, "k-1")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.body["events"][0]["kind"], "customer.registered");
    let again = call(&router, keyed(&fact, "k-1")).await;
    assert_eq!(again.body["repeated"], true);
    assert_eq!(again.body["events"], first.body["events"]);
    let other = json!({ "command": "add_contact", "identity": { "name": "Jane" } });
    let reused = call(&router, keyed(&other, "k-1")).await;
    assert_eq!(
        (reused.status, reused.body["code"].as_str()),
        (409, Some("idempotency_key_reused"))
    );
    assert_eq!(reused.body["field"], "/idempotency_key");
    let elsewhere =
        json!({ "command": "add_contact", "customer": "C-2", "identity": { "name": "Jane" } });
    let differs = call(&router, keyed(&elsewhere, "k-2")).await;
    assert_eq!((differs.status, differs.body["field"].as_str()), (400, Some("/customer")));
    let path = "/v1/customers/C-1/commands?dry_run=true";
    let rehearsed = call(&router, request("POST", path, "en", &other)).await;
    assert_eq!((rehearsed.status, &rehearsed.body["dry_run"]), (200, &json!(true)));
    // The same header on a call of one unit with one request.
    let mut unit = request("POST", "/v1/commands", "en", &json!({ "units": [[register("C-3")]] }));
    unit.headers_mut().insert("idempotency-key", "k-3".parse().unwrap());
    assert_eq!(call(&router, unit).await.status, 200);
    let two = json!({ "units": [[register("C-4")], [register("C-5")]] });
    let mut several = request("POST", "/v1/commands", "en", &two);
    several.headers_mut().insert("idempotency-key", "k-4".parse().unwrap());
    let several = call(&router, several).await;
    assert_eq!((several.status, several.body["field"].as_str()), (400, Some("idempotency-key")));
}

/// A body is what its description says, or a problem: nothing is guessed, and nothing is a success
/// because it is empty.
#[tokio::test]
async fn a_body_of_another_kind_is_refused() {
    let router = open();
    let json = "application/json";
    for (method, path, kind, body, code, field) in [
        ("PUT", "/v1/consumers/crm", json, "[null, null]", "field_unfit", ""),
        (
            "POST",
            "/v1/customers/C-1/commands",
            json,
            r#"{ "command": 0, "kind": "company", "source": "web" }"#,
            "field_unfit",
            "/command",
        ),
        ("POST", "/v1/contacts", "text/vcard", "", "malformed", "body"),
        ("POST", "/v1/calendar", "text/calendar", "true", "malformed", "body"),
        ("POST", "/v1/imports/events", "application/x-ndjson", "", "malformed", "body"),
        ("POST", "/v1/imports/guess", "", "", "malformed", "content-type"),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-daybook-actor", "U-01")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap();
        let answer = call(&router, request).await;
        assert_eq!(answer.status, 400, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
        let told = (answer.body["code"].as_str(), answer.body["field"].as_str());
        assert_eq!(told, (Some(code), Some(field)), "{method} {path}: {}", answer.body);
    }
}
