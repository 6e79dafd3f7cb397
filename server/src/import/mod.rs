//! Imports: a CSV file and a mapping become requests to the ledger.
//!
//! The way of a row: [`csv`] reads it, [`build`] turns it into requests as the [`mapping`] says, and
//! [`run()`] submits them in batches while the next rows are being read. Every request carries an
//! idempotency key made of the source, the row's key and the event's number, so that an import can
//! be run again at any time and adds only what is new.
//!
//! Invariant: every row is accounted for exactly once: taken, known, refused (with line, column,
//! value and reason) or skipped by a rule of the mapping.

pub mod batches;
pub mod build;
pub mod condition;
pub mod csv;
pub mod mapping;
pub mod node;
pub mod revert;
pub mod run;
pub mod takeover;
pub mod template;

use daybook_core::ledger::{Refusal, SubmitError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::money::AmountView;

pub use mapping::Mapping;
pub use run::{Job, run};

/// What stops an import. Rows taken before stay taken, and are recognised in the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The file cannot be read on.
    #[error("the file cannot be read any further ({rows_read} rows were read)")]
    Csv {
        /// Rows read before.
        rows_read: u64,
        /// Why.
        #[source]
        source: csv::CsvError,
    },
    /// The file's columns are not those of the mapping.
    #[error("{problem}; the file's columns are {}", columns.join(", "))]
    Header {
        /// What does not fit.
        problem: String,
        /// The columns of the file.
        columns: Vec<String>,
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
            ImportError::Csv { .. } => "csv_malformed",
            ImportError::Header { .. } => "columns_differ",
            ImportError::Text(_) => "name_unfit",
            ImportError::Refused { .. } => "import_refused",
            ImportError::Submit(error) => error.code(),
            ImportError::Interrupted => "interrupted",
        }
    }

    /// Returns what to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            ImportError::Csv { source: csv::CsvError::Encoding { .. }, .. } => {
                "save the file as UTF-8, for instance with: iconv -f UTF-16 -t UTF-8"
            }
            ImportError::Csv { .. } => {
                "correct the file and run the import again; rows taken already are recognised"
            }
            ImportError::Header { .. } => "correct the column names in the mapping or in the file",
            ImportError::Text(_) => "shorten the name",
            ImportError::Refused { .. } | ImportError::Submit(_) | ImportError::Interrupted => {
                "run the import again; rows taken already are recognised"
            }
        }
    }
}

/// What an import tells while it runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The names of the file's columns.
    Header(Vec<String>),
    /// A row was refused.
    Refused(RefusedRow),
    /// How far it is.
    Progress(Figures),
    /// It is done.
    Done(Report),
}

/// A row that did not become events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefusedRow {
    /// The line it starts on.
    pub line: u64,
    /// The column it is about, by name or number.
    pub column: String,
    /// The value there.
    pub value: String,
    /// Why, in a sentence.
    pub reason: String,
    /// The stable code.
    pub code: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
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

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The source under which rows are recognised.
    pub source: String,
    /// The file's name.
    pub file_name: String,
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// Rows and events.
    pub figures: Figures,
    /// Sums of the amounts of the rows taken, by currency.
    pub sums: Vec<AmountView>,
    /// The position of the import's own event: of this run, or of the earlier run that is repeated.
    pub applied_at: Option<daybook_core::position::Position>,
    /// The answer reflects the events before this position.
    pub position: daybook_core::position::Position,
}
