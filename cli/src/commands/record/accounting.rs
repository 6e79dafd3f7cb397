//! What the whole book's accounts rest on: exchange rates and locked periods.

use clap::Args;
use serde_json::json;

use super::{Desk, Fact, given};
use crate::error::CliError;

/// Record an exchange rate, from its day on until the next
#[derive(Debug, Args)]
pub(super) struct Rate {
    /// The currency that is valued, such as USD
    currency: String,
    /// How much one unit of it is worth, such as 7.2105
    rate: String,
    /// The currency it is valued in; the book's own when left out
    #[arg(long = "in", value_name = "CURRENCY")]
    quote: Option<String>,
    /// The day from which it counts; that of the fact when left out
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Who published it
    #[arg(long, value_name = "WHO")]
    publisher: Option<String>,
}

impl Rate {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "record_exchange_rate", "base": self.currency, "quote": self.quote,
            "rate": self.rate, "rate_on": desk.day(self.on.as_deref())?,
            "publisher": self.publisher,
        }));
        Ok(Fact { customer: None, command })
    }
}

/// Lock the accounts through a day: nothing may move money in a locked period
#[derive(Debug, Args)]
pub(super) struct LockPeriod {
    /// The last locked day
    through: String,
    /// Our entity; all of them when left out
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// Who approved opening a locked period again
    #[arg(long, value_name = "ACTOR")]
    approved_by: Option<String>,
}

impl LockPeriod {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let command = given(json!({
            "command": "lock_period", "through": desk.day(Some(&self.through))?,
            "legal_entity": self.entity, "approved_by": self.approved_by,
        }));
        Ok(Fact { customer: None, command })
    }
}
