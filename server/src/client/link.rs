//! A client's link to its server, which outlives the server: when the one is gone, the next is
//! looked for.
//!
//! Invariant: only questions and requests with a key are sent again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::request::Builder;
use axum::http::{Method, Request, Response, StatusCode, header};

use super::transport::Transport;
use super::{ClientError, problem};
use crate::api::caller::{ACTOR_HEADER, CHANNEL_HEADER};

/// How often one call is sent again.
const REPEATS_MAX: u32 = 20;
/// How long to wait before a call is sent again to the same server; so many times longer each time.
const PAUSE: Duration = Duration::from_millis(25);

/// Why no other server was found.
pub type Lost = Box<dyn std::error::Error + Send + Sync>;

/// Finds out who answers for a ledger after whoever did is gone.
#[async_trait::async_trait]
pub trait Reconnect: Send + Sync {
    /// Returns the way to the ledger from now on.
    ///
    /// # Errors
    /// Why there is none.
    async fn again(&self) -> Result<Transport, Lost>;
}

/// A call that may be sent again.
pub(super) struct Call {
    pub method: Method,
    pub path: String,
    pub body: Bytes,
}

#[derive(Clone)]
pub(super) struct Link {
    now: Arc<Mutex<Now>>,
    renewing: Arc<tokio::sync::Mutex<()>>,
    reconnect: Option<Arc<dyn Reconnect>>,
    /// The language problems are told in, as a tag (BCP 47).
    language: &'static str,
}

struct Now {
    transport: Transport,
    /// How many servers there were before.
    generation: u64,
}

impl Link {
    pub(super) fn new(transport: Transport) -> Link {
        let now = Arc::new(Mutex::new(Now { transport, generation: 0 }));
        Link { now, renewing: Arc::default(), reconnect: None, language: "en" }
    }

    pub(super) fn reconnect_with(&mut self, reconnect: Arc<dyn Reconnect>) {
        self.reconnect = Some(reconnect);
    }

    pub(super) fn speak(&mut self, language: &'static str) {
        self.language = language;
    }

    fn current(&self) -> (Transport, u64) {
        let now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        (now.transport.clone(), now.generation)
    }

    pub(super) fn request(
        &self,
        method: &Method,
        path: &str,
        actor: &str,
        channel: &str,
    ) -> Builder {
        let request = Request::builder().method(method).uri(path);
        let request = request.header(header::ACCEPT_LANGUAGE, self.language);
        request.header(ACTOR_HEADER, actor).header(CHANNEL_HEADER, channel)
    }

    /// Sends a call whose answer is a stream; looks for the server again when nothing was sent.
    pub(super) async fn open(&self, request: Request<Body>) -> Result<Response<Body>, ClientError> {
        Ok(self.current().0.open(request).await?)
    }

    /// Sends a call, again where that is needed, and tells whether it was.
    pub(super) async fn call(
        &self,
        call: &Call,
        actor: &str,
        channel: &str,
    ) -> Result<(StatusCode, Bytes, bool), ClientError> {
        let mut repeats = 0;
        loop {
            let body = Body::from(call.body.clone());
            let mut request = self.request(&call.method, &call.path, actor, channel);
            if !call.body.is_empty() {
                request = request.header(header::CONTENT_TYPE, "application/json");
            }
            let request = request.body(body);
            let request =
                request.map_err(|error| ClientError::Unreadable { what: error.to_string() })?;
            let (transport, generation) = self.current();
            let error = match transport.call(request).await {
                Ok((status, bytes)) if !self.is_going(status, &bytes) => {
                    return Ok((status, bytes, repeats > 0));
                }
                Ok((_, bytes)) => problem(&bytes),
                Err(error) => error.into(),
            };
            if repeats == REPEATS_MAX {
                return Err(error);
            }
            repeats += 1;
            self.next(generation, repeats).await?;
        }
    }

    /// Tells whether a server answers that it is just being closed, and another can be looked for.
    fn is_going(&self, status: StatusCode, bytes: &[u8]) -> bool {
        self.reconnect.is_some()
            && status == StatusCode::SERVICE_UNAVAILABLE
            && problem(bytes).is_server_gone()
    }

    /// Goes on with the next server, or after a pause with the same one.
    async fn next(&self, generation: u64, repeats: u32) -> Result<(), ClientError> {
        if self.reconnect.is_none() {
            tokio::time::sleep(PAUSE * repeats).await;
            return Ok(());
        }
        let _alone = self.renewing.lock().await;
        if self.current().1 == generation { self.replace().await } else { Ok(()) }
    }

    pub(super) async fn renew(&self) -> Result<(), ClientError> {
        let _alone = self.renewing.lock().await;
        self.replace().await
    }

    /// Looks for the server again, after a pause where there is only the one.
    pub(super) async fn renew_after(&self, failures: u32) -> Result<(), ClientError> {
        if self.reconnect.is_none() || failures > 1 {
            tokio::time::sleep(PAUSE * failures).await;
        }
        self.renew().await
    }

    async fn replace(&self) -> Result<(), ClientError> {
        let Some(reconnect) = &self.reconnect else { return Ok(()) };
        let found = reconnect.again().await;
        let transport = found.map_err(|source| ClientError::Lost { source })?;
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        now.transport = transport;
        now.generation += 1;
        Ok(())
    }
}
