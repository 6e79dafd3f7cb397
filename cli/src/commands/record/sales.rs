//! Opportunities.

use clap::Args;
use serde_json::json;

use super::{Desk, Fact, given};
use crate::error::CliError;

/// Open an opportunity
#[derive(Debug, Args)]
pub(super) struct Opportunity {
    /// The customer
    customer: String,
    /// What it is about
    title: String,
    /// The amount expected, such as 1200 or "1200 USD"
    #[arg(long)]
    amount: Option<String>,
    /// The stage it is in
    #[arg(long, default_value = "lead")]
    stage: String,
    /// The pipeline it runs under
    #[arg(long, default_value = "sales")]
    pipeline: String,
    /// The day it is expected to close
    #[arg(long, value_name = "DATE")]
    close_on: Option<String>,
    /// Its probability in percent; the stage's when left out
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    probability: Option<u8>,
    /// The product it is about
    #[arg(long)]
    product: Option<String>,
    /// The id it gets; the next one when left out
    #[arg(long)]
    id: Option<String>,
}

impl Opportunity {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let amount = self.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
        let close_on = self.close_on.as_deref().map(|day| desk.day_ahead(day)).transpose()?;
        let command = given(json!({
            "command": "open_opportunity", "opportunity": self.id, "pipeline": self.pipeline,
            "stage": self.stage, "title": self.title, "amount": amount,
            "probability_percent": self.probability, "expected_close_on": close_on,
            "product": self.product, "owner": desk.actor,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Move an opportunity to another stage
#[derive(Debug, Args)]
pub(super) struct Stage {
    /// The customer
    customer: String,
    /// The opportunity
    opportunity: String,
    /// The stage it is in from now on
    stage: String,
}

impl Stage {
    pub(super) fn fact(&self) -> Fact {
        let command = json!({
            "command": "change_opportunity_stage", "opportunity": self.opportunity,
            "to": self.stage,
        });
        Fact { customer: Some(self.customer.clone()), command }
    }
}

/// Close an opportunity as won
#[derive(Debug, Args)]
pub(super) struct Win {
    /// The customer
    customer: String,
    /// The opportunity
    opportunity: String,
    /// The amount won
    #[arg(long)]
    amount: Option<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// The contract it became
    #[arg(long)]
    contract: Option<String>,
}

impl Win {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let amount = self.amount.as_deref().map(|text| desk.amount(text)).transpose()?;
        let command = given(json!({
            "command": "win_opportunity", "opportunity": self.opportunity, "amount": amount,
            "closed_on": desk.day(self.on.as_deref())?, "contract": self.contract,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Close an opportunity as lost
#[derive(Debug, Args)]
pub(super) struct Lose {
    /// The customer
    customer: String,
    /// The opportunity
    opportunity: String,
    /// Why, as the pipeline lists it: price, competitor, no_budget, no_decision or other
    #[arg(long, default_value = "other", value_name = "WORD")]
    because: String,
    /// To whom
    #[arg(long)]
    to: Option<String>,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
}

impl Lose {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "lose_opportunity", "opportunity": self.opportunity,
            "lost_reason": self.because, "lost_to": self.to,
            "closed_on": desk.day(self.on.as_deref())?,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}
