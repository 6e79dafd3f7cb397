//! Decisions: a command and the state of one customer become new events or a refusal.
//!
//! Everything here is pure. Rules are checked against state alone; time, keyed marks and ledger-wide
//! numbers come in through [`Context`]. One file a family holds, for every kind of event, how a
//! request is completed, which rules it must meet, what it changes and what follows from it.
//!
//! Invariant: `check` decides from the event and the state before it, so that a history can be
//! checked again event by event, with one event left out (which is how a void is decided).

pub mod book;
pub mod command;
pub mod complaint;
pub mod contract;
pub mod customer;
pub mod interaction;
pub mod opportunity;
pub mod quote;
pub mod receivable;
pub mod rejection;
pub mod shipment;
pub mod state;
pub mod survey;
pub mod void;

pub use command::{Command, Request};
pub use rejection::Rejection;
pub use state::{BookState, CustomerState, Draft};

use crate::event::{Actor, Body, Class, Envelope, EventBody, Subject};
use crate::id::Note;
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
}

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
        }
    };
}

crate::event::each_kind!(dispatch);
