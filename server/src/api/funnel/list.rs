//! `GET /v1/funnel/opportunities`: which opportunities a figure of the funnel counts, and the events
//! that say so.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use daybook_core::event::book::Pipeline;
use daybook_core::position::Position;
use daybook_core::time::Date;
use daybook_projections::Basis;
use daybook_projections::engine::{Bucket, Place, State as ViewState};
use daybook_projections::funnel::{Count, Figure, Move, Track};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stages::{CohortKind, FunnelQuery, Prepared};
use crate::App;
use crate::api::basis::BasisView;
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::receivables::{LINES_MAX, page};
use crate::api::{ApiError, blocking};

/// A figure of the funnel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListFigure {
    /// All that are counted.
    #[default]
    Counted,
    /// Open.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
    /// Whose current stage it is.
    Here,
    /// That reached the stage.
    Reached,
    /// That were really in it.
    Visited,
    /// That went on from it.
    WentOn,
    /// That reached it and ever went backwards.
    WentBack,
}

/// Which figure is asked about; the rest as in the question that gave it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct ListQuery {
    /// The figure; all that are counted when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figure: Option<ListFigure>,
    /// The stage, for a figure of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The pipeline; `sales` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Which opportunities are counted; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cohort: Option<CohortKind>,
    /// The first day of the period, for a cohort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The last day of the period; that of the basis when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only opportunities of this owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only opportunities that came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only opportunities about this product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Only customers after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// At most so many; the last customer's are all there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The opportunities that a figure counts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ListAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// The figure.
    pub figure: ListFigure,
    /// How many there are in all: the figure.
    pub total: usize,
    /// By customer, then id.
    pub opportunities: Vec<OpportunityLine>,
    /// Where the list goes on: `after` this customer.
    pub next: Option<String>,
}

/// An opportunity as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OpportunityLine {
    /// The customer.
    pub customer: String,
    /// The opportunity.
    pub opportunity: String,
    /// The stage it is in; nothing when it ended.
    pub stage: Option<String>,
    /// The same in Chinese.
    pub stage_zh: Option<String>,
    /// `won` or `lost` when it ended.
    pub outcome: Option<String>,
    /// Since when it stands so.
    pub since: Date,
    /// The day it was opened.
    pub opened_on: Date,
    /// What it is expected to bring or brought.
    pub amount: Option<AmountView>,
    /// Its probability in percent while it is open: its own, else the stage's.
    pub probability_percent: Option<i64>,
    /// The day it is expected to close.
    pub expected_close_on: Option<Date>,
    /// How often that day was moved to a later one.
    pub pushes: usize,
    /// Who pursues it.
    pub owner: Option<String>,
    /// Where it came from.
    pub source: Option<String>,
    /// What it is about.
    pub product: Option<String>,
    /// The events that say so, by position.
    pub events: Vec<Position>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<ListQuery>,
) -> Result<Json<ListAnswer>, ApiError> {
    blocking(move || list(&app, query)).await.map(Json)
}

fn list(app: &App, query: ListQuery) -> Result<ListAnswer, ApiError> {
    let figure = query.figure.unwrap_or_default();
    let of_stage = matches!(
        figure,
        ListFigure::Here
            | ListFigure::Reached
            | ListFigure::Visited
            | ListFigure::WentOn
            | ListFigure::WentBack
    );
    let limit = query.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX);
    let (stage, after) = (query.stage, query.after.unwrap_or_default());
    let question = FunnelQuery {
        pipeline: query.pipeline,
        cohort: query.cohort,
        from: query.from,
        to: query.to,
        by: None,
        owner: query.owner,
        source: query.source,
        product: query.product,
        as_of: query.as_of,
        known_at: query.known_at,
    };
    let Prepared { scope, cohort, .. } = Prepared::new(app, question)?;
    let basis = scope.resolved.basis;
    scope.ask(app, |state, _, pipeline| {
        let rank = match (&stage, of_stage) {
            (Some(stage), true) => rank_of(pipeline, stage)?,
            (None, true) => return Err(no_stage(pipeline)),
            (_, false) => 0,
        };
        let ranks = scope.ranks(state, &basis);
        let count = Count { pipeline, cohort, today: scope.day };
        let parts = state.ask_all(app.views.threads(), |bucket| {
            let mut tracks = scope.tracks(bucket, &ranks, &basis);
            tracks.retain(|track| count.holds(track, figure.into(), rank));
            tracks
        });
        let total = parts.iter().map(Vec::len).sum();
        let mut lines = Vec::new();
        for (bucket, track) in pairs(state, &parts) {
            let customer = bucket.customer(track.customer).map(ToString::to_string);
            let customer = customer.unwrap_or_default();
            if customer > after {
                lines.push((customer, bucket, track));
            }
        }
        let key = |(customer, bucket, track): &(String, &Bucket, &Track)| {
            (customer.clone(), bucket.text(track.id).to_owned())
        };
        lines.sort_by_cached_key(key);
        let next = page(&mut lines, limit, |(customer, ..)| customer);
        let told = lines.iter().map(|(_, bucket, track)| line(bucket, track, &count, &basis));
        Ok(ListAnswer {
            basis: scope.resolved.view.clone(),
            day: scope.day,
            figure,
            total,
            opportunities: told.collect(),
            next,
        })
    })?
}

/// Goes through ways with the buckets they are of.
pub(super) fn pairs<'s>(
    state: &'s ViewState,
    parts: &'s [Vec<Track>],
) -> impl Iterator<Item = (&'s Bucket, &'s Track)> {
    let buckets = state.buckets().iter().zip(parts);
    buckets.flat_map(|(bucket, tracks)| tracks.iter().map(move |track| (bucket, track)))
}

fn rank_of(pipeline: &Pipeline, stage: &str) -> Result<usize, ApiError> {
    let rank = pipeline.stages.iter().position(|known| known.name.as_str() == stage);
    rank.ok_or_else(|| ApiError::missing(("stage", "阶段"), stage, stages_hint(pipeline)))
}

fn no_stage(pipeline: &Pipeline) -> ApiError {
    let problem = ("this figure is of a stage", "该指标属于某个阶段");
    ApiError::malformed("stage", problem, stages_hint(pipeline))
}

fn stages_hint(pipeline: &Pipeline) -> (String, String) {
    let names: Vec<&str> = pipeline.stages.iter().map(|stage| stage.name.as_str()).collect();
    (format!("its stages are {}", names.join(", ")), format!("阶段有：{}", names.join("、")))
}

fn line(bucket: &Bucket, track: &Track, count: &Count<'_>, basis: &Basis) -> OpportunityLine {
    let named = |place: Place| (place != Place::NONE).then(|| bucket.text(place).to_owned());
    let now = track.now();
    let rank = match now {
        Some(Move::Stage(rank)) => Some(rank),
        Some(Move::Won | Move::Lost) | None => None,
    };
    let stage = rank.and_then(|rank| count.pipeline.stages.get(rank));
    let percent = rank.and_then(|rank| i64::try_from(count.percent(track, rank)).ok());
    let outcome = match now {
        Some(Move::Won) => Some("won"),
        Some(Move::Lost) => Some("lost"),
        Some(Move::Stage(_)) | None => None,
    };
    // One event may have said several things.
    let said = bucket.known(basis.before).filter(|row| row.subject == track.id);
    let said = said.filter(|row| basis.as_of.is_none_or(|as_of| row.on <= as_of.0));
    let events: BTreeSet<u64> = said.map(|row| row.position).collect();
    OpportunityLine {
        customer: bucket.customer(track.customer).map(ToString::to_string).unwrap_or_default(),
        opportunity: bucket.text(track.id).to_owned(),
        stage: stage.map(|stage| stage.name.to_string()),
        stage_zh: stage.map(|stage| stage.label_zh.to_string()),
        outcome: outcome.map(str::to_owned),
        since: track.since().unwrap_or_default(),
        opened_on: track.opened_on().unwrap_or_default(),
        amount: track.amount.map(AmountView::from),
        probability_percent: percent,
        expected_close_on: track.close_on(),
        pushes: track.pushes(),
        owner: named(track.owner),
        source: named(track.source),
        product: named(track.product),
        events: events.into_iter().map(Position).collect(),
    }
}

impl From<ListFigure> for Figure {
    fn from(figure: ListFigure) -> Figure {
        match figure {
            ListFigure::Counted => Figure::Counted,
            ListFigure::Open => Figure::Open,
            ListFigure::Won => Figure::Won,
            ListFigure::Lost => Figure::Lost,
            ListFigure::Here => Figure::Here,
            ListFigure::Reached => Figure::Reached,
            ListFigure::Visited => Figure::Visited,
            ListFigure::WentOn => Figure::WentOn,
            ListFigure::WentBack => Figure::WentBack,
        }
    }
}
