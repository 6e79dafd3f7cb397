//! What each event leaves in the funnel view. Facts count from the event's effective instant, in
//! microseconds.

use chrono_tz::Tz;
use daybook_core::event::opportunity::{Forecast, OpportunityOpened};
use daybook_core::event::{Body, Event};
use daybook_core::money::Money;
use daybook_core::time::Date;

use crate::amounts::unit_of;
use crate::engine::{Fact, Facts, Key, WORDS_FROM};

/// What kind of thing a key names.
pub mod space {
    use super::WORDS_FROM;

    /// An opportunity.
    pub const OPPORTUNITY: u8 = 1;
    /// A pipeline.
    pub const PIPELINE: u8 = WORDS_FROM;
    /// A stage.
    pub const STAGE: u8 = WORDS_FROM + 1;
    /// Who pursues it.
    pub const OWNER: u8 = WORDS_FROM + 2;
    /// Where it came from.
    pub const SOURCE: u8 = WORDS_FROM + 3;
    /// What it is about.
    pub const PRODUCT: u8 = WORDS_FROM + 4;
    /// Why it was lost.
    pub const REASON: u8 = WORDS_FROM + 5;
}

/// The value of an absent probability or day.
pub const ABSENT: i64 = i64::MIN;

/// What a fact of this view says. The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Said {
    /// Opportunity `subject` came into being in pipeline `object`, version `value`.
    Opened = 1,
    /// It is in stage `object` from day `value` on.
    Entered = 2,
    /// It was won on day `value`.
    Won = 3,
    /// It was lost on day `value`, because of `object`.
    Lost = 4,
    /// It is expected to bring `value` in currency `unit`; nothing when that is 0.
    Amount = 5,
    /// Its own probability is `value` percent, or absent.
    Probability = 6,
    /// It is expected to close on day `value`, or that is absent.
    Close = 7,
    /// `object` pursues it.
    Owner = 8,
    /// It came from `object`.
    Source = 9,
    /// It is about product `object`.
    Product = 10,
    /// It brought `value` in currency `unit` when it was won.
    Brought = 11,
}

impl Said {
    const ALL: &'static [Said] = &[
        Said::Opened,
        Said::Entered,
        Said::Won,
        Said::Lost,
        Said::Amount,
        Said::Probability,
        Said::Close,
        Said::Owner,
        Said::Source,
        Said::Product,
        Said::Brought,
    ];

    /// Returns what a stored number says.
    pub fn from_number(number: u8) -> Option<Said> {
        Said::ALL.get(usize::from(number).checked_sub(1)?).copied()
    }
}

/// Takes the facts of one event about one opportunity.
struct Teller<'f, 'b> {
    facts: &'f mut Facts<'b>,
    on: i64,
    /// The day of that in the book's zone, which never changes.
    day: i64,
}

impl Teller<'_, '_> {
    fn say(&mut self, said: Said, opportunity: &str, object: Key<'_>, unit: u32, value: i64) {
        let subject = Key { space: space::OPPORTUNITY, name: opportunity };
        let (kind, on) = (said as u8, self.on);
        self.facts.add(Fact { kind, subject, object, unit, on, value });
    }

    fn amount(&mut self, id: &str, amount: Option<&Money>) {
        let (unit, value) = amount.map_or((0, 0), |a| (unit_of(a.currency), a.minor));
        self.say(Said::Amount, id, Key::NONE, unit, value);
    }

    fn expect(&mut self, id: &str, percent: Option<u8>, close_on: Option<Date>) {
        self.say(Said::Probability, id, Key::NONE, 0, percent.map_or(ABSENT, i64::from));
        self.say(Said::Close, id, Key::NONE, 0, close_on.map_or(ABSENT, |day| day.0.into()));
    }

    fn open(&mut self, opened: &OpportunityOpened) {
        let id = opened.opportunity.as_str();
        let pipeline = Key { space: space::PIPELINE, name: opened.pipeline.as_str() };
        self.say(Said::Opened, id, pipeline, 0, opened.pipeline_version.into());
        self.enter(id, opened.stage.as_str());
        self.amount(id, opened.amount.as_ref());
        self.expect(id, opened.probability_percent, opened.expected_close_on);
        let mut about = |said, space, name: Option<&str>| {
            if let Some(name) = name {
                self.say(said, id, Key { space, name }, 0, 0);
            }
        };
        about(Said::Owner, space::OWNER, opened.owner.as_ref().map(|owner| owner.as_str()));
        about(Said::Source, space::SOURCE, opened.source.as_ref().map(|source| source.as_str()));
        let product = opened.product.as_ref().map(|product| product.as_str());
        about(Said::Product, space::PRODUCT, product);
    }

    fn enter(&mut self, id: &str, stage: &str) {
        let day = self.day;
        self.say(Said::Entered, id, Key { space: space::STAGE, name: stage }, 0, day);
    }

    fn revise(&mut self, id: &str, forecast: &Forecast) {
        self.amount(id, forecast.amount.as_ref());
        self.expect(id, forecast.probability_percent, forecast.expected_close_on);
    }
}

/// Takes the facts of one event.
pub fn fold(event: &Event, zone: Tz, facts: &mut Facts<'_>) {
    let at = event.envelope.effective_at;
    let mut teller = Teller { facts, on: at.0, day: at.date_in(zone).0.into() };
    let day = teller.day;
    match &event.body {
        Body::OpportunityOpened(opened) => teller.open(opened),
        Body::OpportunityStageChanged(changed) => {
            teller.enter(changed.opportunity.as_str(), changed.to.as_str());
        }
        Body::OpportunityForecastRevised(revised) => {
            teller.revise(revised.opportunity.as_str(), &revised.new);
        }
        Body::OpportunityWon(won) => {
            let id = won.opportunity.as_str();
            teller.say(Said::Won, id, Key::NONE, 0, day);
            if let Some(amount) = won.amount {
                let unit = unit_of(amount.currency);
                teller.say(Said::Brought, id, Key::NONE, unit, amount.minor);
            }
        }
        Body::OpportunityLost(lost) => {
            let reason = Key { space: space::REASON, name: lost.lost_reason.as_str() };
            teller.say(Said::Lost, lost.opportunity.as_str(), reason, 0, day);
        }
        Body::OpportunityReopened(reopened) => {
            teller.enter(reopened.opportunity.as_str(), reopened.to_stage.as_str());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_numbers_come_back_as_what_they_say() {
        for said in Said::ALL {
            assert_eq!(Said::from_number(*said as u8), Some(*said));
        }
        assert_eq!((Said::from_number(0), Said::from_number(12)), (None, None));
    }
}
