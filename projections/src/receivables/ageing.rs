//! Ageing: what is open by how long it is due, or by how old its document is (rules R20 to R22).

use daybook_core::time::Date;

use super::{Accounts, Item};
use crate::engine::{Bucket, Place};

/// The upper edges of the buckets when no policy is published.
pub const DEFAULT_EDGES_DAYS: [u32; 4] = [30, 60, 90, 120];

/// From which day an item's age is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// The day it is due, as last agreed.
    #[default]
    Due,
    /// The day it was due at first.
    FirstDue,
    /// The document's day.
    Document,
}

/// The edges in force and what is counted from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// From which day.
    pub by: By,
    /// The upper edges in days, inclusive.
    pub edges: Vec<u32>,
}

/// One line: what is open in each bucket, and what is unapplied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// Not due yet; always 0 by document day.
    pub not_due: i128,
    /// By bucket: as many as edges, and one for what is beyond the last.
    pub buckets: Vec<i128>,
    /// Credits that are left; in no bucket.
    pub unapplied: i128,
    /// The same by the buckets of the credits' own days.
    pub unapplied_buckets: Vec<i128>,
    /// Receipts that count only from a later day on; in no sum.
    pub expected: i128,
}

impl Scale {
    /// Returns the bucket of an age in days: nothing when not due, else counted from 0.
    pub fn bucket(&self, days: i64) -> Option<usize> {
        let not_due = match self.by {
            By::Due | By::FirstDue => days <= 0,
            By::Document => false,
        };
        (!not_due).then(|| self.edges.iter().take_while(|edge| i64::from(**edge) < days).count())
    }

    /// Returns how old an item is on a day.
    pub fn age(&self, item: &Item, on: Date) -> i64 {
        let from = match self.by {
            By::Due => item.due_on,
            By::FirstDue => item.first_due_on,
            By::Document => item.document_on,
        };
        i64::from(on.0) - i64::from(from.0)
    }

    /// Returns a line of nothing.
    pub fn line(&self) -> Line {
        let buckets = vec![0; self.edges.len() + 1];
        Line { unapplied_buckets: buckets.clone(), buckets, ..Line::default() }
    }

    fn put(&self, line: &mut Line, days: i64, open: i64) {
        match self.bucket(days) {
            None => line.not_due += i128::from(open),
            Some(at) => {
                line.buckets.iter_mut().skip(at).take(1).for_each(|b| *b += i128::from(open))
            }
        }
    }
}

impl Line {
    /// Returns the sum of the buckets, what is not due included.
    pub fn open(&self) -> i128 {
        self.not_due + self.buckets.iter().sum::<i128>()
    }

    /// Returns what is overdue: the buckets without what is not due.
    pub fn overdue(&self) -> i128 {
        self.buckets.iter().sum()
    }

    /// Returns the balance (rule R21).
    pub fn balance(&self) -> i128 {
        self.open() - self.unapplied
    }

    /// Tells whether nothing is open and no credit is left.
    pub fn is_settled(&self) -> bool {
        let mut sums = self.buckets.iter().chain(&self.unapplied_buckets);
        self.not_due == 0 && sums.all(|sum| *sum == 0)
    }

    /// Adds another line of the same scale.
    pub fn add(&mut self, other: &Line) {
        self.not_due += other.not_due;
        self.unapplied += other.unapplied;
        self.expected += other.expected;
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(sum, more)| *sum += more);
        let more = other.unapplied_buckets.iter();
        self.unapplied_buckets.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }
}

/// Whose line it is: customer, entity and currency unit.
pub type Owner = (Place, Place, u32);

/// Returns the lines of a bucket, by customer, entity and currency, in no particular order; lines
/// of nothing are left out.
pub fn lines(bucket: &Bucket, accounts: &Accounts, scale: &Scale, on: Date) -> Vec<(Owner, Line)> {
    let mut lines =
        Lines { scale, at: vec![Vec::new(); bucket.customer_count()], lines: Vec::new() };
    for item in &accounts.items {
        let open = item.open();
        if open != 0 {
            let line = lines.of((item.customer, item.entity, item.unit));
            scale.put(line, scale.age(item, on), open);
        }
    }
    for credit in &accounts.credits {
        let left = credit.unapplied();
        if left != 0 {
            let line = lines.of((credit.customer, credit.entity, credit.unit));
            line.unapplied += i128::from(left);
            let days = i64::from(on.0) - i64::from(credit.on.0);
            let at = scale.edges.iter().take_while(|edge| i64::from(**edge) < days).count();
            let bucket = line.unapplied_buckets.iter_mut().skip(at).take(1);
            bucket.for_each(|bucket| *bucket += i128::from(left));
        }
    }
    for (customer, entity, unit, amount) in &accounts.expected {
        lines.of((*customer, *entity, *unit)).expected += i128::from(*amount);
    }
    // Receipts of later days alone are no line: they would list whoever pays one day.
    lines.lines.retain(|(_, line)| !line.is_settled());
    lines.lines
}

struct Lines<'s> {
    scale: &'s Scale,
    /// For each customer, where its lines are; nearly always one.
    at: Vec<Vec<u32>>,
    lines: Vec<(Owner, Line)>,
}

impl Lines<'_> {
    fn of(&mut self, owner: Owner) -> &mut Line {
        let customers = self.at.get(owner.0.index()).map(Vec::as_slice).unwrap_or_default();
        let known = customers
            .iter()
            .copied()
            .find(|at| self.lines.get(*at as usize).is_some_and(|(of, _)| *of == owner));
        let at = known.map_or(self.lines.len(), |at| at as usize);
        if known.is_none() {
            self.lines.push((owner, self.scale.line()));
            if let Some(places) = self.at.get_mut(owner.0.index()) {
                places.push(at as u32);
            }
        }
        match self.lines.get_mut(at) {
            Some((_, line)) => line,
            None => unreachable!("a line was just put there"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_inclusive_at_the_top_and_the_due_day_is_not_overdue() {
        let by = |by| Scale { by, edges: DEFAULT_EDGES_DAYS.to_vec() };
        let check = |scale: &Scale, expected: &[(i64, Option<usize>)]| {
            for (days, bucket) in expected {
                assert_eq!(scale.bucket(*days), *bucket, "{days} by {:?}", scale.by);
            }
        };
        let due = [
            (-5, None),
            (0, None),
            (1, Some(0)),
            (30, Some(0)),
            (31, Some(1)),
            (60, Some(1)),
            (90, Some(2)),
            (120, Some(3)),
            (121, Some(4)),
            (9999, Some(4)),
        ];
        check(&by(By::Due), &due);
        check(&by(By::Document), &[(0, Some(0)), (30, Some(0)), (31, Some(1)), (121, Some(4))]);
    }
}
