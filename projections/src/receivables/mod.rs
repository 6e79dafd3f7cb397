//! The receivables view: what is owed, what was credited and collected, at any basis.
//!
//! [`facts`] says what each event leaves; [`account`] adds the facts of a bucket up at a basis; the
//! other files are the reports over that: [`ageing`], [`control`], [`statement`], [`figures`],
//! [`dunning`]; [`explain`] takes a figure apart into its events. Money facts count by their own day (the document's, the value's, the application's),
//! never by the instant they were told.
//!
//! Invariant: per customer, entity and currency, open items minus unapplied credits are the balance,
//! and what was charged is what was collected, credited, written off and is open; at every basis.

pub mod account;
pub mod ageing;
pub mod control;
pub mod dunning;
pub mod explain;
pub mod facts;
pub mod figures;
pub mod statement;

pub use account::{Account, Accounts, Credit, Day, Item};
