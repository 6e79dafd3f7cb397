//! Postings: from a term to the positions of the events that carry it.
//!
//! The newest events' postings are in memory ([`Memtable`]); older ones in runs, each covering a
//! range of positions without a gap, sorted by term, delta-coded and cut into chunks.
//!
//! Invariant: a run is never changed; runs are merged into new ones. What this module does not do:
//! it neither reads nor writes the store.
//!
//! ```text
//! chunk key   'p' │ run u32 BE │ chunk u32 BE
//! chunk       entries │ crc32 of key and entries u32
//! entry       term, as varint distance to the entry before (the first: to 0)
//!             │ positions as varint │ bytes of what follows as varint
//!             │ first position as varint distance to the run's start │ distances as varints
//! page key    'x' │ run u32 BE │ page u32 BE
//! page        a cut of: chunks u32 │ chunks × (first term u64, its first position u64)
//!             │ filter bytes                        │ then crc32 of key and cut u32
//! ```
//! A term with many positions goes on in the next chunk, as an entry of its own. The entry of term 5
//! at run start + 3 and + 4 is `05 02 02 03 01`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use smallvec::SmallVec;

use super::blocks::checksum;
use crate::event::index::Term;
use crate::position::Position;
use crate::store::Order;
use crate::store::local::journal::frame::{put_varint, take_u32, take_u64, take_varint};

/// Bytes after which a chunk ends.
const CHUNK_SIZE_BYTES: usize = 8 << 10;

/// The most positions in one entry, so that a chunk stays near its size.
const ENTRY_POSITIONS_MAX: usize = 4096;

/// The most bytes of one stored page of a run's directory.
const PAGE_SIZE_BYTES: usize = 32 << 10;

/// Filter bits per term.
const FILTER_BITS_PER_TERM: usize = 10;

/// Filter probes per term.
const FILTER_PROBES: u64 = 6;

/// Terms are hashes already; one multiplication spreads them over the table.
#[derive(Debug, Default)]
pub(crate) struct TermHasher(u64);

impl Hasher for TermHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = spread(value);
    }
}

const fn spread(value: u64) -> u64 {
    let mixed = (value ^ (value >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

type TermMap = HashMap<Term, SmallVec<[u32; 4]>, BuildHasherDefault<TermHasher>>;

/// The postings of the newest events.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    first: Position,
    end: Position,
    terms: TermMap,
}

impl Memtable {
    /// Starts behind the last run.
    pub(crate) fn starting_at(first: Position) -> Memtable {
        Memtable { first, end: first, terms: TermMap::default() }
    }

    /// Adds the next event's terms.
    pub(crate) fn push(&mut self, terms: &[Term]) {
        let distance = u32::try_from(self.end.0 - self.first.0).unwrap_or(u32::MAX);
        for term in terms {
            self.terms.entry(*term).or_default().push(distance);
        }
        self.end = self.end.next();
    }

    /// Returns the positions covered.
    pub(crate) const fn range(&self) -> Range<Position> {
        self.first..self.end
    }

    /// Returns how many events are covered.
    pub(crate) const fn events(&self) -> u64 {
        self.end.0 - self.first.0
    }

    /// Adds the term's positions within `range` to `found`, up to `max` in all.
    pub(crate) fn find(
        &self,
        term: Term,
        range: &Range<Position>,
        order: Order,
        max: usize,
        found: &mut Vec<Position>,
    ) {
        let Some(distances) = self.terms.get(&term) else { return };
        let start = range.start.0.saturating_sub(self.first.0);
        let end = range.end.0.saturating_sub(self.first.0);
        let from = distances.partition_point(|distance| u64::from(*distance) < start);
        let to = distances.partition_point(|distance| u64::from(*distance) < end);
        let within = distances.get(from..to).unwrap_or_default();
        let left = max.saturating_sub(found.len());
        let positions = within.iter().map(|distance| Position(self.first.0 + u64::from(*distance)));
        match order {
            Order::Forwards => found.extend(positions.take(left)),
            Order::Backwards => found.extend(positions.rev().take(left)),
        }
    }

    /// Returns all postings sorted by term, then position.
    pub(crate) fn sorted(&self) -> Vec<(Term, Vec<Position>)> {
        let mut all: Vec<_> = self
            .terms
            .iter()
            .map(|(term, distances)| {
                let positions =
                    distances.iter().map(|d| Position(self.first.0 + u64::from(*d))).collect();
                (*term, positions)
            })
            .collect();
        all.sort_unstable_by_key(|(term, _)| *term);
        all
    }
}

/// A run: what is kept in memory of it.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) number: u32,
    pub(crate) range: Range<Position>,
    pub(crate) chunks: Vec<(Term, Position)>,
    filter: Vec<u8>,
    /// Set when a merged run took its place; its chunks may be gone.
    pub(crate) retired: AtomicBool,
}

/// A chunk ready to be stored.
pub(crate) type StoredValue = ([u8; 9], Vec<u8>);

/// Writes a run from postings that come sorted by term, then position.
#[derive(Debug)]
pub(crate) struct RunWriter {
    number: u32,
    range: Range<Position>,
    chunk: Vec<u8>,
    chunk_last: u64,
    chunks: Vec<(Term, Position)>,
    filter: Vec<u8>,
    full: Vec<StoredValue>,
    last_term: Option<Term>,
}

impl RunWriter {
    /// Starts a run that will hold at most `terms` different terms.
    pub(crate) fn new(number: u32, range: Range<Position>, terms: usize) -> RunWriter {
        let bits = (terms * FILTER_BITS_PER_TERM).next_multiple_of(64).max(64);
        RunWriter {
            number,
            range,
            chunk: Vec::with_capacity(CHUNK_SIZE_BYTES * 2),
            chunk_last: 0,
            chunks: Vec::new(),
            filter: vec![0; bits / 8],
            full: Vec::new(),
            last_term: None,
        }
    }

    /// Adds positions of a term; the same term may follow with later ones.
    pub(crate) fn push(&mut self, term: Term, positions: &[Position]) {
        if self.last_term != Some(term) {
            self.last_term = Some(term);
            for bit in filter_bits(term, self.filter.len()) {
                if let Some(byte) = self.filter.get_mut(bit / 8) {
                    *byte |= 1 << (bit % 8);
                }
            }
        }
        let mut coded = Vec::new();
        for part in positions.chunks(ENTRY_POSITIONS_MAX) {
            let Some(first) = part.first() else { continue };
            if self.chunk.is_empty() {
                self.chunks.push((term, *first));
                self.chunk_last = 0;
            }
            coded.clear();
            let mut before = self.range.start.0;
            for position in part {
                put_varint(position.0 - before, &mut coded);
                before = position.0;
            }
            put_varint(term.0 - self.chunk_last, &mut self.chunk);
            put_varint(part.len() as u64, &mut self.chunk);
            put_varint(coded.len() as u64, &mut self.chunk);
            self.chunk.extend_from_slice(&coded);
            self.chunk_last = term.0;
            if self.chunk.len() >= CHUNK_SIZE_BYTES {
                self.close_chunk();
            }
        }
    }

    /// Returns the chunks that are complete.
    pub(crate) fn take_full(&mut self) -> Vec<StoredValue> {
        std::mem::take(&mut self.full)
    }

    /// Returns the run, its last chunks and the pages of its directory.
    pub(crate) fn finish(mut self) -> (Run, Vec<StoredValue>) {
        self.close_chunk();
        let mut directory = Vec::with_capacity(4 + self.chunks.len() * 16 + self.filter.len());
        directory.extend_from_slice(&(self.chunks.len() as u32).to_le_bytes());
        for (term, first) in &self.chunks {
            directory.extend_from_slice(&term.0.to_le_bytes());
            directory.extend_from_slice(&first.0.to_le_bytes());
        }
        directory.extend_from_slice(&self.filter);
        let mut values = std::mem::take(&mut self.full);
        for (page, cut) in directory.chunks(PAGE_SIZE_BYTES).enumerate() {
            values.push(checked(run_key(b'x', self.number, page as u32), cut.to_vec()));
        }
        let run = Run {
            number: self.number,
            range: self.range,
            chunks: self.chunks,
            filter: self.filter,
            retired: AtomicBool::new(false),
        };
        (run, values)
    }

    fn close_chunk(&mut self) {
        if self.chunk.is_empty() {
            return;
        }
        let number = (self.chunks.len() - 1) as u32;
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_SIZE_BYTES * 2));
        self.full.push(checked(run_key(b'p', self.number, number), chunk));
    }
}

impl Run {
    /// Rebuilds a run from the pages of its directory; nothing when they do not fit together.
    pub(crate) fn from_directory(number: u32, range: Range<Position>, pages: &[u8]) -> Option<Run> {
        let mut rest = pages;
        let count = take_u32(&mut rest)? as usize;
        let mut chunks = Vec::with_capacity(count.min(rest.len() / 16));
        for _ in 0..count {
            chunks.push((Term(take_u64(&mut rest)?), Position(take_u64(&mut rest)?)));
        }
        if rest.is_empty() || !rest.len().is_multiple_of(8) {
            return None;
        }
        Some(Run { number, range, chunks, filter: rest.to_vec(), retired: AtomicBool::new(false) })
    }

    /// Returns how many different terms there may be.
    pub(crate) const fn terms_max(&self) -> usize {
        self.filter.len() * 8 / FILTER_BITS_PER_TERM
    }

    /// Returns how many pages the directory takes.
    pub(crate) const fn pages(&self) -> u32 {
        let size = 4 + self.chunks.len() * 16 + self.filter.len();
        size.div_ceil(PAGE_SIZE_BYTES) as u32
    }

    /// Tells whether the run may hold the term.
    pub(crate) fn may_hold(&self, term: Term) -> bool {
        filter_bits(term, self.filter.len())
            .all(|bit| self.filter.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0))
    }

    /// Returns the chunks that may hold the term's positions within `range`.
    pub(crate) fn chunks_for(&self, term: Term, range: &Range<Position>) -> Range<u32> {
        let from = self.chunks.partition_point(|first| *first <= (term, range.start));
        let to = self.chunks.partition_point(|first| *first < (term, range.end));
        (from.saturating_sub(1) as u32)..(to as u32)
    }

    /// Tells whether a merged run took this one's place.
    pub(crate) fn is_retired(&self) -> bool {
        self.retired.load(Ordering::Acquire)
    }
}

/// Checks a chunk or page and returns its content.
pub(crate) fn content<'a>(key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (content, mut crc) = value.split_at_checked(value.len().checked_sub(4)?)?;
    (take_u32(&mut crc)? == checksum(key, content)).then_some(content)
}

/// Reads the entries of a chunk one after the other.
#[derive(Debug)]
pub(crate) struct Entries<'a> {
    rest: &'a [u8],
    term: u64,
    start: Position,
}

/// One entry; its positions are decoded only when asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) term: Term,
    pub(crate) count: u64,
    coded: &'a [u8],
    start: Position,
}

impl<'a> Entries<'a> {
    /// Starts at the first entry of a chunk of a run that starts at `start`.
    pub(crate) const fn new(content: &'a [u8], start: Position) -> Entries<'a> {
        Entries { rest: content, term: 0, start }
    }

    fn read(&mut self) -> Option<Entry<'a>> {
        self.term = self.term.checked_add(take_varint(&mut self.rest)?)?;
        let count = take_varint(&mut self.rest)?;
        let size = usize::try_from(take_varint(&mut self.rest)?).ok()?;
        let (coded, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(Entry { term: Term(self.term), count, coded, start: self.start })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.read()
    }
}

impl Entry<'_> {
    /// Returns the positions, oldest first.
    pub(crate) fn positions(&self) -> Vec<Position> {
        let mut positions = Vec::with_capacity(self.coded.len().min(self.count as usize));
        let mut rest = self.coded;
        let mut at = self.start.0;
        while let Some(distance) = take_varint(&mut rest) {
            at = at.saturating_add(distance);
            positions.push(Position(at));
        }
        positions
    }
}

/// Returns the key of a part of a run.
pub(crate) fn run_key(tag: u8, run: u32, part: u32) -> [u8; 9] {
    let mut key = [tag; 9];
    key[1..5].copy_from_slice(&run.to_be_bytes());
    key[5..].copy_from_slice(&part.to_be_bytes());
    key
}

/// Returns the run a key belongs to.
pub(crate) fn run_of(key: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(key.get(1..5)?.try_into().ok()?))
}

fn checked(key: [u8; 9], mut content: Vec<u8>) -> StoredValue {
    content.extend_from_slice(&checksum(&key, &content).to_le_bytes());
    (key, content)
}

fn filter_bits(term: Term, bytes: usize) -> impl Iterator<Item = usize> {
    let bits = (bytes as u64 * 8).max(1);
    let step = spread(term.0 ^ 0x5bd1_e995) | 1;
    (0..FILTER_PROBES).map(move |n| (term.0.wrapping_add(n.wrapping_mul(step)) % bits) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_finds_what_the_memtable_held() {
        let mut table = Memtable::starting_at(Position(100));
        let mut expected: HashMap<Term, Vec<Position>> = HashMap::new();
        for n in 0..20_000u64 {
            let terms = [Term(spread(n * n % 977)), Term(3), Term(spread(n + 50_000))];
            for term in terms {
                expected.entry(term).or_default().push(Position(100 + n));
            }
            table.push(&terms);
        }
        let sorted = table.sorted();
        let mut writer = RunWriter::new(9, table.range(), sorted.len());
        for (term, positions) in &sorted {
            writer.push(*term, positions);
        }
        let (run, values) = writer.finish();
        let stored: HashMap<_, _> = values.into_iter().collect();
        for (term, positions) in &expected {
            assert!(run.may_hold(*term));
            let all = Position(0)..Position(1 << 40);
            let mut found = Vec::new();
            for chunk in run.chunks_for(*term, &all) {
                let key = run_key(b'p', 9, chunk);
                let content = content(&key, &stored[&key]).expect("whole");
                for entry in Entries::new(content, run.range.start).filter(|e| e.term == *term) {
                    found.extend(entry.positions());
                }
            }
            assert_eq!(&found, positions);
        }
        let wrong = (0..10_000u64).filter(|n| run.may_hold(Term(spread(n + 900_000)))).count();
        assert!(wrong < 300, "{wrong} of 10,000 absent terms pass the filter");
        let pages: Vec<u8> = (0..run.pages())
            .flat_map(|page| {
                let key = run_key(b'x', 9, page);
                content(&key, &stored[&key]).expect("whole").to_vec()
            })
            .collect();
        let back = Run::from_directory(9, run.range.clone(), &pages).expect("a run");
        assert_eq!((back.chunks, back.filter), (run.chunks, run.filter));
    }

    #[test]
    fn the_entry_in_the_page_is_what_is_written() {
        let mut writer = RunWriter::new(0, Position(10)..Position(20), 1);
        writer.push(Term(5), &[Position(13), Position(14)]);
        let (_, values) = writer.finish();
        assert_eq!(values[0].1[..5], [0x05, 0x02, 0x02, 0x03, 0x01]);
    }
}
