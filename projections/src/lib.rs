//! Daybook's views: pure folds from events to answers.
//!
//! A fold is given events in the order of the log, together with the positions that were voided
//! ([`voided`]) and the basis of the question ([`basis`]). Folds see no clock and do no I/O, and
//! they never append: whoever asks reads the events and opens personal sections.
//!
//! Invariant: an event that was voided at the basis counts nowhere; equal events give equal views.

pub mod account;
pub mod amounts;
pub mod basis;
pub mod customers;
pub mod dealings;
pub mod engine;
pub mod funnel;
pub mod holdings;
pub mod lineage;
pub mod profile;
pub mod projection;
pub mod ratio;
pub mod receivables;
pub mod stats;
pub mod summary;
pub mod timeline;
pub mod voided;

pub use amounts::Amounts;
pub use basis::Basis;
pub use projection::View;
pub use ratio::Ratio;
pub use voided::Voided;
