//! What is agreed with a customer as such, and what we put into it: E10, E11, E18.

use super::EventBody;
use crate::id::{ActorId, InteractionId, InvestmentId, Label, Line};
use crate::money::{Currency, Money};
use crate::time::Date;

crate::record! {
    /// When a debt is due, and what is taken off for paying early.
    pub struct PaymentTerms {
        /// Days from the document to the day it is due.
        pub net_days: u32,
        /// Days from the document within which an early payment earns the discount.
        pub discount_days: Option<u32>,
        /// The discount for paying early, in hundredths of a percent.
        pub discount_basis_points: Option<u32>,
    }
}

crate::record! {
    /// E10: terms were agreed for a time. Contracts keep the terms they were signed with.
    pub struct CustomerTermsSet {
        /// When debts are due.
        pub payment: Option<PaymentTerms>,
        /// A discount on prices, in hundredths of a percent.
        pub price_discount_basis_points: Option<u32>,
        /// The tax rule, as a short word.
        pub tax_rule: Option<Label>,
        /// The currency of documents.
        pub currency: Option<Currency>,
        /// The tier of the price list.
        pub price_tier: Option<Label>,
        /// Days from order to delivery.
        pub lead_time_days: Option<u32>,
        /// Anything else, in a line.
        pub more: Option<Line>,
        /// The first day they hold.
        pub valid_from: Date,
        /// The last day they hold; left out, until the next terms begin.
        pub valid_until: Option<Date>,
        /// Who approved them.
        pub approved_by: Option<ActorId>,
    }
}

crate::record! {
    /// E11: how much a customer may owe us at most.
    pub struct CreditLimitSet {
        /// The limit.
        pub limit: Money,
        /// The last day it holds; left out, until the next limit.
        pub valid_until: Option<Date>,
        /// Whether nothing more is sold on credit for now.
        #[serde(default)]
        pub hold: bool,
        /// What it rests on, such as a credit report.
        pub basis: Option<Line>,
        /// Who approved it.
        pub approved_by: Option<ActorId>,
    }
}

crate::record! {
    /// What a customer would owe against what it may owe, as it was when it was asked (rule R32).
    pub struct CreditCheck {
        /// Open and contracted, this deal included, less what is unapplied.
        pub exposure: Option<Money>,
        /// The limit.
        pub limit: Option<Money>,
        /// Who approved going beyond it.
        pub approved_by: Option<ActorId>,
    }
}

crate::choice! {
    /// What was put into a customer.
    pub enum InvestmentKind {
        /// The cost of a visit.
        VisitCost = "visit_cost" "拜访费用",
        /// A gift.
        Gift = "gift" "礼品",
        /// A voucher.
        Voucher = "voucher" "购物券",
        /// A concession in price.
        Concession = "concession" "价格让利",
        /// Joint development or advertising.
        JointAction = "joint_action" "合作行动",
        /// Something else.
        Other = "other" "其他",
    }
}

crate::choice! {
    /// What it was for.
    pub enum InvestmentPurpose {
        /// To win the customer.
        Win = "win" "争取",
        /// To keep it.
        Keep = "keep" "维系",
    }
}

crate::record! {
    /// E18: something was put into winning or keeping a customer.
    pub struct CustomerInvestmentRecorded {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub investment: InvestmentId,
        /// What.
        pub kind: InvestmentKind,
        /// What for.
        pub purpose: InvestmentPurpose,
        /// How much it was worth.
        pub amount: Money,
        /// The day.
        pub invested_on: Date,
        /// The interaction it belongs to.
        pub interaction: Option<InteractionId>,
        /// Who approved it; needed for a concession beyond the limit of the rules.
        pub approved_by: Option<ActorId>,
    }
}

impl EventBody for CustomerTermsSet {}
impl EventBody for CreditLimitSet {}
impl EventBody for CustomerInvestmentRecorded {}
