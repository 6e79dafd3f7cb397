//! The file `clock`: when this machine's clock was last believed.
//!
//! Invariant: it is a help, no proof; what cannot be read counts as not known. It is written when a
//! ledger is first opened after the machine started, and when a person confirms the clock. What this
//! module does not do: it judges nothing.
//!
//! ```text
//! daybook clock 1
//! book 0198c0de-0000-4000-8000-000000000001
//! at 2026-03-31T01:30:00Z
//! start 5f0c3c1e-6a6f-4b0e-9f0e-1d2c3b4a5f60      which start of the machine, or `-`
//! steady 86400000000                              microseconds since then
//! crc32 0a1b2c3d
//! ```
//! In bytes it begins `64617962 6f6f6b20 636c6f63 6b20310a`.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::identity::{value, with_checksum, without_checksum};
use crate::id::BookId;
use crate::time::{Seen, Steady};

/// The file's name in the ledger's directory.
pub(crate) const CLOCK_FILE: &str = "clock";

/// Writes the file; that it cannot be written is no reason to stop.
pub(crate) fn write(dir: &Path, book: BookId, seen: &Seen) {
    let path = dir.join(CLOCK_FILE);
    let unfinished = path.with_extension("tmp");
    let written = File::create(&unfinished).and_then(|mut file| {
        file.write_all(encode(book, seen).as_bytes())?;
        file.sync_all()
    });
    if written.and_then(|()| fs::rename(&unfinished, &path)).is_err() {
        let _ = fs::remove_file(&unfinished);
    }
}

/// Reads the file; nothing when it is not there, damaged or another ledger's.
pub(crate) fn read(dir: &Path, book: BookId) -> Option<Seen> {
    parse(&fs::read(dir.join(CLOCK_FILE)).ok()?, book)
}

fn encode(book: BookId, seen: &Seen) -> String {
    let steady = match seen.steady {
        Some(Steady { start, micros }) => format!("start {start}\nsteady {micros}\n"),
        None => "start -\n".to_owned(),
    };
    with_checksum(format!("daybook clock 1\nbook {book}\nat {}\n{steady}", seen.at))
}

fn parse(bytes: &[u8], book: BookId) -> Option<Seen> {
    let mut lines = without_checksum(bytes).ok()?.lines();
    let whose = (lines.next()?, value::<BookId>(lines.next(), "book ")?);
    if whose != ("daybook clock 1", book) {
        return None;
    }
    let at = value(lines.next(), "at ")?;
    let start: String = value(lines.next(), "start ")?;
    let steady = match start.parse() {
        Ok(start) => Some(Steady { start, micros: value(lines.next(), "steady ")? }),
        Err(_) => None,
    };
    Some(Seen { at, steady })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn what_was_seen_comes_back_and_a_flipped_bit_is_nothing() {
        let (book, other) = (uuid::Uuid::from_u128(7), uuid::Uuid::from_u128(8));
        let steady = Some(Steady { start: other, micros: 86_400_000_001 });
        for steady in [steady, None] {
            let seen = Seen { at: Timestamp(1_774_920_600_000_001), steady };
            let text = encode(BookId(book), &seen);
            assert_eq!(parse(text.as_bytes(), BookId(book)), Some(seen));
            assert_eq!(parse(text.as_bytes(), BookId(other)), None);
            for bit in 0..text.len() * 8 {
                let mut flipped = text.clone().into_bytes();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(parse(&flipped, BookId(book)), None, "bit {bit}");
            }
        }
    }
}
