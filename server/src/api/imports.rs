//! `POST /v1/imports`: a mapping and a CSV file, streamed in both directions.
//!
//! The call is `multipart/form-data` with the parts `mapping` (TOML), `dry_run` (`true` or `false`,
//! optional) and, last, `file`. The answer is one JSON document a line: `header`, `refused` rows,
//! `progress` after each batch, and at the end `done`, or `failed` with a problem. Memory stays flat
//! however long the file is.

use std::io::Read;

use axum::body::Body;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::caller::Caller;
use super::describe::Operation;
use super::extract::Form;
use super::route::{Routes, post};
use super::{ApiError, Problem};
use crate::App;
use crate::import::{Job, Mapping, Notice, run};
use crate::text::{Language, Text};

/// The most bytes a mapping may have.
pub const MAPPING_SIZE_BYTES_MAX: usize = 1 << 20;
/// Chunks of the file that may wait to be read.
const CHUNKS_AHEAD: usize = 8;
/// Lines of the answer that may wait to be sent.
const LINES_AHEAD: usize = 256;

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportLine {
    /// What the import tells.
    #[serde(untagged)]
    Notice(Notice),
    /// It stopped.
    #[serde(untagged)]
    Failed {
        /// Why.
        failed: Problem,
    },
}

type Lines = mpsc::Receiver<ImportLine>;
type Started = oneshot::Sender<Result<Lines, ApiError>>;

pub(super) fn routes() -> Routes {
    let import = post("/imports", "Import a CSV file through a mapping", import)
        .describe(form)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    Routes::of("imports", [import])
}

/// Describes the form and the lines of the answer.
fn form(operation: &mut Operation<'_>) {
    let part = |description: &str| json!({ "type": "string", "description": description });
    let mut file = part("The CSV file; the last part.");
    if let Some(file) = file.as_object_mut() {
        file.insert("contentMediaType".to_owned(), "text/csv".into());
    }
    let form = json!({
        "type": "object",
        "properties": {
            "mapping": part("How rows become requests, TOML, at most 1 MiB."),
            "dry_run": { "enum": ["true", "false"], "description": "Whether nothing is kept." },
            "file": file,
        },
        "required": ["mapping", "file"],
    });
    operation.takes("multipart/form-data", form);
    let line = operation.schemas.answers.subschema_for::<ImportLine>().to_value();
    let description = "One JSON document a line.";
    operation.answer(StatusCode::OK, "application/x-ndjson", line, description);
}

async fn import(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Form(multipart): Form,
) -> Result<Response, ApiError> {
    let (started, start) = oneshot::channel();
    tokio::spawn(receive(app, caller, language, multipart, started));
    let lines = start.await.map_err(|_| ApiError::Interrupted)??;
    let body = stream::unfold(lines, |mut lines| async move {
        let line = lines.recv().await?;
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), lines))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

fn malformed(field: &str, problem: impl Into<Text>) -> ApiError {
    let hint = (
        "send multipart/form-data with the parts mapping, dry_run and, last, file",
        "请发送 multipart/form-data，含 mapping、dry_run，最后是 file",
    );
    ApiError::malformed(field, problem, hint)
}

fn unread(field: &str, error: &MultipartError) -> ApiError {
    let en = error.body_text();
    let zh = format!("无法读取（{en}）");
    malformed(field, (en, zh))
}

/// Receives the parts, then feeds the file to the import as it arrives.
async fn receive(
    app: App,
    caller: Caller,
    language: Language,
    mut multipart: Multipart,
    started: Started,
) {
    let (mut mapping, mut dry_run) = (None, false);
    let problem = loop {
        let field = match multipart.next_field().await {
            Ok(Some(field)) => field,
            Ok(None) => {
                break malformed(
                    "file",
                    ("the call has no part named file", "调用没有名为 file 的部分"),
                );
            }
            Err(error) => break unread("body", &error),
        };
        let name = field.name().unwrap_or_default().to_owned();
        let taken = match name.as_str() {
            "mapping" => read_mapping(field).await.map(|read| mapping = Some(read)),
            "dry_run" => field
                .text()
                .await
                .map(|text| dry_run = text.trim() == "true")
                .map_err(|error| unread("dry_run", &error)),
            "file" => {
                let Some(mapping) = mapping else {
                    let problem = (
                        "the part mapping must come before the file",
                        "mapping 部分必须在 file 之前",
                    );
                    break malformed("mapping", problem);
                };
                let file_name = field.file_name().unwrap_or("unnamed").to_owned();
                let job = Job { mapping, file_name, actor: caller.actor, dry_run };
                let chunks = start(app, job, language, started);
                feed(field, &chunks).await;
                return;
            }
            other => {
                let en = format!("the part {other:?} is not known");
                Err(malformed(other, (en, format!("不认识 {other:?} 部分"))))
            }
        };
        if let Err(error) = taken {
            break error;
        }
    };
    // Nobody listens when the caller has gone; then there is nobody to tell.
    let _ = started.send(Err(problem));
}

async fn read_mapping(mut field: Field<'_>) -> Result<Mapping, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| unread("mapping", &error))? {
        text.extend_from_slice(&chunk);
        if text.len() > MAPPING_SIZE_BYTES_MAX {
            let most = MAPPING_SIZE_BYTES_MAX;
            let en = format!("the mapping is larger than {most} bytes");
            return Err(malformed("mapping", (en, format!("映射超过 {most} 字节"))));
        }
    }
    let text = String::from_utf8(text).map_err(|_| {
        malformed("mapping", ("the mapping is not UTF-8 text", "映射不是 UTF-8 文本"))
    })?;
    Ok(Mapping::parse(text.strip_prefix('\u{feff}').unwrap_or(&text))?)
}

type Chunk = std::io::Result<Bytes>;

/// Starts the import on a thread of its own and hands out its answer.
fn start(app: App, job: Job, language: Language, started: Started) -> mpsc::Sender<Chunk> {
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    let (lines, answer) = mpsc::channel(LINES_AHEAD);
    let _ = started.send(Ok(answer));
    tokio::task::spawn_blocking(move || {
        let input = Chunks::new(received);
        // A caller that has gone away does not stop the import halfway.
        let mut tell = |notice| drop(lines.blocking_send(ImportLine::Notice(notice)));
        if let Err(error) = run(&app.ledger, &job, input, &mut tell) {
            let failed = ApiError::from(error).told().told(language);
            let _ = lines.blocking_send(ImportLine::Failed { failed });
        }
    });
    chunks
}

/// Passes the file on, chunk by chunk; a broken connection becomes a read error of the import.
async fn feed(mut field: Field<'_>, chunks: &mpsc::Sender<Chunk>) {
    loop {
        let chunk = match field.chunk().await {
            Ok(Some(chunk)) => Ok(chunk),
            Ok(None) => return,
            Err(error) => Err(std::io::Error::other(error.body_text())),
        };
        let last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || last {
            return;
        }
    }
}

/// The file as the import reads it.
pub(super) struct Chunks {
    received: mpsc::Receiver<Chunk>,
    current: Bytes,
}

impl Chunks {
    /// Reads what is received.
    pub(super) const fn new(received: mpsc::Receiver<Chunk>) -> Chunks {
        Chunks { received, current: Bytes::new() }
    }
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.current.is_empty() {
            match self.received.blocking_recv() {
                Some(chunk) => self.current = chunk?,
                None => return Ok(0),
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
