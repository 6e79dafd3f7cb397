//! `/v1/mail`: messages taken in as they were received, and those that wait for a customer.
//!
//! `POST /v1/mail` takes one message (`message/rfc822`), an mbox file (`application/mbox`) or a row of
//! netstrings (`application/x-netstrings`), streamed in both directions. The answer is one JSON
//! document a line: `message` for each, `progress` after each batch, and at the end `done`, or
//! `failed` with a problem. Memory stays flat however large the mailbox is.

use axum::Json;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::event::mail::MailParty;
use daybook_core::id::{ContactId, CustomerCode, Label, Line, MailId, Note};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use futures_util::{StreamExt, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc;

use super::caller::Caller;
use super::commands::{CommandsAnswer, respond};
use super::describe::Operation;
use super::extract::{Call, Params, PathPart};
use super::imports::Chunks;
use super::problem::{Code, Told};
use super::route::{Routes, get, post};
use super::{ApiError, Problem, blocking};
use crate::App;
use crate::mail::held::{self, Assignment, HeldMessage, NewContact};
use crate::mail::{Framing, Job, MailNotice, Own, take_in};
use crate::text::Language;

/// The media type of a row of netstrings.
pub const NETSTRINGS: &str = "application/x-netstrings";
/// The media type of an mbox file (RFC 4155).
pub const MBOX: &str = "application/mbox";
/// The media type of one message.
pub const MESSAGE: &str = "message/rfc822";
/// The most held messages one answer lists.
pub const HELD_MAX: usize = 1000;
/// The held messages an answer lists when no limit is given.
const HELD_DEFAULT: usize = 100;
/// Chunks of the mailbox that may wait to be read.
const CHUNKS_AHEAD: usize = 8;
/// Lines of the answer that may wait to be sent.
const LINES_AHEAD: usize = 256;

/// How mail is to be taken in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailQuery {
    /// Our own domains and addresses, as in `example.com,me@example.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// Whether nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// One line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailLine {
    /// What is told.
    #[serde(untagged)]
    Notice(MailNotice),
    /// It stopped.
    #[serde(untagged)]
    Failed {
        /// Why.
        failed: Problem,
    },
}

/// Which held messages are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldQuery {
    /// Only those after this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Position>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// The messages that wait.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct HeldAnswer {
    /// How many wait in all.
    pub total: usize,
    /// The messages, in the order in which they came in.
    pub mail: Vec<HeldView>,
    /// Where the list goes on: `after` this position.
    pub next: Option<Position>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// One message that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldView {
    /// Its id.
    pub mail: String,
    /// Where it is in the log.
    pub position: Position,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// When it was taken in.
    pub recorded_at: Timestamp,
    /// Who began: `in` or `out`.
    pub direction: String,
    /// Why it waits: `unknown` or `ambiguous`.
    pub held_because: String,
    /// Its size as received, in bytes.
    pub size_bytes: u64,
    /// Who wrote.
    pub from: Vec<MailParty>,
    /// To whom, copies included.
    pub to: Vec<MailParty>,
    /// The subject.
    pub subject: Option<String>,
    /// The beginning of the text.
    pub text: Option<String>,
    /// The customer to whom all known addresses of the sender's domain belong.
    pub suggestion: Option<String>,
}

/// Whose a message is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignCall {
    /// The customer.
    pub customer: CustomerCode,
    /// The contact its sender is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Makes a contact of its sender.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_contact: Option<NewContactCall>,
    /// Why, in words; needed when it was assigned to another customer before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Note>,
}

/// The contact to be made of a message's sender.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContactCall {
    /// The name; left out, the one in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Line>,
    /// The function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Label>,
}

/// Why a message belongs to nobody.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissCall {
    /// Why, in words that name nobody.
    pub reason: Note,
}

pub(super) fn routes() -> Routes {
    let take = post("/mail", "Take in mail as it was received", take)
        .describe(mailbox)
        .around(|route| route.layer(DefaultBodyLimit::disable()));
    let conflicts = |operation: &mut Operation<'_>| {
        operation.problem(StatusCode::NOT_FOUND);
        operation.problem(StatusCode::CONFLICT);
        operation.problem(StatusCode::INSUFFICIENT_STORAGE);
    };
    Routes::of(
        "mail",
        [
            take,
            get("/mail/held", "List the messages that wait for a customer", list),
            post("/mail/held/{mail}/assign", "Give a held message to a customer", assign)
                .describe(conflicts),
            post("/mail/held/{mail}/dismiss", "Say that a held message belongs to nobody", dismiss)
                .describe(conflicts),
        ],
    )
}

/// Describes the body and the lines of the answer.
fn mailbox(operation: &mut Operation<'_>) {
    operation.takes(MESSAGE, json!({ "type": "string", "format": "binary" }));
    operation.takes_also(MBOX, json!({ "type": "string", "format": "binary" }));
    operation.takes_also(NETSTRINGS, json!({ "type": "string", "format": "binary" }));
    let line = operation.schemas.answers.subschema_for::<MailLine>().to_value();
    let description = "One JSON document a line.";
    operation.answer(StatusCode::OK, "application/x-ndjson", line, description);
}

fn framing(headers: &HeaderMap) -> Result<Framing, ApiError> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    match essence.to_ascii_lowercase().as_str() {
        MESSAGE => Ok(Framing::Single),
        MBOX => Ok(Framing::Mbox),
        NETSTRINGS => Ok(Framing::Netstrings),
        other => {
            let problem = (
                format!("mail does not come as {other:?}"),
                format!("邮件不以 {other:?} 的形式发送"),
            );
            let hint = (
                "send message/rfc822 for one message, or application/mbox for a mailbox",
                "单封邮件请发送 message/rfc822，邮箱请发送 application/mbox",
            );
            let told = Told::new(Code::ContentTypeUnsupported, problem);
            Err(told.at("content-type").hint(hint).into())
        }
    }
}

/// Reads our own domains and addresses.
pub(super) fn own(list: Option<&str>) -> Result<Own, ApiError> {
    Own::parse(list.unwrap_or_default()).map_err(|entry| {
        let problem = (
            format!("{entry:?} is neither a domain nor an e-mail address"),
            format!("{entry:?} 既不是域名也不是电子邮件地址"),
        );
        let hint = (
            "write our own domains and addresses as example.com,me@example.org",
            "本方的域名和地址请写成 example.com,me@example.org",
        );
        ApiError::malformed("own", problem, hint)
    })
}

async fn take(
    State(app): State<App>,
    caller: Caller,
    Params(query): Params<MailQuery>,
    language: Language,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let own = own(query.own.as_deref())?;
    let dry_run = query.dry_run.unwrap_or_default();
    let job = Job { framing: framing(&headers)?, own, actor: caller.actor, dry_run, language };
    let (chunks, received) = mpsc::channel(CHUNKS_AHEAD);
    let (lines, answer) = mpsc::channel(LINES_AHEAD);
    tokio::spawn(feed(body, chunks));
    tokio::task::spawn_blocking(move || {
        // A caller that has gone away does not stop the run halfway.
        let mut tell = |notice| drop(lines.blocking_send(MailLine::Notice(notice)));
        if let Err(error) = take_in(&app, &job, Chunks::new(received), &mut tell) {
            let failed = ApiError::from(error).told().told(language);
            let _ = lines.blocking_send(MailLine::Failed { failed });
        }
    });
    let body = stream::unfold(answer, |mut answer: mpsc::Receiver<MailLine>| async move {
        let line = answer.recv().await?;
        let mut text = serde_json::to_vec(&line).unwrap_or_default();
        text.push(b'\n');
        Some((Ok::<_, std::convert::Infallible>(Bytes::from(text)), answer))
    });
    let kind = [(header::CONTENT_TYPE, "application/x-ndjson")];
    Ok((kind, Body::from_stream(body)).into_response())
}

/// Passes the body on, chunk by chunk; a broken connection becomes a read error of the run.
async fn feed(body: Body, chunks: mpsc::Sender<std::io::Result<Bytes>>) {
    let mut body = body.into_data_stream();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(std::io::Error::other);
        let last = chunk.is_err();
        if chunks.send(chunk).await.is_err() || last {
            return;
        }
    }
}

async fn list(
    State(app): State<App>,
    Params(query): Params<HeldQuery>,
) -> Result<Json<HeldAnswer>, ApiError> {
    blocking(move || {
        let limit = query.limit.unwrap_or(HELD_DEFAULT).clamp(1, HELD_MAX);
        let (mut found, total, position) = held::list(&app, query.after, limit + 1)?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| last.position);
        let mail = found.into_iter().map(HeldView::from).collect();
        Ok(HeldAnswer { total, mail, next, position })
    })
    .await
    .map(Json)
}

async fn assign(
    State(app): State<App>,
    caller: Caller,
    PathPart(mail): PathPart<String>,
    language: Language,
    Call(call): Call<AssignCall>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    if call.contact.is_some() && call.new_contact.is_some() {
        let problem = (
            "the sender cannot be a known contact and a new one",
            "发件人不能既是已知联系人又是新联系人",
        );
        let hint = ("say either contact or new_contact", "请只给出 contact 或 new_contact 之一");
        return Err(ApiError::malformed("/contact", problem, hint));
    }
    blocking(move || {
        let held = find(&app, &mail)?;
        let new = |call: NewContactCall| NewContact { name: call.name, role: call.role };
        let assignment = Assignment {
            customer: call.customer,
            contact: call.contact,
            new_contact: call.new_contact.map(new),
            reason: call.reason,
        };
        let answer = held::assign(&app, held, assignment, (caller.actor, caller.source))?;
        respond(answer, false, language, &[])
    })
    .await
    .map(Json)
}

async fn dismiss(
    State(app): State<App>,
    caller: Caller,
    PathPart(mail): PathPart<String>,
    language: Language,
    Call(call): Call<DismissCall>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    blocking(move || {
        let held = find(&app, &mail)?;
        let reason = Some(call.reason);
        let answer = held::dismiss(&app, &held.mail, reason, (caller.actor, caller.source))?;
        respond(answer, false, language, &[])
    })
    .await
    .map(Json)
}

fn find(app: &App, mail: &str) -> Result<HeldMessage, ApiError> {
    let missing = || {
        let hint = (
            "see `daybook mail held` for the messages that wait",
            "待认领的邮件见 `daybook mail held`",
        );
        ApiError::missing(("held mail", "待认领邮件"), mail, hint)
    };
    let id = MailId::new(mail).map_err(|_| missing())?;
    held::find(app, &id)?.ok_or_else(missing)
}

impl From<HeldMessage> for HeldView {
    fn from(held: HeldMessage) -> HeldView {
        let content = held.content;
        let parties = |of: fn(&daybook_core::event::mail::MailContent) -> Vec<MailParty>| {
            content.as_ref().map(of).unwrap_or_default()
        };
        HeldView {
            mail: held.mail.to_string(),
            position: held.position,
            sent_at: held.sent_at,
            recorded_at: held.recorded_at,
            direction: held.direction.to_string(),
            held_because: held.because.to_string(),
            size_bytes: held.size_bytes,
            from: parties(|content| content.from.clone()),
            to: parties(|content| content.to.iter().chain(&content.cc).cloned().collect()),
            subject: content
                .as_ref()
                .and_then(|content| content.subject.as_ref())
                .map(ToString::to_string),
            text: content
                .as_ref()
                .and_then(|content| content.text.as_ref())
                .map(ToString::to_string),
            suggestion: held.suggestion.map(|customer| customer.to_string()),
        }
    }
}
