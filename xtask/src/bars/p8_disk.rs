//! P8: what the disk holds for what was encoded.

use std::sync::Arc;

use daybook::demo::load::Load;
use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_core::event::{AnySection, Event};
use daybook_core::ledger::Ledger;
use daybook_core::position::Position;
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::{singles, submit};
use super::{Bar, Figures, Scale, rounded};

/// The bar.
pub const BAR: Bar = Bar {
    id: "P8",
    what: "disk: live journal <= 1.15 x encoded bytes; sealed <= 0.6 x compressible + 1.0 x hashes, \
           ids and ciphertext; sled's blocks the same + 15 %, everything else <= 0.5 x encoded",
    run,
};

/// Small segments, so that most of a small load is sealed.
const SEGMENT_SIZE_BYTES: u64 = 8 << 20;

#[derive(Default)]
struct Sizes {
    encoded: u64,
    incompressible: u64,
}

impl Sizes {
    fn allowed_sealed(&self) -> f64 {
        0.6 * (self.encoded - self.incompressible) as f64 + self.incompressible as f64
    }
}

fn run(scale: Scale) -> Measured<Figures> {
    let requests = match scale {
        // sled's file grows by whole segments of 8 MiB, which smaller loads do not fill.
        Scale::Check | Scale::S => 500_000,
        Scale::M | Scale::L => 1_000_000,
    };
    let ground = Ground::new("p8")?;
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let dir = ground.path().join("book");
    ground::init(&dir, &clock)?;
    let book = ground::open_with(&dir, &clock, SEGMENT_SIZE_BYTES)?;
    for step in Load::of_requests(8, requests)? {
        clock.set(step.at);
        submit(&book.ledger, step.batch)?;
    }
    book.store.wait_for_index();
    let journal = dir.join("journal");
    let (sealed_bytes, live_first, live_bytes) = segments_when_sealed(&journal)?;
    let end = book.ledger.reader().head().next;
    let sealed = sizes(&book.ledger, Position(0), live_first)?;
    let live = sizes(&book.ledger, live_first, end)?;
    let all = Sizes {
        encoded: sealed.encoded + live.encoded,
        incompressible: sealed.incompressible + live.incompressible,
    };
    book.ledger.close()?;
    let sled = ground::size_bytes(&dir.join("sled"))?;
    let single = single_event_groups(&ground)?;
    let live_ratio = live_bytes as f64 / live.encoded as f64;
    let sealed_ratio = sealed_bytes as f64 / sealed.allowed_sealed();
    let sled_allowed = 1.15 * all.allowed_sealed() + 0.5 * all.encoded as f64;
    let sled_ratio = sled as f64 / sled_allowed;
    Ok(Figures::new(
        live_ratio <= 1.15 && sealed_ratio <= 1.0 && sled_ratio <= 1.0,
        json!({
            "live_to_encoded": rounded(live_ratio), "live_to_encoded_max": 1.15,
            "sealed_to_allowed": rounded(sealed_ratio), "sled_to_allowed": rounded(sled_ratio),
            "live_to_encoded_one_event_groups": rounded(single),
            "events": end.0, "encoded_bytes": all.encoded,
            "incompressible_bytes": all.incompressible,
            "sealed_bytes": sealed_bytes, "sled_bytes": sled,
            "encoded_bytes_per_event": rounded(all.encoded as f64 / end.0 as f64),
        }),
    ))
}

/// Waits until background sealing is done; returns sealed bytes, where the open segment starts and
/// how many bytes of it are in use.
fn segments_when_sealed(journal: &std::path::Path) -> Measured<(u64, Position, u64)> {
    for _ in 0..600 {
        let (mut sealed, mut open) = (0, Vec::new());
        for entry in std::fs::read_dir(journal)? {
            let entry = entry?;
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("segz") => sealed += entry.metadata()?.len(),
                Some("seg") => open.push(path),
                _ => {}
            }
        }
        if let [path] = open.as_slice() {
            let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let bytes = std::fs::read(path)?;
            let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            return Ok((sealed, Position(name.parse()?), used as u64));
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err("sealing did not finish within a minute".into())
}

fn sizes(ledger: &Ledger, from: Position, end: Position) -> Measured<Sizes> {
    let mut sizes = Sizes::default();
    for position in from.0..end.0 {
        let bytes = ledger.reader().stored(Position(position))?;
        sizes.encoded += bytes.len() as u64;
        let mut event = Event::decode(&bytes)?;
        // The previous event's hash and ten random bytes of the id.
        sizes.incompressible += 10 + event.envelope.prev_position.map_or(0, |_| 32);
        sizes.incompressible += event.envelope.request.as_ref().map_or(0, |_| 32);
        let mut sealed = 0;
        let visited: Result<(), std::convert::Infallible> =
            event.body.sections(&mut |_, section: &mut dyn AnySection| {
                sealed += section.sealed().map_or(0, |s| 32 + s.ciphertext.len() as u64);
                Ok(())
            });
        visited.unwrap_or_else(|never| match never {});
        sizes.incompressible += sealed;
    }
    Ok(sizes)
}

/// The live journal when every event is a group of its own: reported, not judged.
fn single_event_groups(ground: &Ground) -> Measured<f64> {
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let dir = ground.path().join("singles");
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    for (at, batch) in singles(Load::of_requests(8, 1000)?) {
        clock.set(at);
        submit(&book.ledger, batch)?;
    }
    let (_, first, used) = segments_when_sealed(&dir.join("journal"))?;
    let encoded = sizes(&book.ledger, first, book.ledger.reader().head().next)?.encoded;
    book.ledger.close()?;
    Ok(used as f64 / encoded as f64)
}
