//! Promise: a calendar comes in twice and adds once, what is planned becomes what took place, nobody gets
//! an entry by guessing, and what is given out is recognised when it comes back.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body as HttpBody;
use axum::http::Request as HttpRequest;
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::{Batch, Genesis, Ledger, Mode, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_server::{App, router};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Now(AtomicI64);

impl Clock for Now {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

struct Random(u64);

impl Entropy for Random {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

struct Place {
    app: App,
    now: Arc<Now>,
}

fn actor() -> Actor {
    Actor {
        user: ActorId::new("U-01").unwrap(),
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    }
}

fn source() -> Source {
    Source { channel: Channel::Api, session: None, import: None }
}

impl Place {
    /// A ledger of 2026-01-10 in Shanghai, with two customers who share one address.
    fn new() -> Place {
        let now = Arc::new(Now(AtomicI64::new(0)));
        let mut parts = Parts {
            store: Arc::new(MemoryStore::default()),
            vault: Arc::new(MemoryVault::default()),
            attachments: Arc::new(MemoryAttachments::default()),
            clock: Arc::<Now>::clone(&now),
            entropy: Box::new(Random(7)),
        };
        let genesis = Genesis {
            book: BookId(uuid::Uuid::from_bytes([9; 16])),
            name: Line::new("Test").unwrap(),
            zone: Label::new("Asia/Shanghai").unwrap(),
            functional_currency: "CNY".parse().unwrap(),
            legal_entities: vec![LegalEntity::new("HQ").unwrap()],
            fiscal_year_start_month: 1,
            default_calling_code: None,
            actor: actor(),
            source: source(),
        };
        let founded: Timestamp = "2026-01-10T00:00:00Z".parse().unwrap();
        now.0.store(founded.0, Ordering::SeqCst);
        found(&mut parts, &genesis).unwrap();
        let ledger = Ledger::open(parts, Options::default()).unwrap();
        let place = Place { app: App::new(ledger, Arc::<Now>::clone(&now) as _), now };
        let register = |code: &str| {
            json!({ "customer": code, "command": "register_customer", "kind": "company",
                "source": "other", "details": { "name": code } })
        };
        let contact = |code: &str, id: &str, email: &str| {
            json!({ "customer": code, "command": "add_contact", "contact": id,
                "identity": { "name": id, "emails": [email] } })
        };
        place.submit(vec![
            register("A"),
            register("B"),
            contact("A", "P-1", "wang@a.example"),
            contact("B", "P-1", "li@b.example"),
            contact("A", "P-2", "both@x.example"),
            contact("B", "P-2", "both@x.example"),
        ]);
        place
    }

    fn at(&self, now: &str) {
        let now: Timestamp = now.parse().unwrap();
        self.now.0.store(now.0, Ordering::SeqCst);
    }

    fn submit(&self, requests: Vec<Value>) {
        let units =
            requests.into_iter().map(|request| vec![serde_json::from_value(request).unwrap()]);
        let batch =
            Batch { actor: actor(), source: source(), units: units.collect(), mode: Mode::Commit };
        for unit in self.app.ledger.submit_blocking(batch).unwrap().units {
            unit.unwrap();
        }
    }

    async fn call(&self, method: &str, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let request = HttpRequest::builder()
            .method(method)
            .uri(format!("/v1{path}"))
            .header("x-daybook-actor", "U-01")
            .header("content-type", "text/calendar")
            .body(HttpBody::from(body))
            .unwrap();
        let response = router(self.app.clone()).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, body.to_vec())
    }

    /// Takes a calendar in and returns what became of each entry.
    async fn take(&self, query: &str, calendar: &[u8]) -> Vec<String> {
        let before = self.app.ledger.reader().head().next;
        let (status, body) =
            self.call("POST", &format!("/calendar{query}"), calendar.to_vec()).await;
        let report: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, 200, "{report}");
        let after = self.app.ledger.reader().head().next;
        // The layouts of new kinds of event come with them.
        let kept = if report["dry_run"] == true { 0 } else { report["events"].as_u64().unwrap() };
        assert_eq!((after.0 > before.0, after.0 - before.0 >= kept), (kept > 0, true), "{report}");
        let entries = report["entries"].as_array().unwrap();
        let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("-").to_owned();
        entries
            .iter()
            .map(|entry| {
                let contacts = entry["contacts"].as_array().map_or(0, Vec::len);
                let what = [word(entry, "became"), word(entry, "customer"), word(entry, "code")];
                format!("{} {} {contacts}", entry["number"], what.join(" "))
            })
            .collect()
    }

    async fn give(&self, query: &str) -> String {
        let (status, body) = self.call("GET", &format!("/calendar.ics{query}"), Vec::new()).await;
        assert_eq!(status, 200);
        String::from_utf8(body).unwrap()
    }

    async fn dealings(&self, customer: &str) -> Value {
        let (_, body) = self.call("GET", &format!("/customers/{customer}"), Vec::new()).await;
        serde_json::from_slice(&body).unwrap()
    }
}

fn calendar(entries: &[&str]) -> Vec<u8> {
    let entries: Vec<String> = entries.iter().map(|entry| entry.replace('\n', "\r\n")).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n", entries.concat()).into_bytes()
}

const PAST: &str = "BEGIN:VEVENT\nUID:past\nDTSTART:20260105T010000Z\nDTEND:20260105T020000Z\n\
    SUMMARY:看设备\nDESCRIPTION:two lathes\\, one mill\nLOCATION:Suzhou\n\
    ORGANIZER;CN=Us:mailto:us@ours.example\nATTENDEE:MAILTO:Wang@A.example\nEND:VEVENT\n";
const SOON: &str = "BEGIN:VEVENT\nUID:soon\nDTSTART:20260120T010000Z\nDTEND:20260120T020000Z\n\
    SUMMARY:Fair\nATTENDEE:mailto:wang@a.example\nATTENDEE:mailto:li@b.example\nEND:VEVENT\n";
const TASK: &str = "BEGIN:VTODO\nUID:task\nDUE:20260115T010000Z\nSUMMARY:Send the list\nPRIORITY:1\n\
    ORGANIZER:mailto:li@b.example\nEND:VTODO\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_calendar_comes_in_twice_and_adds_once() {
    let place = tokio::task::spawn_blocking(Place::new).await.unwrap();
    let file = calendar(&[PAST, SOON, TASK]);
    let first = ["1 recorded A - 1", "2 planned A - 1", "2 planned B - 1", "3 planned B - 1"]
        .map(str::to_owned);
    let own = "?own=ours.example";
    assert_eq!(place.take(&format!("{own}&dry_run=true"), &file).await, first);
    assert_eq!(place.take(own, &file).await, first);
    let known = ["1 known A - 1", "2 known A - 1", "2 known B - 1", "3 known B - 1"];
    assert_eq!(place.take(own, &file).await, known);
    let page = place.dealings("A").await;
    assert_eq!(page["profile"]["figures"]["interactions"], 1);
    assert_eq!(page["profile"]["figures"]["tasks_open"], 1);
    let visit = page["timeline"].as_array().unwrap().iter();
    let visit = { visit }.find(|event| event["kind"] == "interaction.recorded").unwrap();
    let body = visit["body"].to_string();
    for said in ["看设备", "two lathes, one mill", "Suzhou", "visit_out", "P-1"] {
        assert!(body.contains(said), "{body}");
    }
    assert!(!body.contains("past"), "the entry's UID may name people: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_planned_becomes_what_took_place() {
    let place = tokio::task::spawn_blocking(Place::new).await.unwrap();
    place.take("", &calendar(&[SOON, TASK])).await;
    // Put off by a day, then over; the other one done.
    let moved = SOON.replace("20260120", "20260121");
    let done = TASK.replace("PRIORITY:1", "STATUS:COMPLETED");
    let expected = ["1 moved A - 1", "1 moved B - 1", "2 closed B - 1"];
    assert_eq!(place.take("", &calendar(&[&moved, &done])).await, expected);
    place.at("2026-01-22T00:00:00Z");
    let expected = ["1 recorded A - 1", "1 recorded B - 1", "2 known B - 1"];
    assert_eq!(place.take("", &calendar(&[&moved, &done])).await, expected);
    let page = place.dealings("A").await;
    assert_eq!(page["profile"]["figures"]["tasks_open"], 0);
    assert_eq!(page["profile"]["figures"]["interactions"], 1);
    // Called off: before it was here, and after.
    let off = PAST.replace("UID:past", "UID:off\nSTATUS:CANCELLED");
    assert_eq!(place.take("", &calendar(&[&off])).await, ["1 left_out A - 1"]);
    let later = SOON.replace("UID:soon", "UID:later").replace("20260120", "20260201");
    place.take("", &calendar(&[&later])).await;
    let off = calendar(&[&later]);
    let off =
        String::from_utf8(off).unwrap().replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:CANCEL");
    assert_eq!(place.take("", off.as_bytes()).await, ["1 closed A - 1", "1 closed B - 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_an_entry_by_guessing() {
    let place = tokio::task::spawn_blocking(Place::new).await.unwrap();
    let with = |address: &str| {
        PAST.replace("UID:past", &format!("UID:{address}")).replace("Wang@A.example", address)
    };
    let (both, nobody) = (with("both@x.example"), with("nobody@x.example"));
    let broken = "BEGIN:VEVENT\nUID:broken\nSUMMARY:no start\nEND:VEVENT\nBEGIN:VEVENT\nUID:cut\n";
    let file = calendar(&[&both, &nobody, PAST, broken]);
    let expected = [
        "1 refused - customer_ambiguous 0",
        "2 refused - customer_unmatched 0",
        "3 recorded A - 1",
        "4 refused - start_missing 0",
        "5 refused - entry_broken 0",
    ];
    assert_eq!(place.take("", &file).await, expected);
    // Of an address that two customers have, the contact is not guessed either.
    let expected = ["1 recorded A - 0", "2 recorded A - 0", "3 known A - 1"];
    assert_eq!(place.take("?customer=A", &file).await[..3], expected);
    let refused = place.take("?customer=C", &calendar(&[PAST])).await;
    assert_eq!(refused, ["1 refused C customer_not_registered 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_come_in_one_by_one_and_once() {
    let place = tokio::task::spawn_blocking(Place::new).await.unwrap();
    let weekly = PAST.replace("SUMMARY", "RRULE:FREQ=WEEKLY\nSUMMARY");
    let first = place.take("?until=2026-01-25", &calendar(&[&weekly])).await;
    assert_eq!(first, ["1 recorded A - 1", "1 planned A - 1", "1 planned A - 1"]);
    place.at("2026-01-13T00:00:00Z");
    let then = place.take("?until=2026-02-01", &calendar(&[&weekly])).await;
    let expected = ["1 known A - 1", "1 recorded A - 1", "1 known A - 1", "1 planned A - 1"];
    assert_eq!(then, expected);
    let since = place.take("?since=2026-01-15&until=2026-02-01", &calendar(&[&weekly])).await;
    assert_eq!(since, ["1 known A - 1", "1 known A - 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_out_is_recognised() {
    let place = tokio::task::spawn_blocking(Place::new).await.unwrap();
    place.take("", &calendar(&[PAST, SOON, TASK])).await;
    let recorded = vec![
        json!({ "customer": "A", "command": "record_interaction", "channel": "visit_in", "direction": "in",
            "started_at": "2026-01-08T01:00:00Z", "contacts": ["P-1"],
            "correspondence": { "summary": "Came by; took two lathes, paid", "place": "our hall" } }),
        json!({ "customer": "A", "command": "record_interaction", "channel": "phone", "direction": "in",
            "started_at": "2026-01-08T01:00:00Z", "contacts": ["P-1"] }),
        json!({ "customer": "A", "command": "plan_task", "due_at": "2026-02-01T00:00:00.999999Z",
            "priority": "low", "text": { "subject": "报价" } }),
    ];
    tokio::task::block_in_place(|| place.submit(recorded));
    let given = place.give("").await;
    assert_eq!(given, place.give("").await);
    let count = |text: &str, word: &str| text.matches(word).count();
    assert_eq!((count(&given, "BEGIN:VEVENT"), count(&given, "BEGIN:VTODO")), (4, 2), "{given}");
    for said in [
        "SUMMARY:报价",
        "PRIORITY:9",
        "DTSTART:20260105T010000Z",
        "LOCATION:our hall",
        "SUMMARY:Came by\\; took two lathes\\, paid",
        "CONTACT:A",
    ] {
        assert!(given.contains(said), "{said} in {given}");
    }
    assert!(given.lines().all(|line| line.len() <= 75), "{given}");
    let back = place.take("", given.as_bytes()).await;
    assert_eq!(back.len(), 6);
    assert!(back.iter().all(|line| line.contains(" known ")), "{back:?}");
    // Done in another program, and moved there.
    let done = given.replace("STATUS:NEEDS-ACTION", "STATUS:COMPLETED");
    let done = done.replace("DTSTART:20260120T010000Z", "DTSTART:20260121T010000Z");
    let back = place.take("", done.as_bytes()).await;
    let became = |word: &str| back.iter().filter(|line| line.contains(word)).count();
    assert_eq!((became(" closed "), became(" moved "), became(" known ")), (2, 2, 2), "{back:?}");
    let one = place.give("?customer=A&since=2026-01-07").await;
    assert_eq!((count(&one, "BEGIN:VEVENT"), count(&one, "BEGIN:VTODO")), (2, 0), "{one}");
    assert_eq!(place.call("GET", "/calendar.ics?since=soon", Vec::new()).await.0, 400);
}
