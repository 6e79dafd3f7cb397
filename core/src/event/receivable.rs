//! The receivables account: E41 to E44, E46 to E49, X14. What lessens a debt without money coming in,
//! and refunds, are in `credit`; reminders in `dunning`.

use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject, UniqueKey};
use crate::id::{
    ActorId, ApplicationId, ContractNumber, CreditId, CustomerCode, InvoiceNumber, ItemId, Label,
    LegalEntity, Line, ReceiptId,
};
use crate::money::{Currency, Money};
use crate::time::Date;

crate::choice! {
    /// What opened a debt.
    pub enum ItemSource {
        /// An instalment of a contract.
        ContractInstalment = "contract_instalment" "合同分期",
        /// An invoice.
        Invoice = "invoice" "发票",
        /// A service charge.
        ServiceCharge = "service_charge" "服务收费",
        /// A dunning fee.
        DunningFee = "dunning_fee" "催款费",
        /// A balance brought in when the book was opened.
        OpeningBalance = "opening_balance" "期初余额",
    }
}

crate::record! {
    /// E41: a debt was opened.
    pub struct ReceivableOpened {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub item: ItemId,
        /// What opened it.
        pub source: ItemSource,
        /// The document's day.
        pub document_on: Date,
        /// The day it is due; left out, by the terms of its contract or those agreed with the
        /// customer.
        pub due_on: Option<Date>,
        /// How much.
        pub amount: Money,
        /// The contract.
        pub contract: Option<ContractNumber>,
        /// The instalment's number.
        pub instalment: Option<u32>,
        /// Our entity; left out, the contract's or the book's first.
        pub legal_entity: Option<LegalEntity>,
    }
}

crate::record! {
    /// E42: an item is due on another day. The day it was due before stays in the log, so that
    /// ageing can use either (rule I-42).
    pub struct ReceivableRescheduled {
        /// Which.
        pub item: ItemId,
        /// The day it was due until now; left out, as known.
        pub old_due_on: Option<Date>,
        /// The day it is due from now on.
        pub new_due_on: Date,
        /// Who approved it.
        pub approved_by: Option<ActorId>,
    }
}

crate::record! {
    /// How much of one item.
    pub struct ItemAmount {
        /// The item.
        pub item: ItemId,
        /// How much.
        pub amount: Money,
    }
}

crate::record! {
    /// E43: an invoice was issued. It is a tax document: what it covers is opened by E41.
    pub struct InvoiceIssued {
        /// Its number, unique across the ledger; left out with a series, the next one.
        #[serde(default)]
        pub invoice: InvoiceNumber,
        /// The series it is numbered in without a gap.
        pub series: Option<Label>,
        /// Its number within the series; 0 in a request means the next.
        #[serde(default)]
        pub series_number: u64,
        /// The invoice's day.
        pub issued_on: Date,
        /// The total, tax included.
        pub total: Money,
        /// The tax in it.
        pub tax: Option<Money>,
        /// The contract.
        pub contract: Option<ContractNumber>,
        /// The items it covers.
        #[serde(default)]
        pub covers: Vec<ItemAmount>,
    }
}

crate::record! {
    /// E44: an invoice was reversed in full by a counter-document, the red-letter invoice. What it
    /// covered may be invoiced again.
    pub struct InvoiceVoided {
        /// Which.
        pub invoice: InvoiceNumber,
        /// The red-letter invoice's number, unique across the ledger; left out with a series, the
        /// next one.
        #[serde(default)]
        pub red_letter: InvoiceNumber,
        /// The series the red-letter invoice is numbered in without a gap.
        pub series: Option<Label>,
        /// Its number within the series; 0 in a request means the next.
        #[serde(default)]
        pub series_number: u64,
        /// The red-letter invoice's day.
        pub voided_on: Date,
        /// What is reversed: the invoice's total; left out, as known.
        pub total: Option<Money>,
    }
}

crate::record! {
    /// One line of one bank statement.
    #[derive(PartialOrd, Ord, Hash)]
    pub struct BankRef {
        /// The bank account.
        pub bank: Label,
        /// The statement.
        pub statement: Label,
        /// The line.
        pub line: Label,
    }
}

crate::record! {
    /// Sealed: who paid, as the bank says.
    pub struct Payer {
        /// The name.
        pub name: Line,
        /// The account.
        pub account: Option<Line>,
    }
}

impl Personal for Payer {
    const CLASS: Class = Class::Financial;
}

crate::record! {
    /// E46: money came in. It may come before any debt.
    pub struct PaymentReceived {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub receipt: ReceiptId,
        /// How much.
        pub amount: Money,
        /// The day it counts from.
        pub value_on: Date,
        /// Our account.
        pub bank_account: Option<Label>,
        /// The bank's line (rule I-45: once only).
        pub bank_ref: Option<BankRef>,
        /// How.
        pub method: Option<Label>,
        /// Our entity; left out, the book's first.
        pub legal_entity: Option<LegalEntity>,
        /// Whether nobody knows yet whose it is; then it names no customer and waits in suspense.
        #[serde(default)]
        pub unidentified: bool,
        /// Who paid.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub payer: Option<Section<Payer>>,
    }
}

crate::choice! {
    /// Why a receipt is reversed.
    pub enum ReversalKind {
        /// The bank took it back.
        Bounced = "bounced" "退票",
        /// It was entered wrongly.
        WrongEntry = "wrong_entry" "录入错误",
        /// It belongs to another customer.
        WrongCustomer = "wrong_customer" "客户错误",
    }
}

crate::record! {
    /// E47: a receipt counts no longer; its applications are reversed in the same batch.
    pub struct PaymentReversed {
        /// Which.
        pub receipt: ReceiptId,
        /// Why.
        pub kind: ReversalKind,
        /// The day it counts from.
        pub effective_on: Date,
        /// Whether it is a receipt in suspense; then it names no customer.
        #[serde(default)]
        pub unidentified: bool,
    }
}

crate::choice! {
    /// Which half of an identification an event is.
    pub enum IdentificationStep {
        /// Out of the suspense account.
        Leaves = "leaves" "转出待认领",
        /// Into a customer's account.
        Arrives = "arrives" "转入客户",
        /// Back into the suspense account: it turned out to be another customer's.
        Returns = "returns" "退回待认领",
    }
}

crate::record! {
    /// X23: an unidentified receipt, or a part of it, belongs to a customer. It is recorded twice in
    /// one batch: in the suspense account, which it leaves, and in the customer's, where it
    /// arrives as a receipt.
    pub struct ReceiptIdentified {
        /// The receipt in suspense.
        pub suspense: ReceiptId,
        /// Whose it is.
        pub belongs_to: CustomerCode,
        /// The receipt it becomes there; left out, called as the one in suspense.
        #[serde(default)]
        pub receipt: ReceiptId,
        /// How much; left out, all that is left.
        pub amount: Option<Money>,
        /// The day it counts from; left out, the day it came in.
        pub value_on: Option<Date>,
        /// Our entity: that of the receipt in suspense.
        pub legal_entity: Option<LegalEntity>,
        /// Which half it is; never given in a request.
        pub step: Option<IdentificationStep>,
    }
}

crate::choice! {
    /// What is applied to items.
    pub enum CreditKind {
        /// A receipt.
        Receipt = "receipt" "回款",
        /// A credit note.
        CreditNote = "credit_note" "贷项",
        /// A write-off.
        WriteOff = "write_off" "坏账核销",
        /// A discount granted; the application is its own document.
        Discount = "discount" "折扣",
        /// A difference of exchange; the application is its own document.
        Exchange = "exchange" "汇兑差额",
    }
}

crate::choice! {
    /// How the lines were found.
    pub enum ApplicationMethod {
        /// Named one by one.
        Explicit = "explicit" "指定",
        /// Oldest due first (rule R06).
        Fifo = "fifo" "先到期先核销",
        /// In proportion to what is open.
        ProRata = "pro_rata" "按比例",
    }
}

crate::record! {
    /// What the book's currency gains on one line of an application (rule R17).
    pub struct ItemExchange {
        /// The item.
        pub item: ItemId,
        /// Rate at the item's document day, as a decimal text; left out, as recorded.
        pub rate_item: Option<Label>,
        /// Rate at the receipt's value day; left out, as recorded.
        pub rate_credit: Option<Label>,
        /// Gain (negative: loss) in the book's currency; left out, worked out.
        pub realised: Option<Money>,
    }
}

crate::record! {
    /// E48: a credit was applied to items. The lines are the result; the method is not run again.
    pub struct CreditApplied {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub application: ApplicationId,
        /// What kind of credit.
        pub credit_kind: CreditKind,
        /// The receipt, credit note or write-off; left out for the other kinds.
        #[serde(default, alias = "receipt")]
        pub credit: CreditId,
        /// How the lines were found.
        pub method: ApplicationMethod,
        /// The lines; left empty in a request for FIFO and pro rata.
        #[serde(default)]
        pub lines: Vec<ItemAmount>,
        /// The day it counts from; left out, the later of the documents (rule R25).
        pub effective_on: Option<Date>,
        /// Gains and losses of exchange, where the book's currency is another; left empty in a
        /// request, worked out from the recorded rates.
        #[serde(default)]
        pub exchange: Vec<ItemExchange>,
        /// Who approved a discount or difference beyond the tolerance.
        pub approved_by: Option<ActorId>,
        /// In the payer's account: the customer whose debts are paid, when they are another's. The
        /// same application stands in that customer's account, named after this one.
        pub for_customer: Option<CustomerCode>,
        /// In the debtor's account: the customer who paid; never given in a request.
        pub paid_by: Option<CustomerCode>,
        /// In the debtor's account: our entity that was paid; never given in a request.
        pub legal_entity: Option<LegalEntity>,
    }
}

crate::record! {
    /// E49: an application counts no longer, in whole.
    pub struct ApplicationReversed {
        /// Which.
        pub application: ApplicationId,
        /// The lines restored; left empty in a request, all.
        #[serde(default)]
        pub lines: Vec<ItemAmount>,
        /// The day it counts from; left out, the application's own.
        pub effective_on: Option<Date>,
        /// The customer whose debts the application paid, when they are another's; left out, as known.
        pub for_customer: Option<CustomerCode>,
    }
}

crate::record! {
    /// X14: an item is disputed, or no longer.
    pub struct ReceivableDisputeChanged {
        /// Which.
        pub item: ItemId,
        /// Whether it is disputed from now on.
        pub disputed: bool,
        /// About what, as a short word.
        pub dispute: Option<Label>,
    }
}

impl EventBody for ReceivableOpened {}
impl EventBody for PaymentReversed {}
impl EventBody for ReceiptIdentified {}
impl EventBody for CreditApplied {}
impl EventBody for ApplicationReversed {}
impl EventBody for ReceivableDisputeChanged {}

impl EventBody for ReceivableRescheduled {}

impl EventBody for InvoiceIssued {
    fn claims(&self) -> Option<UniqueKey> {
        Some(UniqueKey::Invoice(self.invoice.clone()))
    }

    fn series(&self) -> Option<(&Label, u64)> {
        self.series.as_ref().map(|series| (series, self.series_number))
    }
}

impl EventBody for InvoiceVoided {
    fn claims(&self) -> Option<UniqueKey> {
        Some(UniqueKey::Invoice(self.red_letter.clone()))
    }

    fn series(&self) -> Option<(&Label, u64)> {
        self.series.as_ref().map(|series| (series, self.series_number))
    }
}

impl EventBody for PaymentReceived {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.payer {
            Some(section) if self.unidentified => {
                visit(Subject::Receipt(self.receipt.clone()), section)
            }
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }

    fn claims(&self) -> Option<UniqueKey> {
        self.bank_ref.clone().map(UniqueKey::BankLine)
    }
}

/// Returns the currency all amounts share, or nothing when they differ or are none.
pub fn common_currency<'a>(amounts: impl IntoIterator<Item = &'a Money>) -> Option<Currency> {
    let mut amounts = amounts.into_iter();
    let first = amounts.next()?.currency;
    amounts.all(|amount| amount.currency == first).then_some(first)
}
