//! Rows of one document, put together wherever in the file they stand.
//!
//! A first reading remembers, for each document, which row is its last: sixteen bytes a document,
//! however long the file. The second holds a document's rows until that one has come, which is one
//! document at a time where they stand together.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use super::build::Builder;
use super::source::{Record, Rows, SourceError};

/// The documents of a file.
pub struct Documents {
    hasher: RandomState,
    last: HashMap<u64, u64>,
    open: HashMap<String, Vec<Record>>,
}

impl Documents {
    /// Reads a file once to learn where its documents end. What is wrong with it is found by the
    /// second reading.
    pub fn of(builder: &Builder<'_>, mut rows: Box<dyn Rows>) -> Result<Documents, SourceError> {
        let (hasher, mut last) = (RandomState::new(), HashMap::new());
        let (mut record, mut number) = (Record::default(), 0u64);
        while rows.read(&mut record)? {
            number += 1;
            if builder.alone(&record).is_none()
                && let Some(key) = builder.document_key(&record)
            {
                last.insert(hasher.hash_one(&key), number);
            }
        }
        Ok(Documents { hasher, last, open: HashMap::new() })
    }

    /// Takes a row, the `number`th of the file; returns its document when it is whole.
    pub fn take(&mut self, key: String, number: u64, record: Record) -> Option<Vec<Record>> {
        let ends = self.last.get(&self.hasher.hash_one(&key)).is_none_or(|last| *last <= number);
        if !ends {
            self.open.entry(key).or_default().push(record);
            return None;
        }
        let mut rows = self.open.remove(&key).unwrap_or_default();
        rows.push(record);
        Some(rows)
    }

    /// Returns what is left when the file has ended: documents whose key shares its hash with
    /// another's.
    pub fn rest(self) -> impl Iterator<Item = Vec<Record>> {
        let mut rest: Vec<Vec<Record>> = self.open.into_values().collect();
        rest.sort_by_key(|rows| rows.first().map_or(0, |row| row.line));
        rest.into_iter()
    }
}
