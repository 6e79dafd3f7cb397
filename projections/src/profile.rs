//! One customer on one page: who it is, its contacts and its key figures.
//!
//! The events are taken in the order they happened (effective time, then position), so that of two
//! values of one field the later counts, however late the earlier one was recorded. What is sealed
//! in the events that are given stays out.

use std::collections::BTreeMap;

use daybook_core::event::assignment::Holder;
use daybook_core::event::customer::{CustomerField, CustomerKind, CustomerSource, DetailChanges};
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::{ContactId, Label, Line, Note, OpportunityId, PolicyName, StageName};
use daybook_core::money::Money;
use daybook_core::time::{Date, Timestamp};

use crate::account::Account;
use crate::dealings::Dealings;
use crate::{Amounts, Basis, Voided};

/// One contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactLine {
    /// The contact's id.
    pub contact: ContactId,
    /// Function.
    pub role: Option<Label>,
    /// Whether it is the main contact.
    pub main: bool,
    /// The name; nothing while it is sealed.
    pub name: Option<Line>,
    /// Phones; nothing while they are sealed.
    pub phones: Vec<Line>,
    /// E-mails; nothing while they are sealed.
    pub emails: Vec<Line>,
}

/// An opportunity as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpportunityLine {
    /// The pipeline it runs under, and its version.
    pub pipeline: (PolicyName, u32),
    /// The stage it is in.
    pub stage: StageName,
    /// In words.
    pub title: Option<Line>,
    /// What is expected.
    pub amount: Option<Money>,
    /// The day it is expected to close.
    pub expected_close_on: Option<Date>,
    /// How it ended; nothing while it is open.
    pub outcome: Option<Outcome>,
}

/// How an opportunity ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Won, at this amount where one was named.
    Won(Option<Money>),
    /// Lost.
    Lost,
}

/// One customer as it stands at a basis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// What the customer is to us; nothing while it is not on file.
    pub kind: Option<CustomerKind>,
    /// How it came to us.
    pub source: Option<CustomerSource>,
    /// Who looks after it.
    pub owner: Option<Holder>,
    /// Details; nothing as value while sealed.
    pub details: BTreeMap<CustomerField, Option<Note>>,
    /// Contacts in order of id.
    pub contacts: Vec<ContactLine>,
    /// Opportunities.
    pub opportunities: BTreeMap<OpportunityId, OpportunityLine>,
    /// What was invoiced.
    pub invoiced: Amounts,
    /// Complaints, requests and tasks, and what was said to come next.
    pub dealings: Dealings,
    /// Interactions.
    pub interactions: u64,
    /// The latest interaction.
    pub last_interaction_at: Option<Timestamp>,
    /// Events that count.
    pub events: u64,
    /// Debts, receipts and credits.
    pub account: Account,
}

/// Builds the profile from all events of one customer's stream, in any order. The account takes in
/// everything known at the basis: its facts count from days of their own, which a question names.
pub fn profile<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    basis: &Basis,
    voided: &Voided,
    zone: chrono_tz::Tz,
) -> Profile {
    let known = |event: &&Event| event.envelope.position < basis.before && voided.counts(event);
    let mut events: Vec<&Event> = events.into_iter().filter(known).collect();
    let mut profile = Profile::default();
    events.sort_by_key(|event| event.envelope.position);
    events.iter().for_each(|event| profile.account.take(event, zone));
    events.retain(|event| basis.admits(event));
    events.sort_by_key(|event| (event.envelope.effective_at, event.envelope.position));
    events.into_iter().for_each(|event| profile.take(event));
    profile
}

impl Profile {
    /// Takes in the next event.
    fn take(&mut self, event: &Event) {
        self.events += 1;
        self.dealings.take(&event.body);
        match &event.body {
            Body::CustomerRegistered(registered) => {
                self.kind = Some(registered.kind);
                self.source = Some(registered.source);
                self.owner = registered.owner.clone().map(Holder::user);
                self.take_details(&registered.details);
            }
            Body::CustomerDetailsChanged(changed) => self.take_details(&changed.details),
            Body::RecordAssigned(assigned) if assigned.record.id.is_none() => {
                self.owner = Some(assigned.to.clone());
            }
            Body::ContactAdded(added) => self.contacts.push(contact_line(added)),
            Body::InteractionRecorded(interaction) => {
                self.interactions += 1;
                self.last_interaction_at =
                    self.last_interaction_at.max(Some(interaction.started_at));
            }
            other => {
                self.fold_sales(other);
                self.fold_invoices(other);
            }
        }
    }

    fn take_details(&mut self, details: &DetailChanges) {
        for change in &details.public {
            self.details.insert(change.field, change.new.clone());
        }
        for mark in &details.marks {
            self.details.insert(mark.field, None);
        }
        let identity = details.identity.as_ref().and_then(Section::open).map(|open| &open.changes);
        let money = details.financial.as_ref().and_then(Section::open).map(|open| &open.changes);
        let private = details.private.as_ref().and_then(Section::open).map(|open| &open.changes);
        for change in [identity, money, private].into_iter().flatten().flatten() {
            self.details.insert(change.field, change.new.clone());
        }
    }

    fn fold_sales(&mut self, body: &Body) {
        match body {
            Body::OpportunityOpened(opened) => {
                let line = OpportunityLine {
                    pipeline: (opened.pipeline.clone(), opened.pipeline_version),
                    stage: opened.stage.clone(),
                    title: opened.title.clone(),
                    amount: opened.amount,
                    expected_close_on: opened.expected_close_on,
                    outcome: None,
                };
                self.opportunities.insert(opened.opportunity.clone(), line);
            }
            Body::OpportunityStageChanged(changed) => {
                self.change(&changed.opportunity, |line| line.stage = changed.to.clone());
            }
            Body::OpportunityForecastRevised(revised) => {
                self.change(&revised.opportunity, |line| {
                    line.amount = revised.new.amount;
                    line.expected_close_on = revised.new.expected_close_on;
                });
            }
            Body::OpportunityWon(won) => {
                let outcome = Outcome::Won(won.amount);
                self.change(&won.opportunity, |line| line.outcome = Some(outcome));
            }
            Body::OpportunityLost(lost) => {
                self.change(&lost.opportunity, |line| line.outcome = Some(Outcome::Lost));
            }
            Body::OpportunityReopened(reopened) => {
                let stage = reopened.to_stage.clone();
                self.change(&reopened.opportunity, |line| {
                    (line.stage, line.outcome) = (stage, None);
                });
            }
            _ => {}
        }
    }

    fn change(&mut self, id: &OpportunityId, change: impl FnOnce(&mut OpportunityLine)) {
        if let Some(line) = self.opportunities.get_mut(id) {
            change(line);
        }
    }

    fn fold_invoices(&mut self, body: &Body) {
        match body {
            Body::InvoiceIssued(invoice) => self.invoiced.add(&invoice.total),
            Body::InvoiceVoided(voided) => {
                voided.total.iter().for_each(|total| self.invoiced.subtract(total));
            }
            _ => {}
        }
    }

    /// Returns what the opportunities that stand as won brought.
    pub fn won(&self) -> Amounts {
        self.opportunities
            .values()
            .filter_map(|line| match line.outcome {
                Some(Outcome::Won(amount)) => amount,
                Some(Outcome::Lost) | None => None,
            })
            .collect()
    }

    /// Returns the open opportunities in order of id.
    pub fn opportunities_open(&self) -> impl Iterator<Item = (&OpportunityId, &OpportunityLine)> {
        self.opportunities.iter().filter(|(_, line)| line.outcome.is_none())
    }

    /// Returns the number of open opportunities and what is expected of them.
    pub fn pipeline(&self) -> (usize, Amounts) {
        let mut expected = Amounts::default();
        let open = self.opportunities.values().filter(|line| line.outcome.is_none());
        let count =
            open.inspect(|line| line.amount.iter().for_each(|amount| expected.add(amount))).count();
        (count, expected)
    }

    /// Returns the customer's name when it is known and open.
    pub fn name(&self) -> Option<&Note> {
        self.details.get(&CustomerField::Name).and_then(Option::as_ref)
    }
}

fn contact_line(added: &daybook_core::event::customer::ContactAdded) -> ContactLine {
    let open = added.identity.open();
    ContactLine {
        contact: added.contact.clone(),
        role: added.role.clone(),
        main: added.main,
        name: open.map(|identity| identity.name.clone()),
        phones: open.map(|identity| identity.phones.clone()).unwrap_or_default(),
        emails: open.map(|identity| identity.emails.clone()).unwrap_or_default(),
    }
}
