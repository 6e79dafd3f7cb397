//! Commands: what a caller asks for, in the imperative. Where a fact is simply taken as said, the
//! command carries the event's own fields; ids and figures that are left out are filled in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::application::Application;
use super::{Context, Draft, Rejection, details};
use crate::event::attachment::{AttachmentId, MediaType};
use crate::event::book::PolicyVersionPublished;
use crate::event::customer::{ContactAdded, CustomerField, CustomerKind, CustomerSource};
use crate::event::merge::{DuplicateCheck, MergeReversed, MergeSide};
use crate::event::{Actor, Body, StreamId, Subject};
use crate::event::{
    accounting, assignment, commitment, complaint, confirmation, contract, credit, dunning,
    interaction, mail, merge, opportunity, organisation, quote, receivable, share, shipment,
    survey, task, terms, transfer,
};
use crate::id::{ActorId, CustomerCode, EventId, ImportId, Line, Note, RequestKey};
use crate::money::Currency;
use crate::position::ExpectedVersion;
use crate::time::{Date, Timestamp};

/// Asks to put a customer on file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterCustomer {
    /// What the customer is to us.
    pub kind: CustomerKind,
    /// How the customer came to us.
    pub source: CustomerSource,
    /// Who recommended us.
    #[serde(default)]
    pub referrer: Option<CustomerCode>,
    /// The campaign, list or system it came from.
    #[serde(default)]
    pub provenance: Option<Line>,
    /// The currency usually used.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Who looks after the customer.
    #[serde(default)]
    pub owner: Option<ActorId>,
    /// Day of the first contact.
    #[serde(default)]
    pub first_contact_on: Option<Date>,
    /// Who checked the details.
    #[serde(default)]
    pub verified_by: Option<ActorId>,
    /// What a look for duplicates found before (rule I-13).
    #[serde(default)]
    pub duplicates: Option<DuplicateCheck>,
    /// The details by field; a name is required.
    pub details: BTreeMap<CustomerField, Note>,
}

/// Asks to change details of the customer file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCustomerDetails {
    /// Where the new values come from.
    #[serde(default)]
    pub provenance: Option<Line>,
    /// The new values; null removes a detail.
    pub set: BTreeMap<CustomerField, Option<Note>>,
    /// The values the caller believes are there (rule I-14); compared where given.
    #[serde(default)]
    pub expected: BTreeMap<CustomerField, Option<Note>>,
}

/// Asks that an event count nowhere from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidEvent {
    /// The event, of the same stream.
    pub event: EventId,
}

/// Asks that events of one stream count nowhere from now on, all of them or none; those that are void
/// are passed over. Only taking an import back and undoing a merge ask this, so callers cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeBack {
    /// The import they came in with, when it is taken back.
    pub import: Option<ImportId>,
    /// The events.
    pub events: Vec<EventId>,
}

/// Asks to record a fact as it was elsewhere: in another ledger, or with a customer of whom it is no
/// more. Only taking an export in and undoing a merge ask this, so callers cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakeOver {
    /// When the other ledger learned it: the rules are asked as of then.
    pub recorded_at: Timestamp,
    /// Who acted there.
    pub actor: Actor,
    /// For a void or an attached file: the event there that it is about.
    pub about: Option<Place>,
    /// The event there that it corrects.
    pub corrects: Option<Place>,
    /// The fact.
    pub command: Command,
    /// What followed from it there, in order; the same must follow here, unless nothing is said.
    pub follows: Option<Vec<Body>>,
    /// For the undoing of a merge: where the facts since are, in its order.
    pub facts: Vec<Place>,
}

/// Where an event of another ledger is found here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The stream of the event there that was asked for.
    pub stream: StreamId,
    /// That event.
    pub event: EventId,
    /// The place among what followed from it, 0 for the event itself.
    pub after: usize,
}

/// Asks to attach an uploaded file to an event (X30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachFile {
    /// What the upload answered.
    pub attachment: AttachmentId,
    /// The event of the same stream; left out, the one that the unit's last request before, other
    /// than an attachment, became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Whose content it is, as said at the upload.
    #[serde(default)]
    pub subject: Subject,
    /// What kind of content it is.
    pub media_type: MediaType,
    /// The file's name, without folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// A note about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

macro_rules! commands {
    (facts { $( $(#[doc = $doc:literal])* $name:ident $event:ident $path:path; )* }) => {
        /// What a caller asks for.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "command", rename_all = "snake_case")]
        #[allow(clippy::large_enum_variant)]
        pub enum Command {
            /// Put a customer on file (E07).
            RegisterCustomer(RegisterCustomer),
            /// Change details of the customer file (E08).
            ChangeCustomerDetails(ChangeCustomerDetails),
            /// Make an event count nowhere from now on (X22).
            VoidEvent(VoidEvent),
            /// Attach an uploaded file to an event (X30).
            AttachFile(AttachFile),
            /// Make events of one import count nowhere from now on (X22).
            #[serde(skip)]
            TakeBack(TakeBack),
            /// Record an event of another ledger as it was there.
            #[serde(skip)]
            TakeOver(Box<TakeOver>),
            /// Undo a merge (E13); the same batch moves what goes to the merged customer.
            #[serde(skip)]
            ReverseMerge(Box<MergeReversed>),
            $( $(#[doc = $doc])* $name($path), )*
        }

        /// The same commands, their name and content apart, so that whoever reads one can tell
        /// where in it a field is wrong.
        #[derive(Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(clippy::large_enum_variant)]
        enum Named {
            RegisterCustomer(RegisterCustomer),
            ChangeCustomerDetails(ChangeCustomerDetails),
            VoidEvent(VoidEvent),
            AttachFile(AttachFile),
            $( $name($path), )*
        }

        impl From<Named> for Command {
            fn from(named: Named) -> Command {
                match named {
                    Named::RegisterCustomer(content) => Command::RegisterCustomer(content),
                    Named::ChangeCustomerDetails(content) => Command::ChangeCustomerDetails(content),
                    Named::VoidEvent(content) => Command::VoidEvent(content),
                    Named::AttachFile(content) => Command::AttachFile(content),
                    $( Named::$name(content) => Command::$name(content), )*
                }
            }
        }

        /// What describes the content of a command.
        pub type Describe = fn(&mut schemars::SchemaGenerator) -> schemars::Schema;

        /// Every command with its meaning and what describes its content, in the order of the
        /// reference.
        pub const DESCRIBED: &[(&str, &str, Describe)] = &[
            ("RegisterCustomer", "Put a customer on file (E07).", described::<RegisterCustomer>),
            ("ChangeCustomerDetails", "Change details of the customer file (E08).",
                described::<ChangeCustomerDetails>),
            ("VoidEvent", "Make an event count nowhere from now on (X22).", described::<VoidEvent>),
            ("AttachFile", "Attach an uploaded file to an event (X30).", described::<AttachFile>),
            $( (stringify!($name), concat!($($doc),*), described::<$path>), )*
        ];

        /// A command whose event is the fact itself, ready to be completed and checked.
        #[allow(clippy::result_large_err, reason = "the other commands are handed back whole")]
        pub(crate) fn plain_fact(command: Command) -> Result<crate::event::Body, Command> {
            match command {
                $( Command::$name(fact) => Ok(crate::event::Body::$event(fact)), )*
                other => Err(other),
            }
        }

        impl Command {
            /// Returns the command that records a fact as it is; nothing for what is never recorded
            /// by itself.
            pub fn of_fact(body: crate::event::Body) -> Option<Command> {
                match body {
                    $( crate::event::Body::$event(fact) => Some(Command::$name(fact)), )*
                    _ => None,
                }
            }
        }

        /// The commands that take a fact as said, each with the kind of event it becomes.
        pub const FACTS: &[(&str, crate::event::Kind)] =
            &[ $( (stringify!($name), crate::event::Kind::$event) ),* ];

        $( impl From<$path> for Command {
            fn from(fact: $path) -> Command { Command::$name(fact) }
        } )*
    };
}

fn described<T: schemars::JsonSchema>(
    generator: &mut schemars::SchemaGenerator,
) -> schemars::Schema {
    T::json_schema(generator)
}

impl Command {
    /// Returns what is to be recorded, also when it is taken over from another ledger.
    pub const fn fact(&self) -> &Command {
        match self {
            Command::TakeOver(over) => &over.command,
            other => other,
        }
    }

    /// Tells whether it is decided on the stream's whole history.
    pub const fn is_void(&self) -> bool {
        matches!(self.fact(), Command::VoidEvent(_) | Command::TakeBack(_))
    }

    /// Reads a command given as its name with its content, the form `{"add_contact": {...}}`.
    ///
    /// # Errors
    /// What the reader says; one that keeps its place can name the field.
    pub fn read<'de, D: serde::Deserializer<'de>>(reader: D) -> Result<Command, D::Error> {
        Named::deserialize(reader).map(Command::from)
    }
}

commands! { facts {
    /// Publish a version of a policy (X10).
    PublishPolicyVersion PolicyVersionPublished PolicyVersionPublished;
    /// Close an import with its figures (X06).
    ApplyImport ImportApplied crate::event::book::ImportApplied;
    /// Note what is taken out as a file (X05).
    NoteExport DataExported transfer::DataExported;
    /// Close the taking back of an import with its figures (X07).
    CloseRevert ImportReverted transfer::ImportReverted;
    /// Record an exchange rate (X15).
    RecordExchangeRate ExchangeRateRecorded accounting::ExchangeRateRecorded;
    /// Lock the accounts through a day (X11).
    LockPeriod PeriodLocked accounting::PeriodLocked;
    /// Give a customer or one of its records to another holder (E01).
    AssignRecord RecordAssigned assignment::RecordAssigned;
    /// Share a customer or one of its records, or take that back (E02).
    ShareRecord RecordShareChanged share::RecordShareChanged;
    /// Set a unit of the organisation, or close it (X03).
    ChangeOrgUnit OrgUnitChanged organisation::OrgUnitChanged;
    /// Record that a user comes, is away, leaves or belongs to another unit (X04).
    ChangeUserStatus UserStatusChanged organisation::UserStatusChanged;
    /// Merge a customer into another (E12).
    MergeCustomer CustomersMerged merge::CustomersMerged;
    /// Add a contact (E14).
    AddContact ContactAdded ContactAdded;
    /// Record an interaction (E16).
    RecordInteraction InteractionRecorded interaction::InteractionRecorded;
    /// Make an interaction count no longer (E17).
    VoidInteraction InteractionVoided interaction::InteractionVoided;
    /// Plan a task (E19).
    PlanTask TaskPlanned task::TaskPlanned;
    /// Give a task another time (E20).
    RescheduleTask TaskRescheduled task::TaskRescheduled;
    /// End a task (E21).
    CloseTask TaskClosed task::TaskClosed;
    /// Hold a message that belongs to no customer for certain (X31).
    HoldMail MailHeld mail::MailHeld;
    /// Say what became of a held message (X32).
    AssignMail MailAssigned mail::MailAssigned;
    /// Agree on terms with a customer (E10).
    SetCustomerTerms CustomerTermsSet terms::CustomerTermsSet;
    /// Set a customer's credit limit (E11).
    SetCreditLimit CreditLimitSet terms::CreditLimitSet;
    /// Record what was put into a customer (E18).
    RecordInvestment CustomerInvestmentRecorded terms::CustomerInvestmentRecorded;
    /// Record a promise, ours or the customer's (E22).
    MakeCommitment CommitmentMade commitment::CommitmentMade;
    /// Settle whether a promise was kept (E23).
    SettleCommitment CommitmentSettled commitment::CommitmentSettled;
    /// Open an opportunity (E26).
    OpenOpportunity OpportunityOpened opportunity::OpportunityOpened;
    /// Move an opportunity to another stage (E27).
    ChangeOpportunityStage OpportunityStageChanged opportunity::OpportunityStageChanged;
    /// Revise what is expected of an opportunity (E28).
    ReviseOpportunityForecast OpportunityForecastRevised opportunity::OpportunityForecastRevised;
    /// Close an opportunity as won (E30).
    WinOpportunity OpportunityWon opportunity::OpportunityWon;
    /// Close an opportunity as lost (E31).
    LoseOpportunity OpportunityLost opportunity::OpportunityLost;
    /// Open a closed opportunity again (E32).
    ReopenOpportunity OpportunityReopened opportunity::OpportunityReopened;
    /// Issue a quote or its next revision (E33).
    IssueQuote QuoteIssued quote::QuoteIssued;
    /// Record what became of a quote (E34).
    RecordQuoteOutcome QuoteOutcomeRecorded quote::QuoteOutcomeRecorded;
    /// Sign a contract (E35).
    SignContract ContractSigned contract::ContractSigned;
    /// Amend a contract (E36).
    AmendContract ContractAmended contract::ContractAmended;
    /// End a contract (E37).
    CloseContract ContractClosed contract::ContractClosed;
    /// Dispatch a shipment (E38).
    DispatchShipment ShipmentDispatched shipment::ShipmentDispatched;
    /// Record that a shipment arrived (E39).
    SignShipment ShipmentSigned shipment::ShipmentSigned;
    /// Record that goods came back (E40).
    ReturnGoods GoodsReturned shipment::GoodsReturned;
    /// Open a receivable (E41).
    OpenReceivable ReceivableOpened receivable::ReceivableOpened;
    /// Agree on another due day (E42).
    RescheduleReceivable ReceivableRescheduled receivable::ReceivableRescheduled;
    /// Issue an invoice (E43).
    IssueInvoice InvoiceIssued receivable::InvoiceIssued;
    /// Reverse an invoice by a red-letter invoice (E44).
    VoidInvoice InvoiceVoided receivable::InvoiceVoided;
    /// Issue a credit note (E45).
    IssueCreditNote CreditNoteIssued credit::CreditNoteIssued;
    /// Record a payment (E46).
    ReceivePayment PaymentReceived receivable::PaymentReceived;
    /// Reverse a payment and its applications (E47, E49).
    ReversePayment PaymentReversed receivable::PaymentReversed;
    /// Say whose an unidentified payment is (X23).
    IdentifyReceipt ReceiptIdentified receivable::ReceiptIdentified;
    /// Record that a customer confirmed its balance (X13).
    ConfirmBalance BalanceConfirmed confirmation::BalanceConfirmed;
    /// Apply a credit to items (E48).
    ApplyCredit CreditApplied receivable::CreditApplied;
    /// Reverse an application (E49).
    ReverseApplication ApplicationReversed receivable::ApplicationReversed;
    /// Give up a debt or a part of it (E50).
    WriteOffReceivable ReceivableWrittenOff credit::ReceivableWrittenOff;
    /// Pay money back (E51).
    PayRefund RefundPaid credit::RefundPaid;
    /// Remind the customer of what is overdue (E52).
    SendDunningNotice DunningNoticeSent dunning::DunningNoticeSent;
    /// Dispute an item, or end the dispute (X14).
    ChangeReceivableDispute ReceivableDisputeChanged receivable::ReceivableDisputeChanged;
    /// Take in a complaint, enquiry, request or suggestion (E53).
    ReceiveComplaint ComplaintReceived complaint::ComplaintReceived;
    /// Record the first response (E54).
    AcknowledgeComplaint ComplaintAcknowledged complaint::ComplaintAcknowledged;
    /// Judge a complaint (E55).
    AssessComplaint ComplaintAssessed complaint::ComplaintAssessed;
    /// Pause or resume a complaint's clock (E56).
    ChangeComplaintClock ComplaintClockChanged complaint::ComplaintClockChanged;
    /// Answer a complaint (E57).
    AnswerComplaint ComplaintAnswered complaint::ComplaintAnswered;
    /// Close a complaint (E58).
    CloseComplaint ComplaintClosed complaint::ComplaintClosed;
    /// Open a closed complaint again (E59).
    ReopenComplaint ComplaintReopened complaint::ComplaintReopened;
    /// Record the answers to a survey (E60).
    AnswerSurvey SurveyAnswered survey::SurveyAnswered;
} }

/// One command with what the caller says about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The customer it concerns; absent for commands to the book itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerCode>,
    /// When the fact was so; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Timestamp>,
    /// What the caller believes of the stream.
    #[serde(default)]
    pub expected_version: ExpectedVersion,
    /// Recognises a retry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<RequestKey>,
    /// Why, in words; names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
    /// The event of the same stream that is corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<EventId>,
    /// What is asked for.
    #[serde(flatten)]
    pub command: Command,
}

impl Request {
    /// Returns the key under which an event of another ledger is recognised when it is taken over.
    pub fn key_there(event: EventId) -> String {
        format!("event:{event}")
    }

    /// Builds a request about a customer with nothing else said.
    pub fn about(customer: CustomerCode, command: impl Into<Command>) -> Self {
        Request {
            customer: Some(customer),
            effective_at: None,
            expected_version: ExpectedVersion::Any,
            idempotency_key: None,
            reason: None,
            corrects: None,
            command: command.into(),
        }
    }
}

/// Turns a command into the event it asks for, still to be completed and checked.
///
/// # Errors
/// A [`Rejection`] when details are not what the caller believes or nothing would change, and
/// [`Rejection::VoidNeedsHistory`] for [`Command::VoidEvent`] and [`Command::TakeBack`], which
/// [`super::void`] decides.
pub fn propose(
    command: Command,
    context: &Context<'_>,
    state: &Draft<'_>,
) -> Result<Body, Rejection> {
    match plain_fact(command) {
        Ok(body) => {
            refuse_half(&body, state)?;
            Ok(body)
        }
        Err(Command::RegisterCustomer(command)) => {
            details::register(command, context).map(Body::from)
        }
        Err(Command::ChangeCustomerDetails(command)) => {
            details::change(command, context, state).map(Body::from)
        }
        Err(Command::ReverseMerge(body)) => Ok(Body::from(*body)),
        // What a file is, its store knows; `attachment::propose` makes the event of both.
        Err(Command::AttachFile(command)) => {
            Err(Rejection::AttachmentUnknown { attachment: command.attachment })
        }
        // Every other command is a plain fact; voids are decided on the stream's history.
        Err(_) => Err(Rejection::VoidNeedsHistory {}),
    }
}

/// Refuses the second half of a pair that touches two customers: only the first half is asked for,
/// the other follows from it.
fn refuse_half(body: &Body, state: &Draft<'_>) -> Result<(), Rejection> {
    let payer = match body {
        Body::ReceiptIdentified(identified) if identified.step.is_some() => {
            return Err(Rejection::HalfOfPair { what: "an identification" });
        }
        Body::CustomersMerged(merged) if merged.side == Some(MergeSide::Survivor) => {
            return Err(Rejection::HalfOfPair { what: "a merge" });
        }
        Body::CreditApplied(applied) if applied.legal_entity.is_some() => {
            return Err(Rejection::HalfOfPair { what: "an application" });
        }
        Body::CreditApplied(applied) => applied.paid_by.as_ref(),
        Body::ApplicationReversed(reversed) => {
            let application = state.get::<Application>(reversed.application.as_str());
            application.and_then(|application| application.paid_by.as_ref())
        }
        _ => None,
    };
    match payer {
        Some(payer) => Err(Rejection::PaidByAnother { payer: payer.clone() }),
        None => Ok(()),
    }
}

impl From<RegisterCustomer> for Command {
    fn from(command: RegisterCustomer) -> Command {
        Command::RegisterCustomer(command)
    }
}

impl From<ChangeCustomerDetails> for Command {
    fn from(command: ChangeCustomerDetails) -> Command {
        Command::ChangeCustomerDetails(command)
    }
}

impl From<VoidEvent> for Command {
    fn from(command: VoidEvent) -> Command {
        Command::VoidEvent(command)
    }
}

impl From<AttachFile> for Command {
    fn from(command: AttachFile) -> Command {
        Command::AttachFile(command)
    }
}
