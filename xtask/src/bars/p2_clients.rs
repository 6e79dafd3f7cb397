//! P2: durable append, 64 clients, one event each at a time: group commit.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::ledger::{Batch, Ledger};
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P2",
    what: "durable append, 64 clients x 1 event: >= 20 x one client with syncs delayed to 2 ms, \
           >= 5 x on the real disk, never more syncs than groups",
    run,
};

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const DELAYED_RATIO_MIN: f64 = 20.0;
const REAL_RATIO_MIN: f64 = 5.0;

fn run(scale: Scale) -> Measured<Figures> {
    let recorder = crate::torture::recorder()?;
    let many = if scale == Scale::Check { 40 } else { 120 };
    let (mut delayed, mut real) = (Vec::new(), Vec::new());
    let mut syncs_fit = true;
    for _ in 0..ROUNDS {
        let figures = measure(many, Some((&recorder, 2000)))?;
        delayed.push(figures.ratio);
        syncs_fit &= figures.syncs <= figures.writes;
        real.push(measure(many * 4, None)?.ratio);
    }
    let (delayed, real) = (median(delayed), median(real));
    Ok(Figures::new(
        delayed >= DELAYED_RATIO_MIN && real >= REAL_RATIO_MIN && syncs_fit,
        json!({
            "ratio_syncs_2ms": rounded(delayed), "ratio_syncs_2ms_min": DELAYED_RATIO_MIN,
            "ratio_real_disk": rounded(real), "ratio_real_disk_min": REAL_RATIO_MIN,
            "syncs_at_most_groups": syncs_fit, "rounds": ROUNDS, "clients": CLIENTS,
        }),
    ))
}

struct Measurement {
    ratio: f64,
    syncs: u64,
    writes: u64,
}

/// Runs the clients in a process of their own, under the recorder where syncs are to be delayed.
fn measure(each: usize, recorder: Option<(&Path, u64)>) -> Measured<Measurement> {
    let ground = Ground::new("p2")?;
    let log = ground.path().join("recording");
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["child", "p2"]).arg(ground.path()).arg(each.to_string());
    if let Some((library, delay)) = recorder {
        command
            .env("LD_PRELOAD", library)
            .env("DAYBOOK_REC_ROOT", ground.path().canonicalize()?.join("book"))
            .env("DAYBOOK_REC_LOG", &log)
            .env("DAYBOOK_REC_SYNC_DELAY_US", delay.to_string());
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    let rate = |name: &str| figures.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let (syncs, writes) =
        if recorder.is_some() { crate::torture::journal_syncs_and_writes(&log)? } else { (0, 0) };
    Ok(Measurement { ratio: rate("many") / rate("one"), syncs, writes })
}

/// Measures one client, then many; prints both rates.
pub fn child(words: &[&str]) -> ChoreResult {
    let [folder, each] = words else { return Err("child p2 FOLDER COMMITS".into()) };
    let each: usize = each.parse()?;
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let dir = PathBuf::from(folder).join("book");
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    clock.set(daybook_core::time::Timestamp(OPENED_AT.0 + 3_600_000_000));
    let one = rate(&book.ledger, 1, each * 4)?;
    let many = rate(&book.ledger, CLIENTS, each)?;
    book.ledger.close()?;
    println!("{}", json!({ "one": one, "many": many }));
    Ok(true)
}

/// Every client records interactions with a customer of its own; returns commits per second.
fn rate(ledger: &Ledger, clients: usize, each: usize) -> Measured<f64> {
    let code = |client: usize| format!("P2-{clients}-{client}");
    for client in 0..clients {
        submit(
            ledger,
            request(&json!({
                "customer": code(client), "command": "register_customer", "kind": "company",
                "source": "web", "details": { "name": format!("Client {client}") },
            }))?,
        )?;
    }
    let started = Instant::now();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..clients)
            .map(|client| {
                scope.spawn(move || -> Result<(), String> {
                    for _ in 0..each {
                        let batch = request(&json!({
                            "customer": code(client), "command": "record_interaction",
                            "channel": "phone", "direction": "in", "unknown_caller": true,
                            "started_at": OPENED_AT,
                            "correspondence": { "summary": "asked for the delivery date" },
                        }));
                        let batch = batch.map_err(|error| error.to_string())?;
                        submit(ledger, batch).map_err(|error| error.to_string())?;
                    }
                    Ok(())
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().map_err(|_| "a client stopped".to_owned()).and_then(|result| result)
        })
    })?;
    Ok((clients * each) as f64 / started.elapsed().as_secs_f64())
}

fn request(json: &Value) -> Measured<Batch> {
    Ok(Batch {
        actor: ground::actor()?,
        source: ground::source(),
        units: vec![vec![serde_json::from_value(json.clone())?]],
        mode: daybook_core::ledger::Mode::Commit,
    })
}
