//! Decisions about merges: E12, E13 (I-12, I-18 to I-21).
//!
//! Invariant: a merge links two streams and changes nothing in them. The survivor's state lists the
//! facts recorded since, and a reversal is refused until each of them has an owner. What goes to the
//! merged customer is then voided in the one stream and decided anew in the other, so that each
//! stream's state is what its own history gives.

use super::rejection::Dependents;
use super::{Context, Counterpart, Decide, Draft, Rejection};
use crate::event::merge::{CustomersMerged, MergeReversed, MergeSide};
use crate::event::{Body, Envelope, Event, Kind, StreamId};
use crate::id::{CustomerCode, EventId};
use crate::position::Position;

/// A merge as its survivor knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merge {
    /// Who was merged.
    pub merged: CustomerCode,
    /// The facts recorded with the survivor since, in order.
    pub facts: Vec<Fact>,
}

/// A fact recorded since a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The event.
    pub event: EventId,
    /// Where it stands.
    pub position: Position,
    /// The stored number of its kind.
    pub kind_tag: u16,
}

/// Refuses a new matter of a customer that was merged away: it is recorded with the survivor. What
/// concerns matters that are there already goes on where they are (I-19, I-20).
pub(crate) fn refuse_merged_away(body: &Body, state: &Draft<'_>) -> Result<(), Rejection> {
    let Some(survivor) = &state.profile().merged_into else { return Ok(()) };
    let begins = matches!(
        body.kind(),
        Kind::CustomerDetailsChanged
            | Kind::ContactAdded
            | Kind::InteractionRecorded
            | Kind::TaskPlanned
            | Kind::OpportunityOpened
            | Kind::QuoteIssued
            | Kind::ContractSigned
            | Kind::ComplaintReceived
            | Kind::SurveyAnswered
            | Kind::RecordAssigned
    );
    if begins { Err(Rejection::CustomerMerged { survivor: survivor.clone() }) } else { Ok(()) }
}

/// Notes a fact with the merges its customer survived.
pub(crate) fn note_fact(event: &Event, state: &mut Draft<'_>) {
    let kind = event.body.kind();
    let no_fact = matches!(kind, Kind::EventVoided | Kind::CustomersMerged | Kind::MergeReversed);
    if no_fact || state.profile().merges.is_empty() {
        return;
    }
    let Envelope { event_id, position, .. } = event.envelope;
    let fact = Fact { event: event_id, position, kind_tag: kind.tag() };
    for merge in &mut state.profile_mut().merges {
        merge.facts.push(fact.clone());
    }
}

impl Decide for CustomersMerged {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.side != Some(MergeSide::Survivor) {
            self.side = Some(MergeSide::Merged);
            self.ids_from = state.highest_count();
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        context.refuse_future("the effective time", context.effective_at)?;
        if self.merged == self.survivor {
            return Err(Rejection::MergedIntoItself { customer: self.survivor.clone() });
        }
        if let Some(survivor) = &state.profile().merged_into {
            return Err(Rejection::AlreadyMerged { survivor: survivor.clone() });
        }
        super::refuse_repeated("detail", self.fields_taken.iter().map(|field| field.as_str()))
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if self.side == Some(MergeSide::Survivor) {
            state.raise_counts(self.ids_from);
            let merge = Merge { merged: self.merged.clone(), facts: Vec::new() };
            state.profile_mut().merges.push(merge);
        } else {
            state.profile_mut().merged_into = Some(self.survivor.clone());
        }
    }

    fn counterpart(&self, stream: &StreamId, _state: &Draft<'_>) -> Counterpart {
        if self.side == Some(MergeSide::Survivor) {
            return Ok(None);
        }
        if stream.customer() != Some(&self.merged) {
            return Err(Rejection::NotOfTheMerge { customer: self.merged.clone() });
        }
        let body = CustomersMerged { side: Some(MergeSide::Survivor), ..self.clone() };
        Ok(Some((StreamId::Customer(self.survivor.clone()), Body::from(body))))
    }
}

impl Decide for MergeReversed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        context.require_reason("undoing a merge")?;
        let profile = state.profile();
        let unknown = || Rejection::MergeUnknown { merged: self.merged.clone() };
        if self.side == MergeSide::Merged {
            return match &profile.merged_into {
                Some(survivor) if *survivor == self.survivor => Ok(()),
                _ => Err(unknown()),
            };
        }
        let merge = profile.merges.iter().find(|merge| merge.merged == self.merged);
        let merge = merge.ok_or_else(unknown)?;
        super::refuse_repeated("fact", self.facts.iter().map(|fact| fact.event))?;
        let foreign = |to: &CustomerCode| *to != self.survivor && *to != self.merged;
        if let Some(fact) = self.facts.iter().find(|fact| foreign(&fact.to)) {
            return Err(Rejection::NotOfTheMerge { customer: fact.to.clone() });
        }
        let mut left = Dependents::default();
        for fact in &merge.facts {
            if !self.facts.iter().any(|one| one.event == fact.event) {
                let kind = Kind::from_tag(fact.kind_tag).unwrap_or(Kind::CustomersMerged);
                left.push(kind, fact.position);
            }
        }
        if left.count > 0 { Err(Rejection::OwnerMissing { facts: left }) } else { Ok(()) }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let profile = state.profile_mut();
        match self.side {
            MergeSide::Survivor => profile.merges.retain(|merge| merge.merged != self.merged),
            MergeSide::Merged => profile.merged_into = None,
        }
    }

    fn counterpart(&self, stream: &StreamId, _state: &Draft<'_>) -> Counterpart {
        if self.side == MergeSide::Merged {
            return Ok(None);
        }
        if stream.customer() != Some(&self.survivor) {
            return Err(Rejection::NotOfTheMerge { customer: self.survivor.clone() });
        }
        let body = MergeReversed { side: MergeSide::Merged, ..self.clone() };
        Ok(Some((StreamId::Customer(self.merged.clone()), Body::from(body))))
    }
}
