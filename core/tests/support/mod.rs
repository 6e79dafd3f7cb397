//! A ledger on a chosen store with a fixed clock and seeded randomness.

#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use daybook_core::attachment::MemoryAttachments;
use daybook_core::decide::Request;
use daybook_core::decide::command::RegisterCustomer;
use daybook_core::event::customer::{CustomerField, CustomerKind, CustomerSource};
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, CustomerCode, Label, LegalEntity, Line, Note, RequestKey};
use daybook_core::ledger::{
    Answer, Batch, Genesis, Ledger, Mode, Options, Outcome, Parts, Refusal, Unit, found,
};
use daybook_core::store::LogStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::{MemoryVault, Vault};

/// A clock that tests move by hand.
#[derive(Debug, Default)]
pub struct TestClock(pub AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

impl TestClock {
    pub fn at(text: &str) -> Arc<TestClock> {
        let instant: Timestamp = text.parse().expect("an instant");
        Arc::new(TestClock(AtomicI64::new(instant.0)))
    }

    pub fn set(&self, text: &str) {
        let instant: Timestamp = text.parse().expect("an instant");
        self.0.store(instant.0, Ordering::SeqCst);
    }
}

/// Bytes that follow from a seed.
pub struct Seeded(pub AtomicU64);

impl Entropy for Seeded {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            let next = self.0.load(Ordering::Relaxed).wrapping_mul(6_364_136_223_846_793_005) + 1;
            self.0.store(next, Ordering::Relaxed);
            *byte = (next >> 56) as u8;
        }
    }
}

pub fn actor(user: &str) -> Actor {
    Actor {
        user: ActorId::new(user).expect("an actor"),
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    }
}

pub fn source() -> Source {
    Source { channel: Channel::Api, session: None, import: None }
}

pub fn genesis() -> Genesis {
    Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test book").expect("a name"),
        zone: Label::new("Asia/Shanghai").expect("a zone"),
        functional_currency: "CNY".parse().expect("a currency"),
        legal_entities: vec![LegalEntity::new("HQ").expect("an entity")],
        fiscal_year_start_month: 1,
        default_calling_code: Some(Label::new("86").expect("a code")),
        actor: actor("U-00"),
        source: source(),
    }
}

/// Founds a book on an empty store.
pub fn found_on(store: Arc<dyn LogStore>, vault: Arc<dyn Vault>, clock: Arc<TestClock>) {
    let entropy = Box::new(Seeded(AtomicU64::new(1)));
    let attachments = Arc::new(MemoryAttachments::default());
    let mut parts = Parts { store, vault, attachments, clock, entropy };
    found(&mut parts, &genesis()).expect("founded");
}

pub fn open_on(store: Arc<dyn LogStore>, vault: Arc<dyn Vault>, clock: Arc<TestClock>) -> Ledger {
    let seed = 2 + store.head().next.0;
    let entropy = Box::new(Seeded(AtomicU64::new(seed)));
    let attachments = Arc::new(MemoryAttachments::default());
    let parts = Parts { store, vault, attachments, clock, entropy };
    Ledger::open(parts, Options::default()).expect("opened")
}

/// A founded, open ledger on a store.
pub fn ledger_on(store: Arc<dyn LogStore>, clock: Arc<TestClock>) -> Ledger {
    let vault: Arc<dyn Vault> = Arc::new(MemoryVault::default());
    found_on(Arc::clone(&store), Arc::clone(&vault), Arc::clone(&clock));
    open_on(store, vault, clock)
}

pub fn code(text: &str) -> CustomerCode {
    CustomerCode::new(text).expect("a code")
}

pub fn register(customer: &str, name: &str) -> Request {
    let details = [
        (CustomerField::Name, Note::new(name).expect("a name")),
        (CustomerField::City, Note::new("上海").expect("a city")),
    ];
    Request::about(
        code(customer),
        RegisterCustomer {
            kind: CustomerKind::Company,
            source: CustomerSource::Phone,
            referrer: None,
            provenance: None,
            currency: None,
            owner: None,
            first_contact_on: None,
            verified_by: None,
            duplicates: None,
            details: details.into_iter().collect(),
        },
    )
}

/// Builds a request from the JSON a client would send.
pub fn request(json: serde_json::Value) -> Request {
    serde_json::from_value(json).expect("a request")
}

pub fn keyed(mut request: Request, key: &str) -> Request {
    request.idempotency_key = Some(RequestKey::new(key).expect("a key"));
    request
}

pub fn batch(units: Vec<Unit>) -> Batch {
    Batch { actor: actor("U-01"), source: source(), units, mode: Mode::Commit }
}

pub fn submit(ledger: &Ledger, units: Vec<Unit>) -> Answer {
    ledger.submit_blocking(batch(units)).expect("submitted")
}

/// Submits one request on its own.
pub fn one(ledger: &Ledger, request: Request) -> Result<Outcome, Refusal> {
    let mut answer = submit(ledger, vec![vec![request]]);
    answer.units.remove(0).map(|mut outcomes| outcomes.remove(0))
}

/// What a book in a test folder is made and opened with; `seed` keeps ids of openings apart.
pub fn surroundings(
    folder: &tempfile::TempDir,
    clock: &Arc<TestClock>,
    seed: u64,
) -> daybook_core::book::Surroundings {
    daybook_core::book::Surroundings {
        heads_outside: Some(folder.path().join("heads")),
        command: "test".to_owned(),
        clock: Arc::<TestClock>::clone(clock),
        entropy: Box::new(Seeded(AtomicU64::new(seed))),
        options: Options::default(),
        segment_size_bytes: 1 << 20,
    }
}
