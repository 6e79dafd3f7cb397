//! Tasks about a customer: E19, E20, E21.

use super::interaction::{About, Correspondence};
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ActorId, InteractionId, Label, Line, Note, TaskId};
use crate::time::Timestamp;

crate::choice! {
    /// How much a task matters.
    pub enum TaskPriority {
        /// Before everything else.
        High = "high" "高",
        /// As usual.
        Normal = "normal" "中",
        /// When there is time.
        Low = "low" "低",
    }
}

crate::choice! {
    /// How a task ended.
    pub enum TaskOutcome {
        /// It was done.
        Done = "done" "已完成",
        /// It is not needed any more.
        Cancelled = "cancelled" "已取消",
    }
}

crate::record! {
    /// Sealed: what is to be done; it usually names people.
    pub struct TaskText {
        /// In one line.
        pub subject: Line,
        /// More words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub notes: Option<Note>,
    }
}

impl Personal for TaskText {
    const CLASS: Class = Class::Correspondence;
}

crate::record! {
    /// E19: a task is planned.
    pub struct TaskPlanned {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub task: TaskId,
        /// When it is to be done by.
        pub due_at: Timestamp,
        /// Who is to do it.
        pub assignee: Option<ActorId>,
        /// How much it matters.
        pub priority: Option<TaskPriority>,
        /// What it is for, such as a visit or a reminder.
        pub purpose: Option<Label>,
        /// What it is about; left out, the customer as such.
        pub about: Option<About>,
        /// How it repeats: a recurrence rule (RFC 5545, 3.3.10).
        pub recurrence: Option<Line>,
        /// The rule that planned it, when nobody did.
        pub origin: Option<Label>,
        /// What is to be done.
        pub text: Section<TaskText>,
    }
}

crate::record! {
    /// E20: a task is to be done at another time; counts as postponed when the time is later.
    pub struct TaskRescheduled {
        /// The task.
        pub task: TaskId,
        /// When it was to be done; left out, the time known.
        #[serde(default)]
        pub from: Option<Timestamp>,
        /// When it is to be done now.
        pub to: Timestamp,
    }
}

crate::record! {
    /// E21: a task has ended.
    pub struct TaskClosed {
        /// The task.
        pub task: TaskId,
        /// How.
        pub outcome: TaskOutcome,
        /// The interaction it was done in.
        pub interaction: Option<InteractionId>,
        /// What came of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correspondence: Option<Section<Correspondence>>,
    }
}

impl EventBody for TaskPlanned {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        visit(Subject::Customer, &mut self.text)
    }
}

impl EventBody for TaskRescheduled {}

impl EventBody for TaskClosed {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.correspondence {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}
