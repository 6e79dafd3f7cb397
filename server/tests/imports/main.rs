//! Imports over the reference store: files as they really are, mappings, and what is refused.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod desk;
mod files;
mod garbage;
mod guessed;
mod malformed;
mod mappings;
