//! Promises, ours to the customer and the customer's to us: E22, E23.

use super::interaction::{About, Correspondence};
use super::receivable::ItemAmount;
use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ActorId, CommitmentId, ContactId, InteractionId, Note};
use crate::time::Timestamp;

crate::choice! {
    /// Who promised.
    pub enum Promiser {
        /// We did.
        Us = "us" "我方",
        /// The customer did, such as to pay.
        Customer = "customer" "客户",
    }
}

crate::choice! {
    /// How it was promised.
    pub enum PromiseMedium {
        /// In a contract.
        Contract = "contract" "合同",
        /// In an agreement.
        Agreement = "agreement" "协议",
        /// By word of mouth.
        Spoken = "spoken" "口头",
        /// In a letter or message.
        Written = "written" "书面",
        /// In a training.
        Training = "training" "培训",
        /// In publicity.
        Publicity = "publicity" "宣传",
    }
}

crate::choice! {
    /// Which risk of the customer's the promise lessens.
    pub enum RiskKind {
        /// Losing money.
        Economic = "economic" "经济",
        /// Not getting what was expected.
        Functional = "functional" "功能",
        /// Losing standing with others.
        Social = "social" "社会",
        /// Losing peace of mind.
        Psychological = "psychological" "心理",
    }
}

crate::record! {
    /// Sealed: what was promised; it may name people.
    pub struct Promise {
        /// In words.
        pub what: Note,
    }
}

impl Personal for Promise {
    const CLASS: Class = Class::Correspondence;
}

crate::record! {
    /// E22: something was promised. A promise to pay names the items it is about (rule R31).
    pub struct CommitmentMade {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub commitment: CommitmentId,
        /// Who promised.
        pub by: Promiser,
        /// To or by which of the customer's people.
        pub contact: Option<ContactId>,
        /// How.
        pub medium: PromiseMedium,
        /// Which risk it lessens.
        pub risk: Option<RiskKind>,
        /// By when.
        pub due_at: Option<Timestamp>,
        /// Who of ours sees to it; left out, whoever records it.
        pub responsible: Option<ActorId>,
        /// What it is about; left out, the customer as such.
        pub about: Option<About>,
        /// The interaction in which it was made.
        pub interaction: Option<InteractionId>,
        /// The items that are to be paid, and how much of each.
        #[serde(default)]
        pub items: Vec<ItemAmount>,
        /// What was promised.
        pub promise: Section<Promise>,
    }
}

crate::choice! {
    /// What became of a promise.
    pub enum CommitmentOutcome {
        /// It was kept in time.
        Kept = "kept" "已兑现",
        /// It was kept too late.
        Late = "late" "逾期兑现",
        /// It was broken.
        Broken = "broken" "未兑现",
        /// The other side let go of it.
        Released = "released" "已免除",
        /// Another promise took its place.
        Superseded = "superseded" "已被取代",
    }
}

crate::record! {
    /// E23: it is settled whether a promise was kept. That it is overdue is no event.
    pub struct CommitmentSettled {
        /// Which.
        pub commitment: CommitmentId,
        /// What became of it.
        pub outcome: CommitmentOutcome,
        /// When.
        pub at: Timestamp,
        /// The interaction that shows it; needed when the other side released the promiser.
        pub evidence: Option<InteractionId>,
        /// The promise that took its place.
        pub superseded_by: Option<CommitmentId>,
        /// What was said about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub feedback: Option<Section<Correspondence>>,
    }
}

impl EventBody for CommitmentMade {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        visit(Subject::Customer, &mut self.promise)
    }
}

impl EventBody for CommitmentSettled {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.feedback {
            Some(section) => visit(Subject::Customer, section),
            None => Ok(()),
        }
    }
}
