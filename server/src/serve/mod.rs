//! Listening: the doors through which calls come in, the limits they keep, and how they are shut.
//!
//! Invariant: what comes in through a door reaches the same router that in-process calls reach, and
//! nothing a caller sends or leaves out holds more than a written maximum of memory, connections or
//! time. When the doors are shut, calls that run are finished within a limit, and feeds are ended.
//! What this module does not do: it decides nothing about the ledger.

mod call;
mod catch_up;
mod connection;
mod limits;
mod refusal;
mod socket;
mod stall;
mod telemetry;
mod token;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use futures_util::future::{join_all, join3};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch as signal;
use tokio::task::JoinSet;
use tokio::time::Instant;

pub use self::catch_up::CatchUp;
use self::connection::Lane;
pub use self::limits::Limits;
pub(crate) use self::socket::connect;
pub use self::socket::{PrivateSocket, SOCKET_FILE};
pub use self::telemetry::{INTERVAL, InvalidEndpoint, Telemetry};
pub use self::token::{Token, TokenError};
pub use self::watch::Watch;

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

/// A way in.
#[derive(Debug)]
pub enum Door {
    /// The private socket of the ledger's directory: whoever can open it is trusted as its user.
    Private(PrivateSocket),
    /// A TCP listener of this machine: callers show the token, and that they meant this server.
    Tcp(std::net::TcpListener, Token),
}

/// What answers behind the doors.
#[derive(Clone)]
pub struct Server {
    /// The interface.
    pub router: Router,
    /// What callers may use up.
    pub limits: Limits,
    /// How long running calls may take at the end.
    pub grace: Grace,
    /// Whoever watches over it.
    pub watch: Arc<Watch>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What all connections of a server share.
struct Shared {
    router: Router,
    limits: Limits,
    grace: Grace,
    watch: Arc<Watch>,
    stopping: signal::Receiver<bool>,
}

/// Answers what comes in through the doors until `stop` is done, then shuts them: the private
/// socket's file is gone before running calls are waited for.
///
/// # Errors
/// What the system says when a door cannot be listened on.
pub async fn serve(
    doors: Vec<Door>,
    server: Server,
    stop: impl Future<Output = ()>,
) -> std::io::Result<Shut> {
    let Server { router, limits, grace, watch } = server;
    let (stopping_sender, stopping) = signal::channel(false);
    let router = router.merge(watch::router(Arc::clone(&watch), stopping.clone()));
    let router = router.layer(axum::middleware::from_fn(call::note_route));
    let router = router.layer(axum::extract::DefaultBodyLimit::disable());
    let shared = Arc::new(Shared { router, limits, grace, watch: Arc::clone(&watch), stopping });
    let open = |door: Door| -> std::io::Result<Open> {
        Ok(match door {
            Door::Private(socket) => {
                let (listener, path) = socket.listen()?;
                Open::Private(listener, path)
            }
            Door::Tcp(listener, token) => {
                listener.set_nonblocking(true)?;
                let port = listener.local_addr()?.port();
                let guard = call::Guard { token, port };
                Open::Tcp(TcpListener::from_std(listener)?, Arc::new(guard))
            }
        })
    };
    let open: Vec<Open> = doors.into_iter().map(open).collect::<Result<_, _>>()?;
    let kept = join_all(open.into_iter().map(|door| keep(door, Arc::clone(&shared))));
    let stopped = async {
        stop.await;
        stopping_sender.send_replace(true);
    };
    // The collector hears of the last calls too.
    let (shut_sender, all_shut) = tokio::sync::oneshot::channel::<()>();
    let kept = async {
        let shut = kept.await;
        drop(shut_sender);
        shut
    };
    let told = watch.tell(async { drop(all_shut.await) });
    let (shut, (), ()) = join3(kept, stopped, told).await;
    Ok(Shut { cut: shut.iter().map(|shut| shut.cut).sum() })
}

/// A door that is listened on.
enum Open {
    Private(UnixListener, PathBuf),
    Tcp(TcpListener, Arc<call::Guard>),
}

enum Stream {
    Private(UnixStream),
    Tcp(TcpStream),
}

impl Open {
    async fn accept(&self) -> Stream {
        loop {
            let accepted = match self {
                Open::Private(listener, _) => match listener.accept().await {
                    Ok((stream, _)) if !socket::is_same_user(&stream) => continue,
                    accepted => accepted.map(|(stream, _)| Stream::Private(stream)),
                },
                Open::Tcp(listener, _) => {
                    listener.accept().await.map(|(stream, _)| Stream::Tcp(stream))
                }
            };
            match accepted {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    /// The file goes first: who looks for the socket from then on looks for the lock instead.
    fn shut(self) {
        if let Open::Private(_, path) = &self {
            // A file that somebody else removed is gone as well.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Answers at one door until it is time to stop.
async fn keep(door: Open, shared: Arc<Shared>) -> Shut {
    let guard = match &door {
        Open::Private(..) => None,
        Open::Tcp(_, guard) => Some(Arc::clone(guard)),
    };
    let lane =
        Arc::new(Lane { shared: Arc::clone(&shared), guard, streaming: AtomicUsize::new(0) });
    let mut stopping = shared.stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            // The sender lives until every door has seen it.
            _ = stopping.wait_for(|stopping| *stopping) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            stream = door.accept() => {
                let lane = Arc::clone(&lane);
                let full = connections.len() >= shared.limits.connections_max;
                match stream {
                    Stream::Private(stream) if full => connection::turn_away(stream, &lane),
                    Stream::Tcp(stream) if full => connection::turn_away(stream, &lane),
                    Stream::Private(stream) => {
                        connections.spawn(connection::answer(stream, lane));
                    }
                    Stream::Tcp(stream) => {
                        // Answers are small and waited for.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(connection::answer(stream, lane));
                    }
                }
            }
        }
    }
    door.shut();
    drain(connections, &lane).await
}

/// Waits for what runs, within limits, and cuts the rest.
async fn drain(mut connections: JoinSet<()>, lane: &Lane) -> Shut {
    let (now, grace) = (Instant::now(), lane.shared.grace);
    let (calls_end, streams_end) = (now + grace.calls, now + grace.streams);
    while !connections.is_empty() {
        let only_streams = connections.len() <= lane.streaming.load(Ordering::Relaxed);
        let end = if only_streams { streams_end } else { calls_end };
        if tokio::time::timeout_at(end, connections.join_next()).await.is_err() {
            break;
        }
    }
    let cut = connections.len();
    connections.shutdown().await;
    Shut { cut }
}
