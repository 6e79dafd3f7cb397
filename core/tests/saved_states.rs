//! Saved decision states: answers are the same with and without them, whatever became of them, and a
//! long history is not read again.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;
#[path = "support/watched.rs"]
mod watched;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use daybook_core::attachment::MemoryAttachments;
use daybook_core::book;
use daybook_core::decide::{Request, saved};
use daybook_core::event::StreamId;
use daybook_core::event::index::Term;
use daybook_core::ledger::{Ledger, Options, Parts};
use daybook_core::proof::Hash;
use daybook_core::store::LogStore;
use daybook_core::vault::{MemoryVault, Vault};
use serde_json::{Value, json};
use support::*;
use watched::Watched;

/// A ledger in memory that is closed and opened again.
struct World {
    store: Arc<Watched>,
    vault: Arc<dyn Vault>,
    clock: Arc<TestClock>,
    ledger: Option<Ledger>,
}

impl World {
    fn new() -> World {
        World::with_keys(MemoryVault::default())
    }

    fn with_keys(vault: MemoryVault) -> World {
        let (store, vault) = (Arc::new(Watched::default()), Arc::new(vault));
        let clock = TestClock::at("2026-01-05T01:00:00Z");
        let (log, keys): (Arc<dyn LogStore>, Arc<dyn Vault>) = (store.clone(), vault.clone());
        found_on(log, Arc::clone(&keys), Arc::clone(&clock));
        World { store, vault, clock, ledger: None }
    }

    fn open(&mut self, states_size_bytes_max: usize) -> &Ledger {
        let seed = 2 + self.store.head().next.0;
        let parts = Parts {
            store: self.store.clone(),
            vault: Arc::clone(&self.vault),
            attachments: Arc::new(MemoryAttachments::default()),
            clock: self.clock.clone(),
            entropy: Box::new(Seeded(AtomicU64::new(seed))),
        };
        let ledger = Ledger::open(parts, Options { states_size_bytes_max, ..Options::default() })
            .expect("opened");
        self.ledger.insert(ledger)
    }

    fn close(&mut self) {
        self.ledger.take().expect("open").close().expect("closed");
    }

    fn saved(&self, customer: &str) -> Option<Bytes> {
        pollster::block_on(self.store.saved_state(term(customer)))
    }

    fn root(&self) -> Hash {
        self.store.head().tree.root()
    }
}

fn term(customer: &str) -> Term {
    Term::stream(&StreamId::Customer(code(customer)))
}

fn of(customer: &str, mut body: Value) -> Request {
    body["customer"] = json!(customer);
    request(body)
}

fn money(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

/// The `n`th thing that happens with a customer; some of it is said with a key, so that a retry is known.
fn happening(customer: &str, n: u64) -> Request {
    match n % 5 {
        0 => of(
            customer,
            json!({ "command": "open_receivable", "source": "opening_balance",
            "document_on": "2026-01-01", "due_on": "2026-02-01", "amount": money(1000) }),
        ),
        1 => of(
            customer,
            json!({ "command": "receive_payment", "amount": money(600),
            "value_on": "2026-01-02" }),
        ),
        2 => of(
            customer,
            json!({ "command": "open_opportunity", "pipeline": "sales",
            "stage": "lead" }),
        ),
        3 => keyed(said(customer), &format!("{customer}-{n}")),
        _ => said(customer),
    }
}

fn said(customer: &str) -> Request {
    of(
        customer,
        json!({ "command": "record_interaction", "channel": "phone", "direction": "in",
        "unknown_caller": true, "started_at": "2026-01-04T01:00:00Z" }),
    )
}

/// Writes a customer's history of so many events and what registering it takes.
fn write(ledger: &Ledger, customer: &str, events: u64) {
    one(ledger, register(customer, "华东精密")).expect("taken");
    let requests: Vec<_> = (1..events).map(|n| vec![happening(customer, n)]).collect();
    for units in requests.chunks(500) {
        let answer = submit(ledger, units.to_vec());
        answer.units.into_iter().for_each(|unit| drop(unit.expect("taken")));
    }
}

/// Asks what a decision can get wrong when the state is wrong; returns every answer as text.
fn ask(ledger: &Ledger, customer: &str) -> Vec<String> {
    let id = |n: u64| {
        let query = daybook_core::ledger::read::Query {
            stream: Some(StreamId::Customer(code(customer))),
            ..Default::default()
        };
        let event = ledger.reader().events(query).nth(n as usize).expect("there").expect("read");
        event.0.envelope.event_id.to_string()
    };
    let (early, late) = (id(4), id(8));
    let requests = vec![
        keyed(said(customer), &format!("{customer}-8")),
        keyed(happening(customer, 1), &format!("{customer}-8")),
        of(
            customer,
            json!({ "command": "apply_credit", "credit_kind": "receipt",
            "receipt": "R-1", "method": "fifo" }),
        ),
        of(
            customer,
            json!({ "command": "apply_credit", "credit_kind": "receipt",
            "receipt": "R-2", "method": "explicit",
            "lines": [{ "item": "AR-1", "amount": money(600) }] }),
        ),
        of(customer, json!({ "command": "void_event", "event": early, "reason": "wrong" })),
        of(customer, json!({ "command": "void_event", "event": early, "reason": "wrong" })),
        of(customer, json!({ "command": "void_event", "event": late, "reason": "wrong" })),
        said(customer),
        of(
            customer,
            json!({ "command": "open_opportunity", "pipeline": "sales",
            "stage": "lead" }),
        ),
        happening(customer, 0),
    ];
    requests.into_iter().map(|request| format!("{:?}", one(ledger, request))).collect()
}

/// Something that befalls the saved states between two openings.
type Fate = Box<dyn Fn(&World)>;

/// What may become of them, each under a name.
fn fates() -> Vec<(&'static str, Fate)> {
    let save = |world: &World, customer: &str, bytes: Vec<u8>| {
        world.store.save_state(term(customer), Bytes::from(bytes));
    };
    let flip = move |from_end: bool, bit: usize| {
        move |world: &World| {
            let mut bytes = world.saved("C-1").expect("saved").to_vec();
            let at = if from_end { bytes.len() - 1 - bit / 8 } else { bit / 8 };
            bytes[at] ^= 1 << (bit % 8);
            save(world, "C-1", bytes);
        }
    };
    vec![
        ("kept", Box::new(|_: &World| {})),
        ("lost", Box::new(|world: &World| world.store.drop_state(term("C-1")))),
        ("empty", Box::new(move |world: &World| save(world, "C-1", Vec::new()))),
        ("its mark damaged", Box::new(flip(false, 9))),
        ("its head damaged", Box::new(flip(false, 16 * 8))),
        ("its end damaged", Box::new(flip(true, 3))),
        (
            "cut off",
            Box::new(move |world: &World| {
                let bytes = world.saved("C-1").expect("saved");
                save(world, "C-1", bytes[..bytes.len() / 2].to_vec());
            }),
        ),
        (
            "longer",
            Box::new(move |world: &World| {
                let mut bytes = world.saved("C-1").expect("saved").to_vec();
                bytes.push(0);
                save(world, "C-1", bytes);
            }),
        ),
        (
            "another customer's",
            Box::new(move |world: &World| {
                save(world, "C-1", world.saved("C-2").expect("saved").to_vec());
            }),
        ),
        (
            "another ledger's",
            Box::new(move |world: &World| {
                // The same customer with the same events, under other keys.
                let vault = MemoryVault::default();
                vault.provision(2, &mut Seeded(AtomicU64::new(77))).expect("keys");
                let mut other = World::with_keys(vault);
                write(other.open(1 << 30), "C-1", 700);
                other.close();
                save(world, "C-1", other.saved("C-1").expect("saved").to_vec());
            }),
        ),
    ]
}

#[test]
fn answers_are_the_same_whatever_became_of_the_saved_states() {
    let mut expected: Option<(Vec<String>, Hash)> = None;
    for (fate, befall) in fates() {
        let mut world = World::new();
        let ledger = world.open(1 << 30);
        write(ledger, "C-1", 700);
        write(ledger, "C-2", 700);
        world.close();
        befall(&world);
        let ledger = world.open(1 << 30);
        let answers = ask(ledger, "C-1");
        world.close();
        let found = (answers, world.root());
        match &expected {
            None => expected = Some(found),
            Some(expected) => assert_eq!(*expected, found, "{fate}"),
        }
    }
    let (answers, _) = expected.expect("asked");
    let taken = answers.iter().filter(|answer| answer.starts_with("Ok")).count();
    assert_eq!(taken, 7, "some are taken and some refused: {answers:#?}");
}

#[test]
fn a_long_history_is_read_once_and_not_again() {
    let mut world = World::new();
    let ledger = world.open(1 << 30);
    write(ledger, "C-1", 3000);
    write(ledger, "C-2", 100);
    world.close();
    let first_decision = |world: &mut World, customer| {
        world.open(1 << 30);
        world.store.events_read();
        one(world.ledger.as_ref().expect("open"), said(customer)).expect("taken");
        let read = world.store.events_read();
        world.close();
        read
    };
    let (short, long) = (first_decision(&mut world, "C-2"), first_decision(&mut world, "C-1"));
    assert!(short >= 100 && long < 10, "{short} events read for the short, {long} for the long");
    world.store.drop_state(term("C-1"));
    let without = first_decision(&mut world, "C-1");
    assert!(without >= 3000, "{without} events read without a saved state");
    let again = first_decision(&mut world, "C-1");
    assert!(again < 10, "what was folded is saved at once; {again} events read");
}

#[test]
fn a_void_reads_what_comes_after_the_saved_state_if_its_event_does_too() {
    let mut world = World::new();
    write(world.open(1 << 30), "C-1", 3000);
    world.close();
    // An event is looked for from the time its id names on.
    world.clock.set("2026-01-06T01:00:00Z");
    let ledger = world.open(1 << 30);
    let wrong = one(ledger, said("C-1")).expect("taken").events[0].event_id;
    world.store.events_read();
    let void =
        |id: String| of("C-1", json!({ "command": "void_event", "event": id, "reason": "wrong" }));
    one(world.ledger.as_ref().expect("open"), void(wrong.to_string())).expect("taken");
    let read = world.store.events_read();
    assert!(read < 20, "{read} events read to void the newest");
}

#[test]
fn states_that_do_not_stay_in_memory_give_the_same_answers() {
    let answers = |states_size_bytes_max| {
        let mut world = World::new();
        let ledger = world.open(states_size_bytes_max);
        for customer in ["C-1", "C-2", "C-3"] {
            write(ledger, customer, 600);
        }
        let mut answers = Vec::new();
        for _ in 0..3 {
            for customer in ["C-1", "C-2", "C-3"] {
                answers.extend(ask(ledger, customer));
            }
        }
        let saved = world.saved("C-1").is_some();
        (answers, world.root(), saved)
    };
    let (kept, root, unsaved) = answers(1 << 30);
    let (evicted, same_root, saved) = answers(1 << 10);
    assert_eq!((kept, root), (evicted, same_root));
    assert!(saved && !unsaved, "a state is saved when it goes out of memory");
}

#[test]
fn a_long_stream_is_saved_while_the_ledger_is_open() {
    let mut world = World::new();
    let ledger = world.open(1 << 30);
    write(ledger, "C-1", 4000);
    assert!(world.saved("C-1").is_none());
    let ledger = world.ledger.as_ref().expect("open");
    submit(ledger, (0..200).map(|n| vec![happening("C-1", n)]).collect());
    // The answer comes before the state is saved; the next one comes after.
    one(ledger, said("C-1")).expect("taken");
    assert!(world.saved("C-1").is_some(), "a kill now costs at most some thousand events");
}

/// The local store keeps them in its index; without the index there are none, and nothing else differs.
#[test]
fn the_local_store_keeps_states_beside_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let dir = folder.path().join("book");
    book::init(&dir, &genesis(), surroundings(&folder, &clock, 1)).expect("made");
    let open = book::open(&dir, surroundings(&folder, &clock, 2)).expect("opened");
    write(&open.ledger, "C-1", 700);
    open.ledger.close().expect("closed");
    drop(open.store);
    let copy = tempfile::tempdir().expect("a folder");
    copy_folder(folder.path(), copy.path());
    std::fs::remove_dir_all(copy.path().join("book/sled")).expect("removed");
    let asked = |folder: &tempfile::TempDir, has_state: bool| {
        let open =
            book::open(&folder.path().join("book"), surroundings(folder, &clock, 3)).expect("open");
        let saved = pollster::block_on(open.store.saved_state(term("C-1")));
        assert_eq!(saved.is_some(), has_state);
        let answers = ask(&open.ledger, "C-1");
        let root = open.store.head().tree.root();
        open.ledger.close().expect("closed");
        (answers, root)
    };
    assert_eq!(asked(&folder, true), asked(&copy, false));
    for folder in [&folder, &copy] {
        let scratch = tempfile::tempdir().expect("a folder");
        let report = book::verify_derived(&folder.path().join("book"), scratch.path());
        assert_eq!(report.expect("equal to the journal").states, 1);
    }
}

/// Whoever verifies has no key and does not ask for the mark; what the state says must be so.
#[test]
fn verification_finds_a_saved_state_that_is_not_what_its_events_give() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let dir = folder.path().join("book");
    book::init(&dir, &genesis(), surroundings(&folder, &clock, 1)).expect("made");
    let open = book::open(&dir, surroundings(&folder, &clock, 2)).expect("opened");
    write(&open.ledger, "C-1", 700);
    open.ledger.close().expect("closed");
    drop(open.store);
    let open = book::open(&dir, surroundings(&folder, &clock, 3)).expect("opened");
    let bytes = pollster::block_on(open.store.saved_state(term("C-1"))).expect("saved");
    let stream = StreamId::Customer(code("C-1"));
    let readable = |bytes: &Vec<u8>| saved::decode(&stream, &bytes[16..]).is_ok();
    let altered = (0..bytes.len() - 16).rev().map(|at| {
        let mut bytes = bytes.to_vec();
        bytes[16 + at] ^= 1;
        bytes
    });
    let altered = altered.into_iter().find(readable).expect("some byte may be another");
    open.store.save_state(term("C-1"), Bytes::from(altered));
    open.ledger.close().expect("closed");
    drop(open.store);
    let scratch = tempfile::tempdir().expect("a folder");
    let error = book::verify_derived(&dir, scratch.path()).expect_err("it differs");
    assert!(error.to_string().contains("saved state of customer/C-1"), "{error}");
    // The ledger itself drops it, for its mark is wrong.
    let open = book::open(&dir, surroundings(&folder, &clock, 4)).expect("opened");
    one(&open.ledger, said("C-1")).expect("taken");
    open.ledger.close().expect("closed");
    drop(open.store);
    book::verify_derived(&dir, scratch.path()).expect("made anew");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}
