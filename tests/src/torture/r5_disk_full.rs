//! R5: the disk is full; nothing is acknowledged, nothing harmed, reading and verifying go on, and
//! so does everything when there is space again.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::child::{Trial, said};
use super::groups::Log;
use super::ledger::Whole;
use super::tortured::{Failure, Tortured, What};
use super::{TortureError, io};

const BAR: &str = "R5";
const GROUPS: u64 = 40;

#[derive(Default)]
struct Found {
    trials: u64,
    resumed: u64,
    before_open: u64,
    unharmed: u64,
}

/// Lets space run out at the n-th call that needs some, n = 1..500, `count` of them evenly chosen, of
/// the log alone, of a whole ledger and of one with files; then really, in small file systems in
/// memory, where those can be mounted.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let step = (500 / count.clamp(1, 500)) as usize;
    let mut found = Found::default();
    for nth in (1..=500u64).step_by(step) {
        for what in What::EACH {
            at_call(what, nth, &mut found)?;
        }
    }
    let log = really_full::<Log>(What::Log, 48 << 20, 20 << 20)?;
    let whole = really_full::<Whole<false>>(What::Whole, 96 << 20, 54 << 20)?;
    // Uploads leave 64 MiB to the journal: they are what is refused first.
    let files = really_full::<Whole<true>>(What::Files, 176 << 20, 88 << 20)?;
    Ok(json!({
        "bar": BAR, "trials": found.trials, "refused_then_resumed": found.resumed,
        "could_not_begin_then_did": found.before_open, "met_no_append": found.unharmed,
        "small_file_system": { "log": log, "whole": whole, "files": files },
    }))
}

fn at_call(what: What, nth: u64, found: &mut Found) -> Result<(), TortureError> {
    found.trials += 1;
    let trial = format!("{what:?}, call {nth}");
    let mut files = Trial::new(what, nth)?;
    std::fs::write(files.full(), b"").map_err(io("filling the disk"))?;
    let full = files.full().display().to_string();
    files
        .set("DAYBOOK_REC_FAIL", format!("space:{nth}:ENOSPC"))
        .set("DAYBOOK_REC_FAIL_WHILE", full);
    let mut said = files.run(GROUPS)?.unwrap_or_default();
    if said.get("at").is_some() {
        // It could not even begin; with space it must.
        found.before_open += 1;
        if said.get("outcome").and_then(Value::as_str) != Some("disk_full") {
            return Err(files.broken(BAR, trial, said.to_string()));
        }
        drop(std::fs::remove_file(files.full()));
        said = files.run(GROUPS)?.unwrap_or_default();
    }
    if said.get("outcome").and_then(Value::as_str) != Some("done") {
        return Err(files.broken(BAR, trial, said.to_string()));
    }
    match said.get("full_seen").and_then(Value::as_u64) {
        Some(0) | None => found.unharmed += 1,
        Some(_) => found.resumed += 1,
    }
    match files.check_left() {
        Ok(_) => Ok(()),
        Err(problem) => Err(files.broken(BAR, trial, problem)),
    }
}

/// Fills a real file system of `size` bytes with the ledger and a filler beside it, then frees it.
fn really_full<T: Tortured>(what: What, size: u64, filler: usize) -> Result<Value, TortureError> {
    let files = Trial::new(what, 4242)?;
    let root = files.root();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
        .arg(&root)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        return Ok(json!("not mounted: needs the right to"));
    }
    let result = fill_and_free::<T>(&files, &root, filler);
    let unmounted = Command::new("umount").arg("-l").arg(&root).status();
    drop(unmounted);
    match result {
        Ok(found) => Ok(found),
        Err(problem) => Err(files.broken(BAR, format!("{what:?}, small file system"), problem)),
    }
}

fn fill_and_free<T: Tortured>(files: &Trial, root: &Path, filler: usize) -> Result<Value, String> {
    let (first, second) = (root.join("filler"), root.join("filler-of-the-rest"));
    std::fs::write(&first, vec![1u8; filler]).map_err(|error| error.to_string())?;
    // There is no file FULL for the child to remove, so it ends with `disk_full`.
    let child = files
        .start(200_000)
        .and_then(|child| child.wait_with_output().map_err(io("waiting for the child")));
    let refused = said(&child.map_err(|error| error.to_string())?).unwrap_or_default();
    if refused.get("outcome").and_then(Value::as_str) != Some("disk_full") {
        return Err(format!("it ended otherwise on a full disk: {refused}"));
    }
    // The last spare bytes are taken by someone else; opened anew, everything can still be read.
    let filled = std::fs::write(&second, vec![1u8; 256 << 20]);
    if filled.is_ok() {
        return Err("the file system did not become full".to_owned());
    }
    let (book, acked) = (files.book(), files.acked());
    let (mut opened, report) = T::open(&book, 4242)
        .map_err(|error| format!("it does not open on the full disk: {}", error.text))?;
    opened.check(acked..=acked + 1)?;
    let mut refusals = 0;
    while refusals == 0 {
        match opened.append() {
            // Space that was taken before is still used up.
            Ok(()) => {}
            Err(Failure::DiskFull) => refusals += 1,
            Err(other) => return Err(format!("it was refused otherwise: {other:?}")),
        }
    }
    let groups = opened.number();
    opened.check(groups..=groups)?;
    drop(opened);
    T::verify(&book)?;
    for filler in [first, second] {
        std::fs::remove_file(filler).map_err(|error| error.to_string())?;
    }
    super::tortured::check_left::<T>(&book, groups..=groups, 4242)?;
    Ok(json!({
        "acked_before_full": acked, "refused": refused,
        "index_on_full_disk": format!("{:?}", report.index), "went_on_after": true,
    }))
}
