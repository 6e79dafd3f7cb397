//! R9: everything sled holds is deleted or damaged: it is built anew from the journal, equal, and
//! fast enough.

use std::fs;
use std::path::Path;
use std::time::Instant;

use daybook_core::book::verify_derived;
use daybook_core::event::Event;
use daybook_core::position::Position;
use daybook_core::store::local::{IndexState, LocalStore};
use daybook_core::store::{Group, LogStore};
use serde_json::{Value, json};

use super::child::Trial;
use super::groups::{Log, Maker, identity, now, options};
use super::ledger::Whole;
use super::r8_lost_files::read_all;
use super::tortured::{Tortured, What};
use super::{Dice, TortureError};

const BAR: &str = "R9";
const SEED: u64 = 9;
const EVENTS: u64 = 200_000;

/// Damages sled's files `count` times, by turns of the log alone and of a whole ledger, then measures
/// a rebuild of 200,000 events.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let mut found = Found::default();
    damaged::<Log>(What::Log, count.div_ceil(2), &mut found)?;
    damaged::<Whole<false>>(What::Whole, count / 2, &mut found)?;
    let speed = speed().map_err(|problem| match Trial::new(What::Log, SEED) {
        Ok(files) => files.broken(BAR, "speed".to_owned(), problem),
        Err(error) => error,
    })?;
    Ok(json!({
        "bar": BAR, "trials": count, "noticed_and_rebuilt": found.noticed,
        "unharmed": found.unharmed, "speed": speed,
    }))
}

#[derive(Default)]
struct Found {
    noticed: u64,
    unharmed: u64,
}

fn damaged<T: Tortured>(what: What, count: u64, found: &mut Found) -> Result<(), TortureError> {
    let files = Trial::new(what, SEED)?;
    files.run(300)?;
    let book = files.book();
    let mut dice = Dice::new(count);
    for trial in 0..count {
        let sled = read_all(&book.join("sled")).unwrap_or_default();
        let Some((path, bytes)) = sled.iter().nth(dice.below(sled.len() as u64) as usize) else {
            return Err(files.broken(BAR, format!("{trial}"), "sled has no files".to_owned()));
        };
        let mut bytes = bytes.clone();
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at as u64 + 1);
        let at = dice.below(used) as usize;
        let harm = dice.below(5);
        let done = match harm {
            0 => fs::remove_file(path),
            1 => fs::remove_dir_all(book.join("sled")),
            2 => {
                bytes.truncate(at);
                fs::write(path, bytes)
            }
            3 => {
                let end = (at / 512 * 512 + 512).min(bytes.len());
                if let Some(sector) = bytes.get_mut(at / 512 * 512..end) {
                    sector.fill(0);
                }
                fs::write(path, bytes)
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
                fs::write(path, bytes)
            }
        };
        done.map_err(super::io("damaging the index"))?;
        match repaired::<T>(&book, files.acked()) {
            Ok(true) => found.noticed += 1,
            Ok(false) => found.unharmed += 1,
            Err(problem) => {
                let trial = format!("{what:?} {trial}: harm {harm} at {at} of {}", path.display());
                return Err(files.broken(BAR, trial, problem));
            }
        }
    }
    Ok(())
}

/// Opens until everything can be read, then compares the index with the journal.
fn repaired<T: Tortured>(book: &Path, acked: u64) -> Result<bool, String> {
    let scratch = book.parent().unwrap_or(book);
    let mut noticed = false;
    for last in [false, false, true] {
        match look::<T>(book, acked, &mut noticed) {
            Ok(()) => match verify_derived(book, scratch) {
                Ok(_) => return Ok(noticed),
                Err(error) if last => return Err(error.to_string()),
                // A posting that nothing read: the next opening must build anew when told.
                Err(_) => fs::write(book.join("sled.damaged"), "found by comparing\n")
                    .map_err(|error| error.to_string())?,
            },
            Err(problem) if !last && problem.contains("derived part") => {}
            Err(problem) => return Err(problem),
        }
        noticed = true;
    }
    Err("it was never repaired".to_owned())
}

fn look<T: Tortured>(book: &Path, acked: u64, noticed: &mut bool) -> Result<(), String> {
    let (opened, report) = T::open(book, SEED).map_err(|refused| refused.text)?;
    *noticed |= !matches!(report.index, IndexState::Used { added } if added < 64);
    opened.check(acked..=acked)?;
    opened.close().map(|_| ()).map_err(|failure| format!("{failure:?}"))
}

fn speed() -> Result<Value, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let book = folder.path().join("book");
    let options = daybook_core::store::local::Options {
        heads_outside: None,
        segment_size_bytes: 64 << 20,
        ..options(&book)
    };
    LocalStore::create(&book, &identity(), &options).map_err(|error| error.to_string())?;
    let (store, _) = LocalStore::open(&book, &options).map_err(|error| error.to_string())?;
    let mut maker = Maker::new(5);
    let mut events = 0u64;
    while events < EVENTS {
        let mut group: Option<Group> = None;
        while group.as_ref().is_none_or(|group| group.records.len() < 1000) {
            let more = maker.make()?;
            match &mut group {
                Some(group) => group.records.extend(more.records),
                None => group = Some(more),
            }
        }
        let Some(group) = group else { continue };
        events += group.records.len() as u64;
        now(store.append(group)).map_err(|error| error.to_string())?;
    }
    now(store.close()).map_err(|error| error.to_string())?;
    drop(store);
    let mut ratios = Vec::new();
    let mut best = (0.0f64, 0.0f64);
    for _ in 0..5 {
        fs::remove_dir_all(book.join("sled")).map_err(|error| error.to_string())?;
        let started = Instant::now();
        let (store, _) = LocalStore::open(&book, &options).map_err(|error| error.to_string())?;
        store.wait_for_index();
        let rebuilt = events as f64 / started.elapsed().as_secs_f64();
        let started = Instant::now();
        let mut next = Position(0);
        while next.0 < events {
            let read = now(store.read(next, 4096)).map_err(|error| error.to_string())?;
            for event in read {
                Event::decode(&event.bytes).map_err(|error| error.to_string())?;
                next = event.position.next();
            }
        }
        let replayed = events as f64 / started.elapsed().as_secs_f64();
        ratios.push(rebuilt / replayed);
        best = (best.0.max(rebuilt), best.1.max(replayed));
    }
    ratios.sort_by(f64::total_cmp);
    let ratio = ratios.get(2).copied().unwrap_or_default();
    if ratio < 0.3 {
        return Err(format!("the rebuild reached {ratio:.2} of the decoded replay, not 0.3"));
    }
    Ok(json!({
        "events": events, "rebuilt_per_s": best.0.round(), "replayed_per_s": best.1.round(),
        "ratio_median": (ratio * 100.0).round() / 100.0,
    }))
}
