//! P1: durable append, one client, one event at a time.

use std::sync::Arc;

use daybook::demo::load::Load;
use daybook::demo::{OPENED_AT, ScriptClock, Step};
use daybook_core::ledger::{Batch, Ledger};
use daybook_core::position::Position;
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::{Bar, Figures, Scale, floor, median, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P1",
    what: "durable append, 1 client x 1 event: commits/s >= 0.85 of the raw write + fdatasync loop",
    run,
};

const ROUNDS: usize = 7;
const RATIO_MIN: f64 = 0.85;

fn run(scale: Scale) -> Measured<Figures> {
    let commits = if scale == Scale::Check { 400 } else { 2000 };
    let ground = Ground::new("p1")?;
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let dir = ground.path().join("book");
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    let mut singles = singles(Load::of_requests(1, 1000 * 64)?);
    let (mut ratios, mut floors, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let batches: Vec<(_, Batch)> = singles.by_ref().take(commits).collect();
        let from = book.ledger.reader().head().next;
        let started = std::time::Instant::now();
        for (at, batch) in batches {
            clock.set(at);
            submit(&book.ledger, batch)?;
        }
        let elapsed = started.elapsed();
        let pieces = stored(&book.ledger, from)?;
        let raw = floor::write_and_sync(ground.path(), pieces.iter().map(AsRef::as_ref))?;
        let (rate, floor) =
            (commits as f64 / elapsed.as_secs_f64(), pieces.len() as f64 / raw.as_secs_f64());
        ratios.push(rate / floor);
        rates.push(rate);
        floors.push(floor);
    }
    book.ledger.close()?;
    let ratio = median(ratios);
    Ok(Figures::new(
        ratio >= RATIO_MIN,
        json!({
            "ratio": rounded(ratio), "ratio_min": RATIO_MIN, "rounds": ROUNDS,
            "commits_per_round": commits,
            "commits_per_second": rounded(median(rates)),
            "floor_per_second": rounded(median(floors)),
        }),
    ))
}

/// Splits a load into batches of one request.
pub fn singles(load: Load) -> impl Iterator<Item = (daybook_core::time::Timestamp, Batch)> {
    load.flat_map(|step| {
        let Step { at, batch, .. } = step;
        let Batch { actor, source, units, mode } = batch;
        units.into_iter().map(move |unit| {
            let batch =
                Batch { actor: actor.clone(), source: source.clone(), units: vec![unit], mode };
            (at, batch)
        })
    })
}

/// Submits a batch that must not be refused.
pub fn submit(ledger: &Ledger, batch: Batch) -> Measured<()> {
    for unit in ledger.submit_blocking(batch)?.units {
        unit.map_err(|refusal| refusal.rejection.to_string())?;
    }
    Ok(())
}

/// Returns the stored bytes of every event from a position on.
pub fn stored(ledger: &Ledger, from: Position) -> Measured<Vec<bytes::Bytes>> {
    let end = ledger.reader().head().next;
    let events = (from.0..end.0).map(|position| ledger.reader().stored(Position(position)));
    Ok(events.collect::<Result<_, _>>()?)
}
