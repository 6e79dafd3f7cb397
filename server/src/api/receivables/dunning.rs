//! `GET /v1/receivables/dunning`: what to remind of, and what is overdue and left out.

use axum::Json;
use axum::extract::State;
use daybook_core::time::Date;
use daybook_projections::receivables::dunning::{Held, overdue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, ReceivablesQuery, day_of, page, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// What is overdue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DunningAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day.
    pub day: Date,
    /// The version of the rules; nothing when none is published.
    pub rules_version: Option<u32>,
    /// How many lines there are in all.
    pub total: u64,
    /// The lines by customer, then due day, then item.
    pub lines: Vec<DunningLine>,
    /// Where the list goes on: `after` this customer.
    pub next: Option<String>,
}

/// An overdue item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DunningLine {
    /// The customer.
    pub customer: String,
    /// The item.
    pub item: String,
    /// Our entity.
    pub entity: Option<String>,
    /// The day it was due.
    pub due_on: Date,
    /// Days overdue.
    pub overdue_days: i64,
    /// What is open.
    pub open: AmountView,
    /// The level a notice of this day may reach; nothing when it is left out.
    pub level: Option<i64>,
    /// Why it is left out: `disputed`, `too_early`, `reminded`, `below_minimum` or `net_credit`.
    pub held: Option<String>,
    /// The level it was last reminded at.
    pub reminded_level: Option<i64>,
    /// The day of that.
    pub reminded_on: Option<Date>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<ReceivablesQuery>,
) -> Result<Json<DunningAnswer>, ApiError> {
    blocking(move || dunning(&app, &query)).await.map(Json)
}

fn dunning(app: &App, query: &ReceivablesQuery) -> Result<DunningAnswer, ApiError> {
    let asked = Asked::new(app, query)?;
    let day = day_of(&asked);
    let (rules_version, found) = asked.ask(app, |state| {
        let rules = state.policies().receivable_rules(&asked.resolved.basis);
        let (version, rules) = (rules.map(|(version, _)| version), rules.map(|(_, rules)| rules));
        let found = asked.each(state, app.views.threads(), |bucket, accounts| {
            let overdue = overdue(accounts, rules, day).into_iter();
            let told = overdue.filter_map(|overdue| {
                let item = &overdue.item;
                let owner = asked.owner(bucket, (item.customer, item.entity, item.unit))?;
                Some(DunningLine {
                    item: bucket.text(item.id).to_owned(),
                    entity: worded(&owner.entity),
                    due_on: item.due_on,
                    overdue_days: overdue.days,
                    open: view(overdue.open.into(), owner.currency),
                    level: overdue.level.ok(),
                    held: overdue.level.err().map(|held| word(held).to_owned()),
                    reminded_level: item.reminded.map(|(level, _)| level),
                    reminded_on: item.reminded.map(|(_, on)| on),
                    customer: owner.customer,
                })
            });
            told.collect::<Vec<_>>()
        });
        (version, found)
    })?;
    let mut lines: Vec<DunningLine> = found.into_iter().flatten().collect();
    let total = lines.len() as u64;
    lines.retain(|line| asked.is_after(&line.customer));
    lines.sort_by(|left, right| {
        let key = |line: &DunningLine| (line.due_on, line.item.len());
        left.customer
            .cmp(&right.customer)
            .then_with(|| key(left).cmp(&key(right)))
            .then_with(|| left.item.cmp(&right.item))
    });
    let next = page(&mut lines, asked.limit, |line| &line.customer);
    Ok(DunningAnswer { basis: asked.resolved.view, day, rules_version, total, lines, next })
}

const fn word(held: Held) -> &'static str {
    match held {
        Held::Disputed => "disputed",
        Held::TooEarly => "too_early",
        Held::Reminded => "reminded",
        Held::BelowMinimum => "below_minimum",
        Held::NetCredit => "net_credit",
    }
}
