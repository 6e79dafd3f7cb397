//! One suite, run against every implementation of the log's store.
#![allow(clippy::expect_used, clippy::unwrap_used)]

mod store;

use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use daybook_core::position::Position;
use daybook_core::proof::leaf_hash;
use daybook_core::proof::tree::Frontier;
use daybook_core::store::local::{
    IndexState, LocalStore, Options, StoreOpenError, verify, verify_derived,
};
use daybook_core::store::memory::MemoryStore;
use daybook_core::store::{AppendError, LogStore, Order, StoreError};
use daybook_core::time::Timestamp;
use store::{Writer, fresh, identity, note, now, options, read_all, term_of};

/// The whole suite: what both stores answer must be the same.
fn answers(store: &dyn LogStore, events: u64) -> Vec<String> {
    let mut answers = vec![format!("{:?}", store.head())];
    answers.push(format!("{:?}", leaf_hash(&read_all(store).concat())));
    let ends = [0, 1, 2, events / 3, events / 2, events - 200, events - 1, events, events + 9];
    for from in ends {
        for max in [0, 1, 5, 300] {
            let read = now(store.read(Position(from), max)).unwrap();
            answers.push(format!("read {from} {max}: {:?}", read.len()));
        }
        for to in ends {
            for order in [Order::Forwards, Order::Backwards] {
                for max in [1, 3, usize::MAX] {
                    for customer in [0, 5, 96, 1000] {
                        let range = Position(from)..Position(to);
                        let found = now(store.find(term_of(customer), range, order, max)).unwrap();
                        let found: Vec<u64> = found.iter().map(|p| p.0).collect();
                        answers.push(format!(
                            "find {customer} {from}..{to} {order:?} {max}: {found:?}"
                        ));
                    }
                }
            }
        }
    }
    for step in 0..60 {
        let time = Timestamp(1_700_000_000_000_000 - 1500 + step * (events as i64 / 3) * 20);
        answers.push(format!("at {time}: {:?}", now(store.position_at(time)).unwrap()));
    }
    answers
}

fn all(range: Range<u64>) -> Range<Position> {
    Position(range.start)..Position(range.end)
}

#[test]
fn both_stores_give_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("book");
    let memory = MemoryStore::default();
    let local = fresh(&dir);
    let mut writer = Writer::default();
    for round in 0..120u64 {
        let group = writer.group([1, 3, 250, 1000][(round % 4) as usize]);
        now(memory.append(group.clone())).unwrap();
        now(local.append(group)).unwrap();
        assert_eq!(memory.head(), local.head());
    }
    let expected = answers(&memory, writer.next);
    assert_eq!(answers(&local, writer.next), expected);
    local.wait_for_index();
    assert_eq!(answers(&local, writer.next), expected);
    now(local.close()).unwrap();
    assert!(matches!(now(local.append(writer.group(1))), Err(AppendError::ReadOnly)));
    writer.next -= 1;
    drop(local);
    let (local, report) = LocalStore::open(&dir, &options()).unwrap();
    assert!(report.closed_in_order);
    assert!(matches!(report.index, IndexState::Used { added } if added < 128), "{report:?}");
    assert_eq!(answers(&local, writer.next), expected);
    drop(local);
    std::fs::remove_dir_all(dir.join("sled")).unwrap();
    let (local, report) = LocalStore::open(&dir, &options()).unwrap();
    assert!(matches!(report.index, IndexState::Rebuilt { .. }), "{report:?}");
    assert_eq!(answers(&local, writer.next), expected);
    local.wait_for_index();
    now(local.close()).unwrap();
    drop(local);
    let report = verify(&dir, None, &mut |_| {}).unwrap();
    assert_eq!((report.events, report.root), (writer.next, memory.head().tree.root()));
    // An index that goes bad while it is in use: the answers come from the journal.
    let (local, _) = LocalStore::open(&dir, &options()).unwrap();
    let db = dir.join("sled/db");
    let sound = std::fs::read(&db).unwrap();
    std::fs::write(&db, vec![0x5a; sound.len()]).unwrap();
    assert_eq!(answers(&local, writer.next), expected);
    assert!(local.status().index_problem.is_some());
    drop(local);
    std::fs::remove_dir_all(dir.join("sled")).unwrap();
    let (local, _) = LocalStore::open(&dir, &options()).unwrap();
    now(local.close()).unwrap();
    drop(local);
    let derived = verify_derived(&dir, folder.path(), &|_, _| Ok(())).unwrap();
    assert!(derived.events > writer.next - 128);
}

#[test]
fn nothing_is_visible_before_its_append_and_everything_after() {
    let folder = tempfile::tempdir().unwrap();
    let local = fresh(&folder.path().join("book"));
    let memory = MemoryStore::default();
    for store in [&local as &dyn LogStore, &memory] {
        let mut writer = Writer::default();
        assert_eq!(store.head().next, Position(0));
        assert!(read_all(store).is_empty());
        for size in [1usize, 1, 130, 2, 5000, 1] {
            let group = writer.group(size);
            let first = group.first;
            let bytes: Vec<Bytes> = group.records.iter().map(|r| r.bytes.clone()).collect();
            let mine = group.records[0].terms[0];
            assert!(now(store.read(first, 10)).unwrap().is_empty());
            now(store.append(group)).unwrap();
            assert_eq!(read_all(store)[first.0 as usize..], bytes);
            let last =
                now(store.find(mine, all(0..u64::MAX), Order::Backwards, usize::MAX)).unwrap();
            assert!(last.contains(&first) && last.iter().is_sorted_by(|a, b| a > b));
        }
    }
}

#[test]
fn every_reopening_goes_on_where_the_log_ended() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("book");
    let mut writer = Writer::default();
    let mut tree = Frontier::default();
    LocalStore::create(&dir, &identity(), &options()).unwrap();
    let mut expected = Vec::new();
    for round in 0..40 {
        let (store, report) = LocalStore::open(&dir, &options()).unwrap();
        assert_eq!(report.events, writer.next);
        assert_eq!(store.head().tree, tree);
        assert!(report.quarantined.is_none());
        for size in [1, 40, 700] {
            let group = writer.group(size);
            group.records.iter().for_each(|r| tree.push(r.hash));
            expected.extend(group.records.iter().map(|r| r.bytes.clone()));
            now(store.append(group)).unwrap();
        }
        if round % 3 == 0 {
            now(store.keep_tree_head(&note(&tree))).unwrap();
        }
        if round % 2 == 0 {
            now(store.close()).unwrap();
        }
        assert_eq!(read_all(&store), expected);
    }
    let report = verify(&dir, None, &mut |_| {}).unwrap();
    assert_eq!(report.events, writer.next);
}

#[test]
fn one_process_holds_a_ledger_and_says_who() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("book");
    let holder = Options { command: "daybook serve".to_owned(), ..options() };
    LocalStore::create(&dir, &identity(), &holder).unwrap();
    let (store, _) = LocalStore::open(&dir, &holder).unwrap();
    match LocalStore::open(&dir, &options()) {
        Err(StoreOpenError::Held { pid, command, .. }) => {
            assert_eq!((pid, command.as_str()), (std::process::id(), "daybook serve"));
        }
        other => panic!("{other:?}"),
    }
    drop(store);
    LocalStore::open(&dir, &options()).unwrap();
}

#[test]
fn only_create_makes_a_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("book");
    let code = |dir: &Path| LocalStore::open(dir, &options()).map(|_| ()).unwrap_err().code();
    assert_eq!(code(&dir), "not_a_ledger");
    assert!(!dir.exists());
    std::fs::create_dir(&dir).unwrap();
    assert_eq!(code(&dir), "not_a_ledger");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0, "nothing was made");
    drop(fresh(&dir));
    let again = LocalStore::create(&dir, &identity(), &options()).unwrap_err();
    assert_eq!(again.code(), "not_empty");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays behind");
}

#[test]
fn damaged_blocks_are_noticed_and_built_anew() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("book");
    let store = fresh(&dir);
    let mut writer = Writer::default();
    let mut expected = Vec::new();
    for _ in 0..30 {
        let group = writer.group(1000);
        expected.extend(group.records.iter().map(|r| r.bytes.clone()));
        now(store.append(group)).unwrap();
    }
    now(store.close()).unwrap();
    drop(store);
    let db = dir.join("sled/db");
    let sound = std::fs::read(&db).unwrap();
    let mut noticed = 0;
    for step in 1..40usize {
        let mut bytes = sound.clone();
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[step * used / 40] ^= 1 << (step % 8);
        std::fs::write(&db, &bytes).unwrap();
        let (store, first) = LocalStore::open(&dir, &options()).unwrap();
        match now(store.read(Position(0), 1)) {
            Ok(_) => {}
            Err(StoreError::DerivedDamaged { .. }) => {}
            Err(other) => panic!("{other:?}"),
        }
        let mut all = Vec::new();
        let damaged = loop {
            match now(store.read(Position(all.len() as u64), 4000)) {
                Ok(events) if events.is_empty() => break store.status().index_problem.is_some(),
                Ok(events) => all.extend(events.into_iter().map(|event| event.bytes)),
                Err(StoreError::DerivedDamaged { .. }) => break true,
                Err(other) => panic!("{other:?}"),
            }
        };
        drop(store);
        if damaged {
            let (store, report) = LocalStore::open(&dir, &options()).unwrap();
            assert!(matches!(report.index, IndexState::Rebuilt { .. }));
            all = read_all(&store);
        }
        assert_eq!(all, expected);
        let short = match first.index {
            IndexState::Used { added } => added >= 128,
            _ => true,
        };
        noticed += u32::from(damaged || short);
        std::fs::remove_dir_all(dir.join("sled")).unwrap();
        let (store, _) = LocalStore::open(&dir, &options()).unwrap();
        now(store.close()).unwrap();
    }
    assert!(noticed > 0);
}
