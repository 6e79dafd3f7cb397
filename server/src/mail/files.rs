//! The files of a message: the message as it was received, and what it carries.
//!
//! Both are attachments of the event the message became. The message itself holds everything; the
//! files in it are listed apart so that people can open them without a mail program. Equal contents
//! of one customer are stored once.

use std::io::Read;

use daybook_core::decide::Request;
use daybook_core::decide::command::AttachFile;
use daybook_core::event::attachment::MediaType;
use daybook_core::event::{BookStream, StreamId, Subject};
use daybook_core::id::{CustomerCode, Line, MailId, RequestKey, TextError};
use daybook_core::ledger::Ledger;
use daybook_core::ledger::attach::{AttachError, Upload};
use daybook_core::time::Timestamp;

use super::content::request;
use super::letter::{Letter, Part};

/// The media type of a message as it was received (RFC 2046, 5.2.1).
pub const MESSAGE: &str = "message/rfc822";
/// The media type of bytes about which nothing is known.
const BYTES: &str = "application/octet-stream";

/// Whose files are attached, and when the event they belong to was so.
pub struct Owner<'a> {
    /// The customer, or nobody for a held message.
    pub customer: Option<&'a CustomerCode>,
    /// The message.
    pub mail: &'a MailId,
    /// The time of the event.
    pub at: Timestamp,
}

/// Why a message's files could not be attached.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// The files or the ledger.
    #[error(transparent)]
    Attach(#[from] AttachError),
    /// A name that does not fit, although it was cut.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Uploads a message and its files and returns the requests that attach them to the event the
/// unit's request before becomes.
///
/// # Errors
/// [`FilesError`]. A file in the message that is not taken for itself (a program, say) is no error:
/// it stays in the message.
pub fn attach(
    ledger: &Ledger,
    owner: &Owner<'_>,
    letter: &Letter,
    raw: &[u8],
) -> Result<Vec<Request>, FilesError> {
    let key = |place: usize| super::content::request_key(letter, &format!(":file:{place}"));
    let name = Line::new("message.eml")?;
    let file = File { name: Some(name), media_type: media_type(MESSAGE) };
    let mut requests = vec![one(ledger, owner, file, &mut &*raw, key(0)?)?];
    for (place, part) in letter.parts.iter().enumerate() {
        if let Some(request) = listed(ledger, owner, part, key(place + 1)?)? {
            requests.push(request);
        }
    }
    Ok(requests)
}

/// A file's name and type.
pub struct File {
    /// The name.
    pub name: Option<Line>,
    /// The type.
    pub media_type: MediaType,
}

/// Uploads one file and returns the request that attaches it.
///
/// # Errors
/// [`FilesError`].
pub fn one(
    ledger: &Ledger,
    owner: &Owner<'_>,
    file: File,
    content: &mut dyn Read,
    key: RequestKey,
) -> Result<Request, FilesError> {
    let (stream, subject) = match owner.customer {
        Some(customer) => (StreamId::Customer(customer.clone()), Subject::Customer),
        None => (StreamId::Book(BookStream::Mail), Subject::Mail(owner.mail.clone())),
    };
    let upload = Upload::new(stream, subject.clone(), file.media_type.clone());
    let uploaded = ledger.upload(&upload, content)?;
    let command = AttachFile {
        attachment: uploaded.stored.attachment,
        event: None,
        subject,
        media_type: file.media_type,
        name: file.name,
        note: None,
    };
    Ok(request(owner.customer, owner.at, key, command))
}

/// Uploads a file that a message carries, unless it is not taken for itself.
fn listed(
    ledger: &Ledger,
    owner: &Owner<'_>,
    part: &Part,
    key: RequestKey,
) -> Result<Option<Request>, FilesError> {
    let name = part.name.as_deref().map(Line::new).transpose()?;
    // Many programs name a wrong type; the bytes are then attached as bytes.
    for kind in [part.media_type.as_str(), BYTES] {
        let Ok(media_type) = MediaType::new(kind) else { continue };
        let file = File { name: name.clone(), media_type };
        match one(ledger, owner, file, &mut part.bytes.as_slice(), key.clone()) {
            Ok(request) => return Ok(Some(request)),
            Err(FilesError::Attach(AttachError::Refused(_))) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

#[allow(clippy::expect_used, reason = "the types of this file are media types")]
fn media_type(text: &str) -> MediaType {
    MediaType::new(text).expect("a media type")
}
