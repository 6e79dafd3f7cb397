//! Calendars out: open tasks and the visits that took place, as iCalendar 2.0.
//!
//! Invariant: what is given out depends on the log alone, times of stamping included, so that giving it
//! out again changes nothing; each entry's `UID` is `CUSTOMER/ID@BOOK` for ever.

use std::collections::BTreeMap;

use calcard::common::PartialDateTime;
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarComponentType, ICalendarProperty, ICalendarStatus,
    ICalendarValue,
};
use daybook_core::event::interaction::InteractionChannel;
use daybook_core::event::task::{TaskPlanned, TaskPriority};
use daybook_core::event::{Body, Event, Kind, StreamId};
use daybook_core::id::{CustomerCode, EventId};
use daybook_core::ledger::Reader;
use daybook_core::ledger::read::Query;
use daybook_core::proof::Hash;
use daybook_core::time::Timestamp;

use super::CalendarError;
use super::plan::VISIT;
use crate::App;

const PRODUCT: &str = "-//Daybook//Daybook//EN";

/// The kinds of event that are looked at.
const KINDS: [Kind; 6] = [
    Kind::TaskPlanned,
    Kind::TaskRescheduled,
    Kind::TaskClosed,
    Kind::InteractionRecorded,
    Kind::InteractionVoided,
    Kind::EventVoided,
];

/// An open task or a visit on its way out.
struct Given {
    event: Event,
    hash: Hash,
    /// When a task is to be done by now.
    due_at: Option<Timestamp>,
}

/// Returns the open tasks and, from `since` on, the visits of one customer or of all.
///
/// # Errors
/// [`CalendarError`].
pub fn give_out(
    app: &App,
    customer: Option<&CustomerCode>,
    since: Option<Timestamp>,
) -> Result<String, CalendarError> {
    let reader = app.ledger.reader();
    let book = reader.book()?.book;
    let mut entries = Vec::new();
    for ((customer, id), given) in standing(reader, customer, since)? {
        let uid = format!("{customer}/{id}@{book}");
        let opened = reader.open_sections(given.event, given.hash)?.event;
        let mut component = match &opened.body {
            Body::TaskPlanned(task) => planned(task, given.due_at.unwrap_or(task.due_at)),
            Body::InteractionRecorded(visit) => {
                let mut component = ICalendarComponent::new(ICalendarComponentType::VEvent);
                component.add_property(ICalendarProperty::Dtstart, at(visit.started_at));
                if let Some(end) = visit.ended_at {
                    component.add_property(ICalendarProperty::Dtend, at(end));
                }
                let said = visit.correspondence.as_ref().and_then(|section| section.open());
                let summary = said.and_then(|said| said.summary.as_ref());
                let place = said.and_then(|said| said.place.as_ref());
                text(
                    &mut component,
                    place.map(|place| place.as_str()),
                    summary.map(|s| s.as_str()),
                );
                component
            }
            _ => continue,
        };
        component.add_uid(&uid);
        component.add_dtstamp(moment(opened.envelope.recorded_at));
        // Whose it is, for whoever looks at it in a calendar.
        component.add_property(ICalendarProperty::Contact, customer.to_string());
        entries.push(component);
    }
    let mut root = ICalendarComponent::new(ICalendarComponentType::VCalendar);
    root.add_property(ICalendarProperty::Version, "2.0".to_owned());
    root.add_property(ICalendarProperty::Prodid, PRODUCT.to_owned());
    root.component_ids = (1..=entries.len() as u32).collect();
    let mut components = vec![root];
    components.append(&mut entries);
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = ICalendar { components }.write_to(&mut out);
    Ok(out)
}

/// Folds the log to what stands, in order of customer and id.
fn standing(
    reader: &Reader,
    customer: Option<&CustomerCode>,
    since: Option<Timestamp>,
) -> Result<BTreeMap<(CustomerCode, String), Given>, CalendarError> {
    let mut events = Vec::new();
    let (mut voided, before) = (Vec::<EventId>::new(), reader.head().next);
    for kind in KINDS {
        let stream = customer.map(|customer| StreamId::Customer(customer.clone()));
        let query = Query { stream, kind: Some(kind), before: Some(before), ..Query::default() };
        for found in reader.events(query) {
            let (event, hash) = found?;
            match &event.body {
                Body::EventVoided(body) => voided.push(body.event),
                Body::InteractionRecorded(body) => {
                    let visits = [InteractionChannel::VisitOut, InteractionChannel::VisitIn];
                    let recent = since.is_none_or(|since| body.started_at >= since);
                    if visits.contains(&body.channel) && recent {
                        events.push((event, hash));
                    }
                }
                _ => events.push((event, hash)),
            }
        }
    }
    voided.sort_unstable();
    events.retain(|(event, _)| voided.binary_search(&event.envelope.event_id).is_err());
    events.sort_by_key(|(event, _)| event.envelope.position);
    let mut standing = BTreeMap::new();
    for (event, hash) in events {
        let Some(customer) = event.envelope.stream.customer().cloned() else { continue };
        match &event.body {
            Body::TaskPlanned(body) => {
                let place = (customer, body.task.to_string());
                standing.insert(place, Given { event, hash, due_at: None });
            }
            Body::TaskRescheduled(body) => {
                let place = (customer, body.task.to_string());
                if let Some(given) = standing.get_mut(&place) {
                    given.due_at = Some(body.to);
                }
            }
            Body::TaskClosed(body) => {
                standing.remove(&(customer, body.task.to_string()));
            }
            Body::InteractionRecorded(body) => {
                let place = (customer, body.interaction.to_string());
                standing.insert(place, Given { event, hash, due_at: None });
            }
            Body::InteractionVoided(body) => {
                standing.remove(&(customer, body.interaction.to_string()));
            }
            _ => {}
        }
    }
    Ok(standing)
}

fn planned(task: &TaskPlanned, due_at: Timestamp) -> ICalendarComponent {
    let visit = task.purpose.as_ref().is_some_and(|purpose| purpose.as_str() == VISIT);
    let mut component = if visit {
        let mut component = ICalendarComponent::new(ICalendarComponentType::VEvent);
        component.add_property(ICalendarProperty::Dtstart, at(due_at));
        component
    } else {
        let mut component = ICalendarComponent::new(ICalendarComponentType::VTodo);
        component.add_property(ICalendarProperty::Due, at(due_at));
        let waits = ICalendarValue::Status(ICalendarStatus::NeedsAction);
        component.add_property(ICalendarProperty::Status, waits);
        if let Some(priority) = task.priority {
            let priority: i64 = match priority {
                TaskPriority::High => 1,
                TaskPriority::Normal => 5,
                TaskPriority::Low => 9,
            };
            component.add_property(ICalendarProperty::Priority, priority);
        }
        component
    };
    if let Some(said) = task.text.open() {
        component.add_property(ICalendarProperty::Summary, said.subject.to_string());
        if let Some(notes) = &said.notes {
            component.add_property(ICalendarProperty::Description, notes.to_string());
        }
    }
    component
}

/// Writes what was said of a visit: its first line is the title.
fn text(component: &mut ICalendarComponent, place: Option<&str>, said: Option<&str>) {
    if let Some(place) = place {
        component.add_property(ICalendarProperty::Location, place.to_owned());
    }
    let (title, more) =
        said.map_or((VISIT, ""), |said| said.split_once('\n').unwrap_or((said, "")));
    component.add_property(ICalendarProperty::Summary, title.to_owned());
    if !more.is_empty() {
        component.add_property(ICalendarProperty::Description, more.to_owned());
    }
}

fn moment(at: Timestamp) -> PartialDateTime {
    PartialDateTime::from_utc_timestamp(at.to_chrono().timestamp())
}

fn at(at: Timestamp) -> ICalendarValue {
    moment(at).into()
}
