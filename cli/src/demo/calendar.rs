//! Office days and hours in Shanghai in 2025. The zone has had no summer time since 1991, so it is
//! plain arithmetic: eight hours ahead of UTC.

use daybook_core::time::{Date, Timestamp};

use super::dice::Dice;

/// The first day of the story.
pub const FIRST_DAY: Date = day(2025, 1, 2);
/// The last day of the story.
pub const LAST_DAY: Date = day(2025, 12, 31);

const ZONE_SECONDS: i64 = 8 * 3600;
const DAY_SECONDS: i64 = 86_400;
const SECOND_MICROS: i64 = 1_000_000;

/// Public holidays, first and last day.
const HOLIDAYS: [(Date, Date); 6] = [
    (day(2025, 1, 28), day(2025, 2, 4)),
    (day(2025, 4, 4), day(2025, 4, 6)),
    (day(2025, 5, 1), day(2025, 5, 5)),
    (day(2025, 5, 31), day(2025, 6, 2)),
    (day(2025, 10, 1), day(2025, 10, 8)),
    (day(2025, 1, 1), day(2025, 1, 1)),
];

/// Returns a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms").
pub const fn day(year: i32, month: i32, day: i32) -> Date {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Date(era * 146_097 + day_of_era - 719_468)
}

/// Returns the instant at a minute of a day in Shanghai.
pub const fn at(date: Date, minute: i32) -> Timestamp {
    let seconds = date.0 as i64 * DAY_SECONDS + minute as i64 * 60 - ZONE_SECONDS;
    Timestamp(seconds * SECOND_MICROS)
}

/// Returns the day in Shanghai.
pub const fn date_of(at: Timestamp) -> Date {
    let seconds = at.0.div_euclid(SECOND_MICROS) + ZONE_SECONDS;
    Date(seconds.div_euclid(DAY_SECONDS) as i32)
}

/// Returns the instant so many minutes later.
pub const fn plus_minutes(at: Timestamp, minutes: i32) -> Timestamp {
    Timestamp(at.0 + minutes as i64 * 60 * SECOND_MICROS)
}

/// Returns the first working day from `date` on.
pub fn working(date: Date) -> Date {
    let mut date = date;
    while is_free(date) {
        date = date.plus_days(1);
    }
    date
}

fn is_free(date: Date) -> bool {
    let weekday = (date.0 + 3).rem_euclid(7);
    weekday >= 5 || HOLIDAYS.iter().any(|(first, last)| (*first..=*last).contains(&date))
}

/// When something was so, and when it was written down.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// When it was so.
    pub effective: Timestamp,
    /// When it was written down; never before.
    pub recorded: Timestamp,
}

impl Moment {
    /// Returns a moment of an office day that was written down at once.
    pub const fn on(date: Date, minute: i32) -> Moment {
        let effective = at(date, minute);
        Moment { effective, recorded: plus_minutes(effective, 4) }
    }

    /// Returns a moment of one day that was written down on another.
    pub const fn told_on(date: Date, recorded_on: Date, minute: i32) -> Moment {
        Moment { effective: at(date, minute), recorded: at(recorded_on, minute) }
    }

    /// Returns some minute of the office hours of a day, written down soon after.
    pub fn some_time(dice: &mut Dice, date: Date) -> Moment {
        Moment::on(working(date), dice.between(9 * 60, 17 * 60 + 45))
    }

    /// Returns the moment as it is told once something that began then is over.
    pub fn once_over(self, ended_at: Option<Timestamp>) -> Moment {
        let told = ended_at.map_or(self.recorded, |ended| plus_minutes(ended, 3));
        Moment { recorded: self.recorded.max(told), ..self }
    }

    /// Returns the day it was so.
    pub const fn day(self) -> Date {
        date_of(self.effective)
    }

    /// Returns a later moment, some days on, or nothing when the year is over. Now and then it is
    /// written down only days after.
    pub fn later(self, dice: &mut Dice, days_min: i32, days_max: i32) -> Option<Moment> {
        let date = working(self.day().plus_days(dice.between(days_min, days_max)));
        let effective = at(date, dice.between(9 * 60, 17 * 60 + 45));
        let effective = if effective > self.effective {
            effective
        } else {
            plus_minutes(self.effective, dice.between(5, 40))
        };
        let told = if dice.chance(7) {
            let day = working(date_of(effective).plus_days(dice.between(1, 8)));
            at(day, dice.between(9 * 60, 17 * 60))
        } else {
            plus_minutes(effective, dice.between(1, 35))
        };
        self.followed_by(effective, told)
    }

    /// Returns a moment some office minutes later, written down at once.
    pub fn soon(self, dice: &mut Dice, minutes_min: i32, minutes_max: i32) -> Option<Moment> {
        let effective = plus_minutes(self.effective, dice.between(minutes_min, minutes_max));
        let closing = at(date_of(effective), 18 * 60);
        let effective = if effective < closing && !is_free(date_of(effective)) {
            effective
        } else {
            at(working(date_of(effective).plus_days(1)), dice.between(9 * 60 + 5, 10 * 60))
        };
        self.followed_by(effective, plus_minutes(effective, dice.between(1, 10)))
    }

    /// Returns what is so at `effective` and told at `told`, but not before this was told.
    fn followed_by(self, effective: Timestamp, told: Timestamp) -> Option<Moment> {
        let recorded = told.max(plus_minutes(self.recorded, 1));
        let over = at(LAST_DAY, 23 * 60);
        (recorded <= over).then_some(Moment { effective, recorded })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_hours_are_those_of_shanghai() {
        assert_eq!(day(2025, 1, 2).to_string(), "2025-01-02");
        assert_eq!(day(2024, 2, 29).to_string(), "2024-02-29");
        let noon = at(day(2025, 6, 30), 12 * 60);
        assert_eq!(noon.to_string(), "2025-06-30T04:00:00Z");
        assert_eq!(date_of(at(day(2025, 6, 30), 1)), day(2025, 6, 30));
        assert_eq!(working(day(2025, 1, 28)), day(2025, 2, 5));
        assert_eq!(working(day(2025, 3, 15)), day(2025, 3, 17));
    }

    #[test]
    fn nothing_is_told_before_it_was_so() {
        let mut dice = Dice::new(1);
        let mut moment = Moment::on(FIRST_DAY, 600);
        while let Some(next) = moment.later(&mut dice, 0, 6) {
            assert!(next.effective > moment.effective && next.recorded > moment.recorded);
            assert!(next.recorded >= next.effective);
            moment = next;
        }
    }
}
