//! Sums of money, one a currency; and currencies as numbers in facts.

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

    /// Adds minor units of a currency.
    pub fn add_minor(&mut self, currency: Currency, minor: i128) {
        *self.0.entry(currency).or_default() += minor;
    }

    /// Adds all of other sums.
    pub fn merge(&mut self, other: &Amounts) {
        other.iter().for_each(|(currency, minor)| self.add_minor(currency, minor));
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

/// Returns a currency as the unit of a fact.
pub fn unit_of(currency: Currency) -> u32 {
    currency.as_str().bytes().fold(0, |unit, letter| unit << 8 | u32::from(letter))
}

/// Returns the currency a unit stands for.
pub fn currency_of(unit: u32) -> Option<Currency> {
    let [_, letters @ ..] = unit.to_be_bytes();
    std::str::from_utf8(&letters).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_comes_back_from_its_unit() {
        let cny = "CNY".parse().expect("a currency");
        assert_eq!(currency_of(unit_of(cny)), Some(cny));
        assert_eq!(currency_of(0), None);
    }
}
