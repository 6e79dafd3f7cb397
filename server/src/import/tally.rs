//! Control totals: what became of every row and every amount of a file.

use std::collections::BTreeMap;

use daybook_core::event::book::{AmountTotals, RowTotals};
use daybook_core::money::Currency;

use super::build::Amounts;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It became events now.
    Taken,
    /// An earlier run took it.
    Known,
    /// It was refused.
    Refused,
    /// The mapping leaves it out.
    Skipped,
}

/// The totals of one file, or of all.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// The rows.
    pub rows: RowTotals,
    amounts: BTreeMap<Currency, [i128; 4]>,
}

impl Tally {
    /// Counts rows and their amounts.
    pub fn count(&mut self, fate: Fate, rows: u64, amounts: &Amounts) {
        self.rows.read += rows;
        let place = match fate {
            Fate::Taken => &mut self.rows.taken,
            Fate::Known => &mut self.rows.known,
            Fate::Refused => &mut self.rows.refused,
            Fate::Skipped => &mut self.rows.skipped,
        };
        *place += rows;
        for (currency, minor) in amounts {
            if let Some(sum) = self.amounts.entry(*currency).or_default().get_mut(fate as usize) {
                *sum += *minor;
            }
        }
    }

    /// Returns the amounts by currency. A sum beyond what can be kept stays at the limit, and the
    /// import's event is then refused for not adding up.
    pub fn amounts(&self) -> Vec<AmountTotals> {
        let held = |minor: i128| i64::try_from(minor).unwrap_or(i64::MAX);
        let totals = self.amounts.iter().map(|(currency, sums)| {
            let [taken, known, refused, skipped] = *sums;
            AmountTotals {
                currency: *currency,
                read: held(sums.iter().sum()),
                taken: held(taken),
                known: held(known),
                refused: held(refused),
                skipped: held(skipped),
            }
        });
        totals.collect()
    }
}
