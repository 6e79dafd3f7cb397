//! Decisions of the quote family: E33, E34.

use super::opportunity::Opportunity;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::quote::{QuoteIssued, QuoteLine, QuoteOutcome, QuoteOutcomeRecorded};

/// What decisions know of one quote: the outcome of each revision, the first at the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// What became of each revision.
    pub outcomes: Vec<Option<QuoteOutcome>>,
}

impl Quote {
    /// Returns the latest revision.
    pub fn latest(&self) -> u32 {
        u32::try_from(self.outcomes.len()).unwrap_or(u32::MAX)
    }
}

impl Decide for QuoteIssued {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.quote.is_empty() {
            self.quote = super::next_id::<Quote, _>(state, "quote", "Q")?;
        }
        if self.revision == 0 {
            self.revision = next_revision(state, self.quote.as_str());
        }
        if self.price_policy_version.is_none() {
            self.price_policy_version = context.book.price_floors().map(|(version, _)| version);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let expected = next_revision(state, self.quote.as_str());
        if self.revision != expected {
            let (quote, actual) = (self.quote.as_str().into(), self.revision);
            return Err(Rejection::RevisionOutOfTurn { quote, expected, actual });
        }
        if let Some(id) = &self.opportunity {
            super::require::<Opportunity>(state, "opportunity", id.as_str())?;
        }
        if self.lines.is_empty() {
            return Err(Rejection::Missing { what: "the lines of the quote" });
        }
        super::refuse_negative("the total", Some(&self.total))?;
        for (index, line) in self.lines.iter().enumerate() {
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            check_line(number, line, self)?;
        }
        self.check_floors(context)
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        match state.get_mut::<Quote>(self.quote.as_str()) {
            Some(quote) => quote.outcomes.push(None),
            None => state.insert(self.quote.as_str(), Quote { outcomes: vec![None] }),
        }
    }
}

impl QuoteIssued {
    /// Checks that no price is below its floor, or that somebody approved it (I-36).
    fn check_floors(&self, context: &Context<'_>) -> Result<(), Rejection> {
        let Some(version) = self.price_policy_version else { return Ok(()) };
        let unknown = || Rejection::PolicyVersionUnknown { policy: "price_floors".into(), version };
        let floors = context.book.price_floors_at(version).ok_or_else(unknown)?;
        if self.approved_by.is_some() {
            return Ok(());
        }
        for line in &self.lines {
            let below = floors.floors.iter().find(|floor| {
                floor.product == line.product
                    && floor.price.currency == line.unit_price.currency
                    && line.unit_price.minor < floor.price.minor
            });
            if let Some(floor) = below {
                return Err(Rejection::PriceBelowFloor {
                    product: line.product.as_str().into(),
                    price: line.unit_price,
                    floor: floor.price,
                });
            }
        }
        Ok(())
    }
}

fn check_line(number: u32, line: &QuoteLine, quote: &QuoteIssued) -> Result<(), Rejection> {
    if line.quantity_thousandths <= 0 {
        let thousandths = line.quantity_thousandths;
        return Err(Rejection::QuantityNotPositive { line: number, thousandths });
    }
    super::require_currency("the unit price", quote.total.currency, line.unit_price)?;
    super::refuse_negative("the unit price", Some(&line.unit_price))?;
    super::refuse_negative("the unit cost", line.unit_cost.as_ref())?;
    if line.discount_basis_points > 10_000 {
        let percent = u32::from(line.discount_basis_points).div_ceil(100);
        return Err(Rejection::PercentBeyond { what: "the discount", percent });
    }
    Ok(())
}

impl Decide for QuoteOutcomeRecorded {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.revision == 0 {
            self.revision = super::require::<Quote>(state, "quote", self.quote.as_str())?.latest();
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let quote = super::require::<Quote>(state, "quote", self.quote.as_str())?;
        let number = || self.quote.as_str().into();
        let revision = self.revision;
        let Some(outcome) = place(revision).and_then(|place| quote.outcomes.get(place)) else {
            return Err(Rejection::RevisionUnknown { quote: number(), revision });
        };
        if let Some(outcome) = outcome {
            let outcome = outcome.as_str();
            return Err(Rejection::OutcomeKnown { quote: number(), revision, outcome });
        }
        let latest = quote.latest();
        if self.outcome == QuoteOutcome::Accepted && revision != latest {
            return Err(Rejection::RevisionSuperseded { quote: number(), revision, latest });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        if let Some(quote) = state.get_mut::<Quote>(self.quote.as_str())
            && let Some(place) = place(self.revision)
            && let Some(outcome) = quote.outcomes.get_mut(place)
        {
            *outcome = Some(self.outcome);
        }
    }
}

fn next_revision(state: &Draft<'_>, quote: &str) -> u32 {
    state.get::<Quote>(quote).map_or(0, Quote::latest).saturating_add(1)
}

fn place(revision: u32) -> Option<usize> {
    revision.checked_sub(1).and_then(|place| usize::try_from(place).ok())
}
