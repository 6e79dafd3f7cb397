//! Events as JSON lines: first what the file is made of, then a line an event, last what it holds.
//! Behind the line of an attached file stands its content, where that was asked for, in parts.
//!
//! ```text
//! {"export":{"version":1,"format":"jsonl","book":...,"query":...,"basis":...,...}}
//! {"position":0,"event_id":...,"kind":"book.opened",...,"body":{...}}
//! ...
//! {"position":31,...,"kind":"attachment.added",...}
//! {"part":"JVBERi0xLjcK..."}
//! ...
//! {"export_end":{"rows":4812,...,"sums":[...],"digest":"9f50..."}}
//! ```
//! The digest is SHA-256 over every byte before the last line.

use std::io::{Read, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use daybook_core::event::Body;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::row::Row;
use super::write::Form;
use super::{ExportError, Holds, Origin, Statement, Tally};

/// How the last line begins.
pub const END_MARK: &[u8] = br#"{"export_end":"#;
/// How a line with a part of a file's content begins.
pub const PART_MARK: &[u8] = br#"{"part":"#;
/// How the line begins that ends a file which could not be read on.
pub const DAMAGED_MARK: &[u8] = br#"{"file_damaged":"#;
/// Bytes of content in one line.
const PART_SIZE_BYTES: usize = 48 << 10;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct First {
    /// What the file is made of.
    pub export: Origin,
}

/// A part of an attached file's content.
#[derive(Debug, Serialize, Deserialize)]
pub struct Part {
    /// Its bytes in base64.
    pub part: String,
}

/// An attached file could not be read on; what came of it is to be dropped.
#[derive(Debug, Serialize, Deserialize)]
pub struct Damaged {
    /// Why.
    pub file_damaged: String,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Last {
    /// What the file holds.
    pub export_end: Holds,
}

/// Writes JSON lines.
#[derive(Default)]
pub struct JsonLines {
    digest: Sha256,
    line: Vec<u8>,
}

impl JsonLines {
    fn line(&mut self, line: &impl Serialize, out: &mut dyn Write) -> Result<(), ExportError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)?;
        self.line.push(b'\n');
        self.digest.update(&self.line);
        Ok(out.write_all(&self.line)?)
    }
}

impl Form for JsonLines {
    fn begin(&mut self, origin: &Origin, out: &mut dyn Write) -> Result<(), ExportError> {
        self.line(&First { export: origin.clone() }, out)
    }

    fn row(&mut self, row: &Row, _: &Body, out: &mut dyn Write) -> Result<(), ExportError> {
        self.line(row, out)
    }

    fn file(
        &mut self,
        content: &mut dyn Read,
        out: &mut dyn Write,
    ) -> Result<Option<u64>, ExportError> {
        let (mut size_bytes, mut part) = (0, Vec::with_capacity(PART_SIZE_BYTES));
        loop {
            part.clear();
            let limit = PART_SIZE_BYTES as u64;
            if let Err(error) = content.take(limit).read_to_end(&mut part) {
                self.line(&Damaged { file_damaged: error.to_string() }, out)?;
                return Ok(None);
            }
            // An empty file has one empty part.
            if part.is_empty() && size_bytes > 0 {
                return Ok(Some(size_bytes));
            }
            self.line(&Part { part: STANDARD.encode(&part) }, out)?;
            size_bytes += part.len() as u64;
            if part.len() < PART_SIZE_BYTES {
                return Ok(Some(size_bytes));
            }
        }
    }

    fn end(
        self: Box<Self>,
        origin: Origin,
        tally: Tally,
        out: &mut dyn Write,
    ) -> Result<Statement, ExportError> {
        let digest = daybook_core::codec::layout::hex(&self.digest.finalize());
        let statement = Statement { export: origin, export_end: tally.finish(digest) };
        let last = Last { export_end: statement.export_end.clone() };
        serde_json::to_writer(&mut *out, &last)?;
        out.write_all(b"\n")?;
        Ok(statement)
    }
}
