//! What lessens a debt without money coming in, and money that goes back: E45, E50, E51.

use super::receivable::{BankRef, CreditKind, Payer};
use super::{EventBody, Section, SectionVisitor, Subject, UniqueKey};
use crate::id::{
    ActorId, CreditId, CreditNoteId, ItemId, Label, LegalEntity, RefundId, WriteOffId,
};
use crate::money::Money;
use crate::time::Date;

crate::record! {
    /// E45: a credit note was issued. It is a credit that is applied like a receipt (rule R12),
    /// never a debt below zero.
    pub struct CreditNoteIssued {
        /// Its number; left out, the next one is assigned.
        #[serde(default)]
        pub credit_note: CreditNoteId,
        /// The day it counts from.
        pub issued_on: Date,
        /// How much.
        pub amount: Money,
        /// The item it is meant for: what is open of it is settled in the same batch.
        pub against: Option<ItemId>,
        /// Why, as a short word such as price or return.
        pub cause: Option<Label>,
        /// Who approved it.
        pub approved_by: Option<ActorId>,
        /// Our entity; left out, the item's or the book's first.
        pub legal_entity: Option<LegalEntity>,
    }
}

crate::record! {
    /// E50: a debt, or a part of it, was given up. It counts in a total of its own and never as
    /// collected (rule R14); should the money come after all, its application is reversed.
    pub struct ReceivableWrittenOff {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub write_off: WriteOffId,
        /// Which item.
        pub item: ItemId,
        /// How much.
        pub amount: Money,
        /// The day it counts from.
        pub written_off_on: Date,
        /// Who approved it; needed beyond the tolerance.
        pub approved_by: Option<ActorId>,
        /// The tolerance in force, where one is published for the currency.
        pub tolerance: Option<Money>,
    }
}

crate::record! {
    /// E51: money went back to the customer, directly from a receipt or a credit note (rule R15).
    pub struct RefundPaid {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub refund: RefundId,
        /// What it is paid from: a receipt or a credit note.
        pub credit_kind: CreditKind,
        /// Which.
        pub credit: CreditId,
        /// How much.
        pub amount: Money,
        /// The day it counts from.
        pub value_on: Date,
        /// The bank's line, taken once only.
        pub bank_ref: Option<BankRef>,
        /// How.
        pub method: Option<Label>,
        /// Who approved it.
        pub approved_by: Option<ActorId>,
        /// To whom.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub payee: Option<Section<Payer>>,
    }
}

impl EventBody for CreditNoteIssued {}
impl EventBody for ReceivableWrittenOff {}

impl EventBody for RefundPaid {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.payee {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }

    fn claims(&self) -> Option<UniqueKey> {
        self.bank_ref.clone().map(UniqueKey::BankLine)
    }
}
