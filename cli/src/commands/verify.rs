//! `daybook verify`: checks every byte of the ledger against its proofs.

use std::io::IsTerminal;
use std::path::Path;

use clap::Args;
use daybook_core::book::{VerifyError, VerifyReport, verify, verify_derived};
use daybook_core::codec::layout::hex;
use daybook_core::store::local::is_held;
use serde_json::json;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, grouped, print_json};
use crate::system::heads_outside;

/// Check every byte of the ledger: nothing altered, added or dropped
#[derive(Debug, Args)]
pub struct Verify {
    /// Also compare the index with the journal
    #[arg(long)]
    derived: bool,
}

impl Verify {
    /// Verifies and says what holds, or the first position that does not.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let (terminal, lang) = (std::io::stderr().is_terminal(), global.language());
        let mut shown = 0;
        let report = settled(global.dir(), || {
            verify(global.dir(), heads_outside().as_deref(), &mut |progress| {
                let percent = progress.bytes * 100 / progress.bytes_total.max(1);
                if terminal && percent != shown {
                    shown = percent;
                    let events = grouped(progress.events);
                    match lang {
                        Lang::En => eprint!("\rverifying {percent:>3}%  {events} events"),
                        Lang::Zh => eprint!("\r正在核验 {percent:>3}%  {events} 个事件"),
                    }
                }
            })
        });
        if terminal {
            eprint!("\r\u{1b}[K");
        }
        let report = report?;
        let derived = self
            .derived
            .then(|| settled(global.dir(), || verify_derived(global.dir(), &std::env::temp_dir())))
            .transpose()?;
        if global.json {
            let mut document = document(&report);
            if let (Some(derived), Some(fields)) = (derived, document.as_object_mut()) {
                fields.insert("index_events".to_owned(), derived.events.into());
                fields.insert("index_postings".to_owned(), derived.postings.into());
                fields.insert("index_states".to_owned(), derived.states.into());
            }
            print_json(&document);
            return Ok(Done::Wholly);
        }
        print(&report, lang);
        if let Some(derived) = derived {
            let (events, postings) = (grouped(derived.events), grouped(derived.postings));
            let states = grouped(derived.states);
            match lang {
                Lang::En => crate::out!(
                    "index     equal to the journal: {events} events, {postings} postings, \
                     {states} saved states"
                ),
                Lang::Zh => crate::out!(
                    "索引  与日志一致：{events} 个事件，{postings} 条倒排，{states} 个已存状态"
                ),
            }
        }
        Ok(Done::Wholly)
    }
}

/// How often files that somebody writes to are read before what they say is believed.
const READINGS_MAX: u32 = 5;

/// Reads again what did not hold while somebody has the ledger open: a file may have been caught in
/// the middle of a change. Damage stays; a change is over the next time.
fn settled<T>(
    dir: &Path,
    mut read: impl FnMut() -> Result<T, VerifyError>,
) -> Result<T, VerifyError> {
    let mut readings = 1;
    loop {
        match read() {
            Err(_) if readings < READINGS_MAX && is_held(dir) => readings += 1,
            result => return result,
        }
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

fn print(report: &VerifyReport, lang: Lang) {
    let (events, streams, bytes) =
        (grouped(report.events), grouped(report.streams), grouped(report.event_bytes));
    let (segments, root, recorded) = (report.segments, hex(&report.root.0), report.recorded_at);
    let speed = grouped(speed(report));
    match lang {
        Lang::En => {
            crate::out!("The ledger holds.");
            crate::out!(
                "events    {events} in {streams} streams, {bytes} bytes in {segments} segments"
            );
            crate::out!("root      {root}");
            crate::out!("recorded  up to {recorded}");
        }
        Lang::Zh => {
            crate::out!("账簿完好。");
            crate::out!("事件  {events} 个，{streams} 个流，{bytes} 字节，{segments} 个日志段");
            crate::out!("根    {root}");
            crate::out!("记录  至 {recorded}");
        }
    }
    for (size, path) in &report.tree_heads {
        let (size, path) = (grouped(*size), path.display());
        match lang {
            Lang::En => crate::out!("head      {size} events, {path}"),
            Lang::Zh => crate::out!("树头  {size} 个事件，{path}"),
        }
    }
    if let Some(tail) = &report.unconfirmed {
        let (bytes, path) = (tail.size_bytes, tail.path.display());
        match lang {
            Lang::En => crate::out!(
                "note      {bytes} bytes after the last good event were never confirmed ({path})"
            ),
            Lang::Zh => crate::out!("注意  最后一个完好事件之后有 {bytes} 字节从未确认（{path}）"),
        }
    }
    match lang {
        Lang::En => crate::out!("speed     {speed} events a second"),
        Lang::Zh => crate::out!("速度  每秒 {speed} 个事件"),
    }
}
