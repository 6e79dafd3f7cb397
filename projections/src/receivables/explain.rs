//! What a figure of the control tables is made of: every event, with what it adds to the figure.

use daybook_core::position::Position;
use daybook_core::time::Date;

use super::facts::{FOR_ANOTHER, KIND_MASK, Said};
use super::{Accounts, Day, Item};
use crate::engine::{Bucket, Place, Row};

/// A figure of a customer's money in one entity and currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// What was charged.
    Charged,
    /// Collected, by receipts.
    Collected,
    /// Credited: credit notes, discounts and differences of exchange.
    Credited,
    /// Written off.
    WrittenOff,
    /// Open.
    Open,
    /// Open and overdue.
    Overdue,
    /// Credits that are left.
    Unapplied,
}

/// What one event adds to a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The day it counts from.
    pub on: Date,
    /// The event.
    pub position: Position,
    /// The item, receipt or credit note.
    pub document: Place,
    /// Whose money it is: entity and currency unit.
    pub owner: (Place, u32),
    /// How much.
    pub value: i64,
}

/// What a fact moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Charged,
    Collected,
    Credited,
    WrittenOff,
    Credit,
}

/// Returns the parts of a figure of one customer, by day and then in the order they were told. Debts
/// that are settled are no part of what is open, nor credits that are used up of what is left.
pub fn explain(bucket: &Bucket, customer: Place, figure: Figure, day: Day) -> Vec<Part> {
    let accounts = Accounts::of(bucket, Some(customer), day);
    let today = i64::from(day.on.0);
    let ours = bucket.known(day.before).filter(|row| row.customer == customer && row.on <= today);
    let parts = ours.filter_map(|row| {
        let (column, document, value) = moved(&accounts, row)?;
        let value = sign(figure, column)?.saturating_mul(value);
        let owner = match column {
            Column::Credit => {
                let credit = accounts.credit_at(document)?;
                (credit.unapplied() != 0).then_some((credit.entity, credit.unit))?
            }
            _ => {
                let item = accounts.item_at(document).filter(|item| counts(item, figure, day))?;
                (item.entity, item.unit)
            }
        };
        let on = Date(i32::try_from(row.on).unwrap_or(i32::MAX));
        (value != 0).then_some(Part {
            on,
            position: Position(row.position),
            document,
            owner,
            value,
        })
    });
    let mut parts: Vec<Part> = parts.collect();
    parts.sort_by_key(|part| (part.on, part.position));
    parts
}

fn counts(item: &Item, figure: Figure, day: Day) -> bool {
    match figure {
        Figure::Open => item.open() != 0,
        Figure::Overdue => item.open() != 0 && item.overdue_days(day.on) > 0,
        _ => true,
    }
}

/// Returns whether a column adds to a figure or lessens it.
const fn sign(figure: Figure, column: Column) -> Option<i64> {
    match (figure, column) {
        (Figure::Charged | Figure::Open | Figure::Overdue, Column::Charged)
        | (Figure::Collected, Column::Collected)
        | (Figure::Credited, Column::Credited)
        | (Figure::WrittenOff, Column::WrittenOff)
        | (Figure::Unapplied, Column::Credit) => Some(1),
        (
            Figure::Open | Figure::Overdue,
            Column::Collected | Column::Credited | Column::WrittenOff,
        ) => Some(-1),
        _ => None,
    }
}

/// Returns the column a fact moves, of which item or credit, and by how much.
fn moved(accounts: &Accounts, row: &Row) -> Option<(Column, Place, i64)> {
    let back = row.value.saturating_neg();
    match Said::from_number(row.kind)? {
        Said::Opened | Said::Amended => Some((Column::Charged, row.subject, row.value)),
        Said::Applied => Some((settled_by(row.unit), row.subject, row.value)),
        Said::Unapplied => {
            let (_, kind) = accounts.credit_of(row.object).filter(|(_, k)| k & FOR_ANOTHER == 0)?;
            Some((settled_by(kind), row.subject, back))
        }
        Said::Received | Said::Noted => Some((Column::Credit, row.subject, row.value)),
        Said::Reversed => {
            let credit = accounts.credit_at(row.subject)?;
            Some((Column::Credit, row.subject, credit.amount.saturating_neg()))
        }
        Said::Refunded => Some((Column::Credit, row.subject, back)),
        Said::Used => Some((Column::Credit, row.object, back)),
        Said::Returned => {
            let (credit, _) = accounts.credit_of(row.subject)?;
            Some((Column::Credit, credit, row.value))
        }
        Said::Due
        | Said::Origin
        | Said::Disputed
        | Said::Dunned
        | Said::Contracted
        | Said::Ended => None,
    }
}

const fn settled_by(kind: u32) -> Column {
    match kind & KIND_MASK {
        0 => Column::Collected,
        2 => Column::WrittenOff,
        _ => Column::Credited,
    }
}
