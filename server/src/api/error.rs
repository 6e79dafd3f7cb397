//! How everything that can go wrong in a handler becomes a problem.
//!
//! What the core, an import or mail can say is matched here; what a handler finds itself is told
//! with [`ApiError::malformed`], [`ApiError::missing`] or [`ApiError::told`]. A new kind of trouble
//! is a code in [`problem::codes`](super::problem::codes).

use std::error::Error;

use axum::response::{IntoResponse, Response};
use daybook_core::decide::Rejection;
use daybook_core::ledger::attach::AttachError;
use daybook_core::ledger::{Refusal, SubmitError};
use daybook_projections::engine::ViewError;

use super::problem::{Code, Problem, Told};
use crate::import::ImportError;
use crate::import::mapping::MappingError;
use crate::mail::MailError;
use crate::text::{Language, Text};

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
    /// A mapping cannot be used.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// An import stopped.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Taking mail in stopped.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A view could not be folded.
    #[error(transparent)]
    View(#[from] ViewError),
    /// Work inside the server ended early.
    #[error("the work was interrupted inside the server")]
    Interrupted,
    /// Anything else, told already.
    #[error("{}", .0.detail.en)]
    Told(Box<Told>),
}

impl ApiError {
    /// Tells that a part of the call cannot be understood, and what to do; each in English and
    /// Chinese. The field is a pointer into the body, or the name of a parameter or header.
    pub fn malformed(
        field: impl Into<String>,
        problem: impl Into<Text>,
        hint: impl Into<Text>,
    ) -> ApiError {
        ApiError::from(Told::new(Code::Malformed, problem).at(field).hint(hint))
    }

    /// Tells that something, named in English and Chinese, is not there.
    pub fn missing(
        what: (&'static str, &'static str),
        name: impl std::fmt::Display,
        hint: impl Into<Text>,
    ) -> ApiError {
        let detail = (
            format!("{} {name} is not in this ledger", what.0),
            format!("此账簿中没有{} {name}", what.1),
        );
        ApiError::from(Told::new(Code::NotFound, detail).hint(hint))
    }

    /// Tells that a rule refuses what the call as a whole asks for.
    pub fn refused(rejection: &Rejection) -> ApiError {
        Told::refused(rejection).of_request(0, 0).into()
    }

    /// Tells it in both languages.
    pub fn told(&self) -> Told {
        match self {
            ApiError::Refused { unit, refusal } => refused(*unit, refusal),
            ApiError::Submit(error) => broken(error.code(), error),
            ApiError::Mapping(error) => {
                let told = broken(error.code(), error).at("mapping");
                let zh = told.hint.zh.clone();
                told.hint((error.hint(), zh))
            }
            ApiError::Import(error) => stopped(error),
            ApiError::Mail(error) => mail_stopped(error),
            ApiError::View(error) => broken(error.code(), error),
            ApiError::Interrupted => Told::plain(Code::Interrupted),
            ApiError::Told(told) => (**told).clone(),
        }
    }
}

/// Tells it in English.
impl From<&ApiError> for Problem {
    fn from(error: &ApiError) -> Problem {
        error.told().told(Language::En)
    }
}

impl From<Told> for ApiError {
    fn from(told: Told) -> ApiError {
        ApiError::Told(Box::new(told))
    }
}

/// Tells that a rule refuses one request of a call.
pub(super) fn refused(unit: usize, refusal: &Refusal) -> Told {
    Told::refused(&refusal.rejection).of_request(unit, refusal.index)
}

/// Tells something that is broken. What exactly, only those can use who read the technical words.
fn broken(code: &str, error: &dyn Error) -> Told {
    let code = Code::named(code).unwrap_or(Code::Interrupted);
    let technical = chain(error);
    let zh = format!("{}（{technical}）", code.entry().meaning.zh);
    Told::new(code, (technical, zh))
}

fn stopped(error: &ImportError) -> Told {
    match error {
        ImportError::Submit(error) | ImportError::Attach(AttachError::Ledger(error)) => {
            broken(error.code(), error)
        }
        ImportError::Refused { refusal } => refused(0, refusal),
        ImportError::Attach(AttachError::Refused(rejection)) => {
            refused(0, &Refusal { index: 0, rejection: rejection.clone() })
        }
        ImportError::Source { .. }
        | ImportError::Table(_)
        | ImportError::Header { .. }
        | ImportError::FileMissing { .. }
        | ImportError::FileUnknown { .. }
        | ImportError::Text(_)
        | ImportError::Attach(_)
        | ImportError::Received(_)
        | ImportError::Interrupted => {
            let told = broken(error.code(), error);
            let zh = told.hint.zh.clone();
            told.hint((error.hint(), zh))
        }
    }
}

fn mail_stopped(error: &MailError) -> Told {
    match error {
        MailError::Ledger(error) => broken(error.code(), error),
        MailError::Stream { .. } => broken("mail_unreadable", error),
        MailError::Files(AttachError::Refused(rejection)) => Told::refused(rejection),
        MailError::Files(files) => broken(files.code(), error),
        MailError::Text(_) => broken("name_unfit", error),
    }
}

/// Writes an error and its causes in one sentence.
fn chain(error: &dyn Error) -> String {
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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        self.told().into_response()
    }
}

/// Answers calls to paths that do not exist.
pub(super) async fn no_such_route(method: axum::http::Method, uri: axum::http::Uri) -> ApiError {
    let path = uri.path();
    let detail = (
        format!("{method} {path} is no route of this interface"),
        format!("本接口没有路由 {method} {path}"),
    );
    ApiError::from(Told::new(Code::NoSuchRoute, detail))
}

/// Answers calls to paths that exist with a method they do not take.
pub(super) async fn method_not_allowed(
    method: axum::http::Method,
    uri: axum::http::Uri,
) -> ApiError {
    let path = uri.path();
    let detail = (format!("{path} does not take {method}"), format!("{path} 不接受方法 {method}"));
    ApiError::from(Told::new(Code::MethodNotAllowed, detail))
}
