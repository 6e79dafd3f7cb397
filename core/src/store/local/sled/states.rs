//! Saved states: bytes that the ledger keeps beside a long stream, so as not to fold it again.
//!
//! Invariant: a state is read back whole or not at all; a newer one takes the place of the older only
//! when all of it is there. What this module does not do: it does not know what the bytes mean.
//!
//! ```text
//! state key  's' │ stream's term u64 BE
//! value      number u32 │ pages u32 │ size u64, unpacked │ crc32 of key and all before it u32
//! page key   's' │ stream's term u64 BE │ number u32 BE │ page u32 BE
//! page       a cut of the packed bytes (zstd) │ crc32 of key and cut u32
//! ```
//! The key of the state of term 5 is `73 0000000000000005`.

use super::blocks::checksum;
use super::postings::content;
use super::{BATCH_SIZE_BYTES, Index, IndexError, damaged, failed};
use crate::event::index::Term;
use crate::store::local::journal::frame::{take_u32, take_u64};

/// The most bytes of a page, within what sled keeps in its one synced file.
const PAGE_SIZE_BYTES: usize = 28 << 10;

/// The most bytes a state may unpack to.
const STATE_SIZE_BYTES_MAX: u64 = 1 << 30;

/// zstd's level for states: they are written rarely and read while somebody waits.
const LEVEL: i32 = 1;

/// Where a state's bytes are.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u32,
    pages: u32,
    size_bytes: u64,
}

impl Index {
    /// Puts a stream's state in the place of an earlier one.
    ///
    /// # Errors
    /// [`IndexError`]; the earlier one may then still be there.
    pub(crate) fn put_state(&self, stream: Term, bytes: &[u8]) -> Result<(), IndexError> {
        let packed = zstd::bulk::compress(bytes, LEVEL)
            .map_err(|error| IndexError::Failed(error.to_string()))?;
        self.sled.with(|db| {
            let number = state_place(db, stream)?.map_or(0, |old| old.number.wrapping_add(1));
            let mut batch = sled::Batch::default();
            let mut size = 0usize;
            let mut pages = 0u32;
            for cut in packed.chunks(PAGE_SIZE_BYTES) {
                let key = page_key(stream, number, pages);
                batch.insert(&key, checked(&key, cut.to_vec()));
                pages += 1;
                self.sled.note_written(cut.len());
                size += cut.len();
                if size >= BATCH_SIZE_BYTES {
                    db.apply_batch(std::mem::take(&mut batch)).map_err(failed)?;
                    size = 0;
                }
            }
            remove_pages(db, stream, Some(number), &mut batch)?;
            let mut value = number.to_le_bytes().to_vec();
            value.extend_from_slice(&pages.to_le_bytes());
            value.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
            let key = state_key(stream);
            batch.insert(&key, checked(&key, value));
            db.apply_batch(batch).map_err(failed)
        })
    }

    /// Returns a stream's state, if one is kept.
    ///
    /// # Errors
    /// [`IndexError`] when it is not what was put there.
    pub(crate) fn state(&self, stream: Term) -> Result<Option<Vec<u8>>, IndexError> {
        self.sled.with(|db| {
            let Some(place) = state_place(db, stream)? else { return Ok(None) };
            let mut packed = Vec::new();
            for page in 0..place.pages {
                let key = page_key(stream, place.number, page);
                let value = db.get(key).map_err(failed)?;
                let cut = value.as_deref().and_then(|value| content(&key, value));
                packed.extend_from_slice(cut.ok_or_else(|| damaged("a state's page is wrong"))?);
            }
            if place.size_bytes > STATE_SIZE_BYTES_MAX {
                return Err(damaged("a state is too large"));
            }
            let size = usize::try_from(place.size_bytes).unwrap_or(usize::MAX);
            let bytes = zstd::bulk::decompress(&packed, size);
            bytes.map(Some).map_err(|_| damaged("a state does not unpack"))
        })
    }

    /// Removes a stream's state.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn remove_state(&self, stream: Term) -> Result<(), IndexError> {
        self.sled.with(|db| {
            let mut batch = sled::Batch::default();
            remove_pages(db, stream, None, &mut batch)?;
            batch.remove(&state_key(stream));
            db.apply_batch(batch).map_err(failed)
        })
    }

    /// Returns the streams that have a state, by their terms.
    ///
    /// # Errors
    /// [`IndexError`].
    pub(crate) fn states(&self) -> Result<Vec<Term>, IndexError> {
        self.sled.with(|db| {
            let mut streams: Vec<Term> = Vec::new();
            let mut from = state_key(Term(0)).to_vec();
            while let Some(found) = db.range(from.as_slice()..&b"t"[..]).next() {
                let (key, _) = found.map_err(failed)?;
                let Some(stream) = stream_of(&key) else { break };
                if key.len() == state_key(stream).len() {
                    streams.push(stream);
                }
                from = page_key(stream, u32::MAX, u32::MAX).to_vec();
                from.push(0);
            }
            Ok(streams)
        })
    }
}

fn state_place(db: &sled::Db, stream: Term) -> Result<Option<Place>, IndexError> {
    let key = state_key(stream);
    let Some(value) = db.get(key).map_err(failed)? else { return Ok(None) };
    let place = content(&key, &value).and_then(|mut rest| {
        Some(Place {
            number: take_u32(&mut rest)?,
            pages: take_u32(&mut rest)?,
            size_bytes: take_u64(&mut rest)?,
        })
    });
    place.map(Some).ok_or_else(|| damaged("a state's entry is wrong"))
}

/// Adds the removal of all pages to a batch, but for those of the state numbered `but`.
fn remove_pages(
    db: &sled::Db,
    stream: Term,
    but: Option<u32>,
    batch: &mut sled::Batch,
) -> Result<(), IndexError> {
    let all = page_key(stream, 0, 0)..=page_key(stream, u32::MAX, u32::MAX);
    for found in db.range(all) {
        let (key, _) = found.map_err(failed)?;
        let kept = but.map(|number| page_key(stream, number, 0));
        if kept.is_none_or(|kept| key.get(..13) != kept.get(..13)) {
            batch.remove(key);
        }
    }
    Ok(())
}

fn state_key(stream: Term) -> [u8; 9] {
    let mut key = [b's'; 9];
    key[1..].copy_from_slice(&stream.0.to_be_bytes());
    key
}

fn page_key(stream: Term, number: u32, page: u32) -> [u8; 17] {
    let mut key = [b's'; 17];
    key[1..9].copy_from_slice(&stream.0.to_be_bytes());
    key[9..13].copy_from_slice(&number.to_be_bytes());
    key[13..].copy_from_slice(&page.to_be_bytes());
    key
}

fn stream_of(key: &[u8]) -> Option<Term> {
    Some(Term(u64::from_be_bytes(key.get(1..9)?.try_into().ok()?)))
}

fn checked(key: &[u8], mut content: Vec<u8>) -> Vec<u8> {
    content.extend_from_slice(&checksum(key, &content).to_le_bytes());
    content
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::handle::REOPENED_SIZE_BYTES;
    use super::super::postings::Memtable;
    use super::*;
    use crate::id::BookId;
    use crate::position::Position;

    #[test]
    fn what_was_written_in_a_long_run_is_not_read_again_at_the_next_opening() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, book) = (folder.path().join("sled"), BookId(uuid::Uuid::from_u128(9)));
        let snapshot = || {
            let names = std::fs::read_dir(&path)
                .expect("listed")
                .map(|entry| entry.expect("listed").file_name().to_string_lossy().into_owned());
            names.filter(|name| name.starts_with("snap.")).max()
        };
        let opened = || Arc::new(Index::open(&path, book, 1).expect("opened"));
        let index = opened();
        index.put_run(&Memtable::starting_at(Position(0))).expect("put");
        let before = snapshot();
        index.put_state(Term(1), &[7; 1000]).expect("put");
        index.refresh().expect("looked at");
        assert_eq!(snapshot(), before, "a short run leaves it to the next opening");
        index.sled.note_written(REOPENED_SIZE_BYTES as usize);
        index.refresh().expect("opened anew");
        let after = snapshot();
        assert!(after > before, "sled remembers where it was");
        index.put_state(Term(1), &[8; 1000]).expect("put");
        assert_eq!(index.state(Term(1)).expect("read"), Some(vec![8; 1000]));
        index.refresh().expect("looked at");
        assert_eq!(snapshot(), after, "the next run is counted from nothing");
        index.sled.note_written(REOPENED_SIZE_BYTES as usize);
        Index::put_away(index);
        assert!(snapshot() > after, "a close in order does the same");
        assert_eq!(opened().state(Term(1)).expect("read"), Some(vec![8; 1000]));
    }

    #[test]
    fn a_state_takes_the_place_of_the_one_before_and_leaves_the_others_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let book = BookId(uuid::Uuid::from_u128(9));
        let index = Index::open(&folder.path().join("sled"), book, 1).expect("opened");
        // Bytes that do not pack, so that a state takes many pages.
        let noise = |seed: u64, size: usize| -> Vec<u8> {
            let mut word = seed;
            let mut next = || {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (word >> 56) as u8
            };
            (0..size).map(|_| next()).collect()
        };
        let (long, short, other) = (noise(1, 3 << 20), noise(2, 100_000), noise(3, 10));
        index.put_state(Term(7), &long).expect("put");
        index.put_state(Term(8), &other).expect("put");
        assert_eq!(index.state(Term(7)).expect("read"), Some(long));
        index.put_state(Term(7), &short).expect("put");
        assert_eq!(index.state(Term(7)).expect("read"), Some(short));
        assert_eq!(index.state(Term(8)).expect("read"), Some(other));
        assert_eq!(index.state(Term(9)).expect("read"), None);
        assert_eq!(index.states().expect("listed"), [Term(7), Term(8)]);
        let pages =
            || index.sled.with(|db| Ok(db.scan_prefix(state_key(Term(7))).count())).expect("read");
        assert_eq!(pages(), 1 + 100_000usize.div_ceil(PAGE_SIZE_BYTES), "the old pages are gone");
        index.remove_state(Term(7)).expect("removed");
        assert_eq!(pages(), 0);
        assert_eq!(index.states().expect("listed"), [Term(8)]);
    }
}
