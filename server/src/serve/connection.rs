//! One connection: its calls, one after the other, until either side ends it.
//!
//! Invariant: a connection on which nothing moves is ended, whichever side is at fault.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::refusal::Refusal;
use super::stall::Stalling;
use super::{Shared, call};
use crate::text::Language;

/// The most bytes of headers.
const HEADER_SIZE_BYTES_MAX: usize = 64 << 10;
/// How long somebody who is turned away may take to hear it.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// How many are told why they are turned away at the same time; the others are just cut off.
const FAREWELLS_MAX: usize = 64;

/// What the connections of one door share.
pub(super) struct Lane {
    pub shared: Arc<Shared>,
    /// What a caller must show; nothing at the private socket.
    pub guard: Option<Arc<call::Guard>>,
    /// Connections that are in the middle of a stream.
    pub streaming: AtomicUsize,
}

/// Whether a connection is in the middle of a stream; counted among the door's.
pub(super) struct Streaming {
    lane: Arc<Lane>,
    now: AtomicBool,
}

impl Streaming {
    pub(super) fn set(&self, streams: bool) {
        let before = self.now.swap(streams, Ordering::Relaxed);
        if streams && !before {
            self.lane.streaming.fetch_add(1, Ordering::Relaxed);
        } else if !streams && before {
            self.lane.streaming.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// Answers the calls of a connection.
pub(super) async fn answer(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    lane: Arc<Lane>,
) {
    let limits = lane.shared.limits;
    let _open = lane.shared.watch.connection();
    let mut stopping = lane.shared.stopping.clone();
    let streaming = Arc::new(Streaming { lane: Arc::clone(&lane), now: AtomicBool::new(false) });
    let service = service_fn(move |request: Request<Incoming>| {
        let (lane, streaming) = (Arc::clone(&lane), Arc::clone(&streaming));
        async move {
            let answer = call::answer(&lane, &streaming, request).await;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let stream = TokioIo::new(Stalling::new(stream, limits.idle_time_max));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time_max)
        .max_buf_size(HEADER_SIZE_BYTES_MAX)
        .serve_connection(stream, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        // A connection that ends early or speaks nonsense concerns nobody but its caller.
        _ = connection.as_mut() => return,
        _ = stopping.wait_for(|stopping| *stopping) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Tells somebody that there is no place, without reading what they want.
pub(super) fn turn_away(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    lane: &Lane,
) {
    static FAREWELLS: AtomicUsize = AtomicUsize::new(0);
    lane.shared.watch.refused(Refusal::Busy.code().entry().code);
    if FAREWELLS.fetch_add(1, Ordering::Relaxed) >= FAREWELLS_MAX {
        FAREWELLS.fetch_sub(1, Ordering::Relaxed);
        return;
    }
    let document = Refusal::Busy.told().told(Language::En);
    let document = serde_json::to_string(&document).unwrap_or_default();
    let length = document.len();
    let text = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n\
         content-length: {length}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{document}"
    );
    tokio::spawn(async move {
        let farewell = async {
            stream.write_all(text.as_bytes()).await?;
            stream.shutdown().await?;
            // Closing with unread bytes would take the answer back.
            let mut unread = [0; 1024];
            while stream.read(&mut unread).await? > 0 {}
            Ok::<(), std::io::Error>(())
        };
        let _ = tokio::time::timeout(FAREWELL_TIME, farewell).await;
        FAREWELLS.fetch_sub(1, Ordering::Relaxed);
    });
}
