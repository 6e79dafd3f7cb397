//! Listening: the doors through which calls come in, and how they are shut.
//!
//! Invariant: what comes in through a door reaches the same router that in-process calls reach. When
//! a door is shut, calls that run are finished within a limit, and streams are ended.

mod connection;
mod socket;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::net::UnixListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use socket::connect;
pub use socket::{PrivateSocket, SOCKET_FILE};

/// How long to wait after the system gave no further connection, for want of file handles say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long running calls may take once the doors are shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// Calls that have one answer.
    pub calls: Duration,
    /// Imports and other streams.
    pub streams: Duration,
}

/// What the doors were shut on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Shut {
    /// Connections that were cut off in the middle of a call.
    pub cut: usize,
}

/// What all connections of a server share.
#[derive(Debug)]
struct Shared {
    router: Router,
    stopping: watch::Receiver<bool>,
    /// Connections that are in the middle of a stream.
    streaming: AtomicUsize,
}

/// Answers what comes in through the private socket until `stop` is done, then shuts it: the
/// socket's file is gone before running calls are waited for.
///
/// # Errors
/// What the system says when the socket cannot be listened on.
pub async fn serve_private(
    socket: PrivateSocket,
    router: Router,
    grace: Grace,
    stop: impl Future<Output = ()>,
) -> std::io::Result<Shut> {
    let (listener, path) = socket.listen()?;
    let (stopping_sender, stopping) = watch::channel(false);
    let router = router.merge(Router::new().route("/healthz", get(|| async { "alive\n" })));
    let shared = Arc::new(Shared { router, stopping, streaming: AtomicUsize::new(0) });
    let mut connections = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            stream = accept(&listener) => {
                connections.spawn(connection::answer(stream, Arc::clone(&shared)));
            }
        }
    }
    shut(listener, path);
    stopping_sender.send_replace(true);
    Ok(drain(connections, &shared, grace).await)
}

async fn accept(listener: &UnixListener) -> tokio::net::UnixStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) if socket::is_same_user(&stream) => return stream,
            Ok(_) => {}
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// The file goes first: who looks for the socket from then on looks for the lock instead.
fn shut(listener: UnixListener, path: PathBuf) {
    // A file that somebody else removed is gone as well.
    let _ = std::fs::remove_file(path);
    drop(listener);
}

/// Waits for what runs, within limits, and cuts the rest.
async fn drain(mut connections: JoinSet<()>, shared: &Shared, grace: Grace) -> Shut {
    let now = Instant::now();
    let (calls_end, streams_end) = (now + grace.calls, now + grace.streams);
    while !connections.is_empty() {
        let only_streams = connections.len() <= shared.streaming.load(Ordering::Relaxed);
        let end = if only_streams { streams_end } else { calls_end };
        if tokio::time::timeout_at(end, connections.join_next()).await.is_err() {
            break;
        }
    }
    let cut = connections.len();
    connections.shutdown().await;
    Shut { cut }
}
