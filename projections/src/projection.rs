//! The views that are kept as columns of dated facts, listed once, and what each takes of an event.
//!
//! Invariant: the facts of an event follow from that event and the book's zone alone. So an event
//! that is voided takes its facts with it, in whatever order things were told, and equal events
//! give equal facts on any number of cores. What two events mean together is worked out when a
//! question is asked.

use chrono_tz::Tz;
use daybook_core::event::{Event, Kind};

use crate::engine::Facts;
use crate::{customers, funnel, receivables};

/// A view kept as columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// Who is on file.
    Customers,
    /// Where opportunities stand, and how they came there.
    Funnel,
    /// Debts, credits and what was applied.
    Receivables,
}

impl View {
    /// Every view.
    pub const ALL: &'static [View] = &[View::Customers, View::Funnel, View::Receivables];

    /// Returns the name, which is also that of its folder.
    pub const fn name(self) -> &'static str {
        match self {
            View::Customers => "customers",
            View::Funnel => "funnel",
            View::Receivables => "receivables",
        }
    }

    /// Returns the version: raised whenever equal events would give other facts.
    pub const fn version(self) -> u32 {
        match self {
            View::Customers | View::Funnel | View::Receivables => 1,
        }
    }

    /// Returns the view with this name.
    pub fn from_name(name: &str) -> Option<View> {
        View::ALL.iter().copied().find(|view| view.name() == name)
    }

    /// Returns the views that take something of a kind of event. Whoever adds a kind decides here,
    /// once, whether a view must know it; one that must is told what in the view's `fold`.
    pub const fn concerned_by(kind: Kind) -> &'static [View] {
        match kind {
            Kind::OpportunityOpened
            | Kind::OpportunityStageChanged
            | Kind::OpportunityForecastRevised
            | Kind::OpportunityWon
            | Kind::OpportunityLost
            | Kind::OpportunityReopened => &[View::Customers, View::Funnel],
            Kind::ContractSigned
            | Kind::ContractAmended
            | Kind::ContractClosed
            | Kind::ReceivableOpened
            | Kind::PaymentReceived
            | Kind::ReceiptIdentified
            | Kind::PaymentReversed
            | Kind::CreditApplied
            | Kind::ApplicationReversed
            | Kind::ReceivableDisputeChanged
            | Kind::ReceivableRescheduled
            | Kind::CreditNoteIssued
            | Kind::RefundPaid
            | Kind::DunningNoticeSent => &[View::Customers, View::Receivables],
            // Voids and policies are the engine's own business: they concern every view alike.
            Kind::EventVoided | Kind::PolicyVersionPublished => &[],
            Kind::BalanceConfirmed
            | Kind::CommitmentMade
            | Kind::CommitmentSettled
            | Kind::CustomerTermsSet
            | Kind::CreditLimitSet
            | Kind::CustomerInvestmentRecorded
            | Kind::AttachmentAdded
            | Kind::CustomerRegistered
            | Kind::CustomerDetailsChanged
            | Kind::ContactAdded
            | Kind::InteractionRecorded
            | Kind::InteractionVoided
            | Kind::TaskPlanned
            | Kind::TaskRescheduled
            | Kind::TaskClosed
            | Kind::QuoteIssued
            | Kind::QuoteOutcomeRecorded
            | Kind::ShipmentDispatched
            | Kind::ShipmentSigned
            | Kind::GoodsReturned
            | Kind::InvoiceIssued
            | Kind::InvoiceVoided
            | Kind::ReceivableWrittenOff
            | Kind::ComplaintReceived
            | Kind::ComplaintAcknowledged
            | Kind::ComplaintAssessed
            | Kind::ComplaintClockChanged
            | Kind::ComplaintAnswered
            | Kind::ComplaintClosed
            | Kind::ComplaintReopened
            | Kind::SurveyAnswered
            | Kind::CustomersMerged
            | Kind::MergeReversed
            | Kind::RecordAssigned
            | Kind::RecordShareChanged => &[View::Customers],
            // What stands in the book concerns no customer.
            Kind::BookOpened
            | Kind::EventLayoutPublished
            | Kind::ImportApplied
            | Kind::PeriodLocked
            | Kind::ExchangeRateRecorded
            | Kind::ImportReverted
            | Kind::DataExported
            | Kind::MailHeld
            | Kind::MailAssigned
            | Kind::OrgUnitChanged
            | Kind::UserStatusChanged => &[],
        }
    }

    /// Takes the facts of one event of a customer.
    pub fn fold(self, event: &Event, zone: Tz, facts: &mut Facts<'_>) {
        match self {
            View::Customers => customers::facts::fold(event, facts),
            View::Funnel => funnel::facts::fold(event, zone, facts),
            View::Receivables => receivables::facts::fold(event, zone, facts),
        }
    }
}

#[cfg(test)]
mod tests {
    use daybook_core::event::examples::example;

    use super::*;
    use crate::engine::Bucket;

    #[test]
    fn every_kind_a_view_is_concerned_by_leaves_facts_and_no_other_does() {
        for kind in Kind::ALL {
            let event = example(*kind);
            // Views are of customers: what stands in the book alone leaves nothing.
            let Some(customer) = event.envelope.stream.customer() else { continue };
            for view in View::ALL {
                let mut bucket = Bucket::default();
                let mut facts = bucket.facts(customer, event.envelope.position);
                view.fold(&event, chrono_tz::UTC, &mut facts);
                let concerned = View::concerned_by(*kind).contains(view);
                assert_eq!(!bucket.rows().is_empty(), concerned, "{kind} and {}", view.name());
            }
        }
    }
}
