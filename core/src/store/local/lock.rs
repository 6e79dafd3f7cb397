//! One process per ledger: an advisory lock on the file `lock`, which says who holds it.
//!
//! Invariant: the lock lives as long as the open file; a process that ends, in whatever way, gives
//! it up. The text in the file is information for people, never the lock itself.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use super::error::StoreOpenError;
use super::journal::scan::io_error;
use crate::time::Timestamp;

/// The lock file's name in the ledger's directory.
pub const LOCK_FILE: &str = "lock";

/// The lock, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock for this process.
    ///
    /// # Errors
    /// [`StoreOpenError::Held`] when another process has it.
    pub(crate) fn take(dir: &Path, command: &str, now: Timestamp) -> Result<Lock, StoreOpenError> {
        let path = dir.join(LOCK_FILE);
        let failed = |source| StoreOpenError::from(io_error("taking the lock", &path, source));
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(holder(&mut file)),
            Err(errno) => return Err(failed(errno.into())),
        }
        let command: String = command.chars().filter(|c| !c.is_control()).take(200).collect();
        let text = format!("pid {}\ncommand {command}\nsince {now}\n", std::process::id());
        // Whom the file names does not matter to the lock; on a full disk it stays empty.
        let _ = file.set_len(0).and_then(|()| file.write_all(text.as_bytes()));
        Ok(Lock { _file: file })
    }
}

/// Tells whether a process has the ledger in `dir` open. Changes nothing; whoever wants to open the
/// ledger at that very moment looks again.
pub fn is_held(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(LOCK_FILE)) else { return false };
    flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK)
}

fn holder(file: &mut File) -> StoreOpenError {
    let mut text = String::new();
    let _ = file.take(1024).read_to_string(&mut text);
    let field = |name: &str| {
        text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("unknown").to_owned()
    };
    StoreOpenError::Held {
        pid: field("pid ").parse().unwrap_or(0),
        command: field("command "),
        since: field("since "),
    }
}
