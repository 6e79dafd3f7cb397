//! `GET /v1/funnel/stuck`: what stays longer in its stage than most did.

use axum::Json;
use axum::extract::State;
use daybook_core::time::Date;
use daybook_projections::engine::Place;
use daybook_projections::funnel::{Cohort, Count, Move, Track};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Scope;
use crate::App;
use crate::api::basis::{BasisQuery, BasisView};
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Visits that must have ended before their length says what is long.
const VISITS_MIN: usize = 8;
/// The most lines one answer holds.
const LINES_MAX: usize = 1000;

/// What is asked about stuck opportunities.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct StuckQuery {
    /// The pipeline; `sales` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Only opportunities of this owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The limit in days for stages with less than eight visits that ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// At most so many; 1000 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
}

/// Opportunities that stay longer in their stage than three quarters of the visits did.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct StuckAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// How many there are in all.
    pub total: usize,
    /// The longest over their limit first, then by customer and id.
    pub stuck: Vec<StuckView>,
}

/// A stuck opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StuckView {
    /// The customer.
    pub customer: String,
    /// The opportunity.
    pub opportunity: String,
    /// Who pursues it.
    pub owner: Option<String>,
    /// The stage.
    pub stage: String,
    /// The stage in Chinese.
    pub stage_zh: String,
    /// Since when it is in it.
    pub since: Date,
    /// Days since then.
    pub days: i64,
    /// The limit.
    pub limit_days: i64,
    /// What it is expected to bring.
    pub amount: Option<AmountView>,
    /// The day it is expected to close.
    pub expected_close_on: Option<Date>,
    /// How often that day was moved to a later one.
    pub pushes: usize,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<StuckQuery>,
) -> Result<Json<StuckAnswer>, ApiError> {
    blocking(move || stuck(&app, query)).await.map(Json)
}

fn stuck(app: &App, query: StuckQuery) -> Result<StuckAnswer, ApiError> {
    let basis = BasisQuery { as_of: query.as_of, known_at: query.known_at };
    let scope = Scope::new(app, query.pipeline, basis)?;
    let today = scope.day;
    let mut stuck = scope.ask(app, |state, _, pipeline| {
        let ranks = scope.ranks(state, &scope.resolved.basis);
        let count = Count { pipeline, cohort: Cohort::All, today };
        // What is long is worked out from everybody's, whoever's are listed.
        let parts = state.ask_all(app.views.threads(), |bucket| {
            let tracks = scope.tracks(bucket, &ranks, &scope.resolved.basis);
            (count.report(&tracks), tracks)
        });
        let (mut all, mut tracks) = (count.nothing(), Vec::with_capacity(parts.len()));
        for (report, those) in parts {
            all.merge(report);
            tracks.push(those);
        }
        let limits: Vec<Option<i64>> = all
            .stages
            .iter()
            .map(|figures| {
                let dwell = figures.dwell();
                if dwell.completed >= VISITS_MIN { dwell.p75 } else { query.days }
            })
            .collect();
        let mut found = Vec::new();
        for (bucket, track) in state
            .buckets()
            .iter()
            .zip(&tracks)
            .flat_map(|(bucket, tracks)| tracks.iter().map(move |track| (bucket, track)))
        {
            let Some((rank, since, days)) = stays(track, today) else { continue };
            let limit = limits.get(rank).copied().flatten();
            let (Some(limit_days), Some(stage)) = (limit, pipeline.stages.get(rank)) else {
                continue;
            };
            let owner = (track.owner != Place::NONE).then(|| bucket.text(track.owner).to_owned());
            if days <= limit_days || query.owner.as_ref().is_some_and(|w| owner.as_ref() != Some(w))
            {
                continue;
            }
            let customer = bucket.customer(track.customer);
            found.push(StuckView {
                customer: customer.map(ToString::to_string).unwrap_or_default(),
                opportunity: bucket.text(track.id).to_owned(),
                owner,
                stage: stage.name.to_string(),
                stage_zh: stage.label_zh.to_string(),
                since,
                days,
                limit_days,
                amount: track.amount.map(AmountView::from),
                expected_close_on: track.close_on(),
                pushes: track.pushes(),
            });
        }
        found
    })?;
    stuck.sort_by(|left, right| {
        let over = |stuck: &StuckView| stuck.limit_days - stuck.days;
        let name = |stuck: &StuckView| (stuck.customer.clone(), stuck.opportunity.clone());
        over(left).cmp(&over(right)).then_with(|| name(left).cmp(&name(right)))
    });
    let total = stuck.len();
    stuck.truncate(query.limit.unwrap_or(LINES_MAX).clamp(1, LINES_MAX));
    Ok(StuckAnswer { basis: scope.resolved.view, day: today, total, stuck })
}

/// Returns the stage an opportunity is in, since when, and how many days that is.
fn stays(track: &Track, today: Date) -> Option<(usize, Date, i64)> {
    let Some(Move::Stage(rank)) = track.now() else { return None };
    let visit = track.visits().last()?;
    Some((rank, visit.from, visit.days(today)))
}
