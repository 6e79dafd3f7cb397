//! Promise: a process that is killed while it rebuilds views leaves views that answer as before: the
//! old ones, the new ones, or none at all, which are folded again.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use daybook::demo::load::Load;
use daybook::demo::{self, ScriptClock, SeededEntropy};
use daybook_core::book::{self, OpenBook, Surroundings};
use daybook_core::ledger::Options;
use daybook_projections::View;
use daybook_projections::engine::{Digest, Views};

const REQUESTS: u64 = 1500;
const KILLS: u64 = 16;
const DIR: &str = "DAYBOOK_KILLED_VIEWS_DIR";

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

fn open(dir: &Path) -> OpenBook {
    let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
    book::open(dir, surroundings(dir, u64::from(std::process::id()), &clock)).expect("opened")
}

/// The child: rebuilds every view over and over, and says when it begins.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let open = open(dir);
    let views = Views::new(Some(dir), 2);
    println!("begins");
    loop {
        for view in View::ALL {
            views.rebuild(open.ledger.reader(), *view, &mut |_| true).expect("rebuilt");
        }
    }
}

fn digests(views: &Views, open: &OpenBook) -> Vec<Digest> {
    let digest = |view: &View| {
        views.ask(open.ledger.reader(), *view, |state| state.digest(2)).expect("asked")
    };
    View::ALL.iter().map(digest).collect()
}

#[test]
fn views_answer_as_before_whenever_their_rebuild_is_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().join("book");
    let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
    let genesis = demo::genesis(&mut SeededEntropy::new(3)).expect("a genesis");
    book::init(&dir, &genesis, surroundings(&dir, 3, &clock)).expect("founded");
    let filled = open(&dir);
    for step in Load::of_requests(3, REQUESTS).expect("a load") {
        clock.set(step.at);
        filled.ledger.submit_blocking(step.batch).expect("submitted");
    }
    let expected = digests(&Views::new(None, 2), &filled);
    filled.ledger.close().expect("closed");
    drop(filled.store);
    for number in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "child", "--nocapture"])
            .env(DIR, &dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a child");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.contains("begins"))));
        // Moments that share no rhythm with the rounds of the child.
        std::thread::sleep(Duration::from_micros(1_000 + number * 13_700));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let killed = open(&dir);
        let left = Views::new(Some(&dir), 2);
        assert_eq!(digests(&left, &killed), expected, "kill {number}");
        for view in View::ALL {
            let compared = left.compare(killed.ledger.reader(), *view).expect("compared");
            assert_eq!((compared.serving, compared.difference), (compared.rebuilt, None));
        }
        killed.ledger.close().expect("closed");
    }
}
