//! Promise: whatever the machine's clock does, recorded times never go backwards, a jump of more than a
//! day is recorded by nobody until a person has confirmed it, and answers to old questions stay as they
//! were.
//!
//! Two hundred turns of a scripted clock over one ledger on disk, opened again now and then: it goes on
//! as it should, steps back by a second to a day, sleeps for weeks, jumps ahead, starts anew. The book's
//! zone is one whose clocks change; the script passes both changes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use daybook::demo::{SeededEntropy, genesis};
use daybook_core::book::{self, OpenBook, Surroundings};
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, Label};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Ledger, Mode, Options, SubmitError};
use daybook_core::position::Position;
use daybook_core::time::{Clock, Steady, Timestamp};
use daybook_server::api::customers::CustomersQuery;
use daybook_server::client::Client;
use daybook_server::{App, router};
use serde_json::{Value, json};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// How many turns the clock takes.
const TURNS: u64 = 200;

/// A machine's clocks, moved by hand.
#[derive(Debug)]
struct Machine(Mutex<(i64, Steady)>);

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.lock().unwrap().0)
    }

    fn steady(&self) -> Option<Steady> {
        Some(self.0.lock().unwrap().1)
    }
}

impl Machine {
    /// Time passes, on both clocks.
    fn pass(&self, micros: i64) {
        let mut clocks = self.0.lock().unwrap();
        clocks.0 += micros;
        clocks.1.micros += micros;
    }

    /// Somebody sets the clock.
    fn set_by(&self, micros: i64) {
        self.0.lock().unwrap().0 += micros;
    }

    /// The machine is switched off and on again.
    fn start_anew(&self) {
        let mut clocks = self.0.lock().unwrap();
        clocks.1 = Steady { start: uuid::Uuid::from_u128(clocks.1.start.as_u128() + 1), micros: 0 };
    }
}

/// A seeded choice of numbers, printed with every failure through the turn it made.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn between(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(u64::try_from(to - from + 1).unwrap())).unwrap()
    }
}

fn surroundings(dir: &Path, clock: &Arc<Machine>, seed: u64) -> Surroundings {
    Surroundings {
        heads_outside: Some(dir.with_extension("heads")),
        command: "test".to_owned(),
        clock: Arc::<Machine>::clone(clock),
        entropy: Box::new(SeededEntropy::new(seed)),
        options: Options::default(),
        segment_size_bytes: 1 << 20,
    }
}

fn submit(ledger: &Ledger, request: Value) -> Result<Position, SubmitError> {
    let actor = Actor {
        user: ActorId::new("U-01").unwrap(),
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    };
    let answer = ledger.submit_blocking(Batch {
        actor,
        source: Source { channel: Channel::Api, session: None, import: None },
        units: vec![vec![serde_json::from_value(request).expect("a request")]],
        mode: Mode::Commit,
    })?;
    answer.units.into_iter().for_each(|unit| drop(unit.expect("taken")));
    Ok(answer.next)
}

/// The ledger on its disk and what was asked of it before.
struct World {
    folder: tempfile::TempDir,
    clock: Arc<Machine>,
    open: Option<OpenBook>,
    runtime: tokio::runtime::Runtime,
    openings: u64,
    /// By how much somebody has set the clock wrong.
    wrong_by: i64,
    /// Answers by the basis they were asked at.
    answers: BTreeMap<Timestamp, String>,
}

impl World {
    fn new() -> World {
        // Before the clocks of New York go forward; the script lasts until they have gone back.
        let at: Timestamp = "2026-02-20T15:00:00Z".parse().unwrap();
        let steady = Steady { start: uuid::Uuid::from_u128(1), micros: 0 };
        let clock = Arc::new(Machine(Mutex::new((at.0, steady))));
        let folder = tempfile::tempdir().unwrap();
        let mut genesis = genesis(&mut SeededEntropy::new(1)).unwrap();
        genesis.zone = Label::new("America/New_York").unwrap();
        let dir = folder.path().join("book");
        book::init(&dir, &genesis, surroundings(&dir, &clock, 1)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answers = BTreeMap::new();
        World { folder, clock, open: None, runtime, openings: 1, wrong_by: 0, answers }
    }

    fn ledger(&mut self) -> &Ledger {
        let (dir, clock) = (self.folder.path().join("book"), &self.clock);
        if self.open.is_none() {
            self.openings += 1;
            let surroundings = surroundings(&dir, clock, self.openings);
            self.open = Some(book::open(&dir, surroundings).expect("opened"));
        }
        &self.open.as_ref().unwrap().ledger
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.ledger.close().expect("closed");
        }
    }

    fn record(&mut self, n: u64) -> Result<Position, SubmitError> {
        let happened = self.clock.now().0 - 2 * HOUR;
        submit(
            self.ledger(),
            json!({
                "customer": "C-1", "command": "record_interaction", "channel": "phone",
                "direction": "in", "unknown_caller": true, "started_at": Timestamp(happened),
                "effective_at": Timestamp(happened), "staff": [format!("U-{n}")],
            }),
        )
    }

    /// Asks what was known at an instant.
    fn ask(&mut self, known_at: Timestamp) -> String {
        let (ledger, clock) = (self.ledger().clone(), Arc::<Machine>::clone(&self.clock));
        let client = Client::new(router(App::new(ledger, clock)), "U-01".to_owned());
        let query = CustomersQuery {
            known_at: Some(known_at.to_string()),
            as_of: Some(known_at.to_string()),
            limit: Some(500),
            ..CustomersQuery::default()
        };
        let mut answer = self.runtime.block_on(client.customer("C-1", &query)).expect("answered");
        // What an answer leaves out is told of the log as it is now.
        answer.basis.learned_later = None;
        serde_json::to_string(&answer).unwrap()
    }

    fn remember(&mut self) {
        let known_at = self.ledger().reader().head().recorded_at;
        let answer = self.ask(known_at);
        // Asked at one instant twice, the second answer may know more; the last one stays.
        self.answers.insert(known_at, answer);
    }

    fn check_answers(&mut self, of: impl Fn(usize) -> bool) {
        let asked: Vec<_> = self.answers.clone().into_iter().enumerate().collect();
        for (_, (known_at, answer)) in asked.into_iter().filter(|(at, _)| of(*at)) {
            assert_eq!(self.ask(known_at), answer, "asked again as of {known_at}");
        }
    }

    /// Every event has its position, and none a time before the one before it.
    fn check_order(&mut self) {
        let mut last = (None::<Position>, Timestamp(i64::MIN));
        for event in self.ledger().reader().events(Query::default()) {
            let envelope = event.expect("an event").0.envelope;
            assert_eq!(envelope.position, last.0.map_or(Position(0), Position::next));
            assert!(envelope.recorded_at >= last.1, "position {}", envelope.position);
            last = (Some(envelope.position), envelope.recorded_at);
        }
    }
}

/// What the clock does in a turn, and whether the ledger may then record.
fn turn(world: &mut World, dice: &mut Dice, n: u64) -> &'static str {
    let clock = Arc::<Machine>::clone(&world.clock);
    // What was set wrong in the turn before is set right.
    clock.set_by(-std::mem::take(&mut world.wrong_by));
    let before = world.ledger().reader().head();
    let what = dice.below(8);
    match what {
        0 => clock.pass(dice.between(1, 6 * HOUR)),
        1 | 2 => {
            let (back, ahead) = (dice.between(SECOND, DAY), dice.between(SECOND, DAY - HOUR));
            world.wrong_by = if what == 1 { -back } else { ahead };
            clock.set_by(world.wrong_by);
        }
        3 => clock.pass(dice.between(2 * DAY, 20 * DAY)),
        4 => {
            world.close();
            clock.start_anew();
            clock.pass(dice.between(SECOND, 40 * DAY));
            // Off for three weeks; nothing measured them.
            clock.set_by(21 * DAY);
        }
        5..=7 => {
            clock.pass(2 * DAY);
            world.record(n).expect("two days went by");
            let jump = dice.between(DAY + HOUR, 40 * DAY);
            clock.set_by(jump);
            if dice.below(2) == 0 {
                world.close();
            }
            let next = world.ledger().reader().head().next;
            let refused = world.record(n).expect_err("a jump is not believed");
            assert_eq!(refused.code(), "clock_jump", "{refused}");
            let state = clock_state(world, None).expect("read");
            assert_eq!(state.jump.expect("a jump").ahead_days(), jump / DAY);
            assert_eq!(world.ledger().reader().head().next, next, "nothing was recorded");
            world.check_answers(|at| at % 16 == n as usize % 16);
            if what == 5 {
                clock.set_by(-jump);
                return "set right";
            }
            let wrong = Timestamp(clock.now().0 - jump);
            let differs = clock_state(world, Some(wrong)).expect_err("it shows another time");
            assert_eq!(differs.code(), "clock_differs");
            clock_state(world, Some(clock.now())).expect("confirmed");
            if what == 7 {
                world.close();
            }
            return "confirmed";
        }
        _ => unreachable!(),
    }
    let after = world.ledger().reader().head();
    assert_eq!(before.next, after.next);
    ["passed", "back", "ahead within a day", "asleep", "off"][what as usize]
}

fn clock_state(
    world: &mut World,
    confirmed: Option<Timestamp>,
) -> Result<daybook_core::ledger::ClockState, SubmitError> {
    let ledger = world.ledger().clone();
    world.runtime.block_on(ledger.clock(confirmed))
}

#[test]
fn whatever_the_clock_does_recorded_times_and_old_answers_stay() {
    let mut world = World::new();
    submit(
        world.ledger(),
        json!({
            "customer": "C-1", "command": "register_customer", "kind": "company",
            "source": "phone", "details": { "name": "Acme Ltd" },
            "effective_at": "2026-02-01T00:00:00Z",
        }),
    )
    .expect("registered");
    let mut dice = Dice(10);
    let mut turns: BTreeMap<&str, u32> = BTreeMap::new();
    for n in 0..TURNS {
        let last = world.ledger().reader().head().recorded_at;
        let what = turn(&mut world, &mut dice, n);
        *turns.entry(what).or_default() += 1;
        let next = world.record(n).unwrap_or_else(|error| panic!("turn {n}, {what}: {error}"));
        let head = world.ledger().reader().head();
        assert_eq!(head.next, next, "turn {n}, {what}");
        assert!(head.recorded_at >= last, "turn {n}, {what}");
        world.remember();
        world.check_answers(|at| at % 32 == n as usize % 32);
    }
    world.check_answers(|_| true);
    world.check_order();
    world.close();
    world.check_answers(|at| at % 8 == 0);
    world.check_order();
    assert_eq!(turns.len(), 7, "{turns:?}");
    println!("{turns:?}");
}
