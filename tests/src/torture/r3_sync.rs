//! R3: an acknowledgement implies a real sync, and names are synced before they are relied on.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::child::Trial;
use super::image::Disk;
use super::log::{self, Op};
use super::{TortureError, io};

const BAR: &str = "R3";

/// Records runs of so many acknowledgements in all and looks at each of them.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let (mut acks, mut syncs, mut heads, mut sealed) = (0u64, 0u64, 0u64, 0u64);
    let mut seed = 0u64;
    while acks < count {
        seed += 1;
        let mut files = Trial::new(seed)?;
        files.record();
        let groups = (count - acks).min(2000);
        let said = files.run(groups)?;
        if said.as_ref().and_then(|said| said.get("outcome")) != Some(&json!("done")) {
            return Err(files.broken(BAR, format!("log {seed}"), format!("{said:?}")));
        }
        let entries = log::read(&files.log()).map_err(io("reading the recorder's log"))?;
        let mut disk = Disk::default();
        let mut written: Option<PathBuf> = None;
        for (at, entry) in entries.iter().enumerate() {
            let problem = if entry.path == files.acks() && entry.op != Op::Write {
                None
            } else if entry.path == files.acks() {
                acks += u64::from(entry.op == Op::Write);
                match &written {
                    None => Some("an acknowledgement without any write".to_owned()),
                    Some(path) if disk.exists(path) && !disk.is_safe(path) => {
                        Some(format!("{} was not safe when it was acknowledged", path.display()))
                    }
                    Some(_) => None,
                }
            } else {
                let problem = relied_on_too_early(&disk, entry);
                syncs += u64::from(entry.op == Op::SyncReturned);
                disk.apply(entry);
                if entry.op == Op::Write && is(entry.path.extension(), "seg") {
                    written = Some(entry.path.clone());
                }
                if entry.op == Op::Rename {
                    heads += u64::from(is(entry.second.file_name(), "head"));
                    sealed += u64::from(is(entry.second.extension(), "segz"));
                }
                problem
            };
            if let Some(problem) = problem {
                return Err(files.broken(BAR, format!("log {seed}, entry {at}"), problem));
            }
        }
    }
    Ok(json!({
        "bar": BAR, "acks": acks, "syncs": syncs, "tree_heads": heads, "segments_sealed": sealed,
        "acks_without_sync": 0,
    }))
}

/// A file is renamed into place only when its content is safe, and an open segment removed only
/// when its sealed form is safe by content and name.
fn relied_on_too_early(disk: &Disk, entry: &log::Entry) -> Option<String> {
    match entry.op {
        Op::Rename if is(entry.path.extension(), "tmp") => {
            // Its own name may still be unsafe; what counts is that nothing of it is unwritten.
            (!disk.content_is_safe(&entry.path))
                .then(|| format!("{} was renamed before it was safe", entry.path.display()))
        }
        Op::Unlink if is(entry.path.extension(), "seg") => {
            let sealed = entry.path.with_extension("segz");
            (!disk.is_safe(&sealed) || !disk.exists(&sealed))
                .then(|| format!("{} was removed too early", entry.path.display()))
        }
        _ => None,
    }
}

fn is(part: Option<&std::ffi::OsStr>, wanted: &str) -> bool {
    part.is_some_and(|part| part == wanted)
}
