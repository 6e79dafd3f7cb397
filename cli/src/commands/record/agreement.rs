//! What is agreed with a customer, put into it, and promised.

use clap::Args;
use daybook_core::event::commitment::{CommitmentOutcome, PromiseMedium, Promiser};
use daybook_core::event::terms::{InvestmentKind, InvestmentPurpose};
use serde_json::json;

use super::money::line;
use super::{Desk, Fact, given, one_of};
use crate::error::CliError;

/// Agree on terms with a customer
#[derive(Debug, Args)]
pub(super) struct Terms {
    /// The customer
    customer: String,
    /// Days from the document to the day it is due
    #[arg(long, value_name = "DAYS")]
    net: Option<u32>,
    /// A discount for paying early as PERCENT/DAYS, such as 2/10
    #[arg(long, value_name = "PERCENT/DAYS", requires = "net")]
    discount: Option<String>,
    /// The tax rule, as a short word
    #[arg(long, value_name = "WORD")]
    tax_rule: Option<String>,
    /// The currency of documents
    #[arg(long)]
    currency: Option<String>,
    /// The tier of the price list
    #[arg(long, value_name = "WORD")]
    price_tier: Option<String>,
    /// Days from order to delivery
    #[arg(long, value_name = "DAYS")]
    lead_time: Option<u32>,
    /// The first day they hold; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day they hold; until the next terms when left out
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Who approved them
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Terms {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let early = self.discount.as_deref().map(percent_and_days).transpose()?;
        let (basis_points, days) = early.unzip();
        let payment = self.net.map(|net| {
            given(json!({
                "net_days": net, "discount_days": days, "discount_basis_points": basis_points,
            }))
        });
        let until = self.until.as_deref().map(|day| desk.day_ahead(day)).transpose()?;
        let command = given(json!({
            "command": "set_customer_terms", "payment": payment, "tax_rule": self.tax_rule,
            "currency": self.currency, "price_tier": self.price_tier,
            "lead_time_days": self.lead_time, "valid_from": desk.day(self.from.as_deref())?,
            "valid_until": until, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Reads a discount such as `2/10` or `1.5/8` as hundredths of a percent and days.
fn percent_and_days(text: &str) -> Result<(u32, u32), CliError> {
    let read = || {
        let (percent, days) = text.split_once('/')?;
        let (whole, fraction) = percent.split_once('.').unwrap_or((percent, "0"));
        let digits = |part: &str| part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit());
        let fraction = format!("{fraction:0<2}");
        if !digits(whole) || !digits(&fraction) || fraction.len() > 2 {
            return None;
        }
        let basis_points = whole.parse::<u32>().ok()? * 100 + fraction.parse::<u32>().ok()?;
        Some((basis_points, days.parse().ok()?))
    };
    read().ok_or_else(|| {
        CliError::usage(
            crate::text::Text::new(
                format!("{text:?} is not of the form PERCENT/DAYS"),
                format!("{text:?} 不是 百分比/天数 的形式"),
            ),
            ("write for instance --discount 2/10", "例如写成 --discount 2/10"),
        )
    })
}

/// Set how much a customer may owe us
#[derive(Debug, Args)]
pub(super) struct Limit {
    /// The customer
    customer: String,
    /// The limit, such as 500000 or "50000 USD"
    amount: String,
    /// The last day it holds; until the next limit when left out
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Sell nothing more on credit for now
    #[arg(long)]
    hold: bool,
    /// What it rests on
    #[arg(long, value_name = "TEXT")]
    basis: Option<String>,
    /// Who approved it; needed above the threshold of the rules
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Limit {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let until = self.until.as_deref().map(|day| desk.day_ahead(day)).transpose()?;
        let command = given(json!({
            "command": "set_credit_limit", "limit": desk.amount(&self.amount)?,
            "valid_until": until, "hold": self.hold, "basis": self.basis,
            "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record what was put into winning or keeping a customer
#[derive(Debug, Args)]
pub(super) struct Investment {
    /// The customer
    customer: String,
    /// What
    #[arg(value_parser = one_of!(InvestmentKind))]
    kind: String,
    /// How much it was worth, such as 120 or "20 USD"
    amount: String,
    /// What for
    #[arg(long = "to", default_value = "keep", value_parser = one_of!(InvestmentPurpose))]
    purpose: String,
    /// The day; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// The interaction it belongs to
    #[arg(long)]
    interaction: Option<String>,
    /// Who approved it; needed for a concession beyond the limit of the rules
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl Investment {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "record_investment", "kind": self.kind, "purpose": self.purpose,
            "amount": desk.amount(&self.amount)?, "invested_on": desk.day(self.on.as_deref())?,
            "interaction": self.interaction, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record a promise: ours, or the customer's such as to pay
#[derive(Debug, Args)]
pub(super) struct Promise {
    /// The customer
    customer: String,
    /// What was promised
    text: String,
    /// By when: a date (its end) or an instant
    #[arg(long)]
    due: String,
    /// Who promised
    #[arg(long, value_name = "WHO", default_value = "us", value_parser = one_of!(Promiser))]
    by: String,
    /// How
    #[arg(long, default_value = "spoken", value_parser = one_of!(PromiseMedium))]
    medium: String,
    /// An item that is to be paid and how much of it, such as AR-1=500; may be given several times
    #[arg(long, value_name = "ITEM=AMOUNT")]
    pays: Vec<String>,
    /// To or by which contact
    #[arg(long)]
    contact: Option<String>,
    /// Who of ours sees to it; whoever records it when left out
    #[arg(long, value_name = "ACTOR")]
    responsible: Option<String>,
}

impl Promise {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let items = self.pays.iter().map(|text| line(desk, text)).collect::<Result<Vec<_>, _>>()?;
        let command = given(json!({
            "command": "make_commitment", "by": self.by, "medium": self.medium,
            "due_at": desk.due(&self.due)?, "contact": self.contact, "items": items,
            "responsible": self.responsible, "promise": { "what": self.text },
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Settle whether a promise was kept
#[derive(Debug, Args)]
pub(super) struct SettlePromise {
    /// The customer
    customer: String,
    /// The promise
    commitment: String,
    /// What became of it
    #[arg(value_parser = one_of!(CommitmentOutcome))]
    outcome: String,
    /// The interaction that shows it
    #[arg(long, value_name = "INTERACTION")]
    evidence: Option<String>,
    /// The promise that took its place
    #[arg(long, value_name = "PROMISE")]
    superseded_by: Option<String>,
    /// What was said about it
    #[arg(long, value_name = "TEXT")]
    feedback: Option<String>,
}

impl SettlePromise {
    pub(super) fn fact(&self, desk: &Desk) -> Fact {
        let feedback = self.feedback.as_ref().map(|text| json!({ "summary": text }));
        let command = given(json!({
            "command": "settle_commitment", "commitment": self.commitment,
            "outcome": self.outcome, "at": desk.at().to_string(), "evidence": self.evidence,
            "superseded_by": self.superseded_by, "feedback": feedback,
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}
