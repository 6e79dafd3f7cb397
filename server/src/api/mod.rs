//! The HTTP interface: one file per resource, each with its wire types, handlers and router.
//!
//! Invariant: every answer that shows state names its basis and position. Reads of the ledger may
//! block and run on threads where that is allowed.

pub mod basis;
pub mod book;
pub mod caller;
pub mod commands;
pub mod customers;
pub mod error;
pub mod events;
pub mod imports;
pub mod money;
pub mod stats;

use axum::Router;

use crate::App;
pub use error::{ApiError, Problem};

/// Returns the interface over a ledger.
pub fn router(app: App) -> Router {
    let v1 = Router::new()
        .merge(book::router())
        .merge(commands::router())
        .merge(customers::router())
        .merge(events::router())
        .merge(imports::router())
        .merge(stats::router());
    Router::new().nest("/v1", v1).fallback(error::no_such_route).with_state(app)
}

/// Runs a read of the ledger where blocking is allowed.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ApiError::Interrupted)?
}
