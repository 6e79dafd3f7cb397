//! Attachments in memory, for tests and dry runs.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::{AttachmentStore, Stream, Temporary};
use crate::event::attachment::AttachmentId;

type Files = Arc<Mutex<BTreeMap<AttachmentId, Arc<Vec<u8>>>>>;

/// Sealed files in memory.
#[derive(Debug, Default, Clone)]
pub struct MemoryAttachments {
    files: Files,
}

impl MemoryAttachments {
    /// Returns the stored bytes of a file.
    pub fn stored(&self, id: &AttachmentId) -> Option<Arc<Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Puts bytes in a file's place as they are: what a test damages.
    pub fn put(&self, id: AttachmentId, bytes: Vec<u8>) {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(bytes));
    }
}

impl AttachmentStore for MemoryAttachments {
    fn temporary(&self) -> io::Result<Box<dyn Temporary>> {
        let files = Arc::clone(&self.files);
        Ok(Box::new(MemoryTemporary { files, bytes: Cursor::default() }))
    }

    fn open(&self, id: &AttachmentId) -> io::Result<Option<Box<dyn Stream>>> {
        let bytes = self.stored(id);
        Ok(bytes.map(|bytes| Box::new(Cursor::new(Shared(bytes))) as Box<dyn Stream>))
    }

    fn settle(&self, _id: &AttachmentId) -> io::Result<()> {
        Ok(())
    }

    fn place(&self, id: &AttachmentId) -> String {
        format!("{id} in memory")
    }

    fn require_space(&self, _size_bytes: u64) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes a cursor can walk over without owning them alone.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

struct MemoryTemporary {
    files: Files,
    bytes: Cursor<Vec<u8>>,
}

impl Read for MemoryTemporary {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

impl Write for MemoryTemporary {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryTemporary {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Temporary for MemoryTemporary {
    fn keep(self: Box<Self>, id: &AttachmentId) -> io::Result<()> {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(*id, Arc::new(self.bytes.into_inner()));
        Ok(())
    }
}
