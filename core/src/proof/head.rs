//! Signed tree heads: C2SP `tlog-checkpoint` notes (c2sp.org/tlog-checkpoint, c2sp.org/signed-note).
//!
//! ```text
//! daybook/0190a2b4-…          origin: this book
//! 4711                        number of events
//! CsUYapGGPo4dkMgIAUqom/…     root hash, base64
//! recorded-at 1790000000000000   when the last event was recorded, microseconds
//!
//! — daybook/0190a2b4-… Az3grl… key id (4 bytes) and Ed25519 signature, base64
//! ```

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signature, Signer as _, SigningKey, Verifier as _, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::Hash;
use crate::id::BookId;
use crate::time::Timestamp;
use crate::vault::Key;

/// What a tree head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// The book.
    pub book: BookId,
    /// How many events.
    pub size: u64,
    /// The Merkle root over them.
    pub root: Hash,
    /// When the last of them was recorded.
    pub recorded_at: Timestamp,
}

/// Signs tree heads for one book.
pub struct HeadSigner {
    key: SigningKey,
}

/// Why a note is not this book's tree head.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The text is not a checkpoint note.
    #[error("the tree head's line {line} is not {expected}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// No signature by the given key is right.
    #[error("the tree head is not signed by this book's key")]
    Signature,
}

impl TreeHead {
    fn origin(&self) -> String {
        format!("daybook/{}", self.book)
    }

    fn text(&self) -> String {
        format!(
            "{}\n{}\n{}\nrecorded-at {}\n",
            self.origin(),
            self.size,
            BASE64.encode(self.root.0),
            self.recorded_at.0
        )
    }

    /// Reads a note and checks its signature.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn check(note: &str, public_key: &[u8; 32]) -> Result<TreeHead, HeadError> {
        let head = TreeHead::parse(note)?;
        let text = head.text();
        let origin = head.origin();
        let prefix = format!("\u{2014} {origin} ");
        let key = VerifyingKey::from_bytes(public_key).map_err(|_| HeadError::Signature)?;
        let id = key_id(&origin, public_key);
        let signed = note.lines().filter_map(|line| line.strip_prefix(&prefix)).any(|line| {
            let Ok(bytes) = BASE64.decode(line) else { return false };
            let Some((found, signature)) = bytes.split_first_chunk::<4>() else { return false };
            let Ok(signature) = Signature::from_slice(signature) else { return false };
            *found == id && key.verify(text.as_bytes(), &signature).is_ok()
        });
        if signed { Ok(head) } else { Err(HeadError::Signature) }
    }

    /// Reads a note without checking its signature.
    ///
    /// # Errors
    /// [`HeadError::Syntax`].
    pub fn parse(note: &str) -> Result<TreeHead, HeadError> {
        let mut lines = note.lines();
        let mut next = |line, expected| lines.next().ok_or(HeadError::Syntax { line, expected });
        let syntax = |line, expected| HeadError::Syntax { line, expected };
        let origin = next(1, "an origin")?;
        let book = origin.strip_prefix("daybook/").and_then(|id| id.parse().ok());
        let size = next(2, "a size")?.parse().ok();
        let root = BASE64.decode(next(3, "a root hash")?).ok();
        let recorded = next(4, "a time")?;
        let recorded = recorded.strip_prefix("recorded-at ").and_then(|text| text.parse().ok());
        Ok(TreeHead {
            book: book.ok_or(syntax(1, "an origin daybook/<book id>"))?,
            size: size.ok_or(syntax(2, "a size"))?,
            root: root
                .and_then(|bytes| bytes.try_into().ok())
                .map(Hash)
                .ok_or(syntax(3, "a root hash in base64"))?,
            recorded_at: recorded.map(Timestamp).ok_or(syntax(4, "recorded-at and a number"))?,
        })
    }
}

impl HeadSigner {
    /// Takes the signing key's seed from its vault slot.
    pub fn new(seed: &Key) -> Self {
        HeadSigner { key: SigningKey::from_bytes(seed) }
    }

    /// Returns the public key.
    pub fn public_key(&self) -> [u8; 32] {
        self.key.verifying_key().to_bytes()
    }

    /// Returns the signed note of a tree head.
    pub fn sign(&self, head: &TreeHead) -> String {
        let (text, origin) = (head.text(), head.origin());
        let mut line = key_id(&origin, &self.public_key()).to_vec();
        line.extend_from_slice(&self.key.sign(text.as_bytes()).to_bytes());
        format!("{text}\n\u{2014} {origin} {}\n", BASE64.encode(line))
    }
}

/// SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), first four bytes (c2sp.org/signed-note).
fn key_id(name: &str, public_key: &[u8; 32]) -> [u8; 4] {
    let mut hasher = Sha256::new();
    hasher.update(name.as_bytes());
    hasher.update([0x0A, 0x01]);
    hasher.update(public_key);
    let digest: [u8; 32] = hasher.finalize().into();
    let mut id = [0; 4];
    id.copy_from_slice(digest.split_at(4).0);
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> TreeHead {
        TreeHead {
            book: BookId(uuid::Uuid::from_bytes([3; 16])),
            size: 4711,
            root: Hash([5; 32]),
            recorded_at: Timestamp(1_790_000_000_000_000),
        }
    }

    #[test]
    fn a_signed_head_checks_and_an_altered_one_does_not() {
        let signer = HeadSigner::new(&Key::new([4; 32]));
        let note = signer.sign(&head());
        assert_eq!(TreeHead::check(&note, &signer.public_key()), Ok(head()));
        let altered = note.replacen("4711", "4712", 1);
        assert_eq!(TreeHead::check(&altered, &signer.public_key()), Err(HeadError::Signature));
        let other = HeadSigner::new(&Key::new([6; 32])).public_key();
        assert_eq!(TreeHead::check(&note, &other), Err(HeadError::Signature));
        assert!(matches!(TreeHead::parse("x\n"), Err(HeadError::Syntax { .. })));
    }
}
