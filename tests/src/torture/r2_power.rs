//! R2: the power goes at any moment; every image the disk may then hold opens by itself, holds what
//! was acknowledged, and no group in part.

use serde_json::{Value, json};

use super::child::Trial;
use super::image::{Disk, Loss};
use super::log::{self, Op};
use super::r1_kill::is_rebuilt;
use super::tortured::What;
use super::{Dice, TortureError, io};

const BAR: &str = "R2";
const GROUPS: u64 = 80;
const IMAGES_OF_A_LOG: u64 = 400;
/// About how many watched calls a run makes.
const CALLS_OF_A_RUN: u64 = 600;
/// About how many of these make and open it.
const CALLS_OF_A_START: u64 = 120;

/// Builds and opens so many images, of several recorded runs, by turns of the log alone, of a whole
/// ledger and of one with files. Every other run of each was killed before and goes on in a second process: names and
/// bytes the first one left unsynced are then relied on by another.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let (mut quarantined, mut rebuilt, mut images, mut logs) = (0u64, 0u64, 0u64, 0u64);
    let (mut of_whole, mut of_files) = (0u64, 0u64);
    let mut dice = Dice::new(count ^ 0xd15c);
    let images_of_a_log = IMAGES_OF_A_LOG.min(count / 6).max(4);
    while images < count {
        logs += 1;
        let what = What::by_turns(logs);
        let mut files = Trial::new(what, logs)?;
        files.record();
        // Each life may leave one group that nobody was told of.
        let mut lives = 1;
        if logs % 6 >= 3 {
            let calls = if dice.below(2) == 0 { CALLS_OF_A_START } else { CALLS_OF_A_RUN };
            files.set("DAYBOOK_REC_KILL", 1 + dice.below(calls));
            files.run(GROUPS)?;
            files.unset().record();
            lives += 1;
        }
        let said = files.run(GROUPS)?;
        if said.as_ref().and_then(|said| said.get("outcome")) != Some(&json!("done")) {
            return Err(files.broken(BAR, format!("log {logs}"), format!("{said:?}")));
        }
        let entries = log::read(&files.log()).map_err(io("reading the recorder's log"))?;
        let wanted = (count - images).min(images_of_a_log);
        // Points are spread over the whole run, a quarter of them over its creation.
        let mut points: Vec<u64> = (0..wanted.div_ceil(4))
            .map(|n| {
                let end = entries.len() as u64;
                dice.below(if n % 4 == 0 { end / 20 } else { end } + 1)
            })
            .collect();
        points.sort_unstable();
        let mut disk = Disk::default();
        let (mut done, mut acked) = (0u64, 0u64);
        for point in points {
            for entry in entries.get(done as usize..point as usize).unwrap_or_default() {
                if entry.path == files.acks() {
                    acked = acked_by(entry).unwrap_or(acked);
                } else {
                    disk.apply(entry);
                }
            }
            done = done.max(point);
            for loss in Loss::EACH {
                let image = Trial::new(what, logs)?;
                let seed = dice.roll();
                disk.write_image(&files.root(), &image.root(), loss, &mut Dice::new(seed))
                    .map_err(io("writing an image"))?;
                images += 1;
                of_whole += u64::from(what == What::Whole);
                of_files += u64::from(what == What::Files);
                let trial = || format!("{what:?} log {logs}, entry {point}, {loss:?}, seed {seed}");
                if !image.book().exists() {
                    if acked == 0 {
                        continue;
                    }
                    return Err(image.broken(BAR, trial(), "the ledger is gone".to_owned()));
                }
                match what.check_left(&image.book(), acked..=acked + lives, logs) {
                    Ok(report) => {
                        quarantined += u64::from(report.quarantined.is_some());
                        rebuilt += u64::from(is_rebuilt(&report));
                    }
                    Err(problem) => return Err(image.broken(BAR, trial(), problem)),
                }
            }
        }
    }
    Ok(json!({
        "bar": BAR, "images": images, "of_whole_ledgers": of_whole, "with_files": of_files, "logs": logs,
        "quarantined": quarantined, "index_rebuilt": rebuilt, "lost": 0, "partial": 0,
    }))
}

/// Returns how many groups an ack file's line says are there.
fn acked_by(entry: &log::Entry) -> Option<u64> {
    let line = std::str::from_utf8(&entry.data).ok().filter(|_| entry.op == Op::Write)?;
    line.trim_end().parse::<u64>().ok().map(|last| last + 1)
}
