//! What a file is packed in: nothing, gzip, or a zip archive with one file in it.
//!
//! Invariant: what comes out of a container is bounded by what went in; a bomb ends the import after
//! a bounded amount of work.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::read::{DeflateDecoder, MultiGzDecoder};
use zip::{CompressionMethod, ZipArchive};

use super::{Seekable, SourceError};
use crate::import::pattern;

/// Bytes that may come out of a container whatever its size.
const UNPACKED_SIZE_BYTES_FREE: u64 = 64 << 20;
/// Beyond them, how many times as large as the container its content may be.
const UNPACKED_RATIO_MAX: u64 = 250;
/// The most bytes all parts of a workbook may have together.
const WORKBOOK_SIZE_BYTES_MAX: u64 = 2 << 30;

/// What a file turned out to be.
pub enum Unpacked {
    /// Text that is read from its beginning to its end.
    Text(Box<dyn Read + Send>),
    /// An XLSX workbook.
    Workbook(Box<dyn Seekable>),
}

/// Beginnings of files that are no tables, with what they are called.
const OTHERS: [(&[u8], &str); 7] = [
    (b"\xD0\xCF\x11\xE0", "an old Excel file (.xls); save it as .xlsx or CSV"),
    (b"%PDF", "a PDF; export the table itself"),
    (b"7z\xBC\xAF\x27\x1C", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"BZh", "bzip2; unpack it first"),
    (b"\xFD7zXZ", "xz; unpack it first"),
    (b"\x28\xB5\x2F\xFD", "zstd; unpack it first"),
];

/// Finds out what a file is packed in, and unpacks it.
///
/// # Errors
/// [`SourceError`] when it is something else by its first bytes, or an archive of several files.
pub fn unpack(mut file: Box<dyn Seekable>, entry: Option<&str>) -> Result<Unpacked, SourceError> {
    let size = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut start = [0u8; 8];
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            read => filled += read,
        }
    }
    file.seek(SeekFrom::Start(0))?;
    let start = start.get(..filled).unwrap_or_default();
    if start.starts_with(&[0x1F, 0x8B]) {
        let unpacked = Bounded::new(MultiGzDecoder::new(BufReader::new(file)), size);
        return Ok(Unpacked::Text(Box::new(unpacked)));
    }
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        return zipped(file, entry);
    }
    match OTHERS.iter().find(|(bytes, _)| start.starts_with(bytes)) {
        Some((_, what)) => Err(SourceError::NotATable { what }),
        None => Ok(Unpacked::Text(Box::new(file))),
    }
}

/// Where an entry of an archive lies.
struct Entry {
    name: String,
    start: u64,
    size_bytes: u64,
    unpacked_size_bytes: u64,
    method: CompressionMethod,
}

fn zipped(file: Box<dyn Seekable>, wanted: Option<&str>) -> Result<Unpacked, SourceError> {
    let broken = |error: zip::result::ZipError| SourceError::Archive { problem: error.to_string() };
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(broken)?;
        let name = entry.name().map_err(broken)?.into_owned();
        if entry.is_dir() || name.starts_with("__MACOSX/") {
            continue;
        }
        if entry.encrypted() {
            let problem = format!("{name} is protected by a password");
            return Err(SourceError::Archive { problem });
        }
        let start = entry.data_start();
        let start = start.ok_or_else(|| SourceError::Archive { problem: name.clone() })?;
        entries.push(Entry {
            name,
            start,
            size_bytes: entry.compressed_size(),
            unpacked_size_bytes: entry.size(),
            method: entry.compression(),
        });
    }
    let mut file = archive.into_inner();
    if entries.iter().any(|entry| entry.name == "xl/workbook.xml") {
        let mut sum = 0;
        for entry in &entries {
            sum += check_size(&mut file, entry, WORKBOOK_SIZE_BYTES_MAX - sum)?;
        }
        file.seek(SeekFrom::Start(0))?;
        return Ok(Unpacked::Workbook(file));
    }
    let fits = |entry: &&Entry| wanted.is_none_or(|wanted| pattern::fits(wanted, &entry.name));
    let mut fitting = entries.iter().filter(fits);
    match (fitting.next(), fitting.next()) {
        (Some(entry), None) => {
            file.seek(SeekFrom::Start(entry.start))?;
            Ok(Unpacked::Text(content(file, entry)?))
        }
        _ => {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            Err(SourceError::Entries { names: names.join(", ") })
        }
    }
}

fn content(
    packed: impl Read + Send + 'static,
    entry: &Entry,
) -> Result<Box<dyn Read + Send>, SourceError> {
    let packed = packed.take(entry.size_bytes);
    match entry.method {
        CompressionMethod::Stored => Ok(Box::new(packed)),
        CompressionMethod::Deflated => {
            let unpacked = DeflateDecoder::new(BufReader::new(packed));
            Ok(Box::new(Bounded::new(unpacked, entry.size_bytes)))
        }
        method => {
            let problem = format!("{} is compressed with {method}", entry.name);
            Err(SourceError::Archive { problem })
        }
    }
}

/// Unpacks a part of a workbook once and throws it away, so that whoever reads it later is known to
/// get no more than it says it has.
fn check_size(file: &mut Box<dyn Seekable>, entry: &Entry, left: u64) -> Result<u64, SourceError> {
    let too_large = || SourceError::TooLarge { max: WORKBOOK_SIZE_BYTES_MAX };
    if entry.unpacked_size_bytes > left {
        return Err(too_large());
    }
    if entry.method == CompressionMethod::Stored {
        return Ok(entry.size_bytes);
    }
    file.seek(SeekFrom::Start(entry.start))?;
    let mut unpacked = DeflateDecoder::new(BufReader::new(file.take(entry.size_bytes)));
    let limit = entry.unpacked_size_bytes + 1;
    let read = io::copy(&mut unpacked.by_ref().take(limit), &mut io::sink())?;
    if read > entry.unpacked_size_bytes { Err(too_large()) } else { Ok(read) }
}

/// Ends with an error when far more comes out than went in.
struct Bounded<R> {
    input: R,
    left: u64,
}

impl<R> Bounded<R> {
    fn new(input: R, packed_size_bytes: u64) -> Bounded<R> {
        let most = packed_size_bytes.saturating_mul(UNPACKED_RATIO_MAX);
        Bounded { input, left: most.max(UNPACKED_SIZE_BYTES_FREE) }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.input.read(buffer)?;
        match self.left.checked_sub(size as u64) {
            Some(left) => self.left = left,
            None => return Err(io::Error::other(SourceError::Bomb { ratio: UNPACKED_RATIO_MAX })),
        }
        Ok(size)
    }
}
