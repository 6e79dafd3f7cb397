//! Who may see or change a record beside its holder: E02.

use super::EventBody;
use super::assignment::{AssignedRecord, Holder};
use crate::time::Date;

crate::choice! {
    /// What may be done with a record.
    pub enum Right {
        /// See it.
        Read = "read" "查看",
        /// Add to it and change it.
        Change = "change" "修改",
        /// Share it with others.
        Share = "share" "共享",
        /// Give it to another holder.
        Assign = "assign" "分配",
    }
}

crate::choice! {
    /// Whether rights are given or taken back.
    pub enum ShareChange {
        /// They are given.
        Granted = "granted" "共享",
        /// They are taken back.
        Revoked = "revoked" "取消共享",
    }
}

crate::record! {
    /// E02: a user or unit has rights to a record beside its holder, or has them no more.
    pub struct RecordShareChanged {
        /// What is shared.
        pub record: AssignedRecord,
        /// With whom: a user or a unit.
        pub grantee: Holder,
        /// Whether the rights are given or taken back.
        pub change: ShareChange,
        /// The rights, each once; left empty in a request that takes back, all that were given.
        #[serde(default)]
        pub rights: Vec<Right>,
        /// The last day they may be used; none when they hold until they are taken back.
        #[serde(default)]
        pub until: Option<Date>,
    }
}

impl EventBody for RecordShareChanged {}
