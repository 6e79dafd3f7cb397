//! P5: opening, until the first acknowledged append and the first customer read.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::Load;
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::position::Position;
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

fn run(scale: Scale) -> Measured<Figures> {
    let (small, large) = match scale {
        Scale::Check => (10_000, 100_000),
        Scale::S => (20_000, 200_000),
        Scale::M => (100_000, 1_000_000),
        Scale::L => (100_000, 5_000_000),
    };
    let ground = Ground::new("p5")?;
    let (small_dir, large_dir) = (ground.path().join("small"), ground.path().join("large"));
    in_child("build", &small_dir, small)?;
    in_child("build", &large_dir, large)?;
    let (mut smalls, mut larges, mut killed_smalls, mut killed_larges) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        smalls.push(opened(&small_dir)?);
        larges.push(opened(&large_dir)?);
    }
    for _ in 0..ROUNDS {
        in_child("kill", &small_dir, 5000)?;
        in_child("kill", &large_dir, 5000)?;
        killed_smalls.push(opened(&small_dir)?);
        killed_larges.push(opened(&large_dir)?);
    }
    let ratio_of = |large: &[f64], small: &[f64]| median(large.to_vec()) / median(small.to_vec());
    let ratio = ratio_of(&larges, &smalls);
    let after_kill = ratio_of(&killed_larges, &killed_smalls);
    Ok(Figures::new(
        ratio <= RATIO_MAX && after_kill <= RATIO_MAX,
        json!({
            "ratio": rounded(ratio), "ratio_max": RATIO_MAX,
            "ratio_after_kill": rounded(after_kill), "rounds": ROUNDS,
            "events_small": small, "events_large": large,
            "ms_small": rounded(median(smalls)), "ms_large": rounded(median(larges)),
            "ms_small_after_kill": rounded(median(killed_smalls)),
            "ms_large_after_kill": rounded(median(killed_larges)),
        }),
    ))
}

fn opened(dir: &Path) -> Measured<f64> {
    let figures = in_child("open", dir, 0)?;
    figures.get("ms").and_then(Value::as_f64).ok_or_else(|| "no figure came back".into())
}

fn in_child(what: &str, dir: &Path, requests: u64) -> Measured<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["child", "p5", what]).arg(dir).arg(requests.to_string()).output()?;
    if what == "kill" {
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
    match *what {
        "build" => {
            ground::init(dir, &clock)?;
            let book = ground::open(dir, &clock)?;
            for step in Load::of_requests(5, requests)? {
                clock.set(step.at);
                submit(&book.ledger, step.batch)?;
            }
            book.ledger.close()?;
            println!("{}", json!({}));
        }
        "open" => {
            let started = Instant::now();
            let book = ground::open(dir, &clock)?;
            let middle = Position(book.ledger.reader().head().next.0 / 2);
            let (event, _) = book.ledger.reader().event(middle)?.ok_or("the book is empty")?;
            submit(&book.ledger, interaction(&event.envelope.stream)?)?;
            let history = book.ledger.reader().history(&event.envelope.stream)?.len();
            let elapsed = started.elapsed();
            book.ledger.close()?;
            println!("{}", json!({ "ms": elapsed.as_secs_f64() * 1000.0, "history": history }));
        }
        "kill" => {
            let book = ground::open(dir, &clock)?;
            let stream = {
                let middle = Position(book.ledger.reader().head().next.0 / 2);
                let (event, _) = book.ledger.reader().event(middle)?.ok_or("the book is empty")?;
                event.envelope.stream
            };
            for _ in 0..requests / 1000 {
                let mut batch = interaction(&stream)?;
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

fn interaction(stream: &daybook_core::event::StreamId) -> Measured<daybook_core::ledger::Batch> {
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
