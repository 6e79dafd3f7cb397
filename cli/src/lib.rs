//! The parts of the `daybook` command that other programs and tests use too.

pub mod demo;
