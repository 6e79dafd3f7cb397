//! What is tortured: the log's store alone, a whole ledger with its vault, or one that files are
//! attached in. All are driven and checked in the same way.
//!
//! Invariant: what a check needs to know is in the bytes: which group an event belongs to, its place
//! in it and the group's size, so that a check needs no memory of what was sent.

use std::path::Path;

use daybook_core::store::local::OpenReport;

use super::groups::Log;
use super::ledger::Whole;

/// Why something was not appended.
#[derive(Debug)]
pub enum Failure {
    /// There was no space; it may be tried again.
    DiskFull,
    /// The disk failed: everything is refused from now on.
    Storage {
        /// The stable code.
        code: String,
        /// In words.
        text: String,
    },
    /// Something that must not happen.
    Broken(String),
}

/// Why it did not open.
#[derive(Debug)]
pub struct NotOpened {
    /// The stable code.
    pub code: String,
    /// In words.
    pub text: String,
}

/// Something that groups are appended to until it is killed or refuses.
pub trait Tortured: Sized {
    /// Makes an empty one.
    ///
    /// # Errors
    /// [`NotOpened`]; there is nothing at `dir` then.
    fn create(dir: &Path) -> Result<(), NotOpened>;

    /// Opens it.
    ///
    /// # Errors
    /// [`NotOpened`].
    fn open(dir: &Path, seed: u64) -> Result<(Self, OpenReport), NotOpened>;

    /// Returns the number of the next group.
    fn number(&self) -> u64;

    /// Appends the next group.
    ///
    /// # Errors
    /// [`Failure`]; after [`Failure::DiskFull`] the same group is tried again.
    fn append(&mut self) -> Result<(), Failure>;

    /// Does now and then what belongs to a long life: tree heads, closing and opening again.
    ///
    /// # Errors
    /// [`Failure`].
    fn tend(&mut self) -> Result<(), Failure>;

    /// Tries to append and must be refused as read-only.
    ///
    /// # Errors
    /// What happened instead.
    fn refuses(&mut self) -> Result<(), String>;

    /// Checks that all is whole and the number of groups among those expected; returns it.
    ///
    /// # Errors
    /// What does not hold.
    fn check(&self, expected: Expected) -> Result<u64, String>;

    /// Sends groups again that are there already; nothing may be added.
    ///
    /// # Errors
    /// What does not hold.
    fn send_again(&mut self, groups: u64) -> Result<(), String>;

    /// Closes it in order.
    ///
    /// # Errors
    /// [`Failure`].
    fn close(self) -> Result<Closed, Failure>;

    /// Verifies the files.
    ///
    /// # Errors
    /// What does not hold.
    fn verify(dir: &Path) -> Result<(), String>;
}

/// What was found out while it was open.
#[derive(Debug, Default)]
pub struct Closed {
    /// Why the index failed, if it did.
    pub index_problem: Option<String>,
    /// Why sealing failed, if it did.
    pub seal_problem: Option<String>,
}

/// What to torture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The log's store alone: cheap, and groups of any size.
    Log,
    /// A whole ledger: decisions, sealed sections, idempotency keys, the vault.
    Whole,
    /// A whole ledger with attachments.
    Files,
}

impl What {
    /// All.
    pub const EACH: [What; 3] = [What::Log, What::Whole, What::Files];

    /// Returns each by turns.
    pub const fn by_turns(trial: u64) -> What {
        match trial % 3 {
            0 => What::Log,
            1 => What::Whole,
            _ => What::Files,
        }
    }

    /// Returns the word the child knows it by.
    pub const fn word(self) -> &'static str {
        match self {
            What::Log => "log",
            What::Whole => "whole",
            What::Files => "files",
        }
    }

    /// As [`check_left`].
    ///
    /// # Errors
    /// What does not hold.
    pub fn check_left(
        self,
        dir: &Path,
        expected: Expected,
        seed: u64,
    ) -> Result<OpenReport, String> {
        match self {
            What::Log => check_left::<Log>(dir, expected, seed),
            What::Whole => check_left::<Whole<false>>(dir, expected, seed),
            What::Files => check_left::<Whole<true>>(dir, expected, seed),
        }
    }

    /// As [`check_left_as_it_is`].
    ///
    /// # Errors
    /// What does not hold.
    pub fn check_left_as_it_is(
        self,
        dir: &Path,
        acked: u64,
        before: u64,
        seed: u64,
    ) -> Result<(OpenReport, u64), String> {
        match self {
            What::Log => check_left_as_it_is::<Log>(dir, acked, before, seed),
            What::Whole => check_left_as_it_is::<Whole<false>>(dir, acked, before, seed),
            What::Files => check_left_as_it_is::<Whole<true>>(dir, acked, before, seed),
        }
    }
}

/// Opens what a trial left, checks it, sends everything again, appends one more group and verifies.
///
/// # Errors
/// What does not hold.
pub fn check_left<T: Tortured>(
    dir: &Path,
    expected: Expected,
    seed: u64,
) -> Result<OpenReport, String> {
    let (mut opened, report) = open::<T>(dir, seed)?;
    let groups = opened.check(expected)?;
    opened.send_again(groups)?;
    opened.append().map_err(|failure| format!("it does not go on: {failure:?}"))?;
    opened.check(groups + 1..=groups + 1)?;
    drop(opened);
    T::verify(dir)?;
    Ok(report)
}

/// Opens what a trial left and checks it, adding nothing. `before` groups were there when the child
/// began: a life that ends before its first acknowledgement may leave one more without anybody
/// having been told, and several such lives in a row may leave several.
///
/// # Errors
/// What does not hold.
pub fn check_left_as_it_is<T: Tortured>(
    dir: &Path,
    acked: u64,
    before: u64,
    seed: u64,
) -> Result<(OpenReport, u64), String> {
    let (mut opened, report) = open::<T>(dir, seed)?;
    let least = acked.max(before);
    let groups = opened.check(least..=least + 1)?;
    opened.send_again(groups)?;
    drop(opened);
    T::verify(dir)?;
    Ok((report, groups))
}

fn open<T: Tortured>(dir: &Path, seed: u64) -> Result<(T, OpenReport), String> {
    T::open(dir, seed).map_err(|refused| format!("it does not open: {}", refused.text))
}

/// How many groups may be there: those acknowledged, and perhaps one more for each life, which nobody
/// was told of.
pub type Expected = std::ops::RangeInclusive<u64>;

/// Checks a number of whole groups.
///
/// # Errors
/// What does not hold.
pub fn counted(groups: u64, expected: &Expected) -> Result<u64, String> {
    let acked = expected.start();
    if groups < *acked {
        return Err(format!("{acked} groups were acknowledged, {groups} are there"));
    }
    if groups > *expected.end() {
        return Err(format!("{acked} groups were acknowledged, but {groups} are there"));
    }
    Ok(groups)
}

/// Follows events through their groups: each must be the next of its group, and groups be whole.
#[derive(Debug, Default)]
pub struct Wholeness {
    group: u64,
    at: u64,
}

impl Wholeness {
    /// Takes the next event's mark, `group-index-size`.
    ///
    /// # Errors
    /// What does not follow.
    pub fn next(&mut self, mark: &str) -> Result<(), String> {
        let words: Vec<u64> = mark.split('-').filter_map(|word| word.parse().ok()).collect();
        let &[of, index, size] = words.as_slice() else {
            return Err(format!("an event that was never made: {mark}"));
        };
        if (of, index) != (self.group, self.at) {
            let (group, at) = (self.group, self.at);
            return Err(format!("event {index} of group {of}, expected {at} of {group}"));
        }
        (self.group, self.at) =
            if index + 1 == size { (self.group + 1, 0) } else { (self.group, self.at + 1) };
        Ok(())
    }

    /// Returns how many groups there were, all whole.
    ///
    /// # Errors
    /// When the last one is there in part.
    pub fn end(&self) -> Result<u64, String> {
        match self.at {
            0 => Ok(self.group),
            at => Err(format!("group {} is there in part: {at} events", self.group)),
        }
    }
}

/// Writes an error and its causes in one sentence.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
