//! The writer: takes space, writes a frame, syncs, and only then lets it be seen.
//!
//! Invariant: after any failure but a lack of space found before a write, nothing is written or
//! synced again through this writer. What this module does not do: it reads nothing back.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

use super::frame::{
    self, FRAME_HEADER_SIZE_BYTES, FrameHeader, FrameKind, encode_group, encode_mark,
};
use super::segment::{Boundary, HEADER_SIZE_BYTES, SegmentHeader, segment_path};
use crate::id::BookId;
use crate::position::Position;
use crate::store::{AppendError, Group, is_full};

/// How a journal is laid out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) book: BookId,
    pub(crate) epoch: u64,
    pub(crate) segment_size_bytes: u64,
    /// Free space below which nothing more is taken, so that the rest of the ledger can go on.
    pub(crate) spare_bytes: u64,
}

impl Layout {
    fn reserve_unit(&self) -> u32 {
        self.segment_size_bytes.clamp(HEADER_SIZE_BYTES, 4 << 20) as u32
    }
}

/// The writer of the open segment.
#[derive(Debug)]
pub(crate) struct JournalWriter {
    journal: PathBuf,
    layout: Layout,
    file: File,
    path: PathBuf,
    reserve_unit: u32,
    first: Position,
    offset: u64,
    size: u64,
    end: Boundary,
    frame: Vec<u8>,
    failed: bool,
}

/// Where a journal's open segment ends.
#[derive(Debug)]
pub(crate) struct Resume {
    pub(crate) path: PathBuf,
    pub(crate) first: Position,
    pub(crate) reserve_unit: u32,
    pub(crate) offset: u64,
    /// The last frame, which nothing after it proves to have been synced.
    pub(crate) last_frame_at: Option<u64>,
    pub(crate) end: Boundary,
}

/// A segment that will not be written to again.
#[derive(Debug, Clone)]
pub(crate) struct Rolled {
    pub(crate) first: Position,
    pub(crate) end: Boundary,
}

impl JournalWriter {
    /// Opens the last segment for writing where its good frames end.
    ///
    /// The last frame is written once more and synced: after an earlier process died or failed
    /// between write and sync, the system may show bytes that never reached the disk.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn resume(journal: &Path, layout: Layout, resume: Resume) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(&resume.path)?;
        let size = file.metadata()?.len();
        if let Some(at) = resume.last_frame_at {
            let mut bytes = vec![0u8; (resume.offset - at) as usize];
            file.read_exact_at(&mut bytes, at)?;
            file.write_all_at(&bytes, at)?;
        }
        file.sync_data()?;
        sync_dir(journal)?;
        Ok(JournalWriter {
            journal: journal.to_owned(),
            layout,
            file,
            path: resume.path,
            reserve_unit: resume.reserve_unit,
            first: resume.first,
            offset: resume.offset,
            size,
            end: resume.end,
            frame: Vec::new(),
            failed: false,
        })
    }

    /// Writes and syncs `group`; `end` is where the log will then end.
    ///
    /// Returns the segment that became full on the way, if one did.
    ///
    /// # Errors
    /// [`AppendError::DiskFull`] with nothing written, or a failure after which this writer
    /// refuses everything.
    pub(crate) fn append(
        &mut self,
        group: &Group,
        end: Boundary,
    ) -> Result<Option<Rolled>, AppendError> {
        self.refuse_if_failed()?;
        let size = frame::frame_size_bytes(group);
        let mark = FRAME_HEADER_SIZE_BYTES as u64;
        let full = self.offset + size + mark > self.layout.segment_size_bytes;
        let rolled = if full && self.offset > HEADER_SIZE_BYTES {
            Some(self.roll(size + mark)?)
        } else {
            None
        };
        self.reserve(size)?;
        let mut frame = std::mem::take(&mut self.frame);
        encode_group(group, self.layout.book, self.offset, self.end.recorded_at, &mut frame);
        let written = self.write_and_sync(&frame);
        frame.truncate(1 << 20);
        frame.shrink_to(1 << 20);
        self.frame = frame;
        written?;
        self.end = end;
        Ok(rolled)
    }

    /// Returns where the next frame goes.
    pub(crate) const fn place(&self) -> (Position, u64) {
        (self.first, self.offset)
    }

    /// Tells whether an earlier failure stopped this writer.
    pub(crate) const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Stops this writer for good.
    pub(crate) const fn fail(&mut self) {
        self.failed = true;
    }

    /// Marks the journal as closed in order and gives reserved space back.
    ///
    /// # Errors
    /// As for an append. A full disk is no failure: the mark is left out.
    pub(crate) fn close(&mut self) -> Result<(), AppendError> {
        self.refuse_if_failed()?;
        match self.mark(FrameKind::Closed) {
            Err(AppendError::DiskFull { .. }) => return Ok(()),
            marked => marked?,
        }
        let trimmed = self.file.set_len(self.offset).and_then(|()| self.file.sync_all());
        trimmed.map_err(|source| self.poison(source))
    }

    fn refuse_if_failed(&self) -> Result<(), AppendError> {
        if self.failed { Err(AppendError::ReadOnly) } else { Ok(()) }
    }

    /// Begins the next segment. The new file is complete and its name synced before the old one
    /// says that it goes on elsewhere.
    fn roll(&mut self, needed: u64) -> Result<Rolled, AppendError> {
        self.reserve(FRAME_HEADER_SIZE_BYTES as u64)?;
        let first = self.end.position();
        let path = segment_path(&self.journal, first, false);
        let (file, size) = create_segment(&self.journal, &path, &self.layout, &self.end, needed)
            .map_err(|failure| match failure {
                CreateFailure::Full { needed_bytes } => self.full(needed_bytes),
                CreateFailure::Failed(source) => self.poison(source),
            })?;
        self.mark(FrameKind::Rolled)?;
        let rolled = Rolled { first: self.first, end: self.end.clone() };
        self.file = file;
        self.path = path;
        self.first = first;
        self.reserve_unit = self.layout.reserve_unit();
        self.offset = HEADER_SIZE_BYTES;
        self.size = size;
        Ok(rolled)
    }

    fn mark(&mut self, kind: FrameKind) -> Result<(), AppendError> {
        self.reserve(FRAME_HEADER_SIZE_BYTES as u64)?;
        let header = FrameHeader {
            crc: 0,
            payload_size_bytes: 0,
            count: 0,
            first: self.end.position(),
            synced_offset: self.offset,
            next_key_slot: self.end.next_key_slot,
            recorded_at: self.end.recorded_at,
            kind,
        };
        let mut frame = Vec::with_capacity(FRAME_HEADER_SIZE_BYTES);
        encode_mark(&header, self.layout.book, &mut frame);
        self.write_and_sync(&frame)
    }

    /// Takes space for `needed` more bytes. The new size is synced before anything is written
    /// there: a file that ends short of its reserved size was cut by someone else.
    fn reserve(&mut self, needed: u64) -> Result<(), AppendError> {
        let wanted = self.offset + needed;
        if wanted <= self.size {
            return Ok(());
        }
        let size = wanted.next_multiple_of(u64::from(self.reserve_unit));
        let more = size - self.size;
        match take_space(&self.file, &self.journal, self.size, more, self.layout.spare_bytes) {
            Ok(()) => {}
            Err(error) if is_full(&error) => return Err(self.full(more)),
            Err(error) => return Err(self.poison(error)),
        }
        self.file.sync_data().map_err(|source| self.poison(source))?;
        self.size = size;
        Ok(())
    }

    fn write_and_sync(&mut self, frame: &[u8]) -> Result<(), AppendError> {
        if let Err((written, source)) = write_all(&self.file, frame, self.offset) {
            // Space was taken before, so a full disk here is rare (a copying file system); it is
            // safe to go on only when no byte of the frame stays behind.
            let undone =
                written == 0 || self.file.write_all_at(&vec![0u8; written], self.offset).is_ok();
            return Err(if is_full(&source) && undone {
                self.full(frame.len() as u64)
            } else {
                self.poison(source)
            });
        }
        self.file.sync_data().map_err(|source| self.poison(source))?;
        self.offset += frame.len() as u64;
        Ok(())
    }

    fn full(&self, needed_bytes: u64) -> AppendError {
        AppendError::DiskFull { needed_bytes, path: self.journal.display().to_string() }
    }

    fn poison(&mut self, source: io::Error) -> AppendError {
        self.failed = true;
        AppendError::StorageFailed { path: self.path.display().to_string(), source }
    }
}

/// Why a segment could not be made.
#[derive(Debug)]
pub(crate) enum CreateFailure {
    /// No space; nothing stays behind.
    Full { needed_bytes: u64 },
    /// Anything else.
    Failed(io::Error),
}

/// Makes an empty segment that starts at `start`, with space for at least `needed` bytes of frames.
pub(crate) fn create_segment(
    journal: &Path,
    path: &Path,
    layout: &Layout,
    start: &Boundary,
    needed: u64,
) -> Result<(File, u64), CreateFailure> {
    let unit = layout.reserve_unit();
    let size = (HEADER_SIZE_BYTES + needed).next_multiple_of(u64::from(unit));
    let header = SegmentHeader {
        sealed: false,
        reserve_unit: unit,
        book: layout.book,
        epoch: layout.epoch,
        start: start.clone(),
    };
    let unfinished = path.with_extension("seg.tmp");
    let attempt = || -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&unfinished)?;
        take_space(&file, journal, 0, size, layout.spare_bytes)?;
        write_all(&file, &header.encode(), 0).map_err(|(_, source)| source)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        Ok(file)
    };
    match attempt() {
        Ok(file) => {
            sync_dir(journal).map_err(CreateFailure::Failed)?;
            Ok((file, size))
        }
        Err(error) if is_full(&error) => {
            // What cannot be removed now is removed at the next opening.
            let _ = fs::remove_file(&unfinished);
            Err(CreateFailure::Full { needed_bytes: size })
        }
        Err(error) => Err(CreateFailure::Failed(error)),
    }
}

/// Syncs a directory, so that names made or changed in it last.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn take_space(file: &File, dir: &Path, from: u64, size: u64, spare: u64) -> io::Result<()> {
    let free = statvfs(dir).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize))?;
    if free < size.saturating_add(spare) {
        return Err(io::ErrorKind::StorageFull.into());
    }
    match fallocate(file, FallocateFlags::empty(), from, size) {
        // File systems without it: writing zeros takes the space as well.
        Err(rustix::io::Errno::OPNOTSUPP) => {
            let zeros = vec![0u8; 1 << 16];
            let mut at = from;
            while at < from + size {
                let part = (from + size - at).min(zeros.len() as u64) as usize;
                file.write_all_at(zeros.get(..part).unwrap_or_default(), at)?;
                at += part as u64;
            }
            Ok(())
        }
        taken => Ok(taken?),
    }
}

/// Writes everything, or says how much was written before it failed.
fn write_all(file: &File, bytes: &[u8], offset: u64) -> Result<(), (usize, io::Error)> {
    let mut written = 0usize;
    while let Some(rest) = bytes.get(written..).filter(|rest| !rest.is_empty()) {
        match file.write_at(rest, offset + written as u64) {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}
