//! Why the business says no. Each refusal knows its code, the rule it rests on and what to do next.
//!
//! Invariant: codes are stable and never reused; no refusal carries personal content, so that a
//! message may go into a log.

use std::fmt;

use compact_str::CompactString;

use crate::event::Kind;
use crate::event::attachment::AttachmentId;
use crate::event::customer::CustomerField;
use crate::id::{CustomerCode, EventId, ImportId, Label, LegalEntity, Line, StageName};
use crate::money::{Currency, Money};
use crate::position::{ExpectedVersion, Position};
use crate::time::{Date, Timestamp};

macro_rules! rejections {
    ($( $(#[$meta:meta])* $name:ident { $( $field:ident : $type:ty ),* }
        $message:literal, $code:literal, $rule:expr, $hint:literal; )*) => {
        /// A refusal: nothing is broken, nothing was written, the caller can do something else.
        /// The fields are the facts the message names.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        #[non_exhaustive]
        #[allow(missing_docs)]
        pub enum Rejection {
            $( $(#[$meta])* #[error($message)] $name { $( $field : $type ),* }, )*
        }

        impl Rejection {
            /// Every refusal as its code, the rule it rests on and the hint.
            pub const CODES: &'static [(&'static str, Option<&'static str>, &'static str)] =
                &[ $( ($code, $rule, $hint) ),* ];

            /// Returns the stable code.
            pub const fn code(&self) -> &'static str {
                match self { $( Rejection::$name { .. } => $code ),* }
            }

            /// Returns the rule of the domain it rests on, such as `I-47`, where there is one.
            pub const fn rule(&self) -> Option<&'static str> {
                match self { $( Rejection::$name { .. } => $rule ),* }
            }

            /// Returns what the caller can do next.
            pub const fn hint(&self) -> &'static str {
                match self { $( Rejection::$name { .. } => $hint ),* }
            }
        }
    };
}

rejections! {
    /// The stream is not where the caller believes it is.
    StaleVersion { stream: String, actual: u64, expected: ExpectedVersion }
        "{stream} is at version {actual}, expected {expected}",
        "stale_version", None, "read the customer again and retry";
    /// Same idempotency key, other content.
    KeyReused { key: String, position: u64 }
        "idempotency key {key:?} was used before with other content, at position {position}",
        "idempotency_key_reused", None, "use a new key for a new request";
    /// No such customer.
    CustomerUnknown { customer: CustomerCode }
        "customer {customer} is not on file",
        "customer_unknown", None, "register the customer first, or check the code";
    /// A number that may be taken once in the whole ledger is taken.
    NumberTaken { what: &'static str, number: String, position: u64 }
        "{what} {number} is already taken by the event at position {position}",
        "number_taken", None, "check the number; it may have been recorded before";
    /// No such kind of event.
    KindUnknown { kind: Label }
        "{kind} is no kind of event",
        "kind_unknown", Some("X05"), "use a kind such as invoice.issued";
    /// Positions that end before they begin.
    BoundsCrossed { from: Position, before: Position }
        "the positions from {from} to before {before} hold nothing",
        "bounds_crossed", Some("X05"), "let the first position come before the last";
    /// An event that did not come in with the import that is taken back.
    NotOfImport { kind: Kind, position: Position, import: ImportId }
        "{kind} at position {position} did not come in with the import {import}",
        "not_of_import", Some("X07"), "void it by itself";
    /// More events named than stayed.
    RevertFigures { named: u64, stayed: u64 }
        "{named} events are named as staying, but {stayed} stay",
        "revert_figures", Some("X07"), "name an event that stays once";
    /// What an event of another ledger becomes here is not what it was there.
    TakenOverDiffers { kind: Kind }
        "{kind} would not be recorded here as it was there, or something else would follow from it",
        "taken_over_differs", None, "take it in with the release it was recorded by, or record it by hand";
    /// A command about a customer without one.
    CustomerRequired { }
        "the command concerns a customer, but names none",
        "customer_required", None, "say which customer it concerns";
    /// A command to the book that names a customer.
    CustomerNotAllowed { }
        "the command concerns the book itself, but names a customer",
        "customer_not_allowed", None, "leave the customer out";
    /// An event larger than the log takes.
    EventTooLarge { actual: usize, max: usize }
        "the event would take {actual} bytes; at most {max} are stored",
        "event_too_large", None, "shorten the texts, or attach them as a file";
    /// The stream's customer is not registered.
    NotRegistered { }
        "the customer is not on file yet",
        "customer_not_registered", None, "register the customer first, or check the code";
    /// The customer is registered already.
    AlreadyRegistered { }
        "the customer is already on file",
        "customer_already_registered", Some("I-12"),
        "change its details instead, or choose another code";
    /// A record that is referred to is not there.
    RecordUnknown { what: &'static str, id: CompactString }
        "{what} {id} is not on file for this customer",
        "record_unknown", None, "check the id; it must belong to the same customer";
    /// The id of a new record is taken.
    RecordTaken { what: &'static str, id: CompactString }
        "{what} {id} is already on file for this customer",
        "record_taken", None, "leave the id out to get the next one, or choose another";
    /// Something that must be said is not.
    Missing { what: &'static str }
        "{what} is missing",
        "field_missing", None, "say it and send the request again";
    /// An event that needs a reason has none.
    ReasonMissing { what: &'static str }
        "{what} needs a reason in words",
        "reason_missing", None, "send the request again with a reason";
    /// A text made from others is too long or otherwise not acceptable.
    TextUnfit { what: &'static str }
        "{what} that would be assigned is not an acceptable text",
        "text_unfit", None, "choose a shorter name, or give the id yourself";
    /// The same line twice in one request.
    Repeated { what: &'static str, id: CompactString }
        "{what} {id} appears more than once",
        "line_repeated", None, "put everything about it into one line";
    /// A day that has not come.
    DateInFuture { what: &'static str, date: Date, latest: Date }
        "{what} is {date}, which is after {latest}",
        "date_in_future", None, "record it when it has happened, or correct the date";
    /// An instant that has not come.
    InstantInFuture { what: &'static str, at: Timestamp, now: Timestamp }
        "{what} is {at}, which is after today; it is now {now}",
        "instant_in_future", None, "record it when it has happened, or correct the time";
    /// One date before another that it must follow.
    DateOrder { what: &'static str, date: Date, earliest: Date }
        "{what} is {date}, which is before {earliest}",
        "date_order", None, "correct the date";
    /// One instant before another that it must follow.
    InstantOrder { what: &'static str, at: Timestamp, earliest: Timestamp }
        "{what} is {at}, which is before {earliest}",
        "instant_order", None, "correct the time";
    /// An amount below zero.
    AmountNegative { what: &'static str, amount: Money }
        "{what} is {amount}; it may not be below zero",
        "amount_negative", None, "correct the amount";
    /// An amount that must be above zero is not.
    AmountNotPositive { what: &'static str, amount: Money }
        "{what} is {amount}; it must be above zero",
        "amount_not_positive", None, "correct the amount";
    /// A quantity that must be above zero is not.
    QuantityNotPositive { line: u32, thousandths: i64 }
        "the quantity of line {line} is {thousandths} thousandths; it must be above zero",
        "quantity_not_positive", None, "correct the quantity";
    /// A sum beyond 64 bits.
    SumTooLarge { what: &'static str }
        "{what} is beyond what an amount can hold",
        "sum_too_large", None, "correct the amounts";
    /// Two currencies where one is needed.
    CurrencyDiffers { what: &'static str, expected: Currency, actual: Currency }
        "{what} is in {actual}, expected {expected}",
        "currency_differs", Some("I-49"), "use one currency, or record it apart";
    /// A tax that is not part of its total.
    TaxBeyondTotal { tax: Money, total: Money }
        "the tax is {tax}, which is not between zero and the total of {total}",
        "tax_beyond_total", None, "give the total with the tax included";
    /// A percentage beyond 100.
    PercentBeyond { what: &'static str, percent: u32 }
        "{what} is {percent} percent; it must be between 0 and 100",
        "percent_beyond", Some("I-33"), "correct the percentage";
    /// An entity the book does not name.
    LegalEntityUnknown { entity: LegalEntity }
        "legal entity {entity} is not one of this book's",
        "legal_entity_unknown", Some("R08"), "use one of the entities the book was opened with";
    /// No policy of the kind is published.
    PolicyMissing { what: &'static str }
        "no {what} policy is published",
        "policy_missing", None, "publish the policy first";
    /// A policy version that is not published.
    PolicyVersionUnknown { policy: CompactString, version: u32 }
        "version {version} of the policy {policy} is not published",
        "policy_version_unknown", None, "publish the version first, or leave it out for the newest";

    /// Details of a customer without a name.
    NameMissing { }
        "the customer has no name",
        "name_missing", None, "give the detail `name`";
    /// Nothing would change.
    NothingChanges { what: &'static str }
        "nothing of {what} would change",
        "nothing_changes", Some("I-14"), "send only what is different from what is known";
    /// A detail is not what the caller believes it is.
    DetailStale { field: CustomerField }
        "the detail {field} is not what the request takes it to be",
        "detail_stale", Some("I-14"), "read the customer again and retry";
    /// A sealed detail among the public ones or the reverse, or a section and its marks disagree.
    DetailMisplaced { field: CustomerField }
        "the detail {field} does not stand where its class belongs",
        "detail_misplaced", None, "send details by field and let the ledger sort them";
    /// A phone number that cannot be brought into international form.
    PhoneUnreadable { number: usize }
        "phone number {number} of the contact cannot be brought into international form",
        "phone_unreadable", Some("I-22"), "write it as +86 10 1234 5678, without letters";
    /// A second main contact.
    MainContactTaken { contact: CompactString }
        "contact {contact} is already the main contact",
        "main_contact_taken", Some("I-22"), "add the contact without `main`";

    /// An interaction without anybody of the customer's.
    ParticipantMissing { }
        "the interaction names nobody on the customer's side",
        "participant_missing", Some("I-23"), "name a contact or say `unknown_caller`";
    /// An interaction that ended before it began.
    EndBeforeStart { started_at: Timestamp, ended_at: Timestamp }
        "the interaction began {started_at} and ended {ended_at}, before it began",
        "end_before_start", Some("I-23"), "correct the times";
    /// An interaction that counts no longer.
    InteractionVoided { interaction: CompactString }
        "interaction {interaction} is already void",
        "interaction_voided", Some("I-24"), "record a new interaction";
    /// An interaction in its own place.
    ReplacedByItself { interaction: CompactString }
        "interaction {interaction} cannot stand in its own place",
        "replaced_by_itself", Some("I-24"), "name the interaction recorded instead, or leave it out";

    /// A message on an interaction that is no e-mail.
    MailMisplaced { channel: &'static str }
        "an interaction by {channel} cannot carry an e-mail message",
        "mail_misplaced", None, "record it with the channel email";
    /// A held message that waits no longer.
    MailSettled { mail: CompactString, outcome: &'static str }
        "mail {mail} is already {outcome}",
        "mail_settled", Some("X32"), "to mend a mistake, assign it to another customer and say why";
    /// A held message that is not there.
    MailUnknown { mail: CompactString }
        "mail {mail} is not among the held mail",
        "mail_unknown", Some("X32"), "see `daybook mail held` for the messages that wait";
    /// An assignment that does not say whose, or a dismissal that does.
    MailOutcomeUnfit { mail: CompactString, problem: &'static str }
        "the outcome of mail {mail} {problem}",
        "mail_outcome_unfit", Some("X32"),
        "an assignment names customer and interaction, a dismissal neither";
    /// A task that has ended.
    TaskClosed { task: CompactString }
        "task {task} has already ended",
        "task_closed", Some("I-26"), "plan a new task";
    /// A task that is not due when the caller believes.
    TaskStale { task: CompactString, due_at: Timestamp, from: Timestamp }
        "task {task} is due {due_at}, not {from}",
        "task_stale", Some("E20"), "read the task again and retry";
    /// A task rescheduled to the time it has.
    TaskUnmoved { task: CompactString, due_at: Timestamp }
        "task {task} is already due {due_at}",
        "task_unmoved", Some("E20"), "give another time";

    /// A stage the pipeline version does not have.
    StageUnknown { stage: StageName, pipeline: CompactString, version: u32 }
        "stage {stage} is not an open stage of pipeline {pipeline} version {version}",
        "stage_unknown", Some("I-31"), "use a stage of that pipeline version";
    /// The stage left is not the current one.
    StageStale { opportunity: CompactString, current: StageName, from: StageName }
        "opportunity {opportunity} is in stage {current}, not in {from}",
        "stage_stale", Some("I-32"), "read the opportunity again and retry";
    /// A stage to itself.
    StageUnchanged { opportunity: CompactString, stage: StageName }
        "opportunity {opportunity} is already in stage {stage}",
        "stage_unchanged", Some("I-32"), "nothing needs to be recorded";
    /// The kind of change said is not the one that happens.
    StageChangeDiffers { said: &'static str, actual: &'static str }
        "the change of stage is said to be {said} but is {actual}",
        "stage_change_differs", Some("I-32"), "leave the kind of change out";
    /// A transition before the previous one.
    TransitionOrder { opportunity: CompactString, at: Timestamp, last: Timestamp }
        "opportunity {opportunity} last changed {last}; this change is said to be of {at}, earlier",
        "transition_order", Some("I-32"), "give the time at which it happened";
    /// An opportunity that is closed.
    OpportunityClosed { opportunity: CompactString }
        "opportunity {opportunity} is closed",
        "opportunity_closed", Some("I-34"), "reopen it first";
    /// An opportunity that is open.
    OpportunityOpen { opportunity: CompactString }
        "opportunity {opportunity} is open",
        "opportunity_open", Some("I-35"), "only a closed opportunity can be reopened";
    /// A loss for a reason that is not on the list.
    LostReasonUnknown { reason: Label, pipeline: CompactString, version: u32 }
        "{reason} is not a reason for a loss in pipeline {pipeline} version {version}",
        "lost_reason_unknown", Some("I-34"), "use a reason of that pipeline version";
    /// A forecast that is not what the caller believes it is.
    ForecastStale { opportunity: CompactString }
        "the forecast of opportunity {opportunity} is not what the request takes it to be",
        "forecast_stale", Some("I-14"), "read the opportunity again and retry";

    /// A revision out of turn.
    RevisionOutOfTurn { quote: CompactString, expected: u32, actual: u32 }
        "the next revision of quote {quote} is {expected}, not {actual}",
        "revision_out_of_turn", Some("I-36"), "leave the revision out to get the next one";
    /// A price below the floor without approval.
    PriceBelowFloor { product: CompactString, price: Money, floor: Money }
        "the price of {product} is {price}, below the floor of {floor}, and nobody approved it",
        "price_below_floor", Some("I-36"), "raise the price or name who approved it";
    /// A revision that was never issued.
    RevisionUnknown { quote: CompactString, revision: u32 }
        "quote {quote} has no revision {revision}",
        "revision_unknown", Some("I-37"), "check the revision";
    /// A revision that has an outcome.
    OutcomeKnown { quote: CompactString, revision: u32, outcome: &'static str }
        "revision {revision} of quote {quote} is already {outcome}",
        "outcome_known", Some("I-37"), "issue a new revision";
    /// An older revision accepted.
    RevisionSuperseded { quote: CompactString, revision: u32, latest: u32 }
        "revision {revision} of quote {quote} cannot be accepted; the latest is {latest}",
        "revision_superseded", Some("I-37"), "accept the latest revision";

    /// Instalments that do not add up to the contract.
    InstalmentSum { contract: CompactString, sum: Money, total: Money }
        "the instalments of contract {contract} add up to {sum}, its total is {total}",
        "instalment_sum", Some("I-38"), "let the last instalment take the rest";
    /// A contract whose instalments open the debt, without any.
    InstalmentsMissing { contract: CompactString }
        "contract {contract} opens its debt by instalments but has none",
        "instalments_missing", Some("I-38"), "give the instalments, or let the invoices open the debt";

    /// More shipped than contracted.
    OverShipment { contract: CompactString, line: u32, contracted: i64, shipped: i64 }
        "line {line} of contract {contract} has {contracted} thousandths; {shipped} would be shipped",
        "over_shipment", Some("E38"), "ship less, or name who approved more than was contracted";
    /// A shipment that has arrived.
    ShipmentAlreadySigned { shipment: CompactString }
        "shipment {shipment} is already signed for",
        "shipment_signed", Some("E39"), "nothing needs to be recorded";
    /// More missing or returned than was shipped.
    BeyondShipped { what: &'static str, shipment: CompactString, line: u32, shipped: i64, asked: i64 }
        "{what} of line {line} come to {asked} thousandths; shipment {shipment} had {shipped}",
        "beyond_shipped", Some("E40"), "correct the quantity";

    /// A debt opened by the wrong document.
    DebtOpenedOtherwise { contract: CompactString, by: &'static str, asked: &'static str }
        "the debt of contract {contract} is opened by its {by}, not by {asked}",
        "debt_opened_otherwise", Some("I-40"), "let one kind of document open the debt of a contract";
    /// An instalment the contract does not have.
    InstalmentUnknown { contract: CompactString, instalment: u32 }
        "contract {contract} has no instalment {instalment}",
        "instalment_unknown", Some("I-40"), "check the number";
    /// An instalment whose debt is open already.
    InstalmentOpened { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} is already opened",
        "instalment_opened", Some("I-40"), "nothing needs to be recorded";
    /// An item of another amount than its instalment.
    InstalmentDiffers { contract: CompactString, instalment: u32, planned: Money, amount: Money }
        "instalment {instalment} of contract {contract} is {planned}, the item {amount}",
        "instalment_differs", Some("I-40"), "open the item over the instalment's amount";
    /// Due before the document's day.
    DueBeforeDocument { due_on: Date, document_on: Date }
        "the item is due {due_on}, before its document of {document_on}",
        "due_before_document", Some("I-41"), "correct the dates";
    /// More invoiced than the item amounts to.
    CoveredBeyondItem { item: CompactString, amount: Money, covered: Money }
        "item {item} amounts to {amount}; invoices would cover {covered}",
        "covered_beyond_item", Some("I-43"), "cover less of the item";
    /// An invoice that covers more than its own total.
    CoveredBeyondInvoice { total: Money, covered: Money }
        "the invoice amounts to {total} but covers {covered}",
        "covered_beyond_invoice", Some("I-43"), "cover less, or correct the total";
    /// A number that would leave a gap in its series.
    SeriesGap { series: Label, expected: u64, actual: u64 }
        "the next number of series {series} is {expected}, not {actual}",
        "series_gap", Some("I-43"), "leave the number out to get the next one";
    /// A receipt that counts no longer.
    ReceiptReversed { receipt: CompactString }
        "receipt {receipt} is reversed",
        "receipt_reversed", Some("I-46"), "record the payment again if it did arrive";
    /// An application of more than is open.
    ItemOverdrawn { item: CompactString, open: Money, what: &'static str, asked: Money, on: Date }
        "open amount of item {item} is {open} on {on}, the {what} asks {asked}",
        "item_overdrawn", Some("I-47"), "apply at most what is open on every day from then on";
    /// An application of more than the credit has left.
    CreditOverdrawn {
        kind: &'static str, credit: CompactString, unapplied: Money, what: &'static str,
        asked: Money, on: Date
    }
        "unapplied amount of {kind} {credit} is {unapplied} on {on}, the {what} asks {asked}",
        "credit_overdrawn", Some("I-48"), "ask at most what is left of it on every day from then on";
    /// A credit of one legal entity for the debt of another.
    LegalEntityDiffers { item: CompactString, what: &'static str, credit: CompactString }
        "item {item} and {what} {credit} belong to different legal entities",
        "legal_entity_differs", Some("I-49"), "use what belongs to the same legal entity";
    /// An application before one of its documents.
    ApplicationBeforeDocument { effective_on: Date, earliest: Date }
        "the application counts from {effective_on}, before its documents of {earliest}",
        "application_before_document", Some("I-50"), "leave the date out, or give a later one";
    /// A rate that is no number above zero.
    RateUnreadable { rate: Label }
        "{rate} is not a rate such as 7.2105",
        "rate_unreadable", Some("R17"), "write the rate as a plain decimal above zero";
    /// Nothing is left to apply, or nothing to apply it to.
    NothingToApply { kind: &'static str, credit: CompactString }
        "nothing of {kind} {credit} can be applied to an open item",
        "nothing_to_apply", Some("R06"), "keep it as unapplied credit";
    /// An application that counts no longer.
    ApplicationAlreadyReversed { application: CompactString }
        "application {application} is already reversed",
        "application_reversed", Some("I-52"), "nothing needs to be recorded";
    /// A reversal of only a part.
    ReversalPartial { application: CompactString }
        "application {application} can be reversed only as a whole",
        "reversal_partial", Some("I-52"), "leave the lines out, then apply anew what should stay";
    /// An item whose dispute already is as said.
    DisputeUnchanged { item: CompactString, disputed: bool }
        "the dispute of item {item} already is {disputed}",
        "dispute_unchanged", Some("X14"), "nothing needs to be recorded";

    /// A due day that is not what the caller believes it is.
    DueStale { item: CompactString, due_on: Date, said: Date }
        "item {item} is due {due_on}, not {said} as the request takes it to be",
        "due_stale", Some("I-42"), "read the item again and retry";
    /// A due day that stays.
    DueUnchanged { item: CompactString, due_on: Date }
        "item {item} is already due {due_on}",
        "due_unchanged", Some("E42"), "nothing needs to be recorded";
    /// An item of which nothing is open.
    ItemSettled { item: CompactString, on: Date }
        "nothing of item {item} is open on {on}",
        "item_settled", Some("R05"), "check the item and the day";
    /// An invoice that was reversed.
    InvoiceAlreadyVoided { invoice: CompactString, red_letter: CompactString }
        "invoice {invoice} is already voided by red-letter invoice {red_letter}",
        "invoice_voided", Some("E44"), "nothing needs to be recorded";
    /// A counter-document reversed in its turn.
    InvoiceIsRedLetter { invoice: CompactString }
        "{invoice} is itself a red-letter invoice",
        "invoice_is_red_letter", Some("E44"), "issue the invoice anew under its own number";
    /// An invoice reversed in part.
    InvoiceVoidedInPart { invoice: CompactString, total: Money, asked: Money }
        "invoice {invoice} amounts to {total}; a red-letter invoice over {asked} does not reverse it",
        "invoice_voided_in_part", Some("E44"), "reverse the whole, then invoice what should stay";
    /// Something given up beyond the tolerance that nobody approved.
    ApprovalMissing { what: &'static str, amount: Money, tolerance: Money }
        "{what} of {amount} needs an approval; up to {tolerance} needs none",
        "approval_missing", Some("R14"), "name who approved it";
    /// A kind of credit nothing can be taken from.
    CreditHoldsNothing { kind: &'static str, credit: CompactString }
        "{credit} of kind {kind} holds no amount of its own",
        "credit_holds_nothing", Some("E48"), "use a receipt or a credit note, or leave the credit out";
    /// A write-off applied a second time, or in part.
    WriteOffApplied { write_off: CompactString }
        "write-off {write_off} is applied once, in whole, when it is recorded",
        "write_off_applied", Some("E50"), "record another write-off";
    /// A receipt of which something was paid back.
    ReceiptRefunded { receipt: CompactString, refunded: Money }
        "{refunded} of receipt {receipt} was paid back",
        "receipt_refunded", Some("E51"), "void the refund first, if it did not happen";
    /// A reminder of something disputed.
    ItemDisputed { item: CompactString }
        "item {item} is disputed",
        "item_disputed", Some("R30"), "leave it out until the dispute is over";
    /// A reminder of something not overdue, or not for long enough.
    NotOverdue { item: CompactString, due_on: Date, overdue: u32, grace: u32 }
        "item {item} is due {due_on}, overdue {overdue} days; {grace} days of grace are given",
        "not_overdue", Some("R30"), "wait until the days of grace are over";
    /// A reminder too soon after the last.
    NoticeTooSoon { item: CompactString, last: Date, earliest: Date }
        "item {item} was reminded of on {last}; the next notice is for {earliest} or later",
        "notice_too_soon", Some("R30"), "wait, or leave the item out";
    /// A level that is not reached.
    LevelBeyond { item: CompactString, level: u8, last: u8, overdue: u32, most: u8 }
        "item {item} stands at level {last} and is overdue {overdue} days; it may reach level {most}, \
         not {level}",
        "level_beyond", Some("E52"), "leave the level out to get the one it may reach";
    /// A level that is not the highest of the items.
    NoticeLevel { asked: u8, highest: u8 }
        "the notice is said to be of level {asked}; the highest of its items is {highest}",
        "notice_level", Some("E52"), "leave the level out";
    /// Figures that are not those of the ledger.
    NoticeFigures { item: CompactString, open: Money, overdue: u32 }
        "{open} of item {item} is open and overdue {overdue} days; the notice says otherwise",
        "notice_figures", Some("E52"), "leave the figures out to get those of the ledger";
    /// Nothing to remind of.
    NothingOverdue { on: Date }
        "nothing may be reminded of on {on}",
        "nothing_overdue", Some("R30"), "check the day, the currency and the legal entity";
    /// A reminder to somebody who has more to their credit than they owe.
    NetCredit { open: Money, unapplied: Money }
        "{open} is open but {unapplied} is unapplied: on balance nothing is owed",
        "net_credit", Some("R30"), "apply the credit first";
    /// A reminder over too little.
    BelowMinimum { total: Money, minimum: Money }
        "the items come to {total}; a notice is sent for {minimum} or more",
        "below_minimum", Some("R30"), "wait until more is overdue";
    /// A contract that has ended.
    ContractAlreadyClosed { contract: CompactString, on: Date }
        "contract {contract} ended on {on}",
        "contract_closed", Some("E37"), "void the end if it was recorded by mistake";
    /// An amendment out of turn.
    AmendmentOutOfTurn { contract: CompactString, expected: u32, actual: u32 }
        "the next amendment of contract {contract} is {expected}, not {actual}",
        "amendment_out_of_turn", Some("E36"), "leave the number out to get the next one";
    /// Less contracted than was shipped.
    LineBelowShipped { contract: CompactString, line: u32, contracted: i64, shipped: i64 }
        "line {line} of contract {contract} would have {contracted} thousandths; {shipped} were shipped",
        "line_below_shipped", Some("E36"), "take off at most what was not shipped";
    /// An instalment smaller than what was applied to its debt.
    InstalmentShrunk {
        contract: CompactString, instalment: u32, applied: Money, asked: Money, on: Date
    }
        "{applied} is applied to instalment {instalment} of contract {contract} on {on}; it cannot \
         become {asked}",
        "instalment_shrunk", Some("E36"), "leave at least what is applied, or reverse the application";
    /// The plan of an instalment whose debt is open.
    InstalmentFixed { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} is open; only its amount can change",
        "instalment_fixed", Some("E36"), "reschedule the receivable to change its due day";
    /// A contract of which something is owed.
    ContractOwes { contract: CompactString, item: CompactString, open: Money }
        "{open} of item {item} of contract {contract} is open",
        "contract_owes", Some("E37"), "let it be paid, credited or written off first";
    /// A contract with an instalment still to come.
    InstalmentAhead { contract: CompactString, instalment: u32 }
        "the debt of instalment {instalment} of contract {contract} was never opened",
        "instalment_ahead", Some("E37"), "open it, amend the contract, or end it as terminated";

    /// A complaint that is closed.
    ComplaintClosed { complaint: CompactString }
        "complaint {complaint} is closed",
        "complaint_closed", Some("E58"), "reopen it first";
    /// A complaint that is open.
    ComplaintOpen { complaint: CompactString }
        "complaint {complaint} is open",
        "complaint_open", Some("E59"), "only a closed complaint can be reopened";
    /// A second first response.
    AlreadyAcknowledged { complaint: CompactString }
        "complaint {complaint} already had its first response",
        "already_acknowledged", Some("E54"), "record an answer instead";
    /// An answer before the first response.
    NotAcknowledged { complaint: CompactString }
        "complaint {complaint} has had no first response",
        "not_acknowledged", Some("E57"), "acknowledge it first";
    /// A clock that already is as said.
    ClockUnchanged { complaint: CompactString, state: &'static str }
        "the clock of complaint {complaint} already is {state}",
        "clock_unchanged", Some("E56"), "pause and resume alternate";
    /// A severe complaint closed by the one who alone handled it.
    SoleHandlerCloses { complaint: CompactString }
        "complaint {complaint} is severe and was handled only by the one who closes it",
        "sole_handler_closes", Some("E58"), "let somebody else close it";
    /// A time limit for a severity is not in the policy.
    ServiceTargetMissing { severity: &'static str, version: u32 }
        "service levels version {version} have no limits for severity {severity}",
        "service_target_missing", Some("E53"), "publish a version that has them, or give the due times";

    /// An invitation that was answered.
    InvitationAnswered { invitation: CompactString }
        "survey invitation {invitation} is already answered",
        "invitation_answered", Some("E60"), "one answer an invitation counts";
    /// An indicator that is not in the tree.
    IndicatorUnknown { indicator: Label, version: u32 }
        "{indicator} is not an indicator of version {version}",
        "indicator_unknown", Some("E60"), "use the indicators of that version";
    /// A mark beyond the scale.
    MarkBeyondScale { indicator: Label, mark: u8, min: u8, max: u8 }
        "the mark {mark} for {indicator} is not between {min} and {max}",
        "mark_beyond_scale", Some("E60"), "use the scale of that version";

    /// A book that is open.
    BookAlreadyOpen { }
        "the book is already opened",
        "book_already_open", Some("X21"), "use another directory for another book";
    /// A zone nobody knows.
    ZoneUnknown { zone: Label }
        "{zone} is not a time zone of the IANA database",
        "zone_unknown", Some("X21"), "use a name such as Asia/Shanghai";
    /// A month that is none.
    MonthUnknown { month: u8 }
        "month {month} is not between 1 and 12",
        "month_unknown", Some("X21"), "give the month in which the fiscal year starts";
    /// A layout that cannot be used.
    LayoutUnfit { kind: CompactString }
        "the layout of {kind} is not that of a kind this release writes",
        "layout_unfit", Some("X29"), "publish the layouts of this release";
    /// A policy version out of turn.
    PolicyOutOfTurn { policy: CompactString, expected: u32, actual: u32 }
        "the next version of policy {policy} is {expected}, not {actual}",
        "policy_out_of_turn", Some("X10"), "read the policies again and use the next version";
    /// A policy with none or several contents.
    PolicyContents { policy: CompactString, count: usize }
        "policy {policy} has {count} contents; exactly one is needed",
        "policy_contents", Some("X10"), "publish each content under its own name";
    /// A policy whose content changes its kind.
    PolicyKindDiffers { policy: CompactString }
        "policy {policy} holds another kind of content in its earlier versions",
        "policy_kind_differs", Some("X10"), "publish each kind of content under its own name";
    /// A policy whose content makes no sense.
    PolicyUnfit { policy: CompactString, why: &'static str }
        "policy {policy} cannot be used: {why}",
        "policy_unfit", Some("X10"), "correct the content";
    /// An import whose rows do not add up.
    ImportFigures { rows: u64, sum: u64 }
        "the import read {rows} rows, but {sum} are accounted for",
        "import_figures", Some("X06"), "every row is taken, known, refused or skipped";
    /// An import whose amounts do not add up.
    ImportAmounts { file: Line, currency: Currency }
        "the amounts in {currency} that {file} holds are not those of its rows taken, known, refused and skipped",
        "import_amounts", Some("X06"), "every amount is of a row taken, known, refused or skipped";

    /// A file that was not uploaded for whom it is to be attached to.
    AttachmentUnknown { attachment: AttachmentId }
        "attachment {attachment} has not been uploaded for this customer",
        "attachment_unknown", Some("X30"), "upload the file first, then attach what the upload answers";
    /// A file to be attached to nothing.
    AttachedToNothing { }
        "the request attaches a file to the event before it in its unit, but there is none",
        "attached_to_nothing", Some("X30"), "name the event, or record it in the same unit before the file";
    /// More content than an attachment may have.
    AttachmentTooLarge { max: u64 }
        "the content is larger than the {max} bytes an attachment may have",
        "attachment_too_large", Some("X30"), "compress or split the file";
    /// A type of content that is not taken.
    AttachmentTypeRefused { media_type: CompactString }
        "content of the type {media_type} is not taken",
        "attachment_type_refused", Some("X30"), "put the file into an archive such as application/zip";
    /// Content that is something else than it is said to be.
    AttachmentTypeDiffers { declared: CompactString, found: &'static str }
        "the content is said to be {declared} but is {found}",
        "attachment_type_differs", Some("X30"), "declare the type it is, or application/octet-stream";
    /// Content that a machine would run.
    AttachmentExecutable { found: &'static str }
        "the content is a program ({found}); programs are not taken",
        "attachment_executable", Some("X30"), "attach what the program made, not the program";

    /// A void decided without the stream's history.
    VoidNeedsHistory { }
        "a void is decided on the history of its stream",
        "void_needs_history", Some("X22"), "send the void as a request of its own";
    /// An event that is not in the stream.
    EventUnknown { event: EventId }
        "event {event} is not in this stream",
        "event_unknown", Some("X22"), "check the event's id and the customer";
    /// An event that counts no longer.
    EventAlreadyVoided { event: EventId, position: Position }
        "event {event} at position {position} is already void",
        "event_voided", Some("X22"), "nothing needs to be recorded";
    /// A kind of event that cannot be voided.
    NotVoidable { kind: Kind, position: Position, instead: &'static str }
        "{kind} at position {position} cannot be voided; {instead}",
        "not_voidable", Some("X22"), "use the event's own counterpart";
    /// An event that others stand on.
    StoodOn { kind: Kind, position: Position, by: Dependents }
        "{kind} at position {position} cannot be voided; it is needed by {by}",
        "stood_on", Some("X22"), "void those first, the last one first";
}

/// Events that stand on another: the first few and how many there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependents {
    /// The first few, in order of position.
    pub first: Vec<(Kind, Position)>,
    /// How many in all.
    pub count: usize,
}

impl Dependents {
    /// How many are named.
    pub const NAMED_MAX: usize = 3;

    /// Adds one event.
    pub fn push(&mut self, kind: Kind, position: Position) {
        if self.first.len() < Self::NAMED_MAX {
            self.first.push((kind, position));
        }
        self.count += 1;
    }
}

impl fmt::Display for Dependents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, position)) in self.first.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{kind} at position {position}")?;
        }
        match self.count.saturating_sub(self.first.len()) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_snake_case() {
        let codes: BTreeSet<_> = Rejection::CODES.iter().map(|(code, ..)| *code).collect();
        assert_eq!(codes.len(), Rejection::CODES.len());
        for (code, rule, hint) in Rejection::CODES {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{code}");
            assert!(rule.is_none_or(|rule| rule.starts_with(['I', 'E', 'X', 'R'])), "{code}");
            assert!(!hint.is_empty() && !hint.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn messages_say_what_and_which() {
        let cny = "CNY".parse().expect("a currency");
        let rejection = Rejection::ItemOverdrawn {
            item: "INV-7".into(),
            open: Money::new(40_000, cny),
            what: "application",
            asked: Money::new(60_000, cny),
            on: "2024-02-20".parse().expect("a date"),
        };
        assert_eq!(
            rejection.to_string(),
            "open amount of item INV-7 is 400.00 CNY on 2024-02-20, the application asks 600.00 CNY"
        );
        assert_eq!((rejection.code(), rejection.rule()), ("item_overdrawn", Some("I-47")));
        let mut by = Dependents::default();
        for position in 5..9 {
            by.push(Kind::ReceivableOpened, Position(position));
        }
        assert_eq!(
            Rejection::StoodOn { kind: Kind::ContractSigned, position: Position(4), by }
                .to_string(),
            "contract.signed at position 4 cannot be voided; it is needed by receivable.opened at \
             position 5, receivable.opened at position 6, receivable.opened at position 7 and 1 more"
        );
    }
}
