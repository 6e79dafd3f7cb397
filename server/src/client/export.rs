//! Exports through the client: a file as a stream.
//!
//! Invariant: an export is never asked for again by itself, since each is noted in the ledger.

use axum::body::Body;
use axum::http::Method;

use super::upload::cut_off;
use super::{Client, ClientError, problem, query_text};
use crate::api::exports::{ExportQuery, NOTED_HEADER};

/// The most bytes of a refusal that are read.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;

/// A file on its way.
pub struct Export {
    /// Where the export is noted in the ledger.
    pub noted_at: u64,
    /// The bytes.
    pub body: Body,
}

impl Client {
    /// Takes events out as a file.
    ///
    /// # Errors
    /// [`ClientError`]; a file that breaks off is an error of its body.
    pub async fn export(&self, query: &ExportQuery) -> Result<Export, ClientError> {
        let path = format!("/v1/export{}", query_text(query));
        let request = self.link.request(&Method::GET, &path, &self.actor, self.channel);
        let unreadable =
            |error: axum::http::Error| ClientError::Unreadable { what: error.to_string() };
        let response = self.link.open(request.body(Body::empty()).map_err(unreadable)?).await?;
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(cut_off)?));
        }
        let noted_at = response.headers().get(NOTED_HEADER);
        let noted_at = noted_at.and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Export { noted_at: noted_at.unwrap_or_default(), body: response.into_body() })
    }
}
