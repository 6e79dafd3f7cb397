//! How calls get to the interface: straight into a router of this process, through the private
//! socket of a ledger's directory, or over TCP with a token.
//!
//! Invariant: a connection carries one call at a time; one whose answer was not read to its end is
//! not used again. What this module does not do: it never sends a call twice, its callers decide
//! that.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tower::ServiceExt;

use crate::serve::connect;

/// The largest answer that is read whole.
const ANSWER_SIZE_BYTES_MAX: usize = 256 << 20;
/// Connections kept open for further calls.
const IDLE_CONNECTIONS_MAX: usize = 16;

/// The way to a ledger's interface.
#[derive(Clone)]
pub struct Transport(Kind);

#[derive(Clone)]
enum Kind {
    InProcess(Router),
    Wire(Arc<Wire>),
}

struct Wire {
    address: Address,
    authorization: Option<HeaderValue>,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

enum Address {
    Private(PathBuf),
    Tcp(SocketAddr),
}

/// Why a call got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// Nobody listens there, or nobody takes the connection.
    #[error("the ledger's server at {address} cannot be reached")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The connection ended in the middle of a call; whether it was carried out is not known.
    #[error("the connection to the ledger's server at {address} ended in the middle of a call")]
    Broken {
        /// Where.
        address: String,
        /// What happened to it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Private(dir) => write!(f, "{}", dir.display()),
            Address::Tcp(address) => write!(f, "{address}"),
        }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::InProcess(_) => write!(f, "Transport(in process)"),
            Kind::Wire(wire) => write!(f, "Transport({})", wire.address),
        }
    }
}

impl Transport {
    /// Calls a router of this process.
    pub fn in_process(router: Router) -> Transport {
        // Limits are there for callers one does not know.
        Transport(Kind::InProcess(router.layer(DefaultBodyLimit::disable())))
    }

    /// Calls whoever holds the ledger in a directory, through its private socket. Nothing is
    /// connected before the first call.
    pub fn private(dir: impl Into<PathBuf>) -> Transport {
        Transport::wire(Address::Private(dir.into()), None)
    }

    /// Calls a server over TCP with its token. Nothing is connected before the first call.
    ///
    /// # Errors
    /// [`InvalidToken`] for a token that no header can hold.
    pub fn tcp(address: SocketAddr, token: &str) -> Result<Transport, InvalidToken> {
        let authorization = HeaderValue::try_from(format!("Bearer {}", token.trim()));
        let mut authorization = authorization.map_err(|_| InvalidToken)?;
        authorization.set_sensitive(true);
        Ok(Transport::wire(Address::Tcp(address), Some(authorization)))
    }

    /// Asks whether anybody answers at all. Waits as long as the other end does not say no.
    pub async fn is_alive(&self) -> bool {
        let request = Request::get("/healthz").body(Body::empty());
        match request {
            Ok(request) => self.call(request).await.is_ok_and(|(status, _)| status.is_success()),
            Err(_) => false,
        }
    }

    fn wire(address: Address, authorization: Option<HeaderValue>) -> Transport {
        let idle = Mutex::default();
        Transport(Kind::Wire(Arc::new(Wire { address, authorization, idle })))
    }

    /// Sends one call and returns its answer, which may still be arriving. The connection is not
    /// used for anything else.
    pub(super) async fn open(
        &self,
        request: Request<Body>,
    ) -> Result<Response<Body>, TransportError> {
        match &self.0 {
            Kind::InProcess(router) => match router.clone().oneshot(request).await {
                Ok(response) => Ok(response),
                // The router's service never fails: every error is a response.
                Err(never) => match never {},
            },
            Kind::Wire(wire) => {
                let mut sender = wire.connect().await?;
                wire.send(&mut sender, request).await
            }
        }
    }

    /// Sends one call and reads its answer whole.
    pub(super) async fn call(
        &self,
        request: Request<Body>,
    ) -> Result<(StatusCode, Bytes), TransportError> {
        let Kind::Wire(wire) = &self.0 else {
            return whole(self.open(request).await?, "this process").await;
        };
        let mut sender = match wire.idle_sender().await {
            Some(sender) => sender,
            None => wire.connect().await?,
        };
        let response = wire.send(&mut sender, request).await?;
        let answer = whole(response, &wire.address).await?;
        let mut idle = wire.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_CONNECTIONS_MAX {
            idle.push(sender);
        }
        Ok(answer)
    }
}

/// A token that no header can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token holds characters that no token has")]
pub struct InvalidToken;

impl Wire {
    /// Returns an open connection that waits for a call, if there is one.
    async fn idle_sender(&self) -> Option<SendRequest<Body>> {
        loop {
            let sender = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut sender = sender?;
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    async fn connect(&self) -> Result<SendRequest<Body>, TransportError> {
        let unreachable =
            |source| TransportError::Unreachable { address: self.address.to_string(), source };
        match &self.address {
            Address::Private(dir) => {
                let stream = connect(dir).await.map_err(unreachable)?;
                self.greet(stream).await
            }
            Address::Tcp(address) => {
                let stream = TcpStream::connect(address).await.map_err(unreachable)?;
                // Calls are small and wait for their answers; without this they wait for acks too.
                stream.set_nodelay(true).map_err(unreachable)?;
                self.greet(stream).await
            }
        }
    }

    async fn greet(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<SendRequest<Body>, TransportError> {
        let shaken = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = shaken.map_err(|error| self.broken(error))?;
        tokio::spawn(connection);
        Ok(sender)
    }

    async fn send(
        &self,
        sender: &mut SendRequest<Body>,
        mut request: Request<Body>,
    ) -> Result<Response<Body>, TransportError> {
        let host = match &self.address {
            Address::Private(_) => HeaderValue::from_static("localhost"),
            Address::Tcp(address) => HeaderValue::try_from(address.to_string())
                .unwrap_or(HeaderValue::from_static("localhost")),
        };
        request.headers_mut().insert(header::HOST, host);
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        let response = sender.send_request(request).await.map_err(|error| self.broken(error))?;
        Ok(response.map(Body::new))
    }

    fn broken(&self, error: hyper::Error) -> TransportError {
        TransportError::Broken { address: self.address.to_string(), source: Box::new(error) }
    }
}

async fn whole(
    response: Response<Body>,
    address: impl fmt::Display,
) -> Result<(StatusCode, Bytes), TransportError> {
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), ANSWER_SIZE_BYTES_MAX).await;
    let bytes = bytes.map_err(|error| TransportError::Broken {
        address: address.to_string(),
        source: Box::new(error),
    })?;
    Ok((status, bytes))
}
