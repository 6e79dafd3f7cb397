//! Two macros that declare stored types: `record!` for structs, `choice!` for closed lists.
//!
//! A declaration yields, from one list of fields, the Rust type, its canonical bytes, its layout, its
//! JSON form and the JSON Schema of that form; there is no second place where a field could be forgotten.

/// Declares a stored struct. Field order is byte order and never changes once released.
#[macro_export]
macro_rules! record {
    ($(#[$meta:meta])* pub struct $name:ident {
        $( $(#[$field_meta:meta])* pub $field:ident : $type:ty ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize,
                 schemars::JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $( $(#[$field_meta])* pub $field : $type ),* }

        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self, encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                $( bincode::Encode::encode(&self.$field, encoder)?; )*
                let _ = encoder;
                Ok(())
            }
        }

        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let _ = &decoder;
                Ok(Self { $( $field: bincode::Decode::decode(decoder)? ),* })
            }
        }

        impl $crate::codec::layout::Describe for $name {
            fn layout() -> $crate::codec::layout::Layout {
                $crate::codec::layout::Layout::Struct(vec![
                    $( (stringify!($field).to_owned(),
                        <$type as $crate::codec::layout::Describe>::layout()) ),*
                ])
            }
        }

        impl $crate::codec::layout::Item for $name {}
    };
}

/// Declares a closed list of names, each with its stored text and its Chinese label. The order is
/// the stored number and never changes once released; new names go to the end.
#[macro_export]
macro_rules! choice {
    ($(#[doc = $doc:literal])* pub enum $name:ident {
        $( $(#[doc = $option_doc:literal])* $option:ident = $text:literal $label:literal ),* $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash,
                 serde::Serialize, serde::Deserialize)]
        pub enum $name { $( $(#[doc = $option_doc])* #[serde(rename = $text)] $option ),* }

        impl $name {
            /// Every option, in stored order.
            pub const ALL: &'static [$name] = &[ $( $name::$option ),* ];

            /// Returns the name as stored and shown in English.
            pub const fn as_str(self) -> &'static str {
                match self { $( $name::$option => $text ),* }
            }

            /// Returns the Chinese label.
            pub const fn label_zh(self) -> &'static str {
                match self { $( $name::$option => $label ),* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self, encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(&(*self as u32), encoder)
            }
        }

        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let number: u32 = bincode::Decode::decode(decoder)?;
                Self::ALL.get(number as usize).copied().ok_or(
                    bincode::error::DecodeError::Other(
                        concat!("not a number of the list ", stringify!($name)),
                    ),
                )
            }
        }

        impl $crate::codec::layout::Describe for $name {
            fn layout() -> $crate::codec::layout::Layout {
                $crate::codec::layout::Layout::Choice(
                    Self::ALL.iter().map(|option| (option.as_str().to_owned(), None)).collect(),
                )
            }
        }

        impl $crate::codec::layout::Item for $name {}

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::codec::schema::choice(
                    concat!($($doc),*),
                    &[ $( ($text, $label, concat!($($option_doc),*)) ),* ],
                )
            }
        }
    };
}

/// Declares a bounded text newtype: trimmed, not empty, no control characters.
#[macro_export]
macro_rules! text {
    ($( $(#[doc = $doc:literal])* $name:ident $what:literal max $max:literal; )*) => { $(
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(compact_str::CompactString);

        impl $name {
            /// The most bytes the text may have in UTF-8.
            pub const SIZE_BYTES_MAX: usize = $max;

            /// Checks and takes a text.
            ///
            /// # Errors
            #[doc = concat!("[`TextError`](crate::id::TextError) when it is empty, longer than ",
                stringify!($max), " bytes or holds control characters.")]
            pub fn new(text: impl AsRef<str>) -> Result<Self, $crate::id::TextError> {
                $crate::id::checked($what, text.as_ref(), $max).map(Self)
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }

            /// Tells whether the text was left out of a request and is still to be assigned.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.0.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::id::TextError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }

        impl bincode::Encode for $name {
            fn encode<E: bincode::enc::Encoder>(
                &self, encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                if self.0.is_empty() {
                    return Err(bincode::error::EncodeError::Other(concat!($what, " is empty")));
                }
                bincode::Encode::encode(self.0.as_str(), encoder)
            }
        }

        impl<C> bincode::Decode<C> for $name {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let text: String = bincode::Decode::decode(decoder)?;
                Self::new(text).map_err(|_| {
                    bincode::error::DecodeError::Other(concat!("not a valid ", $what))
                })
            }
        }

        impl $crate::codec::layout::Describe for $name {
            fn layout() -> $crate::codec::layout::Layout {
                $crate::codec::layout::Layout::Scalar("str")
            }
        }

        impl $crate::codec::layout::Item for $name {}

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn schema_id() -> std::borrow::Cow<'static, str> {
                concat!(module_path!(), "::", stringify!($name)).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::codec::schema::text(concat!($($doc),*), $max)
            }
        }
    )* };
}
