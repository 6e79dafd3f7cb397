//! What a ledger has to answer about one customer, worked out the slow and obvious way.
//!
//! Nothing is kept but lists of what was taken, in order; every rule and every question walks them
//! anew. Days are numbers, amounts whole numbers of one currency. Invariant: this file imports
//! nothing from the product.

use std::collections::{BTreeMap, BTreeSet};

use super::ask::{Answer, Ask};

/// What takes from a debt, or from itself when money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Receipt(u8),
    Note(u8),
    WriteOff,
}

#[derive(Debug, Clone)]
struct Item {
    asked: usize,
    item: u8,
    amount: i64,
    document: i32,
    /// The first due day, and those agreed later with the day of the agreement.
    due: Vec<(usize, i32, i32)>,
}

#[derive(Debug, Clone)]
struct Credit {
    asked: usize,
    by: By,
    amount: i64,
    from: i32,
    gone: Option<(usize, i32)>,
}

/// An amount taken from a credit and, unless it is paid back, from an item.
#[derive(Debug, Clone)]
struct Taken {
    asked: usize,
    application: String,
    by: By,
    item: Option<u8>,
    amount: i64,
    on: i32,
}

/// A deal's change: the stage it is in from then on, or how it ended.
#[derive(Debug, Clone)]
struct Turn {
    asked: usize,
    deal: u8,
    stage: u8,
    closed: Option<Option<i64>>,
    on: i32,
}

/// One customer.
#[derive(Debug, Clone, Default)]
pub struct Model {
    today: i32,
    asked: usize,
    cities: Vec<(usize, u8, i32)>,
    turns: Vec<Turn>,
    items: Vec<Item>,
    credits: Vec<Credit>,
    taken: Vec<Taken>,
}

impl Model {
    /// Starts with a customer of whom nothing is known.
    pub fn new(today: i32) -> Model {
        Model { today, ..Model::default() }
    }

    /// Takes a request, or refuses it and changes nothing; `name` is what an application is called.
    pub fn ask(&mut self, ask: &Ask, name: &str) -> bool {
        self.asked += 1;
        self.decide(ask, name).is_some()
    }

    fn decide(&mut self, ask: &Ask, name: &str) -> Option<()> {
        let today = self.today;
        match *ask {
            Ask::City { city, on } => {
                let new = self.cities.last().is_none_or(|(_, last, _)| *last != city);
                new.then(|| self.cities.push((self.asked, city, on)))
            }
            Ask::Open { deal, on } => self.turn(deal, 0, None, on, |last| last.is_none()),
            Ask::Stage { deal, to, on } => self.turn(deal, to, None, on, |last| {
                last.is_some_and(|last| last.closed.is_none() && last.stage != to)
            }),
            Ask::Close { deal, won, on } => self.turn(deal, 0, Some(won), on, |last| {
                last.is_some_and(|last| last.closed.is_none())
            }),
            Ask::Reopen { deal, to, on } => {
                self.turn(deal, to, None, on, |last| last.is_some_and(|last| last.closed.is_some()))
            }
            Ask::Item { item, amount, document, due } => {
                let fits = amount > 0 && due >= document && document <= today;
                let due = vec![(self.asked, due, document)];
                let asked = self.asked;
                (fits && self.item(item).is_none())
                    .then(|| self.items.push(Item { asked, item, amount, document, due }))
            }
            Ask::Postpone { item, due } => {
                let (document, old) = (self.item(item)?.document, self.item(item)?.due.last()?.1);
                let moves = due != old && due >= document && self.open(item, today) > 0;
                let entry = (self.asked, due, today);
                let known = self.items.iter_mut().find(|known| known.item == item)?;
                moves.then(|| known.due.push(entry))
            }
            Ask::Receipt { receipt, amount, value } => {
                self.give(By::Receipt(receipt), amount, value)
            }
            Ask::Apply { receipt, ref lines, on } => self.apply(receipt, lines, on, name),
            Ask::Share { receipt, in_proportion } => {
                let lines = self.shared(receipt, in_proportion)?;
                self.apply(receipt, &lines, None, name)
            }
            Ask::Undo { ref application, on } => {
                let from = self.live(application).first()?.on;
                let on = on.unwrap_or(from);
                (on >= from && on <= today.max(from)).then(|| self.undo(application, on))
            }
            Ask::Bounce { receipt, on } => {
                let value = self.standing(receipt)?;
                let of = |taken: &&Taken| taken.by == By::Receipt(receipt);
                let refunded = self.taken.iter().filter(of).any(|taken| taken.item.is_none());
                if refunded || on < value || on > today.max(value) {
                    return None;
                }
                let names: BTreeSet<String> =
                    self.taken.iter().filter(of).map(|taken| taken.application.clone()).collect();
                for name in names {
                    if let Some(from) = self.live(&name).first().map(|taken| taken.on) {
                        self.undo(&name, on.max(from));
                    }
                }
                let gone = Some((self.asked, on));
                let mut credits = self.credits.iter_mut();
                credits.find(|credit| credit.by == By::Receipt(receipt))?.gone = gone;
                Some(())
            }
            Ask::Note { note, amount, against, on } => {
                let document = match against {
                    Some(item) => self.item(item)?.document,
                    None => on,
                };
                if on > today {
                    return None;
                }
                self.give(By::Note(note), amount, on)?;
                if let Some(item) = against {
                    let on = on.max(document);
                    let minor = amount.min(self.open_from(item, on));
                    if minor > 0 {
                        self.take(&format!("CN-{note}"), By::Note(note), Some(item), minor, on);
                    }
                }
                Some(())
            }
            Ask::WriteOff { item, amount, approved, on } => {
                let when = on <= today && on >= self.item(item)?.document;
                (amount > 0 && approved && when && amount <= self.open_from(item, on))
                    .then(|| self.take(name, By::WriteOff, Some(item), amount, on))
            }
            Ask::Refund { receipt, amount, on } => {
                let when = on >= self.standing(receipt)? && on <= today;
                let by = By::Receipt(receipt);
                (amount > 0 && when && amount <= self.left_from(by, on))
                    .then(|| self.take("", by, None, amount, on))
            }
        }
    }

    fn turn(
        &mut self,
        deal: u8,
        stage: u8,
        closed: Option<Option<i64>>,
        on: i32,
        fits: impl Fn(Option<&Turn>) -> bool,
    ) -> Option<()> {
        let last = self.turns.iter().rev().find(|turn| turn.deal == deal);
        let taken = fits(last) && last.is_none_or(|last| on >= last.on);
        taken.then(|| self.turns.push(Turn { asked: self.asked, deal, stage, closed, on }))
    }

    fn give(&mut self, by: By, amount: i64, from: i32) -> Option<()> {
        let new = amount > 0 && !self.credits.iter().any(|credit| credit.by == by);
        let asked = self.asked;
        new.then(|| self.credits.push(Credit { asked, by, amount, from, gone: None }))
    }

    fn take(&mut self, application: &str, by: By, item: Option<u8>, amount: i64, on: i32) {
        let (asked, application) = (self.asked, application.to_owned());
        self.taken.push(Taken { asked, application, by, item, amount, on });
    }

    fn undo(&mut self, application: &str, on: i32) {
        for taken in self.live(application) {
            self.take(application, taken.by, taken.item, -taken.amount, on);
        }
    }

    fn apply(
        &mut self,
        receipt: u8,
        lines: &[(u8, i64)],
        on: Option<i32>,
        name: &str,
    ) -> Option<()> {
        let (value, by) = (self.standing(receipt)?, By::Receipt(receipt));
        let mut earliest = value;
        for (item, _) in lines {
            earliest = earliest.max(self.item(*item)?.document);
        }
        let on = on.unwrap_or(earliest);
        let named: BTreeSet<u8> = lines.iter().map(|(item, _)| *item).collect();
        let sum: i64 = lines.iter().map(|(_, amount)| amount).sum();
        let fits = lines.iter().all(|(item, a)| *a > 0 && *a <= self.open_from(*item, on));
        let when = on >= earliest && on <= self.today.max(value);
        if lines.is_empty() || named.len() < lines.len() || !fits || !when {
            return None;
        }
        (sum <= self.left_from(by, on)).then(|| {
            lines.iter().for_each(|(item, amount)| self.take(name, by, Some(*item), *amount, on));
        })
    }

    /// Finds lines by due day, document and number, until the receipt is used up or in proportion.
    fn shared(&self, receipt: u8, in_proportion: bool) -> Option<Vec<(u8, i64)>> {
        let value = self.standing(receipt)?;
        let mut left = self.left_from(By::Receipt(receipt), value);
        let place = |item: &Item| {
            let open = self.open_from(item.item, value.max(item.document));
            (item.due.last().map(|due| due.1), item.document, item.item, open)
        };
        let mut open: Vec<_> = self.items.iter().map(place).filter(|place| place.3 > 0).collect();
        open.sort_unstable();
        let total: i64 = open.iter().map(|place| place.3).sum();
        let (credit, mut running, mut given) = (left.min(total), 0i64, 0i64);
        let mut lines = Vec::new();
        for (_, _, item, amount) in open {
            running += amount;
            let until = half_even(i128::from(credit) * i128::from(running), i128::from(total));
            let share = if in_proportion { until - given } else { amount.min(left) };
            (given, left) = (until, left - amount.min(left));
            lines.extend((share > 0).then_some((item, share)));
        }
        (!lines.is_empty()).then_some(lines)
    }

    fn item(&self, item: u8) -> Option<&Item> {
        self.items.iter().find(|known| known.item == item)
    }

    /// Returns the value day of a receipt that was not taken back.
    fn standing(&self, receipt: u8) -> Option<i32> {
        let credit = self.credits.iter().find(|credit| credit.by == By::Receipt(receipt))?;
        credit.gone.is_none().then_some(credit.from)
    }

    /// Returns what an application takes, nothing once it is undone.
    fn live(&self, name: &str) -> Vec<Taken> {
        let of = self.taken.iter().filter(|taken| taken.application == name && !name.is_empty());
        let all: Vec<Taken> = of.cloned().collect();
        if all.iter().any(|taken| taken.amount < 0) { Vec::new() } else { all }
    }

    fn sum(&self, of: impl Fn(&Taken) -> bool) -> i64 {
        self.taken.iter().filter(|taken| of(taken)).map(|taken| taken.amount).sum()
    }

    fn open(&self, item: u8, on: i32) -> i64 {
        let amount = self.item(item).map_or(0, |known| known.amount);
        amount - self.sum(|taken| taken.item == Some(item) && taken.on <= on)
    }

    fn left(&self, by: By, on: i32) -> i64 {
        let credit = self.credits.iter().find(|credit| credit.by == by);
        credit.map_or(0, |credit| credit.amount)
            - self.sum(|taken| taken.by == by && taken.on <= on)
    }

    /// The day and every later one on which anything changes: the least on any of them counts.
    fn days(&self, from: i32) -> impl Iterator<Item = i32> {
        self.taken.iter().map(|taken| taken.on).filter(move |on| *on > from).chain([from])
    }

    fn open_from(&self, item: u8, from: i32) -> i64 {
        self.days(from).map(|on| self.open(item, on)).min().unwrap_or(0)
    }

    fn left_from(&self, by: By, from: i32) -> i64 {
        self.days(from).map(|on| self.left(by, on)).min().unwrap_or(0)
    }

    /// Answers as of a day with what the first `known` requests said.
    pub fn answer(&self, on: i32, known: usize) -> Answer {
        let mut then = self.clone();
        then.taken.retain(|taken| taken.asked <= known && taken.on <= on);
        let mut answer = Answer::default();
        let cities = then.cities.iter().filter(|(asked, _, day)| *asked <= known && *day <= on);
        answer.city = cities.max_by_key(|(asked, _, day)| (*day, *asked)).map(|(_, city, _)| *city);
        let turns = then.turns.iter().filter(|turn| turn.asked <= known && turn.on <= on);
        let deals: BTreeMap<u8, _> = turns.map(|turn| (turn.deal, turn.closed)).collect();
        answer.deals_open = deals.values().filter(|closed| closed.is_none()).count();
        answer.won = deals.values().filter_map(|closed| closed.flatten()).sum();
        for item in then.items.iter().filter(|item| item.asked <= known && item.document <= on) {
            let taken = |of: fn(By) -> bool| {
                then.sum(|taken| taken.item == Some(item.item) && of(taken.by))
            };
            let collected = taken(|by| matches!(by, By::Receipt(_)));
            let credited = taken(|by| matches!(by, By::Note(_)));
            let written_off = taken(|by| by == By::WriteOff);
            let open = item.amount - collected - credited - written_off;
            let mut agreed = item.due.iter().filter(|due| due.0 <= known && due.2 <= on);
            let due = agreed.next_back().map_or(on, |due| due.1);
            let row = [open, collected, credited, written_off, i64::from(due)];
            answer.overdue += if due < on { open } else { 0 };
            answer.items.insert(item.item, row);
        }
        for credit in
            then.credits.iter().filter(|credit| credit.asked <= known && credit.from <= on)
        {
            let gone = credit.gone.is_some_and(|(asked, day)| asked <= known && day <= on);
            let used = |back: bool| {
                then.sum(|taken| taken.by == credit.by && taken.item.is_none() == back)
            };
            let worth = if gone { 0 } else { credit.amount - used(true) };
            answer.unapplied += worth - used(false);
            answer.received += if matches!(credit.by, By::Receipt(_)) { worth } else { 0 };
        }
        answer
    }
}

fn half_even(numerator: i128, denominator: i128) -> i64 {
    let (quotient, rest) = (numerator / denominator, 2 * (numerator % denominator));
    let up = rest > denominator || (rest == denominator && quotient % 2 == 1);
    i64::try_from(quotient).unwrap_or(i64::MAX) + i64::from(up)
}
