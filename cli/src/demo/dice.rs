//! Dice: small whole-number draws from a seeded stream. No floating point, so that every machine
//! draws the same.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// A seeded source of whole numbers.
#[derive(Debug, Clone)]
pub struct Dice {
    stream: ChaCha8Rng,
}

impl Dice {
    /// Builds the dice that belong to `seed`.
    pub fn new(seed: u64) -> Self {
        Dice { stream: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Returns a number from 0 to `count` - 1; 0 when `count` is 0. The slight preference of the
    /// multiplication method for some numbers is below one in a million for the counts used here.
    pub fn below(&mut self, count: u32) -> u32 {
        let wide = u64::from(self.stream.next_u32()) * u64::from(count);
        u32::try_from(wide >> 32).unwrap_or_default()
    }

    /// Returns a number from `low` to `high`, both included.
    pub fn between(&mut self, low: i32, high: i32) -> i32 {
        let count = u32::try_from(i64::from(high) - i64::from(low) + 1).unwrap_or(1);
        low.saturating_add(i32::try_from(self.below(count)).unwrap_or_default())
    }

    /// Tells whether something happens that happens `percent` times in a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// Picks one of several; the default when there are none.
    pub fn pick<T: Copy + Default>(&mut self, from: &[T]) -> T {
        let count = u32::try_from(from.len()).unwrap_or(u32::MAX);
        let index = usize::try_from(self.below(count)).unwrap_or_default();
        from.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_stay_in_range_and_repeat() {
        let (mut left, mut right) = (Dice::new(7), Dice::new(7));
        for _ in 0..1000 {
            let drawn = left.between(-3, 3);
            assert!((-3..=3).contains(&drawn));
            assert_eq!(drawn, right.between(-3, 3));
        }
        assert_eq!(left.below(0), 0);
        assert_eq!(left.pick::<u8>(&[]), 0);
    }
}
