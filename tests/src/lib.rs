//! Promises that cross the parts, and what is done to a ledger to see whether it keeps them.

pub mod reference;
pub mod torture;
