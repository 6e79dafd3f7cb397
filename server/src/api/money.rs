//! Money on the wire: minor units and the decimal text, with the currency.

use daybook_core::money::{Currency, Money};
use daybook_projections::Amounts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount as a caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AmountView {
    /// The currency.
    pub currency: Currency,
    /// Minor units.
    pub minor: i64,
    /// The decimal text, such as `1234.50`.
    pub decimal: String,
}

impl From<Money> for AmountView {
    fn from(money: Money) -> AmountView {
        AmountView { currency: money.currency, minor: money.minor, decimal: money.decimal() }
    }
}

/// Adds amounts, each currency by itself.
pub fn sums(mut these: Vec<AmountView>, those: &[AmountView]) -> Vec<AmountView> {
    for other in those {
        match these.iter_mut().find(|one| one.currency == other.currency) {
            Some(one) => {
                *one = Money::new(one.minor.saturating_add(other.minor), one.currency).into();
            }
            None => these.push(other.clone()),
        }
    }
    these.retain(|one| one.minor != 0);
    these.sort_by_key(|one| one.currency);
    these
}

/// Returns sums as a caller sees them, in order of currency; zero sums are left out.
pub fn amounts(sums: &Amounts) -> Vec<AmountView> {
    let held = |minor: i128| i64::try_from(minor).unwrap_or(i64::MAX);
    sums.iter()
        .filter(|(_, minor)| *minor != 0)
        .map(|(currency, minor)| Money::new(held(minor), currency).into())
        .collect()
}
