//! Decisions of the opportunity family: E26, E27, E28, E30, E31, E32.
//!
//! Transitions of one opportunity are in order of their effective time (rule I-32), so that a
//! funnel never sees a stage left before it was entered.

use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::Holder;
use crate::event::book::Pipeline;
use crate::event::opportunity::{
    Forecast, OpportunityForecastRevised, OpportunityLost, OpportunityOpened, OpportunityReopened,
    OpportunityStageChanged, OpportunityWon, StageChange,
};
use crate::id::{PolicyName, StageName};
use crate::time::Timestamp;

/// Whether an opportunity is still pursued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Open,
    /// It was won.
    Won,
    /// It was lost.
    Lost,
}

/// What decisions know of one opportunity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opportunity {
    /// The pipeline it runs under.
    pub pipeline: PolicyName,
    /// The pipeline's version.
    pub pipeline_version: u32,
    /// The current stage, or the last before it was closed.
    pub stage: StageName,
    /// Whether it is open.
    pub standing: Standing,
    /// When it last went from one stage to another, was closed or reopened.
    pub changed_at: Timestamp,
    /// What is expected of it.
    pub forecast: Forecast,
    /// Who pursues it.
    pub owner: Option<Holder>,
}

impl Opportunity {
    fn pipeline_in<'c>(&self, context: &'c Context<'_>) -> Result<&'c Pipeline, Rejection> {
        pipeline(context, &self.pipeline, self.pipeline_version)
    }
}

impl Decide for OpportunityOpened {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.opportunity.is_empty() {
            self.opportunity = super::next_id::<Opportunity, _>(state, "opportunity", "O")?;
        }
        if self.pipeline_version == 0 {
            let newest = context.book.newest(&self.pipeline);
            let newest = newest.ok_or(Rejection::PolicyMissing { what: "pipeline" })?;
            self.pipeline_version = newest.version;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Opportunity>(state, "opportunity", self.opportunity.as_str())?;
        let pipeline = pipeline(context, &self.pipeline, self.pipeline_version)?;
        rank(pipeline, &self.stage, &self.pipeline, self.pipeline_version)?;
        super::require_percent("the probability", self.probability_percent)?;
        super::refuse_negative("the expected amount", self.amount.as_ref())
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        let opportunity = Opportunity {
            pipeline: self.pipeline.clone(),
            pipeline_version: self.pipeline_version,
            stage: self.stage.clone(),
            standing: Standing::Open,
            changed_at: envelope.effective_at,
            forecast: Forecast {
                amount: self.amount,
                probability_percent: self.probability_percent,
                expected_close_on: self.expected_close_on,
                progress_percent: None,
                key: false,
            },
            owner: self.owner.clone().map(Holder::user),
        };
        state.insert(self.opportunity.as_str(), opportunity);
    }
}

impl Decide for OpportunityStageChanged {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let opportunity = known(state, self.opportunity.as_str())?;
        if self.from.is_empty() {
            self.from = opportunity.stage.clone();
        }
        if self.change.is_none() {
            self.change = Some(change_between(context, opportunity, &self.to)?);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.opportunity.as_str();
        let opportunity = open(state, id)?;
        if opportunity.stage != self.from {
            return Err(Rejection::StageStale {
                opportunity: id.into(),
                current: opportunity.stage.clone(),
                from: self.from.clone(),
            });
        }
        if self.from == self.to {
            return Err(Rejection::StageUnchanged {
                opportunity: id.into(),
                stage: self.to.clone(),
            });
        }
        in_order(context, opportunity, id)?;
        let actual = change_between(context, opportunity, &self.to)?;
        let said = self.change.ok_or(Rejection::Missing { what: "the kind of change" })?;
        if said != actual {
            let (said, actual) = (said.as_str(), actual.as_str());
            return Err(Rejection::StageChangeDiffers { said, actual });
        }
        match actual {
            StageChange::Regress => context.require_reason("going back to an earlier stage"),
            _ => Ok(()),
        }
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(opportunity) = state.get_mut::<Opportunity>(self.opportunity.as_str()) {
            opportunity.stage = self.to.clone();
            opportunity.changed_at = envelope.effective_at;
        }
    }
}

impl Decide for OpportunityForecastRevised {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.old.is_none() {
            self.old = Some(known(state, self.opportunity.as_str())?.forecast.clone());
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.opportunity.as_str();
        let opportunity = open(state, id)?;
        if self.old.as_ref() != Some(&opportunity.forecast) {
            return Err(Rejection::ForecastStale { opportunity: id.into() });
        }
        if opportunity.forecast == self.new {
            return Err(Rejection::NothingChanges { what: "the forecast" });
        }
        super::require_percent("the probability", self.new.probability_percent)?;
        super::require_percent("the progress", self.new.progress_percent)?;
        super::refuse_negative("the expected amount", self.new.amount.as_ref())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(opportunity) = state.get_mut::<Opportunity>(self.opportunity.as_str()) {
            opportunity.forecast = self.new.clone();
        }
    }
}

impl Decide for OpportunityWon {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.opportunity.as_str();
        in_order(context, open(state, id)?, id)?;
        context.refuse_future_day("the day of closing", self.closed_on)?;
        super::refuse_negative("the amount won", self.amount.as_ref())
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        close(state, self.opportunity.as_str(), Standing::Won, envelope);
    }
}

impl Decide for OpportunityLost {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let id = self.opportunity.as_str();
        let opportunity = open(state, id)?;
        in_order(context, opportunity, id)?;
        context.refuse_future_day("the day of closing", self.closed_on)?;
        if opportunity.pipeline_in(context)?.lost_reasons.contains(&self.lost_reason) {
            return Ok(());
        }
        Err(Rejection::LostReasonUnknown {
            reason: self.lost_reason.clone(),
            pipeline: opportunity.pipeline.as_str().into(),
            version: opportunity.pipeline_version,
        })
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        close(state, self.opportunity.as_str(), Standing::Lost, envelope);
    }
}

impl Decide for OpportunityReopened {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        context.require_reason("reopening an opportunity")?;
        let id = self.opportunity.as_str();
        let opportunity = known(state, id)?;
        if opportunity.standing == Standing::Open {
            return Err(Rejection::OpportunityOpen { opportunity: id.into() });
        }
        in_order(context, opportunity, id)?;
        let pipeline = opportunity.pipeline_in(context)?;
        let version = opportunity.pipeline_version;
        rank(pipeline, &self.to_stage, &opportunity.pipeline, version).map(|_| ())
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(opportunity) = state.get_mut::<Opportunity>(self.opportunity.as_str()) {
            opportunity.stage = self.to_stage.clone();
            opportunity.standing = Standing::Open;
            opportunity.changed_at = envelope.effective_at;
        }
    }
}

fn close(state: &mut Draft<'_>, id: &str, standing: Standing, envelope: &Envelope) {
    if let Some(opportunity) = state.get_mut::<Opportunity>(id) {
        opportunity.standing = standing;
        opportunity.changed_at = envelope.effective_at;
    }
}

fn known<'s>(state: &'s Draft<'_>, id: &str) -> Result<&'s Opportunity, Rejection> {
    super::require::<Opportunity>(state, "opportunity", id)
}

fn open<'s>(state: &'s Draft<'_>, id: &str) -> Result<&'s Opportunity, Rejection> {
    let opportunity = known(state, id)?;
    match opportunity.standing {
        Standing::Open => Ok(opportunity),
        Standing::Won | Standing::Lost => {
            Err(Rejection::OpportunityClosed { opportunity: id.into() })
        }
    }
}

fn in_order(context: &Context<'_>, opportunity: &Opportunity, id: &str) -> Result<(), Rejection> {
    if context.effective_at >= opportunity.changed_at {
        return Ok(());
    }
    Err(Rejection::TransitionOrder {
        opportunity: id.into(),
        at: context.effective_at,
        last: opportunity.changed_at,
    })
}

fn pipeline<'c>(
    context: &'c Context<'_>,
    policy: &PolicyName,
    version: u32,
) -> Result<&'c Pipeline, Rejection> {
    let policy_text = || policy.as_str().into();
    let pipeline = context.book.pipeline(policy, version);
    pipeline.ok_or_else(|| Rejection::PolicyVersionUnknown { policy: policy_text(), version })
}

/// Returns a stage's place in the pipeline.
fn rank(
    pipeline: &Pipeline,
    stage: &StageName,
    policy: &PolicyName,
    version: u32,
) -> Result<usize, Rejection> {
    let place = pipeline.stages.iter().position(|known| known.name == *stage);
    place.ok_or_else(|| Rejection::StageUnknown {
        stage: stage.clone(),
        pipeline: policy.as_str().into(),
        version,
    })
}

/// Returns how the stage changes on the way from the current one.
fn change_between(
    context: &Context<'_>,
    opportunity: &Opportunity,
    to: &StageName,
) -> Result<StageChange, Rejection> {
    let pipeline = opportunity.pipeline_in(context)?;
    let (policy, version) = (&opportunity.pipeline, opportunity.pipeline_version);
    let from = rank(pipeline, &opportunity.stage, policy, version)?;
    let to = rank(pipeline, to, policy, version)?;
    Ok(if to == from + 1 {
        StageChange::Advance
    } else if to > from {
        StageChange::Skip
    } else {
        StageChange::Regress
    })
}
