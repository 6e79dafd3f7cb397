//! `POST /v1/commands`: units of requests, each taken whole or refused whole.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::decide::Request;
use daybook_core::id::EventId;
use daybook_core::ledger::{Answer, Batch, EventRef, Mode, Outcome, Unit};
use daybook_core::position::{Position, StreamVersion};
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::extract::Call;
use super::route::{Routes, post};
use super::{ApiError, Problem};
use crate::App;

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
    Refused(Problem),
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
    let submit =
        post("/commands", "Record facts: units of requests, each whole or not at all", submit)
            .describe(|operation| {
                operation.problem(StatusCode::NOT_FOUND);
                operation.problem(StatusCode::CONFLICT);
                operation.problem(StatusCode::INSUFFICIENT_STORAGE);
            });
    Routes::of("commands", [submit])
}

async fn submit(
    State(app): State<App>,
    caller: Caller,
    Call(call): Call<Commands>,
) -> Result<Json<CommandsAnswer>, ApiError> {
    let units = units(call.units)?;
    let mode = mode(call.dry_run);
    let Caller { actor, source } = caller;
    let answer = app.ledger.submit(Batch { actor, source, units, mode }).await?;
    respond(answer, call.dry_run).map(Json)
}

/// Returns the mode of a call that is one batch.
fn mode(dry_run: bool) -> Mode {
    if dry_run { Mode::Rehearse { rehearsal: rehearsal(), last: true } } else { Mode::Commit }
}

/// Returns a number for a rehearsal that no other rehearsal of this process has.
pub(crate) fn rehearsal() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

fn units(units: Vec<Vec<serde_json::Value>>) -> Result<Vec<Unit>, ApiError> {
    let request = |unit: usize, index: usize, value| {
        serde_json::from_value::<Request>(value).map_err(|error| ApiError::Malformed {
            field: format!("units[{unit}][{index}]"),
            problem: format!("the request cannot be read: {error}"),
            hint: "see docs/reference/commands.md for the commands and their fields",
        })
    };
    let unit = |(at, requests): (usize, Vec<serde_json::Value>)| {
        requests.into_iter().enumerate().map(|(index, value)| request(at, index, value)).collect()
    };
    units.into_iter().enumerate().map(unit).collect()
}

/// A call of one unit that is refused answers with the refusal itself.
pub(super) fn respond(answer: Answer, dry_run: bool) -> Result<CommandsAnswer, ApiError> {
    let position = answer.next;
    let single = answer.units.len() == 1;
    let mut units = Vec::with_capacity(answer.units.len());
    for (unit, result) in answer.units.into_iter().enumerate() {
        units.push(match result {
            Ok(outcomes) => UnitAnswer::Taken(outcomes.iter().map(OutcomeView::from).collect()),
            Err(refusal) if single => return Err(ApiError::Refused { unit, refusal }),
            Err(refusal) => UnitAnswer::Refused(Problem::refused(unit, &refusal)),
        });
    }
    Ok(CommandsAnswer { dry_run, units, position })
}
