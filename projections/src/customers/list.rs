//! The customers of a bucket at a basis.

use daybook_core::event::customer::CustomerKind;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

use super::facts::{Said, kind_of};
use crate::Basis;
use crate::engine::{Bucket, Place};

/// One customer of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerRow {
    /// Which.
    pub customer: Place,
    /// What the customer is to us.
    pub kind: Option<CustomerKind>,
    /// The city.
    pub city: Place,
    /// The event whose sealed section holds the name.
    pub name_at: Option<Position>,
    /// Effective time of the earliest event.
    pub first_at: Timestamp,
    /// Effective time of the latest event.
    pub last_at: Timestamp,
    /// Events that count.
    pub events: u64,
    /// From when on the latest value of a detail is: later effective wins, then later position.
    name_said: i64,
    city_said: i64,
}

/// Returns the customers of whom something counts at a basis. That something counts nowhere is no
/// sign of a customer, who may be gone with it.
pub fn rows(bucket: &Bucket, basis: &Basis) -> Vec<CustomerRow> {
    let nobody = |customer| CustomerRow {
        customer,
        kind: None,
        city: Place::NONE,
        name_at: None,
        first_at: Timestamp(i64::MAX),
        last_at: Timestamp(i64::MIN),
        events: 0,
        name_said: i64::MIN,
        city_said: i64::MIN,
    };
    let places = (0..bucket.customer_count()).map(|at| nobody(Place(at as u32)));
    let mut rows: Vec<CustomerRow> = places.collect();
    let as_of = basis.as_of.map_or(i64::MAX, |as_of| as_of.0);
    for fact in bucket.known(basis.before).filter(|fact| fact.on <= as_of) {
        let (Some(said), Some(row)) =
            (Said::from_number(fact.kind), rows.get_mut(fact.customer.index()))
        else {
            continue;
        };
        match said {
            Said::Happened => {
                row.events += 1;
                row.first_at = row.first_at.min(Timestamp(fact.on));
                row.last_at = row.last_at.max(Timestamp(fact.on));
            }
            Said::Kind => row.kind = kind_of(fact.value),
            Said::Named if fact.on >= row.name_said => {
                (row.name_at, row.name_said) = (Some(Position(fact.position)), fact.on);
            }
            Said::City if fact.on >= row.city_said => {
                (row.city, row.city_said) = (fact.object, fact.on);
            }
            Said::Named | Said::City => {}
        }
    }
    rows.retain(|row| row.events > 0);
    rows
}
