//! The list of customers: code, kind, city, first and last event, number of events.
//!
//! A customer's name is personal and stays sealed: the row says which event holds it, and whoever
//! may see names opens that event.

use std::collections::BTreeMap;

use daybook_core::event::customer::{CustomerField, CustomerKind, DetailChanges};
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::{CustomerCode, Note};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

use crate::{Basis, Voided};

/// One customer of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerRow {
    /// What the customer is to us.
    pub kind: Option<CustomerKind>,
    /// The city.
    pub city: Option<Note>,
    /// The event whose sealed section holds the name.
    pub name_at: Option<Position>,
    /// Effective time of the earliest and of the latest event.
    pub effective: Option<(Timestamp, Timestamp)>,
    /// Events that count.
    pub events: u64,
    /// Where the latest value of a detail was said: later effective wins, then later position.
    name_said: (Timestamp, Position),
    city_said: (Timestamp, Position),
}

/// The customers of a ledger at a basis, in order of code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customers {
    /// The rows.
    pub rows: BTreeMap<CustomerCode, CustomerRow>,
    /// Events that went in.
    pub events: u64,
}

impl Customers {
    /// Takes in one event.
    pub fn fold(&mut self, event: &Event, basis: &Basis, voided: &Voided) {
        let envelope = &event.envelope;
        let Some(customer) = envelope.stream.customer() else { return };
        if !basis.admits(event) || !voided.counts(event) {
            return;
        }
        self.events += 1;
        // That something counts nowhere is no sign of a customer, who may be gone with it.
        if matches!(event.body, Body::EventVoided(_)) {
            return;
        }
        if !self.rows.contains_key(customer) {
            self.rows.insert(customer.clone(), CustomerRow::default());
        }
        let Some(row) = self.rows.get_mut(customer) else { return };
        row.events += 1;
        let at = envelope.effective_at;
        row.effective = Some(row.effective.map_or((at, at), |(a, b)| (a.min(at), b.max(at))));
        let said = (at, envelope.position);
        match &event.body {
            Body::CustomerRegistered(registered) => {
                row.kind = Some(registered.kind);
                row.details(&registered.details, said);
            }
            Body::CustomerDetailsChanged(changed) => row.details(&changed.details, said),
            _ => {}
        }
    }
}

impl CustomerRow {
    fn details(&mut self, changes: &DetailChanges, said: (Timestamp, Position)) {
        if changes.marks.iter().any(|mark| mark.field == CustomerField::Name)
            && (self.name_at.is_none() || said >= self.name_said)
        {
            self.name_at = Some(said.1);
            self.name_said = said;
        }
        for change in changes.public.iter().filter(|change| change.field == CustomerField::City) {
            if said >= self.city_said {
                self.city = change.new.clone();
                self.city_said = said;
            }
        }
    }
}

/// Returns the name an opened event gives its customer; nothing when it is sealed or says none.
pub fn name_in(event: &Event) -> Option<&str> {
    let details = match &event.body {
        Body::CustomerRegistered(registered) => &registered.details,
        Body::CustomerDetailsChanged(changed) => &changed.details,
        _ => return None,
    };
    let identity = details.identity.as_ref().and_then(Section::open)?;
    let name = identity.changes.iter().find(|change| change.field == CustomerField::Name)?;
    name.new.as_ref().map(Note::as_str)
}
