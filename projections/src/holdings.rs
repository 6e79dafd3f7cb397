//! Who holds what: customers, open opportunities, tasks, complaints and promises, by whoever is
//! responsible; with whom they are shared; and which customers nobody deals with.
//!
//! Events are taken in the order they happened, so that the holder as of a day is who held it then,
//! whatever was recorded since.

use std::collections::BTreeMap;

use daybook_core::event::assignment::{AssignedFamily, AssignedRecord, Holder, HolderKind};
use daybook_core::event::book::PoolRules;
use daybook_core::event::merge::MergeSide;
use daybook_core::event::share::{RecordShareChanged, Right, ShareChange};
use daybook_core::event::{Body, Event, Kind};
use daybook_core::id::{ActorId, CustomerCode};
use daybook_core::time::{Date, Timestamp};

use crate::{Basis, Voided};

/// The kinds of event that change who holds what.
pub const KINDS: &[Kind] = &[
    Kind::CustomerRegistered,
    Kind::RecordAssigned,
    Kind::OpportunityOpened,
    Kind::OpportunityWon,
    Kind::OpportunityLost,
    Kind::OpportunityReopened,
    Kind::TaskPlanned,
    Kind::TaskClosed,
    Kind::ComplaintReceived,
    Kind::ComplaintAssessed,
    Kind::ComplaintClosed,
    Kind::ComplaintReopened,
    Kind::CommitmentMade,
    Kind::CommitmentSettled,
    Kind::RecordShareChanged,
    Kind::CustomersMerged,
    Kind::MergeReversed,
];

/// The kinds of event that show that somebody dealt with a customer; with those above they tell since
/// when nobody did.
pub const DEALINGS: &[Kind] = &[
    Kind::InteractionRecorded,
    Kind::QuoteIssued,
    Kind::ContractSigned,
    Kind::ShipmentDispatched,
    Kind::PaymentReceived,
    Kind::SurveyAnswered,
];

/// One customer and what is open under it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerHeld {
    /// Who holds the customer; nobody when nothing.
    pub holder: Option<Holder>,
    /// Whether it is on file.
    pub on_file: bool,
    /// Whether it is merged into another, and so counted with that one.
    pub merged_away: bool,
    /// When somebody last dealt with it, as far as the events taken tell.
    pub dealt_at: Option<Timestamp>,
    records: BTreeMap<(AssignedFamily, String), Standing>,
    shares: Vec<Shared>,
}

/// A record shared with a user or unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// What is shared.
    pub record: AssignedRecord,
    /// With whom.
    pub grantee: Holder,
    /// What may be done with it.
    pub rights: Vec<Right>,
    /// The last day.
    pub until: Option<Date>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    holder: Option<Holder>,
    open: bool,
}

impl CustomerHeld {
    /// Returns what is open, each with who holds it, in order of family and id.
    pub fn open(&self) -> impl Iterator<Item = (AssignedFamily, &str, Option<&Holder>)> {
        let open = self.records.iter().filter(|(_, standing)| standing.open);
        open.map(|((family, id), standing)| (*family, id.as_str(), standing.holder.as_ref()))
    }
}

impl CustomerHeld {
    /// Returns what is shared on a day, in the order it was shared.
    pub fn shared(&self, on: Date) -> impl Iterator<Item = &Shared> {
        self.shares.iter().filter(move |share| share.until.is_none_or(|until| on <= until))
    }

    /// Tells whether the customer goes to the pool: somebody holds it, nothing is open, and nobody
    /// dealt with it for longer than the rules let.
    fn is_idle(&self, rules: PoolRules, today: Date, zone: chrono_tz::Tz) -> bool {
        let held = !self.merged_away
            && self.holder.as_ref().is_some_and(|holder| holder.kind != HolderKind::Pool);
        let idle = self.dealt_at.is_some_and(|at| {
            at.date_in(zone).0.saturating_add_unsigned(rules.idle_days) < today.0
        });
        held && idle && self.open().next().is_none()
    }
}

impl Holdings {
    /// Returns the customers that go to the pool, in order of code. [`DEALINGS`] must have been taken.
    pub fn idle(
        &self,
        rules: PoolRules,
        today: Date,
        zone: chrono_tz::Tz,
    ) -> impl Iterator<Item = (&CustomerCode, &CustomerHeld)> {
        self.customers.iter().filter(move |(_, held)| held.is_idle(rules, today, zone))
    }

    /// Counts the customers of a holder.
    pub fn count(&self, holder: &Holder) -> u32 {
        let counts =
            |held: &&CustomerHeld| held.holder.as_ref() == Some(holder) && !held.merged_away;
        let held = self.customers.values().filter(counts);
        u32::try_from(held.count()).unwrap_or(u32::MAX)
    }
}

/// Who holds what at a basis, by customer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holdings {
    /// The customers in order of code.
    pub customers: BTreeMap<CustomerCode, CustomerHeld>,
}

/// Works out who holds what from events in any order.
pub fn holdings(mut events: Vec<Event>, basis: &Basis, voided: &Voided) -> Holdings {
    events.retain(|event| basis.admits(event) && voided.counts(event));
    events.sort_by_key(|event| (event.envelope.effective_at, event.envelope.position));
    let mut holdings = Holdings::default();
    for event in &events {
        if let Some(customer) = event.envelope.stream.customer() {
            let held = holdings.customers.entry(customer.clone()).or_default();
            held.take(&event.body);
            if shows_a_dealing(&event.body) {
                held.dealt_at = Some(event.envelope.effective_at);
            }
        }
    }
    holdings.customers.retain(|_, held| held.on_file);
    holdings
}

/// Tells whether somebody dealt with the customer. Whoever is given one has the whole time from then on;
/// what the ledger does by itself and plans that were only made do not count.
fn shows_a_dealing(body: &Body) -> bool {
    let given = match body {
        Body::RecordAssigned(assigned) => assigned.record.family == AssignedFamily::Customer,
        Body::CustomerRegistered(_) | Body::OpportunityOpened(_) | Body::ComplaintReceived(_) => {
            true
        }
        _ => false,
    };
    given || DEALINGS.contains(&body.kind())
}

impl CustomerHeld {
    fn take(&mut self, body: &Body) {
        use AssignedFamily as F;
        match body {
            Body::CustomerRegistered(registered) => {
                self.on_file = true;
                self.holder = user(registered.owner.as_ref());
            }
            Body::RecordAssigned(assigned) => {
                for record in std::iter::once(&assigned.record).chain(&assigned.moved) {
                    self.put(record, &assigned.to);
                }
            }
            Body::OpportunityOpened(opened) => {
                let holder = user(opened.owner.as_ref());
                self.begin(F::Opportunity, opened.opportunity.as_str(), holder);
            }
            Body::OpportunityWon(won) => self.set(F::Opportunity, won.opportunity.as_str(), false),
            Body::OpportunityLost(lost) => {
                self.set(F::Opportunity, lost.opportunity.as_str(), false);
            }
            Body::OpportunityReopened(reopened) => {
                self.set(F::Opportunity, reopened.opportunity.as_str(), true);
            }
            Body::TaskPlanned(planned) => {
                let holder = user(planned.assignee.as_ref());
                self.begin(F::Task, planned.task.as_str(), holder);
            }
            Body::TaskClosed(closed) => self.set(F::Task, closed.task.as_str(), false),
            Body::ComplaintReceived(received) => {
                self.begin(F::Complaint, received.complaint.as_str(), None);
            }
            Body::ComplaintAssessed(judged) => {
                let key = (F::Complaint, judged.complaint.to_string());
                if let (Some(standing), Some(responsible)) =
                    (self.records.get_mut(&key), &judged.responsible)
                {
                    standing.holder = user(Some(responsible));
                }
            }
            Body::ComplaintClosed(closed) => {
                self.set(F::Complaint, closed.complaint.as_str(), false);
            }
            Body::ComplaintReopened(reopened) => {
                self.set(F::Complaint, reopened.complaint.as_str(), true);
            }
            Body::CommitmentMade(made) => {
                let holder = user(made.responsible.as_ref());
                self.begin(F::Commitment, made.commitment.as_str(), holder);
            }
            Body::CommitmentSettled(settled) => {
                self.set(F::Commitment, settled.commitment.as_str(), false);
            }
            Body::RecordShareChanged(changed) => self.share(changed),
            Body::CustomersMerged(merge) if merge.side == Some(MergeSide::Merged) => {
                self.merged_away = true;
            }
            Body::MergeReversed(reversed) if reversed.side == MergeSide::Merged => {
                self.merged_away = false;
            }
            _ => {}
        }
    }

    fn begin(&mut self, family: AssignedFamily, id: &str, holder: Option<Holder>) {
        self.records.insert((family, id.to_owned()), Standing { holder, open: true });
    }

    fn set(&mut self, family: AssignedFamily, id: &str, open: bool) {
        if let Some(standing) = self.records.get_mut(&(family, id.to_owned())) {
            standing.open = open;
        }
    }

    fn share(&mut self, changed: &RecordShareChanged) {
        let same = |one: &Shared| one.record == changed.record && one.grantee == changed.grantee;
        let known = self.shares.iter().position(same).map(|at| self.shares.remove(at));
        let mut rights = known.as_ref().map(|known| known.rights.clone()).unwrap_or_default();
        rights.retain(|right| !changed.rights.contains(right));
        let mut until = known.and_then(|known| known.until);
        if changed.change == ShareChange::Granted {
            rights.extend(&changed.rights);
            rights.sort_unstable();
            until = changed.until;
        }
        if !rights.is_empty() {
            let (record, grantee) = (changed.record.clone(), changed.grantee.clone());
            self.shares.push(Shared { record, grantee, rights, until });
        }
    }

    fn put(&mut self, record: &AssignedRecord, to: &Holder) {
        match &record.id {
            None => self.holder = Some(to.clone()),
            Some(id) => {
                if let Some(standing) = self.records.get_mut(&(record.family, id.to_string())) {
                    standing.holder = Some(to.clone());
                }
            }
        }
    }
}

fn user(user: Option<&ActorId>) -> Option<Holder> {
    user.cloned().map(Holder::user)
}
