//! Attachments through the client: files go up and come down as streams.

use axum::body::Body;
use axum::http::{Method, header};
use bytes::Bytes;
use futures_util::Stream;

use super::upload::cut_off;
use super::{Client, ClientError, escaped, problem, query_text};
use crate::api::attachments::{AttachmentsAnswer, AttachmentsQuery, UploadAnswer};

/// The most bytes of a short answer that are read.
const ANSWER_SIZE_BYTES_MAX: usize = 1 << 20;

/// An attachment's content on its way.
pub struct Download {
    /// The content's size in bytes.
    pub size_bytes: u64,
    /// The file's name, as the header says it.
    pub name: Option<String>,
    /// The content.
    pub body: Body,
}

impl Client {
    /// Takes a file of a customer in; an `attach_file` command names it then.
    ///
    /// # Errors
    /// [`ClientError`]. Nothing was attached then, and the file may be sent again.
    pub async fn upload_attachment<S>(
        &self,
        customer: &str,
        media_type: &str,
        content: S,
    ) -> Result<UploadAnswer, ClientError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let path = format!("/v1/customers/{}/attachments", escaped(customer));
        let request = self.link.request(&Method::POST, &path, &self.actor, self.channel);
        let request = request.header(header::CONTENT_TYPE, media_type);
        let request = request.body(Body::from_stream(content)).map_err(unreadable)?;
        let response = self.link.open(request).await?;
        let taken = response.status().is_success();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
        let bytes = bytes.map_err(cut_off)?;
        if taken {
            serde_json::from_slice(&bytes).map_err(unreadable)
        } else {
            Err(problem(&bytes))
        }
    }

    /// Lists a customer's attachments.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn attachments(
        &self,
        customer: &str,
        query: &AttachmentsQuery,
    ) -> Result<AttachmentsAnswer, ClientError> {
        self.get(&format!("/customers/{}/attachments", escaped(customer)), query).await
    }

    /// Opens the content of the attachment whose event is at a position.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn attachment(&self, position: u64) -> Result<Download, ClientError> {
        let path = format!("/v1/attachments/{position}{}", query_text(&()));
        let request = self.link.request(&Method::GET, &path, &self.actor, self.channel);
        let response = self.link.open(request.body(Body::empty()).map_err(unreadable)?).await?;
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(cut_off)?));
        }
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let size = text(header::CONTENT_LENGTH).and_then(|size: &str| size.parse().ok());
        let name = text(header::CONTENT_DISPOSITION).and_then(file_name);
        let size_bytes = size.unwrap_or_default();
        Ok(Download { size_bytes, name, body: response.into_body() })
    }
}

fn unreadable(error: impl std::fmt::Display) -> ClientError {
    ClientError::Unreadable { what: error.to_string() }
}

/// Reads the name out of `filename*=UTF-8''...` (RFC 8187).
fn file_name(disposition: &str) -> Option<String> {
    let escaped = disposition.split("filename*=UTF-8''").nth(1)?;
    let mut bytes = Vec::new();
    let mut rest = escaped.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?.to_owned();
                bytes.push(u8::from_str_radix(&digits, 16).ok()?);
            }
            b';' => break,
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}
