//! One process holds a ledger, and every other command works all the same: through it while it
//! lives, in its place when it is gone.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FileType, Mode};
use rustix::process::{Pid, Signal, kill_process};

const HEAD: &str = "id,customer,when,direction,what\n";

struct Place {
    folder: tempfile::TempDir,
    dir: PathBuf,
}

/// An import that waits for the rest of its file, and so holds the ledger as long as a test wants.
struct Holder {
    child: Child,
    rest: Option<File>,
}

impl Place {
    fn new(dir: &str) -> Place {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join(dir);
        std::fs::create_dir_all(dir.parent().unwrap()).unwrap();
        let place = Place { folder, dir };
        place.done(&["init", "--name", "Test", "--zone", "UTC"]);
        place.done(&["record", "customer", "ACME", "--name", "Acme"]);
        place
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daybook"));
        command
            .args(arguments)
            .env("DAYBOOK_DIR", &self.dir)
            .env("DAYBOOK_HEADS", self.folder.path().join("heads"))
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    fn say(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.say(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn events(&self) -> u64 {
        let stats: serde_json::Value =
            serde_json::from_str(&self.done(&["stats", "--json"])).unwrap();
        stats["customer_events"].as_u64().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts an import and returns once it holds the ledger.
    fn holder(&self) -> Holder {
        let pipe = self.path("pipe.csv");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::from(0o600), 0).unwrap();
        let child = self.command(&["import", text(&pipe), "--mapping", "calls"]).spawn().unwrap();
        let mut rest = OpenOptions::new().write(true).open(&pipe).unwrap();
        rest.write_all(HEAD.as_bytes()).unwrap();
        let socket = self.dir.join("socket");
        until(|| socket.exists());
        Holder { child, rest: Some(rest) }
    }
}

impl Holder {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn finish(mut self, rows: &str) -> Output {
        let mut rest = self.rest.take().unwrap();
        rest.write_all(rows.as_bytes()).unwrap();
        drop(rest);
        self.child.wait_with_output().unwrap()
    }

    fn kill(mut self) {
        self.signal(Signal::KILL);
        self.child.wait().unwrap();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn until(mut done: impl FnMut() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(60), "it never happened");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_long_import_never_blocks_a_record() {
    let place = Place::new("ledger");
    let holder = place.holder();
    let started = Instant::now();
    let out = place.done(&["record", "call", "ACME", "while the import runs"]);
    assert!(out.contains("while the import runs"), "{out}");
    assert!(place.done(&["verify"]).contains("The ledger holds."));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let imported = holder.finish("1,ACME,2026-01-05 09:30,in,hello\n");
    assert!(imported.status.success(), "{imported:?}");
    assert_eq!(place.events(), 3);
    assert!(!place.dir.join("socket").exists(), "the socket goes with its holder");
}

#[test]
fn commands_at_the_same_time_all_get_through() {
    let place = Place::new("ledger");
    let record = |terminal: usize| {
        for call in 0..6 {
            place.done(&["record", "call", "ACME", &format!("call {call} of {terminal}")]);
        }
    };
    std::thread::scope(|scope| {
        for terminal in 0..6 {
            scope.spawn(move || record(terminal));
        }
    });
    assert_eq!(place.events(), 1 + 36);
    assert!(place.done(&["verify", "--derived"]).contains("The ledger holds."));
}

#[test]
fn a_path_longer_than_an_address_works() {
    let place = Place::new(&format!("{}/ledger", "long".repeat(50)));
    assert!(text(&place.dir).len() > 200);
    let holder = place.holder();
    place.done(&["record", "call", "ACME", "through the socket"]);
    assert!(holder.finish("").status.success());
    assert_eq!(place.events(), 2);
}

#[test]
fn a_holder_that_was_killed_is_followed_by_the_next() {
    let place = Place::new("ledger");
    place.holder().kill();
    assert!(place.dir.join("socket").exists(), "it had no time to tidy up");
    let started = Instant::now();
    place.done(&["record", "call", "ACME", "after the kill"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(place.events(), 2);
}

#[test]
fn an_import_goes_on_when_its_holder_is_killed() {
    const ROWS: u64 = 60_000;
    let place = Place::new("ledger");
    let mut rows = HEAD.to_owned();
    for row in 0..ROWS {
        rows.push_str(&format!("{row},C-{},2026-01-05 09:30,in,call {row}\n", row % 500));
    }
    std::fs::write(place.path("many.csv"), rows).unwrap();
    let holder = place.holder();
    let many = place.path("many.csv");
    let import = place.command(&["import", text(&many), "--mapping", "calls", "--json"]);
    let import = { import }.spawn().unwrap();
    until(|| place.events() > 1000);
    holder.kill();
    let imported = import.wait_with_output().unwrap();
    assert!(imported.status.success(), "{imported:?}");
    let report: serde_json::Value = serde_json::from_slice(&imported.stdout).unwrap();
    let figures = &report["figures"];
    assert_eq!(figures["rows"], ROWS);
    // What was acknowledged but not told any more before the kill counts as known.
    let (taken, known) = (figures["taken"].as_u64().unwrap(), figures["known"].as_u64().unwrap());
    assert_eq!(taken + known, ROWS, "{figures}");
    assert!(taken > 1000 && known < ROWS / 2, "{figures}");
    // Each row is a call, each customer was registered once.
    assert_eq!(place.events(), 1 + ROWS + 500);
}

#[test]
fn a_holder_that_does_not_answer_is_named_after_five_seconds() {
    let place = Place::new("ledger");
    let holder = place.holder();
    holder.signal(Signal::STOP);
    let started = Instant::now();
    let refused = place.say(&["record", "call", "ACME", "x", "--json"]);
    let waited = started.elapsed();
    assert!((4..15).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(refused.status.code(), Some(3), "{refused:?}");
    let error: serde_json::Value = serde_json::from_slice(&refused.stderr).unwrap();
    assert_eq!(error["code"], "held");
    let message = error["error"].as_str().unwrap();
    let named = format!("process {} (daybook import) since 20", holder.child.id());
    assert!(message.contains(&named), "{message}");
    assert!(place.done(&["verify"]).contains("The ledger holds."), "care works on files");
    holder.signal(Signal::CONT);
    place.done(&["record", "call", "ACME", "x"]);
    assert!(holder.finish("").status.success());
    assert_eq!(place.events(), 2);
}
