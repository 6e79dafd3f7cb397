//! P9: memory while events are taken in.

use std::process::Command;
use std::sync::Arc;

use daybook::demo::load::{Load, REQUESTS_A_CUSTOMER};
use daybook::demo::{OPENED_AT, ScriptClock};
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P9",
    what: "memory of ingest: at five times the events <= before + 64 MiB + 3,072 bytes a new customer",
    run,
};

const FLAT_BYTES: u64 = 64 << 20;
/// Decision states and seen requests of a customer with ten events; bounded by the states' cache.
const CUSTOMER_BYTES: u64 = 3072;

fn run(scale: Scale) -> Measured<Figures> {
    let (small, large) = match scale {
        Scale::Check => (50_000, 250_000),
        Scale::S => (100_000, 500_000),
        Scale::M | Scale::L => (1_000_000, 5_000_000),
    };
    let ground = Ground::new("p9")?;
    let output = Command::new(std::env::current_exe()?)
        .args(["child", "p9"])
        .arg(ground.path())
        .args([small.to_string(), large.to_string()])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let figure = |name: &str| figures.get(name).and_then(Value::as_u64).unwrap_or_default();
    let (before, after) = (figure("before"), figure("after"));
    let new_customers = (large - small) / REQUESTS_A_CUSTOMER;
    let allowed = before + FLAT_BYTES + CUSTOMER_BYTES * new_customers;
    let grown = after.saturating_sub(before);
    Ok(Figures::new(
        after <= allowed,
        json!({
            "events_before": small, "events_after": large, "bytes_before": before,
            "bytes_after": after, "bytes_allowed": allowed, "new_customers": new_customers,
            "bytes_a_new_customer": rounded(grown as f64 / new_customers as f64),
        }),
    ))
}

/// Takes events in and prints the resident memory at two points.
pub fn child(words: &[&str]) -> ChoreResult {
    let [folder, small, large] = words else { return Err("child p9 FOLDER SMALL LARGE".into()) };
    let (small, large): (u64, u64) = (small.parse()?, large.parse()?);
    let dir = std::path::Path::new(folder).join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    let (mut done, mut before) = (0, 0);
    for step in Load::of_requests(9, large)? {
        clock.set(step.at);
        done += step.batch.units.len() as u64;
        submit(&book.ledger, step.batch)?;
        if before == 0 && done >= small {
            book.store.wait_for_index();
            before = resident_bytes()?;
        }
    }
    book.store.wait_for_index();
    println!("{}", json!({ "before": before, "after": resident_bytes()? }));
    book.ledger.close()?;
    Ok(true)
}

/// Reads the most memory that was ever resident in the process (proc(5), status: VmHWM, in KiB).
pub fn most_resident_bytes() -> Measured<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()).ok_or("no VmHWM")?;
    Ok(kib.parse::<u64>()? << 10)
}

/// Reads the process's resident memory (proc(5), statm: the second figure, in pages).
pub fn resident_bytes() -> Measured<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm.split_whitespace().nth(1).ok_or("statm is empty")?.parse()?;
    Ok(pages * rustix::param::page_size() as u64)
}
