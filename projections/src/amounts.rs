//! Sums of money, one a currency.

use std::collections::BTreeMap;

use daybook_core::money::{Currency, Money};

/// Sums in minor units by currency. Wide enough that no ledger can overflow them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Currency, i128>);

impl Amounts {
    /// Adds an amount.
    pub fn add(&mut self, amount: &Money) {
        *self.0.entry(amount.currency).or_default() += i128::from(amount.minor);
    }

    /// Takes an amount away.
    pub fn subtract(&mut self, amount: &Money) {
        *self.0.entry(amount.currency).or_default() -= i128::from(amount.minor);
    }

    /// Tells whether there is nothing in any currency.
    pub fn is_zero(&self) -> bool {
        self.0.values().all(|minor| *minor == 0)
    }

    /// Returns the sums in order of currency, in minor units.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, i128)> + '_ {
        self.0.iter().map(|(currency, minor)| (*currency, *minor))
    }

    /// Returns the sum in one currency, in minor units.
    pub fn minor(&self, currency: Currency) -> i128 {
        self.0.get(&currency).copied().unwrap_or_default()
    }
}

impl FromIterator<Money> for Amounts {
    fn from_iter<T: IntoIterator<Item = Money>>(amounts: T) -> Amounts {
        let mut sums = Amounts::default();
        amounts.into_iter().for_each(|amount| sums.add(&amount));
        sums
    }
}
