//! Content that is looked at before anybody knows whether it is kept: the file of an import while
//! its rows are read, a dry run's file that never is.
//!
//! Like the spool of an upload it lies in memory while it is small, else in a file without a name,
//! sealed with a random key that is never stored. Dropping it removes it.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use super::format::{CHUNK_SIZE_BYTES, Chunks, TAG_SIZE_BYTES};
use super::{AttachmentError, AttachmentStore, Temporary, failed};
use crate::event::attachment::AttachmentId;
use crate::vault::Key;

/// Content up to this size stays in memory.
const IN_MEMORY_BYTES_MAX: u64 = 1 << 20;
/// Space is asked for in steps of so many bytes while the content arrives.
const SPACE_STEP_BYTES: u64 = 8 << 20;
/// Bytes of a whole sealed chunk.
const SEALED_SIZE_BYTES: usize = CHUNK_SIZE_BYTES + TAG_SIZE_BYTES;

type Chunk = Zeroizing<Vec<u8>>;

/// Content that can be read from any place and any number of times.
#[derive(Clone)]
pub struct Scratch {
    kept: Arc<Kept>,
    size_bytes: u64,
}

struct Kept {
    chunks: Chunks,
    memory: Vec<Chunk>,
    file: Option<Mutex<Box<dyn Temporary>>>,
}

impl Scratch {
    /// Takes content in; memory stays flat.
    ///
    /// # Errors
    /// [`AttachmentError`]; nothing is left then.
    pub fn take_in(
        store: &dyn AttachmentStore,
        key: &Key,
        content: &mut dyn Read,
    ) -> Result<Scratch, AttachmentError> {
        let place = || store.place(&AttachmentId::default());
        let chunks = Chunks::with(key, b"daybook scratch".to_vec());
        let (mut memory, mut file): (Vec<Chunk>, Option<Box<dyn Temporary>>) = (Vec::new(), None);
        let (mut size_bytes, mut count, mut space_bytes) = (0u64, 0u64, 0u64);
        loop {
            let mut chunk = Zeroizing::new(Vec::with_capacity(SEALED_SIZE_BYTES));
            content.take(CHUNK_SIZE_BYTES as u64).read_to_end(&mut chunk).map_err(|source| {
                AttachmentError::BrokeOff { received_bytes: size_bytes, source }
            })?;
            size_bytes += chunk.len() as u64;
            let last = chunk.len() < CHUNK_SIZE_BYTES;
            memory.push(chunk);
            if size_bytes > IN_MEMORY_BYTES_MAX {
                if space_bytes < size_bytes {
                    let space = store.require_space(SPACE_STEP_BYTES);
                    space.map_err(|source| failed("taking space", place(), source))?;
                    space_bytes = size_bytes + SPACE_STEP_BYTES;
                }
                for mut chunk in memory.drain(..) {
                    let sealed = chunks.seal(count, false, &mut chunk);
                    sealed.map_err(|_| AttachmentError::Damaged {
                        path: place(),
                        problem: "a chunk is longer than can be sealed",
                    })?;
                    count += 1;
                    let written = match &mut file {
                        Some(file) => file.write_all(&chunk),
                        none => {
                            store.temporary().and_then(|new| none.insert(new).write_all(&chunk))
                        }
                    };
                    written.map_err(|source| failed("writing the scratch", place(), source))?;
                }
            }
            if last {
                break;
            }
        }
        let kept = Kept { chunks, memory, file: file.map(Mutex::new) };
        Ok(Scratch { kept: Arc::new(kept), size_bytes })
    }

    /// Returns the bytes of the content.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Starts reading at the beginning; readers do not disturb each other.
    pub fn reader(&self) -> ScratchReader {
        ScratchReader { scratch: self.clone(), at: 0, chunk: Chunk::default(), number: None }
    }

    fn load(&self, number: u64, chunk: &mut Chunk) -> io::Result<()> {
        chunk.clear();
        let Some(file) = &self.kept.file else {
            let index = usize::try_from(number).unwrap_or(usize::MAX);
            chunk.extend_from_slice(self.kept.memory.get(index).map_or(&[], |chunk| chunk));
            return Ok(());
        };
        {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(number * SEALED_SIZE_BYTES as u64))?;
            (&mut **file).take(SEALED_SIZE_BYTES as u64).read_to_end(chunk)?;
        }
        let opened = self.kept.chunks.open(number, false, chunk);
        opened.map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the scratch was altered"))
    }
}

/// Reads a [`Scratch`].
pub struct ScratchReader {
    scratch: Scratch,
    at: u64,
    chunk: Chunk,
    number: Option<u64>,
}

impl Read for ScratchReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.scratch.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let number = self.at / CHUNK_SIZE_BYTES as u64;
        if self.number != Some(number) {
            self.number = None;
            self.scratch.load(number, &mut self.chunk)?;
            self.number = Some(number);
        }
        let from = (self.at % CHUNK_SIZE_BYTES as u64) as usize;
        let ready = self.chunk.get(from..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(source);
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for ScratchReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.scratch.size_bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let before =
            || io::Error::new(io::ErrorKind::InvalidInput, "before the content's beginning");
        self.at = target.ok_or_else(before)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::MemoryAttachments;
    use super::*;

    #[test]
    fn content_is_read_from_any_place_whatever_its_size() {
        let store = MemoryAttachments::default();
        for size in [0, 1, CHUNK_SIZE_BYTES, (1 << 20) + 1, (3 << 20) + 77] {
            let content: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let scratch = Scratch::take_in(&store, &Key::default(), &mut content.as_slice());
            let scratch = scratch.expect("it is taken in");
            assert_eq!(scratch.size_bytes(), size as u64);
            let (mut whole, mut tail) = (Vec::new(), Vec::new());
            let (mut first, mut second) = (scratch.reader(), scratch.reader());
            second.seek(SeekFrom::End(-((size / 3) as i64))).expect("a place in it");
            second.read_to_end(&mut tail).expect("the tail");
            first.read_to_end(&mut whole).expect("all of it");
            assert!(whole == content && tail == content[size - size / 3..], "{size}");
        }
    }
}
