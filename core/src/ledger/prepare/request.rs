//! One request: recognised or decided, with everything that follows from it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::LazyLock;

use super::super::batch::{EventRef, Outcome};
use super::keys::Marks;
use super::numbers::Series;
use super::{Before, Said, Stop, Work};
use crate::attachment;
use crate::decide::command::{self, AttachFile};
use crate::decide::{self, BookState, Command, Context, CustomerState, Draft, Rejection, Request};
use crate::event::{Body, BookStream, StreamId, Subject};

/// The state of a stream without events.
pub(super) static EMPTY: LazyLock<CustomerState> = LazyLock::new(CustomerState::default);

impl Work<'_, '_> {
    pub(super) fn request(
        &mut self,
        request: Request,
        before: Option<&Before>,
    ) -> Result<Outcome, Stop> {
        let stream = stream_of(&request)?;
        self.ready(&stream)?;
        let content = self.content_mark(&stream, &request)?;
        if let Some(mark) = &content
            && let Some(seen) = self.draft(&stream).request(&mark.key)
        {
            if seen.content == mark.content {
                return self.first_answer(seen.position);
            }
            let key = request.idempotency_key.as_ref().map(ToString::to_string);
            let position = seen.position.0;
            return Err(Rejection::KeyReused { key: key.unwrap_or_default(), position }.into());
        }
        let actual = self.draft(&stream).version();
        if !request.expected_version.admits(actual) {
            let expected = request.expected_version;
            let stream = stream.to_string();
            return Err(Rejection::StaleVersion { stream, actual: actual.0, expected }.into());
        }
        if let Some(corrected) = request.corrects {
            if request.reason.is_none() {
                return Err(Rejection::ReasonMissing { what: "a correction" }.into());
            }
            self.event_of(&stream, corrected)?;
        }
        let effective_at = request.effective_at.unwrap_or(self.asker.now);
        let Request { reason, corrects, command, .. } = request;
        let said = Said { effective_at, reason, corrects, mark: content, there: None };
        let events = match command {
            Command::VoidEvent(void) => self.void(&stream, &said, void.event)?,
            Command::TakeBack(events) => self.take_back(&stream, &said, &events)?,
            Command::TakeOver(over) => self.take_over(&stream, said, *over)?,
            Command::AttachFile(attach) => {
                let body = self.attach(&stream, attach, before)?;
                self.accept(&stream, &said, body, None)?
            }
            other => {
                let body = self.propose(&stream, &said, other)?;
                self.accept(&stream, &said, body, None)?
            }
        };
        Ok(Outcome { events, repeated: false })
    }

    /// Makes sure the stream's state is in memory and has an overlay.
    pub(super) fn ready(&mut self, stream: &StreamId) -> Result<(), Stop> {
        if !self.sheet.overlays.contains_key(stream) {
            self.desk.load(stream).map_err(Stop::Broken)?;
            let overlay = self.sheet.under.get(stream).cloned().unwrap_or_default();
            self.sheet.overlays.insert(stream.clone(), overlay);
            self.note_lent(stream);
        }
        Ok(())
    }

    /// Returns the draft of a stream that is ready.
    pub(super) fn draft(&mut self, stream: &StreamId) -> Draft<'_> {
        let overlay = self.sheet.overlays.entry(stream.clone()).or_default();
        let base = overlay.replaced.as_deref().or_else(|| self.desk.states.get(stream));
        Draft::new(base.unwrap_or(&EMPTY), &mut overlay.delta)
    }

    pub(super) fn book(&self) -> &BookState {
        self.sheet.book.as_ref().unwrap_or(&self.desk.book)
    }

    /// Runs a pure decision with everything it may know.
    pub(super) fn decide<T>(
        &mut self,
        stream: &StreamId,
        said: &Said,
        series: Option<u64>,
        decision: impl FnOnce(&Context<'_>, &Draft<'_>) -> Result<T, Rejection>,
    ) -> Result<T, Stop> {
        let overlay = self.sheet.overlays.entry(stream.clone()).or_default();
        let base = overlay.replaced.as_deref().or_else(|| self.desk.states.get(stream));
        let draft = Draft::new(base.unwrap_or(&EMPTY), &mut overlay.delta);
        let marks = Marks {
            vault: &*self.desk.vault,
            entropy: RefCell::new(&mut *self.desk.entropy),
            known: &draft,
            taken: RefCell::default(),
            next_key_slot: Cell::new(self.sheet.next_key_slot),
            failed: Cell::new(None),
        };
        let context = Context {
            now: said.there.as_ref().map_or(self.asker.now, |(recorded_at, _)| *recorded_at),
            effective_at: said.effective_at,
            book: self.sheet.book.as_ref().unwrap_or(&self.desk.book),
            actor: said.there.as_ref().map_or(self.asker.actor, |(_, actor)| actor),
            reason: said.reason.as_ref(),
            marks: &marks,
            numbers: &Series(series.unwrap_or(1)),
        };
        let result = decision(&context, &draft);
        let Marks { taken, next_key_slot, failed, .. } = marks;
        if let Some(error) = failed.take() {
            return Err(error.into());
        }
        let value = result?;
        self.sheet.next_key_slot = next_key_slot.get();
        let mut draft = self.draft(stream);
        for ((subject, class), slot) in taken.into_inner() {
            draft.note_key_slot(subject, class, slot);
        }
        Ok(value)
    }

    pub(super) fn propose(
        &mut self,
        stream: &StreamId,
        said: &Said,
        command: Command,
    ) -> Result<Body, Stop> {
        self.decide(stream, said, None, |context, draft| command::propose(command, context, draft))
    }

    /// Completes, checks and emits a proposal and everything that follows from it, in its own stream
    /// and, where the fact touches two, in the other. What is taken over from another ledger says in
    /// `as_there` what all of it was there.
    pub(super) fn accept(
        &mut self,
        stream: &StreamId,
        said: &Said,
        body: Body,
        mut as_there: Option<&mut dyn Iterator<Item = Body>>,
    ) -> Result<Vec<EventRef>, Stop> {
        let mut waiting = VecDeque::from([(stream.clone(), body)]);
        let mut events: Vec<EventRef> = Vec::with_capacity(1);
        while let Some((stream, mut body)) = waiting.pop_front() {
            self.ready(&stream)?;
            let stream = &stream;
            let series = self.next_in_series(&body)?;
            self.decide(stream, said, series, |context, draft| {
                body.complete(context, draft)?;
                body.check(context, draft)?;
                body.require_open_period(context, draft)
            })?;
            if let Some(there) = &mut as_there
                && there.next().is_none_or(|there| there != body)
            {
                return Err(Rejection::TakenOverDiffers { kind: body.kind() }.into());
            }
            self.check_claim(&body)?;
            let cause = events.first().map(|first| first.event_id);
            let body = self.emit(stream, said, cause, body, &mut events)?;
            let follows = self
                .decide(stream, said, None, |context, draft| body.consequences(context, draft))?;
            waiting.extend(follows.into_iter().map(|body| (stream.clone(), body)));
            waiting.extend(body.counterpart(stream, &self.draft(stream))?);
        }
        if let Some(left) = as_there.and_then(Iterator::next) {
            return Err(Rejection::TakenOverDiffers { kind: left.kind() }.into());
        }
        Ok(events)
    }

    /// Makes an attachment's event of the command and of what the store knows of the file. From
    /// here on the file is known to stay: the store has synced it and its name.
    pub(super) fn attach(
        &mut self,
        stream: &StreamId,
        attach: AttachFile,
        before: Option<&Before>,
    ) -> Result<Body, Stop> {
        let event = match (attach.event, before) {
            (Some(event), _) => {
                self.event_of(stream, event)?;
                event
            }
            (None, Some((other, event))) if other == stream => *event,
            (None, _) => return Err(Rejection::AttachedToNothing {}.into()),
        };
        let stored = attachment::find(&*self.desk.attachments, &attach.attachment)?;
        let body = decide::attachment::propose(attach, stored, event, &self.draft(stream))?;
        Ok(Body::AttachmentAdded(body))
    }
}

fn stream_of(request: &Request) -> Result<StreamId, Rejection> {
    let book = match request.command.fact() {
        Command::PublishPolicyVersion(_) => Some(BookStream::Policies),
        Command::ApplyImport(_) | Command::CloseRevert(_) => Some(BookStream::Imports),
        Command::NoteExport(_) => Some(BookStream::Exports),
        Command::RecordExchangeRate(_) => Some(BookStream::Rates),
        Command::LockPeriod(_) => Some(BookStream::Periods),
        Command::IdentifyReceipt(_) => Some(BookStream::Suspense),
        Command::ReceivePayment(payment) if payment.unidentified => Some(BookStream::Suspense),
        Command::ReversePayment(reversal) if reversal.unidentified => Some(BookStream::Suspense),
        Command::ChangeOrgUnit(_) | Command::ChangeUserStatus(_) => Some(BookStream::Organisation),
        Command::HoldMail(_) | Command::AssignMail(_) => Some(BookStream::Mail),
        Command::AttachFile(attach) if matches!(attach.subject, Subject::Mail(_)) => {
            Some(BookStream::Mail)
        }
        Command::AttachFile(attach) if matches!(attach.subject, Subject::Import(_)) => {
            Some(BookStream::Imports)
        }
        _ => None,
    };
    match (book, &request.customer) {
        (Some(stream), None) => Ok(StreamId::Book(stream)),
        (None, Some(customer)) => Ok(StreamId::Customer(customer.clone())),
        (Some(_), Some(_)) => Err(Rejection::CustomerNotAllowed {}),
        (None, None) => Err(Rejection::CustomerRequired {}),
    }
}
