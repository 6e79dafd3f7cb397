//! A typed client of the interface, calling the router in process.
//!
//! The calls and answers are the same as over HTTP; a later client that speaks over a socket
//! replaces `Client::send` and nothing else.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use crate::api::Problem;
use crate::api::basis::BasisQuery;
use crate::api::book::BookAnswer;
use crate::api::caller::{ACTOR_HEADER, CHANNEL_HEADER};
use crate::api::commands::CommandsAnswer;
use crate::api::customers::{CustomerAnswer, CustomersAnswer, CustomersQuery};
use crate::api::events::{EventAnswer, EventsAnswer, EventsQuery};
use crate::api::imports::ImportLine;
use crate::api::stats::StatsAnswer;
use crate::import::Notice;

/// The largest answer that is read whole.
const ANSWER_SIZE_BYTES_MAX: usize = 256 << 20;

/// What separates the parts of an import's call; no file of ours holds it at a line's start.
const BOUNDARY: &str = "daybook-8f2c1b9e6d5a4f70a3c1";

/// Why a call had no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The server says no, or that something is broken.
    #[error("{}", .0.detail)]
    Problem(Box<Problem>),
    /// The answer could not be read.
    #[error("the answer of the interface could not be read: {what}")]
    Unreadable {
        /// Which part.
        what: String,
    },
}

/// A caller of one ledger's interface.
#[derive(Clone)]
pub struct Client {
    router: Router,
    actor: String,
    channel: &'static str,
}

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
    /// Starts calling a router as somebody, through the command line.
    pub const fn new(router: Router, actor: String) -> Client {
        Client { router, actor, channel: "cli" }
    }

    async fn send(&self, request: Request<Body>) -> Result<axum::response::Response, ClientError> {
        // The router's service never fails: every error is a response.
        match self.router.clone().oneshot(request).await {
            Ok(response) => Ok(response),
            Err(never) => match never {},
        }
    }

    async fn call<T: DeserializeOwned>(&self, request: Request<Body>) -> Result<T, ClientError> {
        let response = self.send(request).await?;
        let ok = response.status().is_success();
        let bytes = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
        let unreadable = |what: String| ClientError::Unreadable { what };
        let bytes = bytes.map_err(|error| unreadable(error.to_string()))?;
        if ok {
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
        } else {
            Err(problem(&bytes))
        }
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Body,
    ) -> Result<Request<Body>, ClientError> {
        Request::builder()
            .method(method)
            .uri(format!("/v1{path}"))
            .header(ACTOR_HEADER, &self.actor)
            .header(CHANNEL_HEADER, self.channel)
            .body(body)
            .map_err(|error| ClientError::Unreadable { what: error.to_string() })
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &impl Serialize,
    ) -> Result<T, ClientError> {
        let query = query_text(query);
        self.call(self.request(Method::GET, &format!("{path}{query}"), Body::empty())?).await
    }

    /// Returns which ledger this is.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn book(&self) -> Result<BookAnswer, ClientError> {
        self.get("/book", &()).await
    }

    /// Returns what is in the ledger.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stats(&self, query: &BasisQuery) -> Result<StatsAnswer, ClientError> {
        self.get("/stats", query).await
    }

    /// Returns a part of the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn events(&self, query: &EventsQuery) -> Result<EventsAnswer, ClientError> {
        self.get("/events", query).await
    }

    /// Returns one event by its position or id.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn event(&self, id: &str) -> Result<EventAnswer, ClientError> {
        self.get(&format!("/events/{}", escaped(id)), &()).await
    }

    /// Returns the customers.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn customers(&self, query: &CustomersQuery) -> Result<CustomersAnswer, ClientError> {
        self.get("/customers", query).await
    }

    /// Returns one customer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn customer(
        &self,
        code: &str,
        query: &CustomersQuery,
    ) -> Result<CustomerAnswer, ClientError> {
        self.get(&format!("/customers/{}", escaped(code)), query).await
    }

    /// Submits units of requests in their JSON form.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn commands(
        &self,
        units: Vec<Vec<serde_json::Value>>,
        dry_run: bool,
    ) -> Result<CommandsAnswer, ClientError> {
        let call = serde_json::json!({ "units": units, "dry_run": dry_run });
        let body = Body::from(call.to_string());
        self.call(self.request(Method::POST, "/commands", body)?).await
    }

    /// Imports a file; `tell` hears what the import tells while it runs.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn import<S>(
        &self,
        upload: Upload<S>,
        tell: &mut dyn FnMut(Notice),
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    {
        let mut request = self.request(Method::POST, "/imports", multipart(upload))?;
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        if let Ok(kind) = kind.parse() {
            request.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        let response = self.send(request).await?;
        let unreadable = |what: String| ClientError::Unreadable { what };
        if !response.status().is_success() {
            let bytes = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
            return Err(problem(&bytes.map_err(|error| unreadable(error.to_string()))?));
        }
        let mut chunks = response.into_body().into_data_stream();
        let mut pending = Vec::new();
        while let Some(chunk) = chunks.next().await {
            pending.extend_from_slice(&chunk.map_err(|error| unreadable(error.to_string()))?);
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                match serde_json::from_slice(&line) {
                    Ok(ImportLine::Notice(notice)) => tell(notice),
                    Ok(ImportLine::Failed { failed }) => {
                        return Err(ClientError::Problem(Box::new(failed)));
                    }
                    Err(error) => return Err(unreadable(error.to_string())),
                }
            }
        }
        Ok(())
    }
}

fn problem(bytes: &[u8]) -> ClientError {
    match serde_json::from_slice(bytes) {
        Ok(problem) => ClientError::Problem(Box::new(problem)),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes).chars().take(200).collect();
            ClientError::Unreadable { what: text }
        }
    }
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

/// Writes a query's fields that are there as `?a=b&c=d`.
fn query_text(query: &impl Serialize) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else {
        return String::new();
    };
    let pairs = fields.iter().filter_map(|(name, value)| {
        let value = match value {
            serde_json::Value::Null => return None,
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        Some(format!("{name}={}", escaped(&value)))
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// Escapes a text for a path or query (RFC 3986).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                escaped.push(char::from(byte));
            }
            _ => escaped.push_str(&format!("%{byte:02X}")),
        }
    }
    escaped
}
