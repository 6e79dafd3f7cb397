//! Made-up groups that show by themselves whether they are whole, and the check of a log of them.

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
use daybook_core::store::local::{Identity, LocalStore, OpenReport, Options, verify};
use daybook_core::store::{Group, LogStore, Record};
use daybook_core::time::Timestamp;

use super::Dice;

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
    let (mut group, mut at) = (0u64, 0u64);
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
            let words: Vec<u64> =
                body.interaction.as_str().split('-').filter_map(|word| word.parse().ok()).collect();
            let &[of, index, size] = words.as_slice() else {
                return Err(format!("an event that was never made at {next}"));
            };
            if (of, index) != (group, at) {
                return Err(format!("event {index} of group {of}, expected {at} of {group}"));
            }
            each(next, &event, &stored.bytes);
            (group, at) = if index + 1 == size { (group + 1, 0) } else { (group, at + 1) };
            next = next.next();
        }
    }
    if at != 0 {
        return Err(format!("group {group} is there in part: {at} events"));
    }
    if store.head().next != next {
        return Err(format!("the head says {}, {next} were read", store.head().next));
    }
    Ok(group)
}

/// Checks an open log: every group whole, all acknowledged ones there, at most one more.
///
/// # Errors
/// What does not hold.
pub fn check(store: &dyn LogStore, acked: u64) -> Result<u64, String> {
    let groups = walk(store, |_, _, _| {})?;
    if groups < acked {
        return Err(format!("{acked} groups were acknowledged, {groups} are there"));
    }
    if groups > acked + 1 {
        return Err(format!("{acked} groups were acknowledged, but {groups} are there"));
    }
    Ok(groups)
}

/// Opens what a trial left and checks it, adding nothing. `before` groups were there when the child
/// began: a life that ends before its first acknowledgement may leave one more without anybody
/// having been told, and several such lives in a row may leave several.
///
/// # Errors
/// What does not hold.
pub fn check_left_as_it_is(
    dir: &Path,
    acked: u64,
    before: u64,
) -> Result<(OpenReport, u64), String> {
    let options = options(dir);
    let (store, report) =
        LocalStore::open(dir, &options).map_err(|error| format!("it does not open: {error}"))?;
    let groups = check(&store, acked.max(before))?;
    drop(store);
    verify(dir, options.heads_outside.as_deref(), &mut |_| {})
        .map_err(|error| format!("it does not verify: {error}"))?;
    Ok((report, groups))
}

/// Opens what a trial left, checks it, appends one more group and checks the files.
///
/// # Errors
/// What does not hold.
pub fn check_left(dir: &Path, acked: u64, seed: u64) -> Result<OpenReport, String> {
    let options = options(dir);
    let (store, report) =
        LocalStore::open(dir, &options).map_err(|error| format!("it does not open: {error}"))?;
    let groups = check(&store, acked)?;
    let mut maker = Maker::after(seed, &store)?;
    now(store.append(maker.make()?)).map_err(|error| format!("it does not go on: {error}"))?;
    check(&store, groups + 1)?;
    drop(store);
    verify(dir, options.heads_outside.as_deref(), &mut |_| {})
        .map_err(|error| format!("it does not verify: {error}"))?;
    Ok(report)
}
