//! One unit on its way from requests to records: decided, sealed, numbered, encoded, hashed.
//!
//! Everything a unit changes is laid over what the writer knows ([`Overlay`]) and taken over only
//! when the whole unit is accepted.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use bytes::BytesMut;

use super::attach::Lent;
use super::batch::{EventRef, Outcome, Refusal, SubmitError, Unit};
use super::read::{Reader, now_or_block};
use super::states::{States, StreamMap};
use crate::attachment::{self, AttachmentStore};
use crate::codec::CodecError;
use crate::decide::command::AttachFile;
use crate::decide::state::{Delta, fold_event};
use crate::decide::{
    self, BookState, Command, Context, CustomerState, Draft, Marker, Numbers, Rejection, Request,
    command, void,
};
use crate::event::index::{Term, terms};
use crate::event::{
    Actor, Body, BookStream, Channel, Class, Envelope, Event, Kind, RequestMark, Sealed, Source,
    StreamId, Subject, UniqueKey, book,
};
use crate::id::{BookId, EventId, Line, Note};
use crate::position::Position;
use crate::proof::{Hash, leaf_hash};
use crate::store::{EVENT_SIZE_BYTES_MAX, LogStore, Order, Record};
use crate::time::{Entropy, Timestamp};
use crate::vault::seal::MarkKey;
use crate::vault::{self, BOOK_SLOT, Vault, VaultError};

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

/// Bytes taken at a time for stored events.
const ARENA_SIZE_BYTES: usize = 1 << 20;

/// What has been accepted but is not yet in the log.
#[derive(Default)]
pub(super) struct Pending {
    pub(super) records: Vec<Record>,
    pub(super) first: Position,
    pub(super) recorded_at: Timestamp,
    pub(super) next_key_slot: u64,
    pub(super) claims: HashMap<UniqueKey, Claim>,
    pub(super) touched: Vec<StreamId>,
}

/// Who took a unique number, and where.
pub(super) type Claim = (StreamId, Position);

/// Changes over one stream's state; a void puts another state in its place.
#[derive(Default, Clone)]
pub(super) struct Overlay {
    replaced: Option<Box<CustomerState>>,
    delta: Delta,
}

/// What a unit (or a rehearsal) has changed so far.
#[derive(Default, Clone)]
pub(super) struct Sheet {
    overlays: StreamMap<Overlay>,
    records: Vec<Record>,
    claims: HashMap<UniqueKey, Claim>,
    /// The keys of `claims` that the unit being written has added.
    claimed: Vec<UniqueKey>,
    /// In a rehearsal: what earlier units have changed, and how many events they became.
    under: StreamMap<Overlay>,
    rehearsed: u64,
    published: Vec<Kind>,
    series: HashMap<String, u64>,
    book: Option<BookState>,
    next_key_slot: u64,
    emitted: Vec<(Event, Hash)>,
}

/// Who asks, through what, and when.
pub(super) struct Asker<'a> {
    pub(super) actor: &'a Actor,
    pub(super) source: &'a Source,
    pub(super) now: Timestamp,
}

impl Sheet {
    /// Drops everything written on it.
    fn clear(&mut self) {
        self.overlays.clear();
        self.records.clear();
        self.claims.clear();
        self.claimed.clear();
        self.published.clear();
        self.series.clear();
        self.book = None;
        self.emitted.clear();
    }

    /// Returns an empty sheet that takes new vault slots from `next_key_slot` on.
    pub(super) fn starting_at(next_key_slot: u64) -> Self {
        Sheet { next_key_slot, ..Sheet::default() }
    }
}

/// How much was pending at some moment.
pub(super) struct Mark {
    records: usize,
    touched: usize,
    recorded_at: Timestamp,
}

impl Pending {
    pub(super) const fn mark(&self) -> Mark {
        let (records, touched) = (self.records.len(), self.touched.len());
        Mark { records, touched, recorded_at: self.recorded_at }
    }

    /// Drops what came after the mark and returns the streams it touched. Key slots it took stay
    /// taken: they are unused, not lost.
    pub(super) fn cut(&mut self, mark: &Mark) -> Vec<StreamId> {
        self.records.truncate(mark.records);
        self.recorded_at = mark.recorded_at;
        self.touched.split_off(mark.touched.min(self.touched.len()))
    }

    pub(super) fn next(&self) -> Position {
        Position(self.first.0 + self.records.len() as u64)
    }
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
            self.states.change(&stream, |state| {
                if let Some(replaced) = overlay.replaced {
                    *state = *replaced;
                }
                state.merge(overlay.delta);
            });
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
        let keep_events =
            unit.iter().any(|request| matches!(request.command, Command::VoidEvent(_)));
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

    /// Opens the book: its own event at position 0, the first layouts, the policies.
    pub(super) fn found(
        &mut self,
        opened: book::BookOpened,
        policies: Vec<book::PolicyVersionPublished>,
        asker: &Asker<'_>,
    ) -> Result<Result<Pending, Rejection>, SubmitError> {
        let mut pending =
            Pending { next_key_slot: vault::FIRST_SUBJECT_SLOT, ..Pending::default() };
        let mut sheet = Sheet::starting_at(pending.next_key_slot);
        let result = self.founding(opened, policies, asker, &pending, &mut sheet);
        pending.records = sheet.records;
        match result {
            Ok(()) => Ok(Ok(pending)),
            Err(Stop::Refused(rejection)) => Ok(Err(rejection)),
            Err(Stop::Broken(error)) => Err(error),
        }
    }

    fn founding(
        &mut self,
        opened: book::BookOpened,
        policies: Vec<book::PolicyVersionPublished>,
        asker: &Asker<'_>,
        pending: &Pending,
        sheet: &mut Sheet,
    ) -> Result<(), Stop> {
        let mut work = Work { desk: self, asker, pending, sheet, keep_events: false };
        let request_of = |command| Request {
            customer: None,
            effective_at: None,
            expected_version: crate::position::ExpectedVersion::Any,
            idempotency_key: None,
            reason: None,
            corrects: None,
            command,
        };
        let stream = StreamId::Book(BookStream::Book);
        work.ready(&stream)?;
        let said = Said::nothing(asker.now);
        let body = Body::BookOpened(opened);
        work.decide(&stream, &said, None, |context, draft| body.check(context, draft))?;
        work.emit(&stream, &said, None, body, &mut Vec::new())?;
        work.publish_layout(Kind::EventLayoutPublished)?;
        work.emit_layout(Kind::BookOpened)?;
        work.sheet.published.push(Kind::BookOpened);
        for policy in policies {
            work.request(request_of(Command::PublishPolicyVersion(policy)), None)?;
        }
        Ok(())
    }

    /// Reads a stream's state from the log unless it is in memory.
    pub(super) fn load(&mut self, stream: &StreamId) -> Result<(), SubmitError> {
        if self.states.touch(stream) {
            return Ok(());
        }
        let mut history = self.reader.history(stream)?;
        let state = void::replay(&mut history);
        self.states.put(stream.clone(), state);
        Ok(())
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
}

impl Said {
    /// Says nothing but the time.
    const fn nothing(effective_at: Timestamp) -> Self {
        Said { effective_at, reason: None, corrects: None, mark: None }
    }
}

/// The event that the unit's last request before became, and its stream.
type Before = (StreamId, EventId);

impl Work<'_, '_> {
    fn request(&mut self, request: Request, before: Option<&Before>) -> Result<Outcome, Stop> {
        let stream = stream_of(&request)?;
        self.ready(&stream)?;
        let content = self.content_mark(&stream, &request)?;
        if let Some(mark) = &content
            && let Some(seen) = self.draft(&stream).request(&mark.key)
        {
            if seen.content == mark.content {
                return self.first_answer(&stream, seen.position);
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
        let said = Said { effective_at, reason, corrects, mark: content };
        let events = match command {
            Command::VoidEvent(void) => self.void(&stream, &said, void.event)?,
            Command::AttachFile(attach) => {
                let body = self.attach(&stream, attach, before)?;
                self.accept(&stream, &said, body)?
            }
            other => {
                let body = self.propose(&stream, &said, other)?;
                self.accept(&stream, &said, body)?
            }
        };
        Ok(Outcome { events, repeated: false })
    }

    /// Makes sure the stream's state is in memory and has an overlay.
    fn ready(&mut self, stream: &StreamId) -> Result<(), Stop> {
        if !self.sheet.overlays.contains_key(stream) {
            self.desk.load(stream).map_err(Stop::Broken)?;
            let overlay = self.sheet.under.get(stream).cloned().unwrap_or_default();
            self.sheet.overlays.insert(stream.clone(), overlay);
            self.note_lent(stream);
        }
        Ok(())
    }

    /// Returns the draft of a stream that is ready.
    fn draft(&mut self, stream: &StreamId) -> Draft<'_> {
        let overlay = self.sheet.overlays.entry(stream.clone()).or_default();
        let base = overlay.replaced.as_deref().or_else(|| self.desk.states.get(stream));
        Draft::new(base.unwrap_or(&EMPTY), &mut overlay.delta)
    }

    fn book(&self) -> &BookState {
        self.sheet.book.as_ref().unwrap_or(&self.desk.book)
    }

    /// Runs a pure decision with everything it may know.
    fn decide<T>(
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
            now: self.asker.now,
            effective_at: said.effective_at,
            book: self.sheet.book.as_ref().unwrap_or(&self.desk.book),
            actor: self.asker.actor,
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

    fn propose(&mut self, stream: &StreamId, said: &Said, command: Command) -> Result<Body, Stop> {
        self.decide(stream, said, None, |context, draft| command::propose(command, context, draft))
    }

    /// Completes, checks and emits a proposal and everything that follows from it.
    fn accept(
        &mut self,
        stream: &StreamId,
        said: &Said,
        body: Body,
    ) -> Result<Vec<EventRef>, Stop> {
        let mut waiting = std::collections::VecDeque::from([body]);
        let mut events: Vec<EventRef> = Vec::with_capacity(1);
        while let Some(mut body) = waiting.pop_front() {
            let series = self.next_in_series(&body)?;
            self.decide(stream, said, series, |context, draft| {
                body.complete(context, draft)?;
                body.check(context, draft)
            })?;
            self.check_claim(&body)?;
            let cause = events.first().map(|first| first.event_id);
            let body = self.emit(stream, said, cause, body, &mut events)?;
            let follows = self
                .decide(stream, said, None, |context, draft| body.consequences(context, draft))?;
            waiting.extend(follows);
        }
        Ok(events)
    }

    /// Makes an attachment's event of the command and of what the store knows of the file. From
    /// here on the file is known to stay: the store has synced it and its name.
    fn attach(
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

    /// Lays the keys that were lent for the stream over what the log says.
    fn note_lent(&mut self, stream: &StreamId) {
        let Some(lent) = self.desk.lent.of(stream) else { return };
        for ((subject, class), slot) in lent {
            let mut draft = self.draft(stream);
            if draft.key_slot(&subject, class).is_none() {
                draft.note_key_slot(subject, class, slot);
            }
        }
    }

    fn void(
        &mut self,
        stream: &StreamId,
        said: &Said,
        target: EventId,
    ) -> Result<Vec<EventRef>, Stop> {
        let (position, kind) = self.event_of(stream, target)?;
        let mut history = self.desk.reader.history(stream).map_err(Stop::Broken)?;
        let emitted = self.sheet.emitted.iter();
        history.extend(emitted.filter(|(event, _)| event.envelope.stream == *stream).cloned());
        let book = self.book().clone();
        let without = {
            // Checking a history again makes no new marks and takes no new numbers.
            let (marks, numbers) = (NoMarks, Series(1));
            void::without(&mut history, target, &book, &marks, &numbers)?
        };
        let body =
            Body::EventVoided(book::EventVoided { event: target, position, kind_tag: kind.tag() });
        self.decide(stream, said, None, |context, draft| body.check(context, draft))?;
        self.sheet.overlays.insert(
            stream.clone(),
            Overlay { replaced: Some(Box::new(without)), delta: Delta::default() },
        );
        let mut events = Vec::new();
        self.emit(stream, said, None, body, &mut events)?;
        Ok(events)
    }

    /// Publishes the kind's layout if it is new, then seals, encodes and folds the event.
    fn emit(
        &mut self,
        stream: &StreamId,
        said: &Said,
        cause: Option<EventId>,
        body: Body,
        events: &mut Vec<EventRef>,
    ) -> Result<Body, Stop> {
        let kind = body.kind();
        self.publish_layout(kind)?;
        let first = cause.is_none();
        let source = if first {
            self.asker.source.clone()
        } else {
            Source { channel: Channel::Rule, ..self.asker.source.clone() }
        };
        let envelope_of = |position, version, last: Option<(Position, Hash)>, event_id| Envelope {
            position,
            recorded_at: self.asker.now,
            effective_at: said.effective_at,
            event_id,
            stream: stream.clone(),
            version,
            prev_position: last.map(|(position, _)| position),
            prev_hash: last.map(|(_, hash)| hash).unwrap_or_default(),
            actor: self.asker.actor.clone(),
            source,
            causation: cause,
            correlation: None,
            request: said.mark.clone().filter(|_| first),
            reason: said.reason.clone().filter(|_| first),
            corrects: said.corrects.filter(|_| first),
        };
        let position = self.next();
        let event_id = self.new_id();
        let (version, last) = {
            let draft = self.draft(stream);
            (draft.version().next(), draft.last())
        };
        let envelope = envelope_of(position, version, last, event_id);
        let mut event = Event { envelope, body };
        self.seal(stream, &mut event)?;
        let hash = self.store(&mut event)?;
        if self.keep_events {
            self.sheet.emitted.push((event.clone(), hash));
        }
        fold_event(&mut self.draft(stream), &mut event, hash);
        self.note_book(&event.body);
        if let Some(key) = event.body.claims() {
            self.sheet.claimed.push(key.clone());
            self.sheet.claims.insert(key, (stream.clone(), position));
        }
        events.push(EventRef {
            position,
            event_id,
            kind,
            stream: stream.clone(),
            version,
            recorded_at: self.asker.now,
        });
        Ok(event.body)
    }

    fn next(&self) -> Position {
        let ahead = self.sheet.rehearsed + self.sheet.records.len() as u64;
        Position(self.pending.next().0 + ahead)
    }

    fn new_id(&mut self) -> EventId {
        let mut random = [0u8; 10];
        self.desk.entropy.fill(&mut random);
        EventId::from_parts(self.asker.now, &random)
    }

    fn note_book(&mut self, body: &Body) {
        if let Some((series, number)) = body.series() {
            self.sheet.series.insert(series.to_string(), number);
        }
        if matches!(body, Body::BookOpened(_) | Body::PolicyVersionPublished(_)) {
            let mut book = self.book().clone();
            book.fold(body);
            self.sheet.book = Some(book);
        }
    }

    /// Encodes a sealed event and adds its record to the sheet.
    fn store(&mut self, event: &mut Event) -> Result<Hash, Stop> {
        let scratch = &mut self.desk.scratch;
        scratch.clear();
        event.encode_into(scratch)?;
        if scratch.len() > EVENT_SIZE_BYTES_MAX {
            let (actual, max) = (scratch.len(), EVENT_SIZE_BYTES_MAX);
            return Err(Rejection::EventTooLarge { actual, max }.into());
        }
        let hash = leaf_hash(scratch);
        let arena = &mut self.desk.arena;
        if arena.capacity() < scratch.len() {
            *arena = BytesMut::with_capacity(ARENA_SIZE_BYTES);
        }
        arena.extend_from_slice(scratch);
        let bytes = arena.split().freeze();
        self.sheet.records.push(Record {
            bytes,
            hash,
            recorded_at: event.envelope.recorded_at,
            terms: terms(event),
        });
        Ok(hash)
    }

    /// Publishes the layout of a kind before its first use. Only the book's opening, at position 0,
    /// comes before its own layout.
    fn publish_layout(&mut self, kind: Kind) -> Result<(), Stop> {
        let published = self.desk.published.contains(&kind) || self.sheet.published.contains(&kind);
        if published || kind == Kind::BookOpened {
            return Ok(());
        }
        self.sheet.published.push(kind);
        self.publish_layout(Kind::EventLayoutPublished)?;
        self.emit_layout(kind)
    }

    fn emit_layout(&mut self, kind: Kind) -> Result<(), Stop> {
        let stream = StreamId::Book(BookStream::Layouts);
        self.ready(&stream)?;
        let quiet = Said::nothing(self.asker.now);
        let body = Body::EventLayoutPublished(layout_of(kind)?);
        self.emit(&stream, &quiet, None, body, &mut Vec::new()).map(|_| ())
    }

    fn seal(&mut self, stream: &StreamId, event: &mut Event) -> Result<(), Stop> {
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
    fn slot_of(&mut self, stream: &StreamId, subject: &Subject, class: Class) -> Result<u64, Stop> {
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

    /// Returns the marks a retry of this request would be recognised by.
    fn content_mark(
        &mut self,
        stream: &StreamId,
        request: &Request,
    ) -> Result<Option<RequestMark>, Stop> {
        let Some(key) = &request.idempotency_key else { return Ok(None) };
        let key = self.desk.book_marks.mark(&[b"key", key.as_str().as_bytes()]);
        let content = content_bytes(request);
        // A request may quote the customer, or the message it is about: its mark hangs on their
        // own key, and says nothing once that key is destroyed.
        let owner = match (stream, &request.command) {
            (StreamId::Customer(_), _) => Some((Subject::Customer, Class::Identity)),
            (StreamId::Book(_), Command::HoldMail(held)) if !held.mail.is_empty() => {
                Some((Subject::Mail(held.mail.clone()), Class::Correspondence))
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

    /// Finds the events that answered an earlier, equal request.
    fn first_answer(&mut self, stream: &StreamId, position: Position) -> Result<Outcome, Stop> {
        let mut events = Vec::new();
        if self.sheet.rehearsed > 0 && position >= self.pending.next() {
            // The first answer was itself only rehearsed; its events are not kept.
            return Ok(Outcome { events, repeated: true });
        }
        let first = self.header_at(position)?;
        let cause = first.envelope.event_id;
        events.push(event_ref(&first));
        let mut from = position.next();
        while let Some(next) = self.next_in_stream(stream, from)? {
            let header = self.header_at(next)?;
            if header.envelope.causation != Some(cause) {
                break;
            }
            events.push(event_ref(&header));
            from = next.next();
        }
        Ok(Outcome { events, repeated: true })
    }

    /// Returns the position of the stream's next event from `from` on, in the log or still pending.
    fn next_in_stream(&self, stream: &StreamId, from: Position) -> Result<Option<Position>, Stop> {
        let term = Term::stream(stream);
        let all: Range<Position> = from..self.pending.first;
        let found = now_or_block(self.desk.store.find(term, all, Order::Forwards, 1))?;
        if let Some(position) = found.first() {
            return Ok(Some(*position));
        }
        let records = self.pending.records.iter().chain(&self.sheet.records).enumerate();
        let from = from.0.saturating_sub(self.pending.first.0) as usize;
        let next = records.skip(from).find(|(_, record)| record.terms.contains(&term));
        Ok(next.map(|(index, _)| Position(self.pending.first.0 + index as u64)))
    }

    fn header_at(&self, position: Position) -> Result<crate::event::Header, Stop> {
        let bytes = match position.0.checked_sub(self.pending.first.0) {
            None => self.desk.reader.stored(position).map_err(Stop::Broken)?,
            Some(index) => {
                let mut records = self.pending.records.iter().chain(&self.sheet.records);
                let record = records.nth(index as usize);
                record.map(|record| record.bytes.clone()).unwrap_or_default()
            }
        };
        Ok(crate::event::Header::decode(&bytes)?)
    }

    /// Finds an event of a stream by its id, whose time is the one it was recorded at.
    fn event_of(&mut self, stream: &StreamId, id: EventId) -> Result<(Position, Kind), Stop> {
        let (start, end) = id.recorded_within();
        let before = Timestamp(start.0.saturating_sub(1));
        let mut from = now_or_block(self.desk.store.position_at(before))?;
        while let Some(position) = self.next_in_stream(stream, from)? {
            let header = self.header_at(position)?;
            if header.envelope.recorded_at > end {
                break;
            }
            if header.envelope.event_id == id && header.envelope.stream == *stream {
                return Ok((position, header.kind));
            }
            from = position.next();
        }
        Err(Rejection::EventUnknown { event: id }.into())
    }

    /// Refuses a number that somebody else holds.
    fn check_claim(&mut self, body: &Body) -> Result<(), Stop> {
        let Some(key) = body.claims() else { return Ok(()) };
        let fresh = self.sheet.claims.get(&key).or_else(|| self.pending.claims.get(&key));
        let mut holders: Vec<Claim> = fresh.cloned().into_iter().collect();
        let all = Position(0)..self.pending.first;
        let found = now_or_block(self.desk.store.find(
            Term::unique(&key),
            all,
            Order::Backwards,
            usize::MAX,
        ))?;
        for position in found {
            let bytes = self.desk.reader.stored(position).map_err(Stop::Broken)?;
            let event = Event::decode(&bytes)?;
            if event.body.claims().as_ref() == Some(&key) {
                holders.push((event.envelope.stream, position));
            }
        }
        for (holder, position) in holders {
            self.ready(&holder)?;
            if self.draft(&holder).claim_stands(&key) {
                let (what, number) = shown(&key);
                let position = position.0;
                return Err(Rejection::NumberTaken { what, number, position }.into());
            }
        }
        Ok(())
    }

    fn next_in_series(&mut self, body: &Body) -> Result<Option<u64>, Stop> {
        let Some((series, _)) = body.series() else { return Ok(None) };
        let known = self.sheet.series.get(series.as_str());
        if let Some(last) = known.or_else(|| self.desk.series.get(series.as_str())) {
            return Ok(Some(last + 1));
        }
        let all = Position(0)..self.pending.first;
        let term = Term::series(series.as_str());
        let found = now_or_block(self.desk.store.find(term, all, Order::Backwards, 16))?;
        for position in found {
            let bytes = self.desk.reader.stored(position).map_err(Stop::Broken)?;
            if let Some((found, number)) = Event::decode(&bytes)?.body.series()
                && found == series
            {
                return Ok(Some(number + 1));
            }
        }
        Ok(Some(1))
    }
}

static EMPTY: std::sync::LazyLock<CustomerState> = std::sync::LazyLock::new(CustomerState::default);

/// Hands out the number that was looked up before deciding.
struct Series(u64);

impl Numbers for Series {
    fn next_in_series(&self, _series: &str) -> u64 {
        self.0
    }
}

/// Makes no marks.
struct NoMarks;

impl Marker for NoMarks {
    fn mark(&self, _subject: &Subject, _class: Class, _value: &str) -> [u8; 16] {
        [0; 16]
    }
}

/// Makes marks with the keys of the stream's subjects, taking new slots as needed.
struct Marks<'a> {
    vault: &'a dyn Vault,
    entropy: RefCell<&'a mut dyn Entropy>,
    known: &'a Draft<'a>,
    taken: RefCell<BTreeMap<(Subject, Class), u64>>,
    next_key_slot: Cell<u64>,
    failed: Cell<Option<VaultError>>,
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

fn stream_of(request: &Request) -> Result<StreamId, Rejection> {
    let book = match &request.command {
        Command::PublishPolicyVersion(_) => Some(BookStream::Policies),
        Command::ApplyImport(_) => Some(BookStream::Imports),
        Command::HoldMail(_) | Command::AssignMail(_) => Some(BookStream::Mail),
        Command::AttachFile(attach) if matches!(attach.subject, Subject::Mail(_)) => {
            Some(BookStream::Mail)
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

/// The bytes whose mark tells whether a retry asks for the same: everything but the key itself and
/// the expected version, which a careful client reads anew before it retries.
fn content_bytes(request: &Request) -> Vec<u8> {
    let said = (&request.effective_at, &request.reason, &request.corrects, &request.command);
    serde_json::to_vec(&said).unwrap_or_default()
}

fn layout_of(kind: Kind) -> Result<book::EventLayoutPublished, CodecError> {
    let too_long = |_| {
        CodecError::Encode(bincode::error::EncodeError::Other(
            "a kind's name or layout is too long",
        ))
    };
    Ok(book::EventLayoutPublished {
        kind_tag: kind.tag(),
        kind_name: Line::new(kind.name()).map_err(too_long)?,
        schema_version: kind.schema(),
        layout: Note::new(kind.layout().to_string()).map_err(too_long)?,
    })
}

fn shown(key: &UniqueKey) -> (&'static str, String) {
    match key {
        UniqueKey::Contract(number) => ("contract number", number.to_string()),
        UniqueKey::Invoice(number) => ("invoice number", number.to_string()),
        UniqueKey::BankLine(line) => {
            ("bank line", format!("{}/{}/{}", line.bank, line.statement, line.line))
        }
    }
}

fn event_ref(header: &crate::event::Header) -> EventRef {
    EventRef {
        position: header.envelope.position,
        event_id: header.envelope.event_id,
        kind: header.kind,
        stream: header.envelope.stream.clone(),
        version: header.envelope.version,
        recorded_at: header.envelope.recorded_at,
    }
}

/// Opens one sealed section of an event for a reader.
pub(super) fn open_section(
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
pub(super) fn book_marks(vault: &dyn Vault) -> Result<MarkKey, VaultError> {
    Ok(MarkKey::derive(&vault.key(BOOK_SLOT)?))
}
