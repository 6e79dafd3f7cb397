//! The engine behind the views: it folds the log into columns of dated facts, keeps up with it,
//! stores what it has folded, and rebuilds it.
//!
//! A fact says: what about (`subject`), how much (`value`), from when in the world (`on`), said at
//! which position, and, where the event that said it was voided, from which position on it counts
//! no more. A question at a basis is then a filter and a sum over the columns; the log is never
//! replayed for it.
//!
//! Customers are dealt out to [`BUCKETS`] buckets. A bucket's facts lie one after the other in the
//! order of the log. Folding and asking run over the buckets side by side.
//!
//! Invariants: a view answers for exactly the position it states, and has proved by count and Merkle
//! root which events it folded; equal events give equal columns and an equal digest, whether folded
//! live, rebuilt, or read back from files. The files are disposable: whatever is wrong with one, the
//! facts are folded again. This is the only part of the crate that does I/O.

mod bucket;
mod error;
mod fold;
mod policies;
mod runs;
mod state;
mod views;

pub use bucket::{Bucket, Fact, Facts, Key, Place, Row, WORDS_FROM};
pub use error::ViewError;
pub use fold::Progress;
pub use policies::Policies;
pub use state::{Digest, State, Status};
pub use views::{Comparison, Difference, Views};

/// Into how many buckets customers are dealt.
pub const BUCKETS: usize = 256;
