//! Promise: a customer's page that was kept is byte for byte the page that would be made anew, whatever
//! happened in between.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body;
use axum::http::Request;
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, CustomerCode, Label, LegalEntity, Line};
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

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte = self.0;
        }
    }
}

struct Place {
    app: App,
    clock: Arc<Hand>,
}

impl Place {
    fn new() -> Place {
        let clock = Arc::new(Hand(AtomicI64::new(0)));
        let place_clock = Arc::clone(&clock);
        set(&clock, "2026-01-05T01:00:00Z");
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
        Place { app: App::new(ledger, clock as _), clock: place_clock }
    }

    async fn page(&self, app: &App, query: &str) -> Vec<u8> {
        let path = format!("/v1/customers/C-1{query}");
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router(app.clone()).oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/json");
        axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()
    }

    /// Compares the pages with those of somebody who keeps none, and tells whether they were kept
    /// before.
    async fn check(&self, step: &str) -> bool {
        let customer = CustomerCode::new("C-1").unwrap();
        let reader = self.app.ledger.reader();
        let kept = self.app.pages.look_up(reader, &customer, 50, self.clock.now()).unwrap();
        let fresh = App::new(self.app.ledger.clone(), Arc::<Hand>::clone(&self.clock) as _);
        for query in ["", "?limit=1", "", "?known_at=2026-01-05", "?limit=1"] {
            let (page, anew) = (self.page(&self.app, query).await, self.page(&fresh, query).await);
            assert_eq!(String::from_utf8(page), String::from_utf8(anew), "{step}: {query}");
        }
        kept.is_some()
    }

    async fn post(&self, command: Value) -> u64 {
        let body = Body::from(json!({ "units": [[command]] }).to_string());
        let request = Request::post("/v1/commands").header("x-daybook-actor", "U-01").body(body);
        let response = router(self.app.clone()).oneshot(request.unwrap()).await.unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        answer["units"][0]["taken"][0]["events"][0]["position"].as_u64().expect("taken")
    }
}

fn set(clock: &Hand, text: &str) {
    clock.0.store(text.parse::<Timestamp>().unwrap().0, Ordering::SeqCst);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_kept_is_the_page_that_would_be_made() {
    let place = Place::new();
    let register = |code: &str| {
        json!({ "customer": code, "command": "register_customer", "kind": "company",
            "source": "web", "details": { "name": code } })
    };
    let task = |code: &str, due: &str| json!({ "customer": code, "command": "plan_task", "due_at": due, "text": { "subject": "call" } });
    place.post(register("C-1")).await;
    assert!(!place.check("registered").await);
    assert!(place.check("again").await);
    // Somebody else's events change the position alone.
    place.post(register("C-2")).await;
    assert!(place.check("another customer").await);
    let planned = place.post(task("C-1", "2026-01-05T02:00:00Z")).await;
    assert!(!place.check("a task").await);
    // Its own time passes.
    set(&place.clock, "2026-01-05T02:00:00Z");
    assert!(place.check("due").await);
    set(&place.clock, "2026-01-05T02:00:01Z");
    assert!(!place.check("overdue").await);
    // A day ends in the book's zone.
    place.post(json!({ "customer": "C-1", "command": "open_receivable", "item": "AR-1",
        "source": "invoice", "amount": { "minor": 100, "currency": "CNY" }, "document_on": "2026-01-05", "due_on": "2026-01-05" })).await;
    assert!(!place.check("a debt").await);
    set(&place.clock, "2026-01-05T15:59:59Z");
    assert!(place.check("before midnight").await);
    set(&place.clock, "2026-01-05T16:00:01Z");
    assert!(!place.check("after midnight").await);
    let request = Request::get(format!("/v1/events/{planned}")).body(Body::empty()).unwrap();
    let response = router(place.app.clone()).oneshot(request).await.unwrap();
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    let event: Value = serde_json::from_slice(&body).unwrap();
    place
        .post(json!({ "customer": "C-1", "command": "void_event", "reason": "wrong",
        "event": event["event"]["event_id"] }))
        .await;
    assert!(!place.check("a void").await);
    // So much came since that nobody looks through it.
    for number in 0..1100 {
        place.post(register(&format!("D-{number}"))).await;
    }
    assert!(!place.check("much else").await);
    assert!(place.check("at the end").await);
}
