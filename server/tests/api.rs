//! The interface over the reference store: statuses, problems and bases.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::{Genesis, Ledger, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_server::{App, router};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Hand {
    fn set(&self, text: &str) {
        self.0.store(text.parse::<Timestamp>().unwrap().0, Ordering::SeqCst);
    }
}

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte = self.0;
        }
    }
}

fn open() -> (Router, Arc<Hand>) {
    let clock = Arc::new(Hand(AtomicI64::new(0)));
    clock.set("2026-01-05T01:00:00Z");
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::<Hand>::clone(&clock),
        entropy: Box::new(Counter(7)),
    };
    let actor = Actor {
        user: ActorId::new("U-00").unwrap(),
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    };
    let genesis = Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test").unwrap(),
        zone: Label::new("Asia/Shanghai").unwrap(),
        functional_currency: "CNY".parse().unwrap(),
        legal_entities: vec![LegalEntity::new("HQ").unwrap()],
        fiscal_year_start_month: 1,
        default_calling_code: None,
        actor,
        source: Source { channel: Channel::Api, session: None, import: None },
    };
    found(&mut parts, &genesis).unwrap();
    let ledger = Ledger::open(parts, Options::default()).unwrap();
    (router(App::new(ledger, Arc::<Hand>::clone(&clock) as _)), clock)
}

async fn call(router: &Router, request: Request<Body>) -> (u16, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn get(router: &Router, path: &str) -> (u16, Value) {
    call(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(router: &Router, units: Value) -> (u16, Value) {
    let body = Body::from(json!({ "units": units }).to_string());
    let request = Request::post("/v1/commands").header("x-daybook-actor", "U-01").body(body);
    call(router, request.unwrap()).await
}

fn register(customer: &str) -> Value {
    json!({
        "customer": customer, "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": "A" },
    })
}

#[tokio::test]
async fn problems_have_a_status_a_code_and_a_hint() {
    let (router, _) = open();
    let (status, problem) = get(&router, "/v1/nowhere").await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("no_such_route")));
    let request = Request::post("/v1/commands").body(Body::from("{\"units\": []}")).unwrap();
    let (status, problem) = call(&router, request).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("x-daybook-actor")));
    let (status, problem) = post(&router, json!([[{ "command": "fly" }]])).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("/units/0/0/command")));
    assert_eq!(post(&router, json!([[register("C-1")]])).await.0, 200);
    let (status, problem) = post(&router, json!([[register("C-1")]])).await;
    assert_eq!((status, problem["rule"].as_str()), (422, Some("I-12")));
    let mut stale = register("C-2");
    stale["expected_version"] = json!({ "exact": 4 });
    let (status, problem) = post(&router, json!([[stale]])).await;
    assert_eq!((status, problem["code"].as_str()), (409, Some("stale_version")));
    assert!(problem["hint"].is_string());
    let two = json!([[register("C-1")], [register("C-3")]]);
    let (status, answer) = post(&router, two).await;
    assert_eq!(status, 200);
    assert_eq!(answer["units"][0]["refused"]["request"], 0);
    assert!(answer["units"][1]["taken"].is_array());
}

#[tokio::test]
async fn a_day_ends_in_the_zone_of_the_book_and_every_answer_names_its_basis() {
    let (router, clock) = open();
    // 23:30 of 5 January in Shanghai, and half an hour into the next day.
    clock.set("2026-01-05T15:30:00Z");
    post(&router, json!([[register("C-1")]])).await;
    clock.set("2026-01-05T16:30:00Z");
    post(&router, json!([[register("C-2")]])).await;
    for (basis, customers) in [
        ("known_at=2026-01-05", 1),
        ("as_of=2026-01-05", 1),
        ("as_of=2026-01-06", 2),
        ("known_at=2026-01-05T16:30:00Z", 2),
    ] {
        let (_, stats) = get(&router, &format!("/v1/stats?{basis}")).await;
        assert_eq!(stats["customers"], customers, "{basis}");
        assert!(stats["basis"]["position"].is_u64());
        let (_, list) = get(&router, &format!("/v1/customers?{basis}")).await;
        assert_eq!(list["total"], customers, "{basis}");
    }
    let (_, part) = get(&router, "/v1/events?order=desc&limit=1").await;
    assert_eq!(part["events"][0]["stream"], "customer/C-2");
    let next = part["next"].as_u64().unwrap();
    let (_, rest) = get(&router, &format!("/v1/events?order=desc&limit=1&before={next}")).await;
    assert_eq!(rest["events"][0]["stream"], "customer/C-1");
}

#[tokio::test]
async fn programs_ask_who_is_meant_and_when() {
    let (router, _) = open();
    let mut named = register("C-2");
    named["details"] = json!({ "name": "重庆渝江机床销售有限公司", "short_name": "渝江", "phone": "+86 23 6000 0000" });
    post(&router, json!([[register("ACME")], [named]])).await;
    let check = async |who: &str, by: &str, customers: &[&str]| {
        let (status, answer) = get(&router, &format!("/v1/lookup?who={who}")).await;
        assert_eq!(status, 200, "{who}");
        let found = answer["found"].as_array().unwrap();
        let codes: Vec<_> = found.iter().map(|one| one["customer"].as_str().unwrap()).collect();
        assert_eq!(codes, customers, "{who}: {answer}");
        assert!(found.iter().all(|one| one["by"] == by), "{who}: {answer}");
        assert_eq!(
            (answer["total"].as_u64(), answer["position"].is_u64()),
            (Some(codes.len() as u64), true)
        );
    };
    check("ACME", "code", &["ACME"]).await;
    check("acme", "code", &["ACME"]).await;
    check("%E6%B8%9D%E6%B1%9F", "name", &["C-2"]).await;
    check("chongqing", "pinyin_start", &["C-2"]).await;
    check("cqyj", "pinyin_start", &["C-2"]).await;
    check("yj", "pinyin", &["C-2"]).await;
    check("jichuang", "pinyin_part", &["C-2"]).await;
    check("0086-23-60000000", "phone", &["C-2"]).await;
    check("CM", "part", &["ACME"]).await;
    check("ACNE", "likeness", &["ACME"]).await;
    check("zzzz", "likeness", &[]).await;
    // It is 09:00 of Monday 5 January in Shanghai.
    let (status, answer) = get(&router, "/v1/when?said=friday%203pm&lean=future").await;
    assert_eq!((status, answer["at"].as_str()), (200, Some("2026-01-09T07:00:00Z")));
    let (_, answer) = get(&router, "/v1/when?said=%E6%98%A8%E5%A4%A9").await;
    assert_eq!((answer["day"].as_str(), answer["at"].is_null()), (Some("2026-01-04"), true));
    assert_eq!(answer["end"], "2026-01-04T15:59:59.999999Z");
    let (status, problem) = get(&router, "/v1/when?said=monday&lean=future").await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("said")));
    assert_eq!(problem["detail"], "\"monday\" can mean 2026-01-05 or 2026-01-12");
}

#[tokio::test]
async fn an_import_without_a_mapping_is_refused_before_anything_is_read() {
    let (router, _) = open();
    let body = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x.csv\"\r\n\r\n\
                a\r\n--b--\r\n";
    let request = Request::post("/v1/imports")
        .header("x-daybook-actor", "U-01")
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(body));
    let (status, problem) = call(&router, request.unwrap()).await;
    assert_eq!((status, problem["field"].as_str()), (400, Some("mapping")));
}
