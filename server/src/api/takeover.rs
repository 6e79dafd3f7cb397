//! `POST /v1/imports/events`: an export of another ledger, taken in as it was there.
//!
//! The body is the file, JSON lines. The answer is one JSON document a line: `refused` for each event
//! that was not taken, `progress` after each batch, and at the end `done`, or `failed` with a problem.

use std::io::BufReader;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use super::caller::Caller;
use super::describe::Operation;
use super::imports::Chunks;
use super::route::{Routes, post};
use super::{ApiError, Problem};
use crate::App;
use crate::import::takeover::{CHECK, Job, TakeOverError, Told, take_over};
use crate::text::Language;

/// Chunks of the file that may wait to be read.
const CHUNKS_AHEAD: usize = 8;
/// Lines of the answer that may wait to be sent.
const LINES_AHEAD: usize = 256;

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TakeOverLine {
    /// What taking over tells.
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
    let take = post("/imports/events", "Take in what another ledger exported", take)
        .describe(form)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    Routes::of("imports", [take])
}

/// Describes the file and the lines of the answer.
fn form(operation: &mut Operation<'_>) {
    let file = json!({ "type": "string", "description": "An export as JSON lines." });
    operation.takes("application/x-ndjson", file);
    let line = operation.schemas.answers.subschema_for::<TakeOverLine>().to_value();
    let description = "One JSON document a line.";
    operation.answer(StatusCode::OK, "application/x-ndjson", line, description);
}

async fn take(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    body: Body,
) -> Result<Response, ApiError> {
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    let (lines, answer) = mpsc::channel(LINES_AHEAD);
    let mut parts = body.into_data_stream();
    let Some(first) = parts.next().await else {
        let problem = ("the body is empty", "请求体是空的");
        return Err(ApiError::malformed("body", problem, CHECK));
    };
    tokio::spawn(async move {
        let mut parts = stream::iter([first]).chain(parts);
        while let Some(part) = parts.next().await {
            let part = part.map_err(std::io::Error::other);
            let last = part.is_err();
            if chunks.send(part).await.is_err() || last {
                return;
            }
        }
    });
    let job = Job { actor: caller.actor, language };
    tokio::task::spawn_blocking(move || {
        let input = BufReader::new(Chunks::new(received));
        // A caller that has gone away does not stop it halfway.
        let mut tell = |told| drop(lines.blocking_send(TakeOverLine::Told(told)));
        if let Err(error) = take_over(&app.ledger, &job, input, &mut tell) {
            let failed = ApiError::from(error).told().told(language);
            let _ = lines.blocking_send(TakeOverLine::Failed { failed });
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

impl From<TakeOverError> for ApiError {
    fn from(error: TakeOverError) -> ApiError {
        match error {
            TakeOverError::Unfit { problem, hint } => ApiError::malformed("file", problem, hint),
            TakeOverError::Read { line, source } => {
                let problem = (
                    format!("the file could not be read any further (line {line}): {source}"),
                    format!("文件无法继续读取（第 {line} 行）：{source}"),
                );
                let hint =
                    ("send it again; what was taken is recognised", "请重新发送；已取入的会被认出");
                ApiError::malformed("file", problem, hint)
            }
            TakeOverError::Ledger(error) => error.into(),
            TakeOverError::Refused { refusal } => ApiError::refused(&refusal.rejection),
            TakeOverError::Text(error) => ApiError::malformed("file", &error, CHECK),
        }
    }
}
