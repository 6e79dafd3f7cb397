//! Appends made-up groups to a log or a whole ledger until told to stop or something fails, and writes
//! a line to the ack file after each append returned: `torture_child WHAT DIR GROUPS SEED ACKS FULL`.
//!
//! When the disk is full it shows that everything can still be read, removes the file FULL (space is
//! free again) and goes on. It ends with one line of JSON that says what happened.
#![allow(clippy::print_stdout)]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use daybook_tests::torture::groups::Log;
use daybook_tests::torture::ledger::Whole;
use daybook_tests::torture::tortured::{Failure, Tortured, What};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = match arguments.as_slice() {
        [what, dir, groups, seed, acks, full] => {
            let life = Life {
                dir: Path::new(dir),
                groups: groups.parse().unwrap_or(0),
                seed: seed.parse().unwrap_or(0),
                acks: Path::new(acks),
                full: Path::new(full),
            };
            match what.as_str() {
                word if word == What::Log.word() => live::<Log>(&life),
                word if word == What::Whole.word() => live::<Whole<false>>(&life),
                word if word == What::Files.word() => live::<Whole<true>>(&life),
                _ => json!({"outcome": "usage"}),
            }
        }
        _ => json!({"outcome": "usage"}),
    };
    println!("{said}");
}

struct Life<'a> {
    dir: &'a Path,
    groups: u64,
    seed: u64,
    acks: &'a Path,
    full: &'a Path,
}

fn live<T: Tortured>(life: &Life<'_>) -> Value {
    if !life.dir.exists()
        && let Err(refused) = T::create(life.dir)
    {
        return json!({"outcome": refused.code, "at": "create", "text": refused.text});
    }
    let mut opened = match T::open(life.dir, life.seed) {
        Ok((opened, _)) => opened,
        Err(refused) => {
            return json!({"outcome": refused.code, "at": "open", "text": refused.text});
        }
    };
    let mut acks = match OpenOptions::new().create(true).append(true).open(life.acks) {
        Ok(acks) => acks,
        Err(error) => return json!({"outcome": "no_acks", "text": error.to_string()}),
    };
    let mut full_seen = 0u64;
    for _ in 0..life.groups {
        let number = opened.number();
        loop {
            match opened.append() {
                Ok(()) => break,
                Err(Failure::DiskFull) => {
                    full_seen += 1;
                    if let Err(problem) = readable(life.dir, &opened, number) {
                        return json!({"outcome": "broken", "text": problem});
                    }
                    // Twice refused, then there is space again.
                    if full_seen.is_multiple_of(2) && std::fs::remove_file(life.full).is_err() {
                        return json!({"outcome": "disk_full", "groups": number});
                    }
                }
                Err(failure) => return after_failure(&mut opened, failure, number),
            }
        }
        if acks.write_all(format!("{number}\n").as_bytes()).is_err() {
            return json!({"outcome": "no_acks"});
        }
        match opened.tend() {
            Ok(()) | Err(Failure::DiskFull) => {}
            Err(failure) => return after_failure(&mut opened, failure, number + 1),
        }
    }
    match opened.close() {
        Ok(closed) => json!({
            "outcome": "done", "full_seen": full_seen,
            "index_problem": closed.index_problem, "seal_problem": closed.seal_problem,
        }),
        Err(failure) => {
            json!({"outcome": "not_closed", "full_seen": full_seen, "text": format!("{failure:?}")})
        }
    }
}

/// After a failure everything else must be refused, and everything acknowledged be readable.
fn after_failure<T: Tortured>(opened: &mut T, failure: Failure, acked: u64) -> Value {
    let (code, text) = match failure {
        Failure::Storage { code, text } => (code, text),
        Failure::Broken(text) => return json!({"outcome": "broken", "text": text}),
        Failure::DiskFull => return json!({"outcome": "disk_full", "groups": acked}),
    };
    for _ in 0..3 {
        if let Err(problem) = opened.refuses() {
            return json!({"outcome": "broken", "text": format!("after {code}, {text}: {problem}")});
        }
    }
    match opened.check(acked..=acked) {
        Ok(_) => json!({"outcome": code, "groups": acked, "text": text}),
        Err(problem) => json!({"outcome": "broken", "text": problem}),
    }
}

/// On a full disk everything can still be read and verified.
fn readable<T: Tortured>(dir: &Path, opened: &T, acked: u64) -> Result<(), String> {
    opened.check(acked..=acked)?;
    T::verify(dir)
}
