//! `GET /v1/stats`: what is in the ledger.

use axum::Json;
use axum::extract::State;
use daybook_core::ledger::Reader;
use daybook_core::ledger::read::Query;
use daybook_core::time::Timestamp;
use daybook_projections::stats::Stats;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::basis::{BasisQuery, BasisView};
use super::extract::Params;
use super::money::{AmountView, amounts};
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;

/// What is in a ledger at a basis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatsAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// Events that count, the book's own included.
    pub events: u64,
    /// Of these, events about customers.
    pub customer_events: u64,
    /// Events that were voided and count nowhere.
    pub voided: u64,
    /// Customers on file.
    pub customers: u64,
    /// Effective time of the earliest event about a customer.
    pub first_effective_at: Option<Timestamp>,
    /// Effective time of the latest event about a customer.
    pub last_effective_at: Option<Timestamp>,
    /// When the first event was recorded.
    pub first_recorded_at: Option<Timestamp>,
    /// When the last event was recorded.
    pub last_recorded_at: Option<Timestamp>,
    /// Events by kind, in the order of the catalogue.
    pub by_kind: Vec<KindView>,
    /// Events about customers by month.
    pub by_month: Vec<MonthView>,
    /// Original amounts of the receivables in dispute.
    pub disputed: Vec<AmountView>,
}

/// Events of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindView {
    /// The kind.
    pub kind: String,
    /// The kind in Chinese.
    pub kind_zh: String,
    /// How many.
    pub events: u64,
    /// Sums of the amounts they name.
    pub sums: Vec<AmountView>,
}

/// Events of one month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MonthView {
    /// The month, such as `2026-03`.
    pub month: String,
    /// That happened in it.
    pub effective: u64,
    /// That were recorded in it.
    pub recorded: u64,
}

pub(super) fn routes() -> Routes {
    Routes::of("stats", [get("/stats", "Count what is in the ledger", read)])
}

async fn read(
    State(app): State<App>,
    Params(query): Params<BasisQuery>,
) -> Result<Json<StatsAnswer>, ApiError> {
    blocking(move || stats(app.ledger.reader(), &query)).await.map(Json)
}

fn stats(reader: &Reader, query: &BasisQuery) -> Result<StatsAnswer, ApiError> {
    let resolved = query.resolve(reader)?;
    let voided = resolved.voided(reader)?;
    let mut stats = Stats::default();
    let asked = Query { before: Some(resolved.basis.before), ..Query::default() };
    for event in reader.events(asked) {
        stats.fold(&event?.0, &resolved.basis, &voided, resolved.zone);
    }
    let by_kind = stats.by_kind.iter().map(|(kind, count)| KindView {
        kind: kind.name().to_owned(),
        kind_zh: kind.label_zh().to_owned(),
        events: count.events,
        sums: amounts(&count.sums),
    });
    let by_month = stats.by_month.iter().map(|(month, count)| MonthView {
        month: month.to_string(),
        effective: count.effective,
        recorded: count.recorded,
    });
    Ok(StatsAnswer {
        events: stats.events,
        customer_events: stats.customer_events,
        voided: stats.voided,
        customers: stats.customers,
        first_effective_at: stats.effective.map(|(first, _)| first),
        last_effective_at: stats.effective.map(|(_, last)| last),
        first_recorded_at: stats.recorded.map(|(first, _)| first),
        last_recorded_at: stats.recorded.map(|(_, last)| last),
        by_kind: by_kind.collect(),
        by_month: by_month.collect(),
        disputed: amounts(&stats.disputed()),
        basis: resolved.view,
    })
}
