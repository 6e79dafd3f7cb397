//! Why a ledger's directory could not be made or opened.
//!
//! Invariant: whatever is missing, foreign, older or damaged is named; nothing is ever opened as an
//! empty ledger instead.

use crate::id::BookId;
use crate::position::Position;
use crate::store::{StoreError, is_full};

/// Why a ledger's directory could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreOpenError {
    /// The directory is not there, or holds no ledger.
    #[error("there is no ledger at {path}")]
    NotALedger {
        /// Where.
        path: String,
    },
    /// A ledger is made only where nothing is.
    #[error("{path} is not empty; a ledger is made only in a new or empty directory")]
    NotEmpty {
        /// Where.
        path: String,
    },
    /// The identity file cannot be read as one.
    #[error("the identity file {path} is damaged: {problem}")]
    IdentityDamaged {
        /// The file.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Another process has the ledger open.
    #[error("the ledger is in use by process {pid} ({command}) since {since}")]
    Held {
        /// The process, 0 when it did not say.
        pid: u32,
        /// What it runs.
        command: String,
        /// Since when, as it wrote it.
        since: String,
    },
    /// The journal's folder is gone or holds no segment.
    #[error("the journal {path} is missing or empty; nothing was changed")]
    JournalMissing {
        /// The folder.
        path: String,
    },
    /// A segment is missing in the middle or at the end of the journal.
    #[error("the journal segment that starts at position {position} is missing: {path}")]
    SegmentMissing {
        /// The file that should be there.
        path: String,
        /// Its first position.
        position: Position,
    },
    /// A file belongs to another ledger.
    #[error("{path} belongs to ledger {found}, not to {expected}")]
    ForeignBook {
        /// The file.
        path: String,
        /// This ledger.
        expected: BookId,
        /// The file's ledger.
        found: BookId,
    },
    /// A file is of a later or earlier epoch than it may be: the ledger was restored elsewhere, or
    /// files of different restores are mixed.
    #[error("{path} is of epoch {found}, this ledger of epoch {expected}")]
    WrongEpoch {
        /// The file.
        path: String,
        /// This ledger's.
        expected: u64,
        /// The file's.
        found: u64,
    },
    /// No known tree head: the file that is made with the ledger is gone, and no copy is known.
    #[error("the last tree head is missing: {path}")]
    HeadMissing {
        /// The file.
        path: String,
    },
    /// A tree head file cannot be read as one, and no other copy is good.
    #[error("the tree head file {path} is damaged: {problem}")]
    HeadDamaged {
        /// The file.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Two copies of a tree head say different things about the same size.
    #[error("the tree heads {inside} and {outside} disagree about {size} events")]
    HeadsDisagree {
        /// The one in the ledger.
        inside: String,
        /// The one outside.
        outside: String,
        /// The size both name.
        size: u64,
    },
    /// The journal ends before what is known to have been in it.
    #[error(
        "the journal holds {found} events, but {known_by} knows of {expected}: it is an older copy \
         or was cut"
    )]
    Behind {
        /// Events known of.
        expected: u64,
        /// Events found.
        found: u64,
        /// The file that knows.
        known_by: String,
    },
    /// The journal's events are not those of the last tree head.
    #[error("the journal's first {size} events are not those of the tree head {path}")]
    HeadMismatch {
        /// The tree head's size.
        size: u64,
        /// The tree head's file.
        path: String,
    },
    /// The journal or the disk.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StoreOpenError {
    /// Returns the condition's stable code.
    pub fn code(&self) -> &'static str {
        match self {
            StoreOpenError::NotALedger { .. } => "not_a_ledger",
            StoreOpenError::NotEmpty { .. } => "not_empty",
            StoreOpenError::IdentityDamaged { .. } => "identity_damaged",
            StoreOpenError::Held { .. } => "held",
            StoreOpenError::JournalMissing { .. } => "journal_missing",
            StoreOpenError::SegmentMissing { .. } => "segment_missing",
            StoreOpenError::ForeignBook { .. } => "foreign_book",
            StoreOpenError::WrongEpoch { .. } => "wrong_epoch",
            StoreOpenError::HeadMissing { .. } => "head_missing",
            StoreOpenError::HeadDamaged { .. } => "head_damaged",
            StoreOpenError::HeadsDisagree { .. } => "heads_disagree",
            StoreOpenError::Behind { .. } => "journal_behind",
            StoreOpenError::HeadMismatch { .. } => "head_mismatch",
            StoreOpenError::Store(StoreError::Io { source, .. }) if is_full(source) => "disk_full",
            StoreOpenError::Store(StoreError::Io { .. }) => "storage_failed",
            StoreOpenError::Store(StoreError::Corrupt { .. }) => "corrupt",
            StoreOpenError::Store(StoreError::DerivedDamaged { .. }) => "derived_damaged",
        }
    }
}
