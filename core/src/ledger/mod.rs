//! The ledger: one writer that decides, seals, numbers and appends; readers and feeds beside it.
//!
//! Invariant: whoever gets an answer to a request can rely on it surviving any crash from then on,
//! and nobody, reader, feed or other request's answer, sees an event before that.
//!
//! The writer is one thread behind a bounded channel. It collects the batches that have arrived,
//! decides them one after the other, appends them as one group with one sync, and then answers all.

pub mod attach;
pub mod batch;
pub mod clock;
pub mod feed;
pub mod genesis;
mod prepare;
pub mod read;
pub(crate) mod saved;
mod states;
mod writer;

pub use attach::{AttachError, AttachedFile, Upload, Uploaded};
pub use batch::{Answer, Batch, EventRef, Mode, Outcome, Refusal, SubmitError, Unit};
pub use clock::{ClockJump, ClockState};
pub use feed::Feed;
pub use genesis::{Genesis, found};
pub use read::{OpenedEvent, Reader};

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::attachment::AttachmentStore;
use crate::position::Position;
use crate::store::LogStore;
use crate::time::{Clock, Entropy, Timestamp};
use crate::vault::Vault;

/// The most batches that wait for the writer; further ones wait for a place.
pub const QUEUE_BATCHES_MAX: usize = 1024;

/// An open ledger. Cloning gives another handle to the same writer.
#[derive(Clone)]
pub struct Ledger {
    jobs: flume::Sender<writer::Job>,
    reader: Reader,
    visible: watch::Receiver<Position>,
}

/// What a ledger stands on.
pub struct Parts {
    /// Where events become durable.
    pub store: Arc<dyn LogStore>,
    /// The keys.
    pub vault: Arc<dyn Vault>,
    /// The files.
    pub attachments: Arc<dyn AttachmentStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness for ids and keys.
    pub entropy: Box<dyn Entropy>,
}

/// How the writer works.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Decision states kept in memory, in bytes; beyond it the least used are read again when needed.
    pub states_size_bytes_max: usize,
    /// How often a tree head is signed while events are appended; never more often than once a second
    /// outside of tests, and never less often than once a minute.
    pub tree_head_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Options { states_size_bytes_max: 2 << 30, tree_head_every: Duration::from_secs(10) }
    }
}

impl Ledger {
    /// Opens a ledger that has been founded, and starts its writer.
    ///
    /// # Errors
    /// [`SubmitError`] when the book's own events or keys cannot be read.
    pub fn open(parts: Parts, options: Options) -> Result<Ledger, SubmitError> {
        let reader = Reader::of(&parts);
        let (jobs, inbox) = flume::bounded(QUEUE_BATCHES_MAX);
        let (visible_sender, visible) = watch::channel(parts.store.head().next);
        let writer = writer::Writer::new(parts, options, reader.clone(), visible_sender)?;
        reader.set_book(writer.book());
        std::thread::Builder::new()
            .name("daybook-writer".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(|source| SubmitError::Thread { source })?;
        Ok(Ledger { jobs, reader, visible })
    }

    /// Submits a batch and waits until it is durable, refused or failed.
    ///
    /// # Errors
    /// [`SubmitError`]; refusals of single units are inside the answer.
    pub async fn submit(&self, batch: Batch) -> Result<Answer, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job::Submit { batch, reply };
        self.jobs.send_async(job).await.map_err(|_| SubmitError::Closed)?;
        answer.await.map_err(|_| SubmitError::Closed)?
    }

    /// Submits a batch from a thread that may block.
    ///
    /// # Errors
    /// As [`Ledger::submit`].
    pub fn submit_blocking(&self, batch: Batch) -> Result<Answer, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job::Submit { batch, reply };
        self.jobs.send(job).map_err(|_| SubmitError::Closed)?;
        answer.blocking_recv().map_err(|_| SubmitError::Closed)?
    }

    /// Tells what is thought of the clock, after believing it if `confirmed` is what it shows.
    ///
    /// # Errors
    /// [`SubmitError::ClockDiffers`] when it shows another time.
    pub async fn clock(&self, confirmed: Option<Timestamp>) -> Result<ClockState, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let job = writer::Job::Clock { confirmed, reply };
        self.jobs.send_async(job).await.map_err(|_| SubmitError::Closed)?;
        answer.await.map_err(|_| SubmitError::Closed)?
    }

    /// Returns a reader of everything visible.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Returns a feed that gives every event from `from` on, then follows.
    pub fn feed(&self, from: Position) -> Feed {
        Feed::new(self.reader.clone(), self.visible.clone(), from)
    }

    /// Waits until everything before a position is visible.
    ///
    /// # Errors
    /// [`SubmitError::Closed`] when the ledger is closed before.
    pub async fn reach(&self, position: Position) -> Result<(), SubmitError> {
        let mut visible = self.visible.clone();
        let seen = visible.wait_for(|visible| *visible >= position).await;
        seen.map(|_| ()).map_err(|_| SubmitError::Closed)
    }

    /// Signs and keeps a tree head, finishes background work and stops the writer.
    ///
    /// # Errors
    /// [`SubmitError`] when the last steps could not be made durable; nothing acknowledged is lost.
    pub fn close(self) -> Result<(), SubmitError> {
        let (reply, done) = oneshot::channel();
        self.jobs.send(writer::Job::Close { reply }).map_err(|_| SubmitError::Closed)?;
        done.blocking_recv().map_err(|_| SubmitError::Closed)?
    }
}
