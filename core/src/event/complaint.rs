//! Complaints, enquiries, service requests and suggestions: E53 to E59.

use super::interaction::{Correspondence, InteractionChannel};
use super::{EventBody, Section, SectionVisitor, Subject};
use crate::id::{ActorId, CommitmentId, ComplaintId, ContactId, ContractNumber, Label};
use crate::money::Money;
use crate::time::Timestamp;

crate::choice! {
    /// What came in.
    pub enum ComplaintKind {
        /// A complaint.
        Complaint = "complaint" "投诉",
        /// A question.
        Enquiry = "enquiry" "咨询",
        /// A request for service.
        Service = "service" "服务",
        /// A suggestion.
        Suggestion = "suggestion" "建议",
    }
}

crate::choice! {
    /// What it is about.
    pub enum ComplaintSubject {
        /// The quality of goods.
        Quality = "quality" "质量",
        /// Transport.
        Transport = "transport" "运输",
        /// Attitude.
        Attitude = "attitude" "态度",
        /// Service.
        Service = "service" "服务",
        /// Billing.
        Billing = "billing" "账务",
        /// Something else.
        Other = "other" "其他",
    }
}

crate::choice! {
    /// How bad it is.
    pub enum Severity {
        /// A nuisance.
        Low = "low" "轻微",
        /// Ordinary.
        Normal = "normal" "一般",
        /// Severe: the closer may not be the sole handler.
        Severe = "severe" "严重",
    }
}

crate::record! {
    /// E53: something came in that must be answered. Its time limits are frozen here.
    pub struct ComplaintReceived {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub complaint: ComplaintId,
        /// What.
        pub kind: ComplaintKind,
        /// The way it came.
        pub channel: InteractionChannel,
        /// What it is about.
        pub subject: ComplaintSubject,
        /// How bad.
        pub severity: Severity,
        /// When it came.
        pub received_at: Timestamp,
        /// Who said it.
        pub contact: Option<ContactId>,
        /// The contract it is about.
        pub contract: Option<ContractNumber>,
        /// What the customer wants, as a short word.
        pub wants: Option<Label>,
        /// The service-level policy version used; 0 in a request means the newest.
        #[serde(default)]
        pub service_levels_version: u32,
        /// First response due; left out in a request, worked out from the policy.
        pub first_response_due_at: Option<Timestamp>,
        /// Answer due; left out in a request, worked out from the policy.
        pub resolution_due_at: Option<Timestamp>,
        /// What was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correspondence: Option<Section<Correspondence>>,
    }
}

crate::record! {
    /// E54: we answered for the first time. Only a human answer stops the clock.
    pub struct ComplaintAcknowledged {
        /// Which.
        pub complaint: ComplaintId,
        /// Who.
        pub by: ActorId,
        /// When.
        pub at: Timestamp,
        /// How.
        pub channel: InteractionChannel,
        /// Whether a person answered.
        pub human: bool,
    }
}

crate::record! {
    /// E55: what it is worth was judged.
    pub struct ComplaintAssessed {
        /// Which.
        pub complaint: ComplaintId,
        /// How bad.
        pub severity: Severity,
        /// Probability that it recurs, in percent.
        pub probability_percent: Option<u8>,
        /// Maturity of the problem, as a short word.
        pub maturity: Option<Label>,
        /// Class of expectation, as a short word.
        pub expectation: Option<Label>,
        /// Who answers for it.
        pub responsible: Option<ActorId>,
        /// The team that handles it.
        #[serde(default)]
        pub team: Vec<ActorId>,
    }
}

crate::choice! {
    /// What happens to the clock.
    pub enum ClockChange {
        /// It stands.
        Pause = "pause" "暂停",
        /// It runs again.
        Resume = "resume" "恢复",
    }
}

crate::record! {
    /// E56: the clock was paused or resumed; the two alternate.
    pub struct ComplaintClockChanged {
        /// Which.
        pub complaint: ComplaintId,
        /// What.
        pub change: ClockChange,
        /// When.
        pub at: Timestamp,
        /// Waiting for whom, as a short word.
        pub waiting_for: Option<Label>,
    }
}

crate::choice! {
    /// Where the cause lay.
    pub enum RootCause {
        /// A defect.
        Defect = "defect" "缺陷",
        /// Something to explain.
        Explanation = "explanation" "需解释",
        /// None found.
        None = "none" "无",
    }
}

crate::record! {
    /// E57: it was answered.
    pub struct ComplaintAnswered {
        /// Which.
        pub complaint: ComplaintId,
        /// Who.
        pub by: ActorId,
        /// When.
        pub at: Timestamp,
        /// The cause.
        pub root_cause: RootCause,
        /// What was given.
        pub compensation: Option<Money>,
        /// What was promised with the answer.
        pub commitment: Option<CommitmentId>,
        /// What was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correspondence: Option<Section<Correspondence>>,
    }
}

crate::choice! {
    /// Whether the customer agrees.
    pub enum Agreement {
        /// Yes.
        Yes = "yes" "同意",
        /// No.
        No = "no" "不同意",
        /// No answer after the days the policy gives.
        NoAnswer = "no_answer" "无回应",
    }
}

crate::record! {
    /// E58: it is closed.
    pub struct ComplaintClosed {
        /// Which.
        pub complaint: ComplaintId,
        /// Whether the customer agrees.
        pub agreement: Agreement,
        /// Who closed it.
        pub closed_by: ActorId,
        /// When.
        pub at: Timestamp,
    }
}

crate::record! {
    /// E59: it is open again; old times are kept.
    pub struct ComplaintReopened {
        /// Which.
        pub complaint: ComplaintId,
        /// When.
        pub at: Timestamp,
    }
}

impl EventBody for ComplaintReceived {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.correspondence {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}

impl EventBody for ComplaintAnswered {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.correspondence {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}

impl EventBody for ComplaintAcknowledged {}
impl EventBody for ComplaintAssessed {}
impl EventBody for ComplaintClockChanged {}
impl EventBody for ComplaintClosed {}
impl EventBody for ComplaintReopened {}
