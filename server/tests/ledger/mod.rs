//! A ledger in memory with a fixed clock, and calls of its interface.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::{Genesis, Ledger, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use serde_json::Value;
use tower::ServiceExt;

/// 2026-01-05T08:00:00Z, for ever.
pub struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        Timestamp(1_767_600_000_000_000)
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

/// Founds and opens a ledger.
pub fn ledger() -> Ledger {
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::new(Fixed),
        entropy: Box::new(Counter(7)),
    };
    let user = ActorId::new("U-00").unwrap();
    let assurance = Assurance::Declared;
    let genesis = Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test").unwrap(),
        zone: Label::new("Asia/Shanghai").unwrap(),
        functional_currency: "CNY".parse().unwrap(),
        legal_entities: vec![LegalEntity::new("HQ").unwrap()],
        fiscal_year_start_month: 1,
        default_calling_code: None,
        actor: Actor { user, on_behalf_of: None, role: None, unit: None, assurance },
        source: Source { channel: Channel::Api, session: None, import: None },
    };
    found(&mut parts, &genesis).unwrap();
    Ledger::open(parts, Options::default()).unwrap()
}

/// An answer, read whole.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Calls a router.
pub async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}
