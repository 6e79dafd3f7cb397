//! One customer's events in the order they happened, voided ones included and marked.

use daybook_core::event::Event;
use daybook_core::position::Position;

use crate::summary::{Summary, summarize};
use crate::{Basis, Voided};

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The event, its sections as they were given.
    pub event: Event,
    /// The position of the event that voided it.
    pub voided_by: Option<Position>,
}

impl Entry {
    /// Returns one line about the event in English and Chinese.
    pub fn summary(&self) -> Summary {
        summarize(&self.event.body)
    }
}

/// Builds the timeline: by effective time, then by position.
pub fn timeline(
    events: impl IntoIterator<Item = Event>,
    basis: &Basis,
    voided: &Voided,
) -> Vec<Entry> {
    let admitted = events.into_iter().filter(|event| basis.admits(event));
    let mut entries: Vec<Entry> = admitted
        .map(|event| Entry { voided_by: voided.by(event.envelope.position), event })
        .collect();
    entries.sort_by_key(|entry| (entry.event.envelope.effective_at, entry.event.envelope.position));
    entries
}
