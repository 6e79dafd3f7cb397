//! Personal sections: parts of an event that are sealed before they are hashed or stored.
//!
//! A section belongs to one subject and one class. It exists open in requests and after opening for
//! a reader who may see it, and sealed everywhere else. Invariant: an open section cannot be
//! encoded. Sealing itself lives in [`crate::vault`].

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::codec::layout::{Describe, Layout, hex};
use crate::id::{ActorId, ContactId, ImportId, MailId, ReceiptId};

crate::choice! {
    /// What kind of personal content a section holds; keys are kept, shown and erased per class.
    pub enum Class {
        /// Who somebody is: names, addresses, numbers.
        Identity = "identity" "身份",
        /// Bank accounts and payers.
        Financial = "financial" "财务",
        /// Family, birthday, interests.
        Private = "private" "私人",
        /// What was said or written.
        Correspondence = "correspondence" "往来内容",
    }
}

/// Whose personal content a section holds, within the stream that carries the event.
#[derive(
    Debug,
    Clone,
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
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The customer of the stream.
    #[default]
    Customer,
    /// One of its contacts.
    Contact(ContactId),
    /// A user of the ledger.
    User(ActorId),
    /// A message that belongs to no customer yet.
    Mail(MailId),
    /// The people that the files of an import are about.
    Import(ImportId),
    /// A receipt that belongs to no customer yet.
    Receipt(ReceiptId),
}

impl bincode::Encode for Subject {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        match self {
            Subject::Customer => bincode::Encode::encode(&0u32, encoder),
            Subject::Contact(contact) => {
                bincode::Encode::encode(&1u32, encoder)?;
                bincode::Encode::encode(contact, encoder)
            }
            Subject::User(user) => {
                bincode::Encode::encode(&2u32, encoder)?;
                bincode::Encode::encode(user, encoder)
            }
            Subject::Mail(mail) => {
                bincode::Encode::encode(&3u32, encoder)?;
                bincode::Encode::encode(mail, encoder)
            }
            Subject::Import(import) => {
                bincode::Encode::encode(&4u32, encoder)?;
                bincode::Encode::encode(import, encoder)
            }
            Subject::Receipt(receipt) => {
                bincode::Encode::encode(&5u32, encoder)?;
                bincode::Encode::encode(receipt, encoder)
            }
        }
    }
}

impl<C> bincode::Decode<C> for Subject {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        let number: u32 = bincode::Decode::decode(decoder)?;
        match number {
            0 => Ok(Subject::Customer),
            1 => bincode::Decode::decode(decoder).map(Subject::Contact),
            2 => bincode::Decode::decode(decoder).map(Subject::User),
            3 => bincode::Decode::decode(decoder).map(Subject::Mail),
            4 => bincode::Decode::decode(decoder).map(Subject::Import),
            5 => bincode::Decode::decode(decoder).map(Subject::Receipt),
            found => Err(bincode::error::DecodeError::UnexpectedVariant {
                type_name: "Subject",
                allowed: &bincode::error::AllowedEnumVariants::Range { min: 0, max: 5 },
                found,
            }),
        }
    }
}

impl Describe for Subject {
    fn layout() -> Layout {
        Layout::Choice(vec![
            ("customer".to_owned(), None),
            ("contact".to_owned(), Some(ContactId::layout())),
            ("user".to_owned(), Some(ActorId::layout())),
            ("mail".to_owned(), Some(MailId::layout())),
            ("import".to_owned(), Some(ImportId::layout())),
            ("receipt".to_owned(), Some(ReceiptId::layout())),
        ])
    }
}

/// A sealed section: the key's slot in the vault, the tag (which is also the nonce) and ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key of the vault opens it.
    pub key_slot: u64,
    /// HMAC-SHA-256 over context and plaintext.
    pub tag: [u8; 32],
    /// XChaCha20 of the plaintext.
    pub ciphertext: Vec<u8>,
}

/// Content that is personal, with the class that decides who may see it.
pub trait Personal: bincode::Encode + bincode::Decode<()> + Describe {
    /// The class of the whole content.
    const CLASS: Class;
}

/// A personal section with content `T`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Section<T> {
    /// Readable: in a request, or opened for a reader.
    Open(T),
    /// As stored.
    Sealed(Sealed),
}

/// One section of an event, without its content type.
pub trait AnySection {
    /// Returns the class.
    fn class(&self) -> Class;
    /// Returns the canonical bytes of an open section.
    fn plaintext(&self) -> Option<Result<Vec<u8>, crate::codec::CodecError>>;
    /// Returns the sealed form.
    fn sealed(&self) -> Option<&Sealed>;
    /// Replaces the content by its sealed form.
    fn put_sealed(&mut self, sealed: Sealed);
    /// Replaces the sealed form by the content these bytes hold.
    ///
    /// # Errors
    /// A codec error when they are not such content.
    fn put_open(&mut self, plaintext: &[u8]) -> Result<(), crate::codec::CodecError>;
}

impl<T> Section<T> {
    /// Returns the content if it is open.
    pub const fn open(&self) -> Option<&T> {
        match self {
            Section::Open(content) => Some(content),
            Section::Sealed(_) => None,
        }
    }
}

impl<T: Personal> AnySection for Section<T> {
    fn class(&self) -> Class {
        T::CLASS
    }

    fn plaintext(&self) -> Option<Result<Vec<u8>, crate::codec::CodecError>> {
        self.open().map(crate::codec::encode)
    }

    fn sealed(&self) -> Option<&Sealed> {
        match self {
            Section::Open(_) => None,
            Section::Sealed(sealed) => Some(sealed),
        }
    }

    fn put_sealed(&mut self, sealed: Sealed) {
        *self = Section::Sealed(sealed);
    }

    fn put_open(&mut self, plaintext: &[u8]) -> Result<(), crate::codec::CodecError> {
        *self = Section::Open(crate::codec::decode("a personal section", plaintext)?);
        Ok(())
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed(slot {}, {} bytes)", self.key_slot, self.ciphertext.len())
    }
}

impl<T> bincode::Encode for Section<T> {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        match self {
            Section::Open(_) => Err(bincode::error::EncodeError::Other(
                "a personal section must be sealed before it is stored",
            )),
            Section::Sealed(sealed) => {
                bincode::Encode::encode(&sealed.key_slot, encoder)?;
                bincode::Encode::encode(&sealed.tag, encoder)?;
                bincode::Encode::encode(&sealed.ciphertext, encoder)
            }
        }
    }
}

impl<C, T> bincode::Decode<C> for Section<T> {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        Ok(Section::Sealed(Sealed {
            key_slot: bincode::Decode::decode(decoder)?,
            tag: bincode::Decode::decode(decoder)?,
            ciphertext: bincode::Decode::decode(decoder)?,
        }))
    }
}

impl<T: Personal> Describe for Section<T> {
    fn layout() -> Layout {
        Layout::Sealed(T::CLASS.as_str().to_owned(), Box::new(T::layout()))
    }
}

impl<T: Serialize + Personal> Serialize for Section<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Section::Open(content) => content.serialize(serializer),
            Section::Sealed(sealed) => {
                #[derive(Serialize)]
                struct Shown<'a> {
                    class: &'a str,
                    key_slot: u64,
                    tag: String,
                    ciphertext: String,
                }
                #[derive(Serialize)]
                struct Outer<'a> {
                    sealed: Shown<'a>,
                }
                Outer {
                    sealed: Shown {
                        class: T::CLASS.as_str(),
                        key_slot: sealed.key_slot,
                        tag: hex(&sealed.tag),
                        ciphertext: hex(&sealed.ciphertext),
                    },
                }
                .serialize(serializer)
            }
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Section<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Section::Open)
    }
}
