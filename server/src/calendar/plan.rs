//! What follows from an appointment at a customer: pure, over what stands there.

use daybook_core::decide::{Command, Request};
use daybook_core::event::Section;
use daybook_core::event::interaction::{
    Correspondence, Direction, InteractionChannel, InteractionRecorded,
};
use daybook_core::event::task::{TaskClosed, TaskOutcome, TaskPlanned, TaskRescheduled, TaskText};
use daybook_core::id::{
    ActorId, ContactId, CustomerCode, InteractionId, Label, Line, Note, TaskId, TextError,
};
use daybook_core::ledger::Unit;
use daybook_core::position::ExpectedVersion;
use daybook_core::time::Timestamp;

use super::Became;
use super::entry::{Appointment, Kind, Status};
use super::known::{Known, Planned};
use crate::mail::fitted;

/// What a planned visit is for.
pub(super) const VISIT: &str = "visit";

/// Where an appointment belongs.
pub(super) struct At<'a> {
    pub customer: &'a CustomerCode,
    /// The id of its task and of its interaction.
    pub id: &'a str,
    pub contacts: &'a [ContactId],
    /// Who is to do what is planned.
    pub assignee: &'a ActorId,
    pub now: Timestamp,
}

/// Decides what becomes of an appointment and notes it as standing.
///
/// # Errors
/// Never: texts are cut to what fits.
pub(super) fn plan(
    appointment: &Appointment,
    at: &At<'_>,
    known: &mut Known,
) -> Result<(Became, Unit), TextError> {
    let task = known.tasks.get(at.id).copied();
    let recorded = known.interactions.contains(at.id);
    let waits = task.is_some_and(|task| task.open);
    let over = appointment.end.unwrap_or(appointment.start) <= at.now;
    let (became, unit) = match (appointment.kind, appointment.status) {
        _ if recorded => (Became::Known, vec![]),
        (_, Status::Cancelled) if waits => {
            (Became::Closed, vec![close(at, TaskOutcome::Cancelled, None)?])
        }
        (_, Status::Cancelled) if task.is_none() => (Became::LeftOut, vec![]),
        (Kind::Visit, Status::Open | Status::Done) if over && (waits || task.is_none()) => {
            known.interactions.insert(at.id.to_owned());
            let mut unit = vec![visit(appointment, at)?];
            if waits {
                unit.push(close(at, TaskOutcome::Done, Some(InteractionId::new(at.id)?))?);
            }
            (Became::Recorded, unit)
        }
        (Kind::Task, Status::Done) if waits => {
            (Became::Closed, vec![close(at, TaskOutcome::Done, None)?])
        }
        (Kind::Task, Status::Done) if task.is_none() => {
            (Became::Closed, vec![planned(appointment, at)?, close(at, TaskOutcome::Done, None)?])
        }
        _ if task.is_none() => (Became::Planned, vec![planned(appointment, at)?]),
        _ if waits && task.is_some_and(|task| !same_second(task.due_at, appointment.start)) => {
            let (task, to) = (TaskId::new(at.id)?, appointment.start);
            let moved = TaskRescheduled { task, from: None, to };
            (Became::Moved, vec![request(at, None, moved)])
        }
        _ => (Became::Known, vec![]),
    };
    match became {
        Became::Planned | Became::Moved => {
            let planned = Planned { due_at: appointment.start, open: true };
            known.tasks.insert(at.id.to_owned(), planned);
        }
        Became::Closed | Became::Recorded => {
            let due_at = appointment.start;
            let task = known.tasks.entry(at.id.to_owned());
            task.or_insert(Planned { due_at, open: false }).open = false;
        }
        Became::Known | Became::LeftOut | Became::Refused => {}
    }
    Ok((became, unit))
}

/// Calendars know whole seconds only.
const fn same_second(one: Timestamp, other: Timestamp) -> bool {
    one.0.div_euclid(1_000_000) == other.0.div_euclid(1_000_000)
}

fn request(at: &At<'_>, effective_at: Option<Timestamp>, command: impl Into<Command>) -> Request {
    Request {
        customer: Some(at.customer.clone()),
        effective_at,
        expected_version: ExpectedVersion::Any,
        idempotency_key: None,
        reason: None,
        corrects: None,
        command: command.into(),
    }
}

fn close(
    at: &At<'_>,
    outcome: TaskOutcome,
    interaction: Option<InteractionId>,
) -> Result<Request, TextError> {
    let task = TaskId::new(at.id)?;
    Ok(request(at, None, TaskClosed { task, outcome, interaction, correspondence: None }))
}

fn planned(appointment: &Appointment, at: &At<'_>) -> Result<Request, TextError> {
    let visit = appointment.kind == Kind::Visit;
    let subject =
        fitted(appointment.summary.as_deref().unwrap_or_default(), Line::SIZE_BYTES_MAX, false);
    let notes = [&appointment.place, &appointment.description].into_iter().flatten();
    let notes = notes.map(String::as_str).collect::<Vec<_>>().join("\n");
    let text = TaskText {
        subject: Line::new(subject.as_deref().unwrap_or(if visit { VISIT } else { "?" }))?,
        notes: note(&notes)?,
    };
    let recurrence = appointment.recurrence.as_deref();
    let recurrence = recurrence.and_then(|rule| fitted(rule, Line::SIZE_BYTES_MAX, false));
    let task = TaskPlanned {
        task: TaskId::new(at.id)?,
        due_at: appointment.start,
        assignee: Some(at.assignee.clone()),
        priority: appointment.priority,
        purpose: visit.then(|| Label::new(VISIT)).transpose()?,
        about: None,
        recurrence: recurrence.map(Line::new).transpose()?,
        origin: None,
        text: Section::Open(text),
    };
    Ok(request(at, None, task))
}

fn visit(appointment: &Appointment, at: &At<'_>) -> Result<Request, TextError> {
    let said = [&appointment.summary, &appointment.description].into_iter().flatten();
    let said = said.map(String::as_str).collect::<Vec<_>>().join("\n");
    let place = appointment.place.as_deref();
    let place = place.and_then(|place| fitted(place, Line::SIZE_BYTES_MAX, false));
    let correspondence = Correspondence {
        summary: note(&said)?,
        place: place.map(Line::new).transpose()?,
        next_step: None,
    };
    let visit = InteractionRecorded {
        interaction: InteractionId::new(at.id)?,
        channel: InteractionChannel::VisitOut,
        direction: Direction::Out,
        started_at: appointment.start,
        ended_at: appointment.end,
        contacts: at.contacts.to_vec(),
        unknown_caller: at.contacts.is_empty(),
        staff: Vec::new(),
        about: None,
        verdict: None,
        kind: None,
        cost: None,
        correspondence: Some(Section::Open(correspondence)),
        mail: None,
    };
    Ok(request(at, Some(appointment.start), visit))
}

fn note(text: &str) -> Result<Option<Note>, TextError> {
    fitted(text, 4000, true).map(Note::new).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-10T00:00:00Z";

    /// An appointment seen again and again: what became of it each time, and of how many requests.
    fn check(seen: &[(Kind, Status, &str)], expected: &[(Became, usize)]) {
        let customer = CustomerCode::new("ACME").expect("a code");
        let assignee = ActorId::new("U-01").expect("an id");
        let now = NOW.parse().expect("an instant");
        let id = "CAL-1";
        let at = At { customer: &customer, id, contacts: &[], assignee: &assignee, now };
        let mut known = Known::default();
        let became: Vec<(Became, usize)> = seen
            .iter()
            .map(|(kind, status, start)| {
                let appointment = Appointment {
                    number: 1,
                    kind: *kind,
                    uid: Some("1".to_owned()),
                    occurrence: None,
                    start: start.parse().expect("an instant"),
                    end: None,
                    status: *status,
                    summary: None,
                    description: None,
                    place: None,
                    parties: Vec::new(),
                    priority: None,
                    recurrence: None,
                };
                let (became, unit) = plan(&appointment, &at, &mut known).expect("planned");
                (became, unit.len())
            })
            .collect();
        assert_eq!(became, expected, "{seen:?}");
    }

    #[test]
    fn what_follows_depends_on_what_stands_there() {
        use Became::{Closed, Known, LeftOut, Moved, Planned, Recorded};
        use Kind::{Task, Visit};
        use Status::{Cancelled, Done, Open};
        let (past, soon, later) =
            ("2026-01-09T00:00:00Z", "2026-01-11T00:00:00Z", "2026-01-12T00:00:00Z");
        check(&[(Visit, Open, past), (Visit, Open, past)], &[(Recorded, 1), (Known, 0)]);
        check(
            &[(Visit, Open, soon), (Visit, Open, soon), (Visit, Open, later), (Visit, Open, past)],
            &[(Planned, 1), (Known, 0), (Moved, 1), (Recorded, 2)],
        );
        check(
            &[(Visit, Open, soon), (Visit, Cancelled, soon), (Visit, Open, soon)],
            &[(Planned, 1), (Closed, 1), (Known, 0)],
        );
        check(&[(Visit, Cancelled, past), (Visit, Cancelled, soon)], &[(LeftOut, 0), (LeftOut, 0)]);
        // What took place is not unsaid by taking the entry back.
        check(&[(Visit, Open, past), (Visit, Cancelled, past)], &[(Recorded, 1), (Known, 0)]);
        check(&[(Task, Open, past), (Task, Done, past)], &[(Planned, 1), (Closed, 1)]);
        check(&[(Task, Done, past), (Task, Open, soon)], &[(Closed, 2), (Known, 0)]);
        check(&[(Task, Cancelled, soon)], &[(LeftOut, 0)]);
    }
}
