//! One customer on one page: who it is, its contacts and its key figures.
//!
//! The events are taken in the order they happened (effective time, then position), so that of two
//! values of one field the later counts, however late the earlier one was recorded. What is sealed
//! in the events that are given stays out.

use std::collections::BTreeMap;

use daybook_core::event::contract::ContractAmended;
use daybook_core::event::customer::{CustomerField, CustomerKind, CustomerSource, DetailChanges};
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::{
    ActorId, ApplicationId, ComplaintId, ContactId, ItemId, Label, Line, Note, OpportunityId,
    ReceiptId, StageName, TaskId,
};
use daybook_core::money::Money;
use daybook_core::time::{Date, Timestamp};

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
    /// The stage it is in.
    pub stage: StageName,
    /// What is expected.
    pub amount: Option<Money>,
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
    pub owner: Option<ActorId>,
    /// Details; nothing as value while sealed.
    pub details: BTreeMap<CustomerField, Option<Note>>,
    /// Contacts in order of id.
    pub contacts: Vec<ContactLine>,
    /// Opportunities.
    pub opportunities: BTreeMap<OpportunityId, OpportunityLine>,
    /// What was invoiced.
    pub invoiced: Amounts,
    /// Complaints and requests not yet closed.
    pub complaints_open: BTreeMap<ComplaintId, ()>,
    /// Tasks not yet ended, each with the time it is due.
    pub tasks_open: BTreeMap<TaskId, Timestamp>,
    /// Interactions.
    pub interactions: u64,
    /// The latest interaction.
    pub last_interaction_at: Option<Timestamp>,
    /// Events that count.
    pub events: u64,
    items: BTreeMap<ItemId, (Money, Date)>,
    receipts: BTreeMap<ReceiptId, Money>,
    refunds: Vec<Money>,
    applications: BTreeMap<ApplicationId, Vec<(ItemId, Money)>>,
}

/// Builds the profile from the events of one customer's stream, in any order.
pub fn profile<'a>(
    events: impl IntoIterator<Item = &'a Event>,
    basis: &Basis,
    voided: &Voided,
) -> Profile {
    let counts = |event: &&Event| basis.admits(event) && voided.counts(event);
    let mut events: Vec<&Event> = events.into_iter().filter(counts).collect();
    events.sort_by_key(|event| (event.envelope.effective_at, event.envelope.position));
    let mut profile = Profile::default();
    events.into_iter().for_each(|event| profile.take(event));
    profile
}

impl Profile {
    /// Takes in the next event.
    fn take(&mut self, event: &Event) {
        self.events += 1;
        match &event.body {
            Body::CustomerRegistered(registered) => {
                self.kind = Some(registered.kind);
                self.source = Some(registered.source);
                self.owner = registered.owner.clone();
                self.take_details(&registered.details);
            }
            Body::CustomerDetailsChanged(changed) => self.take_details(&changed.details),
            Body::ContactAdded(added) => self.contacts.push(contact_line(added)),
            Body::InteractionRecorded(interaction) => {
                self.interactions += 1;
                self.last_interaction_at =
                    self.last_interaction_at.max(Some(interaction.started_at));
            }
            Body::TaskPlanned(planned) => {
                self.tasks_open.insert(planned.task.clone(), planned.due_at);
            }
            Body::TaskRescheduled(rescheduled) => {
                if let Some(due_at) = self.tasks_open.get_mut(&rescheduled.task) {
                    *due_at = rescheduled.to;
                }
            }
            Body::TaskClosed(closed) => {
                self.tasks_open.remove(&closed.task);
            }
            Body::ComplaintReceived(received) => {
                self.complaints_open.insert(received.complaint.clone(), ());
            }
            Body::ComplaintClosed(closed) => {
                self.complaints_open.remove(&closed.complaint);
            }
            Body::ComplaintReopened(reopened) => {
                self.complaints_open.insert(reopened.complaint.clone(), ());
            }
            other => {
                self.fold_sales(other);
                self.fold_money(other);
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
                    stage: opened.stage.clone(),
                    amount: opened.amount,
                    outcome: None,
                };
                self.opportunities.insert(opened.opportunity.clone(), line);
            }
            Body::OpportunityStageChanged(changed) => {
                self.change(&changed.opportunity, |line| line.stage = changed.to.clone());
            }
            Body::OpportunityForecastRevised(revised) => {
                self.change(&revised.opportunity, |line| line.amount = revised.new.amount);
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

    fn fold_money(&mut self, body: &Body) {
        match body {
            Body::InvoiceIssued(invoice) => self.invoiced.add(&invoice.total),
            Body::InvoiceVoided(voided) => {
                voided.total.iter().for_each(|total| self.invoiced.subtract(total));
            }
            Body::ReceivableRescheduled(rescheduled) => {
                if let Some(item) = self.items.get_mut(&rescheduled.item) {
                    item.1 = rescheduled.new_due_on;
                }
            }
            Body::ContractAmended(amended) => self.amend(amended),
            Body::RefundPaid(refund) => self.refunds.push(refund.amount),
            Body::ReceivableOpened(opened) => {
                self.items.insert(opened.item.clone(), (opened.amount, opened.due_on));
            }
            Body::PaymentReceived(payment) => {
                self.receipts.insert(payment.receipt.clone(), payment.amount);
            }
            Body::PaymentReversed(reversed) => {
                self.receipts.remove(&reversed.receipt);
            }
            Body::CreditApplied(applied) => {
                let lines = applied.lines.iter().map(|line| (line.item.clone(), line.amount));
                self.applications.insert(applied.application.clone(), lines.collect());
            }
            Body::ApplicationReversed(reversed) => {
                self.applications.remove(&reversed.application);
            }
            _ => {}
        }
    }

    /// Changes the items whose instalments an amendment changes.
    fn amend(&mut self, amended: &ContractAmended) {
        for change in &amended.instalments {
            let item = change.item.as_ref().and_then(|id| self.items.get_mut(id));
            if let (Some(item), Some(old)) = (item, change.old_amount) {
                item.0.minor += change.amount.minor - old.minor;
            }
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

    /// Returns what came in and was neither taken back nor refunded.
    pub fn received(&self) -> Amounts {
        let mut received: Amounts = self.receipts.values().copied().collect();
        self.refunds.iter().for_each(|refund| received.subtract(refund));
        received
    }

    /// Returns what is still owed, and the part of it that was due before `today`.
    pub fn receivables(&self, today: Date) -> (Amounts, Amounts) {
        let (mut open, mut overdue) = (Amounts::default(), Amounts::default());
        for (amount, due_on) in self.items.values() {
            open.add(amount);
            if *due_on < today {
                overdue.add(amount);
            }
        }
        for (item, amount) in self.applications.values().flatten() {
            open.subtract(amount);
            if self.items.get(item).is_some_and(|(_, due_on)| *due_on < today) {
                overdue.subtract(amount);
            }
        }
        (open, overdue)
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
