//! How long visits to a stage take.

/// Stays in a stage, in days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dwell {
    /// Visits that ended.
    pub completed: usize,
    /// Visits that have not.
    pub running: usize,
    /// Of the visits that ended: half were at most so long.
    pub median: Option<i64>,
    /// Three quarters were at most so long.
    pub p75: Option<i64>,
    /// Nine tenths were at most so long.
    pub p90: Option<i64>,
    /// The median with the running visits counted as far as they are (Kaplan and Meier); nothing
    /// when more than half would still be there.
    pub median_with_running: Option<i64>,
    /// Of the opportunities that were there and are no more, with all their visits together: half
    /// were at most so long.
    pub median_together: Option<i64>,
}

impl Dwell {
    /// Works out the figures of visits that ended, of those that run, and of opportunities that are
    /// there no more.
    pub fn of(ended: &[i64], running: &[i64], together: &[i64]) -> Dwell {
        let sorted = |days: &[i64]| {
            let mut days = days.to_vec();
            days.sort_unstable();
            days
        };
        let [ended, running, together] = [ended, running, together].map(sorted);
        Dwell {
            completed: ended.len(),
            running: running.len(),
            median: nearest_rank(&ended, 50),
            p75: nearest_rank(&ended, 75),
            p90: nearest_rank(&ended, 90),
            median_with_running: kaplan_meier_median(&ended, &running),
            median_together: nearest_rank(&together, 50),
        }
    }
}

/// Returns a percentile by nearest rank of a sorted list.
pub fn nearest_rank(sorted: &[i64], percent: usize) -> Option<i64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

/// Returns the first length at which at most half are still there, the running ones counted as long
/// as they are known to last. Both lists are sorted.
fn kaplan_meier_median(ended: &[i64], running: &[i64]) -> Option<i64> {
    // The share still there is a product of fractions. It is kept in lowest terms, and cut to 60
    // bits where those are longer, so that it comes out the same everywhere.
    let (mut numerator, mut denominator) = (1u128, 1u128);
    let mut days: Vec<i64> = ended.to_vec();
    days.dedup();
    let before = |stays: &[i64], day| stays.partition_point(|stay| *stay < day);
    for day in days {
        let ends = ended.partition_point(|stay| *stay <= day) - before(ended, day);
        let gone = before(ended, day) + before(running, day);
        let at_risk = ended.len() + running.len() - gone;
        numerator *= (at_risk - ends) as u128;
        denominator *= at_risk as u128;
        let common = common_divisor(numerator, denominator);
        (numerator, denominator) = (numerator / common, denominator / common);
        while denominator > 1 << 60 {
            (numerator, denominator) = (numerator >> 1, denominator >> 1);
        }
        if numerator * 2 <= denominator {
            return Some(day);
        }
    }
    None
}

/// Returns the greatest common divisor; the second is not 0.
const fn common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let check = |sorted: &[i64], percent, expected| {
            assert_eq!(nearest_rank(sorted, percent), expected, "{percent} of {sorted:?}");
        };
        check(&[], 50, None);
        check(&[7], 90, Some(7));
        check(&[1, 2, 3, 4], 50, Some(2));
        check(&[1, 2, 3, 4], 75, Some(3));
        check(&[1, 2, 3, 4], 90, Some(4));
    }

    #[test]
    fn long_sitters_do_not_vanish() {
        assert_eq!(kaplan_meier_median(&[1, 2, 3], &[]), Some(2));
        assert_eq!(kaplan_meier_median(&[1, 2], &[30, 30, 30]), None, "most are still there");
        assert_eq!(kaplan_meier_median(&[1, 2, 9], &[1, 5]), Some(9));
        // Ten patients of a textbook: 6 of 10 after the first, then 6 x 3/4 = 4.5.
        assert_eq!(kaplan_meier_median(&[2, 2, 2, 2, 8], &[5, 5, 9, 9, 9]), Some(8));
    }

    #[test]
    fn many_stays_are_counted_in_lowest_terms() {
        let ended: Vec<i64> = (0..5_000).map(|stay| stay / 3).collect();
        assert_eq!(kaplan_meier_median(&ended, &[]), Some(833));
    }
}
