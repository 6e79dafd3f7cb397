//! `GET /v1/lookup` and `GET /v1/when`: what people mean by a customer's name and by a date, so that
//! whoever records a fact can say both as people do.

use axum::Json;
use axum::extract::State;
use daybook_core::position::Position;
use daybook_core::time::{Date, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Params;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;
use crate::directory::Found;
use crate::when::{self, Lean, Moment};

/// The most customers one answer names.
pub const FOUND_MAX: usize = 20;

/// Who is meant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupQuery {
    /// A code, name, short name, pinyin of a name in full or by first letters, telephone number,
    /// e-mail address, or a part of a code or name.
    pub who: String,
}

/// Who may be meant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LookupAnswer {
    /// The answer reflects the events before this position.
    pub position: Position,
    /// How many customers fit equally well.
    pub total: usize,
    /// The customers, in order of code; at most 20. One found by `likeness` fits in no way and is
    /// only a suggestion.
    pub found: Vec<FoundView>,
}

/// A customer that may be meant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct FoundView {
    /// The code.
    pub customer: String,
    /// The name, where it may be seen.
    pub name: Option<String>,
    /// How it was found: `code`, `name`, `phone`, `email`, `pinyin`, `part`, `pinyin_start`,
    /// `pinyin_part` or `likeness`.
    pub by: String,
    /// The same in Chinese.
    pub by_zh: String,
    /// The contact whose number or address it is.
    pub contact: Option<String>,
}

impl From<&Found> for FoundView {
    fn from(found: &Found) -> FoundView {
        let (by, by_zh) = found.by.names();
        FoundView {
            customer: found.customer.to_string(),
            name: found.name.clone(),
            by: by.to_owned(),
            by_zh: by_zh.to_owned(),
            contact: found.contact.as_ref().map(ToString::to_string),
        }
    }
}

/// What was said of a time.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WhenQuery {
    /// A date or time in English or Chinese, such as `friday`, `下周二下午三点` or `2026-03-31`.
    pub said: String,
    /// To which side a day leans that is said without its week, month or year.
    #[serde(default)]
    pub lean: Lean,
}

/// What is meant by it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct WhenAnswer {
    /// The day, in the book's zone.
    pub day: Date,
    /// The instant, when one was said.
    pub at: Option<Timestamp>,
    /// The first moment of it.
    pub start: Timestamp,
    /// The last moment of it.
    pub end: Timestamp,
    /// The book's zone.
    pub zone: String,
}

pub(super) fn routes() -> Routes {
    let lookup = get("/lookup", "Find the customer that is meant", lookup);
    let when = get("/when", "Read a date or time as people say it", when);
    Routes::of("lookup", [lookup, when])
}

async fn lookup(
    State(app): State<App>,
    Params(query): Params<LookupQuery>,
) -> Result<Json<LookupAnswer>, ApiError> {
    blocking(move || {
        let (found, position) = app.directory.find(app.ledger.reader(), &query.who)?;
        let total = found.len();
        let found = found.iter().take(FOUND_MAX).map(FoundView::from).collect();
        Ok(LookupAnswer { position, total, found })
    })
    .await
    .map(Json)
}

async fn when(
    State(app): State<App>,
    Params(query): Params<WhenQuery>,
) -> Result<Json<WhenAnswer>, ApiError> {
    let zone = app.ledger.reader().book()?.zone;
    let moment = when::read(&query.said, query.lean, app.clock.now(), zone);
    let moment = moment.map_err(|error| {
        let (zh, hint_zh) = error.chinese();
        ApiError::malformed("said", (error.to_string(), zh), (error.hint(), hint_zh))
    })?;
    let at = match moment {
        Moment::Instant(at) => Some(at),
        Moment::Day(_) => None,
    };
    Ok(Json(WhenAnswer {
        day: moment.day(zone),
        at,
        start: moment.start(zone),
        end: moment.end(zone),
        zone: zone.name().to_owned(),
    }))
}
