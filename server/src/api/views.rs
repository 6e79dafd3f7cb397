//! `/v1/views...`: the views kept as columns: how they stand, rebuilding, comparing, dropping.

use axum::Json;
use axum::extract::State;
use daybook_core::position::Position;
use daybook_core::proof::Hash;
use daybook_projections::View;
use daybook_projections::engine::{Difference, Progress, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Params, PathPart};
use super::route::{Routes, delete, get, post};
use super::{ApiError, blocking};
use crate::App;

/// Events that are folded to see how long a rebuild takes.
const TRIAL_EVENTS: u64 = 65_536;

/// The views.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ViewsAnswer {
    /// Each as it stands.
    pub views: Vec<ViewStatus>,
}

/// One view as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewStatus {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// It reflects the events before this position.
    pub position: Position,
    /// How many events it has gone through: all before its position.
    pub events: u64,
    /// The Merkle root over those events, which is the log's own.
    pub root: String,
    /// Facts kept.
    pub facts: u64,
    /// Customers with facts.
    pub customers: u64,
    /// What its columns amount to: equal for equal events.
    pub digest: String,
    /// Bytes of its files.
    pub size_bytes: u64,
    /// How far a rebuild beside it has come, while there is one.
    pub rebuilding: Option<ViewProgress>,
}

/// How far a rebuild has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewProgress {
    /// Events folded.
    pub done: u64,
    /// Events in all.
    pub total: u64,
}

/// How a view is rebuilt.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct RebuildQuery {
    /// Only estimate how long it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

/// What a rebuild did, or would take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RebuildAnswer {
    /// Events to fold in all.
    pub events: u64,
    /// How long it took, or is estimated to take.
    pub milliseconds: u64,
    /// The view that now serves; nothing when it was only estimated.
    pub view: Option<ViewStatus>,
}

/// A view beside one folded from nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CompareAnswer {
    /// Both reflect the events before this position.
    pub position: Position,
    /// Whether they are equal.
    pub equal: bool,
    /// What the serving view amounts to.
    pub serving: String,
    /// What the rebuilt one amounts to.
    pub rebuilt: String,
    /// The first fact in which they differ.
    pub difference: Option<DifferenceView>,
}

/// What was dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DropAnswer {
    /// The view's name.
    pub dropped: String,
}

/// A fact that two views do not share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceView {
    /// The event it is of.
    pub position: Position,
    /// The customer.
    pub customer: String,
    /// As the serving view has it; nothing when it lacks it.
    pub serving: Option<String>,
    /// As it was folded anew; nothing when that lacks it.
    pub rebuilt: Option<String>,
}

pub(super) fn routes() -> Routes {
    Routes::of(
        "views",
        [
            get("/views", "List the views", list),
            post("/views/{name}/rebuild", "Rebuild a view beside the serving one", rebuild),
            get("/views/{name}/compare", "Compare a view with one folded from nothing", compare),
            delete("/views/{name}", "Drop a view; the next question folds it anew", discard),
        ],
    )
}

fn named(name: &str) -> Result<View, ApiError> {
    View::from_name(name).ok_or_else(|| {
        let hint = (
            "see `daybook views list` for the views there are",
            "有哪些视图见 `daybook views list`",
        );
        ApiError::missing(("view", "视图"), name, hint)
    })
}

async fn list(State(app): State<App>) -> Result<Json<ViewsAnswer>, ApiError> {
    blocking(move || {
        let views = View::ALL.iter().map(|view| status(&app, *view)).collect::<Result<_, _>>()?;
        Ok(ViewsAnswer { views })
    })
    .await
    .map(Json)
}

fn status(app: &App, view: View) -> Result<ViewStatus, ApiError> {
    let (status, size_bytes) = app.views.status(app.ledger.reader(), view)?;
    Ok(told(&status, size_bytes, app.views.rebuilding(view)))
}

fn told(status: &Status, size_bytes: u64, rebuilding: Option<Progress>) -> ViewStatus {
    let hash = |hash: &Hash| hash.to_string();
    ViewStatus {
        name: status.name.to_owned(),
        version: status.version,
        position: status.next,
        events: status.next.0,
        root: hash(&status.root),
        facts: status.facts,
        customers: status.customers,
        digest: hash(&status.digest),
        size_bytes,
        rebuilding: rebuilding.map(|Progress { done, total }| ViewProgress { done, total }),
    }
}

async fn rebuild(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
    Params(query): Params<RebuildQuery>,
) -> Result<Json<RebuildAnswer>, ApiError> {
    blocking(move || {
        let view = named(&name)?;
        let reader = app.ledger.reader();
        let started = std::time::Instant::now();
        let passed = || u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        if query.dry_run.unwrap_or_default() {
            let tried = app.views.trial(reader, view, TRIAL_EVENTS)?.max(1);
            let events = reader.head().next.0;
            let milliseconds = u128::from(passed()) * u128::from(events) / u128::from(tried);
            let milliseconds = u64::try_from(milliseconds).unwrap_or(u64::MAX);
            return Ok(RebuildAnswer { events, milliseconds, view: None });
        }
        app.views.rebuild(reader, view, &mut |_| true)?;
        let milliseconds = passed();
        let view = status(&app, view)?;
        Ok(RebuildAnswer { events: view.events, milliseconds, view: Some(view) })
    })
    .await
    .map(Json)
}

async fn compare(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
) -> Result<Json<CompareAnswer>, ApiError> {
    blocking(move || {
        let compared = app.views.compare(app.ledger.reader(), named(&name)?)?;
        let told = |difference: Difference| DifferenceView {
            position: difference.position,
            customer: difference.customer,
            serving: difference.serving,
            rebuilt: difference.rebuilt,
        };
        Ok(CompareAnswer {
            position: compared.position,
            equal: compared.serving == compared.rebuilt,
            serving: compared.serving.to_string(),
            rebuilt: compared.rebuilt.to_string(),
            difference: compared.difference.map(told),
        })
    })
    .await
    .map(Json)
}

async fn discard(
    State(app): State<App>,
    PathPart(name): PathPart<String>,
) -> Result<Json<DropAnswer>, ApiError> {
    blocking(move || {
        app.views.discard(app.ledger.reader(), named(&name)?)?;
        Ok(DropAnswer { dropped: name })
    })
    .await
    .map(Json)
}
