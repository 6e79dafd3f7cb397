//! The receivables account.

use clap::Args;
use daybook_core::event::receivable::{CreditKind, ItemSource};
use serde_json::{Value, json};

use super::{Desk, Fact, given, one_of};
use crate::error::CliError;
use crate::text::Text;

/// Open a debt of a customer
#[derive(Debug, Args)]
pub(super) struct Receivable {
    /// The customer
    customer: String,
    /// How much, such as 1200 or "1200 USD"
    amount: String,
    /// The day it is due; by the terms agreed with the customer when left out
    #[arg(long, value_name = "DATE")]
    due: Option<String>,
    /// The document's day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// What opened it
    #[arg(long, default_value = "invoice", value_parser = one_of!(ItemSource))]
    source: String,
    /// The id it gets; the next one when left out
    #[arg(long)]
    id: Option<String>,
}

impl Receivable {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let due_on = self.due.as_deref().map(|due| desk.day_ahead(due)).transpose()?;
        let command = given(json!({
            "command": "open_receivable", "item": self.id, "source": self.source,
            "document_on": desk.day(self.on.as_deref())?, "due_on": due_on,
            "amount": desk.amount(&self.amount)?,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record an invoice that was issued
#[derive(Debug, Args)]
pub(super) struct Invoice {
    /// The customer
    customer: String,
    /// Its number, unique in the ledger
    number: String,
    /// The total, tax included
    amount: String,
    /// The tax in it
    #[arg(long)]
    tax: Option<String>,
    /// The receivable it covers in full
    #[arg(long, value_name = "ITEM")]
    covers: Option<String>,
    /// The invoice's day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Invoice {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let total = desk.amount(&self.amount)?;
        let tax = self.tax.as_deref().map(|text| desk.amount(text)).transpose()?;
        let covers: Vec<_> =
            self.covers.iter().map(|item| json!({ "item": item, "amount": total })).collect();
        let command = given(json!({
            "command": "issue_invoice", "invoice": self.number, "total": total, "tax": tax,
            "issued_on": desk.day(self.on.as_deref())?, "covers": covers,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record a payment
#[derive(Debug, Args)]
pub(super) struct Payment {
    /// The customer, or - when nobody knows yet whose it is
    customer: String,
    /// How much, such as 1200 or "1200 USD"
    amount: String,
    /// The day it counts from; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// How, such as transfer
    #[arg(long)]
    method: Option<String>,
    /// The bank's line as BANK/STATEMENT/LINE, taken once only
    #[arg(long, value_name = "LINE")]
    bank_line: Option<String>,
    /// The id it gets; the next one when left out
    #[arg(long)]
    id: Option<String>,
}

impl Payment {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "receive_payment", "receipt": self.id,
            "amount": desk.amount(&self.amount)?, "value_on": desk.day(self.on.as_deref())?,
            "method": self.method,
            "bank_ref": bank_line(self.bank_line.as_deref())?,
            "unidentified": (self.customer == "-").then_some(true),
        }));
        let customer = Some(self.customer.clone()).filter(|customer| customer != "-");
        Ok(Fact { customer, command })
    }
}

/// Say whose an unidentified payment is, or a part of it
#[derive(Debug, Args)]
pub(super) struct Identify {
    /// The payment in suspense, such as SUS-1
    receipt: String,
    /// Whose it is
    customer: String,
    /// How much of it; all that is left when left out
    #[arg(long)]
    amount: Option<String>,
    /// The day it counts from in the customer's account; the day it came in when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Identify {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let amount = self.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
        let on = self.on.as_deref().map(|on| desk.day(Some(on))).transpose()?;
        let command = given(json!({
            "command": "identify_receipt", "suspense": self.receipt,
            "belongs_to": self.customer, "amount": amount, "value_on": on,
        }));
        Ok(Fact { customer: None, command })
    }
}

/// Record that a customer confirmed what it owes at the end of a day
#[derive(Debug, Args)]
pub(super) struct Confirm {
    /// The customer
    customer: String,
    /// The day
    day: String,
    /// The balance as the customer sees it, when it is another
    #[arg(long, value_name = "AMOUNT")]
    says: Option<String>,
    /// The currency, where the customer owes in several
    #[arg(long)]
    currency: Option<String>,
    /// Our entity; the book's first when left out
    #[arg(long)]
    entity: Option<String>,
    /// Who confirmed it
    #[arg(long)]
    contact: Option<String>,
    /// How, such as letter
    #[arg(long, value_name = "WORD")]
    by: Option<String>,
}

impl Confirm {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let said = self.says.as_deref().map(|text| desk.amount(text)).transpose()?;
        let command = given(json!({
            "command": "confirm_balance", "confirmed_on": desk.day(Some(&self.day))?,
            "said": said, "currency": self.currency, "legal_entity": self.entity,
            "contact": self.contact, "medium": self.by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Apply a payment or another credit to what is owed, the oldest due first or as named
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The customer
    customer: String,
    /// The payment or credit note; none for a discount
    credit: Option<String>,
    /// An item and how much of it, such as AR-1=500; may be given several times
    #[arg(long, value_name = "ITEM=AMOUNT")]
    to: Vec<String>,
    /// What it is
    #[arg(long, default_value = "receipt", value_parser = one_of!(CreditKind))]
    kind: String,
    /// In proportion to what is open instead of the oldest due first
    #[arg(long, conflicts_with = "to")]
    pro_rata: bool,
    /// The day it counts from; the later of the documents' when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Who approved a discount beyond the tolerance
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
    /// The customer whose debts it pays, when they are another's
    #[arg(long = "for", value_name = "CUSTOMER", requires = "to")]
    debtor: Option<String>,
}

impl Apply {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let lines = self.to.iter().map(|text| line(desk, text)).collect::<Result<Vec<_>, _>>()?;
        let method = match (lines.is_empty(), self.pro_rata) {
            (true, true) => "pro_rata",
            (true, false) => "fifo",
            (false, _) => "explicit",
        };
        let on = self.on.as_deref().map(|on| desk.day(Some(on))).transpose()?;
        let command = given(json!({
            "command": "apply_credit", "credit_kind": self.kind, "credit": self.credit,
            "method": method, "lines": lines, "effective_on": on,
            "approved_by": self.approved_by, "for_customer": self.debtor,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Reads an item and an amount, such as `AR-1=500`.
pub(super) fn line(desk: &Desk, text: &str) -> Result<Value, CliError> {
    match text.split_once('=') {
        Some((item, amount)) => Ok(json!({ "item": item, "amount": desk.amount(amount)? })),
        None => Err(CliError::usage(
            Text::new(
                format!("{text:?} is not of the form ITEM=AMOUNT"),
                format!("{text:?} 不是 应收项=金额 的形式"),
            ),
            ("write for instance --to AR-1=500", "例如写成 --to AR-1=500"),
        )),
    }
}

/// Reads a line of a bank statement, such as `ICBC/2026-11/7`.
pub(super) fn bank_line(text: Option<&str>) -> Result<Option<Value>, CliError> {
    let Some(text) = text else { return Ok(None) };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [bank, statement, line] => {
            Ok(Some(json!({ "bank": bank, "statement": statement, "line": line })))
        }
        _ => Err(CliError::usage(
            Text::new(
                format!("{text:?} is not of the form BANK/STATEMENT/LINE"),
                format!("{text:?} 不是 银行/账单/行号 的形式"),
            ),
            (
                "write for instance --bank-line ICBC/2026-11/7",
                "例如写成 --bank-line ICBC/2026-11/7",
            ),
        )),
    }
}

/// Dispute an item, or end the dispute
#[derive(Debug, Args)]
pub(super) struct Dispute {
    /// The customer
    customer: String,
    /// The item
    item: String,
    /// The dispute is over
    #[arg(long)]
    over: bool,
    /// About what, as a short word
    #[arg(long, value_name = "WORD")]
    about: Option<String>,
}

impl Dispute {
    pub(super) fn fact(&self) -> Fact {
        let command = given(json!({
            "command": "change_receivable_dispute", "item": self.item, "disputed": !self.over,
            "dispute": self.about,
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}
