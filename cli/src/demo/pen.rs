//! The pen the story is written with: it turns what happens into requests with their keys, and
//! keeps the steps until they are put in the order in which they were written down.

use daybook_core::decide::{Command, Request};
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{
    ActorId, ContactId, CustomerCode, ImportId, LegalEntity, Note, RequestKey, TextError,
};
use daybook_core::ledger::{Batch, Mode};
use daybook_core::money::{Currency, Money};
use daybook_core::position::ExpectedVersion;
use daybook_core::time::Timestamp;

use super::calendar::Moment;
use super::cast::{Card, GOODS, MACHINES, PRODUCTS, Product, Tongue};
use super::dice::Dice;
use super::{Mark, Paper, Step};

/// Nothing to return, but a text may turn out unacceptable: a mistake in the story itself.
pub(super) type Told = Result<(), TextError>;

/// Reads a text of the story as what it stands for.
pub(super) fn text<T: std::str::FromStr<Err = TextError>>(text: &str) -> Result<T, TextError> {
    text.parse()
}

/// Returns the opaque id of a member of staff.
pub(super) fn user(number: u8) -> Result<ActorId, TextError> {
    text(&format!("U-{number:02}"))
}

/// A customer while the story is told.
#[derive(Debug, Clone)]
pub(super) struct Party {
    /// The code.
    pub code: CustomerCode,
    /// The digits of the code, for numbers made from it.
    pub digits: u32,
    /// What is fixed.
    pub card: &'static Card,
    /// The contacts known so far.
    pub contacts: Vec<ContactId>,
    /// When the customer was put on file.
    pub since: Moment,
    /// The salesperson.
    pub owner: u8,
    /// The currency.
    pub currency: Currency,
    /// Our entity.
    pub entity: LegalEntity,
    /// Whether payments go to the oldest debt without being told which.
    pub oldest_first: bool,
}

impl Party {
    /// Returns the price of a product in the customer's currency.
    pub fn price(&self, product: &Product) -> i64 {
        match self.card.tongue {
            Tongue::Chinese => product.fen,
            Tongue::English => product.cents,
        }
    }

    /// Builds an amount in the customer's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }
}

/// Collects what happens.
#[derive(Debug)]
pub(super) struct Pen {
    /// The dice of the story.
    pub dice: Dice,
    /// The owner's currency.
    pub cny: Currency,
    /// The other one.
    pub usd: Currency,
    seed: u64,
    told: u64,
    numbered: u32,
    steps: Vec<Step>,
}

impl Pen {
    /// Takes up the pen.
    pub fn new(seed: u64, cny: Currency, usd: Currency) -> Self {
        let dice = Dice::new(seed);
        Pen { dice, cny, usd, seed, told: 0, numbered: 0, steps: Vec::new() }
    }

    /// Returns a number not given before.
    pub const fn number(&mut self) -> u32 {
        self.numbered += 1;
        self.numbered
    }

    /// Draws something to be sold and shipped; small things are asked for more often.
    pub fn product(&mut self) -> Product {
        if self.dice.chance(35) {
            return self.machine();
        }
        self.dice.pick(PRODUCTS.get(MACHINES..GOODS).unwrap_or(&PRODUCTS))
    }

    /// Draws a machine.
    pub fn machine(&mut self) -> Product {
        self.dice.pick(PRODUCTS.get(..MACHINES).unwrap_or(&PRODUCTS))
    }

    /// Builds a request about a customer.
    pub fn request(
        &mut self,
        moment: Moment,
        party: &Party,
        command: impl Into<Command>,
    ) -> Result<Request, TextError> {
        Ok(Request {
            effective_at: Some(moment.effective),
            idempotency_key: Some(self.key()?),
            ..Request::about(party.code.clone(), command)
        })
    }

    /// Builds a request to the book itself.
    pub fn request_to_book(
        &mut self,
        moment: Moment,
        command: impl Into<Command>,
    ) -> Result<Request, TextError> {
        Ok(Request {
            customer: None,
            effective_at: Some(moment.effective),
            expected_version: ExpectedVersion::Any,
            idempotency_key: Some(self.key()?),
            reason: None,
            corrects: None,
            command: command.into(),
        })
    }

    fn key(&mut self) -> Result<RequestKey, TextError> {
        self.told += 1;
        text(&format!("story-{}-{:05}", self.seed, self.told))
    }

    /// Tells one thing about a customer.
    pub fn tell(
        &mut self,
        moment: Moment,
        by: u8,
        party: &Party,
        command: impl Into<Command>,
    ) -> Told {
        let request = self.request(moment, party, command)?;
        self.submit(moment.recorded, by, vec![request])
    }

    /// Tells one thing about a customer and why it was done.
    pub fn tell_why(
        &mut self,
        moment: Moment,
        by: u8,
        party: &Party,
        why: &str,
        command: impl Into<Command>,
    ) -> Told {
        let request = self.request(moment, party, command)?;
        let reason = Some(text::<Note>(why)?);
        self.submit(moment.recorded, by, vec![Request { reason, ..request }])
    }

    /// Tells things that stand or fall together.
    pub fn submit(&mut self, at: Timestamp, by: u8, unit: Vec<Request>) -> Told {
        let source = Source { channel: Channel::Ui, session: None, import: None };
        let batch = Batch { actor: actor(by)?, source, units: vec![unit], mode: Mode::Commit };
        self.steps.push(Step { at, batch, mark: None, papers: Vec::new() });
        Ok(())
    }

    /// Takes over the rows of an import, each its own unit.
    pub fn import(&mut self, at: Timestamp, by: u8, name: &str, rows: Vec<Request>) -> Told {
        let import = Some(text::<ImportId>(name)?);
        let source = Source { channel: Channel::Import, session: None, import };
        let units = rows.into_iter().map(|row| vec![row]).collect();
        let batch = Batch { actor: actor(by)?, source, units, mode: Mode::Commit };
        self.steps.push(Step { at, batch, mark: None, papers: Vec::new() });
        Ok(())
    }

    /// Marks the step told last.
    pub fn mark_last(&mut self, mark: Mark) {
        if let Some(step) = self.steps.last_mut() {
            step.mark = Some(mark);
        }
    }

    /// Encloses files in the step told last.
    pub fn enclose(&mut self, papers: Vec<Paper>) {
        if let Some(step) = self.steps.last_mut() {
            step.papers = papers;
        }
    }

    /// Returns the number everything random follows from.
    pub const fn seed(&self) -> u64 {
        self.seed
    }

    /// Lays down the pen: the steps in the order in which they were written down.
    pub fn finish(mut self) -> Vec<Step> {
        self.steps.sort_by_key(|step| step.at);
        self.steps
    }
}

/// Returns a member of staff with role and unit.
fn actor(number: u8) -> Result<Actor, TextError> {
    let (role, unit) = match number {
        1 => ("director", "office"),
        2 => ("head_of_sales", "sales"),
        3..=7 => ("sales", "sales"),
        8..=10 => ("service", "service"),
        11 => ("accounting", "finance"),
        _ => ("dispatch", "logistics"),
    };
    Ok(Actor {
        user: user(number)?,
        on_behalf_of: None,
        role: Some(text(role)?),
        unit: Some(text(unit)?),
        assurance: Assurance::Declared,
    })
}
