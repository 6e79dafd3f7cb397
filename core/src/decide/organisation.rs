//! Decisions about the organisation: X03, X04, and what of it the book knows.

use super::{BookState, Context, Decide, Draft, Rejection};
use crate::event::Envelope;
use crate::event::assignment::{Holder, HolderKind};
use crate::event::organisation::{OrgUnitChanged, UnitChange, UserStatus, UserStatusChanged};
use crate::id::{ActorId, UnitCode};

/// What the book knows of a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The unit above it.
    pub parent: Option<UnitCode>,
    /// Who leads it.
    pub head: Option<ActorId>,
    /// Whether it is no more.
    pub closed: bool,
}

/// What the book knows of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Whether the user works here.
    pub status: UserStatus,
    /// The unit.
    pub unit: Option<UnitCode>,
    /// How many customers the user may hold at most.
    pub capacity: Option<u32>,
}

impl BookState {
    /// Refuses a user who is known to work here no more. A user nobody has recorded may act.
    pub(crate) fn require_active(&self, user: &ActorId) -> Result<(), Rejection> {
        match self.users.get(user) {
            Some(User { status: UserStatus::Left, .. }) => {
                Err(Rejection::UserLeft { user: user.clone() })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn require_unit(&self, unit: &UnitCode) -> Result<&Unit, Rejection> {
        let known = self.units.get(unit).filter(|known| !known.closed);
        known.ok_or_else(|| Rejection::UnitUnknown { unit: unit.clone() })
    }

    /// Refuses who cannot be given anything: a unit that is not there, a user who left when `works`.
    pub(super) fn require_grantee(&self, grantee: &Holder, works: bool) -> Result<(), Rejection> {
        match (grantee.kind, &grantee.id) {
            (_, None) => Err(Rejection::Missing { what: "the holder's id" }),
            (HolderKind::Unit, Some(unit)) => {
                let unit: UnitCode = super::composed("the unit", unit.as_str())?;
                self.require_unit(&unit).map(|_| ())
            }
            (HolderKind::User | HolderKind::Pool, Some(user)) if works => self.require_active(user),
            _ => Ok(()),
        }
    }

    /// Takes in a change of a unit.
    pub(super) fn fold_unit(&mut self, changed: &OrgUnitChanged) {
        let closed = changed.change == UnitChange::Closed;
        let unit = match self.units.get(&changed.unit) {
            Some(known) if closed => Unit { closed, ..known.clone() },
            _ => Unit { parent: changed.parent.clone(), head: changed.head.clone(), closed },
        };
        self.units.insert(changed.unit.clone(), unit);
    }

    /// Takes in a change of a user.
    pub(super) fn fold_user(&mut self, changed: &UserStatusChanged) {
        let known = self.users.get(&changed.user);
        let user = User {
            status: changed.to,
            unit: changed.unit.clone().or_else(|| known?.unit.clone()),
            capacity: changed.capacity.or_else(|| known?.capacity),
        };
        self.users.insert(changed.user.clone(), user);
    }
}

impl Decide for OrgUnitChanged {
    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        context.refuse_future("the effective time", context.effective_at)?;
        let book = context.book;
        if self.change == UnitChange::Closed {
            book.require_unit(&self.unit)?;
            let below = |unit: &Unit| !unit.closed && unit.parent.as_ref() == Some(&self.unit);
            if let Some((below, _)) = book.units.iter().find(|(_, unit)| below(unit)) {
                let (unit, below) = (self.unit.clone(), below.clone());
                return Err(Rejection::UnitHasUnits { unit, below });
            }
            let within = |user: &User| {
                user.status != UserStatus::Left && user.unit.as_ref() == Some(&self.unit)
            };
            if let Some((user, _)) = book.users.iter().find(|(_, user)| within(user)) {
                let (unit, user) = (self.unit.clone(), user.clone());
                return Err(Rejection::UnitHasUsers { unit, user });
            }
            return Ok(());
        }
        if let Some(head) = &self.head {
            book.require_active(head)?;
        }
        // No unit is above itself, over however many steps.
        let mut above = self.parent.as_ref();
        while let Some(unit) = above {
            if *unit == self.unit {
                return Err(Rejection::UnitAboveItself { unit: self.unit.clone() });
            }
            above = book.require_unit(unit)?.parent.as_ref();
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}

impl Decide for UserStatusChanged {
    fn complete(&mut self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        if self.from.is_none() {
            self.from = context.book.users.get(&self.user).map(|user| user.status);
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, _state: &Draft<'_>) -> Result<(), Rejection> {
        context.refuse_future("the effective time", context.effective_at)?;
        let known = context.book.users.get(&self.user);
        let status = known.map(|user| user.status);
        let user = || self.user.clone();
        match (status, self.from) {
            (Some(known), Some(said)) if known != said => {
                return Err(Rejection::UserStale { user: user(), known, said });
            }
            (None, Some(said)) => return Err(Rejection::UserUnknown { user: user(), said }),
            _ => {}
        }
        let leads = |unit: &Unit| !unit.closed && unit.head.as_ref() == Some(&self.user);
        let led = context.book.units.iter().find(|(_, unit)| leads(unit));
        if let (UserStatus::Left, Some((unit, _))) = (self.to, led) {
            return Err(Rejection::UnitHeaded { user: user(), unit: unit.clone() });
        }
        if let Some(unit) = &self.unit {
            context.book.require_unit(unit)?;
        }
        let same = |known: &User| {
            known.status == self.to
                && self.unit.as_ref().is_none_or(|unit| known.unit.as_ref() == Some(unit))
                && self.capacity.is_none_or(|capacity| known.capacity == Some(capacity))
                && self.identity.is_none()
        };
        if known.is_some_and(same) {
            return Err(Rejection::NothingChanges { what: "the user" });
        }
        Ok(())
    }

    fn fold(&self, _envelope: &Envelope, _state: &mut Draft<'_>) {}
}
