//! What the generator remembers of one customer: enough never to ask for something refused.

use super::Act;

/// The state of one customer of a load: its newest opportunity, debt and receipt.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Account {
    /// Opportunities opened; the newest is the one that moves.
    pub opportunities: u32,
    /// Forecasts revised, so that each differs from the one before.
    pub forecasts: u32,
    /// Debts opened.
    pub items: u32,
    /// Receipts.
    pub receipts: u32,
    /// What is open of the newest debt, in fen.
    pub open: u32,
    /// What of the newest debt no invoice covers, in fen.
    pub uncovered: u32,
    /// What is left of the newest receipt, in fen.
    pub unapplied: u32,
    /// The stage of the newest opportunity.
    pub stage: u8,
    /// Whether the customer is on file.
    pub on_file: bool,
}

impl Account {
    /// Tells whether an act can follow. `again` lets the newest record be left behind as it is,
    /// so that some debts stay open and some receipts unapplied.
    pub const fn allows(&self, act: Act, again: bool) -> bool {
        match act {
            Act::Register => !self.on_file,
            Act::Interaction => true,
            Act::Opportunity => self.opportunities == 0 || again,
            Act::Stage | Act::Forecast => self.opportunities > 0,
            Act::Item => self.open == 0 || again,
            Act::Payment => self.unapplied == 0 || again,
            Act::Invoice => self.uncovered > 0,
            Act::Application => self.open > 0 && self.unapplied > 0,
        }
    }
}
