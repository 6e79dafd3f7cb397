//! Tree-head files: the last signed tree head, kept in the ledger and outside it.
//!
//! Invariant: a kept tree head is replaced only by a whole newer file whose bytes and name were
//! synced. What this module does not do: it checks no signature; it only reads size and root.
//!
//! ```text
//! daybook head 1
//! book 0198c0de-0000-4000-8000-000000000001
//! epoch 1
//! size 3
//! root 5f37…                       64 hexadecimal digits
//! place 00000000000000000000 4711  segment and offset where the first `size` events end, or `-`
//! roots 93ab… 77c0…                the frontier at `size`, or nothing when the place is `-`
//! note                             then the note, a C2SP checkpoint, to the end of the file
//! ledger.example/book
//! 3
//! XzfA…=
//! …
//! crc32 0a1b2c3d                   last line: CRC-32 of everything before it
//! ```
//! In bytes the file begins `64617962 6f6f6b20 68656164 20310a`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;

use super::error::StoreOpenError;
use super::identity::{Identity, value, with_checksum, without_checksum};
use super::journal::scan::io_error;
use super::journal::writer::sync_dir;
use crate::id::BookId;
use crate::position::Position;
use crate::proof::tree::Frontier;
use crate::proof::{Hash, empty_hash};

/// Where, in the ledger's directory, the last tree head is kept.
pub const HEAD_FILE: &str = "heads/head";

/// A kept tree head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptHead {
    pub(crate) book: BookId,
    pub(crate) epoch: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) place: Option<Place>,
    pub(crate) note: String,
}

/// Where a tree head's events end in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) segment: Position,
    pub(crate) offset: u64,
    pub(crate) tree: Frontier,
}

impl KeptHead {
    /// Returns the head a new ledger starts with: of no events, without a note.
    pub(crate) fn empty(identity: &Identity) -> KeptHead {
        KeptHead {
            book: identity.book,
            epoch: identity.epoch,
            size: 0,
            root: empty_hash(),
            place: None,
            note: String::new(),
        }
    }

    /// Returns the file's text.
    pub(crate) fn encode(&self) -> String {
        let mut text = format!(
            "daybook head 1\nbook {}\nepoch {}\nsize {}\nroot {}\n",
            self.book, self.epoch, self.size, self.root
        );
        match &self.place {
            None => text.push_str("place -\nroots\n"),
            Some(place) => {
                let _ = write!(text, "place {:020} {}\nroots", place.segment.0, place.offset);
                place.tree.roots().iter().for_each(|root| {
                    let _ = write!(text, " {root}");
                });
                text.push('\n');
            }
        }
        text.push_str("note\n");
        text.push_str(&self.note);
        if !self.note.is_empty() && !self.note.ends_with('\n') {
            text.push('\n');
        }
        with_checksum(text)
    }

    fn parse(bytes: &[u8]) -> Result<KeptHead, &'static str> {
        let text = without_checksum(bytes)?;
        let (ours, note) = text.split_once("\nnote\n").ok_or("it holds no note")?;
        let mut lines = ours.lines();
        if lines.next() != Some("daybook head 1") {
            return Err("its format is not known to this release");
        }
        let book = value(lines.next(), "book ").ok_or("it names no ledger")?;
        let epoch = value(lines.next(), "epoch ").ok_or("it names no epoch")?;
        let size = value(lines.next(), "size ").ok_or("it names no size")?;
        let root = value(lines.next(), "root ").ok_or("it names no root")?;
        let place: String = value(lines.next(), "place ").ok_or("it names no place")?;
        let roots = lines.next().and_then(|line| line.strip_prefix("roots"));
        let roots: Result<Vec<Hash>, _> =
            roots.unwrap_or_default().split_whitespace().map(str::parse).collect();
        let roots = roots.map_err(|_| "its subtree roots cannot be read")?;
        let place = match place.split_once(' ') {
            None => None,
            Some((segment, offset)) => Some(Place {
                segment: Position(segment.parse().map_err(|_| "its place cannot be read")?),
                offset: offset.parse().map_err(|_| "its place cannot be read")?,
                tree: Frontier::from_parts(size, roots)
                    .map_err(|_| "its subtree roots do not fit its size")?,
            }),
        };
        if place.as_ref().is_some_and(|place| place.tree.root() != root) {
            return Err("its subtree roots do not hash to its root");
        }
        Ok(KeptHead { book, epoch, size, root, place, note: note.to_owned() })
    }
}

/// A note that is not a tree head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the note is not a tree head: {problem}")]
pub struct NoteError {
    problem: &'static str,
}

/// Reads size and root from a C2SP checkpoint: its second and third line.
///
/// # Errors
/// [`NoteError`].
pub fn parse_note(note: &str) -> Result<(u64, Hash), NoteError> {
    let wrong = |problem| NoteError { problem };
    let mut lines = note.lines();
    let _origin = lines.next().filter(|line| !line.is_empty()).ok_or(wrong("no origin"))?;
    let size = lines.next().and_then(|line| line.parse().ok()).ok_or(wrong("no size"))?;
    let root = lines
        .next()
        .and_then(|line| base64::engine::general_purpose::STANDARD.decode(line).ok())
        .and_then(|root| <[u8; 32]>::try_from(root).ok())
        .ok_or(wrong("no root hash"))?;
    Ok((size, Hash(root)))
}

/// Returns where the copy outside the ledger is kept.
pub(crate) fn outside_path(heads_outside: &Path, book: BookId) -> PathBuf {
    heads_outside.join(format!("{book}.head"))
}

/// Writes a head file whole: a new file, synced, renamed over the old one, its name synced.
///
/// # Errors
/// What the system says; the old file is then still there.
pub(crate) fn write(path: &Path, head: &KeptHead) -> io::Result<()> {
    let unfinished = path.with_extension("tmp");
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut file = File::create(&unfinished)?;
    file.write_all(head.encode().as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&unfinished, path)?;
    sync_dir(dir)
}

/// The tree heads known at an opening.
#[derive(Debug)]
pub(crate) struct KnownHeads {
    /// The newest, and the file it is from.
    pub(crate) newest: KeptHead,
    pub(crate) path: PathBuf,
    /// Copies that are gone or damaged though another is good.
    pub(crate) missing: Vec<PathBuf>,
    /// Whether every copy is there and of the newest.
    pub(crate) agreed: bool,
}

/// Reads the head in the ledger and the copy outside it, and returns the newest.
///
/// # Errors
/// [`StoreOpenError`] when no copy is good, one belongs elsewhere, or both contradict.
pub(crate) fn read_known(
    dir: &Path,
    heads_outside: Option<&Path>,
    identity: &Identity,
) -> Result<KnownHeads, StoreOpenError> {
    let inside_path = dir.join(HEAD_FILE);
    let outside_path = heads_outside.map(|folder| outside_path(folder, identity.book));
    let mut missing = Vec::new();
    let mut damage = None;
    let mut good = Vec::new();
    for path in std::iter::once(&inside_path).chain(&outside_path) {
        match read_one(path, identity) {
            Ok(Some(head)) => good.push((head, path.clone())),
            Ok(None) => missing.push(path.clone()),
            Err(StoreOpenError::HeadDamaged { path: at, problem }) => {
                missing.push(path.clone());
                damage = Some(StoreOpenError::HeadDamaged { path: at, problem });
            }
            Err(other) => return Err(other),
        }
    }
    if let [(inside, inside_path), (outside, outside_path)] = good.as_slice()
        && inside.size == outside.size
        && inside.root != outside.root
    {
        return Err(StoreOpenError::HeadsDisagree {
            inside: inside_path.display().to_string(),
            outside: outside_path.display().to_string(),
            size: inside.size,
        });
    }
    let agreed = missing.is_empty() && same_note(&good);
    match good.into_iter().max_by_key(|(head, _)| head.size) {
        Some((newest, path)) => Ok(KnownHeads { newest, path, missing, agreed }),
        None => Err(damage
            .unwrap_or(StoreOpenError::HeadMissing { path: inside_path.display().to_string() })),
    }
}

fn same_note(heads: &[(KeptHead, PathBuf)]) -> bool {
    heads.windows(2).all(|pair| matches!(pair, [(one, _), (two, _)] if one.note == two.note))
}

/// Reads one head file; nothing when it is not there or of an epoch before a restore.
pub(crate) fn read_one(
    path: &Path,
    identity: &Identity,
) -> Result<Option<KeptHead>, StoreOpenError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
        {
            return Ok(None);
        }
        Err(source) => return Err(io_error("reading a tree head", path, source).into()),
    };
    let head = KeptHead::parse(&bytes).map_err(|problem| StoreOpenError::HeadDamaged {
        path: path.display().to_string(),
        problem,
    })?;
    if head.book != identity.book {
        return Err(StoreOpenError::ForeignBook {
            path: path.display().to_string(),
            expected: identity.book,
            found: head.book,
        });
    }
    if head.epoch > identity.epoch {
        return Err(StoreOpenError::WrongEpoch {
            path: path.display().to_string(),
            expected: identity.epoch,
            found: head.epoch,
        });
    }
    Ok((head.epoch == identity.epoch).then_some(head))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::leaf_hash;
    use crate::time::Timestamp;

    #[test]
    fn a_head_comes_back_and_notices_every_flipped_bit() {
        let mut tree = Frontier::default();
        (0..5u8).for_each(|n| tree.push(leaf_hash(&[n])));
        let root = base64::engine::general_purpose::STANDARD.encode(tree.root().0);
        let note = format!("ledger.example/book\n5\n{root}\n\n— ledger.example AAAA\n");
        assert_eq!(parse_note(&note), Ok((5, tree.root())));
        let identity = Identity {
            book: BookId(uuid::Uuid::from_u128(9)),
            epoch: 1,
            created: Timestamp::default(),
        };
        let head = KeptHead {
            size: 5,
            root: tree.root(),
            place: Some(Place { segment: Position(0), offset: 4711, tree }),
            note,
            ..KeptHead::empty(&identity)
        };
        let text = head.encode();
        assert_eq!(KeptHead::parse(text.as_bytes()), Ok(head));
        for bit in 0..text.len() * 8 {
            let mut flipped = text.clone().into_bytes();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(KeptHead::parse(&flipped).is_err(), "bit {bit}");
        }
        let empty = KeptHead::empty(&identity);
        assert_eq!(KeptHead::parse(empty.encode().as_bytes()), Ok(empty));
    }
}
