//! `GET /v1/funnel/period`: what happened in a period, and what was foreseen when it began.

use axum::Json;
use axum::extract::State;
use daybook_core::money::{Currency, Money};
use daybook_core::position::Position;
use daybook_core::time::Date;
use daybook_projections::funnel::{Cohort, Count, Flow, Period};
use daybook_projections::{Amounts, Basis, Ratio};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::stages::RateView;
use super::{Scope, StandingView, day, hundredth};
use crate::App;
use crate::api::basis::{BasisQuery, BasisView};
use crate::api::extract::Params;
use crate::api::money::AmountView;
use crate::api::{ApiError, blocking};

/// Which period is asked about.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct PeriodQuery {
    /// Its first day.
    pub from: String,
    /// Its last day; that of the basis when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The pipeline; `sales` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<String>,
    /// Only opportunities of this owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Only opportunities that came from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Only opportunities about this product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Only what had happened by then; the end of the period when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
}

/// What happened in a period.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PeriodAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The pipeline.
    pub pipeline: String,
    /// The first day.
    pub from: Date,
    /// The last day.
    pub to: Date,
    /// Opened in the period.
    pub opened: StandingView,
    /// Won in the period.
    pub won: StandingView,
    /// Lost in the period.
    pub lost: StandingView,
    /// Won of won and lost, by count.
    pub win_rate: Option<String>,
    /// The same by amount, a currency.
    pub win_rate_by_amount: Vec<RateView>,
    /// The mean of the days from opening to winning, of those won in the period.
    pub cycle_days: Option<String>,
    /// Open at the end.
    pub open: StandingView,
    /// The same, each amount by its probability.
    pub weighted: Vec<AmountView>,
    /// By currency, what the open ones bring a day at the period's pace.
    pub velocity: Vec<PaceView>,
    /// Days of closing that were moved.
    pub slipped: Slipped,
    /// What was foreseen when the period began.
    pub foreseen: Foreseen,
}

/// The pace in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaceView {
    /// Open opportunities times win rate times the mean amount won, over the mean days it takes.
    pub a_day: AmountView,
    /// Open opportunities.
    pub open: usize,
    /// Won in the period.
    pub won: usize,
    /// Lost in the period.
    pub lost: usize,
}

/// Days of closing that were moved in a period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Slipped {
    /// Opportunities expected to close by the end of the period, and now after it.
    pub past_the_end: StandingView,
    /// How often a day of closing was moved to a later one.
    pub pushes: usize,
    /// How often of that of one opportunity, at most.
    pub pushes_most: usize,
}

/// What was foreseen when a period began, as it was known then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Foreseen {
    /// The day before the period, at whose end it is so.
    pub day: Date,
    /// It reflects the events before this position.
    pub position: Position,
    /// Open then.
    pub open: StandingView,
    /// The same, each amount by its probability.
    pub weighted: Vec<AmountView>,
    /// Of these, expected to close by the end of the period.
    pub due: StandingView,
    /// The same, each amount by its probability.
    pub due_weighted: Vec<AmountView>,
    /// What was won in the period, of what was foreseen by probability, in percent.
    pub accuracy: Vec<RateView>,
}

pub(super) async fn read(
    State(app): State<App>,
    Params(query): Params<PeriodQuery>,
) -> Result<Json<PeriodAnswer>, ApiError> {
    blocking(move || in_period(&app, query)).await.map(Json)
}

/// What was open when a period began.
#[derive(Default)]
struct Before {
    open: daybook_projections::funnel::Report,
    due: daybook_projections::funnel::Report,
}

fn in_period(app: &App, query: PeriodQuery) -> Result<PeriodAnswer, ApiError> {
    let from = day("from", Some(&query.from))?.unwrap_or_default();
    let to = day("to", query.to.as_deref())?;
    let as_of = query.as_of.or_else(|| to.map(|to| to.to_string()));
    let basis = BasisQuery { as_of, known_at: query.known_at };
    let scope = Scope {
        owner: query.owner,
        source: query.source,
        product: query.product,
        ..Scope::new(app, query.pipeline, basis)?
    };
    let period = Period { from, to: to.unwrap_or(scope.day) };
    if period.from > period.to {
        let problem = ("the period ends before it begins", "期间的最后一天早于第一天");
        let hint = ("give a from that is not after to", "请让 from 不晚于 to");
        return Err(ApiError::malformed("from", problem, hint));
    }
    let basis = scope.resolved.basis;
    let (zone, eve) = (scope.resolved.zone, from.plus_days(-1));
    // Nobody knew at the start of the period what was recorded later, nor does the basis.
    let known = app.ledger.reader().position_at(eve.end_in(zone))?.min(basis.before);
    let then = Basis { as_of: Some(eve.end_in(zone)), before: known };
    scope.ask(app, |state, _, pipeline| {
        let (now, past) = (scope.ranks(state, &basis), scope.ranks(state, &then));
        let closed = Count { pipeline, cohort: Cohort::Closed(period), today: scope.day };
        let all = Count { cohort: Cohort::All, ..closed };
        let parts = state.ask_all(app.views.threads(), |bucket| {
            let tracks = scope.tracks(bucket, &now, &basis);
            let before = scope.tracks(bucket, &past, &then);
            let due = before.iter().filter(|t| t.close_on().is_some_and(|on| on <= period.to));
            let before = Before { open: all.report(&before), due: all.report(due) };
            let ends = (from.start_in(zone), period.to.end_in(zone));
            let flow = Flow::of(&tracks, period, ends.0, ends.1);
            (flow, closed.report(&tracks), all.report(&tracks), before)
        });
        let mut flow = Flow::default();
        let mut reports = [(); 4].map(|()| all.nothing());
        for (part, ended, standing, before) in parts {
            flow.merge(&part);
            let those = [ended, standing, before.open, before.due];
            reports.iter_mut().zip(those).for_each(|(sum, more)| sum.merge(more));
        }
        let [ended, standing, open, due] = reports;
        let foreseen = Foreseen {
            day: eve,
            position: known,
            open: (&open.open()).into(),
            weighted: hundredth(&open.hundredfold()),
            due: (&due.open()).into(),
            due_weighted: hundredth(&due.hundredfold()),
            accuracy: accuracy(&ended.won.amounts, &open.hundredfold()),
        };
        let rates = ended.win_rate_by_amount().into_iter();
        PeriodAnswer {
            basis: scope.resolved.view.clone(),
            pipeline: scope.pipeline.clone(),
            from,
            to: period.to,
            opened: (&flow.opened).into(),
            won: (&ended.won).into(),
            lost: (&ended.lost).into(),
            win_rate: ended.win_rate().map(|rate| rate.to_string()),
            win_rate_by_amount: rates.map(|(currency, rate)| told(currency, rate)).collect(),
            cycle_days: ended.cycle().map(|days| days.to_string()),
            open: (&standing.open()).into(),
            weighted: hundredth(&standing.hundredfold()),
            velocity: velocity(&flow),
            slipped: Slipped {
                past_the_end: (&flow.slipped).into(),
                pushes: flow.pushes,
                pushes_most: flow.pushes_most,
            },
            foreseen,
        }
    })
}

fn told(currency: Currency, rate: Ratio) -> RateView {
    RateView { currency, percent: rate.to_string() }
}

/// Returns what was won of what was foreseen, which is given a hundredfold.
fn accuracy(won: &Amounts, hundredfold: &Amounts) -> Vec<RateView> {
    let rates = hundredfold.iter().filter_map(|(currency, foreseen)| {
        let rate = Ratio::percent(won.minor(currency) * 100, foreseen)?;
        Some(told(currency, rate))
    });
    rates.collect()
}

fn velocity(flow: &Flow) -> Vec<PaceView> {
    let paces = flow.pace.iter().filter_map(|(currency, pace)| {
        let minor = i64::try_from(pace.velocity()?.hundredths() / 100).unwrap_or(i64::MAX);
        let a_day = Money::new(minor, *currency).into();
        Some(PaceView { a_day, open: pace.open, won: pace.won, lost: pace.lost })
    });
    paces.collect()
}
