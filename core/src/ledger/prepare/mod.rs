//! One unit on its way from requests to records: decided, sealed, numbered, encoded, hashed.
//!
//! Everything a unit changes is laid over what the writer knows ([`Sheet`]) and taken over only
//! when the whole unit is accepted. A [`Work`] is one request being worked on; the files beside this
//! one each hold a part of its way.

mod emit;
mod founding;
mod keys;
mod lookup;
mod numbers;
mod request;
mod sheet;
mod take_back;
mod take_over;
mod void;

pub(super) use keys::{book_marks, open_section};
pub(super) use sheet::{Mark, Pending, Sheet};

use std::collections::HashMap;
use std::sync::Arc;

use bytes::BytesMut;

use super::attach::Lent;
use super::batch::{Outcome, Refusal, SubmitError, Unit};
use super::read::Reader;
use super::states::States;
use crate::attachment::AttachmentStore;
use crate::decide::{BookState, Command, Rejection};
use crate::event::{Actor, Kind, RequestMark, Source, StreamId};
use crate::id::{EventId, Note};
use crate::store::LogStore;
use crate::time::{Entropy, Timestamp};
use crate::vault::seal::MarkKey;
use crate::vault::{Vault, VaultError};

/// A refusal of one request, or something broken that ends the whole batch.
pub(super) enum Stop {
    /// The business says no.
    Refused(Rejection),
    /// Something is broken.
    Broken(SubmitError),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Stop::Refused(rejection)
    }
}

macro_rules! broken_from {
    ($($error:ty),*) => { $(
        impl From<$error> for Stop {
            fn from(error: $error) -> Self { Stop::Broken(error.into()) }
        }
    )* };
}
broken_from!(
    crate::store::StoreError,
    VaultError,
    crate::codec::CodecError,
    crate::attachment::AttachmentError
);

/// What the writer knows between groups.
pub(super) struct Desk {
    pub(super) store: Arc<dyn LogStore>,
    pub(super) reader: Reader,
    pub(super) vault: Arc<dyn Vault>,
    pub(super) attachments: Arc<dyn AttachmentStore>,
    /// Keys that were handed out before an event of the log uses them.
    pub(super) lent: Lent,
    pub(super) entropy: Box<dyn Entropy>,
    pub(super) book: BookState,
    pub(super) book_marks: MarkKey,
    pub(super) states: States,
    pub(super) published: Vec<Kind>,
    pub(super) series: HashMap<String, u64>,
    /// Where an event is encoded before its size is known.
    pub(super) scratch: Vec<u8>,
    /// Where stored bytes lie together, so that an event costs no allocation of its own.
    pub(super) arena: BytesMut,
    /// An empty sheet whose maps have grown already.
    pub(super) spare: Sheet,
}

/// Who asks, through what, and when.
pub(super) struct Asker<'a> {
    pub(super) actor: &'a Actor,
    pub(super) source: &'a Source,
    pub(super) now: Timestamp,
}

impl Desk {
    /// Decides a unit; on success its records and states are taken over, on refusal nothing is.
    pub(super) fn take(
        &mut self,
        unit: Unit,
        asker: &Asker<'_>,
        pending: &mut Pending,
    ) -> Result<Result<Vec<Outcome>, Refusal>, SubmitError> {
        let mut sheet = std::mem::take(&mut self.spare);
        sheet.next_key_slot = pending.next_key_slot;
        let written = self.write(unit, asker, pending, &mut sheet);
        if matches!(written, Ok(Ok(_))) {
            self.keep(&mut sheet, pending);
        }
        sheet.clear();
        self.spare = sheet;
        written
    }

    fn keep(&mut self, sheet: &mut Sheet, pending: &mut Pending) {
        pending.records.append(&mut sheet.records);
        pending.claims.extend(sheet.claims.drain());
        pending.next_key_slot = sheet.next_key_slot;
        self.published.append(&mut sheet.published);
        self.series.extend(sheet.series.drain());
        if let Some(book) = sheet.book.take() {
            self.book = book;
        }
        for (stream, overlay) in sheet.overlays.drain() {
            if let Some(replaced) = overlay.replaced {
                self.states.replace(&stream, *replaced);
            }
            self.states.change(&stream, |state| state.merge(overlay.delta));
            pending.touched.push(stream);
        }
    }

    /// Decides a unit onto a rehearsal's sheet; nothing is kept in the ledger.
    pub(super) fn rehearse(
        &mut self,
        unit: Unit,
        asker: &Asker<'_>,
        pending: &Pending,
        rehearsal: &mut Sheet,
    ) -> Result<Result<Vec<Outcome>, Refusal>, SubmitError> {
        let mut sheet = Sheet {
            under: std::mem::take(&mut rehearsal.under),
            claims: std::mem::take(&mut rehearsal.claims),
            published: rehearsal.published.clone(),
            series: rehearsal.series.clone(),
            book: rehearsal.book.clone(),
            next_key_slot: rehearsal.next_key_slot,
            rehearsed: rehearsal.rehearsed,
            ..Sheet::default()
        };
        let written = self.write(unit, asker, pending, &mut sheet);
        if matches!(written, Ok(Ok(_))) {
            sheet.rehearsed += sheet.records.len() as u64;
            sheet.under.extend(std::mem::take(&mut sheet.overlays));
            sheet.records.clear();
            sheet.claimed.clear();
            sheet.emitted.clear();
            *rehearsal = sheet;
        } else {
            // A refused unit leaves no trace.
            for key in &sheet.claimed {
                sheet.claims.remove(key);
            }
            rehearsal.under = sheet.under;
            rehearsal.claims = sheet.claims;
        }
        written
    }

    /// Decides a unit onto a sheet. On refusal the sheet holds parts of the unit and must be
    /// dropped or restored by the caller.
    pub(super) fn write(
        &mut self,
        unit: Unit,
        asker: &Asker<'_>,
        pending: &Pending,
        sheet: &mut Sheet,
    ) -> Result<Result<Vec<Outcome>, Refusal>, SubmitError> {
        let keep_events = unit.iter().any(|request| request.command.is_void());
        let mut outcomes = Vec::with_capacity(unit.len());
        let mut before = None;
        for (index, request) in unit.into_iter().enumerate() {
            let mut work = Work { desk: self, asker, pending, sheet, keep_events };
            let attaches = matches!(request.command, Command::AttachFile(_));
            match work.request(request, before.as_ref()) {
                Ok(outcome) => {
                    if !attaches {
                        let first = outcome.events.first();
                        before = first.map(|event| (event.stream.clone(), event.event_id));
                    }
                    outcomes.push(outcome);
                }
                Err(Stop::Refused(rejection)) => return Ok(Err(Refusal { index, rejection })),
                Err(Stop::Broken(error)) => return Err(error),
            }
        }
        Ok(Ok(outcomes))
    }
}

/// One request being worked on.
struct Work<'a, 'b> {
    desk: &'a mut Desk,
    asker: &'a Asker<'b>,
    pending: &'a Pending,
    sheet: &'a mut Sheet,
    keep_events: bool,
}

/// What of a request goes into its events' envelopes.
struct Said {
    effective_at: Timestamp,
    reason: Option<Note>,
    corrects: Option<EventId>,
    mark: Option<RequestMark>,
    /// For what is taken over from another ledger: when it was recorded there, and by whom.
    there: Option<(Timestamp, Actor)>,
}

impl Said {
    /// Says nothing but the time.
    const fn nothing(effective_at: Timestamp) -> Self {
        Said { effective_at, reason: None, corrects: None, mark: None, there: None }
    }
}

/// The event that the unit's last request before became, and its stream.
type Before = (StreamId, EventId);
