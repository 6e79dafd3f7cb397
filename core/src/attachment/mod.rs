//! Attachments: the content of files, sealed per subject, in a store beside the journal.
//!
//! An upload runs once through a keyed hash into a spool, and from there sealed into its final
//! file, which is synced before anybody hears of it. Stored bytes follow from the subject's key and
//! the content alone, so one content of one subject is one file however often it comes in, and
//! files of different subjects never say that they are equal.
//!
//! Invariant: no byte of content is written unsealed, not even to a temporary file; a file of a
//! final name is whole. What this module does not do: it knows no event. Which file belongs to
//! which event, and whose it is, is said by the log ([`crate::event::attachment`]).

mod check;
mod files;
pub mod format;
mod intake;
pub mod media;
mod memory;
mod read;
mod scratch;

use std::io::{self, Read, Seek, Write};

pub(crate) use check::note;
pub use check::{Damage, FilesReport, NamedFile, Problem, check_files};
pub use files::FileAttachments;
pub use intake::{Placed, Stored, SubjectKey, Watch, take_in};
pub use memory::MemoryAttachments;
pub(crate) use read::find;
pub use read::{Content, is_whole};
pub use scratch::{Scratch, ScratchReader};

use crate::event::attachment::AttachmentId;

/// The folder of the attachments inside the book's directory.
pub const ATTACHMENTS_DIR: &str = "attachments";

/// The most bytes of content one attachment may have.
pub const ATTACHMENT_SIZE_BYTES_MAX: u64 = 2 << 30;

/// Why content could not be stored or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachmentError {
    /// There was no space; what was written of the upload is removed again.
    #[error("the disk is full: an attachment found no space under {path}")]
    DiskFull {
        /// Where.
        path: String,
    },
    /// The disk failed.
    #[error("{what} failed at {path}")]
    Io {
        /// What was attempted.
        what: &'static str,
        /// Where.
        path: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file the log names is not there.
    #[error("the attachment's file {path} is missing")]
    Missing {
        /// Where it should be.
        path: String,
    },
    /// A file is not what was stored.
    #[error("the attachment's file {path} is damaged: {problem}")]
    Damaged {
        /// The file.
        path: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// Whoever sends the content broke off.
    #[error("the content broke off after {received_bytes} bytes")]
    BrokeOff {
        /// Bytes that had arrived.
        received_bytes: u64,
        /// What the reader said.
        #[source]
        source: io::Error,
    },
}

impl AttachmentError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            AttachmentError::DiskFull { .. } => "disk_full",
            AttachmentError::Io { .. } => "storage_failed",
            AttachmentError::Missing { .. } => "attachment_missing",
            AttachmentError::Damaged { .. } => "attachment_damaged",
            AttachmentError::BrokeOff { .. } => "upload_broke_off",
        }
    }
}

/// A file that has no name yet. Dropping it removes it.
pub trait Temporary: Read + Write + Seek + Send {
    /// Makes everything written durable under the name of `id`, in place of any earlier file.
    ///
    /// # Errors
    /// What the disk said; nothing is named then, or the earlier file still is.
    fn keep(self: Box<Self>, id: &AttachmentId) -> io::Result<()>;
}

/// A stored file that can be read from any place on.
pub trait Stream: Read + Seek + Send {}

impl<T: Read + Seek + Send> Stream for T {}

/// Where sealed files are kept.
pub trait AttachmentStore: Send + Sync + 'static {
    /// Makes a file without a name.
    ///
    /// # Errors
    /// What the disk said.
    fn temporary(&self) -> io::Result<Box<dyn Temporary>>;

    /// Opens a file, or returns nothing when there is none of this name.
    ///
    /// # Errors
    /// What the disk said.
    fn open(&self, id: &AttachmentId) -> io::Result<Option<Box<dyn Stream>>>;

    /// Makes sure that a file which is there stays there: name and content are synced, unless this
    /// store did so before.
    ///
    /// # Errors
    /// What the disk said.
    fn settle(&self, id: &AttachmentId) -> io::Result<()>;

    /// Returns where a file is or would be, for people.
    fn place(&self, id: &AttachmentId) -> String;

    /// Tells whether `size_bytes` more may be written; a store keeps some space for the journal.
    ///
    /// # Errors
    /// An error of kind `StorageFull`, or what the disk said.
    fn require_space(&self, size_bytes: u64) -> io::Result<()>;
}

/// Sorts what the disk said into a lack of space and everything else.
pub(crate) fn failed(what: &'static str, path: String, source: io::Error) -> AttachmentError {
    if crate::store::is_full(&source) {
        AttachmentError::DiskFull { path }
    } else {
        AttachmentError::Io { what, path, source }
    }
}
