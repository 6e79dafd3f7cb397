//! Decisions about data on its way out and imports taken back: X05, X07.

use super::{Context, Decide, Draft, Rejection};
use crate::event::transfer::{DataExported, ImportReverted};
use crate::event::{Envelope, Kind};

impl Decide for DataExported {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if let Some(kind) =
            self.kind.as_ref().filter(|kind| Kind::from_name(kind.as_str()).is_none())
        {
            return Err(Rejection::KindUnknown { kind: kind.clone() });
        }
        if self.from > self.before {
            let (from, before) = (self.from, self.before);
            return Err(Rejection::BoundsCrossed { from, before });
        }
        Ok(())
    }

    /// Nothing is decided on what was exported.
    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ImportReverted {
    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if self.from > self.before {
            let (from, before) = (self.from, self.before);
            return Err(Rejection::BoundsCrossed { from, before });
        }
        let (named, stayed) = (self.stayed.len() as u64, self.kept.saturating_add(self.failed));
        if named > stayed {
            return Err(Rejection::RevertFigures { named, stayed });
        }
        context.require_reason("taking an import back")
    }

    /// What was voided says so itself, in the streams of the customers.
    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
