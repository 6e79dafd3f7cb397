//! Taking content in: hashed and spooled, then sealed into its final file.
//!
//! The id, and with it the key of the final file, is known only when all of the content has passed.
//! Until then it lies in a spool: in memory while it is small, else in a file sealed with a random
//! key that is never stored. Memory stays flat however long the content is.

use std::io::{Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::format::{
    CHUNK_SIZE_BYTES, Chunks, HEADER_SIZE_BYTES, Header, IdHasher, TAG_SIZE_BYTES,
};
use super::read::is_whole;
use super::{AttachmentError, AttachmentStore, Temporary, failed};
use crate::event::attachment::AttachmentId;
use crate::id::BookId;
use crate::proof::Hash;
use crate::vault::Key;

/// Content up to this size is spooled in memory.
const SPOOL_IN_MEMORY_BYTES_MAX: u64 = 1 << 20;

/// Space is asked for in steps of so many bytes while the content arrives.
const SPACE_STEP_BYTES: u64 = 8 << 20;

/// What content of one subject is sealed with.
pub struct SubjectKey {
    /// The book.
    pub book: BookId,
    /// The subject's slot in the vault.
    pub slot: u64,
    /// The key in it.
    pub key: Key,
    /// A random key for the spool of one upload.
    pub spool_key: Key,
}

/// A file in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// What its content is known by.
    pub attachment: AttachmentId,
    /// The slot of its subject's key.
    pub key_slot: u64,
    /// Bytes of the content.
    pub size_bytes: u64,
    /// SHA-256 of the stored file but its trailer.
    pub stored_hash: Hash,
    /// Bytes of the stored file.
    pub stored_size_bytes: u64,
}

/// What an upload found in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placed {
    /// Nothing; the file is new.
    New,
    /// The same content of the same subject, whole; nothing was written.
    AlreadyThere,
    /// A damaged file, which the upload replaced.
    Replaced,
}

/// Sees each part of the content with the bytes that came before it, and may refuse to go on.
pub type Watch<'a, E> = dyn FnMut(u64, &[u8]) -> Result<(), E> + 'a;

/// Stores content, durably. `watch` sees every part of the content as it arrives, with the bytes
/// that came before it, and may refuse to go on.
///
/// # Errors
/// What `watch` refuses, or [`AttachmentError`]; nothing is kept then.
pub fn take_in<E: From<AttachmentError>>(
    store: &dyn AttachmentStore,
    subject: &SubjectKey,
    content: &mut dyn Read,
    watch: &mut Watch<'_, E>,
) -> Result<(Stored, Placed), E> {
    let mut spool = Spool::new(store, &subject.spool_key);
    let mut hasher = IdHasher::new(&subject.key);
    let mut size_bytes = 0u64;
    loop {
        let chunk = read_chunk(content)
            .map_err(|source| AttachmentError::BrokeOff { received_bytes: size_bytes, source })?;
        watch(size_bytes, &chunk)?;
        hasher.update(&chunk);
        size_bytes += chunk.len() as u64;
        let last = chunk.len() < CHUNK_SIZE_BYTES;
        spool.put(chunk)?;
        if last {
            break;
        }
    }
    let attachment = hasher.finish();
    let header = Header { book: subject.book, attachment, key_slot: subject.slot, size_bytes };
    let placed = match look(store, &header)? {
        Found::Whole(stored) => {
            let settled = store.settle(&attachment);
            settled.map_err(|source| failed("syncing", store.place(&attachment), source))?;
            return Ok((stored, Placed::AlreadyThere));
        }
        Found::Damaged => Placed::Replaced,
        Found::Nothing => Placed::New,
    };
    let stored = write(store, &header, &subject.key, &mut spool)?;
    Ok((stored, placed))
}

enum Found {
    Nothing,
    Damaged,
    Whole(Stored),
}

fn look(store: &dyn AttachmentStore, header: &Header) -> Result<Found, AttachmentError> {
    let opened = store.open(&header.attachment);
    let opened =
        opened.map_err(|source| failed("opening", store.place(&header.attachment), source))?;
    let Some(mut file) = opened else { return Ok(Found::Nothing) };
    let whole = is_whole(&mut *file);
    let whole =
        whole.map_err(|source| failed("reading", store.place(&header.attachment), source))?;
    Ok(match whole {
        Ok((found, stored_hash)) if found == *header => Found::Whole(stored(&found, stored_hash)),
        _ => Found::Damaged,
    })
}

fn stored(header: &Header, stored_hash: Hash) -> Stored {
    Stored {
        attachment: header.attachment,
        key_slot: header.key_slot,
        size_bytes: header.size_bytes,
        stored_hash,
        stored_size_bytes: header.stored_size_bytes().unwrap_or(u64::MAX),
    }
}

impl Stored {
    pub(super) fn new(header: &Header, stored_hash: Hash) -> Stored {
        stored(header, stored_hash)
    }
}

fn read_chunk(content: &mut dyn Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    // Room for the tag, so that sealing in place moves nothing and leaves no copy behind.
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK_SIZE_BYTES + TAG_SIZE_BYTES));
    content.take(CHUNK_SIZE_BYTES as u64).read_to_end(&mut chunk)?;
    Ok(chunk)
}

/// Seals the spooled content into its file.
fn write(
    store: &dyn AttachmentStore,
    header: &Header,
    key: &Key,
    spool: &mut Spool<'_>,
) -> Result<Stored, AttachmentError> {
    let place = || store.place(&header.attachment);
    let wrong = |what| move |source| failed(what, place(), source);
    let stored_size_bytes = header.stored_size_bytes().unwrap_or(u64::MAX);
    store.require_space(stored_size_bytes).map_err(wrong("taking space"))?;
    let mut file = store.temporary().map_err(wrong("making the file"))?;
    let mut hasher = Sha256::new();
    let mut put = |bytes: &[u8]| {
        hasher.update(bytes);
        file.write_all(bytes)
    };
    put(&header.encode()).map_err(wrong("writing"))?;
    let chunks = Chunks::of(header, key);
    spool.rewind()?;
    for number in 0..header.chunks() {
        let mut chunk = spool.next(number)?;
        let last = number + 1 == header.chunks();
        chunks.seal(number, last, &mut chunk).map_err(|_| too_long(place()))?;
        put(&chunk).map_err(wrong("writing"))?;
    }
    let hash: [u8; 32] = hasher.finalize().into();
    file.write_all(&hash).map_err(wrong("writing"))?;
    file.keep(&header.attachment).map_err(wrong("syncing and naming"))?;
    Ok(stored(header, Hash(hash)))
}

/// The cipher refuses only chunks beyond 256 GiB, which ours never are.
const fn too_long(path: String) -> AttachmentError {
    AttachmentError::Damaged { path, problem: "a chunk is longer than can be sealed" }
}

/// Content on its way: chunks in memory, or sealed in a file without a name.
struct Spool<'a> {
    store: &'a dyn AttachmentStore,
    chunks: Chunks,
    memory: Vec<Zeroizing<Vec<u8>>>,
    file: Option<Box<dyn Temporary>>,
    count: u64,
    size_bytes: u64,
    space_bytes: u64,
}

impl<'a> Spool<'a> {
    fn new(store: &'a dyn AttachmentStore, key: &Key) -> Spool<'a> {
        Spool {
            store,
            chunks: Chunks::with(key, b"daybook spool".to_vec()),
            memory: Vec::new(),
            file: None,
            count: 0,
            size_bytes: 0,
            space_bytes: 0,
        }
    }

    fn place(&self) -> String {
        self.store.place(&AttachmentId::default())
    }

    fn put(&mut self, chunk: Zeroizing<Vec<u8>>) -> Result<(), AttachmentError> {
        self.size_bytes += chunk.len() as u64;
        self.memory.push(chunk);
        if self.size_bytes <= SPOOL_IN_MEMORY_BYTES_MAX {
            return Ok(());
        }
        for mut chunk in std::mem::take(&mut self.memory) {
            if self.space_bytes < self.size_bytes {
                // The final file will take as much again.
                let space = self.store.require_space(2 * SPACE_STEP_BYTES);
                space.map_err(|source| failed("taking space", self.place(), source))?;
                self.space_bytes = self.size_bytes + SPACE_STEP_BYTES;
            }
            self.chunks.seal(self.count, false, &mut chunk).map_err(|_| too_long(self.place()))?;
            self.count += 1;
            self.write(&chunk)?;
        }
        Ok(())
    }

    fn write(&mut self, sealed: &[u8]) -> Result<(), AttachmentError> {
        let written = match &mut self.file {
            Some(file) => file.write_all(sealed),
            place => self.store.temporary().and_then(|file| place.insert(file).write_all(sealed)),
        };
        written.map_err(|source| failed("writing the spool", self.place(), source))
    }

    fn rewind(&mut self) -> Result<(), AttachmentError> {
        let rewound = match &mut self.file {
            Some(file) => file.seek(SeekFrom::Start(0)).map(|_| ()),
            None => Ok(()),
        };
        rewound.map_err(|source| failed("reading the spool", self.place(), source))
    }

    /// Returns the next chunk, readable.
    fn next(&mut self, number: u64) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
        let Some(file) = &mut self.file else {
            let chunk = self.memory.get_mut(usize::try_from(number).unwrap_or(usize::MAX));
            return Ok(chunk.map(std::mem::take).unwrap_or_default());
        };
        let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK_SIZE_BYTES + TAG_SIZE_BYTES));
        let read = file.take((CHUNK_SIZE_BYTES + TAG_SIZE_BYTES) as u64).read_to_end(&mut chunk);
        read.map_err(|source| failed("reading the spool", self.place(), source))?;
        self.chunks.open(number, false, &mut chunk).map_err(|_| AttachmentError::Damaged {
            path: self.place(),
            problem: "the spool of the upload was altered",
        })?;
        Ok(chunk)
    }
}

const _: () = assert!(HEADER_SIZE_BYTES == 96, "the format's page draws 96 bytes");
