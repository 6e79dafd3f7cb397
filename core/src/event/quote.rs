//! Quotes: E33, E34.

use super::EventBody;
use crate::id::{ActorId, OpportunityId, ProductCode, QuoteNumber};
use crate::money::Money;
use crate::time::Date;

crate::record! {
    /// One line of a quote.
    pub struct QuoteLine {
        /// What.
        pub product: ProductCode,
        /// How much, in thousandths of a unit.
        pub quantity_thousandths: i64,
        /// Price of one unit after discount.
        pub unit_price: Money,
        /// Discount in hundredths of a percent.
        #[serde(default)]
        pub discount_basis_points: u16,
        /// What one unit cost us then.
        pub unit_cost: Option<Money>,
    }
}

crate::record! {
    /// E33: a quote was issued.
    pub struct QuoteIssued {
        /// Its number.
        #[serde(default)]
        pub quote: QuoteNumber,
        /// Its revision, counted from 1; 0 in a request means the next.
        #[serde(default)]
        pub revision: u32,
        /// The opportunity it serves.
        pub opportunity: Option<OpportunityId>,
        /// The lines.
        pub lines: Vec<QuoteLine>,
        /// The total.
        pub total: Money,
        /// Last day it holds.
        pub valid_until: Option<Date>,
        /// The price policy version in force.
        pub price_policy_version: Option<u32>,
        /// Who approved a price below the floor.
        pub approved_by: Option<ActorId>,
    }
}

crate::choice! {
    /// What became of a quote.
    pub enum QuoteOutcome {
        /// Accepted.
        Accepted = "accepted" "已接受",
        /// Rejected.
        Rejected = "rejected" "已拒绝",
        /// Expired.
        Expired = "expired" "已过期",
        /// Withdrawn.
        Withdrawn = "withdrawn" "已撤回",
    }
}

crate::record! {
    /// E34: what became of a revision.
    pub struct QuoteOutcomeRecorded {
        /// The quote.
        pub quote: QuoteNumber,
        /// The revision; 0 in a request means the latest.
        #[serde(default)]
        pub revision: u32,
        /// What became of it.
        pub outcome: QuoteOutcome,
    }
}

impl EventBody for QuoteIssued {}
impl EventBody for QuoteOutcomeRecorded {}
