//! Which events count nowhere at a basis.

use std::collections::BTreeMap;
use std::sync::Arc;

use daybook_core::event::{Body, Event};
use daybook_core::position::Position;

/// Voided positions, each with the position of the event that voided it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Voided {
    by: Arc<BTreeMap<Position, Position>>,
    /// Voids from here on are not known yet.
    before: Option<Position>,
}

impl Voided {
    /// Takes what is void by now, as it was known before a position. Nothing is copied.
    pub const fn known(by: Arc<BTreeMap<Position, Position>>, before: Position) -> Voided {
        Voided { by, before: Some(before) }
    }

    /// Takes in one event; only `event.voided` matters.
    pub fn fold(&mut self, event: &Event) {
        if let Body::EventVoided(void) = &event.body {
            Arc::make_mut(&mut self.by).insert(void.position, event.envelope.position);
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
        let by = self.by.get(&position).copied()?;
        self.before.is_none_or(|before| by < before).then_some(by)
    }

    /// Tells whether an event counts.
    pub fn counts(&self, event: &Event) -> bool {
        self.by(event.envelope.position).is_none()
    }

    /// Returns how many events are void.
    pub fn count(&self) -> usize {
        self.by.values().filter(|by| self.before.is_none_or(|before| **by < before)).count()
    }
}
