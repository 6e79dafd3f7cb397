//! Data on its way out, and imports taken back: X05, X07.
//!
//! An export is noted before its first byte leaves, so that one that breaks off is known as well. Its
//! bounds are positions and instants: the same bounds give the same rows for ever. An import taken
//! back is voided event by event in the customers' streams; what is said here closes it.

use super::EventBody;
use crate::id::{CustomerCode, ImportId, Label};
use crate::position::Position;
use crate::time::Timestamp;

crate::choice! {
    /// The form of a file that leaves the ledger.
    pub enum ExportFormat {
        /// One JSON document a line.
        Jsonl = "jsonl" "JSON 行",
        /// A table of comma-separated values.
        Csv = "csv" "CSV 表",
        /// A workbook.
        Xlsx = "xlsx" "Excel 工作簿",
    }
}

crate::record! {
    /// X05: events were taken out as a file.
    pub struct DataExported {
        /// The form of the file.
        pub format: ExportFormat,
        /// Only this customer's events.
        pub of_customer: Option<CustomerCode>,
        /// Only events of this kind, by its stored name.
        pub kind: Option<Label>,
        /// Only what was so at or after this instant.
        pub since: Option<Timestamp>,
        /// Only what was so at or before this instant.
        pub as_of: Option<Timestamp>,
        /// Only what was known at this instant.
        pub known_at: Option<Timestamp>,
        /// The first position that was taken.
        pub from: Position,
        /// The position before which it ended.
        pub before: Position,
        /// Whether personal sections were opened.
        pub personal: bool,
        /// Whether the content of attached files was taken, too.
        #[serde(default)]
        pub files: bool,
    }
}

crate::record! {
    /// An event of an import that stays when the import is taken back.
    pub struct Stayed {
        /// Where it is.
        pub position: Position,
        /// The stored number of its kind.
        pub kind_tag: u16,
        /// Why, as the code of the refusal.
        pub code: Label,
        /// The first of the events that are built upon it.
        pub needed_by: Vec<Position>,
    }
}

crate::record! {
    /// X07: an import was taken back. Its events lie between the two positions and name it as their
    /// source; each of them is reversed, was void before, is kept or has failed.
    pub struct ImportReverted {
        /// The import's source.
        pub import: ImportId,
        /// The event that closed the import; absent when it was cut off.
        pub applied_at: Option<Position>,
        /// The first position its events may have.
        pub from: Position,
        /// The position before which they end.
        pub before: Position,
        /// Events voided now.
        pub reversed: u64,
        /// Events that were void before.
        pub void_before: u64,
        /// Events kept, because something is built upon them.
        pub kept: u64,
        /// Events that could not be voided for another reason.
        pub failed: u64,
        /// What stays, the first hundred.
        pub stayed: Vec<Stayed>,
    }
}

impl EventBody for DataExported {}
impl EventBody for ImportReverted {}
