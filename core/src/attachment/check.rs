//! Checking every attachment the log names, from the files alone and, where the vault is at hand,
//! with the keys.
//!
//! Invariant: nothing is written. Without keys a file is compared with the hash and size its event
//! names; with them every chunk is opened and the content's id computed again.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::files::path_in;
use super::format::{Chunks, IdHasher};
use super::read::walk;
use super::{ATTACHMENTS_DIR, Stream};
use crate::event::attachment::{AttachmentAdded, AttachmentId};
use crate::position::Position;
use crate::proof::Hash;
use crate::vault::{Vault, VaultError};

/// The most bad files that are named one by one.
const DAMAGES_MAX: usize = 100;

/// A file as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedFile {
    /// Its hash.
    pub stored_hash: Hash,
    /// Its bytes.
    pub stored_size_bytes: u64,
    /// Bytes of its content.
    pub size_bytes: u64,
    /// The first event that names it.
    pub first: Position,
    /// How many events name it.
    pub events: u64,
}

/// What can be wrong with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// It is not there.
    Missing,
    /// It is not what was stored.
    Damaged(&'static str),
    /// It cannot be read.
    Unreadable(io::ErrorKind),
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Problem::Missing => f.write_str("it is missing"),
            Problem::Damaged(problem) => f.write_str(problem),
            Problem::Unreadable(kind) => write!(f, "it cannot be read ({kind})"),
        }
    }
}

/// A file that is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
    /// The first event that names it.
    pub first: Position,
    /// How many events name it.
    pub events: u64,
}

/// What a check of the files found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilesReport {
    /// Files the log names.
    pub files: u64,
    /// Bytes read of them.
    pub bytes: u64,
    /// Of the files: opened with their keys and found to be what they are named.
    pub opened: u64,
    /// Of the files: their key was destroyed, so only their bytes could be checked.
    pub erased: u64,
    /// Files that no event names: uploads that were never attached.
    pub unnamed: u64,
    /// Bad files, at most a hundred of them.
    pub damages: Vec<Damage>,
    /// Bad files in all.
    pub damaged: u64,
}

/// Notes what one event names.
pub(crate) fn note(
    named: &mut BTreeMap<AttachmentId, NamedFile>,
    body: &AttachmentAdded,
    position: Position,
) -> Result<(), &'static str> {
    let file = named.entry(body.attachment).or_insert(NamedFile {
        stored_hash: body.stored_hash,
        stored_size_bytes: body.stored_size_bytes,
        size_bytes: body.size_bytes,
        first: position,
        events: 0,
    });
    file.events += 1;
    let same = (file.stored_hash, file.stored_size_bytes, file.size_bytes)
        == (body.stored_hash, body.stored_size_bytes, body.size_bytes);
    if same { Ok(()) } else { Err("the event names other bytes for an attachment named before") }
}

/// Reads every file in the attachments of `dir` that the log names. `progress` is told the bytes
/// read so far.
///
/// # Errors
/// What the disk said about the folder itself; what is wrong with a file is in the report.
pub fn check_files(
    dir: &Path,
    named: &BTreeMap<AttachmentId, NamedFile>,
    vault: Option<&dyn Vault>,
    progress: &mut dyn FnMut(u64),
) -> io::Result<FilesReport> {
    let folder = dir.join(ATTACHMENTS_DIR);
    let mut report = FilesReport { files: named.len() as u64, ..FilesReport::default() };
    for (id, file) in named {
        let path = path_in(&folder, id);
        let checked = match File::open(&path) {
            Ok(mut stored) => check(&mut stored, id, file, vault, &mut report)
                .unwrap_or_else(|error| Err(Problem::Unreadable(error.kind()))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::Missing),
            Err(error) => Err(Problem::Unreadable(error.kind())),
        };
        if let Err(problem) = checked {
            report.damaged += 1;
            if report.damages.len() < DAMAGES_MAX {
                let (first, events) = (file.first, file.events);
                report.damages.push(Damage { path, problem, first, events });
            }
        }
        report.bytes += file.stored_size_bytes;
        progress(report.bytes);
    }
    report.damages.sort_by_key(|damage| damage.first);
    report.unnamed = count_unnamed(&folder, named)?;
    Ok(report)
}

fn check(
    stored: &mut dyn Stream,
    id: &AttachmentId,
    file: &NamedFile,
    vault: Option<&dyn Vault>,
    report: &mut FilesReport,
) -> io::Result<Result<(), Problem>> {
    let mut opening: Option<Opening> = None;
    let mut destroyed = false;
    let walked = walk(stored, &mut |header, number, chunk| {
        if number == 0
            && let Some(vault) = vault
        {
            match vault.key(header.key_slot) {
                Ok(key) => {
                    let chunks = Chunks::of(header, &key);
                    opening = Some(Opening { chunks, hasher: IdHasher::new(&key) });
                }
                Err(VaultError::Destroyed { .. }) => destroyed = true,
                Err(_) => return Err("the vault does not give its key"),
            }
        }
        let Some(opening) = &mut opening else { return Ok(()) };
        let last = number + 1 == header.chunks();
        opening
            .chunks
            .open(number, last, chunk)
            .map_err(|_| "a chunk does not open with its subject's key")?;
        opening.hasher.update(chunk);
        Ok(())
    })?;
    let (header, hash) = match walked {
        Ok(found) => found,
        Err(problem) => return Ok(Err(Problem::Damaged(problem))),
    };
    if hash != file.stored_hash || header.stored_size_bytes() != Some(file.stored_size_bytes) {
        return Ok(Err(Problem::Damaged("it is not the file that its event names")));
    }
    if header.attachment != *id || header.size_bytes != file.size_bytes {
        return Ok(Err(Problem::Damaged("it is the file of another attachment")));
    }
    report.erased += u64::from(destroyed);
    if let Some(opening) = opening {
        if opening.hasher.finish() != *id {
            return Ok(Err(Problem::Damaged("its content is not what its name says")));
        }
        report.opened += 1;
    }
    Ok(Ok(()))
}

struct Opening {
    chunks: Chunks,
    hasher: IdHasher,
}

/// Counts files under the folder that no event names, broken-off uploads included.
fn count_unnamed(folder: &Path, named: &BTreeMap<AttachmentId, NamedFile>) -> io::Result<u64> {
    let mut count = 0;
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_type()?.is_dir() {
            count += 1;
            continue;
        }
        for file in fs::read_dir(entry.path())? {
            let mut name = entry.file_name();
            name.push(file?.file_name());
            let id = name.to_str().and_then(|name| name.parse::<AttachmentId>().ok());
            count += u64::from(id.is_none_or(|id| !named.contains_key(&id)));
        }
    }
    Ok(count)
}
