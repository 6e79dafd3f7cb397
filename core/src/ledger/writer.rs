//! The writer's thread: collects what has arrived, decides it, appends it with one sync, answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use std::collections::HashMap;

use tokio::sync::{oneshot, watch};

use super::attach::{AttachError, Lent, Loan};
use super::batch::{Answer, BATCH_REQUESTS_MAX, Batch, Mode, SubmitError};
use super::clock::{ClockState, ClockWatch};
use super::prepare::{Asker, Desk, Mark, Pending, Sheet, book_marks};
use super::read::{Reader, now_or_block};
use super::states::States;
use super::{Options, Parts};
use crate::decide::BookState;
use crate::event::{Body, BookStream, Event, Kind, StreamId};
use crate::position::Position;
use crate::proof::head::{HeadSigner, TreeHead};
use crate::store::{AppendError, Group, LogStore, is_full};
use crate::time::{Clock, Seen, Timestamp};
use crate::vault::{SIGNING_SLOT, VaultError};

/// A group is closed to further batches once it holds so many events.
const GROUP_EVENTS_SOFT_MAX: usize = 4096;
/// How long the writer waits for the callers it has just answered to come back.
const GATHER_WAIT_MAX: Duration = Duration::from_micros(200);
/// The most rehearsals kept open at once; the oldest is dropped.
const REHEARSALS_MAX: usize = 16;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Take a batch.
    Submit { batch: Batch, reply: oneshot::Sender<Result<Answer, SubmitError>> },
    /// Hand out the key that a subject's files are sealed with.
    Lend(Loan),
    /// Tell what is thought of the clock, after believing it if a person says that it is right.
    Clock { confirmed: Option<Timestamp>, reply: oneshot::Sender<Result<ClockState, SubmitError>> },
    /// Finish and stop.
    Close { reply: oneshot::Sender<Result<(), SubmitError>> },
}

/// The one who writes.
pub(super) struct Writer {
    desk: Desk,
    store: Arc<dyn LogStore>,
    clock: Arc<dyn Clock>,
    watch: ClockWatch,
    signer: HeadSigner,
    visible: watch::Sender<Position>,
    rehearsals: Vec<(u64, Sheet)>,
    head_signed: Position,
    head_signed_at: Instant,
    tree_head_every: Duration,
    batches_last: usize,
    /// Whether an earlier failure made the ledger read-only.
    stopped: bool,
}

type Waiting = (oneshot::Sender<Result<Answer, SubmitError>>, Result<Answer, SubmitError>);

impl Writer {
    pub(super) fn new(
        parts: Parts,
        options: Options,
        reader: Reader,
        visible: watch::Sender<Position>,
    ) -> Result<Writer, SubmitError> {
        let (book, published) = read_book(&reader)?;
        let seed = parts.vault.key(SIGNING_SLOT)?;
        let desk = Desk {
            store: Arc::clone(&parts.store),
            reader,
            book_marks: book_marks(&*parts.vault)?,
            lent: Lent::until(parts.vault.lent()?),
            vault: parts.vault,
            attachments: parts.attachments,
            entropy: parts.entropy,
            book,
            states: States::new(options.states_size_bytes_max),
            published,
            series: HashMap::new(),
            scratch: Vec::new(),
            arena: bytes::BytesMut::new(),
            spare: Sheet::default(),
        };
        let seen = Seen::by(&*parts.clock);
        let mut watch = ClockWatch::start(parts.store.seen_clock(), &seen);
        // A clock that is not believed stops nobody from reading; whoever writes is told.
        if let Ok(Some(seen)) = watch.look(parts.store.head().recorded_at, seen) {
            parts.store.keep_clock(&seen);
        }
        Ok(Writer {
            desk,
            store: parts.store,
            clock: parts.clock,
            watch,
            signer: HeadSigner::new(&seed),
            visible,
            rehearsals: Vec::new(),
            head_signed: Position(0),
            head_signed_at: Instant::now(),
            tree_head_every: options.tree_head_every,
            batches_last: 1,
            stopped: false,
        })
    }

    pub(super) fn book(&self) -> BookState {
        self.desk.book.clone()
    }

    pub(super) fn run(mut self, inbox: &flume::Receiver<Job>) {
        loop {
            match inbox.recv_timeout(self.tree_head_every) {
                Ok(Job::Submit { batch, reply }) => {
                    if let Some(close) = self.group(inbox, batch, reply) {
                        self.end(close);
                        return;
                    }
                }
                Ok(Job::Lend(loan)) => {
                    let mut next_key_slot = self.desk.next_key_slot(&self.store.head());
                    self.lend(loan, &mut next_key_slot);
                }
                Ok(Job::Clock { confirmed, reply }) => self.answer_clock(confirmed, reply),
                Ok(Job::Close { reply }) => {
                    self.end(reply);
                    return;
                }
                Err(flume::RecvTimeoutError::Timeout) => {}
                Err(flume::RecvTimeoutError::Disconnected) => {
                    let _ = self.finish();
                    return;
                }
            }
            if self.head_signed_at.elapsed() >= self.tree_head_every {
                // A head that cannot be kept stops nothing: the next one tries again, and the
                // store is read-only by itself if its disk has failed.
                let _ = self.sign_head();
            }
        }
    }

    /// Gathers batches, decides them, appends them together and answers. Returns whom to tell when
    /// the ledger is to be closed.
    fn group(
        &mut self,
        inbox: &flume::Receiver<Job>,
        batch: Batch,
        reply: oneshot::Sender<Result<Answer, SubmitError>>,
    ) -> Option<oneshot::Sender<Result<(), SubmitError>>> {
        let head = self.store.head();
        let mut pending = Pending {
            first: head.next,
            recorded_at: head.recorded_at,
            next_key_slot: self.desk.next_key_slot(&head),
            ..Pending::default()
        };
        let mut waiting: Vec<Waiting> = Vec::new();
        let mut close = None;
        let mut next = Some((batch, reply));
        let gathering_ends = Instant::now() + GATHER_WAIT_MAX;
        while let Some((batch, reply)) = next.take() {
            // A void reads the whole stream from the log, so what is pending goes there first.
            if has_void(&batch) && !pending.records.is_empty() {
                self.append(&mut pending, &mut waiting);
            }
            let before = pending.mark();
            let answer = self.batch(batch, &mut pending).map_err(|error| self.judge(error));
            if answer.is_err() {
                self.take_back(&before, &mut pending, &mut waiting);
            }
            waiting.push((reply, answer));
            if pending.records.len() >= GROUP_EVENTS_SOFT_MAX {
                break;
            }
            // Callers come back about as many as were answered last; waiting a moment for them
            // halves the number of syncs.
            let wait = if waiting.len() < self.batches_last {
                gathering_ends.saturating_duration_since(Instant::now())
            } else {
                Duration::ZERO
            };
            match inbox.recv_timeout(wait) {
                Ok(Job::Submit { batch, reply }) => next = Some((batch, reply)),
                Ok(Job::Lend(loan)) => self.lend(loan, &mut pending.next_key_slot),
                Ok(Job::Clock { confirmed, reply }) => self.answer_clock(confirmed, reply),
                Ok(Job::Close { reply }) => close = Some(reply),
                Err(_) => {}
            }
        }
        self.batches_last = waiting.len();
        self.append(&mut pending, &mut waiting);
        self.desk.settle_states();
        close
    }

    fn batch(&mut self, batch: Batch, pending: &mut Pending) -> Result<Answer, SubmitError> {
        let requests: usize = batch.units.iter().map(Vec::len).sum();
        if requests > BATCH_REQUESTS_MAX {
            return Err(SubmitError::TooMany { actual: requests, max: BATCH_REQUESTS_MAX });
        }
        let now = match batch.mode {
            Mode::Commit => {
                let (now, seen) = self.watch.now(&*self.clock, pending.recorded_at)?;
                if let Some(seen) = &seen {
                    self.store.keep_clock(seen);
                }
                now
            }
            Mode::Rehearse { .. } => self.clock.now().max(pending.recorded_at),
        };
        let asker = Asker { actor: &batch.actor, source: &batch.source, now };
        let mut units = Vec::with_capacity(batch.units.len());
        match batch.mode {
            // Deciding may make keys; nothing may be written any more, keys included.
            Mode::Commit if self.stopped => return Err(AppendError::ReadOnly.into()),
            Mode::Commit => {
                for unit in batch.units {
                    units.push(self.desk.take(unit, &asker, pending)?);
                }
                pending.recorded_at = now;
            }
            Mode::Rehearse { rehearsal, last } => {
                let place = self.rehearsals.iter().position(|(number, _)| *number == rehearsal);
                let mut sheet = match place {
                    Some(place) => self.rehearsals.swap_remove(place).1,
                    None => Sheet::starting_at(pending.next_key_slot),
                };
                for unit in batch.units {
                    units.push(self.desk.rehearse(unit, &asker, pending, &mut sheet)?);
                }
                if !last {
                    if self.rehearsals.len() >= REHEARSALS_MAX {
                        self.rehearsals.remove(0);
                    }
                    self.rehearsals.push((rehearsal, sheet));
                }
            }
        }
        Ok(Answer { units, next: pending.next() })
    }

    /// Answers a request for the key of a subject's files.
    fn lend(&mut self, loan: Loan, next_key_slot: &mut u64) {
        let answer = if self.stopped {
            Err(SubmitError::from(AppendError::ReadOnly).into())
        } else {
            self.desk.key_of(&loan, &self.store.head(), next_key_slot).map_err(
                |error| match error {
                    AttachError::Ledger(error) => self.judge(error).into(),
                    refused => refused,
                },
            )
        };
        // Nobody listens when the caller has gone; the loan stands.
        let _ = loan.reply.send(answer);
    }

    fn answer_clock(
        &mut self,
        confirmed: Option<Timestamp>,
        reply: oneshot::Sender<Result<ClockState, SubmitError>>,
    ) {
        let believed = match confirmed {
            None => Ok(()),
            Some(said) => self.watch.confirm(&*self.clock, said).map(|seen| {
                self.store.keep_clock(&seen);
            }),
        };
        let recorded_at = self.store.head().recorded_at;
        let _ = reply.send(believed.map(|()| self.watch.state(&*self.clock, recorded_at)));
    }

    /// Says in the log's words that new keys could not be made durable, and stops if that is for
    /// good: a key whose sync failed is not tried again, and no event may rely on it.
    fn judge(&mut self, error: SubmitError) -> SubmitError {
        let SubmitError::Vault(VaultError::NotMade { path, size_bytes, source }) = error else {
            return error;
        };
        if is_full(&source) {
            return AppendError::DiskFull { needed_bytes: size_bytes, path }.into();
        }
        self.stopped = true;
        self.store.stop_appends();
        AppendError::StorageFailed { path, source }.into()
    }

    /// Takes a batch back that broke off halfway, so that none of it is appended: whoever is told of
    /// a failure may send it all again. Batches from before it are appended first, since what the
    /// states hold of both cannot be told apart.
    fn take_back(&mut self, before: &Mark, pending: &mut Pending, waiting: &mut Vec<Waiting>) {
        let touched = pending.cut(before);
        if touched.is_empty() {
            return;
        }
        self.append(pending, waiting);
        self.forget(&touched);
    }

    /// Drops what was learned from events that are not in the log; it is read again when needed.
    fn forget(&mut self, touched: &[StreamId]) {
        for stream in touched {
            self.desk.states.forget(stream);
        }
        self.desk.series.clear();
        if let Ok((book, published)) = read_book(&self.desk.reader) {
            self.desk.book = book;
            self.desk.published = published;
        }
    }

    /// Appends what is pending and answers everyone who waits.
    fn append(&mut self, pending: &mut Pending, waiting: &mut Vec<Waiting>) {
        let next = pending.next();
        let group = Group {
            first: pending.first,
            records: std::mem::take(&mut pending.records),
            next_key_slot: pending.next_key_slot,
        };
        let touched = std::mem::take(&mut pending.touched);
        pending.claims.clear();
        let appended =
            if group.records.is_empty() { Ok(()) } else { now_or_block(self.store.append(group)) };
        match appended {
            Ok(()) => {
                pending.first = next;
                self.visible.send_replace(next);
                for (reply, answer) in waiting.drain(..) {
                    let _ = reply.send(answer);
                }
                self.desk.save_overdue(touched);
            }
            Err(error) => {
                self.stopped |= !matches!(error, AppendError::DiskFull { .. });
                self.forget(&touched);
                pending.next_key_slot = self.desk.next_key_slot(&self.store.head());
                for (reply, answer) in waiting.drain(..) {
                    let failed = answer.and_then(|_| Err(again(&error).into()));
                    let _ = reply.send(failed);
                }
            }
        }
    }

    fn sign_head(&mut self) -> Result<(), AppendError> {
        let head = self.store.head();
        self.head_signed_at = Instant::now();
        if head.next == self.head_signed {
            return Ok(());
        }
        let note = self.signer.sign(&TreeHead {
            book: self.desk.book.book,
            size: head.next.0,
            root: head.tree.root(),
            recorded_at: head.recorded_at,
        });
        now_or_block(self.store.keep_tree_head(&note))?;
        self.head_signed = head.next;
        Ok(())
    }

    /// Finishes, lets go of the store, and only then tells: whoever hears it may open it again.
    fn end(mut self, reply: oneshot::Sender<Result<(), SubmitError>>) {
        let finished = self.finish();
        drop(self);
        let _ = reply.send(finished);
    }

    fn finish(&mut self) -> Result<(), SubmitError> {
        self.sign_head()?;
        if !self.stopped {
            self.desk.save_states();
        }
        now_or_block(self.store.close())?;
        Ok(())
    }
}

/// Gives every caller of a failed group its own copy of the error.
fn again(error: &AppendError) -> AppendError {
    match error {
        AppendError::DiskFull { needed_bytes, path } => {
            AppendError::DiskFull { needed_bytes: *needed_bytes, path: path.clone() }
        }
        AppendError::StorageFailed { path, source } => AppendError::StorageFailed {
            path: path.clone(),
            source: std::io::Error::new(source.kind(), source.to_string()),
        },
        AppendError::ReadOnly => AppendError::ReadOnly,
    }
}

fn has_void(batch: &Batch) -> bool {
    let mut requests = batch.units.iter().flatten();
    requests.any(|request| request.command.is_void())
}

/// Folds the book's own events; also tells which kinds' layouts are published.
fn read_book(reader: &Reader) -> Result<(BookState, Vec<Kind>), SubmitError> {
    let mut book = BookState::default();
    let mut published = Vec::new();
    for stream in BookState::STREAMS.iter().chain(&[BookStream::Layouts]) {
        for (Event { body, .. }, _) in reader.history(&StreamId::Book(*stream))? {
            book.fold(&body);
            if let Body::EventLayoutPublished(layout) = body {
                let kind = Kind::from_tag(layout.kind_tag);
                published.extend(kind.filter(|kind| kind.schema() == layout.schema_version));
            }
        }
    }
    if book.book.0.is_nil() { Err(SubmitError::NotFounded) } else { Ok((book, published)) }
}
