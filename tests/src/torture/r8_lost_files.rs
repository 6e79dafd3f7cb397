//! R8: any file deleted, emptied, renamed or replaced by an older copy: refused, or made again when
//! it can be, and never an empty ledger.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use daybook_core::store::local::LocalStore;
use serde_json::{Value, json};

use super::child::Trial;
use super::groups::{check, options};
use super::{TortureError, io};

const BAR: &str = "R8";

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Does each thing to each file of a closed and of a killed ledger; the count is not needed.
pub(super) fn run(_count: u64) -> Result<Value, TortureError> {
    let (mut refused, mut unharmed) = (BTreeMap::<String, u64>::new(), 0u64);
    let mut trials = 0u64;
    for killed in [false, true] {
        let mut files = Trial::new(8)?;
        files.run(60)?;
        let older = read_all(&files.root()).map_err(io("reading the ledger"))?;
        if killed {
            files.set("DAYBOOK_REC_KILL", 900);
        }
        files.run(400)?;
        let acked = files.acked();
        // What a killed process left may need one opening to be in order.
        if killed {
            drop(LocalStore::open(&files.book(), &options(&files.book())));
        }
        let sound = read_all(&files.root()).map_err(io("reading the ledger"))?;
        for (path, bytes) in &sound {
            for what in ["deleted", "emptied", "renamed", "older", "halved"] {
                let changed = match what {
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
                trials += 1;
                match outcome(&files.book(), acked) {
                    Ok(None) => unharmed += 1,
                    Ok(Some(code)) => *refused.entry(code).or_default() += 1,
                    Err(problem) => {
                        let trial = format!("{} {what}, killed {killed}", path.display());
                        return Err(files.broken(BAR, trial, problem));
                    }
                }
                put_back(&files.root(), &sound).map_err(io("putting files back"))?;
            }
        }
        // A wrong or empty folder is no ledger and does not become one.
        for wrong in [files.root(), files.root().join("nothing"), files.book().join("journal")] {
            trials += 1;
            let before = wrong.exists();
            let opened = LocalStore::open(&wrong, &options(&wrong));
            match opened {
                Err(error) if wrong.exists() == before => {
                    *refused.entry(error.code().to_owned()).or_default() += 1;
                }
                _ => {
                    let trial = format!("opening {}", wrong.display());
                    return Err(files.broken(BAR, trial, "it was not refused".to_owned()));
                }
            }
        }
    }
    Ok(json!({"bar": BAR, "trials": trials, "refused": refused, "unharmed_and_proven": unharmed}))
}

/// Returns the code of a refusal, nothing when everything is there, and an error otherwise.
fn outcome(book: &Path, acked: u64) -> Result<Option<String>, String> {
    match LocalStore::open(book, &options(book)) {
        Err(error) => Ok(Some(error.code().to_owned())),
        Ok((store, _)) => match check(&store, acked) {
            Ok(_) => Ok(None),
            Err(problem) if problem.contains("derived part") => {
                drop(store);
                let (store, _) = LocalStore::open(book, &options(book))
                    .map_err(|error| format!("not rebuilt: {error}"))?;
                check(&store, acked).map(|_| None)
            }
            Err(problem) => Err(problem),
        },
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
