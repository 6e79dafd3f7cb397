//! Decisions of the opportunity family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::opportunity::{
    OpportunityForecastRevised, OpportunityLost, OpportunityOpened, OpportunityReopened,
    OpportunityStageChanged, OpportunityWon,
};

/// What decisions know of one opportunity.
#[derive(Debug, Clone, PartialEq)]
pub struct Opportunity {}

impl Decide for OpportunityOpened {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for OpportunityStageChanged {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for OpportunityForecastRevised {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for OpportunityWon {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for OpportunityLost {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for OpportunityReopened {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
