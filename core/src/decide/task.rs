//! Decisions of the task family: E19 to E21.

use super::interaction::{Interaction, check_about};
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::Holder;
use crate::event::task::{TaskClosed, TaskPlanned, TaskRescheduled};
use crate::time::Timestamp;

/// What decisions know of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// When it is to be done by.
    pub due_at: Timestamp,
    /// Whether it has ended.
    pub closed: bool,
    /// Who is to do it.
    pub assignee: Option<Holder>,
}

impl Decide for TaskPlanned {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.task.is_empty() {
            self.task = super::next_id::<Task, _>(state, "task", "K")?;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Task>(state, "task", self.task.as_str())?;
        self.about.as_ref().map_or(Ok(()), |about| check_about(about, state))
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let assignee = self.assignee.clone().map(Holder::user);
        let task = Task { due_at: self.due_at, closed: false, assignee };
        state.insert(self.task.as_str(), task);
    }
}

impl Decide for TaskRescheduled {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.from.is_none() {
            self.from = Some(super::require::<Task>(state, "task", self.task.as_str())?.due_at);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let task = open(context, state, self.task.as_str())?;
        let (id, due_at) = (self.task.as_str(), task.due_at);
        if let Some(from) = self.from
            && from != due_at
        {
            return Err(Rejection::TaskStale { task: id.into(), due_at, from });
        }
        if self.to == due_at {
            return Err(Rejection::TaskUnmoved { task: id.into(), due_at });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(task) = state.get_mut::<Task>(self.task.as_str()) {
            task.due_at = self.to;
        }
    }
}

impl Decide for TaskClosed {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        open(context, state, self.task.as_str())?;
        match &self.interaction {
            Some(id) => {
                super::require::<Interaction>(state, "interaction", id.as_str()).map(|_| ())
            }
            None => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(task) = state.get_mut::<Task>(self.task.as_str()) {
            task.closed = true;
        }
    }
}

/// Returns a task that has not ended (I-26).
fn open<'s>(context: &Context<'_>, state: &'s Draft<'_>, id: &str) -> Result<&'s Task, Rejection> {
    context.require_customer(state)?;
    let task = super::require::<Task>(state, "task", id)?;
    if task.closed { Err(Rejection::TaskClosed { task: id.into() }) } else { Ok(task) }
}
