//! The funnel view: where opportunities stand and stood, how far they came, and how long it took, at
//! any basis.
//!
//! [`facts`] says what each event leaves; [`track`] puts the facts of a bucket together as the way of
//! each opportunity at a basis; [`report`] counts over ways, [`dwell`] over how long they took, and
//! [`period`] over what happened from one day to another.
//!
//! Invariant: an opportunity is counted once a stage however often it came there, so that no
//! conversion is above one; what was reopened is neither won nor lost from then on.

pub mod dwell;
pub mod facts;
pub mod period;
pub mod report;
pub mod track;

pub use dwell::Dwell;
pub use period::{Flow, Pace, Period};
pub use report::{By, Cohort, Count, Figure, Report, StageFigures, Standing};
pub use track::{Move, Ranks, Track, Visit, tracks};
