//! Answers straight from the journal, for when the index cannot be read.
//!
//! Invariant: what is answered here is what the journal holds; being slow is the only difference.
//! Terms are collected once, from the start of the log to where the newest postings begin; that takes
//! as long as a replay and memory for every posting, and ends with the next opening, which builds the
//! index anew. What this module does not do: it writes nothing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::journal::list;
use super::journal::scan::FrameReader;
use super::sled::blocks::Block;
use super::sled::postings::Memtable;
use crate::event::index::terms;
use crate::event::{Event, Header};
use crate::position::Position;
use crate::store::StoreError;
use crate::time::Timestamp;

/// What was read of the journal so far.
#[derive(Debug, Default)]
pub(crate) struct Unindexed {
    reader: Mutex<Option<FrameReader>>,
    table: Mutex<Option<Arc<Memtable>>>,
}

impl Unindexed {
    /// Returns the events of the frame that holds `position`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn block_at(
        &self,
        journal: &Path,
        position: Position,
    ) -> Result<Arc<Block>, StoreError> {
        let mut kept = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        // Readers mostly go on where they stopped; otherwise the segment is looked up again.
        if let Some(reader) = kept.as_mut().filter(|reader| reader.position() <= position)
            && let Some(block) = seek(reader, position)?
        {
            return Ok(block);
        }
        let segments = list(journal)?.segments;
        let at = segments.partition_point(|segment| segment.first <= position);
        let missing = || StoreError::Corrupt {
            path: journal.display().to_string(),
            offset: 0,
            position,
            last_good_at: Timestamp::default(),
            problem: "no segment holds the position",
        };
        let segment = segments.get(at.wrapping_sub(1)).ok_or_else(missing)?;
        let mut reader = FrameReader::open(segment)?;
        reader.skip_towards(position)?;
        let block = seek(&mut reader, position)?.ok_or_else(missing)?;
        *kept = Some(reader);
        Ok(block)
    }

    /// Returns the postings of everything before `end`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn postings(
        &self,
        journal: &Path,
        end: Position,
    ) -> Result<Arc<Memtable>, StoreError> {
        let mut kept = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(table) = kept.as_ref().filter(|table| table.range().end >= end) {
            return Ok(Arc::clone(table));
        }
        let mut table = Memtable::starting_at(Position(0));
        let mut next = Position(0);
        while next < end {
            let block = self.block_at(journal, next)?;
            for stored in block.from(next).take_while(|stored| stored.position < end) {
                let event = Event::decode(&stored.bytes).map_err(|_| undecodable(journal, next))?;
                table.push(&terms(&event));
                next = stored.position.next();
            }
        }
        let table = Arc::new(table);
        *kept = Some(Arc::clone(&table));
        Ok(table)
    }

    /// Returns the number of events before `end` recorded at or before `time`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn position_at(
        &self,
        journal: &Path,
        time: Timestamp,
        end: Position,
    ) -> Result<Position, StoreError> {
        let (mut low, mut high) = (Position(0), end);
        while low < high {
            let middle = Position(low.0 + (high.0 - low.0) / 2);
            let block = self.block_at(journal, middle)?;
            let at = (middle.0 - block.first.0) as usize;
            let recorded_at = block
                .events
                .get(at)
                .and_then(|bytes| Header::decode(bytes).ok())
                .map(|header| header.envelope.recorded_at)
                .ok_or_else(|| undecodable(journal, middle))?;
            if recorded_at <= time {
                low = middle.next();
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}

fn seek(reader: &mut FrameReader, position: Position) -> Result<Option<Arc<Block>>, StoreError> {
    while reader.position() <= position {
        let Some(frame) = reader.next_frame()? else { return Ok(None) };
        if reader.position() > position {
            let events = frame
                .events()
                .ok_or_else(|| reader.corrupt("the event lengths do not fit the payload"))?;
            let first = frame.header.first;
            let raw_size_bytes = frame.bytes.len();
            return Ok(Some(Arc::new(Block { first, events, raw_size_bytes })));
        }
    }
    Ok(None)
}

fn undecodable(journal: &Path, position: Position) -> StoreError {
    StoreError::Corrupt {
        path: journal.display().to_string(),
        offset: 0,
        position,
        last_good_at: Timestamp::default(),
        problem: "an event does not decode",
    }
}
