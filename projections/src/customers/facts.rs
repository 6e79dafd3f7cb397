//! What each event leaves in the customers view. Facts count from the event's effective instant, in
//! microseconds.

use daybook_core::event::customer::{CustomerField, CustomerKind, DetailChanges};
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::Note;

use crate::engine::{Fact, Facts, Key, WORDS_FROM};

/// A city, as the object of a fact.
const CITY: u8 = WORDS_FROM;

/// What a fact of this view says. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Said {
    /// Something happened.
    Happened = 1,
    /// The customer is of the kind with the number `value`.
    Kind = 2,
    /// The customer is in city `object`; nothing when that was taken back.
    City = 3,
    /// The event holds the customer's name.
    Named = 4,
}

impl Said {
    const ALL: &'static [Said] = &[Said::Happened, Said::Kind, Said::City, Said::Named];

    /// Returns what a stored number says.
    pub fn from_number(number: u8) -> Option<Said> {
        Said::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// Takes the facts of one event.
pub fn fold(event: &Event, facts: &mut Facts<'_>) {
    // That something counts nowhere is no sign of a customer.
    if matches!(event.body, Body::EventVoided(_)) {
        return;
    }
    let on = event.envelope.effective_at.0;
    let mut say = |said, object: Key<'_>, value: i64| {
        let kind = said as u8;
        facts.add(Fact { kind, subject: Key::NONE, object, unit: 0, on, value });
    };
    say(Said::Happened, Key::NONE, 0);
    let details = match &event.body {
        Body::CustomerRegistered(registered) => {
            say(Said::Kind, Key::NONE, number_of(registered.kind));
            &registered.details
        }
        Body::CustomerDetailsChanged(changed) => &changed.details,
        _ => return,
    };
    if details.marks.iter().any(|mark| mark.field == CustomerField::Name) {
        say(Said::Named, Key::NONE, 0);
    }
    for city in cities(details) {
        say(Said::City, city.map_or(Key::NONE, |name| Key { space: CITY, name }), 0);
    }
}

fn cities(details: &DetailChanges) -> impl Iterator<Item = Option<&str>> {
    let changes = details.public.iter().filter(|change| change.field == CustomerField::City);
    changes.map(|change| change.new.as_ref().map(Note::as_str))
}

fn number_of(kind: CustomerKind) -> i64 {
    let at = CustomerKind::ALL.iter().position(|known| *known == kind);
    at.and_then(|at| i64::try_from(at).ok()).unwrap_or(-1)
}

/// Returns the kind with a number.
pub fn kind_of(number: i64) -> Option<CustomerKind> {
    CustomerKind::ALL.get(usize::try_from(number).ok()?).copied()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back_as_what_they_say() {
        for said in Said::ALL {
            assert_eq!(Said::from_number(*said as u8), Some(*said));
        }
        assert_eq!((Said::from_number(0), Said::from_number(5)), (None, None));
        for kind in CustomerKind::ALL {
            assert_eq!(kind_of(number_of(*kind)), Some(*kind));
        }
    }
}
