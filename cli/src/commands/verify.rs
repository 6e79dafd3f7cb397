//! `daybook verify`: checks every byte of the ledger against its proofs.

use std::io::IsTerminal;

use clap::Args;
use daybook_core::book::{VerifyReport, verify, verify_derived};
use daybook_core::codec::layout::hex;
use serde_json::json;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{grouped, print_json};
use crate::system::heads_outside;

/// Check every byte of the ledger: nothing altered, added or dropped
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  daybook verify --derived")]
pub struct Verify {
    /// Also compare the index with the journal
    #[arg(long)]
    derived: bool,
}

impl Verify {
    /// Verifies and says what holds, or the first position that does not.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let terminal = std::io::stderr().is_terminal();
        let mut shown = 0;
        let report = verify(global.dir(), heads_outside().as_deref(), &mut |progress| {
            let percent = progress.bytes * 100 / progress.bytes_total.max(1);
            if terminal && percent != shown {
                shown = percent;
                eprint!("\rverifying {percent:>3}%  {} events", grouped(progress.events));
            }
        });
        if terminal {
            eprint!("\r\u{1b}[K");
        }
        let report = report?;
        let derived = self
            .derived
            .then(|| verify_derived(global.dir(), &std::env::temp_dir()))
            .transpose()?;
        if global.json {
            let mut document = document(&report);
            if let (Some(derived), Some(fields)) = (derived, document.as_object_mut()) {
                fields.insert("index_events".to_owned(), derived.events.into());
                fields.insert("index_postings".to_owned(), derived.postings.into());
            }
            print_json(&document);
            return Ok(Done::Wholly);
        }
        print(&report);
        if let Some(derived) = derived {
            let (events, postings) = (grouped(derived.events), grouped(derived.postings));
            crate::out!("index     equal to the journal: {events} events, {postings} postings");
        }
        Ok(Done::Wholly)
    }
}

fn speed(report: &VerifyReport) -> u64 {
    let millis = report.elapsed.as_millis().max(1);
    u64::try_from(u128::from(report.events) * 1000 / millis).unwrap_or(u64::MAX)
}

fn document(report: &VerifyReport) -> serde_json::Value {
    json!({
        "book": report.identity.book, "events": report.events, "streams": report.streams,
        "segments": report.segments, "event_bytes": report.event_bytes,
        "root": hex(&report.root.0), "last_recorded_at": report.recorded_at,
        "tree_heads": report.tree_heads.iter().map(|(size, path)| json!({
            "size": size, "path": path,
        })).collect::<Vec<_>>(),
        "unconfirmed_bytes": report.unconfirmed.as_ref().map(|tail| tail.size_bytes),
        "elapsed_ms": u64::try_from(report.elapsed.as_millis()).unwrap_or(u64::MAX),
        "events_per_second": speed(report),
    })
}

fn print(report: &VerifyReport) {
    crate::out!("The ledger holds.");
    crate::out!(
        "events    {} in {} streams, {} bytes in {} segments",
        grouped(report.events),
        grouped(report.streams),
        grouped(report.event_bytes),
        report.segments
    );
    crate::out!("root      {}", hex(&report.root.0));
    crate::out!("recorded  up to {}", report.recorded_at);
    for (size, path) in &report.tree_heads {
        crate::out!("head      {} events, {}", grouped(*size), path.display());
    }
    if let Some(tail) = &report.unconfirmed {
        crate::out!(
            "note      {} bytes after the last good event were never confirmed ({})",
            tail.size_bytes,
            tail.path.display()
        );
    }
    crate::out!("speed     {} events a second", grouped(speed(report)));
}
