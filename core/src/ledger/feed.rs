//! A feed: every event from a position on, first those in the log, then each as it becomes visible,
//! without a gap and without a repeat.

use tokio::sync::watch;

use super::batch::SubmitError;
use super::read::{Query, Reader};
use crate::event::Event;
use crate::position::Position;
use crate::proof::Hash;

/// The most events one step of a feed returns.
pub const FEED_EVENTS_MAX: usize = 256;

/// A place in the log that moves forward.
pub struct Feed {
    reader: Reader,
    visible: watch::Receiver<Position>,
    next: Position,
}

impl Feed {
    pub(super) const fn new(
        reader: Reader,
        visible: watch::Receiver<Position>,
        next: Position,
    ) -> Self {
        Feed { reader, visible, next }
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
        let before = Position(self.next.0.saturating_add(FEED_EVENTS_MAX as u64));
        let query = Query { from: Some(self.next), before: Some(before), ..Query::default() };
        let events: Vec<_> = self.reader.events(query).collect::<Result<_, _>>()?;
        if let Some((last, _)) = events.last() {
            self.next = last.envelope.position.next();
        }
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
