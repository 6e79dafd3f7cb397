//! Sealing: deterministic, key-committing encryption of personal sections.
//!
//! A synthetic-IV composition (the construction of RFC 5297, with HMAC-SHA-256 as its PRF and
//! XChaCha20 as its cipher):
//!
//! ```text
//! okm        = HKDF-Expand-SHA256(slot key, "daybook section v1" ‖ event id (16) ‖ index u8, 64)   RFC 5869
//! mac_key    = okm[0..32]        enc_key = okm[32..64]
//! tag        = HMAC-SHA-256(mac_key, len(context) u64 LE ‖ context ‖ plaintext)                    RFC 2104
//! ciphertext = XChaCha20(enc_key, nonce = tag[0..24], counter 0) xor plaintext     draft-irtf-cfrg-xchacha
//! context    = "daybook" ‖ book id (16) ‖ event id (16) ‖ kind u16 LE ‖ schema u16 LE ‖ index u8
//!              ‖ class u8 ‖ subject u8 (0 customer, 1 contact, 2 user, 3 mail) ‖ subject's id (UTF-8)
//! ```
//!
//! Same key, context and plaintext give the same bytes. The tag commits to key and plaintext, so an
//! auditor who is shown one plaintext and its `mac_key` can check it with any HMAC library.

use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::Key;
use crate::event::{Class, Kind, Sealed, Subject};
use crate::id::{BookId, EventId};

pub(crate) type HmacSha256 = Hmac<Sha256>;

/// What a section is bound to: moving it to another place makes it unreadable.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The book.
    pub book: BookId,
    /// The event.
    pub event: EventId,
    /// Its kind.
    pub kind: Kind,
    /// Which of the event's sections, counted from 0.
    pub index: u8,
    /// Whose content it is.
    pub subject: &'a Subject,
    /// Its class.
    pub class: Class,
}

/// Why a section does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key, the context or the bytes are not those it was sealed with.
    #[error("the sealed section does not match its tag: wrong key or altered bytes")]
    Mismatch,
}

/// The two keys of one section.
struct SectionKeys {
    mac: Zeroizing<[u8; 32]>,
    cipher: Zeroizing<[u8; 32]>,
}

impl Context<'_> {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.extend_from_slice(b"daybook");
        bytes.extend_from_slice(self.book.0.as_bytes());
        bytes.extend_from_slice(self.event.0.as_bytes());
        bytes.extend_from_slice(&self.kind.tag().to_le_bytes());
        bytes.extend_from_slice(&self.kind.schema().to_le_bytes());
        bytes.push(self.index);
        bytes.push(self.class as u8);
        let (number, id) = subject_parts(self.subject);
        bytes.push(number);
        bytes.extend_from_slice(id.as_bytes());
        bytes
    }
}

fn subject_parts(subject: &Subject) -> (u8, &str) {
    match subject {
        Subject::Customer => (0, ""),
        Subject::Contact(contact) => (1, contact.as_str()),
        Subject::User(user) => (2, user.as_str()),
        Subject::Mail(mail) => (3, mail.as_str()),
        Subject::Import(import) => (4, import.as_str()),
        Subject::Receipt(receipt) => (5, receipt.as_str()),
    }
}

#[allow(clippy::expect_used, reason = "lengths are constants that HKDF accepts")]
pub(crate) fn expand<const N: usize>(key: &[u8; 32], info: &[&[u8]]) -> Zeroizing<[u8; N]> {
    let mut okm = Zeroizing::new([0u8; N]);
    // A slot key is uniformly random, so the extract step is left out as RFC 5869, 3.3 allows.
    let hkdf = Hkdf::<Sha256>::from_prk(key).expect("32 bytes are a pseudorandom key for SHA-256");
    hkdf.expand_multi_info(info, okm.as_mut_slice()).expect("N is far below 255 blocks");
    okm
}

fn section_keys(key: &Key, context: &Context<'_>) -> SectionKeys {
    let info: [&[u8]; 3] = [b"daybook section v1", context.event.0.as_bytes(), &[context.index]];
    let okm = expand::<64>(key, &info);
    let mut keys = SectionKeys { mac: Zeroizing::new([0; 32]), cipher: Zeroizing::new([0; 32]) };
    let (mac, cipher) = okm.split_at(32);
    keys.mac.copy_from_slice(mac);
    keys.cipher.copy_from_slice(cipher);
    keys
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC pads a short key with zeros to its block of 64 bytes (RFC 2104, 2).
    let mut block = Zeroizing::new([0u8; 64]);
    block.split_at_mut(32).0.copy_from_slice(key);
    let mut mac = <HmacSha256 as KeyInit>::new(&(*block).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn section_tag(keys: &SectionKeys, context: &Context<'_>, plaintext: &[u8]) -> [u8; 32] {
    let context = context.bytes();
    let length = (context.len() as u64).to_le_bytes();
    hmac(&keys.mac, &[&length, &context, plaintext])
}

fn apply_cipher(keys: &SectionKeys, tag: &[u8; 32], bytes: &mut [u8]) {
    let mut nonce = [0u8; 24];
    nonce.copy_from_slice(tag.split_at(24).0);
    XChaCha20::new(&(*keys.cipher).into(), &nonce.into()).apply_keystream(bytes);
}

/// Seals a plaintext with the key of `slot`.
pub fn seal(key: &Key, slot: u64, context: &Context<'_>, mut plaintext: Vec<u8>) -> Sealed {
    let keys = section_keys(key, context);
    let tag = section_tag(&keys, context, &plaintext);
    apply_cipher(&keys, &tag, &mut plaintext);
    Sealed { key_slot: slot, tag, ciphertext: plaintext }
}

/// Opens a sealed section.
///
/// # Errors
/// [`SealError::Mismatch`] when key, context or bytes are not those it was sealed with.
pub fn open(
    key: &Key,
    context: &Context<'_>,
    sealed: &Sealed,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let keys = section_keys(key, context);
    let mut plaintext = Zeroizing::new(sealed.ciphertext.clone());
    apply_cipher(&keys, &sealed.tag, &mut plaintext);
    if section_tag(&keys, context, &plaintext) == sealed.tag {
        Ok(plaintext)
    } else {
        Err(SealError::Mismatch)
    }
}

/// Returns the key with which one section's tag can be checked by an outsider who is shown the
/// plaintext; it opens no other section.
pub fn disclose(key: &Key, context: &Context<'_>) -> Zeroizing<[u8; 32]> {
    section_keys(key, context).mac
}

/// The key of a subject and class for marks of values: HKDF-Expand(slot key, "daybook mark v1", 32).
pub struct MarkKey(Zeroizing<[u8; 32]>);

impl MarkKey {
    /// Derives the mark key of a slot.
    pub fn derive(key: &Key) -> Self {
        MarkKey(expand::<32>(key, &[b"daybook mark v1"]))
    }

    /// Returns the mark of some bytes: the first 16 bytes of HMAC-SHA-256.
    pub fn mark(&self, parts: &[&[u8]]) -> [u8; 16] {
        let full = hmac(&self.0, parts);
        let mut mark = [0u8; 16];
        mark.copy_from_slice(full.split_at(16).0);
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::layout::hex;

    fn context(subject: &Subject) -> Context<'_> {
        Context {
            book: BookId(uuid::Uuid::from_bytes([1; 16])),
            event: EventId(uuid::Uuid::from_bytes([2; 16])),
            kind: Kind::ContactAdded,
            index: 0,
            subject,
            class: Class::Identity,
        }
    }

    #[test]
    fn the_published_vector_holds() {
        // The same vector stands in docs/reference/format.md, computed there by other code.
        let key = Key::new([7; 32]);
        let subject = Subject::Contact(crate::id::ContactId::new("K-1").expect("an id"));
        let context = context(&subject);
        let sealed = seal(&key, 5, &context, b"Wang Wei".to_vec());
        assert_eq!(hex(&sealed.tag), VECTOR_TAG);
        assert_eq!(hex(&sealed.ciphertext), VECTOR_CIPHERTEXT);
        assert_eq!(hex(&*disclose(&key, &context)), VECTOR_MAC_KEY);
        let opened = open(&key, &context, &sealed).expect("opens");
        assert_eq!(opened.as_slice(), b"Wang Wei");
    }

    const VECTOR_TAG: &str = "40fc4d501dc820f60009a7fc4e7b82bd2c1fb090a12b0e9dfe7c2f4896d42b23";
    const VECTOR_CIPHERTEXT: &str = "56c37f44ed78d704";
    const VECTOR_MAC_KEY: &str = "e68344f475664dbc21941aae2283910c66bfea71e7f5f6c19068fc5bb63d3d06";

    #[test]
    fn any_change_is_noticed() {
        let key = Key::new([7; 32]);
        let context = context(&Subject::Customer);
        let sealed = seal(&key, 5, &context, b"+8613800000000".to_vec());
        for bit in 0..(sealed.ciphertext.len() * 8) {
            let mut changed = sealed.clone();
            changed.ciphertext[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key, &context, &changed), Err(SealError::Mismatch));
        }
        let other = Key::new([8; 32]);
        assert_eq!(open(&other, &context, &sealed), Err(SealError::Mismatch));
        let moved = Context { index: 1, ..context };
        assert_eq!(open(&key, &moved, &sealed), Err(SealError::Mismatch));
    }

    #[test]
    fn marks_depend_on_the_key_alone() {
        let a = MarkKey::derive(&Key::new([1; 32]));
        let b = MarkKey::derive(&Key::new([2; 32]));
        assert_eq!(a.mark(&[b"x"]), a.mark(&[b"x"]));
        assert_ne!(a.mark(&[b"x"]), b.mark(&[b"x"]));
        assert_ne!(a.mark(&[b"x"]), a.mark(&[b"y"]));
    }
}
