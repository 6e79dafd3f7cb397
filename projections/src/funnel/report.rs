//! Counting over the ways of opportunities.

use std::collections::BTreeMap;

use daybook_core::event::book::Pipeline;
use daybook_core::money::Currency;
use daybook_core::time::Date;

use super::{Dwell, Move, Period, Track};
use crate::engine::{Bucket, Place};
use crate::{Amounts, Ratio};

/// Which opportunities are counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cohort {
    /// All.
    #[default]
    All,
    /// Those opened in the period.
    Created(Period),
    /// For each stage, those that first came to it or past it in the period.
    Entered(Period),
    /// For each stage, those that were in it at any moment of the period.
    Active(Period),
    /// Those that stand as won or lost since a day of the period.
    Closed(Period),
}

/// How opportunities are counted.
#[derive(Clone, Copy)]
pub struct Count<'p> {
    /// The pipeline: its stages are those of the report.
    pub pipeline: &'p Pipeline,
    /// Which are counted.
    pub cohort: Cohort,
    /// The day up to which running visits last.
    pub today: Date,
}

/// A figure that counts opportunities, of all or of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Counted at all.
    Counted,
    /// Open.
    Open,
    /// Won.
    Won,
    /// Lost.
    Lost,
    /// Whose current stage it is.
    Here,
    /// That reached the stage.
    Reached,
    /// That were really in it.
    Visited,
    /// That went on.
    WentOn,
    /// That reached it and ever went backwards.
    WentBack,
}

/// By what opportunities are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Who pursues them.
    Owner,
    /// Where they came from.
    Source,
    /// What they are about.
    Product,
    /// Why they were lost.
    Reason,
    /// The month they were opened in.
    Opened,
    /// The month they were won or lost in.
    Closed,
}

impl By {
    /// Returns the group of an opportunity; nothing when nothing is said.
    pub fn group(self, bucket: &Bucket, track: &Track) -> Option<String> {
        let named = |place: Place| (place != Place::NONE).then(|| bucket.text(place).to_owned());
        let month = |day: Date| day.to_chrono().format("%Y-%m").to_string();
        match self {
            By::Owner => named(track.owner),
            By::Source => named(track.source),
            By::Product => named(track.product),
            By::Reason => named(track.reason).filter(|_| track.now() == Some(Move::Lost)),
            By::Opened => track.opened_on().map(month),
            By::Closed => track.closed_on().map(month),
        }
    }
}

/// How many opportunities, and what they are expected to bring or brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// How many.
    pub count: usize,
    /// Their amounts.
    pub amounts: Amounts,
}

impl Standing {
    /// Adds one.
    pub fn add(&mut self, track: &Track) {
        self.count += 1;
        track.amount.iter().for_each(|amount| self.amounts.add(amount));
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Standing) {
        self.count += other.count;
        self.amounts.merge(&other.amounts);
    }
}

/// The figures of one stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StageFigures {
    /// Whose current stage it is.
    pub here: Standing,
    /// The same, each amount times its probability in percent.
    pub hundredfold: Amounts,
    /// That ever came to it or past it, or were won.
    pub reached: usize,
    /// That were really in it.
    pub visited: usize,
    /// Of those that reached it, that went on to the next, or were won.
    pub went_on: usize,
    /// Of those that were really in it, that were really in a later one, or were won.
    pub left_forward: usize,
    /// Of those that reached it, won.
    pub won: usize,
    /// Of those that reached it, lost.
    pub lost: usize,
    /// Of those that reached it, open.
    pub open: usize,
    /// Of those that reached it, that ever went backwards.
    pub went_back: usize,
    /// Times it was come into again.
    pub entered_again: usize,
    ended: Vec<i64>,
    running: Vec<i64>,
    together: Vec<i64>,
}

/// The funnel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// By stage, in order of rank.
    pub stages: Vec<StageFigures>,
    /// Opportunities counted.
    pub counted: usize,
    /// Those that stand as won.
    pub won: Standing,
    /// Those that stand as lost.
    pub lost: Standing,
    /// Days from opening to winning, of those that are won.
    pub cycles: Vec<i64>,
}

impl Count<'_> {
    /// Returns a report of nothing.
    pub fn nothing(&self) -> Report {
        let stages = vec![StageFigures::default(); self.pipeline.stages.len()];
        Report { stages, ..Report::default() }
    }

    /// Counts over ways.
    pub fn report<'t>(&self, tracks: impl IntoIterator<Item = &'t Track>) -> Report {
        let mut report = self.nothing();
        for track in tracks.into_iter().filter(|track| self.counts(track)) {
            report.counted += 1;
            match track.now() {
                Some(Move::Won) => {
                    report.won.add(track);
                    let days = track.since().zip(track.opened_on());
                    report.cycles.extend(days.map(|(won, opened)| i64::from(won.0 - opened.0)));
                }
                Some(Move::Lost) => report.lost.add(track),
                Some(Move::Stage(_)) | None => {}
            }
            for (rank, figures) in report.stages.iter_mut().enumerate() {
                self.stage(track, rank, figures);
            }
        }
        report
    }

    fn counts(&self, track: &Track) -> bool {
        match self.cohort {
            Cohort::All | Cohort::Entered(_) => true,
            Cohort::Created(period) => track.opened_on().is_some_and(|on| period.holds(on)),
            Cohort::Closed(period) => track.closed_on().is_some_and(|on| period.holds(on)),
            Cohort::Active(Period { from, to }) => {
                track.visits().any(|visit| visit.touches(from, to))
            }
        }
    }

    fn counts_at(&self, track: &Track, rank: usize) -> bool {
        match self.cohort {
            Cohort::All | Cohort::Created(_) | Cohort::Closed(_) => track.reached(rank),
            Cohort::Entered(period) => {
                track.reached(rank) && track.reached_on(rank).is_some_and(|on| period.holds(on))
            }
            Cohort::Active(Period { from, to }) => {
                track.visits().any(|visit| visit.rank == rank && visit.touches(from, to))
            }
        }
    }

    /// Tells whether an opportunity is one of those that a figure counts; figures of no stage go by
    /// any rank.
    pub fn holds(&self, track: &Track, figure: Figure, rank: usize) -> bool {
        let now = track.now();
        self.counts(track)
            && match figure {
                Figure::Counted => true,
                Figure::Open => matches!(now, Some(Move::Stage(_))),
                Figure::Won => now == Some(Move::Won),
                Figure::Lost => now == Some(Move::Lost),
                Figure::Here => now == Some(Move::Stage(rank)),
                Figure::Reached => self.counts_at(track, rank),
                Figure::Visited => {
                    self.counts_at(track, rank) && track.visits().any(|visit| visit.rank == rank)
                }
                Figure::WentOn => self.counts_at(track, rank) && self.went_on(track, rank),
                Figure::WentBack => self.counts_at(track, rank) && track.went_back(),
            }
    }

    /// Tells whether an opportunity came to the next stage; after the last, whether it is won.
    fn went_on(&self, track: &Track, rank: usize) -> bool {
        let last = rank + 1 == self.pipeline.stages.len();
        if last { track.now() == Some(Move::Won) } else { track.reached(rank + 1) }
    }

    fn stage(&self, track: &Track, rank: usize, figures: &mut StageFigures) {
        let now = track.now();
        if now == Some(Move::Stage(rank)) {
            figures.here.add(track);
            if let Some(amount) = track.amount {
                let percent = self.percent(track, rank);
                figures.hundredfold.add_minor(amount.currency, i128::from(amount.minor) * percent);
            }
        }
        if !self.counts_at(track, rank) {
            return;
        }
        let won = now == Some(Move::Won);
        figures.reached += 1;
        figures.went_on += usize::from(self.went_on(track, rank));
        figures.won += usize::from(won);
        figures.lost += usize::from(now == Some(Move::Lost));
        figures.open += usize::from(matches!(now, Some(Move::Stage(_))));
        figures.went_back += usize::from(track.went_back());
        let (mut visits, mut days, mut runs) = (0, 0, false);
        for visit in track.visits().filter(|visit| visit.rank == rank) {
            let length = visit.days(self.today);
            (visits, days) = (visits + 1, days + length);
            runs |= visit.until.is_none();
            let stays =
                if visit.until.is_some() { &mut figures.ended } else { &mut figures.running };
            stays.push(length);
        }
        if visits > 0 {
            figures.visited += 1;
            figures.entered_again += visits - 1;
            let forward = won || track.visits().any(|visit| visit.rank > rank);
            figures.left_forward += usize::from(forward);
            figures.together.extend((!runs).then_some(days));
        }
    }

    /// Returns the probability of an opportunity in a stage: its own, else the stage's.
    pub fn percent(&self, track: &Track, rank: usize) -> i128 {
        let usual = self.pipeline.stages.get(rank);
        let usual = usual.map_or(0, |stage| i128::from(stage.probability_percent));
        track.probability.map_or(usual, i128::from)
    }
}

impl StageFigures {
    /// Returns how long visits take.
    pub fn dwell(&self) -> Dwell {
        Dwell::of(&self.ended, &self.running, &self.together)
    }

    fn merge(&mut self, other: StageFigures) {
        self.here.merge(&other.here);
        self.hundredfold.merge(&other.hundredfold);
        self.reached += other.reached;
        self.visited += other.visited;
        self.went_on += other.went_on;
        self.left_forward += other.left_forward;
        self.won += other.won;
        self.lost += other.lost;
        self.open += other.open;
        self.went_back += other.went_back;
        self.entered_again += other.entered_again;
        self.ended.extend(other.ended);
        self.running.extend(other.running);
        self.together.extend(other.together);
    }
}

impl Report {
    /// Adds all of another report over the same stages.
    pub fn merge(&mut self, other: Report) {
        let pairs = self.stages.iter_mut().zip(other.stages);
        pairs.for_each(|(stage, more)| stage.merge(more));
        self.counted += other.counted;
        self.won.merge(&other.won);
        self.lost.merge(&other.lost);
        self.cycles.extend(other.cycles);
    }

    /// Returns those that are open.
    pub fn open(&self) -> Standing {
        let mut open = Standing::default();
        self.stages.iter().for_each(|stage| open.merge(&stage.here));
        open
    }

    /// Returns the amounts of those that are open, each times its probability in percent.
    pub fn hundredfold(&self) -> Amounts {
        let mut sums = Amounts::default();
        self.stages.iter().for_each(|stage| sums.merge(&stage.hundredfold));
        sums
    }

    /// Returns won of won and lost in percent, by count.
    pub fn win_rate(&self) -> Option<Ratio> {
        Ratio::percent(self.won.count as i128, (self.won.count + self.lost.count) as i128)
    }

    /// Returns won of won and lost in percent, by amount, a currency.
    pub fn win_rate_by_amount(&self) -> BTreeMap<Currency, Ratio> {
        let mut closed = self.won.amounts.clone();
        closed.merge(&self.lost.amounts);
        let rates = closed.iter().filter_map(|(currency, all)| {
            Some((currency, Ratio::percent(self.won.amounts.minor(currency), all)?))
        });
        rates.collect()
    }

    /// Returns the mean of the days from opening to winning.
    pub fn cycle(&self) -> Option<Ratio> {
        Ratio::new(self.cycles.iter().copied().map(i128::from).sum(), self.cycles.len() as i128)
    }
}

#[cfg(test)]
mod tests {
    use daybook_core::event::book::Stage;

    use super::*;

    const WON: &str = "won";
    const LOST: &str = "lost";

    fn date(text: &str) -> Date {
        format!("2024-{text}").parse().expect("a date")
    }

    fn period(from: &str, to: &str) -> Period {
        Period { from: date(from), to: date(to) }
    }

    fn pipeline() -> Pipeline {
        let stage = |name: &str| Stage {
            name: name.parse().expect("a name"),
            label_zh: name.parse().expect("a label"),
            probability_percent: 10,
        };
        Pipeline { stages: ["S1", "S2", "S3"].map(stage).to_vec(), lost_reasons: Vec::new() }
    }

    /// A way told as days and stages `1` to `3`, cut at a day.
    fn track(number: u32, moves: &[(&str, &str)], until: &str) -> Option<Track> {
        let what = |text: &str| match text {
            WON => Move::Won,
            LOST => Move::Lost,
            rank => Move::Stage(rank.parse::<usize>().expect("a rank") - 1),
        };
        let told = moves.iter().map(|(on, text)| (date(on), what(text)));
        let moves: Vec<_> = told.filter(|(on, _)| *on <= date(until)).collect();
        (!moves.is_empty()).then(|| Track { moves, ..Track::new(Place(0), Place(number)) })
    }

    /// Five opportunities: one straight to won, one that skipped and was lost, one that went back,
    /// one that stayed, one that was lost and reopened.
    fn five(until: &str) -> Vec<Track> {
        let all = [
            track(1, &[("01-02", "1"), ("01-10", "2"), ("01-20", "3"), ("02-01", WON)], until),
            track(2, &[("01-05", "1"), ("01-15", "3"), ("01-25", LOST)], until),
            track(
                3,
                &[("01-08", "1"), ("01-12", "2"), ("01-18", "3"), ("01-22", "2"), ("02-03", "3")],
                until,
            ),
            track(4, &[("01-20", "1")], until),
            track(5, &[("02-02", "1"), ("02-05", "2"), ("02-10", LOST), ("02-12", "2")], until),
        ];
        all.into_iter().flatten().collect()
    }

    fn at(until: &str, cohort: Cohort) -> (Vec<Track>, Report) {
        let (tracks, pipeline) = (five(until), pipeline());
        let count = Count { pipeline: &pipeline, cohort, today: date(until) };
        let report = count.report(&tracks);
        (tracks, report)
    }

    fn counts(report: &Report, of: fn(&StageFigures) -> usize) -> Vec<usize> {
        report.stages.iter().map(of).collect()
    }

    #[test]
    fn a_snapshot_shows_where_each_stands() {
        let (tracks, report) = at("02-15", Cohort::All);
        let standing = |what: Move| {
            let those = tracks.iter().filter(|track| track.now() == Some(what));
            those.map(|track| track.id.0).collect::<Vec<_>>()
        };
        let here: Vec<Vec<u32>> = (0..3).map(|rank| standing(Move::Stage(rank))).collect();
        assert_eq!(here, [[4], [5], [3]]);
        assert_eq!((standing(Move::Won), standing(Move::Lost)), (vec![1], vec![2]));
        assert_eq!(counts(&report, |stage| stage.here.count), [1, 1, 1]);
        assert_eq!((report.won.count, report.lost.count), (1, 1));
    }

    #[test]
    fn a_cohort_is_counted_once_a_stage_and_never_above_one() {
        let (_, report) = at("02-15", Cohort::Created(period("01-01", "01-31")));
        assert_eq!(report.counted, 4);
        assert_eq!(counts(&report, |stage| stage.reached), [4, 3, 3]);
        assert_eq!(counts(&report, |stage| stage.visited), [4, 2, 3], "really been there");
        assert_eq!(counts(&report, |stage| stage.went_on), [3, 3, 1]);
        let conversion = |stage: &StageFigures| {
            Ratio::percent(stage.went_on as i128, stage.reached as i128).expect("some").to_string()
        };
        let conversions: Vec<String> = report.stages.iter().map(conversion).collect();
        assert_eq!(conversions, ["75.00", "100.00", "33.33"]);
        let third = &report.stages[2];
        assert_eq!((third.won, third.lost, third.open), (1, 1, 1), "half of the closed ones");
        assert_eq!(counts(&report, |stage| stage.went_back), [1, 1, 1]);
        assert_eq!(counts(&report, |stage| stage.entered_again), [0, 1, 1]);
    }

    #[test]
    fn what_others_count_is_another_thing() {
        let january = period("01-01", "01-31");
        let (tracks, report) = at("02-15", Cohort::Created(january));
        let cohort = || tracks.iter().filter(|t| t.opened_on().is_some_and(|on| january.holds(on)));
        // Every entry counted: 133 % from the second stage to the third.
        let entries = |rank| cohort().flat_map(Track::visits).filter(|v| v.rank == rank).count();
        assert_eq!([entries(0), entries(1), entries(2)], [4, 3, 4]);
        // Entries, with what is lost by now left out: the loss is hidden, 100 % up to the end.
        let not_lost = |rank| {
            let left = cohort().filter(|track| track.now() != Some(Move::Lost));
            left.flat_map(Track::visits).filter(|visit| visit.rank == rank).count()
        };
        assert_eq!([not_lost(0), not_lost(1), not_lost(2)], [3, 3, 3]);
        assert_eq!(counts(&report, |stage| stage.reached), [4, 3, 3]);
    }

    #[test]
    fn a_stage_cohort_holds_what_came_there_in_the_period() {
        let (_, report) = at("02-15", Cohort::Entered(period("02-01", "02-29")));
        assert_eq!(counts(&report, |stage| stage.reached), [1, 1, 0], "O5 alone is new there");
    }

    #[test]
    fn an_active_funnel_holds_what_was_there_at_any_moment() {
        let (_, report) = at("02-15", Cohort::Active(period("01-23", "02-02")));
        // S1: O4 and O5. S2: O3 went back to it. S3: O1 until 02-01, O2 until 01-25.
        assert_eq!(counts(&report, |stage| stage.reached), [2, 1, 2]);
        assert_eq!(report.counted, 5);
        let (_, report) = at("02-15", Cohort::Active(period("01-01", "01-04")));
        assert_eq!((counts(&report, |stage| stage.reached), report.counted), (vec![1, 0, 0], 1));
    }

    #[test]
    fn what_is_reopened_is_lost_no_more_and_was_before() {
        let (_, before) = at("02-11", Cohort::All);
        assert_eq!((before.won.count, before.lost.count), (1, 2));
        let (_, after) = at("02-15", Cohort::All);
        assert_eq!((after.won.count, after.lost.count), (1, 1));
        let february = Cohort::Closed(period("02-01", "02-29"));
        let rate = |until| at(until, february).1.win_rate().map(|rate| rate.to_string());
        assert_eq!(rate("02-11").as_deref(), Some("50.00"), "O1 won, O5 lost");
        assert_eq!(rate("02-15").as_deref(), Some("100.00"));
    }

    #[test]
    fn stays_add_up_over_visits() {
        let (tracks, report) = at("02-15", Cohort::All);
        let together = |id: u32, rank: usize| {
            let track = tracks.iter().find(|track| track.id.0 == id).expect("there");
            let visits: Vec<_> = track.visits().filter(|visit| visit.rank == rank).collect();
            let days: i64 = visits.iter().map(|visit| visit.days(date("02-15"))).sum();
            (days, visits.len(), visits.iter().any(|visit| visit.until.is_none()))
        };
        assert_eq!(together(1, 2), (12, 1, false));
        assert_eq!(together(2, 2), (10, 1, false));
        assert_eq!(together(3, 2), (16, 2, true));
        assert_eq!(together(1, 1), (10, 1, false));
        assert_eq!(together(3, 1), (18, 2, false));
        assert_eq!(together(5, 1), (8, 2, true));
        let dwell = report.stages[2].dwell();
        assert_eq!((dwell.completed, dwell.running), (3, 1));
        assert_eq!((dwell.median, dwell.p75, dwell.p90), (Some(10), Some(12), Some(12)));
        assert_eq!(dwell.median_together, Some(10), "O1 12 and O2 10; O3 is still there");
    }

    #[test]
    fn reports_of_parts_add_up_to_that_of_the_whole() {
        let (tracks, whole) = at("02-15", Cohort::All);
        let pipeline = pipeline();
        let count = Count { pipeline: &pipeline, cohort: Cohort::All, today: date("02-15") };
        let mut sum = count.nothing();
        tracks.iter().for_each(|track| sum.merge(count.report([track])));
        assert_eq!(sum, whole);
        assert_eq!(sum.open().count, 3);
        assert_eq!(sum.cycle().map(|days| days.to_string()).as_deref(), Some("30.00"));
    }

    #[test]
    fn every_figure_is_as_large_as_the_list_of_what_it_counts() {
        let (tracks, pipeline, today) = (five("02-15"), pipeline(), date("02-15"));
        let february = period("01-15", "02-10");
        let cohorts = [
            Cohort::All,
            Cohort::Created(february),
            Cohort::Entered(february),
            Cohort::Active(february),
            Cohort::Closed(february),
        ];
        for cohort in cohorts {
            let count = Count { pipeline: &pipeline, cohort, today };
            let report = count.report(&tracks);
            let listed = |figure, rank| {
                tracks.iter().filter(|track| count.holds(track, figure, rank)).count()
            };
            assert_eq!(listed(Figure::Counted, 0), report.counted);
            assert_eq!(listed(Figure::Open, 0), report.open().count);
            assert_eq!(listed(Figure::Won, 0), report.won.count);
            assert_eq!(listed(Figure::Lost, 0), report.lost.count);
            for (rank, stage) in report.stages.iter().enumerate() {
                let counts = [
                    (Figure::Here, stage.here.count),
                    (Figure::Reached, stage.reached),
                    (Figure::Visited, stage.visited),
                    (Figure::WentOn, stage.went_on),
                    (Figure::WentBack, stage.went_back),
                ];
                for (figure, expected) in counts {
                    assert_eq!(listed(figure, rank), expected, "{cohort:?} {figure:?} {rank}");
                }
            }
        }
    }
}
