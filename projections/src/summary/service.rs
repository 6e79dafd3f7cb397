//! Lines about complaints, requests and surveys.

use daybook_core::event::Section;
use daybook_core::event::complaint::{
    ClockChange, ComplaintAcknowledged, ComplaintAnswered, ComplaintAssessed,
    ComplaintClockChanged, ComplaintClosed, ComplaintReceived, ComplaintReopened,
};
use daybook_core::event::interaction::Correspondence;
use daybook_core::event::survey::SurveyAnswered;
use daybook_core::id::Note;

use super::{Summary, words};

fn said(section: Option<&Section<Correspondence>>) -> Option<String> {
    words(section, |said| said.summary.as_ref().map(Note::to_string))
}

pub(super) fn received(body: &ComplaintReceived) -> Summary {
    let (id, kind, subject) = (&body.complaint, body.kind, body.subject);
    let severity = body.severity;
    Summary::new(
        format!("{kind} {id} about {subject} received, {severity}"),
        format!("受理{} {id}（{}，{}）", kind.label_zh(), subject.label_zh(), severity.label_zh()),
    )
    .saying(said(body.correspondence.as_ref()))
}

pub(super) fn acknowledged(body: &ComplaintAcknowledged) -> Summary {
    let (id, by) = (&body.complaint, &body.by);
    Summary::new(format!("complaint {id} first answered by {by}"), format!("{by} 首次响应 {id}"))
}

pub(super) fn assessed(body: &ComplaintAssessed) -> Summary {
    let (id, severity) = (&body.complaint, body.severity);
    Summary::new(
        format!("complaint {id} judged {severity}"),
        format!("判定 {id}：{}", severity.label_zh()),
    )
}

pub(super) fn clock(body: &ComplaintClockChanged) -> Summary {
    let id = &body.complaint;
    let (en, zh) = match body.change {
        ClockChange::Pause => ("paused", "计时暂停"),
        ClockChange::Resume => ("resumed", "计时恢复"),
    };
    Summary::new(format!("clock of complaint {id} {en}"), format!("{id} {zh}"))
        .and(body.waiting_for.as_ref())
}

pub(super) fn answered(body: &ComplaintAnswered) -> Summary {
    let (id, by) = (&body.complaint, &body.by);
    Summary::new(format!("complaint {id} answered by {by}"), format!("{by} 答复 {id}"))
        .and(body.compensation)
        .saying(said(body.correspondence.as_ref()))
}

pub(super) fn closed(body: &ComplaintClosed) -> Summary {
    let (id, agreement) = (&body.complaint, body.agreement);
    let agrees = agreement.as_str().replace('_', " ");
    Summary::new(
        format!("complaint {id} closed, customer agrees: {agrees}"),
        format!("关闭 {id}，客户{}", agreement.label_zh()),
    )
}

pub(super) fn reopened(body: &ComplaintReopened) -> Summary {
    let id = &body.complaint;
    Summary::new(format!("complaint {id} reopened"), format!("重开 {id}"))
}

pub(super) fn survey(body: &SurveyAnswered) -> Summary {
    let (survey, answers) = (&body.survey, body.answers.len());
    Summary::new(
        format!("survey {survey} answered, {answers} marks"),
        format!("回答调查 {survey}，{answers} 项"),
    )
    .saying(said(body.correspondence.as_ref()))
}
