//! Numbers of the whole ledger: who holds one, and which of a series comes next.

use super::super::read::now_or_block;
use super::sheet::Claim;
use super::{Stop, Work};
use crate::decide::{Numbers, Rejection};
use crate::event::index::Term;
use crate::event::{Body, Event, UniqueKey};
use crate::position::Position;
use crate::store::Order;

/// Hands out the number that was looked up before deciding.
pub(super) struct Series(pub(super) u64);

impl Numbers for Series {
    fn next_in_series(&self, _series: &str) -> u64 {
        self.0
    }
}

impl Work<'_, '_> {
    /// Refuses a number that somebody else holds.
    pub(super) fn check_claim(&mut self, body: &Body) -> Result<(), Stop> {
        let Some(key) = body.claims() else { return Ok(()) };
        let fresh = self.sheet.claims.get(&key).or_else(|| self.pending.claims.get(&key));
        let mut holders: Vec<Claim> = fresh.cloned().into_iter().collect();
        let all = Position(0)..self.pending.first;
        let found = now_or_block(self.desk.store.find(
            Term::unique(&key),
            all,
            Order::Backwards,
            usize::MAX,
        ))?;
        for position in found {
            let bytes = self.desk.reader.stored(position).map_err(Stop::Broken)?;
            let event = Event::decode(&bytes)?;
            if event.body.claims().as_ref() == Some(&key) {
                holders.push((event.envelope.stream, position));
            }
        }
        for (holder, position) in holders {
            self.ready(&holder)?;
            if self.draft(&holder).claim_stands(&key) {
                let (what, number) = shown(&key);
                let position = position.0;
                return Err(Rejection::NumberTaken { what, number, position }.into());
            }
        }
        Ok(())
    }

    pub(super) fn next_in_series(&mut self, body: &Body) -> Result<Option<u64>, Stop> {
        let Some((series, _)) = body.series() else { return Ok(None) };
        let known = self.sheet.series.get(series.as_str());
        if let Some(last) = known.or_else(|| self.desk.series.get(series.as_str())) {
            return Ok(Some(last + 1));
        }
        let all = Position(0)..self.pending.first;
        let term = Term::series(series.as_str());
        let found = now_or_block(self.desk.store.find(term, all, Order::Backwards, 16))?;
        for position in found {
            let bytes = self.desk.reader.stored(position).map_err(Stop::Broken)?;
            if let Some((found, number)) = Event::decode(&bytes)?.body.series()
                && found == series
            {
                return Ok(Some(number + 1));
            }
        }
        Ok(Some(1))
    }
}

fn shown(key: &UniqueKey) -> (&'static str, String) {
    match key {
        UniqueKey::Contract(number) => ("contract number", number.to_string()),
        UniqueKey::Invoice(number) => ("invoice number", number.to_string()),
        UniqueKey::BankLine(line) => {
            ("bank line", format!("{}/{}/{}", line.bank, line.statement, line.line))
        }
    }
}
