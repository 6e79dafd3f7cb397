//! Decisions of the shipment family.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::shipment::{GoodsReturned, ShipmentDispatched, ShipmentSigned};

/// What decisions know of one shipment.
#[derive(Debug, Clone, PartialEq)]
pub struct Shipment {}

impl Decide for ShipmentDispatched {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for ShipmentSigned {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for GoodsReturned {
    fn check(&self, _context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
