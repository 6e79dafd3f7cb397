//! `GET /v1/feed`: events as they happen, as server-sent events (HTML, 9.2): first those in the log
//! from a position on, then each as it becomes durable, without a gap and without a repeat.
//!
//! Invariant: nothing is sent before its sync. The log is read only as fast as the caller takes what
//! is sent, a bounded part at a time; a caller that is slow holds up nobody else.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::event::StreamId;
use daybook_core::ledger::Feed;
use daybook_core::position::Position;
use daybook_projections::Voided;
use futures_util::stream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::consumers::consumer_of;
use super::events::{EventView, customer_code, kind_of};
use super::extract::Params;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;
use crate::consumers::Filter;
use crate::text::Language;

/// The header in which a caller that lost its connection names the last event it had.
pub const LAST_EVENT_HEADER: &str = "last-event-id";
/// The type of the answer.
pub const FEED_TYPE: &str = "text/event-stream";
/// How long nothing is said at most.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long a caller should wait before it connects again.
const RECONNECT: Duration = Duration::from_secs(1);

/// Which events are followed.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct FeedQuery {
    /// From this position on; only what is still to come when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// What this consumer gets, from where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer: Option<String>,
    /// Only this customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

pub(super) fn routes() -> Routes {
    let follow = get("/feed", "Follow the log: what is there, then what happens", follow).describe(
        |operation| {
            let id = json!({ "type": "string", "pattern": "^[0-9]+$" });
            let meaning = "The last event that was had; the feed goes on after it.";
            operation.header(LAST_EVENT_HEADER, false, meaning, id);
            let event = operation.schemas.answers.subschema_for::<EventView>().to_value();
            let meaning =
                "Server-sent events: `id` is the position, `event` the kind, `data` this.";
            operation.answer(StatusCode::OK, FEED_TYPE, event, meaning);
        },
    );
    Routes::of("feed", [follow])
}

async fn follow(
    State(app): State<App>,
    Params(query): Params<FeedQuery>,
    language: Language,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (filter, mut from) = match &query.consumer {
        None => {
            let FeedQuery { customer, kind, .. } = query;
            (Filter { customer, kind }, query.from.map(Position))
        }
        Some(name) => {
            let named = query.from.is_some() || query.customer.is_some() || query.kind.is_some();
            if named {
                let problem = (
                    "a consumer knows itself where it goes on and what it gets",
                    "消费者自己知道从何处继续、接收什么",
                );
                let hint = ("leave from, customer and kind out", "请去掉 from、customer 和 kind");
                return Err(ApiError::malformed("consumer", problem, hint));
            }
            let (app, name) = (app.clone(), name.clone());
            let consumer = blocking(move || consumer_of(&app, &name)).await?;
            (consumer.filter, Some(consumer.next))
        }
    };
    let customer = filter.customer.as_deref().map(customer_code).transpose()?;
    let kind = filter.kind.as_deref().map(kind_of).transpose()?;
    if let Some(last) = last_event(&headers)? {
        from = Some(Position(last.0.saturating_add(1)));
    }
    let from = from.unwrap_or_else(|| app.ledger.reader().head().next);
    let feed = app.ledger.feed(from).only(customer.map(StreamId::Customer), kind);
    let opening = format!("retry: {}\n\n", RECONNECT.as_millis());
    let (feed, opening) = (Some(feed), Some(opening));
    let state = Sending { app, language, feed, opening, caught_up: false };
    let body = stream::unfold(state, |mut state| async move {
        let part = state.next().await?;
        Some((Ok::<_, Infallible>(Bytes::from(part)), state))
    });
    // Nobody in between may keep a feed, or wait for its end.
    let kind = [(header::CONTENT_TYPE, FEED_TYPE), (header::CACHE_CONTROL, "no-store")];
    Ok((kind, Body::from_stream(body)).into_response())
}

fn last_event(headers: &HeaderMap) -> Result<Option<Position>, ApiError> {
    let Some(last) = headers.get(LAST_EVENT_HEADER) else { return Ok(None) };
    let last = last.to_str().unwrap_or_default();
    if last.is_empty() {
        return Ok(None);
    }
    let last = last.parse().map_err(|_| {
        let problem =
            (format!("{last:?} is no position of an event"), format!("{last:?} 不是事件的位置"));
        let hint = (
            "send the `id` of the last event that was had, or nothing",
            "请发送最后收到的事件的 `id`，或不发送",
        );
        ApiError::malformed(LAST_EVENT_HEADER, problem, hint)
    })?;
    Ok(Some(Position(last)))
}

struct Sending {
    app: App,
    language: Language,
    /// Nothing once the feed has ended.
    feed: Option<Feed>,
    opening: Option<String>,
    /// Whether the caller knows that it has everything.
    caught_up: bool,
}

impl Sending {
    /// Returns the next part of the answer; nothing at its end.
    async fn next(&mut self) -> Option<String> {
        if let Some(opening) = self.opening.take() {
            return Some(opening);
        }
        loop {
            let mut feed = self.feed.take()?;
            let app = self.app.clone();
            let read = blocking(move || {
                let mut part = String::new();
                for (event, hash) in feed.poll()? {
                    let opened = app.ledger.reader().open_sections(event, hash)?;
                    // What voids an event comes later, in its own place.
                    write(&mut part, &EventView::new(&opened, &Voided::default()));
                }
                Ok((part, feed))
            });
            let (part, mut feed) = match read.await {
                Ok(read) => read,
                Err(error) => return Some(failed(&error, self.language)),
            };
            if !part.is_empty() || !self.caught_up {
                self.caught_up = part.is_empty();
                let part = if part.is_empty() { heartbeat(feed.next_position()) } else { part };
                self.feed = Some(feed);
                return Some(part);
            }
            match tokio::time::timeout(HEARTBEAT, feed.wait()).await {
                Ok(Ok(())) => self.feed = Some(feed),
                // The ledger is closed: whoever follows connects to the next that holds it.
                Ok(Err(_)) => return None,
                Err(_) => {
                    let beat = heartbeat(feed.next_position());
                    self.feed = Some(feed);
                    return Some(beat);
                }
            }
        }
    }
}

fn write(part: &mut String, event: &EventView) {
    let data = serde_json::to_string(event).unwrap_or_default();
    part.push_str(&format!("id: {}\nevent: {}\ndata: {data}\n\n", event.position, event.kind));
}

/// Says that nothing more has happened up to a position. A caller that connects again after it goes
/// on from there, however many events its filter left out.
fn heartbeat(next: Position) -> String {
    let last = next.0.checked_sub(1).map(|last| format!("id: {last}\n"));
    format!(": position {next}\n{}\n", last.unwrap_or_default())
}

fn failed(error: &ApiError, language: Language) -> String {
    let problem = error.told().told(language);
    format!("event: failed\ndata: {}\n\n", serde_json::to_string(&problem).unwrap_or_default())
}
