//! The identity file `book`: which ledger a directory holds, and of which restore.
//!
//! Invariant: written once, when the directory is made; every other file must agree with it.
//!
//! ```text
//! daybook 1
//! book 0198c0de-0000-4000-8000-000000000001
//! epoch 1
//! created 2026-03-31T01:30:00Z
//! crc32 0a1b2c3d
//! ```
//! The last line is the CRC-32 of everything before it; its own bytes begin `6372633332 20`.

use std::path::Path;

use super::error::StoreOpenError;
use super::journal::scan::io_error;
use crate::id::BookId;
use crate::time::Timestamp;

/// The identity file's name in the ledger's directory.
pub const BOOK_FILE: &str = "book";

/// Which ledger a directory holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The ledger.
    pub book: BookId,
    /// Counts restores: every restored copy is of a later epoch than its original.
    pub epoch: u64,
    /// When the directory was made.
    pub created: Timestamp,
}

impl Identity {
    /// Returns the file's text.
    pub fn encode(&self) -> String {
        with_checksum(format!(
            "daybook 1\nbook {}\nepoch {}\ncreated {}\n",
            self.book, self.epoch, self.created
        ))
    }

    /// Reads the file of a ledger's directory.
    ///
    /// # Errors
    /// [`StoreOpenError::NotALedger`] when there is none, [`StoreOpenError::IdentityDamaged`].
    pub fn read(dir: &Path) -> Result<Identity, StoreOpenError> {
        let path = dir.join(BOOK_FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound
                        | std::io::ErrorKind::NotADirectory
                        | std::io::ErrorKind::IsADirectory
                ) =>
            {
                return Err(StoreOpenError::NotALedger { path: dir.display().to_string() });
            }
            Err(source) => return Err(io_error("reading the identity file", &path, source).into()),
        };
        Identity::parse(&bytes).map_err(|problem| StoreOpenError::IdentityDamaged {
            path: path.display().to_string(),
            problem,
        })
    }

    fn parse(bytes: &[u8]) -> Result<Identity, &'static str> {
        let text = without_checksum(bytes)?;
        let mut lines = text.lines();
        if lines.next() != Some("daybook 1") {
            return Err("its format is not known to this release");
        }
        let book = value(lines.next(), "book ").ok_or("it names no ledger")?;
        let epoch = value(lines.next(), "epoch ").ok_or("it names no epoch")?;
        let created = value(lines.next(), "created ").ok_or("it names no time")?;
        Ok(Identity { book, epoch, created })
    }
}

/// Returns the value after `name` when it can be read as one.
pub(crate) fn value<T: std::str::FromStr>(line: Option<&str>, name: &str) -> Option<T> {
    line?.strip_prefix(name)?.parse().ok()
}

/// Adds the checksum line.
pub(crate) fn with_checksum(mut text: String) -> String {
    let crc = crc32fast::hash(text.as_bytes());
    text.push_str(&format!("crc32 {crc:08x}\n"));
    text
}

/// Checks and removes the checksum line.
pub(crate) fn without_checksum(bytes: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
    let at = text.rfind("crc32 ").ok_or("its checksum line is missing")?;
    let (body, last) = text.split_at(at);
    if last == format!("crc32 {:08x}\n", crc32fast::hash(body.as_bytes())) {
        Ok(body)
    } else {
        Err("its checksum is wrong")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_comes_back_and_notices_every_flipped_bit() {
        let identity = Identity {
            book: BookId(uuid::Uuid::from_u128(77)),
            epoch: 4,
            created: Timestamp(1_700_000_000_000_000),
        };
        let text = identity.encode();
        assert_eq!(Identity::parse(text.as_bytes()), Ok(identity));
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Identity::parse(&flipped).is_err(), "bit {bit}");
        }
        assert!(Identity::parse(&text.as_bytes()[..text.len() - 1]).is_err());
    }
}
