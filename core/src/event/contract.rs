//! Contracts: E35.

use super::{EventBody, UniqueKey};
use crate::id::{ContractNumber, LegalEntity, Line, OpportunityId, ProductCode, QuoteNumber};
use crate::money::Money;
use crate::time::Date;

crate::record! {
    /// One line of a contract.
    pub struct ContractLine {
        /// Its number within the contract.
        pub line: u32,
        /// What.
        pub product: ProductCode,
        /// How much, in thousandths of a unit.
        pub quantity_thousandths: i64,
        /// Price of one unit.
        pub unit_price: Money,
        /// Price of the line.
        pub amount: Money,
        /// What one unit cost us at signing.
        pub unit_cost: Option<Money>,
    }
}

crate::choice! {
    /// What makes an instalment due.
    pub enum Trigger {
        /// A date.
        Date = "date" "日期",
        /// Shipment.
        OnShipment = "on_shipment" "发货",
        /// Invoice.
        OnInvoice = "on_invoice" "开票",
        /// Sign-off.
        OnSignOff = "on_sign_off" "验收",
    }
}

crate::choice! {
    /// Which document opens the debt; one for a whole contract (rules R02, I-40).
    pub enum DebtOpenedBy {
        /// The instalments, at signing.
        Instalments = "instalments" "分期",
        /// The invoices.
        Invoices = "invoices" "发票",
    }
}

crate::record! {
    /// One planned receipt.
    pub struct Instalment {
        /// Its number, counted from 1.
        pub number: u32,
        /// What makes it due.
        pub trigger: Trigger,
        /// The planned day.
        pub planned_on: Date,
        /// How much.
        pub amount: Money,
    }
}

crate::record! {
    /// E35: a contract was signed.
    pub struct ContractSigned {
        /// Its number, unique across the ledger.
        pub contract: ContractNumber,
        /// The quote it follows.
        pub quote: Option<QuoteNumber>,
        /// The opportunity it came from.
        pub opportunity: Option<OpportunityId>,
        /// Our entity that signed; left out, the book's first.
        pub legal_entity: Option<LegalEntity>,
        /// The lines.
        #[serde(default)]
        pub lines: Vec<ContractLine>,
        /// The total, tax included.
        pub total: Money,
        /// The tax in it.
        pub tax: Option<Money>,
        /// The day.
        pub signed_on: Date,
        /// The terms as signed.
        pub terms: Option<Line>,
        /// Which document opens the debt.
        pub debt_opened_by: DebtOpenedBy,
        /// The planned receipts; their sum is the total (rule I-38).
        #[serde(default)]
        pub instalments: Vec<Instalment>,
        /// Planned day of shipment.
        pub planned_shipment_on: Option<Date>,
    }
}

impl EventBody for ContractSigned {
    fn claims(&self) -> Option<UniqueKey> {
        Some(UniqueKey::Contract(self.contract.clone()))
    }
}
