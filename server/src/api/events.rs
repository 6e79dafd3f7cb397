//! `GET /v1/events` and `GET /v1/events/{position or id}`: the log, filtered, to a basis.

use axum::Json;
use axum::extract::State;
use daybook_core::codec::layout::hex;
use daybook_core::event::{Event, Kind, StreamId};
use daybook_core::id::{CustomerCode, EventId};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{OpenedEvent, Reader};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::proof::Hash;
use daybook_core::time::Timestamp;
use daybook_projections::Voided;
use daybook_projections::summary::summarize;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::basis::{BasisQuery, BasisView, instant};
use super::extract::unread::meant;
use super::extract::{Params, PathPart};
use super::problem::{Code, Told};
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;

/// The most events one answer holds.
pub const LIMIT_MAX: usize = 1000;
/// The events of an answer when no limit is given.
pub const LIMIT_DEFAULT: usize = 100;

/// Which events are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct EventsQuery {
    /// From this position on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// Only this customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// Only this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Effective at or after this date or instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
    /// `asc` (oldest first, the default) or `desc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// At most so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
}

/// A part of the log.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EventsAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The events.
    pub events: Vec<EventView>,
    /// Where the list goes on: `from` this position in ascending, `before` it in descending order.
    pub next: Option<Position>,
}

/// One event of the log with its basis.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EventAnswer {
    /// What the answer rests on.
    pub basis: BasisView,
    /// The event.
    pub event: EventView,
}

/// One line about an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SummaryView {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

/// One event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EventView {
    /// Its place in the log.
    pub position: Position,
    /// Its id.
    pub event_id: EventId,
    /// Its kind.
    pub kind: String,
    /// The kind in Chinese.
    pub kind_zh: String,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream.
    pub version: StreamVersion,
    /// When it was so.
    pub effective_at: Timestamp,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who acted.
    pub actor: String,
    /// Through what it came in.
    pub channel: String,
    /// One line about it.
    pub summary: SummaryView,
    /// Where it was voided; it counts nowhere then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voided_by: Option<Position>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event that made it happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation: Option<EventId>,
    /// The event it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<EventId>,
    /// Its leaf hash, in hex.
    pub hash: String,
    /// Personal sections whose key was destroyed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub erased_sections: usize,
    /// What happened.
    pub body: serde_json::Value,
}

const fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl EventView {
    /// Shows an opened event.
    pub fn new(opened: &OpenedEvent, voided: &Voided) -> EventView {
        let Event { envelope, body } = &opened.event;
        let summary = summarize(body);
        EventView {
            position: envelope.position,
            event_id: envelope.event_id,
            kind: body.kind().name().to_owned(),
            kind_zh: body.kind().label_zh().to_owned(),
            stream: envelope.stream.to_string(),
            version: envelope.version,
            effective_at: envelope.effective_at,
            recorded_at: envelope.recorded_at,
            actor: envelope.actor.user.to_string(),
            channel: envelope.source.channel.as_str().to_owned(),
            summary: SummaryView { en: summary.en, zh: summary.zh },
            voided_by: voided.by(envelope.position),
            reason: envelope.reason.as_ref().map(ToString::to_string),
            causation: envelope.causation,
            corrects: envelope.corrects,
            hash: hex(&opened.hash.0),
            erased_sections: opened.erased_sections,
            body: body.to_json().unwrap_or_default(),
        }
    }
}

pub(super) fn routes() -> Routes {
    let list = get("/events", "Read a part of the log", list);
    let one = get("/events/{id}", "Read one event by its position or id", one);
    Routes::of("events", [list, one])
}

async fn list(
    State(app): State<App>,
    Params(query): Params<EventsQuery>,
) -> Result<Json<EventsAnswer>, ApiError> {
    blocking(move || events(app.ledger.reader(), &query)).await.map(Json)
}

/// Reads a customer's code out of a call.
pub(super) fn customer_code(text: &str) -> Result<CustomerCode, ApiError> {
    CustomerCode::new(text).map_err(|error| {
        let hint = ("give the customer's code, such as C-0173", "请给出客户代码，例如 C-0173");
        ApiError::malformed("customer", &error, hint)
    })
}

/// Reads a kind of event out of a call.
pub(super) fn kind_of(name: &str) -> Result<Kind, ApiError> {
    Kind::from_name(name).ok_or_else(|| {
        let problem = (format!("{name:?} is no kind of event"), format!("{name:?} 不是事件的种类"));
        let hint = (
            "use a kind such as invoice.issued; `daybook stats` lists those in the ledger",
            "请用 invoice.issued 这样的种类；`daybook stats` 列出账簿中已有的种类",
        );
        let told = Told::new(Code::Malformed, problem).at("kind").hint(hint);
        let kinds: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        meant(told, name, &kinds).into()
    })
}

fn events(reader: &Reader, query: &EventsQuery) -> Result<EventsAnswer, ApiError> {
    let basis = BasisQuery { as_of: query.as_of.clone(), known_at: query.known_at.clone() };
    let resolved = basis.resolve(reader)?;
    let backwards = match query.order.as_deref() {
        None | Some("asc") => false,
        Some("desc") => true,
        Some(other) => {
            let problem = (
                format!("the order {other:?} is neither asc nor desc"),
                format!("顺序 {other:?} 既不是 asc 也不是 desc"),
            );
            return Err(ApiError::malformed(
                "order",
                problem,
                ("use asc or desc", "请用 asc 或 desc"),
            ));
        }
    };
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let before = query.before.map_or(resolved.basis.before, Position).min(resolved.basis.before);
    let since = query.since.as_deref();
    let asked = Query {
        stream: query.customer.as_deref().map(customer_code).transpose()?.map(StreamId::Customer),
        kind: query.kind.as_deref().map(kind_of).transpose()?,
        from: query.from.map(Position),
        before: Some(before),
        as_of: resolved.basis.as_of,
        since: since.map(|since| instant("since", since, resolved.zone, false)).transpose()?,
        backwards,
    };
    let voided = resolved.voided(reader)?;
    let (mut found, mut next) = (Vec::new(), None);
    for event in reader.events(asked) {
        let (event, hash) = event?;
        let position = event.envelope.position;
        if found.len() == limit {
            next = Some(if backwards { position.next() } else { position });
            break;
        }
        found.push(view(reader, event, hash, &voided)?);
    }
    Ok(EventsAnswer { basis: resolved.view, events: found, next })
}

fn view(reader: &Reader, event: Event, hash: Hash, voided: &Voided) -> Result<EventView, ApiError> {
    let opened = reader.open_sections(event, hash)?;
    Ok(EventView::new(&opened, voided))
}

async fn one(
    State(app): State<App>,
    PathPart(id): PathPart<String>,
) -> Result<Json<EventAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let resolved = BasisQuery::default().resolve(reader)?;
        let (event, hash) = found(reader, &id)?;
        let voided = resolved.voided(reader)?;
        let event = view(reader, event, hash, &voided)?;
        Ok(Json(EventAnswer { basis: resolved.view, event }))
    })
    .await
}

/// Finds an event by its position or id.
pub(super) fn found(reader: &Reader, id: &str) -> Result<(Event, Hash), ApiError> {
    let found = match (id.parse::<u64>(), id.parse::<EventId>()) {
        (Ok(position), _) => reader.event(Position(position))?,
        (Err(_), Ok(event)) => by_id(reader, event)?,
        (Err(_), Err(_)) => {
            let problem = (
                format!("{id:?} is neither a position nor an event id"),
                format!("{id:?} 既不是位置也不是事件编号"),
            );
            let hint = (
                "give a position such as 42, or an event id as `daybook log` prints it",
                "请给出 42 这样的位置，或 `daybook log` 所示的事件编号",
            );
            return Err(ApiError::malformed("id", problem, hint));
        }
    };
    found.ok_or_else(|| {
        let hint =
            ("see `daybook log` for the events that are there", "已有的事件见 `daybook log`");
        ApiError::missing(("event", "事件"), id, hint)
    })
}

/// Finds an event by its id, whose first 48 bits are the millisecond it was recorded in.
fn by_id(reader: &Reader, id: EventId) -> Result<Option<(Event, Hash)>, ApiError> {
    let (high, low) = id.0.as_u64_pair();
    let _ = low;
    let millisecond = i64::try_from(high >> 16).unwrap_or_default();
    let first = Timestamp(millisecond.saturating_mul(1000).saturating_sub(1));
    let last = Timestamp(first.0.saturating_add(1000));
    let from = Some(reader.position_at(first)?);
    let before = Some(reader.position_at(last)?);
    for event in reader.events(Query { from, before, ..Query::default() }) {
        let (event, hash) = event?;
        if event.envelope.event_id == id {
            return Ok(Some((event, hash)));
        }
    }
    Ok(None)
}
