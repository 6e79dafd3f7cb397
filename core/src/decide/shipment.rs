//! Decisions of the shipment family: E38, E39, E40.
//!
//! What counts as shipped of a contract line is what left less what came back, so that goods
//! returned may be sent again without approval.

use super::contract::Contract;
use super::limit::check_credit;
use super::trigger::Progress;
use super::{Context, Decide, Draft, Rejection, trigger};
use crate::event::contract::Trigger;
use crate::event::shipment::{GoodsReturned, ShipmentDispatched, ShipmentLine, ShipmentSigned};
use crate::event::{Body, Envelope};
use crate::id::ContractNumber;
use crate::time::Timestamp;

/// What decisions know of one line of a shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The contract line's number.
    pub line: u32,
    /// How much left, in thousandths of a unit.
    pub shipped: i64,
    /// How much came back, in thousandths of a unit.
    pub returned: i64,
}

/// What decisions know of one shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    /// The contract.
    pub contract: ContractNumber,
    /// When it left.
    pub dispatched_at: Timestamp,
    /// Whether it was signed for.
    pub signed: bool,
    /// The lines.
    pub lines: Vec<Line>,
}

impl Decide for ShipmentDispatched {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.shipment.is_empty() {
            self.shipment = super::next_id::<Shipment, _>(state, "shipment", "S")?;
        }
        check_credit(&mut self.credit_check, None, context.effective_on(), context, state)
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Shipment>(state, "shipment", self.shipment.as_str())?;
        let contract = super::require::<Contract>(state, "contract", self.contract.as_str())?;
        contract.require_open(&self.contract)?;
        check_lines(&self.lines)?;
        if self.over_shipment_approved_by.is_some() {
            return Ok(());
        }
        for line in &self.lines {
            let (contracted, before) =
                contract.line(line.line).map_or((0, 0), |known| (known.contracted, known.shipped));
            let shipped = before.saturating_add(line.quantity_thousandths);
            if shipped > contracted {
                let contract = self.contract.as_str().into();
                let line = line.line;
                return Err(Rejection::OverShipment { contract, line, contracted, shipped });
            }
        }
        Ok(())
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(contract) = state.get_mut::<Contract>(self.contract.as_str()) {
            count_shipped(contract, &self.lines, 1);
            count(contract, &self.lines, |line| &mut line.dispatched);
        }
        let lines = self.lines.iter().map(|line| Line {
            line: line.line,
            shipped: line.quantity_thousandths,
            returned: 0,
        });
        let shipment = Shipment {
            contract: self.contract.clone(),
            dispatched_at: envelope.effective_at,
            signed: false,
            lines: lines.collect(),
        };
        state.insert(self.shipment.as_str(), shipment);
    }

    /// Opens the debt of instalments that are due when goods leave.
    fn consequences(
        &self,
        context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let contract = super::require::<Contract>(state, "contract", self.contract.as_str())?;
        let progress = Progress::of(contract, |line| line.dispatched);
        let on = context.effective_on();
        Ok(trigger::by_goods(&self.contract, contract, Trigger::OnShipment, progress, on))
    }
}

impl Decide for ShipmentSigned {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.shipment.as_str();
        let shipment = super::require::<Shipment>(state, "shipment", id)?;
        if shipment.signed {
            return Err(Rejection::ShipmentAlreadySigned { shipment: id.into() });
        }
        context.refuse_future_day("the day of arrival", self.signed_on)?;
        let dispatched_on = shipment.dispatched_at.date_in(context.book.zone);
        if self.signed_on < dispatched_on {
            let (date, earliest) = (self.signed_on, dispatched_on);
            return Err(Rejection::DateOrder { what: "the day of arrival", date, earliest });
        }
        if self.shortages.is_empty() {
            return Ok(());
        }
        check_lines(&self.shortages)?;
        within_shipped("shortages", id, &self.shortages, |line| {
            shipment.lines.iter().find(|known| known.line == line).map(|known| (known.shipped, 0))
        })
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let Some(shipment) = state.get_mut::<Shipment>(self.shipment.as_str()) else { return };
        shipment.signed = true;
        let number = shipment.contract.clone();
        let of = |line: &Line| ShipmentLine { line: line.line, quantity_thousandths: line.shipped };
        let lines: Vec<ShipmentLine> = shipment.lines.iter().map(of).collect();
        if let Some(contract) = state.get_mut::<Contract>(number.as_str()) {
            count(contract, &lines, |line| &mut line.arrived);
        }
    }

    /// Opens the debt of instalments that are due when goods are signed for.
    fn consequences(
        &self,
        _context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let shipment = super::require::<Shipment>(state, "shipment", self.shipment.as_str())?;
        let number = &shipment.contract;
        let contract = super::require::<Contract>(state, "contract", number.as_str())?;
        let progress = Progress::of(contract, |line| line.arrived);
        Ok(trigger::by_goods(number, contract, Trigger::OnSignOff, progress, self.signed_on))
    }
}

impl Decide for GoodsReturned {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.shipment.as_str();
        let shipment = super::require::<Shipment>(state, "shipment", id)?;
        if context.effective_at < shipment.dispatched_at {
            return Err(Rejection::InstantOrder {
                what: "the return",
                at: context.effective_at,
                earliest: shipment.dispatched_at,
            });
        }
        check_lines(&self.lines)?;
        within_shipped("returns", id, &self.lines, |line| {
            let known = shipment.lines.iter().find(|known| known.line == line)?;
            Some((known.shipped, known.returned))
        })
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let Some(shipment) = state.get_mut::<Shipment>(self.shipment.as_str()) else { return };
        for returned in &self.lines {
            let line = shipment.lines.iter_mut().find(|line| line.line == returned.line);
            if let Some(line) = line {
                line.returned = line.returned.saturating_add(returned.quantity_thousandths);
            }
        }
        let contract = shipment.contract.clone();
        if let Some(contract) = state.get_mut::<Contract>(contract.as_str()) {
            count_shipped(contract, &self.lines, -1);
        }
    }
}

fn check_lines(lines: &[ShipmentLine]) -> Result<(), Rejection> {
    if lines.is_empty() {
        return Err(Rejection::Missing { what: "the lines" });
    }
    super::refuse_repeated("line", lines.iter().map(|line| line.line))?;
    for line in lines {
        if line.quantity_thousandths <= 0 {
            let thousandths = line.quantity_thousandths;
            return Err(Rejection::QuantityNotPositive { line: line.line, thousandths });
        }
    }
    Ok(())
}

/// Checks quantities against what was shipped, on top of what is already taken of it.
fn within_shipped(
    what: &'static str,
    shipment: &str,
    lines: &[ShipmentLine],
    known: impl Fn(u32) -> Option<(i64, i64)>,
) -> Result<(), Rejection> {
    for line in lines {
        let (shipped, before) = known(line.line).unwrap_or_default();
        let asked = before.saturating_add(line.quantity_thousandths);
        if asked > shipped {
            let (shipment, line) = (shipment.into(), line.line);
            return Err(Rejection::BeyondShipped { what, shipment, line, shipped, asked });
        }
    }
    Ok(())
}

/// Adds quantities to what has come of the contract's lines.
fn count(
    contract: &mut Contract,
    lines: &[ShipmentLine],
    of: impl Fn(&mut super::contract::Line) -> &mut i64,
) {
    for come in lines {
        if let Some(line) = contract.lines.iter_mut().find(|line| line.line == come.line) {
            let sum = of(line);
            *sum = sum.saturating_add(come.quantity_thousandths);
        }
    }
}

fn count_shipped(contract: &mut Contract, lines: &[ShipmentLine], sign: i64) {
    for shipped in lines {
        if let Some(line) = contract.lines.iter_mut().find(|line| line.line == shipped.line) {
            line.shipped = line.shipped.saturating_add(sign * shipped.quantity_thousandths);
        }
    }
}
