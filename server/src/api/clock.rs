//! `/v1/clock`: whether the machine's clock is believed, and a person's word that it is right.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use daybook_core::ledger::ClockState;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::extract::Call;
use super::route::{Routes, get, post};
use crate::App;

/// What the ledger thinks of its clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClockAnswer {
    /// Where the clock stands.
    pub now: Timestamp,
    /// When the last event was recorded.
    pub last_recorded_at: Timestamp,
    /// Whether events are recorded; if not, the clock has jumped and waits for a person's word.
    pub believed: bool,
    /// The jump, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jump: Option<JumpView>,
}

/// A clock that went further than time did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JumpView {
    /// Where the clock should stand or, where nobody can tell, when the ledger was last in use.
    pub expected: Timestamp,
    /// Whether the time that passed was measured.
    pub measured: bool,
    /// By how many whole days the clock is ahead of that.
    pub days: i64,
}

/// A person's word that the clock is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmCall {
    /// What time it is; the clock must show the same, within ten minutes.
    pub now: Timestamp,
}

pub(super) fn routes() -> Routes {
    Routes::of(
        "clock",
        [
            get("/clock", "Tell whether the clock is believed", read),
            post("/clock", "Confirm that the clock is right after it has jumped", confirm)
                .describe(|operation| operation.problem(StatusCode::CONFLICT)),
        ],
    )
}

async fn read(State(app): State<App>) -> Result<Json<ClockAnswer>, ApiError> {
    Ok(Json(app.ledger.clock(None).await?.into()))
}

async fn confirm(
    State(app): State<App>,
    Call(call): Call<ConfirmCall>,
) -> Result<Json<ClockAnswer>, ApiError> {
    Ok(Json(app.ledger.clock(Some(call.now)).await?.into()))
}

impl From<ClockState> for ClockAnswer {
    fn from(state: ClockState) -> ClockAnswer {
        ClockAnswer {
            now: state.now,
            last_recorded_at: state.recorded_at,
            believed: state.jump.is_none(),
            jump: state.jump.map(|jump| JumpView {
                expected: jump.expected,
                measured: jump.measured,
                days: jump.ahead_days(),
            }),
        }
    }
}
