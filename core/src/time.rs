//! The two clocks: instants in UTC and civil dates in the book's zone.
//!
//! Core never asks the machine for the time; it is given a [`Clock`].

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// Days since 1970-01-01 in the book's calendar.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(pub i32);

/// Microseconds in a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// Where the time comes from.
pub trait Clock: Send + Sync {
    /// Returns the current instant.
    fn now(&self) -> Timestamp;

    /// Returns the clock that nobody can set, where there is one.
    fn steady(&self) -> Option<Steady> {
        None
    }
}

/// A clock that nobody can set. It counts from the start of the machine, also while it sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Steady {
    /// Which start of which machine it counts from.
    pub start: uuid::Uuid,
    /// Microseconds since then.
    pub micros: i64,
}

/// The clocks at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The clock that can be set.
    pub at: Timestamp,
    /// The one that cannot, where there is one.
    pub steady: Option<Steady>,
}

impl Seen {
    /// Looks at the clocks.
    pub fn by(clock: &dyn Clock) -> Seen {
        Seen { at: clock.now(), steady: clock.steady() }
    }

    /// Returns how much time passed since `then`, where a clock that nobody can set tells.
    pub fn passed_micros_since(&self, then: &Seen) -> Option<i64> {
        let (now, then) = (self.steady?, then.steady?);
        (now.start == then.start).then(|| now.micros.saturating_sub(then.micros))
    }
}

/// Where randomness comes from: the operating system, or a seed in tests and sample data.
pub trait Entropy: Send {
    /// Fills `buffer` with unpredictable (or seeded) bytes.
    fn fill(&mut self, buffer: &mut [u8]);
}

/// A text that is not an instant or a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TimeError {
    /// Not an RFC 3339 instant.
    #[error("{text:?} is not an instant such as 2026-03-31T09:30:00+08:00")]
    Instant {
        /// The text.
        text: String,
    },
    /// Not a calendar date.
    #[error("{text:?} is not a date such as 2026-03-31")]
    Date {
        /// The text.
        text: String,
    },
}

impl Timestamp {
    /// What stands in a command where no instant was said; its decision puts one there, and no event
    /// holds it. No text is read as it.
    const UNSAID: Timestamp = Timestamp(i64::MIN);

    /// Returns what stands where no instant was said.
    pub const fn unsaid() -> Timestamp {
        Timestamp::UNSAID
    }

    /// Tells whether no instant was said.
    pub fn is_unsaid(&self) -> bool {
        *self == Timestamp::UNSAID
    }

    /// Returns the calendar form, or the epoch for values no calendar reaches.
    pub fn to_chrono(self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or_default()
    }

    /// Takes a calendar instant.
    pub fn from_chrono<Z: TimeZone>(instant: DateTime<Z>) -> Self {
        Timestamp(instant.timestamp_micros())
    }

    /// Returns the civil date in `zone`.
    pub fn date_in(self, zone: chrono_tz::Tz) -> Date {
        Date::from_chrono(self.to_chrono().with_timezone(&zone).date_naive())
    }
}

impl Date {
    /// Returns the calendar form.
    pub fn to_chrono(self) -> NaiveDate {
        NaiveDate::default() + chrono::Duration::days(i64::from(self.0))
    }

    /// Takes a calendar date.
    pub fn from_chrono(date: NaiveDate) -> Self {
        let days = date.signed_duration_since(NaiveDate::default()).num_days();
        Date(i32::try_from(days).unwrap_or(i32::MAX))
    }

    /// Returns the date so many days later.
    pub const fn plus_days(self, days: i32) -> Date {
        Date(self.0.saturating_add(days))
    }

    /// Returns the first instant of the day in `zone`.
    pub fn start_in(self, zone: chrono_tz::Tz) -> Timestamp {
        let midnight = self.to_chrono().and_time(NaiveTime::MIN);
        match zone.from_local_datetime(&midnight).earliest() {
            Some(instant) => Timestamp::from_chrono(instant),
            // The day starts inside a gap of the zone: take the same wall time in UTC terms.
            None => Timestamp(midnight.and_utc().timestamp_micros()),
        }
    }

    /// Returns the last microsecond of the day in `zone`: what a report "as of" the day includes.
    pub fn end_in(self, zone: chrono_tz::Tz) -> Timestamp {
        Timestamp(self.plus_days(1).start_in(zone).0 - 1)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_chrono().to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
        f.pad(&text)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_chrono().format("%Y-%m-%d").to_string())
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        DateTime::parse_from_rfc3339(text.trim())
            .map(Timestamp::from_chrono)
            .map_err(|_| TimeError::Instant { text: text.to_owned() })
    }
}

impl FromStr for Date {
    type Err = TimeError;
    fn from_str(text: &str) -> Result<Self, TimeError> {
        NaiveDate::parse_from_str(text.trim(), "%Y-%m-%d")
            .map(Date::from_chrono)
            .map_err(|_| TimeError::Date { text: text.to_owned() })
    }
}

macro_rules! stored_time {
    ($name:ident, $layout:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self,
                encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(&self.0, encoder)
            }
        }
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                bincode::Decode::decode(decoder).map($name)
            }
        }
        impl crate::codec::layout::Describe for $name {
            fn layout() -> crate::codec::layout::Layout {
                crate::codec::layout::Layout::Scalar($layout)
            }
        }
        impl crate::codec::layout::Item for $name {}
    };
}

stored_time!(Timestamp, "instant");
stored_time!(Date, "date");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_in_the_books_zone() {
        let day: Date = "2026-03-31".parse().expect("a date");
        let zone = chrono_tz::Asia::Shanghai;
        assert_eq!(day.start_in(zone).to_string(), "2026-03-30T16:00:00Z");
        assert_eq!(day.end_in(zone).to_string(), "2026-03-31T15:59:59.999999Z");
        assert_eq!(day.end_in(zone).date_in(zone), day);
    }
}
