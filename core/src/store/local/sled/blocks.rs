//! Blocks: some hundred events packed into one stored value.
//!
//! Invariant: a block's value stays near or below 30 KB, the size up to which sled keeps values out of
//! files of their own, which it never syncs; a block read back is checked before any byte of it is used.
//!
//! ```text
//! key    'b' │ first position u64, big endian
//! value  recorded at of the first event i64 │ events u32 │ raw bytes u32
//!        │ packed events (zstd) │ crc32 of key and all before it u32
//! raw    per event its length as a varint, then its bytes
//! ```
//! The key of the block that starts at position 128 is `62 0000000000000080`.

use bytes::Bytes;

use crate::position::Position;
use crate::store::StoredEvent;
use crate::store::local::journal::frame::{put_varint, split_payload, take_u32, take_u64};
use crate::time::Timestamp;

/// The most events in a block.
pub(crate) const BLOCK_EVENTS_MAX: usize = 64;

/// The most raw bytes in a block of more than one event.
pub(crate) const BLOCK_SIZE_BYTES_MAX: usize = 28 << 10;

/// Bytes of a block's value before the packed events.
const HEADER_SIZE_BYTES: usize = 16;

/// zstd's level for blocks: they are written once and read often.
const LEVEL: i32 = 1;

/// A block ready to be stored.
#[derive(Debug)]
pub(crate) struct PackedBlock {
    pub(crate) first: Position,
    pub(crate) count: u32,
    pub(crate) value: Vec<u8>,
}

/// A block as read back.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) first: Position,
    pub(crate) events: Vec<Bytes>,
    pub(crate) raw_size_bytes: usize,
}

/// Collects events until a block is full.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    first: Position,
    recorded_at: Timestamp,
    count: u32,
    raw: Vec<u8>,
}

impl Packer {
    /// Starts behind the last stored block.
    pub(crate) fn starting_at(first: Position) -> Packer {
        Packer { first, ..Packer::default() }
    }

    /// Adds the next event; returns the block that was full before it, if it was.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        recorded_at: Timestamp,
    ) -> std::io::Result<Option<PackedBlock>> {
        let full = self.count as usize >= BLOCK_EVENTS_MAX
            || (self.count > 0 && self.raw.len() + bytes.len() + 4 > BLOCK_SIZE_BYTES_MAX);
        let block = if full { Some(self.pack()?) } else { None };
        if self.count == 0 {
            self.recorded_at = recorded_at;
        }
        put_varint(bytes.len() as u64, &mut self.raw);
        self.raw.extend_from_slice(bytes);
        self.count += 1;
        Ok(block)
    }

    /// Returns the position after the last event added.
    pub(crate) const fn next(&self) -> Position {
        Position(self.first.0 + self.count as u64)
    }

    fn pack(&mut self) -> std::io::Result<PackedBlock> {
        let packed = zstd::bulk::compress(&self.raw, LEVEL)?;
        let mut value = Vec::with_capacity(HEADER_SIZE_BYTES + packed.len() + 4);
        value.extend_from_slice(&self.recorded_at.0.to_le_bytes());
        value.extend_from_slice(&self.count.to_le_bytes());
        value.extend_from_slice(&(self.raw.len() as u32).to_le_bytes());
        value.extend_from_slice(&packed);
        value.extend_from_slice(&checksum(&block_key(self.first), &value).to_le_bytes());
        let block = PackedBlock { first: self.first, count: self.count, value };
        self.first = self.next();
        self.count = 0;
        self.raw.clear();
        Ok(block)
    }
}

impl Block {
    /// Reads a block; the error says what is wrong with it.
    pub(crate) fn parse(first: Position, value: &[u8]) -> Result<Block, &'static str> {
        let (content, mut crc) =
            value.len().checked_sub(4).and_then(|at| value.split_at_checked(at)).ok_or(CUT_OFF)?;
        if take_u32(&mut crc) != Some(checksum(&block_key(first), content)) {
            return Err("a block's checksum is wrong");
        }
        let mut rest = content.get(8..).ok_or(CUT_OFF)?;
        let count = take_u32(&mut rest).ok_or(CUT_OFF)?;
        let raw_size_bytes = take_u32(&mut rest).ok_or(CUT_OFF)? as usize;
        let raw =
            zstd::bulk::decompress(rest, raw_size_bytes).map_err(|_| "a block does not unpack")?;
        let events =
            split_payload(&Bytes::from(raw), count).ok_or("a block's events do not fit")?;
        Ok(Block { first, events, raw_size_bytes })
    }

    /// Returns when the first event of a stored block was recorded and how many it holds, without
    /// unpacking it.
    pub(crate) fn peek(value: &[u8]) -> Option<(Timestamp, u32)> {
        let mut rest = value;
        Some((Timestamp(take_u64(&mut rest)?.cast_signed()), take_u32(&mut rest)?))
    }

    /// Returns the position after the block.
    pub(crate) fn end(&self) -> Position {
        Position(self.first.0 + self.events.len() as u64)
    }

    /// Returns the events from `from` on.
    pub(crate) fn from(&self, from: Position) -> impl Iterator<Item = StoredEvent> + '_ {
        let skip = usize::try_from(from.0.saturating_sub(self.first.0)).unwrap_or(usize::MAX);
        (self.first.0..).zip(&self.events).skip(skip).map(|(position, bytes)| StoredEvent {
            position: Position(position),
            bytes: bytes.clone(),
        })
    }
}

const CUT_OFF: &str = "a block is cut off";

/// Returns the key of the block that starts at `first`.
pub(crate) fn block_key(first: Position) -> [u8; 9] {
    let mut key = [b'b'; 9];
    key[1..].copy_from_slice(&first.0.to_be_bytes());
    key
}

/// Returns the first position of a block from its key.
pub(crate) fn block_first(key: &[u8]) -> Option<Position> {
    let (tag, first) = key.split_first()?;
    (*tag == b'b').then_some(())?;
    Some(Position(u64::from_be_bytes(first.try_into().ok()?)))
}

/// Returns the checksum of a stored value, which holds for its key only.
pub(crate) fn checksum(key: &[u8], value: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(key);
    hasher.update(value);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_close_at_their_bounds() {
        let mut packer = Packer::starting_at(Position(7));
        let mut blocks = Vec::new();
        for n in 0..1000u32 {
            let event = vec![n as u8; if n % 100 == 0 { 20_000 } else { 200 }];
            blocks.extend(packer.push(&event, Timestamp(i64::from(n))).expect("packs"));
        }
        let mut next = Position(7);
        for block in &blocks {
            assert_eq!(block.first, next);
            assert!(block.value.len() < 30_000);
            let back = Block::parse(block.first, &block.value).expect("a block");
            assert!(back.events.len() <= BLOCK_EVENTS_MAX);
            assert!(back.raw_size_bytes <= BLOCK_SIZE_BYTES_MAX);
            assert_eq!(
                Block::peek(&block.value),
                Some((Timestamp(next.0 as i64 - 7), block.count))
            );
            next = back.end();
            assert!(Block::parse(next, &block.value).is_err(), "good only under its own key");
        }
        assert!(packer.next().0 - next.0 <= 128);
    }
}
