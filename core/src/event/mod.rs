//! The event catalogue: every kind of event the ledger knows, listed once, below.
//!
//! To add a kind: declare its struct in the file of its family, add its line to the catalogue, its
//! rules in `decide/` and its example in `examples.rs`. Numbers, names and field orders are never
//! reused or changed once released; a new schema version comes with an upcaster.

pub mod accounting;
pub mod assignment;
pub mod attachment;
pub mod book;
pub mod commitment;
pub mod complaint;
pub mod confirmation;
pub mod contract;
pub mod credit;
pub mod customer;
pub mod dunning;
pub mod envelope;
pub mod examples;
pub mod index;
pub mod interaction;
pub mod mail;
pub mod merge;
pub mod opportunity;
pub mod organisation;
pub mod quote;
pub mod receivable;
pub mod section;
pub mod share;
pub mod shipment;
pub mod survey;
pub mod task;
pub mod terms;
pub mod transfer;

pub use envelope::{
    Actor, Assurance, BookStream, Channel, Envelope, Event, Header, RequestMark, Source, StreamId,
};
pub use section::{AnySection, Class, Personal, Sealed, Section, Subject};

use crate::codec::layout::{Describe, Layout};
use crate::codec::{self, CodecError};
use crate::id::Label;

/// What a body's sections are shown to, one after the other, in stored order.
pub type SectionVisitor<'a, E> = dyn FnMut(Subject, &mut dyn AnySection) -> Result<(), E> + 'a;

/// A number that may be taken only once in the whole ledger.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UniqueKey {
    /// A contract's number (rule in E35).
    Contract(crate::id::ContractNumber),
    /// An invoice's number (E43).
    Invoice(crate::id::InvoiceNumber),
    /// One line of one bank statement (rule I-45).
    BankLine(receivable::BankRef),
}

/// What every event body declares besides its fields. All have a default: a body without personal
/// sections or unique numbers declares nothing.
pub trait EventBody {
    /// Shows every personal section with its subject, in stored order.
    ///
    /// # Errors
    /// Whatever the visitor returns.
    fn sections<E>(&mut self, _visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        Ok(())
    }

    /// Returns the numbers this event takes.
    fn claims(&self) -> Option<UniqueKey> {
        None
    }

    /// Returns the series the number is in and its place there, for numbers without a gap.
    fn series(&self) -> Option<(&Label, u64)> {
        None
    }
}

macro_rules! catalogue {
    ($( $tag:literal $name:ident $path:path, $text:literal v $schema:literal $code:literal $label:literal; )*) => {
        /// A kind of event.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Kind {
            $( #[doc = concat!($code, " `", $text, "` ", $label, ".")] $name = $tag ),*
        }

        /// What happened: the content of one event.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[allow(clippy::large_enum_variant)]
        pub enum Body {
            $( #[doc = concat!($code, " `", $text, "` ", $label, ".")] $name($path) ),*
        }

        impl Kind {
            /// Every kind, in stored order.
            pub const ALL: &'static [Kind] = &[ $( Kind::$name ),* ];

            /// Returns the kind with this stored number.
            pub const fn from_tag(tag: u16) -> Option<Kind> {
                match tag { $( $tag => Some(Kind::$name), )* _ => None }
            }

            /// Returns the stored number.
            pub const fn tag(self) -> u16 {
                self as u16
            }

            /// Returns the stored name.
            pub const fn name(self) -> &'static str {
                match self { $( Kind::$name => $text ),* }
            }

            /// Returns the current schema version.
            pub const fn schema(self) -> u16 {
                match self { $( Kind::$name => $schema ),* }
            }

            /// Returns the kind's number in the requirements.
            pub const fn code(self) -> &'static str {
                match self { $( Kind::$name => $code ),* }
            }

            /// Returns the Chinese label.
            pub const fn label_zh(self) -> &'static str {
                match self { $( Kind::$name => $label ),* }
            }

            /// Returns the layout of the body's stored bytes.
            pub fn layout(self) -> Layout {
                match self { $( Kind::$name => <$path as Describe>::layout() ),* }
            }

            /// Returns the JSON Schema of the body's JSON form.
            pub fn json_schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $( Kind::$name => generator.subschema_for::<$path>() ),* }
            }
        }

        impl Body {
            /// Returns the kind.
            pub const fn kind(&self) -> Kind {
                match self { $( Body::$name(_) => Kind::$name ),* }
            }

            /// Appends the body's canonical bytes to `out`.
            ///
            /// # Errors
            /// [`CodecError::Encode`] when a personal section is open or an id empty.
            pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
                match self { $( Body::$name(body) => codec::encode_into(body, out) ),* }
            }

            /// Reads a body of this kind that fills `bytes`.
            ///
            /// # Errors
            /// [`CodecError`] when the bytes are not such a body or something is left over.
            pub fn decode(kind: Kind, bytes: &[u8]) -> Result<Body, CodecError> {
                match kind { $( Kind::$name => codec::decode($text, bytes).map(Body::$name) ),* }
            }

            /// Reads a body of this kind from its JSON form.
            ///
            /// # Errors
            /// What the JSON reader says, naming the field.
            pub fn from_json(kind: Kind, value: serde_json::Value) -> Result<Body, serde_json::Error> {
                match kind { $( Kind::$name => serde_json::from_value(value).map(Body::$name) ),* }
            }

            /// Returns the JSON form of the fields.
            ///
            /// # Errors
            /// Never for the kinds of this catalogue.
            pub fn to_json(&self) -> Result<serde_json::Value, serde_json::Error> {
                match self { $( Body::$name(body) => serde_json::to_value(body) ),* }
            }

            /// Shows every personal section with its subject, in stored order.
            ///
            /// # Errors
            /// Whatever the visitor returns.
            pub fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
                match self { $( Body::$name(body) => EventBody::sections(body, visit) ),* }
            }

            /// Returns the number this event takes, if any.
            pub fn claims(&self) -> Option<UniqueKey> {
                match self { $( Body::$name(body) => EventBody::claims(body) ),* }
            }

            /// Returns the series the number is in and its place there, if any.
            pub fn series(&self) -> Option<(&Label, u64)> {
                match self { $( Body::$name(body) => EventBody::series(body) ),* }
            }
        }

        $( impl From<$path> for Body {
            fn from(body: $path) -> Body { Body::$name(body) }
        } )*

        /// Calls a macro with the names of all kinds, so that other folders can dispatch on them
        /// without a second list.
        macro_rules! each_kind {
            ($callback:ident) => { $callback! { $( $name ),* } };
        }
        pub(crate) use each_kind;
    };
}

catalogue! {
    1  BookOpened book::BookOpened, "book.opened" v 1 "X21" "开账";
    2  EventLayoutPublished book::EventLayoutPublished, "event_layout.published" v 1 "X29" "事件格式发布";
    3  PolicyVersionPublished book::PolicyVersionPublished, "policy_version.published" v 1 "X10" "规则版本发布";
    4  EventVoided book::EventVoided, "event.voided" v 1 "X22" "作废";
    5  ImportApplied book::ImportApplied, "import.applied" v 1 "X06" "导入";
    6  AttachmentAdded attachment::AttachmentAdded, "attachment.added" v 1 "X30" "附件已添加";
    7  DataExported transfer::DataExported, "data.exported" v 1 "X05" "数据已导出";
    8  ImportReverted transfer::ImportReverted, "import.reverted" v 1 "X07" "导入已撤销";
    10 CustomerRegistered customer::CustomerRegistered, "customer.registered" v 1 "E07" "客户已建档";
    11 CustomerDetailsChanged customer::CustomerDetailsChanged, "customer_details.changed" v 1 "E08" "资料已变更";
    12 ContactAdded customer::ContactAdded, "contact.added" v 1 "E14" "联系人已添加";
    20 InteractionRecorded interaction::InteractionRecorded, "interaction.recorded" v 1 "E16" "往来已记录";
    21 InteractionVoided interaction::InteractionVoided, "interaction.voided" v 1 "E17" "往来已作废";
    22 TaskPlanned task::TaskPlanned, "task.planned" v 1 "E19" "待办已安排";
    23 TaskRescheduled task::TaskRescheduled, "task.rescheduled" v 1 "E20" "待办已改期";
    24 TaskClosed task::TaskClosed, "task.closed" v 1 "E21" "待办已结束";
    30 OpportunityOpened opportunity::OpportunityOpened, "opportunity.opened" v 1 "E26" "机会已建立";
    31 OpportunityStageChanged opportunity::OpportunityStageChanged, "opportunity_stage.changed" v 1 "E27" "阶段已变更";
    32 OpportunityForecastRevised opportunity::OpportunityForecastRevised, "opportunity_forecast.revised" v 1 "E28" "预测已修订";
    33 OpportunityWon opportunity::OpportunityWon, "opportunity.won" v 1 "E30" "已赢单";
    34 OpportunityLost opportunity::OpportunityLost, "opportunity.lost" v 1 "E31" "已丢单";
    35 OpportunityReopened opportunity::OpportunityReopened, "opportunity.reopened" v 1 "E32" "已重启";
    40 QuoteIssued quote::QuoteIssued, "quote.issued" v 1 "E33" "报价已发出";
    41 QuoteOutcomeRecorded quote::QuoteOutcomeRecorded, "quote_outcome.recorded" v 1 "E34" "报价结果";
    50 ContractSigned contract::ContractSigned, "contract.signed" v 1 "E35" "合同已签署";
    51 ContractAmended contract::ContractAmended, "contract.amended" v 1 "E36" "合同已变更";
    52 ContractClosed contract::ContractClosed, "contract.closed" v 1 "E37" "合同已结束";
    60 ShipmentDispatched shipment::ShipmentDispatched, "shipment.dispatched" v 1 "E38" "已发货";
    61 ShipmentSigned shipment::ShipmentSigned, "shipment.signed" v 1 "E39" "已签收";
    62 GoodsReturned shipment::GoodsReturned, "goods.returned" v 1 "E40" "已退货";
    70 ReceivableOpened receivable::ReceivableOpened, "receivable.opened" v 1 "E41" "应收已生成";
    71 InvoiceIssued receivable::InvoiceIssued, "invoice.issued" v 1 "E43" "已开票";
    72 PaymentReceived receivable::PaymentReceived, "payment.received" v 1 "E46" "已回款";
    73 PaymentReversed receivable::PaymentReversed, "payment.reversed" v 1 "E47" "回款已冲销";
    74 CreditApplied receivable::CreditApplied, "credit.applied" v 1 "E48" "已核销";
    75 ApplicationReversed receivable::ApplicationReversed, "application.reversed" v 1 "E49" "核销已撤销";
    76 ReceivableDisputeChanged receivable::ReceivableDisputeChanged, "receivable_dispute.changed" v 1 "X14" "争议";
    77 ReceivableRescheduled receivable::ReceivableRescheduled, "receivable.rescheduled" v 1 "E42" "应收已改期";
    78 InvoiceVoided receivable::InvoiceVoided, "invoice.voided" v 1 "E44" "发票已红冲";
    79 CreditNoteIssued credit::CreditNoteIssued, "credit_note.issued" v 1 "E45" "贷项已开";
    80 ComplaintReceived complaint::ComplaintReceived, "complaint.received" v 1 "E53" "已受理";
    81 ComplaintAcknowledged complaint::ComplaintAcknowledged, "complaint.acknowledged" v 1 "E54" "已首次响应";
    82 ComplaintAssessed complaint::ComplaintAssessed, "complaint.assessed" v 1 "E55" "已判定";
    83 ComplaintClockChanged complaint::ComplaintClockChanged, "complaint_clock.changed" v 1 "E56" "计时暂停/恢复";
    84 ComplaintAnswered complaint::ComplaintAnswered, "complaint.answered" v 1 "E57" "已答复";
    85 ComplaintClosed complaint::ComplaintClosed, "complaint.closed" v 1 "E58" "已关闭";
    86 ComplaintReopened complaint::ComplaintReopened, "complaint.reopened" v 1 "E59" "已重开";
    90 SurveyAnswered survey::SurveyAnswered, "survey.answered" v 1 "E60" "调查已回答";
    100 MailHeld mail::MailHeld, "mail.held" v 1 "X31" "邮件待认领";
    101 MailAssigned mail::MailAssigned, "mail.assigned" v 1 "X32" "邮件已认领";
    120 ReceivableWrittenOff credit::ReceivableWrittenOff, "receivable.written_off" v 1 "E50" "已核销坏账";
    121 RefundPaid credit::RefundPaid, "refund.paid" v 1 "E51" "已退款";
    122 DunningNoticeSent dunning::DunningNoticeSent, "dunning_notice.sent" v 1 "E52" "催款已发";
    110 CustomerTermsSet terms::CustomerTermsSet, "customer_terms.set" v 1 "E10" "条款已设定";
    111 CreditLimitSet terms::CreditLimitSet, "credit_limit.set" v 1 "E11" "信用额度已设定";
    112 CustomerInvestmentRecorded terms::CustomerInvestmentRecorded, "customer_investment.recorded" v 1 "E18" "投入已记录";
    113 CommitmentMade commitment::CommitmentMade, "commitment.made" v 1 "E22" "承诺已作出";
    114 CommitmentSettled commitment::CommitmentSettled, "commitment.settled" v 1 "E23" "承诺已了结";
    123 ReceiptIdentified receivable::ReceiptIdentified, "receipt.identified" v 1 "X23" "回款已认领";
    124 BalanceConfirmed confirmation::BalanceConfirmed, "balance.confirmed" v 1 "X13" "对账确认";
    130 ExchangeRateRecorded accounting::ExchangeRateRecorded, "exchange_rate.recorded" v 1 "X15" "汇率";
    131 PeriodLocked accounting::PeriodLocked, "period.locked" v 1 "X11" "期间锁定";
    150 RecordAssigned assignment::RecordAssigned, "record.assigned" v 1 "E01" "已分配";
    154 CustomersMerged merge::CustomersMerged, "customers.merged" v 1 "E12" "客户已合并";
    155 MergeReversed merge::MergeReversed, "merge.reversed" v 1 "E13" "合并已撤销";
    153 RecordShareChanged share::RecordShareChanged, "record_share.changed" v 1 "E02" "共享已变更";
    151 OrgUnitChanged organisation::OrgUnitChanged, "org_unit.changed" v 1 "X03" "组织变更";
    152 UserStatusChanged organisation::UserStatusChanged, "user_status.changed" v 1 "X04" "在职状态变更";
}

impl Kind {
    /// Returns the kind with this stored name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}
