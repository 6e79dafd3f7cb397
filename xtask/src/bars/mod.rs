//! The speed and size bars. Each measures a ratio inside one run against a floor measured beside it,
//! the median of at least five interleaved rounds.

mod d1_decision;
mod floor;
mod ground;
pub use ground::Measured;
mod p10_http;
mod p11_import;
mod p11_lines;
mod p14_wait;
mod p1_append;
mod p2_clients;
mod p3_bulk;
mod p4_replay;
mod p5_open;
mod p6_customer;
mod p7_lists;
mod p8_disk;
mod p9_memory;

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::ChoreResult;

/// How large a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// What `check` runs: under a minute a bar.
    Check,
    /// 100,000 events and 10,000 customers.
    S,
    /// A million events and 100,000 customers.
    M,
    /// Five million events and 500,000 customers.
    L,
}

/// A bar.
pub struct Bar {
    /// Its number.
    pub id: &'static str,
    /// What it shows and the figure to reach.
    pub what: &'static str,
    /// Measures it.
    pub run: fn(Scale) -> Result<Figures, Box<dyn std::error::Error>>,
}

/// What a bar measured.
pub struct Figures {
    /// Whether the figure was reached.
    pub held: bool,
    /// The figures.
    pub figures: Map<String, Value>,
}

const BARS: &[Bar] = &[
    d1_decision::BAR,
    p1_append::BAR,
    p2_clients::BAR,
    p3_bulk::BAR,
    p4_replay::BAR,
    p5_open::BAR,
    p6_customer::BAR,
    p7_lists::BAR,
    p8_disk::BAR,
    p9_memory::BAR,
    p10_http::BAR,
    p14_wait::BAR,
    p11_import::BAR,
    p11_lines::BAR,
];

/// Bars that `bench` alone measures: too few figures of them have been taken to hold a change back.
const BENCH_ONLY: &[&str] = &["D1", "P4", "P6", "P7", "P10"];

/// How often `check` measures a bar before it counts as failed.
const CHECK_ATTEMPTS: usize = 3;

/// Where the figures of `bench --record` go.
const RECORD_FILE: &str = "docs/reference/bars.json";

impl Figures {
    /// Takes figures given as a JSON object.
    pub fn new(held: bool, figures: Value) -> Self {
        let figures = match figures {
            Value::Object(map) => map,
            other => Map::from_iter([("figure".to_owned(), other)]),
        };
        Figures { held, figures }
    }
}

/// Lists the bars.
pub fn list() {
    for bar in BARS {
        println!("{:4} {}", bar.id, bar.what);
    }
    crate::torture::list();
}

/// Runs every bar at the small count; returns those that did not hold. Machines are shared, so a bar
/// is measured up to three times; each measurement is printed.
pub fn check() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let mut failed = Vec::new();
    for bar in BARS {
        if BENCH_ONLY.contains(&bar.id) {
            println!("skipped  {}: `cargo xtask bench {}` measures it", bar.id, bar.id);
            continue;
        }
        let mut held = false;
        for _ in 0..CHECK_ATTEMPTS {
            held = run_one(bar, Scale::Check)?.held;
            if held {
                break;
            }
        }
        if !held {
            failed.push(format!("{}: {}", bar.id, bar.what));
        }
    }
    Ok(failed)
}

/// Measures the named bars, or all.
pub fn bench(words: &[&str]) -> ChoreResult {
    let (mut record, mut scale, mut names) = (false, Scale::S, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--record" => record = true,
            "--size" => {
                scale = match words.next().copied() {
                    Some("s") => Scale::S,
                    Some("m") => Scale::M,
                    Some("l") => Scale::L,
                    Some("check") => Scale::Check,
                    other => return Err(format!("--size is s, m or l, not {other:?}").into()),
                }
            }
            name => names.push(name.to_uppercase()),
        }
    }
    let known = |name: &String| BARS.iter().any(|bar| bar.id == name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        return Err(format!("there is no bar {unknown}; `cargo xtask bars` lists them").into());
    }
    let mut held = true;
    for bar in BARS.iter().filter(|bar| names.is_empty() || names.iter().any(|name| name == bar.id))
    {
        let figures = run_one(bar, scale)?;
        held &= figures.held;
        if record {
            write_record(bar, scale, &figures)?;
        }
    }
    Ok(held)
}

/// Runs a part of a bar in a process of its own.
pub fn child(words: &[&str]) -> ChoreResult {
    match words {
        ["d1", rest @ ..] => d1_decision::child(rest),
        ["p2", rest @ ..] => p2_clients::child(rest),
        ["p5", rest @ ..] => p5_open::child(rest),
        ["p9", rest @ ..] => p9_memory::child(rest),
        ["p10", rest @ ..] => p10_http::child(rest),
        ["p11l", rest @ ..] => p11_lines::child(rest),
        _ => Err("not a part of a bar".into()),
    }
}

fn run_one(bar: &Bar, scale: Scale) -> Result<Figures, Box<dyn std::error::Error>> {
    let started = std::time::Instant::now();
    let figures = (bar.run)(scale)?;
    let mut line = Map::from_iter([
        ("bar".to_owned(), json!(bar.id)),
        ("held".to_owned(), json!(figures.held)),
        ("size".to_owned(), json!(format!("{scale:?}").to_lowercase())),
        ("seconds".to_owned(), rounded(started.elapsed().as_secs_f64())),
    ]);
    line.extend(figures.figures.clone());
    println!("{}", Value::Object(line));
    Ok(figures)
}

/// Replaces the bar's entry for this size in the record.
fn write_record(
    bar: &Bar,
    scale: Scale,
    figures: &Figures,
) -> Result<(), Box<dyn std::error::Error>> {
    let path = Path::new(RECORD_FILE);
    let mut record: Map<String, Value> = match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text)?,
        Err(_) => Map::new(),
    };
    let commit =
        std::process::Command::new("git").args(["rev-parse", "--short", "HEAD"]).output()?;
    let mut entry = figures.figures.clone();
    entry.insert("held".to_owned(), json!(figures.held));
    entry.insert("commit".to_owned(), json!(String::from_utf8_lossy(&commit.stdout).trim()));
    let size = format!("{scale:?}").to_lowercase();
    let command = format!("cargo xtask bench --record --size {size} {}", bar.id);
    entry.insert("command".to_owned(), json!(command));
    record.insert(format!("{} {size}", bar.id), Value::Object(entry));
    record.sort_keys();
    std::fs::write(path, serde_json::to_string_pretty(&record)? + "\n")?;
    Ok(())
}

/// Returns a number with three significant decimals, so that records stay readable.
pub fn rounded(value: f64) -> Value {
    json!((value * 1000.0).round() / 1000.0)
}

/// Returns the median.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
