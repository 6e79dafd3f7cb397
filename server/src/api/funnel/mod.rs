//! `GET /v1/funnel...`: where opportunities stand, how far they came and how long it takes, which ones a
//! figure counts, what is stuck, and what happened in a period, at any basis.
//!
//! Every answer comes out of the columns of the funnel view; the log is not replayed.

mod list;
mod period;
mod stages;
mod stuck;

pub use list::{ListAnswer, ListFigure, ListQuery, OpportunityLine};
pub use period::{Foreseen, PaceView, PeriodAnswer, PeriodQuery, Slipped};
pub use stages::{
    CohortKind, DwellView, FunnelAnswer, FunnelQuery, GroupBy, GroupView, RateView, StageView,
};
pub use stuck::{StuckAnswer, StuckQuery, StuckView};

use daybook_core::event::book::Pipeline;
use daybook_core::money::Money;
use daybook_core::time::Date;
use daybook_projections::engine::{Bucket, Place, State};
use daybook_projections::funnel::{Ranks, Standing, Track, tracks};
use daybook_projections::{Amounts, Basis, View};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::basis::{BasisQuery, Resolved};
use super::money::{AmountView, amounts};
use super::route::{Routes, get};
use crate::App;

/// The pipeline asked about when none is named.
const USUAL_PIPELINE: &str = "sales";

pub(super) fn routes() -> Routes {
    Routes::of(
        "funnel",
        [
            get("/funnel", "Show the funnel", stages::read),
            get("/funnel/opportunities", "List what a figure counts", list::read),
            get("/funnel/period", "Show what happened in a period", period::read),
            get("/funnel/stuck", "List what stays too long in its stage", stuck::read),
        ],
    )
}

/// How many, and what they are expected to bring or brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StandingView {
    /// How many.
    pub count: usize,
    /// Their amounts, by currency.
    pub amounts: Vec<AmountView>,
}

impl From<&Standing> for StandingView {
    fn from(standing: &Standing) -> StandingView {
        StandingView { count: standing.count, amounts: amounts(&standing.amounts) }
    }
}

/// Which opportunities, at which basis.
struct Scope {
    pipeline: String,
    owner: Option<String>,
    source: Option<String>,
    product: Option<String>,
    resolved: Resolved,
    day: Date,
}

impl Scope {
    fn new(app: &App, pipeline: Option<String>, basis: BasisQuery) -> Result<Scope, ApiError> {
        let resolved = basis.resolve(app.ledger.reader())?;
        let instant = resolved.basis.as_of.unwrap_or_else(|| app.clock.now());
        Ok(Scope {
            pipeline: pipeline.unwrap_or_else(|| USUAL_PIPELINE.to_owned()),
            owner: None,
            source: None,
            product: None,
            day: instant.date_in(resolved.zone),
            resolved,
        })
    }

    /// Asks the view, once it is brought up to the log, with the pipeline as it is at the basis.
    fn ask<T>(
        &self,
        app: &App,
        question: impl FnOnce(&State, u32, &Pipeline) -> T,
    ) -> Result<T, ApiError> {
        let before = self.resolved.basis.before;
        let asked = |state: &State| {
            let versions = state.policies().pipelines(&self.resolved.basis);
            let newest = versions.filter(|(known, ..)| *known == self.pipeline).last();
            newest.map(|(_, version, pipeline)| question(state, version, pipeline))
        };
        let answer = app.views.ask_at_least(app.ledger.reader(), View::Funnel, before, asked)?;
        answer.ok_or_else(|| {
            let hint = (
                "see the policies published: `daybook log --kind policy_version.published`",
                "查看已发布的规则：`daybook log --kind policy_version.published`",
            );
            ApiError::missing(("pipeline", "销售流程"), &self.pipeline, hint)
        })
    }

    /// Returns the ways of a bucket's opportunities that are asked for, at a basis.
    fn tracks(&self, bucket: &Bucket, ranks: &Ranks<'_>, basis: &Basis) -> Vec<Track> {
        let mut found = tracks(bucket, ranks, basis);
        let is = |wanted: &Option<String>, place: Place| {
            wanted.as_ref().is_none_or(|wanted| bucket.text(place) == wanted)
        };
        found.retain(|track| {
            is(&self.owner, track.owner)
                && is(&self.source, track.source)
                && is(&self.product, track.product)
        });
        found
    }

    /// Returns the ranks of the pipeline's stages at a basis.
    fn ranks<'s>(&'s self, state: &'s State, basis: &Basis) -> Ranks<'s> {
        Ranks::of(state.policies(), &self.pipeline, basis)
    }
}

/// Reads a day of a question.
fn day(field: &str, text: Option<&str>) -> Result<Option<Date>, ApiError> {
    let parsed = text.map(|text| text.trim().parse::<Date>()).transpose();
    parsed.map_err(|error| {
        let text = text.unwrap_or_default();
        let problem = (error.to_string(), format!("{text:?} 不是 2026-03-31 这样的日期"));
        let hint = ("write a date such as 2026-03-31", "请写 2026-03-31 这样的日期");
        ApiError::malformed(field, problem, hint)
    })
}

/// Cuts amounts times percents down to amounts.
fn hundredth(sums: &Amounts) -> Vec<AmountView> {
    let told = sums.iter().filter_map(|(currency, sum)| {
        let minor = i64::try_from(sum / 100).unwrap_or(i64::MAX);
        (minor != 0).then(|| AmountView::from(Money::new(minor, currency)))
    });
    told.collect()
}
