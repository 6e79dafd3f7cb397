//! The vault on disk: files of 4096 slots each, written and synced before any slot is used.
//!
//! ```text
//! vault/keys-00000000
//!   header  64 bytes: "daybook vault 1\n" (16) ‖ book id (16) ‖ first slot u64 LE ‖ slots u64 LE
//!                     ‖ zeros (12) ‖ crc32 of the 60 bytes before u32 LE
//!   slot    48 bytes: state u8 (1 live, 2 destroyed) ‖ zeros (7) ‖ key (32) ‖ zeros (4)
//!                     ‖ crc32 of the 44 bytes before u32 LE
//! vault/lent           the bound of keys that were used before the log said whose they are
//!                     "daybook lent  1\n" (16) ‖ book id (16) ‖ slots u64 LE
//!                     ‖ crc32 of the 40 bytes before u32 LE
//! ```
//! Files are made in a temporary name, synced, renamed, and the folder synced, so a file of the
//! right name is always whole.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::{Key, Vault, VaultError};
use crate::id::BookId;
use crate::time::Entropy;

const MAGIC: &[u8; 16] = b"daybook vault 1\n";
const HEADER_SIZE_BYTES: usize = 64;
const SLOT_SIZE_BYTES: usize = 48;
const SLOTS_PER_FILE: u64 = 4096;
const LENT_MAGIC: &[u8; 16] = b"daybook lent  1\n";
const LENT_FILE: &str = "lent";
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;

/// Keys in files, read file by file as they are needed.
#[derive(Debug)]
pub struct FileVault {
    folder: PathBuf,
    book: BookId,
    files: RwLock<Vec<Option<Loaded>>>,
    /// The kept bound of lent slots, once it was read.
    lent: Mutex<Option<u64>>,
}

type Loaded = Zeroizing<Vec<u8>>;

impl FileVault {
    /// Makes an empty vault in a folder that does not exist yet.
    ///
    /// # Errors
    /// [`VaultError::Io`], also when the folder exists.
    pub fn create(folder: &Path, book: BookId) -> Result<Self, VaultError> {
        let failed = |what, source| VaultError::Io { what, path: show(folder), source };
        fs::create_dir(folder).map_err(|source| failed("making the vault", source))?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent).map_err(|source| failed("syncing the vault's parent", source))?;
        }
        let (folder, files, lent) = (folder.to_owned(), RwLock::default(), Mutex::default());
        Ok(FileVault { folder, book, files, lent })
    }

    /// Opens a vault; keys are read when they are first needed.
    ///
    /// # Errors
    /// [`VaultError`] when the folder is not the vault of `book` or a file is missing.
    pub fn open(folder: &Path, book: BookId) -> Result<Self, VaultError> {
        let failed = |what, source| VaultError::Io { what, path: show(folder), source };
        let mut numbers = Vec::new();
        let entries = fs::read_dir(folder).map_err(|source| failed("opening the vault", source))?;
        for entry in entries {
            let entry = entry.map_err(|source| failed("listing the vault", source))?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("keys-"));
            if let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        let gap = numbers.iter().enumerate().find(|(index, number)| index != *number);
        if gap.is_some() || numbers.is_empty() {
            let problem = "a key file is missing";
            return Err(VaultError::Foreign { path: show(folder), problem });
        }
        let files = numbers.iter().map(|_| None).collect();
        let (folder, files) = (folder.to_owned(), RwLock::new(files));
        let vault = FileVault { folder, book, files, lent: Mutex::default() };
        vault.load(0)?;
        Ok(vault)
    }

    fn path(&self, number: usize) -> PathBuf {
        self.folder.join(format!("keys-{number:08}"))
    }

    /// Reads and checks one file unless it is in memory already.
    fn load(&self, number: usize) -> Result<(), VaultError> {
        let path = self.path(number);
        let failed = |source| VaultError::Io { what: "reading keys", path: show(&path), source };
        let mut bytes = Zeroizing::new(Vec::new());
        let mut file = File::open(&path).map_err(failed)?;
        file.read_to_end(&mut bytes).map_err(failed)?;
        let foreign = |problem| VaultError::Foreign { path: show(&path), problem };
        let header = bytes.get(..HEADER_SIZE_BYTES).ok_or_else(|| foreign("it is too short"))?;
        let expected = header_bytes(self.book, number as u64 * SLOTS_PER_FILE);
        if header != expected {
            return Err(foreign("its header names another book or range"));
        }
        if bytes.len() != HEADER_SIZE_BYTES + SLOT_SIZE_BYTES * SLOTS_PER_FILE as usize {
            return Err(foreign("its length is wrong"));
        }
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = files.get_mut(number) {
            *place = Some(bytes);
        }
        Ok(())
    }

    fn write_file(&self, number: usize, entropy: &mut dyn Entropy) -> Result<Loaded, VaultError> {
        let path = self.path(number);
        let mut bytes = Zeroizing::new(header_bytes(self.book, number as u64 * SLOTS_PER_FILE));
        for _ in 0..SLOTS_PER_FILE {
            let mut slot = Zeroizing::new([0u8; SLOT_SIZE_BYTES]);
            let (state, rest) = slot.split_at_mut(8);
            state.fill(0);
            if let Some(first) = state.first_mut() {
                *first = LIVE;
            }
            entropy.fill(rest.split_at_mut(32).0);
            bytes.extend_from_slice(&checked_slot(&slot));
        }
        let temporary = path.with_extension("new");
        let failed =
            |source| VaultError::Io { what: "writing new keys", path: show(&path), source };
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&temporary)
            .map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)?;
        sync_folder(&self.folder).map_err(failed)?;
        Ok(bytes)
    }

    /// Reads the kept bound of lent slots.
    fn read_lent(&self) -> Result<u64, VaultError> {
        let path = self.folder.join(LENT_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(0),
            Err(source) => {
                let what = "reading lent keys";
                return Err(VaultError::Io { what, path: show(&path), source });
            }
        };
        let slots = bytes.get(32..40).and_then(|slots| slots.try_into().ok());
        let slots = slots.map_or(0, u64::from_le_bytes);
        if lent_bytes(self.book, slots) == bytes {
            return Ok(slots);
        }
        let problem = "it is damaged or another book's";
        Err(VaultError::Foreign { path: show(&path), problem })
    }

    /// Overwrites a key, syncs, and forgets it: what it sealed is unreadable from now on.
    ///
    /// # Errors
    /// [`VaultError`].
    pub fn destroy(&self, slot: u64) -> Result<(), VaultError> {
        let (number, offset) = place_of(slot);
        let path = self.path(number);
        let failed =
            |source| VaultError::Io { what: "destroying a key", path: show(&path), source };
        let mut empty = [0u8; SLOT_SIZE_BYTES];
        if let Some(first) = empty.first_mut() {
            *first = DESTROYED;
        }
        let bytes = checked_slot(&empty);
        let mut file = OpenOptions::new().write(true).open(&path).map_err(failed)?;
        file.seek(SeekFrom::Start(offset as u64)).map_err(failed)?;
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = files.get_mut(number) {
            *place = None;
        }
        Ok(())
    }
}

impl Vault for FileVault {
    fn key(&self, slot: u64) -> Result<Key, VaultError> {
        let (number, offset) = place_of(slot);
        let slots = self.slots();
        if slot >= slots {
            return Err(VaultError::Missing { slot, slots });
        }
        let loaded = |files: &Vec<Option<Loaded>>| -> Option<[u8; SLOT_SIZE_BYTES]> {
            let bytes = files.get(number)?.as_ref()?.get(offset..offset + SLOT_SIZE_BYTES)?;
            bytes.try_into().ok()
        };
        let cached = loaded(&self.files.read().unwrap_or_else(PoisonError::into_inner));
        let bytes = match cached {
            Some(bytes) => bytes,
            None => {
                self.load(number)?;
                loaded(&self.files.read().unwrap_or_else(PoisonError::into_inner))
                    .ok_or(VaultError::Missing { slot, slots })?
            }
        };
        let bytes = Zeroizing::new(bytes);
        if checked_slot(&bytes) != *bytes {
            let path = show(&self.path(number));
            return Err(VaultError::Corrupt { path, offset: offset as u64, slot });
        }
        if bytes.first() == Some(&DESTROYED) {
            return Err(VaultError::Destroyed { slot });
        }
        let mut key = Key::default();
        key.copy_from_slice(bytes.split_at(8).1.split_at(32).0);
        Ok(key)
    }

    fn provision(&self, slots: u64, entropy: &mut dyn Entropy) -> Result<(), VaultError> {
        while self.slots() < slots {
            let number = self.files.read().unwrap_or_else(PoisonError::into_inner).len();
            let bytes = self.write_file(number, entropy)?;
            self.files.write().unwrap_or_else(PoisonError::into_inner).push(Some(bytes));
        }
        Ok(())
    }

    fn lend(&self, slots: u64) -> Result<(), VaultError> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match *lent {
            Some(kept) => kept,
            None => self.read_lent()?,
        };
        if slots <= kept {
            *lent = Some(kept);
            return Ok(());
        }
        let path = self.folder.join(LENT_FILE);
        let failed =
            |source| VaultError::Io { what: "keeping lent keys", path: show(&path), source };
        let temporary = path.with_extension("new");
        let mut file = File::create(&temporary).map_err(failed)?;
        file.write_all(&lent_bytes(self.book, slots))
            .and_then(|()| file.sync_all())
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| sync_folder(&self.folder))
            .map_err(failed)?;
        *lent = Some(slots);
        Ok(())
    }

    fn lent(&self) -> Result<u64, VaultError> {
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        match *lent {
            Some(kept) => Ok(kept),
            None => Ok(*lent.insert(self.read_lent()?)),
        }
    }

    fn slots(&self) -> u64 {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        files.len() as u64 * SLOTS_PER_FILE
    }
}

fn place_of(slot: u64) -> (usize, usize) {
    let number = usize::try_from(slot / SLOTS_PER_FILE).unwrap_or(usize::MAX);
    let within = (slot % SLOTS_PER_FILE) as usize;
    (number, HEADER_SIZE_BYTES + within * SLOT_SIZE_BYTES)
}

fn header_bytes(book: BookId, first_slot: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_SIZE_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(book.0.as_bytes());
    bytes.extend_from_slice(&first_slot.to_le_bytes());
    bytes.extend_from_slice(&SLOTS_PER_FILE.to_le_bytes());
    bytes.resize(HEADER_SIZE_BYTES - 4, 0);
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

fn lent_bytes(book: BookId, slots: u64) -> Vec<u8> {
    let mut bytes = LENT_MAGIC.to_vec();
    bytes.extend_from_slice(book.0.as_bytes());
    bytes.extend_from_slice(&slots.to_le_bytes());
    let checksum = crc32fast::hash(&bytes);
    bytes.extend_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Returns the slot with its checksum in place.
fn checked_slot(slot: &[u8; SLOT_SIZE_BYTES]) -> [u8; SLOT_SIZE_BYTES] {
    let mut bytes = *slot;
    let (content, checksum) = bytes.split_at_mut(SLOT_SIZE_BYTES - 4);
    checksum.copy_from_slice(&crc32fast::hash(content).to_le_bytes());
    bytes
}

fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn show(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(u8);
    impl Entropy for Counting {
        fn fill(&mut self, buffer: &mut [u8]) {
            for byte in buffer {
                *byte = self.0;
                self.0 = self.0.wrapping_add(1);
            }
        }
    }

    fn book() -> BookId {
        BookId(uuid::Uuid::from_bytes([9; 16]))
    }

    #[test]
    fn keys_come_back_after_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let vault = FileVault::create(&path, book()).expect("made");
        vault.provision(1, &mut Counting(0)).expect("provisioned");
        assert_eq!(vault.slots(), SLOTS_PER_FILE);
        let key = vault.key(17).expect("a key");
        let again = FileVault::open(&path, book()).expect("opened");
        assert_eq!(again.key(17).expect("a key"), key);
        assert!(matches!(again.key(SLOTS_PER_FILE), Err(VaultError::Missing { .. })));
    }

    #[test]
    fn a_destroyed_key_says_so_and_the_others_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let vault = FileVault::create(&path, book()).expect("made");
        vault.provision(1, &mut Counting(0)).expect("provisioned");
        vault.destroy(5).expect("destroyed");
        assert!(matches!(vault.key(5), Err(VaultError::Destroyed { slot: 5 })));
        assert!(vault.key(6).is_ok());
    }

    #[test]
    fn lent_slots_are_kept_over_an_opening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let vault = FileVault::create(&path, book()).expect("made");
        vault.provision(1, &mut Counting(0)).expect("provisioned");
        assert_eq!(vault.lent().expect("read"), 0);
        vault.lend(7).expect("lent");
        vault.lend(5).expect("lent");
        let again = FileVault::open(&path, book()).expect("opened");
        assert_eq!(again.lent().expect("read"), 7);
        let file = path.join(LENT_FILE);
        let mut bytes = fs::read(&file).expect("read");
        bytes[33] ^= 1;
        fs::write(&file, &bytes).expect("written");
        let again = FileVault::open(&path, book()).expect("opened");
        assert!(matches!(again.lent(), Err(VaultError::Foreign { .. })));
    }

    #[test]
    fn damage_and_foreign_files_are_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let vault = FileVault::create(&path, book()).expect("made");
        vault.provision(1, &mut Counting(0)).expect("provisioned");
        let other = BookId(uuid::Uuid::from_bytes([1; 16]));
        assert!(matches!(FileVault::open(&path, other), Err(VaultError::Foreign { .. })));
        let file = path.join("keys-00000000");
        let mut bytes = fs::read(&file).expect("read");
        bytes[HEADER_SIZE_BYTES + 3 * SLOT_SIZE_BYTES + 12] ^= 1;
        fs::write(&file, &bytes).expect("written");
        let again = FileVault::open(&path, book()).expect("opened");
        assert!(matches!(again.key(3), Err(VaultError::Corrupt { slot: 3, .. })));
        assert!(again.key(4).is_ok());
        fs::remove_file(&file).expect("removed");
        assert!(matches!(FileVault::open(&path, book()), Err(VaultError::Foreign { .. })));
    }
}
