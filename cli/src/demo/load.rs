//! Loads for measuring: many customers of very different activity, small events, decided one by one.
//!
//! Customers are zipf-distributed with exponent 1 and come on file as the load goes on, one request
//! in ten. Requests are of nine kinds, three with a personal section, mixed by [`SHARES`]: which
//! kind comes next is the one furthest behind its share among those the customer's state allows.
//! No request is ever refused. Invariant: memory is [`ACCOUNT_SIZE_BYTES`] a customer and one batch.

mod account;
mod money;
mod requests;

use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::TextError;
use daybook_core::ledger::{Batch, Mode};
use daybook_core::time::Timestamp;

use super::calendar;
use super::dice::Dice;
use super::pen::{text, user};
use super::{Step, StoryError};
use account::Account;
use requests::Stock;

/// Requests in a batch; each is a unit of its own.
pub const BATCH_REQUESTS: u64 = 1000;
/// One request in so many registers a customer.
pub const REQUESTS_A_CUSTOMER: u64 = 10;
/// What the generator keeps of a customer.
pub const ACCOUNT_SIZE_BYTES: usize = size_of::<Account>();
const _: () = assert!(ACCOUNT_SIZE_BYTES <= 40);

/// How long a load lasts in its own time, at most.
const SPAN_MICROS: i64 = 300 * 86_400_000_000;
/// The longest pause between two batches.
const PAUSE_MICROS_MAX: i64 = 6 * 3_600_000_000;

/// How large a load is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 100,000 events, 10,000 customers.
    S,
    /// 1 million events, 100,000 customers.
    M,
    /// 5 million events, 500,000 customers.
    L,
}

impl Size {
    /// Returns how many requests, and so events, the load has besides the layouts published.
    pub const fn requests(self) -> u64 {
        match self {
            Size::S => 100_000,
            Size::M => 1_000_000,
            Size::L => 5_000_000,
        }
    }

    /// Returns how many customers are on file at its end.
    pub const fn customers(self) -> u64 {
        self.requests() / REQUESTS_A_CUSTOMER
    }
}

/// What a request of the load does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Act {
    /// A customer comes on file; has a personal section.
    Register,
    /// Something is said; has a personal section.
    Interaction,
    /// Money comes in, a bank line used once; has a personal section.
    Payment,
    /// An opportunity is opened.
    Opportunity,
    /// It goes to the stage after or before its current one.
    Stage,
    /// What is expected of it changes.
    Forecast,
    /// A debt is opened.
    Item,
    /// An invoice covers what is left of a debt.
    Invoice,
    /// A receipt is applied to a debt, at most what is open of both.
    Application,
}

/// What each act has of a hundred requests. Stage, forecast, invoice, application and the payment's
/// bank line are decided on state: 65 of them. The first three have a section: 34.
pub const SHARES: [(Act, u64); 9] = [
    (Act::Register, 10),
    (Act::Interaction, 12),
    (Act::Payment, 12),
    (Act::Opportunity, 5),
    (Act::Stage, 23),
    (Act::Forecast, 12),
    (Act::Item, 8),
    (Act::Invoice, 7),
    (Act::Application, 11),
];

/// A load: batches of [`BATCH_REQUESTS`], made as they are asked for.
#[derive(Debug)]
pub struct Load {
    dice: Dice,
    stock: Stock,
    actor: Actor,
    source: Source,
    accounts: Vec<Account>,
    counts: [u64; SHARES.len()],
    requests: u64,
    done: u64,
    keyed: bool,
    pause: i64,
    now: Timestamp,
}

impl Load {
    /// Builds the load of a size.
    ///
    /// # Errors
    /// [`StoryError`], which only a mistake in the constants can cause.
    pub fn new(seed: u64, size: Size) -> Result<Load, StoryError> {
        Load::of_requests(seed, size.requests())
    }

    /// Builds a load of any number of requests.
    ///
    /// # Errors
    /// As [`Load::new`].
    pub fn of_requests(seed: u64, requests: u64) -> Result<Load, StoryError> {
        let batches = i64::try_from(requests.div_ceil(BATCH_REQUESTS)).unwrap_or(i64::MAX);
        Ok(Load {
            dice: Dice::new(seed),
            stock: Stock::new()?,
            actor: Actor {
                user: user(20)?,
                on_behalf_of: None,
                role: Some(text("sales")?),
                unit: Some(text("sales")?),
                assurance: Assurance::Declared,
            },
            source: Source {
                channel: Channel::Api,
                session: Some(text("api-session-0123456789")?),
                import: None,
            },
            accounts: Vec::new(),
            counts: [0; SHARES.len()],
            requests,
            done: 0,
            keyed: false,
            pause: (SPAN_MICROS / batches.max(1)).min(PAUSE_MICROS_MAX),
            now: calendar::at(super::FIRST_DAY, 9 * 60),
        })
    }

    /// Gives every request an idempotency key, so that the load can be sent twice.
    pub const fn with_keys(mut self) -> Load {
        self.keyed = true;
        self
    }

    /// Returns how many requests of each act were made so far, in the order of [`SHARES`].
    pub const fn counts(&self) -> &[u64; SHARES.len()] {
        &self.counts
    }

    /// Returns how many customers are on file so far.
    pub const fn customers(&self) -> usize {
        self.accounts.len()
    }

    fn batch(&mut self) -> Result<Batch, TextError> {
        let size = BATCH_REQUESTS.min(self.requests - self.done);
        let mut units = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        for index in 0..size {
            // Facts of one batch follow each other by the millisecond, all before it is sent.
            let back = i64::try_from(size - index).unwrap_or_default() * 1000;
            let effective_at = Timestamp(self.now.0 - back);
            units.push(vec![self.request(effective_at)?]);
            self.done += 1;
        }
        let source = self.source.clone();
        Ok(Batch { actor: self.actor.clone(), source, units, mode: Mode::Commit })
    }

    fn request(&mut self, at: Timestamp) -> Result<daybook_core::decide::Request, TextError> {
        let known = self.accounts.len() as u64;
        let place = if known * REQUESTS_A_CUSTOMER <= self.done {
            self.accounts.push(Account::default());
            self.accounts.len() - 1
        } else {
            zipf(&mut self.dice, known) - 1
        };
        let counts = &mut self.counts;
        let mut account = self.accounts.get(place).copied().unwrap_or_default();
        let act = behind(counts, self.done, &account, &mut self.dice);
        if let Some(count) = counts.get_mut(act as usize) {
            *count += 1;
        }
        let mut request = self.stock.request(&mut self.dice, act, place, &mut account, at)?;
        if let Some(kept) = self.accounts.get_mut(place) {
            *kept = account;
        }
        if self.keyed {
            request.idempotency_key = Some(self.stock.named("load-", self.done)?);
        }
        Ok(request)
    }
}

impl Iterator for Load {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        if self.done >= self.requests {
            return None;
        }
        self.now = Timestamp(self.now.0 + self.pause);
        // A text that is not acceptable would be a mistake in the constants; the load ends there,
        // which its tests notice.
        let batch = self.batch().ok()?;
        Some(Step { at: self.now, batch, mark: None, papers: Vec::new() })
    }
}

/// Returns the act furthest behind its share among those the account allows.
fn behind(counts: &[u64; SHARES.len()], done: u64, account: &Account, dice: &mut Dice) -> Act {
    if !account.on_file {
        return Act::Register;
    }
    let again = dice.below(8) == 0;
    let mut best = (Act::Interaction, i64::MIN);
    for ((act, share), count) in SHARES.iter().zip(counts) {
        let lag = i64::try_from(done * share).unwrap_or(i64::MAX)
            - i64::try_from(count * 100).unwrap_or(i64::MAX);
        if lag > best.1 && account.allows(*act, again) {
            best = (*act, lag);
        }
    }
    best.0
}

/// Draws a rank from 1 to `count` with probability proportional to its reciprocal: a power of two
/// first, all alike, then a rank of that power kept with probability power over rank.
fn zipf(dice: &mut Dice, count: u64) -> usize {
    let powers = u64::BITS - count.leading_zeros();
    loop {
        let low = 1u32 << dice.below(powers);
        let rank = low + dice.below(low);
        if u64::from(rank) <= count && dice.below(rank) < low {
            return rank as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_drawn_by_their_reciprocals() {
        let mut dice = Dice::new(3);
        let mut drawn = [0u32; 101];
        for _ in 0..519_000 {
            drawn[zipf(&mut dice, 100)] += 1;
        }
        assert_eq!(drawn[0], 0);
        // The hundredth harmonic number is 5.187: rank 1 is drawn 100,000 times.
        for rank in [1u32, 2, 3, 7, 50, 100] {
            let expected = 100_000 / rank;
            let off = drawn[rank as usize].abs_diff(expected);
            assert!(off * 100 < expected * 12, "{rank}: {} not {expected}", drawn[rank as usize]);
        }
    }

    #[test]
    fn the_shares_are_a_hundred() {
        assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u64>(), 100);
        assert!(SHARES.iter().enumerate().all(|(index, (act, _))| *act as usize == index));
    }
}
