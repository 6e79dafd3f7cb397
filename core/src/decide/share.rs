//! Decisions about sharing: E02 (I-04).
//!
//! Invariant: nobody gives more than they hold. Whoever holds a record has every right to it, and so
//! has whoever leads the holder's unit or a unit above it; everybody else has what was shared. What
//! nobody holds, or the pool, anybody who works here may share. What this module does not do: it
//! guards no reading; it says who was given what, for those that do.

use std::collections::BTreeSet;

use super::assignment::holder;
use super::{BookState, Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::{AssignedRecord, HeldBy, Holder, HolderKind};
use crate::event::share::{RecordShareChanged, Right, ShareChange};
use crate::id::{ActorId, UnitCode};
use crate::time::Date;

/// What decisions know of one record shared with one user or unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Share {
    /// The rights, in order.
    pub rights: Vec<Right>,
    /// The last day they may be used.
    pub until: Option<Date>,
}

/// The key of a share among the customer's records.
fn key(record: &AssignedRecord, grantee: &Holder) -> String {
    format!("{record} with {grantee}")
}

impl Share {
    fn stands_on(&self, day: Date) -> bool {
        self.until.is_none_or(|until| day <= until)
    }
}

impl BookState {
    /// Tells whether a user leads the unit a holder is in, or one above it.
    fn leads(&self, user: &ActorId, holder: &Holder) -> bool {
        let first: Option<UnitCode> = match (holder.kind, &holder.id) {
            (HolderKind::Unit, Some(unit)) => unit.as_str().parse().ok(),
            (HolderKind::User, Some(held)) => self.users.get(held).and_then(|one| one.unit.clone()),
            _ => None,
        };
        let mut at = first.as_ref();
        // Units above units never form a ring, see `organisation`.
        while let Some(unit) = at.and_then(|unit| self.units.get(unit)) {
            if unit.head.as_ref() == Some(user) {
                return true;
            }
            at = unit.parent.as_ref();
        }
        false
    }
}

/// Returns the rights a user has to a record on a day.
fn rights_of(
    context: &Context<'_>,
    state: &Draft<'_>,
    record: &AssignedRecord,
    user: &ActorId,
) -> Result<BTreeSet<Right>, Rejection> {
    let all = || Right::ALL.iter().copied().collect();
    let held_by = holder(state, record)?;
    let free = held_by.as_ref().is_none_or(|holder| holder.kind == HolderKind::Pool);
    let whole = held_by
        .as_ref()
        .is_some_and(|holder| holder.as_user() == Some(user) || context.book.leads(user, holder));
    if free || whole {
        return Ok(all());
    }
    let unit = context.book.users.get(user).and_then(|user| user.unit.as_ref());
    let unit = unit
        .and_then(|unit| unit.as_str().parse().ok())
        .map(|id: ActorId| Holder { kind: HolderKind::Unit, id: Some(id) });
    let grantees = std::iter::once(Holder::user(user.clone())).chain(unit);
    let shares = grantees.filter_map(|grantee| state.get::<Share>(&key(record, &grantee)));
    let standing = shares.filter(|share| share.stands_on(context.effective_on()));
    Ok(standing.flat_map(|share| share.rights.iter().copied()).collect())
}

impl Decide for RecordShareChanged {
    fn complete(&mut self, _context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.change == ShareChange::Revoked && self.rights.is_empty() {
            let share = state.get::<Share>(&key(&self.record, &self.grantee));
            self.rights = share.map(|share| share.rights.clone()).unwrap_or_default();
        }
        self.rights.sort_unstable();
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_repeated("right", self.rights.iter().map(|right| right.as_str()))?;
        let held_by = holder(state, &self.record)?;
        context.book.require_grantee(&self.grantee, self.change == ShareChange::Granted)?;
        match self.change {
            ShareChange::Granted => self.check_grant(context, state, held_by),
            ShareChange::Revoked => self.check_revoke(context, state),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let key = key(&self.record, &self.grantee);
        let mut share = state.get::<Share>(&key).cloned().unwrap_or_default();
        match self.change {
            ShareChange::Granted => {
                share.rights.extend(&self.rights);
                share.rights.sort_unstable();
                share.rights.dedup();
                share.until = self.until;
            }
            ShareChange::Revoked => share.rights.retain(|right| !self.rights.contains(right)),
        }
        match state.get_mut::<Share>(&key) {
            Some(known) => *known = share,
            None => state.insert(&key, share),
        }
    }
}

impl RecordShareChanged {
    fn check_grant(
        &self,
        context: &Context<'_>,
        state: &Draft<'_>,
        held_by: Option<Holder>,
    ) -> Result<(), Rejection> {
        if held_by.as_ref() == Some(&self.grantee) {
            let (record, holder) = (self.record.clone(), HeldBy(held_by));
            return Err(Rejection::ShareWithHolder { record, holder });
        }
        if self.rights.is_empty() {
            return Err(Rejection::Missing { what: "the rights" });
        }
        if let Some(until) = self.until.filter(|until| *until < context.effective_on()) {
            let earliest = context.effective_on();
            return Err(Rejection::DateOrder { what: "the last day", date: until, earliest });
        }
        let has = rights_of(context, state, &self.record, &context.actor.user)?;
        let needed = std::iter::once(&Right::Share).chain(&self.rights);
        if let Some(right) = needed.copied().find(|right| !has.contains(right)) {
            let (user, record) = (context.actor.user.clone(), self.record.clone());
            return Err(Rejection::RightNotHeld { user, right, record });
        }
        let known = state.get::<Share>(&key(&self.record, &self.grantee));
        let nothing_new = known.is_some_and(|share| {
            share.until == self.until && self.rights.iter().all(|one| share.rights.contains(one))
        });
        if nothing_new { Err(Rejection::NothingChanges { what: "the share" }) } else { Ok(()) }
    }

    fn check_revoke(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        let share = state.get::<Share>(&key(&self.record, &self.grantee));
        let stands = |right: &Right| share.is_some_and(|share| share.rights.contains(right));
        let missing = self.rights.iter().copied().find(|right| !stands(right));
        let missing = if self.rights.is_empty() { Some(Right::Read) } else { missing };
        if let Some(right) = missing {
            let (record, grantee) = (self.record.clone(), HeldBy(Some(self.grantee.clone())));
            return Err(Rejection::ShareUnknown { record, grantee, right });
        }
        let user = &context.actor.user;
        let own = self.grantee.as_user() == Some(user);
        if own || rights_of(context, state, &self.record, user)?.contains(&Right::Share) {
            return Ok(());
        }
        let (user, record) = (user.clone(), self.record.clone());
        Err(Rejection::RightNotHeld { user, right: Right::Share, record })
    }
}
