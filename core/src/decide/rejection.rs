//! Why the business says no. Each refusal knows its code, the rule it rests on and what to do next.

use crate::id::CustomerCode;
use crate::position::ExpectedVersion;

/// A refusal: nothing is broken, nothing was written, the caller can do something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The stream is not where the caller believes it is.
    #[error("{stream} is at version {actual}, expected {expected}")]
    StaleVersion {
        /// The stream.
        stream: String,
        /// Its version.
        actual: u64,
        /// What the caller believes.
        expected: ExpectedVersion,
    },
    /// Same idempotency key, other content.
    #[error("idempotency key {key:?} was used before with other content, at position {position}")]
    KeyReused {
        /// The key.
        key: String,
        /// Where the first answer stands.
        position: u64,
    },
    /// No such customer.
    #[error("customer {customer} is not on file")]
    CustomerUnknown {
        /// The code.
        customer: CustomerCode,
    },
}

impl Rejection {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Rejection::StaleVersion { .. } => "stale_version",
            Rejection::KeyReused { .. } => "idempotency_key_reused",
            Rejection::CustomerUnknown { .. } => "customer_unknown",
        }
    }

    /// Returns the rule of the domain it rests on, such as `I-47`, where there is one.
    pub const fn rule(&self) -> Option<&'static str> {
        None
    }

    /// Returns what the caller can do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            Rejection::StaleVersion { .. } => "read the customer again and retry",
            Rejection::KeyReused { .. } => "use a new key for a new request",
            Rejection::CustomerUnknown { .. } => "register the customer first, or check the code",
        }
    }
}
