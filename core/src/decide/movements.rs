//! Amounts that count from a day on: what applications take of an item or of a receipt.
//!
//! Rule I-47 asks what is open on every day from a given one on, as now known. The sum after each
//! day is found by adding up the days in order; a reversal adds the opposite amount on its own day.

use crate::time::Date;

/// Amounts in minor units by the day they count from, sorted, at most one a day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Movements(pub(super) Vec<(Date, i64)>);

impl Movements {
    /// Adds an amount that counts from a day on.
    pub fn add(&mut self, on: Date, minor: i64) {
        match self.0.binary_search_by_key(&on, |(day, _)| *day) {
            Ok(at) => {
                let Some(entry) = self.0.get_mut(at) else { return };
                entry.1 = entry.1.saturating_add(minor);
                if entry.1 == 0 {
                    self.0.remove(at);
                }
            }
            Err(at) => self.0.insert(at, (on, minor)),
        }
    }

    /// Returns the sum at the end of a day.
    pub fn sum_on(&self, on: Date) -> i64 {
        let counted = self.0.iter().take_while(|(day, _)| *day <= on);
        counted.fold(0i64, |sum, (_, minor)| sum.saturating_add(*minor))
    }

    /// Returns the highest sum on any day from `from` on, and the first day it is reached.
    pub fn peak_from(&self, from: Date) -> (Date, i64) {
        let split = self.0.partition_point(|(day, _)| *day <= from);
        let (before, after) = self.0.split_at_checked(split).unwrap_or((&self.0, &[]));
        let mut sum = before.iter().fold(0i64, |sum, (_, minor)| sum.saturating_add(*minor));
        let mut peak = (from, sum);
        for (day, minor) in after {
            sum = sum.saturating_add(*minor);
            if sum > peak.1 {
                peak = (*day, sum);
            }
        }
        peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_that_of_the_days_from_then_on() {
        let mut movements = Movements::default();
        for (day, minor) in [(10, 300), (20, 500), (30, -500)] {
            movements.add(Date(day), minor);
        }
        for (from, expected) in [(0, (20, 800)), (10, (20, 800)), (25, (25, 800)), (30, (30, 300))]
        {
            assert_eq!(movements.peak_from(Date(from)), (Date(expected.0), expected.1), "{from}");
        }
    }

    #[test]
    fn opposite_amounts_of_one_day_leave_nothing() {
        let mut movements = Movements::default();
        movements.add(Date(10), 300);
        movements.add(Date(10), -300);
        assert_eq!(movements, Movements::default());
    }
}
