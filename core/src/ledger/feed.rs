//! A feed: every event from a position on, first those in the log, then each as it becomes visible,
//! without a gap and without a repeat.

use tokio::sync::watch;

use super::batch::SubmitError;
use super::read::{Query, Reader};
use crate::event::{Event, Kind, StreamId};
use crate::position::Position;
use crate::proof::Hash;

/// The most events one step of a feed returns.
pub const FEED_EVENTS_MAX: usize = 256;

/// A place in the log that moves forward.
pub struct Feed {
    reader: Reader,
    stream: Option<StreamId>,
    kind: Option<Kind>,
    visible: watch::Receiver<Position>,
    next: Position,
}

impl Feed {
    pub(super) const fn new(
        reader: Reader,
        visible: watch::Receiver<Position>,
        next: Position,
    ) -> Self {
        Feed { reader, stream: None, kind: None, visible, next }
    }

    /// Leaves out whatever is not of the stream and of the kind.
    #[must_use]
    pub fn only(mut self, stream: Option<StreamId>, kind: Option<Kind>) -> Self {
        (self.stream, self.kind) = (stream, kind);
        self
    }

    /// Returns the position of the next event the feed will give.
    pub const fn next_position(&self) -> Position {
        self.next
    }

    /// Returns the next events that are visible already; none when the feed has caught up.
    ///
    /// # Errors
    /// [`SubmitError`]; the feed stays where it was.
    pub fn poll(&mut self) -> Result<Vec<(Event, Hash)>, SubmitError> {
        let before = *self.visible.borrow();
        let query = Query {
            stream: self.stream.clone(),
            kind: self.kind,
            from: Some(self.next),
            before: Some(before),
            ..Query::default()
        };
        let events = self.reader.events(query).take(FEED_EVENTS_MAX);
        let events: Vec<_> = events.collect::<Result<_, _>>()?;
        self.next = match events.last() {
            Some((last, _)) if events.len() == FEED_EVENTS_MAX => last.envelope.position.next(),
            // Everything up to there was looked at.
            _ => before.max(self.next),
        };
        Ok(events)
    }

    /// Waits until there is something to give, or the ledger is closed.
    ///
    /// # Errors
    /// [`SubmitError::Closed`].
    pub async fn wait(&mut self) -> Result<(), SubmitError> {
        let next = self.next;
        let seen = self.visible.wait_for(|visible| *visible > next).await;
        seen.map(|_| ()).map_err(|_| SubmitError::Closed)
    }
}
