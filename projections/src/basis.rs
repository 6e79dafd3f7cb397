//! The basis of an answer: what had happened, and what was known.

use daybook_core::event::Event;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

/// What a question about the past rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// Only what was so at or before this instant; everything when absent.
    pub as_of: Option<Timestamp>,
    /// Only what was known before this position.
    pub before: Position,
}

impl Basis {
    /// Tells whether an event belongs to the basis.
    pub fn admits(&self, event: &Event) -> bool {
        event.envelope.position < self.before
            && self.as_of.is_none_or(|as_of| event.envelope.effective_at <= as_of)
    }
}
