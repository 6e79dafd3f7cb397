//! `GET /v1/receivables...`: open items, ageing, control tables, statements, reminders and figures,
//! at any basis.
//!
//! Every answer comes out of the columns of the receivables view; the log is not replayed.

mod ageing;
mod control;
mod dunning;
mod explain;
mod figures;
mod items;
mod statement;

pub use ageing::{AgeBy, AgeingAnswer, AgeingLine, AgeingQuery};
pub use control::{ControlAnswer, ControlLine};
pub use dunning::{DunningAnswer, DunningLine};
pub use explain::{ExplainAnswer, ExplainFigure, ExplainQuery, Explained, PartView};
pub use figures::{FiguresAnswer, FiguresLine, FiguresQuery};
pub use items::{ItemLine, ItemsAnswer, ItemsQuery};
pub use statement::{StatementAnswer, StatementLine, StatementQuery, StatementView};

use daybook_core::id::CustomerCode;
use daybook_core::money::{Currency, Money};
use daybook_core::time::{Date, TimeError};
use daybook_projections::View;
use daybook_projections::amounts::currency_of;
use daybook_projections::engine::{Bucket, Place, State};
use daybook_projections::receivables::{Accounts, Day};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::basis::{BasisQuery, Resolved};
use super::events::customer_code;
use super::money::AmountView;
use super::route::{Routes, get};
use crate::App;

/// The most lines one answer holds.
pub const LINES_MAX: usize = 1000;

/// Which customers, and at which basis.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ReceivablesQuery {
    /// Only what counts from then or earlier; a date means its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only this customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this legal entity of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Only this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Only customers after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many lines; the last customer's are all there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

pub(super) fn routes() -> Routes {
    Routes::of(
        "receivables",
        [
            get("/receivables", "List the open items", items::read),
            get("/receivables/ageing", "Show what is open by age", ageing::read),
            get("/receivables/control", "Show what became of the debts", control::read),
            get("/receivables/dunning", "List what to remind of", dunning::read),
            get(
                "/receivables/explain/{customer}",
                "Show the events a figure is made of",
                explain::read,
            ),
            get("/receivables/figures", "Show how well is collected", figures::read),
            get(
                "/receivables/statement/{customer}",
                "Show a statement of account",
                statement::read,
            ),
        ],
    )
}

/// A question that has been worked out against a ledger.
struct Asked {
    resolved: Resolved,
    day: Day,
    customer: Option<CustomerCode>,
    entity: Option<String>,
    currency: Option<Currency>,
    after: Option<String>,
    limit: usize,
}

/// Reads a day that a parameter names.
fn date(parameter: &'static str, text: &str) -> Result<Date, ApiError> {
    text.parse().map_err(|error: TimeError| {
        let hint = ("write a date such as 2026-03-31", "请写 2026-03-31 这样的日期");
        ApiError::malformed(parameter, &error, hint)
    })
}

impl Asked {
    fn new(app: &App, query: &ReceivablesQuery) -> Result<Asked, ApiError> {
        let basis = BasisQuery { as_of: query.as_of.clone(), known_at: query.known_at.clone() };
        let resolved = basis.resolve(app.ledger.reader())?;
        let instant = resolved.basis.as_of.unwrap_or_else(|| app.clock.now());
        let day = Day { on: instant.date_in(resolved.zone), before: resolved.basis.before };
        let currency = query.currency.as_deref().map(|text| {
            text.parse::<Currency>().map_err(|error| {
                let hint = ("write a code such as CNY", "请写 CNY 这样的代码");
                ApiError::malformed("currency", &error, hint)
            })
        });
        Ok(Asked {
            day,
            customer: query.customer.as_deref().map(customer_code).transpose()?,
            entity: query.entity.clone(),
            currency: currency.transpose()?,
            after: query.after.clone(),
            limit: query.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX),
            resolved,
        })
    }

    /// Asks the view; it is brought up to the log first.
    fn ask<T>(&self, app: &App, question: impl FnOnce(&State) -> T) -> Result<T, ApiError> {
        let reader = app.ledger.reader();
        let before = self.day.before;
        Ok(app.views.ask_at_least(reader, View::Receivables, before, question)?)
    }

    /// Asks every bucket that may hold what is asked for, each with its accounts.
    fn each<T: Send>(
        &self,
        state: &State,
        threads: usize,
        question: impl Fn(&Bucket, &Accounts) -> T + Sync,
    ) -> Vec<T> {
        match &self.customer {
            None => state
                .ask_all(threads, |bucket| question(bucket, &Accounts::of(bucket, None, self.day))),
            Some(code) => {
                let bucket = state.bucket_of(code);
                let found = bucket.and_then(|bucket| Some((bucket, bucket.place_of(code)?)));
                found
                    .map(|(bucket, place)| {
                        question(bucket, &Accounts::of(bucket, Some(place), self.day))
                    })
                    .into_iter()
                    .collect()
            }
        }
    }

    /// Returns whose money it is in words, when it is asked for.
    fn owner(
        &self,
        bucket: &Bucket,
        (customer, entity, unit): (Place, Place, u32),
    ) -> Option<Owner> {
        let currency = currency_of(unit)?;
        let entity = bucket.text(entity);
        let wanted = self.currency.is_none_or(|wanted| wanted == currency)
            && self.entity.as_ref().is_none_or(|wanted| wanted == entity);
        let customer = bucket.customer(customer).filter(|_| wanted)?.to_string();
        Some(Owner { customer, entity: entity.to_owned(), currency })
    }

    /// Tells whether a customer is on this page or a later one.
    fn is_after(&self, customer: &str) -> bool {
        self.after.as_deref().is_none_or(|after| customer > after)
    }
}

/// Whose money it is; lines are in this order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    customer: String,
    entity: String,
    currency: Currency,
}

/// Cuts lines in order to a page that ends with a whole customer, and says where to go on.
pub(super) fn page<T>(
    lines: &mut Vec<T>,
    limit: usize,
    customer: impl Fn(&T) -> &str,
) -> Option<String> {
    let last = lines.get(limit.checked_sub(1)?)?;
    let last = customer(last).to_owned();
    let whole = lines.iter().skip(limit).take_while(|line| customer(line) == last).count();
    if lines.len() <= limit + whole {
        return None;
    }
    lines.truncate(limit + whole);
    Some(last)
}

fn view(minor: i128, currency: Currency) -> AmountView {
    // Sums beyond what a decimal text of 64 bits holds are told as the largest.
    let held = i64::try_from(minor).unwrap_or(if minor < 0 { i64::MIN } else { i64::MAX });
    Money::new(held, currency).into()
}

fn worded(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The day of an answer.
fn day_of(asked: &Asked) -> Date {
    asked.day.on
}
