//! A book on disk: a directory with its log and vault, opened as one ledger.
//!
//! Invariant: only [`init`] makes a directory, and it appears whole or not at all. A directory that
//! lacks anything is refused with the reason, never opened as an empty ledger.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::attachment::{AttachmentError, FileAttachments, check_files};
use crate::event::{Body, Event};
use crate::ledger::genesis::FoundError;
use crate::ledger::saved::check_saved;
use crate::ledger::{Genesis, Ledger, Options, Parts, SubmitError, found};
use crate::position::Position;
use crate::store::local::{self, Identity, LocalStore, OpenReport, StoreOpenError};
use crate::store::{AppendError, LogStore, is_full};
use crate::time::{Clock, Entropy};
use crate::vault::file::SLOTS_PER_FILE;
use crate::vault::{FileVault, Vault, VaultError};

pub use crate::store::local::{DerivedReport, Progress, VerifyError, VerifyReport};

/// The folder of the vault inside the book's directory.
pub const VAULT_DIR: &str = "vault";

/// What a book is made and opened with.
pub struct Surroundings {
    /// A folder outside the book where tree heads are kept as well; none only in tests.
    pub heads_outside: Option<PathBuf>,
    /// What others are told who find the book in use.
    pub command: String,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and keys.
    pub entropy: Box<dyn Entropy>,
    /// How much memory the writer may use.
    pub options: Options,
    /// The size at which a segment of the journal is full.
    pub segment_size_bytes: u64,
}

/// An open book.
pub struct OpenBook {
    /// The ledger.
    pub ledger: Ledger,
    /// Its store, for those who watch over it.
    pub store: Arc<LocalStore>,
    /// What the opening found and did.
    pub report: OpenReport,
}

/// Why a book could not be made or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// The log.
    #[error(transparent)]
    Log(#[from] StoreOpenError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The attachments.
    #[error(transparent)]
    Attachments(#[from] AttachmentError),
    /// The first events.
    #[error(transparent)]
    Found(#[from] FoundError),
    /// The book's own events.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// The log's last steps while the book was made.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The directory could not be put in its place.
    #[error("putting the new book in its place at {path} failed")]
    Place {
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The vault inside is that of another book's log.
    #[error("the vault's signing key is not the one this book was opened with")]
    SigningKeyDiffers,
}

impl BookError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            BookError::Log(error) => error.code(),
            BookError::Vault(error) => error.code(),
            BookError::Attachments(error) => error.code(),
            BookError::Found(FoundError::NotEmpty { .. }) => "not_empty",
            BookError::Found(FoundError::Refused(rejection)) => rejection.code(),
            BookError::Found(FoundError::Broken(error)) | BookError::Ledger(error) => error.code(),
            BookError::Append(AppendError::DiskFull { .. }) => "disk_full",
            BookError::Place { source, .. } if is_full(source) => "disk_full",
            BookError::Append(_) | BookError::Place { .. } => "storage_failed",
            BookError::SigningKeyDiffers => "vault_foreign",
        }
    }
}

impl Surroundings {
    fn store_options(&self) -> local::Options {
        local::Options {
            heads_outside: self.heads_outside.clone(),
            command: self.command.clone(),
            now: self.clock.now(),
            segment_size_bytes: self.segment_size_bytes,
            ..local::Options::default()
        }
    }
}

/// Makes a book in a directory that is new or empty.
///
/// # Errors
/// [`BookError`]; there is no directory then.
pub fn init(dir: &Path, genesis: &Genesis, surroundings: Surroundings) -> Result<(), BookError> {
    init_sized(dir, genesis, surroundings, SLOTS_PER_FILE)
}

/// Makes a book as [`init`] does, with vault files of so many keys: small ones are for ledgers of few
/// customers and for trials of what happens when a file is full.
///
/// # Errors
/// As [`init`].
pub fn init_sized(
    dir: &Path,
    genesis: &Genesis,
    surroundings: Surroundings,
    vault_slots_per_file: u64,
) -> Result<(), BookError> {
    let placed = |source| BookError::Place { path: dir.display().to_string(), source };
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) || dir.is_file() {
        return Err(StoreOpenError::NotEmpty { path: dir.display().to_string() }.into());
    }
    let parent = match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let name = dir.file_name().and_then(|name| name.to_str()).unwrap_or("book");
    let founding = parent.join(format!(".{name}.founding-{}", std::process::id()));
    let _ = fs::remove_dir_all(&founding);
    let made = build(&founding, genesis, surroundings, vault_slots_per_file).and_then(|()| {
        fs::rename(&founding, dir).map_err(placed)?;
        fs::File::open(parent).and_then(|folder| folder.sync_all()).map_err(placed)
    });
    if made.is_err() {
        // Whatever stays behind has a name that nothing opens.
        let _ = fs::remove_dir_all(&founding);
    }
    made
}

fn build(
    dir: &Path,
    genesis: &Genesis,
    surroundings: Surroundings,
    vault_slots_per_file: u64,
) -> Result<(), BookError> {
    let options = surroundings.store_options();
    let created = surroundings.clock.now();
    let identity = Identity { book: genesis.book, epoch: 1, created };
    LocalStore::create(dir, &identity, &options)?;
    let vault = FileVault::create(&dir.join(VAULT_DIR), genesis.book, vault_slots_per_file)?;
    let (store, _) = LocalStore::open(dir, &options)?;
    let store: Arc<LocalStore> = Arc::new(store);
    let mut parts = Parts {
        store: Arc::<LocalStore>::clone(&store),
        vault: Arc::new(vault),
        attachments: Arc::new(FileAttachments::open(dir)?),
        clock: surroundings.clock,
        entropy: surroundings.entropy,
    };
    found(&mut parts, genesis)?;
    Ledger::open(parts, Options { states_size_bytes_max: 1 << 20, ..Options::default() })?
        .close()?;
    Ok(())
}

/// Opens the book in a directory.
///
/// # Errors
/// [`BookError`]; nothing is opened in part.
pub fn open(dir: &Path, surroundings: Surroundings) -> Result<OpenBook, BookError> {
    let options = surroundings.store_options();
    let (store, report) = LocalStore::open(dir, &options)?;
    let store = Arc::new(store);
    let vault = FileVault::open(&dir.join(VAULT_DIR), store.identity().book)?;
    check_vault_reaches(&vault, store.head().next_key_slot.max(vault.lent()?))?;
    check_signing_key(&store, &vault)?;
    let parts = Parts {
        store: Arc::<LocalStore>::clone(&store),
        vault: Arc::new(vault),
        attachments: Arc::new(FileAttachments::open(dir)?),
        clock: surroundings.clock,
        entropy: surroundings.entropy,
    };
    let ledger = Ledger::open(parts, surroundings.options)?;
    Ok(OpenBook { ledger, store, report })
}

/// Verifies a book from its files alone: the log as [`local::verify`] does, then every attachment
/// that the log names, with its key where the vault is at hand. Nothing is written. The progress
/// told last counts the attachments' bytes with the journal's.
///
/// # Errors
/// [`VerifyError`] with the first problem of the log, or else with every bad attachment.
pub fn verify(
    dir: &Path,
    heads_outside: Option<&Path>,
    progress: &mut dyn FnMut(Progress),
) -> Result<VerifyReport, VerifyError> {
    let mut last = Progress { events: 0, bytes: 0, bytes_total: 0 };
    let mut report = local::verify(dir, heads_outside, &mut |now| {
        last = now;
        progress(now);
    })?;
    let vault = FileVault::open(&dir.join(VAULT_DIR), report.identity.book).ok();
    let keys: Option<&dyn Vault> = vault.as_ref().map(|vault| vault as &dyn Vault);
    let files_bytes: u64 = report.named_files.values().map(|file| file.stored_size_bytes).sum();
    let bytes_total = last.bytes_total + files_bytes;
    let mut on = |bytes| progress(Progress { bytes: last.bytes + bytes, bytes_total, ..last });
    let files = check_files(dir, &report.named_files, keys, &mut on)
        .map_err(|source| VerifyError::AttachmentsUnreadable { source })?;
    if files.damaged > 0 {
        return Err(VerifyError::Attachments { report: Box::new(files) });
    }
    report.files = files;
    Ok(report)
}

/// Compares what is derived from the journal with it, in a copy made under `scratch`.
///
/// # Errors
/// [`VerifyError::Derived`] with the first difference.
pub fn verify_derived(dir: &Path, scratch: &Path) -> Result<DerivedReport, VerifyError> {
    local::verify_derived(dir, scratch, &check_saved)
}

/// Keys are made ahead of use, so the vault has at least as many as the log uses. With fewer it would
/// make others in the place of those that are gone.
fn check_vault_reaches(vault: &FileVault, used: u64) -> Result<(), VaultError> {
    let slots = vault.slots();
    if slots >= used {
        return Ok(());
    }
    Err(VaultError::Behind { path: vault.path_of(slots).display().to_string(), slots, used })
}

/// The vault must be the one the book was founded with, or nothing it seals could be trusted.
fn check_signing_key(store: &LocalStore, vault: &dyn Vault) -> Result<(), BookError> {
    let first = crate::ledger::read::now_or_block(store.read(Position(0), 1));
    let first = first.map_err(SubmitError::from)?;
    let Some(stored) = first.first() else { return Err(SubmitError::NotFounded.into()) };
    let opened = Event::decode(&stored.bytes).map_err(SubmitError::from)?;
    let Body::BookOpened(opened) = opened.body else {
        return Err(SubmitError::NotFounded.into());
    };
    let seed = vault.key(crate::vault::SIGNING_SLOT)?;
    if crate::proof::head::HeadSigner::new(&seed).public_key() == opened.signing_key {
        Ok(())
    } else {
        Err(BookError::SigningKeyDiffers)
    }
}
