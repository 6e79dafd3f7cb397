//! The durability bars: they live in the `tests` crate; this builds what they need, runs them, and
//! prints their figures.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use daybook_tests::torture::{self, log};
use serde_json::json;

use crate::ChoreResult;
use crate::bars::{Measured, rounded};

/// A bar, what it shows, its full count and the count of `check`.
const BARS: &[(&str, &str, u64, u64)] = &[
    (
        "R1",
        "kill -9 at every call and at random: nothing acknowledged lost, nothing in part",
        10_000,
        200,
    ),
    (
        "R2",
        "power cut: every image a crash may leave opens with all that was acknowledged",
        20_000,
        300,
    ),
    ("R3", "an acknowledgement implies a real sync of the right file", 10_000, 1000),
    ("R4", "a failing sync or write: no acknowledgement, read-only, whole or not at all", 700, 70),
    ("R5", "a full disk: no acknowledgement, nothing corrupt, goes on by itself", 500, 50),
    ("R8", "a deleted, emptied, exchanged or older file: refused, never an empty ledger", 200, 60),
    ("R9", "sled deleted or damaged: rebuilt, equal, fast enough", 200, 20),
    (
        "R11",
        "a reference model takes and refuses the same and answers the same at every basis",
        100_000,
        2_000,
    ),
    (
        "R12",
        "16 clients, kills, broken connections: order, versions, nothing lost, doubled or ahead",
        200_000,
        5_000,
    ),
];

/// Lists the bars.
pub fn list() {
    for (id, what, full, _) in BARS {
        println!("{id:4} {what} ({full} trials)");
    }
}

/// Runs the named bars, or all, at their full or the given count.
pub fn run(words: &[&str]) -> ChoreResult {
    let (mut count, mut names) = (None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if *word == "--count" {
            count = Some(words.next().ok_or("--count takes a number")?.parse()?);
        } else {
            names.push(word.to_uppercase());
        }
    }
    if let Some(unknown) = names.iter().find(|name| !BARS.iter().any(|(id, ..)| id == name)) {
        return Err(format!("there is no bar {unknown}; `cargo xtask bars` lists them").into());
    }
    build()?;
    let mut held = true;
    for (id, _, full, _) in BARS {
        if names.is_empty() || names.iter().any(|name| name == id) {
            held &= one(id, count.unwrap_or(*full));
        }
    }
    Ok(held)
}

/// Runs every bar at the small count; returns those that did not hold.
pub fn check() -> Measured<Vec<String>> {
    build()?;
    let mut failed = Vec::new();
    for (id, what, _, small) in BARS {
        if !one(id, *small) {
            failed.push(format!("{id}: {what}"));
        }
    }
    Ok(failed)
}

fn one(id: &str, count: u64) -> bool {
    let started = Instant::now();
    let (held, figures) = match torture::run(id, count) {
        Ok(figures) => (true, figures),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            (false, json!({ "error": error.to_string(), "because": cause }))
        }
    };
    let seconds = rounded(started.elapsed().as_secs_f64());
    println!(
        "{}",
        json!({ "bar": id, "held": held, "trials": count, "seconds": seconds, "figures": figures })
    );
    held
}

/// Builds the recorder, the program that is tortured and the command, beside the running program.
pub fn build() -> Measured<()> {
    let packages =
        ["--package", "daybook-recorder", "--package", "daybook-tests", "--package", "daybook"];
    let built =
        Command::new("cargo").args(["build", "--release", "--quiet"]).args(packages).status()?;
    if built.success() { Ok(()) } else { Err("the recorder or its child did not build".into()) }
}

/// Builds the recorder and returns its library.
pub fn recorder() -> Measured<PathBuf> {
    build()?;
    let running = std::env::current_exe()?;
    let beside = running.parent().unwrap_or(Path::new(".")).join("libdaybook_recorder.so");
    Ok(beside.canonicalize()?)
}

/// Counts syncs and writes of the journal's open segments in a recording. A sync that follows nothing
/// but a change of a segment's size (when it is made and when the book is closed) is no group's.
pub fn journal_syncs_and_writes(recording: &Path) -> Measured<(u64, u64)> {
    let (mut syncs, mut writes, mut resized) = (0, 0, false);
    for entry in log::read(recording)? {
        if entry.path.extension().is_none_or(|extension| extension != "seg") {
            continue;
        }
        match entry.op {
            log::Op::Write => {
                writes += 1;
                resized = false;
            }
            log::Op::Allocate | log::Op::Truncate => resized = true,
            log::Op::SyncReturned if !std::mem::take(&mut resized) => syncs += 1,
            _ => {}
        }
    }
    Ok((syncs, writes))
}
