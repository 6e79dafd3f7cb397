//! The bytes of a stored attachment.
//!
//! ```text
//! header   96 bytes   "daybook attach 1" (16) ‖ book id (16) ‖ attachment id (32)
//!                     ‖ key slot u64 LE ‖ size of the content u64 LE ‖ chunk size u32 LE = 65536
//!                     ‖ zeros (8) ‖ crc32 of the 92 bytes before u32 LE
//! chunks   each the next 65536 bytes of the content, the last one what is left (an empty content
//!          is one empty chunk), sealed with XChaCha20-Poly1305 and followed by its tag (16)
//! trailer  32 bytes   SHA-256 of everything before
//!
//! id_key        = HKDF-Expand-SHA256(slot key, "daybook attachment id v1", 32)              RFC 5869
//! attachment id = HMAC-SHA-256(id_key, content)                                             RFC 2104
//! enc_key       = HKDF-Expand-SHA256(slot key, "daybook attachment v1" ‖ attachment id, 32)
//! nonce         = chunk number from 0 u64 LE ‖ 1 for the last chunk, else 0 u8 ‖ zeros (15)
//! associated    = the header                                        draft-irtf-cfrg-xchacha, 2
//! ```
//!
//! The stored bytes follow from book, slot, key and content. A key seals one content only, because
//! the attachment's id enters it; nonces may therefore count. A flipped, cut, swapped or appended
//! byte breaks the trailer for everybody, and a chunk's tag for whoever has the key. The header of
//! a file begins `64617962 6f6f6b20 61747461 63682031`.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::Mac;
use zeroize::Zeroizing;

use crate::event::attachment::AttachmentId;
use crate::id::BookId;
use crate::vault::Key;
use crate::vault::seal::{HmacSha256, expand};

/// Bytes of the header.
pub const HEADER_SIZE_BYTES: usize = 96;
/// Bytes of content in a chunk.
pub const CHUNK_SIZE_BYTES: usize = 1 << 16;
/// Bytes of a chunk's tag.
pub const TAG_SIZE_BYTES: usize = 16;
/// Bytes of the trailer.
pub const TRAILER_SIZE_BYTES: usize = 32;

const MAGIC: &[u8; 16] = b"daybook attach 1";

/// What a stored file says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The book it belongs to.
    pub book: BookId,
    /// What its content is known by.
    pub attachment: AttachmentId,
    /// The vault slot of its subject's key.
    pub key_slot: u64,
    /// Bytes of the content.
    pub size_bytes: u64,
}

impl Header {
    /// Returns the stored form.
    pub fn encode(&self) -> [u8; HEADER_SIZE_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_SIZE_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(self.book.0.as_bytes());
        bytes.extend_from_slice(&self.attachment.0);
        bytes.extend_from_slice(&self.key_slot.to_le_bytes());
        bytes.extend_from_slice(&self.size_bytes.to_le_bytes());
        bytes.extend_from_slice(&(CHUNK_SIZE_BYTES as u32).to_le_bytes());
        bytes.resize(HEADER_SIZE_BYTES - 4, 0);
        let checksum = crc32fast::hash(&bytes);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        let mut header = [0; HEADER_SIZE_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    /// Reads a header.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8; HEADER_SIZE_BYTES]) -> Result<Header, &'static str> {
        let (magic, rest) = bytes.split_at(16);
        if magic != MAGIC {
            return Err("it does not begin like an attachment of this release");
        }
        let (book, rest) = rest.split_at(16);
        let (attachment, rest) = rest.split_at(32);
        let (key_slot, rest) = rest.split_at(8);
        let (size_bytes, _) = rest.split_at(8);
        let header = Header {
            book: BookId(uuid::Uuid::from_bytes(array(book))),
            attachment: AttachmentId(array(attachment)),
            key_slot: u64::from_le_bytes(array(key_slot)),
            size_bytes: u64::from_le_bytes(array(size_bytes)),
        };
        // Everything else is fixed, so the whole header must come out the same.
        if header.encode() == *bytes { Ok(header) } else { Err("its header is damaged") }
    }

    /// Returns the number of chunks.
    pub const fn chunks(&self) -> u64 {
        match self.size_bytes.div_ceil(CHUNK_SIZE_BYTES as u64) {
            0 => 1,
            count => count,
        }
    }

    /// Returns the bytes of the whole stored file, or nothing for a size no file can have.
    pub const fn stored_size_bytes(&self) -> Option<u64> {
        let around = HEADER_SIZE_BYTES as u64 + TRAILER_SIZE_BYTES as u64;
        match self.size_bytes.checked_add(around) {
            Some(size) => size.checked_add(self.chunks() * TAG_SIZE_BYTES as u64),
            None => None,
        }
    }

    /// Returns the bytes of content in a chunk.
    pub const fn chunk_size_bytes(&self, chunk: u64) -> usize {
        let before = chunk.saturating_mul(CHUNK_SIZE_BYTES as u64);
        let left = self.size_bytes.saturating_sub(before);
        if left < CHUNK_SIZE_BYTES as u64 { left as usize } else { CHUNK_SIZE_BYTES }
    }
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(bytes);
    array
}

/// Computes an attachment's id as its content passes by.
pub struct IdHasher(HmacSha256);

impl IdHasher {
    /// Starts with the key of the subject's slot.
    pub fn new(key: &Key) -> IdHasher {
        let id_key = expand::<32>(key, &[b"daybook attachment id v1"]);
        // HMAC pads a short key with zeros to its block of 64 bytes (RFC 2104, 2).
        let mut block = Zeroizing::new([0u8; 64]);
        block.split_at_mut(32).0.copy_from_slice(&*id_key);
        IdHasher(HmacSha256::new(&(*block).into()))
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, content: &[u8]) {
        self.0.update(content);
    }

    /// Returns the id.
    pub fn finish(self) -> AttachmentId {
        AttachmentId(self.0.finalize().into_bytes().into())
    }
}

/// Seals and opens the chunks of one content.
pub struct Chunks {
    cipher: XChaCha20Poly1305,
    associated: Vec<u8>,
}

/// A chunk does not open: another key, another place, or altered bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkMismatch;

impl Chunks {
    /// Returns the chunks of a stored file.
    pub fn of(header: &Header, key: &Key) -> Chunks {
        let info: [&[u8]; 2] = [b"daybook attachment v1", &header.attachment.0];
        Chunks::with(&expand::<32>(key, &info), header.encode().to_vec())
    }

    /// Returns chunks under a key that is used for nothing else.
    pub(super) fn with(key: &[u8; 32], associated: Vec<u8>) -> Chunks {
        Chunks { cipher: XChaCha20Poly1305::new(&(*key).into()), associated }
    }

    fn nonce(chunk: u64, last: bool) -> XNonce {
        let mut nonce = [0u8; 24];
        let (number, rest) = nonce.split_at_mut(8);
        number.copy_from_slice(&chunk.to_le_bytes());
        if let Some(mark) = rest.first_mut() {
            *mark = u8::from(last);
        }
        nonce.into()
    }

    /// Seals a chunk in place and adds its tag.
    pub fn seal(&self, chunk: u64, last: bool, content: &mut Vec<u8>) -> Result<(), ChunkMismatch> {
        let nonce = Self::nonce(chunk, last);
        self.cipher.encrypt_in_place(&nonce, &self.associated, content).map_err(|_| ChunkMismatch)
    }

    /// Opens a chunk in place and removes its tag.
    ///
    /// # Errors
    /// [`ChunkMismatch`].
    pub fn open(&self, chunk: u64, last: bool, sealed: &mut Vec<u8>) -> Result<(), ChunkMismatch> {
        let nonce = Self::nonce(chunk, last);
        self.cipher.decrypt_in_place(&nonce, &self.associated, sealed).map_err(|_| ChunkMismatch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::layout::hex;

    const VECTOR_ID: &str = "032c516b187b0650489c50d2ac7785e43695a7e5ba65cf042abe0f3741782dbb";
    const VECTOR_FILE: &[&str] = &[
        "646179626f6f6b20617474616368203101010101010101010101010101010101",
        "032c516b187b0650489c50d2ac7785e43695a7e5ba65cf042abe0f3741782dbb",
        "050000000000000016000000000000000000010000000000000000000fe830eb",
        "55d105515eec8f9ab2dd3187750fb14ee8abdc75d92b6c60e32d85511732a60a",
        "967a66e8866d",
    ];

    fn header(content: &[u8]) -> Header {
        let mut hasher = IdHasher::new(&Key::new([7; 32]));
        hasher.update(content);
        let book = BookId(uuid::Uuid::from_bytes([1; 16]));
        let size_bytes = content.len() as u64;
        Header { book, attachment: hasher.finish(), key_slot: 5, size_bytes }
    }

    #[test]
    fn the_published_vector_holds() {
        // The same vector stands in docs/reference/format.md, computed there by other code.
        let content = b"recorded on 2026-03-31".to_vec();
        let header = header(&content);
        assert_eq!(header.attachment.to_string(), VECTOR_ID);
        let mut chunk = content;
        Chunks::of(&header, &Key::new([7; 32])).seal(0, true, &mut chunk).expect("sealed");
        assert_eq!(format!("{}{}", hex(&header.encode()), hex(&chunk)), VECTOR_FILE.concat());
    }

    #[test]
    fn a_header_comes_back_and_notices_every_flipped_bit() {
        let header = header(b"content");
        let bytes = header.encode();
        assert_eq!(Header::parse(&bytes), Ok(header));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn sizes_follow_from_the_content() {
        let of = |size_bytes| Header { size_bytes, ..header(b"") };
        let chunk = CHUNK_SIZE_BYTES as u64;
        for (size, chunks) in [(0, 1), (1, 1), (chunk, 1), (chunk + 1, 2), (3 * chunk, 3)] {
            assert_eq!(of(size).chunks(), chunks, "{size}");
            assert_eq!(of(size).stored_size_bytes(), Some(96 + size + chunks * 16 + 32));
        }
        assert_eq!(of(chunk + 1).chunk_size_bytes(0), CHUNK_SIZE_BYTES);
        assert_eq!(of(chunk + 1).chunk_size_bytes(1), 1);
        assert_eq!(of(u64::MAX).stored_size_bytes(), None);
    }
}
