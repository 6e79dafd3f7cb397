//! The days that weekdays, days of a month and days of a year can mean.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::Lean;

/// The day on which something is said, and what it is said about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Today {
    pub day: NaiveDate,
    pub lean: Lean,
}

/// How far the calendar is searched for a day of a month or year, such as 29 February.
const YEARS_SEARCHED: i32 = 8;

impl Today {
    /// So many days from today.
    pub fn plus_days(self, days: i64) -> Option<NaiveDate> {
        self.day.checked_add_signed(chrono::Duration::try_days(days)?)
    }

    /// So many months from today; the last of a month that is shorter.
    pub fn plus_months(self, months: i32) -> Option<NaiveDate> {
        let count = Months::new(months.unsigned_abs());
        if months < 0 {
            self.day.checked_sub_months(count)
        } else {
            self.day.checked_add_months(count)
        }
    }

    /// A weekday of the week so many weeks from this one; weeks begin on Monday.
    pub fn in_week(self, weekday: Weekday, weeks: i64) -> Option<NaiveDate> {
        let monday = i64::from(self.day.weekday().num_days_from_monday());
        self.plus_days(weeks * 7 - monday + i64::from(weekday.num_days_from_monday()))
    }

    /// The first such weekday after today.
    pub fn coming(self, weekday: Weekday) -> Option<NaiveDate> {
        let first = self.day.checked_add_days(Days::new(1))?;
        first.iter_days().take(7).find(|day| day.weekday() == weekday)
    }

    /// The last such weekday before today.
    pub fn latest(self, weekday: Weekday) -> Option<NaiveDate> {
        let week_ago = self.day.checked_sub_days(Days::new(7))?;
        week_ago.iter_days().take(7).find(|day| day.weekday() == weekday)
    }

    /// A weekday without its week: the nearest on the side it leans to. On that very weekday it can
    /// mean today as well.
    pub fn bare(self, weekday: Weekday) -> Vec<NaiveDate> {
        let there = match self.lean {
            Lean::Future => self.coming(weekday),
            Lean::Past => self.latest(weekday),
        };
        let today = (self.day.weekday() == weekday).then_some(self.day);
        there.into_iter().chain(today).collect()
    }

    /// A day of a year.
    pub fn dated(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(year, month, day)
    }

    /// A day and month without its year: the nearest on the side it leans to, today included.
    pub fn of_year(self, month: u32, day: u32) -> Option<NaiveDate> {
        let years: Vec<i32> = match self.lean {
            Lean::Future => (self.day.year()..=self.day.year() + YEARS_SEARCHED).collect(),
            Lean::Past => (self.day.year() - YEARS_SEARCHED..=self.day.year()).rev().collect(),
        };
        let days = years.into_iter().filter_map(|year| Self::dated(year, month, day));
        days.into_iter().find(|day| self.is_ahead(*day))
    }

    /// A day of a month without its month, likewise.
    pub fn of_month(self, day: u32) -> Option<NaiveDate> {
        let sign = if self.lean == Lean::Future { 1 } else { -1 };
        let days = (0..12).filter_map(|months| self.of_month_in(day, sign * months));
        days.into_iter().find(|day| self.is_ahead(*day))
    }

    /// A day of the month so many months from this one.
    pub fn of_month_in(self, day: u32, months: i32) -> Option<NaiveDate> {
        let first = Today { day: self.day.with_day(1)?, ..self };
        first.plus_months(months)?.with_day(day)
    }

    /// The last day of the month so many months from this one.
    pub fn month_end(self, months: i32) -> Option<NaiveDate> {
        self.of_month_in(1, months + 1)?.pred_opt()
    }

    fn is_ahead(self, day: NaiveDate) -> bool {
        match self.lean {
            Lean::Future => day >= self.day,
            Lean::Past => day <= self.day,
        }
    }
}

/// The times of day an hour without its half of the day can mean, in minutes.
pub(super) fn either_half(hour: u32, minute: u32) -> Option<Vec<u32>> {
    let at = |hour: u32| hour * 60 + minute;
    match (hour, minute) {
        (_, 60..) => None,
        (0 | 13..=23, _) => Some(vec![at(hour)]),
        (24, 0) => Some(vec![1440]),
        (12, _) => Some(vec![minute, at(12)]),
        (1..=11, _) => Some(vec![at(hour), at(hour + 12)]),
        (24.., _) => None,
    }
}

/// A time of day as a clock with 24 hours shows it.
pub(super) fn by_the_clock(hour: u32, minute: u32) -> Option<Vec<u32>> {
    match (hour, minute) {
        (0..=23, 0..=59) => Some(vec![hour * 60 + minute]),
        (24, 0) => Some(vec![1440]),
        _ => None,
    }
}

/// Reads `15:30`. One figure before the colon can mean either half of the day.
pub(super) fn colon(text: &str) -> Option<Vec<u32>> {
    let mut parts = text.split(':');
    let (hour, minute) = (parts.next()?, parts.next()?);
    let seconds = parts.next().is_none_or(|seconds| seconds == "00");
    let digits = |text: &str| text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    if parts.next().is_some() || !seconds || !digits(hour) || !digits(minute) || minute.len() != 2 {
        return None;
    }
    let (hours, minutes) = (hour.parse().ok()?, minute.parse().ok()?);
    match (hour.len(), hours) {
        (1, 1..=9) => either_half(hours, minutes),
        _ => by_the_clock(hours, minutes),
    }
}

/// Reads a date with its year first: `2026-3-31`, `2026/03/31`, `2026.3.31`.
pub(super) fn year_first(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split(['-', '/', '.']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if year.len() != 4 || parts.next().is_some() || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    Today::dated(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}
