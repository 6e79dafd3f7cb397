//! Decisions of the contract family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::contract::ContractSigned;

/// What decisions know of one contract.
#[derive(Debug, Clone, PartialEq)]
pub struct Contract {}

impl Decide for ContractSigned {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
