//! The vault: the keys that personal sections are sealed with, kept apart from log and mirrors.
//!
//! The vault is a numbered row of random 256-bit keys, its *slots*. One slot serves one subject and
//! class; which one is said by the events that use it, so the vault itself names nobody. Keys are
//! made and synced ahead of need: a key is durable before the first event that uses it can be
//! acknowledged, and taking one costs no sync. Destroying a slot makes everything sealed with it
//! unreadable everywhere, and no proof changes.
//!
//! Slot 0 belongs to the book itself (request digests); slot 1 is the seed of the Ed25519 key that
//! signs tree heads; subjects start at [`FIRST_SUBJECT_SLOT`].

pub mod file;
pub mod memory;
pub mod seal;

pub use file::FileVault;
pub use memory::MemoryVault;
pub use seal::{Context, SealError, open, seal};

use zeroize::Zeroizing;

use crate::store::is_full;
use crate::time::Entropy;

/// The slot of the book's own key.
pub const BOOK_SLOT: u64 = 0;
/// The slot of the signing key's seed.
pub const SIGNING_SLOT: u64 = 1;
/// The first slot that belongs to a subject.
pub const FIRST_SUBJECT_SLOT: u64 = 2;

/// A key of the vault; wiped from memory when dropped.
pub type Key = Zeroizing<[u8; 32]>;

/// Why a key is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// The key was destroyed on purpose; what it sealed is erased.
    #[error("key {slot} was destroyed; what it sealed is erased")]
    Destroyed {
        /// The slot.
        slot: u64,
    },
    /// The vault has no such slot.
    #[error("key {slot} is not in the vault, which has {slots}; is this the right vault?")]
    Missing {
        /// The slot.
        slot: u64,
        /// Slots the vault has.
        slots: u64,
    },
    /// A slot's bytes are not what was written.
    #[error("{path} is damaged at byte {offset}: the checksum of key {slot} does not match")]
    Corrupt {
        /// The file.
        path: String,
        /// Offset of the slot.
        offset: u64,
        /// The slot.
        slot: u64,
    },
    /// The vault or one of its files is gone.
    #[error("{path} is missing: the keys in it cannot be made again")]
    NotThere {
        /// The folder or file.
        path: String,
    },
    /// The log uses keys the vault does not have.
    #[error(
        "{path} is missing: the vault holds {slots} keys, the log uses {used}; the vault is an \
         older copy or lost its last files"
    )]
    Behind {
        /// The first file that is missing.
        path: String,
        /// Keys the vault has.
        slots: u64,
        /// Keys the log uses.
        used: u64,
    },
    /// New keys could not be made durable; nothing uses them.
    #[error("making new keys at {path} failed")]
    NotMade {
        /// The file.
        path: String,
        /// Its size.
        size_bytes: u64,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Something that is no vault, or another book's.
    #[error("{path} is not the vault of this book: {problem}")]
    Foreign {
        /// The file.
        path: String,
        /// What does not fit.
        problem: &'static str,
    },
    /// The disk failed.
    #[error("{what} failed at {path}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl VaultError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            VaultError::Destroyed { .. } => "key_destroyed",
            VaultError::NotThere { .. } => "vault_missing",
            VaultError::Behind { .. } => "vault_behind",
            VaultError::Missing { .. } | VaultError::Foreign { .. } => "vault_foreign",
            VaultError::Corrupt { .. } => "vault_damaged",
            VaultError::NotMade { source, .. } | VaultError::Io { source, .. } => {
                if is_full(source) { "disk_full" } else { "storage_failed" }
            }
        }
    }
}

/// A row of keys.
pub trait Vault: Send + Sync + 'static {
    /// Returns a key.
    ///
    /// # Errors
    /// [`VaultError`].
    fn key(&self, slot: u64) -> Result<Key, VaultError>;

    /// Makes sure, durably, that every slot below `slots` exists; a no-op when it does.
    ///
    /// # Errors
    /// [`VaultError::NotMade`].
    fn provision(&self, slots: u64, entropy: &mut dyn Entropy) -> Result<(), VaultError>;

    /// Keeps, durably, that any key below `slots` may have sealed content before the log says whose
    /// it is: no such key is ever given to a subject by a later opening. A no-op when it is kept.
    ///
    /// # Errors
    /// [`VaultError::NotMade`].
    fn lend(&self, slots: u64) -> Result<(), VaultError>;

    /// Returns the bound that [`Vault::lend`] keeps; 0 when nothing was lent.
    ///
    /// # Errors
    /// [`VaultError`].
    fn lent(&self) -> Result<u64, VaultError>;

    /// Returns how many slots exist.
    fn slots(&self) -> u64;
}
