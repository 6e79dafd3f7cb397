//! The small fold over the book: the versions of policies, each with where and from when on it was
//! published, so that an answer uses the rules in force at its basis.

use daybook_core::event::book::{Ageing, Pipeline, PolicyVersionPublished, ReceivableRules};
use daybook_core::event::{Body, Event};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;

use crate::Basis;

/// A policy as it was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Published {
    pub position: Position,
    pub effective_at: Timestamp,
    pub policy: PolicyVersionPublished,
}

/// Every version of every policy, in the order of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies(pub(super) Vec<Published>);

impl Policies {
    /// Takes in an event of the book; only published policies matter.
    pub fn fold(&mut self, event: &Event) {
        if let Body::PolicyVersionPublished(policy) = &event.body {
            self.0.push(Published {
                position: event.envelope.position,
                effective_at: event.envelope.effective_at,
                policy: policy.clone(),
            });
        }
    }

    /// Returns the edges of ageing in force at a basis, with their version.
    pub fn ageing(&self, basis: &Basis) -> Option<(u32, &Ageing)> {
        self.newest(basis, |policy| policy.ageing.as_ref())
    }

    /// Returns the rules of reminders in force at a basis, with their version.
    pub fn receivable_rules(&self, basis: &Basis) -> Option<(u32, &ReceivableRules)> {
        self.newest(basis, |policy| policy.receivable_rules.as_ref())
    }

    /// Returns every version of the pipelines known at a basis.
    pub fn pipelines(&self, basis: &Basis) -> impl Iterator<Item = (&str, u32, &Pipeline)> {
        let before = basis.before;
        let known = self.0.iter().filter(move |published| published.position < before);
        known.filter_map(|published| {
            let policy = &published.policy;
            let pipeline = policy.pipeline.as_ref()?;
            Some((policy.policy.as_str(), policy.version, pipeline))
        })
    }

    fn newest<'p, T>(
        &'p self,
        basis: &Basis,
        content: impl Fn(&'p PolicyVersionPublished) -> Option<&'p T>,
    ) -> Option<(u32, &'p T)> {
        let known = self.0.iter().filter(|published| published.position < basis.before);
        let mut versions = known.filter_map(|published| {
            Some((published.effective_at, published.policy.version, content(&published.policy)?))
        });
        // A day before the first version, of a book that took in an older history, goes by the first.
        let (_, version, first) = versions.next()?;
        let mut in_force = versions
            .filter(|(from, ..)| basis.as_of.is_none_or(|as_of| *from <= as_of))
            .map(|(_, version, content)| (version, content));
        in_force.next_back().or(Some((version, first)))
    }
}
