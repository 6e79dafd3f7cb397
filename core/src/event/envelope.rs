//! The envelope: what every event says about itself besides its content.
//!
//! An event is stored as
//! ```text
//! format u8 = 1 │ kind u16 │ schema u16 │ envelope │ body
//! ```
//! in bincode's standard configuration, the body filling the bytes to their end. The exact stored
//! bytes are what is hashed; they are never encoded again. The envelope names the stream's previous
//! event by position and hash, so one customer's history can be walked and proved alone.

use std::fmt;

use serde::Serialize;

use super::{Body, Kind};
use crate::codec::{self, CodecError};
use crate::id::{ActorId, CustomerCode, EventId, ImportId, Label, Note, RoleName, UnitCode};
use crate::position::{Position, StreamVersion};
use crate::proof::Hash;
use crate::time::Timestamp;

/// The format number that starts every stored event of this release.
pub const EVENT_FORMAT: u8 = 1;

crate::choice! {
    /// The streams that belong to no customer.
    pub enum BookStream {
        /// The book itself: opened, configured.
        Book = "book" "账簿",
        /// Published field layouts.
        Layouts = "layouts" "格式",
        /// Published policies.
        Policies = "policies" "规则",
        /// Imports applied.
        Imports = "imports" "导入",
        /// Mail that awaits a customer.
        Mail = "mail" "邮件",
        /// Exports taken.
        Exports = "exports" "导出",
        /// Exchange rates.
        Rates = "rates" "汇率",
        /// Locked periods.
        Periods = "periods" "期间",
        /// Receipts that belong to no customer yet.
        Suspense = "suspense" "待认领回款",
        /// Units and users.
        Organisation = "organisation" "组织",
    }
}

/// Where an event belongs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamId {
    /// Everything about one customer.
    Customer(CustomerCode),
    /// A stream of the book.
    Book(BookStream),
}

crate::choice! {
    /// How sure we are who acted.
    pub enum Assurance {
        /// The caller said so.
        Declared = "declared" "自报",
        /// The server checked it.
        Authenticated = "authenticated" "已认证",
    }
}

crate::record! {
    /// Who acted.
    pub struct Actor {
        /// The acting user, an opaque id.
        pub user: ActorId,
        /// For whom, when acting in somebody's stead.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub on_behalf_of: Option<ActorId>,
        /// In which role.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub role: Option<RoleName>,
        /// The unit the user was in then.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub unit: Option<UnitCode>,
        /// How sure we are.
        pub assurance: Assurance,
    }
}

crate::choice! {
    /// Through what an event came in.
    pub enum Channel {
        /// The command line.
        Cli = "cli" "命令行",
        /// The programming interface.
        Api = "api" "接口",
        /// The console page.
        Ui = "ui" "界面",
        /// An import.
        Import = "import" "导入",
        /// A rule of the ledger: a consequence of another event.
        Rule = "rule" "规则",
        /// A migration.
        Migration = "migration" "迁移",
    }
}

crate::record! {
    /// Through what the event came in.
    pub struct Source {
        /// The way in.
        pub channel: Channel,
        /// The session, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub session: Option<Label>,
        /// The import, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub import: Option<ImportId>,
    }
}

crate::record! {
    /// What a retry is recognised by: keyed digests of the idempotency key and of the request.
    pub struct RequestMark {
        /// Digest of the caller's key.
        pub key: [u8; 16],
        /// Digest of the request's content; personal sections enter it only as keyed marks.
        pub content: [u8; 16],
    }
}

crate::record! {
    /// What every event says about itself.
    pub struct Envelope {
        /// Place in the whole log.
        pub position: Position,
        /// When the ledger learned it; never goes backwards.
        pub recorded_at: Timestamp,
        /// When it was so in the world.
        pub effective_at: Timestamp,
        /// The event's id.
        pub event_id: EventId,
        /// Where it belongs.
        pub stream: StreamId,
        /// Place in its stream.
        pub version: StreamVersion,
        /// The stream's previous event.
        pub prev_position: Option<Position>,
        /// That event's leaf hash; zeros for the first.
        pub prev_hash: Hash,
        /// Who.
        pub actor: Actor,
        /// Through what.
        pub source: Source,
        /// The event that made this one happen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub causation: Option<EventId>,
        /// The first event of the whole train.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub correlation: Option<EventId>,
        /// Recognises retries.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub request: Option<RequestMark>,
        /// Why, in words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub reason: Option<Note>,
        /// The event of the same stream that this one corrects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub corrects: Option<EventId>,
    }
}

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// What it says about itself.
    pub envelope: Envelope,
    /// What happened.
    pub body: Body,
}

impl Event {
    /// Appends the event's stored bytes to `out`.
    ///
    /// # Errors
    /// [`CodecError::Encode`] when a personal section is still open or an id is still empty.
    pub fn encode_into(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let kind = self.body.kind();
        out.push(EVENT_FORMAT);
        codec::encode_into(&(kind.tag(), kind.schema()), out)?;
        codec::encode_into(&self.envelope, out)?;
        self.body.encode_into(out)
    }

    /// Reads an event from its stored bytes.
    ///
    /// # Errors
    /// [`CodecError`] when the format or kind is unknown, the bytes are not an event, or something
    /// is left over.
    pub fn decode(bytes: &[u8]) -> Result<Event, CodecError> {
        let header = Header::decode(bytes)?;
        let body = Body::decode(header.kind, bytes.get(header.body_at..).unwrap_or_default())?;
        Ok(Event { envelope: header.envelope, body })
    }
}

/// An event's envelope and where its body starts; for readers that need no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The kind.
    pub kind: Kind,
    /// The envelope.
    pub envelope: Envelope,
    /// Offset of the body in the stored bytes.
    pub body_at: usize,
}

impl Header {
    /// Reads the head of an event's stored bytes.
    ///
    /// # Errors
    /// As [`Event::decode`].
    pub fn decode(bytes: &[u8]) -> Result<Header, CodecError> {
        let format = bytes.first().copied().unwrap_or_default();
        if format != EVENT_FORMAT {
            return Err(CodecError::UnknownFormat { format });
        }
        let rest = bytes.get(1..).unwrap_or_default();
        let ((tag, schema), kind_size) =
            codec::decode_prefix::<(u16, u16)>("an event's kind", rest)?;
        let kind = Kind::from_tag(tag)
            .filter(|kind| kind.schema() == schema)
            .ok_or(CodecError::UnknownKind { tag, schema })?;
        let rest = rest.get(kind_size..).unwrap_or_default();
        let (envelope, envelope_size) = codec::decode_prefix("an event's envelope", rest)?;
        Ok(Header { kind, envelope, body_at: 1 + kind_size + envelope_size })
    }
}

impl StreamId {
    /// Returns the customer whose stream this is.
    pub const fn customer(&self) -> Option<&CustomerCode> {
        match self {
            StreamId::Customer(code) => Some(code),
            StreamId::Book(_) => None,
        }
    }

    const fn category(&self) -> &'static str {
        match self {
            StreamId::Customer(_) => "customer",
            StreamId::Book(_) => "book",
        }
    }

    /// Returns the name within the category.
    pub fn name(&self) -> &str {
        match self {
            StreamId::Customer(code) => code.as_str(),
            StreamId::Book(stream) => stream.as_str(),
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category(), self.name())
    }
}

/// A text that is not a stream's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a stream such as customer/C-0173 or book/policies")]
pub struct StreamIdError {
    text: String,
}

impl std::str::FromStr for StreamId {
    type Err = StreamIdError;
    fn from_str(text: &str) -> Result<Self, StreamIdError> {
        let wrong = || StreamIdError { text: text.chars().take(80).collect() };
        match text.split_once('/') {
            Some(("customer", code)) => {
                CustomerCode::new(code).map(StreamId::Customer).map_err(|_| wrong())
            }
            Some(("book", name)) => BookStream::ALL
                .iter()
                .find(|stream| stream.as_str() == name)
                .map(|stream| StreamId::Book(*stream))
                .ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

impl Serialize for StreamId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for StreamId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl bincode::Encode for StreamId {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        match self {
            StreamId::Customer(code) => {
                bincode::Encode::encode(&0u32, encoder)?;
                bincode::Encode::encode(code, encoder)
            }
            StreamId::Book(stream) => {
                bincode::Encode::encode(&1u32, encoder)?;
                bincode::Encode::encode(stream, encoder)
            }
        }
    }
}

impl<C> bincode::Decode<C> for StreamId {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let category: u32 = bincode::Decode::decode(decoder)?;
        match category {
            0 => bincode::Decode::decode(decoder).map(StreamId::Customer),
            1 => bincode::Decode::decode(decoder).map(StreamId::Book),
            found => Err(bincode::error::DecodeError::UnexpectedVariant {
                type_name: "StreamId",
                allowed: &bincode::error::AllowedEnumVariants::Range { min: 0, max: 1 },
                found,
            }),
        }
    }
}

impl crate::codec::layout::Describe for StreamId {
    fn layout() -> crate::codec::layout::Layout {
        use crate::codec::layout::Layout;
        Layout::Choice(vec![
            ("customer".to_owned(), Some(CustomerCode::layout())),
            ("book".to_owned(), Some(BookStream::layout())),
        ])
    }
}
