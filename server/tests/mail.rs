//! Promise: a mailbox comes in twice and adds once, nothing of it is lost, and nobody gets a message by
//! guessing. Expectations come from the generator of the messages, not from the code under test.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod mailbox;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::body::Body as HttpBody;
use axum::http::Request as HttpRequest;
use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Body, Channel, Kind, Section, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Genesis, Ledger, Mode, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_server::mail::{Became, Framing, Job, MailNotice, MessageLine, Own, Totals, take_in};
use daybook_server::text::Language;
use daybook_server::{App, router};
use serde_json::{Value, json};
use tower::ServiceExt;

use mailbox::{CONTACTS, Dice, Expected, Made, NOW_SECONDS, OWN, SWITCHBOARD};

const SEED: u64 = 20_261_120;

struct At(AtomicI64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1000, Ordering::SeqCst))
    }
}

struct Random(Dice);

impl Entropy for Random {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = u8::try_from(self.0.below(256)).unwrap();
        }
    }
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

/// A ledger with the customers of the generator.
fn app() -> App {
    let clock = Arc::new(At(AtomicI64::new(NOW_SECONDS * 1_000_000)));
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::<At>::clone(&clock),
        entropy: Box::new(Random(Dice::new(1))),
    };
    let genesis = Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test").unwrap(),
        zone: Label::new("Asia/Shanghai").unwrap(),
        functional_currency: "CNY".parse().unwrap(),
        legal_entities: vec![LegalEntity::new("HQ").unwrap()],
        fiscal_year_start_month: 1,
        default_calling_code: Some(Label::new("86").unwrap()),
        actor: actor(),
        source: source(),
    };
    found(&mut parts, &genesis).unwrap();
    let ledger = Ledger::open(parts, Options::default()).unwrap();
    let app = App::new(ledger, clock);
    let mut units = Vec::new();
    let codes: BTreeSet<&str> = CONTACTS.iter().map(|contact| contact.0).collect();
    let register = |code: &str, email: Option<&str>| {
        let mut details = json!({ "name": format!("Customer {code}") });
        if let Some(email) = email {
            details["email"] = json!(email);
        }
        json!({ "customer": code, "command": "register_customer", "kind": "company",
            "source": "other", "details": details })
    };
    units.extend(codes.into_iter().map(|code| register(code, None)));
    units.push(register(SWITCHBOARD.0, Some(SWITCHBOARD.1)));
    for (customer, contact, name, email) in CONTACTS {
        units.push(json!({ "customer": customer, "command": "add_contact", "contact": contact,
            "identity": { "name": name, "emails": [email.to_uppercase()] } }));
    }
    submit(&app, units);
    app
}

fn submit(app: &App, requests: Vec<Value>) {
    let units = requests.into_iter().map(|request| vec![serde_json::from_value(request).unwrap()]);
    let batch =
        Batch { actor: actor(), source: source(), units: units.collect(), mode: Mode::Commit };
    for unit in app.ledger.submit_blocking(batch).unwrap().units {
        unit.unwrap();
    }
}

fn run(app: &App, framing: Framing, input: impl Read) -> (Vec<MessageLine>, Totals) {
    let job = Job {
        framing,
        own: Own::parse(OWN).unwrap(),
        actor: actor(),
        dry_run: false,
        language: Language::En,
    };
    let mut lines = Vec::new();
    let mut tell = |notice| {
        if let MailNotice::Message(line) = notice {
            lines.push(line);
        }
    };
    let report = take_in(app, &job, input, &mut tell).expect("taken in");
    (lines, report.totals)
}

fn events(app: &App) -> u64 {
    app.ledger.reader().head().next.0
}

fn reconciled(totals: &Totals) -> bool {
    totals.read == totals.taken + totals.repeated + totals.held + totals.internal + totals.refused
}

/// What the generator expects, counted.
fn expected(made: &[Made]) -> [u64; 5] {
    let mut counts = [0; 5];
    for message in made {
        counts[match message.expected {
            Expected::Taken(_) => 0,
            Expected::Repeated => 1,
            Expected::Held(_) => 2,
            Expected::Internal => 3,
            Expected::Refused => 4,
        }] += 1;
    }
    counts
}

fn figures(totals: &Totals) -> [u64; 5] {
    [totals.taken, totals.repeated, totals.held, totals.internal, totals.refused]
}

#[test]
fn a_mailbox_of_a_thousand_messages_comes_in_twice_and_adds_once() {
    let made = mailbox::mailbox(SEED, 1000);
    let (app, row) = (app(), mailbox::netstrings(&made));
    let (lines, totals) = run(&app, Framing::Netstrings, row.as_slice());
    assert_eq!(figures(&totals), expected(&made), "seed {SEED}");
    assert!(reconciled(&totals) && totals.read == 1000);
    println!("{totals:?}");
    for (line, message) in lines.iter().zip(&made) {
        check_line(line, message);
    }
    check_content(&app, &lines, &made);
    let before = events(&app);
    let (_, again) = run(&app, Framing::Netstrings, row.as_slice());
    assert_eq!(events(&app), before, "the second time adds nothing, its own bookkeeping included");
    let [taken, repeated, held, internal, refused] = expected(&made);
    assert_eq!(figures(&again), [0, taken + repeated + held, 0, internal, refused]);
    assert_eq!(again.events, 0);
    // The same messages as another program keeps them.
    let messages = made.iter().filter(|message| message.expected != Expected::Refused);
    let (_, other) = run(&app, Framing::Mbox, mailbox::mbox(messages).as_slice());
    assert_eq!(events(&app), before);
    assert_eq!(figures(&other), [0, taken + repeated + held, 0, internal, 0]);
}

fn check_line(line: &MessageLine, message: &Made) {
    let number = line.number;
    let became = match &message.expected {
        Expected::Taken(customers) => {
            let at: Vec<&str> = line.customers.iter().map(|at| at.customer.as_str()).collect();
            assert_eq!(&at, customers, "message {number}");
            Became::Taken
        }
        Expected::Held(why) => {
            assert_eq!(line.candidates.is_empty(), *why == "unknown", "message {number}");
            Became::Held
        }
        Expected::Internal => Became::Internal,
        Expected::Repeated => Became::Repeated,
        Expected::Refused => Became::Refused,
    };
    assert_eq!(line.became, became, "message {number}: {line:?}");
    let comes_first = !matches!(became, Became::Refused | Became::Repeated);
    if let (Some(sent_at), true) = (message.sent_at, comes_first) {
        assert_eq!(line.sent_at, Some(Timestamp(sent_at * 1_000_000)), "message {number}");
    }
}

/// The files of each event that carries a message: by mail and stream, name and content.
type Files = BTreeMap<(String, String), Vec<(Option<String>, String, Vec<u8>)>>;

/// Reads every message back from the log and compares it with what was made.
fn check_content(app: &App, lines: &[MessageLine], made: &[Made]) {
    let reader = app.ledger.reader();
    let (mut contents, mut files, mut owners) = (BTreeMap::new(), Files::new(), BTreeMap::new());
    for found in reader.events(Query::default()) {
        let (event, hash) = found.unwrap();
        let opened = reader.open_sections(event, hash).unwrap().event;
        let stream = opened.envelope.stream.to_string();
        let (mail, content) = match &opened.body {
            Body::InteractionRecorded(body) => {
                let part = body.mail.as_ref().expect("a message");
                (part.mail.to_string(), part.content.clone())
            }
            Body::MailHeld(body) => (body.mail.to_string(), body.content.clone()),
            Body::AttachmentAdded(body) => {
                let owner: &String = owners.get(&body.event).expect("the event before");
                let mut file = reader.attached_file(opened.envelope.position).unwrap().unwrap();
                let mut bytes = Vec::new();
                file.content.read_to_end(&mut bytes).unwrap();
                let Section::Open(label) = &body.label else { panic!("open") };
                let name = label.name.as_ref().map(ToString::to_string);
                let kind = body.media_type.to_string();
                files.entry((owner.clone(), stream)).or_default().push((name, kind, bytes));
                continue;
            }
            _ => continue,
        };
        owners.insert(opened.envelope.event_id, mail.clone());
        let Section::Open(content) = content else { panic!("open") };
        contents.insert((mail, stream), content);
    }
    for (line, message) in lines.iter().zip(made) {
        let streams: Vec<String> = match &message.expected {
            Expected::Taken(at) => at.iter().map(|code| format!("customer/{code}")).collect(),
            Expected::Held(_) => vec!["book/mail".to_owned()],
            _ => continue,
        };
        for stream in streams {
            let place = (line.mail.clone().unwrap(), stream);
            let number = line.number;
            let content = contents.get(&place).expect("recorded");
            let subject = content.subject.as_ref().map(ToString::to_string);
            assert_eq!(subject, message.subject, "message {number}");
            let text = content.text.as_ref().map(ToString::to_string).unwrap_or_default();
            if let Some(words) = message.words {
                assert!(text.contains(words), "message {number}: {text:?} lacks {words:?}");
            }
            let attached = files.get(&place).expect("files");
            let (name, kind, raw) = &attached[0];
            assert_eq!((name.as_deref(), kind.as_str()), (Some("message.eml"), "message/rfc822"));
            assert_eq!(raw, &message.raw, "message {number} is kept as it was received");
            let parts: BTreeMap<String, Vec<u8>> = attached[1..]
                .iter()
                .map(|(name, _, bytes)| (name.clone().unwrap_or_default(), bytes.clone()))
                .collect();
            assert_eq!(
                parts.keys().collect::<Vec<_>>(),
                message.files.keys().collect::<Vec<_>>(),
                "message {number}"
            );
            assert_eq!(parts, message.files, "message {number}");
        }
    }
}

/// A stream that breaks off.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0.is_empty() {
            return Err(std::io::Error::other("the line was cut"));
        }
        self.0.read(buffer)
    }
}

#[test]
fn a_run_that_breaks_off_is_completed_by_the_next() {
    let made = mailbox::mailbox(SEED + 1, 300);
    let row = mailbox::netstrings(&made);
    let (whole, app) = (app(), app());
    run(&whole, Framing::Netstrings, row.as_slice());
    let own = Own::parse(OWN).unwrap();
    let job = Job {
        framing: Framing::Netstrings,
        own,
        actor: actor(),
        dry_run: false,
        language: Language::En,
    };
    let mut broken = Broken(&row[..row.len() / 2]);
    assert!(take_in(&app, &job, &mut broken, &mut |_| {}).is_err());
    let half = events(&app);
    assert!(half > 50 && half < events(&whole), "{half}");
    let (_, totals) = run(&app, Framing::Netstrings, row.as_slice());
    assert!(reconciled(&totals) && totals.repeated > 100, "{totals:?}");
    assert_eq!(events(&app), events(&whole));
}

#[test]
fn an_mbox_gives_every_message_back_as_it_was() {
    let made = mailbox::mailbox(SEED + 2, 200);
    let made: Vec<Made> =
        made.into_iter().filter(|message| message.expected != Expected::Refused).collect();
    let app = app();
    let (lines, totals) = run(&app, Framing::Mbox, mailbox::mbox(&made).as_slice());
    assert_eq!(figures(&totals), expected(&made));
    check_content(&app, &lines, &made);
}

#[test]
fn a_rehearsal_says_the_same_and_keeps_nothing() {
    let made = mailbox::mailbox(SEED + 3, 150);
    let (app, row) = (app(), mailbox::netstrings(&made));
    let before = events(&app);
    let own = Own::parse(OWN).unwrap();
    let job = Job {
        framing: Framing::Netstrings,
        own,
        actor: actor(),
        dry_run: true,
        language: Language::En,
    };
    let report = take_in(&app, &job, row.as_slice(), &mut |_| {}).unwrap();
    assert_eq!(figures(&report.totals), expected(&made));
    assert_eq!(events(&app), before);
}

async fn call(app: &App, method: &str, path: &str, kind: &str, body: Vec<u8>) -> (u16, String) {
    let request = HttpRequest::builder()
        .method(method)
        .uri(format!("/v1{path}"))
        .header("x-daybook-actor", "U-01")
        .header("content-type", kind)
        .body(HttpBody::from(body))
        .unwrap();
    let response = router(app.clone()).oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn json_call(app: &App, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let (status, text) = call(app, method, path, "application/json", body).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn letter(from: &str, id: u32) -> Vec<u8> {
    format!(
        "From: Sun Wu <{from}>\r\nTo: sales@ours.example\r\nSubject: Hello {id}\r\n\
         Date: Mon, 02 Nov 2026 10:00:0{id} +0800\r\nMessage-ID: <{id}@post.example>\r\n\r\nHi.\r\n"
    )
    .into_bytes()
}

async fn send(app: &App, raw: Vec<u8>) -> Value {
    let path = "/mail?own=ours.example";
    let (status, text) = call(app, "POST", path, "message/rfc822", raw).await;
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_message_is_assigned_and_its_sender_known_from_then_on() {
    let app = tokio::task::spawn_blocking(app).await.unwrap();
    let first = send(&app, letter("sun@post.example", 1)).await;
    assert_eq!(first["message"]["became"], "held");
    let mail = first["message"]["mail"].as_str().unwrap().to_owned();
    let (_, held) = json_call(&app, "GET", "/mail/held", Value::Null).await;
    assert_eq!(held["total"], 1);
    assert_eq!(held["mail"][0]["from"][0]["address"], "sun@post.example");
    assert_eq!(held["mail"][0]["subject"], "Hello 1");

    let path = format!("/mail/held/{mail}/assign");
    let (status, problem) = json_call(&app, "POST", &path, json!({ "customer": "C-77" })).await;
    assert_eq!((status, problem["code"].as_str()), (422, Some("customer_not_registered")));
    let call = json!({ "customer": "C-04", "new_contact": { "role": "purchasing" } });
    let (status, answer) = json_call(&app, "POST", &path, call.clone()).await;
    assert_eq!(status, 200, "{answer}");
    let kinds: Vec<&str> = answer["units"][0]["taken"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|outcome| outcome["events"].as_array().unwrap())
        .map(|event| event["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["mail.assigned", "contact.added", "interaction.recorded", "attachment.added"]
    );
    let before = events(&app);
    let (status, again) = json_call(&app, "POST", &path, call).await;
    assert_eq!((status, events(&app)), (200, before), "{again}");

    // The pair names each other, and the message is there byte for byte.
    let reader = app.ledger.reader();
    let mut found = 0;
    for event in reader.events(Query { kind: Some(Kind::InteractionRecorded), ..Query::default() })
    {
        let (event, hash) = event.unwrap();
        let Body::InteractionRecorded(body) = reader.open_sections(event, hash).unwrap().event.body
        else {
            panic!("an interaction")
        };
        let part = body.mail.expect("a message");
        assert!(part.held && part.mail.as_str() == mail && !body.unknown_caller);
        found += 1;
    }
    assert_eq!(found, 1);

    let (_, held) = json_call(&app, "GET", "/mail/held", Value::Null).await;
    assert_eq!(held["total"], 0);
    let second = send(&app, letter("Sun@POST.example", 2)).await;
    assert_eq!(second["message"]["became"], "taken");
    assert_eq!(second["message"]["customers"][0]["customer"], "C-04");
    assert_eq!(send(&app, letter("sun@post.example", 1)).await["message"]["became"], "repeated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissed_message_stays_dismissed() {
    let app = tokio::task::spawn_blocking(app).await.unwrap();
    let first = send(&app, letter("offers@leads.example", 1)).await;
    let mail = first["message"]["mail"].as_str().unwrap().to_owned();
    let path = format!("/mail/held/{mail}/dismiss");
    let (status, _) = json_call(&app, "POST", &path, json!({ "reason": "advertising" })).await;
    assert_eq!(status, 200);
    let before = events(&app);
    assert_eq!(
        send(&app, letter("offers@leads.example", 1)).await["message"]["became"],
        "repeated"
    );
    assert_eq!(events(&app), before);
    let (status, problem) =
        json_call(&app, "POST", "/mail/held/M-0/dismiss", json!({ "reason": "x" })).await;
    assert_eq!((status, problem["code"].as_str()), (404, Some("not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_cannot_be_understood_are_refused() {
    let app = tokio::task::spawn_blocking(app).await.unwrap();
    let (status, text) = call(&app, "POST", "/mail", "text/plain", b"x".to_vec()).await;
    assert!((400..500).contains(&status) && text.contains("content-type"), "{text}");
    let (status, text) =
        call(&app, "POST", "/mail?own=nonsense", "message/rfc822", b"x".to_vec()).await;
    assert!((400..500).contains(&status) && text.contains("own"), "{text}");
    let (_, text) = call(&app, "POST", "/mail", "application/x-netstrings", b"12:x".to_vec()).await;
    assert!(text.contains("failed"), "{text}");
}
