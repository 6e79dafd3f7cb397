//! A message as events carry it: bounded texts, opaque ids, the interaction it becomes.

use daybook_core::decide::Request;
use daybook_core::event::Section;
use daybook_core::event::interaction::{
    Correspondence, Direction, InteractionChannel, InteractionRecorded,
};
use daybook_core::event::mail::{MailContent, MailPart, MailParty};
use daybook_core::id::{
    ContactId, CustomerCode, InteractionId, Line, MailId, Note, RequestKey, TextError, ThreadId,
};
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::ExpectedVersion;
use daybook_core::time::Timestamp;

use super::letter::{Letter, Party};
use super::words::fitted;

/// The most bytes of a message's text an event carries; the rest is in the attached message.
const TEXT_SIZE_BYTES_MAX: usize = 4000;
/// The most bytes of a subject or id.
const HEADER_SIZE_BYTES_MAX: usize = 998;
/// The most bytes all parties of one kind together may take.
const PARTIES_SIZE_BYTES_MAX: usize = 6000;

/// Why a message could not be put into events.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// A key was not to be had.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// A text does not fit, although it was cut.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Returns the id of a message: a keyed mark of what makes it itself.
///
/// # Errors
/// [`ContentError`].
pub fn mail_id(reader: &Reader, letter: &Letter) -> Result<MailId, ContentError> {
    Ok(MailId::new(opaque(reader, "M", &["mail", &letter.fingerprint])?)?)
}

/// Returns the id of a conversation within one customer.
///
/// # Errors
/// [`ContentError`].
pub fn thread_id(
    reader: &Reader,
    customer: &CustomerCode,
    root: &str,
) -> Result<ThreadId, ContentError> {
    Ok(ThreadId::new(opaque(reader, "TH", &["mail thread", customer.as_str(), root])?)?)
}

fn opaque(reader: &Reader, prefix: &str, words: &[&str]) -> Result<String, SubmitError> {
    let mark = reader.keyed_mark(words)?;
    Ok(format!("{prefix}-{}", daybook_core::codec::layout::hex(mark.split_at(8).0)))
}

/// Returns the key by which requests about a message are recognised.
///
/// # Errors
/// Never for the words used here.
pub fn request_key(letter: &Letter, what: &str) -> Result<RequestKey, TextError> {
    RequestKey::new(format!("mail:{}{what}", letter.fingerprint))
}

/// Returns what an event carries of a message.
///
/// # Errors
/// Never: texts are cut to what fits.
pub fn content(letter: &Letter) -> Result<MailContent, TextError> {
    let note = |text: Option<&String>, max: usize| {
        text.and_then(|text| fitted(text, max, true)).map(Note::new).transpose()
    };
    Ok(MailContent {
        message_id: note(letter.message_id.as_ref(), HEADER_SIZE_BYTES_MAX)?,
        thread_root: note(letter.thread_root.as_ref(), HEADER_SIZE_BYTES_MAX)?,
        subject: note(letter.subject.as_ref(), HEADER_SIZE_BYTES_MAX)?,
        from: parties(&letter.from)?,
        to: parties(&letter.to)?,
        cc: parties(&letter.cc)?,
        text: note(letter.text.as_ref(), TEXT_SIZE_BYTES_MAX)?,
    })
}

fn parties(parties: &[Party]) -> Result<Vec<MailParty>, TextError> {
    let (mut fit, mut size) = (Vec::new(), 0);
    for party in parties {
        let Some(address) = fitted(&party.address, Line::SIZE_BYTES_MAX, false) else { continue };
        let name = party.name.as_deref().and_then(|name| fitted(name, 120, false));
        size += address.len() + name.as_ref().map_or(0, String::len);
        if size > PARTIES_SIZE_BYTES_MAX {
            break;
        }
        fit.push(MailParty {
            name: name.map(Line::new).transpose()?,
            address: Line::new(address)?,
        });
    }
    Ok(fit)
}

/// What an interaction says of a message besides its content.
pub struct Recorded {
    /// The message.
    pub mail: MailId,
    /// Who began.
    pub direction: Direction,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// The contacts among its parties.
    pub contacts: Vec<ContactId>,
    /// Whether it was held before.
    pub held: bool,
}

/// Builds the interaction a message becomes at a customer.
///
/// # Errors
/// [`ContentError`].
pub fn interaction(
    reader: &Reader,
    customer: &CustomerCode,
    recorded: Recorded,
    content: MailContent,
) -> Result<InteractionRecorded, ContentError> {
    let Recorded { mail, direction, sent_at, contacts, held } = recorded;
    // A message that names no conversation is one of its own.
    let root = content.thread_root.as_ref().map_or(mail.as_str(), |root| root.as_str());
    let thread = thread_id(reader, customer, root)?;
    let summary = content.subject.clone();
    let said = Correspondence { summary, place: None, next_step: None };
    Ok(InteractionRecorded {
        interaction: InteractionId::new(mail.as_str())?,
        channel: InteractionChannel::Email,
        direction,
        started_at: sent_at,
        ended_at: None,
        unknown_caller: contacts.is_empty(),
        contacts,
        staff: Vec::new(),
        about: None,
        verdict: None,
        kind: None,
        cost: None,
        correspondence: Some(Section::Open(said)),
        mail: Some(MailPart { mail, thread, held, content: Section::Open(content) }),
    })
}

/// Builds a request with its key and time.
pub fn request(
    customer: Option<&CustomerCode>,
    at: Timestamp,
    key: RequestKey,
    command: impl Into<daybook_core::decide::Command>,
) -> Request {
    Request {
        customer: customer.cloned(),
        effective_at: Some(at),
        expected_version: ExpectedVersion::Any,
        idempotency_key: Some(key),
        reason: None,
        corrects: None,
        command: command.into(),
    }
}
