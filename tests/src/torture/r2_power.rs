//! R2: the power goes at any moment; every image the disk may then hold opens by itself, holds what
//! was acknowledged, and no group in part.

use serde_json::{Value, json};

use super::child::Trial;
use super::groups::check_left;
use super::image::{Disk, Loss};
use super::log::{self, Op};
use super::r1_kill::is_rebuilt;
use super::{Dice, TortureError, io};

const BAR: &str = "R2";
const GROUPS: u64 = 80;
const IMAGES_OF_A_LOG: u64 = 400;

/// Builds and opens so many images, of several recorded runs.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let (mut quarantined, mut rebuilt, mut images, mut logs) = (0u64, 0u64, 0u64, 0u64);
    let mut dice = Dice::new(count ^ 0xd15c);
    while images < count {
        logs += 1;
        let mut files = Trial::new(logs)?;
        files.record();
        let said = files.run(GROUPS)?;
        if said.as_ref().and_then(|said| said.get("outcome")) != Some(&json!("done")) {
            return Err(files.broken(BAR, format!("log {logs}"), format!("{said:?}")));
        }
        let entries = log::read(&files.log()).map_err(io("reading the recorder's log"))?;
        let wanted = (count - images).min(IMAGES_OF_A_LOG);
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
                    acked += u64::from(entry.op == Op::Write);
                } else {
                    disk.apply(entry);
                }
            }
            done = done.max(point);
            for loss in Loss::EACH {
                let image = Trial::new(logs)?;
                let seed = dice.roll();
                disk.write_image(&files.root(), &image.root(), loss, &mut Dice::new(seed))
                    .map_err(io("writing an image"))?;
                images += 1;
                if !image.book().exists() {
                    if acked == 0 {
                        continue;
                    }
                    let trial = format!("log {logs}, entry {point}, {loss:?}, seed {seed}");
                    return Err(image.broken(BAR, trial, "the ledger is gone".to_owned()));
                }
                match check_left(&image.book(), acked, logs) {
                    Ok(report) => {
                        quarantined += u64::from(report.quarantined.is_some());
                        rebuilt += u64::from(is_rebuilt(&report));
                    }
                    Err(problem) => {
                        let trial = format!("log {logs}, entry {point}, {loss:?}, seed {seed}");
                        return Err(image.broken(BAR, trial, problem));
                    }
                }
            }
        }
    }
    Ok(json!({
        "bar": BAR, "images": images, "logs": logs, "quarantined": quarantined,
        "index_rebuilt": rebuilt, "lost": 0, "partial": 0,
    }))
}
