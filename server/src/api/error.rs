//! How everything that can go wrong is told to a caller: one problem document (RFC 9457) with a
//! status, a stable code, a sentence, and what to do next.
//!
//! Invariant: this is the only place where codes and statuses meet.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use daybook_core::decide::Rejection;
use daybook_core::ledger::attach::AttachError;
use daybook_core::ledger::{Refusal, SubmitError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::import::ImportError;
use crate::import::mapping::MappingError;
use crate::mail::MailError;

/// What went wrong, before it is put on the wire.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApiError {
    /// The business says no.
    #[error("{}", refusal.rejection)]
    Refused {
        /// Which unit of the call, counted from 0.
        unit: usize,
        /// Why.
        #[source]
        refusal: Refusal,
    },
    /// The ledger is broken or was asked too much.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The call itself cannot be understood.
    #[error("{problem}")]
    Malformed {
        /// Which part of the call.
        field: String,
        /// What is wrong.
        problem: String,
        /// What to do.
        hint: &'static str,
    },
    /// What was asked for is not there.
    #[error("{what} {name} is not in this ledger")]
    NotFound {
        /// What.
        what: &'static str,
        /// Which.
        name: String,
        /// What to do.
        hint: &'static str,
    },
    /// A mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// An import stopped.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Taking mail in stopped.
    #[error(transparent)]
    Mail(#[from] crate::mail::MailError),
    /// Work inside the server ended early.
    #[error("the work was interrupted inside the server")]
    Interrupted,
    /// Nothing is served at this path.
    #[error("{method} {path} is no route of this interface")]
    NoSuchRoute {
        /// The method.
        method: String,
        /// The path.
        path: String,
    },
}

/// The document a caller gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What happened, in a sentence without a full stop.
    pub detail: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The rule of the domain it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The part of the call it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Which unit of the call, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<usize>,
    /// Which request of the unit, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: String, hint: Option<&str>) -> Problem {
        Problem {
            status: status.as_u16(),
            code: code.to_owned(),
            detail,
            hint: hint.map(str::to_owned),
            rule: None,
            field: None,
            unit: None,
            request: None,
        }
    }

    /// Tells a refusal.
    pub fn refused(unit: usize, refusal: &Refusal) -> Problem {
        let rejection = &refusal.rejection;
        let status = refused_status(rejection);
        let detail = rejection.to_string();
        let problem = Problem::new(status, rejection.code(), detail, Some(rejection.hint()));
        Problem {
            rule: rejection.rule().map(str::to_owned),
            unit: Some(unit),
            request: Some(refusal.index),
            ..problem
        }
    }
}

impl From<&ApiError> for Problem {
    fn from(error: &ApiError) -> Problem {
        use StatusCode as S;
        match error {
            ApiError::Refused { unit, refusal } => Problem::refused(*unit, refusal),
            ApiError::Submit(error) => broken(error),
            ApiError::Malformed { field, problem, hint } => {
                let problem =
                    Problem::new(S::BAD_REQUEST, "malformed", problem.clone(), Some(hint));
                Problem { field: Some(field.clone()), ..problem }
            }
            ApiError::NotFound { hint, .. } => {
                Problem::new(S::NOT_FOUND, "not_found", error.to_string(), Some(hint))
            }
            ApiError::Mapping(mapping) => {
                let detail = mapping.to_string();
                let problem =
                    Problem::new(S::BAD_REQUEST, mapping.code(), detail, Some(mapping.hint()));
                Problem { field: Some("mapping".to_owned()), ..problem }
            }
            ApiError::Import(import) => stopped(import),
            ApiError::Mail(error) => mail_stopped(error),
            ApiError::Interrupted => Problem::new(
                S::INTERNAL_SERVER_ERROR,
                "interrupted",
                error.to_string(),
                Some("try again; if it happens again, report it with what you did"),
            ),
            ApiError::NoSuchRoute { .. } => Problem::new(
                S::NOT_FOUND,
                "no_such_route",
                error.to_string(),
                Some("see docs/reference/api.md for the routes"),
            ),
        }
    }
}

fn refused_status(rejection: &Rejection) -> StatusCode {
    match rejection {
        Rejection::StaleVersion { .. }
        | Rejection::KeyReused { .. }
        | Rejection::NumberTaken { .. } => StatusCode::CONFLICT,
        Rejection::CustomerUnknown { .. } => StatusCode::NOT_FOUND,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

fn broken(error: &SubmitError) -> Problem {
    let (status, hint) = match error.code() {
        "batch_too_large" => (StatusCode::PAYLOAD_TOO_LARGE, "send fewer requests at once"),
        "disk_full" => {
            (StatusCode::INSUFFICIENT_STORAGE, "free some space; writing then resumes by itself")
        }
        "corrupt" => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "run `daybook verify` to see how far the ledger can be trusted",
        ),
        "derived_damaged" | "storage_failed" => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "open the ledger again; what was acknowledged is in its journal",
        ),
        "upload_broke_off" => (StatusCode::BAD_REQUEST, "send the file again"),
        "attachment_missing" | "attachment_damaged" => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "bring the file back from a mirror or a backup; `daybook verify` names all such files",
        ),
        "clock_jump" => (
            StatusCode::CONFLICT,
            "nothing was recorded; set the clock right or, if it is right, confirm it with \
             POST /v1/clock",
        ),
        "clock_differs" => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "read the clock with GET /v1/clock and confirm what it shows, if that is right",
        ),
        "closed" => (StatusCode::SERVICE_UNAVAILABLE, "open the ledger again and retry"),
        _ => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "check that the directory and its vault are whole and readable",
        ),
    };
    Problem::new(status, error.code(), chain(error), Some(hint))
}

fn stopped(error: &ImportError) -> Problem {
    match error {
        ImportError::Submit(error) => broken(error),
        ImportError::Refused { refusal } => Problem::refused(0, refusal),
        ImportError::Csv { .. } | ImportError::Header { .. } | ImportError::Text(_) => {
            let status = StatusCode::UNPROCESSABLE_ENTITY;
            Problem::new(status, error.code(), chain(error), Some(error.hint()))
        }
        ImportError::Interrupted => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Problem::new(status, error.code(), chain(error), Some(error.hint()))
        }
    }
}

fn mail_stopped(error: &MailError) -> Problem {
    match error {
        MailError::Ledger(error) => broken(error),
        MailError::Stream { .. } => Problem::new(
            StatusCode::BAD_REQUEST,
            "mail_unreadable",
            chain(error),
            Some("send the whole mailbox again; what was taken is recognised"),
        ),
        MailError::Files(AttachError::Refused(rejection)) => {
            Problem::refused(0, &Refusal { index: 0, rejection: rejection.clone() })
        }
        MailError::Files(files) => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            files.code(),
            chain(error),
            Some("check that the folder of the attachments is writable and has space"),
        ),
        MailError::Text(_) => Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "text_unfit",
            chain(error),
            Some("report the message that caused it"),
        ),
    }
}

/// Writes an error and its causes in one sentence.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = serde_json::to_string(&self).unwrap_or_default();
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        Problem::from(&self).into_response()
    }
}

/// Answers calls to paths that do not exist.
pub(super) async fn no_such_route(method: axum::http::Method, uri: axum::http::Uri) -> ApiError {
    ApiError::NoSuchRoute { method: method.to_string(), path: uri.path().to_owned() }
}
