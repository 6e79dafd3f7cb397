//! R8: any file deleted, emptied, renamed or replaced by an older copy: refused, or made again when
//! it can be, and never an empty ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::child::Trial;
use super::groups::Log;
use super::ledger::Whole;
use super::tortured::{Tortured, What};
use super::{TortureError, io};

const BAR: &str = "R8";
const SEED: u64 = 8;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Does each thing to each file of a closed and of a killed one: the log alone, a whole ledger, one with
/// files; the count is not needed.
pub(super) fn run(_count: u64) -> Result<Value, TortureError> {
    let mut found = Found::default();
    for killed in [false, true] {
        one::<Log>(What::Log, killed, &mut found)?;
        one::<Whole<false>>(What::Whole, killed, &mut found)?;
        one::<Whole<true>>(What::Files, killed, &mut found)?;
    }
    Ok(json!({
        "bar": BAR, "trials": found.trials, "refused": found.refused,
        "unharmed_and_proven": found.unharmed,
    }))
}

#[derive(Default)]
struct Found {
    trials: u64,
    refused: BTreeMap<String, u64>,
    unharmed: u64,
}

fn one<T: Tortured>(what: What, killed: bool, found: &mut Found) -> Result<(), TortureError> {
    let mut files = Trial::new(what, SEED)?;
    // Every attachment is a file in a folder of its own: fewer groups make as many files.
    let (before, since, killed_at) =
        if what == What::Files { (12, 40, 400) } else { (60, 400, 900) };
    files.run(before)?;
    let older = read_all(&files.root()).map_err(io("reading the ledger"))?;
    if killed {
        files.set("DAYBOOK_REC_KILL", killed_at);
    }
    files.run(since)?;
    // What a killed process left may need one opening to be in order.
    if killed {
        drop(T::open(&files.book(), SEED));
    }
    let sound = read_all(&files.root()).map_err(io("reading the ledger"))?;
    for (path, bytes) in &sound {
        for harm in ["deleted", "emptied", "renamed", "older", "halved"] {
            let changed = match harm {
                "deleted" => fs::remove_file(path),
                "emptied" => fs::write(path, b""),
                "renamed" => fs::rename(path, path.with_extension("aside")),
                "halved" => fs::write(path, bytes.get(..bytes.len() / 2).unwrap_or_default()),
                _ => match older.get(path) {
                    Some(old) if old != bytes => fs::write(path, old),
                    _ => continue,
                },
            };
            changed.map_err(io("changing a file"))?;
            let trial = format!("{what:?}: {} {harm}, killed {killed}", path.display());
            files = judge::<T>(files, found, trial)?;
            put_back(&files.root(), &sound).map_err(io("putting files back"))?;
        }
    }
    // Whole folders, and the older copy of one whole folder beside what is newer.
    let root = files.root();
    let above = |path: &Path| {
        let folders = path.ancestors().skip(1).take_while(|folder| *folder != root);
        folders.map(Path::to_owned).collect::<Vec<_>>()
    };
    let folders = sound.keys().flat_map(|path| above(path));
    for folder in folders.collect::<BTreeSet<_>>() {
        for harm in ["deleted", "emptied", "older"] {
            fs::remove_dir_all(&folder).map_err(io("removing a folder"))?;
            if harm != "deleted" {
                fs::create_dir_all(&folder).map_err(io("making a folder"))?;
            }
            if harm == "older" {
                let inside = older.iter().filter(|(path, _)| path.starts_with(&folder));
                for (path, bytes) in inside {
                    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(io("a folder"))?;
                    fs::write(path, bytes).map_err(io("putting an older file in place"))?;
                }
            }
            let trial = format!("{what:?}: folder {} {harm}, killed {killed}", folder.display());
            files = judge::<T>(files, found, trial)?;
            put_back(&files.root(), &sound).map_err(io("putting files back"))?;
        }
    }
    // A wrong or empty folder is no ledger and does not become one.
    for wrong in [files.root(), files.root().join("nothing"), files.book().join("journal")] {
        found.trials += 1;
        let before = wrong.exists();
        match T::open(&wrong, SEED) {
            Err(refused) if wrong.exists() == before => {
                *found.refused.entry(refused.code).or_default() += 1;
            }
            _ => {
                let trial = format!("{what:?}: opening {}", wrong.display());
                return Err(files.broken(BAR, trial, "it was not refused".to_owned()));
            }
        }
    }
    Ok(())
}

fn judge<T: Tortured>(
    files: Trial,
    found: &mut Found,
    trial: String,
) -> Result<Trial, TortureError> {
    found.trials += 1;
    match outcome::<T>(&files.book(), files.acked()) {
        Ok(None) => found.unharmed += 1,
        Ok(Some(code)) => *found.refused.entry(code).or_default() += 1,
        Err(problem) => return Err(files.broken(BAR, trial, problem)),
    }
    Ok(files)
}

/// Returns the code of a refusal, nothing when everything is there, and an error otherwise.
fn outcome<T: Tortured>(book: &Path, acked: u64) -> Result<Option<String>, String> {
    for again in [true, false] {
        let problem = match T::open(book, SEED) {
            Err(refused) if refused.code == "broken" => refused.text,
            Err(refused) => return Ok(Some(refused.code)),
            Ok((opened, _)) => match opened.check(acked..=acked + 1) {
                Ok(_) => return Ok(None),
                Err(problem) => problem,
            },
        };
        if let Some(code) = lost_attachment::<T>(book, &problem)? {
            return Ok(Some(code));
        }
        // What the index lost unnoticed until now is built anew by the next opening.
        if !again || !problem.contains("derived part") {
            return Err(problem);
        }
    }
    Ok(None)
}

/// A ledger opens without one of its attachments; whoever reads that one is refused with its path, and
/// so does verification.
fn lost_attachment<T: Tortured>(book: &Path, problem: &str) -> Result<Option<String>, String> {
    let Some((code, rest)) = problem.split_once(": the attachment's file ") else {
        return Ok(None);
    };
    let path = rest.split_whitespace().next().unwrap_or_default();
    match T::verify(book) {
        Err(named) if named.contains(path) => Ok(Some(code.to_owned())),
        verified => Err(format!("{problem}, but verification says {verified:?}")),
    }
}

pub(super) fn read_all(folder: &Path) -> std::io::Result<Files> {
    let mut all = Files::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            all.extend(read_all(&path)?);
        } else {
            all.insert(path.clone(), fs::read(&path)?);
        }
    }
    Ok(all)
}

fn put_back(root: &Path, files: &Files) -> std::io::Result<()> {
    fs::remove_dir_all(root)?;
    for (path, bytes) in files {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}
