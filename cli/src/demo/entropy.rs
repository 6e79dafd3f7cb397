//! Randomness from a seed, so that a ledger can be written a second time byte for byte.
//!
//! For samples and measurements only: keys made from a known seed protect nothing.

use daybook_core::time::Entropy;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

/// ChaCha20 started from a number.
#[derive(Debug)]
pub struct SeededEntropy {
    stream: ChaCha20Rng,
}

impl SeededEntropy {
    /// Builds the source that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        SeededEntropy { stream: ChaCha20Rng::seed_from_u64(seed) }
    }
}

impl Entropy for SeededEntropy {
    fn fill(&mut self, buffer: &mut [u8]) {
        self.stream.fill_bytes(buffer);
    }
}
