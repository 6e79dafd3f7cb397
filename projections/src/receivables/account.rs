//! The facts of a bucket added up at a basis: items, credits and contracts as they stand.

use daybook_core::event::receivable::ItemSource;
use daybook_core::position::Position;
use daybook_core::time::Date;

use super::facts::{FOR_ANOTHER, KIND_MASK, Said, source_of};
use crate::engine::{Bucket, Place, Row};

/// A basis of money: the end of a day, as known before a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Only what counts from this day or an earlier one.
    pub on: Date,
    /// Only what was said before this position.
    pub before: Position,
}

/// An item as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// The customer.
    pub customer: Place,
    /// Its id.
    pub id: Place,
    /// Our entity.
    pub entity: Place,
    /// The currency, as a unit.
    pub unit: u32,
    /// The contract.
    pub contract: Place,
    /// The contract's instalment, or 0.
    pub instalment: i64,
    /// What opened it.
    pub source: Option<ItemSource>,
    /// The document's day.
    pub document_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// The day it was due at first.
    pub first_due_on: Date,
    /// What it was opened over.
    pub opened: i64,
    /// What amendments changed.
    pub amended: i64,
    /// What was applied, by kind of credit.
    pub applied: [i64; 5],
    /// Whether it is disputed.
    pub disputed: bool,
    /// The level and day of the last reminder.
    pub reminded: Option<(i64, Date)>,
    due_said: i64,
    disputed_said: i64,
}

impl Item {
    /// Returns what was charged, amendments included.
    pub const fn charged(&self) -> i64 {
        self.opened.saturating_add(self.amended)
    }

    /// Returns what is open.
    pub fn open(&self) -> i64 {
        self.applied.iter().fold(self.charged(), |open, applied| open.saturating_sub(*applied))
    }

    /// Returns the days it is overdue on a day; on the day it is due, none.
    pub fn overdue_days(&self, on: Date) -> i64 {
        (i64::from(on.0) - i64::from(self.due_on.0)).max(0)
    }
}

/// A receipt or credit note as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit {
    /// The customer.
    pub customer: Place,
    /// Its id.
    pub id: Place,
    /// Our entity.
    pub entity: Place,
    /// The currency, as a unit.
    pub unit: u32,
    /// Whether it is a credit note.
    pub is_note: bool,
    /// The day it counts from.
    pub on: Date,
    /// How much it is.
    pub amount: i64,
    /// What applications took.
    pub used: i64,
    /// What was paid back.
    pub refunded: i64,
    /// Whether it counts no more.
    pub reversed: bool,
}

impl Credit {
    /// Returns what is left of it.
    pub const fn unapplied(&self) -> i64 {
        let amount = if self.reversed { 0 } else { self.amount };
        amount.saturating_sub(self.used).saturating_sub(self.refunded)
    }
}

/// A contract as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// The customer.
    pub customer: Place,
    /// Our entity.
    pub entity: Place,
    /// The currency, as a unit.
    pub unit: u32,
    /// What it amounts to.
    pub total: i64,
    /// What became debts.
    pub owed: i64,
    /// Whether it ended.
    pub ended: bool,
}

impl Contract {
    /// Returns what is contracted and not a debt yet.
    pub const fn ahead(&self) -> i64 {
        let ahead = self.total.saturating_sub(self.owed);
        if self.ended || ahead < 0 { 0 } else { ahead }
    }
}

/// What a customer's money in one currency and entity comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Account {
    /// Open items.
    pub open: i64,
    /// Of these, overdue.
    pub overdue: i64,
    /// Credits that are left.
    pub unapplied: i64,
    /// Contracted and not a debt yet.
    pub ahead: i64,
    /// Receipts that count only from a later day on.
    pub expected: i64,
}

impl Account {
    /// Returns what is owed on balance (rule R01).
    pub const fn balance(&self) -> i64 {
        self.open.saturating_sub(self.unapplied)
    }

    /// Returns what we stand to lose (rule R32): the balance and what is contracted beyond it.
    pub const fn exposure(&self) -> i64 {
        self.balance().saturating_add(self.ahead)
    }
}

/// Everything of a bucket, or of one customer in it, as it stands.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// The items.
    pub items: Vec<Item>,
    /// The credits.
    pub credits: Vec<Credit>,
    /// The contracts.
    pub contracts: Vec<Contract>,
    /// Receipts of later days: customer, entity, currency and amount.
    pub expected: Vec<(Place, Place, u32, i64)>,
    /// For each name of the bucket, where it stands in its list.
    at: Vec<u32>,
    /// For each application, its credit's name and kind.
    applications: Vec<(Place, u32)>,
}

const NOWHERE: u32 = u32::MAX;

impl Accounts {
    /// Adds up a bucket, or one customer of it.
    pub fn of(bucket: &Bucket, customer: Option<Place>, day: Day) -> Accounts {
        let mut accounts =
            Accounts { at: vec![NOWHERE; bucket.name_count()], ..Accounts::default() };
        let today = i64::from(day.on.0);
        let ours = bucket.known(day.before);
        for row in ours.filter(|row| customer.is_none_or(|customer| row.customer == customer)) {
            let Some(said) = Said::from_number(row.kind) else { continue };
            if row.on <= today {
                accounts.take(said, row);
            } else if matches!(said, Said::Received | Said::Noted) {
                accounts.expected.push((row.customer, row.object, row.unit, row.value));
            }
        }
        accounts
    }

    /// Returns the item with this name.
    pub fn item_at(&self, name: Place) -> Option<&Item> {
        self.items.get(self.place(name)?)
    }

    /// Returns the credit with this name.
    pub fn credit_at(&self, name: Place) -> Option<&Credit> {
        self.credits.get(self.place(name)?)
    }

    /// Returns the credit an application took of, and its kind's number.
    pub fn credit_of(&self, application: Place) -> Option<(Place, u32)> {
        self.applications.get(self.place(application)?).copied()
    }

    fn place(&self, name: Place) -> Option<usize> {
        let at = *self.at.get(name.index())?;
        (at != NOWHERE).then_some(at as usize)
    }

    fn put(&mut self, name: Place, at: usize) {
        if let Some(place) = self.at.get_mut(name.index()) {
            *place = at as u32;
        }
    }

    fn item(&mut self, name: Place) -> Option<&mut Item> {
        let at = self.place(name)?;
        self.items.get_mut(at)
    }

    fn credit(&mut self, name: Place) -> Option<&mut Credit> {
        let at = self.place(name)?;
        self.credits.get_mut(at)
    }

    fn take(&mut self, said: Said, row: &Row) {
        match said {
            Said::Opened => self.open(row),
            Said::Due => self.due(row),
            Said::Origin => self.origin(row),
            Said::Amended => {
                if let Some(item) = self.item(row.subject) {
                    item.amended = item.amended.saturating_add(row.value);
                    self.owe(row.object, row.value);
                }
            }
            Said::Disputed => {
                if let Some(item) = self.item(row.subject).filter(|i| i.disputed_said <= row.on) {
                    (item.disputed, item.disputed_said) = (row.value != 0, row.on);
                }
            }
            Said::Received => self.credited(row, false),
            Said::Noted => self.credited(row, true),
            Said::Reversed => {
                if let Some(credit) = self.credit(row.subject) {
                    credit.reversed = true;
                }
            }
            Said::Refunded => {
                if let Some(credit) = self.credit(row.subject) {
                    credit.refunded = credit.refunded.saturating_add(row.value);
                }
            }
            Said::Applied => self.settle(row.subject, row.unit, row.value),
            Said::Unapplied => {
                if let Some((_, kind)) = self.credit_of(row.object)
                    && kind & FOR_ANOTHER == 0
                {
                    self.settle(row.subject, kind, row.value.saturating_neg());
                }
            }
            Said::Used => {
                self.put(row.subject, self.applications.len());
                self.applications.push((row.object, row.unit));
                self.use_up(row.object, row.value);
            }
            Said::Returned => {
                if let Some((credit, _)) = self.credit_of(row.subject) {
                    self.use_up(credit, row.value.saturating_neg());
                }
            }
            Said::Dunned => {
                if let Some(item) = self.item(row.subject) {
                    item.reminded = Some((row.value, day(row.on)));
                }
            }
            Said::Contracted => self.contracted(row),
            Said::Ended => {
                if let Some(at) = self.place(row.subject)
                    && let Some(contract) = self.contracts.get_mut(at)
                {
                    contract.ended = true;
                }
            }
        }
    }

    fn open(&mut self, row: &Row) {
        self.put(row.subject, self.items.len());
        self.items.push(Item {
            customer: row.customer,
            id: row.subject,
            entity: row.object,
            unit: row.unit,
            contract: Place::NONE,
            instalment: 0,
            source: None,
            document_on: day(row.on),
            due_on: day(row.on),
            first_due_on: day(row.on),
            opened: row.value,
            amended: 0,
            applied: [0; 5],
            disputed: false,
            reminded: None,
            due_said: i64::MIN,
            disputed_said: i64::MIN,
        });
    }

    fn due(&mut self, row: &Row) {
        let Some(item) = self.item(row.subject) else { return };
        if row.unit == 0 {
            item.first_due_on = day(row.value);
        }
        if item.due_said <= row.on {
            (item.due_on, item.due_said) = (day(row.value), row.on);
        }
    }

    fn origin(&mut self, row: &Row) {
        let Some(item) = self.item(row.subject) else { return };
        (item.contract, item.instalment) = (row.object, row.value);
        item.source = source_of(row.unit);
        let charged = item.charged();
        self.owe(row.object, charged);
    }

    /// Notes that so much more of a contract is a debt.
    fn owe(&mut self, contract: Place, value: i64) {
        if let Some(at) = self.place(contract)
            && let Some(contract) = self.contracts.get_mut(at)
        {
            contract.owed = contract.owed.saturating_add(value);
        }
    }

    fn credited(&mut self, row: &Row, is_note: bool) {
        self.put(row.subject, self.credits.len());
        self.credits.push(Credit {
            customer: row.customer,
            id: row.subject,
            entity: row.object,
            unit: row.unit,
            is_note,
            on: day(row.on),
            amount: row.value,
            used: 0,
            refunded: 0,
            reversed: false,
        });
    }

    fn settle(&mut self, item: Place, kind: u32, value: i64) {
        if let Some(applied) =
            self.item(item).and_then(|item| item.applied.get_mut((kind & KIND_MASK) as usize))
        {
            *applied = applied.saturating_add(value);
        }
    }

    fn use_up(&mut self, credit: Place, value: i64) {
        if let Some(credit) = self.credit(credit) {
            credit.used = credit.used.saturating_add(value);
        }
    }

    fn contracted(&mut self, row: &Row) {
        if let Some(at) = self.place(row.subject) {
            if let Some(contract) = self.contracts.get_mut(at) {
                contract.total = contract.total.saturating_add(row.value);
            }
            return;
        }
        self.put(row.subject, self.contracts.len());
        self.contracts.push(Contract {
            customer: row.customer,
            entity: row.object,
            unit: row.unit,
            total: row.value,
            owed: 0,
            ended: false,
        });
    }
}

fn day(number: i64) -> Date {
    Date(i32::try_from(number).unwrap_or(i32::MAX))
}
