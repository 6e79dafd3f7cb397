//! The customers view: who is on file, with kind, city, first and last event and number of events,
//! at any basis.
//!
//! [`facts`] says what each event leaves; [`list`] adds the facts of a bucket up at a basis.
//!
//! Invariant: a customer's name is personal and enters no column. The row says which event holds it,
//! and whoever may see names opens that event.

pub mod facts;
pub mod list;

pub use facts::name_in;
pub use list::{CustomerRow, rows};
