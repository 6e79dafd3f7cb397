//! Imports through the client: a mapping and a file, streamed in both directions.
//!
//! Invariant: an import is never sent again by itself, its file has been read. Whoever can read the
//! file again may: rows that were taken are recognised.

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{Client, ClientError, TransportError, problem};
use crate::api::imports::ImportLine;
use crate::import::Notice;

/// What separates the parts of an import's call; no file of ours holds it at a line's start.
const BOUNDARY: &str = "daybook-8f2c1b9e6d5a4f70a3c1";
/// The most bytes of a refusal that are read.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;

/// A file to import.
pub struct Upload<S> {
    /// The mapping, TOML.
    pub mapping: String,
    /// The file's name.
    pub file_name: String,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// The file's bytes.
    pub bytes: S,
}

impl Client {
    /// Imports a file; `tell` hears what the import tells while it runs.
    ///
    /// # Errors
    /// [`ClientError`]; after [`TransportError::Broken`] some rows may have been taken.
    pub async fn import<S>(
        &self,
        upload: Upload<S>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let request = self.link.request(&Method::POST, "/v1/imports", &self.actor, self.channel);
        let request = request.header(header::CONTENT_TYPE, kind).body(multipart(upload));
        let unreadable = |what: String| ClientError::Unreadable { what };
        let request = request.map_err(|error| unreadable(error.to_string()))?;
        let response = self.link.open(request).await?;
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(cut_off)?));
        }
        let mut chunks = response.into_body().into_data_stream();
        let mut pending = Vec::new();
        let mut ended = false;
        while let Some(chunk) = chunks.next().await {
            pending.extend_from_slice(&chunk.map_err(cut_off)?);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(ImportLine::Notice(notice)) => {
                        ended = matches!(notice, Notice::Done(_));
                        tell(notice);
                    }
                    Ok(ImportLine::Failed { failed }) => {
                        return Err(ClientError::Problem(Box::new(failed)));
                    }
                    Err(error) => return Err(unreadable(error.to_string())),
                }
            }
        }
        if ended { Ok(()) } else { Err(cut_off("the answer has no end")) }
    }
}

pub(super) fn cut_off(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClientError {
    let address = "the other end".to_owned();
    TransportError::Broken { address, source: source.into() }.into()
}

/// Writes a call's parts, the file last and as a stream.
fn multipart<S>(upload: Upload<S>) -> Body
where
    S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
{
    let quoted: String =
        upload.file_name.chars().filter(|c| !matches!(c, '"' | '\r' | '\n')).collect();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"dry_run\"\r\n\r\n{}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{quoted}\"\r\n\
         Content-Type: text/csv\r\n\r\n",
        upload.mapping, upload.dry_run,
    );
    let tail = format!("\r\n--{BOUNDARY}--\r\n");
    let one =
        |text: String| futures_util::stream::iter([Ok::<_, std::io::Error>(Bytes::from(text))]);
    Body::from_stream(one(head).chain(upload.bytes).chain(one(tail)))
}
