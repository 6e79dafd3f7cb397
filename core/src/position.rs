//! Where an event stands: in the whole log, and in its stream.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An event's place in the whole log, counted from 0 without a gap.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct Position(pub u64);

/// An event's place in its own stream, counted from 1; 0 is a stream with no event yet.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(transparent)]
pub struct StreamVersion(pub u64);

/// What a writer believes about a stream before it appends (optimistic concurrency).
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedVersion {
    /// No belief: plain facts need none.
    #[default]
    Any,
    /// The stream has no event yet.
    NoStream,
    /// The stream's last event has exactly this version.
    Exact(u64),
}

impl Position {
    /// Returns the position after this one.
    pub const fn next(self) -> Position {
        Position(self.0 + 1)
    }
}

impl StreamVersion {
    /// Returns the version after this one.
    pub const fn next(self) -> StreamVersion {
        StreamVersion(self.0 + 1)
    }
}

impl ExpectedVersion {
    /// Tells whether a stream at `actual` is what the writer believes.
    pub const fn admits(self, actual: StreamVersion) -> bool {
        match self {
            ExpectedVersion::Any => true,
            ExpectedVersion::NoStream => actual.0 == 0,
            ExpectedVersion::Exact(version) => actual.0 == version,
        }
    }
}

impl fmt::Display for ExpectedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpectedVersion::Any => f.write_str("any"),
            ExpectedVersion::NoStream => f.write_str("none yet"),
            ExpectedVersion::Exact(version) => version.fmt(f),
        }
    }
}

macro_rules! number {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self,
                encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(&self.0, encoder)
            }
        }
        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                bincode::Decode::decode(decoder).map($name)
            }
        }
        impl crate::codec::layout::Describe for $name {
            fn layout() -> crate::codec::layout::Layout {
                crate::codec::layout::Layout::Scalar("u64")
            }
        }
        impl crate::codec::layout::Item for $name {}
    };
}

number!(Position);
number!(StreamVersion);
