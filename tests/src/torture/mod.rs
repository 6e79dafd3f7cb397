//! The durability bars: a ledger is killed, cut off from power, refused syncs and space, robbed of
//! files, and must keep every acknowledged group, whole.
//!
//! Each bar is one file with one function: it takes how many trials to make and returns its figures.
//! A trial runs `torture_child`, which appends made-up groups and writes a line to an ack file after
//! each append returned, under the recorder (`LD_PRELOAD`), and then looks at what is left. What is
//! appended to is the log's store alone in some trials, a whole ledger in others, with and without
//! attachments ([`tortured`]).
//!
//! Invariant: a trial that finds a broken promise ends the run with an error that names the trial,
//! so that it can be repeated. What this module does not do: it decides no count and prints nothing.

pub mod child;
mod files;
pub mod groups;
mod history;
pub mod image;
pub mod ledger;
pub mod log;
mod r12_clients;
mod r1_kill;
mod r2_power;
mod r3_sync;
mod r4_io_error;
mod r5_disk_full;
mod r8_lost_files;
mod r9_rebuild;
mod served;
pub mod tortured;
mod wire;

use std::path::PathBuf;

use serde_json::Value;

/// The bars this module can run.
pub const BARS: [&str; 9] = ["R1", "R2", "R3", "R4", "R5", "R8", "R9", "R11", "R12"];

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TortureError {
    /// A promise was broken.
    #[error("{bar} trial {trial}: {problem}; files kept in {kept}")]
    Broken {
        /// The bar.
        bar: &'static str,
        /// Which trial, as needed to repeat it.
        trial: String,
        /// What was found.
        problem: String,
        /// Where the files of the trial are.
        kept: String,
    },
    /// The trial could not be made.
    #[error("{what} failed")]
    Io {
        /// What.
        what: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Something the trials need is not built.
    #[error(
        "{path} is not there; build it first: cargo build -p daybook-tests -p daybook-recorder"
    )]
    NotBuilt {
        /// What is missing.
        path: PathBuf,
    },
    /// There is no such bar here.
    #[error("there is no bar {bar}; there are R1, R2, R3, R4, R5, R8, R9, R11 and R12")]
    UnknownBar {
        /// The name.
        bar: String,
    },
}

/// Runs one bar with so many trials and returns its figures.
///
/// # Errors
/// [`TortureError`] at the first broken promise.
pub fn run(bar: &str, count: u64) -> Result<Value, TortureError> {
    match bar {
        "R1" => r1_kill::run(count),
        "R2" => r2_power::run(count),
        "R3" => r3_sync::run(count),
        "R4" => r4_io_error::run(count),
        "R5" => r5_disk_full::run(count),
        "R8" => r8_lost_files::run(count),
        "R9" => r9_rebuild::run(count),
        "R11" => crate::reference::run(count),
        "R12" => r12_clients::run(count),
        other => Err(TortureError::UnknownBar { bar: other.to_owned() }),
    }
}

/// Names what failed.
pub(crate) fn io(what: &'static str) -> impl Fn(std::io::Error) -> TortureError {
    move |source| TortureError::Io { what, source }
}

/// A repeatable stream of numbers (xorshift64*), good enough to choose trials.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts a stream.
    pub const fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns the next number.
    pub const fn roll(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below `end`, 0 when that is 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { (self.roll() >> 8) % end }
    }
}
