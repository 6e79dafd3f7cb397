//! `POST /v1/commands`: units of requests, each taken whole or refused whole; and
//! `POST /v1/customers/{code}/commands`: one request about a customer.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::decide::Request;
use daybook_core::id::EventId;
use daybook_core::ledger::{Answer, Batch, EventRef, Mode, Outcome};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::{Caller, KeyHeader};
use super::error::refused;
use super::events::customer_code;
use super::extract::{Call, Params, PathPart};
use super::holdings::counted;
use super::problem::{Told, pointer_to};
use super::route::{Routes, post};
use super::{ApiError, Problem};
use crate::App;
use crate::text::Language;

mod read;

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandsAnswer {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// The units, in order.
    pub units: Vec<UnitAnswer>,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// What became of one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnitAnswer {
    /// Its requests were taken; one entry each.
    Taken(Vec<OutcomeView>),
    /// It was refused as a whole.
    Refused(Box<Problem>),
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeView {
    /// Its events, consequences included.
    pub events: Vec<EventRefView>,
    /// Whether it had been taken before; nothing was added then.
    pub repeated: bool,
}

/// One event an answer names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EventRefView {
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
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl From<&EventRef> for EventRefView {
    fn from(event: &EventRef) -> EventRefView {
        EventRefView {
            position: event.position,
            event_id: event.event_id,
            kind: event.kind.name().to_owned(),
            kind_zh: event.kind.label_zh().to_owned(),
            stream: event.stream.to_string(),
            version: event.version,
            recorded_at: event.recorded_at,
        }
    }
}

impl From<&Outcome> for OutcomeView {
    fn from(outcome: &Outcome) -> OutcomeView {
        let events = outcome.events.iter().map(EventRefView::from).collect();
        OutcomeView { events, repeated: outcome.repeated }
    }
}

/// What became of a call of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandAnswer {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// Its events, consequences included.
    pub events: Vec<EventRefView>,
    /// Whether it had been taken before; nothing was added then.
    pub repeated: bool,
    /// The answer reflects the events before this position.
    pub position: Position,
}

/// How a call of one request is carried out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct CommandQuery {
    /// Whether nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// One request, still unread.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct Unread(serde_json::Value);

impl JsonSchema for Unread {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Request::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        Request::schema_id()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Request::json_schema(generator)
    }
}

/// What a caller sends, its requests still unread so that each can be named when it is wrong.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Commands {
    /// The units, each taken whole or refused whole; at most 10,000 requests in all.
    #[schemars(with = "Vec<Vec<Request>>")]
    units: Vec<Vec<serde_json::Value>>,
    /// Whether nothing is kept.
    #[serde(default)]
    dry_run: bool,
}

pub(super) fn routes() -> Routes {
    let refuses = |operation: &mut super::describe::Operation<'_>| {
        operation.problem(StatusCode::NOT_FOUND);
        operation.problem(StatusCode::CONFLICT);
        operation.problem(StatusCode::INSUFFICIENT_STORAGE);
    };
    let submit =
        post("/commands", "Record facts: units of requests, each whole or not at all", submit)
            .describe(refuses);
    let one = post("/customers/{code}/commands", "Record one fact about a customer", one)
        .describe(refuses);
    Routes::of("commands", [submit, one])
}

async fn submit(
    State(app): State<App>,
    caller: Caller,
    key: KeyHeader,
    language: Language,
    Call(call): Call<Commands>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    let Commands { units: unread, dry_run } = call;
    let mut units = read::units(&unread)?;
    if let KeyHeader(Some(key)) = key {
        match units.as_mut_slice() {
            [unit] => match unit.as_mut_slice() {
                [request] => read::put_key(request, key, "/units/0/0")?,
                _ => return Err(read::key_for_several()),
            },
            _ => return Err(read::key_for_several()),
        }
    }
    let units = counted(&app, units).await?;
    let Caller { actor, source } = caller;
    let answer = app.ledger.submit(Batch { actor, source, units, mode: mode(dry_run) }).await?;
    respond(answer, dry_run, language, &unread).map(Json)
}

async fn one(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
    Params(query): Params<CommandQuery>,
    caller: Caller,
    key: KeyHeader,
    Call(Unread(unread)): Call<Unread>,
) -> Result<Json<CommandAnswer>, ApiError> {
    let mut request = read::request(&unread, "")?;
    read::put_customer(&mut request, customer_code(&code)?)?;
    if let KeyHeader(Some(key)) = key {
        read::put_key(&mut request, key, "")?;
    }
    let dry_run = query.dry_run.unwrap_or_default();
    let Caller { actor, source } = caller;
    let units = counted(&app, vec![vec![request]]).await?;
    let answer = app.ledger.submit(Batch { actor, source, units, mode: mode(dry_run) }).await?;
    let position = answer.next;
    let unit = answer.units.into_iter().next().ok_or(ApiError::Interrupted)?;
    let outcomes = unit.map_err(|refusal| Told {
        field: pointer_to(&refusal.rejection.fault(), &unread),
        ..refused(0, &refusal)
    })?;
    let outcome = outcomes.first().map(OutcomeView::from).ok_or(ApiError::Interrupted)?;
    let OutcomeView { events, repeated } = outcome;
    Ok(Json(CommandAnswer { dry_run, events, repeated, position }))
}

/// Returns the mode of a call that is one batch.
pub(super) fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::Rehearse { rehearsal: rehearsal(), last: true } } else { Mode::Commit }
}

/// Returns a number for a rehearsal that no other rehearsal of this process has.
pub(crate) fn rehearsal() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// A call of one unit that is refused answers with the refusal itself. What the caller sent, where
/// it was requests, is given for naming the field at fault.
pub(super) fn respond(
    answer: Answer,
    dry_run: bool,
    language: Language,
    unread: &[Vec<serde_json::Value>],
) -> Result<CommandsAnswer, ApiError> {
    let position = answer.next;
    let single = answer.units.len() == 1;
    let mut units = Vec::with_capacity(answer.units.len());
    for (unit, result) in answer.units.into_iter().enumerate() {
        units.push(match result {
            Ok(outcomes) => UnitAnswer::Taken(outcomes.iter().map(OutcomeView::from).collect()),
            Err(refusal) => {
                let request = unread.get(unit).and_then(|unit| unit.get(refusal.index));
                let at = request
                    .and_then(|request| pointer_to(&refusal.rejection.fault(), request))
                    .map(|pointer| format!("/units/{unit}/{}{pointer}", refusal.index));
                let told = Told { field: at, ..refused(unit, &refusal) };
                if single {
                    return Err(told.into());
                }
                UnitAnswer::Refused(Box::new(told.told(language)))
            }
        });
    }
    Ok(CommandsAnswer { dry_run, units, position })
}
