//! What a ledger does when its vault cannot make keys, or is not whole.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;

use std::io::ErrorKind;
use std::sync::{Arc, Mutex};

use daybook_core::book;
use daybook_core::ledger::SubmitError;
use daybook_core::store::AppendError;
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::Entropy;
use daybook_core::vault::{Key, MemoryVault, Vault, VaultError};
use support::*;

/// A vault that makes no more keys than it has while it is told to fail.
#[derive(Default)]
struct Failing {
    keys: MemoryVault,
    how: Mutex<Option<ErrorKind>>,
    asked: Mutex<u64>,
}

impl Failing {
    fn fail(&self, how: Option<ErrorKind>) {
        *self.how.lock().unwrap() = how;
    }
}

impl Vault for Failing {
    fn key(&self, slot: u64) -> Result<Key, VaultError> {
        self.keys.key(slot)
    }

    fn provision(&self, slots: u64, entropy: &mut dyn Entropy) -> Result<(), VaultError> {
        if slots <= self.keys.slots() {
            return Ok(());
        }
        *self.asked.lock().unwrap() += 1;
        match *self.how.lock().unwrap() {
            Some(kind) => Err(VaultError::NotMade {
                path: "vault/keys-00000001".to_owned(),
                size_bytes: 4096,
                source: kind.into(),
            }),
            None => self.keys.provision(slots, entropy),
        }
    }

    fn lend(&self, slots: u64) -> Result<(), VaultError> {
        self.keys.lend(slots)
    }

    fn lent(&self) -> Result<u64, VaultError> {
        self.keys.lent()
    }

    fn slots(&self) -> u64 {
        self.keys.slots()
    }
}

fn ledger() -> (Arc<Failing>, daybook_core::ledger::Ledger) {
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let (store, vault) = (Arc::new(MemoryStore::default()), Arc::new(Failing::default()));
    found_on(store.clone(), vault.clone(), clock.clone());
    let ledger = open_on(store, vault.clone(), clock);
    (vault, ledger)
}

fn interaction(customer: &str) -> daybook_core::decide::Request {
    request(serde_json::json!({
        "customer": customer, "command": "record_interaction", "channel": "phone",
        "direction": "in", "unknown_caller": true, "started_at": "2026-01-05T01:00:00Z",
    }))
}

#[test]
fn a_batch_that_breaks_off_for_lack_of_space_leaves_nothing_and_can_be_sent_again() {
    let (vault, ledger) = ledger();
    one(&ledger, register("C-1", "甲")).expect("taken");
    let before = ledger.reader().head().next;
    vault.fail(Some(ErrorKind::StorageFull));
    // The first unit needs no key, the second a layout too, the third a key that cannot be made.
    let units =
        || vec![vec![interaction("C-1")], vec![interaction("C-1")], vec![register("C-2", "乙")]];
    for _ in 0..2 {
        let refused = ledger.submit_blocking(batch(units())).expect_err("refused");
        assert_eq!(refused.code(), "disk_full");
        assert_eq!(ledger.reader().head().next, before, "nothing of it is there");
    }
    one(&ledger, interaction("C-1")).expect("what needs no key is taken");
    vault.fail(None);
    let answer = submit(&ledger, units());
    assert!(answer.units.iter().all(Result::is_ok));
    let versions: Vec<u64> = ledger
        .reader()
        .history(&daybook_core::event::StreamId::Customer(code("C-1")))
        .expect("read")
        .iter()
        .map(|(event, _)| event.envelope.version.0)
        .collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    ledger.close().expect("closed");
}

#[test]
fn a_key_that_could_not_be_synced_ends_writing() {
    let (vault, ledger) = ledger();
    one(&ledger, register("C-1", "甲")).expect("taken");
    vault.fail(Some(ErrorKind::Other));
    let failed = ledger.submit_blocking(batch(vec![vec![register("C-2", "乙")]]));
    let failed = failed.expect_err("failed");
    assert_eq!(failed.code(), "storage_failed");
    vault.fail(None);
    let asked = *vault.asked.lock().unwrap();
    for request in [register("C-3", "丙"), interaction("C-1")] {
        let refused = ledger.submit_blocking(batch(vec![vec![request]])).expect_err("refused");
        assert!(matches!(refused, SubmitError::Append(AppendError::ReadOnly)), "{refused}");
    }
    assert_eq!(*vault.asked.lock().unwrap(), asked, "no key is tried again");
    assert!(ledger.reader().knows(&code("C-1")).expect("still readable"));
}

#[test]
fn a_vault_that_lost_files_is_refused_and_not_made_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let dir = folder.path().join("book");
    book::init_sized(&dir, &genesis(), surroundings(&folder, &clock, 1), 4).expect("made");
    let open = book::open(&dir, surroundings(&folder, &clock, 2)).expect("opened");
    for n in 0..10 {
        one(&open.ledger, register(&format!("C-{n}"), "甲")).expect("taken");
    }
    open.ledger.close().expect("closed");
    drop(open.store);
    let code_of = |expected: &str, named: &str| {
        match book::open(&dir, surroundings(&folder, &clock, 3)) {
            Ok(_) => panic!("it opened without {named}"),
            Err(error) => {
                assert_eq!(error.code(), expected, "{error}");
                assert!(error.to_string().contains(named), "{error}");
            }
        };
    };
    for (number, code) in [("0", "vault_missing"), ("1", "vault_missing"), ("2", "vault_behind")] {
        let name = format!("keys-0000000{number}");
        let (path, aside) = (dir.join("vault").join(&name), folder.path().join("aside"));
        std::fs::rename(&path, &aside).expect("moved");
        code_of(code, &name);
        assert!(!path.exists(), "it was not made again");
        let bytes = std::fs::read(&aside).expect("read");
        std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("written");
        code_of("vault_foreign", &name);
        std::fs::rename(&aside, &path).expect("put back");
    }
    std::fs::rename(dir.join("vault"), folder.path().join("vault")).expect("moved");
    code_of("vault_missing", "vault");
    std::fs::rename(folder.path().join("vault"), dir.join("vault")).expect("put back");
    let open = book::open(&dir, surroundings(&folder, &clock, 4)).expect("opened");
    open.ledger.close().expect("closed");
}
