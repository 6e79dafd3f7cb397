//! Tasks: planned, put off, ended.

use clap::Args;
use daybook_core::event::task::{TaskOutcome, TaskPriority};
use serde_json::json;

use super::{Desk, Fact, given, one_of};
use crate::error::CliError;

/// Plan a task
#[derive(Debug, Args)]
pub(super) struct Task {
    /// The customer
    customer: String,
    /// What is to be done
    text: String,
    /// When it is to be done by: `friday`, `tomorrow 3pm`, a date (its end) or an instant
    #[arg(long, value_name = "WHEN")]
    due: String,
    /// Who is to do it; whoever plans it when left out
    #[arg(long = "for", value_name = "ACTOR")]
    assignee: Option<String>,
    /// How much it matters
    #[arg(long, value_parser = one_of!(TaskPriority))]
    priority: Option<String>,
    /// What it is for, such as visit
    #[arg(long, value_name = "WORD")]
    purpose: Option<String>,
    /// The opportunity it is about
    #[arg(long)]
    opportunity: Option<String>,
    /// Its id; the next one when left out
    #[arg(long)]
    id: Option<String>,
}

impl Task {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let about = self.opportunity.as_ref().map(|id| json!({ "opportunity": id }));
        let command = given(json!({
            "command": "plan_task", "task": self.id, "due_at": desk.due(&self.due)?,
            "assignee": self.assignee.as_ref().unwrap_or(&desk.actor),
            "priority": self.priority, "purpose": self.purpose, "about": about,
            "text": { "subject": self.text },
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Give a task another time
#[derive(Debug, Args)]
pub(super) struct Reschedule {
    /// The customer
    customer: String,
    /// The task
    task: String,
    /// When it is to be done by now: `friday`, a date (its end) or an instant
    #[arg(long, value_name = "WHEN")]
    to: String,
}

impl Reschedule {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = json!({
            "command": "reschedule_task", "task": self.task, "to": desk.due(&self.to)?,
        });
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// End a task
#[derive(Debug, Args)]
pub(super) struct Close {
    /// The customer
    customer: String,
    /// The task
    task: String,
    /// What came of it
    text: Option<String>,
    /// How it ended
    #[arg(long, default_value = "done", value_parser = one_of!(TaskOutcome))]
    outcome: String,
}

impl Close {
    pub(super) fn fact(&self) -> Fact {
        let said = self.text.as_ref().map(|text| json!({ "summary": text }));
        let command = given(json!({
            "command": "close_task", "task": self.task, "outcome": self.outcome,
            "correspondence": said,
        }));
        Fact { customer: Some(self.customer.clone()), command }
    }
}
