//! `GET /v1/receivables/explain/{customer}`: the events a figure is made of, with what each adds.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::receivables::explain::{Figure, Part, explain};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asked, LINES_MAX, ReceivablesQuery, day_of, view, worded};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::customers::no_customer;
use crate::api::events::{EventView, customer_code};
use crate::api::extract::{Params, PathPart};
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// A figure of the control tables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExplainFigure {
    /// What was charged.
    Charged,
    /// Collected, by receipts.
    Collected,
    /// Credited: credit notes, discounts and differences of exchange.
    Credited,
    /// Written off.
    WrittenOff,
    /// Open.
    #[default]
    Open,
    /// Open and overdue.
    Overdue,
    /// Credits that are left.
    Unapplied,
}

/// Which figure is asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExplainQuery {
    /// The figure; what is open when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<ExplainFigure>,
    /// Only what counts from then or earlier; a date means its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only this legal entity of ours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<String>,
    /// Only this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
}

/// What a figure is made of.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ExplainAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The customer.
    pub customer: String,
    /// The day at whose end it is so.
    pub day: Date,
    /// The figure.
    pub figure: ExplainFigure,
    /// By legal entity and currency.
    pub sums: Vec<Explained>,
}

/// The figure in one legal entity and currency.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Explained {
    /// Our entity.
    pub entity: Option<String>,
    /// The figure: the sum of all parts.
    pub total: AmountView,
    /// How many parts there are.
    pub parts_count: usize,
    /// The parts, by day and then in the order they were told; at most a thousand.
    pub parts: Vec<PartView>,
}

/// What one event adds to a figure.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PartView {
    /// The day it counts from.
    pub on: Date,
    /// The item, receipt or credit note.
    pub document: String,
    /// How much.
    pub amount: AmountView,
    /// The event.
    pub event: EventView,
}

pub(super) async fn read(
    State(app): State<App>,
    PathPart(customer): PathPart<String>,
    Params(query): Params<ExplainQuery>,
) -> Result<Json<ExplainAnswer>, ApiError> {
    blocking(move || explained(&app, customer, query)).await.map(Json)
}

type Sums = BTreeMap<(String, Currency), Vec<(Part, String)>>;

fn explained(app: &App, code: String, query: ExplainQuery) -> Result<ExplainAnswer, ApiError> {
    let ExplainQuery { figure, as_of, known_at, entity, currency } = query;
    let customer = customer_code(&code)?;
    let figure = figure.unwrap_or_default();
    let asked = ReceivablesQuery { as_of, known_at, entity, currency, ..Default::default() };
    let asked = Asked::new(app, &asked)?;
    let reader = app.ledger.reader();
    if !reader.knows(&customer)? {
        return Err(no_customer(&code));
    }
    let found = asked.ask(app, |state| {
        let mut sums = Sums::new();
        let Some(bucket) = state.bucket_of(&customer) else { return sums };
        let Some(place) = bucket.place_of(&customer) else { return sums };
        for part in explain(bucket, place, figure.into(), asked.day) {
            let (entity, unit) = part.owner;
            if let Some(owner) = asked.owner(bucket, (place, entity, unit)) {
                let document = bucket.text(part.document).to_owned();
                let parts = sums.entry((owner.entity, owner.currency)).or_default();
                parts.push((part, document));
            }
        }
        sums
    })?;
    let voided = asked.resolved.voided(reader)?;
    let mut sums = Vec::new();
    for ((entity, currency), parts) in found {
        let total = parts.iter().map(|(part, _)| i128::from(part.value)).sum();
        let mut told = Vec::new();
        for (part, document) in parts.iter().take(LINES_MAX) {
            let Some((event, hash)) = reader.event(part.position)? else { continue };
            let opened = reader.open_sections(event, hash)?;
            told.push(PartView {
                on: part.on,
                document: document.clone(),
                amount: view(part.value.into(), currency),
                event: EventView::new(&opened, &voided),
            });
        }
        sums.push(Explained {
            entity: worded(&entity),
            total: view(total, currency),
            parts_count: parts.len(),
            parts: told,
        });
    }
    let day = day_of(&asked);
    Ok(ExplainAnswer { basis: asked.resolved.view, customer: code, day, figure, sums })
}

impl From<ExplainFigure> for Figure {
    fn from(figure: ExplainFigure) -> Figure {
        match figure {
            ExplainFigure::Charged => Figure::Charged,
            ExplainFigure::Collected => Figure::Collected,
            ExplainFigure::Credited => Figure::Credited,
            ExplainFigure::WrittenOff => Figure::WrittenOff,
            ExplainFigure::Open => Figure::Open,
            ExplainFigure::Overdue => Figure::Overdue,
            ExplainFigure::Unapplied => Figure::Unapplied,
        }
    }
}
