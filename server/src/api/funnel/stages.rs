//! `GET /v1/funnel`: the stages, or groups of opportunities, with how many came how far.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use daybook_core::event::book::Stage;
use daybook_core::money::Currency;
use daybook_core::time::Date;
use daybook_projections::Ratio;
use daybook_projections::funnel::{By, Cohort, Count, Dwell, Period, Report, StageFigures, Track};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Scope, StandingView, day, hundredth};
use crate::App;
use crate::api::basis::{BasisQuery, BasisView};
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Of the opportunities that reached a stage, the share still open above which its win rate is told
/// to be early, in percent.
const OPEN_PERCENT_MAX: usize = 20;

/// Which opportunities are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CohortKind {
    /// All.
    #[default]
    All,
    /// Those opened in the period.
    Created,
    /// For each stage, those that first came to it or past it in the period.
    Entered,
    /// For each stage, those that were in it at any moment of the period.
    Active,
    /// Those that stand as won or lost since a day of the period.
    Closed,
}

/// By what opportunities are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupBy {
    /// Who pursues them.
    Owner,
    /// Where they came from.
    Source,
    /// What they are about.
    Product,
    /// Why they were lost.
    Reason,
    /// The month they were opened in.
    Opened,
    /// The month they were won or lost in.
    Closed,
}

/// What is asked of the funnel.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FunnelQuery {
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
    /// Also tell the opportunities apart by this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<GroupBy>,
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
}

/// The funnel. Shares are decimal texts in percent, and absent where they would be of nothing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FunnelAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The day at whose end it is so.
    pub day: Date,
    /// The pipeline.
    pub pipeline: String,
    /// Its version.
    pub version: u32,
    /// Which opportunities are counted.
    pub cohort: CohortKind,
    /// The first day of the period.
    pub from: Option<Date>,
    /// The last day of the period.
    pub to: Option<Date>,
    /// The stages in order.
    pub stages: Vec<StageView>,
    /// The opportunities counted, together.
    pub total: GroupView,
    /// By what they are told apart.
    pub by: Option<GroupBy>,
    /// The same apart, in order of name; what nothing is said of comes first.
    pub groups: Vec<GroupView>,
}

/// Some opportunities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GroupView {
    /// What they have in common; nothing when nothing is said of it, and in the total.
    pub group: Option<String>,
    /// How many are counted.
    pub counted: usize,
    /// For each stage, how many came to it or past it, or were won.
    pub reached: Vec<usize>,
    /// Those that are open.
    pub open: StandingView,
    /// The same, each amount by its probability.
    pub weighted: Vec<AmountView>,
    /// Those that are won.
    pub won: StandingView,
    /// Those that are lost.
    pub lost: StandingView,
    /// Won of won and lost, by count.
    pub win_rate: Option<String>,
    /// The same by amount, a currency.
    pub win_rate_by_amount: Vec<RateView>,
    /// The mean of the days from opening to winning.
    pub cycle_days: Option<String>,
}

/// A share in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateView {
    /// The currency.
    pub currency: Currency,
    /// The share in percent.
    pub percent: String,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageView {
    /// The stage.
    pub stage: String,
    /// The stage in Chinese.
    pub stage_zh: String,
    /// What is in it at the basis.
    pub here: StandingView,
    /// The same, each amount by its probability.
    pub weighted: Vec<AmountView>,
    /// That ever came to it or past it, or were won; of an active cohort, that were in it.
    pub reached: usize,
    /// Of those that reached it, that reached the next stage; after the last, that were won.
    pub went_on: usize,
    /// That share.
    pub conversion: Option<String>,
    /// That were really in it.
    pub visited: usize,
    /// Of those that were really in it, that were really in a later one, or were won.
    pub left_forward: usize,
    /// That share.
    pub conversion_strict: Option<String>,
    /// Of those that reached it, won.
    pub won: usize,
    /// Of those that reached it, lost.
    pub lost: usize,
    /// Of those that reached it, still open.
    pub open: usize,
    /// Won of won and lost, of those that reached it.
    pub win_rate: Option<String>,
    /// Whether so many are still open that the rate is early.
    pub win_rate_early: bool,
    /// Of those that reached it, that ever went backwards.
    pub went_back: usize,
    /// That share.
    pub regression: Option<String>,
    /// Times it was come into again.
    pub entered_again: usize,
    /// How long a visit takes.
    pub dwell: DwellView,
}

/// How long visits take, in days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DwellView {
    /// Visits that ended.
    pub completed: usize,
    /// Visits that have not.
    pub running: usize,
    /// Of those that ended: half were at most so long.
    pub median: Option<i64>,
    /// Three quarters were at most so long.
    pub p75: Option<i64>,
    /// Nine tenths were at most so long.
    pub p90: Option<i64>,
    /// The median with the running ones counted as far as they are.
    pub median_with_running: Option<i64>,
    /// Of the opportunities that are there no more, all visits together: half were at most so long.
    pub median_together: Option<i64>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<FunnelQuery>,
) -> Result<Json<FunnelAnswer>, ApiError> {
    blocking(move || funnel(&app, query)).await.map(Json)
}

type Groups = BTreeMap<Option<String>, Report>;

fn funnel(app: &App, query: FunnelQuery) -> Result<FunnelAnswer, ApiError> {
    let by = query.by;
    let Prepared { scope, kind, cohort, period } = Prepared::new(app, query)?;
    scope.ask(app, |state, version, pipeline| {
        let ranks = scope.ranks(state, &scope.resolved.basis);
        let count = Count { pipeline, cohort, today: scope.day };
        let parts = state.ask_all(app.views.threads(), |bucket| {
            let tracks = scope.tracks(bucket, &ranks, &scope.resolved.basis);
            let mut apart: BTreeMap<Option<String>, Vec<&Track>> = BTreeMap::new();
            for track in by.iter().flat_map(|_| &tracks) {
                let group = by.and_then(|by| By::from(by).group(bucket, track));
                apart.entry(group).or_default().push(track);
            }
            let groups = apart.into_iter().map(|(group, those)| (group, count.report(those)));
            (count.report(&tracks), groups.filter(|(_, report)| report.counted > 0).collect())
        });
        let (mut all, mut groups) = (count.nothing(), Groups::new());
        for (report, apart) in parts {
            let apart: Groups = apart;
            all.merge(report);
            for (group, report) in apart {
                groups.entry(group).or_insert_with(|| count.nothing()).merge(report);
            }
        }
        let stages = pipeline.stages.iter().zip(&all.stages);
        FunnelAnswer {
            basis: scope.resolved.view.clone(),
            day: scope.day,
            pipeline: scope.pipeline.clone(),
            version,
            cohort: kind,
            from: period.map(|period| period.from),
            to: period.map(|period| period.to),
            stages: stages.map(|(stage, figures)| stage_view(stage, figures)).collect(),
            total: group_view(None, &all),
            by,
            groups: groups
                .iter()
                .map(|(group, report)| group_view(group.clone(), report))
                .collect(),
        }
    })
}

/// A question that has been worked out against a ledger.
pub(super) struct Prepared {
    pub scope: Scope,
    pub kind: CohortKind,
    pub cohort: Cohort,
    /// The period of the cohort; nothing when all are counted.
    pub period: Option<Period>,
}

impl Prepared {
    pub(super) fn new(app: &App, query: FunnelQuery) -> Result<Prepared, ApiError> {
        let basis = BasisQuery { as_of: query.as_of, known_at: query.known_at };
        let scope = Scope {
            owner: query.owner,
            source: query.source,
            product: query.product,
            ..Scope::new(app, query.pipeline, basis)?
        };
        let to = day("to", query.to.as_deref())?.unwrap_or(scope.day);
        let period = day("from", query.from.as_deref())?.map(|from| Period { from, to });
        let kind = query.cohort.unwrap_or_default();
        let cohort = cohort(kind, period)?;
        let period = period.filter(|_| kind != CohortKind::All);
        Ok(Prepared { scope, kind, cohort, period })
    }
}

fn cohort(kind: CohortKind, period: Option<Period>) -> Result<Cohort, ApiError> {
    let cohort = match kind {
        CohortKind::All => return Ok(Cohort::All),
        CohortKind::Created => Cohort::Created,
        CohortKind::Entered => Cohort::Entered,
        CohortKind::Active => Cohort::Active,
        CohortKind::Closed => Cohort::Closed,
    };
    period.map(cohort).ok_or_else(|| {
        let problem = ("a cohort needs the first day of its period", "分组需要期间的第一天");
        let hint = ("add from, a date such as 2026-01-01", "请加上 from，例如 2026-01-01");
        ApiError::malformed("from", problem, hint)
    })
}

fn share(part: usize, whole: usize) -> Option<String> {
    Ratio::percent(part as i128, whole as i128).map(|share| share.to_string())
}

fn group_view(group: Option<String>, report: &Report) -> GroupView {
    let rates = report.win_rate_by_amount().into_iter();
    let rates = rates.map(|(currency, rate)| RateView { currency, percent: rate.to_string() });
    GroupView {
        group,
        counted: report.counted,
        reached: report.stages.iter().map(|stage| stage.reached).collect(),
        open: (&report.open()).into(),
        weighted: hundredth(&report.hundredfold()),
        won: (&report.won).into(),
        lost: (&report.lost).into(),
        win_rate: report.win_rate().map(|rate| rate.to_string()),
        win_rate_by_amount: rates.collect(),
        cycle_days: report.cycle().map(|days| days.to_string()),
    }
}

fn stage_view(stage: &Stage, figures: &StageFigures) -> StageView {
    StageView {
        stage: stage.name.to_string(),
        stage_zh: stage.label_zh.to_string(),
        here: (&figures.here).into(),
        weighted: hundredth(&figures.hundredfold),
        reached: figures.reached,
        went_on: figures.went_on,
        conversion: share(figures.went_on, figures.reached),
        visited: figures.visited,
        left_forward: figures.left_forward,
        conversion_strict: share(figures.left_forward, figures.visited),
        won: figures.won,
        lost: figures.lost,
        open: figures.open,
        win_rate: share(figures.won, figures.won + figures.lost),
        win_rate_early: figures.open * 100 > figures.reached * OPEN_PERCENT_MAX,
        went_back: figures.went_back,
        regression: share(figures.went_back, figures.reached),
        entered_again: figures.entered_again,
        dwell: figures.dwell().into(),
    }
}

impl From<Dwell> for DwellView {
    fn from(dwell: Dwell) -> DwellView {
        DwellView {
            completed: dwell.completed,
            running: dwell.running,
            median: dwell.median,
            p75: dwell.p75,
            p90: dwell.p90,
            median_with_running: dwell.median_with_running,
            median_together: dwell.median_together,
        }
    }
}

impl From<GroupBy> for By {
    fn from(by: GroupBy) -> By {
        match by {
            GroupBy::Owner => By::Owner,
            GroupBy::Source => By::Source,
            GroupBy::Product => By::Product,
            GroupBy::Reason => By::Reason,
            GroupBy::Opened => By::Opened,
            GroupBy::Closed => By::Closed,
        }
    }
}
