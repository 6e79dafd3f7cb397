//! Decisions of the customer family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::customer::{ContactAdded, CustomerDetailsChanged, CustomerRegistered};

/// What decisions know of one contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {}

impl Decide for CustomerRegistered {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for CustomerDetailsChanged {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ContactAdded {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
