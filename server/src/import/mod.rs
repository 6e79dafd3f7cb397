//! Imports: files and a mapping become requests to the ledger.
//!
//! The way of a row: [`source`] reads it, [`build`] turns it into requests as the [`mapping`] says
//! (its values by [`node`] and [`cell`], rows of one document put together by [`group`], what lies
//! elsewhere found by [`lookup`]), and [`run()`] submits them in batches while the next rows are being
//! read. Every request carries an idempotency key made of the source, the row's key and the event's
//! number, so that an import can be run again at any time and adds only what is new. The files
//! themselves are attached to the import's own event.
//!
//! Invariant: every row is accounted for exactly once: taken, known, refused (with line, column,
//! value and reason) or skipped by a rule of the mapping.

pub mod batches;
pub mod build;
pub mod cell;
pub mod condition;
pub mod decimal;
pub mod duplicates;
pub mod files;
pub mod group;
pub mod guess;
pub mod lookup;
pub mod mapping;
pub mod node;
pub mod pattern;
pub mod revert;
pub mod run;
pub mod source;
pub mod takeover;
pub mod tally;
pub mod template;

use daybook_core::attachment::AttachmentError;
use daybook_core::event::book::{AmountTotals, RowTotals};
use daybook_core::ledger::{AttachError, Refusal, SubmitError};
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::money::AmountView;
use crate::text::Spoken;

pub use duplicates::Duplicate;
pub use files::InputFile;
pub use mapping::Mapping;
pub use run::{Job, run};

/// What stops an import. Rows taken before stay taken, and are recognised in the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// A file cannot be read on.
    #[error("{file} cannot be read any further ({rows_read} rows were read)")]
    Source {
        /// The file.
        file: String,
        /// Rows read before.
        rows_read: u64,
        /// Why.
        #[source]
        source: source::SourceError,
    },
    /// A table cannot be used.
    #[error(transparent)]
    Table(#[from] lookup::TableError),
    /// A file's columns are not those of the mapping.
    #[error("{file}: {problem}; the file's columns are {}", columns.join(", "))]
    Header {
        /// The file.
        file: String,
        /// What does not fit.
        problem: String,
        /// The columns of the file.
        columns: Vec<String>,
    },
    /// A file the mapping needs.
    #[error("the mapping needs a file called {pattern}, which is not among those given")]
    FileMissing {
        /// Its name.
        pattern: String,
    },
    /// A file the mapping knows nothing about.
    #[error("{file} is none of the files of the mapping; they are {}", patterns.join(", "))]
    FileUnknown {
        /// Its name.
        file: String,
        /// The names of the mapping.
        patterns: Vec<String>,
    },
    /// A name that cannot be stored.
    #[error(transparent)]
    Text(#[from] daybook_core::id::TextError),
    /// The ledger refused the import's own event.
    #[error("the import's own event was refused: {}", refusal.rejection)]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// The files could not be attached.
    #[error("the file could not be attached to the import: {0}")]
    Attach(#[from] AttachError),
    /// The files could not be received.
    #[error(transparent)]
    Received(#[from] AttachmentError),
    /// The ledger is broken.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A thread of the import ended early.
    #[error("the import was interrupted")]
    Interrupted,
}

impl ImportError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ImportError::Source { source, .. }
            | ImportError::Table(lookup::TableError::Source(source)) => source.code(),
            ImportError::Table(lookup::TableError::Column { .. }) | ImportError::Header { .. } => {
                "columns_differ"
            }
            ImportError::Table(lookup::TableError::Ambiguous { .. }) => "table_ambiguous",
            ImportError::FileMissing { .. } => "file_missing",
            ImportError::FileUnknown { .. } => "file_unknown",
            ImportError::Text(_) => "name_unfit",
            ImportError::Refused { .. } => "import_refused",
            ImportError::Attach(error) => error.code(),
            ImportError::Received(error) => error.code(),
            ImportError::Submit(error) => error.code(),
            ImportError::Interrupted => "interrupted",
        }
    }

    /// Returns what to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            ImportError::Source { source, .. }
            | ImportError::Table(lookup::TableError::Source(source)) => source.hint(),
            ImportError::Table(lookup::TableError::Column { .. }) | ImportError::Header { .. } => {
                "correct the column names in the mapping or in the file"
            }
            ImportError::Table(lookup::TableError::Ambiguous { .. }) => {
                "a table's key must name one row; choose another key or correct the file"
            }
            ImportError::FileMissing { .. } => {
                "name that file too; it may be packed with gzip or zip"
            }
            ImportError::FileUnknown { .. } => {
                "leave the file out, or add it to the mapping as a [[file]]"
            }
            ImportError::Text(_) => "shorten the name",
            ImportError::Refused { .. }
            | ImportError::Attach(_)
            | ImportError::Received(_)
            | ImportError::Submit(_)
            | ImportError::Interrupted => "run the import again; rows taken already are recognised",
        }
    }
}

/// What an import tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// A file begins.
    Header(FileHeader),
    /// A row was refused.
    Refused(RefusedRow),
    /// How far it is.
    Progress(Figures),
    /// It is done.
    Done(Report),
}

/// A file's name and the names of its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileHeader {
    /// The file's name.
    pub file: String,
    /// Its columns, no two alike.
    pub columns: Vec<String>,
}

/// A row that did not become events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedRow {
    /// The file it is in.
    pub file: String,
    /// The line it starts on.
    pub line: u64,
    /// The column it is about, by name or number.
    pub column: String,
    /// The value there.
    pub value: String,
    /// Why, in a sentence.
    pub reason: Spoken,
    /// The stable code.
    pub code: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Spoken>,
    /// The row's fields.
    pub fields: Vec<String>,
}

/// How many rows became what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Figures {
    /// Rows read.
    pub rows: u64,
    /// Rows that became events now.
    pub taken: u64,
    /// Rows taken by an earlier run.
    pub known: u64,
    /// Rows refused.
    pub refused: u64,
    /// Rows left out by the mapping.
    pub skipped: u64,
    /// Events appended, consequences included.
    pub events: u64,
}

/// Rows or events that were refused for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// How many.
    pub count: u64,
    /// Whether the rows stand all the same, without the event.
    pub tolerated: bool,
    /// The first of them.
    pub example: RefusedRow,
}

/// What became of the rows of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileReport {
    /// The file's name.
    pub name: String,
    /// Bytes of the file as it was received.
    pub size_bytes: u64,
    /// Its rows.
    pub rows: RowTotals,
    /// The amounts of its rows, one entry a currency, in minor units.
    pub amounts: Vec<AmountTotals>,
    /// The position of the event that attaches the file to the import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attached_at: Option<Position>,
}

/// Events of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindCount {
    /// The stored name of the kind.
    pub kind: String,
    /// How many.
    pub events: u64,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The source under which rows are recognised.
    pub source: String,
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// Rows and events.
    pub figures: Figures,
    /// Sums of the amounts of the rows taken, by currency.
    pub sums: Vec<AmountView>,
    /// The files.
    pub files: Vec<FileReport>,
    /// The events added, by kind, consequences included.
    pub kinds: Vec<KindCount>,
    /// What was refused, by reason, the most frequent first.
    pub problems: Vec<Problem>,
    /// In a dry run: the requests of the first rows that would be taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<serde_json::Value>,
    /// In a dry run: customers that may be on file already, or twice in the files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<Duplicate>,
    /// The position of the import's own event: of this run, or of the earlier run that is repeated.
    pub applied_at: Option<Position>,
    /// The answer reflects the events before this position.
    pub position: Position,
}
