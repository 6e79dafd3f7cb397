//! Attachments on disk: `attachments/ab/cdef…`, named by the id in hex, its first byte the folder.
//!
//! ```text
//! attachments/
//!   incoming/<process>-<number>   files without a name yet; removed at the next opening
//!   5f/8c02…                      sealed files
//! ```
//! A file is written without a name, synced, renamed, and its folder synced; only then is it told
//! to anybody. The folders are made when the first file comes.
//!
//! A sync that failed once may succeed the second time without having written anything, so none is
//! tried again: after the first failure no file is taken in until the ledger is opened anew.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::{ATTACHMENTS_DIR, AttachmentError, AttachmentStore, Stream, Temporary, failed};
use crate::event::attachment::AttachmentId;
use crate::store::is_full;
use crate::store::local::sync_dir;

const INCOMING: &str = "incoming";

/// Free space that uploads leave, so that the journal, which leaves less, still goes on.
const SPARE_BYTES: u64 = 64 << 20;

/// Files under one folder. Only the holder of the ledger may have one for its directory.
#[derive(Debug)]
pub struct FileAttachments {
    place: Arc<Place>,
}

#[derive(Debug)]
struct Place {
    folder: PathBuf,
    next: AtomicU64,
    settled: Mutex<Settled>,
    /// What the disk said when it failed.
    failure: OnceLock<String>,
}

/// What this process has synced already.
#[derive(Debug, Default)]
struct Settled {
    folders: HashSet<PathBuf>,
    files: HashSet<AttachmentId>,
}

impl FileAttachments {
    /// Opens the attachments of a book's directory and removes what uploads that were broken off by
    /// a crash have left.
    ///
    /// # Errors
    /// [`AttachmentError::Io`].
    pub fn open(dir: &Path) -> Result<FileAttachments, AttachmentError> {
        let folder = dir.join(ATTACHMENTS_DIR);
        let incoming = folder.join(INCOMING);
        let swept = match fs::read_dir(&incoming) {
            Ok(mut entries) => entries.try_for_each(|entry| fs::remove_file(entry?.path())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        swept.map_err(|source| {
            let path = incoming.display().to_string();
            failed("removing what broken-off uploads left", path, source)
        })?;
        let (settled, failure) = (Mutex::default(), OnceLock::new());
        let place = Place { folder, next: AtomicU64::new(0), settled, failure };
        Ok(FileAttachments { place: Arc::new(place) })
    }
}

/// Returns the path of an attachment inside the folder of all.
pub(super) fn path_in(folder: &Path, id: &AttachmentId) -> PathBuf {
    let name = id.to_string();
    let (first, rest) = name.split_at(2);
    folder.join(first).join(rest)
}

impl Place {
    fn path(&self, id: &AttachmentId) -> PathBuf {
        path_in(&self.folder, id)
    }

    fn settled(&self) -> std::sync::MutexGuard<'_, Settled> {
        self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses when the disk has failed before.
    fn require_sound(&self) -> io::Result<()> {
        let refused = |failure| {
            io::Error::other(format!(
                "nothing is taken in since the disk failed ({failure}); open the ledger again"
            ))
        };
        self.failure.get().map_or(Ok(()), |failure| Err(refused(failure)))
    }

    /// Remembers a failed change of the disk, unless it is a lack of space: then nothing was changed.
    fn changed<T>(&self, result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(error) if !is_full(&error) => self.synced(Err(error)),
            result => result,
        }
    }

    /// Remembers a failed sync.
    fn synced<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| {
            // Only the first failure counts.
            let _ = self.failure.set(error.to_string());
        })
    }

    /// Makes a folder and its name in its parent last, once a process.
    fn ready(&self, folder: &Path) -> io::Result<()> {
        if self.settled().folders.contains(folder) {
            return Ok(());
        }
        let parent = folder.parent().unwrap_or(folder);
        if folder != self.folder {
            self.ready(&self.folder)?;
        }
        match fs::create_dir(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return self.changed(Err(error));
            }
            _ => self.synced(sync_dir(parent))?,
        }
        self.settled().folders.insert(folder.to_owned());
        Ok(())
    }
}

impl AttachmentStore for FileAttachments {
    fn temporary(&self) -> io::Result<Box<dyn Temporary>> {
        self.place.require_sound()?;
        let incoming = self.place.folder.join(INCOMING);
        self.place.ready(&incoming)?;
        let number = self.place.next.fetch_add(1, Ordering::Relaxed);
        let path = incoming.join(format!("{}-{number}", std::process::id()));
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = self.place.changed(file)?;
        Ok(Box::new(FileTemporary { place: Arc::clone(&self.place), file, path: Some(path) }))
    }

    fn open(&self, id: &AttachmentId) -> io::Result<Option<Box<dyn Stream>>> {
        match File::open(self.place.path(id)) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn settle(&self, id: &AttachmentId) -> io::Result<()> {
        if self.place.settled().files.contains(id) {
            return Ok(());
        }
        self.place.require_sound()?;
        let path = self.place.path(id);
        let folder = path.parent().unwrap_or(&self.place.folder);
        self.place.ready(folder)?;
        let file = File::open(&path)?;
        self.place.synced(file.sync_all())?;
        self.place.synced(sync_dir(folder))?;
        self.place.settled().files.insert(*id);
        Ok(())
    }

    fn place(&self, id: &AttachmentId) -> String {
        self.place.path(id).display().to_string()
    }

    fn require_space(&self, size_bytes: u64) -> io::Result<()> {
        let folder = &self.place.folder;
        let at = if folder.is_dir() { folder } else { folder.parent().unwrap_or(folder) };
        let found = rustix::fs::statvfs(at)?;
        let free = found.f_bavail.saturating_mul(found.f_frsize);
        if free < size_bytes.saturating_add(SPARE_BYTES) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }
}

struct FileTemporary {
    place: Arc<Place>,
    file: File,
    /// Nothing once the file has its name.
    path: Option<PathBuf>,
}

impl Read for FileTemporary {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Write for FileTemporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.place.changed(self.file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for FileTemporary {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Temporary for FileTemporary {
    fn keep(mut self: Box<Self>, id: &AttachmentId) -> io::Result<()> {
        let place = Arc::clone(&self.place);
        place.require_sound()?;
        let target = place.path(id);
        let folder = target.parent().unwrap_or(&place.folder);
        place.ready(folder)?;
        place.synced(self.file.sync_all())?;
        if let Some(path) = &self.path {
            place.changed(fs::rename(path, &target))?;
        }
        self.path = None;
        place.synced(sync_dir(folder))?;
        place.settled().files.insert(*id);
        Ok(())
    }
}

impl Drop for FileTemporary {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What cannot be removed now is removed at the next opening.
            let _ = fs::remove_file(path);
        }
    }
}
