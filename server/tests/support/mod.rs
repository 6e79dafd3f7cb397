//! A founded ledger in memory behind its interface, with a clock that is moved by hand.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

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

/// A clock that tests move.
pub struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl Hand {
    pub fn set(&self, text: &str) {
        self.0.store(text.parse::<Timestamp>().unwrap().0, Ordering::SeqCst);
    }
}

/// Bytes that follow from a seed.
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

/// A ledger, its interface and its clock.
pub struct Place {
    pub ledger: Ledger,
    pub router: Router,
    pub clock: Arc<Hand>,
}

impl Place {
    /// Founds a ledger; `seed` makes its ids and keys differ from another's.
    pub fn founded(seed: u64) -> Place {
        let clock = Arc::new(Hand(AtomicI64::new(0)));
        clock.set("2026-01-05T01:00:00Z");
        let mut parts = Parts {
            store: Arc::new(MemoryStore::default()),
            vault: Arc::new(MemoryVault::default()),
            attachments: Arc::new(MemoryAttachments::default()),
            clock: Arc::<Hand>::clone(&clock),
            entropy: Box::new(Seeded(seed)),
        };
        let actor = Actor {
            user: ActorId::new("U-00").unwrap(),
            on_behalf_of: None,
            role: None,
            unit: None,
            assurance: Assurance::Declared,
        };
        let genesis = Genesis {
            book: BookId(uuid::Uuid::from_u128(seed.into())),
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
        let app = App::new(ledger.clone(), Arc::<Hand>::clone(&clock) as _);
        Place { ledger, router: router(app), clock }
    }

    /// Calls and returns the status and the body.
    pub async fn call(&self, request: Request<Body>) -> (u16, Vec<u8>) {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap();
        (status, body.to_vec())
    }

    /// Reads a document; the status must be 200.
    pub async fn get(&self, path: &str) -> Value {
        serde_json::from_slice(&self.file(path).await).unwrap()
    }

    /// Reads a file; the status must be 200.
    pub async fn file(&self, path: &str) -> Vec<u8> {
        let request = Request::get(path).header("x-daybook-actor", "U-07");
        let (status, body) = self.call(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&body));
        body
    }

    /// Reads a problem.
    pub async fn problem(&self, path: &str) -> Value {
        let request = Request::get(path).header("x-daybook-actor", "U-07");
        let (status, body) = self.call(request.body(Body::empty()).unwrap()).await;
        assert!(status >= 400, "{path}: {status}");
        serde_json::from_slice(&body).unwrap()
    }

    /// Submits units; every one must be taken.
    pub async fn take(&self, units: Value) -> Value {
        let body = Body::from(json!({ "units": units }).to_string());
        let request = Request::post("/v1/commands").header("x-daybook-actor", "U-01").body(body);
        let (status, body) = self.call(request.unwrap()).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{answer}");
        for unit in answer["units"].as_array().unwrap() {
            assert!(unit.get("taken").is_some(), "{unit}");
        }
        answer
    }
}

/// A request that puts a company on file.
pub fn register(customer: &str, name: &str) -> Value {
    json!({
        "customer": customer, "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": name, "city": "上海" },
    })
}

/// A request about a call.
pub fn call(customer: &str, words: &str) -> Value {
    json!({
        "customer": customer, "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2026-01-04T02:00:00Z", "unknown_caller": true,
        "correspondence": { "summary": words },
    })
}

/// A request that opens a debt.
pub fn owes(customer: &str, item: &str, minor: i64) -> Value {
    json!({
        "customer": customer, "command": "open_receivable", "item": item, "source": "opening_balance",
        "document_on": "2026-01-02", "due_on": "2026-02-01",
        "amount": { "minor": minor, "currency": "CNY" },
    })
}
