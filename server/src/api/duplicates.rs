//! `GET /v1/duplicates` and `GET /v1/duplicates/like`: customers that may be one, with the reasons,
//! and whom a customer that is to be put on file may be.

use axum::Json;
use axum::extract::State;
use daybook_core::event::merge::DuplicateCandidate;
use daybook_core::id::CustomerCode;
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Params;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;
use crate::directory::duplicates::{Newcomer, SCORE_SURE};

/// The most pairs one answer holds.
pub const PAIRS_MAX: usize = 500;

/// Whose duplicates are asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DuplicatesQuery {
    /// The customer; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerCode>,
}

/// Customers that may be one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DuplicatesAnswer {
    /// The answer reflects the events before this position.
    pub position: Position,
    /// How many pairs there are in all.
    pub total: usize,
    /// The pairs, the likeliest first; at most 500.
    pub pairs: Vec<PairView>,
}

/// Two customers that may be one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct PairView {
    /// One of them.
    pub customer: String,
    /// Its name, where it may be seen.
    pub name: Option<String>,
    /// The other's name.
    pub candidate_name: Option<String>,
    /// The other, with score and reasons.
    #[serde(flatten)]
    pub candidate: CandidateView,
}

/// A customer that may be the same.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct CandidateView {
    /// The customer.
    pub candidate: String,
    /// How sure that is, in percent; from 75 on it is most probably the same.
    pub score_percent: u8,
    /// Why.
    pub reasons: Vec<String>,
    /// Why, in Chinese.
    pub reasons_zh: Vec<String>,
}

impl From<&DuplicateCandidate> for CandidateView {
    fn from(candidate: &DuplicateCandidate) -> CandidateView {
        let reasons = || candidate.reasons.iter();
        CandidateView {
            candidate: candidate.customer.to_string(),
            score_percent: candidate.score_percent,
            reasons: reasons().map(|reason| reason.as_str().to_owned()).collect(),
            reasons_zh: reasons().map(|reason| reason.label_zh().to_owned()).collect(),
        }
    }
}

/// What is known of a customer that is to be put on file.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LikeQuery {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The tax number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
}

/// Whom it may be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct LikeAnswer {
    /// The answer reflects the events before this position.
    pub position: Position,
    /// From this score on it is most probably the same.
    pub sure_percent: u8,
    /// Whom it may be, the likeliest first; goes into `register_customer` as `duplicates`.
    pub candidates: Vec<DuplicateCandidate>,
}

pub(super) fn routes() -> Routes {
    let all = get("/duplicates", "List the customers that may be one", all);
    let like = get("/duplicates/like", "Tell whom a new customer may be", like);
    Routes::of("duplicates", [all, like])
}

async fn all(
    State(app): State<App>,
    Params(query): Params<DuplicatesQuery>,
) -> Result<Json<DuplicatesAnswer>, ApiError> {
    blocking(move || {
        let reader = app.ledger.reader();
        let (pairs, position) = app.directory.duplicates(reader, query.customer.as_ref())?;
        let total = pairs.len();
        let mut views = Vec::with_capacity(total.min(PAIRS_MAX));
        for pair in pairs.iter().take(PAIRS_MAX) {
            views.push(PairView {
                customer: pair.customer.to_string(),
                name: app.directory.name(reader, &pair.customer)?,
                candidate_name: app.directory.name(reader, &pair.candidate.customer)?,
                candidate: CandidateView::from(&pair.candidate),
            });
        }
        Ok(DuplicatesAnswer { position, total, pairs: views })
    })
    .await
    .map(Json)
}

async fn like(
    State(app): State<App>,
    Params(query): Params<LikeQuery>,
) -> Result<Json<LikeAnswer>, ApiError> {
    blocking(move || {
        let newcomer = Newcomer {
            name: query.name.as_deref(),
            phone: query.phone.as_deref(),
            email: query.email.as_deref(),
            tax_number: query.tax_number.as_deref(),
        };
        let (candidates, position) = app.directory.like(app.ledger.reader(), &newcomer)?;
        Ok(LikeAnswer { position, sure_percent: SCORE_SURE, candidates })
    })
    .await
    .map(Json)
}
