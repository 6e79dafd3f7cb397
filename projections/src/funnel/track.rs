//! The way of each opportunity at a basis.

use std::collections::BTreeMap;

use daybook_core::money::Money;
use daybook_core::time::Date;

use super::facts::{ABSENT, Said};
use crate::Basis;
use crate::amounts::currency_of;
use crate::engine::{Bucket, Place, Policies, Row};

/// What happened to an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It came into the stage of this rank.
    Stage(usize),
    /// It was won.
    Won,
    /// It was lost.
    Lost,
}

/// The way of one opportunity. Names are places in its bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// The customer.
    pub customer: Place,
    /// Its id.
    pub id: Place,
    /// What happened, by instant and then in the order it was told; never empty.
    pub moves: Vec<(Date, Move)>,
    /// What it is expected to bring or brought.
    pub amount: Option<Money>,
    /// Its own probability in percent.
    pub probability: Option<i64>,
    /// The days it was expected to close, each with the instant from which on.
    pub closes: Vec<(i64, Option<Date>)>,
    /// Who pursues it.
    pub owner: Place,
    /// Where it came from.
    pub source: Place,
    /// What it is about.
    pub product: Place,
    /// Why it was lost last.
    pub reason: Place,
}

/// A stay in a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Visit {
    /// The stage.
    pub rank: usize,
    /// From when.
    pub from: Date,
    /// Until when; nothing while it lasts.
    pub until: Option<Date>,
}

impl Visit {
    /// Returns its days, up to a day while it lasts.
    pub fn days(&self, today: Date) -> i64 {
        i64::from(self.until.unwrap_or(today).0) - i64::from(self.from.0)
    }

    /// Tells whether some of it lies from one day to another.
    pub fn touches(&self, from: Date, to: Date) -> bool {
        self.from <= to && self.until.is_none_or(|until| until >= from)
    }
}

impl Track {
    /// Starts the way of an opportunity of which nothing is known.
    pub const fn new(customer: Place, id: Place) -> Track {
        Track {
            customer,
            id,
            moves: Vec::new(),
            amount: None,
            probability: None,
            closes: Vec::new(),
            owner: Place::NONE,
            source: Place::NONE,
            product: Place::NONE,
            reason: Place::NONE,
        }
    }

    /// Returns the stays in order.
    pub fn visits(&self) -> impl Iterator<Item = Visit> + '_ {
        let mut at = 0;
        std::iter::from_fn(move || {
            loop {
                let (from, what) = *self.moves.get(at)?;
                at += 1;
                let Move::Stage(rank) = what else { continue };
                // Coming to where it is already is no new stay.
                let rest = self.moves.get(at..).unwrap_or_default();
                let same = rest.iter().take_while(|(_, what)| *what == Move::Stage(rank)).count();
                at += same;
                let until = rest.get(same).map(|(on, _)| *on);
                return Some(Visit { rank, from, until });
            }
        })
    }

    /// Returns what happened last.
    pub fn now(&self) -> Option<Move> {
        self.moves.last().map(|(_, what)| *what)
    }

    /// Returns the day of what happened last.
    pub fn since(&self) -> Option<Date> {
        self.moves.last().map(|(on, _)| *on)
    }

    /// Returns the day it was opened.
    pub fn opened_on(&self) -> Option<Date> {
        self.moves.first().map(|(on, _)| *on)
    }

    /// Returns the day it was won or lost, where it is.
    pub fn closed_on(&self) -> Option<Date> {
        let closed = matches!(self.now(), Some(Move::Won | Move::Lost));
        self.since().filter(|_| closed)
    }

    /// Returns the day it is expected to close.
    pub fn close_on(&self) -> Option<Date> {
        self.closes.last().and_then(|(_, day)| *day)
    }

    /// Returns how often the day it is expected to close was moved to a later one.
    pub fn pushes(&self) -> usize {
        self.closes
            .iter()
            .zip(self.closes.iter().skip(1))
            .filter(|(old, new)| later(old, new))
            .count()
    }

    /// Tells whether it came to a stage or past it, or is won.
    pub fn reached(&self, rank: usize) -> bool {
        let there = |what: &Move| matches!(what, Move::Stage(at) if *at >= rank);
        self.now() == Some(Move::Won) || self.moves.iter().any(|(_, what)| there(what))
    }

    /// Returns the first day it was at a rank or past it, or won.
    pub fn reached_on(&self, rank: usize) -> Option<Date> {
        let there = |what: &Move| match what {
            Move::Stage(at) => *at >= rank,
            Move::Won => true,
            Move::Lost => false,
        };
        self.moves.iter().find(|(_, what)| there(what)).map(|(on, _)| *on)
    }

    /// Tells whether it ever went to an earlier stage.
    pub fn went_back(&self) -> bool {
        self.visits().zip(self.visits().skip(1)).any(|(from, to)| to.rank < from.rank)
    }
}

/// Tells whether a day expected to close was moved to a later one.
pub(super) fn later(old: &(i64, Option<Date>), new: &(i64, Option<Date>)) -> bool {
    old.1.zip(new.1).is_some_and(|(old, new)| new > old)
}

/// The ranks of a pipeline's stages at a basis: its place in the newest version, or, for a stage
/// that is there no more, in the version an opportunity runs under.
pub struct Ranks<'p> {
    pipeline: &'p str,
    newest: BTreeMap<&'p str, usize>,
    versions: BTreeMap<i64, BTreeMap<&'p str, usize>>,
}

impl<'p> Ranks<'p> {
    /// Collects them.
    pub fn of(policies: &'p Policies, pipeline: &'p str, basis: &Basis) -> Ranks<'p> {
        let mut ranks = Ranks { pipeline, newest: BTreeMap::new(), versions: BTreeMap::new() };
        for (_, version, content) in
            policies.pipelines(basis).filter(|(name, ..)| *name == pipeline)
        {
            let stages = content.stages.iter().map(|stage| stage.name.as_str());
            let places: BTreeMap<&str, usize> = stages.zip(0..).collect();
            ranks.versions.insert(version.into(), places.clone());
            ranks.newest = places;
        }
        ranks
    }

    fn rank(&self, stage: &str, version: i64) -> Option<usize> {
        let own = || self.versions.get(&version)?.get(stage);
        self.newest.get(stage).or_else(own).copied()
    }
}

/// A value that is said again: the last by effective instant counts.
#[derive(Clone, Copy)]
struct Last<T> {
    said: i64,
    value: Option<T>,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Last { said: i64::MIN, value: None }
    }
}

impl<T> Last<T> {
    fn say(&mut self, on: i64, value: Option<T>) {
        if self.said <= on {
            (self.said, self.value) = (on, value);
        }
    }
}

/// What was said of an opportunity, in the order of the log.
struct Told {
    track: Track,
    pipeline: Option<(Place, i64)>,
    moves: Vec<(i64, Date, Turn)>,
    amount: Last<Money>,
    brought: Last<Money>,
    probability: Last<i64>,
    owner: Last<Place>,
}

#[derive(Clone, Copy)]
enum Turn {
    Stage(Place),
    Won,
    Lost,
}

impl Told {
    fn new(row: &Row) -> Told {
        Told {
            track: Track::new(row.customer, row.subject),
            pipeline: None,
            moves: Vec::new(),
            amount: Last::default(),
            brought: Last::default(),
            probability: Last::default(),
            owner: Last::default(),
        }
    }

    fn take(&mut self, said: Said, row: &Row) {
        let day = i32::try_from(row.value).ok().map(Date);
        let mut moved = |turn| self.moves.push((row.on, day.unwrap_or_default(), turn));
        match said {
            Said::Opened => self.pipeline = Some((row.object, row.value)),
            Said::Entered => moved(Turn::Stage(row.object)),
            Said::Won => moved(Turn::Won),
            Said::Lost => {
                moved(Turn::Lost);
                self.track.reason = row.object;
            }
            Said::Amount => self.amount.say(row.on, money(row)),
            Said::Brought => self.brought.say(row.on, money(row)),
            Said::Probability => {
                self.probability.say(row.on, (row.value != ABSENT).then_some(row.value));
            }
            Said::Close => self.track.closes.push((row.on, day)),
            Said::Owner => self.owner.say(row.on, Some(row.object)),
            Said::Source => self.track.source = row.object,
            Said::Product => self.track.product = row.object,
        }
    }
}

fn money(row: &Row) -> Option<Money> {
    Some(Money::new(row.value, currency_of(row.unit)?))
}

/// Returns the ways of a bucket's opportunities that run under a pipeline, in the order they were
/// opened.
pub fn tracks(bucket: &Bucket, ranks: &Ranks<'_>, basis: &Basis) -> Vec<Track> {
    let mut at: Vec<Option<u32>> = vec![None; bucket.name_count()];
    let mut all: Vec<Told> = Vec::new();
    for row in bucket.known(basis.before) {
        let Some(said) = Said::from_number(row.kind) else { continue };
        let Some(place) = at.get_mut(row.subject.index()) else { continue };
        if basis.as_of.is_some_and(|as_of| row.on > as_of.0) {
            continue;
        }
        let known = *place.get_or_insert_with(|| {
            all.push(Told::new(row));
            (all.len() - 1) as u32
        });
        if let Some(told) = all.get_mut(known as usize) {
            told.take(said, row);
        }
    }
    // The pipelines and stages of a bucket are few; each is looked up once.
    let mut known: Vec<((Place, i64), Option<usize>)> = Vec::new();
    let mut rank = |stage: Place, version: i64| {
        if let Some((_, rank)) = known.iter().find(|(key, _)| *key == (stage, version)) {
            return *rank;
        }
        let rank = ranks.rank(bucket.text(stage), version);
        known.push(((stage, version), rank));
        rank
    };
    let mut found = Vec::with_capacity(all.len());
    for mut told in all {
        let ours = told.pipeline.filter(|(of, _)| bucket.text(*of) == ranks.pipeline);
        let Some((_, version)) = ours else { continue };
        // Rows come in the order they were told, which a stable sort keeps within an instant.
        told.moves.sort_by_key(|(on, ..)| *on);
        let mut track = told.track;
        track.moves.reserve_exact(told.moves.len());
        for (_, on, turn) in told.moves {
            let what = match turn {
                Turn::Stage(stage) => rank(stage, version).map(Move::Stage),
                Turn::Won => Some(Move::Won),
                Turn::Lost => Some(Move::Lost),
            };
            track.moves.extend(what.map(|what| (on, what)));
        }
        if track.moves.is_empty() {
            continue;
        }
        track.closes.sort_by_key(|(on, _)| *on);
        // What was won and is open again is expected to bring what it was expected to before.
        let brought = told.brought.value.filter(|_| track.now() == Some(Move::Won));
        track.amount = brought.or(told.amount.value);
        track.probability = told.probability.value;
        track.owner = told.owner.value.unwrap_or(Place::NONE);
        found.push(track);
    }
    found
}
