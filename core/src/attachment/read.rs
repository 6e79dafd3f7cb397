//! Reading stored attachments: whole for a check, or opened chunk by chunk for somebody who may.

use std::io::{self, Read, Seek, SeekFrom};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::format::{
    CHUNK_SIZE_BYTES, Chunks, HEADER_SIZE_BYTES, Header, TAG_SIZE_BYTES, TRAILER_SIZE_BYTES,
};
use super::{AttachmentError, AttachmentStore, Stored, Stream, failed};
use crate::event::attachment::AttachmentId;
use crate::proof::Hash;
use crate::vault::Key;

/// Reads a whole file and tells what it says about itself and its hash, or what is wrong with it.
///
/// # Errors
/// What the disk said.
pub fn is_whole(file: &mut dyn Stream) -> io::Result<Result<(Header, Hash), &'static str>> {
    walk(file, &mut |_, _, _| Ok(()))
}

/// Sees a chunk with its number; says what is wrong with it.
type EachChunk<'a> = dyn FnMut(&Header, u64, &mut Vec<u8>) -> Result<(), &'static str> + 'a;

/// Reads a whole file, showing each chunk with its number and the header.
pub(super) fn walk(
    file: &mut dyn Stream,
    each: &mut EachChunk<'_>,
) -> io::Result<Result<(Header, Hash), &'static str>> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let header = match read_header(file)? {
        Ok(header) => header,
        Err(problem) => return Ok(Err(problem)),
    };
    if header.stored_size_bytes() != Some(length) {
        return Ok(Err("it is not as long as its header says"));
    }
    let mut hasher = Sha256::new();
    hasher.update(header.encode());
    let mut chunk = Zeroizing::new(Vec::with_capacity(CHUNK_SIZE_BYTES + TAG_SIZE_BYTES));
    for number in 0..header.chunks() {
        chunk.resize(header.chunk_size_bytes(number) + TAG_SIZE_BYTES, 0);
        file.read_exact(&mut chunk)?;
        hasher.update(&*chunk);
        if let Err(problem) = each(&header, number, &mut chunk) {
            return Ok(Err(problem));
        }
    }
    let mut trailer = [0u8; TRAILER_SIZE_BYTES];
    file.read_exact(&mut trailer)?;
    let hash: [u8; 32] = hasher.finalize().into();
    if hash == trailer {
        Ok(Ok((header, Hash(hash))))
    } else {
        Ok(Err("its bytes do not have the hash it ends with"))
    }
}

fn read_header(file: &mut dyn Stream) -> io::Result<Result<Header, &'static str>> {
    let mut bytes = [0u8; HEADER_SIZE_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Header::parse(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Err("it is too short")),
        Err(error) => Err(error),
    }
}

/// Returns what a file in the store says about itself, or nothing when it is not there. Reads its
/// two ends only, and makes sure that it stays there.
///
/// # Errors
/// [`AttachmentError`], also when it does not look like what was stored.
pub(crate) fn find(
    store: &dyn AttachmentStore,
    id: &AttachmentId,
) -> Result<Option<Stored>, AttachmentError> {
    let wrong = |what| move |source| failed(what, store.place(id), source);
    let damaged = |problem| AttachmentError::Damaged { path: store.place(id), problem };
    let Some(mut file) = store.open(id).map_err(wrong("opening"))? else { return Ok(None) };
    let header = read_header(&mut *file).map_err(wrong("reading"))?.map_err(damaged)?;
    let length = file.seek(SeekFrom::End(0)).map_err(wrong("reading"))?;
    if header.attachment != *id {
        return Err(damaged("it is the file of another attachment"));
    }
    if header.stored_size_bytes() != Some(length) {
        return Err(damaged("it is not as long as its header says"));
    }
    let mut trailer = [0u8; TRAILER_SIZE_BYTES];
    file.seek(SeekFrom::End(-(TRAILER_SIZE_BYTES as i64)))
        .and_then(|_| file.read_exact(&mut trailer))
        .map_err(wrong("reading"))?;
    store.settle(id).map_err(wrong("syncing"))?;
    Ok(Some(Stored::new(&header, Hash(trailer))))
}

/// The readable content of an attachment, opened as it is read: one chunk in memory at a time, each
/// checked before any of it is given out.
pub struct Content {
    file: Box<dyn Stream>,
    header: Header,
    chunks: Chunks,
    place: String,
    at: u64,
    /// The chunk in memory and its number.
    chunk: Zeroizing<Vec<u8>>,
    number: Option<u64>,
}

impl Content {
    /// Opens a file with the key its header names the slot of.
    ///
    /// # Errors
    /// [`AttachmentError`].
    pub fn open<E: From<AttachmentError>>(
        store: &dyn AttachmentStore,
        id: &AttachmentId,
        key: impl FnOnce(u64) -> Result<Key, E>,
    ) -> Result<Content, E> {
        let place = store.place(id);
        let wrong = |source| failed("opening", store.place(id), source);
        let missing = || AttachmentError::Missing { path: store.place(id) };
        let damaged = |problem| AttachmentError::Damaged { path: store.place(id), problem };
        let mut file = store.open(id).map_err(wrong)?.ok_or_else(missing)?;
        let header = read_header(&mut *file).map_err(wrong)?.map_err(damaged)?;
        if header.attachment != *id {
            return Err(damaged("it is the file of another attachment").into());
        }
        let chunks = Chunks::of(&header, &key(header.key_slot)?);
        let chunk = Zeroizing::new(Vec::with_capacity(CHUNK_SIZE_BYTES + TAG_SIZE_BYTES));
        Ok(Content { file, header, chunks, place, at: 0, chunk, number: None })
    }

    /// Returns the bytes of the content.
    pub const fn size_bytes(&self) -> u64 {
        self.header.size_bytes
    }

    fn load(&mut self, number: u64) -> io::Result<()> {
        if self.number == Some(number) {
            return Ok(());
        }
        self.number = None;
        let size = CHUNK_SIZE_BYTES + TAG_SIZE_BYTES;
        let offset = HEADER_SIZE_BYTES as u64 + number * size as u64;
        self.chunk.resize(self.header.chunk_size_bytes(number) + TAG_SIZE_BYTES, 0);
        self.file.seek(SeekFrom::Start(offset))?;
        self.file.read_exact(&mut self.chunk).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.damaged("it is shorter than its header says"),
            _ => error,
        })?;
        let last = number + 1 == self.header.chunks();
        self.chunks
            .open(number, last, &mut self.chunk)
            .map_err(|_| self.damaged("a chunk is not what was sealed"))?;
        self.number = Some(number);
        Ok(())
    }

    fn damaged(&self, problem: &'static str) -> io::Error {
        let path = self.place.clone();
        io::Error::new(io::ErrorKind::InvalidData, AttachmentError::Damaged { path, problem })
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.header.size_bytes || buffer.is_empty() {
            return Ok(0);
        }
        let chunk_size = CHUNK_SIZE_BYTES as u64;
        self.load(self.at / chunk_size)?;
        let from = (self.at % chunk_size) as usize;
        let ready = self.chunk.get(from..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(source);
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.header.size_bytes.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let before =
            || io::Error::new(io::ErrorKind::InvalidInput, "before the content's beginning");
        self.at = target.ok_or_else(before)?;
        Ok(self.at)
    }
}
