//! Decisions about who holds what: E01 (I-01 to I-03).
//!
//! Invariant: whatever is open under a customer and was held by the one who gives it up is either
//! moved in the same event or named as left behind, so that nothing is without a holder by accident.

use super::commitment::Commitment;
use super::complaint::Complaint;
use super::opportunity::{Opportunity, Standing};
use super::task::Task;
use super::{Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::{
    AssignedFamily, AssignedRecord, HeldBy, Holder, HolderKind, RecordAssigned,
};
use crate::id::Label;
use crate::time::{Date, Timestamp};

/// How a customer came to the pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pooled {
    /// Who had it before.
    pub from: Option<Holder>,
    /// When it came there.
    pub at: Timestamp,
}

/// Returns who holds a record.
pub(super) fn holder(
    state: &Draft<'_>,
    record: &AssignedRecord,
) -> Result<Option<Holder>, Rejection> {
    let id = record.id.as_ref().map(Label::as_str).unwrap_or_default();
    match record.family {
        AssignedFamily::Customer => Ok(state.profile().owner.clone()),
        AssignedFamily::Opportunity => {
            super::require::<Opportunity>(state, "opportunity", id).map(|one| one.owner.clone())
        }
        AssignedFamily::Task => {
            super::require::<Task>(state, "task", id).map(|one| one.assignee.clone())
        }
        AssignedFamily::Complaint => {
            super::require::<Complaint>(state, "complaint", id).map(|one| one.responsible.clone())
        }
        AssignedFamily::Commitment => {
            super::require::<Commitment>(state, "promise", id).map(|one| one.responsible.clone())
        }
    }
}

/// Returns what is open under the customer and held by somebody.
fn held(state: &Draft<'_>, holder: Option<&Holder>) -> Result<Vec<AssignedRecord>, Rejection> {
    let mut ids = Vec::new();
    for (id, one) in state.each::<Opportunity>() {
        if one.standing == Standing::Open && one.owner.as_ref() == holder {
            ids.push((AssignedFamily::Opportunity, id));
        }
    }
    for (id, one) in state.each::<Task>() {
        if !one.closed && one.assignee.as_ref() == holder {
            ids.push((AssignedFamily::Task, id));
        }
    }
    for (id, one) in state.each::<Complaint>() {
        if !one.closed && one.responsible.as_ref() == holder {
            ids.push((AssignedFamily::Complaint, id));
        }
    }
    for (id, one) in state.each::<Commitment>() {
        if !one.settled && one.responsible.as_ref() == holder {
            ids.push((AssignedFamily::Commitment, id));
        }
    }
    let record = |(family, id): (AssignedFamily, &str)| -> Result<AssignedRecord, Rejection> {
        let id = Some(super::composed("the record", id)?);
        Ok(AssignedRecord { family, id })
    };
    ids.into_iter().map(record).collect()
}

/// Refuses a record that has ended.
fn require_open(state: &Draft<'_>, record: &AssignedRecord) -> Result<(), Rejection> {
    let id = record.id.as_ref().map(Label::as_str).unwrap_or_default();
    let ended = match record.family {
        AssignedFamily::Customer => false,
        AssignedFamily::Opportunity => {
            super::require::<Opportunity>(state, "opportunity", id)?.standing != Standing::Open
        }
        AssignedFamily::Task => super::require::<Task>(state, "task", id)?.closed,
        AssignedFamily::Complaint => super::require::<Complaint>(state, "complaint", id)?.closed,
        AssignedFamily::Commitment => super::require::<Commitment>(state, "promise", id)?.settled,
    };
    if ended { Err(Rejection::AssignedEnded { record: record.clone() }) } else { Ok(()) }
}

impl Decide for RecordAssigned {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.from.is_none() {
            self.from = holder(state, &self.record)?;
        }
        let whole = self.record.family == AssignedFamily::Customer;
        if whole && self.moved.is_empty() && self.left_behind.is_empty() && self.from.is_some() {
            self.moved = held(state, self.from.as_ref())?;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        let known = holder(state, &self.record)?;
        if known != self.from {
            let (known, said) = (HeldBy(known), HeldBy(self.from.clone()));
            return Err(Rejection::HolderStale { record: self.record.clone(), known, said });
        }
        if self.from.as_ref() == Some(&self.to) {
            let (record, holder) = (self.record.clone(), HeldBy(self.from.clone()));
            return Err(Rejection::HolderUnchanged { record, holder });
        }
        require_open(state, &self.record)?;
        self.check_receiver(context)?;
        self.check_taking(context, state)?;
        self.check_children(state)
    }

    fn fold(&self, envelope: &Envelope, state: &mut Draft<'_>) {
        if self.record.family == AssignedFamily::Customer {
            let pooled = Pooled { from: self.from.clone(), at: envelope.effective_at };
            state.profile_mut().pooled = (self.to.kind == HolderKind::Pool).then_some(pooled);
        }
        for record in std::iter::once(&self.record).chain(&self.moved) {
            put(state, record, &self.to);
        }
    }
}

impl RecordAssigned {
    /// Refuses who cannot take it (I-02).
    fn check_receiver(&self, context: &Context<'_>) -> Result<(), Rejection> {
        match (self.to.kind, &self.to.id) {
            (HolderKind::Pool, None) if self.record.family == AssignedFamily::Customer => Ok(()),
            (HolderKind::Pool, _) => Err(Rejection::PoolTakes { record: self.record.clone() }),
            (HolderKind::Unit, _) | (HolderKind::User, None) => {
                context.book.require_grantee(&self.to, true)
            }
            (HolderKind::User, Some(user)) => {
                context.book.require_active(user)?;
                let capacity = context.book.users.get(user).and_then(|user| user.capacity);
                match (self.record.family, self.holds, capacity) {
                    (AssignedFamily::Customer, Some(holds), Some(capacity))
                        if holds >= capacity =>
                    {
                        Err(Rejection::CapacityFull { user: user.clone(), holds, capacity })
                    }
                    _ => Ok(()),
                }
            }
        }
    }

    /// Refuses to let somebody take a customer back from the pool before the time set for that; whoever
    /// leads them may still give it to them.
    fn check_taking(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let whole = self.record.family == AssignedFamily::Customer;
        let rules = context.book.pool_rules().filter(|_| whole);
        let (Some((_, rules)), Some(pooled)) = (rules, &state.profile().pooled) else {
            return Ok(());
        };
        let since = pooled.at.date_in(context.book.zone);
        let earliest = Date(since.0.saturating_add_unsigned(rules.wait_days));
        match self.to.as_user() {
            Some(user)
                if *user == context.actor.user
                    && pooled.from.as_ref() == Some(&self.to)
                    && context.effective_on() < earliest =>
            {
                Err(Rejection::TakenTooSoon { user: user.clone(), earliest })
            }
            _ => Ok(()),
        }
    }

    /// Refuses unless everything open that the holder before has is accounted for (I-03).
    fn check_children(&self, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.record.family != AssignedFamily::Customer {
            let none = self.moved.is_empty() && self.left_behind.is_empty();
            let record = self.record.clone();
            return if none { Ok(()) } else { Err(Rejection::ChildrenOfNone { record }) };
        }
        let named = || self.moved.iter().chain(&self.left_behind);
        let names: Vec<String> = named().map(ToString::to_string).collect();
        super::refuse_repeated("record", names.iter().map(String::as_str))?;
        if self.from.is_some() {
            for record in held(state, self.from.as_ref())? {
                if !named().any(|one| *one == record) {
                    return Err(Rejection::ChildUnnamed { record });
                }
            }
        }
        for record in named() {
            require_open(state, record)?;
            if holder(state, record)? != self.from {
                let (record, holder) = (record.clone(), HeldBy(self.from.clone()));
                return Err(Rejection::ChildOfAnother { record, holder });
            }
        }
        // The pool holds customers only: what is open must have somebody who does it.
        match (self.to.kind, self.moved.first()) {
            (HolderKind::Pool, Some(record)) => {
                Err(Rejection::PoolTakes { record: record.clone() })
            }
            _ => Ok(()),
        }
    }
}

fn put(state: &mut Draft<'_>, record: &AssignedRecord, to: &Holder) {
    let id = record.id.as_ref().map(Label::as_str).unwrap_or_default();
    let to = Some(to.clone());
    match record.family {
        AssignedFamily::Customer => state.profile_mut().owner = to,
        AssignedFamily::Opportunity => {
            if let Some(one) = state.get_mut::<Opportunity>(id) {
                one.owner = to;
            }
        }
        AssignedFamily::Task => {
            if let Some(one) = state.get_mut::<Task>(id) {
                one.assignee = to;
            }
        }
        AssignedFamily::Complaint => {
            if let Some(one) = state.get_mut::<Complaint>(id) {
                one.responsible = to;
            }
        }
        AssignedFamily::Commitment => {
            if let Some(one) = state.get_mut::<Commitment>(id) {
                one.responsible = to;
            }
        }
    }
}
