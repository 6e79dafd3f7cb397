//! Decisions of the interaction family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::interaction::{InteractionRecorded, InteractionVoided};

/// What decisions know of one interaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {}

impl Decide for InteractionRecorded {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for InteractionVoided {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
