//! Interactions with customers: E16, E17.

use super::mail::MailPart;
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{
    ActorId, ComplaintId, ContactId, ContractNumber, InteractionId, Line, Note, OpportunityId,
};
use crate::money::Money;
use crate::time::Timestamp;

crate::choice! {
    /// The way of an interaction.
    pub enum InteractionChannel {
        /// By phone.
        Phone = "phone" "电话",
        /// We visited.
        VisitOut = "visit_out" "拜访",
        /// They visited.
        VisitIn = "visit_in" "来访",
        /// An interview.
        Interview = "interview" "访谈",
        /// By e-mail.
        Email = "email" "电子邮件",
        /// By text message.
        Sms = "sms" "短信",
        /// By instant message.
        InstantMessage = "im" "即时消息",
        /// By fax.
        Fax = "fax" "传真",
        /// On the web.
        Web = "web" "网页",
        /// In a forum.
        Forum = "forum" "论坛",
        /// At an event.
        Event = "event" "活动",
        /// A note among ourselves.
        InternalNote = "internal_note" "内部备注",
    }
}

crate::choice! {
    /// Who began.
    pub enum Direction {
        /// They came to us.
        In = "in" "呼入",
        /// We went to them.
        Out = "out" "呼出",
    }
}

crate::choice! {
    /// How it went.
    pub enum Verdict {
        /// Well.
        Positive = "positive" "肯定",
        /// No reply.
        Silent = "silent" "沉默",
        /// Badly.
        Negative = "negative" "否定",
    }
}

crate::choice! {
    /// What the interaction was for.
    pub enum InteractionKind {
        /// Ordinary contact.
        Contact = "contact" "联系",
        /// A manager's instruction.
        Instruction = "instruction" "领导指示",
        /// News of a competitor.
        Competitor = "competitor" "竞争对手",
        /// A return visit.
        ReturnVisit = "return_visit" "回访",
        /// Winning back.
        WinBack = "winback" "挽回",
    }
}

crate::record! {
    /// Records of the same customer that something is about.
    pub struct About {
        /// An opportunity.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub opportunity: Option<OpportunityId>,
        /// A contract.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub contract: Option<ContractNumber>,
        /// A complaint or service request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub complaint: Option<ComplaintId>,
    }
}

crate::record! {
    /// Sealed: what was said or written.
    pub struct Correspondence {
        /// In words.
        pub summary: Option<Note>,
        /// Where.
        pub place: Option<Line>,
        /// What comes next.
        pub next_step: Option<Line>,
    }
}

impl Personal for Correspondence {
    const CLASS: Class = Class::Correspondence;
}

crate::record! {
    /// E16: an interaction took place.
    pub struct InteractionRecorded {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub interaction: InteractionId,
        /// The way.
        pub channel: InteractionChannel,
        /// Who began.
        pub direction: Direction,
        /// When it began; left out, when the fact was so.
        #[serde(default = "Timestamp::unsaid", skip_serializing_if = "Timestamp::is_unsaid")]
        pub started_at: Timestamp,
        /// When it ended.
        pub ended_at: Option<Timestamp>,
        /// The customer's people.
        #[serde(default)]
        pub contacts: Vec<ContactId>,
        /// Whether the customer's person is not known.
        #[serde(default)]
        pub unknown_caller: bool,
        /// Our people.
        #[serde(default)]
        pub staff: Vec<ActorId>,
        /// What it was about; left out, the customer as such.
        pub about: Option<About>,
        /// How it went.
        pub verdict: Option<Verdict>,
        /// What it was for.
        pub kind: Option<InteractionKind>,
        /// What it cost.
        pub cost: Option<Money>,
        /// What was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correspondence: Option<Section<Correspondence>>,
        /// The message, when it is an e-mail that was taken in.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub mail: Option<MailPart>,
    }
}

crate::record! {
    /// E17: an interaction counts no longer; the register prints both.
    pub struct InteractionVoided {
        /// Which.
        pub interaction: InteractionId,
        /// The one that stands in its place.
        pub replaced_by: Option<InteractionId>,
    }
}

impl EventBody for InteractionRecorded {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        if let Some(section) = &mut self.correspondence {
            visit(Subject::Customer, section)?;
        }
        match &mut self.mail {
            Some(mail) => visit(Subject::Customer, &mut mail.content),
            None => Ok(()),
        }
    }
}

impl EventBody for InteractionVoided {}
