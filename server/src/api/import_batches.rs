//! `GET /v1/imports`, `GET /v1/imports/{id}`, `POST /v1/imports/{id}/revert`: which imports there
//! were, what each brought, and taking one back.
//!
//! The answer of a revert is one JSON document a line: `stays` for each event that stays, `progress`
//! after each window, and at the end `done`, or `failed` with a problem.

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::id::Note;
use daybook_core::position::Position;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::basis::BasisQuery;
use super::caller::Caller;
use super::describe::Operation;
use super::extract::{Call, Params, PathPart};
use super::route::{Routes, get, post};
use super::{ApiError, Problem, blocking};
use crate::App;
use crate::import::batches::{Brought, ImportBatch, brought, closed, cut_off, find};
use crate::import::revert::{Job, RevertError, Told, revert};
use crate::text::Language;

/// Lines of the answer that may wait to be sent.
const LINES_AHEAD: usize = 256;

/// Which imports are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportsQuery {
    /// Also those that were cut off, which asks for the head of every event.
    #[serde(default)]
    pub cut_off: bool,
}

/// The imports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportsAnswer {
    /// The imports, oldest first; those that were cut off last.
    pub imports: Vec<ImportBatch>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// One import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ImportAnswer {
    /// The import.
    pub import: ImportBatch,
    /// What it brought, by kind.
    pub brought: Vec<Brought>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// What a caller says to take an import back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RevertCall {
    /// Why; kept with every void.
    pub reason: Note,
    /// Whether nothing is kept.
    #[serde(default)]
    pub dry_run: bool,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevertLine {
    /// What taking back tells.
    #[serde(untagged)]
    Told(Told),
    /// It stopped.
    #[serde(untagged)]
    Failed {
        /// Why.
        failed: Problem,
    },
}

pub(super) fn routes() -> Routes {
    let list = get("/imports", "List the imports", list);
    let one = get("/imports/{id}", "Show one import: its position, or its source", one);
    let revert = post("/imports/{id}/revert", "Take an import back", take_back).describe(lines);
    Routes::of("imports", [list, one, revert])
}

/// Describes the lines of the answer.
fn lines(operation: &mut Operation<'_>) {
    let line = operation.schemas.answers.subschema_for::<RevertLine>().to_value();
    let description = "One JSON document a line.";
    operation.answer(StatusCode::OK, "application/x-ndjson", line, description);
}

async fn list(
    State(app): State<App>,
    Params(query): Params<ImportsQuery>,
) -> Result<Json<ImportsAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let position = reader.head().next;
        let mut imports = closed(reader)?;
        if query.cut_off {
            imports.extend(cut_off(reader)?);
        }
        Ok(Json(ImportsAnswer { imports, position }))
    })
    .await
}

fn found(app: &App, id: &str) -> Result<ImportBatch, ApiError> {
    find(app.ledger.reader(), id)?.ok_or_else(|| {
        let hint = (
            "give the position of an import, or its source; `daybook import list` has both",
            "请给出导入的位置或其来源；两者都见 `daybook import list`",
        );
        ApiError::missing(("import", "导入"), id, hint)
    })
}

async fn one(
    State(app): State<App>,
    PathPart(id): PathPart<String>,
) -> Result<Json<ImportAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let resolved = BasisQuery::default().resolve(reader)?;
        let import = found(&app, &id)?;
        let brought = brought(reader, &import, &resolved.voided(reader)?)?;
        Ok(Json(ImportAnswer { import, brought, position: resolved.view.position }))
    })
    .await
}

async fn take_back(
    State(app): State<App>,
    PathPart(id): PathPart<String>,
    caller: Caller,
    language: Language,
    Call(call): Call<RevertCall>,
) -> Result<Response, ApiError> {
    let (app, batch) = blocking(move || found(&app, &id).map(|batch| (app, batch))).await?;
    let Caller { actor, source } = caller;
    let RevertCall { reason, dry_run } = call;
    let job = Job { batch, actor, source, reason, language, dry_run };
    let (lines, answer) = mpsc::channel(LINES_AHEAD);
    tokio::task::spawn_blocking(move || {
        // A caller that has gone away does not stop it halfway.
        let mut tell = |told| drop(lines.blocking_send(RevertLine::Told(told)));
        if let Err(error) = revert(&app.ledger, &job, &mut tell) {
            let failed = ApiError::from(error).told().told(language);
            let _ = lines.blocking_send(RevertLine::Failed { failed });
        }
    });
    let body = stream::unfold(answer, |mut answer| async move {
        let line = answer.recv().await?;
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), answer))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

impl From<RevertError> for ApiError {
    fn from(error: RevertError) -> ApiError {
        match error {
            RevertError::Ledger(error) => error.into(),
            RevertError::Refused { rejection } => ApiError::refused(&rejection),
            RevertError::Text(error) => {
                ApiError::malformed("/reason", &error, ("shorten the text", "请缩短文字"))
            }
        }
    }
}
