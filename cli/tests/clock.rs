//! A clock that has jumped, as a person at the command line meets it; and zones, which change nothing.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use daybook::demo::{ScriptClock, SeededEntropy, genesis};
use daybook::system::SystemClock;
use daybook_core::book::{self, Surroundings};
use daybook_core::ledger::Options;
use daybook_core::store::LogStore;
use daybook_core::time::{Clock, DAY_MICROS, Seen, Timestamp};
use serde_json::Value;

/// A ledger last used forty days ago, by a clock that has gone forty days ahead since in no time.
struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn after_a_jump() -> Place {
        let place = Place { folder: tempfile::tempdir().unwrap() };
        let then = Timestamp(SystemClock.now().0 - 40 * DAY_MICROS);
        let clock = Arc::new(ScriptClock::new(then));
        let surroundings = |seed| Surroundings {
            heads_outside: Some(place.folder.path().join("heads")),
            command: "test".to_owned(),
            clock: Arc::<ScriptClock>::clone(&clock),
            entropy: Box::new(SeededEntropy::new(seed)),
            options: Options::default(),
            segment_size_bytes: 1 << 20,
        };
        let genesis = genesis(&mut SeededEntropy::new(1)).unwrap();
        book::init(&place.dir(), &genesis, surroundings(1)).unwrap();
        let open = book::open(&place.dir(), surroundings(2)).unwrap();
        open.store.keep_clock(&Seen { at: then, steady: SystemClock.steady() });
        open.ledger.close().unwrap();
        place
    }

    fn dir(&self) -> PathBuf {
        self.folder.path().join("book")
    }

    fn say(&self, arguments: &[&str], zone: &str) -> Output {
        daybook(&self.dir(), &self.folder.path().join("heads"), arguments, zone)
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.say(arguments, "UTC");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn daybook(dir: &Path, heads: &Path, arguments: &[&str], zone: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daybook"))
        .args(arguments)
        .env("DAYBOOK_DIR", dir)
        .env("DAYBOOK_HEADS", heads)
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", zone)
        .output()
        .unwrap()
}

/// Only where something measures time can a jump be seen at once.
fn measured() -> bool {
    SystemClock.steady().is_some()
}

#[test]
fn a_jump_is_refused_until_it_is_confirmed() {
    if !measured() {
        println!("skipped: this system does not say how long it has been up");
        return;
    }
    let place = Place::after_a_jump();
    let register = ["record", "customer", "ACME", "--name", "Acme Ltd"];
    for (lang, message, hint) in [
        ("en", "40 days ahead: it should be ", " clock confirm`"),
        ("zh", "时钟向前跳动超过一天", " clock confirm`"),
    ] {
        let refused = place.say(&[&register[..], &["--lang", lang]].concat(), "UTC");
        let errors = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(1), "{errors}");
        assert!(errors.contains(message) && errors.contains(hint), "{errors}");
        let shown = place.done(&["clock", "--lang", lang]);
        assert!(shown.contains("40") && shown.contains("clock confirm"), "{shown}");
    }
    // Reading and planning go on.
    assert!(place.done(&["stats"]).contains("customers: 0"));
    place.done(&[&register[..], &["--dry-run"]].concat());
    let clock: Value = serde_json::from_str(&place.done(&["clock", "--json"])).unwrap();
    assert_eq!(clock["believed"], false);
    assert_eq!(clock["jump"]["days"], 40);
    let confirmed = place.done(&["clock", "confirm"]);
    assert!(confirmed.contains("It is believed"), "{confirmed}");
    place.done(&register);
    assert!(place.done(&["clock", "confirm"]).contains("It is believed"), "again does no harm");
}

#[test]
fn the_zone_of_the_machine_changes_neither_times_nor_answers() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, heads) = (folder.path().join("book"), folder.path().join("heads"));
    let run = |arguments: &[&str], zone: &str| {
        let output = daybook(&dir, &heads, arguments, zone);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{zone} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["init", "--zone", "Asia/Shanghai"], "UTC");
    run(&["record", "customer", "ACME", "--name", "Acme Ltd"], "UTC");
    let recorded = |zone: &str| -> Vec<Timestamp> {
        let log: Value = serde_json::from_str(&run(&["log", "--json"], zone)).unwrap();
        let time = |event: &Value| event["recorded_at"].as_str().unwrap().parse().unwrap();
        log["events"].as_array().unwrap().iter().map(time).collect()
    };
    let known_at = recorded("UTC").iter().max().unwrap().to_string();
    let ask = |zone: &str| {
        ["show", "stats"].map(|verb| {
            let about: &[&str] = if verb == "show" { &["ACME"] } else { &[] };
            let words = [&[verb], about, &["--json", "--known-at", &known_at]].concat();
            let mut answer: Value = serde_json::from_str(&run(&words, zone)).unwrap();
            // What the answer leaves out is told of the log as it is now.
            answer["basis"].as_object_mut().unwrap().remove("learned_later");
            answer
        })
    };
    let first = ask("UTC");
    let zones = ["UTC", "Pacific/Kiritimati", "America/New_York", "Pacific/Pago_Pago", "nonsense"];
    for (n, zone) in zones.into_iter().enumerate() {
        run(&["record", "call", "ACME", &format!("call {n}"), "--in"], zone);
        let times = recorded(zone);
        assert!(
            times.is_sorted() || times.is_sorted_by(|one, two| one >= two),
            "{zone}: {times:?}"
        );
        assert_eq!(ask(zone), first, "{zone}");
    }
}
