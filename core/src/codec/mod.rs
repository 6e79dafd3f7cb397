//! Canonical bytes: how values, events and their layouts become bytes and come back.
//!
//! Invariant: the bytes of a value are those of bincode 2.0.1 in its standard configuration
//! (little endian, variable-length integers), so that they can be produced and read by any
//! implementation of that published specification. Decoding refuses bytes that are left over.
//! What this module does not do: it neither seals personal content nor hashes anything.

pub mod declare;
pub mod layout;
pub mod schema;

use bincode::config::{Configuration, Limit, LittleEndian, Varint};

/// The most bytes one value may occupy when it is decoded; guards against hostile lengths.
pub const VALUE_SIZE_BYTES_MAX: usize = 1 << 20;

const WRITE: Configuration = bincode::config::standard();
const READ: Configuration<LittleEndian, Varint, Limit<VALUE_SIZE_BYTES_MAX>> =
    bincode::config::standard().with_limit::<VALUE_SIZE_BYTES_MAX>();

/// Why bytes could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The value cannot be written, for instance because a personal section is still open.
    #[error("the value cannot be encoded")]
    Encode(#[source] bincode::error::EncodeError),
    /// The bytes are not a value of this type.
    #[error("the bytes do not decode as {what}")]
    Decode {
        /// What was expected.
        what: &'static str,
        /// Why the decoder stopped.
        #[source]
        source: bincode::error::DecodeError,
    },
    /// The value ended before the bytes did.
    #[error("{what} ends after {used} of {total} bytes; the rest is not part of it")]
    TrailingBytes {
        /// What was expected.
        what: &'static str,
        /// Bytes the value took.
        used: usize,
        /// Bytes given.
        total: usize,
    },
    /// The kind number is not in this release's catalogue.
    #[error("event kind {tag} schema version {schema} is not in this release's catalogue")]
    UnknownKind {
        /// The stored kind number.
        tag: u16,
        /// The stored schema version.
        schema: u16,
    },
    /// The first byte of a stored event names a format this release does not know.
    #[error("stored event format {format} is not known to this release")]
    UnknownFormat {
        /// The stored format number.
        format: u8,
    },
}

/// Appends the canonical bytes of `value` to `out`.
///
/// # Errors
/// [`CodecError::Encode`] when the value holds something that must not be stored, such as a
/// personal section that has not been sealed.
pub fn encode_into<T: bincode::Encode>(value: &T, out: &mut Vec<u8>) -> Result<(), CodecError> {
    bincode::encode_into_std_write(value, out, WRITE).map(|_| ()).map_err(CodecError::Encode)
}

/// Returns the canonical bytes of `value`.
///
/// # Errors
/// As [`encode_into`].
pub fn encode<T: bincode::Encode>(value: &T) -> Result<Vec<u8>, CodecError> {
    let mut out = Vec::with_capacity(128);
    encode_into(value, &mut out)?;
    Ok(out)
}

/// Reads exactly one value that fills `bytes`.
///
/// # Errors
/// [`CodecError::Decode`] when the bytes are not such a value, [`CodecError::TrailingBytes`] when
/// something follows it.
pub fn decode<T: bincode::Decode<()>>(what: &'static str, bytes: &[u8]) -> Result<T, CodecError> {
    let (value, used) = decode_prefix(what, bytes)?;
    if used != bytes.len() {
        return Err(CodecError::TrailingBytes { what, used, total: bytes.len() });
    }
    Ok(value)
}

/// Reads one value at the start of `bytes` and returns how many bytes it took.
///
/// # Errors
/// [`CodecError::Decode`] when the bytes do not start with such a value.
pub fn decode_prefix<T: bincode::Decode<()>>(
    what: &'static str,
    bytes: &[u8],
) -> Result<(T, usize), CodecError> {
    bincode::decode_from_slice(bytes, READ).map_err(|source| CodecError::Decode { what, source })
}
