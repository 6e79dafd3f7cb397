//! What keeps a view from answering.

use daybook_core::codec::CodecError;
use daybook_core::ledger::SubmitError;
use daybook_core::position::Position;

/// Why a view could not be folded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ViewError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] SubmitError),
    /// An event could not be read.
    #[error("the event at position {position} could not be read for a view")]
    Event {
        /// Where.
        position: Position,
        /// Why.
        #[source]
        source: CodecError,
    },
    /// What was folded is not what the log holds.
    #[error(
        "the view {view} folded other events than the log holds before position {position}; \
         drop it, so that it is folded anew"
    )]
    OtherEvents {
        /// The view.
        view: &'static str,
        /// How far it reached.
        position: Position,
    },
}

impl ViewError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            ViewError::Log(error) => error.code(),
            ViewError::Event { .. } => "codec_failed",
            ViewError::OtherEvents { .. } => "view_damaged",
        }
    }
}
