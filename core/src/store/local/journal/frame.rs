//! Frames: one group of events as it stands in a segment.
//!
//! Invariant: a frame is valid only at the place it was written to (it states its own offset as the
//! end of what was synced before it) and only in its own book (the book id enters the checksum).
//! What this module does not do: no file is touched here.
//!
//! ```text
//!  0  magic "DBKF"         8  payload bytes u32   16  first position u64
//!  4  crc32 of 8..end     12  events u32          24  synced offset u64
//! 32  next key slot u64   40  recorded at i64     48  kind u32 (1 group, 2 closed, 3 rolled)
//! 52  payload: per event its length as a varint, then its bytes
//! ```
//! All integers are little endian. The checksum covers the book id, then everything after itself.
//! The mark written when a book without events is closed (book id all zeros):
//! ```text
//! 44424b46 d6ea6ff0 00000000 00000000 0000000000000000 0010000000000000
//! 0000000000000000 0000000000000000 02000000
//! ```

use std::ops::Range;

use bytes::Bytes;

use crate::id::BookId;
use crate::position::Position;
use crate::store::Group;
use crate::time::Timestamp;

/// The first bytes of every frame.
pub(crate) const FRAME_MAGIC: [u8; 4] = *b"DBKF";

/// Bytes before the payload.
pub(crate) const FRAME_HEADER_SIZE_BYTES: usize = 52;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// A group of events.
    Group,
    /// The journal was closed in order here; what is before it was confirmed.
    Closed,
    /// The journal goes on in the next segment.
    Rolled,
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) crc: u32,
    pub(crate) payload_size_bytes: u32,
    pub(crate) count: u32,
    pub(crate) first: Position,
    pub(crate) synced_offset: u64,
    pub(crate) next_key_slot: u64,
    /// The last event's, or the one before the frame when it has none.
    pub(crate) recorded_at: Timestamp,
    pub(crate) kind: FrameKind,
}

impl FrameKind {
    const fn tag(self) -> u32 {
        match self {
            FrameKind::Group => 1,
            FrameKind::Closed => 2,
            FrameKind::Rolled => 3,
        }
    }
}

impl FrameHeader {
    /// Returns the header in `bytes`, or nothing when they do not start like a frame.
    pub(crate) fn parse(bytes: &[u8]) -> Option<FrameHeader> {
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        if *magic != FRAME_MAGIC {
            return None;
        }
        let mut rest = rest;
        let header = FrameHeader {
            crc: take_u32(&mut rest)?,
            payload_size_bytes: take_u32(&mut rest)?,
            count: take_u32(&mut rest)?,
            first: Position(take_u64(&mut rest)?),
            synced_offset: take_u64(&mut rest)?,
            next_key_slot: take_u64(&mut rest)?,
            recorded_at: Timestamp(take_u64(&mut rest)?.cast_signed()),
            kind: match take_u32(&mut rest)? {
                1 => FrameKind::Group,
                2 => FrameKind::Closed,
                3 => FrameKind::Rolled,
                _ => return None,
            },
        };
        Some(header)
    }

    /// Returns the size of the whole frame.
    pub(crate) const fn frame_size_bytes(&self) -> u64 {
        FRAME_HEADER_SIZE_BYTES as u64 + self.payload_size_bytes as u64
    }
}

/// Returns the size of the frame that would hold `group`.
pub(crate) fn frame_size_bytes(group: &Group) -> u64 {
    let payload: usize = group
        .records
        .iter()
        .map(|record| varint_size(record.bytes.len() as u64) + record.bytes.len())
        .sum();
    (FRAME_HEADER_SIZE_BYTES + payload) as u64
}

/// Writes the frame of `group` into `out`, which is emptied first.
pub(crate) fn encode_group(
    group: &Group,
    book: BookId,
    synced_offset: u64,
    before: Timestamp,
    out: &mut Vec<u8>,
) {
    begin(out);
    for record in &group.records {
        put_varint(record.bytes.len() as u64, out);
        out.extend_from_slice(&record.bytes);
    }
    let header = FrameHeader {
        crc: 0,
        payload_size_bytes: u32::try_from(out.len() - FRAME_HEADER_SIZE_BYTES).unwrap_or(u32::MAX),
        count: u32::try_from(group.records.len()).unwrap_or(u32::MAX),
        first: group.first,
        synced_offset,
        next_key_slot: group.next_key_slot,
        recorded_at: group.records.last().map_or(before, |record| record.recorded_at),
        kind: FrameKind::Group,
    };
    finish(&header, book, out);
}

/// Writes a mark, a frame without events, into `out`, which is emptied first.
pub(crate) fn encode_mark(header: &FrameHeader, book: BookId, out: &mut Vec<u8>) {
    begin(out);
    finish(header, book, out);
}

fn begin(out: &mut Vec<u8>) {
    out.clear();
    out.resize(FRAME_HEADER_SIZE_BYTES, 0);
}

fn finish(header: &FrameHeader, book: BookId, out: &mut [u8]) {
    let mut head = [0u8; FRAME_HEADER_SIZE_BYTES];
    let fields: [&[u8]; 8] = [
        &header.payload_size_bytes.to_le_bytes(),
        &header.count.to_le_bytes(),
        &header.first.0.to_le_bytes(),
        &header.synced_offset.to_le_bytes(),
        &header.next_key_slot.to_le_bytes(),
        &header.recorded_at.0.to_le_bytes(),
        &header.kind.tag().to_le_bytes(),
        &[],
    ];
    let mut at = 8;
    for field in fields {
        if let Some(place) = head.get_mut(at..at + field.len()) {
            place.copy_from_slice(field);
        }
        at += field.len();
    }
    if let Some((place, payload)) = out.split_first_chunk_mut::<FRAME_HEADER_SIZE_BYTES>() {
        let crc = checksum(&head, payload, book);
        head[..4].copy_from_slice(&FRAME_MAGIC);
        head[4..8].copy_from_slice(&crc.to_le_bytes());
        *place = head;
    }
}

/// Returns the checksum of a frame given its header bytes and payload.
pub(crate) fn checksum(header: &[u8], payload: &[u8], book: BookId) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(book.0.as_bytes());
    hasher.update(header.get(8..FRAME_HEADER_SIZE_BYTES).unwrap_or_default());
    hasher.update(payload);
    hasher.finalize()
}

/// Cuts a payload into its events; nothing when the lengths do not fit it exactly.
pub(crate) fn split_payload(payload: &Bytes, count: u32) -> Option<Vec<Bytes>> {
    let ranges = split_ranges(payload, 0, count)?;
    Some(ranges.into_iter().map(|range| payload.slice(range)).collect())
}

/// Returns where the events of the payload that starts at `start` stand in `bytes`; nothing when the
/// lengths do not fit it exactly.
pub(crate) fn split_ranges(bytes: &[u8], start: usize, count: u32) -> Option<Vec<Range<usize>>> {
    let mut events = Vec::with_capacity(count.min(1 << 17) as usize);
    let mut rest = bytes.get(start..)?;
    for _ in 0..count {
        let size = usize::try_from(take_varint(&mut rest)?).ok()?;
        let at = bytes.len() - rest.len();
        rest = rest.get(size..)?;
        events.push(at..at + size);
    }
    rest.is_empty().then_some(events)
}

/// Reads a little-endian `u32` off the front of `bytes`.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Option<u32> {
    let (head, rest) = bytes.split_first_chunk::<4>()?;
    *bytes = rest;
    Some(u32::from_le_bytes(*head))
}

/// Reads a little-endian `u64` off the front of `bytes`.
pub(crate) fn take_u64(bytes: &mut &[u8]) -> Option<u64> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some(u64::from_le_bytes(*head))
}

/// Appends `value` in seven-bit groups, lowest first, the high bit meaning "more follows".
pub(crate) fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Reads what [`put_varint`] wrote off the front of `bytes`.
pub(crate) fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

const fn varint_size(value: u64) -> usize {
    let bits = 64 - (value | 1).leading_zeros() as usize;
    bits.div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::layout::hex;

    #[test]
    fn the_example_in_the_page_is_what_is_written() {
        let header = FrameHeader {
            crc: 0,
            payload_size_bytes: 0,
            count: 0,
            first: Position(0),
            synced_offset: 4096,
            next_key_slot: 0,
            recorded_at: Timestamp(0),
            kind: FrameKind::Closed,
        };
        let mut out = Vec::new();
        encode_mark(&header, BookId(uuid::Uuid::nil()), &mut out);
        let page = include_str!("frame.rs");
        let text = hex(&out);
        assert!(page.contains(&text[..8]) && page.contains(&text[8..16]), "{text}");
        let back = FrameHeader::parse(&out).expect("a header");
        assert_eq!((back.kind, back.synced_offset), (FrameKind::Closed, 4096));
        assert_eq!(back.crc, checksum(&out[..52], &[], BookId(uuid::Uuid::nil())));
    }

    #[test]
    fn varints_come_back() {
        for value in [0, 1, 127, 128, 300, 16_383, 16_384, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            put_varint(value, &mut out);
            assert_eq!(out.len(), varint_size(value));
            let mut rest = out.as_slice();
            assert_eq!(take_varint(&mut rest), Some(value));
            assert!(rest.is_empty());
        }
    }
}
