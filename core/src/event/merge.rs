//! Customers that turn out to be one, and merges that were wrong: E12, E13.
//!
//! Both are pairs: one event in the survivor's stream and one in the merged customer's, in one batch,
//! each naming the other. A merge copies and renames nothing: the survivor reads through the link.

use super::EventBody;
use super::customer::CustomerField;
use crate::id::{CustomerCode, EventId};
use crate::position::Position;

crate::choice! {
    /// Why two customers are taken for one.
    pub enum DuplicateReason {
        /// The same tax number.
        TaxNumber = "tax_number" "税号相同",
        /// The same name, legal form and punctuation apart.
        Name = "name" "名称相同",
        /// The same telephone number.
        Phone = "phone" "电话相同",
        /// The same e-mail address.
        Email = "email" "邮箱相同",
        /// Names that sound the same in pinyin.
        Pinyin = "pinyin" "读音相同",
        /// Names that are much alike.
        Likeness = "likeness" "名称近似",
    }
}

crate::record! {
    /// A customer that may be the same.
    pub struct DuplicateCandidate {
        /// The customer.
        pub customer: CustomerCode,
        /// How sure that is, in percent.
        pub score_percent: u8,
        /// Why.
        pub reasons: Vec<DuplicateReason>,
    }
}

crate::choice! {
    /// What was made of the candidates.
    pub enum DuplicateDecision {
        /// There were none.
        NoneFound = "none_found" "未发现",
        /// It is another customer all the same.
        KeptApart = "kept_apart" "另立",
    }
}

crate::record! {
    /// What the look for duplicates found before a customer was put on file (rule I-13).
    pub struct DuplicateCheck {
        /// The events before this position were looked at.
        pub position: Position,
        /// Who may be the same.
        pub candidates: Vec<DuplicateCandidate>,
        /// What was made of them.
        pub decision: DuplicateDecision,
    }
}

crate::choice! {
    /// Which side of a merge an event stands on.
    pub enum MergeSide {
        /// The customer that stays.
        Survivor = "survivor" "留存方",
        /// A customer that is merged into it.
        Merged = "merged" "并入方",
    }
}

crate::record! {
    /// E12: two customers are one from now on. Asked for with the merged one; the survivor's event
    /// follows by itself.
    pub struct CustomersMerged {
        /// Which side this event stands on; left out in a request.
        #[serde(default)]
        pub side: Option<MergeSide>,
        /// The customer that stays.
        pub survivor: CustomerCode,
        /// The customer merged into it.
        pub merged: CustomerCode,
        /// Details of which the merged customer's value counts; the survivor's where nothing is said.
        #[serde(default)]
        pub fields_taken: Vec<CustomerField>,
        /// Why they are taken for one, as looked up before.
        #[serde(default)]
        pub evidence: Option<DuplicateCandidate>,
        /// The survivor counts new ids from here, above those of the merged; left out in a request.
        #[serde(default)]
        pub ids_from: u32,
    }
}

crate::record! {
    /// A fact recorded with the survivor since the merge, and whose it is.
    pub struct Reattached {
        /// The event.
        pub event: EventId,
        /// Where it stands.
        pub position: Position,
        /// Whose it is from now on.
        pub to: CustomerCode,
    }
}

crate::record! {
    /// E13: a merge is undone; every fact since has an owner (rule I-21). What goes to the merged customer
    /// is void in the survivor's stream and recorded anew in the other, all in one batch.
    pub struct MergeReversed {
        /// Which side this event stands on.
        pub side: MergeSide,
        /// The customer that stayed.
        pub survivor: CustomerCode,
        /// The customer that had been merged into it.
        pub merged: CustomerCode,
        /// The facts recorded with the survivor since.
        pub facts: Vec<Reattached>,
    }
}

impl EventBody for CustomersMerged {}
impl EventBody for MergeReversed {}
