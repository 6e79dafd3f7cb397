//! R1: kill -9 at every call and at random moments; nothing acknowledged is lost, nothing is there
//! in part, requests sent again add nothing, and the ledger goes on.

use std::time::Duration;

use daybook_core::store::local::{IndexState, OpenReport};
use serde_json::{Value, json};

use super::child::Trial;
use super::tortured::What;
use super::{Dice, TortureError, io};

const BAR: &str = "R1";
const GROUPS: u64 = 60;
/// Lives of one ledger that are ended at random, before the next ledger is begun.
const LIVES: u64 = 25;

#[derive(Default)]
struct Found {
    killed: u64,
    acked: u64,
    calls_most: u64,
    quarantined: u64,
    rebuilt: u64,
}

impl Found {
    fn note(&mut self, report: &OpenReport) {
        self.quarantined += u64::from(report.quarantined.is_some());
        self.rebuilt += u64::from(is_rebuilt(report));
    }
}

/// A third of the trials each are of the log alone, of whole ledgers, and of ledgers with files; of each,
/// half kill at call 1, 2, 3 ..., half at random moments of a long life.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let mut figures = serde_json::Map::new();
    let part = count.div_ceil(2 * What::EACH.len() as u64);
    for what in What::EACH {
        let mut found = Found::default();
        at_each_call(what, part, &mut found)?;
        at_random(what, part, &mut found)?;
        let figure = json!({
            "killed": found.killed, "calls_of_a_run": found.calls_most,
            "acked_groups": found.acked, "quarantined": found.quarantined,
            "index_rebuilt": found.rebuilt,
        });
        figures.insert(what.word().to_owned(), figure);
    }
    figures.insert("bar".to_owned(), json!(BAR));
    figures.insert("trials".to_owned(), json!(part * 2 * What::EACH.len() as u64));
    figures.insert("lost".to_owned(), json!(0));
    figures.insert("partial".to_owned(), json!(0));
    Ok(Value::Object(figures))
}

fn at_each_call(what: What, count: u64, found: &mut Found) -> Result<(), TortureError> {
    let (mut seed, mut call) = (1, 0u64);
    // A small count is spread over the calls of a run, a large one takes each.
    let step = (2000 / count.max(1)).max(1);
    for trial in 0..count {
        call += 1 + (step - 1) * (trial % 2);
        let mut files = Trial::new(what, seed)?;
        files.set("DAYBOOK_REC_KILL", call);
        let ended = files.run(GROUPS)?;
        let (of, at) = (seed, call);
        if ended.is_some() {
            // The run was over before that call: begin anew with other groups.
            found.calls_most = found.calls_most.max(call - 1);
            (seed, call) = (seed + 1, 0);
        } else {
            found.killed += 1;
        }
        found.acked += files.acked();
        if files.is_unborn() {
            continue;
        }
        match files.check_left() {
            Ok(report) => found.note(&report),
            Err(problem) => {
                let trial = format!("{what:?} {trial}: killed at call {at}, seed {of}");
                return Err(files.broken(BAR, trial, problem));
            }
        }
    }
    Ok(())
}

fn at_random(what: What, count: u64, found: &mut Found) -> Result<(), TortureError> {
    let mut dice = Dice::new(count);
    let mut seed = 900;
    let mut files = Trial::new(what, seed)?;
    let mut before = 0;
    for trial in 0..count {
        if trial % LIVES == LIVES - 1 {
            found.acked += files.acked();
            seed += 1;
            files = Trial::new(what, seed)?;
            before = 0;
        }
        let mut child = files.start(1_000_000)?;
        std::thread::sleep(Duration::from_micros(2_000 + dice.below(90_000)));
        child.kill().map_err(io("killing the child"))?;
        child.wait().map_err(io("waiting for the child"))?;
        found.killed += 1;
        if files.is_unborn() {
            continue;
        }
        match what.check_left_as_it_is(&files.book(), files.acked(), before, seed) {
            Ok((report, groups)) => {
                before = groups;
                found.note(&report);
            }
            Err(problem) => {
                return Err(files.broken(BAR, format!("{what:?} at random {trial}"), problem));
            }
        }
    }
    found.acked += files.acked();
    Ok(())
}

pub(super) fn is_rebuilt(report: &OpenReport) -> bool {
    matches!(report.index, IndexState::Rebuilt { .. })
}
