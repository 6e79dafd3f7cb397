//! R3: an acknowledgement implies a real sync, and names are synced before they are relied on: of the
//! journal's segment, of every key file of the vault, since the acknowledged events may use them, and
//! of every attachment, since they may name it.

use std::path::{Path, PathBuf};

use daybook_core::attachment::ATTACHMENTS_DIR;
use serde_json::{Value, json};

use super::child::Trial;
use super::image::Disk;
use super::log::{self, Op};
use super::tortured::What;
use super::{TortureError, io};

const BAR: &str = "R3";

/// Records runs of so many acknowledgements in all and looks at each of them.
pub(super) fn run(count: u64) -> Result<Value, TortureError> {
    let (mut acks, mut syncs, mut heads, mut sealed) = (0u64, 0u64, 0u64, 0u64);
    let (mut key_files, mut attachments) = (0u64, 0u64);
    let (mut acks_of_whole, mut acks_with_files) = (0u64, 0u64);
    let mut seed = 0u64;
    while acks < count {
        seed += 1;
        let what = What::by_turns(seed);
        let mut files = Trial::new(what, seed)?;
        files.record();
        let groups = (count - acks).min(count.div_ceil(3)).min(1000);
        let said = files.run(groups)?;
        if said.as_ref().and_then(|said| said.get("outcome")) != Some(&json!("done")) {
            return Err(files.broken(BAR, format!("log {seed}"), format!("{said:?}")));
        }
        let entries = log::read(&files.log()).map_err(io("reading the recorder's log"))?;
        let mut disk = Disk::default();
        let mut relied_on = ReliedOn::default();
        for (at, entry) in entries.iter().enumerate() {
            let problem = if entry.path == files.acks() && entry.op != Op::Write {
                None
            } else if entry.path == files.acks() {
                acks += 1;
                acks_of_whole += u64::from(what == What::Whole);
                acks_with_files += u64::from(what == What::Files);
                relied_on.unsafe_on(&disk, &files.root())
            } else {
                let problem = relied_on_too_early(&disk, entry);
                syncs += u64::from(entry.op == Op::SyncReturned);
                disk.apply(entry);
                relied_on.note(entry);
                if entry.op == Op::Rename {
                    key_files += u64::from(is_key_file(&entry.second));
                    attachments += u64::from(is_attachment(&entry.second));
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
        "bar": BAR, "acks": acks, "acks_of_whole_ledgers": acks_of_whole,
        "acks_with_files": acks_with_files, "syncs": syncs, "tree_heads": heads,
        "segments_sealed": sealed, "key_files_made": key_files, "attachments_made": attachments,
        "acks_without_sync": 0,
    }))
}

/// What an acknowledgement relies on: the segment written to last, and all keys and attachments.
#[derive(Default)]
struct ReliedOn {
    segment: Option<PathBuf>,
    files: Vec<PathBuf>,
}

impl ReliedOn {
    fn note(&mut self, entry: &log::Entry) {
        if entry.op == Op::Write && is(entry.path.extension(), "seg") {
            self.segment = Some(entry.path.clone());
        }
        if entry.op == Op::Rename && entry.result >= 0 {
            if is_key_file(&entry.second) || is_attachment(&entry.second) {
                self.files.push(entry.second.clone());
            }
            // The ledger is made elsewhere and moved into its place.
            let moved = |path: &mut PathBuf| {
                if let Ok(below) = path.strip_prefix(&entry.path)
                    && !below.as_os_str().is_empty()
                {
                    *path = entry.second.join(below);
                }
            };
            self.files.iter_mut().chain(&mut self.segment).for_each(moved);
        }
    }

    fn unsafe_on(&self, disk: &Disk, root: &Path) -> Option<String> {
        let Some(segment) = &self.segment else {
            return Some("an acknowledgement without any write".to_owned());
        };
        // A segment that was sealed meanwhile is gone; that its sealed form was safe before is
        // looked at when it is removed.
        let segment = Some(segment).filter(|segment| disk.exists(segment));
        segment.into_iter().chain(&self.files).find_map(|path| {
            let folders = path.ancestors().skip(1).take_while(|folder| folder.starts_with(root));
            let of_safe_name = folders.filter(|folder| *folder != root).all(|f| disk.is_safe(f));
            (!disk.exists(path) || !disk.is_safe(path) || !of_safe_name)
                .then(|| format!("{} was not safe at an acknowledgement", path.display()))
        })
    }
}

fn is_key_file(path: &Path) -> bool {
    path.extension().is_none()
        && path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"keys-"))
}

fn is_attachment(path: &Path) -> bool {
    let folder = path.parent().and_then(Path::parent).and_then(Path::file_name);
    is(folder, ATTACHMENTS_DIR)
}

/// A file is renamed into place only when its content is safe, and an open segment removed only
/// when its sealed form is safe by content and name.
fn relied_on_too_early(disk: &Disk, entry: &log::Entry) -> Option<String> {
    match entry.op {
        Op::Rename
            if is(entry.path.extension(), "tmp")
                || is_key_file(&entry.second)
                || is_attachment(&entry.second) =>
        {
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
