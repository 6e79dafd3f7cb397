//! Mail: messages as they were received become interactions of the customers they name.
//!
//! The way of a message: [`split`] finds it in the stream, [`letter`] reads it, the directory says who
//! its parties are, [`mod@route`] decides whose it is, and [`mod@take`] submits what follows, with the
//! message itself as an attachment. What belongs to nobody for certain is held ([`held`]) until
//! somebody says whose it is. Nothing is ever sent.
//!
//! Invariant: the same messages taken in again add nothing, and no message stops the others.

pub mod content;
pub mod files;
pub mod held;
pub mod known;
pub mod letter;
pub mod route;
pub mod split;
pub mod take;
mod words;

use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::Spoken;

pub use route::Own;
pub use split::Framing;
pub use take::{Job, MailError, take_in};
pub(crate) use words::{decoded, fitted, joined};

/// What became of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Became {
    /// It was recorded at one customer or more.
    Taken,
    /// Everything about it was there already.
    Repeated,
    /// It waits for somebody to say whose it is.
    Held,
    /// All its parties are ours; it was left alone.
    Internal,
    /// It was refused; the reason says why.
    Refused,
}

/// Where one message was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AtCustomer {
    /// The customer.
    pub customer: String,
    /// The contacts among the message's parties.
    pub contacts: Vec<String>,
    /// Whether it had been recorded there before.
    pub repeated: bool,
}

/// What is told of one message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MessageLine {
    /// Its place in the stream, from 1.
    pub number: u64,
    /// What became of it.
    pub became: Became,
    /// Its id, which is also that of its interactions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// When it was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_at: Option<Timestamp>,
    /// Where it was recorded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub customers: Vec<AtCustomer>,
    /// Customers it could belong to, when it is held because of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// What about it was not as it should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Spoken>,
    /// The refusal's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// Figures of a run; `read` is the sum of what became of the messages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Messages read.
    pub read: u64,
    /// Messages recorded now.
    pub taken: u64,
    /// Messages that were there already.
    pub repeated: u64,
    /// Messages that wait now.
    pub held: u64,
    /// Messages among ourselves, left alone.
    pub internal: u64,
    /// Messages refused.
    pub refused: u64,
    /// Events appended.
    pub events: u64,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MailReport {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// The figures.
    #[serde(flatten)]
    pub totals: Totals,
    /// The log reached this position then.
    pub position: Position,
}

/// What a run tells while it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailNotice {
    /// What became of a message.
    Message(MessageLine),
    /// How far it is.
    Progress(Totals),
    /// It is done.
    Done(MailReport),
}

impl Totals {
    /// Counts one message.
    fn count(&mut self, became: Became) {
        self.read += 1;
        let place = match became {
            Became::Taken => &mut self.taken,
            Became::Repeated => &mut self.repeated,
            Became::Held => &mut self.held,
            Became::Internal => &mut self.internal,
            Became::Refused => &mut self.refused,
        };
        *place += 1;
    }
}
