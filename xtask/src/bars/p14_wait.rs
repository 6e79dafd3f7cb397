//! P14: a person writes one fact down, with nobody holding the ledger: from shell to prompt.

use std::process::{Command, Stdio};
use std::time::Instant;

use daybook::demo::load::REQUESTS_A_CUSTOMER;
use serde_json::json;

use super::ground::{Ground, Measured};
use super::p10_http::{believe_the_clock, daybook_command};
use super::{Bar, Figures, Scale, median, p5_open, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P14",
    what: "daybook record with no server running: <= 300 ms from shell to prompt",
    run,
};

const MS_MAX: f64 = 300.0;
const ROUNDS: u64 = 15;

fn run(scale: Scale) -> Measured<Figures> {
    let events = match scale {
        Scale::Check => 100_000,
        Scale::S => 200_000,
        Scale::M => 1_000_000,
        Scale::L => 5_000_000,
    };
    crate::torture::build()?;
    let ground = Ground::new("p14")?;
    let dir = ground.path().join("book");
    p5_open::in_child("build", &dir, events)?;
    believe_the_clock(&dir)?;
    let rank = events / REQUESTS_A_CUSTOMER / 50;
    let (mut records, mut floors) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let floor = waited(&mut Command::new("true"))?;
        let mut command = daybook_command(&dir)?;
        command.args(["record", "call", &format!("C-{}", rank + round), "asked for the price"]);
        let record = waited(&mut command)?;
        // The first round reads the program in.
        if round > 0 {
            floors.push(floor);
            records.push(record);
        }
    }
    let (slowest, ms) = (records.iter().copied().fold(0.0, f64::max), median(records));
    let floor = median(floors);
    Ok(Figures::new(
        ms <= MS_MAX,
        json!({
            "ms": rounded(ms), "ms_max": MS_MAX, "ms_slowest": rounded(slowest),
            "ms_of_true": rounded(floor), "ratio_to_true": rounded(ms / floor),
            "events": events, "rounds": ROUNDS,
        }),
    ))
}

/// Runs a command to its end; returns milliseconds.
fn waited(command: &mut Command) -> Measured<f64> {
    let started = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let elapsed = started.elapsed();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(elapsed.as_secs_f64() * 1000.0)
}
