//! Lines about tasks.

use daybook_core::event::task::{TaskClosed, TaskPlanned, TaskRescheduled};
use daybook_core::id::Note;

use super::{Summary, words};

pub(super) fn planned(body: &TaskPlanned) -> Summary {
    let (task, due) = (&body.task, body.due_at);
    let text = words(Some(&body.text), |text| Some(text.subject.to_string()));
    Summary::new(format!("task {task} planned, due {due}"), format!("安排待办 {task}，期限 {due}"))
        .and(body.assignee.as_ref())
        .saying(text)
}

pub(super) fn rescheduled(body: &TaskRescheduled) -> Summary {
    let (task, to) = (&body.task, body.to);
    Summary::new(format!("task {task} rescheduled to {to}"), format!("待办 {task} 改期至 {to}"))
}

pub(super) fn closed(body: &TaskClosed) -> Summary {
    let (task, outcome) = (&body.task, body.outcome);
    let said =
        words(body.correspondence.as_ref(), |said| said.summary.as_ref().map(Note::to_string));
    Summary::new(format!("task {task} {outcome}"), format!("待办 {task} {}", outcome.label_zh()))
        .saying(said)
}
