//! What happened to opportunities in a period, and how that compares with what was foreseen.

use std::collections::BTreeMap;

use daybook_core::money::Currency;
use daybook_core::time::{Date, Timestamp};

use super::track::later;
use super::{Move, Standing, Track};
use crate::Ratio;

/// The days from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
}

impl Period {
    /// Tells whether a day is one of them.
    pub fn holds(&self, day: Date) -> bool {
        (self.from..=self.to).contains(&day)
    }
}

/// What a currency's opportunities amount to, for the pace at which they bring money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// Open ones.
    pub open: usize,
    /// Won in the period.
    pub won: usize,
    /// Lost in the period.
    pub lost: usize,
    /// What the won ones brought.
    pub won_minor: i128,
    /// Days from opening to winning, of all that were won.
    pub won_days: i128,
}

impl Pace {
    /// Returns minor units a day: open opportunities times win rate times the mean amount won, over
    /// the mean days it takes to win. Nothing when nothing was won, or all on the day it was opened.
    pub fn velocity(&self) -> Option<Ratio> {
        let closed = (self.won + self.lost) as i128;
        // open x won/closed x minor/won over days/won.
        Ratio::new(self.open as i128 * self.won as i128 * self.won_minor, closed * self.won_days)
    }
}

/// What happened in a period.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flow {
    /// Opened.
    pub opened: Standing,
    /// Whose expected day of closing was in the period or before it, and was moved past its end.
    pub slipped: Standing,
    /// How often an expected day of closing was moved to a later one.
    pub pushes: usize,
    /// How often of that of one opportunity, at most.
    pub pushes_most: usize,
    /// By currency.
    pub pace: BTreeMap<Currency, Pace>,
}

impl Flow {
    /// Goes through ways; the instants are those at which the period begins and ends.
    pub fn of(tracks: &[Track], period: Period, begins: Timestamp, ends: Timestamp) -> Flow {
        let mut flow = Flow::default();
        for track in tracks {
            if track.opened_on().is_some_and(|on| period.holds(on)) {
                flow.opened.add(track);
            }
            flow.push(track, period, begins, ends);
            flow.step(track, period);
        }
        flow
    }

    fn push(&mut self, track: &Track, period: Period, begins: Timestamp, ends: Timestamp) {
        let pairs = track.closes.iter().zip(track.closes.iter().skip(1));
        let within = pairs.filter(|(_, new)| (begins.0..=ends.0).contains(&new.0));
        let (mut pushes, mut slipped) = (0, false);
        for (old, new) in within.filter(|(old, new)| later(old, new)) {
            pushes += 1;
            slipped |= old.1.is_some_and(|day| day <= period.to)
                && new.1.is_some_and(|day| day > period.to);
        }
        self.pushes += pushes;
        self.pushes_most = self.pushes_most.max(pushes);
        // Brought forward again within the period, it has not slipped.
        if slipped && track.close_on().is_some_and(|day| day > period.to) {
            self.slipped.add(track);
        }
    }

    fn step(&mut self, track: &Track, period: Period) {
        let Some(amount) = track.amount else { return };
        let pace = self.pace.entry(amount.currency).or_default();
        let closed = track.closed_on().is_some_and(|on| period.holds(on));
        match track.now() {
            Some(Move::Stage(_)) => pace.open += 1,
            Some(Move::Won) if closed => {
                pace.won += 1;
                pace.won_minor += i128::from(amount.minor);
                let days = track.since().zip(track.opened_on());
                pace.won_days += days.map_or(0, |(won, opened)| i128::from(won.0 - opened.0));
            }
            Some(Move::Lost) if closed => pace.lost += 1,
            Some(Move::Won | Move::Lost) | None => {}
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Flow) {
        self.opened.merge(&other.opened);
        self.slipped.merge(&other.slipped);
        self.pushes += other.pushes;
        self.pushes_most = self.pushes_most.max(other.pushes_most);
        for (currency, more) in &other.pace {
            let pace = self.pace.entry(*currency).or_default();
            pace.open += more.open;
            pace.won += more.won;
            pace.lost += more.lost;
            pace.won_minor += more.won_minor;
            pace.won_days += more.won_days;
        }
    }
}

#[cfg(test)]
mod tests {
    use daybook_core::money::Money;

    use super::*;
    use crate::engine::Place;

    fn date(text: &str) -> Date {
        format!("2024-{text}").parse().expect("a date")
    }

    fn march(track: &Track) -> Flow {
        let period = Period { from: date("03-01"), to: date("03-31") };
        let zone = chrono_tz::UTC;
        let (begins, ends) = (period.from.start_in(zone), period.to.end_in(zone));
        Flow::of(std::slice::from_ref(track), period, begins, ends)
    }

    /// An opportunity with the days it was expected to close, each said on a day.
    fn expected(said: &[(&str, &str)]) -> Track {
        let instant = |day: &str| date(day).start_in(chrono_tz::UTC).0;
        let closes = said.iter().map(|(on, day)| (instant(on), Some(date(day)))).collect();
        Track { closes, ..Track::new(Place(0), Place(0)) }
    }

    #[test]
    fn what_slips_is_moved_past_the_end_of_the_period() {
        let check = |said: &[(&str, &str)], slipped: usize, pushes: usize| {
            let flow = march(&expected(said));
            assert_eq!((flow.slipped.count, flow.pushes), (slipped, pushes), "{said:?}");
        };
        check(&[("02-01", "03-20")], 0, 0);
        check(&[("02-01", "03-20"), ("03-10", "03-31")], 0, 1);
        check(&[("02-01", "03-20"), ("03-10", "04-15")], 1, 1);
        check(&[("02-01", "03-20"), ("03-10", "03-31"), ("03-31", "05-01")], 1, 2);
        check(&[("02-01", "03-20"), ("03-10", "04-15"), ("03-12", "03-25")], 0, 1);
        check(&[("02-01", "04-20"), ("03-10", "05-15")], 0, 1);
        check(&[("02-01", "03-20"), ("04-01", "04-15")], 0, 0);
    }

    #[test]
    fn velocity_is_the_product_of_its_four_parts() {
        // 10 open, 3 of 4 won, 500 a piece, 30 days each: 10 x 0.75 x 500 / 30 = 125 a day.
        let pace = Pace { open: 10, won: 3, lost: 1, won_minor: 1500, won_days: 90 };
        assert_eq!(pace.velocity().map(|ratio| ratio.to_string()).as_deref(), Some("125.00"));
        assert_eq!(Pace { won: 0, won_minor: 0, won_days: 0, ..pace }.velocity(), None);
    }

    #[test]
    fn an_opportunity_counts_in_the_currency_of_its_amount() {
        let amount = Some(Money::new(700, "CNY".parse().expect("a currency")));
        let moves = vec![(date("02-10"), Move::Stage(0)), (date("03-11"), Move::Won)];
        let flow = march(&Track { amount, moves, ..Track::new(Place(0), Place(0)) });
        let pace = flow.pace.values().next().copied().expect("one");
        assert_eq!((pace.won, pace.won_minor, pace.won_days), (1, 700, 30));
        assert_eq!(flow.opened.count, 0);
    }
}
