//! Contracts, from the signature to the end.

use clap::Args;
use serde_json::{Value, json};

use super::{Desk, Fact, given};
use crate::error::CliError;
use crate::text::Text;

/// Sign a contract; its instalments open their debts on the days they are due
#[derive(Debug, Args)]
pub(super) struct Sign {
    /// The customer
    customer: String,
    /// The contract's number, unique in the ledger
    contract: String,
    /// The total, tax included
    amount: String,
    /// The tax in it
    #[arg(long)]
    tax: Option<String>,
    /// An instalment, such as 1=500@2026-12-31; together they come to the total
    #[arg(long, value_name = "NUMBER=AMOUNT[@DATE]")]
    instalment: Vec<String>,
    /// The opportunity it came from
    #[arg(long)]
    opportunity: Option<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Sign {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let tax = self.tax.as_deref().map(|text| desk.amount(text)).transpose()?;
        let opened_by = if self.instalment.is_empty() { "invoices" } else { "instalments" };
        let instalment = |text: &String| {
            let mut read = instalment(desk, text)?;
            if let Some(fields) = read.as_object_mut() {
                fields.insert("trigger".to_owned(), json!("date"));
            }
            Ok(read)
        };
        let command = given(json!({
            "command": "sign_contract", "contract": self.contract,
            "total": desk.amount(&self.amount)?, "tax": tax,
            "opportunity": self.opportunity, "signed_on": desk.day(self.on.as_deref())?,
            "debt_opened_by": opened_by,
            "instalments":
                self.instalment.iter().map(instalment).collect::<Result<Vec<_>, CliError>>()?,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Amend a contract: its total and its instalments
#[derive(Debug, Args)]
pub(super) struct Amend {
    /// The customer
    customer: String,
    /// The contract
    contract: String,
    /// How much more it amounts to, tax included; below zero when less
    #[arg(long, value_name = "AMOUNT", default_value = "0", allow_hyphen_values = true)]
    by: String,
    /// An instalment and what it is from now on, such as 2=1500 or 3=500@2026-12-31
    #[arg(long, value_name = "NUMBER=AMOUNT[@DATE]")]
    instalment: Vec<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Who approved it
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Amend {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let instalments = self.instalment.iter().map(|text| instalment(desk, text));
        let command = given(json!({
            "command": "amend_contract", "contract": self.contract,
            "amended_on": desk.day(self.on.as_deref())?, "total_change": desk.amount(&self.by)?,
            "instalments": instalments.collect::<Result<Vec<_>, _>>()?,
            "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

fn instalment(desk: &Desk, text: &str) -> Result<Value, CliError> {
    let wrong = || {
        CliError::usage(
            Text::new(
                format!("{text:?} is not of the form NUMBER=AMOUNT or NUMBER=AMOUNT@DATE"),
                format!("{text:?} 不是 期数=金额 或 期数=金额@日期 的形式"),
            ),
            (
                "write for instance --instalment 2=1500@2026-12-31",
                "例如写成 --instalment 2=1500@2026-12-31",
            ),
        )
    };
    let (number, rest) = text.split_once('=').ok_or_else(wrong)?;
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    let (amount, day) = match rest.rsplit_once('@') {
        Some((amount, day)) => (amount, Some(desk.day_ahead(day)?)),
        None => (rest, None),
    };
    let amount = desk.amount(amount)?;
    Ok(given(json!({ "number": number, "amount": amount, "planned_on": day })))
}

/// End a contract of which nothing is owed
#[derive(Debug, Args)]
pub(super) struct EndContract {
    /// The customer
    customer: String,
    /// The contract
    contract: String,
    /// It ended before it was performed
    #[arg(long)]
    early: bool,
    /// What was agreed, in short
    #[arg(long, value_name = "TEXT")]
    settlement: Option<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl EndContract {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let outcome = if self.early { "terminated" } else { "completed" };
        let command = given(json!({
            "command": "close_contract", "contract": self.contract, "outcome": outcome,
            "closed_on": desk.day(self.on.as_deref())?, "settlement": self.settlement,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}
