//! Decisions of the book family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::book::{
    BookOpened, EventLayoutPublished, EventVoided, ImportApplied, PolicyVersionPublished,
};

impl Decide for BookOpened {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for EventLayoutPublished {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for PolicyVersionPublished {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for EventVoided {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ImportApplied {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
