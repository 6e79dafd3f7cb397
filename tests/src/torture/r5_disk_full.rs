//! R5: the disk is full; nothing is acknowledged, nothing harmed, reading and verifying go on, and
//! so does everything when there is space again.

use std::path::Path;
use std::process::Command;

use daybook_core::store::local::{LocalStore, verify};
use serde_json::{Value, json};

use super::child::{Trial, said};
use super::groups::{check, check_left, options};
use super::{TortureError, io};

const BAR: &str = "R5";
const GROUPS: u64 = 40;

/// Lets space run out at the n-th call that needs some, n = 1..500, `count` of them evenly chosen;
/// then really, in a small file system in memory, where that can be mounted.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let step = (500 / count.clamp(1, 500)) as usize;
    let (mut resumed, mut before_open, mut unharmed, mut trials) = (0u64, 0u64, 0u64, 0u64);
    for nth in (1..=500u64).step_by(step) {
        trials += 1;
        let mut files = Trial::new(nth)?;
        std::fs::write(files.full(), b"").map_err(io("filling the disk"))?;
        let full = files.full().display().to_string();
        files
            .set("DAYBOOK_REC_FAIL", format!("space:{nth}:ENOSPC"))
            .set("DAYBOOK_REC_FAIL_WHILE", full);
        let mut said = files.run(GROUPS)?.unwrap_or_default();
        if said.get("at").is_some() {
            // It could not even begin; with space it must.
            before_open += 1;
            if said.get("outcome").and_then(Value::as_str) == Some("broken") {
                return Err(files.broken(BAR, format!("call {nth}"), said.to_string()));
            }
            drop(std::fs::remove_file(files.full()));
            said = files.run(GROUPS)?.unwrap_or_default();
        }
        match said.get("outcome").and_then(Value::as_str) {
            Some("done") => {}
            _ => return Err(files.broken(BAR, format!("call {nth}"), said.to_string())),
        }
        match said.get("full_seen").and_then(Value::as_u64) {
            Some(0) | None => unharmed += 1,
            Some(_) => resumed += 1,
        }
        let acked = files.acked();
        if let Err(problem) = check_left(&files.book(), acked, nth) {
            return Err(files.broken(BAR, format!("call {nth}"), problem));
        }
    }
    let real = really_full()?;
    Ok(json!({
        "bar": BAR, "trials": trials, "refused_then_resumed": resumed,
        "could_not_begin_then_did": before_open, "met_no_append": unharmed,
        "small_file_system": real,
    }))
}

/// Fills a real file system of 48 MiB beside the ledger, then frees it.
fn really_full() -> Result<Value, TortureError> {
    let files = Trial::new(4242)?;
    let root = files.root();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"])
        .arg(&root)
        .output()
        .is_ok_and(|output| output.status.success());
    if !mounted {
        return Ok(json!("not mounted: needs the right to"));
    }
    let result = fill_and_free(&files, &root);
    let unmounted = Command::new("umount").arg("-l").arg(&root).status();
    drop(unmounted);
    match result {
        Ok(found) => Ok(found),
        Err(problem) => Err(files.broken(BAR, "small file system".to_owned(), problem)),
    }
}

fn fill_and_free(files: &Trial, root: &Path) -> Result<Value, String> {
    let filler = root.join("filler");
    std::fs::write(&filler, vec![1u8; 20 << 20]).map_err(|error| error.to_string())?;
    // There is no file FULL for the child to remove, so it ends with `disk_full`.
    let first = files
        .start(200_000)
        .and_then(|child| child.wait_with_output().map_err(io("waiting for the child")));
    let first = first.map_err(|error| error.to_string())?;
    let first = said(&first).unwrap_or_default();
    let acked = files.acked();
    // Opened anew on the full disk, everything can still be read.
    let book = files.book();
    let (store, report) = LocalStore::open(&book, &options(&book))
        .map_err(|error| format!("it does not open on the full disk: {error}"))?;
    check(&store, acked)?;
    drop(store);
    let state = format!("{:?}", report.index);
    verify(&book, None, &mut |_| {}).map_err(|error| error.to_string())?;
    std::fs::remove_file(&filler).map_err(|error| error.to_string())?;
    if !matches!(first.get("outcome").and_then(Value::as_str), Some("disk_full")) {
        return Err(format!("it ended otherwise on a full disk: {first}"));
    }
    check_left(&files.book(), acked, 4242)?;
    Ok(
        json!({"acked_before_full": acked, "refused": first, "index_on_full_disk": state, "went_on_after": true}),
    )
}
