//! Decisions of attachments: X30.
//!
//! An attachment follows its event: nothing stands on it, and when the event is voided the file is
//! shown as a voided event's. It is voided like any other event.

use super::command::AttachFile;
use super::customer::Contact;
use super::mail::HeldMail;
use super::{Context, Decide, Draft, Rejection};
use crate::attachment::media::require_accepted;
use crate::attachment::{ATTACHMENT_SIZE_BYTES_MAX, Stored};
use crate::event::attachment::{AttachmentAdded, AttachmentLabel};
use crate::event::{Class, Envelope, Section, Subject};
use crate::id::EventId;

/// Makes the event of a command, of what the store knows of the file, and of the event it belongs
/// to.
///
/// # Errors
/// [`Rejection::AttachmentUnknown`] when there is no such file, or it is sealed for somebody else.
pub fn propose(
    command: AttachFile,
    stored: Option<Stored>,
    event: EventId,
    state: &Draft<'_>,
) -> Result<AttachmentAdded, Rejection> {
    let unknown = Rejection::AttachmentUnknown { attachment: command.attachment };
    let Some(stored) = stored else { return Err(unknown) };
    if state.key_slot(&command.subject, Class::Correspondence) != Some(stored.key_slot) {
        return Err(unknown);
    }
    Ok(AttachmentAdded {
        attachment: command.attachment,
        event,
        subject: command.subject,
        media_type: command.media_type,
        size_bytes: stored.size_bytes,
        stored_hash: stored.stored_hash,
        stored_size_bytes: stored.stored_size_bytes,
        label: Section::Open(AttachmentLabel { name: command.name, note: command.note }),
    })
}

/// Refuses a subject that files of a stream cannot belong to. A message may have its files before
/// it is held, and an import before it is applied: they come first.
///
/// # Errors
/// What is missing.
pub fn require_subject(subject: &Subject, state: &Draft<'_>) -> Result<(), Rejection> {
    match subject {
        Subject::Customer if !state.is_registered() => Err(Rejection::NotRegistered {}),
        Subject::Customer
        | Subject::User(_)
        | Subject::Mail(_)
        | Subject::Import(_)
        | Subject::Receipt(_) => Ok(()),
        Subject::Contact(contact) => {
            super::require::<Contact>(state, "contact", contact.as_str()).map(|_| ())
        }
    }
}

impl Decide for AttachmentAdded {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        require_subject(&self.subject, state)?;
        if let Subject::Mail(mail) = &self.subject
            && state.get::<HeldMail>(mail.as_str()).is_none()
        {
            return Err(Rejection::MailUnknown { mail: mail.as_str().into() });
        }
        context.refuse_future("the effective time", context.effective_at)?;
        if let Some(position) = state.voided(&self.event) {
            return Err(Rejection::EventAlreadyVoided { event: self.event, position });
        }
        require_accepted(&self.media_type)?;
        if self.size_bytes > ATTACHMENT_SIZE_BYTES_MAX {
            return Err(Rejection::AttachmentTooLarge { max: ATTACHMENT_SIZE_BYTES_MAX });
        }
        Ok(())
    }

    /// Nothing: no rule looks at attachments.
    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
