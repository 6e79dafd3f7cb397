//! Facts the whole book's accounts rest on: exchange rates and locked periods (X15, X11).

use super::EventBody;
use crate::id::{ActorId, Label, LegalEntity};
use crate::money::Currency;
use crate::time::Date;

crate::record! {
    /// X15: what one unit of a currency is worth in another, from a day on until the next rate.
    pub struct ExchangeRateRecorded {
        /// The currency that is valued.
        pub base: Currency,
        /// The currency it is valued in; left out, the book's.
        pub quote: Option<Currency>,
        /// How much of it one unit is worth, as a decimal text such as 7.2105.
        pub rate: Label,
        /// The day from which it counts.
        pub rate_on: Date,
        /// Who published it, such as a central bank.
        pub publisher: Option<Label>,
    }
}

crate::record! {
    /// X11: nothing that moves money may count from a day up to this one any more (rule R27). A
    /// lock moves forward; back only with a reason and somebody's approval.
    pub struct PeriodLocked {
        /// The last locked day.
        pub through: Date,
        /// Our entity; left out, all of them.
        pub legal_entity: Option<LegalEntity>,
        /// Who approved opening a period again.
        pub approved_by: Option<ActorId>,
    }
}

impl EventBody for ExchangeRateRecorded {}
impl EventBody for PeriodLocked {}
