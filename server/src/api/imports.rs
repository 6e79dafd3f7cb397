//! `POST /v1/imports`: a mapping and files, streamed in both directions.
//!
//! The call is `multipart/form-data` with the parts `mapping` (TOML), `dry_run` (`true` or `false`,
//! optional) and, last, one or more `file`. The answer is one JSON document a line: `header` of each
//! file, `refused` rows, `progress` after each batch, and at the end `done`, or `failed` with a
//! problem. Memory stays flat however long the files are: they wait sealed until they have all come.

use std::io::Read;

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::attachment::Scratch;
use daybook_core::id::Line;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

use super::caller::Caller;
use super::describe::Operation;
use super::extract::Form;
use super::route::{Routes, post};
use super::{ApiError, Problem, blocking};
use crate::App;
use crate::import::lookup::Known;
use crate::import::{ImportError, InputFile, Job, Mapping, Notice, run};
use crate::text::{Language, Text};

/// The most bytes a mapping may have.
pub const MAPPING_SIZE_BYTES_MAX: usize = 1 << 20;
/// The most files one import may have.
pub const FILES_MAX: usize = 100;
/// Chunks of a file that may wait to be read.
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
    let import = post("/imports", "Import files through a mapping", import)
        .describe(form)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    let guess = post("/imports/guess", "Write a first mapping for a file", guess)
        .describe(guess_form)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    Routes::of("imports", [import, guess])
}

/// Describes the form of a file to be looked at.
fn guess_form(operation: &mut Operation<'_>) {
    let form = json!({
        "type": "object",
        "properties": { "file": {
            "type": "string",
            "description": "A file: CSV, JSON lines or XLSX, plain, gzip or zip.",
            "contentMediaType": "application/octet-stream",
        } },
        "required": ["file"],
    });
    operation.takes("multipart/form-data", form);
}

/// A mapping to start from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuessAnswer {
    /// The mapping, TOML with comments.
    pub mapping: String,
}

async fn guess(
    State(app): State<App>,
    Form(mut multipart): Form,
) -> Result<Json<GuessAnswer>, ApiError> {
    let field = multipart.next_field().await;
    let field = field.map_err(unread("body"))?;
    let Some(field) = field.filter(|field| field.name() == Some("file")) else {
        return Err(malformed("file", NO_FILE));
    };
    let file = receive_file(&app, field).await?;
    let mapping = blocking(move || {
        let own = app.ledger.reader().book()?.functional_currency;
        let name = file.name.to_string();
        let guessed = crate::import::guess::guess(&name, &|| file.open(), own);
        guessed.map_err(|source| {
            ApiError::from(ImportError::Source { file: name, rows_read: 0, source })
        })
    });
    Ok(Json(GuessAnswer { mapping: mapping.await? }))
}

/// Describes the form and the lines of the answer.
fn form(operation: &mut Operation<'_>) {
    let part = |description: &str| json!({ "type": "string", "description": description });
    let mut file = part("A file: CSV, JSON lines or XLSX, plain, gzip or zip. The last parts.");
    if let Some(file) = file.as_object_mut() {
        file.insert("contentMediaType".to_owned(), "application/octet-stream".into());
    }
    let form = json!({
        "type": "object",
        "properties": {
            "mapping": part("How rows become requests, TOML, at most 1 MiB."),
            "dry_run": { "enum": ["true", "false"], "description": "Whether nothing is kept." },
            "file": { "type": "array", "items": file, "minItems": 1, "maxItems": FILES_MAX },
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
        "send multipart/form-data with the parts mapping, dry_run and, last, the files",
        "请发送 multipart/form-data，含 mapping、dry_run 各部分，文件在最后",
    );
    ApiError::malformed(field, problem, hint)
}

/// Tells that a part of the form broke off or cannot be taken apart.
fn unread(field: &'static str) -> impl Fn(MultipartError) -> ApiError {
    move |error| {
        let en = error.body_text();
        let zh = format!("表单的这一部分无法读取（{en}）");
        malformed(field, (en, zh))
    }
}

/// Receives the parts, then runs the import.
async fn receive(
    app: App,
    caller: Caller,
    language: Language,
    multipart: Multipart,
    started: Started,
) {
    let job = match parts(&app, caller, language, multipart).await {
        Ok(job) => job,
        Err(problem) => {
            // Nobody listens when the caller has gone; then there is nobody to tell.
            let _ = started.send(Err(problem));
            return;
        }
    };
    let (lines, answer) = mpsc::channel(LINES_AHEAD);
    let _ = started.send(Ok(answer));
    tokio::task::spawn_blocking(move || {
        // A caller that has gone away does not stop the import halfway.
        let mut tell = |notice| drop(lines.blocking_send(ImportLine::Notice(notice)));
        let known = Known { ledger: &app.ledger, directory: &app.directory };
        if let Err(error) = run(known, &job, &mut tell) {
            let failed = ApiError::from(error).told().told(language);
            let _ = lines.blocking_send(ImportLine::Failed { failed });
        }
    });
}

/// What is said of a form without a file.
const NO_FILE: (&str, &str) = ("the call has no part named file", "调用没有名为 file 的部分");

async fn parts(
    app: &App,
    caller: Caller,
    language: Language,
    mut multipart: Multipart,
) -> Result<Job, ApiError> {
    let (mut mapping, mut dry_run, mut files) = (None, false, Vec::new());
    while let Some(field) = multipart.next_field().await.map_err(unread("body"))? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "mapping" => mapping = Some(read_mapping(field).await?),
            "dry_run" => {
                let text = field.text().await;
                dry_run = text.map_err(unread("dry_run"))?.trim() == "true";
            }
            "file" if mapping.is_none() => {
                let problem =
                    ("the part mapping must come before the files", "mapping 部分必须在文件之前");
                return Err(malformed("mapping", problem));
            }
            "file" if files.len() == FILES_MAX => {
                let problem = (
                    format!("an import has at most {FILES_MAX} files"),
                    format!("一次导入最多 {FILES_MAX} 个文件"),
                );
                return Err(malformed("file", problem));
            }
            "file" => files.push(receive_file(app, field).await?),
            other => {
                let en = format!("the part {other:?} is not known");
                return Err(malformed(other, (en, format!("不认识表单的部分 {other:?}"))));
            }
        }
    }
    let missing = ("the call has no part named mapping", "调用没有名为 mapping 的部分");
    let mapping = mapping.ok_or_else(|| malformed("mapping", missing))?;
    if files.is_empty() {
        return Err(malformed("file", NO_FILE));
    }
    Ok(Job { mapping, files, actor: caller.actor, dry_run, language })
}

async fn read_mapping(mut field: Field<'_>) -> Result<Mapping, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(unread("mapping"))? {
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

/// Receives a file, sealed and without a name, where it waits for its import.
pub(super) async fn receive_file(app: &App, mut field: Field<'_>) -> Result<InputFile, ApiError> {
    let name = field.file_name().unwrap_or("unnamed").to_owned();
    let name = Line::new(&name).map_err(|error| malformed("file", &error))?;
    let (chunks, received) = mpsc::channel::<Chunk>(CHUNKS_AHEAD);
    let ledger = app.ledger.clone();
    let content = tokio::task::spawn_blocking(move || -> Result<Scratch, ImportError> {
        let mut key = daybook_core::vault::Key::default();
        getrandom::fill(key.as_mut_slice()).map_err(|_| ImportError::Interrupted)?;
        Ok(ledger.scratch(&key, &mut Chunks::new(received))?)
    });
    loop {
        // A broken connection becomes a read error of the file.
        let chunk = match field.chunk().await {
            Ok(Some(chunk)) => Ok(chunk),
            Ok(None) => break,
            Err(error) => Err(std::io::Error::other(error.body_text())),
        };
        let last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || last {
            break;
        }
    }
    drop(chunks);
    let content = content.await.map_err(|_| ApiError::Interrupted)??;
    Ok(InputFile { name, content })
}

type Chunk = std::io::Result<Bytes>;

/// A file as it is read while it arrives.
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
