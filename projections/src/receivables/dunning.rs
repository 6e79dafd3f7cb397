//! Whom to remind of what (rule R30): the items a notice of this day would take, with the level it
//! may reach, and for every other overdue item why it is left out.

use std::collections::BTreeMap;

use daybook_core::event::book::ReceivableRules;
use daybook_core::time::Date;

use super::{Accounts, Item};
use crate::amounts::currency_of;
use crate::engine::Place;

/// Why an overdue item is not reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// It is disputed.
    Disputed,
    /// It is within the days of grace, or no level is reached yet.
    TooEarly,
    /// The last notice was not long enough ago.
    Reminded,
    /// All together is less than the least a notice is sent for.
    BelowMinimum,
    /// On balance the customer owes nothing.
    NetCredit,
}

/// An overdue item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overdue {
    /// The item.
    pub item: Item,
    /// What is open.
    pub open: i64,
    /// Days overdue.
    pub days: i64,
    /// The level a notice may reach, or why there is none.
    pub level: Result<i64, Held>,
}

/// Returns the overdue items, by customer, entity and currency, then in the order they were opened.
pub fn overdue(accounts: &Accounts, rules: Option<&ReceivableRules>, on: Date) -> Vec<Overdue> {
    let mut groups: BTreeMap<(Place, Place, u32), Vec<Overdue>> = BTreeMap::new();
    for item in &accounts.items {
        let (open, days) = (item.open(), item.overdue_days(on));
        if open > 0 && days > 0 {
            let level = level(item, rules, days, on);
            let group = groups.entry((item.customer, item.entity, item.unit)).or_default();
            group.push(Overdue { item: *item, open, days, level });
        }
    }
    let balances = balances(accounts);
    for (owner, group) in &mut groups {
        let balance = balances.get(owner).copied().unwrap_or_default();
        if let Some(held) = held_as_a_whole(balance, owner.2, group, rules) {
            for overdue in group.iter_mut().filter(|overdue| overdue.level.is_ok()) {
                overdue.level = Err(held);
            }
        }
    }
    groups.into_values().flatten().collect()
}

fn level(item: &Item, rules: Option<&ReceivableRules>, days: i64, on: Date) -> Result<i64, Held> {
    if item.disputed {
        return Err(Held::Disputed);
    }
    let next = item.reminded.map_or(1, |(level, _)| level.saturating_add(1));
    let Some(rules) = rules else { return Ok(next) };
    if days <= i64::from(rules.grace_days) {
        return Err(Held::TooEarly);
    }
    if let Some((_, last)) = item.reminded
        && i64::from(on.0) < i64::from(last.0) + i64::from(rules.interval_days)
    {
        return Err(Held::Reminded);
    }
    let reached = rules.level_days.iter().take_while(|from| i64::from(**from) <= days).count();
    match next.min(i64::try_from(reached).unwrap_or(i64::MAX)) {
        0 => Err(Held::TooEarly),
        level => Ok(level),
    }
}

/// Returns what is owed on balance, by customer, entity and currency.
fn balances(accounts: &Accounts) -> BTreeMap<(Place, Place, u32), i128> {
    let mut balances: BTreeMap<(Place, Place, u32), i128> = BTreeMap::new();
    for item in &accounts.items {
        let owner = (item.customer, item.entity, item.unit);
        *balances.entry(owner).or_default() += i128::from(item.open());
    }
    for credit in &accounts.credits {
        let owner = (credit.customer, credit.entity, credit.unit);
        *balances.entry(owner).or_default() -= i128::from(credit.unapplied());
    }
    balances
}

/// Tells why nothing of a customer's is reminded of in an entity and currency.
fn held_as_a_whole(
    balance: i128,
    unit: u32,
    group: &[Overdue],
    rules: Option<&ReceivableRules>,
) -> Option<Held> {
    if balance <= 0 {
        return Some(Held::NetCredit);
    }
    let reminded = group.iter().filter(|overdue| overdue.level.is_ok());
    let total: i128 = reminded.map(|overdue| i128::from(overdue.open)).sum();
    let mut minimums = rules?.notice_minimums.iter();
    let below = minimums.any(|minimum| {
        Some(minimum.currency) == currency_of(unit) && i128::from(minimum.minor) > total
    });
    below.then_some(Held::BelowMinimum)
}
