//! `/v1/calendar`: visits and tasks as calendars (ICS), in and out.

use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use daybook_core::id::CustomerCode;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::basis::instant;
use super::caller::Caller;
use super::describe::Operation;
use super::extract::Params;
use super::mail::own;
use super::route::{Routes, get, post};
use super::{ApiError, blocking};
use crate::App;
use crate::calendar::{AHEAD_DAYS, CalendarError, CalendarReport, Job, give_out, take_in};
use crate::text::Language;

/// The media type of calendars (RFC 5545, 8.1).
pub const CALENDAR: &str = "text/calendar";
/// The most bytes of a calendar one call takes.
const CALENDAR_SIZE_BYTES_MAX: usize = 16 << 20;
/// How each part of a calendar begins.
const BEGIN: &[u8] = b"BEGIN:V";
const DAY_MICROS: i64 = 86_400_000_000;

/// How a calendar is to be taken in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CalendarQuery {
    /// The customer everything belongs to; left out, each entry goes to the one it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerCode>,
    /// Our own domains and addresses, as in `example.com,me@example.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own: Option<String>,
    /// Entries that were over before this date or instant are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Occurrences after this date or instant are left for another time; 92 days from now when left
    /// out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Whether nothing is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What is to be given out.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenQuery {
    /// The customer; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerCode>,
    /// Only visits from this date or instant on; open tasks are always given out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}

pub(super) fn routes() -> Routes {
    let take = post("/calendar", "Take visits and tasks in from a calendar", take)
        .describe(calendar)
        .around(|route| route.layer(DefaultBodyLimit::max(CALENDAR_SIZE_BYTES_MAX)));
    let give =
        get("/calendar.ics", "Give open tasks and visits out as a calendar", give).describe(given);
    Routes::of("calendar", [take, give])
}

fn calendar(operation: &mut Operation<'_>) {
    let schema = json!({ "type": "string", "description": "iCalendar 2.0 (RFC 5545)." });
    operation.takes(CALENDAR, schema);
    operation.problem(StatusCode::INSUFFICIENT_STORAGE);
}

fn given(operation: &mut Operation<'_>) {
    let schema = json!({ "type": "string" });
    operation.answer(StatusCode::OK, CALENDAR, schema, "iCalendar 2.0 (RFC 5545).");
}

impl From<CalendarError> for ApiError {
    fn from(error: CalendarError) -> ApiError {
        match error {
            CalendarError::Ledger(error) => ApiError::Submit(error),
            CalendarError::Text(error) => {
                let hint = ("report the entry that caused it", "请报告引起此问题的日历项");
                ApiError::malformed("body", &error, hint)
            }
        }
    }
}

async fn take(
    State(app): State<App>,
    caller: Caller,
    language: Language,
    Params(query): Params<CalendarQuery>,
    body: Bytes,
) -> Result<Json<CalendarReport>, ApiError> {
    // One without entries is a calendar too; anything else is a mistake that should be told.
    if !body.windows(BEGIN.len()).any(|part| part.eq_ignore_ascii_case(BEGIN)) {
        let problem = ("there is no calendar in the body", "请求体中没有日历");
        let hint = (
            "send a calendar that begins with BEGIN:VCALENDAR",
            "请发送以 BEGIN:VCALENDAR 开头的日历",
        );
        return Err(ApiError::malformed("body", problem, hint));
    }
    blocking(move || {
        let zone = app.ledger.reader().book()?.zone;
        let moment = |field, text: Option<&String>, end| {
            text.map(|text| instant(field, text, zone, end)).transpose()
        };
        let ahead = Timestamp(app.clock.now().0.saturating_add(AHEAD_DAYS * DAY_MICROS));
        let job = Job {
            customer: query.customer,
            own: own(query.own.as_deref())?,
            since: moment("since", query.since.as_ref(), false)?,
            until: moment("until", query.until.as_ref(), true)?.unwrap_or(ahead),
            actor: caller.actor,
            dry_run: query.dry_run.unwrap_or(false),
            language,
        };
        Ok(take_in(&app, &body, &job)?)
    })
    .await
    .map(Json)
}

async fn give(
    State(app): State<App>,
    Params(query): Params<GivenQuery>,
) -> Result<Response, ApiError> {
    let text = blocking(move || {
        let zone = app.ledger.reader().book()?.zone;
        let since = query.since.as_deref();
        let since = since.map(|since| instant("since", since, zone, false)).transpose()?;
        Ok(give_out(&app, query.customer.as_ref(), since)?)
    });
    let text = text.await?;
    Ok(([(header::CONTENT_TYPE, "text/calendar; charset=utf-8")], text).into_response())
}
