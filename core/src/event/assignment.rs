//! Who is responsible for what: E01.

use super::EventBody;
use crate::id::{ActorId, Label};

crate::choice! {
    /// What can be assigned.
    pub enum AssignedFamily {
        /// The customer as such.
        Customer = "customer" "客户",
        /// An opportunity.
        Opportunity = "opportunity" "机会",
        /// A task.
        Task = "task" "待办",
        /// A complaint or request.
        Complaint = "complaint" "投诉请求",
        /// A promise.
        Commitment = "commitment" "承诺",
    }
}

crate::record! {
    /// A record of the customer, or the customer itself.
    pub struct AssignedRecord {
        /// What it is.
        pub family: AssignedFamily,
        /// Its id; left out, the customer as such.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<Label>,
    }
}

crate::choice! {
    /// Who can hold something.
    pub enum HolderKind {
        /// A user.
        User = "user" "用户",
        /// A unit of the organisation.
        Unit = "unit" "部门",
        /// The pool, from which customers are taken.
        Pool = "pool" "客户池",
    }
}

crate::record! {
    /// Who holds something.
    pub struct Holder {
        /// What kind of holder.
        pub kind: HolderKind,
        /// Which user or unit; left out for the pool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub id: Option<ActorId>,
    }
}

impl Holder {
    /// A user as holder.
    pub const fn user(user: ActorId) -> Holder {
        Holder { kind: HolderKind::User, id: Some(user) }
    }

    /// Returns the user, when it is one.
    pub fn as_user(&self) -> Option<&ActorId> {
        self.id.as_ref().filter(|_| self.kind == HolderKind::User)
    }
}

/// Who holds something, in words; nobody when nothing is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBy(pub Option<Holder>);

impl std::fmt::Display for HeldBy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(holder) => holder.fmt(f),
            None => f.write_str("nobody"),
        }
    }
}

impl HeldBy {
    /// Writes it in Chinese.
    pub fn in_chinese(&self) -> String {
        let Some(holder) = &self.0 else { return "无人".to_owned() };
        match (&holder.id, holder.kind) {
            (Some(id), HolderKind::User) => id.to_string(),
            (Some(id), kind) => format!("{} {id}", kind.label_zh()),
            (None, kind) => kind.label_zh().to_owned(),
        }
    }
}

impl AssignedRecord {
    /// The customer as such.
    pub const CUSTOMER: AssignedRecord =
        AssignedRecord { family: AssignedFamily::Customer, id: None };

    /// Writes it in Chinese.
    pub fn in_chinese(&self) -> String {
        let family = self.family.label_zh();
        self.id.as_ref().map_or_else(|| family.to_owned(), |id| format!("{family} {id}"))
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.id, self.kind) {
            (Some(id), HolderKind::User) => f.write_str(id.as_str()),
            (Some(id), kind) => write!(f, "{kind} {id}"),
            (None, kind) => write!(f, "the {kind}"),
        }
    }
}

impl std::fmt::Display for AssignedRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} {id}", self.family),
            None => write!(f, "the {}", self.family),
        }
    }
}

crate::record! {
    /// E01: a customer or one of its records has another holder.
    pub struct RecordAssigned {
        /// What is assigned.
        pub record: AssignedRecord,
        /// Who held it; left out in a request, the one known (rule I-01). Nothing when nobody did.
        #[serde(default)]
        pub from: Option<Holder>,
        /// Who holds it from now on.
        pub to: Holder,
        /// What is open under the customer and goes with it (rule I-03); left empty together with
        /// `left_behind` in a request, everything open that the same holder has.
        #[serde(default)]
        pub moved: Vec<AssignedRecord>,
        /// What is open under the customer and stays with the holder before.
        #[serde(default)]
        pub left_behind: Vec<AssignedRecord>,
        /// How many customers the new holder had, as counted just before (rule I-02).
        #[serde(default)]
        pub holds: Option<u32>,
        /// The rule that assigned it, when nobody did.
        #[serde(default)]
        pub rule: Option<Label>,
    }
}

impl EventBody for RecordAssigned {}
