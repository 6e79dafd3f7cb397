//! Working time: when so many working minutes have passed in the book's zone.

use chrono::{Datelike, NaiveDate, TimeZone};

use crate::event::book::ServiceLevels;
use crate::time::Timestamp;

const MINUTE_MICROS: i64 = 60_000_000;

/// The most days looked at; a policy is refused before it could need more.
const DAYS_MAX: usize = 10_000;

/// Returns the instant at which `minutes` of working time have passed since `start`.
pub(crate) fn after_working_minutes(
    start: Timestamp,
    minutes: u32,
    levels: &ServiceLevels,
    zone: chrono_tz::Tz,
) -> Timestamp {
    let mut left = i64::from(minutes) * MINUTE_MICROS;
    let first = start.to_chrono().with_timezone(&zone).date_naive();
    let mut end = start;
    for day in first.iter_days().take(DAYS_MAX) {
        let weekday = day.weekday().number_from_monday();
        if !levels.weekdays.iter().any(|working| u32::from(*working) == weekday) {
            continue;
        }
        let opens = wall_time(day, levels.day_starts_minute, zone).max(start.0);
        let closes = wall_time(day, levels.day_ends_minute, zone);
        if closes <= opens {
            continue;
        }
        if closes - opens >= left {
            return Timestamp(opens + left);
        }
        left -= closes - opens;
        end = Timestamp(closes);
    }
    end
}

/// Returns the instant of a wall-clock minute; the first one where a clock is set back, and the
/// same count of minutes since midnight where it is set forward.
fn wall_time(day: NaiveDate, minute: u16, zone: chrono_tz::Tz) -> i64 {
    let wall = day.and_time(chrono::NaiveTime::MIN) + chrono::Duration::minutes(i64::from(minute));
    match zone.from_local_datetime(&wall).earliest() {
        Some(instant) => instant.timestamp_micros(),
        None => {
            let midnight = crate::time::Date::from_chrono(day).start_in(zone);
            midnight.0 + i64::from(minute) * MINUTE_MICROS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: &str, minutes: u32, expected: &str) {
        let policies = crate::decide::book::default_policies();
        let levels = policies.iter().find_map(|policy| policy.service_levels.as_ref());
        let start = start.parse().expect("an instant");
        let levels = levels.expect("the standard policies have service levels");
        let due = after_working_minutes(start, minutes, levels, chrono_tz::Asia::Shanghai);
        assert_eq!(due, expected.parse().expect("an instant"), "{start} + {minutes}");
    }

    #[test]
    fn minutes_run_only_in_working_hours() {
        // 2024-03-01 is a Friday.
        check("2024-03-01T10:00:00+08:00", 60, "2024-03-01T11:00:00+08:00");
        check("2024-03-01T17:30:00+08:00", 60, "2024-03-04T09:30:00+08:00");
        check("2024-03-01T07:00:00+08:00", 60, "2024-03-01T10:00:00+08:00");
        check("2024-03-02T12:00:00+08:00", 60, "2024-03-04T10:00:00+08:00");
        check("2024-03-01T09:00:00+08:00", 540, "2024-03-01T18:00:00+08:00");
        check("2024-03-01T09:00:00+08:00", 2700, "2024-03-07T18:00:00+08:00");
        check("2024-03-01T23:00:00+08:00", 0, "2024-03-04T09:00:00+08:00");
    }
}
