//! Made-up groups that show by themselves whether they are whole, and the log of them under trial.

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use bytes::Bytes;
use daybook_core::event::examples::example;
use daybook_core::event::index::terms;
use daybook_core::event::{Body, Event, Kind, StreamId};
use daybook_core::id::{BookId, CustomerCode, EventId, InteractionId, Note};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::proof::tree::Frontier;
use daybook_core::proof::{Hash, leaf_hash};
use daybook_core::store::local::{
    Identity, LocalStore, OpenReport, Options, StoreOpenError, verify,
};
use daybook_core::store::{AppendError, Group, LogStore, Record};
use daybook_core::time::Timestamp;

use super::Dice;
use super::tortured::{Closed, Expected, Failure, NotOpened, Tortured, Wholeness, chain, counted};

/// Waits for a store that never waits for other tasks.
pub fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
}

/// The ledger of every trial.
pub fn identity() -> Identity {
    let book = BookId(uuid::Uuid::from_u128(0x7012_7012));
    Identity { book, epoch: 1, created: Timestamp(1_700_000_000_000_000) }
}

/// How trials open it: small segments, so that rolling and sealing happen often.
pub fn options(dir: &Path) -> Options {
    Options {
        heads_outside: dir.parent().map(|parent| parent.join("heads-outside")),
        command: "torture".to_owned(),
        segment_size_bytes: 128 << 10,
        spare_bytes: 0,
        ..Options::default()
    }
}

/// Makes the groups of a log, each following from the ones before.
#[derive(Debug)]
pub struct Maker {
    seed: u64,
    next: Position,
    group: u64,
    streams: HashMap<StreamId, (StreamVersion, Position, Hash)>,
}

impl Maker {
    /// Starts an empty log.
    pub fn new(seed: u64) -> Maker {
        Maker { seed, next: Position(0), group: 0, streams: HashMap::new() }
    }

    /// Goes on where a log ends.
    ///
    /// # Errors
    /// What is wrong with the log.
    pub fn after(seed: u64, store: &dyn LogStore) -> Result<Maker, String> {
        let mut maker = Maker::new(seed);
        maker.group = walk(store, |position, event, bytes| {
            let last = (event.envelope.version, position, leaf_hash(bytes));
            maker.streams.insert(event.envelope.stream.clone(), last);
        })?;
        maker.next = store.head().next;
        Ok(maker)
    }

    /// Returns the number of the next group.
    pub const fn group(&self) -> u64 {
        self.group
    }

    /// Makes the next group: mostly small, some large.
    ///
    /// # Errors
    /// Only when the example event changed in a way this does not know.
    pub fn make(&mut self) -> Result<Group, String> {
        let mut dice = Dice::new(self.seed ^ (self.group << 20));
        let size = match dice.below(20) {
            0 => 200 + dice.below(400),
            1..=4 => 10 + dice.below(60),
            _ => 1 + dice.below(6),
        };
        let first = self.next;
        let records = (0..size)
            .map(|at| self.record(at, size, &mut dice))
            .collect::<Result<Vec<_>, String>>()?;
        let next_key_slot = self.group;
        self.group += 1;
        Ok(Group { first, records, next_key_slot })
    }

    fn record(&mut self, at: u64, size: u64, dice: &mut Dice) -> Result<Record, String> {
        let mut event = example(Kind::InteractionRecorded);
        let stream = StreamId::Customer(text(CustomerCode::new(format!("C-{}", dice.below(40))))?);
        let before = self.streams.get(&stream).copied();
        let Body::InteractionRecorded(body) = &mut event.body else {
            return Err("the example is of another kind".to_owned());
        };
        body.interaction = text(InteractionId::new(format!("{}-{at}-{size}", self.group)))?;
        let envelope = &mut event.envelope;
        envelope.position = self.next;
        envelope.recorded_at = Timestamp(1_700_000_000_000_000 + self.next.0.cast_signed() * 10);
        envelope.event_id = EventId(uuid::Uuid::from_u128(u128::from(dice.roll())));
        envelope.version = before.map_or(StreamVersion(1), |(version, _, _)| version.next());
        envelope.prev_position = before.map(|(_, position, _)| position);
        envelope.prev_hash = before.map_or(Hash::default(), |(_, _, hash)| hash);
        let words = (0..dice.below(12)).map(|_| format!("{:016x}", dice.roll()));
        let reason = words.collect::<Vec<_>>().join(" ");
        envelope.reason = if reason.is_empty() { None } else { Some(text(Note::new(reason))?) };
        envelope.stream = stream;
        let mut bytes = Vec::with_capacity(256);
        event.encode_into(&mut bytes).map_err(|error| error.to_string())?;
        let hash = leaf_hash(&bytes);
        let last = (event.envelope.version, self.next, hash);
        self.streams.insert(event.envelope.stream.clone(), last);
        self.next = self.next.next();
        let recorded_at = event.envelope.recorded_at;
        let terms = terms(&event);
        Ok(Record { bytes: Bytes::from(bytes), hash, recorded_at, terms })
    }
}

fn text<T, E: std::fmt::Display>(made: Result<T, E>) -> Result<T, String> {
    made.map_err(|error| error.to_string())
}

/// A note over the tree, as far as the store reads it.
pub fn note(tree: &Frontier) -> String {
    let root = base64::engine::general_purpose::STANDARD.encode(tree.root().0);
    format!("torture/book\n{}\n{root}\n\n", tree.size())
}

/// Reads the whole log, shows every event, and returns how many groups it holds, all whole.
fn walk(
    store: &dyn LogStore,
    mut each: impl FnMut(Position, &Event, &[u8]),
) -> Result<u64, String> {
    let mut next = Position(0);
    let mut groups = Wholeness::default();
    loop {
        let events = now(store.read(next, 5000)).map_err(|error| error.to_string())?;
        if events.is_empty() {
            break;
        }
        for stored in events {
            if stored.position != next {
                return Err(format!("position {} follows {next}", stored.position));
            }
            let event = Event::decode(&stored.bytes).map_err(|error| error.to_string())?;
            let Body::InteractionRecorded(body) = &event.body else {
                return Err(format!("an event that was never made at {next}"));
            };
            groups.next(body.interaction.as_str())?;
            each(next, &event, &stored.bytes);
            next = next.next();
        }
    }
    if store.head().next != next {
        return Err(format!("the head says {}, {next} were read", store.head().next));
    }
    groups.end()
}

/// The log's store on its own.
#[derive(Debug)]
pub struct Log {
    store: LocalStore,
    maker: Maker,
    made: Option<Group>,
}

impl Log {
    fn not_opened(error: &StoreOpenError) -> NotOpened {
        NotOpened { code: error.code().to_owned(), text: chain(error) }
    }

    fn failed(error: &AppendError) -> Failure {
        let code = match error {
            AppendError::DiskFull { .. } => return Failure::DiskFull,
            AppendError::StorageFailed { .. } => "storage_failed",
            AppendError::ReadOnly => "read_only",
            _ => "other",
        };
        Failure::Storage { code: code.to_owned(), text: chain(error) }
    }

    fn next_group(&mut self) -> Result<Group, Failure> {
        match self.made.take() {
            Some(group) => Ok(group),
            None => self.maker.make().map_err(Failure::Broken),
        }
    }
}

impl Tortured for Log {
    fn create(dir: &Path) -> Result<(), NotOpened> {
        LocalStore::create(dir, &identity(), &options(dir)).map_err(|e| Log::not_opened(&e))
    }

    fn open(dir: &Path, seed: u64) -> Result<(Log, OpenReport), NotOpened> {
        let (store, report) =
            LocalStore::open(dir, &options(dir)).map_err(|e| Log::not_opened(&e))?;
        let maker = Maker::after(seed, &store)
            .map_err(|text| NotOpened { code: "broken".to_owned(), text })?;
        Ok((Log { store, maker, made: None }, report))
    }

    fn number(&self) -> u64 {
        self.maker.group() - u64::from(self.made.is_some())
    }

    fn append(&mut self) -> Result<(), Failure> {
        let group = self.next_group()?;
        match now(self.store.append(group.clone())) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.made = Some(group);
                Err(Log::failed(&error))
            }
        }
    }

    fn tend(&mut self) -> Result<(), Failure> {
        if self.number() % 7 != 4 {
            return Ok(());
        }
        match now(self.store.keep_tree_head(&note(&self.store.head().tree))) {
            Ok(()) | Err(AppendError::DiskFull { .. }) => Ok(()),
            Err(error) => Err(Log::failed(&error)),
        }
    }

    fn refuses(&mut self) -> Result<(), String> {
        let mut group = self.next_group().map_err(|failure| format!("{failure:?}"))?;
        group.first = self.store.head().next;
        let refused = now(self.store.append(group.clone()));
        self.made = Some(group);
        match refused {
            Err(AppendError::ReadOnly) => Ok(()),
            other => Err(format!("it is not read-only after a failure: {other:?}")),
        }
    }

    fn check(&self, expected: Expected) -> Result<u64, String> {
        counted(walk(&self.store, |_, _, _| {})?, &expected)
    }

    fn send_again(&mut self, _groups: u64) -> Result<(), String> {
        // The store knows no requests; recognising them is the ledger's part.
        Ok(())
    }

    fn close(self) -> Result<Closed, Failure> {
        let status = self.store.status();
        now(self.store.close()).map_err(|error| Log::failed(&error))?;
        let (index_problem, seal_problem) = (status.index_problem, status.seal_problem);
        Ok(Closed { index_problem, seal_problem })
    }

    fn verify(dir: &Path) -> Result<(), String> {
        let outside = options(dir).heads_outside;
        verify(dir, outside.as_deref(), &mut |_| {})
            .map(|_| ())
            .map_err(|error| format!("it does not verify: {}", chain(&error)))
    }
}
