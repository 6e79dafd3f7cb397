//! Goods on their way: they leave, arrive, and now and then one comes back.

use daybook_core::event::Section;
use daybook_core::event::shipment::{
    GoodsReturned, ShipmentDispatched, ShipmentLine, ShipmentSigned, Signer,
};
use daybook_core::id::{ShipmentId, TextError};

use super::calendar::Moment;
use super::cast::{DISPATCHER, EN_FAMILY, EN_GIVEN, Tongue, ZH_FAMILY, ZH_GIVEN};
use super::contracts::Deal;
use super::pen::{Party, Pen, Told, text};

/// Goods leave.
pub(super) fn dispatch(
    pen: &mut Pen,
    party: &Party,
    deal: &Deal,
    id: &str,
    count: i32,
    moment: Moment,
) -> Told {
    let (method, carrier) = match party.card.tongue {
        Tongue::Chinese => ("公路运输", pen.dice.pick(&["德邦物流", "顺丰速运", "安能物流"])),
        Tongue::English => ("sea freight", pen.dice.pick(&["Eastern Star Lines", "Blue Anchor"])),
    };
    let dispatched = ShipmentDispatched {
        shipment: text(id)?,
        contract: deal.contract.clone(),
        lines: vec![ShipmentLine { line: 1, quantity_thousandths: i64::from(count) * 1000 }],
        warehouse: Some(text("WH-1")?),
        method: Some(text(method)?),
        carrier: Some(text(carrier)?),
        tracking: Some(text(&format!("TN{:010}", pen.dice.below(2_000_000_000)))?),
        over_shipment_approved_by: None,
        credit_check: None,
    };
    pen.tell(moment, DISPATCHER, party, dispatched)
}

/// Goods arrive; returns when, or nothing when the year is over before.
pub(super) fn arrive(
    pen: &mut Pen,
    party: &Party,
    id: &str,
    left: Moment,
) -> Result<Option<Moment>, TextError> {
    let (min, max) = match party.card.tongue {
        Tongue::Chinese => (1, 6),
        Tongue::English => (18, 40),
    };
    let Some(moment) = left.later(&mut pen.dice, min, max) else { return Ok(None) };
    let name = match party.card.tongue {
        Tongue::Chinese => format!("{}{}", pen.dice.pick(&ZH_FAMILY), pen.dice.pick(&ZH_GIVEN)),
        Tongue::English => format!("{} {}", pen.dice.pick(&EN_GIVEN), pen.dice.pick(&EN_FAMILY)),
    };
    let shipment: ShipmentId = text(id)?;
    let arrived = ShipmentSigned {
        shipment,
        signed_on: moment.day(),
        shortages: Vec::new(),
        signer: Some(Section::Open(Signer { name: text(&name)? })),
    };
    pen.tell(moment, DISPATCHER, party, arrived)?;
    Ok(Some(moment))
}

/// One piece of a shipment comes back.
pub(super) fn send_back(pen: &mut Pen, party: &Party, id: &str, arrived: Moment) -> Told {
    let Some(moment) = arrived.later(&mut pen.dice, 2, 12) else { return Ok(()) };
    let reason = pen.dice.pick(&["defect", "wrong_type", "transport_damage"]);
    let returned = GoodsReturned {
        shipment: text(id)?,
        lines: vec![ShipmentLine { line: 1, quantity_thousandths: 1000 }],
        return_reason: text(reason)?,
    };
    pen.tell(moment, DISPATCHER, party, returned)
}
