//! Attachments: files go up and come down as raw bodies, streamed with flat memory.
//!
//! `POST /v1/customers/{code}/attachments` takes a file in; an `attach_file` command names it then.
//! `POST /v1/events/{id}/attachments` does both. What is given out is never shown by a browser as a
//! page of ours: it is an attachment with a type that is not to be guessed.

use std::io::{Read, Seek, SeekFrom};

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::attachment::{ATTACHMENT_SIZE_BYTES_MAX, AttachmentError, Placed};
use daybook_core::decide::command::AttachFile;
use daybook_core::decide::{Rejection, Request};
use daybook_core::event::attachment::{AttachmentAdded, AttachmentId, MediaType};
use daybook_core::event::{Body as EventBody, Kind, StreamId, Subject};
use daybook_core::id::{EventId, Line, Note};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{
    AttachError, AttachedFile, Batch, Mode, Reader, SubmitError, Upload, Uploaded,
};
use daybook_core::position::Position;
use daybook_core::proof::Hash;
use daybook_core::time::Timestamp;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use super::basis::{BasisQuery, BasisView};
use super::caller::{Caller, KeyHeader};
use super::commands::EventRefView;
use super::describe::Operation;
use super::events::{customer_code, found};
use super::extract::{Params, PathPart};
use super::problem::{Code, Told};
use super::route::{Routes, get, post};
use super::{ApiError, blocking};
use crate::App;

/// The most attachments one answer lists.
pub const LIMIT_MAX: usize = 1000;
/// Chunks that may wait to be read or sent.
const CHUNKS_AHEAD: usize = 4;
/// Bytes of content in one chunk of an answer.
const CHUNK_SIZE_BYTES: usize = 1 << 16;

/// What is said about a file that comes with an event.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct LabelQuery {
    /// The file's name, without folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// A note about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
}

/// Where a list of attachments begins.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentsQuery {
    /// From this position on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
}

/// A file that was taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UploadAnswer {
    /// What an `attach_file` command names.
    pub attachment: AttachmentId,
    /// What kind of content it is said to be.
    pub media_type: MediaType,
    /// Bytes of the content.
    pub size_bytes: u64,
    /// SHA-256 of the stored, sealed file but its last 32 bytes.
    pub stored_hash: Hash,
    /// Bytes of the stored file.
    pub stored_size_bytes: u64,
    /// What was found in its place.
    pub placed: PlacedView,
}

/// What an upload found in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlacedView {
    /// Nothing; the file is new.
    New,
    /// The same content of the same subject.
    AlreadyThere,
    /// A damaged file, which the upload replaced.
    Replaced,
}

/// A file that was taken in and attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachedAnswer {
    /// The file.
    pub upload: UploadAnswer,
    /// The event that attaches it.
    pub event: EventRefView,
    /// Whether it had been attached before by a call with the same key.
    pub repeated: bool,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// A list of attachments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentsAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The attachments, oldest first.
    pub attachments: Vec<AttachmentView>,
    /// Where the list goes on.
    pub next: Option<Position>,
}

/// One attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AttachmentView {
    /// Position of the event that attaches it; its content is at `/v1/attachments/{position}`.
    pub position: Position,
    /// Id of the event that attaches it.
    pub event_id: EventId,
    /// The event it belongs to.
    pub event: EventId,
    /// What it is known by.
    pub attachment: AttachmentId,
    /// What kind of content it is said to be.
    pub media_type: MediaType,
    /// Bytes of the content.
    pub size_bytes: u64,
    /// The file's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// A note about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Where it was voided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_by: Option<Position>,
    /// Whether its key was destroyed; its content cannot be read any more.
    pub erased: bool,
}

pub(super) fn routes() -> Routes {
    Routes::of(
        "attachments",
        [
            post("/customers/{code}/attachments", "Take a file in", upload).describe(takes_file),
            get("/customers/{code}/attachments", "List a customer's attachments", of_customer),
            post("/events/{id}/attachments", "Attach a file to an event", attach)
                .describe(takes_file_and_attaches),
            get("/events/{id}/attachments", "List an event's attachments", of_event),
            get("/attachments/{position}", "Read an attachment's content", content)
                .describe(gives_file),
        ],
    )
}

fn binary() -> serde_json::Value {
    json!({ "type": "string", "format": "binary" })
}

fn takes_file(operation: &mut Operation<'_>) {
    operation.takes("*/*", binary());
    operation.problem(StatusCode::INSUFFICIENT_STORAGE);
    let schema = operation.schemas.answers.subschema_for::<UploadAnswer>().to_value();
    operation.answer(StatusCode::CREATED, "application/json", schema, "The file is durable.");
}

fn takes_file_and_attaches(operation: &mut Operation<'_>) {
    takes_file(operation);
    operation.problem(StatusCode::CONFLICT);
    let schema = operation.schemas.answers.subschema_for::<AttachedAnswer>().to_value();
    operation.answer(StatusCode::CREATED, "application/json", schema, "It is attached.");
}

fn gives_file(operation: &mut Operation<'_>) {
    let range = json!({ "type": "string", "examples": ["bytes=0-65535"] });
    operation.header("range", false, "One range of bytes.", range);
    operation.answer(StatusCode::OK, "*/*", binary(), "The content.");
    operation.answer(StatusCode::PARTIAL_CONTENT, "*/*", binary(), "A part of the content.");
    operation.problem(StatusCode::RANGE_NOT_SATISFIABLE);
}

impl From<AttachError> for ApiError {
    fn from(error: AttachError) -> ApiError {
        match error {
            AttachError::Refused(rejection) => ApiError::refused(&rejection),
            AttachError::Files(error) => SubmitError::from(error).into(),
            AttachError::Ledger(error) => error.into(),
            other => {
                let source = std::io::Error::other(other.to_string());
                let error = AttachmentError::BrokeOff { received_bytes: 0, source };
                SubmitError::from(error).into()
            }
        }
    }
}

async fn upload(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
    _caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let stream = StreamId::Customer(customer_code(&code)?);
    let (uploaded, media_type) = take_in(&app, stream, &headers, body).await?;
    let answer = UploadAnswer::new(&uploaded, media_type);
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

async fn attach(
    State(app): State<App>,
    PathPart(id): PathPart<String>,
    Params(label): Params<LabelQuery>,
    caller: Caller,
    KeyHeader(idempotency_key): KeyHeader,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let reader = app.ledger.reader().clone();
    let envelope = blocking(move || Ok(found(&reader, &id)?.0.envelope)).await?;
    let StreamId::Customer(customer) = envelope.stream.clone() else {
        return Err(ApiError::refused(&Rejection::CustomerRequired {}));
    };
    let (uploaded, media_type) = take_in(&app, envelope.stream, &headers, body).await?;
    let command = AttachFile {
        attachment: uploaded.stored.attachment,
        event: Some(envelope.event_id),
        subject: Subject::Customer,
        media_type: media_type.clone(),
        name: label.name,
        note: label.note,
    };
    let request = Request { idempotency_key, ..Request::about(customer, command) };
    let Caller { actor, source } = caller;
    let batch = Batch { actor, source, units: vec![vec![request]], mode: Mode::Commit };
    let answer = app.ledger.submit(batch).await?;
    let unit = answer.units.into_iter().next().ok_or(ApiError::Interrupted)?;
    let outcomes = unit.map_err(|refusal| ApiError::refused(&refusal.rejection))?;
    let outcome = outcomes.first().ok_or(ApiError::Interrupted)?;
    let event = outcome.events.first().ok_or(ApiError::Interrupted)?;
    let answer = AttachedAnswer {
        upload: UploadAnswer::new(&uploaded, media_type),
        event: EventRefView::from(event),
        repeated: outcome.repeated,
        position: answer.next,
    };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

impl UploadAnswer {
    fn new(uploaded: &Uploaded, media_type: MediaType) -> UploadAnswer {
        let stored = &uploaded.stored;
        UploadAnswer {
            attachment: stored.attachment,
            media_type,
            size_bytes: stored.size_bytes,
            stored_hash: stored.stored_hash,
            stored_size_bytes: stored.stored_size_bytes,
            placed: match uploaded.placed {
                Placed::New => PlacedView::New,
                Placed::AlreadyThere => PlacedView::AlreadyThere,
                Placed::Replaced => PlacedView::Replaced,
            },
        }
    }
}

/// Passes a body on to the ledger, chunk by chunk.
async fn take_in(
    app: &App,
    stream: StreamId,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Uploaded, MediaType), ApiError> {
    let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
    let media_type = text(header::CONTENT_TYPE).unwrap_or("application/octet-stream");
    let media_type = MediaType::new(media_type).map_err(|error| {
        let zh = format!("内容类型不合格（{error}）");
        let hint = ("send a type such as application/pdf", "请发送 application/pdf 这样的类型");
        ApiError::malformed("content-type", (error.to_string(), zh), hint)
    })?;
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > ATTACHMENT_SIZE_BYTES_MAX) {
        return Err(ApiError::refused(&Rejection::AttachmentTooLarge {
            max: ATTACHMENT_SIZE_BYTES_MAX,
        }));
    }
    let upload = Upload::new(stream, Subject::Customer, media_type.clone());
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    let ledger = app.ledger.clone();
    let work = blocking(move || {
        let mut content = Incoming { received, current: Bytes::new(), ended: false };
        Ok(ledger.upload(&upload, &mut content)?)
    });
    let feed = async move {
        let mut body = body.into_data_stream();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map(Some).map_err(std::io::Error::other);
            let last = chunk.is_err();
            if chunks.send(chunk).await.is_err() || last {
                return;
            }
        }
        // Said in so many words: a caller that goes away just stops.
        let _ = chunks.send(Ok(None)).await;
    };
    let (uploaded, ()) = tokio::join!(work, feed);
    Ok((uploaded?, media_type))
}

/// A body as the ledger reads it. It has ended only when that was said.
struct Incoming {
    received: mpsc::Receiver<std::io::Result<Option<Bytes>>>,
    current: Bytes,
    ended: bool,
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.received.blocking_recv() {
                Some(chunk) => match chunk? {
                    Some(chunk) => self.current = chunk,
                    None => self.ended = true,
                },
                None => return Err(std::io::ErrorKind::ConnectionAborted.into()),
            }
        }
        let size = buffer.len().min(self.current.len());
        let part = self.current.split_to(size);
        if let Some(target) = buffer.get_mut(..size) {
            target.copy_from_slice(&part);
        }
        Ok(size)
    }
}

async fn of_customer(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
    Params(query): Params<AttachmentsQuery>,
) -> Result<Json<AttachmentsAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let customer = customer_code(&code)?;
        if !reader.knows(&customer)? {
            return Err(ApiError::refused(&Rejection::CustomerUnknown { customer }));
        }
        list(reader, StreamId::Customer(customer), None, query.from).map(Json)
    })
    .await
}

async fn of_event(
    State(app): State<App>,
    PathPart(id): PathPart<String>,
    Params(query): Params<AttachmentsQuery>,
) -> Result<Json<AttachmentsAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let envelope = found(reader, &id)?.0.envelope;
        let from = query.from.unwrap_or_default().max(envelope.position.0);
        list(reader, envelope.stream, Some(envelope.event_id), Some(from)).map(Json)
    })
    .await
}

/// Lists the attachments of a stream, or of one of its events.
fn list(
    reader: &Reader,
    stream: StreamId,
    of: Option<EventId>,
    from: Option<u64>,
) -> Result<AttachmentsAnswer, ApiError> {
    let resolved = BasisQuery::default().resolve(reader)?;
    let voided = resolved.voided(reader)?;
    let query = Query {
        stream: Some(stream),
        kind: Some(Kind::AttachmentAdded),
        from: from.map(Position),
        before: Some(resolved.basis.before),
        ..Query::default()
    };
    let (mut attachments, mut next) = (Vec::new(), None);
    for event in reader.events(query) {
        let (event, hash) = event?;
        let EventBody::AttachmentAdded(body) = &event.body else { continue };
        if of.is_some_and(|of| of != body.event) {
            continue;
        }
        if attachments.len() == LIMIT_MAX {
            next = Some(event.envelope.position);
            break;
        }
        let opened = reader.open_sections(event, hash)?;
        let EventBody::AttachmentAdded(body) = &opened.event.body else { continue };
        let envelope = &opened.event.envelope;
        attachments.push(AttachmentView {
            position: envelope.position,
            event_id: envelope.event_id,
            event: body.event,
            attachment: body.attachment,
            media_type: body.media_type.clone(),
            size_bytes: body.size_bytes,
            name: body.label.open().and_then(|label| label.name.clone()),
            note: body.label.open().and_then(|label| label.note.clone()),
            recorded_at: envelope.recorded_at,
            voided_by: voided.by(envelope.position),
            erased: opened.erased_sections > 0,
        });
    }
    Ok(AttachmentsAnswer { basis: resolved.view, attachments, next })
}

async fn content(
    State(app): State<App>,
    PathPart(position): PathPart<u64>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let file = blocking(move || {
        let file = app.ledger.reader().attached_file(Position(position))?;
        file.ok_or_else(|| {
            let hint = (
                "give the position of an attachment.added event",
                "请给出 attachment.added 事件的位置",
            );
            ApiError::missing(("attachment", "附件"), position, hint)
        })
    })
    .await?;
    let size = file.body.size_bytes;
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, from, to) = match range.and_then(|range| part_of(range, size)) {
        None => (StatusCode::OK, 0, size),
        Some(Some((from, to))) => (StatusCode::PARTIAL_CONTENT, from, to),
        Some(None) => {
            return Ok(behind(size));
        }
    };
    respond(file, status, from, to).await
}

/// Reads a range of the form `bytes=from-to`; nothing for what is to be ignored, and nothing inside
/// for a range that lies behind the content (RFC 9110, 14.1.2 and 14.2).
fn part_of(range: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let (from, to) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| text.trim().parse::<u64>().ok();
    if from.trim().is_empty() {
        let last = number(to)?;
        let part = (size.saturating_sub(last), size);
        return Some((last > 0 && size > 0).then_some(part));
    }
    let from = number(from)?;
    let to = if to.trim().is_empty() { u64::MAX } else { number(to)? };
    if to < from {
        return None;
    }
    Some((from < size).then(|| (from, to.saturating_add(1).min(size))))
}

/// Answers a range that lies behind the content.
fn behind(size: u64) -> Response {
    let detail = (
        format!("the content has {size} bytes; the range lies behind it"),
        format!("内容有 {size} 字节；范围在其之后"),
    );
    let mut response = Told::new(Code::RangeUnsatisfiable, detail).at("range").into_response();
    if let Ok(range) = HeaderValue::try_from(format!("bytes */{size}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, range);
    }
    response
}

/// Streams a part of the content from a thread that may block.
async fn respond(
    mut file: AttachedFile,
    status: StatusCode,
    from: u64,
    to: u64,
) -> Result<Response, ApiError> {
    let (body, size) = (file.body.clone(), file.body.size_bytes);
    let (chunks, mut ready) = mpsc::channel::<std::io::Result<Bytes>>(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut left = to.saturating_sub(from);
        if let Err(error) = file.content.seek(SeekFrom::Start(from)) {
            let _ = chunks.blocking_send(Err(error));
            return;
        }
        while left > 0 {
            let mut chunk =
                vec![0; CHUNK_SIZE_BYTES.min(usize::try_from(left).unwrap_or(usize::MAX))];
            let read = file.content.read_exact(&mut chunk).map(|()| Bytes::from(chunk));
            left = left.saturating_sub(read.as_ref().map_or(left, |chunk| chunk.len() as u64));
            // The caller may have gone.
            if chunks.blocking_send(read).is_err() {
                return;
            }
        }
    });
    // Damage in the first chunk is told as a problem, not as a connection that breaks off.
    let first = match ready.recv().await {
        Some(Ok(chunk)) => Some(chunk),
        None => None,
        Some(Err(source)) => {
            let (what, path) = ("reading an attachment", body.attachment.to_string());
            let error = AttachmentError::Io { what, path, source };
            return Err(SubmitError::from(error).into());
        }
    };
    let rest = stream::poll_fn(move |context| ready.poll_recv(context));
    let content = stream::iter(first.map(Ok)).chain(rest);
    let mut response = (status, Body::from_stream(content)).into_response();
    let headers = response.headers_mut();
    let mut put = |name, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, body.media_type.to_string());
    put(header::CONTENT_LENGTH, to.saturating_sub(from).to_string());
    put(header::CONTENT_DISPOSITION, disposition(&body));
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned());
    put(header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'".to_owned());
    put(header::ACCEPT_RANGES, "bytes".to_owned());
    put(header::ETAG, format!("\"{}\"", body.attachment));
    if status == StatusCode::PARTIAL_CONTENT {
        put(header::CONTENT_RANGE, format!("bytes {from}-{}/{size}", to.saturating_sub(1)));
    }
    Ok(response)
}

/// Names the file in ASCII for old programs, and as it is called for others (RFC 6266, RFC 8187).
fn disposition(body: &AttachmentAdded) -> String {
    let name = body.label.open().and_then(|label| label.name.as_ref());
    let Some(name) = name else { return "attachment".to_owned() };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name.as_str().chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let mut escaped = String::new();
    for byte in name.as_str().bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        for (range, expected) in [
            ("bytes=0-9", Some(Some((0, 10)))),
            ("bytes=90-", Some(Some((90, 100)))),
            ("bytes=90-400", Some(Some((90, 100)))),
            ("bytes=-10", Some(Some((90, 100)))),
            ("bytes=-400", Some(Some((0, 100)))),
            ("bytes=100-", Some(None)),
            ("bytes=-0", Some(None)),
            ("bytes=9-3", None),
            ("bytes=0-1,5-6", None),
            ("lines=1-2", None),
        ] {
            assert_eq!(part_of(range, 100), expected, "{range}");
        }
    }
}
