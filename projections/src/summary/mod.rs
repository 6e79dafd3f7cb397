//! One line about an event, in English and in Chinese, from its body alone.
//!
//! What is sealed is said to be sealed; whoever may see it opens the event first.

mod accounting;
mod agreement;
mod book;
mod customer;
mod mail;
mod money;
mod people;
mod sales;
mod service;
mod task;
mod transfer;

use daybook_core::event::{Body, Personal, Section};

/// One line about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Summary {
    fn new(en: String, zh: String) -> Summary {
        Summary { en, zh }
    }

    /// Adds a part to both lines when it is there.
    fn and(mut self, part: Option<impl std::fmt::Display>) -> Summary {
        if let Some(part) = part {
            let part = part.to_string();
            self.en.push_str(", ");
            self.en.push_str(&part);
            self.zh.push('，');
            self.zh.push_str(&part);
        }
        self
    }

    /// Adds words after a colon when they are there.
    fn saying(mut self, words: Option<String>) -> Summary {
        if let Some(words) = words {
            self.en.push_str(": ");
            self.en.push_str(&words);
            self.zh.push('：');
            self.zh.push_str(&words);
        }
        self
    }
}

/// Returns one line about an event.
pub fn summarize(body: &Body) -> Summary {
    match body {
        Body::BookOpened(body) => book::opened(body),
        Body::EventLayoutPublished(body) => book::layout(body),
        Body::PolicyVersionPublished(body) => book::policy(body),
        Body::EventVoided(body) => book::voided(body),
        Body::ImportApplied(body) => book::import(body),
        Body::DataExported(body) => transfer::exported(body),
        Body::ImportReverted(body) => transfer::reverted(body),
        Body::ReceiptIdentified(body) => money::identified(body),
        Body::BalanceConfirmed(body) => money::confirmed(body),
        Body::CustomerTermsSet(body) => agreement::terms(body),
        Body::CreditLimitSet(body) => agreement::limit(body),
        Body::CustomerInvestmentRecorded(body) => agreement::investment(body),
        Body::CommitmentMade(body) => agreement::promised(body),
        Body::CommitmentSettled(body) => agreement::settled(body),
        Body::ExchangeRateRecorded(body) => accounting::rate(body),
        Body::PeriodLocked(body) => accounting::locked(body),
        Body::AttachmentAdded(body) => customer::attachment(body),
        Body::CustomerRegistered(body) => customer::registered(body),
        Body::CustomerDetailsChanged(body) => customer::changed(body),
        Body::CustomersMerged(body) => people::merged(body),
        Body::MergeReversed(body) => people::parted(body),
        Body::RecordAssigned(body) => people::assigned(body),
        Body::RecordShareChanged(body) => people::shared(body),
        Body::OrgUnitChanged(body) => people::unit(body),
        Body::UserStatusChanged(body) => people::user(body),
        Body::ContactAdded(body) => customer::contact(body),
        Body::InteractionRecorded(body) => customer::interaction(body),
        Body::InteractionVoided(body) => customer::interaction_voided(body),
        Body::TaskPlanned(body) => task::planned(body),
        Body::TaskRescheduled(body) => task::rescheduled(body),
        Body::TaskClosed(body) => task::closed(body),
        Body::MailHeld(body) => mail::held(body),
        Body::MailAssigned(body) => mail::assigned(body),
        Body::OpportunityOpened(body) => sales::opened(body),
        Body::OpportunityStageChanged(body) => sales::stage(body),
        Body::OpportunityForecastRevised(body) => sales::forecast(body),
        Body::OpportunityWon(body) => sales::won(body),
        Body::OpportunityLost(body) => sales::lost(body),
        Body::OpportunityReopened(body) => sales::reopened(body),
        Body::QuoteIssued(body) => sales::quote(body),
        Body::QuoteOutcomeRecorded(body) => sales::outcome(body),
        Body::ContractSigned(body) => sales::contract(body),
        Body::ContractAmended(body) => sales::amended(body),
        Body::ContractClosed(body) => sales::contract_closed(body),
        Body::ShipmentDispatched(body) => sales::dispatched(body),
        Body::ShipmentSigned(body) => sales::arrived(body),
        Body::GoodsReturned(body) => sales::returned(body),
        Body::ReceivableOpened(body) => money::opened(body),
        Body::InvoiceIssued(body) => money::invoice(body),
        Body::PaymentReceived(body) => money::payment(body),
        Body::PaymentReversed(body) => money::payment_reversed(body),
        Body::CreditApplied(body) => money::applied(body),
        Body::ApplicationReversed(body) => money::application_reversed(body),
        Body::ReceivableDisputeChanged(body) => money::dispute(body),
        Body::ReceivableRescheduled(body) => money::rescheduled(body),
        Body::InvoiceVoided(body) => money::invoice_voided(body),
        Body::CreditNoteIssued(body) => money::credit_note(body),
        Body::ReceivableWrittenOff(body) => money::written_off(body),
        Body::RefundPaid(body) => money::refund(body),
        Body::DunningNoticeSent(body) => money::notice(body),
        Body::ComplaintReceived(body) => service::received(body),
        Body::ComplaintAcknowledged(body) => service::acknowledged(body),
        Body::ComplaintAssessed(body) => service::assessed(body),
        Body::ComplaintClockChanged(body) => service::clock(body),
        Body::ComplaintAnswered(body) => service::answered(body),
        Body::ComplaintClosed(body) => service::closed(body),
        Body::ComplaintReopened(body) => service::reopened(body),
        Body::SurveyAnswered(body) => service::survey(body),
    }
}

/// What a section says: words of its content when open, else that it is sealed.
fn words<T: Personal>(
    section: Option<&Section<T>>,
    of: impl Fn(&T) -> Option<String>,
) -> Option<String> {
    match section? {
        Section::Open(content) => of(content).map(|text| first_line(&text)),
        Section::Sealed(_) => Some("(sealed)".to_owned()),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
