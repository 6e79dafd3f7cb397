//! Segments: the files of the journal, open (`.seg`) and sealed (`.segz`).
//!
//! Invariant: segments chain. Each begins at the position, Merkle frontier, key slot and time at
//! which the one before it ends, so that a missing, foreign or exchanged file shows at once.
//! What this module does not do: it decides nothing about frames; see [`super::scan`].
//!
//! The first 4,096 bytes of either kind:
//! ```text
//!  0  magic "DAYBKSEG" (open) or "DAYBKSGZ" (sealed)
//!  8  format u16 = 1    10  roots u16    12  reserve unit u32    16  book id, 16 bytes
//! 32  epoch u64         40  first position u64    48  next key slot u64
//! 56  recorded at of the event before, i64        64  roots × 32 bytes, largest subtree first
//! ..  crc32 of everything before it, then zeros
//! ```
//! For example `44415942 4b534547 0100 0000 00004000 …`: format 1, an empty tree, 4 MiB reserved at
//! a time. An open segment goes on with frames and ends in zeros: its size is a multiple of the
//! reserve unit from its creation on, which is how a cut file is told from one that was never longer.
//!
//! A sealed segment goes on with chunks of whole frames and ends with a trailer:
//! ```text
//! chunk    magic "DBKC" │ first position u64 │ raw offset u64 │ raw bytes u32 │ packed bytes u32
//!          │ crc32 of these fields and the packed bytes u32 │ packed bytes (zstd)
//! trailer  magic "DBKT" │ end position u64 │ raw end u64 │ next key slot u64 │ recorded at i64
//!          │ SHA-256 of the raw frames, 32 bytes │ roots u16 │ roots × 32 │ crc32 u32
//!          │ trailer bytes u32 (without this word)
//! ```

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frame::{take_u32, take_u64};
use crate::id::BookId;
use crate::position::Position;
use crate::proof::Hash;
use crate::proof::tree::Frontier;
use crate::time::Timestamp;

/// Bytes before the first frame or chunk.
pub(crate) const HEADER_SIZE_BYTES: u64 = 4096;

const OPEN_MAGIC: [u8; 8] = *b"DAYBKSEG";
const SEALED_MAGIC: [u8; 8] = *b"DAYBKSGZ";
const CHUNK_MAGIC: [u8; 4] = *b"DBKC";
const TRAILER_MAGIC: [u8; 4] = *b"DBKT";
const FORMAT: u16 = 1;

/// Bytes before a chunk's packed bytes.
pub(crate) const CHUNK_HEADER_SIZE_BYTES: usize = 32;

/// The most bytes a trailer takes.
const TRAILER_SIZE_BYTES_MAX: u64 = 4096;

/// Where a segment begins or ends in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Boundary {
    pub(crate) tree: Frontier,
    pub(crate) next_key_slot: u64,
    pub(crate) recorded_at: Timestamp,
}

impl Boundary {
    pub(crate) const fn position(&self) -> Position {
        Position(self.tree.size())
    }
}

/// What stands at the head of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    pub(crate) sealed: bool,
    pub(crate) reserve_unit: u32,
    pub(crate) book: BookId,
    pub(crate) epoch: u64,
    pub(crate) start: Boundary,
}

/// What stands at the end of a sealed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trailer {
    pub(crate) end: Boundary,
    pub(crate) raw_end: u64,
    pub(crate) content_sha256: [u8; 32],
}

/// What stands before a chunk of a sealed segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkHeader {
    pub(crate) first: Position,
    pub(crate) raw_offset: u64,
    pub(crate) raw_size_bytes: u32,
    pub(crate) packed_size_bytes: u32,
    pub(crate) crc: u32,
}

/// A segment's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SegmentFile {
    pub(crate) first: Position,
    pub(crate) sealed: bool,
    pub(crate) path: PathBuf,
}

/// Returns the path of a segment.
pub(crate) fn segment_path(journal: &Path, first: Position, sealed: bool) -> PathBuf {
    journal.join(format!("{:020}.{}", first.0, if sealed { "segz" } else { "seg" }))
}

/// Reads a segment's name; nothing when the name is not one.
pub(crate) fn parse_name(journal: &Path, name: &str) -> Option<SegmentFile> {
    let (digits, sealed) = match name.split_once('.')? {
        (digits, "seg") => (digits, false),
        (digits, "segz") => (digits, true),
        _ => return None,
    };
    if digits.len() != 20 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(SegmentFile { first: Position(digits.parse().ok()?), sealed, path: journal.join(name) })
}

impl SegmentHeader {
    /// Returns the header's page.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_SIZE_BYTES as usize);
        out.extend_from_slice(if self.sealed { &SEALED_MAGIC } else { &OPEN_MAGIC });
        out.extend_from_slice(&FORMAT.to_le_bytes());
        let roots = self.start.tree.roots();
        out.extend_from_slice(&(roots.len() as u16).to_le_bytes());
        out.extend_from_slice(&self.reserve_unit.to_le_bytes());
        out.extend_from_slice(self.book.0.as_bytes());
        out.extend_from_slice(&self.epoch.to_le_bytes());
        out.extend_from_slice(&self.start.tree.size().to_le_bytes());
        out.extend_from_slice(&self.start.next_key_slot.to_le_bytes());
        out.extend_from_slice(&self.start.recorded_at.0.to_le_bytes());
        roots.iter().for_each(|root| out.extend_from_slice(&root.0));
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out.resize(HEADER_SIZE_BYTES as usize, 0);
        out
    }

    /// Reads a header's page; the error says what is wrong with it.
    pub(crate) fn parse(page: &[u8]) -> Result<SegmentHeader, &'static str> {
        let short = "the segment header is cut off";
        let (magic, mut rest) = page.split_first_chunk::<8>().ok_or(short)?;
        let sealed = match *magic {
            OPEN_MAGIC => false,
            SEALED_MAGIC => true,
            _ => return Err("the file does not start like a journal segment"),
        };
        let words = take_u32(&mut rest).ok_or(short)?;
        if words & 0xffff != u32::from(FORMAT) {
            return Err("the segment's format is not known to this release");
        }
        let roots = (words >> 16) as usize;
        let size = 64 + roots * 32;
        let body = page.get(..size).ok_or(short)?;
        let mut tail = page.get(size..).ok_or(short)?;
        if take_u32(&mut tail) != Some(crc32fast::hash(body)) {
            return Err("the segment header's checksum is wrong");
        }
        if page.len() as u64 != HEADER_SIZE_BYTES || tail.iter().any(|byte| *byte != 0) {
            return Err("the segment header's filling is not zero");
        }
        let reserve_unit = take_u32(&mut rest).ok_or(short)?;
        let (book, mut rest) = rest.split_first_chunk::<16>().ok_or(short)?;
        let epoch = take_u64(&mut rest).ok_or(short)?;
        let first = take_u64(&mut rest).ok_or(short)?;
        let next_key_slot = take_u64(&mut rest).ok_or(short)?;
        let recorded_at = Timestamp(take_u64(&mut rest).ok_or(short)?.cast_signed());
        let tree = Frontier::from_parts(first, take_roots(&mut rest, roots).ok_or(short)?)
            .map_err(|_| "the segment header's tree does not fit its position")?;
        Ok(SegmentHeader {
            sealed,
            reserve_unit: reserve_unit.max(1),
            book: BookId(uuid::Uuid::from_bytes(*book)),
            epoch,
            start: Boundary { tree, next_key_slot, recorded_at },
        })
    }
}

impl Trailer {
    /// Returns the trailer's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = TRAILER_MAGIC.to_vec();
        out.extend_from_slice(&self.end.tree.size().to_le_bytes());
        out.extend_from_slice(&self.raw_end.to_le_bytes());
        out.extend_from_slice(&self.end.next_key_slot.to_le_bytes());
        out.extend_from_slice(&self.end.recorded_at.0.to_le_bytes());
        out.extend_from_slice(&self.content_sha256);
        let roots = self.end.tree.roots();
        out.extend_from_slice(&(roots.len() as u16).to_le_bytes());
        roots.iter().for_each(|root| out.extend_from_slice(&root.0));
        out.extend_from_slice(&crc32fast::hash(&out).to_le_bytes());
        out.extend_from_slice(&(out.len() as u32).to_le_bytes());
        out
    }

    /// Reads the trailer at the end of `file` and returns it with the offset it starts at.
    pub(crate) fn read(file: &File) -> std::io::Result<Result<(Trailer, u64), &'static str>> {
        let size = file.metadata()?.len();
        if size < HEADER_SIZE_BYTES + 4 {
            return Ok(Err("the sealed segment is cut off"));
        }
        let window = size.min(TRAILER_SIZE_BYTES_MAX + 4);
        let mut end = vec![0u8; window as usize];
        file.read_exact_at(&mut end, size - window)?;
        Ok(Trailer::parse_end(&end)
            .map(|(trailer, taken)| (trailer, size - taken as u64))
            .ok_or("the sealed segment does not end with a valid trailer"))
    }

    fn parse_end(end: &[u8]) -> Option<(Trailer, usize)> {
        let (body, mut word) = end.split_at_checked(end.len().checked_sub(4)?)?;
        let size = take_u32(&mut word)? as usize;
        let trailer = body.get(body.len().checked_sub(size)?..)?;
        let (content, mut crc) = trailer.split_at_checked(size.checked_sub(4)?)?;
        if take_u32(&mut crc)? != crc32fast::hash(content) {
            return None;
        }
        let (magic, mut rest) = content.split_first_chunk::<4>()?;
        if *magic != TRAILER_MAGIC {
            return None;
        }
        let position = take_u64(&mut rest)?;
        let raw_end = take_u64(&mut rest)?;
        let next_key_slot = take_u64(&mut rest)?;
        let recorded_at = Timestamp(take_u64(&mut rest)?.cast_signed());
        let (content_sha256, rest) = rest.split_first_chunk::<32>()?;
        let (roots, mut rest) = rest.split_first_chunk::<2>()?;
        let roots = take_roots(&mut rest, usize::from(u16::from_le_bytes(*roots)))?;
        let tree = Frontier::from_parts(position, roots).ok()?;
        let end = Boundary { tree, next_key_slot, recorded_at };
        Some((Trailer { end, raw_end, content_sha256: *content_sha256 }, size + 4))
    }
}

impl ChunkHeader {
    /// Returns the header of a chunk with these packed bytes.
    pub(crate) fn encode(
        first: Position,
        raw_offset: u64,
        raw_size: u32,
        packed: &[u8],
    ) -> Vec<u8> {
        let mut out = CHUNK_MAGIC.to_vec();
        out.extend_from_slice(&first.0.to_le_bytes());
        out.extend_from_slice(&raw_offset.to_le_bytes());
        out.extend_from_slice(&raw_size.to_le_bytes());
        out.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        let crc = Self::checksum(&out, packed);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    /// Returns the header in `bytes`, or nothing when they do not start like a chunk.
    pub(crate) fn parse(bytes: &[u8]) -> Option<ChunkHeader> {
        let (magic, mut rest) = bytes.split_first_chunk::<4>()?;
        if *magic != CHUNK_MAGIC {
            return None;
        }
        Some(ChunkHeader {
            first: Position(take_u64(&mut rest)?),
            raw_offset: take_u64(&mut rest)?,
            raw_size_bytes: take_u32(&mut rest)?,
            packed_size_bytes: take_u32(&mut rest)?,
            crc: take_u32(&mut rest)?,
        })
    }

    /// Returns the checksum over a chunk's header fields and packed bytes.
    pub(crate) fn checksum(header: &[u8], packed: &[u8]) -> u32 {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(header.get(..CHUNK_HEADER_SIZE_BYTES - 4).unwrap_or_default());
        hasher.update(packed);
        hasher.finalize()
    }
}

fn take_roots(bytes: &mut &[u8], count: usize) -> Option<Vec<Hash>> {
    let mut roots = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        let (root, rest) = bytes.split_first_chunk::<32>()?;
        *bytes = rest;
        roots.push(Hash(*root));
    }
    Some(roots)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::leaf_hash;

    fn boundary(size: u64) -> Boundary {
        let mut tree = Frontier::default();
        (0..size).for_each(|n| tree.push(leaf_hash(&n.to_le_bytes())));
        Boundary { tree, next_key_slot: 7, recorded_at: Timestamp(99) }
    }

    #[test]
    fn headers_and_trailers_come_back_and_notice_every_flipped_bit() {
        let header = SegmentHeader {
            sealed: false,
            reserve_unit: 4 << 20,
            book: BookId(uuid::Uuid::from_u128(5)),
            epoch: 3,
            start: boundary(13),
        };
        let page = header.encode();
        assert_eq!(SegmentHeader::parse(&page), Ok(header));
        for bit in (0..page.len() * 8).step_by(7) {
            let mut flipped = page.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(SegmentHeader::parse(&flipped).is_err(), "bit {bit}");
        }
        let trailer = Trailer { end: boundary(21), raw_end: 9999, content_sha256: [7; 32] };
        let bytes = trailer.encode();
        assert_eq!(Trailer::parse_end(&bytes), Some((trailer, bytes.len())));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Trailer::parse_end(&flipped).is_none(), "bit {bit}");
        }
    }

    #[test]
    fn names_are_positions() {
        let path = segment_path(Path::new("/j"), Position(42), true);
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
        assert_eq!(name, "00000000000000000042.segz");
        let file = parse_name(Path::new("/j"), name).expect("a segment");
        assert_eq!((file.first, file.sealed), (Position(42), true));
        assert_eq!(parse_name(Path::new("/j"), "00000000000000000042.seg.tmp"), None);
    }
}
