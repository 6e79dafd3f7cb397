//! Views kept as columns: the answers of receivables at any basis, and what the engine promises.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../../core/tests/support/mod.rs"]
mod support;

mod customers;
mod engine;
mod random;
mod receivables;
mod world;
