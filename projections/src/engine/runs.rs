//! What a view has folded, in files, so that the next process need not fold it again.
//!
//! ```text
//! DIR/views/receivables-1/0000000000000000-000000000004e200
//!                         └ first position └ the position after the last
//!
//! "DBVIEW1\n" │ size of head u32 │ head │ hash of head │ sections, each compressed by itself
//! ```
//! A file holds the facts of the events of its range; the ranges of the files form a chain from 0.
//! When a new file is written, younger files that are no larger than it are taken into it, so that
//! there are few. A file has another name until it is whole; it is not synced: what is torn after a
//! loss of power is found by its hash, and the chain ends before it.
//!
//! Invariant: a file is used only if every byte of it is what was written, for this book, view and
//! version.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use daybook_core::id::{BookId, CustomerCode};
use daybook_core::position::Position;
use daybook_core::proof::tree::Frontier;
use daybook_core::proof::{Hash, leaf_hash};

use super::bucket::Name;
use super::policies::Published;
use super::{BUCKETS, Bucket, Place, Row, State};

const MAGIC: &[u8; 8] = b"DBVIEW1\n";
const CONFIG: bincode::config::Configuration = bincode::config::standard();
/// Buckets that are compressed together.
const SECTION_BUCKETS: usize = 16;
/// Fast; the columns are small numbers.
const COMPRESSION_LEVEL: i32 = 1;
const HASH_SIZE_BYTES: usize = 32;

#[derive(Debug)]
struct Head {
    book: [u8; 16],
    view: String,
    version: u32,
    from: u64,
    to: u64,
    roots: Vec<[u8; 32]>,
    policies: Vec<Published>,
    sections: Vec<Section>,
}

#[derive(Debug)]
struct Section {
    size_bytes: u64,
    hash: [u8; 32],
}

/// The facts of a bucket from a position on, as columns.
#[derive(Debug, Default)]
pub(super) struct BucketPart {
    customers: Vec<String>,
    name_customers: Vec<u32>,
    name_spaces: Vec<u8>,
    names: Vec<String>,
    /// Each as its distance from the one before.
    positions: Vec<u64>,
    /// Each as its distance from the one before.
    ons: Vec<i64>,
    values: Vec<i64>,
    row_customers: Vec<u32>,
    subjects: Vec<u32>,
    objects: Vec<u32>,
    units: Vec<u32>,
    kinds: Vec<u8>,
    withdrawn: Vec<(u64, u64)>,
}

/// Codes a struct as its fields, one after the other.
macro_rules! coded {
    ($name:ident { $($field:ident),* }) => {
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self,
                encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                $( bincode::Encode::encode(&self.$field, encoder)?; )*
                Ok(())
            }
        }
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                Ok($name { $( $field: bincode::Decode::decode(decoder)? ),* })
            }
        }
    };
}

coded! { Head { book, view, version, from, to, roots, policies, sections } }
coded! { Section { size_bytes, hash } }
coded! { Published { position, effective_at, policy } }
coded! { BucketPart {
    customers, name_customers, name_spaces, names, positions, ons, values, row_customers, subjects,
    objects, units, kinds, withdrawn
} }

impl BucketPart {
    /// Takes the facts said at or after a position, and the names first used by them.
    pub fn since(bucket: &Bucket, from: Position) -> BucketPart {
        let start = bucket.rows.partition_point(|row| row.position < from.0);
        let (earlier, rows) = bucket.rows.split_at_checked(start).unwrap_or((&bucket.rows, &[]));
        let after = |places: &mut dyn Iterator<Item = Place>| {
            let used = places.filter(|place| *place != Place::NONE);
            used.map(|place| place.index() + 1).max().unwrap_or(0)
        };
        let customers_from = after(&mut earlier.iter().map(|row| row.customer));
        let names_from = after(&mut earlier.iter().flat_map(|row| [row.subject, row.object]));
        let mut part = BucketPart::default();
        for customer in bucket.customers.iter().skip(customers_from) {
            part.customers.push(customer.to_string());
        }
        for name in bucket.names.iter().skip(names_from) {
            part.name_customers.push(name.customer.0);
            part.name_spaces.push(name.space);
            part.names.push(name.text.to_string());
        }
        let (mut position, mut on) = (0u64, 0i64);
        for row in rows {
            part.positions.push(row.position.wrapping_sub(position));
            part.ons.push(row.on.wrapping_sub(on));
            (position, on) = (row.position, row.on);
            part.values.push(row.value);
            part.row_customers.push(row.customer.0);
            part.subjects.push(row.subject.0.wrapping_add(1));
            part.objects.push(row.object.0.wrapping_add(1));
            part.units.push(row.unit);
            part.kinds.push(row.kind);
        }
        let withdrawn = bucket.withdrawn.iter().filter(|(_, by)| **by >= from.0);
        part.withdrawn = withdrawn.map(|(position, by)| (*position, *by)).collect();
        part
    }

    /// Adds the part to the bucket it was taken of; nothing when it does not fit.
    fn put_into(self, bucket: &mut Bucket) -> Option<()> {
        for customer in &self.customers {
            bucket.customers.push(CustomerCode::new(customer).ok()?);
        }
        let names = self.names.into_iter().zip(self.name_customers).zip(self.name_spaces);
        for ((text, customer), space) in names {
            bucket.names.push(Name { customer: Place(customer), space, text: text.into() });
        }
        let (mut position, mut on) = (0u64, 0i64);
        let said = self.positions.iter().zip(&self.ons).zip(&self.values);
        let about = self.row_customers.iter().zip(&self.subjects).zip(&self.objects);
        let what = self.units.iter().zip(&self.kinds);
        for ((((distance, ons), value), ((customer, subject), object)), (unit, kind)) in
            said.zip(about).zip(what)
        {
            position = position.wrapping_add(*distance);
            on = on.wrapping_add(*ons);
            bucket.rows.push(Row {
                position,
                on,
                value: *value,
                customer: Place(*customer),
                subject: Place(subject.wrapping_sub(1)),
                object: Place(object.wrapping_sub(1)),
                unit: *unit,
                kind: *kind,
            });
        }
        self.withdrawn.into_iter().for_each(|(position, by)| {
            bucket.withdrawn.entry(position).or_insert(by);
        });
        Some(())
    }
}

/// Where a view's files are.
#[derive(Debug, Clone)]
pub(super) struct Runs {
    dir: PathBuf,
    book: BookId,
}

impl Runs {
    /// Names the folder; nothing is made before something is written.
    pub const fn new(dir: PathBuf, book: BookId) -> Runs {
        Runs { dir, book }
    }

    /// Returns the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Reads what is there into an empty view: the longest chain of whole files from 0.
    pub fn load(&self, state: &mut State, threads: usize) {
        while let Some(path) = self.longest_from(state.next) {
            if self.load_one(&path, state, threads).is_none() {
                // Torn, foreign or of another release: its facts are folded again. Some of it may be
                // in already.
                let view = state.view;
                *state = State::empty(view);
                if fs::remove_file(&path).is_err() {
                    return;
                }
            }
        }
    }

    /// Writes the facts from the last file's end on, and of the younger files that are no larger.
    /// Returns the position up to which files hold the view.
    pub fn save(&self, state: &State, threads: usize) -> io::Result<Position> {
        let ranges = self.ranges();
        let chained = chain(&ranges);
        let end = chained.last().map_or(0, |(_, to)| *to);
        if end >= state.next.0 {
            return Ok(Position(end));
        }
        let mut from = end;
        for (first, to) in chained.iter().rev() {
            if to - first > state.next.0 - from {
                break;
            }
            from = *first;
        }
        fs::create_dir_all(&self.dir)?;
        let path = self.path(from, state.next.0);
        let unfinished = path.with_extension("tmp");
        fs::write(&unfinished, self.encode(state, Position(from), threads)?)?;
        fs::rename(&unfinished, &path)?;
        for (first, to) in ranges {
            if first >= from && (first, to) != (from, state.next.0) {
                let _ = fs::remove_file(self.path(first, to));
            }
        }
        Ok(state.next)
    }

    /// Returns the bytes of the files.
    pub fn size_bytes(&self) -> u64 {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
    }

    /// Removes the files.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.dir) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, from: u64, to: u64) -> PathBuf {
        self.dir.join(format!("{from:016x}-{to:016x}"))
    }

    fn ranges(&self) -> Vec<(u64, u64)> {
        let entries = fs::read_dir(&self.dir).into_iter().flatten().flatten();
        let named = entries.filter_map(|entry| {
            let name = entry.file_name();
            let (from, to) = name.to_str()?.split_once('-')?;
            Some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
        });
        named.filter(|(from, to)| from < to).collect()
    }

    fn longest_from(&self, from: Position) -> Option<PathBuf> {
        let ranges = self.ranges();
        let found = ranges.into_iter().filter(|(first, _)| *first == from.0).max();
        found.map(|(from, to)| self.path(from, to))
    }

    fn encode(&self, state: &State, from: Position, threads: usize) -> io::Result<Vec<u8>> {
        let other = |error: bincode::error::EncodeError| io::Error::other(error);
        let sections: Vec<&[Bucket]> = state.buckets.chunks(SECTION_BUCKETS).collect();
        let compressed = side_by_side(sections, threads, |section| {
            let parts: Vec<BucketPart> =
                section.iter().map(|bucket| BucketPart::since(bucket, from)).collect();
            let bytes = bincode::encode_to_vec(&parts, CONFIG).map_err(other)?;
            zstd::bulk::compress(&bytes, COMPRESSION_LEVEL)
        });
        let compressed: Vec<Vec<u8>> = compressed.into_iter().collect::<io::Result<_>>()?;
        let policies = state.policies.0.iter().filter(|published| published.position >= from);
        let head = Head {
            book: *self.book.0.as_bytes(),
            view: state.view.name().to_owned(),
            version: state.view.version(),
            from: from.0,
            to: state.next.0,
            roots: state.tree.roots().iter().map(|root| root.0).collect(),
            policies: policies.cloned().collect(),
            sections: compressed
                .iter()
                .map(|bytes| Section { size_bytes: bytes.len() as u64, hash: leaf_hash(bytes).0 })
                .collect(),
        };
        let head = bincode::encode_to_vec(&head, CONFIG).map_err(other)?;
        let mut file = MAGIC.to_vec();
        file.extend_from_slice(&(head.len() as u32).to_le_bytes());
        file.extend_from_slice(&head);
        file.extend_from_slice(&leaf_hash(&head).0);
        compressed.iter().for_each(|section| file.extend_from_slice(section));
        Ok(file)
    }

    /// Adds a file's facts to the view; nothing when any of it is not as it was written.
    fn load_one(&self, path: &Path, state: &mut State, threads: usize) -> Option<()> {
        let bytes = fs::read(path).ok()?;
        let (head, mut rest) = self.read_head(&bytes, state)?;
        let mut sections = Vec::new();
        for section in &head.sections {
            let (bytes, after) = rest.split_at_checked(section.size_bytes as usize)?;
            sections.push((bytes, section.hash));
            rest = after;
        }
        if !rest.is_empty() || sections.len() != BUCKETS.div_ceil(SECTION_BUCKETS) {
            return None;
        }
        let parts = side_by_side(sections, threads, |(bytes, hash)| {
            (leaf_hash(bytes).0 == hash).then_some(())?;
            let bytes = zstd::stream::decode_all(bytes).ok()?;
            let (parts, _) =
                bincode::decode_from_slice::<Vec<BucketPart>, _>(&bytes, CONFIG).ok()?;
            Some(parts)
        });
        let parts: Vec<Vec<BucketPart>> = parts.into_iter().collect::<Option<_>>()?;
        let roots = head.roots.into_iter().map(Hash).collect();
        let tree = Frontier::from_parts(head.to, roots).ok()?;
        let mut buckets = state.buckets.iter_mut();
        for part in parts.into_iter().flatten() {
            part.put_into(buckets.next()?)?;
        }
        state.policies.0.extend(head.policies);
        state.tree = tree;
        state.next = Position(head.to);
        Some(())
    }

    fn read_head<'b>(&self, bytes: &'b [u8], state: &State) -> Option<(Head, &'b [u8])> {
        let rest = bytes.strip_prefix(MAGIC.as_slice())?;
        let (size, rest) = rest.split_first_chunk::<4>()?;
        let (head, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
        let (hash, rest) = rest.split_first_chunk::<HASH_SIZE_BYTES>()?;
        (leaf_hash(head).0 == *hash).then_some(())?;
        let (head, _) = bincode::decode_from_slice::<Head, _>(head, CONFIG).ok()?;
        let ours = head.book == *self.book.0.as_bytes()
            && head.view == state.view.name()
            && head.version == state.view.version()
            && head.from == state.next.0
            && head.to > head.from;
        ours.then_some((head, rest))
    }
}

/// Returns the ranges that follow each other from 0, the longest first where two begin alike.
fn chain(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (mut chained, mut end) = (Vec::new(), 0);
    while let Some(found) = ranges.iter().filter(|(first, _)| *first == end).max() {
        chained.push(*found);
        end = found.1;
    }
    chained
}

/// Does something to each of several things on so many threads; the results come in their order.
fn side_by_side<T: Send, R: Send>(
    things: Vec<T>,
    threads: usize,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let part = things.len().div_ceil(threads.max(1)).max(1);
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut things = things.into_iter();
    loop {
        let next: Vec<T> = things.by_ref().take(part).collect();
        if next.is_empty() {
            break;
        }
        parts.push(next);
    }
    let work = &work;
    thread::scope(|scope| {
        let started: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(move || part.into_iter().map(work).collect::<Vec<R>>()))
            .collect();
        let joined = started.into_iter().flat_map(|done| {
            // A thread ends early only by a panic, which is passed on.
            done.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        joined.collect()
    })
}
