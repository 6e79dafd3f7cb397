//! Who holds what, and who works here: assignments, shares, users, units.

use clap::Args;
use daybook_core::event::assignment::AssignedFamily;
use daybook_core::event::organisation::UserStatus;
use daybook_core::event::share::Right;
use serde_json::{Value, json};

use super::{Desk, Fact, given, one_of};
use crate::error::CliError;

/// Give a customer, or one of its records, to another holder
#[derive(Debug, Args)]
pub(super) struct Assign {
    /// The customer
    customer: String,
    /// Who holds it from now on: a user's id, `pool` or `unit:CODE`
    #[arg(long, value_name = "HOLDER")]
    to: String,
    /// What is assigned; the customer with everything open that its holder has, when left out
    #[arg(long = "what", value_parser = one_of!(AssignedFamily), requires = "id")]
    family: Option<String>,
    /// Which one
    #[arg(long)]
    id: Option<String>,
}

fn holder(text: &str) -> Value {
    match text.split_once(':') {
        Some(("unit", unit)) => json!({ "kind": "unit", "id": unit }),
        _ if text == "pool" => json!({ "kind": "pool" }),
        _ => json!({ "kind": "user", "id": text }),
    }
}

fn record(family: Option<&String>, id: Option<&String>) -> Value {
    let family = family.map_or(AssignedFamily::Customer.as_str(), String::as_str);
    given(json!({ "family": family, "id": id }))
}

impl Assign {
    pub(super) fn fact(&self) -> Fact {
        let record = record(self.family.as_ref(), self.id.as_ref());
        let command =
            json!({ "command": "assign_record", "record": record, "to": holder(&self.to) });
        Fact { customer: Some(self.customer.clone()), command }
    }
}

/// Share a customer, or one of its records, with somebody, or take that back
#[derive(Debug, Args)]
pub(super) struct Share {
    /// The customer
    customer: String,
    /// With whom: a user's id or `unit:CODE`
    #[arg(long, value_name = "HOLDER")]
    with: String,
    /// What the other may do with it; may be given several times
    #[arg(long = "right", value_parser = one_of!(Right), default_value = "read")]
    rights: Vec<String>,
    /// The last day
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
    /// Take back everything that was given
    #[arg(long, conflicts_with_all = ["rights", "until"])]
    revoke: bool,
    /// What is shared; the customer as such when left out
    #[arg(long = "what", value_parser = one_of!(AssignedFamily), requires = "id")]
    family: Option<String>,
    /// Which one
    #[arg(long)]
    id: Option<String>,
}

impl Share {
    pub(super) fn fact(&self, desk: &Desk) -> Result<Fact, CliError> {
        let until = self.until.as_deref().map(|until| desk.day_ahead(until)).transpose()?;
        let rights: &[String] = if self.revoke { &[] } else { &self.rights };
        let command = given(json!({
            "command": "share_record", "record": record(self.family.as_ref(), self.id.as_ref()),
            "grantee": holder(&self.with),
            "change": if self.revoke { "revoked" } else { "granted" },
            "rights": rights, "until": until,
        }));
        Ok(Fact { customer: Some(self.customer.clone()), command })
    }
}

/// Record that a user comes, is away, leaves, or belongs to another unit
#[derive(Debug, Args)]
pub(super) struct User {
    /// The user's id
    user: String,
    /// What the user is from now on
    #[arg(long, default_value = "active", value_parser = one_of!(UserStatus))]
    status: String,
    /// The unit
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// How many customers the user may hold at most
    #[arg(long)]
    capacity: Option<u32>,
    /// The user's name; it is sealed
    #[arg(long)]
    name: Option<String>,
}

impl User {
    pub(super) fn fact(&self) -> Fact {
        let identity = self.name.as_ref().map(|name| json!({ "name": name }));
        let command = given(json!({
            "command": "change_user_status", "user": self.user, "to": self.status,
            "unit": self.unit, "capacity": self.capacity, "identity": identity,
        }));
        Fact { customer: None, command }
    }
}

/// Set a unit of the organisation, or close it
#[derive(Debug, Args)]
pub(super) struct Unit {
    /// The unit's code
    unit: String,
    /// Its name
    #[arg(long)]
    name: Option<String>,
    /// The unit above it
    #[arg(long, value_name = "CODE")]
    parent: Option<String>,
    /// Who leads it
    #[arg(long, value_name = "ACTOR")]
    head: Option<String>,
    /// It is no more
    #[arg(long)]
    close: bool,
}

impl Unit {
    pub(super) fn fact(&self) -> Fact {
        let change = if self.close { "closed" } else { "set" };
        let command = given(json!({
            "command": "change_org_unit", "unit": self.unit, "change": change,
            "name": self.name, "parent": self.parent, "head": self.head,
        }));
        Fact { customer: None, command }
    }
}
