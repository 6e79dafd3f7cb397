//! Names and numbers by which things in the ledger are known.
//!
//! Every id is a newtype over a bounded text, so that a contract's number cannot be passed where an
//! opportunity's is meant. An empty id exists only in requests ("give me the next one") and refuses
//! to be stored.

use std::fmt;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Why a text is not acceptable as an id, name or note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Nothing is left after trimming.
    #[error("{what} is empty")]
    Empty {
        /// Which text.
        what: &'static str,
    },
    /// More bytes than allowed.
    #[error("{what} is {actual} bytes long; at most {max} are allowed")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// Its length in bytes.
        actual: usize,
        /// The most allowed.
        max: usize,
    },
    /// A control character.
    #[error("{what} holds the control character U+{character:04X} at byte {at}")]
    Control {
        /// Which text.
        what: &'static str,
        /// The character.
        character: u32,
        /// Its offset.
        at: usize,
    },
}

/// Trims and checks a text; line breaks and tabs are allowed only where `max` exceeds 256 bytes,
/// that is in notes.
pub(crate) fn checked(
    what: &'static str,
    text: &str,
    max: usize,
) -> Result<CompactString, TextError> {
    // What is said of a text's length in a schema is said of the text as it is sent.
    let sent = text.chars().count();
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty { what });
    }
    if text.len().max(sent) > max {
        return Err(TextError::TooLong { what, actual: text.len().max(sent), max });
    }
    let note = is_note(max);
    let bad = text
        .char_indices()
        .find(|(_, c)| c.is_control() && !(note && matches!(c, '\n' | '\r' | '\t')));
    match bad {
        Some((at, c)) => Err(TextError::Control { what, character: c as u32, at }),
        None => Ok(CompactString::from(text)),
    }
}

/// Tells whether a text of that limit may have several lines.
pub(crate) const fn is_note(max: usize) -> bool {
    max > 256
}

crate::text! {
    /// A customer's code (客户代码): chosen once, unique for ever, also after a merge (rule I-12).
    CustomerCode "customer code" max 64;
    /// Who acts on the ledger: an opaque id, never a person's name.
    ActorId "actor" max 64;
    /// A role in which somebody acts.
    RoleName "role" max 64;
    /// An organisational unit.
    UnitCode "unit" max 64;
    /// A contact of one customer.
    ContactId "contact" max 64;
    /// One interaction with one customer.
    InteractionId "interaction" max 64;
    /// A promise to or by one customer.
    CommitmentId "commitment" max 64;
    /// Something put into one customer.
    InvestmentId "investment" max 64;
    /// A task about one customer.
    TaskId "task" max 64;
    /// One message, an opaque id made of a keyed mark of it.
    MailId "mail" max 64;
    /// A conversation by mail within one customer, an opaque id made of a keyed mark.
    ThreadId "mail thread" max 64;
    /// An opportunity (项目机会) of one customer.
    OpportunityId "opportunity" max 64;
    /// A stage's name within a pipeline version.
    StageName "stage" max 64;
    /// A quote's number; each number may have several revisions.
    QuoteNumber "quote number" max 64;
    /// A contract's number, unique across the ledger.
    ContractNumber "contract number" max 64;
    /// A shipment of one customer.
    ShipmentId "shipment" max 64;
    /// A receivable's item id within one customer's account.
    ItemId "receivable item" max 64;
    /// An invoice's number, unique across the ledger.
    InvoiceNumber "invoice number" max 64;
    /// A receipt of one customer.
    ReceiptId "receipt" max 64;
    /// An application of a credit to items.
    ApplicationId "application" max 64;
    /// What is applied to items: a receipt, a credit note or a write-off, by its id.
    CreditId "credit" max 64;
    /// A credit note's number within one customer's account.
    CreditNoteId "credit note" max 64;
    /// A write-off of one customer.
    WriteOffId "write-off" max 64;
    /// A refund to one customer.
    RefundId "refund" max 64;
    /// A balance confirmed by one customer.
    ConfirmationId "confirmation" max 64;
    /// A dunning notice to one customer.
    NoticeId "dunning notice" max 64;
    /// A complaint, enquiry, service request or suggestion of one customer.
    ComplaintId "complaint" max 64;
    /// An invitation to a survey.
    InvitationId "survey invitation" max 64;
    /// A survey or its occasion.
    SurveyName "survey" max 64;
    /// A product's code.
    ProductCode "product" max 64;
    /// A legal entity of the book's owner.
    LegalEntity "legal entity" max 64;
    /// A policy's name.
    PolicyName "policy" max 64;
    /// An import's id: its source.
    ImportId "import" max 128;
    /// A short word such as a source, a method or a list entry.
    Label "label" max 128;
    /// A line of text that names nobody.
    Line "text" max 256;
    /// A text of several lines.
    Note "note" max 8192;
    /// A caller's idempotency key.
    RequestKey "idempotency key" max 256;
}

/// One event, for ever: a UUID version 7 (RFC 9562) whose time is the recorded time.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct EventId(pub uuid::Uuid);

/// One ledger: a random UUID version 4 chosen by `init`.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct BookId(pub uuid::Uuid);

macro_rules! uuid_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self,
                encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(self.0.as_bytes(), encoder)
            }
        }
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let bytes: [u8; 16] = bincode::Decode::decode(decoder)?;
                Ok($name(uuid::Uuid::from_bytes(bytes)))
            }
        }
        impl crate::codec::layout::Describe for $name {
            fn layout() -> crate::codec::layout::Layout {
                crate::codec::layout::Layout::Scalar("bytes16")
            }
        }
        impl crate::codec::layout::Item for $name {}
    };
}

uuid_id!(EventId);
uuid_id!(BookId);

impl EventId {
    /// Builds the id from the recorded time and ten random bytes (RFC 9562, section 5.7).
    pub fn from_parts(recorded_at: crate::time::Timestamp, random: &[u8; 10]) -> Self {
        let millis = (recorded_at.0.max(0) / 1000).unsigned_abs();
        EventId(uuid::Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }

    /// Returns the millisecond the event was recorded in, as its first and last instant.
    pub fn recorded_within(self) -> (crate::time::Timestamp, crate::time::Timestamp) {
        // The first 48 bits are the time (RFC 9562, section 5.7).
        let millis = i64::try_from(self.0.as_u128() >> 80).unwrap_or_default();
        let start = millis * 1000;
        (crate::time::Timestamp(start), crate::time::Timestamp(start + 999))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_trimmed_and_bounded() {
        assert_eq!(CustomerCode::new("  C-1 ").map(|c| c.to_string()), Ok("C-1".to_owned()));
        assert_eq!(CustomerCode::new(" \t"), Err(TextError::Empty { what: "customer code" }));
        assert!(matches!(
            CustomerCode::new("a\u{7}b"),
            Err(TextError::Control { character: 7, at: 1, .. })
        ));
        assert!(CustomerCode::new("华".repeat(22)).is_err(), "22 characters are 66 bytes");
        assert!(Note::new("two\nlines").is_ok());
        assert!(Line::new("two\nlines").is_err());
    }

    #[test]
    fn an_empty_id_cannot_be_stored() {
        assert!(crate::codec::encode(&ContactId::default()).is_err());
    }
}
