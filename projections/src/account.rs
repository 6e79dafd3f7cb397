//! One customer's receivables account, added up from its events alone, by the rules of the
//! receivables view ([`crate::receivables`]): every fact counts from its own day (rule R05).
//!
//! The account takes in what was known at a basis; every question then names a day, and what counts
//! from a later day is left out, whenever it was recorded.

use daybook_core::event::confirmation::BalanceConfirmed;
use daybook_core::event::receivable::CreditKind;
use daybook_core::event::{Body, Event};
use daybook_core::id::{ConfirmationId, ItemId, LegalEntity};
use daybook_core::money::{Currency, Money};
use daybook_core::position::Position;
use daybook_core::time::Date;

use crate::amounts::{currency_of, unit_of};
use crate::engine::{Bucket, Place};
use crate::receivables::facts::kind_number;
use crate::receivables::{Accounts, Credit, Day, Item};
use crate::{Amounts, View};

/// One item on one day, as the three control tables show it (rule R34): what it amounts to is what
/// is open, collected, credited and written off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRow {
    /// The item.
    pub item: ItemId,
    /// What it amounts to.
    pub amount: Money,
    /// What is open.
    pub open: Money,
    /// What was paid.
    pub collected: Money,
    /// What was credited: by credit notes, discounts and differences of exchange.
    pub credited: Money,
    /// What was given up.
    pub written_off: Money,
    /// The day of its document.
    pub document_on: Date,
    /// The day it is due.
    pub due_on: Date,
    /// Our entity.
    pub legal_entity: Option<LegalEntity>,
}

/// The account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Account {
    facts: Bucket,
    confirmed: Vec<BalanceConfirmed>,
}

/// A confirmed balance that no longer is what it was (rule R28).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discrepancy {
    /// The confirmation.
    pub confirmation: ConfirmationId,
    /// The day at whose end the balance stood.
    pub confirmed_on: Date,
    /// The balance by our books when it was confirmed.
    pub confirmed: Money,
    /// The balance of that day by what is known now.
    pub now: Money,
}

impl Account {
    /// Takes in the next event that counts, in the order of the log.
    pub fn take(&mut self, event: &Event, zone: chrono_tz::Tz) {
        if let Body::BalanceConfirmed(confirmed) = &event.body {
            self.confirmed.push(confirmed.clone());
        }
        let concerned = View::concerned_by(event.body.kind()).contains(&View::Receivables);
        if let Some(customer) = event.envelope.stream.customer().filter(|_| concerned) {
            let mut facts = self.facts.facts(customer, event.envelope.position);
            View::Receivables.fold(event, zone, &mut facts);
        }
    }

    fn on(&self, on: Date) -> Accounts {
        Accounts::of(&self.facts, None, Day { on, before: Position(u64::MAX) })
    }

    /// Returns the items whose documents are of the day or earlier, in order of their ids.
    pub fn rows(&self, on: Date) -> Vec<ItemRow> {
        let accounts = self.on(on);
        let rows = accounts.items.iter().filter_map(|item| self.row(item));
        let mut rows: Vec<ItemRow> = rows.collect();
        rows.sort_by(|left, right| left.item.cmp(&right.item));
        rows
    }

    fn row(&self, item: &Item) -> Option<ItemRow> {
        let currency = currency_of(item.unit)?;
        let taken = |kind| item.applied.get(kind_number(kind) as usize).copied().unwrap_or(0);
        let money = |minor| Money::new(minor, currency);
        let (collected, given_up) = (taken(CreditKind::Receipt), taken(CreditKind::WriteOff));
        let credited = item.charged() - item.open() - collected - given_up;
        Some(ItemRow {
            item: ItemId::new(self.facts.text(item.id)).ok()?,
            amount: money(item.charged()),
            open: money(item.open()),
            collected: money(collected),
            credited: money(credited),
            written_off: money(given_up),
            document_on: item.document_on,
            due_on: item.due_on,
            legal_entity: LegalEntity::new(self.facts.text(item.entity)).ok(),
        })
    }

    /// Returns the confirmed balances that facts recorded since have changed.
    pub fn discrepancies(&self) -> Vec<Discrepancy> {
        let broken = self.confirmed.iter().filter_map(|confirmed| {
            let balance = confirmed.balance?;
            let (on, entity) = (confirmed.confirmed_on, confirmed.legal_entity.as_ref());
            let now = Money::new(self.balance(on, balance.currency, entity), balance.currency);
            let discrepancy = Discrepancy {
                confirmation: confirmed.confirmation.clone(),
                confirmed_on: on,
                confirmed: balance,
                now,
            };
            (now != balance).then_some(discrepancy)
        });
        broken.collect()
    }

    /// Returns open items less unapplied credits on a day, of one entity and currency (rule R01).
    fn balance(&self, on: Date, currency: Currency, entity: Option<&LegalEntity>) -> i64 {
        let entity = entity.map_or("", |entity| entity.as_str());
        let ours =
            |of: Place, unit: u32| unit == unit_of(currency) && self.facts.text(of) == entity;
        let accounts = self.on(on);
        let items = accounts.items.iter().filter(|item| ours(item.entity, item.unit));
        let credits = accounts.credits.iter().filter(|credit| ours(credit.entity, credit.unit));
        items.map(Item::open).sum::<i64>() - credits.map(Credit::unapplied).sum::<i64>()
    }

    /// Returns what is owed on a day, and the part of it that was due before.
    pub fn owed(&self, on: Date) -> (Amounts, Amounts) {
        let (mut open, mut overdue) = (Amounts::default(), Amounts::default());
        for item in &self.on(on).items {
            add(&mut open, item.unit, item.open());
            if item.due_on < on {
                add(&mut overdue, item.unit, item.open());
            }
        }
        (open, overdue)
    }

    /// Returns the first due day of what is open on a day and was due before.
    pub fn overdue_since(&self, on: Date) -> Option<Date> {
        let accounts = self.on(on);
        let late = accounts.items.iter().filter(|item| item.due_on < on && item.open() > 0);
        late.map(|item| item.due_on).min()
    }

    /// Returns what came in until a day and was neither taken back nor refunded.
    pub fn received(&self, on: Date) -> Amounts {
        let mut received = Amounts::default();
        for credit in self.on(on).credits.iter().filter(|credit| !credit.is_note) {
            let stands = if credit.reversed { 0 } else { credit.amount - credit.refunded };
            add(&mut received, credit.unit, stands);
        }
        received
    }

    /// Returns what is neither applied nor paid back of receipts and credit notes on a day.
    pub fn unapplied(&self, on: Date) -> Amounts {
        let mut unapplied = Amounts::default();
        for credit in &self.on(on).credits {
            add(&mut unapplied, credit.unit, credit.unapplied());
        }
        unapplied
    }
}

fn add(sums: &mut Amounts, unit: u32, minor: i64) {
    if let Some(currency) = currency_of(unit) {
        sums.add_minor(currency, minor.into());
    }
}
