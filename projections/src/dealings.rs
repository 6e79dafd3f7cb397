//! What is going on with one customer: complaints, requests and tasks that wait for us, and what
//! was said to come next. Part of the profile.

use std::collections::BTreeMap;

use daybook_core::event::assignment::{AssignedFamily, AssignedRecord, Holder};
use daybook_core::event::complaint::{ClockChange, ComplaintKind, ComplaintSubject, Severity};
use daybook_core::event::interaction::InteractionRecorded;
use daybook_core::event::{Body, Section};
use daybook_core::id::{ActorId, ComplaintId, InteractionId, Label, Line, Note, TaskId};
use daybook_core::time::Timestamp;

/// A complaint or request as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComplaintLine {
    /// What came in.
    pub kind: ComplaintKind,
    /// What it is about.
    pub subject: ComplaintSubject,
    /// How bad it is, as judged last.
    pub severity: Severity,
    /// When it came.
    pub received_at: Timestamp,
    /// When the first response is due; nothing once it was given.
    pub first_response_due_at: Option<Timestamp>,
    /// When the answer is due; nothing once it was given.
    pub resolution_due_at: Option<Timestamp>,
    /// For whom it waits while its clock stands.
    pub waiting_for: Option<Label>,
    /// Whether its clock stands.
    pub paused: bool,
    /// What was said; nothing while it is sealed.
    pub said: Option<Note>,
    /// Whether it is closed.
    pub closed: bool,
}

/// What was said to come next, in an interaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextStep {
    /// The interaction.
    pub interaction: InteractionId,
    /// When it was.
    pub at: Timestamp,
    /// What comes next.
    pub step: Line,
}

/// A task that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLine {
    /// When it is to be done by.
    pub due_at: Timestamp,
    /// Who is to do it.
    pub assignee: Option<ActorId>,
    /// What is to be done; nothing while it is sealed.
    pub text: Option<Line>,
}

/// Complaints, tasks and next steps of one customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dealings {
    tasks: BTreeMap<TaskId, TaskLine>,
    complaints: BTreeMap<ComplaintId, ComplaintLine>,
    steps: Vec<NextStep>,
}

impl Dealings {
    /// Returns the complaints and requests that are not closed, in order of id.
    pub fn open(&self) -> impl Iterator<Item = (&ComplaintId, &ComplaintLine)> {
        self.complaints.iter().filter(|(_, line)| !line.closed)
    }

    /// Returns the tasks that have not ended, in order of id.
    pub fn tasks(&self) -> impl Iterator<Item = (&TaskId, &TaskLine)> {
        self.tasks.iter()
    }

    /// Returns what was said to come next, the latest first.
    pub fn steps(&self) -> impl Iterator<Item = &NextStep> {
        self.steps.iter().rev()
    }

    /// Takes in the next event.
    pub(crate) fn take(&mut self, body: &Body) {
        match body {
            Body::InteractionRecorded(interaction) => self.take_interaction(interaction),
            Body::InteractionVoided(voided) => {
                self.steps.retain(|step| step.interaction != voided.interaction);
            }
            Body::TaskPlanned(planned) => {
                let line = TaskLine {
                    due_at: planned.due_at,
                    assignee: planned.assignee.clone(),
                    text: planned.text.open().map(|text| text.subject.clone()),
                };
                self.tasks.insert(planned.task.clone(), line);
            }
            Body::TaskRescheduled(rescheduled) => {
                if let Some(task) = self.tasks.get_mut(&rescheduled.task) {
                    task.due_at = rescheduled.to;
                }
            }
            Body::RecordAssigned(assigned) => {
                for record in std::iter::once(&assigned.record).chain(&assigned.moved) {
                    self.assign(record, &assigned.to);
                }
            }
            Body::TaskClosed(closed) => {
                self.tasks.remove(&closed.task);
            }
            Body::ComplaintReceived(received) => {
                let said = received.correspondence.as_ref().and_then(Section::open);
                let line = ComplaintLine {
                    kind: received.kind,
                    subject: received.subject,
                    severity: received.severity,
                    received_at: received.received_at,
                    first_response_due_at: received.first_response_due_at,
                    resolution_due_at: received.resolution_due_at,
                    waiting_for: None,
                    paused: false,
                    said: said.and_then(|said| said.summary.clone()),
                    closed: false,
                };
                self.complaints.insert(received.complaint.clone(), line);
            }
            Body::ComplaintAcknowledged(done) if done.human => {
                self.change(&done.complaint, |line| line.first_response_due_at = None);
            }
            Body::ComplaintAssessed(judged) => {
                self.change(&judged.complaint, |line| line.severity = judged.severity);
            }
            Body::ComplaintClockChanged(clock) => self.change(&clock.complaint, |line| {
                line.paused = clock.change == ClockChange::Pause;
                line.waiting_for = clock.waiting_for.clone().filter(|_| line.paused);
            }),
            Body::ComplaintAnswered(done) => self.change(&done.complaint, |line| {
                (line.first_response_due_at, line.resolution_due_at) = (None, None);
            }),
            Body::ComplaintClosed(closed) => {
                self.change(&closed.complaint, |line| line.closed = true);
            }
            Body::ComplaintReopened(reopened) => {
                self.change(&reopened.complaint, |line| line.closed = false);
            }
            _ => {}
        }
    }

    fn assign(&mut self, record: &AssignedRecord, to: &Holder) {
        let tasks = record.family == AssignedFamily::Task;
        let id = record.id.as_ref().filter(|_| tasks).and_then(|id| TaskId::new(id.as_str()).ok());
        if let Some(task) = id.and_then(|id| self.tasks.get_mut(&id)) {
            task.assignee = to.as_user().cloned();
        }
    }

    fn take_interaction(&mut self, interaction: &InteractionRecorded) {
        let said = interaction.correspondence.as_ref().and_then(Section::open);
        if let Some(step) = said.and_then(|said| said.next_step.clone()) {
            self.steps.push(NextStep {
                interaction: interaction.interaction.clone(),
                at: interaction.started_at,
                step,
            });
        }
    }

    fn change(&mut self, id: &ComplaintId, change: impl FnOnce(&mut ComplaintLine)) {
        if let Some(line) = self.complaints.get_mut(id) {
            change(line);
        }
    }
}
