//! How a customer hangs together with others: merges that stand.
//!
//! A merge moves nothing. Whoever shows a survivor reads the streams that [`Links`] names beside its
//! own; what a reversal gave to another customer is void here and recorded there, so that nothing else
//! needs to be known.

use daybook_core::event::customer::CustomerField;
use daybook_core::event::merge::MergeSide;
use daybook_core::event::{Body, Event};
use daybook_core::id::CustomerCode;

use crate::Basis;

/// The links of one customer at a basis.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The customers merged into it, in the order in which that happened.
    pub merged: Vec<CustomerCode>,
    /// Whose value of a detail counts instead of its own; of two choices the later.
    pub taken: Vec<(CustomerField, CustomerCode)>,
    /// The customer it is merged into.
    pub merged_into: Option<CustomerCode>,
}

/// Works out the links from the events of one customer's stream, in the order of the log.
pub fn links<'a>(events: impl IntoIterator<Item = &'a Event>, basis: &Basis) -> Links {
    let mut links = Links::default();
    for event in events.into_iter().filter(|event| basis.admits(event)) {
        match &event.body {
            Body::CustomersMerged(merge) if merge.side == Some(MergeSide::Survivor) => {
                links.merged.push(merge.merged.clone());
                for field in &merge.fields_taken {
                    links.taken.retain(|(known, _)| known != field);
                    links.taken.push((*field, merge.merged.clone()));
                }
            }
            Body::CustomersMerged(merge) => links.merged_into = Some(merge.survivor.clone()),
            Body::MergeReversed(reversed) if reversed.side == MergeSide::Survivor => {
                links.merged.retain(|merged| *merged != reversed.merged);
                links.taken.retain(|(_, from)| *from != reversed.merged);
            }
            Body::MergeReversed(_) => links.merged_into = None,
            _ => {}
        }
    }
    links
}
