//! Which messages the ledger has: where they were recorded, and which are held.
//!
//! Built on first use from the log and caught up to the head before every look-up, like the
//! directory. It holds opaque ids only and opens nothing. A message whose interaction was voided is
//! still known: taking the same mailbox in again does not bring it back.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use daybook_core::event::{Body, Kind};
use daybook_core::id::{CustomerCode, MailId};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;

/// Where a held message is, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The position of `mail.held`.
    pub position: Position,
    /// Whether it was assigned or dismissed.
    pub settled: bool,
}

/// The kinds it is made of; what settles comes after what is held.
const KINDS: [Kind; 3] = [Kind::InteractionRecorded, Kind::MailHeld, Kind::MailAssigned];

/// The messages of one ledger.
#[derive(Default)]
pub struct KnownMail {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    next: Position,
    recorded: HashSet<(MailId, CustomerCode)>,
    held: HashMap<MailId, Held>,
}

impl KnownMail {
    /// Tells whether a message is recorded at a customer.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn at(
        &self,
        reader: &Reader,
        mail: &MailId,
        customer: &CustomerCode,
    ) -> Result<bool, SubmitError> {
        let known = self.caught_up(reader)?;
        Ok(known.recorded.contains(&(mail.clone(), customer.clone())))
    }

    /// Returns where a message is held, settled or not.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn held(&self, reader: &Reader, mail: &MailId) -> Result<Option<Held>, SubmitError> {
        Ok(self.caught_up(reader)?.held.get(mail).cloned())
    }

    /// Returns the positions of the messages that still wait, in order, and the position the
    /// answer reflects.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn waiting(&self, reader: &Reader) -> Result<(Vec<Position>, Position), SubmitError> {
        let known = self.caught_up(reader)?;
        let waiting = known.held.values().filter(|held| !held.settled);
        let mut waiting: Vec<Position> = waiting.map(|held| held.position).collect();
        waiting.sort_unstable();
        Ok((waiting, known.next))
    }

    fn caught_up(&self, reader: &Reader) -> Result<MutexGuard<'_, Known>, SubmitError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let caught_up = known.catch_up(reader);
        if let Err(error) = caught_up {
            *known = Known::default();
            return Err(error);
        }
        Ok(known)
    }
}

impl Known {
    fn catch_up(&mut self, reader: &Reader) -> Result<(), SubmitError> {
        let head = reader.head().next;
        if self.next >= head {
            return Ok(());
        }
        for kind in KINDS {
            let query = Query {
                kind: Some(kind),
                from: Some(self.next),
                before: Some(head),
                ..Query::default()
            };
            for found in reader.events(query) {
                let (event, _) = found?;
                let position = event.envelope.position;
                match event.body {
                    Body::InteractionRecorded(body) => {
                        if let (Some(part), Some(customer)) =
                            (body.mail, event.envelope.stream.customer())
                        {
                            self.recorded.insert((part.mail, customer.clone()));
                        }
                    }
                    Body::MailHeld(body) => {
                        self.held.insert(body.mail, Held { position, settled: false });
                    }
                    Body::MailAssigned(body) => {
                        if let Some(held) = self.held.get_mut(&body.mail) {
                            held.settled = true;
                        }
                    }
                    _ => {}
                }
            }
        }
        self.next = head;
        Ok(())
    }
}
