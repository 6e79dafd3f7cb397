//! Making and opening the ledger in a directory: the only place that knows where ledgers live.

use std::path::Path;
use std::sync::Arc;

use daybook_core::book::{self, BookError, OpenBook, Surroundings};
use daybook_core::ledger::{Genesis, Ledger, Options};
use daybook_core::time::{Clock, Entropy};
use daybook_server::App;

use crate::error::CliError;
use crate::system::{SystemClock, SystemEntropy, heads_outside};

/// The size at which a segment of the journal is full.
const SEGMENT_SIZE_BYTES: u64 = 64 << 20;

/// Returns what a book is opened with, on a given clock and randomness.
pub fn surroundings(
    command: &str,
    clock: Arc<dyn Clock>,
    entropy: Box<dyn Entropy>,
) -> Surroundings {
    Surroundings {
        heads_outside: heads_outside(),
        command: format!("daybook {command}"),
        clock,
        entropy,
        options: Options::default(),
        segment_size_bytes: SEGMENT_SIZE_BYTES,
    }
}

/// Makes a ledger.
///
/// # Errors
/// [`CliError`].
pub fn init(dir: &Path, genesis: &Genesis) -> Result<(), CliError> {
    let system = surroundings("init", Arc::new(SystemClock), Box::new(SystemEntropy));
    Ok(book::init(dir, genesis, system)?)
}

/// Puts the interface together over the open ledger in a directory.
pub fn app(ledger: Ledger, dir: &Path) -> App {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    App::new(ledger, Arc::new(SystemClock)).beside(dir).keeping_views(dir, threads)
}

/// Opens a ledger.
///
/// # Errors
/// [`BookError`], which tells apart that somebody else has it open.
pub fn open(dir: &Path, command: &str) -> Result<OpenBook, BookError> {
    let system = surroundings(command, Arc::new(SystemClock), Box::new(SystemEntropy));
    book::open(dir, system)
}
