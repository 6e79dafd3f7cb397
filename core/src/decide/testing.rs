//! A stream in memory for tests: requests in JSON go through the same steps as in a ledger.

use serde_json::Value;

use super::book::default_policies;
use super::state::{CustomerState, Delta, fold_event};
use super::{
    BookState, Command, Context, Draft, Marker, Numbers, Rejection, Request, command, void,
};
use crate::event::book::EventVoided;
use crate::event::{
    Actor, Assurance, Body, Channel, Class, Envelope, Event, Sealed, Source, StreamId, Subject,
};
use crate::id::{ActorId, BookId, CustomerCode, EventId};
use crate::money::Money;
use crate::position::Position;
use crate::proof::{Hash, leaf_hash};
use crate::time::Timestamp;

/// Marks without a key: the first half of a hash.
pub struct PlainMarks;

impl Marker for PlainMarks {
    fn mark(&self, _subject: &Subject, _class: Class, value: &str) -> [u8; 16] {
        let mut mark = [0; 16];
        mark.copy_from_slice(&leaf_hash(value.as_bytes()).0[..16]);
        mark
    }
}

/// Every series stands at the same number.
pub struct SeriesAt(pub u64);

impl Numbers for SeriesAt {
    fn next_in_series(&self, _series: &str) -> u64 {
        self.0
    }
}

/// One customer's stream and the book around it.
pub struct World {
    pub book: BookState,
    pub now: Timestamp,
    pub actor: Actor,
    pub state: CustomerState,
    pub history: Vec<(Event, Hash)>,
    pub series: u64,
}

pub fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub fn cny(minor: i64) -> Value {
    serde_json::json!({ "minor": minor, "currency": "CNY" })
}

pub fn yuan(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().expect("a currency"))
}

impl World {
    /// A book in Shanghai with the standard policies, and no customer; it is 2024-03-20, a Wednesday.
    pub fn empty() -> World {
        let mut book = BookState {
            book: BookId(uuid::Uuid::from_bytes([1; 16])),
            zone: chrono_tz::Asia::Shanghai,
            functional_currency: Some(yuan(0).currency),
            legal_entities: vec!["HQ".parse().expect("one"), "SH".parse().expect("another")],
            default_calling_code: Some("86".to_owned()),
            ..BookState::default()
        };
        for policy in default_policies() {
            book.fold(&Body::from(policy));
        }
        World {
            book,
            now: at("2024-03-20T10:00:00+08:00"),
            actor: Actor {
                user: ActorId::new("U-01").expect("an actor"),
                on_behalf_of: None,
                role: None,
                unit: None,
                assurance: Assurance::Declared,
            },
            state: CustomerState::default(),
            history: Vec::new(),
            series: 1,
        }
    }

    /// The same with a customer and the contact P-1.
    pub fn with_customer() -> World {
        let mut world = World::empty();
        world.given(&[
            serde_json::json!({
                "command": "register_customer", "kind": "company", "source": "phone",
                "details": { "name": "甲公司", "city": "上海", "bank_account": "6222" },
                "effective_at": "2024-01-01T00:00:00Z",
            }),
            serde_json::json!({
                "command": "add_contact", "main": true,
                "identity": { "name": "王丽", "phones": ["(010) 1234-5678"] },
            }),
        ]);
        world
    }

    /// Submits a request; returns the events it became.
    pub fn ask(&mut self, request: Value) -> Result<Vec<Body>, Rejection> {
        let request: Request = serde_json::from_value(request).expect("a request");
        if let Command::VoidEvent(void) = &request.command {
            return self.void(void.event, &request).map(|body| vec![body]);
        }
        let mut delta = Delta::default();
        let mut added = Vec::new();
        let base = std::mem::take(&mut self.state);
        let result = self.decide(&request, &base, &mut delta, &mut added);
        self.state = base;
        result?;
        self.state.merge(delta);
        let bodies: Vec<Body> = added.iter().map(|(event, _)| event.body.clone()).collect();
        bodies.iter().for_each(|body| self.book.fold(body));
        self.history.extend(added);
        Ok(bodies)
    }

    fn context<'a>(&'a self, request: &'a Request, numbers: &'a SeriesAt) -> Context<'a> {
        Context {
            now: self.now,
            effective_at: request.effective_at.unwrap_or(self.now),
            book: &self.book,
            actor: &self.actor,
            reason: request.reason.as_ref(),
            marks: &PlainMarks,
            numbers,
        }
    }

    fn decide(
        &self,
        request: &Request,
        base: &CustomerState,
        delta: &mut Delta,
        added: &mut Vec<(Event, Hash)>,
    ) -> Result<(), Rejection> {
        let numbers = SeriesAt(self.series);
        let context = self.context(request, &numbers);
        let mut draft = Draft::new(base, delta);
        let body = command::propose(request.command.clone(), &context, &draft)?;
        let mut waiting = std::collections::VecDeque::from([body]);
        while let Some(mut body) = waiting.pop_front() {
            body.complete(&context, &draft)?;
            body.check(&context, &draft)?;
            body.require_open_period(&context, &draft)?;
            let at = self.history.len() + added.len();
            let (mut event, hash) = self.event(at, body, request);
            fold_event(&mut draft, &mut event, hash);
            waiting.extend(event.body.consequences(&context, &draft)?);
            added.push((event, hash));
        }
        Ok(())
    }

    fn event(&self, at: usize, mut body: Body, request: &Request) -> (Event, Hash) {
        let sealed: Result<(), std::convert::Infallible> = body.sections(&mut |_, section| {
            section.put_sealed(Sealed { key_slot: 7, tag: [0; 32], ciphertext: Vec::new() });
            Ok(())
        });
        sealed.unwrap_or_else(|never| match never {});
        let (position, version) = (Position(at as u64), self.state.version.next());
        let envelope = Envelope {
            position,
            recorded_at: self.now,
            effective_at: request.effective_at.unwrap_or(self.now),
            event_id: World::id(at),
            stream: StreamId::Customer(CustomerCode::new("C-1").expect("a code")),
            version,
            prev_position: at.checked_sub(1).map(|prev| Position(prev as u64)),
            prev_hash: Hash::default(),
            actor: self.actor.clone(),
            source: Source { channel: Channel::Api, session: None, import: None },
            causation: None,
            correlation: None,
            request: None,
            reason: request.reason.clone(),
            corrects: None,
        };
        (Event { envelope, body }, leaf_hash(&(at as u64).to_le_bytes()))
    }

    /// The id of the event at a place of the stream.
    pub fn id(at: usize) -> EventId {
        EventId(uuid::Uuid::from_u128(at as u128 + 1))
    }

    fn void(&mut self, target: EventId, request: &Request) -> Result<Body, Rejection> {
        let found = self.history.iter().find(|(event, _)| event.envelope.event_id == target);
        let Some((event, _)) = found else {
            return Err(Rejection::EventUnknown { event: target });
        };
        let (position, kind) = (event.envelope.position, event.body.kind());
        let rules = void::Rules { book: &self.book, marks: &PlainMarks, numbers: &SeriesAt(1) };
        let mut unchanged = Delta::default();
        let now = Draft::new(&self.state, &mut unchanged);
        let history = self.history.iter().cloned().map(Ok::<_, std::convert::Infallible>);
        let target = void::Target { event: target, position, kind };
        let mut without = CustomerState::default();
        let written = target.without(&without, &now, history, rules);
        without.merge(written.unwrap_or_else(|never| match never {})?);
        let kind_tag = kind.tag();
        let body =
            Body::from(EventVoided { event: target.event, position, kind_tag, import: None });
        let numbers = SeriesAt(self.series);
        let mut delta = Delta::default();
        body.check(&self.context(request, &numbers), &Draft::new(&without, &mut delta))?;
        let (mut event, hash) = self.event(self.history.len(), body.clone(), request);
        without.fold(&mut event, hash);
        self.state = without;
        self.history.push((event, hash));
        Ok(body)
    }

    /// Submits requests that must be accepted.
    pub fn given(&mut self, requests: &[Value]) -> &mut World {
        for request in requests {
            if let Err(rejection) = self.ask(request.clone()) {
                panic!("{request}: {rejection} ({})", rejection.code());
            }
        }
        self
    }

    /// Submits a request that must be refused with this code, leaving no trace.
    pub fn refused(&mut self, request: Value, code: &str) -> Rejection {
        let before = self.state.clone();
        match self.ask(request.clone()) {
            Ok(_) => panic!("{request}: accepted, expected {code}"),
            Err(rejection) => {
                assert_eq!(rejection.code(), code, "{request}: {rejection}");
                assert_eq!(self.state, before, "{request}");
                rejection
            }
        }
    }

    /// Reads a record of the state.
    pub fn get<R: super::state::StateRecord>(&self, id: &str) -> R {
        let mut delta = Delta::default();
        Draft::new(&self.state, &mut delta).get::<R>(id).expect(id).clone()
    }
}
