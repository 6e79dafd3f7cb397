//! Dates and times as people say them, in English and in Chinese, read in a zone.
//!
//! The two grammars (`english`, `chinese`) know words; what they make of a text is a set of days
//! and a set of times that it can mean. Invariant: a text that can mean two things is refused with
//! both, never guessed. Every form that is understood stands in `docs/reference/dates.md`, whose
//! table a test reads. What this module does not do: ask for the time.

mod calendar;
mod chinese;
mod english;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike};
use daybook_core::time::{Date, Timestamp};

use calendar::Today;

/// To which side a day leans that is said without its year, month or week.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Lean {
    /// Something that happened: `friday` is the last one.
    #[default]
    Past,
    /// Something to be done: `friday` is the next one.
    Future,
}

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A whole day.
    Day(Date),
    /// An instant.
    Instant(Timestamp),
}

impl Moment {
    /// Returns the day, in the zone it was said in.
    pub fn day(self, zone: chrono_tz::Tz) -> Date {
        match self {
            Moment::Day(day) => day,
            Moment::Instant(at) => at.date_in(zone),
        }
    }

    /// Returns the instant, of a day its first.
    pub fn start(self, zone: chrono_tz::Tz) -> Timestamp {
        match self {
            Moment::Day(day) => day.start_in(zone),
            Moment::Instant(at) => at,
        }
    }

    /// Returns the instant, of a day its last.
    pub fn end(self, zone: chrono_tz::Tz) -> Timestamp {
        match self {
            Moment::Day(day) => day.end_in(zone),
            Moment::Instant(at) => at,
        }
    }
}

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WhenError {
    /// Nothing that is known is said so.
    #[error("{text:?} is neither a date nor a time that is understood")]
    NotUnderstood {
        /// What was said.
        text: String,
    },
    /// It can mean several things.
    #[error("{text:?} can mean {}", .readings.join(" or "))]
    Ambiguous {
        /// What was said.
        text: String,
        /// What it can mean, each written so that it would be accepted.
        readings: Vec<String>,
    },
    /// A week, a month or a part of a day.
    #[error("{text:?} does not say which {missing}")]
    Vague {
        /// What was said.
        text: String,
        /// What it leaves open: `day` or `hour`.
        missing: &'static str,
    },
    /// The clocks skip it, or the calendar does not reach it.
    #[error("{text:?} would be {local}, which the clocks of {zone} never show")]
    NeverShown {
        /// What was said.
        text: String,
        /// What it would be.
        local: String,
        /// The zone.
        zone: &'static str,
    },
}

impl WhenError {
    /// Returns what would be accepted.
    pub fn hint(&self) -> String {
        match self {
            WhenError::Ambiguous { readings, .. } => format!("write {}", readings.join(" or ")),
            WhenError::Vague { missing: "hour", .. } => {
                "add the hour, such as `tomorrow 9am` or `明天上午九点`".to_owned()
            }
            WhenError::Vague { .. } => {
                "name the day, such as `monday next week` or `下周一`".to_owned()
            }
            WhenError::NotUnderstood { .. } | WhenError::NeverShown { .. } => {
                "write 2026-03-31, 2026-03-31T09:30:00+08:00, or as people say it: `friday`, \
                 `tomorrow 3pm`, `3 days ago`; see docs/reference/dates.md"
                    .to_owned()
            }
        }
    }

    /// Returns message and hint in Chinese.
    pub fn chinese(&self) -> (String, String) {
        match self {
            WhenError::NotUnderstood { text } => (
                format!("{text:?} 不是能识别的日期或时间"),
                "请写 2026-03-31、2026-03-31T09:30:00+08:00，或照平常的说法：`周五`、\
                 `明天下午三点`、`3天前`；见 docs/reference/dates.md"
                    .to_owned(),
            ),
            WhenError::Ambiguous { text, readings } => (
                format!("{text:?} 可以指 {}", readings.join(" 或 ")),
                format!("请写 {}", readings.join(" 或 ")),
            ),
            WhenError::Vague { text, missing } => match *missing {
                "hour" => {
                    (format!("{text:?} 没有说明几点"), "请加上钟点，例如 `明天上午九点`".to_owned())
                }
                _ => (format!("{text:?} 没有说明哪一天"), "请说明哪一天，例如 `下周一`".to_owned()),
            },
            WhenError::NeverShown { text, local, zone } => (
                format!("{text:?} 是 {local}，而 {zone} 的钟表从不显示这一时刻"),
                "请换一个时刻".to_owned(),
            ),
        }
    }
}

/// What a grammar made of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Said {
    /// A length of time from now.
    Span(chrono::Duration),
    /// Days and times of day (in minutes; 1440 is the end of the day) it can mean; today without
    /// days, whole days without times.
    At(Vec<NaiveDate>, Vec<u32>),
    /// Not enough of it.
    Vague(&'static str),
}

/// Reads a date or time in the words of either language, as said at `now` in `zone`.
///
/// # Errors
/// [`WhenError`] when it is not understood or can mean more than one thing.
pub fn read(
    text: &str,
    lean: Lean,
    now: Timestamp,
    zone: chrono_tz::Tz,
) -> Result<Moment, WhenError> {
    let text = text.trim();
    if let Ok(day) = text.parse::<Date>() {
        return Ok(Moment::Day(day));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Moment::Instant(at));
    }
    let today = Today { day: now.date_in(zone).to_chrono(), lean };
    let plain = plain(text);
    let said = if plain.chars().any(crate::directory::is_han) {
        chinese::read(&plain, today)
    } else {
        english::read(&plain, today)
    };
    match said {
        None => Err(WhenError::NotUnderstood { text: shortened(text) }),
        Some(Said::Vague(missing)) => Err(WhenError::Vague { text: shortened(text), missing }),
        Some(Said::Span(span)) => Ok(Moment::Instant(from_now(now, span))),
        Some(Said::At(days, times)) => one_of(text, today.day, days, times, zone),
    }
}

/// Whole minutes read better than the microsecond at which somebody pressed a key.
fn from_now(now: Timestamp, span: chrono::Duration) -> Timestamp {
    if span.is_zero() {
        return now;
    }
    let minute = 60_000_000;
    let at = now.0.saturating_add(span.num_microseconds().unwrap_or_default());
    Timestamp(at.div_euclid(minute) * minute)
}

/// Takes the one thing that was said, or refuses with all that it can mean.
fn one_of(
    text: &str,
    today: NaiveDate,
    mut days: Vec<NaiveDate>,
    times: Vec<u32>,
    zone: chrono_tz::Tz,
) -> Result<Moment, WhenError> {
    if days.is_empty() {
        days.push(today);
    }
    days.sort_unstable();
    days.dedup();
    let locals: Vec<NaiveDateTime> = days
        .iter()
        .flat_map(|day| times.iter().filter_map(|minutes| local(*day, *minutes)))
        .collect();
    match (times.is_empty(), days.as_slice(), locals.as_slice()) {
        (true, [day], _) => Ok(Moment::Day(Date::from_chrono(*day))),
        (true, ..) => Err(ambiguous(text, days.iter().map(NaiveDate::to_string))),
        (false, _, [local]) => instant(text, *local, zone),
        (false, ..) => Err(ambiguous(text, locals.iter().map(written))),
    }
}

fn local(day: NaiveDate, minutes: u32) -> Option<NaiveDateTime> {
    let day = if minutes >= 1440 { day.succ_opt()? } else { day };
    let minutes = minutes % 1440;
    Some(day.and_time(NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0)?))
}

fn written(local: &NaiveDateTime) -> String {
    format!("{} {:02}:{:02}", local.date(), local.hour(), local.minute())
}

fn instant(text: &str, local: NaiveDateTime, zone: chrono_tz::Tz) -> Result<Moment, WhenError> {
    use chrono::offset::LocalResult;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => Ok(Moment::Instant(Timestamp::from_chrono(at))),
        // The hour that the clocks show twice.
        LocalResult::Ambiguous(first, second) => {
            Err(ambiguous(text, [first.to_rfc3339(), second.to_rfc3339()].into_iter()))
        }
        LocalResult::None => Err(WhenError::NeverShown {
            text: shortened(text),
            local: written(&local),
            zone: zone.name(),
        }),
    }
}

fn ambiguous(text: &str, readings: impl Iterator<Item = String>) -> WhenError {
    WhenError::Ambiguous { text: shortened(text), readings: readings.collect() }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// Small letters, half-width digits and signs.
fn plain(text: &str) -> String {
    let half = |c: char| match c {
        '：' => ':',
        '，' | '、' => ',',
        '\u{3000}' => ' ',
        '０'..='９' | 'ａ'..='ｚ' | 'Ａ'..='Ｚ' | '－' | '／' | '．' => {
            char::from_u32(c as u32 - 0xfee0).unwrap_or(c)
        }
        other => other,
    };
    text.chars().map(half).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests;
