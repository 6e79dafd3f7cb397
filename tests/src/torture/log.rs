//! Reading the recorder's log; the format is in the recorder's crate page.

use std::path::{Path, PathBuf};

/// What was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// A file was opened and thereby made or emptied.
    Open {
        /// Whether it was made.
        made: bool,
    },
    /// Bytes were written.
    Write,
    /// A file's size was set.
    Truncate,
    /// Space was taken.
    Allocate,
    /// A name was changed.
    Rename,
    /// A name was removed.
    Unlink,
    /// A folder was made.
    MakeDir,
    /// A folder was removed.
    RemoveDir,
    /// A sync began.
    SyncBegins,
    /// A sync returned.
    SyncReturned,
    /// Part of a file was handed to the device; no promise.
    SyncRange,
}

/// One recorded call.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What was called.
    pub op: Op,
    /// What it returned, below 0 for a failure.
    pub result: i64,
    /// The error of a failure.
    pub errno: i32,
    /// The file's number.
    pub inode: u64,
    /// Where.
    pub offset: u64,
    /// How much.
    pub length: u64,
    /// The file or folder.
    pub path: PathBuf,
    /// The new name of a rename.
    pub second: PathBuf,
    /// What was written.
    pub data: Vec<u8>,
}

/// Reads a log; a last record that a kill cut off is left out.
///
/// # Errors
/// What the system says.
pub fn read(path: &Path) -> std::io::Result<Vec<Entry>> {
    let bytes = std::fs::read(path)?;
    let mut rest = bytes.as_slice();
    let mut entries = Vec::new();
    while let Some(entry) = take(&mut rest) {
        entries.extend(entry);
    }
    Ok(entries)
}

fn take(rest: &mut &[u8]) -> Option<Option<Entry>> {
    let size = u32::from_le_bytes(chunk::<4>(rest)?) as usize;
    let (mut body, after) = rest.split_at_checked(size)?;
    *rest = after;
    let body = &mut body;
    let [op] = chunk::<1>(body)?;
    let result = i64::from_le_bytes(chunk(body)?);
    let errno = i32::from_le_bytes(chunk(body)?);
    let inode = u64::from_le_bytes(chunk(body)?);
    let offset = u64::from_le_bytes(chunk(body)?);
    let length = u64::from_le_bytes(chunk(body)?);
    let flags = u32::from_le_bytes(chunk(body)?);
    let path = name(body)?;
    let second = name(body)?;
    let op = match op {
        1 => Op::Open { made: flags >> 31 != 0 },
        2 => Op::Write,
        3 => Op::Truncate,
        4 => Op::Allocate,
        5 => Op::Rename,
        6 => Op::Unlink,
        7 => Op::MakeDir,
        8 => Op::RemoveDir,
        9 => Op::SyncBegins,
        10 => Op::SyncReturned,
        11 => Op::SyncRange,
        _ => return Some(None),
    };
    let data = body.to_vec();
    Some(Some(Entry { op, result, errno, inode, offset, length, path, second, data }))
}

fn chunk<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*head)
}

fn name(rest: &mut &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let size = u16::from_le_bytes(chunk(rest)?) as usize;
    let (name, after) = rest.split_at_checked(size)?;
    *rest = after;
    Some(PathBuf::from(std::ffi::OsStr::from_bytes(name)))
}
