//! What the entries of a calendar say: visits and tasks at moments, repetitions written out.

use std::collections::BTreeMap;

use calcard::common::PartialDateTime;
use calcard::common::timezone::Tz;
use calcard::icalendar::dates::{CalendarErrorType, TimeOrDelta};
use calcard::icalendar::{
    ICalendar, ICalendarComponent, ICalendarEntry, ICalendarParameter, ICalendarParameterName,
    ICalendarProperty, ICalendarStatus, ICalendarValue,
};
use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use daybook_core::event::task::TaskPriority;
use daybook_core::time::Timestamp;

use super::file::{File, Raw};
use crate::text::Text;

/// The most occurrences that all repetitions of one file are written out to.
const OCCURRENCES_MAX: usize = 50_000;

/// What kind of entry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `VEVENT`.
    Visit,
    /// `VTODO`.
    Task,
}

/// How far it has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Open,
    Done,
    Cancelled,
}

/// One entry, or one occurrence of one that repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Appointment {
    /// The place of its entry in the file, from 1.
    pub number: u64,
    pub kind: Kind,
    pub uid: Option<String>,
    /// Which occurrence it is: when it was first meant to be.
    pub occurrence: Option<Timestamp>,
    /// When it begins; of a task, when it is to be done by.
    pub start: Timestamp,
    pub end: Option<Timestamp>,
    pub status: Status,
    pub summary: Option<String>,
    pub description: Option<String>,
    pub place: Option<String>,
    /// The addresses of whoever takes part.
    pub parties: Vec<String>,
    pub priority: Option<TaskPriority>,
    /// The rule by which a task repeats.
    pub recurrence: Option<String>,
}

/// Why an entry cannot be used: its place, a code, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub number: u64,
    pub code: &'static str,
    pub reason: Text,
}

/// Returns every appointment between two moments, in the order of the file and of time. Times without a
/// zone are meant in `zone`.
pub(super) fn appointments(
    file: &File,
    zone: chrono_tz::Tz,
    window: (Option<Timestamp>, Timestamp),
) -> Vec<Result<Appointment, Unread>> {
    let mut found = Vec::new();
    let mut series: BTreeMap<String, Vec<(&Raw, &ICalendarComponent)>> = BTreeMap::new();
    for raw in &file.entries {
        let component = match &raw.component {
            Ok(component) => component,
            Err(reason) => {
                found.push(Err(unread(raw.number, "entry_broken", reason.clone())));
                continue;
            }
        };
        if let Err(refused) = zones_known(raw.number, component, file) {
            found.push(Err(refused));
        } else if component.component_type.is_todo() {
            found.push(task(raw, component, file, zone));
        } else {
            // Entries without a UID belong to nothing else.
            let uid = component.uid().map_or_else(|| format!("\0{}", raw.number), str::to_owned);
            series.entry(uid).or_default().push((raw, component));
        }
    }
    let mut left = OCCURRENCES_MAX;
    for entries in series.values() {
        visits(entries, file, zone, window, &mut left, &mut found);
    }
    found.retain(|read| {
        read.as_ref().map_or(true, |appointment| {
            window.0.is_none_or(|since| appointment.end.unwrap_or(appointment.start) >= since)
        })
    });
    found.sort_by_key(|read| match read {
        Ok(appointment) => (appointment.number, Some(appointment.start)),
        Err(unread) => (unread.number, None),
    });
    found
}

fn unread(number: u64, code: &'static str, reason: impl Into<Text>) -> Unread {
    Unread { number, code, reason: reason.into() }
}

/// A time in a zone nobody knows is not guessed at.
fn zones_known(number: u64, component: &ICalendarComponent, file: &File) -> Result<(), Unread> {
    let defined: Vec<&str> =
        file.zones.iter().filter_map(|zone| zone.timezone()).map(|(name, _)| name).collect();
    for zone in component.entries.iter().filter_map(ICalendarEntry::tz_id) {
        if !defined.contains(&zone) && zone.parse::<Tz>().is_err() {
            let shown: String = zone.chars().take(60).collect();
            let en = format!("the time zone {shown:?} is not known");
            let reason = (en, format!("不认识时区 {shown:?}"));
            return Err(unread(number, "zone_unknown", reason));
        }
    }
    Ok(())
}

/// Writes out the occurrences of the entries of one `UID`.
fn visits(
    entries: &[(&Raw, &ICalendarComponent)],
    file: &File,
    zone: chrono_tz::Tz,
    (since, until): (Option<Timestamp>, Timestamp),
    left: &mut usize,
    found: &mut Vec<Result<Appointment, Unread>>,
) {
    let zones = file.zones.len() as u32;
    let mut calendar = ICalendar { components: file.zones.clone() };
    let bounded: Vec<ICalendarComponent> = {
        let resolver = calendar.build_tz_resolver().with_default(zone);
        let zone_of = |name: Option<&str>| resolver.resolve_or_default(name);
        entries.iter().map(|(_, component)| bounded(component, &zone_of, until)).collect()
    };
    calendar.components.extend(bounded);
    let entry = |id: u32| entries.get(id.checked_sub(zones)? as usize).copied();
    let expanded = calendar.expand_dates(zone, *left);
    for error in expanded.errors {
        let Some((raw, _)) = entry(error.comp_id) else { continue };
        let (code, reason) = match error.error {
            CalendarErrorType::MissingDtStart => {
                ("start_missing", ("it does not say when it begins", "没有写明何时开始"))
            }
            CalendarErrorType::RRule(_) => {
                ("rule_unreadable", ("its rule of repetition is wrong", "重复规则有误"))
            }
            _ => ("time_unreadable", ("its times cannot be read", "时间无法读取")),
        };
        found.push(Err(unread(raw.number, code, reason)));
    }
    let repeats = entries.iter().any(|(_, component)| component.is_recurrent_or_override());
    let resolver = calendar.build_tz_resolver().with_default(zone);
    *left = left.saturating_sub(expanded.events.len());
    if *left == 0
        && let Some((raw, _)) = entries.first()
    {
        let reason = (
            format!("the file repeats more than {OCCURRENCES_MAX} times; give --since"),
            format!("文件中的重复超过 {OCCURRENCES_MAX} 次；请给出 --since"),
        );
        found.push(Err(unread(raw.number, "repeats_too_often", reason)));
    }
    for event in expanded.events {
        let Some((raw, component)) = entry(event.comp_id) else { continue };
        let start = stamp(&event.start);
        if start > until || since.is_some_and(|since| repeats && start < since) {
            continue;
        }
        let end = match event.end {
            TimeOrDelta::Time(end) => stamp(&end),
            TimeOrDelta::Delta(length) => stamp(&(event.start + length)),
        };
        let ends = [ICalendarProperty::Dtend, ICalendarProperty::Duration];
        let ends = end > start && ends.iter().any(|property| component.has_property(property));
        let end = match (ends, is_day(component, &ICalendarProperty::Dtstart)) {
            (true, _) => Some(end),
            (false, true) => Some(stamp(&(event.start + TimeDelta::days(1)))),
            (false, false) => None,
        };
        let first_meant = component.property(&ICalendarProperty::RecurrenceId).and_then(|entry| {
            let at = entry.values.first()?.as_partial_date_time()?;
            at.to_date_time_with_tz(resolver.resolve_or_default(entry.tz_id()))
        });
        let occurrence = first_meant.map(|at| stamp(&at)).or(repeats.then_some(start));
        found.push(Ok(Appointment {
            end,
            occurrence,
            recurrence: None,
            ..said(raw, component, Kind::Visit, start)
        }));
    }
}

/// Returns an entry whose repetition ends with the window. A rule's end is written in universal time
/// and meant in the zone of the start, where the occurrences are counted out, and a start in universal
/// time says so by its zone; exceptions belong to a series whatever revision each of them is.
fn bounded(
    component: &ICalendarComponent,
    zone_of: &dyn Fn(Option<&str>) -> Tz,
    until: Timestamp,
) -> ICalendarComponent {
    let mut bounded = component.clone();
    bounded.entries.retain(|entry| entry.name != ICalendarProperty::Sequence);
    let Some(start) = component.property(&ICalendarProperty::Dtstart) else { return bounded };
    let Some(first) = start.values.first().and_then(|value| value.as_partial_date_time()) else {
        return bounded;
    };
    let is_fixed = first.to_date_time().is_some_and(|at| at.tz().is_some());
    let zone = if is_fixed { Tz::UTC } else { zone_of(start.tz_id()) };
    let local = |at: DateTime<Tz>| at.with_timezone(&zone).naive_local().and_utc().timestamp();
    let first = first.to_date_time_with_tz(zone).map(local);
    let last = local(until.to_chrono().with_timezone(&zone));
    if is_fixed && let Some(start) = bounded.property_mut(&ICalendarProperty::Dtstart) {
        start.values = first
            .map(|first| PartialDateTime::from_naive_timestamp(first).into())
            .into_iter()
            .collect();
        start.params.push(ICalendarParameter::tzid("UTC".to_owned()));
    }
    let Some(rule) = bounded.property_mut(&ICalendarProperty::Rrule) else { return bounded };
    let Some(ICalendarValue::RecurrenceRule(rule)) = rule.values.first_mut() else {
        return bounded;
    };
    let said = rule.until.as_ref().and_then(|at| at.to_date_time_with_tz(zone)).map(local);
    let day = rule.until.as_ref().is_some_and(|at| !at.has_time());
    let said = said.map(|said| if day { said + 86_399 } else { said });
    // One that begins later than the window ends has no occurrence in it, which is no mistake.
    let end = said.unwrap_or(last).min(last).max(first.unwrap_or(last));
    let wrong = said.zip(first).is_some_and(|(said, first)| said < first);
    if rule.count.is_none() || said.is_some() {
        let end = if wrong { said.unwrap_or(end) } else { end };
        rule.until = Some(PartialDateTime::from_naive_timestamp(end));
    }
    bounded
}

fn task(
    raw: &Raw,
    component: &ICalendarComponent,
    file: &File,
    zone: chrono_tz::Tz,
) -> Result<Appointment, Unread> {
    let calendar = ICalendar { components: file.zones.clone() };
    let resolver = calendar.build_tz_resolver().with_default(zone);
    let moment = |property: ICalendarProperty| {
        let entry = component.property(&property)?;
        let written = entry.values.first()?.as_partial_date_time()?;
        let zone = resolver.resolve_or_default(entry.tz_id());
        let at = written.to_date_time_with_tz(zone)?;
        if is_day(component, &property) {
            // The end of that day: a second before the next one begins.
            let next = written.to_date_time()?.date_time + TimeDelta::days(1);
            return Some(zone.from_local_datetime(&next).earliest()? - TimeDelta::seconds(1));
        }
        Some(at)
    };
    let length = component.property(&ICalendarProperty::Duration).and_then(|entry| {
        match entry.values.first()? {
            ICalendarValue::Duration(length) => length.to_time_delta(),
            _ => None,
        }
    });
    let due = moment(ICalendarProperty::Due).or_else(|| {
        let start = moment(ICalendarProperty::Dtstart)?;
        Some(length.map_or(start, |length| start + length))
    });
    let done = moment(ICalendarProperty::Completed);
    let Some(due) = due.or(done) else {
        let reason = ("the task does not say when it is to be done by", "任务没有写明期限");
        return Err(unread(raw.number, "due_missing", reason));
    };
    let rule = component.property(&ICalendarProperty::Rrule);
    let rule = rule.and_then(|entry| match entry.values.first()? {
        ICalendarValue::RecurrenceRule(rule) => Some(rule.to_string()),
        _ => None,
    });
    let mut appointment = said(raw, component, Kind::Task, stamp(&due));
    appointment.recurrence = rule;
    if done.is_some() && appointment.status == Status::Open {
        appointment.status = Status::Done;
    }
    Ok(appointment)
}

fn is_day(component: &ICalendarComponent, property: &ICalendarProperty) -> bool {
    let value = component.property(property).and_then(|entry| entry.values.first());
    value.and_then(|value| value.as_partial_date_time()).is_some_and(|at| !at.has_time())
}

fn stamp(at: &DateTime<Tz>) -> Timestamp {
    Timestamp::from_chrono(at.with_timezone(&Utc))
}

/// What an entry says besides its times.
fn said(raw: &Raw, component: &ICalendarComponent, kind: Kind, start: Timestamp) -> Appointment {
    let text = |property| {
        let value = component.property(&property)?.values.first()?.as_text()?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    };
    let status = match component.status() {
        _ if raw.taken_back => Status::Cancelled,
        Some(ICalendarStatus::Cancelled) => Status::Cancelled,
        Some(ICalendarStatus::Completed) => Status::Done,
        _ => Status::Open,
    };
    let priority = component.property(&ICalendarProperty::Priority);
    let priority = priority.and_then(|entry| entry.values.first()?.as_integer());
    let addressed = [ICalendarProperty::Organizer, ICalendarProperty::Attendee];
    let parties = component.entries.iter().filter(|entry| addressed.contains(&entry.name));
    let parties = parties.flat_map(|entry| {
        let named = entry.parameter(&ICalendarParameterName::Email);
        let named = named.and_then(|value| value.as_text());
        [named, entry.calendar_address()].into_iter().flatten().map(str::to_owned)
    });
    Appointment {
        number: raw.number,
        kind,
        uid: component.uid().map(str::to_owned),
        occurrence: None,
        start,
        end: None,
        status,
        summary: text(ICalendarProperty::Summary),
        description: text(ICalendarProperty::Description),
        place: text(ICalendarProperty::Location),
        parties: parties.collect(),
        priority: priority.and_then(|priority| match priority {
            1..=4 => Some(TaskPriority::High),
            5 => Some(TaskPriority::Normal),
            6..=9 => Some(TaskPriority::Low),
            _ => None,
        }),
        recurrence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    /// Reads entries in the zone of Shanghai, from 2026 until the end of 2026-03.
    fn check(entries: &str, expected: &[&str]) {
        let file = format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", entries.replace('\n', "\r\n"));
        let file = super::super::file::read(file.as_bytes());
        let window = (Some(at("2026-01-01T00:00:00Z")), at("2026-03-31T00:00:00Z"));
        let found = appointments(&file, chrono_tz::Asia::Shanghai, window);
        let shown = found.iter().map(|read| match read {
            Err(unread) => format!("{} {}", unread.number, unread.code),
            Ok(found) => {
                let end = found.end.map(|end| format!(" to {end}")).unwrap_or_default();
                let of = found.occurrence.map(|at| format!(" of {at}")).unwrap_or_default();
                let (number, kind, status) = (found.number, found.kind, found.status);
                format!("{number} {kind:?} {status:?} {}{end}{of}", found.start)
            }
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn times_are_read_in_their_zones() {
        check(
            "BEGIN:VEVENT\nUID:1\nDTSTART:20260105T010000Z\nDTEND:20260105T020000Z\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:2\nDTSTART;TZID=Europe/Berlin:20260105T090000\nDURATION:PT90M\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:3\nDTSTART:20260105T090000\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:4\nDTSTART;VALUE=DATE:20260105\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:5\nDTSTART;VALUE=DATE:20260105\nDTEND;VALUE=DATE:20260107\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:6\nDTSTART;TZID=China Standard Time:20260105T090000\nEND:VEVENT\n\
            BEGIN:VTIMEZONE\nTZID:Ours\nX-LIC-LOCATION:Asia/Tokyo\nBEGIN:STANDARD\nDTSTART:19700101T000000\n\
            TZOFFSETFROM:+0900\nTZOFFSETTO:+0900\nEND:STANDARD\nEND:VTIMEZONE\n\
            BEGIN:VEVENT\nUID:7\nDTSTART;TZID=Ours:20260105T090000\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:8\nDTSTART;TZID=Nowhere/At All:20260105T090000\nEND:VEVENT\n",
            &[
                "1 Visit Open 2026-01-05T01:00:00Z to 2026-01-05T02:00:00Z",
                "2 Visit Open 2026-01-05T08:00:00Z to 2026-01-05T09:30:00Z",
                "3 Visit Open 2026-01-05T01:00:00Z",
                "4 Visit Open 2026-01-04T16:00:00Z to 2026-01-05T16:00:00Z",
                "5 Visit Open 2026-01-04T16:00:00Z to 2026-01-06T16:00:00Z",
                "6 Visit Open 2026-01-05T01:00:00Z",
                "7 Visit Open 2026-01-05T00:00:00Z",
                "8 zone_unknown",
            ],
        );
    }

    #[test]
    fn repetitions_are_written_out_with_their_exceptions() {
        check(
            "BEGIN:VEVENT\nUID:w\nSEQUENCE:4\nDTSTART;TZID=Asia/Shanghai:20251229T090000\n\
            DTEND;TZID=Asia/Shanghai:20251229T100000\nRRULE:FREQ=WEEKLY;COUNT=5\n\
            EXDATE;TZID=Asia/Shanghai:20260112T090000\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:w\nSEQUENCE:5\nRECURRENCE-ID;TZID=Asia/Shanghai:20260119T090000\n\
            DTSTART;TZID=Asia/Shanghai:20260120T140000\nDTEND;TZID=Asia/Shanghai:20260120T150000\n\
            END:VEVENT\n\
            BEGIN:VEVENT\nUID:w\nRECURRENCE-ID;TZID=Asia/Shanghai:20260126T090000\nSTATUS:CANCELLED\n\
            DTSTART;TZID=Asia/Shanghai:20260126T090000\nEND:VEVENT\n",
            &[
                "1 Visit Open 2026-01-05T01:00:00Z to 2026-01-05T02:00:00Z of 2026-01-05T01:00:00Z",
                "2 Visit Open 2026-01-20T06:00:00Z to 2026-01-20T07:00:00Z of 2026-01-19T01:00:00Z",
                "3 Visit Cancelled 2026-01-26T01:00:00Z of 2026-01-26T01:00:00Z",
            ],
        );
        // Without an end, up to the end of the window; across the change of the clocks.
        check(
            "BEGIN:VEVENT\nUID:m\nDTSTART;TZID=Europe/Berlin:20260228T090000\n\
            RRULE:FREQ=DAILY;INTERVAL=29\nEND:VEVENT\n",
            &[
                "1 Visit Open 2026-02-28T08:00:00Z of 2026-02-28T08:00:00Z",
                "1 Visit Open 2026-03-29T07:00:00Z of 2026-03-29T07:00:00Z",
            ],
        );
    }

    #[test]
    fn repetitions_from_universal_time_stay_there() {
        check(
            "BEGIN:VEVENT\nUID:z\nDTSTART:20260105T010000Z\nDTEND:20260105T020000Z\n\
            RRULE:FREQ=WEEKLY;COUNT=3\nEXDATE:20260112T010000Z\nEND:VEVENT\n",
            &[
                "1 Visit Open 2026-01-05T01:00:00Z to 2026-01-05T02:00:00Z of 2026-01-05T01:00:00Z",
                "1 Visit Open 2026-01-19T01:00:00Z to 2026-01-19T02:00:00Z of 2026-01-19T01:00:00Z",
            ],
        );
    }

    #[test]
    fn a_rule_ends_when_it_says_in_the_zone_of_its_start() {
        // 09:00 in Shanghai is 01:00 in universal time: the last one is the 12th.
        check(
            "BEGIN:VEVENT\nUID:u\nDTSTART;TZID=Asia/Shanghai:20260105T090000\n\
            RRULE:FREQ=WEEKLY;UNTIL=20260112T010000Z\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:d\nDTSTART;VALUE=DATE:20260105\n\
            RRULE:FREQ=DAILY;UNTIL=20260106\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:later\nDTSTART:20270105T010000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:wrong\nDTSTART:20260105T010000Z\n\
            RRULE:FREQ=DAILY;UNTIL=20260101T000000Z\nEND:VEVENT\n",
            &[
                "1 Visit Open 2026-01-05T01:00:00Z of 2026-01-05T01:00:00Z",
                "1 Visit Open 2026-01-12T01:00:00Z of 2026-01-12T01:00:00Z",
                "2 Visit Open 2026-01-04T16:00:00Z to 2026-01-05T16:00:00Z of 2026-01-04T16:00:00Z",
                "2 Visit Open 2026-01-05T16:00:00Z to 2026-01-06T16:00:00Z of 2026-01-05T16:00:00Z",
                "4 rule_unreadable",
            ],
        );
    }

    #[test]
    fn tasks_are_due_when_they_say() {
        check(
            "BEGIN:VTODO\nUID:1\nDUE:20260105T010000Z\nEND:VTODO\n\
            BEGIN:VTODO\nUID:2\nDUE;VALUE=DATE:20260105\nSTATUS:COMPLETED\nEND:VTODO\n\
            BEGIN:VTODO\nUID:3\nDTSTART:20260105T010000Z\nDURATION:PT1H\nSTATUS:CANCELLED\nEND:VTODO\n\
            BEGIN:VTODO\nUID:4\nCOMPLETED:20260105T010000Z\nEND:VTODO\n\
            BEGIN:VTODO\nUID:5\nSUMMARY:some day\nEND:VTODO\n",
            &[
                "1 Task Open 2026-01-05T01:00:00Z",
                "2 Task Done 2026-01-05T15:59:59Z",
                "3 Task Cancelled 2026-01-05T02:00:00Z",
                "4 Task Done 2026-01-05T01:00:00Z",
                "5 due_missing",
            ],
        );
    }

    #[test]
    fn what_cannot_be_read_is_named_and_stops_nothing() {
        check(
            "BEGIN:VEVENT\nUID:1\nSUMMARY:no start\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:2\nDTSTART:tomorrow\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:3\nDTSTART:20260230T010000Z\nEND:VEVENT\n\
            BEGIN:VEVENT\nUID:4\nDTSTART:20260105T010000Z\nEND:VEVENT\n",
            &[
                "1 start_missing",
                "2 start_missing",
                "3 start_missing",
                "4 Visit Open 2026-01-05T01:00:00Z",
            ],
        );
    }

    #[test]
    fn endless_repetition_ends() {
        let file = super::super::file::read(
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20200101T000000Z\r\n\
            RRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        );
        let window = (None, at("2026-03-31T00:00:00Z"));
        let found = appointments(&file, chrono_tz::UTC, window);
        assert!(found.len() <= OCCURRENCES_MAX + 1, "{}", found.len());
        assert!(
            found.iter().any(|read| {
                read.as_ref().is_err_and(|unread| unread.code == "repeats_too_often")
            })
        );
    }
}
