//! The vault on disk: files of so many slots each, written and synced before any slot is used.
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
//! right name is always whole. All files of a vault have as many slots as the first, usually 4096.
//!
//! Invariant: only [`FileVault::create`] makes a vault, and only [`Vault::provision`] a key file,
//! where there was none. An opening looks at every file's header and length and refuses a gap, a
//! stranger or a cut, naming the file; it does not know how many slots the log uses, which
//! [`crate::book::open`] compares.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use zeroize::Zeroizing;

use super::{Key, Vault, VaultError};
use crate::id::BookId;
use crate::time::Entropy;

const MAGIC: &[u8; 16] = b"daybook vault 1\n";
const HEADER_SIZE_BYTES: usize = 64;
const SLOT_SIZE_BYTES: usize = 48;
/// Slots in a key file, unless the vault is made otherwise.
pub const SLOTS_PER_FILE: u64 = 4096;
const SLOTS_PER_FILE_MAX: u64 = 1 << 20;
const LENT_MAGIC: &[u8; 16] = b"daybook lent  1\n";
const LENT_FILE: &str = "lent";
const LIVE: u8 = 1;
const DESTROYED: u8 = 2;

/// Keys in files, read file by file as they are needed.
#[derive(Debug)]
pub struct FileVault {
    folder: PathBuf,
    book: BookId,
    slots_per_file: u64,
    files: RwLock<Vec<Option<Loaded>>>,
    /// The kept bound of lent slots, once it was read.
    lent: Mutex<Option<u64>>,
}

type Loaded = Zeroizing<Vec<u8>>;

impl FileVault {
    /// Makes an empty vault in a folder that does not exist yet, to be filled by files of
    /// `slots_per_file` keys.
    ///
    /// # Errors
    /// [`VaultError::Io`], also when the folder exists.
    pub fn create(folder: &Path, book: BookId, slots_per_file: u64) -> Result<Self, VaultError> {
        let failed = |what, source| VaultError::Io { what, path: show(folder), source };
        fs::create_dir(folder).map_err(|source| failed("making the vault", source))?;
        if let Some(parent) = folder.parent() {
            sync_folder(parent).map_err(|source| failed("syncing the vault's parent", source))?;
        }
        let (folder, slots_per_file) =
            (folder.to_owned(), slots_per_file.clamp(1, SLOTS_PER_FILE_MAX));
        let (files, lent) = (RwLock::default(), Mutex::default());
        Ok(FileVault { folder, book, slots_per_file, files, lent })
    }

    /// Opens a vault; keys are read when they are first needed.
    ///
    /// # Errors
    /// [`VaultError`] when the folder is not the whole vault of `book`.
    pub fn open(folder: &Path, book: BookId) -> Result<Self, VaultError> {
        let failed = |what, source| VaultError::Io { what, path: show(folder), source };
        let mut numbers = Vec::new();
        let entries = fs::read_dir(folder).map_err(|source| match source.kind() {
            ErrorKind::NotFound => VaultError::NotThere { path: show(folder) },
            _ => failed("opening the vault", source),
        })?;
        for entry in entries {
            let entry = entry.map_err(|source| failed("listing the vault", source))?;
            let name = entry.file_name();
            let number = name.to_str().and_then(|name| name.strip_prefix("keys-"));
            if let Some(number) = number.and_then(|number| number.parse::<usize>().ok()) {
                numbers.push(number);
            }
        }
        numbers.sort_unstable();
        let gap = (0..).zip(&numbers).find(|(index, number)| index != *number);
        if numbers.is_empty() || gap.is_some() {
            let number = gap.map_or(0, |(index, _)| index);
            return Err(VaultError::NotThere { path: show(&path_in(folder, number)) });
        }
        // A process that died after it renamed a new file may not have synced the name.
        sync_folder(folder).map_err(|source| failed("syncing the vault's folder", source))?;
        let slots_per_file = read_slots_per_file(&path_in(folder, 0))?;
        let files = numbers.iter().map(|_| None).collect();
        let (folder, files, lent) = (folder.to_owned(), RwLock::new(files), Mutex::default());
        let vault = FileVault { folder, book, slots_per_file, files, lent };
        numbers.iter().try_for_each(|number| vault.check_whole(*number))?;
        Ok(vault)
    }

    /// Returns the file that holds a slot, whether it is there or not.
    pub fn path_of(&self, slot: u64) -> PathBuf {
        self.path(self.place_of(slot).0)
    }

    fn path(&self, number: usize) -> PathBuf {
        path_in(&self.folder, number)
    }

    fn header(&self, number: usize) -> Vec<u8> {
        header_bytes(self.book, number as u64 * self.slots_per_file, self.slots_per_file)
    }

    /// Looks at a file's header and length.
    fn check_whole(&self, number: usize) -> Result<(), VaultError> {
        let path = self.path(number);
        let failed = |source| VaultError::Io { what: "opening keys", path: show(&path), source };
        let mut header = [0u8; HEADER_SIZE_BYTES];
        let mut file = File::open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let problem = match file.read_exact(&mut header) {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(failed(error)),
            Err(_) => Some("it is too short"),
            Ok(()) if header.as_slice() != self.header(number) => {
                Some("its header names another book or range")
            }
            Ok(()) => (length != self.file_size_bytes()).then_some("its length is wrong"),
        };
        let path = show(&path);
        problem.map_or(Ok(()), |problem| Err(VaultError::Foreign { path, problem }))
    }

    const fn file_size_bytes(&self) -> u64 {
        HEADER_SIZE_BYTES as u64 + SLOT_SIZE_BYTES as u64 * self.slots_per_file
    }

    /// Reads one file into memory.
    fn load(&self, number: usize) -> Result<(), VaultError> {
        self.check_whole(number)?;
        let path = self.path(number);
        let failed = |source| VaultError::Io { what: "reading keys", path: show(&path), source };
        // The size is known, so that no half-grown copy of the keys is left in memory.
        let mut bytes = Zeroizing::new(vec![0; self.file_size_bytes() as usize]);
        File::open(&path).and_then(|mut file| file.read_exact(&mut bytes)).map_err(failed)?;
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = files.get_mut(number) {
            *place = Some(bytes);
        }
        Ok(())
    }

    fn write_file(&self, number: usize, entropy: &mut dyn Entropy) -> Result<Loaded, VaultError> {
        let path = self.path(number);
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.file_size_bytes() as usize));
        bytes.extend_from_slice(&self.header(number));
        for _ in 0..self.slots_per_file {
            let mut slot = Zeroizing::new([0u8; SLOT_SIZE_BYTES]);
            let (state, rest) = slot.split_at_mut(8);
            state.fill(0);
            if let Some(first) = state.first_mut() {
                *first = LIVE;
            }
            entropy.fill(rest.split_at_mut(32).0);
            bytes.extend_from_slice(&checked_slot(&slot));
        }
        let unfinished = path.with_extension("new");
        let made = write_whole(&unfinished, &bytes)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| sync_folder(&self.folder));
        made.map_err(|source| {
            // Left behind it would be in nobody's way, but it takes space and holds keys.
            let _ = fs::remove_file(&unfinished);
            let size_bytes = self.file_size_bytes();
            VaultError::NotMade { path: show(&path), size_bytes, source }
        })?;
        Ok(bytes)
    }

    fn place_of(&self, slot: u64) -> (usize, usize) {
        let number = usize::try_from(slot / self.slots_per_file).unwrap_or(usize::MAX);
        let within = (slot % self.slots_per_file) as usize;
        (number, HEADER_SIZE_BYTES + within * SLOT_SIZE_BYTES)
    }

    /// Reads the kept bound of lent slots.
    fn read_lent(&self) -> Result<u64, VaultError> {
        let path = self.folder.join(LENT_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(0),
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
        let (number, offset) = self.place_of(slot);
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
        let (number, offset) = self.place_of(slot);
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
        let (bytes, unfinished) = (lent_bytes(self.book, slots), path.with_extension("new"));
        write_whole(&unfinished, &bytes)
            .and_then(|()| fs::rename(&unfinished, &path))
            .and_then(|()| sync_folder(&self.folder))
            .map_err(|source| VaultError::NotMade {
                path: show(&path),
                size_bytes: bytes.len() as u64,
                source,
            })?;
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
        files.len() as u64 * self.slots_per_file
    }
}

fn path_in(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("keys-{number:08}"))
}

/// Reads how many slots the files of a vault have from the header of its first.
fn read_slots_per_file(path: &Path) -> Result<u64, VaultError> {
    let mut header = [0u8; HEADER_SIZE_BYTES];
    let foreign = |problem| VaultError::Foreign { path: show(path), problem };
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(|source| match source.kind() {
        ErrorKind::UnexpectedEof => foreign("it is too short"),
        _ => VaultError::Io { what: "opening keys", path: show(path), source },
    })?;
    let slots = header.get(40..48).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
    let slots = slots.filter(|slots| (1..=SLOTS_PER_FILE_MAX).contains(slots));
    slots.ok_or_else(|| foreign("its header is damaged"))
}

fn header_bytes(book: BookId, first_slot: u64, slots: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_SIZE_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(book.0.as_bytes());
    bytes.extend_from_slice(&first_slot.to_le_bytes());
    bytes.extend_from_slice(&slots.to_le_bytes());
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

/// Writes a file and syncs it.
fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
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
        let vault = FileVault::create(&path, book(), SLOTS_PER_FILE).expect("made");
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
        let vault = FileVault::create(&path, book(), SLOTS_PER_FILE).expect("made");
        vault.provision(1, &mut Counting(0)).expect("provisioned");
        vault.destroy(5).expect("destroyed");
        assert!(matches!(vault.key(5), Err(VaultError::Destroyed { slot: 5 })));
        assert!(vault.key(6).is_ok());
    }

    #[test]
    fn lent_slots_are_kept_over_an_opening() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let vault = FileVault::create(&path, book(), SLOTS_PER_FILE).expect("made");
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
        let vault = FileVault::create(&path, book(), SLOTS_PER_FILE).expect("made");
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
        assert!(matches!(FileVault::open(&path, book()), Err(VaultError::NotThere { .. })));
    }

    #[test]
    fn every_file_is_looked_at_and_a_missing_one_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        assert!(matches!(FileVault::open(&path, book()), Err(VaultError::NotThere { .. })));
        let vault = FileVault::create(&path, book(), 16).expect("made");
        vault.provision(40, &mut Counting(0)).expect("provisioned");
        assert_eq!(vault.slots(), 48);
        let key = vault.key(33).expect("a key");
        let opened = || FileVault::open(&path, book()).map_err(|error| error.to_string());
        assert_eq!(opened().expect("opened").key(33).expect("a key"), key);
        for (number, slots) in [("keys-00000001", 0), ("keys-00000002", 32)] {
            let file = path.join(number);
            let bytes = fs::read(&file).expect("read");
            for wrong in [&bytes[..0], &bytes[..HEADER_SIZE_BYTES + 5]] {
                fs::write(&file, wrong).expect("written");
                assert!(opened().expect_err("refused").contains(number));
            }
            fs::remove_file(&file).expect("removed");
            match opened() {
                Err(refusal) => assert!(refusal.contains(number)),
                // That the last file is missing is known to the log alone.
                Ok(vault) => assert_eq!(vault.slots(), slots),
            }
            fs::write(&file, &bytes).expect("put back");
        }
        assert_eq!(opened().expect("opened").key(33).expect("a key"), key);
    }
}
