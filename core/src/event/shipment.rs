//! Shipments: E38, E39, E40.

use super::terms::CreditCheck;
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ActorId, ContractNumber, Label, Line, ShipmentId};
use crate::time::Date;

crate::record! {
    /// How much of one contract line.
    pub struct ShipmentLine {
        /// The contract line's number.
        pub line: u32,
        /// How much, in thousandths of a unit.
        pub quantity_thousandths: i64,
    }
}

crate::record! {
    /// E38: goods left.
    pub struct ShipmentDispatched {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub shipment: ShipmentId,
        /// The contract.
        pub contract: ContractNumber,
        /// What.
        pub lines: Vec<ShipmentLine>,
        /// From where.
        pub warehouse: Option<Label>,
        /// How.
        pub method: Option<Label>,
        /// By whom.
        pub carrier: Option<Label>,
        /// The carrier's number.
        pub tracking: Option<Line>,
        /// Who approved more than was contracted.
        pub over_shipment_approved_by: Option<ActorId>,
        /// What the customer owes against its limit, where one is set; a request only names who
        /// approved going beyond it.
        pub credit_check: Option<CreditCheck>,
    }
}

crate::record! {
    /// Sealed: who signed.
    pub struct Signer {
        /// The name.
        pub name: Line,
    }
}

impl Personal for Signer {
    const CLASS: Class = Class::Identity;
}

crate::record! {
    /// E39: goods arrived.
    pub struct ShipmentSigned {
        /// Which.
        pub shipment: ShipmentId,
        /// The day.
        pub signed_on: Date,
        /// What was missing.
        #[serde(default)]
        pub shortages: Vec<ShipmentLine>,
        /// Who signed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub signer: Option<Section<Signer>>,
    }
}

crate::record! {
    /// E40: goods came back.
    pub struct GoodsReturned {
        /// The shipment they were part of.
        pub shipment: ShipmentId,
        /// What.
        pub lines: Vec<ShipmentLine>,
        /// Why.
        pub return_reason: Label,
    }
}

impl EventBody for ShipmentDispatched {}
impl EventBody for GoodsReturned {}

impl EventBody for ShipmentSigned {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.signer {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}
