//! Measures the command path on the reference store. A probe for developers, not a bar.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]
#[path = "../tests/support/mod.rs"]
mod support;
use daybook_core::store::memory::MemoryStore;
use std::sync::Arc;
use std::time::Instant;
use support::*;
fn main() {
    let clock = TestClock::at("2026-01-05T01:00:00Z");
    let ledger = ledger_on(Arc::new(MemoryStore::default()), clock);
    let n = 200u64;
    let batches: Vec<_> = (0..n)
        .map(|b| {
            (0..1000)
                .map(|i| vec![register(&format!("C-{}", b * 1000 + i), "华东精密机械有限公司")])
                .collect::<Vec<_>>()
        })
        .collect();
    let t = Instant::now();
    for units in batches {
        let a = submit(&ledger, units);
        assert!(a.units.iter().all(|u| u.is_ok()));
    }
    let dt = t.elapsed().as_secs_f64();
    println!("register (sealed): {:.0}/s", n as f64 * 1000.0 / dt);
    let batches: Vec<_> = (0..n).map(|b| (0..1000).map(|i| vec![request(serde_json::json!({"customer": format!("C-{}", (b * 1000 + i) * 7919 % 200000), "command":"change_customer_details","set":{"city":format!("City {b}")}}))]).collect::<Vec<_>>()).collect();
    let t = Instant::now();
    for units in batches {
        let a = submit(&ledger, units);
        assert!(a.units.iter().all(|u| u.is_ok()));
    }
    let dt = t.elapsed().as_secs_f64();
    println!("details (public): {:.0}/s", n as f64 * 1000.0 / dt);
}
