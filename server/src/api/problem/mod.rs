//! What a caller is told when something cannot be done: one document (RFC 9457) with a stable code,
//! in the caller's language.
//!
//! Invariant: every code is listed in [`codes`] or among the core's refusals, with both languages,
//! its status and whether a retry helps. What this module does not do: it decides nothing.

pub mod codes;
mod fault;
pub mod reference;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use daybook_core::decide::Rejection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::codes::Code;
use self::codes::Entry;
pub use self::fault::pointer_to;
pub(crate) use self::fault::step as pointer_step;
use crate::text::{Language, Text};

/// Whether and when a retry helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call fails again until it, or the ledger, is changed.
    No,
    /// A call made anew, after reading again what it rests on, may succeed.
    Reread,
    /// The same call may succeed after so many seconds.
    Later {
        /// How many; 0 for at once.
        seconds: u32,
    },
}

/// Whether a retry helps, in a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetryView {
    /// The same call fails again until it, or the ledger, is changed.
    No,
    /// A call made anew, after reading again what it rests on, may succeed.
    Reread,
    /// The same call may succeed after `retry_after_seconds`.
    Later,
}

/// What went wrong and what to do next (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Where the code is explained, relative to the server.
    #[serde(rename = "type")]
    pub kind: String,
    /// What kind of problem it is; the same for every answer with the status.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What happened, in a sentence without a full stop.
    pub detail: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether a retry helps.
    pub retry: RetryView,
    /// After how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// The rule of the domain it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// The part of the call it is about: a pointer into its body (RFC 6901), or the name of a
    /// parameter or header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Which unit of the call, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<usize>,
    /// Which request of the unit, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<usize>,
    /// The call that ended with it, as the server's log names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The same as a URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// A problem in both languages, until it is known who reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// What is written down about its code.
    pub entry: Entry,
    /// What happened.
    pub detail: Text,
    /// What to do next.
    pub hint: Text,
    /// The rule of the domain it rests on.
    pub rule: Option<&'static str>,
    /// The part of the call it is about.
    pub field: Option<String>,
    /// Which unit and which request of it, counted from 0.
    pub place: Option<(usize, usize)>,
}

impl Told {
    /// Tells something with the hint of its code.
    pub fn new(code: Code, detail: impl Into<Text>) -> Told {
        Told::of(code.entry(), detail.into())
    }

    /// Tells something by what is written down about its code alone.
    pub fn plain(code: Code) -> Told {
        Told::new(code, code.entry().meaning)
    }

    /// Tells that a rule refuses something.
    pub fn refused(rejection: &Rejection) -> Told {
        let code = rejection.code();
        let told = Rejection::ALL.iter().find(|told| told.code == code);
        let entry = told.map_or_else(|| Code::Interrupted.entry(), Entry::refused);
        let detail = Text::from((rejection.to_string(), rejection.message_zh()));
        Told { rule: rejection.rule(), ..Told::of(entry, detail) }
    }

    fn of(entry: Entry, detail: Text) -> Told {
        let hint = entry.hint.clone();
        Told { entry, detail, hint, rule: None, field: None, place: None }
    }

    /// Says what to do next in this case.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<Text>) -> Told {
        self.hint = hint.into();
        self
    }

    /// Says which part of the call it is about.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Told {
        self.field = Some(field.into());
        self
    }

    /// Says which request of the call it is about.
    #[must_use]
    pub const fn of_request(mut self, unit: usize, request: usize) -> Told {
        self.place = Some((unit, request));
        self
    }

    /// Writes it for a reader.
    pub fn told(&self, language: Language) -> Problem {
        let Entry { code, status, retry, .. } = &self.entry;
        let (retry, retry_after_seconds) = match *retry {
            Retry::No => (RetryView::No, None),
            Retry::Reread => (RetryView::Reread, None),
            Retry::Later { seconds } => (RetryView::Later, Some(seconds)),
        };
        Problem {
            kind: format!("/v1/problems/{code}"),
            title: title(*status).pick(language).to_owned(),
            status: status.as_u16(),
            code: (*code).to_owned(),
            detail: self.detail.pick(language).to_owned(),
            hint: Some(self.hint.pick(language).to_owned()),
            retry,
            retry_after_seconds,
            rule: self.rule.map(str::to_owned),
            field: self.field.clone(),
            unit: self.place.map(|(unit, _)| unit),
            request: self.place.map(|(_, request)| request),
            request_id: None,
            instance: None,
        }
    }

    /// Answers in a language.
    pub fn respond(&self, language: Language) -> Response {
        let problem = self.told(language);
        let body = serde_json::to_string(&problem).unwrap_or_default();
        let kind = [(header::CONTENT_TYPE, PROBLEM_TYPE), (header::VARY, "accept-language")];
        let mut response = (self.entry.status, kind, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        if let Some(seconds) = problem.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The type of problem documents.
pub const PROBLEM_TYPE: &str = "application/problem+json";

/// Answers in English, and leaves itself on the answer so that `in_the_callers_language` can say
/// it again.
impl IntoResponse for Told {
    fn into_response(self) -> Response {
        let mut response = self.respond(Language::En);
        response.extensions_mut().insert(self);
        response
    }
}

/// Tells problems in the language the caller reads.
pub(super) async fn in_the_callers_language(request: Request, next: Next) -> Response {
    let language = Language::preferred(request.headers());
    let mut response = next.run(request).await;
    let Some(told) = response.extensions_mut().remove::<Told>() else { return response };
    if language == Language::En {
        return response;
    }
    let mut again = told.respond(language);
    keep(response.headers(), again.headers_mut());
    *again.extensions_mut() = std::mem::take(response.extensions_mut());
    again
}

/// Keeps headers that were put to the answer besides those of every problem.
fn keep(from: &HeaderMap, to: &mut HeaderMap) {
    for (name, value) in from {
        if !to.contains_key(name) && name != header::CONTENT_LENGTH {
            to.insert(name.clone(), value.clone());
        }
    }
}

/// Statuses of problems with what they mean.
pub const STATUSES: &[(u16, Text)] = &[
    (400, Text::fixed("The call cannot be understood", "调用无法理解")),
    (401, Text::fixed("The call does not show who calls", "调用没有表明来者")),
    (403, Text::fixed("The caller may not do this", "调用者不得这样做")),
    (404, Text::fixed("What was asked for is not there", "所要的内容不存在")),
    (405, Text::fixed("The route does not take this method", "该路由不接受此方法")),
    (408, Text::fixed("The call did not arrive in time", "调用没有及时到达")),
    (409, Text::fixed("It disagrees with what is in the ledger", "与账簿已有内容冲突")),
    (413, Text::fixed("More was sent than one call may hold", "发送的内容超过一次调用的上限")),
    (
        415,
        Text::fixed(
            "The body is in a form this route does not take",
            "此路由不接受这种形式的请求体",
        ),
    ),
    (416, Text::fixed("The range that was asked for is not there", "所要的范围不存在")),
    (
        422,
        Text::fixed(
            "A rule of the ledger or a value stands against it",
            "账簿的规则或某个值不允许",
        ),
    ),
    (500, Text::fixed("Something is broken", "出了故障")),
    (503, Text::fixed("The ledger cannot answer now", "账簿目前无法应答")),
    (504, Text::fixed("It took too long", "耗时过长")),
    (507, Text::fixed("The disk is full", "磁盘已满")),
];

fn title(status: StatusCode) -> Text {
    let found = STATUSES.iter().find(|(known, _)| *known == status.as_u16());
    found.map_or(Text::fixed("Something is broken", "出了故障"), |(_, title)| title.clone())
}

#[cfg(test)]
mod tests {
    use daybook_core::decide::Rejection;

    use super::*;

    #[test]
    fn every_status_of_a_code_has_its_title() {
        let refused = Rejection::ALL.iter().map(Entry::refused);
        for entry in Code::ALL.iter().map(|code| code.entry()).chain(refused) {
            let status = entry.status.as_u16();
            assert!(STATUSES.iter().any(|(known, _)| *known == status), "{}", entry.code);
        }
    }
}
