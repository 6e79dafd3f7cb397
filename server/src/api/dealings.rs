//! What is going on with a customer, as a part of its page: open opportunities, open complaints,
//! requests and tasks with their deadlines, and what was said to come next.

use daybook_core::decide::BookState;
use daybook_core::id::TaskId;
use daybook_core::time::{Date, Timestamp};
use daybook_projections::dealings::{ComplaintLine, NextStep, TaskLine};
use daybook_projections::profile::{OpportunityLine, Profile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::money::AmountView;

/// The most next steps of one answer: the latest.
pub const STEPS_MAX: usize = 20;

/// What is going on with a customer.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DealingsView {
    /// Open opportunities, in order of id.
    pub opportunities: Vec<OpportunityView>,
    /// Complaints and requests not yet closed, in order of id.
    pub complaints: Vec<ComplaintView>,
    /// Tasks that have not ended, the first due first.
    pub tasks: Vec<OpenTaskView>,
    /// What was said to come next, the latest first; at most 20.
    pub next_steps: Vec<NextStepView>,
}

/// An open opportunity.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OpportunityView {
    /// Its id.
    pub opportunity: String,
    /// The stage it is in.
    pub stage: String,
    /// The stage in Chinese, as its pipeline calls it.
    pub stage_zh: String,
    /// In words.
    pub title: Option<String>,
    /// What is expected.
    pub amount: Option<AmountView>,
    /// The day it is expected to close.
    pub expected_close_on: Option<Date>,
}

/// A complaint or request that is not closed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ComplaintView {
    /// Its id.
    pub complaint: String,
    /// What came in.
    pub kind: String,
    /// What came in, in Chinese.
    pub kind_zh: String,
    /// What it is about.
    pub subject: String,
    /// What it is about, in Chinese.
    pub subject_zh: String,
    /// How bad it is.
    pub severity: String,
    /// How bad it is, in Chinese.
    pub severity_zh: String,
    /// When it came.
    pub received_at: Timestamp,
    /// When the first response is due; absent once it was given.
    pub first_response_due_at: Option<Timestamp>,
    /// When the answer is due; absent once it was given.
    pub resolution_due_at: Option<Timestamp>,
    /// Whether its clock stands.
    pub paused: bool,
    /// For whom it waits while its clock stands.
    pub waiting_for: Option<String>,
    /// What was said, where it may be seen.
    pub said: Option<String>,
}

/// A task that has not ended.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct OpenTaskView {
    /// Its id.
    pub task: String,
    /// When it is to be done by.
    pub due_at: Timestamp,
    /// Who is to do it.
    pub assignee: Option<String>,
    /// What is to be done, where it may be seen.
    pub text: Option<String>,
}

/// What was said to come next.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct NextStepView {
    /// The interaction in which it was said.
    pub interaction: String,
    /// When that was.
    pub at: Timestamp,
    /// What comes next.
    pub step: String,
}

impl DealingsView {
    /// Shows what is going on; the book knows what its stages are called.
    pub fn new(profile: &Profile, book: &BookState) -> DealingsView {
        let opportunity = |(id, line): (&_, &OpportunityLine)| OpportunityView {
            opportunity: ToString::to_string(id),
            stage: line.stage.to_string(),
            stage_zh: stage_zh(line, book),
            title: line.title.as_ref().map(ToString::to_string),
            amount: line.amount.map(AmountView::from),
            expected_close_on: line.expected_close_on,
        };
        let complaints = profile.dealings.open();
        let task = |(id, line): (&TaskId, &TaskLine)| OpenTaskView {
            task: id.to_string(),
            due_at: line.due_at,
            assignee: line.assignee.as_ref().map(ToString::to_string),
            text: line.text.as_ref().map(ToString::to_string),
        };
        let mut tasks: Vec<OpenTaskView> = profile.dealings.tasks().map(task).collect();
        tasks.sort_by_key(|task| task.due_at);
        DealingsView {
            opportunities: profile
                .opportunities_open()
                .map(|(id, line)| opportunity((id, line)))
                .collect(),
            complaints: complaints.map(|(id, line)| complaint(id.to_string(), line)).collect(),
            tasks,
            next_steps: profile.dealings.steps().take(STEPS_MAX).map(next_step).collect(),
        }
    }
}

fn stage_zh(line: &OpportunityLine, book: &BookState) -> String {
    let policy = book.policies.get(&line.pipeline);
    let pipeline = policy.and_then(|policy| policy.pipeline.as_ref());
    let stage =
        pipeline.and_then(|pipeline| pipeline.stages.iter().find(|stage| stage.name == line.stage));
    stage.map_or_else(|| line.stage.to_string(), |stage| stage.label_zh.to_string())
}

fn complaint(id: String, line: &ComplaintLine) -> ComplaintView {
    ComplaintView {
        complaint: id,
        kind: line.kind.as_str().to_owned(),
        kind_zh: line.kind.label_zh().to_owned(),
        subject: line.subject.as_str().to_owned(),
        subject_zh: line.subject.label_zh().to_owned(),
        severity: line.severity.as_str().to_owned(),
        severity_zh: line.severity.label_zh().to_owned(),
        received_at: line.received_at,
        first_response_due_at: line.first_response_due_at,
        resolution_due_at: line.resolution_due_at,
        paused: line.paused,
        waiting_for: line.waiting_for.as_ref().map(ToString::to_string),
        said: line.said.as_ref().map(ToString::to_string),
    }
}

fn next_step(step: &NextStep) -> NextStepView {
    NextStepView {
        interaction: step.interaction.to_string(),
        at: step.at,
        step: step.step.to_string(),
    }
}
