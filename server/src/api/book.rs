//! `GET /v1/book`: which ledger this is.

use axum::Json;
use axum::extract::State;
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ApiError;
use super::route::{Routes, get};
use crate::App;

/// Which ledger this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BookAnswer {
    /// The book's id.
    pub book: String,
    /// Its name.
    pub name: String,
    /// The zone in which days begin and end.
    pub zone: String,
    /// The owner's currency.
    pub currency: Option<String>,
    /// The owner's legal entities.
    pub legal_entities: Vec<String>,
    /// Country calling code for phone numbers given without one.
    pub calling_code: Option<String>,
    /// The next position, which is also the number of events.
    pub position: Position,
    /// When the last event was recorded.
    pub last_recorded_at: Timestamp,
    /// Published policies, each with its newest version, as it was when the ledger was opened.
    pub policies: Vec<PolicyView>,
}

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyView {
    /// Its name.
    pub policy: String,
    /// Its newest version.
    pub version: u32,
}

pub(super) fn routes() -> Routes {
    Routes::of("book", [get("/book", "Tell which ledger this is", read)])
}

async fn read(State(app): State<App>) -> Result<Json<BookAnswer>, ApiError> {
    let reader = app.ledger.reader();
    let (book, head) = (reader.book()?, reader.head());
    let mut policies: Vec<PolicyView> = Vec::new();
    for (name, version) in book.policies.keys() {
        policies.retain(|policy| policy.policy != name.as_str());
        policies.push(PolicyView { policy: name.to_string(), version: *version });
    }
    Ok(Json(BookAnswer {
        book: book.book.to_string(),
        name: book.name.clone(),
        zone: book.zone.name().to_owned(),
        currency: book.functional_currency.map(|currency| currency.to_string()),
        legal_entities: book.legal_entities.iter().map(ToString::to_string).collect(),
        calling_code: book.default_calling_code.clone(),
        position: head.next,
        last_recorded_at: head.recorded_at,
        policies,
    }))
}
