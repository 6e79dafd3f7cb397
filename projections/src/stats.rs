//! What is in a ledger: events by kind and month, customers, first and last, sums of money.

use std::collections::BTreeMap;

use chrono::Datelike;
use daybook_core::event::receivable::{ReceivableDisputeChanged, ReceivableOpened};
use daybook_core::event::{Body, Event, Kind};
use daybook_core::id::{CustomerCode, ItemId};
use daybook_core::money::Money;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

use crate::{Amounts, Basis, Voided};

/// A calendar month in the book's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// The year.
    pub year: i32,
    /// The month, 1 to 12.
    pub month: u32,
}

impl Month {
    /// Returns the month an instant lies in.
    pub fn of(instant: Timestamp, zone: chrono_tz::Tz) -> Month {
        let day = instant.date_in(zone).to_chrono();
        Month { year: day.year(), month: day.month() }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{:04}-{:02}", self.year, self.month))
    }
}

/// Events of one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MonthCount {
    /// That happened in it.
    pub effective: u64,
    /// That were recorded in it.
    pub recorded: u64,
}

/// Events of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindCount {
    /// How many.
    pub events: u64,
    /// The amounts they name, where the kind has one.
    pub sums: Amounts,
}

/// What is in a ledger at a basis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Events that count.
    pub events: u64,
    /// Of these, events about customers.
    pub customer_events: u64,
    /// Events that were voided and count nowhere.
    pub voided: u64,
    /// Customers on file.
    pub customers: u64,
    /// Events by kind.
    pub by_kind: BTreeMap<Kind, KindCount>,
    /// Events about customers by month.
    pub by_month: BTreeMap<Month, MonthCount>,
    /// The earliest and latest effective time of an event about a customer.
    pub effective: Option<(Timestamp, Timestamp)>,
    /// The earliest and latest recorded time.
    pub recorded: Option<(Timestamp, Timestamp)>,
    items: BTreeMap<(CustomerCode, ItemId), Money>,
    disputes: BTreeMap<(CustomerCode, ItemId), Dispute>,
}

/// The last said about an item's dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Dispute {
    at: (Timestamp, Position),
    disputed: bool,
}

impl Stats {
    /// Takes in one event; events outside the basis or voided count nowhere.
    pub fn fold(&mut self, event: &Event, basis: &Basis, voided: &Voided, zone: chrono_tz::Tz) {
        if !basis.admits(event) {
            return;
        }
        if !voided.counts(event) {
            self.voided += 1;
            return;
        }
        let envelope = &event.envelope;
        self.events += 1;
        self.recorded = Some(widened(self.recorded, envelope.recorded_at));
        let kind = self.by_kind.entry(event.body.kind()).or_default();
        kind.events += 1;
        amount_of(&event.body, &mut kind.sums);
        let Some(customer) = envelope.stream.customer() else { return };
        self.customer_events += 1;
        self.effective = Some(widened(self.effective, envelope.effective_at));
        self.by_month.entry(Month::of(envelope.effective_at, zone)).or_default().effective += 1;
        self.by_month.entry(Month::of(envelope.recorded_at, zone)).or_default().recorded += 1;
        match &event.body {
            Body::CustomerRegistered(_) => self.customers += 1,
            Body::ReceivableOpened(opened) => self.open_item(customer, opened),
            Body::ReceivableDisputeChanged(change) => {
                self.dispute(customer, change, (envelope.effective_at, envelope.position));
            }
            _ => {}
        }
    }

    fn open_item(&mut self, customer: &CustomerCode, opened: &ReceivableOpened) {
        self.items.insert((customer.clone(), opened.item.clone()), opened.amount);
    }

    fn dispute(
        &mut self,
        customer: &CustomerCode,
        change: &ReceivableDisputeChanged,
        at: (Timestamp, Position),
    ) {
        let said = Dispute { at, disputed: change.disputed };
        let last = self.disputes.entry((customer.clone(), change.item.clone())).or_insert(said);
        *last = said.max(*last);
    }

    /// Returns the original amounts of the items that are in dispute.
    pub fn disputed(&self) -> Amounts {
        let mut sums = Amounts::default();
        for (key, dispute) in &self.disputes {
            if let (true, Some(amount)) = (dispute.disputed, self.items.get(key)) {
                sums.add(amount);
            }
        }
        sums
    }
}

fn widened(range: Option<(Timestamp, Timestamp)>, with: Timestamp) -> (Timestamp, Timestamp) {
    range.map_or((with, with), |(first, last)| (first.min(with), last.max(with)))
}

/// Adds the amount an event of a key kind names.
fn amount_of(body: &Body, sums: &mut Amounts) {
    match body {
        Body::OpportunityOpened(opened) => opened.amount.iter().for_each(|amount| sums.add(amount)),
        Body::OpportunityWon(won) => won.amount.iter().for_each(|amount| sums.add(amount)),
        Body::QuoteIssued(quote) => sums.add(&quote.total),
        Body::ContractSigned(contract) => sums.add(&contract.total),
        Body::ReceivableOpened(opened) => sums.add(&opened.amount),
        Body::InvoiceIssued(invoice) => sums.add(&invoice.total),
        Body::InvoiceVoided(voided) => voided.total.iter().for_each(|amount| sums.add(amount)),
        Body::ContractAmended(amended) => sums.add(&amended.total_change),
        Body::CreditNoteIssued(note) => sums.add(&note.amount),
        Body::ReceivableWrittenOff(written_off) => sums.add(&written_off.amount),
        Body::RefundPaid(refund) => sums.add(&refund.amount),
        Body::CustomerInvestmentRecorded(invested) => sums.add(&invested.amount),
        Body::DunningNoticeSent(notice) => {
            notice.items.iter().filter_map(|line| line.open.as_ref()).for_each(|o| sums.add(o));
        }
        Body::PaymentReceived(payment) => sums.add(&payment.amount),
        Body::CreditApplied(applied) => {
            applied.lines.iter().for_each(|line| sums.add(&line.amount));
        }
        Body::ApplicationReversed(reversed) => {
            reversed.lines.iter().for_each(|line| sums.add(&line.amount));
        }
        _ => {}
    }
}
