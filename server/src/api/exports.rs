//! `GET /v1/export`: events as a file, streamed with flat memory.
//!
//! The export is noted in the ledger (X05) before its first byte is sent, so that one that breaks
//! off is known as well. A file that breaks off has no end, and its connection is cut.

use std::io::Write;

use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::decide::{Command, Request};
use daybook_core::event::StreamId;
use daybook_core::event::transfer::{DataExported, ExportFormat};
use daybook_core::id::{Label, Note};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Batch, EventRef, Mode, Reader};
use daybook_core::position::{ExpectedVersion, Position};
use daybook_projections::Voided;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use super::basis::{BasisQuery, Resolved, instant};
use super::caller::Caller;
use super::describe::Operation;
use super::events::{customer_code, kind_of};
use super::extract::Params;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;
use crate::export::write::write;
use crate::export::{Asked, FORM_VERSION, Origin};

/// Bytes that are sent at a time.
const CHUNK_SIZE_BYTES: usize = 64 << 10;
/// Chunks that may wait to be sent.
const CHUNKS_AHEAD: usize = 8;
/// The header that says where the export is noted.
pub const NOTED_HEADER: &str = "x-daybook-noted-at";

/// Which events are asked for, and in which form.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportQuery {
    /// The form: `jsonl` (the default), `csv` or `xlsx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ExportFormat>,
    /// From this position on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only this customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Effective at or after this date or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// Whether personal sections are opened; they stay sealed otherwise.
    #[serde(default)]
    pub personal: bool,
    /// Whether the content of attached files is carried; JSON lines with personal sections open only.
    #[serde(default)]
    pub files: bool,
    /// What for, in words; kept with the note of the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
}

pub(super) fn routes() -> Routes {
    let export = get("/export", "Take events out as a file", export).describe(gives_file);
    Routes::of("exports", [export])
}

fn gives_file(operation: &mut Operation<'_>) {
    for (media, what) in
        [("application/x-ndjson", "JSON lines."), ("text/csv", "A table."), (XLSX, "A workbook.")]
    {
        let schema = json!({ "type": "string", "format": "binary", "description": what });
        operation.answer_also(StatusCode::OK, media, schema, "The file.");
    }
    operation.problem(StatusCode::INSUFFICIENT_STORAGE);
}

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

const fn media_type(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Jsonl => "application/x-ndjson",
        ExportFormat::Csv => "text/csv; charset=utf-8",
        ExportFormat::Xlsx => XLSX,
    }
}

async fn export(
    State(app): State<App>,
    Params(query): Params<ExportQuery>,
    caller: Caller,
) -> Result<Response, ApiError> {
    let reason = query.reason.clone();
    let ledger = app.ledger.clone();
    let plan = blocking(move || plan(ledger.reader(), &query)).await?;
    let ledger = app.ledger;
    let exported_at = app.clock.now();
    let exported_by = caller.actor.user.clone();
    let noted = note(&ledger, &plan, caller, reason).await?;
    let origin = plan.origin(&noted, exported_at, exported_by, ledger.reader())?;
    let (format, position) = (origin.format, origin.basis.position);
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut out = Chunks { chunks, buffer: Vec::with_capacity(CHUNK_SIZE_BYTES) };
        let written = write(ledger.reader(), plan.query, origin, &plan.voided, &mut out);
        let ended = written.map_err(std::io::Error::other).and_then(|_| out.flush());
        if let Err(error) = ended {
            // The connection is cut: a file without its end must not look like a whole one.
            let _ = out.chunks.blocking_send(Err(error));
        }
    });
    let body = stream::unfold(received, |mut received| async move {
        received.recv().await.map(|chunk| (chunk, received))
    });
    let name = format!("attachment; filename=\"daybook-{}.{format}\"", position.0);
    let headers = [
        (header::CONTENT_TYPE.as_str(), media_type(format).to_owned()),
        (header::CONTENT_DISPOSITION.as_str(), name),
        (header::CACHE_CONTROL.as_str(), "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff".to_owned()),
        (NOTED_HEADER, noted.position.to_string()),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

/// What is to be exported.
struct Plan {
    format: ExportFormat,
    personal: bool,
    files: bool,
    asked: Asked,
    query: Query,
    resolved: Resolved,
    voided: Voided,
}

fn plan(reader: &Reader, query: &ExportQuery) -> Result<Plan, ApiError> {
    let basis = BasisQuery { as_of: query.as_of.clone(), known_at: query.known_at.clone() };
    let resolved = basis.resolve(reader)?;
    let known = resolved.basis.before;
    let before = query.before.map_or(known, Position).min(known);
    let from = Position(query.from.unwrap_or_default());
    let customer = query.customer.as_deref().map(customer_code).transpose()?;
    let kind = query.kind.as_deref().map(kind_of).transpose()?;
    let since = query.since.as_deref();
    let since = since.map(|since| instant("since", since, resolved.zone, false)).transpose()?;
    let asked = Asked {
        customer: customer.as_ref().map(ToString::to_string),
        kind: kind.map(|kind| kind.name().to_owned()),
        since,
        from,
        before,
    };
    let query_of_log = Query {
        stream: customer.map(StreamId::Customer),
        kind,
        from: Some(from),
        before: Some(before),
        as_of: resolved.basis.as_of,
        since,
        backwards: false,
    };
    let voided = resolved.voided(reader)?;
    let format = query.format.unwrap_or(ExportFormat::Jsonl);
    let ExportQuery { personal, files, .. } = *query;
    if files && (format != ExportFormat::Jsonl || !personal) {
        let problem = (
            "attached files go only into JSON lines with personal sections open",
            "附件只能随个人内容已开封的 JSON 行一同导出",
        );
        let hint =
            ("ask for format=jsonl and personal=true", "请要求 format=jsonl 与 personal=true");
        return Err(ApiError::malformed("files", problem, hint));
    }
    Ok(Plan { format, personal, files, asked, query: query_of_log, resolved, voided })
}

impl Plan {
    fn origin(
        &self,
        noted: &EventRef,
        exported_at: daybook_core::time::Timestamp,
        exported_by: daybook_core::id::ActorId,
        reader: &Reader,
    ) -> Result<Origin, ApiError> {
        let book = reader.book()?;
        Ok(Origin {
            version: FORM_VERSION,
            format: self.format,
            book: book.book,
            name: book.name.clone(),
            functional_currency: book.functional_currency,
            legal_entities: book.legal_entities.clone(),
            query: self.asked.clone(),
            basis: self.resolved.view.clone(),
            personal: self.personal,
            files: self.files,
            exported_at,
            exported_by,
            noted_at: noted.position,
            noted_as: noted.event_id,
        })
    }
}

/// Notes the export in the ledger.
async fn note(
    ledger: &daybook_core::ledger::Ledger,
    plan: &Plan,
    caller: Caller,
    reason: Option<Note>,
) -> Result<EventRef, ApiError> {
    let kind = plan.asked.kind.as_deref().map(Label::new).transpose();
    let exported = DataExported {
        format: plan.format,
        of_customer: plan.query.stream.as_ref().and_then(|stream| stream.customer().cloned()),
        kind: kind.unwrap_or_default(),
        since: plan.asked.since,
        as_of: plan.resolved.view.as_of,
        known_at: plan.resolved.view.known_at,
        from: plan.asked.from,
        before: plan.asked.before,
        personal: plan.personal,
        files: plan.files,
    };
    let request = Request {
        customer: None,
        effective_at: None,
        expected_version: ExpectedVersion::Any,
        idempotency_key: None,
        reason,
        corrects: None,
        command: Command::NoteExport(exported),
    };
    let Caller { actor, source } = caller;
    let units = vec![vec![request]];
    let answer = ledger.submit(Batch { actor, source, units, mode: Mode::Commit }).await?;
    let outcome = match answer.units.into_iter().next() {
        Some(Ok(outcomes)) => outcomes.into_iter().next(),
        Some(Err(refusal)) => return Err(ApiError::refused(&refusal.rejection)),
        None => None,
    };
    let event = outcome.and_then(|outcome| outcome.events.into_iter().next());
    event.ok_or(ApiError::Interrupted)
}

/// The file on its way to the caller.
struct Chunks {
    chunks: mpsc::Sender<std::io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK_SIZE_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_SIZE_BYTES));
        let gone = || std::io::Error::new(std::io::ErrorKind::BrokenPipe, "the caller is gone");
        self.chunks.blocking_send(Ok(full.into())).map_err(|_| gone())
    }
}
