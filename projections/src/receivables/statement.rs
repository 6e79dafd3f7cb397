//! The statement of account (rule R29): opening balance, every line that changed it, closing
//! balance; one per entity and currency.

use std::collections::BTreeMap;

use daybook_core::position::Position;
use daybook_core::time::Date;

use super::facts::{BY_ANOTHER, FOR_ANOTHER, KIND_MASK, Said};
use super::{Accounts, Day};
use crate::engine::{Bucket, Place, Row};

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A debt was opened.
    Charged,
    /// An amendment changed a debt.
    Amended,
    /// Money came in.
    Received,
    /// It counts no more.
    Reversed,
    /// A credit note was issued.
    Credited,
    /// Money went back.
    Refunded,
    /// A debt, or part of it, was written off, discounted or lost to exchange.
    GivenUp,
    /// What was given up is owed again.
    Restored,
    /// Another customer paid, or that was taken back.
    PaidByAnother,
    /// A credit went to another customer's debts, or came back.
    PaidForAnother,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The day it counts from.
    pub on: Date,
    /// The event.
    pub position: Position,
    /// What it is.
    pub what: What,
    /// The item, receipt or credit.
    pub document: String,
    /// How the balance changed.
    pub change: i128,
    /// The balance after it.
    pub balance: i128,
}

/// The statement in one entity and currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// The balance before the first day.
    pub opening: i128,
    /// The lines, by day and then in the order they were told.
    pub lines: Vec<Line>,
    /// The balance at the end.
    pub closing: i128,
}

/// Returns the statements of a customer from a day on, by entity and currency unit.
pub fn statements(
    bucket: &Bucket,
    customer: Place,
    from: Option<Date>,
    day: Day,
) -> BTreeMap<(String, u32), Statement> {
    let accounts = Accounts::of(bucket, Some(customer), day);
    let today = i64::from(day.on.0);
    let ours = bucket.known(day.before).filter(|row| row.customer == customer && row.on <= today);
    let mut rows: Vec<&Row> = ours.collect();
    rows.sort_by_key(|row| (row.on, row.position));
    let mut statements: BTreeMap<(String, u32), Statement> = BTreeMap::new();
    for row in rows {
        let Some((what, entity, unit, change)) = change(&accounts, row) else { continue };
        let key = (bucket.text(entity).to_owned(), unit);
        let statement = statements.entry(key).or_default();
        statement.closing += i128::from(change);
        let on = Date(i32::try_from(row.on).unwrap_or(i32::MAX));
        if from.is_some_and(|from| on < from) {
            statement.opening = statement.closing;
            continue;
        }
        statement.lines.push(Line {
            on,
            position: Position(row.position),
            what,
            document: bucket.text(row.subject).to_owned(),
            change: i128::from(change),
            balance: statement.closing,
        });
    }
    statements
}

/// Returns how a fact changes the balance, if it does. What is applied of a receipt or credit note
/// moves between the two sides and changes nothing.
fn change(accounts: &Accounts, row: &Row) -> Option<(What, Place, u32, i64)> {
    let said = Said::from_number(row.kind)?;
    match said {
        Said::Opened => Some((What::Charged, row.object, row.unit, row.value)),
        Said::Received => Some((What::Received, row.object, row.unit, row.value.saturating_neg())),
        Said::Noted => Some((What::Credited, row.object, row.unit, row.value.saturating_neg())),
        Said::Amended => {
            let item = accounts.item_at(row.subject)?;
            Some((What::Amended, item.entity, item.unit, row.value))
        }
        Said::Reversed => {
            let credit = accounts.credit_at(row.subject)?;
            Some((What::Reversed, credit.entity, credit.unit, credit.amount))
        }
        Said::Refunded => {
            let credit = accounts.credit_at(row.subject)?;
            Some((What::Refunded, credit.entity, credit.unit, row.value))
        }
        Said::Used if row.unit & FOR_ANOTHER != 0 => {
            let credit = accounts.credit_at(row.object)?;
            Some((What::PaidForAnother, credit.entity, credit.unit, row.value))
        }
        Said::Returned => {
            let (credit, _) =
                accounts.credit_of(row.subject).filter(|(_, kind)| kind & FOR_ANOTHER != 0)?;
            let credit = accounts.credit_at(credit)?;
            let change = row.value.saturating_neg();
            Some((What::PaidForAnother, credit.entity, credit.unit, change))
        }
        Said::Applied if gives_up(row.unit) => {
            let item = accounts.item_at(row.subject)?;
            let by_another = row.unit & BY_ANOTHER != 0;
            let what = if by_another { What::PaidByAnother } else { What::GivenUp };
            Some((what, item.entity, item.unit, row.value.saturating_neg()))
        }
        Said::Unapplied => {
            let (_, kind) = accounts.credit_of(row.object)?;
            let item = accounts.item_at(row.subject).filter(|_| gives_up(kind))?;
            let by_another = kind & BY_ANOTHER != 0;
            let what = if by_another { What::PaidByAnother } else { What::Restored };
            Some((what, item.entity, item.unit, row.value))
        }
        _ => None,
    }
}

/// Tells whether an application of this kind of credit lessens what is owed by itself.
const fn gives_up(kind: u32) -> bool {
    kind & FOR_ANOTHER == 0 && (kind & KIND_MASK >= 2 || kind & BY_ANOTHER != 0)
}
