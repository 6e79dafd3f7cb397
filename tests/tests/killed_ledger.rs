//! A whole ledger, vault and tree heads included, is killed at random while it takes requests in:
//! nothing acknowledged is lost, sending everything again adds nothing twice, and every personal
//! section still opens.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use daybook::demo::load::Load;
use daybook::demo::{self, ScriptClock, SeededEntropy};
use daybook_core::book::{self, OpenBook, Surroundings};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, Options};

const REQUESTS: u64 = 6000;
const UNITS_A_BATCH: usize = 10;
const KILLS: u64 = 20;
const DIR: &str = "DAYBOOK_KILLED_LEDGER_DIR";

fn surroundings(dir: &Path, seed: u64, clock: &Arc<ScriptClock>) -> Surroundings {
    Surroundings {
        heads_outside: Some(dir.with_extension("heads")),
        command: "test".to_owned(),
        clock: Arc::<ScriptClock>::clone(clock),
        entropy: Box::new(SeededEntropy::new(seed)),
        options: Options::default(),
        segment_size_bytes: 512 << 10,
    }
}

fn open(dir: &Path, seed: u64, clock: &Arc<ScriptClock>) -> OpenBook {
    book::open(dir, surroundings(dir, seed, clock)).expect("a killed ledger opens by itself")
}

/// The child: sends the whole load from its beginning, with keys, and notes what was acknowledged.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
    let open = open(dir, u64::from(std::process::id()), &clock);
    let mut acks = std::fs::File::create(dir.with_extension("acks")).expect("acks");
    let mut acked = 0;
    for step in Load::of_requests(5, REQUESTS).expect("a load").with_keys() {
        clock.set(step.at);
        let Batch { actor, source, units, mode } = step.batch;
        for units in units.chunks(UNITS_A_BATCH) {
            let batch =
                Batch { actor: actor.clone(), source: source.clone(), units: units.to_vec(), mode };
            let answer = open.ledger.submit_blocking(batch).expect("submitted");
            acked += answer.units.iter().filter(|unit| unit.is_ok()).count();
            writeln!(acks, "{acked}").expect("noted");
        }
    }
    open.ledger.close().expect("closed");
}

fn start(dir: &Path) -> std::process::Child {
    Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "child"])
        .env(DIR, dir)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child")
}

/// Requests the ledger has taken, each counted by the mark on its first event; checks that every
/// personal section opens.
fn taken(open: &OpenBook) -> u64 {
    let reader = open.ledger.reader();
    let mut taken = 0;
    for event in reader.events(Query::default()) {
        let (event, hash) = event.expect("an event");
        taken += u64::from(event.envelope.request.is_some());
        let opened = reader.open_sections(event, hash).expect("opens");
        assert_eq!(opened.erased_sections, 0);
        assert!(!opened.event.body.to_json().unwrap().to_string().contains("\"sealed\""));
    }
    taken
}

#[test]
fn nothing_acknowledged_is_lost_and_retries_add_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("book");
    let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
    let mut seed = SeededEntropy::new(3);
    let genesis = demo::genesis(&mut seed).expect("a genesis");
    book::init(&dir, &genesis, surroundings(&dir, 3, &clock)).expect("made");
    let mut most = 0;
    for kill in 0..KILLS {
        let mut child = start(&dir);
        std::thread::sleep(Duration::from_millis(60 + kill * 37 % 400));
        child.kill().expect("killed");
        child.wait().expect("gone");
        let acks = std::fs::read_to_string(dir.with_extension("acks")).unwrap_or_default();
        let whole = acks.rfind('\n').map_or("", |end| &acks[..end]);
        let acked: u64 = whole.lines().last().and_then(|line| line.parse().ok()).unwrap_or(0);
        let open = open(&dir, 1000 + kill, &clock);
        let taken = taken(&open);
        assert!(taken >= acked, "kill {kill}: {acked} acknowledged, {taken} there");
        assert!(taken >= most, "kill {kill}: {most} were there before, {taken} now");
        most = taken;
        open.ledger.close().expect("closed");
    }
    let output = start(&dir).wait_with_output().expect("ran to its end");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let open = open(&dir, 9, &clock);
    assert_eq!(taken(&open), REQUESTS, "every request once");
    open.ledger.close().expect("closed");
    drop(open.store);
    let heads = dir.with_extension("heads");
    book::verify(&dir, Some(&heads), &mut |_| {}).expect("verifies");
}
