//! Appends made-up groups to a ledger until told to stop or something fails, and writes a line to
//! the ack file after each append returned: `torture_child DIR GROUPS SEED ACKS FULL`.
//!
//! When the disk is full it shows that everything can still be read, removes the file FULL (space is
//! free again) and goes on. It ends with one line of JSON that says what happened.
#![allow(clippy::print_stdout)]

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use daybook_core::store::local::{LocalStore, StoreOpenError, verify};
use daybook_core::store::{AppendError, LogStore, StoreError};
use daybook_tests::torture::groups::{Maker, check, identity, note, now, options};
use serde_json::{Value, json};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let said = match arguments.as_slice() {
        [dir, groups, seed, acks, full] => work(
            Path::new(dir),
            groups.parse().unwrap_or(0),
            seed.parse().unwrap_or(0),
            Path::new(acks),
            Path::new(full),
        ),
        _ => json!({"outcome": "usage"}),
    };
    println!("{said}");
}

fn work(dir: &Path, groups: u64, seed: u64, acks: &Path, full: &Path) -> Value {
    let options = options(dir);
    if !dir.exists()
        && let Err(error) = LocalStore::create(dir, &identity(), &options)
    {
        return json!({"outcome": open_code(&error), "at": "create", "text": chain(&error)});
    }
    let store = match LocalStore::open(dir, &options) {
        Ok((store, _)) => store,
        Err(error) => {
            return json!({"outcome": open_code(&error), "at": "open", "text": chain(&error)});
        }
    };
    let mut maker = match Maker::after(seed, &store) {
        Ok(maker) => maker,
        Err(problem) => return json!({"outcome": "broken", "text": problem}),
    };
    let mut acks = match OpenOptions::new().create(true).append(true).open(acks) {
        Ok(acks) => acks,
        Err(error) => return json!({"outcome": "no_acks", "text": error.to_string()}),
    };
    let mut full_seen = 0u64;
    for _ in 0..groups {
        let number = maker.group();
        let group = match maker.make() {
            Ok(group) => group,
            Err(problem) => return json!({"outcome": "broken", "text": problem}),
        };
        loop {
            match now(store.append(group.clone())) {
                Ok(()) => break,
                Err(AppendError::DiskFull { .. }) => {
                    full_seen += 1;
                    if let Err(problem) = readable(dir, &store, number) {
                        return json!({"outcome": "broken", "text": problem});
                    }
                    // Twice refused, then there is space again.
                    if full_seen.is_multiple_of(2) && std::fs::remove_file(full).is_err() {
                        return json!({"outcome": "disk_full", "groups": number});
                    }
                }
                Err(error) => return after_failure(&store, &error, group, number),
            }
        }
        if acks.write_all(format!("{number}\n").as_bytes()).is_err() {
            return json!({"outcome": "no_acks"});
        }
        if number % 7 == 3 {
            match now(store.keep_tree_head(&note(&store.head().tree))) {
                Ok(()) | Err(AppendError::DiskFull { .. }) => {}
                Err(error) => return after_failure(&store, &error, group, number + 1),
            }
        }
    }
    let status = store.status();
    let closed = now(store.close());
    json!({
        "outcome": match closed { Ok(()) => "done", Err(_) => "not_closed" },
        "full_seen": full_seen,
        "index_problem": status.index_problem,
        "seal_problem": status.seal_problem,
    })
}

/// After a failure everything else must be refused, and everything acknowledged be readable.
fn after_failure(
    store: &LocalStore,
    error: &AppendError,
    group: daybook_core::store::Group,
    acked: u64,
) -> Value {
    let outcome = match error {
        AppendError::StorageFailed { .. } => "storage_failed",
        AppendError::ReadOnly => "read_only",
        _ => "other",
    };
    let mut group = group;
    group.first = store.head().next;
    for _ in 0..3 {
        if !matches!(now(store.append(group.clone())), Err(AppendError::ReadOnly)) {
            return json!({"outcome": "broken", "text": "it is not read-only after a failure"});
        }
    }
    match check(store, acked) {
        Ok(groups) if groups == acked => json!({"outcome": outcome, "groups": acked}),
        Ok(groups) => json!({"outcome": "broken", "text": format!("{groups} visible of {acked}")}),
        Err(problem) => json!({"outcome": "broken", "text": problem}),
    }
}

/// On a full disk everything can still be read and verified.
fn readable(dir: &Path, store: &LocalStore, acked: u64) -> Result<(), String> {
    check(store, acked)?;
    verify(dir, None, &mut |_| {}).map(|_| ()).map_err(|error| format!("verify: {error}"))
}

fn open_code(error: &StoreOpenError) -> &'static str {
    match error {
        StoreOpenError::Store(StoreError::Io { source, .. })
            if source.kind() == std::io::ErrorKind::StorageFull =>
        {
            "disk_full"
        }
        other => other.code(),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
