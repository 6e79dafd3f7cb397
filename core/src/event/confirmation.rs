//! Balances that customers confirm: X13.

use super::EventBody;
use crate::id::{ConfirmationId, ContactId, Label, LegalEntity};
use crate::money::{Currency, Money};
use crate::time::Date;

crate::record! {
    /// X13: a customer said what it owes at the end of a day, in one currency and to one of our
    /// entities. The balance is what is open less what is unapplied, as known at this event.
    pub struct BalanceConfirmed {
        /// Its id; left out, the next one is assigned.
        #[serde(default)]
        pub confirmation: ConfirmationId,
        /// The day at whose end it stands.
        pub confirmed_on: Date,
        /// The currency; left out, that of the amounts or the customer's.
        pub currency: Option<Currency>,
        /// Our entity; left out, the book's first.
        pub legal_entity: Option<LegalEntity>,
        /// The balance by our books; left out, as known.
        pub balance: Option<Money>,
        /// The balance as the customer sees it; left out, the same. Another one needs a reason.
        pub said: Option<Money>,
        /// Who of the customer's confirmed it.
        pub contact: Option<ContactId>,
        /// How, such as letter or stamp.
        pub medium: Option<Label>,
    }
}

impl EventBody for BalanceConfirmed {}
