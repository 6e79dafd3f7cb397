//! Decisions of the complaint family: E53 to E59.
//!
//! Time limits are worked out once, at intake, and frozen in the event with the version of the
//! policy they came from; a later policy never moves them.

use super::commitment::Commitment;
use super::contract::Contract;
use super::customer::Contact;
use super::task::Task;
use super::working_time::after_working_minutes;
use super::{Context, Decide, Draft, Rejection};
use crate::event::assignment::Holder;
use crate::event::complaint::{
    ClockChange, ComplaintAcknowledged, ComplaintAnswered, ComplaintAssessed,
    ComplaintClockChanged, ComplaintClosed, ComplaintKind, ComplaintReceived, ComplaintReopened,
    Severity,
};
use crate::event::interaction::About;
use crate::event::task::{TaskPlanned, TaskText};
use crate::event::{Body, Envelope, Section};
use crate::id::{ActorId, TaskId};
use crate::time::Timestamp;

/// How a complaint was first responded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstResponse {
    /// Not yet.
    None,
    /// By a machine: the clock runs on.
    Automatic,
    /// By a person.
    Human,
}

/// What decisions know of one complaint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// What came in.
    pub kind: ComplaintKind,
    /// How bad it is, as last judged.
    pub severity: Severity,
    /// The first response.
    pub response: FirstResponse,
    /// Whether the clock stands.
    pub paused: bool,
    /// Whether it is closed.
    pub closed: bool,
    /// When it came.
    pub received_at: Timestamp,
    /// When the clock was last paused or resumed, or the complaint closed or reopened.
    pub changed_at: Timestamp,
    /// Who handled it: responded, answered, or was made responsible.
    pub handlers: Vec<ActorId>,
    /// Who is responsible for it.
    pub responsible: Option<Holder>,
}

impl Complaint {
    fn add_handler(&mut self, handler: &ActorId) {
        if !self.handlers.contains(handler) {
            self.handlers.push(handler.clone());
        }
    }
}

impl Decide for ComplaintReceived {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.complaint.is_empty() {
            self.complaint = super::next_id::<Complaint, _>(state, "complaint", "T")?;
        }
        if self.service_levels_version == 0 {
            let newest = context.book.service_levels();
            self.service_levels_version =
                newest.ok_or(Rejection::PolicyMissing { what: "service levels" })?.0;
        }
        if self.first_response_due_at.is_some() && self.resolution_due_at.is_some() {
            return Ok(());
        }
        let version = self.service_levels_version;
        let levels = context.book.service_levels_at(version).ok_or_else(|| {
            Rejection::PolicyVersionUnknown { policy: "service_levels".into(), version }
        })?;
        let target = levels.targets.iter().find(|target| target.severity == self.severity);
        let target = target
            .ok_or(Rejection::ServiceTargetMissing { severity: self.severity.as_str(), version })?;
        let due =
            |minutes| after_working_minutes(self.received_at, minutes, levels, context.book.zone);
        let response =
            self.first_response_due_at.unwrap_or_else(|| due(target.first_response_minutes));
        let resolution = self.resolution_due_at.unwrap_or_else(|| due(target.resolution_minutes));
        self.first_response_due_at = Some(response);
        self.resolution_due_at = Some(resolution);
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Complaint>(state, "complaint", self.complaint.as_str())?;
        context.refuse_future("the time of receipt", self.received_at)?;
        let version = self.service_levels_version;
        if context.book.service_levels_at(version).is_none() {
            let policy = "service_levels".into();
            return Err(Rejection::PolicyVersionUnknown { policy, version });
        }
        for due in [self.first_response_due_at, self.resolution_due_at].into_iter().flatten() {
            not_before("the time limit", due, self.received_at)?;
        }
        if let Some(contact) = &self.contact {
            super::require::<Contact>(state, "contact", contact.as_str())?;
        }
        if let Some(number) = &self.contract {
            super::require::<Contract>(state, "contract", number.as_str())?;
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let complaint = Complaint {
            kind: self.kind,
            severity: self.severity,
            response: FirstResponse::None,
            paused: false,
            closed: false,
            received_at: self.received_at,
            changed_at: self.received_at,
            handlers: Vec::new(),
            responsible: None,
        };
        state.insert(self.complaint.as_str(), complaint);
    }
}

impl Decide for ComplaintAcknowledged {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.complaint.as_str();
        let complaint = open(context, state, id)?;
        if complaint.response == FirstResponse::Human {
            return Err(Rejection::AlreadyAcknowledged { complaint: id.into() });
        }
        not_before("the first response", self.at, complaint.received_at)?;
        context.refuse_future("the first response", self.at)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            if self.human {
                complaint.response = FirstResponse::Human;
                complaint.add_handler(&self.by);
            } else {
                complaint.response = FirstResponse::Automatic;
            }
        }
    }
}

impl Decide for ComplaintAssessed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        open(context, state, self.complaint.as_str())?;
        super::require_percent("the probability", self.probability_percent)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            complaint.severity = self.severity;
            if let Some(responsible) = &self.responsible {
                complaint.responsible = Some(Holder::user(responsible.clone()));
            }
            for handler in self.responsible.iter().chain(&self.team) {
                complaint.add_handler(handler);
            }
        }
    }
}

impl Decide for ComplaintClockChanged {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.complaint.as_str();
        let complaint = open(context, state, id)?;
        let pauses = self.change == ClockChange::Pause;
        if complaint.paused == pauses {
            let state = if pauses { "paused" } else { "running" };
            return Err(Rejection::ClockUnchanged { complaint: id.into(), state });
        }
        not_before("the change of the clock", self.at, complaint.changed_at)?;
        context.refuse_future("the change of the clock", self.at)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            complaint.paused = self.change == ClockChange::Pause;
            complaint.changed_at = self.at;
        }
    }
}

impl Decide for ComplaintAnswered {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.complaint.as_str();
        let complaint = open(context, state, id)?;
        if complaint.response == FirstResponse::None {
            return Err(Rejection::NotAcknowledged { complaint: id.into() });
        }
        not_before("the answer", self.at, complaint.received_at)?;
        context.refuse_future("the answer", self.at)?;
        if let Some(commitment) = &self.commitment {
            super::require::<Commitment>(state, "commitment", commitment.as_str())?;
        }
        super::refuse_negative("the compensation", self.compensation.as_ref())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            complaint.add_handler(&self.by);
        }
    }
}

impl Decide for ComplaintClosed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let id = self.complaint.as_str();
        let complaint = open(context, state, id)?;
        not_before("the closing", self.at, complaint.changed_at)?;
        context.refuse_future("the closing", self.at)?;
        // With nobody on record the closer would be the first and only handler, too.
        let alone = complaint.handlers.iter().all(|handler| *handler == self.closed_by);
        if complaint.severity == Severity::Severe && alone {
            return Err(Rejection::SoleHandlerCloses { complaint: id.into() });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            complaint.closed = true;
            complaint.changed_at = self.at;
        }
    }

    /// Plans to ask the customer again within a working day whether it is content.
    fn consequences(
        &self,
        context: &Context<'_>,
        state: &Draft<'_>,
    ) -> Result<Vec<Body>, Rejection> {
        let id = self.complaint.as_str();
        let complaint = super::require::<Complaint>(state, "complaint", id)?;
        if complaint.kind != ComplaintKind::Complaint {
            return Ok(Vec::new());
        }
        // Named after the complaint; should it be closed again, the next number.
        let task: TaskId = super::composed("the task's id", &format!("{id}/call-back"))?;
        let task =
            if state.get::<Task>(task.as_str()).is_some() { TaskId::default() } else { task };
        let due_at = match context.book.service_levels() {
            Some((_, levels)) => {
                let day = levels.day_ends_minute.saturating_sub(levels.day_starts_minute);
                after_working_minutes(self.at, u32::from(day), levels, context.book.zone)
            }
            None => Timestamp(self.at.0.saturating_add(86_400_000_000)),
        };
        let about =
            About { opportunity: None, contract: None, complaint: Some(self.complaint.clone()) };
        let subject = format!("call back about complaint {id} / 就投诉 {id} 回访");
        let text =
            TaskText { subject: super::composed("the task's subject", &subject)?, notes: None };
        Ok(vec![Body::from(TaskPlanned {
            task,
            due_at,
            assignee: Some(self.closed_by.clone()),
            priority: None,
            purpose: Some(super::composed("the task's purpose", "return_visit")?),
            about: Some(about),
            recurrence: None,
            origin: Some(super::composed("the task's origin", "complaint.closed")?),
            text: Section::Open(text),
        })])
    }
}

impl Decide for ComplaintReopened {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        context.require_reason("reopening a complaint")?;
        let id = self.complaint.as_str();
        let complaint = super::require::<Complaint>(state, "complaint", id)?;
        if !complaint.closed {
            return Err(Rejection::ComplaintOpen { complaint: id.into() });
        }
        not_before("the reopening", self.at, complaint.changed_at)?;
        context.refuse_future("the reopening", self.at)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(complaint) = state.get_mut::<Complaint>(self.complaint.as_str()) {
            complaint.closed = false;
            complaint.changed_at = self.at;
        }
    }
}

fn open<'s>(
    context: &Context<'_>,
    state: &'s Draft<'_>,
    id: &str,
) -> Result<&'s Complaint, Rejection> {
    context.require_customer(state)?;
    let complaint = super::require::<Complaint>(state, "complaint", id)?;
    if complaint.closed {
        return Err(Rejection::ComplaintClosed { complaint: id.into() });
    }
    Ok(complaint)
}

const fn not_before(
    what: &'static str,
    at: Timestamp,
    earliest: Timestamp,
) -> Result<(), Rejection> {
    if at.0 >= earliest.0 {
        return Ok(());
    }
    Err(Rejection::InstantOrder { what, at, earliest })
}
