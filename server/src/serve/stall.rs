//! Connections whose other end stops reading, and bodies that stop arriving.
//!
//! Invariant: a write or a part of a body that makes no progress for the idle time fails; one that
//! moves, however slowly, is left alone here (a call as a whole has its own limit).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// A connection whose writes fail when they stall.
pub(super) struct Stalling<S> {
    stream: S,
    idle_time_max: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stalling<S> {
    pub(super) const fn new(stream: S, idle_time_max: Duration) -> Stalling<S> {
        Stalling { stream, idle_time_max, stalled: None }
    }

    fn watched<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut S>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match write(Pin::new(&mut self.stream), context) {
            Poll::Ready(done) => {
                self.stalled = None;
                Poll::Ready(done)
            }
            Poll::Pending => {
                let end = Instant::now() + self.idle_time_max;
                let stalled =
                    self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
                ready!(stalled.as_mut().poll(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stalling<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stalling<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watched(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched(context, |stream, context| stream.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watched(context, |stream, context| stream.poll_shutdown(context))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watched(context, |stream, context| stream.poll_write_vectored(context, parts))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Returns a body that fails when nothing of it arrives for the idle time.
pub(super) fn arriving(body: Body, idle_time_max: Duration) -> Body {
    let parts = stream::unfold(Some(body.into_data_stream()), move |parts| async move {
        let mut parts = parts?;
        match tokio::time::timeout(idle_time_max, parts.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(part))) => Some((Ok::<Bytes, axum::Error>(part), Some(parts))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Err(_) => {
                let late = io::Error::new(io::ErrorKind::TimedOut, "nothing more arrived");
                Some((Err(axum::Error::new(late)), None))
            }
        }
    });
    Body::from_stream(parts)
}
