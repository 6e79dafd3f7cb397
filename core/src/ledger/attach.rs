//! Files: taken in beside the writer, read beside the log.
//!
//! The writer is asked only for the key of the file's subject; hashing, sealing and syncing happen
//! on the caller's thread. A key may thereby be used before any event says whose it is. Such a key
//! is *lent*: the writer remembers for whom, and the vault keeps durably how far keys were lent, so
//! that after a crash no other subject ever gets one of them.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;

use tokio::sync::oneshot;

use super::batch::SubmitError;
use super::prepare::Desk;
use super::read::Reader;
use super::writer::Job;
use super::{Ledger, OpenedEvent};
use crate::attachment::media::{check_content, require_accepted};
use crate::attachment::{
    ATTACHMENT_SIZE_BYTES_MAX, AttachmentError, Content, Placed, Scratch, Stored, SubjectKey,
    take_in,
};
use crate::decide::state::{Delta, Draft};
use crate::decide::{Rejection, attachment};
use crate::event::attachment::{AttachmentAdded, MediaType};
use crate::event::{Body, Class, StreamId, Subject};
use crate::position::Position;
use crate::store::Head;
use crate::vault::{Key, VaultError};

/// Whose file comes, and what it is said to be.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The stream whose event it will belong to.
    pub stream: StreamId,
    /// Whose content it is.
    pub subject: Subject,
    /// What kind of content it is said to be.
    pub media_type: MediaType,
    /// The most bytes to take; never more than [`ATTACHMENT_SIZE_BYTES_MAX`].
    pub size_bytes_max: u64,
}

/// A file that is durable and waits for the event that names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uploaded {
    /// The file.
    pub stored: Stored,
    /// What was found in its place.
    pub placed: Placed,
}

/// Why a file was not taken in or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// The business says no.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The files.
    #[error(transparent)]
    Files(#[from] AttachmentError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
}

impl AttachError {
    /// Returns the stable code.
    pub fn code(&self) -> &'static str {
        match self {
            AttachError::Refused(rejection) => rejection.code(),
            AttachError::Files(error) => error.code(),
            AttachError::Ledger(error) => error.code(),
        }
    }
}

/// An attachment with its event, ready to be read.
pub struct AttachedFile {
    /// The event, its sections opened as far as the keys are there.
    pub opened: OpenedEvent,
    /// What it says.
    pub body: AttachmentAdded,
    /// The content.
    pub content: Content,
}

impl Upload {
    /// Says whose file comes, with the usual limit.
    pub const fn new(stream: StreamId, subject: Subject, media_type: MediaType) -> Upload {
        Upload { stream, subject, media_type, size_bytes_max: ATTACHMENT_SIZE_BYTES_MAX }
    }
}

impl Ledger {
    /// Takes a file in, sealed and durable, so that an `attach_file` request can name it. Blocks
    /// until all of the content has come; memory stays flat.
    ///
    /// # Errors
    /// [`AttachError`]; nothing is kept then.
    pub fn upload(&self, upload: &Upload, content: &mut dyn Read) -> Result<Uploaded, AttachError> {
        require_accepted(&upload.media_type)?;
        let (reply, answer) = oneshot::channel();
        let (stream, subject) = (upload.stream.clone(), upload.subject.clone());
        let job = Job::Lend(Loan { stream, subject, reply });
        self.jobs.send(job).map_err(|_| SubmitError::Closed)?;
        let subject = answer.blocking_recv().map_err(|_| SubmitError::Closed)??;
        let max = upload.size_bytes_max.min(ATTACHMENT_SIZE_BYTES_MAX);
        let mut watch = |before: u64, part: &[u8]| {
            if before + part.len() as u64 > max {
                return Err(AttachError::from(Rejection::AttachmentTooLarge { max }));
            }
            if before == 0 {
                check_content(&upload.media_type, part)?;
            }
            Ok(())
        };
        let attachments = &*self.reader.attachments;
        let (stored, placed) = take_in(attachments, &subject, content, &mut watch)?;
        Ok(Uploaded { stored, placed })
    }
}

impl Ledger {
    /// Takes content in that may be kept later or not at all; nothing of it can be read on the disk
    /// without `key`, which is to be random and forgotten.
    ///
    /// # Errors
    /// [`AttachmentError`]; nothing is left then.
    pub fn scratch(&self, key: &Key, content: &mut dyn Read) -> Result<Scratch, AttachmentError> {
        Scratch::take_in(&*self.reader.attachments, key, content)
    }
}

impl Reader {
    /// Opens the file that the attachment event at `position` names; nothing when the event there
    /// is not one.
    ///
    /// # Errors
    /// [`AttachError`]; a destroyed key is `key_destroyed`.
    pub fn attached_file(&self, position: Position) -> Result<Option<AttachedFile>, AttachError> {
        let Some((event, hash)) = self.event(position)? else { return Ok(None) };
        let opened = self.open_sections(event, hash)?;
        let Body::AttachmentAdded(body) = opened.event.body.clone() else { return Ok(None) };
        let key = |slot| {
            self.vault.key(slot).map_err(|error| AttachError::from(SubmitError::from(error)))
        };
        let content = Content::open(&*self.attachments, &body.attachment, key)?;
        Ok(Some(AttachedFile { opened, body, content }))
    }
}

/// A request for the key of a subject's files.
pub(super) struct Loan {
    stream: StreamId,
    subject: Subject,
    pub(super) reply: oneshot::Sender<Result<SubjectKey, AttachError>>,
}

/// The slots of one stream, by subject and class.
type Slots = BTreeMap<(Subject, Class), u64>;

/// Keys handed out before an event of the log uses them.
#[derive(Default)]
pub(super) struct Lent {
    slots: HashMap<StreamId, Slots>,
    /// Slots below it are not given to new subjects.
    until: u64,
}

impl Lent {
    /// Starts behind the slots that earlier openings lent.
    pub(super) fn until(until: u64) -> Lent {
        Lent { slots: HashMap::new(), until }
    }

    /// Returns what was lent for a stream.
    pub(super) fn of(&self, stream: &StreamId) -> Option<Slots> {
        self.slots.get(stream).cloned()
    }
}

impl Desk {
    /// Returns the first slot that neither the log nor a loan uses.
    pub(super) fn next_key_slot(&self, head: &Head) -> u64 {
        head.next_key_slot.max(self.lent.until)
    }

    /// Finds or makes the key that a loan asks for.
    pub(super) fn key_of(
        &mut self,
        loan: &Loan,
        head: &Head,
        next_key_slot: &mut u64,
    ) -> Result<SubjectKey, AttachError> {
        let Loan { stream, subject, .. } = loan;
        self.load(stream)?;
        let class = Class::Correspondence;
        let known = match self.states.get(stream) {
            Some(state) => {
                let mut delta = Delta::default();
                let draft = Draft::new(state, &mut delta);
                attachment::require_subject(subject, &draft)?;
                draft.key_slot(subject, class)
            }
            None => None,
        };
        let place = (subject.clone(), class);
        let lent = self.lent.slots.get(stream).and_then(|slots| slots.get(&place)).copied();
        let broken = |error: VaultError| SubmitError::from(error);
        let slot = match known.or(lent) {
            Some(slot) => slot,
            None => {
                let slot = *next_key_slot;
                self.vault.provision(slot + 1, &mut *self.entropy).map_err(broken)?;
                slot
            }
        };
        // A slot that only events on their way to the log use is as good as new.
        if slot >= head.next_key_slot && lent.is_none() {
            self.vault.lend(slot + 1).map_err(broken)?;
            self.lent.slots.entry(stream.clone()).or_default().insert(place, slot);
            self.lent.until = self.lent.until.max(slot + 1);
        }
        *next_key_slot = (*next_key_slot).max(self.lent.until);
        let key = self.vault.key(slot).map_err(broken)?;
        let mut spool_key = Key::default();
        self.entropy.fill(spool_key.as_mut_slice());
        Ok(SubjectKey { book: self.book.book, slot, key, spool_key })
    }
}
