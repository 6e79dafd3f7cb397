//! D1: what a decision costs with the length of a customer's history, the first after opening included.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::{Load, REQUESTS_A_CUSTOMER};
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::StreamId;
use daybook_core::id::CustomerCode;
use daybook_core::ledger::{Batch, Ledger, Mode};
use daybook_core::time::Timestamp;
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "D1",
    what: "a decision on a customer of 10,000 events <= 2 x one on a customer of 100, also the first \
           after opening",
    run,
};

const RATIO_MAX: f64 = 2.0;
const ROUNDS: usize = 9;
const SHORT_EVENTS: u64 = 100;
const LONG_EVENTS: u64 = 10_000;
/// Decisions timed together once both states are in memory.
const WARM_DECISIONS: usize = 500;

fn run(scale: Scale) -> Measured<Figures> {
    // The most active customer of such a load has about a twentieth of it.
    let requests = match scale {
        Scale::Check | Scale::S => 200_000,
        Scale::M => 1_000_000,
        Scale::L => 5_000_000,
    };
    let ground = Ground::new("d1")?;
    let dir = ground.path().join("book");
    let built = in_child("build", &dir, requests)?;
    let (mut first, mut warm) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for round in 0..ROUNDS {
        // Which comes first has the cold caches; they take turns.
        let order = if round % 2 == 0 { "short-long" } else { "long-short" };
        let figures = in_child(order, &dir, requests)?;
        for (at, name) in ["short", "long"].into_iter().enumerate() {
            let figure = |what: &str| -> Measured<f64> {
                let value = figures.get(format!("{what}_{name}")).and_then(Value::as_f64);
                Ok(value.ok_or("no figure came back")?)
            };
            first.get_mut(at).ok_or("two customers")?.push(figure("first")?);
            warm.get_mut(at).ok_or("two customers")?.push(figure("warm")?);
        }
    }
    let [first_short, first_long] = first.map(median);
    let [warm_short, warm_long] = warm.map(median);
    let (first_ratio, warm_ratio) = (first_long / first_short, warm_long / warm_short);
    Ok(Figures::new(
        first_ratio <= RATIO_MAX && warm_ratio <= RATIO_MAX,
        json!({
            "ratio_first": rounded(first_ratio), "ratio_warm": rounded(warm_ratio),
            "ratio_max": RATIO_MAX, "rounds": ROUNDS,
            "events_short": built.get("short"), "events_long": built.get("long"),
            "ms_first_short": rounded(first_short), "ms_first_long": rounded(first_long),
            "us_warm_short": rounded(warm_short), "us_warm_long": rounded(warm_long),
        }),
    ))
}

fn in_child(what: &str, dir: &Path, requests: u64) -> Measured<Value> {
    let mut command = Command::new(std::env::current_exe()?);
    let output = command.args(["child", "d1", what]).arg(dir).arg(requests.to_string()).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Builds a book, or opens it and decides.
pub fn child(words: &[&str]) -> ChoreResult {
    let [what, dir, requests] = words else { return Err("child d1 WHAT DIR REQUESTS".into()) };
    let dir = Path::new(dir);
    let requests: u64 = requests.parse()?;
    let clock = Arc::new(ScriptClock::new(Timestamp(OPENED_AT.0)));
    if *what == "build" {
        ground::init(dir, &clock)?;
        let book = ground::open(dir, &clock)?;
        for step in Load::of_requests(5, requests)? {
            clock.set(step.at);
            submit(&book.ledger, step.batch)?;
        }
        let (_, short) = nearest(&book.ledger, requests, SHORT_EVENTS)?;
        let (_, long) = nearest(&book.ledger, requests, LONG_EVENTS)?;
        book.ledger.close()?;
        println!("{}", json!({ "short": short, "long": long }));
        return Ok(true);
    }
    let book = ground::open(dir, &clock)?;
    let (short, _) = nearest(&book.ledger, requests, SHORT_EVENTS)?;
    let (long, _) = nearest(&book.ledger, requests, LONG_EVENTS)?;
    book.ledger.close()?;
    drop(book.store);
    let book = ground::open(dir, &clock)?;
    let customers = [("short", &short), ("long", &long)];
    let order: Vec<_> = match *what {
        "short-long" => customers.into_iter().collect(),
        "long-short" => customers.into_iter().rev().collect(),
        other => return Err(format!("child d1 does not know {other}").into()),
    };
    let mut figures = serde_json::Map::new();
    for (name, customer) in &order {
        let started = Instant::now();
        decide(&book.ledger, customer, 1)?;
        figures.insert(format!("first_{name}"), json!(started.elapsed().as_secs_f64() * 1e3));
    }
    for (name, customer) in &order {
        let started = Instant::now();
        decide(&book.ledger, customer, WARM_DECISIONS)?;
        let each = started.elapsed().as_secs_f64() * 1e6 / WARM_DECISIONS as f64;
        figures.insert(format!("warm_{name}"), json!(each));
    }
    book.ledger.close()?;
    println!("{}", Value::Object(figures));
    Ok(true)
}

/// Finds the customer of the load whose history is nearest to so many events; they come in order of
/// their activity.
fn nearest(ledger: &Ledger, requests: u64, events: u64) -> Measured<(StreamId, u64)> {
    let (mut low, mut high) = (1, requests / REQUESTS_A_CUSTOMER);
    let named = |rank: u64| -> Measured<StreamId> {
        Ok(StreamId::Customer(CustomerCode::new(format!("C-{rank}"))?))
    };
    while low < high {
        let middle = low + (high - low) / 2;
        if ledger.reader().version(&named(middle)?)?.0 > events {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    let stream = named(low)?;
    let found = ledger.reader().version(&stream)?.0;
    Ok((stream, found))
}

/// Decides without keeping anything, so that no sync is timed: a call, a debt, a payment, a deal.
fn decide(ledger: &Ledger, customer: &StreamId, times: usize) -> Measured<()> {
    let money = json!({ "minor": 10_000, "currency": "CNY" });
    let request = |body: Value| -> Measured<_> {
        let mut body = body;
        body["customer"] = json!(customer.name());
        Ok(serde_json::from_value(body)?)
    };
    let mut units = Vec::with_capacity(times);
    for n in 0..times {
        units.push(vec![match n % 4 {
            0 => request(json!({ "command": "record_interaction", "channel": "phone",
                "direction": "in", "unknown_caller": true, "started_at": OPENED_AT }))?,
            1 => request(json!({ "command": "open_receivable", "source": "service_charge",
                "document_on": "2025-01-02", "due_on": "2025-02-02", "amount": money }))?,
            2 => request(json!({ "command": "receive_payment", "amount": money,
                "value_on": "2025-01-02" }))?,
            _ => request(json!({ "command": "open_opportunity", "pipeline": "sales",
                "stage": "lead" }))?,
        }]);
    }
    let answer = ledger.submit_blocking(Batch {
        actor: ground::actor()?,
        source: ground::source(),
        units,
        mode: Mode::Rehearse { rehearsal: 1, last: true },
    })?;
    for unit in answer.units {
        unit.map_err(|refusal| refusal.rejection)?;
    }
    Ok(())
}
