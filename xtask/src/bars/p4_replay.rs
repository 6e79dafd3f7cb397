//! P4: reading the whole log again, and rebuilding all views from it.

use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::Load;
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::Event;
use daybook_core::ledger::Reader;
use daybook_core::position::Position;
use daybook_core::proof::leaf_hash;
use daybook_projections::View;
use daybook_projections::engine::Views;
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P4",
    what: "full replay: decoded >= 0.5 of hashing the same bytes; all views rebuilt and stored >= 0.2 \
           of the decoded replay, and 1.6 x faster on two cores than on one",
    run,
};

const DECODED_MIN: f64 = 0.5;
const REBUILT_MIN: f64 = 0.2;
const TWO_CORES_MIN: f64 = 1.6;
const ROUNDS: usize = 5;
/// Events read at a time.
const READ_EVENTS: usize = 2048;

fn run(scale: Scale) -> Measured<Figures> {
    let requests = match scale {
        Scale::Check | Scale::S => 100_000,
        Scale::M => 1_000_000,
        Scale::L => 5_000_000,
    };
    let ground = Ground::new("p4")?;
    let dir = ground.path().join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    for step in Load::of_requests(4, requests)? {
        clock.set(step.at);
        submit(&book.ledger, step.batch)?;
    }
    book.store.wait_for_index();
    let reader = book.ledger.reader();
    let events = reader.head().next.0;
    let (mut hashed, mut decoded, mut one, mut two) = (vec![], vec![], vec![], vec![]);
    for round in 0..ROUNDS {
        hashed.push(pass(reader, |bytes| {
            std::hint::black_box(leaf_hash(bytes));
            Ok(())
        })?);
        decoded.push(pass(reader, |bytes| {
            std::hint::black_box(Event::decode(bytes)?);
            Ok(())
        })?);
        for (threads, times) in [(1, &mut one), (2, &mut two)] {
            let folder = ground.path().join(format!("views-{round}-{threads}"));
            let views = Views::new(Some(&folder), threads);
            let started = Instant::now();
            for view in View::ALL {
                views.rebuild(reader, *view, &mut |_| true)?;
            }
            times.push(started.elapsed().as_secs_f64());
        }
    }
    book.ledger.close()?;
    let times = [hashed, decoded, one, two].map(median);
    let [hashed, decoded, one, two] = times;
    let (of_hashing, of_decoding, cores) = (hashed / decoded, decoded / two, one / two);
    Ok(Figures::new(
        of_hashing >= DECODED_MIN && of_decoding >= REBUILT_MIN && cores >= TWO_CORES_MIN,
        json!({
            "decoded_ratio": rounded(of_hashing), "decoded_min": DECODED_MIN,
            "rebuilt_ratio": rounded(of_decoding), "rebuilt_min": REBUILT_MIN,
            "two_cores_ratio": rounded(cores), "two_cores_min": TWO_CORES_MIN,
            "rounds": ROUNDS, "events": events, "views": View::ALL.len(),
            "decoded_events_a_second": rounded(events as f64 / decoded),
            "rebuilt_events_a_second": rounded(events as f64 / two),
        }),
    ))
}

/// Goes through the stored bytes of the whole log once; returns the seconds.
fn pass(reader: &Reader, mut each: impl FnMut(&[u8]) -> Measured<()>) -> Measured<f64> {
    let started = Instant::now();
    let mut next = Position(0);
    loop {
        let stored = reader.stored_from(next, READ_EVENTS)?;
        let Some(last) = stored.last() else { return Ok(started.elapsed().as_secs_f64()) };
        next = last.position.next();
        for event in &stored {
            each(&event.bytes)?;
        }
    }
}
