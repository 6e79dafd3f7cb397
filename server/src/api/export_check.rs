//! `POST /v1/export/check`: whether a file that left a ledger is whole and unchanged.
//!
//! The call is `multipart/form-data` with the parts `statement`, where that stands in a file of its
//! own, and `file`, whose name says its form. Nothing is kept, and the file may be of any ledger.

use std::io::BufReader;

use axum::Json;
use axum::extract::multipart::Field;
use axum::extract::{DefaultBodyLimit, State};
use daybook_core::event::transfer::ExportFormat;
use serde_json::json;

use super::describe::Operation;
use super::extract::Form;
use super::imports::receive_file;
use super::route::{Routes, post};
use super::{ApiError, blocking};
use crate::App;
use crate::export::check::{Checked, check as check_file};

/// The most bytes a statement may have.
const STATEMENT_SIZE_BYTES_MAX: usize = 1 << 20;

pub(super) fn routes() -> Routes {
    let check = post("/export/check", "Check that a file of an export is whole", check)
        .describe(form)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    Routes::of("exports", [check])
}

fn form(operation: &mut Operation<'_>) {
    let form = json!({
        "type": "object",
        "properties": {
            "statement": {
                "type": "string",
                "description": "The statement of a table, where it stands beside it; before the file.",
            },
            "file": {
                "type": "string",
                "description": "The file; its name ends with .jsonl, .csv or .xlsx.",
                "contentMediaType": "application/octet-stream",
            },
        },
        "required": ["file"],
    });
    operation.takes("multipart/form-data", form);
}

async fn check(
    State(app): State<App>,
    Form(mut multipart): Form,
) -> Result<Json<Checked>, ApiError> {
    let mut statement = None;
    while let Some(field) =
        multipart.next_field().await.map_err(|error| broken("body", error.body_text()))?
    {
        match field.name() {
            Some("statement") => statement = Some(read_statement(field).await?),
            Some("file") => {
                let file = receive_file(&app, field).await?;
                let format = format_of(file.name.as_str()).ok_or_else(|| {
                    let name = &file.name;
                    broken("file", format!("the name {name} does not say which form it has"))
                })?;
                return blocking(move || {
                    let input = BufReader::with_capacity(1 << 18, file.content.reader());
                    let checked = check_file(input, format, statement.as_deref());
                    checked.map(Json).map_err(|error| broken("file", error.to_string()))
                })
                .await;
            }
            other => {
                let other = other.unwrap_or_default().to_owned();
                return Err(broken(&other, format!("the part {other:?} is not known")));
            }
        }
    }
    Err(broken("file", "the call has no part named file".to_owned()))
}

async fn read_statement(mut field: Field<'_>) -> Result<Vec<u8>, ApiError> {
    let mut text = Vec::new();
    while let Some(chunk) =
        field.chunk().await.map_err(|error| broken("statement", error.body_text()))?
    {
        text.extend_from_slice(&chunk);
        if text.len() > STATEMENT_SIZE_BYTES_MAX {
            let most = STATEMENT_SIZE_BYTES_MAX;
            return Err(broken("statement", format!("it is larger than {most} bytes")));
        }
    }
    Ok(text)
}

fn format_of(name: &str) -> Option<ExportFormat> {
    let (_, ending) = name.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let ending = if ending == "ndjson" { "jsonl" } else { ending.as_str() };
    ExportFormat::ALL.iter().copied().find(|format| format.as_str() == ending)
}

fn broken(field: &str, problem: String) -> ApiError {
    let problem_zh = format!("所发内容无法校验（{problem}）");
    let hint = (
        "send multipart/form-data with the parts statement, if any, and file",
        "请以 multipart/form-data 发送 statement（如有）与 file 两部分",
    );
    ApiError::malformed(field, (problem, problem_zh), hint)
}
