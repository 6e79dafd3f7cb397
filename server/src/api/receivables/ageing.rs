//! `GET /v1/receivables/ageing`: what is open by how long it is due or how old it is.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::receivables::ageing::{By, DEFAULT_EDGES_DAYS, Line, Scale, lines};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, Owner, ReceivablesQuery, day_of, page, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// From which day ages are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AgeBy {
    /// The day an item is due, as last agreed.
    #[default]
    Due,
    /// The day it was due at first.
    FirstDue,
    /// The document's day.
    Document,
}

/// Which ageing is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AgeingQuery {
    /// Only what counts from then or earlier; a date means its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// From which day ages are counted; the due day when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AgeBy>,
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

/// The ageing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AgeingAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// From which day ages are counted.
    pub by: AgeBy,
    /// The upper edges of the buckets in days, inclusive; one more bucket is beyond the last.
    pub edges_days: Vec<u32>,
    /// The version of the policy the edges are from; nothing when none is published.
    pub policy_version: Option<u32>,
    /// How many lines there are in all.
    pub total: u64,
    /// The sums, a legal entity and currency.
    pub totals: Vec<AgeingLine>,
    /// The lines by customer, legal entity and currency.
    pub lines: Vec<AgeingLine>,
    /// Where the list goes on: `after` this customer.
    pub next: Option<String>,
}

/// One line. What is not due and the buckets add up to what is open; less what is unapplied, that is
/// the balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgeingLine {
    /// The customer; nothing in sums.
    pub customer: Option<String>,
    /// Our entity.
    pub entity: Option<String>,
    /// Not due yet; always zero by document day.
    pub not_due: AmountView,
    /// By bucket.
    pub buckets: Vec<AmountView>,
    /// What is open.
    pub open: AmountView,
    /// Credits that are left, in no bucket.
    pub unapplied: AmountView,
    /// The same by the age of the credits, in the same buckets.
    pub unapplied_buckets: Vec<AmountView>,
    /// What is owed on balance.
    pub balance: AmountView,
    /// Receipts that count only from a later day on, in no sum.
    pub expected: AmountView,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<AgeingQuery>,
) -> Result<Json<AgeingAnswer>, ApiError> {
    blocking(move || ageing(&app, query)).await.map(Json)
}

#[derive(Default)]
struct Found {
    total: u64,
    sums: BTreeMap<(String, Currency), Line>,
    lines: Vec<(Owner, Line)>,
}

fn ageing(app: &App, query: AgeingQuery) -> Result<AgeingAnswer, ApiError> {
    let AgeingQuery { as_of, known_at, by, customer, entity, currency, after, limit } = query;
    let query = ReceivablesQuery { as_of, known_at, customer, entity, currency, after, limit };
    let asked = Asked::new(app, &query)?;
    let by = by.unwrap_or_default();
    let day = day_of(&asked);
    let (policy_version, scale, found) = asked.ask(app, |state| {
        let policy = state.policies().ageing(&asked.resolved.basis);
        let edges = policy.map_or(DEFAULT_EDGES_DAYS.to_vec(), |(_, p)| p.edges_days.clone());
        let scale = Scale { by: by.into(), edges };
        let found = asked.each(state, app.views.threads(), |bucket, accounts| {
            let mut found = Found::default();
            for (owner, line) in lines(bucket, accounts, &scale, day) {
                if let Some(owner) = asked.owner(bucket, owner) {
                    found.take(&asked, &scale, owner, line);
                }
            }
            // No page needs more of one bucket.
            found.lines.sort_by(|left, right| left.0.cmp(&right.0));
            let _ = page(&mut found.lines, asked.limit + 1, |(owner, _)| &owner.customer);
            found
        });
        (policy.map(|(version, _)| version), scale, found)
    })?;
    let mut all = Found::default();
    for part in found {
        all.total += part.total;
        all.lines.extend(part.lines);
        for (owner, line) in part.sums {
            all.sums.entry(owner).or_insert_with(|| scale.line()).add(&line);
        }
    }
    all.lines.sort_by(|left, right| left.0.cmp(&right.0));
    let next = page(&mut all.lines, asked.limit, |(owner, _)| &owner.customer);
    let totals = all.sums.iter();
    let totals = totals.map(|((entity, currency), line)| told(None, entity, *currency, line));
    let lines = all.lines.iter().map(|(owner, line)| {
        told(Some(owner.customer.clone()), &owner.entity, owner.currency, line)
    });
    Ok(AgeingAnswer {
        basis: asked.resolved.view.clone(),
        day,
        by,
        policy_version,
        total: all.total,
        totals: totals.collect(),
        lines: lines.collect(),
        next,
        edges_days: scale.edges,
    })
}

impl Found {
    fn take(&mut self, asked: &Asked, scale: &Scale, owner: Owner, line: Line) {
        self.total += 1;
        let key = (owner.entity.clone(), owner.currency);
        self.sums.entry(key).or_insert_with(|| scale.line()).add(&line);
        if asked.is_after(&owner.customer) {
            self.lines.push((owner, line));
        }
    }
}

fn told(customer: Option<String>, entity: &str, currency: Currency, line: &Line) -> AgeingLine {
    let each = |buckets: &[i128]| buckets.iter().map(|minor| view(*minor, currency)).collect();
    AgeingLine {
        customer,
        entity: worded(entity),
        not_due: view(line.not_due, currency),
        buckets: each(&line.buckets),
        open: view(line.open(), currency),
        unapplied: view(line.unapplied, currency),
        unapplied_buckets: each(&line.unapplied_buckets),
        balance: view(line.balance(), currency),
        expected: view(line.expected, currency),
    }
}

impl From<AgeBy> for By {
    fn from(by: AgeBy) -> By {
        match by {
            AgeBy::Due => By::Due,
            AgeBy::FirstDue => By::FirstDue,
            AgeBy::Document => By::Document,
        }
    }
}
