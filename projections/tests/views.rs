//! Views are pure folds: the same events in any order give the same answer, at any basis.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../core/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use daybook_core::event::Event;
use daybook_core::event::customer::CustomerField;
use daybook_core::ledger::Ledger;
use daybook_core::ledger::read::Query;
use daybook_core::position::Position;
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::Timestamp;
use daybook_projections::profile::{Profile, profile};
use daybook_projections::stats::Stats;
use daybook_projections::timeline::timeline;
use daybook_projections::{Amounts, Basis, Voided};
use serde_json::{Value, json};
use support::{TestClock, ledger_on, one, request};

/// A ledger with the customer C-1, in Shanghai on 5 January 2026.
struct World {
    ledger: Ledger,
    clock: Arc<TestClock>,
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn cny(minor: i64) -> Value {
    json!({ "minor": minor, "currency": "CNY" })
}

impl World {
    fn new() -> World {
        let clock = TestClock::at("2026-01-05T01:00:00Z");
        let world = World {
            ledger: ledger_on(Arc::new(MemoryStore::default()), Arc::clone(&clock)),
            clock,
        };
        world.say(json!({ "command": "register_customer", "kind": "company", "source": "web",
            "details": { "name": "华东精密", "city": "上海" } }));
        world
    }

    /// Submits a request about C-1; returns the position of its first event.
    fn say(&self, mut asked: Value) -> Position {
        asked["customer"] = json!("C-1");
        one(&self.ledger, request(asked)).expect("taken").events[0].position
    }

    fn events(&self) -> Vec<Event> {
        let events = self.ledger.reader().events(Query::default());
        events.map(|event| event.unwrap().0).collect()
    }

    fn customer(&self) -> Vec<Event> {
        let ours = |event: &Event| event.envelope.stream.customer().is_some();
        self.events().into_iter().filter(ours).collect()
    }

    /// Answers at a basis, from the events in order and backwards.
    fn profile(&self, as_of: Option<&str>, before: Option<Position>) -> Profile {
        let head = self.ledger.reader().head().next;
        let basis = Basis { as_of: as_of.map(at), before: before.unwrap_or(head) };
        let events = self.customer();
        let known = events.iter().filter(|event| event.envelope.position < basis.before);
        let voided = Voided::among(known);
        let answer = profile(&events, &basis, &voided, chrono_tz::Asia::Shanghai);
        assert_eq!(
            profile(events.iter().rev(), &basis, &voided, chrono_tz::Asia::Shanghai),
            answer,
            "order does not matter"
        );
        answer
    }
}

fn minor(amounts: &Amounts) -> i128 {
    amounts.minor("CNY".parse().unwrap())
}

fn detail(profile: &Profile, field: CustomerField) -> String {
    profile.details[&field].as_ref().unwrap().to_string()
}

#[test]
fn of_two_values_the_later_in_the_world_counts_however_late_the_earlier_is_told() {
    let world = World::new();
    world.clock.set("2026-03-10T01:00:00Z");
    let move_to = |city: &str, day: &str| {
        world.say(json!({ "command": "change_customer_details", "set": { "city": city },
            "effective_at": format!("{day}T00:00:00Z") }))
    };
    move_to("苏州", "2026-03-01");
    let late = move_to("无锡", "2026-02-01");
    assert_eq!(detail(&world.profile(None, None), CustomerField::City), "苏州");
    let of_february = world.profile(Some("2026-02-15T00:00:00Z"), None);
    assert_eq!(detail(&of_february, CustomerField::City), "无锡");
    let as_known = world.profile(Some("2026-02-15T00:00:00Z"), Some(late));
    assert_eq!(detail(&as_known, CustomerField::City), "上海");
}

#[test]
fn a_deal_won_again_after_reopening_is_won_once() {
    let world = World::new();
    let said = |asked: Value| world.say(asked);
    said(json!({ "command": "open_opportunity", "title": "lathe",
        "pipeline": "sales", "stage": "lead", "amount": cny(90_000) }));
    said(json!({ "command": "win_opportunity", "opportunity": "O-1", "amount": cny(80_000),
        "closed_on": "2026-01-05" }));
    let before = world.ledger.reader().head().next;
    assert_eq!(minor(&world.profile(None, None).won()), 80_000);
    said(json!({ "command": "reopen_opportunity", "opportunity": "O-1", "to_stage": "qualified",
        "reason": "they asked for more" }));
    let open = world.profile(None, None);
    assert!(open.won().is_zero());
    assert_eq!((open.pipeline().0, minor(&open.pipeline().1)), (1, 90_000));
    said(json!({ "command": "win_opportunity", "opportunity": "O-1", "amount": cny(85_000),
        "closed_on": "2026-01-05" }));
    assert_eq!(minor(&world.profile(None, None).won()), 85_000);
    assert_eq!(minor(&world.profile(None, Some(before)).won()), 80_000, "as it was known");
}

#[test]
fn a_receipt_told_late_is_owed_or_paid_by_the_basis_of_the_question() {
    let world = World::new();
    world.say(json!({ "command": "open_receivable", "item": "A", "source": "service_charge",
        "document_on": "2026-01-05", "due_on": "2026-01-31", "amount": cny(100_000) }));
    world.clock.set("2026-02-20T01:00:00Z");
    let told = world
        .say(json!({ "command": "receive_payment", "receipt": "R", "amount": cny(60_000),
        "value_on": "2026-02-03", "effective_at": "2026-02-03T00:00:00Z" }));
    world.say(json!({ "command": "apply_credit", "credit_kind": "receipt", "receipt": "R",
        "method": "explicit", "lines": [{ "item": "A", "amount": cny(60_000) }],
        "effective_on": "2026-02-03", "effective_at": "2026-02-03T00:00:00Z" }));
    let today = "2026-02-20".parse().unwrap();
    let owed_on = |profile: &Profile, day: daybook_core::time::Date| {
        let (open, overdue) = profile.account.owed(day);
        (minor(&open), minor(&overdue))
    };
    let owed = |profile: &Profile| owed_on(profile, today);
    assert_eq!(owed(&world.profile(None, None)), (40_000, 40_000));
    assert_eq!(owed(&world.profile(None, Some(told))), (100_000, 100_000));
    assert_eq!(
        owed_on(&world.profile(None, None), "2026-02-02".parse().unwrap()),
        (100_000, 100_000)
    );
    world.say(json!({ "command": "reverse_payment", "receipt": "R", "kind": "bounced",
        "effective_on": "2026-02-20" }));
    let bounced = world.profile(None, None);
    assert!(bounced.account.received(today).is_zero());
    assert_eq!(owed(&bounced), (100_000, 100_000));
}

#[test]
fn the_worked_example_of_two_dates() {
    // Item A 1000.00 of 01-10, due 02-09; receipt P 600.00 of value 02-20, recorded 02-25; applied
    // from 02-20 on, recorded 03-02; reversed from 02-20 on, recorded 03-05.
    let world = World::new();
    let mut known = Vec::new();
    let mut say = |at: &str, asked: Value| {
        world.clock.set(at);
        world.say(asked);
        known.push((at.to_owned(), world.ledger.reader().head().next));
    };
    say(
        "2026-01-10T01:00:00Z",
        json!({ "command": "open_receivable", "item": "A",
        "source": "service_charge", "document_on": "2026-01-10", "due_on": "2026-02-09",
        "amount": cny(100_000) }),
    );
    say(
        "2026-02-25T01:00:00Z",
        json!({ "command": "receive_payment", "receipt": "P",
        "amount": cny(60_000), "value_on": "2026-02-20" }),
    );
    say(
        "2026-03-02T01:00:00Z",
        json!({ "command": "apply_credit", "credit_kind": "receipt",
        "credit": "P", "method": "explicit", "lines": [{ "item": "A", "amount": cny(60_000) }],
        "effective_on": "2026-02-20" }),
    );
    say(
        "2026-03-05T01:00:00Z",
        json!({ "command": "reverse_payment", "receipt": "P",
        "kind": "wrong_customer", "effective_on": "2026-02-20" }),
    );
    for (as_of, known_at, open, unapplied, overdue) in [
        ("2026-02-09", "2026-02-09", 100_000, 0, 0),
        ("2026-02-24", "2026-02-24", 100_000, 0, 100_000),
        ("2026-02-24", "2026-02-26", 100_000, 60_000, 100_000),
        ("2026-02-28", "2026-02-28", 100_000, 60_000, 100_000),
        ("2026-02-28", "2026-03-03", 40_000, 0, 40_000),
        ("2026-02-28", "2026-03-10", 100_000, 0, 100_000),
    ] {
        let before = known.iter().rev().find(|(at, _)| at.as_str() < known_at).unwrap().1;
        let account = world.profile(None, Some(before)).account;
        let on = as_of.parse().unwrap();
        let (owed, late) = account.owed(on);
        let answer = (minor(&owed), minor(&account.unapplied(on)), minor(&late));
        assert_eq!(answer, (open, unapplied, overdue), "{as_of} {known_at}");
    }
}

#[test]
fn a_confirmed_balance_that_a_late_fact_changes_is_named() {
    let world = World::new();
    let discrepancies = || world.profile(None, None).account.discrepancies();
    world.say(json!({ "command": "open_receivable", "item": "A", "source": "service_charge",
        "document_on": "2026-01-02", "due_on": "2026-01-31", "amount": cny(100_000) }));
    world.say(json!({ "command": "confirm_balance", "confirmed_on": "2026-01-04" }));
    world.say(json!({ "command": "receive_payment", "receipt": "P", "amount": cny(5_000),
        "value_on": "2026-01-05" }));
    assert!(discrepancies().is_empty(), "a later day changes nothing");
    world.say(json!({ "command": "receive_payment", "receipt": "Q", "amount": cny(10_000),
        "value_on": "2026-01-03" }));
    let broken = discrepancies();
    let [broken] = broken.as_slice() else { panic!("{broken:?}") };
    assert_eq!((broken.confirmed.minor, broken.now.minor), (100_000, 90_000));
    assert_eq!(
        (broken.confirmation.as_str(), broken.confirmed_on.to_string().as_str()),
        ("BC-1", "2026-01-04")
    );
}

#[test]
fn what_waits_for_us_is_named_with_its_deadline_until_it_is_done() {
    let world = World::new();
    world.say(json!({ "command": "receive_complaint", "kind": "complaint", "subject": "quality",
        "severity": "normal", "channel": "phone", "received_at": "2026-01-05T00:30:00Z" }));
    let open = |profile: &Profile| {
        let lines = profile.dealings.open().map(|(id, line)| (id.to_string(), line.clone()));
        lines.collect::<Vec<_>>()
    };
    let received = open(&world.profile(None, None));
    let [(id, line)] = received.as_slice() else { panic!("{received:?}") };
    assert!(line.first_response_due_at < line.resolution_due_at, "{line:?}");
    let before = world.ledger.reader().head().next;
    world.say(json!({ "command": "acknowledge_complaint", "complaint": id, "by": "U-1",
        "at": "2026-01-05T00:40:00Z", "channel": "phone", "human": true }));
    world.say(json!({ "command": "change_complaint_clock", "complaint": id, "change": "pause",
        "at": "2026-01-05T00:45:00Z", "waiting_for": "customer" }));
    let paused = open(&world.profile(None, None));
    assert_eq!(paused[0].1.first_response_due_at, None);
    assert!(paused[0].1.paused && paused[0].1.resolution_due_at.is_some());
    assert_eq!(open(&world.profile(None, Some(before))), received, "as it was known");
}

#[test]
fn what_was_paid_and_not_applied_is_left_over_and_what_is_late_says_since_when() {
    let world = World::new();
    for (item, due) in [("A", "2026-01-31"), ("B", "2026-01-10")] {
        world.say(json!({ "command": "open_receivable", "item": item, "source": "service_charge",
            "document_on": "2026-01-05", "due_on": due, "amount": cny(50_000) }));
    }
    world.say(json!({ "command": "receive_payment", "receipt": "R", "amount": cny(60_000),
        "value_on": "2026-01-05" }));
    let left = |profile: &Profile| minor(&profile.account.unapplied("2026-03-01".parse().unwrap()));
    let since = |day: &str| {
        world
            .profile(None, None)
            .account
            .overdue_since(day.parse().unwrap())
            .map(|day| day.to_string())
    };
    assert_eq!(left(&world.profile(None, None)), 60_000);
    assert_eq!(since("2026-03-01").as_deref(), Some("2026-01-10"));
    world.say(json!({ "command": "apply_credit", "credit_kind": "receipt", "receipt": "R",
        "method": "explicit", "lines": [{ "item": "B", "amount": cny(50_000) }] }));
    assert_eq!(left(&world.profile(None, None)), 10_000);
    assert_eq!(since("2026-03-01").as_deref(), Some("2026-01-31"));
    assert_eq!(since("2026-01-31"), None, "due on the day is not late");
}

#[test]
fn a_voided_event_counts_nowhere_and_stays_in_the_timeline() {
    let world = World::new();
    let call = world.say(json!({ "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2026-01-05T00:30:00Z", "unknown_caller": true }));
    let before = world.ledger.reader().head().next;
    let event = world.ledger.reader().event(call).unwrap().unwrap().0.envelope.event_id;
    world.say(json!({ "command": "void_event", "event": event, "reason": "wrong customer" }));
    assert_eq!(world.profile(None, None).interactions, 0);
    assert_eq!(world.profile(None, Some(before)).interactions, 1, "it was not known to be void");
    let events = world.events();
    let voided = Voided::among(&events);
    let basis = Basis { as_of: None, before: Position(events.len() as u64) };
    let entries = timeline(world.customer(), &basis, &voided);
    let marked: Vec<_> = entries.iter().filter(|entry| entry.voided_by.is_some()).collect();
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].event.envelope.position, call);
    let mut stats = Stats::default();
    events.iter().for_each(|event| stats.fold(event, &basis, &voided, chrono_tz::Asia::Shanghai));
    assert_eq!((stats.voided, stats.events), (1, events.len() as u64 - 1));
}
