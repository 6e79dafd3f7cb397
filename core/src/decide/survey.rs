//! Decisions of the survey family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::survey::SurveyAnswered;

/// What decisions know of one survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Survey {}

impl Decide for SurveyAnswered {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
