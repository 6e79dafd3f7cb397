//! Imports that were applied: listed, shown, taken back.
//!
//! Invariant: taking back is never sent again by itself; whoever asks again goes on where it
//! stopped.

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;

use super::upload::cut_off;
use super::{Client, ClientError, escaped, problem};
use crate::api::import_batches::{
    ImportAnswer, ImportsAnswer, ImportsQuery, RevertCall, RevertLine,
};
use crate::api::takeover::TakeOverLine;
use crate::import::revert::Told;
use crate::import::takeover;

/// The most bytes of a refusal that are read.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;

impl Client {
    /// Lists the imports.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn imports(&self, query: &ImportsQuery) -> Result<ImportsAnswer, ClientError> {
        self.get("/imports", query).await
    }

    /// Shows one import, by its position or source.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn import_batch(&self, id: &str) -> Result<ImportAnswer, ClientError> {
        self.get(&format!("/imports/{}", escaped(id)), &()).await
    }

    /// Takes an import back; `tell` hears what it tells while it runs.
    ///
    /// # Errors
    /// [`ClientError`]; what was taken back before stays so.
    pub async fn revert_import(
        &self,
        id: &str,
        call: &RevertCall,
        tell: &mut dyn FnMut(Told),
    ) -> Result<(), ClientError> {
        let unreadable = |what: String| ClientError::Unreadable { what };
        let body = serde_json::to_vec(call).map_err(|error| unreadable(error.to_string()))?;
        let path = format!("/v1/imports/{}/revert", escaped(id));
        let request = self.link.request(&Method::POST, &path, &self.actor, self.channel);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        let request = request.body(Body::from(body));
        let request = request.map_err(|error| unreadable(error.to_string()))?;
        let response = self.link.open(request).await?;
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(cut_off)?));
        }
        let mut ended = false;
        each_line(response.into_body(), &mut |line| {
            match line {
                RevertLine::Told(told) => {
                    ended = matches!(told, Told::Done(_));
                    tell(told);
                }
                RevertLine::Failed { failed } => {
                    return Err(ClientError::Problem(Box::new(failed)));
                }
            }
            Ok(())
        })
        .await?;
        if ended { Ok(()) } else { Err(cut_off("the answer has no end")) }
    }

    /// Takes in what another ledger exported as JSON lines; `tell` hears what it tells.
    ///
    /// # Errors
    /// [`ClientError`]; what was taken before stays, and is recognised in the next call.
    pub async fn take_over<S>(
        &self,
        file: S,
        tell: &mut dyn FnMut(takeover::Told),
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let path = "/v1/imports/events";
        let request = self.link.request(&Method::POST, path, &self.actor, self.channel);
        let request = request.header(header::CONTENT_TYPE, "application/x-ndjson");
        let unreadable =
            |error: axum::http::Error| ClientError::Unreadable { what: error.to_string() };
        let request = request.body(Body::from_stream(file)).map_err(unreadable)?;
        let response = self.link.open(request).await?;
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(cut_off)?));
        }
        let mut ended = false;
        each_line(response.into_body(), &mut |line| {
            match line {
                TakeOverLine::Told(told) => {
                    ended = matches!(told, takeover::Told::Done(_));
                    tell(told);
                }
                TakeOverLine::Failed { failed } => {
                    return Err(ClientError::Problem(Box::new(failed)));
                }
            }
            Ok(())
        })
        .await?;
        if ended { Ok(()) } else { Err(cut_off("the answer has no end")) }
    }
}

/// Reads an answer that is one document a line.
async fn each_line<T: DeserializeOwned>(
    body: Body,
    hear: &mut dyn FnMut(T) -> Result<(), ClientError>,
) -> Result<(), ClientError> {
    let mut chunks = body.into_data_stream();
    let mut pending = Vec::new();
    while let Some(chunk) = chunks.next().await {
        pending.extend_from_slice(&chunk.map_err(cut_off)?);
        while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = pending.drain(..=end).collect();
            let line = serde_json::from_slice(&line);
            hear(line.map_err(|error| ClientError::Unreadable { what: error.to_string() })?)?;
        }
    }
    Ok(())
}
