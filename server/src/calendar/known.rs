//! What stands at a customer that a calendar's entries could be: tasks and interactions by their ids.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::event::{Body, StreamId};
use daybook_core::id::{CustomerCode, EventId};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::time::Timestamp;

/// A task as far as a calendar can change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Planned {
    /// When it is to be done by.
    pub due_at: Timestamp,
    /// Whether it still waits.
    pub open: bool,
}

/// The tasks and interactions of one customer.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub tasks: BTreeMap<String, Planned>,
    /// What was recorded stays known when it is voided: another run does not bring it back.
    pub interactions: BTreeSet<String>,
}

impl Known {
    /// Reads what stands at a customer.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub(super) fn at(reader: &Reader, customer: &CustomerCode) -> Result<Known, SubmitError> {
        let stream = Some(StreamId::Customer(customer.clone()));
        let (mut changes, mut voided) = (Vec::new(), BTreeSet::<EventId>::new());
        for found in reader.events(Query { stream, ..Query::default() }) {
            let (event, _) = found?;
            match event.body {
                Body::EventVoided(body) => drop(voided.insert(body.event)),
                body @ (Body::TaskPlanned(_)
                | Body::TaskRescheduled(_)
                | Body::TaskClosed(_)
                | Body::InteractionRecorded(_)) => changes.push((event.envelope.event_id, body)),
                _ => {}
            }
        }
        let mut known = Known::default();
        for (event, body) in changes {
            let counts = !voided.contains(&event);
            match body {
                Body::InteractionRecorded(body) => {
                    known.interactions.insert(body.interaction.to_string());
                }
                Body::TaskPlanned(body) => {
                    let planned = Planned { due_at: body.due_at, open: counts };
                    known.tasks.insert(body.task.to_string(), planned);
                }
                Body::TaskRescheduled(body) if counts => {
                    if let Some(task) = known.tasks.get_mut(body.task.as_str()) {
                        task.due_at = body.to;
                    }
                }
                Body::TaskClosed(body) if counts => {
                    if let Some(task) = known.tasks.get_mut(body.task.as_str()) {
                        task.open = false;
                    }
                }
                _ => {}
            }
        }
        Ok(known)
    }
}
