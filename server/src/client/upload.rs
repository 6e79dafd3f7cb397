//! Imports through the client: a mapping and files, streamed in both directions.
//!
//! Invariant: an import is never sent again by itself, its files have been read. Whoever can read
//! them again may: rows that were taken are recognised.

use std::pin::Pin;

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::{Client, ClientError, TransportError, problem};
use crate::api::imports::{GuessAnswer, ImportLine};
use crate::import::Notice;

/// What separates the parts of an import's call; no file of ours holds it at a line's start.
const BOUNDARY: &str = "daybook-8f2c1b9e6d5a4f70a3c1";
/// The most bytes of a refusal that are read.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;

/// A file's bytes as they are sent.
pub type Bytestream = Pin<Box<dyn Stream<Item = std::io::Result<Bytes>> + Send>>;

/// Files to import.
pub struct Upload {
    /// The mapping, TOML.
    pub mapping: String,
    /// Whether nothing is kept.
    pub dry_run: bool,
    /// The files with their names.
    pub files: Vec<(String, Bytestream)>,
}

impl Client {
    /// Imports files; `tell` hears what the import tells while it runs.
    ///
    /// # Errors
    /// [`ClientError`]; after [`TransportError::Broken`] some rows may have been taken.
    pub async fn import(
        &self,
        upload: Upload,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ClientError> {
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

impl Client {
    /// Asks for a first mapping of a file.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn guess(&self, name: String, bytes: Bytestream) -> Result<GuessAnswer, ClientError> {
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        let path = "/v1/imports/guess";
        let request = self.link.request(&Method::POST, path, &self.actor, self.channel);
        let body = Body::from_stream(ended(file_part(name, bytes)));
        let request = request.header(header::CONTENT_TYPE, kind).body(body);
        let unreadable = |what: String| ClientError::Unreadable { what };
        let request = request.map_err(|error| unreadable(error.to_string()))?;
        let response = self.link.open(request).await?;
        let taken = response.status().is_success();
        let bytes = axum::body::to_bytes(response.into_body(), PROBLEM_SIZE_BYTES_MAX).await;
        let bytes = bytes.map_err(cut_off)?;
        if !taken {
            return Err(problem(&bytes));
        }
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }
}

pub(super) fn cut_off(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ClientError {
    let address = "the other end".to_owned();
    TransportError::Broken { address, source: source.into() }.into()
}

/// Writes a call's parts, the files last and as streams.
fn multipart(upload: Upload) -> Body {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"mapping\"\r\n\r\n{}\r\n\
         --{BOUNDARY}\r\nContent-Disposition: form-data; name=\"dry_run\"\r\n\r\n{}\r\n",
        upload.mapping, upload.dry_run,
    );
    let files = stream::iter(upload.files).flat_map(|(name, bytes)| file_part(name, bytes));
    Body::from_stream(ended(one(head).chain(files)))
}

type Part = std::io::Result<Bytes>;

fn one(text: String) -> impl Stream<Item = Part> + Send + 'static {
    stream::iter([Ok(Bytes::from(text))])
}

/// Writes one file as a part.
fn file_part(name: String, bytes: Bytestream) -> impl Stream<Item = Part> + Send + 'static {
    let quoted: String = name.chars().filter(|c| !matches!(c, '"' | '\r' | '\n')).collect();
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; \
         filename=\"{quoted}\"\r\nContent-Type: application/octet-stream\r\n\r\n",
    );
    one(head).chain(bytes).chain(one("\r\n".to_owned()))
}

fn ended(parts: impl Stream<Item = Part> + Send + 'static) -> impl Stream<Item = Part> + Send {
    parts.chain(one(format!("--{BOUNDARY}--\r\n")))
}
