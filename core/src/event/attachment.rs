//! Attachments: X30. Files that belong to an event, kept beside the log.
//!
//! Any event can get files, a past one too, without its own bytes changing: the attachment is an
//! event that points to it. The content lies sealed in [`crate::attachment`]; what stands here
//! suffices to find it, to check it without a key, and to say whose it is.

use std::fmt;

use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{EventId, Line, Note, TextError};
use crate::proof::{Hash, HashError};

/// What a file's content is known by: HMAC-SHA-256 of the content under a key of its subject.
/// Without that key it says nothing about the content.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttachmentId(pub [u8; 32]);

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Hash(self.0), f)
    }
}

impl fmt::Debug for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for AttachmentId {
    type Err = HashError;
    fn from_str(text: &str) -> Result<Self, HashError> {
        text.parse::<Hash>().map(|hash| AttachmentId(hash.0))
    }
}

impl serde::Serialize for AttachmentId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for AttachmentId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Hash::deserialize(deserializer).map(|hash| AttachmentId(hash.0))
    }
}

impl bincode::Encode for AttachmentId {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        bincode::Encode::encode(&self.0, encoder)
    }
}

impl<C> bincode::Decode<C> for AttachmentId {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        bincode::Decode::decode(decoder).map(AttachmentId)
    }
}

impl crate::codec::layout::Describe for AttachmentId {
    fn layout() -> crate::codec::layout::Layout {
        crate::codec::layout::Layout::Scalar("bytes32")
    }
}

crate::text! {
    /// A media type such as `application/pdf`, in small letters; for texts with its character set,
    /// as in `text/plain; charset=gb18030`.
    MediaTypeText "media type" max 128;
}

/// Why a text is no media type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MediaTypeError {
    /// Not a type and a subtype.
    #[error("{text:?} is not a media type such as application/pdf")]
    Form {
        /// The text.
        text: String,
    },
    /// Not an acceptable text.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// The declared type of a file's content (RFC 6838): type and subtype in small letters. Of the
/// parameters only the character set is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaType(MediaTypeText);

impl MediaType {
    /// Reads and normalises a media type.
    ///
    /// # Errors
    /// [`MediaTypeError`] when it is not `type/subtype`, or too long.
    pub fn new(text: impl AsRef<str>) -> Result<MediaType, MediaTypeError> {
        let text = text.as_ref();
        let form = || MediaTypeError::Form { text: text.chars().take(80).collect() };
        let printable = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !printable || text.len() > MediaTypeText::SIZE_BYTES_MAX {
            return Err(form());
        }
        let mut parts = text.split(';');
        let essence = parts.next().unwrap_or_default().trim_end().to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/').ok_or_else(form)?;
        if !is_token(kind) || !is_token(subtype) {
            return Err(form());
        }
        let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(name, value)| {
            let value = value.trim().trim_matches('"').to_ascii_lowercase();
            (name.trim().eq_ignore_ascii_case("charset") && is_token(&value)).then_some(value)
        });
        let whole = match charset {
            Some(charset) => format!("{essence}; charset={charset}"),
            None => essence,
        };
        Ok(MediaType(MediaTypeText::new(whole)?))
    }

    /// Returns the type as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns type and subtype without the character set.
    pub fn essence(&self) -> &str {
        self.as_str().split(';').next().unwrap_or_default()
    }
}

/// A token of RFC 9110, 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl std::str::FromStr for MediaType {
    type Err = MediaTypeError;
    fn from_str(text: &str) -> Result<Self, MediaTypeError> {
        MediaType::new(text)
    }
}

impl serde::Serialize for MediaType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for MediaType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        MediaType::new(text).map_err(serde::de::Error::custom)
    }
}

impl bincode::Encode for MediaType {
    fn encode<E: bincode::enc::Encoder>(
        &self,
        encoder: &mut E,
    ) -> Result<(), bincode::error::EncodeError> {
        bincode::Encode::encode(&self.0, encoder)
    }
}

impl<C> bincode::Decode<C> for MediaType {
    fn decode<D: bincode::de::Decoder<Context = C>>(
        decoder: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        bincode::Decode::decode(decoder).map(MediaType)
    }
}

impl crate::codec::layout::Describe for MediaType {
    fn layout() -> crate::codec::layout::Layout {
        MediaTypeText::layout()
    }
}

crate::record! {
    /// Sealed: what the file is called and what is said about it.
    pub struct AttachmentLabel {
        /// The file's name, without folders.
        pub name: Option<Line>,
        /// A note about it.
        pub note: Option<Note>,
    }
}

impl Personal for AttachmentLabel {
    const CLASS: Class = Class::Correspondence;
}

crate::record! {
    /// X30: a file was attached to an event of the same stream. The section's key slot is also the
    /// one the content is sealed with.
    pub struct AttachmentAdded {
        /// The content.
        pub attachment: AttachmentId,
        /// The event it belongs to.
        pub event: EventId,
        /// Whose content it is.
        #[serde(default)]
        pub subject: Subject,
        /// What kind of content it is said to be.
        pub media_type: MediaType,
        /// Bytes of the content.
        pub size_bytes: u64,
        /// SHA-256 of the stored file but its last 32 bytes, which repeat it.
        pub stored_hash: Hash,
        /// Bytes of the stored file.
        pub stored_size_bytes: u64,
        /// Its name and a note.
        pub label: Section<AttachmentLabel>,
    }
}

impl EventBody for AttachmentAdded {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        visit(self.subject.clone(), &mut self.label)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_normalised() {
        let shown = |text: &str| MediaType::new(text).map(|found| found.to_string());
        assert_eq!(shown("Application/PDF "), Ok("application/pdf".to_owned()));
        assert_eq!(
            shown("text/plain; format=flowed; Charset=\"GB18030\""),
            Ok("text/plain; charset=gb18030".to_owned())
        );
        let text = MediaType::new("text/csv;charset=utf-8").expect("a type");
        assert_eq!(text.essence(), "text/csv");
        for wrong in ["", "pdf", " a/b", "application/", "a/b/c", "image/p ng", "文/本"] {
            assert!(MediaType::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
