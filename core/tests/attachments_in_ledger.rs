//! Attachments through a ledger: uploaded, attached, read, refused, verified.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daybook_core::attachment::{ATTACHMENTS_DIR, Placed};
use daybook_core::book;
use daybook_core::event::attachment::MediaType;
use daybook_core::event::{Body, Class, StreamId, Subject};
use daybook_core::id::{ContactId, EventId};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{AttachError, Ledger, Upload, Uploaded};
use daybook_core::position::Position;
use daybook_core::store::memory::MemoryStore;
use daybook_core::vault::{FileVault, Vault};
use serde_json::{Value, json};
use support::*;

fn stream(customer: &str) -> StreamId {
    StreamId::Customer(code(customer))
}

fn upload(
    ledger: &Ledger,
    customer: &str,
    media_type: &str,
    content: &[u8],
) -> Result<Uploaded, AttachError> {
    let media_type = MediaType::new(media_type).expect("a type");
    let upload = Upload::new(stream(customer), Subject::Customer, media_type);
    ledger.upload(&upload, &mut &*content)
}

fn attach(customer: &str, uploaded: &Uploaded, event: Option<EventId>) -> Value {
    json!({
        "customer": customer, "command": "attach_file",
        "attachment": uploaded.stored.attachment, "event": event,
        "media_type": "text/plain", "name": "notes.txt",
    })
}

fn call(customer: &str) -> Value {
    json!({
        "customer": customer, "command": "record_interaction", "channel": "phone",
        "direction": "in", "started_at": "2026-01-05T00:30:00Z", "unknown_caller": true,
    })
}

fn read(ledger: &Ledger, position: Position) -> Vec<u8> {
    let mut file = ledger.reader().attached_file(position).expect("opened").expect("attached");
    let mut bytes = Vec::new();
    file.content.read_to_end(&mut bytes).expect("read");
    bytes
}

fn on_every_store(promise: impl Fn(&Ledger)) {
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let ledger = ledger_on(Arc::new(MemoryStore::default()), Arc::clone(&clock));
    promise(&ledger);
    ledger.close().expect("closed");
    let place = Place::new();
    let ledger = place.open(2);
    promise(&ledger);
    ledger.close().expect("closed");
    place.verify().expect("verifies");
}

/// A book in a folder of its own.
struct Place {
    folder: tempfile::TempDir,
    clock: Arc<TestClock>,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = TestClock::at("2026-01-05T01:00:00Z");
        let place = Place { folder, clock };
        let with = surroundings(&place.folder, &place.clock, 1);
        book::init(&place.dir(), &genesis(), with).expect("made");
        place
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("book")
    }

    fn open(&self, seed: u64) -> Ledger {
        let with = surroundings(&self.folder, &self.clock, seed);
        book::open(&self.dir(), with).expect("opened").ledger
    }

    fn verify(&self) -> Result<book::VerifyReport, book::VerifyError> {
        book::verify(&self.dir(), Some(&self.folder.path().join("heads")), &mut |_| {})
    }

    fn files(&self) -> Vec<PathBuf> {
        files(&self.dir().join(ATTACHMENTS_DIR))
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn a_file_is_attached_to_the_event_before_it_and_read_again() {
    on_every_store(|ledger| {
        one(ledger, register("C-1", "华东精密")).expect("taken");
        let content = b"what was said".repeat(20_000);
        let uploaded = upload(ledger, "C-1", "text/plain", &content).expect("uploaded");
        let unit = vec![
            request(call("C-1")),
            request(attach("C-1", &uploaded, None)),
            request(attach("C-1", &uploaded, None)),
        ];
        let answer = submit(ledger, vec![unit]);
        let outcomes = answer.units[0].as_ref().expect("taken");
        let recorded = outcomes[0].events[0].event_id;
        for outcome in &outcomes[1..] {
            let position = outcome.events[0].position;
            let file = ledger.reader().attached_file(position).expect("opened").expect("there");
            assert_eq!(file.body.event, recorded);
            assert_eq!(
                file.body.label.open().unwrap().name.as_ref().unwrap().as_str(),
                "notes.txt"
            );
            assert_eq!(read(ledger, position), content);
        }
        // Any later moment, by the event's id.
        let later = one(ledger, request(attach("C-1", &uploaded, Some(recorded)))).expect("taken");
        assert_eq!(read(ledger, later.events[0].position), content);
        assert!(ledger.reader().attached_file(Position(0)).expect("read").is_none());
    });
}

#[test]
fn the_first_file_of_a_customer_and_what_is_said_share_one_key() {
    on_every_store(|ledger| {
        one(ledger, register("C-1", "甲")).expect("taken");
        one(ledger, register("C-2", "乙")).expect("taken");
        let uploaded = upload(ledger, "C-1", "text/plain", b"first").expect("uploaded");
        let again = upload(ledger, "C-1", "text/plain", b"first").expect("uploaded");
        assert_eq!((again.stored, again.placed), (uploaded.stored, Placed::AlreadyThere));
        // Somebody else takes a new key in between.
        let mut said = call("C-2");
        said["correspondence"] = json!({ "summary": "hello" });
        one(ledger, request(said.clone())).expect("taken");
        said["customer"] = json!("C-1");
        let unit = vec![request(said), request(attach("C-1", &uploaded, None))];
        assert!(submit(ledger, vec![unit]).units[0].is_ok());
        let mut slots = std::collections::BTreeMap::new();
        for event in ledger.reader().events(Query::default()) {
            let (mut event, _) = event.expect("an event");
            let stream = event.envelope.stream.clone();
            let visited: Result<(), std::convert::Infallible> =
                event.body.sections(&mut |subject, section| {
                    let slot = section.sealed().expect("sealed").key_slot;
                    let whose = (stream.clone(), subject, section.class());
                    assert_eq!(*slots.entry(slot).or_insert(whose.clone()), whose);
                    Ok(())
                });
            visited.unwrap_or_else(|never| match never {});
        }
        let whose = &slots[&uploaded.stored.key_slot];
        assert_eq!(*whose, (stream("C-1"), Subject::Customer, Class::Correspondence));
    });
}

#[test]
fn what_does_not_belong_is_refused() {
    on_every_store(|ledger| {
        let refused = |answer: Result<Uploaded, AttachError>| answer.expect_err("refused").code();
        assert_eq!(refused(upload(ledger, "C-9", "text/plain", b"x")), "customer_not_registered");
        one(ledger, register("C-1", "甲")).expect("taken");
        one(ledger, register("C-2", "乙")).expect("taken");
        assert_eq!(
            refused(upload(ledger, "C-1", "application/x-msdownload", b"x")),
            "attachment_type_refused"
        );
        assert_eq!(refused(upload(ledger, "C-1", "image/png", b"x")), "attachment_type_differs");
        let script = upload(ledger, "C-1", "text/plain", b"#!/bin/sh\necho");
        assert_eq!(refused(script), "attachment_executable");
        let small = Upload {
            size_bytes_max: 100_000,
            ..Upload::new(stream("C-1"), Subject::Customer, MediaType::new("text/plain").unwrap())
        };
        let large = ledger.upload(&small, &mut &vec![b'x'; 100_001][..]);
        assert_eq!(refused(large), "attachment_too_large");
        let contact = Subject::Contact(ContactId::new("P-9").unwrap());
        let upload_for = Upload::new(stream("C-1"), contact, MediaType::new("text/plain").unwrap());
        assert_eq!(refused(ledger.upload(&upload_for, &mut &b"x"[..])), "record_unknown");

        let code = |request: Value| {
            one(ledger, support::request(request)).expect_err("refused").rejection.code()
        };
        let uploaded = upload(ledger, "C-1", "text/plain", b"for C-1").expect("uploaded");
        assert_eq!(code(attach("C-1", &uploaded, None)), "attached_to_nothing");
        let recorded = one(ledger, request(call("C-2"))).expect("taken").events[0].event_id;
        assert_eq!(code(attach("C-1", &uploaded, Some(recorded))), "event_unknown");
        assert_eq!(code(attach("C-2", &uploaded, Some(recorded))), "attachment_unknown");
        let mut other = attach("C-2", &uploaded, Some(recorded));
        other["attachment"] = json!("00".repeat(32));
        assert_eq!(code(other), "attachment_unknown");
        let unit = vec![request(call("C-2")), request(attach("C-1", &uploaded, None))];
        let refusal = submit(ledger, vec![unit]).units.remove(0).expect_err("refused");
        assert_eq!((refusal.index, refusal.rejection.code()), (1, "attached_to_nothing"));
    });
}

#[test]
fn an_attachment_can_be_voided_and_follows_a_void_of_its_event() {
    on_every_store(|ledger| {
        one(ledger, register("C-1", "甲")).expect("taken");
        let uploaded = upload(ledger, "C-1", "text/plain", b"notes").expect("uploaded");
        let recorded = one(ledger, request(call("C-1"))).expect("taken").events[0].event_id;
        let attached =
            one(ledger, request(attach("C-1", &uploaded, Some(recorded)))).expect("taken");
        let void = |event: EventId| {
            request(json!({
                "customer": "C-1", "command": "void_event", "event": event, "reason": "twice",
            }))
        };
        one(ledger, void(attached.events[0].event_id)).expect("taken");
        let again = one(ledger, request(attach("C-1", &uploaded, Some(recorded)))).expect("taken");
        one(ledger, void(recorded)).expect("nothing stands on it");
        let late = one(ledger, request(attach("C-1", &uploaded, Some(recorded))));
        assert_eq!(late.expect_err("refused").rejection.code(), "event_voided");
        // What is attached can still be read.
        assert_eq!(read(ledger, again.events[0].position), b"notes");
    });
}

#[test]
fn a_retry_of_call_and_files_adds_nothing() {
    on_every_store(|ledger| {
        one(ledger, register("C-1", "甲")).expect("taken");
        let unit = || {
            let uploaded = upload(ledger, "C-1", "text/plain", b"notes").expect("uploaded");
            vec![
                keyed(request(call("C-1")), "k-1"),
                keyed(request(attach("C-1", &uploaded, None)), "k-2"),
            ]
        };
        let first = submit(ledger, vec![unit()]).units.remove(0).expect("taken");
        let next = ledger.reader().head().next;
        let again = submit(ledger, vec![unit()]).units.remove(0).expect("taken");
        assert!(again.iter().all(|outcome| outcome.repeated));
        assert_eq!(again[1].events, first[1].events);
        assert_eq!(ledger.reader().head().next, next);
    });
}

#[test]
fn a_lent_key_is_never_given_to_another_subject() {
    let place = Place::new();
    let ledger = place.open(2);
    one(&ledger, register("C-1", "甲")).expect("taken");
    one(&ledger, register("C-2", "乙")).expect("taken");
    let uploaded = upload(&ledger, "C-1", "text/plain", b"never attached").expect("uploaded");
    // As after a crash: nothing in the log says whose the key is.
    ledger.close().expect("closed");
    let ledger = place.open(3);
    let recorded = one(&ledger, request(call("C-1"))).expect("taken").events[0].event_id;
    let stale = one(&ledger, request(attach("C-1", &uploaded, Some(recorded))));
    assert_eq!(stale.expect_err("refused").rejection.code(), "attachment_unknown");
    let mut said = call("C-2");
    said["correspondence"] = json!({ "summary": "hello" });
    let said = one(&ledger, request(said)).expect("taken").events[0].position;
    let (event, _) = ledger.reader().event(said).expect("read").expect("there");
    let Body::InteractionRecorded(body) = event.body else { panic!("an interaction") };
    let daybook_core::event::Section::Sealed(sealed) = body.correspondence.expect("said") else {
        panic!("sealed")
    };
    assert_ne!(sealed.key_slot, uploaded.stored.key_slot);
    let anew = upload(&ledger, "C-1", "text/plain", b"never attached").expect("uploaded");
    assert_eq!(anew.placed, Placed::New);
    one(&ledger, request(attach("C-1", &anew, Some(recorded)))).expect("taken");
    ledger.close().expect("closed");
    let report = place.verify().expect("verifies");
    assert_eq!((report.files.files, report.files.opened, report.files.unnamed), (1, 1, 1));
}

#[test]
fn verifying_names_every_bad_file_and_opening_goes_on() {
    let place = Place::new();
    let ledger = place.open(2);
    one(&ledger, register("C-1", "甲")).expect("taken");
    for (content, times) in [(b"first".as_slice(), 2), (b"second", 1), (b"third", 1)] {
        let uploaded = upload(&ledger, "C-1", "text/plain", content).expect("uploaded");
        let mut unit = vec![request(call("C-1"))];
        unit.resize_with(times + 1, || request(attach("C-1", &uploaded, None)));
        assert!(submit(&ledger, vec![unit]).units[0].is_ok());
    }
    ledger.close().expect("closed");
    let report = place.verify().expect("verifies");
    assert_eq!((report.files.files, report.files.opened, report.files.unnamed), (3, 3, 0));
    let mut files = place.files();
    files.sort();
    std::fs::remove_file(&files[0]).unwrap();
    let mut bytes = std::fs::read(&files[1]).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&files[1], bytes).unwrap();
    let error = place.verify().expect_err("two are bad");
    let message = error.to_string();
    let book::VerifyError::Attachments { report } = error else { panic!("{message}") };
    assert_eq!((report.damaged, report.files), (2, 3));
    for file in &files[..2] {
        assert!(message.contains(&file.display().to_string()), "{message}");
    }
    assert!(message.contains("it is missing; named by the event at position"), "{message}");
    let ledger = place.open(3);
    let attached = ledger.reader().events(Query {
        kind: Some(daybook_core::event::Kind::AttachmentAdded),
        ..Query::default()
    });
    let codes: Vec<&str> = attached
        .filter_map(|event| {
            let position = event.expect("an event").0.envelope.position;
            let opened = ledger.reader().attached_file(position);
            opened.err().map(|error| error.code())
        })
        .collect();
    assert!(codes.contains(&"attachment_missing"), "{codes:?}");
    ledger.close().expect("closed");
}

#[test]
fn a_destroyed_key_erases_the_file_and_the_proof_still_holds() {
    let place = Place::new();
    let ledger = place.open(2);
    one(&ledger, register("C-1", "甲")).expect("taken");
    let uploaded = upload(&ledger, "C-1", "text/plain", b"personal").expect("uploaded");
    let unit = vec![request(call("C-1")), request(attach("C-1", &uploaded, None))];
    let answer = submit(&ledger, vec![unit]);
    let position = answer.units[0].as_ref().expect("taken")[1].events[0].position;
    ledger.close().expect("closed");
    let vault = FileVault::open(&place.dir().join(book::VAULT_DIR), genesis().book).unwrap();
    vault.destroy(uploaded.stored.key_slot).expect("destroyed");
    assert!(vault.key(uploaded.stored.key_slot).is_err());
    let ledger = place.open(3);
    let error = ledger.reader().attached_file(position).err().expect("erased");
    assert_eq!(error.code(), "key_destroyed");
    ledger.close().expect("closed");
    let report = place.verify().expect("verifies");
    assert_eq!((report.files.files, report.files.opened, report.files.erased), (1, 0, 1));
}
