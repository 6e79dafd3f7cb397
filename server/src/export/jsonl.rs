//! Events as JSON lines: first what the file is made of, then a line an event, last what it holds.
//!
//! ```text
//! {"export":{"version":1,"format":"jsonl","book":...,"query":...,"basis":...,...}}
//! {"position":0,"event_id":...,"kind":"book.opened",...,"body":{...}}
//! ...
//! {"export_end":{"rows":4812,...,"sums":[...],"digest":"9f50..."}}
//! ```
//! The digest is SHA-256 over every byte before the last line.

use std::io::Write;

use daybook_core::event::Body;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::row::Row;
use super::write::Form;
use super::{ExportError, Holds, Origin, Statement, Tally};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct First {
    /// What the file is made of.
    pub export: Origin,
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
