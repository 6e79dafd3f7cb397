//! Messages that wait for somebody to say whose they are: listing, assigning, dismissing.

use daybook_core::decide::command::Command;
use daybook_core::event::customer::{ContactAdded, ContactIdentity};
use daybook_core::event::interaction::Direction;
use daybook_core::event::mail::{
    HeldReason, MailAssigned, MailContent, MailHeld, MailOutcome, MailParty,
};
use daybook_core::event::{Actor, Body, BookStream, Section, Source, StreamId, Subject};
use daybook_core::id::{
    ContactId, CustomerCode, InteractionId, Label, Line, MailId, Note, RequestKey,
};
use daybook_core::ledger::{Answer, Batch, Mode, OpenedEvent, Reader, SubmitError, Unit};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

use super::content::{Recorded, interaction, request};
use super::files::{self, File, Owner};
use super::take::MailError;
use crate::App;

/// A held message, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldMessage {
    /// Where it is held.
    pub position: Position,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was taken in.
    pub recorded_at: Timestamp,
    /// The mail's id.
    pub mail: MailId,
    /// Who began.
    pub direction: Direction,
    /// Why it waits.
    pub because: HeldReason,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The message; nothing when its key was destroyed.
    pub content: Option<MailContent>,
    /// The customer to whom its sender's domain belongs, if to one alone.
    pub suggestion: Option<CustomerCode>,
}

/// What a contact made of a message's sender is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewContact {
    /// The name; left out, the one in the message, else the address.
    pub name: Option<Line>,
    /// The function.
    pub role: Option<Label>,
}

/// Whose a held message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The customer.
    pub customer: CustomerCode,
    /// The contact its sender is.
    pub contact: Option<ContactId>,
    /// The contact to be made of its sender.
    pub new_contact: Option<NewContact>,
    /// Why, in words; needed when it was assigned to another customer before.
    pub reason: Option<Note>,
}

impl HeldMessage {
    fn of(app: &App, opened: OpenedEvent) -> Result<Option<HeldMessage>, SubmitError> {
        let envelope = opened.event.envelope;
        let Body::MailHeld(held) = opened.event.body else { return Ok(None) };
        let MailHeld { mail, direction, held_because, size_bytes, content } = held;
        let content = match content {
            Section::Open(content) => Some(content),
            Section::Sealed(_) => None,
        };
        let other = content.as_ref().and_then(|content| other_side(direction, content));
        let suggestion = match other {
            Some(party) => app.directory.suggestion(app.ledger.reader(), party.address.as_str())?,
            None => None,
        };
        Ok(Some(HeldMessage {
            position: envelope.position,
            sent_at: envelope.effective_at,
            recorded_at: envelope.recorded_at,
            mail,
            direction,
            because: held_because,
            size_bytes,
            content,
            suggestion,
        }))
    }
}

/// Returns whom a message is exchanged with: who wrote it, or the first it was written to.
fn other_side(direction: Direction, content: &MailContent) -> Option<&MailParty> {
    match direction {
        Direction::In => content.from.first(),
        Direction::Out => content.to.first().or_else(|| content.cc.first()),
    }
}

/// Returns the messages that wait, from the one after `after` on, how many wait in all, and the
/// position the answer reflects.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn list(
    app: &App,
    after: Option<Position>,
    limit: usize,
) -> Result<(Vec<HeldMessage>, usize, Position), SubmitError> {
    let reader = app.ledger.reader();
    let (waiting, next) = app.known_mail.waiting(reader)?;
    let total = waiting.len();
    let mut listed = Vec::new();
    let later = waiting.into_iter().filter(|position| after.is_none_or(|after| *position > after));
    for position in later.take(limit) {
        let Some((event, hash)) = reader.event(position)? else { continue };
        listed.extend(HeldMessage::of(app, reader.open_sections(event, hash)?)?);
    }
    Ok((listed, total, next))
}

/// Returns a message that is or was held.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn find(app: &App, mail: &MailId) -> Result<Option<HeldMessage>, SubmitError> {
    let reader = app.ledger.reader();
    let Some(held) = app.known_mail.held(reader, mail)? else { return Ok(None) };
    match reader.event(held.position)? {
        Some((event, hash)) => HeldMessage::of(app, reader.open_sections(event, hash)?),
        None => Ok(None),
    }
}

/// Gives a held message to a customer: says so in the book's stream, adds the contact when asked
/// for, records the interaction and attaches the message's files to it, all in one unit.
///
/// # Errors
/// [`MailError`]; refusals are in the answer.
pub fn assign(
    app: &App,
    held: HeldMessage,
    assignment: Assignment,
    (actor, source): (Actor, Source),
) -> Result<Answer, MailError> {
    let reader = app.ledger.reader();
    let Assignment { customer, contact, new_contact, reason } = assignment;
    let HeldMessage { mail, direction, sent_at, content, position, .. } = held;
    let content = content.unwrap_or_else(|| MailContent {
        message_id: None,
        thread_root: None,
        subject: None,
        from: Vec::new(),
        to: Vec::new(),
        cc: Vec::new(),
        text: None,
    });
    let key = |what: &str| RequestKey::new(format!("mail-assigned:{mail}:{customer}{what}"));
    let mut unit = Unit::new();
    let mut contact = contact;
    let mut adds = None;
    if let Some(new) = new_contact {
        let added = contact_of(&mail, new, other_side(direction, &content))?;
        contact = Some(added.contact.clone());
        adds = Some(added);
    }
    let assigned = MailAssigned {
        mail: mail.clone(),
        outcome: MailOutcome::Assigned,
        assigned_to: Some(customer.clone()),
        interaction: Some(InteractionId::new(mail.as_str())?),
        contact: contact.clone(),
    };
    let mut said = request(None, app.clock.now(), key("")?, assigned);
    said.reason = reason;
    // When somebody decided it is now, unlike the message; a retry is recognised all the same.
    said.effective_at = None;
    unit.push(said);
    if let Some(added) = adds {
        let mut adding = request(Some(&customer), sent_at, key(":contact")?, added);
        adding.effective_at = None;
        unit.push(adding);
    }
    let contacts = contact.into_iter().collect();
    let recorded = Recorded { mail: mail.clone(), direction, sent_at, contacts, held: true };
    let body = interaction(reader, &customer, recorded, content)?;
    unit.push(request(Some(&customer), sent_at, key(":interaction")?, body));
    let owner = Owner { customer: Some(&customer), mail: &mail, at: sent_at };
    for (place, at) in attachments(reader, position, &mail)?.into_iter().enumerate() {
        let found = reader.attached_file(at).map_err(MailError::Files)?;
        let Some(mut found) = found else { continue };
        let name = found.body.label.open().and_then(|label| label.name.clone());
        let file = File { name, media_type: found.body.media_type.clone() };
        let key = key(&format!(":file:{place}"))?;
        unit.push(files::one(&app.ledger, &owner, file, &mut found.content, key)?);
    }
    let batch = Batch { actor, source, units: vec![unit], mode: Mode::Commit };
    Ok(app.ledger.submit_blocking(batch)?)
}

/// Builds the contact made of a message's sender. Its id follows from the mail's, so that it is the
/// same however often it is asked for.
fn contact_of(
    mail: &MailId,
    new: NewContact,
    party: Option<&MailParty>,
) -> Result<ContactAdded, MailError> {
    let said = party.and_then(|party| party.name.clone());
    let address = party.map(|party| party.address.clone());
    let name = match new.name.or(said).or_else(|| address.clone()) {
        Some(name) => name,
        None => Line::new("?")?,
    };
    let digits = mail.as_str().trim_start_matches("M-").get(..8).unwrap_or_default().to_owned();
    Ok(ContactAdded {
        contact: ContactId::new(format!("P-{digits}"))?,
        role: new.role,
        main: false,
        consent: false,
        identity: Section::Open(ContactIdentity {
            name,
            phones: Vec::new(),
            emails: address.into_iter().collect(),
        }),
        private: None,
    })
}

/// Finds the files of a held message: they follow it in its unit, with nothing but layouts between.
fn attachments(
    reader: &Reader,
    held_at: Position,
    mail: &MailId,
) -> Result<Vec<Position>, SubmitError> {
    let (mut found, mut at) = (Vec::new(), held_at.next());
    while let Some((event, _)) = reader.event(at)? {
        match (&event.envelope.stream, &event.body) {
            (StreamId::Book(BookStream::Mail), Body::AttachmentAdded(added))
                if added.subject == Subject::Mail(mail.clone()) =>
            {
                found.push(at);
            }
            (StreamId::Book(BookStream::Layouts), _) => {}
            _ => break,
        }
        at = at.next();
    }
    Ok(found)
}

/// Says that a held message belongs to nobody.
///
/// # Errors
/// [`MailError`]; refusals are in the answer.
pub fn dismiss(
    app: &App,
    mail: &MailId,
    reason: Option<Note>,
    (actor, source): (Actor, Source),
) -> Result<Answer, MailError> {
    let dismissed = MailAssigned {
        mail: mail.clone(),
        outcome: MailOutcome::Dismissed,
        assigned_to: None,
        interaction: None,
        contact: None,
    };
    let key = RequestKey::new(format!("mail-dismissed:{mail}"))?;
    let mut request = request(None, app.clock.now(), key, Command::from(dismissed));
    request.effective_at = None;
    request.reason = reason;
    let batch = Batch { actor, source, units: vec![vec![request]], mode: Mode::Commit };
    Ok(app.ledger.submit_blocking(batch)?)
}
