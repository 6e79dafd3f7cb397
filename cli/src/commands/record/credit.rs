//! What lessens a debt without a payment, refunds, reminders and reversals.

use clap::Args;
use daybook_core::event::receivable::{CreditKind, ReversalKind};
use serde_json::json;

use super::money::bank_line;
use super::{Desk, Fact, given, one_of};
use crate::error::CliError;
use crate::text::Text;

/// Agree on another due day for an item
#[derive(Debug, Args)]
pub(super) struct Reschedule {
    /// The customer
    customer: String,
    /// The item
    item: String,
    /// The day it is due from now on
    due: String,
    /// Who approved it
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Reschedule {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "reschedule_receivable", "item": self.item,
            "new_due_on": desk.day_ahead(&self.due)?, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Reverse an invoice in full by a red-letter invoice
#[derive(Debug, Args)]
pub(super) struct RedLetter {
    /// The customer
    customer: String,
    /// The invoice
    invoice: String,
    /// The red-letter invoice's number, unique in the ledger
    number: String,
    /// Its day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl RedLetter {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = json!({
            "command": "void_invoice", "invoice": self.invoice, "red_letter": self.number,
            "voided_on": desk.day(self.on.as_deref())?,
        });
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Issue a credit note
#[derive(Debug, Args)]
pub(super) struct CreditNote {
    /// The customer
    customer: String,
    /// How much, such as 1200 or "1200 USD"
    amount: String,
    /// The item it settles, as far as that is open
    #[arg(long, value_name = "ITEM")]
    against: Option<String>,
    /// Why, as a short word such as price or return
    #[arg(long, value_name = "WORD")]
    cause: Option<String>,
    /// Its day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// The number it gets; the next one when left out
    #[arg(long)]
    id: Option<String>,
    /// Who approved it
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl CreditNote {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "issue_credit_note", "credit_note": self.id,
            "issued_on": desk.day(self.on.as_deref())?, "amount": desk.amount(&self.amount)?,
            "against": self.against, "cause": self.cause, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Give up a debt or a part of it
#[derive(Debug, Args)]
pub(super) struct WriteOff {
    /// The customer
    customer: String,
    /// The item
    item: String,
    /// How much, such as 1200 or "1200 USD"
    amount: String,
    /// The day it counts from; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Who approved it; needed beyond the tolerance
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl WriteOff {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "write_off_receivable", "item": self.item,
            "amount": desk.amount(&self.amount)?,
            "written_off_on": desk.day(self.on.as_deref())?, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Pay back what is unapplied of a payment or credit note
#[derive(Debug, Args)]
pub(super) struct Refund {
    /// The customer
    customer: String,
    /// The payment or credit note
    credit: String,
    /// How much, such as 1200 or "1200 USD"
    amount: String,
    /// What it is paid from
    #[arg(long, default_value = "receipt", value_parser = one_of!(CreditKind))]
    kind: String,
    /// The day it counts from; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// How, such as transfer
    #[arg(long)]
    method: Option<String>,
    /// The bank's line as BANK/STATEMENT/LINE, taken once only
    #[arg(long, value_name = "LINE")]
    bank_line: Option<String>,
    /// Who approved it
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Refund {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "pay_refund", "credit_kind": self.kind, "credit": self.credit,
            "amount": desk.amount(&self.amount)?, "value_on": desk.day(self.on.as_deref())?,
            "method": self.method, "bank_ref": bank_line(self.bank_line.as_deref())?,
            "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Remind the customer of what is overdue
#[derive(Debug, Args)]
pub(super) struct Remind {
    /// The customer
    customer: String,
    /// An item; may be given several times; all that may be reminded of when left out
    #[arg(long, value_name = "ITEM")]
    item: Vec<String>,
    /// The level; as high as the items may reach when left out
    #[arg(long)]
    level: Option<u8>,
    /// How, such as letter or email
    #[arg(long, value_name = "WORD")]
    by: Option<String>,
    /// A fee that becomes an item of its own, with the day it is due
    #[arg(long, value_name = "AMOUNT@DATE")]
    fee: Vec<String>,
    /// The currency of the items, where the customer owes in several
    #[arg(long)]
    currency: Option<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Remind {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let fee = |text: &String| match text.rsplit_once('@') {
            Some((amount, due)) => {
                Ok(json!({ "amount": desk.amount(amount)?, "due_on": desk.day_ahead(due)? }))
            }
            None => Err(CliError::usage(
                Text::new(
                    format!("{text:?} is not of the form AMOUNT@DATE"),
                    format!("{text:?} 不是 金额@日期 的形式"),
                ),
                ("write for instance --fee 50@2026-12-31", "例如写成 --fee 50@2026-12-31"),
            )),
        };
        let items: Vec<_> = self.item.iter().map(|item| json!({ "item": item })).collect();
        let command = given(json!({
            "command": "send_dunning_notice", "sent_on": desk.day(self.on.as_deref())?,
            "items": items, "level": self.level, "channel": self.by, "currency": self.currency,
            "fees": self.fee.iter().map(fee).collect::<Result<Vec<_>, _>>()?,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Reverse an application; of a write-off, when the money came after all
#[derive(Debug, Args)]
pub(super) struct Unapply {
    /// The customer
    customer: String,
    /// The application
    application: String,
    /// The day the reversal counts from; the application's own when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Unapply {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let on = self.on.as_deref().map(|on| desk.day(Some(on))).transpose()?;
        let command = given(json!({
            "command": "reverse_application", "application": self.application,
            "effective_on": on,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Reverse a payment together with its applications
#[derive(Debug, Args)]
pub(super) struct ReversePayment {
    /// The customer, or - for a payment in suspense
    customer: String,
    /// The payment
    receipt: String,
    /// Why
    #[arg(value_parser = one_of!(ReversalKind))]
    because: String,
    /// The day the reversal counts from; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl ReversePayment {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "reverse_payment", "receipt": self.receipt, "kind": self.because,
            "effective_on": desk.day(self.on.as_deref())?,
            "unidentified": (self.customer == "-").then_some(true),
        }));
        let customer = Some(self.customer.clone()).filter(|customer| customer != "-");
        Ok(Fact { customer, command })
    }
}
