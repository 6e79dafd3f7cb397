//! What is submitted to the ledger and what comes back.

use serde::Serialize;

use super::clock::ClockJump;
use crate::attachment::AttachmentError;
use crate::codec::CodecError;
use crate::decide::{Rejection, Request};
use crate::event::{Actor, Kind, Source, StreamId};
use crate::id::EventId;
use crate::position::{Position, StreamVersion};
use crate::store::{AppendError, StoreError};
use crate::time::Timestamp;
use crate::vault::VaultError;

/// The most requests one batch may hold.
pub const BATCH_REQUESTS_MAX: usize = 10_000;

/// Requests that are taken together or not at all.
pub type Unit = Vec<Request>;

/// What one caller submits: units that stand or fall each on its own, written with one sync.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Who asks.
    pub actor: Actor,
    /// Through what.
    pub source: Source,
    /// The units.
    pub units: Vec<Unit>,
    /// Whether anything is kept.
    pub mode: Mode,
}

/// Whether anything is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Append.
    Commit,
    /// Decide only. Batches of one rehearsal see what earlier ones of it would have done.
    Rehearse {
        /// The rehearsal's number, chosen by the caller.
        rehearsal: u64,
        /// Whether this is its last batch.
        last: bool,
    },
}

/// One event as the answer names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventRef {
    /// Its place in the log.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// Its kind.
    #[serde(serialize_with = "kind_name")]
    pub kind: Kind,
    /// Its stream.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

fn kind_name<S: serde::Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Its events, consequences included.
    pub events: Vec<EventRef>,
    /// Whether this is the first answer to an earlier, equal request; nothing was added then.
    pub repeated: bool,
}

/// Why a unit was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("request {index} was refused")]
pub struct Refusal {
    /// Which request of the unit, counted from 0.
    pub index: usize,
    /// Why.
    #[source]
    pub rejection: Rejection,
}

/// The answer to a batch, unit by unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// One entry a unit.
    pub units: Vec<Result<Vec<Outcome>, Refusal>>,
    /// The next position after the batch: everything before it is visible to the caller.
    pub next: Position,
}

/// Why a batch could not be handled. Unlike a refusal, something is broken or too much was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// More requests than one batch may hold.
    #[error("the batch holds {actual} requests; at most {max} are taken at once")]
    TooMany {
        /// How many.
        actual: usize,
        /// The most allowed.
        max: usize,
    },
    /// The log did not take it.
    #[error("the batch was not appended")]
    Append(#[from] AppendError),
    /// The log could not be read while deciding.
    #[error("the log could not be read")]
    Store(#[from] StoreError),
    /// A key was not to be had.
    #[error("the vault did not give a key")]
    Vault(#[from] VaultError),
    /// An attached file could not be looked at.
    #[error("an attachment's file could not be looked at")]
    Attachment(#[from] AttachmentError),
    /// An event could not be written or read.
    #[error("an event could not be encoded or decoded")]
    Codec(#[from] CodecError),
    /// The writer could not start.
    #[error("the writer's thread could not be started")]
    Thread {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The clock has jumped and nobody has confirmed it.
    #[error(transparent)]
    ClockJump(#[from] ClockJump),
    /// The time that was confirmed is not what the clock shows.
    #[error("the clock stands at {now}, not at {said}")]
    ClockDiffers {
        /// Where the clock stands.
        now: Timestamp,
        /// What was said.
        said: Timestamp,
    },
    /// The log holds no opened book.
    #[error("the log holds no opened book; found one first")]
    NotFounded,
    /// The ledger was closed.
    #[error("the ledger is closed")]
    Closed,
}

impl SubmitError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            SubmitError::TooMany { .. } => "batch_too_large",
            SubmitError::Append(AppendError::DiskFull { .. }) => "disk_full",
            SubmitError::Append(_) => "storage_failed",
            SubmitError::Store(StoreError::Corrupt { .. }) => "corrupt",
            SubmitError::Store(StoreError::DerivedDamaged { .. }) => "derived_damaged",
            SubmitError::Store(StoreError::Io { .. }) => "read_failed",
            SubmitError::Vault(error) => error.code(),
            SubmitError::Attachment(error) => error.code(),
            SubmitError::Codec(_) => "codec_failed",
            SubmitError::Thread { .. } => "thread_failed",
            SubmitError::ClockJump(_) => "clock_jump",
            SubmitError::ClockDiffers { .. } => "clock_differs",
            SubmitError::NotFounded => "not_founded",
            SubmitError::Closed => "closed",
        }
    }
}
