//! How well is collected: days sales outstanding, collection effectiveness, days late.
//!
//! Every figure is a quotient of whole numbers and is rounded once, when it is written.

use std::collections::BTreeMap;

use daybook_core::event::receivable::{CreditKind, ItemSource};
use daybook_core::time::Date;

use super::facts::{KIND_MASK, Said, kind_number};
use super::{Accounts, Day};
use crate::Ratio;
use crate::engine::{Bucket, Place};

/// Sales on credit in one stretch of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sales {
    /// How much.
    pub amount: i128,
    /// How many days.
    pub days: i128,
}

/// Days sales outstanding, simple: what is open over the sales, times their days.
pub fn dso_simple(open: i128, sales: &[Sales]) -> Option<Ratio> {
    let (amount, days) = totals(sales);
    Ratio::new(open * days, amount)
}

/// Days sales outstanding, counted back: the newest sales are taken from what is open while they
/// fit, and the last stretch counts in proportion. Nothing when the sales given do not suffice.
pub fn dso_count_back(open: i128, newest_first: &[Sales]) -> Option<Ratio> {
    let (mut left, mut days) = (open.max(0), 0);
    for sales in newest_first {
        if left < sales.amount {
            return Ratio::new(left * sales.days, sales.amount).map(|part| part.plus(days));
        }
        left -= sales.amount.max(0);
        days += sales.days;
    }
    (left == 0).then(|| Ratio::new(days, 1)).flatten()
}

/// The collection effectiveness index in percent: what was collected of what could have been.
pub fn effectiveness(begin: i128, sales: i128, end: i128, end_not_due: i128) -> Option<Ratio> {
    Ratio::new((begin + sales - end) * 100, begin + sales - end_not_due)
}

fn totals(sales: &[Sales]) -> (i128, i128) {
    sales.iter().fold((0, 0), |(amount, days), s| (amount + s.amount, days + s.days))
}

/// Days late, weighted by what was applied; only receipts' applications count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Late {
    /// Σ applied × (effective − due).
    pub weighted: i128,
    /// Σ applied.
    pub applied: i128,
}

impl Late {
    /// Adds another.
    pub fn add(&mut self, other: Late) {
        self.weighted += other.weighted;
        self.applied += other.applied;
    }

    /// Returns the days, early payment counting below zero.
    pub fn days(self) -> Option<Ratio> {
        Ratio::new(self.weighted, self.applied)
    }
}

/// Returns how late each customer paid in the days from `since` on, by customer, entity and currency
/// unit.
pub fn days_late(
    bucket: &Bucket,
    accounts: &Accounts,
    customer: Option<Place>,
    since: Date,
    day: Day,
) -> BTreeMap<(Place, Place, u32), Late> {
    let receipts = kind_number(CreditKind::Receipt);
    let span = i64::from(since.0)..=i64::from(day.on.0);
    let mut late: BTreeMap<(Place, Place, u32), Late> = BTreeMap::new();
    let ours = bucket.known(day.before).filter(|row| {
        span.contains(&row.on) && customer.is_none_or(|customer| row.customer == customer)
    });
    // The facts of one application stand together, so its reversal finds its own day.
    let mut applied: BTreeMap<(Place, Place), i64> = BTreeMap::new();
    for row in ours {
        let (sign, on) = match Said::from_number(row.kind) {
            Some(Said::Applied) if row.unit & KIND_MASK == receipts => {
                applied.insert((row.object, row.subject), row.on);
                (1, row.on)
            }
            // A reversed application was no payment, whenever it was reversed.
            Some(Said::Unapplied) => match applied.get(&(row.object, row.subject)) {
                Some(on) => (-1, *on),
                None => continue,
            },
            _ => continue,
        };
        let Some(item) = accounts.item_at(row.subject) else { continue };
        let amount = sign * i128::from(row.value);
        let days = i128::from(on) - i128::from(item.due_on.0);
        let key = (row.customer, item.entity, item.unit);
        late.entry(key).or_default().add(Late { weighted: amount * days, applied: amount });
    }
    late
}

/// Tells whether an item is a sale on credit: not a fee for being late, nor a balance brought in.
pub const fn is_sale(source: Option<ItemSource>) -> bool {
    !matches!(source, Some(ItemSource::DunningFee | ItemSource::OpeningBalance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn months(amounts: &[i128]) -> Vec<Sales> {
        amounts.iter().map(|amount| Sales { amount: *amount, days: 30 }).collect()
    }

    #[test]
    fn published_days_sales_outstanding_are_reached() {
        let sales = months(&[100_000, 80_000, 70_000]);
        let text = |ratio: Option<Ratio>| ratio.map(|ratio| ratio.to_string());
        assert_eq!(text(dso_count_back(212_000, &sales)).as_deref(), Some("73.71"));
        assert_eq!(text(dso_simple(212_000, &sales)).as_deref(), Some("76.32"));
        assert_eq!(text(dso_count_back(250_001, &sales)), None, "the sales do not suffice");
        assert_eq!(text(dso_count_back(250_000, &sales)).as_deref(), Some("90.00"));
        assert_eq!(text(dso_count_back(0, &sales)).as_deref(), Some("0.00"));
        assert_eq!(text(dso_simple(5, &months(&[0]))), None);
    }

    #[test]
    fn everything_due_collected_is_a_hundred_percent() {
        let index = |begin, sales, end, not_due| {
            effectiveness(begin, sales, end, not_due).map(|ratio| ratio.to_string())
        };
        assert_eq!(index(100, 50, 30, 30).as_deref(), Some("100.00"));
        assert_eq!(index(100, 50, 90, 30).as_deref(), Some("50.00"));
        assert_eq!(index(0, 0, 0, 0), None);
    }

    #[test]
    fn quotients_are_rounded_half_to_even_below_zero_too() {
        let text =
            |numerator, denominator| Ratio::new(numerator, denominator).map(|r| r.to_string());
        assert_eq!(text(1, 8).as_deref(), Some("0.12"));
        assert_eq!(text(3, 8).as_deref(), Some("0.38"));
        assert_eq!(text(-1, 8).as_deref(), Some("-0.12"));
        assert_eq!(text(-7, 2).as_deref(), Some("-3.50"));
        assert_eq!(text(7, -2).as_deref(), Some("-3.50"));
    }
}
