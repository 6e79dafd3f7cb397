//! The ledger's promises, shown on the reference store and on the local one alike.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::sync::Arc;

use daybook_core::book;
use daybook_core::event::{Body, Kind, StreamId};
use daybook_core::id::Note;
use daybook_core::ledger::Ledger;
use daybook_core::ledger::read::Query;
use daybook_core::position::{ExpectedVersion, Position};
use daybook_core::store::memory::MemoryStore;
use serde_json::json;
use support::*;

/// Runs a promise on the reference store, and on the local one with small segments.
fn on_every_store(promise: impl Fn(&Ledger, &TestClock)) {
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let ledger = ledger_on(Arc::new(MemoryStore::default()), Arc::clone(&clock));
    promise(&ledger, &clock);
    ledger.close().expect("closed");

    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let dir = folder.path().join("book");
    book::init(&dir, &genesis(), surroundings(&folder, &clock, 1)).expect("made");
    let open = book::open(&dir, surroundings(&folder, &clock, 2)).expect("opened");
    promise(&open.ledger, &clock);
    open.ledger.close().expect("closed");
    drop(open.store);
    let report = book::verify(&dir, Some(&folder.path().join("heads")), &mut |_| {});
    report.expect("what was written verifies");
    let again = book::open(&dir, surroundings(&folder, &clock, 3)).expect("opened again");
    assert!(again.report.closed_in_order);
    again.ledger.close().expect("closed again");
}

fn kinds(ledger: &Ledger) -> Vec<&'static str> {
    let events = ledger.reader().events(Query::default());
    events.map(|event| event.expect("an event").0.body.kind().name()).collect()
}

#[test]
fn a_book_starts_with_its_opening_its_layouts_and_its_policies() {
    on_every_store(|ledger, _| {
        let kinds = kinds(ledger);
        assert_eq!(kinds[..3], ["book.opened", "event_layout.published", "event_layout.published"]);
        assert_eq!(kinds.iter().filter(|kind| **kind == "policy_version.published").count(), 5);
        let (first, _) = ledger.reader().event(Position(0)).expect("read").expect("there");
        assert_eq!(first.body.kind(), Kind::BookOpened);
    });
}

#[test]
fn every_kinds_layout_comes_before_its_first_event() {
    on_every_store(|ledger, _| {
        one(ledger, register("C-1", "华东精密")).expect("taken");
        let mut published = vec![Kind::BookOpened.tag()];
        for event in ledger.reader().events(Query::default()) {
            let (event, _) = event.expect("an event");
            if let Body::EventLayoutPublished(layout) = &event.body {
                published.push(layout.kind_tag);
            } else {
                assert!(published.contains(&event.body.kind().tag()), "{}", event.body.kind());
            }
        }
    });
}

#[test]
fn a_retry_returns_the_first_answer_and_adds_nothing() {
    on_every_store(|ledger, _| {
        let request = keyed(register("C-1", "华东精密"), "k1");
        let first = one(ledger, request.clone()).expect("taken");
        let before = ledger.reader().head().next;
        let again = one(ledger, request).expect("taken");
        assert!(again.repeated && !first.repeated);
        assert_eq!(again.events, first.events);
        assert_eq!(ledger.reader().head().next, before);
        let other = one(ledger, keyed(register("C-1", "Other"), "k1")).expect_err("refused");
        assert_eq!(other.rejection.code(), "idempotency_key_reused");
    });
}

#[test]
fn a_correction_names_an_event_of_its_stream_and_a_reason() {
    on_every_store(|ledger, _| {
        one(ledger, register("C-0", "乙")).expect("taken");
        let first = one(ledger, register("C-1", "华东精密")).expect("taken").events[0].event_id;
        let mut correction = request(json!({
            "customer": "C-1", "command": "change_customer_details", "corrects": first,
            "set": { "name": "华东精密机械" },
        }));
        let refused = one(ledger, correction.clone()).expect_err("refused");
        assert_eq!(refused.rejection.code(), "reason_missing");
        correction.reason = Some(Note::new("misread on the telephone").expect("a reason"));
        let mut elsewhere = correction.clone();
        elsewhere.customer = Some(code("C-0"));
        let refused = one(ledger, elsewhere).expect_err("refused");
        assert_eq!(refused.rejection.code(), "event_unknown");
        one(ledger, correction).expect("taken");
    });
}

#[test]
fn expected_versions_are_kept() {
    on_every_store(|ledger, _| {
        let mut request = register("C-1", "华东精密");
        request.expected_version = ExpectedVersion::Exact(1);
        let refused = one(ledger, request.clone()).expect_err("refused");
        assert_eq!(refused.rejection.to_string(), "customer/C-1 is at version 0, expected 1");
        request.expected_version = ExpectedVersion::NoStream;
        one(ledger, request.clone()).expect("taken");
        assert!(one(ledger, request).is_err());
    });
}

#[test]
fn a_unit_is_taken_whole_or_not_at_all() {
    on_every_store(|ledger, _| {
        let before = ledger.reader().head().next;
        let unit = vec![register("C-1", "甲"), register("C-2", "乙"), register("C-1", "甲")];
        let answer = submit(ledger, vec![unit, vec![register("C-3", "丙")]]);
        assert_eq!(answer.units[0].as_ref().expect_err("refused").index, 2);
        assert!(answer.units[1].is_ok());
        assert!(!ledger.reader().knows(&code("C-2")).expect("read"));
        assert!(ledger.reader().knows(&code("C-3")).expect("read"));
        assert!(ledger.reader().head().next > before);
        one(ledger, register("C-2", "乙")).expect("C-2 is free");
    });
}

#[test]
fn a_unique_number_is_taken_once_in_the_whole_ledger() {
    on_every_store(|ledger, _| {
        let payment = |customer: &str| {
            request(json!({
                "customer": customer, "command": "receive_payment", "receipt": "RC-1",
                "amount": {"minor": 60000, "currency": "CNY"}, "value_on": "2026-01-05",
                "bank_ref": {"bank": "ICBC", "statement": "2026-01", "line": "7"},
            }))
        };
        submit(ledger, vec![vec![register("C-1", "甲")], vec![register("C-2", "乙")]]);
        one(ledger, payment("C-1")).expect("taken");
        let refused = one(ledger, payment("C-2")).expect_err("refused");
        assert_eq!(refused.rejection.code(), "number_taken");
        // Reversed as the wrong customer's, the bank's line is free again.
        one(
            ledger,
            request(json!({
                "customer": "C-1", "command": "reverse_payment", "receipt": "RC-1",
                "kind": "wrong_customer", "effective_on": "2026-01-05",
                "reason": "belongs to C-2",
            })),
        )
        .expect("reversed");
        one(ledger, payment("C-2")).expect("taken now");
    });
}

#[test]
fn personal_content_is_sealed_in_the_log_and_opens_for_a_reader() {
    on_every_store(|ledger, _| {
        one(ledger, register("C-1", "Canary Precision")).expect("taken");
        let head = ledger.reader().head().next;
        for position in 0..head.0 {
            let stored = ledger.reader().stored(Position(position)).expect("read");
            assert!(!stored.windows(6).any(|bytes| bytes == b"Canary"));
        }
        let query = Query { kind: Some(Kind::CustomerRegistered), ..Query::default() };
        let (event, hash) = ledger.reader().events(query).next().expect("one").expect("read");
        let opened = ledger.reader().open_sections(event, hash).expect("opened");
        let shown = opened.event.body.to_json().expect("json").to_string();
        assert!(shown.contains("Canary Precision"), "{shown}");
    });
}

#[test]
fn a_void_counts_nowhere_and_is_refused_while_others_stand_on_it() {
    on_every_store(|ledger, _| {
        one(ledger, register("C-1", "甲")).expect("taken");
        let open = json!({
            "customer": "C-1", "command": "open_opportunity", "pipeline": "sales",
            "stage": "lead", "reason": null,
        });
        let opened = one(ledger, request(open)).expect("opened");
        let moved = one(
            ledger,
            request(json!({
                "customer": "C-1", "command": "change_opportunity_stage",
                "opportunity": "O-1", "to": "qualified",
            })),
        )
        .expect("moved");
        let void = |id: daybook_core::id::EventId| {
            request(json!({
                "customer": "C-1", "command": "void_event", "event": id, "reason": "mistake",
            }))
        };
        let refused = one(ledger, void(opened.events[0].event_id)).expect_err("stood on");
        assert!(refused.rejection.to_string().contains("opportunity_stage.changed"));
        one(ledger, void(moved.events[0].event_id)).expect("voided");
        one(ledger, void(opened.events[0].event_id)).expect("voided");
        let again = one(
            ledger,
            request(json!({
                "customer": "C-1", "command": "change_opportunity_stage",
                "opportunity": "O-1", "to": "qualified",
            })),
        );
        assert!(again.is_err(), "the opportunity counts no longer");
    });
}

#[test]
fn reads_walk_both_ways_by_customer_kind_and_time() {
    on_every_store(|ledger, clock| {
        for number in 0..30 {
            one(ledger, register(&format!("C-{number}"), "甲")).expect("taken");
        }
        clock.set("2026-02-01T00:00:00Z");
        one(
            ledger,
            request(json!({
                "customer": "C-7", "command": "record_interaction", "channel": "phone",
                "direction": "in", "started_at": "2026-01-20T02:00:00Z", "unknown_caller": true,
                "effective_at": "2026-01-20T02:00:00Z",
            })),
        )
        .expect("taken");
        let reader = ledger.reader();
        let stream = Some(StreamId::Customer(code("C-7")));
        let query = Query { stream: stream.clone(), ..Query::default() };
        assert_eq!(reader.events(query.clone()).count(), 2);
        let newest = reader.events(Query { backwards: true, ..query.clone() }).next();
        let newest = newest.expect("one").expect("read").0;
        assert_eq!(newest.body.kind(), Kind::InteractionRecorded);
        let known = reader.position_at("2026-01-31T00:00:00Z".parse().unwrap()).expect("found");
        let before = Query { before: Some(known), ..query.clone() };
        assert_eq!(reader.events(before).count(), 1, "recorded later");
        let as_of = Some("2026-01-10T00:00:00Z".parse().unwrap());
        assert_eq!(reader.events(Query { as_of, ..query }).count(), 1, "happened later");
        let all: Vec<_> = reader.events(Query::default()).map(|e| e.unwrap().0).collect();
        let mut back: Vec<_> = reader
            .events(Query { backwards: true, ..Query::default() })
            .map(|event| event.unwrap().0)
            .collect();
        back.reverse();
        assert_eq!(all, back);
    });
}

#[test]
fn a_rehearsal_sees_its_own_steps_and_keeps_nothing() {
    use daybook_core::ledger::{Batch, Mode};
    on_every_store(|ledger, _| {
        let before = ledger.reader().head().next;
        let rehearse = |units, last| {
            let mode = Mode::Rehearse { rehearsal: 7, last };
            ledger.submit_blocking(Batch { mode, ..batch(units) }).expect("rehearsed")
        };
        let first = rehearse(vec![vec![register("C-1", "甲")]], false);
        assert!(first.units[0].is_ok());
        let second = rehearse(vec![vec![register("C-1", "甲")], vec![register("C-2", "乙")]], true);
        assert!(second.units[0].is_err() && second.units[1].is_ok());
        assert_eq!(ledger.reader().head().next, before);
        one(ledger, register("C-1", "甲")).expect("free");
    });
}

#[test]
fn a_feed_catches_up_and_follows_without_gap_or_repeat() {
    on_every_store(|ledger, _| {
        let mut feed = ledger.feed(Position(0));
        let mut seen = Vec::new();
        for number in 0..600 {
            one(ledger, register(&format!("C-{number}"), "甲")).expect("taken");
            if number % 50 == 0 {
                seen.extend(feed.poll().expect("polled"));
            }
        }
        loop {
            let more = feed.poll().expect("polled");
            if more.is_empty() {
                break;
            }
            seen.extend(more);
        }
        let positions: Vec<u64> = seen.iter().map(|(e, _)| e.envelope.position.0).collect();
        assert_eq!(positions, (0..ledger.reader().head().next.0).collect::<Vec<_>>());
    });
}

#[test]
fn racing_writers_one_wins_and_nothing_is_lost() {
    on_every_store(|ledger, _| {
        one(ledger, register("C-1", "甲")).expect("taken");
        for round in 0..20u64 {
            let version = 1 + round;
            let barrier = std::sync::Barrier::new(16);
            let wins: usize = std::thread::scope(|scope| {
                let racers: Vec<_> = (0..16)
                    .map(|_| {
                        scope.spawn(|| {
                            let mut request = request(json!({
                                "customer": "C-1", "command": "record_interaction",
                                "channel": "phone", "direction": "in", "unknown_caller": true,
                                "started_at": "2026-01-05T00:00:00Z",
                            }));
                            request.expected_version = ExpectedVersion::Exact(version);
                            barrier.wait();
                            usize::from(one(ledger, request).is_ok())
                        })
                    })
                    .collect();
                racers.into_iter().map(|racer| racer.join().expect("joined")).sum()
            });
            assert_eq!(wins, 1, "round {round}");
        }
        let query = Query { stream: Some(StreamId::Customer(code("C-1"))), ..Query::default() };
        let versions: Vec<u64> =
            ledger.reader().events(query).map(|e| e.unwrap().0.envelope.version.0).collect();
        assert_eq!(versions, (1..=21).collect::<Vec<_>>());
    });
}

/// What one client was told about one attempt.
struct Attempt {
    customer: usize,
    expected: u64,
    position: Option<u64>,
}

/// A client that tries to be the one who writes version `expected + 1`, over and over.
fn client(ledger: &Ledger, number: u64, customers: usize) -> Vec<Attempt> {
    let mut dice = number * 2_654_435_761 + 1;
    let mut roll = |below: usize| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) as usize % below
    };
    let mut attempts = Vec::new();
    for _ in 0..60 {
        let customer = roll(customers);
        let name = format!("C-{customer}");
        let query = Query { stream: Some(StreamId::Customer(code(&name))), ..Query::default() };
        let newest = ledger.reader().events(Query { backwards: true, ..query }).next();
        let expected = newest.expect("registered").expect("read").0.envelope.version.0;
        // Staggered: some clients dawdle between reading and writing.
        for _ in 0..roll(3) {
            std::thread::yield_now();
        }
        let mut attempt = request(json!({
            "customer": name, "command": "record_interaction", "channel": "email",
            "direction": "in", "unknown_caller": true, "started_at": "2026-01-05T00:00:00Z",
        }));
        attempt.expected_version = ExpectedVersion::Exact(expected);
        let position = one(ledger, attempt).ok().map(|won| won.events[0].position.0);
        attempts.push(Attempt { customer, expected, position });
    }
    attempts
}

#[test]
fn sixteen_staggered_clients_leave_no_gap_and_no_duplicate() {
    const CUSTOMERS: usize = 4;
    on_every_store(|ledger, _| {
        for customer in 0..CUSTOMERS {
            one(ledger, register(&format!("C-{customer}"), "甲")).expect("taken");
        }
        let attempts: Vec<Attempt> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..16)
                .map(|number| scope.spawn(move || client(ledger, number, CUSTOMERS)))
                .collect();
            clients.into_iter().flat_map(|client| client.join().expect("joined")).collect()
        });
        for customer in 0..CUSTOMERS {
            let stream = Some(StreamId::Customer(code(&format!("C-{customer}"))));
            let events = ledger.reader().events(Query { stream, ..Query::default() });
            let log: Vec<(u64, u64)> = events
                .map(|event| event.unwrap().0.envelope)
                .map(|envelope| (envelope.version.0, envelope.position.0))
                .collect();
            let versions: Vec<u64> = log.iter().map(|(version, _)| *version).collect();
            assert_eq!(versions, (1..=log.len() as u64).collect::<Vec<_>>());
            let of_customer = attempts.iter().filter(|attempt| attempt.customer == customer);
            let mut won: Vec<(u64, u64)> = of_customer
                .filter_map(|attempt| Some((attempt.expected + 1, attempt.position?)))
                .collect();
            won.sort_unstable();
            assert_eq!(won, log[1..], "each version has exactly the one winner that was told so");
        }
        assert!(attempts.iter().any(|attempt| attempt.position.is_none()), "some raced and lost");
    });
}

#[test]
fn a_follower_sees_every_event_once_while_others_write() {
    on_every_store(|ledger, _| {
        let mut feed = ledger.feed(Position(0));
        let goal = ledger.reader().head().next.0 + 1 + 400;
        let seen = std::thread::scope(|scope| {
            let follower = scope.spawn(move || {
                let mut seen = Vec::new();
                while (seen.len() as u64) < goal {
                    pollster::block_on(feed.wait()).expect("open");
                    let events = feed.poll().expect("polled");
                    seen.extend(events.iter().map(|(event, _)| event.envelope.position.0));
                }
                seen
            });
            for number in 0..400 {
                one(ledger, register(&format!("C-{number}"), "甲")).expect("taken");
            }
            follower.join().expect("joined")
        });
        assert_eq!(seen, (0..goal).collect::<Vec<_>>());
    });
}
