//! P5: opening, until the first acknowledged append and the first customer read.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::{Load, REQUESTS_A_CUSTOMER};
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::StreamId;
use daybook_core::id::CustomerCode;
use daybook_core::time::Timestamp;
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P5",
    what: "open, until the first acknowledged append and the first customer read: large <= 3 x small",
    run,
};

const RATIO_MAX: f64 = 3.0;
const ROUNDS: usize = 7;
/// Batches of 1,000 that are in the journal's tail when a process dies.
const KILLED_AFTER_BATCHES: u64 = 5;

fn run(scale: Scale) -> Measured<Figures> {
    let (small, large) = match scale {
        Scale::Check => (10_000, 100_000),
        Scale::S => (20_000, 200_000),
        Scale::M => (100_000, 1_000_000),
        Scale::L => (100_000, 5_000_000),
    };
    let ground = Ground::new("p5")?;
    let (small_dir, large_dir) = (ground.path().join("small"), ground.path().join("large"));
    in_child("build and kill", &small_dir, small)?;
    in_child("build and kill", &large_dir, large)?;
    // Each is opened for the first time after the only run it ever had was killed.
    let (first_small, first_large) = (opened(&small_dir, small)?.ms, opened(&large_dir, large)?.ms);
    let (mut smalls, mut larges, mut of_largest) = (Vec::new(), Vec::new(), Vec::new());
    let (mut killed_smalls, mut killed_larges) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        smalls.push(opened(&small_dir, small)?.ms);
        let opening = opened(&large_dir, large)?;
        larges.push(opening.ms);
        of_largest.push(opening.ms_largest);
    }
    for _ in 0..ROUNDS {
        in_child("kill", &small_dir, small)?;
        in_child("kill", &large_dir, large)?;
        killed_smalls.push(opened(&small_dir, small)?.ms);
        killed_larges.push(opened(&large_dir, large)?.ms);
    }
    let ratio_of = |large: &[f64], small: &[f64]| median(large.to_vec()) / median(small.to_vec());
    let ratio = ratio_of(&larges, &smalls);
    let after_kill = ratio_of(&killed_larges, &killed_smalls);
    let after_long_run = first_large / first_small;
    Ok(Figures::new(
        [ratio, after_kill, after_long_run].iter().all(|ratio| *ratio <= RATIO_MAX),
        json!({
            "ratio": rounded(ratio), "ratio_max": RATIO_MAX,
            "ratio_after_kill": rounded(after_kill),
            "ratio_after_a_killed_long_run": rounded(after_long_run), "rounds": ROUNDS,
            "events_small": small, "events_large": large,
            "ms_small": rounded(median(smalls)), "ms_large": rounded(median(larges)),
            "ms_small_after_kill": rounded(median(killed_smalls)),
            "ms_large_after_kill": rounded(median(killed_larges)),
            "ms_small_after_a_killed_long_run": rounded(first_small),
            "ms_large_after_a_killed_long_run": rounded(first_large),
            // Not part of the bar: its decision state is the largest there is.
            "ms_first_append_to_the_largest_customer": rounded(median(of_largest)),
        }),
    ))
}

struct Opening {
    ms: f64,
    ms_largest: f64,
}

fn opened(dir: &Path, requests: u64) -> Measured<Opening> {
    let figures = in_child("open", dir, requests)?;
    let figure = |name| figures.get(name).and_then(Value::as_f64).ok_or("no figure came back");
    Ok(Opening { ms: figure("ms")?, ms_largest: figure("ms_largest")? })
}

pub(super) fn in_child(what: &str, dir: &Path, requests: u64) -> Measured<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["child", "p5", what]).arg(dir).arg(requests.to_string()).output()?;
    if what.ends_with("kill") {
        return Ok(Value::Null);
    }
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Builds a book, opens it, or appends to it and dies.
pub fn child(words: &[&str]) -> ChoreResult {
    let [what, dir, requests] = words else { return Err("child p5 WHAT DIR REQUESTS".into()) };
    let dir = Path::new(dir);
    let requests: u64 = requests.parse()?;
    let clock = Arc::new(ScriptClock::new(Timestamp(OPENED_AT.0)));
    // Customers are numbered by their rank in the load. The first has by far the longest history; at
    // a fiftieth of the ranks it is some forty events in a load of any size.
    let named = |rank: u64| -> Measured<StreamId> {
        Ok(StreamId::Customer(CustomerCode::new(format!("C-{rank}"))?))
    };
    let rank = requests / REQUESTS_A_CUSTOMER / 50;
    let (largest, ordinary, other) = (named(1)?, named(rank)?, named(rank + 1)?);
    match *what {
        "build" | "build and kill" => {
            ground::init(dir, &clock)?;
            let book = ground::open(dir, &clock)?;
            for step in Load::of_requests(5, requests)? {
                clock.set(step.at);
                submit(&book.ledger, step.batch)?;
            }
            if *what == "build and kill" {
                std::process::abort();
            }
            book.ledger.close()?;
            println!("{}", json!({}));
        }
        "open" => {
            let started = Instant::now();
            let book = ground::open(dir, &clock)?;
            submit(&book.ledger, interaction(&ordinary)?)?;
            let history = book.ledger.reader().history(&ordinary)?.len();
            let elapsed = started.elapsed();
            let started = Instant::now();
            submit(&book.ledger, interaction(&largest)?)?;
            let largest = started.elapsed();
            book.ledger.close()?;
            println!(
                "{}",
                json!({
                    "ms": elapsed.as_secs_f64() * 1000.0, "history": history,
                    "ms_largest": largest.as_secs_f64() * 1000.0,
                })
            );
        }
        "kill" => {
            let book = ground::open(dir, &clock)?;
            for _ in 0..KILLED_AFTER_BATCHES {
                let mut batch = interaction(&other)?;
                let unit = batch.units.first().cloned().unwrap_or_default();
                batch.units = vec![unit; 1000];
                submit(&book.ledger, batch)?;
            }
            std::process::abort();
        }
        other => return Err(format!("child p5 does not know {other}").into()),
    }
    Ok(true)
}

fn interaction(stream: &StreamId) -> Measured<daybook_core::ledger::Batch> {
    let request = json!({
        "customer": stream.name(), "command": "record_interaction", "channel": "phone",
        "direction": "in", "unknown_caller": true, "started_at": OPENED_AT,
    });
    Ok(daybook_core::ledger::Batch {
        actor: ground::actor()?,
        source: ground::source(),
        units: vec![vec![serde_json::from_value(request)?]],
        mode: daybook_core::ledger::Mode::Commit,
    })
}
