//! What is still to be done, what was put off, and what was done. Nothing here is drawn: the same
//! few customers have the same tasks under every seed.

use daybook_core::event::Section;
use daybook_core::event::task::{
    TaskClosed, TaskOutcome, TaskPlanned, TaskPriority, TaskRescheduled, TaskText,
};
use daybook_core::id::TaskId;
use daybook_core::time::Date;

use super::activity::said;
use super::calendar::{Moment, at, day};
use super::pen::{Party, Pen, Told, text, user};

/// How a task goes on after it was planned.
enum End {
    Done(Date, &'static str),
    Cancelled(Date),
    Open,
}

/// One task: customer, id, planned, due, put off to, end, what is to be done.
type Card = (&'static str, &'static str, Date, Date, Option<Date>, End, &'static str);

const CARDS: [Card; 8] = [
    (
        "C-1001",
        "K-1001-DRAWING",
        day(2025, 3, 17),
        day(2025, 3, 21),
        None,
        End::Done(day(2025, 3, 20), "图纸已寄出,客户确认收到"),
        "把修改后的夹具图纸寄给客户",
    ),
    (
        "C-1003",
        "K-1003-QUOTE",
        day(2025, 5, 6),
        day(2025, 5, 12),
        Some(day(2025, 5, 16)),
        End::Done(day(2025, 5, 15), "含税报价已发"),
        "准备二期项目报价",
    ),
    (
        "C-1008",
        "K-1008-VISIT",
        day(2025, 8, 18),
        day(2025, 8, 22),
        None,
        End::Done(day(2025, 8, 22), "上门致歉,客户表示理解"),
        "投诉之后上门回访",
    ),
    (
        "C-1011",
        "K-1011-DUNNING",
        day(2025, 6, 9),
        day(2025, 6, 20),
        Some(day(2025, 7, 11)),
        End::Open,
        "催收五月底到期的款项",
    ),
    (
        "C-1019",
        "K-1019-FAIR",
        day(2025, 9, 1),
        day(2025, 9, 15),
        None,
        End::Cancelled(day(2025, 9, 10)),
        "Invite them to our stand at the fair",
    ),
    (
        "C-1020",
        "K-1020-SPARES",
        day(2025, 10, 13),
        day(2025, 10, 24),
        Some(day(2025, 11, 7)),
        End::Done(day(2025, 11, 6), "List sent, order expected in January"),
        "Send the list of spare parts for the winter stop",
    ),
    (
        "C-1021",
        "K-1021-CALIBRATION",
        day(2025, 11, 17),
        day(2026, 2, 16),
        None,
        End::Open,
        "Offer the yearly calibration",
    ),
    (
        "C-1002",
        "K-1002-BIRTHDAY",
        day(2025, 12, 1),
        day(2026, 3, 8),
        None,
        End::Open,
        "生日问候,去年收到蛋糕很高兴",
    ),
];

/// Tells the tasks of the year.
pub(super) fn plan(pen: &mut Pen, parties: &[Party]) -> Told {
    for card in &CARDS {
        let Some(party) = parties.iter().find(|party| party.code.as_str() == card.0) else {
            continue;
        };
        one(pen, party, card)?;
    }
    Ok(())
}

fn one(pen: &mut Pen, party: &Party, card: &Card) -> Told {
    let (_, id, planned, due, moved, end, what) = card;
    let task: TaskId = text(id)?;
    let yearly = id.ends_with("BIRTHDAY");
    let event = TaskPlanned {
        task: task.clone(),
        due_at: at(*due, 17 * 60),
        assignee: Some(user(party.owner)?),
        priority: Some(if moved.is_some() { TaskPriority::High } else { TaskPriority::Normal }),
        purpose: yearly.then(|| text("birthday")).transpose()?,
        about: None,
        recurrence: yearly.then(|| text("FREQ=YEARLY")).transpose()?,
        origin: None,
        text: Section::Open(TaskText { subject: text(what)?, notes: None }),
    };
    pen.tell(Moment::on(*planned, 9 * 60 + 15), party.owner, party, event)?;
    if let Some(to) = moved {
        let event = TaskRescheduled { task: task.clone(), from: None, to: at(*to, 17 * 60) };
        let moment = Moment::on(*due, 16 * 60 + 40);
        pen.tell_why(moment, party.owner, party, "客户要求延后 / asked to wait", event)?;
    }
    let (on, outcome, words) = match end {
        End::Done(on, words) => (*on, TaskOutcome::Done, Some(*words)),
        End::Cancelled(on) => (*on, TaskOutcome::Cancelled, None),
        End::Open => return Ok(()),
    };
    let correspondence = words.map(said).transpose()?.flatten();
    let event = TaskClosed { task, outcome, interaction: None, correspondence };
    pen.tell(Moment::on(on, 15 * 60 + 30), party.owner, party, event)
}
