//! R1: kill -9 at every call and at random moments; nothing acknowledged is lost, nothing is there
//! in part, and the ledger goes on.

use std::time::Duration;

use serde_json::{Value, json};

use super::child::Trial;
use super::groups::check_left;
use super::{Dice, TortureError, io};

const BAR: &str = "R1";
const GROUPS: u64 = 60;

/// Half of the trials kill at call 1, 2, 3 ..., half at random moments of a long life.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let (mut quarantined, mut rebuilt, mut killed, mut acked_all) = (0u64, 0u64, 0u64, 0u64);
    let mut seed = 1;
    let mut call = 0u64;
    let mut calls_most = 0u64;
    for trial in 0..count / 2 {
        call += 1;
        let mut files = Trial::new(seed)?;
        files.set("DAYBOOK_REC_KILL", call);
        let ended = files.run(GROUPS)?;
        if ended.is_some() {
            // The run was over before that call: begin anew with other groups.
            calls_most = calls_most.max(call - 1);
            (seed, call) = (seed + 1, 0);
        } else {
            killed += 1;
        }
        let acked = files.acked();
        acked_all += acked;
        if !files.book().exists() && acked == 0 {
            continue;
        }
        match check_left(&files.book(), acked, seed) {
            Ok(report) => {
                quarantined += u64::from(report.quarantined.is_some());
                rebuilt += u64::from(is_rebuilt(&report));
            }
            Err(problem) => {
                let trial = format!("{trial}: killed at call {call}, seed {seed}");
                return Err(files.broken(BAR, trial, problem));
            }
        }
    }
    let mut dice = Dice::new(count);
    let mut files = Trial::new(900)?;
    let mut before = 0;
    for trial in 0..count - count / 2 {
        if trial % 25 == 24 {
            files = Trial::new(901 + trial)?;
            before = 0;
        }
        let mut child = files.start(1_000_000)?;
        std::thread::sleep(Duration::from_micros(2_000 + dice.below(90_000)));
        child.kill().map_err(io("killing the child"))?;
        child.wait().map_err(io("waiting for the child"))?;
        killed += 1;
        let acked = files.acked();
        if !files.book().exists() && acked == 0 {
            continue;
        }
        let left = super::groups::check_left_as_it_is(&files.book(), acked, before);
        match left {
            Ok((report, groups)) => {
                before = groups;
                quarantined += u64::from(report.quarantined.is_some());
                rebuilt += u64::from(is_rebuilt(&report));
            }
            Err(problem) => {
                return Err(files.broken(BAR, format!("random {trial}"), problem));
            }
        }
        acked_all = acked_all.max(acked);
    }
    Ok(json!({
        "bar": BAR, "trials": count, "killed": killed, "calls_of_a_run": calls_most,
        "acked_groups": acked_all, "quarantined": quarantined, "index_rebuilt": rebuilt,
        "lost": 0, "partial": 0,
    }))
}

pub(super) fn is_rebuilt(report: &daybook_core::store::local::OpenReport) -> bool {
    matches!(report.index, daybook_core::store::local::IndexState::Rebuilt { .. })
}
