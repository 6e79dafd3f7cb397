//! Promise: an import of real files loses nothing, invents nothing, and can be run again for ever.
//!
//! The figures in the ledger are compared with figures that these tests compute straight from the CSV
//! by code of their own. The files are not part of the source: they are looked for in the folder
//! `shared/data` beside the workspace, or where DAYBOOK_SHARED points; without them a test says so.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod book;
mod ibm;
mod maven;
mod olist;
mod olist_funnel;
