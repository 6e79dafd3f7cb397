//! Promise: a mailbox whose import is killed halfway is complete after the next, with nothing twice.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const MESSAGES: usize = 400;

fn daybook(place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
    command
        .args(arguments)
        .current_dir(place)
        .env("DAYBOOK_HEADS", place.join("heads"))
        .env("LC_ALL", "C.UTF-8")
        .env_remove("DAYBOOK_DIR")
        .stdin(Stdio::null());
    command
}

fn run(place: &Path, arguments: &[&str]) -> Output {
    let output = daybook(place, arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    output
}

fn maildir(folder: &Path) {
    for place in ["cur", "new", "tmp"] {
        std::fs::create_dir_all(folder.join(place)).unwrap();
    }
    for number in 0..MESSAGES {
        let from = if number % 4 == 0 { "nobody@x.example" } else { "jane@acme.example" };
        let text = format!(
            "From: <{from}>\r\nTo: us@ours.example\r\nSubject: =?gb18030?B?sai82w==?= {number}\r\n\
             Date: Mon, 05 Jan 2026 09:{:02}:{:02} +0800\r\nMessage-ID: <{number}@x>\r\n\r\n{}\r\n",
            number / 60,
            number % 60,
            "lathe ".repeat(200),
        );
        let name = match number % 2 {
            0 => folder.join("cur").join(format!("{number}.host:2,S")),
            _ => folder.join("new").join(format!("{number}.host")),
        };
        std::fs::write(name, text).unwrap();
    }
    std::fs::write(folder.join("cur").join("draft.host:2,D"), "Subject: not sent\r\n\r\n").unwrap();
}

fn ledger(place: &Path) {
    run(place, &["init", "--zone", "Asia/Shanghai"]);
    run(place, &["record", "customer", "ACME", "--name", "Acme", "--email", "jane@acme.example"]);
}

const IMPORT: [&str; 6] = ["--json", "mail", "import", "--own", "ours.example", "inbox"];

/// Imports to the end and returns the report.
fn import(place: &Path) -> serde_json::Value {
    serde_json::from_slice(&run(place, &IMPORT).stdout).unwrap()
}

#[test]
fn an_import_that_is_killed_is_completed_by_the_next() {
    let (whole, killed) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for place in [whole.path(), killed.path()] {
        ledger(place);
        maildir(&place.join("inbox"));
    }
    let report = import(whole.path());
    assert_eq!(report["read"], MESSAGES, "the draft is left out");
    assert_eq!((&report["taken"], &report["held"]), (&300.into(), &100.into()));

    let mut ended_early = 0;
    for kill in 0..3 {
        let mut child = daybook(killed.path(), &IMPORT)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(150 + 250 * kill));
        ended_early += u32::from(child.try_wait().unwrap().is_none());
        let _ = child.kill();
        let _ = child.wait();
    }
    assert!(ended_early > 0, "at least one import was still running when it was killed");
    let report = import(killed.path());
    assert_eq!(report["read"], MESSAGES);
    // A killed import may have left a mark of its own, but no message twice and none out.
    let of = |place: &Path, kind: &str| {
        let stats = run(place, &["--json", "stats"]).stdout;
        let stats: serde_json::Value = serde_json::from_slice(&stats).unwrap();
        let kinds = stats["by_kind"].as_array().unwrap();
        let found = kinds.iter().find(|entry| entry["kind"] == kind);
        found.map_or(0, |entry| entry["events"].as_u64().unwrap())
    };
    for (kind, count) in
        [("interaction.recorded", 300), ("mail.held", 100), ("attachment.added", 400)]
    {
        assert_eq!(of(whole.path(), kind), count, "{kind}");
        assert_eq!(of(killed.path(), kind), count, "{kind}");
    }
    let again = import(killed.path());
    assert_eq!((&again["events"], &again["repeated"]), (&0.into(), &MESSAGES.into()));
    run(killed.path(), &["verify"]);
}

#[test]
fn a_waiting_message_is_listed_assigned_and_dismissed() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    ledger(place);
    for (name, from) in [("one.eml", "sun@y.example"), ("two.eml", "offers@z.example")] {
        let text = format!(
            "From: <{from}>\nTo: us@ours.example\nSubject: {name}\nDate: Mon, 05 Jan 2026 09:00:00 +0800\n\nHi\n"
        );
        std::fs::write(place.join(name), text).unwrap();
    }
    run(place, &["mail", "import", "one.eml", "two.eml", "--own", "ours.example"]);
    let held = run(place, &["--json", "mail", "held"]).stdout;
    let held: serde_json::Value = serde_json::from_slice(&held).unwrap();
    let id = |at: usize| held["mail"][at]["mail"].as_str().unwrap().to_owned();
    run(place, &["mail", "assign", &id(0), "ACME", "--new-contact", "--name", "Sun Wu"]);
    run(place, &["mail", "dismiss", &id(1), "--reason", "advertising"]);
    let held = run(place, &["mail", "held"]);
    assert!(String::from_utf8_lossy(&held.stderr).contains("no mail waits"));
    let shown = String::from_utf8(run(place, &["show", "ACME"]).stdout).unwrap();
    assert!(shown.contains("Sun Wu") && shown.contains("one.eml"), "{shown}");
    let cards = String::from_utf8(run(place, &["contacts", "export", "ACME"]).stdout).unwrap();
    assert!(cards.contains("FN:Sun Wu"), "{cards}");
    std::fs::write(place.join("all.vcf"), cards).unwrap();
    let known = String::from_utf8(run(place, &["contacts", "import", "all.vcf"]).stdout).unwrap();
    assert!(known.contains("0 added, 1 known"), "{known}");
}
