//! What the tests of the stores share: linked events of many customers, and a local store to fill.
#![allow(dead_code, clippy::expect_used, clippy::unwrap_used)]

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use bytes::Bytes;
use daybook_core::event::index::{Term, terms};
use daybook_core::event::interaction::{Direction, InteractionChannel, InteractionRecorded};
use daybook_core::event::{Actor, Assurance, Body, Channel, Envelope, Event, Source, StreamId};
use daybook_core::id::{ActorId, BookId, CustomerCode, EventId, InteractionId};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::proof::tree::Frontier;
use daybook_core::proof::{Hash, leaf_hash};
use daybook_core::store::local::{Identity, LocalStore, Options};
use daybook_core::store::{Group, LogStore, Record};
use daybook_core::time::Timestamp;

pub fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the stores never wait for other tasks"),
    }
}

/// Makes linked events of many customers.
#[derive(Default)]
pub struct Writer {
    pub next: u64,
    streams: HashMap<u64, (u64, Position, Hash)>,
    pub next_key_slot: u64,
}

impl Writer {
    pub fn record(&mut self, customer: u64) -> Record {
        let position = Position(self.next);
        let before = self.streams.get(&customer).copied();
        let (version, prev_hash) = before.map_or((0, Hash::default()), |(v, _, h)| (v, h));
        let recorded_at = Timestamp(1_700_000_000_000_000 + (self.next / 3) as i64 * 1000);
        let event = Event {
            envelope: Envelope {
                position,
                recorded_at,
                effective_at: recorded_at,
                event_id: EventId(uuid::Uuid::from_u128(u128::from(self.next) << 32 | 7)),
                stream: StreamId::Customer(CustomerCode::new(format!("C-{customer}")).unwrap()),
                version: StreamVersion(version + 1),
                prev_position: before.map(|(_, position, _)| position),
                prev_hash,
                actor: Actor {
                    user: ActorId::new("u-1").unwrap(),
                    on_behalf_of: None,
                    role: None,
                    unit: None,
                    assurance: Assurance::Declared,
                },
                source: Source { channel: Channel::Cli, session: None, import: None },
                causation: None,
                correlation: None,
                request: None,
                reason: None,
                corrects: None,
            },
            body: Body::InteractionRecorded(InteractionRecorded {
                interaction: InteractionId::new(format!("I-{}", self.next)).unwrap(),
                channel: InteractionChannel::Phone,
                direction: Direction::In,
                started_at: recorded_at,
                ended_at: None,
                contacts: Vec::new(),
                unknown_caller: false,
                staff: Vec::new(),
                about: None,
                verdict: None,
                kind: None,
                cost: None,
                correspondence: None,
                mail: None,
            }),
        };
        let mut bytes = Vec::new();
        event.encode_into(&mut bytes).unwrap();
        let hash = leaf_hash(&bytes);
        self.streams.insert(customer, (version + 1, position, hash));
        self.next += 1;
        Record { bytes: Bytes::from(bytes), hash, recorded_at, terms: terms(&event) }
    }

    pub fn group(&mut self, size: usize) -> Group {
        let first = Position(self.next);
        let records = (0..size).map(|n| self.record((self.next * 7 + n as u64) % 97)).collect();
        self.next_key_slot += 1;
        Group { first, records, next_key_slot: self.next_key_slot }
    }
}

pub fn term_of(customer: u64) -> Term {
    Term::stream(&StreamId::Customer(CustomerCode::new(format!("C-{customer}")).unwrap()))
}

pub fn options() -> Options {
    Options { segment_size_bytes: 256 << 10, spare_bytes: 0, ..Options::default() }
}

pub fn identity() -> Identity {
    Identity { book: BookId(uuid::Uuid::from_u128(1)), epoch: 1, created: Timestamp(5) }
}

pub fn fresh(dir: &Path) -> LocalStore {
    LocalStore::create(dir, &identity(), &options()).unwrap();
    LocalStore::open(dir, &options()).unwrap().0
}

pub fn read_all(store: &dyn LogStore) -> Vec<Bytes> {
    let mut all = Vec::new();
    loop {
        let events = now(store.read(Position(all.len() as u64), 777)).unwrap();
        if events.is_empty() {
            return all;
        }
        for event in events {
            assert_eq!(event.position, Position(all.len() as u64));
            all.push(event.bytes);
        }
    }
}

/// Returns a note over the tree, as far as the store reads it.
pub fn note(tree: &Frontier) -> String {
    let root = base64::engine::general_purpose::STANDARD.encode(tree.root().0);
    format!("ledger.example/book\n{}\n{root}\n\n", tree.size())
}
