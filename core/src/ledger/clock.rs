//! Whether the machine's clock may be believed.
//!
//! Recorded times never go backwards. One event recorded while the clock stands a year ahead would
//! bind all later ones to that year, for ever; so a clock that has jumped forward is not believed until
//! a person has confirmed it. A clock that steps back needs no rule: recorded times stand still until
//! it has caught up. docs/design/0012-a-clock-that-jumps.md says what counts as a jump.
//!
//! Invariant: the rule is pure; the clocks are arguments. What this module does not do: it corrects no
//! clock and refuses no reading.

use super::batch::SubmitError;
use crate::time::{Clock, DAY_MICROS, Seen, Timestamp};

/// How much further than time itself a clock may have gone.
pub const JUMP_MICROS_MAX: i64 = DAY_MICROS;

/// How long a ledger may lie unused where nothing but the clock itself says how much time has passed.
pub const UNUSED_MICROS_MAX: i64 = 366 * DAY_MICROS;

/// How far the time a person confirms may be from the clock.
pub const CONFIRMED_WITHIN_MICROS: i64 = 10 * 60 * 1_000_000;

/// A clock that went further than time did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct ClockJump {
    /// Where the clock stands.
    pub now: Timestamp,
    /// Where it should stand, or, where nobody can tell, when the ledger was last in use.
    pub expected: Timestamp,
    /// Whether time itself was measured.
    pub measured: bool,
}

/// What the ledger thinks of its clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockState {
    /// Where the clock stands.
    pub now: Timestamp,
    /// When the last event was recorded.
    pub recorded_at: Timestamp,
    /// Why it is not believed, if so.
    pub jump: Option<ClockJump>,
}

impl ClockJump {
    /// Returns how far the clock is ahead, in microseconds.
    pub const fn ahead_micros(&self) -> i64 {
        self.now.0.saturating_sub(self.expected.0)
    }

    /// Returns the same in whole days.
    pub const fn ahead_days(&self) -> i64 {
        self.ahead_micros() / DAY_MICROS
    }

    fn told(&self) -> String {
        let ClockJump { now, expected, measured } = self;
        let days = self.ahead_days();
        if *measured {
            format!("the clock stands at {now}, {days} days ahead: it should be {expected}")
        } else {
            format!("the clock stands at {now}, {days} days after the ledger was last in use")
        }
    }
}

/// Judges the clock before an event is recorded: `confirmed` is when it was last believed, and
/// `recorded_at` when the last event was recorded.
///
/// # Errors
/// [`ClockJump`].
pub fn judge(
    confirmed: Option<&Seen>,
    recorded_at: Timestamp,
    now: &Seen,
) -> Result<(), ClockJump> {
    // Not even a wrong clock carries recorded times further than a day.
    if now.at.0.saturating_sub(recorded_at.0) <= JUMP_MICROS_MAX {
        return Ok(());
    }
    if let Some(seen) = confirmed
        && let Some(passed) = now.passed_micros_since(seen)
    {
        let expected = Timestamp(seen.at.0.saturating_add(passed));
        let jump = ClockJump { now: now.at, expected, measured: true };
        return if jump.ahead_micros() > JUMP_MICROS_MAX { Err(jump) } else { Ok(()) };
    }
    let last = confirmed.map_or(recorded_at, |seen| seen.at.max(recorded_at));
    let jump = ClockJump { now: now.at, expected: last, measured: false };
    if jump.ahead_micros() > UNUSED_MICROS_MAX { Err(jump) } else { Ok(()) }
}

/// The writer's watch over its clock.
pub(super) struct ClockWatch {
    /// When the clock was last believed.
    confirmed: Option<Seen>,
    /// Whether that was since the machine started; what came before measures no time.
    current: bool,
}

impl ClockWatch {
    /// Starts with what was kept of an earlier opening.
    pub(super) fn start(kept: Option<Seen>, now: &Seen) -> ClockWatch {
        let current = kept.is_some_and(|seen| now.passed_micros_since(&seen).is_some());
        ClockWatch { confirmed: kept, current }
    }

    /// Judges the clock; returns what is to be kept if it is believed for the first time since the
    /// machine started. A clock behind the last event is wrong and measures nothing.
    pub(super) fn look(
        &mut self,
        recorded_at: Timestamp,
        now: Seen,
    ) -> Result<Option<Seen>, ClockJump> {
        judge(self.confirmed.as_ref(), recorded_at, &now)?;
        if self.current || now.at < recorded_at {
            return Ok(None);
        }
        (self.confirmed, self.current) = (Some(now), true);
        Ok(self.confirmed)
    }

    /// Returns the instant to record at, and what is to be kept as [`ClockWatch::look`] does.
    pub(super) fn now(
        &mut self,
        clock: &dyn Clock,
        recorded_at: Timestamp,
    ) -> Result<(Timestamp, Option<Seen>), ClockJump> {
        let at = clock.now();
        // Most requests come within a day of the last event; the other clock is not asked then.
        let ahead = at.0.saturating_sub(recorded_at.0);
        let kept = if self.current && ahead <= JUMP_MICROS_MAX {
            None
        } else {
            self.look(recorded_at, Seen { at, steady: clock.steady() })?
        };
        Ok((at.max(recorded_at), kept))
    }

    /// Tells what is thought of the clock.
    pub(super) fn state(&self, clock: &dyn Clock, recorded_at: Timestamp) -> ClockState {
        let seen = Seen::by(clock);
        let jump = judge(self.confirmed.as_ref(), recorded_at, &seen).err();
        ClockState { now: seen.at, recorded_at, jump }
    }

    /// Believes the clock because a person says what time it is.
    pub(super) fn confirm(
        &mut self,
        clock: &dyn Clock,
        said: Timestamp,
    ) -> Result<Seen, SubmitError> {
        let seen = Seen::by(clock);
        if seen.at.0.abs_diff(said.0) > CONFIRMED_WITHIN_MICROS.unsigned_abs() {
            return Err(SubmitError::ClockDiffers { now: seen.at, said });
        }
        (self.confirmed, self.current) = (Some(seen), true);
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Steady;

    const DAY: i64 = DAY_MICROS;

    fn seen(day: i64, start: u128, steady_day: i64) -> Seen {
        let start = uuid::Uuid::from_u128(start);
        Seen { at: Timestamp(day * DAY), steady: Some(Steady { start, micros: steady_day * DAY }) }
    }

    fn alone(day: i64) -> Seen {
        Seen { at: Timestamp(day * DAY), steady: None }
    }

    #[track_caller]
    fn check(confirmed: Option<Seen>, recorded_day: i64, now: Seen, ahead: Option<(i64, bool)>) {
        let judged = judge(confirmed.as_ref(), Timestamp(recorded_day * DAY), &now);
        assert_eq!(judged.err().map(|jump| (jump.ahead_days(), jump.measured)), ahead);
    }

    #[test]
    fn a_jump_is_what_time_itself_does_not_explain() {
        // A month went by, and the steady clock says so: nobody is asked.
        check(Some(seen(100, 1, 0)), 100, seen(130, 1, 30), None);
        // The clock went a month ahead in a minute, and in a month.
        check(Some(seen(100, 1, 0)), 100, seen(130, 1, 0), Some((30, true)));
        check(Some(seen(100, 1, 0)), 100, seen(160, 1, 30), Some((30, true)));
        // A day is allowed, and what is behind the last event does no harm.
        check(Some(seen(100, 1, 0)), 100, seen(101, 1, 0), None);
        check(Some(seen(100, 1, 0)), 130, seen(130, 1, 0), None);
        check(Some(seen(100, 1, 0)), 100, seen(90, 1, 0), None);
        // It stood wrong when it was first seen, and was put right.
        check(Some(seen(90, 1, 0)), 100, seen(100, 1, 0), None);
    }

    #[test]
    fn after_a_restart_only_a_year_is_asked_about() {
        check(Some(seen(100, 1, 50)), 100, seen(130, 2, 0), None);
        check(Some(seen(100, 1, 50)), 100, seen(466, 2, 0), None);
        check(Some(seen(100, 1, 50)), 100, seen(467, 2, 0), Some((367, false)));
        // It was opened meanwhile, or nothing but the last event is known.
        check(Some(seen(300, 1, 50)), 100, seen(600, 2, 0), None);
        check(None, 100, alone(466), None);
        check(None, 100, alone(467), Some((367, false)));
        check(Some(alone(100)), 100, seen(467, 2, 0), Some((367, false)));
    }

    #[test]
    fn what_was_believed_stays_until_the_machine_starts_anew() {
        let recorded = Timestamp(100 * DAY);
        let opened = |kept: Option<Seen>, now: Seen| {
            let mut watch = ClockWatch::start(kept, &now);
            let looked = watch.look(recorded, now);
            (watch.confirmed, looked.map_err(|jump| jump.ahead_days()))
        };
        let first = seen(100, 1, 0);
        assert_eq!(opened(None, first), (Some(first), Ok(Some(first))));
        // Opened again in order, and under a clock that has jumped.
        assert_eq!(opened(Some(first), seen(101, 1, 1)), (Some(first), Ok(None)));
        assert_eq!(opened(Some(first), seen(140, 1, 0)), (Some(first), Err(40)));
        // After a restart the clock is believed, as far as it can be.
        let second = seen(140, 2, 0);
        assert_eq!(opened(Some(first), second), (Some(second), Ok(Some(second))));
        assert_eq!(opened(Some(second), seen(900, 3, 0)), (Some(second), Err(760)));
    }

    /// A machine without a battery starts in 1970 and is put right by the network a little later.
    #[test]
    fn a_clock_behind_the_last_event_measures_nothing() {
        let recorded = Timestamp(20_000 * DAY);
        let mut watch = ClockWatch::start(None, &seen(0, 1, 0));
        assert_eq!(watch.look(recorded, seen(0, 1, 0)), Ok(None));
        let right = seen(20_003, 1, 0);
        assert_eq!(watch.look(recorded, right), Ok(Some(right)));
        assert!(watch.look(recorded, seen(20_030, 1, 0)).is_err());
    }

    #[test]
    fn a_person_says_what_time_it_is() {
        struct Fixed;
        impl Clock for Fixed {
            fn now(&self) -> Timestamp {
                Timestamp(500 * DAY)
            }
        }
        let mut watch = ClockWatch { confirmed: None, current: false };
        let recorded = Timestamp(100 * DAY);
        assert!(watch.now(&Fixed, recorded).is_err());
        assert!(watch.state(&Fixed, recorded).jump.is_some());
        assert!(watch.confirm(&Fixed, Timestamp(499 * DAY)).is_err());
        watch.confirm(&Fixed, Timestamp(500 * DAY + 1_000_000)).expect("near enough");
        assert_eq!(watch.now(&Fixed, recorded).expect("believed").0, Timestamp(500 * DAY));
        assert_eq!(watch.state(&Fixed, recorded).jump, None);
    }
}
