//! One customer on one page: who it is, its contacts and its key figures.
//!
//! The events are taken in the order they happened (effective time, then position), so that of two
//! values of one field the later counts, however late the earlier one was recorded. What is sealed
//! in the events that are given stays out.

use std::collections::BTreeMap;

use daybook_core::event::contract::ContractAmended;
use daybook_core::event::customer::{CustomerField, CustomerKind, CustomerSource, DetailChanges};
use daybook_core::event::receivable::CreditKind;
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::{
    ActorId, ApplicationId, ContactId, CreditId, ItemId, Label, Line, Note, OpportunityId,
    PolicyName, ReceiptId, StageName,
};
use daybook_core::money::Money;
use daybook_core::time::{Date, Timestamp};

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

/// A credit as it was applied to items.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Applied {
    kind: CreditKind,
    credit: CreditId,
    lines: Vec<(ItemId, Money)>,
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
    /// Complaints, requests and tasks, and what was said to come next.
    pub dealings: Dealings,
    /// Interactions.
    pub interactions: u64,
    /// The latest interaction.
    pub last_interaction_at: Option<Timestamp>,
    /// Events that count.
    pub events: u64,
    items: BTreeMap<ItemId, (Money, Date)>,
    receipts: BTreeMap<ReceiptId, Money>,
    refunds: Vec<Money>,
    credit_notes: Vec<Money>,
    applications: BTreeMap<ApplicationId, Applied>,
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
        self.dealings.take(&event.body);
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
            Body::CreditNoteIssued(note) => self.credit_notes.push(note.amount),
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
                let line = Applied {
                    kind: applied.credit_kind,
                    credit: applied.credit.clone(),
                    lines: lines.collect(),
                };
                self.applications.insert(applied.application.clone(), line);
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
        for (item, amount) in self.applications.values().flat_map(|applied| &applied.lines) {
            open.subtract(amount);
            if self.items.get(item).is_some_and(|(_, due_on)| *due_on < today) {
                overdue.subtract(amount);
            }
        }
        (open, overdue)
    }

    /// Returns the first due date of what is still owed and was due before `today`.
    pub fn overdue_since(&self, today: Date) -> Option<Date> {
        let mut applied: BTreeMap<&ItemId, i128> = BTreeMap::new();
        for (item, amount) in self.applications.values().flat_map(|applied| &applied.lines) {
            *applied.entry(item).or_default() += i128::from(amount.minor);
        }
        let applied = |item: &ItemId| applied.get(item).copied().unwrap_or_default();
        let late = self.items.iter().filter(|(_, (_, due_on))| *due_on < today);
        late.filter(|(item, (amount, _))| i128::from(amount.minor) > applied(item))
            .map(|(_, (_, due_on))| *due_on)
            .min()
    }

    /// Returns what came in or was credited, and was neither applied to a debt nor paid back.
    pub fn unapplied(&self) -> Amounts {
        let mut unapplied = self.received();
        self.credit_notes.iter().for_each(|amount| unapplied.add(amount));
        for applied in self.applications.values() {
            let counts = match applied.kind {
                CreditKind::Receipt => ReceiptId::new(applied.credit.as_str())
                    .is_ok_and(|receipt| self.receipts.contains_key(&receipt)),
                CreditKind::CreditNote => true,
                // These are no credit that could be left over.
                CreditKind::WriteOff | CreditKind::Discount | CreditKind::Exchange => false,
            };
            if counts {
                applied.lines.iter().for_each(|(_, amount)| unapplied.subtract(amount));
            }
        }
        unapplied
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
