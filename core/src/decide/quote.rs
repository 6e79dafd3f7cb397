//! Decisions of the quote family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::quote::{QuoteIssued, QuoteOutcomeRecorded};

/// What decisions know of one quote.
#[derive(Debug, Clone, PartialEq)]
pub struct Quote {}

impl Decide for QuoteIssued {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for QuoteOutcomeRecorded {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
