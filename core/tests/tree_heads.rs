//! Tree heads: signed while events are appended, at a close in order, and never twice for the same.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod support;
#[path = "support/watched.rs"]
mod watched;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use daybook_core::attachment::MemoryAttachments;
use daybook_core::ledger::{Ledger, Options, Parts};
use daybook_core::store::LogStore;
use daybook_core::store::local::parse_note;
use daybook_core::vault::{MemoryVault, Vault};
use support::*;
use watched::Watched;

fn opened(store: &Arc<Watched>, vault: &Arc<MemoryVault>, tree_head_every: Duration) -> Ledger {
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let (log, keys): (Arc<dyn LogStore>, Arc<dyn Vault>) = (store.clone(), vault.clone());
    if store.head().next.0 == 0 {
        found_on(Arc::clone(&log), Arc::clone(&keys), Arc::clone(&clock));
    }
    let parts = Parts {
        store: log,
        vault: keys,
        attachments: Arc::new(MemoryAttachments::default()),
        clock,
        entropy: Box::new(Seeded(AtomicU64::new(store.head().next.0))),
    };
    Ledger::open(parts, Options { tree_head_every, ..Options::default() }).expect("opened")
}

fn sizes(store: &Watched) -> Vec<u64> {
    let heads = store.heads.lock().unwrap();
    heads.iter().map(|note| parse_note(note).expect("a note").0).collect()
}

#[test]
fn a_close_in_order_signs_what_is_there_and_only_once() {
    let (store, vault) = (Arc::new(Watched::default()), Arc::new(MemoryVault::default()));
    // Far longer than the test: whatever is signed is signed by the close.
    let ledger = opened(&store, &vault, Duration::from_secs(3600));
    one(&ledger, register("C-1", "华东精密")).expect("taken");
    assert!(sizes(&store).is_empty());
    ledger.close().expect("closed");
    let head = store.head();
    assert_eq!(sizes(&store), [head.next.0]);
    let note = store.heads.lock().unwrap()[0].clone();
    assert_eq!(parse_note(&note).expect("a note").1, head.tree.root());
}

#[test]
fn heads_follow_while_events_are_appended_and_rest_when_none_are() {
    let (store, vault) = (Arc::new(Watched::default()), Arc::new(MemoryVault::default()));
    let every = Duration::from_millis(20);
    let ledger = opened(&store, &vault, every);
    let started = Instant::now();
    for n in 0..20 {
        one(&ledger, register(&format!("C-{n}"), "华东精密")).expect("taken");
        // Nobody asks the writer anything; it signs by itself.
        let next = store.head().next.0;
        while sizes(&store).last() != Some(&next) {
            assert!(started.elapsed() < Duration::from_secs(60), "no head of {next} events");
            std::thread::yield_now();
        }
    }
    let signed = sizes(&store);
    let elapsed = started.elapsed();
    assert!(signed.is_sorted_by(|one, two| one < two), "never twice the same: {signed:?}");
    let at_most = elapsed.as_millis() / every.as_millis() + 1;
    assert!(signed.len() as u128 <= at_most, "{} heads in {elapsed:?}", signed.len());
    ledger.close().expect("closed");
    assert_eq!(sizes(&store), signed, "nothing came after the last one");
}
