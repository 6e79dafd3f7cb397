//! The three control tables (应收、应收已收、应收未收) and what else became of the debts (rule R34).

use super::account::Account;
use super::{Accounts, Item};
use crate::engine::Place;

/// What was charged and what became of it. `charged` is always the sum of the other columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Control {
    /// 应收: what was charged.
    pub charged: i128,
    /// 应收已收: collected, by receipts alone.
    pub collected: i128,
    /// 应收未收: still open.
    pub open: i128,
    /// Credited: credit notes, discounts and differences of exchange.
    pub credited: i128,
    /// Written off.
    pub written_off: i128,
}

impl Control {
    /// Adds an item.
    pub fn add(&mut self, item: &Item) {
        let [receipts, notes, write_offs, discounts, exchange] = item.applied.map(i128::from);
        self.charged += i128::from(item.charged());
        self.collected += receipts;
        self.credited += notes + discounts + exchange;
        self.written_off += write_offs;
        self.open += i128::from(item.open());
    }

    /// Adds another.
    pub fn sum(&mut self, other: &Control) {
        self.charged += other.charged;
        self.collected += other.collected;
        self.open += other.open;
        self.credited += other.credited;
        self.written_off += other.written_off;
    }

    /// Tells whether the identity holds.
    pub const fn holds(&self) -> bool {
        self.charged == self.collected + self.open + self.credited + self.written_off
    }
}

/// A customer's money in one entity and currency: the control row and the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Customer, entity and currency unit.
    pub owner: (Place, Place, u32),
    /// The control row.
    pub control: Control,
    /// Balance and exposure.
    pub account: Account,
}

/// Returns the rows of a bucket by customer, entity and currency.
pub fn rows(accounts: &Accounts, on: daybook_core::time::Date) -> Vec<Row> {
    let mut rows: std::collections::BTreeMap<(Place, Place, u32), (Control, Account)> =
        std::collections::BTreeMap::new();
    for item in &accounts.items {
        let (control, account) = rows.entry((item.customer, item.entity, item.unit)).or_default();
        control.add(item);
        let open = item.open();
        account.open = account.open.saturating_add(open);
        if item.overdue_days(on) > 0 {
            account.overdue = account.overdue.saturating_add(open);
        }
    }
    for credit in &accounts.credits {
        let owner = (credit.customer, credit.entity, credit.unit);
        let (_, account) = rows.entry(owner).or_default();
        account.unapplied = account.unapplied.saturating_add(credit.unapplied());
    }
    for contract in &accounts.contracts {
        let owner = (contract.customer, contract.entity, contract.unit);
        let (_, account) = rows.entry(owner).or_default();
        account.ahead = account.ahead.saturating_add(contract.ahead());
    }
    for (customer, entity, unit, amount) in &accounts.expected {
        let (_, account) = rows.entry((*customer, *entity, *unit)).or_default();
        account.expected = account.expected.saturating_add(*amount);
    }
    rows.into_iter().map(|(owner, (control, account))| Row { owner, control, account }).collect()
}
