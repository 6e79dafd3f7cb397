//! Units of the organisation and its users: X03, X04.

use super::{Class, EventBody, Personal, Section, SectionVisitor, Subject};
use crate::id::{ActorId, Line, UnitCode};

crate::choice! {
    /// What happens to a unit.
    pub enum UnitChange {
        /// It is there from now on, or its name, place or head is another.
        Set = "set" "设置",
        /// It is no more.
        Closed = "closed" "撤销",
    }
}

crate::record! {
    /// X03: a unit of the organisation is set or closed.
    pub struct OrgUnitChanged {
        /// The unit.
        pub unit: UnitCode,
        /// What happens to it.
        pub change: UnitChange,
        /// Its name.
        #[serde(default)]
        pub name: Option<Line>,
        /// The unit above it; none for one at the top.
        #[serde(default)]
        pub parent: Option<UnitCode>,
        /// Who leads it.
        #[serde(default)]
        pub head: Option<ActorId>,
    }
}

crate::choice! {
    /// Whether a user works here.
    pub enum UserStatus {
        /// The user does.
        Active = "active" "在职",
        /// The user is away for a while.
        Away = "away" "休假",
        /// The user does no more.
        Left = "left" "离职",
    }
}

crate::record! {
    /// Sealed: who a user is.
    pub struct UserIdentity {
        /// The name.
        pub name: Line,
        /// An e-mail address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub email: Option<Line>,
        /// A telephone number.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub phone: Option<Line>,
    }
}

impl Personal for UserIdentity {
    const CLASS: Class = Class::Identity;
}

crate::record! {
    /// X04: a user comes, goes away for a while, leaves, or belongs to another unit.
    pub struct UserStatusChanged {
        /// The user.
        pub user: ActorId,
        /// What the user was; left out in a request, as known. Nothing for a new one.
        #[serde(default)]
        pub from: Option<UserStatus>,
        /// What the user is from now on.
        pub to: UserStatus,
        /// The unit from now on; left out, the one known.
        #[serde(default)]
        pub unit: Option<UnitCode>,
        /// How many customers the user may hold at most; left out, as known.
        #[serde(default)]
        pub capacity: Option<u32>,
        /// Who it is; left out, as known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub identity: Option<Section<UserIdentity>>,
    }
}

impl EventBody for OrgUnitChanged {}

impl EventBody for UserStatusChanged {
    fn sections<E>(&mut self, visit: &mut SectionVisitor<'_, E>) -> Result<(), E> {
        match &mut self.identity {
            Some(section) => visit(Subject::User(self.user.clone()), section),
            None => Ok(()),
        }
    }
}
