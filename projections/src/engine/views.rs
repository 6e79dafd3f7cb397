//! All views of one ledger: brought up to the log when asked, stored now and then, rebuilt beside
//! the serving ones.
//!
//! Invariant: a question sees a view at one position, at least the one it asks for, and never beyond
//! what is visible in the log. Nobody sees a view that is half folded.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use daybook_core::ledger::Reader;
use daybook_core::position::Position;

use super::runs::Runs;
use super::{Bucket, Digest, Progress, Row, State, Status, ViewError, fold};
use crate::projection::View;

/// Positions that are read before they are folded together.
const ROUND_EVENTS: u64 = 65_536;
/// Events after which what was folded is stored.
const SAVE_EVENTS: u64 = 262_144;
/// Events that are worth storing when a view has caught up.
const TAIL_EVENTS: u64 = 16_384;
/// The folder of the views in the ledger's directory.
const VIEWS_DIR: &str = "views";

/// All views of one ledger.
pub struct Views {
    dir: Option<PathBuf>,
    threads: usize,
    slots: Vec<Slot>,
}

struct Slot {
    view: View,
    /// Who brings the view forward; questions go on meanwhile.
    hand: Mutex<()>,
    state: RwLock<Option<State>>,
    /// Up to where files hold it.
    saved: Mutex<Position>,
    /// How far a rebuild has come, while there is one.
    rebuilding: Mutex<Option<Progress>>,
}

/// How a view compares with one folded from nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// Both reflect the events before this position.
    pub position: Position,
    /// What the serving view amounts to.
    pub serving: Digest,
    /// What the rebuilt one amounts to.
    pub rebuilt: Digest,
    /// The first fact in which they differ, if they do.
    pub difference: Option<Difference>,
}

/// A fact that is not the same in two views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The position of the event it is of.
    pub position: Position,
    /// The customer.
    pub customer: String,
    /// As the serving view has it; nothing when it lacks it.
    pub serving: Option<String>,
    /// As it was folded anew; nothing when that lacks it.
    pub rebuilt: Option<String>,
}

impl Views {
    /// Keeps views in the ledger's directory, or in memory alone.
    pub fn new(dir: Option<&Path>, threads: usize) -> Views {
        let slot = |view: &View| Slot {
            view: *view,
            hand: Mutex::default(),
            state: RwLock::default(),
            saved: Mutex::default(),
            rebuilding: Mutex::default(),
        };
        Views {
            dir: dir.map(|dir| dir.join(VIEWS_DIR)),
            threads: threads.max(1),
            slots: View::ALL.iter().map(slot).collect(),
        }
    }

    /// Returns on how many threads the views are folded and asked.
    pub const fn threads(&self) -> usize {
        self.threads
    }

    /// Asks a view a question, once it reflects everything that is visible now.
    ///
    /// # Errors
    /// [`ViewError`] when the log cannot be read.
    pub fn ask<T>(
        &self,
        reader: &Reader,
        view: View,
        question: impl FnOnce(&State) -> T,
    ) -> Result<T, ViewError> {
        self.ask_at_least(reader, view, reader.head().next, question)
    }

    /// Asks a view a question, once it reflects the events before a position.
    ///
    /// # Errors
    /// [`ViewError`] when the log cannot be read.
    pub fn ask_at_least<T>(
        &self,
        reader: &Reader,
        view: View,
        position: Position,
        question: impl FnOnce(&State) -> T,
    ) -> Result<T, ViewError> {
        let slot = self.slot(view);
        loop {
            let state = slot.read();
            if let Some(state) = state.as_ref().filter(|state| state.next >= position) {
                return Ok(question(state));
            }
            drop(state);
            self.catch_up(reader, view, &mut |_| true)?;
        }
    }

    /// Brings a view up to everything that is visible now. The caller is told how far it has come,
    /// and may say no to going on.
    ///
    /// # Errors
    /// [`ViewError`]; what was folded before stays.
    pub fn catch_up(
        &self,
        reader: &Reader,
        view: View,
        go_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(), ViewError> {
        let slot = self.slot(view);
        let _hand = lock(&slot.hand);
        let runs = self.runs(reader, view)?;
        let known = slot.write().take();
        let fresh = known.is_none();
        let mut current = known.unwrap_or_else(|| {
            let mut loaded = State::empty(view);
            if let Some(runs) = &runs {
                runs.load(&mut loaded, self.threads);
                *lock(&slot.saved) = loaded.next;
            }
            loaded
        });
        let mut done = self.fold_to_head(reader, &mut current, runs.as_ref(), go_on);
        if fresh && matches!(done, Err(ViewError::OtherEvents { .. })) {
            // The files are of another log, a restored one say: fold this one.
            if let Some(runs) = &runs {
                let _ = runs.remove();
            }
            current = State::empty(view);
            done = self.fold_to_head(reader, &mut current, runs.as_ref(), go_on);
        }
        let saved = *lock(&slot.saved);
        if let Some(runs) = &runs
            && current.next.0 >= saved.0 + TAIL_EVENTS
        {
            self.save(slot, runs, &current);
        }
        *slot.write() = Some(current);
        done
    }

    /// Folds a view from nothing beside the serving one, which goes on answering, and puts it in its
    /// place when it has caught up. What was folded when a rebuild was broken off is gone on from.
    /// Returns nothing when the caller said no to going on.
    ///
    /// # Errors
    /// [`ViewError`]; the serving view stays.
    pub fn rebuild(
        &self,
        reader: &Reader,
        view: View,
        go_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Option<Status>, ViewError> {
        let slot = self.slot(view);
        let mut noted = |progress| {
            *lock(&slot.rebuilding) = Some(progress);
            go_on(progress)
        };
        let rebuilt = self.rebuild_beside(reader, slot, &mut noted);
        *lock(&slot.rebuilding) = None;
        rebuilt
    }

    fn rebuild_beside(
        &self,
        reader: &Reader,
        slot: &Slot,
        go_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Option<Status>, ViewError> {
        let beside = self.folder(slot.view, ".rebuild", reader)?;
        let mut state = State::empty(slot.view);
        if let Some(runs) = &beside {
            runs.load(&mut state, self.threads);
        }
        let mut folded = self.fold_to_head(reader, &mut state, beside.as_ref(), go_on);
        if matches!(folded, Err(ViewError::OtherEvents { .. })) {
            if let Some(runs) = &beside {
                let _ = runs.remove();
            }
            state = State::empty(slot.view);
            folded = self.fold_to_head(reader, &mut state, beside.as_ref(), go_on);
        }
        folded?;
        if state.next < reader.head().next && !go_on(progress(&state, reader)) {
            if let Some(runs) = &beside {
                let _ = runs.save(&state, self.threads);
            }
            return Ok(None);
        }
        let _hand = lock(&slot.hand);
        self.fold_to_head(reader, &mut state, None, &mut |_| true)?;
        if let (Some(beside), Some(serving)) = (&beside, self.runs(reader, slot.view)?) {
            let saved = beside.save(&state, self.threads).unwrap_or_default();
            *lock(&slot.saved) =
                replace(serving.dir(), beside.dir()).map_or(Position(0), |()| saved);
        }
        let status = state.status(self.threads);
        *slot.write() = Some(state);
        Ok(Some(status))
    }

    /// Folds the first events of the log for a view, at most so many, to see how long it takes.
    /// Returns how many they were.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn trial(&self, reader: &Reader, view: View, events_max: u64) -> Result<u64, ViewError> {
        let mut state = State::empty(view);
        let to = Position(events_max.min(reader.head().next.0));
        let chunks = fold::read(reader, view, Position(0), to, self.threads)?;
        state.take(&chunks, reader.book()?.zone, self.threads);
        Ok(state.next.0)
    }

    /// Folds a view from nothing and compares the serving one with it.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn compare(&self, reader: &Reader, view: View) -> Result<Comparison, ViewError> {
        self.catch_up(reader, view, &mut |_| true)?;
        let slot = self.slot(view);
        let mut rebuilt = State::empty(view);
        self.fold_to_head(reader, &mut rebuilt, None, &mut |_| true)?;
        let serving = slot.read();
        let Some(serving) = serving.as_ref() else {
            return Err(ViewError::OtherEvents { view: view.name(), position: rebuilt.next });
        };
        // The serving view may have gone on meanwhile.
        let zone = reader.book()?.zone;
        while rebuilt.next < serving.next {
            let to = Position(serving.next.0.min(rebuilt.next.0 + ROUND_EVENTS));
            let chunks = fold::read(reader, view, rebuilt.next, to, self.threads)?;
            rebuilt.take(&chunks, zone, self.threads);
        }
        let digests = (serving.digest(self.threads), rebuilt.digest(self.threads));
        let difference = (digests.0 != digests.1).then(|| first_difference(serving, &rebuilt));
        Ok(Comparison {
            position: serving.next,
            serving: digests.0,
            rebuilt: digests.1,
            difference: difference.flatten(),
        })
    }

    /// Forgets a view, files and all; the next question folds it anew.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn discard(&self, reader: &Reader, view: View) -> Result<(), ViewError> {
        let slot = self.slot(view);
        let _hand = lock(&slot.hand);
        *slot.write() = None;
        *lock(&slot.saved) = Position(0);
        let folders = [self.runs(reader, view)?, self.folder(view, ".rebuild", reader)?];
        for runs in folders.into_iter().flatten() {
            let _ = runs.remove();
        }
        Ok(())
    }

    /// Returns what a view says of itself once it has caught up, and the bytes of its files.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn status(&self, reader: &Reader, view: View) -> Result<(Status, u64), ViewError> {
        let status = self.ask(reader, view, |state| state.status(self.threads))?;
        let size = self.runs(reader, view)?.map_or(0, |runs| runs.size_bytes());
        Ok((status, size))
    }

    /// Returns how far a rebuild of a view has come, while there is one.
    pub fn rebuilding(&self, view: View) -> Option<Progress> {
        *lock(&self.slot(view).rebuilding)
    }

    /// Stores what was folded and not stored yet.
    ///
    /// # Errors
    /// [`ViewError`].
    pub fn store(&self, reader: &Reader, view: View) -> Result<(), ViewError> {
        let slot = self.slot(view);
        let _hand = lock(&slot.hand);
        if let (Some(runs), Some(state)) = (self.runs(reader, view)?, slot.read().as_ref()) {
            self.save(slot, &runs, state);
        }
        Ok(())
    }

    /// Folds up to what is visible now, a round at a time.
    fn fold_to_head(
        &self,
        reader: &Reader,
        state: &mut State,
        runs: Option<&Runs>,
        go_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<(), ViewError> {
        let head = reader.head();
        let zone = reader.book()?.zone;
        let mut saved = state.next.0;
        while state.next < head.next {
            let to = Position(head.next.0.min(state.next.0 + ROUND_EVENTS));
            let chunks = fold::read(reader, state.view, state.next, to, self.threads)?;
            state.take(&chunks, zone, self.threads);
            if let Some(runs) = runs
                && state.next.0 - saved >= SAVE_EVENTS
            {
                saved = state.next.0;
                // A full disk costs the time of folding again, nothing else.
                let _ = runs.save(state, self.threads);
            }
            if !go_on(Progress { done: state.next.0, total: head.next.0 }) {
                return Ok(());
            }
        }
        if state.next == head.next && state.tree == head.tree {
            return Ok(());
        }
        Err(ViewError::OtherEvents { view: state.view.name(), position: state.next })
    }

    fn save(&self, slot: &Slot, runs: &Runs, state: &State) {
        // A full disk costs the time of folding again, nothing else.
        if let Ok(saved) = runs.save(state, self.threads) {
            *lock(&slot.saved) = saved;
        }
    }

    fn runs(&self, reader: &Reader, view: View) -> Result<Option<Runs>, ViewError> {
        self.folder(view, "", reader)
    }

    fn folder(&self, view: View, suffix: &str, reader: &Reader) -> Result<Option<Runs>, ViewError> {
        let Some(dir) = &self.dir else { return Ok(None) };
        let name = format!("{}-{}{suffix}", view.name(), view.version());
        Ok(Some(Runs::new(dir.join(name), reader.book()?.book)))
    }

    fn slot(&self, view: View) -> &Slot {
        let found = self.slots.iter().find(|slot| slot.view == view);
        found.unwrap_or_else(|| unreachable!("every view has its slot"))
    }
}

impl Slot {
    fn read(&self) -> RwLockReadGuard<'_, Option<State>> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Option<State>> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn progress(state: &State, reader: &Reader) -> Progress {
    Progress { done: state.next.0, total: reader.head().next.0 }
}

/// Puts the folder of a rebuilt view in the place of the serving one's. A crash in between leaves
/// the view without files, and it is folded again.
fn replace(serving: &Path, rebuilt: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(serving) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::rename(rebuilt, serving)
}

/// Finds the earliest fact in which two views differ.
fn first_difference(serving: &State, rebuilt: &State) -> Option<Difference> {
    let pairs = serving.buckets.iter().zip(&rebuilt.buckets);
    let differences = pairs.filter_map(|(serving, rebuilt)| first_in_bucket(serving, rebuilt));
    differences.min_by_key(|difference| difference.position)
}

fn first_in_bucket(serving: &Bucket, rebuilt: &Bucket) -> Option<Difference> {
    let longest = serving.rows().len().max(rebuilt.rows().len());
    for at in 0..longest {
        let rows = (serving.rows().get(at), rebuilt.rows().get(at));
        let said = |bucket, row: Option<&Row>| row.map(|row| spelt(bucket, row));
        let texts = (said(serving, rows.0), said(rebuilt, rows.1));
        if texts.0 != texts.1 {
            let position = [rows.0, rows.1].into_iter().flatten().map(|row| row.position).min()?;
            let of = |bucket: &Bucket, row: Option<&Row>| {
                row.and_then(|row| bucket.customer(row.customer)).map(ToString::to_string)
            };
            let customer = of(rebuilt, rows.1).or_else(|| of(serving, rows.0)).unwrap_or_default();
            let (serving, rebuilt) = texts;
            return Some(Difference { position: Position(position), customer, serving, rebuilt });
        }
    }
    let voids = |bucket: &Bucket| bucket.withdrawn.clone();
    let (left, right) = (voids(serving), voids(rebuilt));
    let odd = left.iter().find(|(at, by)| right.get(*at) != Some(*by));
    let odd = odd.or_else(|| right.iter().find(|(at, by)| left.get(*at) != Some(*by)));
    odd.map(|(at, _)| Difference {
        position: Position(*at),
        customer: String::new(),
        serving: left.get(at).map(|by| format!("void from {by}")),
        rebuilt: right.get(at).map(|by| format!("void from {by}")),
    })
}

/// Writes a fact with its names.
fn spelt(bucket: &Bucket, row: &Row) -> String {
    let customer = bucket.customer(row.customer).map(ToString::to_string).unwrap_or_default();
    format!(
        "position {} kind {} customer {customer} subject {:?} object {:?} unit {} on {} value {}",
        row.position,
        row.kind,
        bucket.text(row.subject),
        bucket.text(row.object),
        row.unit,
        row.on,
        row.value
    )
}
