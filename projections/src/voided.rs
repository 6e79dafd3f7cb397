//! Which events count nowhere at a basis.

use std::collections::BTreeMap;

use daybook_core::event::{Body, Event};
use daybook_core::position::Position;

/// Voided positions, each with the position of the event that voided it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voided(BTreeMap<Position, Position>);

impl Voided {
    /// Takes in one event; only `event.voided` matters.
    pub fn fold(&mut self, event: &Event) {
        if let Body::EventVoided(void) = &event.body {
            self.0.insert(void.position, event.envelope.position);
        }
    }

    /// Collects the voids among some events.
    pub fn among<'a>(events: impl IntoIterator<Item = &'a Event>) -> Voided {
        let mut voided = Voided::default();
        events.into_iter().for_each(|event| voided.fold(event));
        voided
    }

    /// Returns the position of the event that voided this one.
    pub fn by(&self, position: Position) -> Option<Position> {
        self.0.get(&position).copied()
    }

    /// Tells whether an event counts.
    pub fn counts(&self, event: &Event) -> bool {
        !self.0.contains_key(&event.envelope.position)
    }

    /// Returns how many events are void.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}
