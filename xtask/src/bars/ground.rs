//! The ground a bar stands on: a fresh book on the real disk, gone when the bar is done.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daybook::demo::{ScriptClock, SeededEntropy};
use daybook_core::book::{self, OpenBook, Surroundings};
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::ActorId;
use daybook_core::ledger::Options;

/// The result of a measurement.
pub type Measured<T> = Result<T, Box<dyn std::error::Error>>;

/// A folder under `target/bars` that is removed when dropped.
pub struct Ground {
    path: PathBuf,
}

/// The journal's usual segment size.
const SEGMENT_SIZE_BYTES: u64 = 64 << 20;

static NEXT: AtomicU64 = AtomicU64::new(0);

impl Ground {
    /// Makes an empty folder.
    pub fn new(name: &str) -> Measured<Ground> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let base = std::env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let path = base.join("bars").join(format!("{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Ground { path })
    }

    /// Returns the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Who acts in measurements.
pub fn actor() -> Measured<Actor> {
    Ok(Actor {
        user: ActorId::new("U-BENCH")?,
        on_behalf_of: None,
        role: None,
        unit: None,
        assurance: Assurance::Declared,
    })
}

/// Through what measurements write.
pub const fn source() -> Source {
    Source { channel: Channel::Api, session: None, import: None }
}

fn surroundings(dir: &Path, clock: &Arc<ScriptClock>, segment_size_bytes: u64) -> Surroundings {
    Surroundings {
        heads_outside: Some(dir.with_extension("heads")),
        command: "xtask".to_owned(),
        clock: Arc::<ScriptClock>::clone(clock),
        entropy: Box::new(SeededEntropy::new(7)),
        options: Options::default(),
        segment_size_bytes,
    }
}

/// Makes a book in `dir`.
pub fn init(dir: &Path, clock: &Arc<ScriptClock>) -> Measured<()> {
    let genesis = daybook::demo::genesis(&mut SeededEntropy::new(11))?;
    book::init(dir, &genesis, surroundings(dir, clock, SEGMENT_SIZE_BYTES))?;
    Ok(())
}

/// Opens the book in `dir`.
pub fn open(dir: &Path, clock: &Arc<ScriptClock>) -> Measured<OpenBook> {
    open_with(dir, clock, SEGMENT_SIZE_BYTES)
}

/// Opens the book in `dir` with segments of another size.
pub fn open_with(
    dir: &Path,
    clock: &Arc<ScriptClock>,
    segment_size_bytes: u64,
) -> Measured<OpenBook> {
    Ok(book::open(dir, surroundings(dir, clock, segment_size_bytes))?)
}

/// Returns the bytes of all files under a folder, as stored on disk by their length.
pub fn size_bytes(folder: &Path) -> Measured<u64> {
    let mut total = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        total += if metadata.is_dir() { size_bytes(&entry.path())? } else { metadata.len() };
    }
    Ok(total)
}
