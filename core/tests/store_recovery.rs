//! What an opening makes of a journal that was cut off, damaged, exchanged or lost.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod store;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use daybook_core::id::BookId;
use daybook_core::position::Position;
use daybook_core::store::local::{
    Identity, IndexState, LocalStore, OpenReport, Options, StoreOpenError, verify,
};
use daybook_core::store::{LogStore, StoreError};
use store::{Writer, fresh, identity, note, now, options, read_all};

struct Book {
    _folder: tempfile::TempDir,
    dir: PathBuf,
    outside: PathBuf,
    writer: Writer,
    expected: Vec<Bytes>,
}

impl Book {
    fn new() -> Book {
        let folder = tempfile::tempdir().unwrap();
        let (dir, outside) = (folder.path().join("book"), folder.path().join("heads"));
        drop(fresh(&dir));
        Book { _folder: folder, dir, outside, writer: Writer::default(), expected: Vec::new() }
    }

    fn options(&self) -> Options {
        Options { heads_outside: Some(self.outside.clone()), ..options() }
    }

    fn open(&self) -> Result<(LocalStore, OpenReport), StoreOpenError> {
        LocalStore::open(&self.dir, &self.options())
    }

    fn append(&mut self, store: &LocalStore, sizes: &[usize]) {
        for size in sizes {
            let group = self.writer.group(*size);
            self.expected.extend(group.records.iter().map(|record| record.bytes.clone()));
            now(store.append(group)).unwrap();
        }
    }

    /// Appends groups and ends like a killed process.
    fn killed(&mut self, sizes: &[usize]) {
        let (store, _) = self.open().unwrap();
        self.append(&store, sizes);
    }

    fn closed(&mut self, sizes: &[usize]) {
        let (store, _) = self.open().unwrap();
        self.append(&store, sizes);
        now(store.keep_tree_head(&note(&store.head().tree))).unwrap();
        now(store.close()).unwrap();
    }

    fn code(&self) -> &'static str {
        match self.open() {
            Ok((_, report)) => panic!("opened: {report:?}"),
            Err(error) => error.code(),
        }
    }

    fn segments(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> =
            fs::read_dir(self.dir.join("journal")).unwrap().map(|e| e.unwrap().path()).collect();
        all.sort();
        all
    }

    fn active(&self) -> PathBuf {
        self.segments().pop().unwrap()
    }

    /// Runs `change` on the files, then `check`, then puts every file back.
    fn with<T>(&self, change: impl FnOnce(), check: impl FnOnce() -> T) -> T {
        let before = snapshot(&self.dir);
        change();
        let result = check();
        fs::remove_dir_all(&self.dir).unwrap();
        for (path, bytes) in before {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        result
    }
}

fn snapshot(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(snapshot(&path));
        } else {
            all.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    all
}

fn used(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)
}

#[test]
fn a_group_cut_off_at_any_byte_is_whole_or_moved_aside() {
    let mut book = Book::new();
    book.killed(&[3, 5, 2]);
    let before = used(&fs::read(book.active()).unwrap());
    let sure = book.expected.len();
    book.killed(&[4]);
    let active = book.active();
    let full = fs::read(&active).unwrap();
    let end = used(&full);
    fs::remove_dir_all(book.dir.join("sled")).unwrap();
    for cut in (before..end).step_by(7).chain([end - 1, before + 1, before + 52]) {
        book.with(
            || {
                let mut bytes = full.clone();
                bytes[cut..end].fill(0);
                fs::write(&active, bytes).unwrap();
            },
            || {
                let (store, report) = book.open().unwrap();
                if used(&full[..cut]) == end {
                    assert_eq!(read_all(&store), book.expected, "only zeros were cut");
                    return;
                }
                assert_eq!(read_all(&store), book.expected[..sure]);
                match report.quarantined {
                    None => assert!(used(&full[..cut]) <= before),
                    Some(moved) => {
                        assert_eq!(moved.position, Position(sure as u64));
                        let start = moved.offset as usize;
                        let kept = fs::read(moved.path).unwrap();
                        assert_eq!(kept, full[start..start + moved.size_bytes]);
                        assert_eq!(start + moved.size_bytes, used(&full[..cut]));
                    }
                }
                drop(store);
                let (_, again) = book.open().unwrap();
                assert!(again.quarantined.is_none(), "moved aside once");
                assert!(verify(&book.dir, None, &mut |_| {}).is_ok());
            },
        );
    }
    let (store, report) = book.open().unwrap();
    assert_eq!((read_all(&store), report.quarantined), (book.expected.clone(), None));
}

#[test]
fn any_flipped_bit_in_the_journal_is_refused_or_in_the_last_group() {
    let mut book = Book::new();
    book.killed(&[30, 700, 5, 2000, 40, 1, 30]);
    book.open().unwrap().0.wait_for_index();
    let files = book.segments();
    assert!(files.len() > 2, "{files:?}");
    for file in &files {
        let bytes = fs::read(file).unwrap();
        let end = used(&bytes);
        for step in 0..60 {
            let at = step * end / 60;
            book.with(
                || {
                    let mut bytes = bytes.clone();
                    bytes[at] ^= 1 << (step % 8);
                    fs::write(file, bytes).unwrap();
                    fs::remove_dir_all(book.dir.join("sled")).unwrap();
                },
                || match book.open() {
                    Err(StoreOpenError::Store(StoreError::Corrupt { path, position, .. })) => {
                        assert_eq!(path, file.display().to_string());
                        assert!(position <= Position(book.expected.len() as u64));
                        assert!(verify(&book.dir, None, &mut |_| {}).is_err());
                    }
                    Ok((store, report)) => {
                        let all = read_all(&store);
                        match report.quarantined {
                            // The mark that the journal goes on holds nothing.
                            None => assert_eq!(all, book.expected),
                            Some(moved) => {
                                assert_eq!(all.len(), book.expected.len() - 30);
                                assert_eq!(all, book.expected[..all.len()]);
                                assert_eq!(moved.segment, *file);
                            }
                        }
                    }
                    Err(other) => panic!("{other} at {at} of {}", file.display()),
                },
            );
        }
    }
}

#[test]
fn after_a_close_in_order_every_flip_and_every_cut_is_noticed() {
    let mut book = Book::new();
    book.closed(&[30, 700, 5, 40, 1, 30]);
    let active = book.active();
    let bytes = fs::read(&active).unwrap();
    for step in 0..200 {
        let at = step * bytes.len() / 200;
        for cut in [false, true] {
            book.with(
                || {
                    let mut bytes = bytes.clone();
                    if cut {
                        bytes.truncate(at);
                    } else {
                        bytes[at] ^= 1 << (step % 8);
                    }
                    fs::write(&active, bytes).unwrap();
                    fs::remove_dir_all(book.dir.join("sled")).unwrap();
                },
                || match book.open() {
                    // Only the closing mark itself, which holds nothing, may be moved aside.
                    Ok((store, report)) => {
                        assert!(at + 60 > bytes.len(), "{at}: {report:?}");
                        assert_eq!(read_all(&store), book.expected);
                    }
                    Err(error) => assert_eq!(error.code(), "corrupt", "{at} {error}"),
                },
            );
        }
    }
}

#[test]
fn a_missing_or_exchanged_file_is_named() {
    let mut book = Book::new();
    book.closed(&[900, 900, 900, 900, 900, 900]);
    book.killed(&[1]);
    let files = book.segments();
    assert!(files.len() >= 3);
    let gone = |path: &Path| book.with(|| fs::remove_file(path).unwrap(), || book.code());
    for file in &files[..files.len() - 1] {
        assert_eq!(gone(file), "segment_missing");
    }
    assert_eq!(gone(&book.dir.join("book")), "not_a_ledger");
    let emptied = |path: &Path| book.with(|| fs::write(path, b"").unwrap(), || book.code());
    for file in &files {
        assert_eq!(emptied(file), "corrupt");
    }
    assert_eq!(emptied(&book.dir.join("book")), "identity_damaged");
    // The last segment: the one before says that it goes on.
    assert!(matches!(gone(&files[files.len() - 1]), "segment_missing"));
    let without =
        |name: &str| book.with(|| fs::remove_dir_all(book.dir.join(name)).unwrap(), || book.code());
    assert_eq!(without("journal"), "journal_missing");
    let swapped = book.with(
        || {
            let (a, b) = (fs::read(&files[0]).unwrap(), fs::read(&files[1]).unwrap());
            fs::write(&files[0], b).unwrap();
            fs::write(&files[1], a).unwrap();
        },
        || book.code(),
    );
    assert_eq!(swapped, "corrupt");
    // With a copy outside, the inner tree head may be missing; without one it may not.
    let head = book.dir.join("heads/head");
    book.with(
        || fs::remove_file(&head).unwrap(),
        || {
            let (_, report) = book.open().unwrap();
            assert_eq!(report.tree_heads_missing, std::slice::from_ref(&head));
            drop(fs::remove_file(&head));
            let alone = LocalStore::open(&book.dir, &options()).map(|_| ()).unwrap_err();
            assert_eq!(alone.code(), "head_missing");
        },
    );
    assert_eq!(
        book.with(
            || fs::write(&head, b"x").unwrap(),
            || { LocalStore::open(&book.dir, &options()).map(|_| ()).unwrap_err().code() }
        ),
        "head_damaged"
    );
    let foreign = Identity { book: BookId(uuid::Uuid::from_u128(2)), ..identity() };
    let code =
        book.with(|| fs::write(book.dir.join("book"), foreign.encode()).unwrap(), || book.code());
    assert_eq!(code, "foreign_book");
    let later = Identity { epoch: 2, ..identity() };
    let code =
        book.with(|| fs::write(book.dir.join("book"), later.encode()).unwrap(), || book.code());
    assert_eq!(code, "head_missing", "tree heads of before a restore count no longer");
    book.open().unwrap();
}

#[test]
fn a_tree_head_that_every_copy_holds_is_not_written_again() {
    let mut book = Book::new();
    book.closed(&[100]);
    let outside = fs::read_dir(&book.outside).unwrap().next().unwrap().unwrap().path();
    let heads = [book.dir.join("heads/head"), outside];
    // A head is replaced by a new file, so one that is still the same file was left alone.
    let files = || heads.each_ref().map(|path| fs::metadata(path).map(|data| data.ino()).ok());
    let before = files();
    book.closed(&[]);
    assert_eq!(files(), before, "whoever only reads writes no head");
    for gone in &heads {
        fs::remove_file(gone).unwrap();
        book.closed(&[]);
        assert!(files().iter().all(Option::is_some), "{} is made again", gone.display());
    }
    let before = files();
    book.closed(&[1]);
    let after = files();
    assert!(after[0] != before[0] && after[1] != before[1], "there is more to sign");
}

#[test]
fn an_older_copy_is_refused_by_tree_head_and_by_index() {
    let mut book = Book::new();
    book.closed(&[100, 10]);
    let old = snapshot(&book.dir);
    book.closed(&[50]);
    let journal_of = |files: &BTreeMap<PathBuf, Vec<u8>>| {
        for (path, bytes) in
            files.iter().filter(|(path, _)| path.starts_with(book.dir.join("journal")))
        {
            fs::write(path, bytes).unwrap();
        }
    };
    let whole = |files: &BTreeMap<PathBuf, Vec<u8>>| {
        fs::remove_dir_all(&book.dir).unwrap();
        for (path, bytes) in files {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    };
    assert_eq!(book.with(|| journal_of(&old), || book.code()), "journal_behind");
    assert_eq!(book.with(|| whole(&old), || book.code()), "journal_behind");
    // Without any newer tree head, the index still knows of more events.
    let mut book = Book::new();
    book.killed(&[1000]);
    let old = snapshot(&book.dir.join("journal"));
    book.killed(&[1000, 1000]);
    book.open().unwrap().0.wait_for_index();
    let newer = || book.segments().into_iter().filter(|path| !old.contains_key(path));
    assert_eq!(
        book.with(
            || old.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap()),
            || book.code()
        ),
        "corrupt",
        "mixed with newer segments"
    );
    let code =
        book.with(|| newer().for_each(|path| fs::remove_file(path).unwrap()), || book.code());
    assert!(matches!(code, "segment_missing" | "journal_missing"), "{code}");
    let code = book.with(
        || newer().for_each(|path| fs::remove_file(path).unwrap()),
        || {
            old.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
            book.code()
        },
    );
    assert_eq!(code, "journal_behind");
}

#[test]
fn another_history_of_the_same_length_is_refused() {
    let mut book = Book::new();
    book.closed(&[100, 10]);
    let mut other = Book::new();
    other.writer.next_key_slot = 5;
    let (store, _) = other.open().unwrap();
    for _ in 0..110 {
        let customer = 1 + other.writer.next % 3;
        let first = Position(other.writer.next);
        let records = vec![other.writer.record(customer)];
        now(store.append(daybook_core::store::Group { first, records, next_key_slot: 5 })).unwrap();
    }
    now(store.close()).unwrap();
    drop(store);
    let code = book.with(
        || {
            fs::copy(other.active(), book.active()).unwrap();
            fs::remove_dir_all(book.dir.join("sled")).unwrap();
        },
        || book.code(),
    );
    assert_eq!(code, "head_mismatch");
}

#[test]
fn any_file_of_the_index_can_be_lost_or_damaged() {
    let mut book = Book::new();
    book.killed(&[3000, 3000, 200]);
    book.open().unwrap().0.wait_for_index();
    let files: Vec<PathBuf> = snapshot(&book.dir.join("sled")).into_keys().collect();
    assert!(!files.is_empty());
    for file in &files {
        for change in 0..3 {
            book.with(
                || match change {
                    0 => fs::remove_file(file).unwrap(),
                    1 => fs::write(file, b"").unwrap(),
                    _ => {
                        let mut bytes = fs::read(file).unwrap();
                        let half = bytes.len() / 2;
                        bytes.truncate(half);
                        fs::write(file, bytes).unwrap();
                    }
                },
                || {
                    let (store, _) = book.open().unwrap();
                    assert_eq!(read_all(&store), book.expected, "{} {change}", file.display());
                },
            );
        }
    }
    fs::write(book.dir.join("sled.damaged"), "a test\n").unwrap();
    let (_, report) = book.open().unwrap();
    assert_eq!(report.index, IndexState::Rebuilt { reason: "a test".to_owned() });
    assert!(!book.dir.join("sled.damaged").exists());
}

#[test]
fn full_segments_are_sealed_and_read_alike() {
    let mut book = Book::new();
    book.closed(&[900; 12]);
    let names: Vec<String> = book
        .segments()
        .iter()
        .map(|path| path.extension().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert!(names.iter().filter(|name| *name == "segz").count() >= 2, "{names:?}");
    // A stop between the two forms leaves both: the open one counts, and is sealed again.
    let report = verify(&book.dir, Some(&book.outside), &mut |_| {}).unwrap();
    assert_eq!(report.events, book.expected.len() as u64);
    assert_eq!(report.tree_heads.len(), 2);
    fs::remove_dir_all(book.dir.join("sled")).unwrap();
    let (store, _) = book.open().unwrap();
    assert_eq!(read_all(&store), book.expected);
}

#[test]
fn verifying_changes_nothing() {
    let mut book = Book::new();
    book.killed(&[900, 900, 900, 20]);
    let sound = snapshot(&book.dir);
    verify(&book.dir, Some(&book.outside), &mut |_| {}).unwrap();
    assert_eq!(snapshot(&book.dir), sound);
    let active = book.active();
    let mut bytes = fs::read(&active).unwrap();
    bytes[5000] ^= 1;
    fs::write(&active, bytes).unwrap();
    let damaged = snapshot(&book.dir);
    let _ = verify(&book.dir, Some(&book.outside), &mut |_| {});
    assert_eq!(snapshot(&book.dir), damaged);
}
