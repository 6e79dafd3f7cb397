//! One connection: its calls, one after the other, until either side ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::UnixStream;
use tower::ServiceExt;

use super::Shared;

/// The longest time from the end of one call to the end of the next one's headers.
const HEADER_READ_TIME: Duration = Duration::from_secs(30);
/// The most bytes of headers.
const HEADER_SIZE_BYTES_MAX: usize = 64 << 10;

/// Whether this connection is in the middle of a stream; counted among the server's.
struct Streaming {
    shared: Arc<Shared>,
    now: AtomicBool,
}

impl Streaming {
    fn set(&self, streams: bool) {
        let before = self.now.swap(streams, Ordering::Relaxed);
        if streams && !before {
            self.shared.streaming.fetch_add(1, Ordering::Relaxed);
        } else if !streams && before {
            self.shared.streaming.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Tells whether a path's answer or body is a stream without a known end.
fn streams(path: &str) -> bool {
    matches!(path, "/v1/imports" | "/v1/feed")
}

/// Answers the calls of a connection.
pub(super) async fn answer(stream: UnixStream, shared: Arc<Shared>) {
    let mut stopping = shared.stopping.clone();
    let streaming =
        Arc::new(Streaming { shared: Arc::clone(&shared), now: AtomicBool::new(false) });
    let service = service_fn(move |request: Request<Incoming>| {
        streaming.set(streams(request.uri().path()));
        shared.router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_READ_TIME)
        .max_buf_size(HEADER_SIZE_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A connection that ends early or speaks nonsense concerns nobody but its caller.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}
