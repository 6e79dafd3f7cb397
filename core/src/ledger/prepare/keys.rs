//! Keys while deciding: sealing, keyed marks, and the marks a retry is recognised by.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::super::batch::SubmitError;
use super::{Stop, Work};
use crate::decide::command::RegisterCustomer;
use crate::decide::{Command, Draft, Marker, Request};
use crate::event::assignment::RecordAssigned;
use crate::event::{Class, Event, Kind, RequestMark, Sealed, StreamId, Subject};
use crate::id::{BookId, EventId};
use crate::time::Entropy;
use crate::vault::seal::MarkKey;
use crate::vault::{self, BOOK_SLOT, Vault, VaultError};

impl Work<'_, '_> {
    /// Lays the keys that were lent for the stream over what the log says.
    pub(super) fn note_lent(&mut self, stream: &StreamId) {
        let Some(lent) = self.desk.lent.of(stream) else { return };
        for ((subject, class), slot) in lent {
            let mut draft = self.draft(stream);
            if draft.key_slot(&subject, class).is_none() {
                draft.note_key_slot(subject, class, slot);
            }
        }
    }

    pub(super) fn seal(&mut self, stream: &StreamId, event: &mut Event) -> Result<(), Stop> {
        let (book, event_id, kind) =
            (self.desk.book.book, event.envelope.event_id, event.body.kind());
        let mut index = 0u8;
        event.body.sections::<Stop>(&mut |subject, section| {
            let Some(plaintext) = section.plaintext() else { return Ok(()) };
            let class = section.class();
            let slot = self.slot_of(stream, &subject, class)?;
            let key = self.desk.vault.key(slot)?;
            let context =
                vault::Context { book, event: event_id, kind, index, subject: &subject, class };
            section.put_sealed(vault::seal(&key, slot, &context, plaintext?));
            index += 1;
            Ok(())
        })
    }

    /// Returns the vault slot of a subject, taking a new one if it has none.
    pub(super) fn slot_of(
        &mut self,
        stream: &StreamId,
        subject: &Subject,
        class: Class,
    ) -> Result<u64, Stop> {
        if let Some(slot) = self.draft(stream).key_slot(subject, class) {
            return Ok(slot);
        }
        let slot = self.sheet.next_key_slot;
        self.desk.vault.provision(slot + 1, &mut *self.desk.entropy)?;
        self.sheet.next_key_slot += 1;
        // Noted at once, so that two sections of one event share the key.
        self.draft(stream).note_key_slot(subject.clone(), class, slot);
        Ok(slot)
    }

    /// Returns the mark of an idempotency key.
    pub(super) fn key_mark(&self, key: &str) -> [u8; 16] {
        self.desk.book_marks.mark(&[b"key", key.as_bytes()])
    }

    /// Returns the marks a retry of this request would be recognised by.
    pub(super) fn content_mark(
        &mut self,
        stream: &StreamId,
        request: &Request,
    ) -> Result<Option<RequestMark>, Stop> {
        let Some(key) = &request.idempotency_key else { return Ok(None) };
        let key = self.key_mark(key.as_str());
        let content = content_bytes(request);
        // A request may quote the customer, or the message it is about: its mark hangs on their
        // own key, and says nothing once that key is destroyed.
        let owner = match (stream, request.command.fact()) {
            (StreamId::Customer(_), _) => Some((Subject::Customer, Class::Identity)),
            (StreamId::Book(_), Command::HoldMail(held)) if !held.mail.is_empty() => {
                Some((Subject::Mail(held.mail.clone()), Class::Correspondence))
            }
            (StreamId::Book(_), Command::ReceivePayment(held)) if !held.receipt.is_empty() => {
                Some((Subject::Receipt(held.receipt.clone()), Class::Financial))
            }
            (StreamId::Book(_), Command::ChangeUserStatus(changed)) => {
                Some((Subject::User(changed.user.clone()), Class::Identity))
            }
            (StreamId::Book(_), Command::AttachFile(attach)) => {
                Some((attach.subject.clone(), Class::Correspondence))
            }
            (StreamId::Book(_), _) => None,
        };
        let content = match owner {
            None => self.desk.book_marks.mark(&[b"content", &content]),
            Some((subject, class)) => {
                let slot = self.slot_of(stream, &subject, class)?;
                let key = self.desk.vault.key(slot)?;
                MarkKey::derive(&key).mark(&[b"content", &content])
            }
        };
        Ok(Some(RequestMark { key, content }))
    }
}

/// Makes marks with the keys of the stream's subjects, taking new slots as needed.
pub(super) struct Marks<'a> {
    pub(super) vault: &'a dyn Vault,
    pub(super) entropy: RefCell<&'a mut dyn Entropy>,
    pub(super) known: &'a Draft<'a>,
    pub(super) taken: RefCell<BTreeMap<(Subject, Class), u64>>,
    pub(super) next_key_slot: Cell<u64>,
    pub(super) failed: Cell<Option<VaultError>>,
}

impl Marks<'_> {
    fn try_mark(
        &self,
        subject: &Subject,
        class: Class,
        value: &str,
    ) -> Result<[u8; 16], VaultError> {
        let place = (subject.clone(), class);
        let known = self.known.key_slot(subject, class);
        let slot = match known.or_else(|| self.taken.borrow().get(&place).copied()) {
            Some(slot) => slot,
            None => {
                let slot = self.next_key_slot.get();
                self.vault.provision(slot + 1, &mut **self.entropy.borrow_mut())?;
                self.next_key_slot.set(slot + 1);
                self.taken.borrow_mut().insert(place, slot);
                slot
            }
        };
        let key = self.vault.key(slot)?;
        Ok(MarkKey::derive(&key).mark(&[b"value", value.as_bytes()]))
    }
}

impl Marker for Marks<'_> {
    fn mark(&self, subject: &Subject, class: Class, value: &str) -> [u8; 16] {
        self.try_mark(subject, class, value).unwrap_or_else(|error| {
            self.failed.set(Some(error));
            [0; 16]
        })
    }
}

/// The bytes whose mark tells whether a retry asks for the same: everything but the key itself and
/// the expected version, which a careful client reads anew before it retries.
fn content_bytes(request: &Request) -> Vec<u8> {
    let counted;
    let command = match request.command.fact() {
        // How many customers somebody has is counted anew for a retry.
        Command::AssignRecord(assigned) if assigned.holds.is_some() => {
            counted = Command::AssignRecord(RecordAssigned { holds: None, ..assigned.clone() });
            &counted
        }
        // So is what a look for duplicates finds.
        Command::RegisterCustomer(register) if register.duplicates.is_some() => {
            counted = Command::RegisterCustomer(RegisterCustomer {
                duplicates: None,
                ..register.clone()
            });
            &counted
        }
        command => command,
    };
    let said = (&request.effective_at, &request.reason, &request.corrects, command);
    serde_json::to_vec(&said).unwrap_or_default()
}

/// Opens one sealed section of an event for a reader.
pub(in crate::ledger) fn open_section(
    vault: &dyn Vault,
    book: BookId,
    event: EventId,
    place: (Kind, u8, &Subject, Class),
    sealed: &Sealed,
) -> Result<Option<Vec<u8>>, SubmitError> {
    let (kind, index, subject, class) = place;
    let key = match vault.key(sealed.key_slot) {
        Ok(key) => key,
        Err(VaultError::Destroyed { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let context = vault::Context { book, event, kind, index, subject, class };
    Ok(vault::open(&key, &context, sealed).ok().map(|plaintext| plaintext.to_vec()))
}

/// The book's own key for request marks.
pub(in crate::ledger) fn book_marks(vault: &dyn Vault) -> Result<MarkKey, VaultError> {
    Ok(MarkKey::derive(&vault.key(BOOK_SLOT)?))
}
