//! Reminders of what is overdue: E52.

use super::EventBody;
use crate::id::{ItemId, Label, LegalEntity, NoticeId};
use crate::money::{Currency, Money};
use crate::time::Date;

crate::record! {
    /// One item of a notice, with the figures of that day. They stay what they were.
    pub struct DunnedItem {
        /// Which.
        pub item: ItemId,
        /// The level this item has reached; left out, the one it may reach.
        pub level: Option<u8>,
        /// What was open at the end of the notice's day; left out, as known.
        pub open: Option<Money>,
        /// Days it was overdue; left out, as known.
        pub overdue_days: Option<u32>,
    }
}

crate::record! {
    /// A fee or interest asked with a notice: an item of its own, so that paying the principal does
    /// not lose it (rule R30).
    pub struct DunningFee {
        /// The item it opens; left out, made from the notice's id.
        #[serde(default)]
        pub item: ItemId,
        /// How much.
        pub amount: Money,
        /// The day it is due.
        pub due_on: Date,
    }
}

crate::record! {
    /// E52: the customer was reminded of what is overdue, in one currency and of one entity.
    pub struct DunningNoticeSent {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub notice: NoticeId,
        /// The highest level of its items; left out, as high as they may reach.
        pub level: Option<u8>,
        /// The day.
        pub sent_on: Date,
        /// How, such as letter or email.
        pub channel: Option<Label>,
        /// The items; left empty in a request, all that may be reminded of.
        #[serde(default)]
        pub items: Vec<DunnedItem>,
        /// Fees and interest.
        #[serde(default)]
        pub fees: Vec<DunningFee>,
        /// The currency; left out, the items' or the customer's.
        pub currency: Option<Currency>,
        /// Our entity; left out, the items' or the book's first.
        pub legal_entity: Option<LegalEntity>,
        /// The version of the receivable rules it was decided by, where one is published.
        pub rules_version: Option<u32>,
    }
}

impl EventBody for DunningNoticeSent {}
