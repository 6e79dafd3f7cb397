//! The open sled, opened anew now and then.
//!
//! sled reads all it has written since it was opened last, and remembers where it was only when it is
//! opened. So that an opening after a kill is quick however long the run before it was, a long run
//! opens sled once more each time much was written.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use super::{IndexError, damaged, failed, guarded};

/// sled writes values to files it never syncs once a leaf of 17 exceeds a quarter of this.
const SLED_SEGMENT_SIZE_BYTES: usize = 2 << 20;
const SLED_CACHE_SIZE_BYTES: u64 = 32 << 20;
const SLED_FLUSH_EVERY_MS: u64 = 500;

/// Bytes written after which sled is opened anew.
pub(super) const REOPENED_SIZE_BYTES: u64 = 96 << 20;

/// sled lets go of its lock from a thread of its own, a moment after its last handle is dropped.
const LOCK_TRIES: u32 = 200;
const LOCK_TRIED_EVERY: Duration = Duration::from_millis(5);

/// The open sled.
#[derive(Debug)]
pub(super) struct Handle {
    /// Nothing only after an opening that failed.
    db: RwLock<Option<sled::Db>>,
    written_size_bytes: AtomicU64,
}

impl Handle {
    /// Opens sled in `path`, making it when it is not there.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn open(path: &Path) -> Result<Handle, IndexError> {
        let db = guarded(|| open(path).map_err(failed))?;
        Ok(Handle { db: RwLock::new(Some(db)), written_size_bytes: AtomicU64::new(0) })
    }

    /// Works with sled; a panic in there is damage found. The work must not call this again, since an
    /// opening may wait between the two.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&sled::Db) -> Result<T, IndexError>,
    ) -> Result<T, IndexError> {
        let db = self.db.read().unwrap_or_else(PoisonError::into_inner);
        let db =
            db.as_ref().ok_or_else(|| damaged("the storage engine could not be opened anew"))?;
        guarded(|| work(db))
    }

    /// Counts what is written.
    pub(super) fn note_written(&self, size_bytes: usize) {
        self.written_size_bytes.fetch_add(size_bytes as u64, Ordering::Relaxed);
    }

    /// Tells whether so much was written that the next opening would be slow.
    pub(super) fn is_due(&self) -> bool {
        self.written_size_bytes.load(Ordering::Relaxed) >= REOPENED_SIZE_BYTES
    }

    /// Closes sled and opens it anew; whoever works with it waits meanwhile.
    ///
    /// # Errors
    /// [`IndexError`], also when `key` has another value afterwards; sled is then of no use any more.
    pub(super) fn open_anew(&self, path: &Path, key: &[u8]) -> Result<(), IndexError> {
        let mut db = self.db.write().unwrap_or_else(PoisonError::into_inner);
        guarded(|| {
            let Some(closed) = db.take() else { return Ok(()) };
            let before = closed.get(key).map_err(failed)?;
            drop(closed);
            let opened = open_unlocked(path)?;
            if opened.get(key).map_err(failed)? != before {
                return Err(damaged("the storage engine forgot what it held"));
            }
            *db = Some(opened);
            self.written_size_bytes.store(0, Ordering::Relaxed);
            Ok(())
        })
    }
}

fn open_unlocked(path: &Path) -> Result<sled::Db, IndexError> {
    let mut tries = 0;
    loop {
        match open(path) {
            // sled says so of a lock that another holds.
            Err(sled::Error::Io(cause))
                if cause.kind() == ErrorKind::Other && tries < LOCK_TRIES =>
            {
                tries += 1;
                std::thread::sleep(LOCK_TRIED_EVERY);
            }
            done => return done.map_err(failed),
        }
    }
}

fn open(path: &Path) -> sled::Result<sled::Db> {
    sled::Config::default()
        .path(path)
        .mode(sled::Mode::HighThroughput)
        .segment_size(SLED_SEGMENT_SIZE_BYTES)
        .flush_every_ms(Some(SLED_FLUSH_EVERY_MS))
        .cache_capacity(SLED_CACHE_SIZE_BYTES)
        .print_profile_on_drop(false)
        .open()
}
