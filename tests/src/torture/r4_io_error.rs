//! R4: a sync or write fails; nothing is acknowledged, everything after is refused, no sync is tried
//! again, and after reopening the group is there whole or not at all. When it is a file that fails, it
//! is files that are refused from then on.

use serde_json::{Value, json};

use super::TortureError;
use super::child::Trial;
use super::io;
use super::log::{self, Op};
use super::tortured::What;

const BAR: &str = "R4";
const GROUPS: u64 = 40;
const VAULT: &str = "/vault/";
const VAULT_CALLS_MAX: u64 = 80;
const ATTACHMENTS: &str = "/attachments/";
const ATTACHMENTS_CALLS_MAX: u64 = 250;
/// Where calls are counted and fail: anywhere, then in the journal, the vault or the attachments alone,
/// where the failure meets an append.
const PLACES: &[(What, Option<&str>)] = &[
    (What::Log, None),
    (What::Log, Some("/journal/")),
    (What::Whole, None),
    (What::Whole, Some("/journal/")),
    (What::Whole, Some(VAULT)),
    (What::Files, None),
    (What::Files, Some(VAULT)),
    (What::Files, Some(ATTACHMENTS)),
];

/// Fails the n-th sync for n = 1..200 and the n-th write for n = 1..500, `count` of them evenly
/// chosen.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let all: Vec<(&str, u64)> =
        (1..=200).map(|n| ("sync", n)).chain((1..=500).map(|n| ("write", n))).collect();
    let step = (all.len() as u64 / count.max(1)).max(1) as usize;
    let (mut refused, mut unharmed, mut before_open, mut whole) = (0u64, 0u64, 0u64, 0u64);
    let (mut trials, mut by_keys, mut by_files) = (0u64, 0u64, 0u64);
    for (kind, nth) in all.iter().step_by(step) {
        for (what, within) in PLACES {
            // A run makes few key files and attachments: later calls on them never come.
            let calls_max = match *within {
                Some(VAULT) => VAULT_CALLS_MAX,
                Some(ATTACHMENTS) => ATTACHMENTS_CALLS_MAX,
                _ => u64::MAX,
            };
            if *nth > calls_max {
                continue;
            }
            trials += 1;
            let mut files = Trial::new(*what, *nth)?;
            files.record().set("DAYBOOK_REC_FAIL", format!("{kind}:{nth}:EIO"));
            if let Some(within) = within {
                files.set("DAYBOOK_REC_FAIL_IN", within);
            }
            let trial = format!("{what:?}: {kind} {nth} in {within:?}");
            let said = files.run(GROUPS)?.unwrap_or_default();
            let outcome = said.get("outcome").and_then(Value::as_str).unwrap_or("died");
            match outcome {
                "storage_failed" if said.get("at").is_some() => before_open += 1,
                "storage_failed" => {
                    refused += 1;
                    by_keys += u64::from(*within == Some(VAULT));
                    by_files += u64::from(*within == Some(ATTACHMENTS));
                }
                "done" | "not_closed" => unharmed += 1,
                _ => return Err(files.broken(BAR, trial, said.to_string())),
            }
            if said.get("at").is_none()
                && let Some(problem) = tried_again(&files)?
            {
                return Err(files.broken(BAR, trial, problem));
            }
            if files.is_unborn() {
                continue;
            }
            match files.check_left() {
                Ok(report) => whole += u64::from(report.quarantined.is_none()),
                Err(problem) => return Err(files.broken(BAR, trial, problem)),
            }
        }
    }
    Ok(json!({
        "bar": BAR, "trials": trials, "refused_storage_failed": refused,
        "of_these_by_a_key_file": by_keys, "of_these_by_an_attachment": by_files,
        "failed_before_open": before_open, "failure_met_no_append": unharmed,
        "opened_without_quarantine": whole, "acked_in_error": 0,
    }))
}

/// After a failed call on an open segment nothing may be written to it or synced again; after one on
/// a key file that is being made, or among the attachments, none is made.
fn tried_again(files: &Trial) -> Result<Option<String>, TortureError> {
    let entries = log::read(&files.log()).map_err(io("reading the recorder's log"))?;
    for folder in ["/vault/keys-", "/attachments"] {
        let made = |entry: &&log::Entry| {
            entry.path.to_string_lossy().contains(folder)
                && matches!(entry.op, Op::Open { .. } | Op::Write | Op::SyncReturned | Op::Rename)
        };
        let mut touched = entries.iter().filter(made);
        if touched.any(|entry| entry.result < 0)
            && let Some(again) = touched.next()
        {
            return Ok(Some(format!("{:?} of {} after a failure", again.op, again.path.display())));
        }
    }
    let open_segment = |entry: &&log::Entry| {
        entry.path.extension().is_some_and(|extension| extension == "seg")
            && matches!(entry.op, Op::Write | Op::SyncReturned | Op::Allocate)
    };
    let mut touched = entries.iter().filter(open_segment);
    let Some(failed) = touched.find(|entry| entry.result < 0) else { return Ok(None) };
    // Bytes of a cut write may be taken back by zeros; a sync never follows.
    Ok(touched
        .find(|entry| entry.op == Op::SyncReturned)
        .map(|again| format!("{} was synced after {:?} failed", again.path.display(), failed.op)))
}
