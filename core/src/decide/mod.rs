//! Decisions: a command and the state of one customer become new events or a refusal.
//!
//! Everything here is pure. Rules are checked against state alone; time, keyed marks and ledger-wide
//! numbers come in through [`Context`]. One file a family holds, for every kind of event, how a
//! request is completed, which rules it must meet, what it changes and what follows from it.
//!
//! Invariant: `check` decides from the event and the state before it, so that a history can be
//! checked again event by event, with one event left out (which is how a void is decided).

pub mod amendment;
pub mod application;
pub mod assignment;
pub mod attachment;
pub mod book;
pub mod command;
pub mod commitment;
pub mod complaint;
pub mod confirmation;
pub mod contract;
pub mod credit;
pub mod customer;
pub mod describe;
mod details;
pub mod dunning;
pub mod exchange;
pub mod interaction;
pub mod invoice;
pub mod limit;
pub mod mail;
pub mod merge;
pub mod movements;
pub mod opportunity;
pub mod organisation;
pub mod period;
pub mod quote;
pub mod receivable;
pub mod rejection;
pub mod saved;
pub mod share;
pub mod shipment;
pub mod state;
pub mod survey;
pub mod suspense;
pub mod take_back;
pub mod task;
pub mod terms;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
pub mod transfer;
mod trigger;
pub mod void;
mod words;
mod working_time;

pub use command::{Command, Request};
pub use rejection::Rejection;
pub use state::{BookState, CustomerState, Draft};

use state::StateRecord;

use crate::event::{Actor, Body, Class, Envelope, EventBody, StreamId, Subject};
use crate::id::{LegalEntity, Note};
use crate::money::{Currency, Money};
use crate::time::{Date, Timestamp};

/// What a decision may know besides the customer's state.
pub struct Context<'a> {
    /// The instant the new events will be recorded at.
    pub now: Timestamp,
    /// When the fact was so in the world.
    pub effective_at: Timestamp,
    /// The book: zone, policies, legal entities.
    pub book: &'a BookState,
    /// Who asks.
    pub actor: &'a Actor,
    /// Why, in words.
    pub reason: Option<&'a Note>,
    /// Makes keyed marks of personal values.
    pub marks: &'a dyn Marker,
    /// Ledger-wide numbering.
    pub numbers: &'a dyn Numbers,
}

/// Makes keyed marks: equal values of one subject and class have equal marks, and without the key
/// a mark says nothing.
pub trait Marker {
    /// Returns the mark of a value that belongs to a subject of the stream being decided.
    fn mark(&self, subject: &Subject, class: Class, value: &str) -> [u8; 16];
}

/// Knows which numbers of the whole ledger come next.
pub trait Numbers {
    /// Returns the next number of an invoice series, counted from 1.
    fn next_in_series(&self, series: &str) -> u64;
}

impl Context<'_> {
    /// Returns today's date in the book's zone.
    pub fn today(&self) -> Date {
        self.now.date_in(self.book.zone)
    }

    /// Returns the date the fact was so, in the book's zone.
    pub fn effective_on(&self) -> Date {
        self.effective_at.date_in(self.book.zone)
    }

    /// Refuses a fact about a customer who is not on file, or one that has not happened yet.
    pub(crate) fn require_customer(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        if !state.is_registered() {
            return Err(Rejection::NotRegistered {});
        }
        self.refuse_future("the effective time", self.effective_at)
    }

    /// Refuses an instant after the end of today.
    pub(crate) fn refuse_future(&self, what: &'static str, at: Timestamp) -> Result<(), Rejection> {
        // Most facts are past: the calendar is asked only for the rest.
        if at <= self.now || at <= self.today().end_in(self.book.zone) {
            return Ok(());
        }
        Err(Rejection::InstantInFuture { what, at, now: self.now })
    }

    /// Refuses a day after today.
    pub(crate) fn refuse_future_day(&self, what: &'static str, on: Date) -> Result<(), Rejection> {
        self.refuse_day_after(what, on, None)
    }

    /// Refuses a day after both today and `latest`.
    pub(crate) fn refuse_day_after(
        &self,
        what: &'static str,
        on: Date,
        latest: Option<Date>,
    ) -> Result<(), Rejection> {
        if latest.is_some_and(|latest| on <= latest) {
            return Ok(());
        }
        let today = self.today();
        if on <= today {
            return Ok(());
        }
        let latest = latest.map_or(today, |latest| latest.max(today));
        Err(Rejection::DateInFuture { what, date: on, latest })
    }

    /// Refuses an event that needs a reason in words and has none.
    pub(crate) fn require_reason(&self, what: &'static str) -> Result<(), Rejection> {
        match self.reason {
            Some(_) => Ok(()),
            None => Err(Rejection::ReasonMissing { what }),
        }
    }

    /// Refuses an entity that is not one of the book's.
    pub(crate) fn require_legal_entity(
        &self,
        entity: Option<&LegalEntity>,
    ) -> Result<(), Rejection> {
        match entity {
            Some(entity) if !self.book.legal_entities.contains(entity) => {
                Err(Rejection::LegalEntityUnknown { entity: entity.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Refuses a reference to a record that is not there.
pub(crate) fn require<'s, R: StateRecord>(
    state: &'s Draft<'_>,
    what: &'static str,
    id: &str,
) -> Result<&'s R, Rejection> {
    state.get::<R>(id).ok_or_else(|| Rejection::RecordUnknown { what, id: id.into() })
}

/// Refuses a new record under an id that is taken.
pub(crate) fn refuse_taken<R: StateRecord>(
    state: &Draft<'_>,
    what: &'static str,
    id: &str,
) -> Result<(), Rejection> {
    match state.get::<R>(id) {
        Some(_) => Err(Rejection::RecordTaken { what, id: id.into() }),
        None => Ok(()),
    }
}

/// Refuses the same key twice in one request.
pub(crate) fn refuse_repeated<T: Ord + Copy + ToString>(
    what: &'static str,
    keys: impl IntoIterator<Item = T>,
) -> Result<(), Rejection> {
    let mut keys: smallvec::SmallVec<[T; 8]> = keys.into_iter().collect();
    keys.sort_unstable();
    for (left, right) in keys.iter().zip(keys.iter().skip(1)) {
        if left == right {
            return Err(Rejection::Repeated { what, id: left.to_string().into() });
        }
    }
    Ok(())
}

/// Refuses an amount that is not above zero.
pub(crate) const fn require_positive(what: &'static str, amount: Money) -> Result<(), Rejection> {
    if amount.minor > 0 { Ok(()) } else { Err(Rejection::AmountNotPositive { what, amount }) }
}

/// Refuses an amount below zero.
pub(crate) fn refuse_negative(what: &'static str, amount: Option<&Money>) -> Result<(), Rejection> {
    match amount {
        Some(amount) if amount.minor < 0 => {
            Err(Rejection::AmountNegative { what, amount: *amount })
        }
        _ => Ok(()),
    }
}

/// Refuses an amount in another currency.
pub(crate) fn require_currency(
    what: &'static str,
    expected: Currency,
    amount: Money,
) -> Result<(), Rejection> {
    if amount.currency == expected {
        return Ok(());
    }
    Err(Rejection::CurrencyDiffers { what, expected, actual: amount.currency })
}

/// Refuses a tax that is not part of its total.
pub(crate) fn require_tax_within(tax: Option<Money>, total: Money) -> Result<(), Rejection> {
    let Some(tax) = tax else { return Ok(()) };
    require_currency("the tax", total.currency, tax)?;
    if (0..=total.minor).contains(&tax.minor) {
        return Ok(());
    }
    Err(Rejection::TaxBeyondTotal { tax, total })
}

/// Refuses a share beyond the whole.
pub(crate) fn require_percent(what: &'static str, percent: Option<u8>) -> Result<(), Rejection> {
    match percent {
        Some(percent) if percent > 100 => {
            Err(Rejection::PercentBeyond { what, percent: u32::from(percent) })
        }
        _ => Ok(()),
    }
}

/// Makes an id out of a text the ledger composed.
pub(crate) fn composed<T: std::str::FromStr>(
    what: &'static str,
    text: &str,
) -> Result<T, Rejection> {
    text.parse().map_err(|_| Rejection::TextUnfit { what })
}

/// Assigns the next id of a family where the request left it out.
pub(crate) fn next_id<R: StateRecord, T: std::str::FromStr>(
    state: &Draft<'_>,
    what: &'static str,
    prefix: &str,
) -> Result<T, Rejection> {
    composed(what, &state.next_id::<R>(prefix))
}

/// The other half of a fact that touches two streams, where there is one, and whose stream it is.
pub type Counterpart = Result<Option<(StreamId, Body)>, Rejection>;

/// How one kind of event is decided. A kind without rules needs none of these.
pub trait Decide: EventBody {
    /// Fills in what the request left out (next ids, current values, policy versions).
    ///
    /// # Errors
    /// A [`Rejection`] when something needed to fill it in is missing.
    fn complete(&mut self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    /// Checks the rules of the kind against the state before the event.
    ///
    /// # Errors
    /// The first [`Rejection`], in the order of the rules in the reference.
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection>;

    /// Changes the state. Never refuses: what is in the log has happened.
    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>);

    /// Returns what follows from the event in the same batch, given the state after it.
    ///
    /// # Errors
    /// A [`Rejection`] when something that must follow cannot.
    fn consequences(
        &self,
        _context: &Context<'_>,
        _state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        Ok(Vec::new())
    }

    /// Returns the other half of a fact that touches two streams, and whose stream that is. Both
    /// halves are appended in one batch, or neither.
    ///
    /// # Errors
    /// A [`Rejection`] when the other half cannot be named.
    fn counterpart(&self, _stream: &StreamId, _state: &Draft<'_>) -> Counterpart {
        Ok(None)
    }
}

macro_rules! dispatch {
    ($($name:ident),* $(,)?) => {
        impl Body {
            /// Fills in what the request left out.
            ///
            /// # Errors
            /// As [`Decide::complete`].
            pub fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
                match self { $( Body::$name(body) => Decide::complete(body, context, state) ),* }
            }

            /// Checks the rules of the kind.
            ///
            /// # Errors
            /// As [`Decide::check`].
            pub fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
                merge::refuse_merged_away(self, state)?;
                match self { $( Body::$name(body) => Decide::check(body, context, state) ),* }
            }

            /// Changes the state of the event's stream.
            pub fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
                match self { $( Body::$name(body) => Decide::fold(body, envelope, state) ),* }
            }

            /// Returns what follows in the same batch.
            ///
            /// # Errors
            /// As [`Decide::consequences`].
            pub fn consequences(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<Vec<Body>, Rejection> {
                match self { $( Body::$name(body) => Decide::consequences(body, context, state) ),* }
            }

            /// Returns the other half of a fact that touches two streams.
            ///
            /// # Errors
            /// As [`Decide::counterpart`].
            pub fn counterpart(&self, stream: &StreamId, state: &Draft<'_>) -> Counterpart {
                match self { $( Body::$name(body) => Decide::counterpart(body, stream, state) ),* }
            }
        }
    };
}

crate::event::each_kind!(dispatch);
