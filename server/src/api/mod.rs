//! The HTTP interface: one file per resource, each with its wire types, handlers and router.
//!
//! Invariant: every answer that shows state names its basis and position. Reads of the ledger may
//! block and run on threads where that is allowed.

pub mod attachments;
pub mod basis;
pub mod book;
pub mod calendar;
pub mod caller;
pub mod clock;
pub mod commands;
pub mod consumers;
pub mod contacts;
pub mod customers;
pub mod dealings;
pub mod describe;
pub mod diff;
pub mod duplicates;
pub mod error;
pub mod events;
pub mod export_check;
pub mod exports;
pub mod extract;
pub mod feed;
pub mod funnel;
pub mod handover;
pub mod holdings;
pub mod import_batches;
pub mod imports;
pub mod lookup;
pub mod mail;
pub mod merges;
pub mod money;
pub mod openapi;
pub mod problem;
mod reached;
pub mod receivables;
pub mod route;
pub mod stats;
pub mod takeover;
pub mod views;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

use crate::App;
pub use error::ApiError;
pub use problem::Problem;
pub use route::{Route, Routes};

/// Lists every route. A resource's own list is its file's `routes()`.
pub fn routes() -> Routes {
    attachments::routes()
        .and(book::routes())
        .and(calendar::routes())
        .and(clock::routes())
        .and(commands::routes())
        .and(consumers::routes())
        .and(contacts::routes())
        .and(customers::routes())
        .and(duplicates::routes())
        .and(diff::routes())
        .and(events::routes())
        .and(exports::routes())
        .and(export_check::routes())
        .and(feed::routes())
        .and(funnel::routes())
        .and(handover::routes())
        .and(holdings::routes())
        .and(imports::routes())
        .and(lookup::routes())
        .and(import_batches::routes())
        .and(mail::routes())
        .and(merges::routes())
        .and(openapi::routes())
        .and(problem::reference::routes())
        .and(receivables::routes())
        .and(stats::routes())
        .and(takeover::routes())
        .and(views::routes())
}

/// Returns the interface over a ledger.
pub fn router(app: App) -> Router {
    Router::new()
        .nest("/v1", routes().into_router())
        .fallback(error::no_such_route)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(from_fn_with_state(app.clone(), reached::reached))
        .layer(from_fn(problem::in_the_callers_language))
        .with_state(app)
}

/// Runs a read of the ledger where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Interrupted)?
}
