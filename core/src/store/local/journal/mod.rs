//! The journal: the only truth of a ledger on disk, append-only, synced before every ack.
//!
//! What an acknowledged append survives: the end of the process at any moment, and the loss of
//! power, when the device keeps what it reported as synced. Its frame was written with one call into
//! space taken before, and `fdatasync` of the same file returned; the file itself, its name and its
//! size were synced before its first frame.
//!
//! Invariant: bytes of a frame are never changed once its append was acknowledged; a failed write or
//! sync is never tried again in the same process. What this folder does not do: it knows no terms,
//! no sled and no views.

pub(crate) mod frame;
pub(crate) mod scan;
pub(crate) mod seal;
pub(crate) mod segment;
pub(crate) mod writer;

use std::fs;
use std::path::Path;

use crate::store::StoreError;
use scan::io_error;
use segment::{SegmentFile, parse_name};

/// What a listing of the journal's folder found.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// One file per segment, ascending; the open form where both are there.
    pub(crate) segments: Vec<SegmentFile>,
    /// Sealed forms whose open form is still there, and unfinished files: all can be made again.
    pub(crate) leftovers: Vec<std::path::PathBuf>,
}

/// Lists the journal's files.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn list(journal: &Path) -> Result<Listing, StoreError> {
    let failed = |source| io_error("listing the journal", journal, source);
    let mut listing = Listing::default();
    for entry in fs::read_dir(journal).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        match parse_name(journal, name) {
            Some(segment) => listing.segments.push(segment),
            None if name.ends_with(".tmp") => listing.leftovers.push(entry.path()),
            None => {}
        }
    }
    listing.segments.sort_by_key(|segment| (segment.first, segment.sealed));
    listing.segments.dedup_by(|later, kept| {
        let twice = later.first == kept.first;
        if twice {
            listing.leftovers.push(later.path.clone());
        }
        twice
    });
    Ok(listing)
}
