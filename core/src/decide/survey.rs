//! Decisions of the survey family: E60.

use super::customer::Contact;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::book::IndicatorTree;
use crate::event::survey::{Answer, SurveyAnswered};

/// What decisions know of one invitation: that it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {}

impl Decide for SurveyAnswered {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.invitation.is_empty() {
            self.invitation = super::next_id::<Survey, _>(state, "survey invitation", "SV")?;
        }
        if self.indicators_version == 0 {
            let newest = context.book.indicators();
            self.indicators_version =
                newest.ok_or(Rejection::PolicyMissing { what: "indicators" })?.0;
        }
        let tree = self.tree(context)?;
        for answer in self.answers.iter_mut().filter(|answer| answer.weight == 0) {
            let indicator = tree.indicators.iter().find(|i| i.name == answer.indicator);
            answer.weight = indicator.map_or(0, |indicator| indicator.weight);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let invitation = self.invitation.as_str();
        if state.get::<Survey>(invitation).is_some() {
            return Err(Rejection::InvitationAnswered { invitation: invitation.into() });
        }
        let tree = self.tree(context)?;
        if let Some(contact) = &self.respondent {
            super::require::<Contact>(state, "contact", contact.as_str())?;
        }
        if self.answers.is_empty() {
            return Err(Rejection::Missing { what: "the answers" });
        }
        super::refuse_repeated("indicator", self.answers.iter().map(|a| a.indicator.as_str()))?;
        self.answers.iter().try_for_each(|answer| self.check_answer(answer, tree))
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.invitation.as_str(), Survey {});
    }
}

impl SurveyAnswered {
    fn tree<'c>(&self, context: &'c Context<'_>) -> Result<&'c IndicatorTree, Rejection> {
        let version = self.indicators_version;
        let unknown = || Rejection::PolicyVersionUnknown { policy: "indicators".into(), version };
        context.book.indicators_at(version).ok_or_else(unknown)
    }

    fn check_answer(&self, answer: &Answer, tree: &IndicatorTree) -> Result<(), Rejection> {
        if !tree.indicators.iter().any(|indicator| indicator.name == answer.indicator) {
            return Err(Rejection::IndicatorUnknown {
                indicator: answer.indicator.clone(),
                version: self.indicators_version,
            });
        }
        for mark in [answer.expectation, Some(answer.perception)].into_iter().flatten() {
            if !(tree.scale_min..=tree.scale_max).contains(&mark) {
                let indicator = answer.indicator.clone();
                let (min, max) = (tree.scale_min, tree.scale_max);
                return Err(Rejection::MarkBeyondScale { indicator, mark, min, max });
            }
        }
        Ok(())
    }
}
