//! One suite, run against every store of attachments: what goes in comes out, equal content of one
//! subject is one file, and nothing that was touched passes.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use daybook_core::attachment::format::CHUNK_SIZE_BYTES;
use daybook_core::attachment::{
    ATTACHMENTS_DIR, AttachmentError, AttachmentStore, Content, FileAttachments, MemoryAttachments,
    Placed, Stored, SubjectKey, is_whole, take_in,
};
use daybook_core::event::attachment::AttachmentId;
use daybook_core::id::BookId;
use daybook_core::vault::Key;

const CANARY: &[u8] = b"CANARY-7f3a: the customer's voice";

fn subject(number: u8) -> SubjectKey {
    SubjectKey {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        slot: u64::from(number),
        key: Key::new([number; 32]),
        spool_key: Key::new([0xaa; 32]),
    }
}

fn content(size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size + CANARY.len());
    while bytes.len() < size {
        bytes.extend_from_slice(CANARY);
        bytes.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

fn put(store: &dyn AttachmentStore, number: u8, bytes: &[u8]) -> (Stored, Placed) {
    take_in::<AttachmentError>(store, &subject(number), &mut &*bytes, &mut |_, _| Ok(()))
        .expect("stored")
}

fn open(store: &dyn AttachmentStore, number: u8, id: &AttachmentId) -> Content {
    let key = |_| Ok::<_, AttachmentError>(Key::new([number; 32]));
    Content::open(store, id, key).expect("opened")
}

fn read(store: &dyn AttachmentStore, number: u8, id: &AttachmentId) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(store, number, id).read_to_end(&mut bytes).map(|_| bytes)
}

fn on_every_store(promise: impl Fn(&dyn AttachmentStore)) {
    promise(&MemoryAttachments::default());
    let folder = tempfile::tempdir().unwrap();
    promise(&FileAttachments::open(folder.path()).unwrap());
}

/// Sizes around every boundary of chunks and of the spool.
fn sizes() -> Vec<usize> {
    let chunk = CHUNK_SIZE_BYTES;
    let around = |size: usize| [size - 1, size, size + 1];
    [vec![0, 1], around(chunk).to_vec(), around(16 * chunk).to_vec(), around(40 * chunk).to_vec()]
        .concat()
}

#[test]
fn what_goes_in_comes_out() {
    on_every_store(|store| {
        for size in sizes() {
            let bytes = content(size);
            let (stored, placed) = put(store, 3, &bytes);
            assert_eq!((stored.size_bytes, placed), (size as u64, Placed::New));
            assert_eq!(read(store, 3, &stored.attachment).unwrap(), bytes, "{size}");
            let mut file = store.open(&stored.attachment).unwrap().expect("there");
            let (header, hash) = is_whole(&mut *file).unwrap().expect("whole");
            assert_eq!((header.key_slot, hash), (3, stored.stored_hash));
            assert_eq!(file.seek(SeekFrom::End(0)).unwrap(), stored.stored_size_bytes);
        }
    });
}

#[test]
fn any_part_can_be_read() {
    on_every_store(|store| {
        let bytes = content(3 * CHUNK_SIZE_BYTES + 17);
        let (stored, _) = put(store, 3, &bytes);
        let mut opened = open(store, 3, &stored.attachment);
        for (from, size) in [(0, 10), (65_530, 20), (131_072, 65_536), (196_600, 100), (5, 1)] {
            opened.seek(SeekFrom::Start(from as u64)).unwrap();
            let mut part = vec![0; size];
            let end = (from + size).min(bytes.len());
            part.truncate(end - from);
            opened.read_exact(&mut part).unwrap();
            assert_eq!(part, bytes[from..end]);
        }
        opened.seek(SeekFrom::End(0)).unwrap();
        assert_eq!(opened.read(&mut [0; 4]).unwrap(), 0);
    });
}

#[test]
fn equal_content_is_one_file_for_a_subject_and_two_for_two() {
    on_every_store(|store| {
        let bytes = content(100_000);
        let (first, _) = put(store, 3, &bytes);
        assert_eq!(put(store, 3, &bytes), (first, Placed::AlreadyThere));
        let (other, placed) = put(store, 4, &bytes);
        assert_eq!(placed, Placed::New);
        assert_ne!(other.attachment, first.attachment);
        assert_ne!(other.stored_hash, first.stored_hash);
    });
}

#[test]
fn many_may_bring_the_same_content_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(FileAttachments::open(folder.path()).unwrap());
    let bytes = content(2_000_000);
    let stored: Vec<Stored> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| put(&*store, 3, &bytes).0)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(stored.iter().all(|one| *one == stored[0]));
    assert_eq!(read(&*store, 3, &stored[0].attachment).unwrap(), bytes);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn a_broken_off_upload_leaves_nothing() {
    struct Breaks(u64);
    impl Read for Breaks {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0 == 0 {
                return Err(std::io::ErrorKind::ConnectionReset.into());
            }
            let count = buffer.len().min(self.0 as usize);
            buffer[..count].fill(b'x');
            self.0 -= count as u64;
            Ok(count)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let store = FileAttachments::open(folder.path()).unwrap();
    let mut broken = Breaks(3_000_000);
    let error = take_in::<AttachmentError>(&store, &subject(3), &mut broken, &mut |_, _| Ok(()))
        .expect_err("broken off");
    assert_eq!(error.code(), "upload_broke_off");
    assert_eq!(files(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_a_crash_leaves_is_removed_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let incoming = folder.path().join(ATTACHMENTS_DIR).join("incoming");
    std::fs::create_dir_all(&incoming).unwrap();
    std::fs::write(incoming.join("4711-0"), b"half").unwrap();
    FileAttachments::open(folder.path()).unwrap();
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_damaged_file_is_replaced_by_the_next_upload() {
    let store = MemoryAttachments::default();
    let bytes = content(200_000);
    let (stored, _) = put(&store, 3, &bytes);
    let good = store.stored(&stored.attachment).unwrap();
    for at in [0, 70, 95, 96, 100_000, good.len() - 1] {
        let mut bad = good.to_vec();
        bad[at] ^= 4;
        store.put(stored.attachment, bad);
        assert_eq!(put(&store, 3, &bytes), (stored, Placed::Replaced), "byte {at}");
        assert_eq!(store.stored(&stored.attachment).unwrap(), good);
    }
}

#[test]
fn nothing_that_was_touched_passes() {
    let store = MemoryAttachments::default();
    let chunk = CHUNK_SIZE_BYTES + 16;
    let bytes = content(3 * CHUNK_SIZE_BYTES + 900);
    let (stored, _) = put(&store, 3, &bytes);
    let id = stored.attachment;
    let good = store.stored(&id).unwrap().to_vec();
    let (other, _) = put(&store, 4, &bytes);
    let other = store.stored(&other.attachment).unwrap().to_vec();
    let mut touched: Vec<(String, Vec<u8>)> = Vec::new();
    let mut step = 1;
    let mut at = 0;
    while at < good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        touched.push((format!("byte {at} flipped"), bad));
        step = step * 7 % 4999;
        at += if at < 120 || at + 60 > good.len() { 1 } else { step };
    }
    for cut in [0, 1, 95, 96, 97, 96 + chunk, good.len() - 900, good.len() - 32, good.len() - 1] {
        touched.push((format!("cut to {cut}"), good[..cut].to_vec()));
    }
    let mut swapped = good.clone();
    let (left, right) = swapped[96..].split_at_mut(chunk);
    left.swap_with_slice(&mut right[..chunk]);
    touched.push(("chunks swapped".to_owned(), swapped));
    let doubled = [&good[..96 + chunk], &good[96..96 + chunk], &good[96 + 2 * chunk..]].concat();
    touched.push(("a chunk twice".to_owned(), doubled));
    touched.push(("a byte more".to_owned(), [&good[..], &[0]].concat()));
    touched.push(("another subject's file".to_owned(), other));
    for (what, bad) in touched {
        // An attacker who has no key can still make the trailer fit.
        for with_trailer in [false, true] {
            let mut bad = bad.clone();
            if with_trailer && bad.len() > 32 {
                use sha2::Digest as _;
                let end = bad.len() - 32;
                let hash: [u8; 32] = sha2::Sha256::digest(&bad[..end]).into();
                bad[end..].copy_from_slice(&hash);
            }
            if bad == good {
                continue;
            }
            store.put(id, bad);
            let mut file = store.open(&id).unwrap().expect("there");
            let whole = is_whole(&mut *file).unwrap();
            let as_named = whole
                .is_ok_and(|(header, hash)| header.attachment == id && hash == stored.stored_hash);
            assert!(!as_named, "{what}");
            let key = |_| Ok::<_, AttachmentError>(Key::new([3; 32]));
            let readable = Content::open(&store, &id, key)
                .is_ok_and(|mut opened| opened.read_to_end(&mut Vec::new()).is_ok());
            // What lies behind the last chunk is not content.
            let behind = what.starts_with("byte")
                && what.contains("flipped")
                && what.split(' ').nth(1).unwrap().parse::<usize>().unwrap() >= good.len() - 32;
            let behind = behind
                || what == "a byte more"
                || what == format!("cut to {}", good.len() - 1)
                || what == format!("cut to {}", good.len() - 32);
            assert!(!readable || behind, "{what}");
        }
    }
}

#[test]
fn no_byte_of_content_lies_readable_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileAttachments::open(folder.path()).unwrap();
    let bytes = content(3_000_000);
    let mut looked = 0;
    let mut watch = |before: u64, _: &[u8]| {
        // In the midst of the upload, when its spool lies on the disk.
        if before > 2_000_000 && looked == 0 {
            looked = files(folder.path()).len();
            assert_sealed(folder.path());
        }
        Ok(())
    };
    take_in::<AttachmentError>(&store, &subject(3), &mut &*bytes, &mut watch).expect("stored");
    assert_eq!(looked, 1, "the spool was there to be looked at");
    assert_sealed(folder.path());
}

fn assert_sealed(folder: &Path) {
    for path in files(folder) {
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(16).any(|window| window == &CANARY[..16]);
        assert!(!found, "{}", path.display());
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
