//! Contracts: E35 to E37.

use super::terms::{CreditCheck, PaymentTerms};
use super::{EventBody, UniqueKey};
use crate::id::{
    ActorId, ContractNumber, ItemId, LegalEntity, Line, OpportunityId, ProductCode, QuoteNumber,
};
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
        /// When its debts are due, as signed; left out, as agreed with the customer for that day.
        pub payment: Option<PaymentTerms>,
        /// Which document opens the debt.
        pub debt_opened_by: DebtOpenedBy,
        /// The planned receipts; their sum is the total (rule I-38).
        #[serde(default)]
        pub instalments: Vec<Instalment>,
        /// Planned day of shipment.
        pub planned_shipment_on: Option<Date>,
        /// What the customer would owe against its limit, where one is set; a request only names
        /// who approved going beyond it.
        pub credit_check: Option<CreditCheck>,
    }
}

crate::record! {
    /// How one line of a contract changes; a line not there before is added.
    pub struct LineChange {
        /// Its number within the contract.
        pub line: u32,
        /// What.
        pub product: ProductCode,
        /// How much more, in thousandths of a unit; below zero when less.
        pub quantity_change_thousandths: i64,
        /// Price of one unit from now on.
        pub unit_price: Money,
        /// How much more the line costs; below zero when less.
        pub amount_change: Money,
        /// What one unit of it costs us.
        pub unit_cost: Option<Money>,
    }
}

crate::record! {
    /// One instalment as it is from now on; one not there before is added, one of amount zero is
    /// taken away.
    pub struct InstalmentChange {
        /// Its number.
        pub number: u32,
        /// What makes it due; left out, as planned, or a date.
        pub trigger: Option<Trigger>,
        /// The planned day; left out, as planned.
        pub planned_on: Option<Date>,
        /// How much from now on.
        pub amount: Money,
        /// How much until now; left out, as known.
        pub old_amount: Option<Money>,
        /// The item of its debt, where that is open; left out, as known. The item's amount changes
        /// with the instalment's.
        pub item: Option<ItemId>,
    }
}

crate::record! {
    /// E36: a contract was amended. The instalments add up to the new total again (rule I-38).
    pub struct ContractAmended {
        /// Which.
        pub contract: ContractNumber,
        /// The amendment's number, counted from 1; 0 in a request means the next.
        #[serde(default)]
        pub amendment: u32,
        /// The day.
        pub amended_on: Date,
        /// What changes of the lines.
        #[serde(default)]
        pub lines: Vec<LineChange>,
        /// How much more the contract amounts to, tax included; below zero when less.
        pub total_change: Money,
        /// How much more tax.
        pub tax_change: Option<Money>,
        /// What changes of the instalments.
        #[serde(default)]
        pub instalments: Vec<InstalmentChange>,
        /// Who approved it.
        pub approved_by: Option<ActorId>,
    }
}

crate::choice! {
    /// How a contract ends.
    pub enum ContractEnd {
        /// Performed and paid.
        Completed = "completed" "履行完毕",
        /// Ended before it was performed.
        Terminated = "terminated" "终止",
    }
}

crate::record! {
    /// E37: a contract ended. Nothing of it is open: paid, credited or written off.
    pub struct ContractClosed {
        /// Which.
        pub contract: ContractNumber,
        /// How.
        pub outcome: ContractEnd,
        /// The day.
        pub closed_on: Date,
        /// What was agreed, in short.
        pub settlement: Option<Line>,
    }
}

impl EventBody for ContractAmended {}
impl EventBody for ContractClosed {}

impl EventBody for ContractSigned {
    fn claims(&self) -> Option<UniqueKey> {
        Some(UniqueKey::Contract(self.contract.clone()))
    }
}
