//! Sealing: turning a full segment into its compressed, final form.
//!
//! Invariant: the open form is removed only after the sealed one was read back whole from the same
//! bytes, synced, renamed and its name synced; a stop at any moment leaves at least one whole form.
//! What this module does not do: it never touches the segment being written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::scan::{FrameReader, io_error};
use super::segment::{Boundary, ChunkHeader, SegmentFile, SegmentHeader, Trailer, segment_path};
use super::writer::{Rolled, sync_dir};
use crate::position::Position;
use crate::store::StoreError;

/// Raw bytes after which a chunk ends.
const CHUNK_SIZE_BYTES: usize = 1 << 20;

/// zstd's level: about 0.55 of the size at more than 100 MB/s.
const LEVEL: i32 = 3;

/// Seals the segment and removes its open form.
///
/// # Errors
/// [`StoreError`]; the open form is then still there.
pub(crate) fn seal(journal: &Path, rolled: &Rolled) -> Result<(), StoreError> {
    let open = SegmentFile {
        first: rolled.first,
        sealed: false,
        path: segment_path(journal, rolled.first, false),
    };
    let sealed = SegmentFile {
        first: rolled.first,
        sealed: true,
        path: segment_path(journal, rolled.first, true),
    };
    let unfinished = sealed.path.with_extension("segz.tmp");
    let failed = |source| io_error("sealing a journal segment", &unfinished, source);
    let content = write_sealed(&open, &unfinished, &rolled.end)?;
    fs::rename(&unfinished, &sealed.path).map_err(failed)?;
    sync_dir(journal).map_err(failed)?;
    if content_of(&sealed)? != content {
        return Err(StoreError::Corrupt {
            path: sealed.path.display().to_string(),
            offset: 0,
            position: rolled.first,
            last_good_at: rolled.end.recorded_at,
            problem: "the sealed form does not read back as it was written",
        });
    }
    fs::remove_file(&open.path).map_err(failed)?;
    sync_dir(journal).map_err(failed)
}

/// Returns the SHA-256 of a segment's frames, reading it whole.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn content_of(segment: &SegmentFile) -> Result<[u8; 32], StoreError> {
    let mut reader = FrameReader::open(segment)?;
    let mut content = Sha256::new();
    while let Some(frame) = reader.next_frame()? {
        content.update(&frame.bytes);
    }
    Ok(content.finalize().into())
}

fn write_sealed(open: &SegmentFile, path: &Path, end: &Boundary) -> Result<[u8; 32], StoreError> {
    let failed = |source| io_error("sealing a journal segment", path, source);
    let mut reader = FrameReader::open(open)?;
    let mut file = File::create(path).map_err(failed)?;
    let header = SegmentHeader { sealed: true, ..reader.header.clone() };
    file.write_all(&header.encode()).map_err(failed)?;
    let mut content = Sha256::new();
    let mut packer = zstd::bulk::Compressor::new(LEVEL).map_err(failed)?;
    let mut chunk = Vec::with_capacity(CHUNK_SIZE_BYTES + (CHUNK_SIZE_BYTES >> 2));
    let mut chunk_first = reader.position();
    let mut chunk_offset = reader.offset();
    while let Some(frame) = reader.next_frame()? {
        content.update(&frame.bytes);
        chunk.extend_from_slice(&frame.bytes);
        if chunk.len() >= CHUNK_SIZE_BYTES {
            put_chunk(&mut file, &mut packer, chunk_first, chunk_offset, &mut chunk)
                .map_err(failed)?;
            chunk_first = reader.position();
            chunk_offset = reader.offset();
        }
    }
    reader.judge_tail()?;
    if reader.position() != end.position() {
        return Err(reader.corrupt("the segment ends before the next one begins"));
    }
    put_chunk(&mut file, &mut packer, chunk_first, chunk_offset, &mut chunk).map_err(failed)?;
    let content_sha256: [u8; 32] = content.finalize().into();
    let trailer = Trailer { end: end.clone(), raw_end: reader.offset(), content_sha256 };
    file.write_all(&trailer.encode()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(content_sha256)
}

fn put_chunk(
    file: &mut File,
    packer: &mut zstd::bulk::Compressor<'_>,
    first: Position,
    raw_offset: u64,
    chunk: &mut Vec<u8>,
) -> io::Result<()> {
    if chunk.is_empty() {
        return Ok(());
    }
    let packed = packer.compress(chunk)?;
    file.write_all(&ChunkHeader::encode(first, raw_offset, chunk.len() as u32, &packed))?;
    file.write_all(&packed)?;
    chunk.clear();
    Ok(())
}
