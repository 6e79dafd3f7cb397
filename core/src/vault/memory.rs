//! A vault in memory, for tests and dry runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::{Key, Vault, VaultError};
use crate::time::Entropy;

/// Keys in memory.
#[derive(Debug, Default)]
pub struct MemoryVault {
    keys: Mutex<Vec<Key>>,
    lent: AtomicU64,
}

impl Vault for MemoryVault {
    fn key(&self, slot: u64) -> Result<Key, VaultError> {
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let found = usize::try_from(slot).ok().and_then(|index| keys.get(index));
        found.cloned().ok_or(VaultError::Missing { slot, slots: keys.len() as u64 })
    }

    fn provision(&self, slots: u64, entropy: &mut dyn Entropy) -> Result<(), VaultError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        while (keys.len() as u64) < slots {
            let mut key = Key::default();
            entropy.fill(key.as_mut_slice());
            keys.push(key);
        }
        Ok(())
    }

    fn lend(&self, slots: u64) -> Result<(), VaultError> {
        self.lent.fetch_max(slots, Ordering::SeqCst);
        Ok(())
    }

    fn lent(&self) -> Result<u64, VaultError> {
        Ok(self.lent.load(Ordering::SeqCst))
    }

    fn slots(&self) -> u64 {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}
