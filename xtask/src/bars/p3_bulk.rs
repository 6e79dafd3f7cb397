//! P3: bulk append through the whole command path, 1,000 commands a batch, synced a batch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use daybook::demo::load::{BATCH_REQUESTS, Load};
use daybook::demo::{OPENED_AT, ScriptClock, Step};
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::{stored, submit};
use super::{Bar, Figures, Scale, floor, median, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P3",
    what: "bulk, 1,000 commands a batch through the command path: >= 0.07 of the raw loop \
           (stretch 0.15); the last million of L not below half of the first",
    run,
};

const RATIO_MIN: f64 = 0.07;
const LAST_TO_FIRST_MIN: f64 = 0.5;

fn run(scale: Scale) -> Measured<Figures> {
    let (requests, rounds) = match scale {
        Scale::Check => (50_000, 5),
        Scale::S => (100_000, 5),
        Scale::M => (1_000_000, 10),
        Scale::L => (5_000_000, 50),
    };
    let ground = Ground::new("p3")?;
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let dir = ground.path().join("book");
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    let mut load = Load::of_requests(3, requests)?;
    let batches_a_round = (requests / BATCH_REQUESTS / rounds) as usize;
    let (mut ratios, mut times, mut events) = (Vec::new(), Vec::new(), 0u64);
    for _ in 0..rounds {
        let steps: Vec<Step> = load.by_ref().take(batches_a_round).collect();
        let from = book.ledger.reader().head().next;
        let started = Instant::now();
        let mut ends = Vec::with_capacity(steps.len());
        for step in steps {
            clock.set(step.at);
            submit(&book.ledger, step.batch)?;
            ends.push(book.ledger.reader().head().next);
        }
        // What is left to the background belongs to the work and is waited for.
        book.store.wait_for_index();
        let elapsed = started.elapsed();
        let raw = raw_loop(&ground, &book.ledger, from, &ends)?;
        events += ends.last().map_or(0, |end| end.0 - from.0);
        ratios.push(raw.as_secs_f64() / elapsed.as_secs_f64());
        times.push(elapsed.as_secs_f64());
    }
    book.ledger.close()?;
    let million = times.len() / 5;
    let part = if scale == Scale::L { million } else { 1 };
    let sum = |times: &[f64]| times.iter().sum::<f64>();
    let first = sum(times.get(..part).unwrap_or_default());
    let last = sum(times.get(times.len() - part..).unwrap_or_default());
    let (ratio, steady) = (median(ratios), first / last);
    let rate = events as f64 / sum(&times);
    Ok(Figures::new(
        ratio >= RATIO_MIN && (scale != Scale::L || steady >= LAST_TO_FIRST_MIN),
        json!({
            "ratio": rounded(ratio), "ratio_min": RATIO_MIN, "ratio_stretch": 0.15,
            "rounds": rounds, "events": events, "events_per_second": rate.round(),
            "floor_events_per_second": (rate / ratio).round(),
            "last_part_to_first": rounded(steady),
            "seconds_by_round": times.iter().map(|time| rounded(*time)).collect::<Vec<_>>(),
        }),
    ))
}

/// Writes the same bytes, batch by batch, in a plain loop.
fn raw_loop(
    ground: &Ground,
    ledger: &daybook_core::ledger::Ledger,
    from: daybook_core::position::Position,
    ends: &[daybook_core::position::Position],
) -> Measured<Duration> {
    let events = stored(ledger, from)?;
    let mut pieces: Vec<Vec<u8>> = Vec::with_capacity(ends.len());
    let mut events = events.iter();
    let mut start = from;
    for end in ends {
        let count = (end.0 - start.0) as usize;
        pieces.push(events.by_ref().take(count).flat_map(|bytes| bytes.to_vec()).collect());
        start = *end;
    }
    Ok(floor::write_and_sync(ground.path(), pieces.iter().map(Vec::as_slice))?)
}
