//! Reading segments frame by frame, and judging what stands after the last good frame.
//!
//! Invariant: a frame is handed out only when its checksum, its own offset and its position are
//! right; what is wrong is named with file, offset and first bad position. What this module does
//! not do: it changes no file.
//!
//! Only one group is ever between its write and its sync. So a bad frame with a good frame anywhere
//! after it was confirmed once and is damage; a bad frame with nothing good after it may be the
//! group that was being written when the machine stopped.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::frame::{self, FRAME_HEADER_SIZE_BYTES, FRAME_MAGIC, FrameHeader, FrameKind};
use super::segment::{
    CHUNK_HEADER_SIZE_BYTES, ChunkHeader, HEADER_SIZE_BYTES, SegmentFile, SegmentHeader, Trailer,
};
use crate::id::BookId;
use crate::position::Position;
use crate::store::StoreError;
use crate::time::Timestamp;

/// Bytes read at a time.
const WINDOW_SIZE_BYTES: usize = 1 << 20;

/// One frame as read.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) header: FrameHeader,
    /// Where it stands in the open form of the segment.
    pub(crate) offset: u64,
    /// The whole frame.
    pub(crate) bytes: Bytes,
}

impl Frame {
    /// Returns where the frame's events stand in its bytes; nothing when the lengths do not fit.
    pub(crate) fn event_ranges(&self) -> Option<Vec<Range<usize>>> {
        frame::split_ranges(&self.bytes, FRAME_HEADER_SIZE_BYTES, self.header.count)
    }

    /// Returns the frame's events; nothing when the payload's lengths do not fit.
    pub(crate) fn events(&self) -> Option<Vec<Bytes>> {
        let payload = self.bytes.slice(FRAME_HEADER_SIZE_BYTES.min(self.bytes.len())..);
        frame::split_payload(&payload, self.header.count)
    }
}

/// Reads the frames of one segment in order.
#[derive(Debug)]
pub(crate) struct FrameReader {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) trailer: Option<Trailer>,
    file: File,
    size: u64,
    /// Where the next chunk stands in a sealed file.
    chunk_at: u64,
    chunks_end: u64,
    window: Bytes,
    window_at: u64,
    offset: u64,
    next: Position,
    recorded_at: Timestamp,
    last: Option<(u64, FrameHeader)>,
    stopped_by: &'static str,
}

impl FrameReader {
    /// Opens a segment at its first frame.
    ///
    /// # Errors
    /// [`StoreError::Io`], or [`StoreError::Corrupt`] when header or trailer are wrong.
    pub(crate) fn open(segment: &SegmentFile) -> Result<FrameReader, StoreError> {
        let path = segment.path.clone();
        let failed = |source| io_error("reading a journal segment", &segment.path, source);
        let bad = |offset, problem| StoreError::Corrupt {
            path: segment.path.display().to_string(),
            offset,
            position: segment.first,
            last_good_at: Timestamp::default(),
            problem,
        };
        let file = File::open(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut page = vec![0u8; HEADER_SIZE_BYTES.min(size) as usize];
        file.read_exact_at(&mut page, 0).map_err(failed)?;
        let header = SegmentHeader::parse(&page).map_err(|problem| bad(0, problem))?;
        if header.start.position() != segment.first {
            return Err(bad(40, "the segment's name does not fit its first position"));
        }
        if header.sealed != segment.sealed {
            return Err(bad(0, "the segment's name does not fit its kind"));
        }
        let mut chunks_end = HEADER_SIZE_BYTES;
        let mut trailer = None;
        if header.sealed {
            let (found, at) =
                Trailer::read(&file).map_err(failed)?.map_err(|problem| bad(size, problem))?;
            chunks_end = at;
            trailer = Some(found);
        }
        Ok(FrameReader {
            path,
            next: header.start.position(),
            recorded_at: header.start.recorded_at,
            header,
            trailer,
            file,
            size,
            chunk_at: HEADER_SIZE_BYTES,
            chunks_end,
            window: Bytes::new(),
            window_at: HEADER_SIZE_BYTES,
            offset: HEADER_SIZE_BYTES,
            last: None,
            stopped_by: "",
        })
    }

    /// Skips what can be skipped without reading it, so that the next frame is at or before
    /// `position`.
    ///
    /// # Errors
    /// As [`FrameReader::next_frame`].
    pub(crate) fn skip_towards(&mut self, position: Position) -> Result<(), StoreError> {
        if !self.header.sealed {
            return Ok(());
        }
        while let Some((chunk, _)) = self.chunk_header_at(self.chunk_at)? {
            let after = self.chunk_at + chunk_size(&chunk);
            match self.chunk_header_at(after)? {
                Some((following, _)) if following.first <= position => {
                    self.chunk_at = after;
                    self.next = following.first;
                    self.offset = following.raw_offset;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Goes on at a frame of an open segment that an earlier reading found at this place.
    pub(crate) fn seek(&mut self, mark: &Mark) {
        if !self.header.sealed {
            self.offset = mark.offset;
            self.next = mark.position;
            self.recorded_at = mark.recorded_at;
            self.window = Bytes::new();
            self.window_at = mark.offset;
        }
    }

    /// Returns the place reached, for [`FrameReader::seek`].
    pub(crate) const fn mark(&self) -> Mark {
        Mark { position: self.next, offset: self.offset, recorded_at: self.recorded_at }
    }

    /// Returns the next frame, or nothing at the end: of a sealed segment after its trailer was
    /// found to agree, of an open one where good frames stop.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, StoreError> {
        let bytes = self.fill(FRAME_HEADER_SIZE_BYTES)?;
        if bytes.is_empty() && self.header.sealed {
            return self.finish_sealed();
        }
        let judged = match FrameHeader::parse(&bytes) {
            None => Err(if bytes.iter().all(|byte| *byte == 0) { "" } else { "no frame starts" }),
            Some(header) => Ok(header),
        };
        let header = match judged.and_then(|header| self.fits(header)) {
            Ok(header) => header,
            Err(problem) => return self.stop(problem),
        };
        let size = usize::try_from(header.frame_size_bytes()).unwrap_or(usize::MAX);
        let bytes = self.fill(size)?;
        if bytes.len() < size {
            return self.stop("the frame is cut off");
        }
        let bytes = bytes.slice(..size);
        let payload = bytes.get(FRAME_HEADER_SIZE_BYTES..).unwrap_or_default();
        if frame::checksum(&bytes, payload, self.header.book) != header.crc {
            return self.stop("the frame's checksum is wrong");
        }
        let frame = Frame { header, offset: self.offset, bytes };
        self.last = Some((self.offset, header));
        self.offset += header.frame_size_bytes();
        self.next = Position(self.next.0 + u64::from(header.count));
        self.recorded_at = header.recorded_at;
        Ok(Some(frame))
    }

    /// Returns where the good frames read so far end, in the open form of the segment.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the position after the good frames read so far.
    pub(crate) const fn position(&self) -> Position {
        self.next
    }

    /// Returns when the last event read so far was recorded.
    pub(crate) const fn recorded_at(&self) -> Timestamp {
        self.recorded_at
    }

    /// Returns the last good frame and where it stands.
    pub(crate) const fn last(&self) -> Option<(u64, FrameHeader)> {
        self.last
    }

    /// Returns the file's size.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns damage at the place reached.
    pub(crate) fn corrupt(&self, problem: &'static str) -> StoreError {
        StoreError::Corrupt {
            path: self.path.display().to_string(),
            offset: if self.header.sealed { self.chunk_at } else { self.offset },
            position: self.next,
            last_good_at: self.recorded_at,
            problem,
        }
    }

    /// Judges what follows the good frames of an open segment; call it after
    /// [`FrameReader::next_frame`] returned nothing.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when confirmed frames are damaged or cut off.
    pub(crate) fn judge_tail(&self) -> Result<Tail, StoreError> {
        let failed = |source| io_error("reading a journal segment", &self.path, source);
        let rest = usize::try_from(self.size.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let last_kind = self.last.map(|(_, header)| header.kind);
        let mut used = 0usize;
        let mut at = self.offset;
        let mut window = vec![0u8; WINDOW_SIZE_BYTES.min(rest)];
        while at < self.size {
            let size = (self.size - at).min(window.len() as u64) as usize;
            let part = window.get_mut(..size).unwrap_or_default();
            self.file.read_exact_at(part, at).map_err(failed)?;
            if let Some(last) = part.iter().rposition(|byte| *byte != 0) {
                used = (at - self.offset) as usize + last + 1;
            }
            at += size as u64;
        }
        let book = self.header.book;
        if used > 0
            && later_frame(&self.file, self.offset, used, self.size, book).map_err(failed)?
        {
            return Err(self.corrupt(if self.stopped_by.is_empty() {
                "zeros where a confirmed frame was"
            } else {
                self.stopped_by
            }));
        }
        let reserved = self.offset.next_multiple_of(u64::from(self.header.reserve_unit));
        let marked = matches!(last_kind, Some(FrameKind::Closed | FrameKind::Rolled));
        if !marked && self.size < reserved {
            return Err(self.corrupt("the file is shorter than what was reserved for it"));
        }
        Ok(Tail { used, problem: self.stopped_by })
    }

    fn fits(&self, header: FrameHeader) -> Result<FrameHeader, &'static str> {
        if header.synced_offset != self.offset {
            return Err("the frame was written for another place");
        }
        if header.first != self.next {
            return Err("the frame's position does not follow the one before");
        }
        if header.recorded_at < self.recorded_at {
            return Err("the frame's time is before that of the one before");
        }
        Ok(header)
    }

    fn stop(&mut self, problem: &'static str) -> Result<Option<Frame>, StoreError> {
        if self.header.sealed {
            return Err(self.corrupt(problem));
        }
        self.stopped_by = problem;
        Ok(None)
    }

    fn finish_sealed(&self) -> Result<Option<Frame>, StoreError> {
        match &self.trailer {
            Some(trailer)
                if trailer.raw_end == self.offset && trailer.end.position() == self.next =>
            {
                Ok(None)
            }
            _ => Err(self.corrupt("the sealed segment holds less or more than its trailer says")),
        }
    }

    /// Returns what is there from the current offset on: at least `wanted` bytes unless the
    /// segment ends before.
    fn fill(&mut self, wanted: usize) -> Result<Bytes, StoreError> {
        let skip = usize::try_from(self.offset - self.window_at).unwrap_or(usize::MAX);
        if skip <= self.window.len() && self.window.len() - skip >= wanted {
            return Ok(self.window.slice(skip..));
        }
        if self.header.sealed {
            let left = self.window.slice(skip.min(self.window.len())..);
            if !left.is_empty() {
                return Ok(left);
            }
            self.window = self.next_chunk()?;
            self.window_at = self.offset;
            return Ok(self.window.clone());
        }
        let rest = self.size.saturating_sub(self.offset);
        let size = rest.min(wanted.max(WINDOW_SIZE_BYTES) as u64) as usize;
        let mut bytes = vec![0u8; size];
        self.file
            .read_exact_at(&mut bytes, self.offset)
            .map_err(|source| io_error("reading a journal segment", &self.path, source))?;
        self.window = Bytes::from(bytes);
        self.window_at = self.offset;
        Ok(self.window.clone())
    }

    fn chunk_header_at(&self, at: u64) -> Result<Option<(ChunkHeader, Vec<u8>)>, StoreError> {
        if at >= self.chunks_end {
            return Ok(None);
        }
        let mut bytes = vec![0u8; CHUNK_HEADER_SIZE_BYTES];
        self.file
            .read_exact_at(&mut bytes, at)
            .map_err(|source| io_error("reading a journal segment", &self.path, source))?;
        match ChunkHeader::parse(&bytes) {
            Some(chunk) if at + chunk_size(&chunk) <= self.chunks_end => Ok(Some((chunk, bytes))),
            _ => Err(self.corrupt("a sealed chunk's header is wrong")),
        }
    }

    fn next_chunk(&mut self) -> Result<Bytes, StoreError> {
        let Some((chunk, header)) = self.chunk_header_at(self.chunk_at)? else {
            return Ok(Bytes::new());
        };
        let mut packed = vec![0u8; chunk.packed_size_bytes as usize];
        self.file
            .read_exact_at(&mut packed, self.chunk_at + CHUNK_HEADER_SIZE_BYTES as u64)
            .map_err(|source| io_error("reading a journal segment", &self.path, source))?;
        if ChunkHeader::checksum(&header, &packed) != chunk.crc {
            return Err(self.corrupt("a sealed chunk's checksum is wrong"));
        }
        if chunk.first != self.next || chunk.raw_offset != self.offset {
            return Err(self.corrupt("a sealed chunk does not follow the one before"));
        }
        let raw = zstd::bulk::decompress(&packed, chunk.raw_size_bytes as usize)
            .map_err(|_| self.corrupt("a sealed chunk does not unpack"))?;
        if raw.len() != chunk.raw_size_bytes as usize {
            return Err(self.corrupt("a sealed chunk does not unpack to its size"));
        }
        self.chunk_at += chunk_size(&chunk);
        Ok(Bytes::from(raw))
    }
}

/// The start of a frame in an open segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) position: Position,
    pub(crate) offset: u64,
    pub(crate) recorded_at: Timestamp,
}

/// What stands after the good frames of an open segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Bytes up to the last one that is not zero; 0 when the segment ends in order.
    pub(crate) used: usize,
    /// What stopped the reading.
    pub(crate) problem: &'static str,
}

fn chunk_size(chunk: &ChunkHeader) -> u64 {
    CHUNK_HEADER_SIZE_BYTES as u64 + u64::from(chunk.packed_size_bytes)
}

/// Tells whether a valid frame starts anywhere after `from` within `size` bytes.
fn later_frame(
    file: &File,
    from: u64,
    size: usize,
    file_size: u64,
    book: BookId,
) -> io::Result<bool> {
    let mut bytes = vec![0u8; size];
    file.read_exact_at(&mut bytes, from)?;
    let mut at = 1usize;
    while let Some(found) = find(bytes.get(at..).unwrap_or_default(), &FRAME_MAGIC) {
        at += found;
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some(header) = FrameHeader::parse(rest)
            && header.synced_offset == from + at as u64
        {
            // A frame's last bytes may be zeros that `size` left out.
            if header.synced_offset + header.frame_size_bytes() <= file_size {
                let mut whole = rest.to_vec();
                whole.resize(header.frame_size_bytes() as usize, 0);
                let payload = whole.get(FRAME_HEADER_SIZE_BYTES..).unwrap_or_default();
                if frame::checksum(&whole, payload, book) == header.crc {
                    return Ok(true);
                }
            }
        }
        at += 1;
    }
    Ok(false)
}

fn find(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

/// Returns an I/O failure of the store.
pub(crate) fn io_error(what: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io { what, path: path.display().to_string(), source }
}
