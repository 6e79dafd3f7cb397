//! `GET /v1/problems` and `GET /v1/problems/{code}`: what each code means; and the same list as the
//! page `docs/reference/problems.md`.

use std::fmt::Write as _;

use axum::Json;
use daybook_core::decide::Rejection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::codes::Entry;
use super::{Code, Retry, RetryView, STATUSES};
use crate::api::ApiError;
use crate::api::extract::PathPart;
use crate::api::route::{Routes, get};
use crate::text::Text;

/// Every code of the interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodesAnswer {
    /// The codes.
    pub codes: Vec<CodeView>,
}

/// What is written down about a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CodeView {
    /// The stable code.
    pub code: String,
    /// The status of answers with it.
    pub status: u16,
    /// Whether a retry helps.
    pub retry: RetryView,
    /// After how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// The rule of the domain it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What it means; what stands in braces differs from case to case.
    pub meaning: BothView,
    /// What to do next.
    pub hint: BothView,
}

/// A sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BothView {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl From<&Text> for BothView {
    fn from(text: &Text) -> BothView {
        BothView { en: text.en.to_string(), zh: text.zh.to_string() }
    }
}

impl CodeView {
    fn new(entry: &Entry, rule: Option<&str>) -> CodeView {
        let (retry, retry_after_seconds) = match entry.retry {
            Retry::No => (RetryView::No, None),
            Retry::Reread => (RetryView::Reread, None),
            Retry::Later { seconds } => (RetryView::Later, Some(seconds)),
        };
        CodeView {
            code: entry.code.to_owned(),
            status: entry.status.as_u16(),
            retry,
            retry_after_seconds,
            rule: rule.map(str::to_owned),
            meaning: BothView::from(&entry.meaning),
            hint: BothView::from(&entry.hint),
        }
    }
}

pub(in crate::api) fn routes() -> Routes {
    let list = get("/problems", "List the codes of problems", list);
    let one = get("/problems/{code}", "Explain a code of a problem", one);
    Routes::of("interface", [list, one])
}

/// Returns every code: those of the interface, then those of the rules.
pub fn codes() -> Vec<CodeView> {
    let own = Code::ALL.iter().map(|code| CodeView::new(&code.entry(), None));
    let refused = Rejection::ALL.iter().map(|told| CodeView::new(&Entry::refused(told), told.rule));
    own.chain(refused).collect()
}

async fn list() -> Json<CodesAnswer> {
    Json(CodesAnswer { codes: codes() })
}

async fn one(PathPart(code): PathPart<String>) -> Result<Json<CodeView>, ApiError> {
    let found = codes().into_iter().find(|known| known.code == code);
    let missing = || {
        let hint = ("see /v1/problems for the codes", "全部代码见 /v1/problems");
        ApiError::missing(("problem code", "问题代码"), code, hint)
    };
    found.map(Json).ok_or_else(missing)
}

/// Writes the page of the reference.
pub fn page() -> String {
    let mut page = String::from(HEAD);
    for (status, title) in STATUSES {
        let _ = writeln!(page, "| {status} | {} | {} |", title.en, title.zh);
    }
    let (own, refused): (Vec<_>, Vec<_>) =
        codes().into_iter().partition(|code| Code::named(&code.code).is_some());
    page.push_str("\n## Codes of the interface\n\n");
    table(&mut page, &own);
    page.push_str(
        "\n## Codes of the rules\n\nWhat stands in braces differs from case to case.\n\n",
    );
    table(&mut page, &refused);
    page
}

fn table(page: &mut String, codes: &[CodeView]) {
    page.push_str("| code | status | retry | rule | what it says | what to do next |\n");
    page.push_str("|---|---|---|---|---|---|\n");
    for CodeView { code, status, retry, retry_after_seconds, rule, meaning, hint } in codes {
        let retry = match (retry, retry_after_seconds) {
            (RetryView::No, _) => String::new(),
            (RetryView::Reread, _) => "reread".to_owned(),
            (RetryView::Later, None | Some(0)) => "later".to_owned(),
            (RetryView::Later, Some(seconds)) => format!("later, {seconds} s"),
        };
        let rule = rule.as_deref().unwrap_or_default();
        let (en, zh) = (cell(&meaning.en), cell(&meaning.zh));
        let (hint, hint_zh) = (cell(&hint.en), cell(&hint.zh));
        let _ = writeln!(
            page,
            "| `{code}` | {status} | {retry} | {rule} | {en}<br>{zh} | {hint}<br>{hint_zh} |"
        );
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(":?}", "}")
}

const HEAD: &str = "# Problems

What cannot be done is answered with `application/problem+json` (RFC 9457), in English or Chinese as `Accept-Language` asks; `Content-Language` says which.
`GET /v1/problems` gives this list to programs, `GET /v1/problems/{code}` one entry of it.

| member | meaning |
|---|---|
| `type` | `/v1/problems/` and the code |
| `title`, `status` | the kind of problem, by its status |
| `code` | stable; what programs go by |
| `detail` | what happened, and to what |
| `hint` | what to do next |
| `retry` | `no`: the same call fails again; `reread`: read again what the call rests on and make it anew; `later`: the same call may succeed after `retry_after_seconds` (also the header `Retry-After`) |
| `field` | what of the call is at fault: a JSON pointer into its body (`/units/0/0/lines/1/item`), or the name of a parameter or header |
| `rule` | the rule of the domain that refuses |
| `unit`, `request` | which unit and which request of it, counted from 0 |
| `request_id`, `instance` | the call, as the server's log and the header `x-request-id` name it |

## Statuses

| status | meaning | 含义 |
|---|---|---|
";
