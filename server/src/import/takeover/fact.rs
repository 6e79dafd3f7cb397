//! From a row of an export to the command that records its fact again.

use std::collections::BTreeMap;

use daybook_core::decide::Command;
use daybook_core::decide::command::{ChangeCustomerDetails, RegisterCustomer, VoidEvent};
use daybook_core::event::customer::{
    CustomerDetailsChanged, CustomerField, CustomerRegistered, DetailChanges, FieldChange,
};
use daybook_core::event::{Body, Kind, Section};

use crate::export::row::Row;
use crate::text::Text;

/// Why an event is not taken: a stable code and a sentence.
pub type Why = (&'static str, Text);

/// Reads what happened; `Err` says why it cannot be recorded.
pub fn read_body(row: &Row) -> Result<Body, Why> {
    let kind = Kind::from_name(&row.kind).ok_or_else(|| kind_unknown(&row.kind))?;
    if row.erased_sections > 0 {
        let reason = Text::fixed("its personal content was erased", "其个人内容已被抹除");
        return Err(("section_erased", reason));
    }
    if row.sealed_sections > 0 {
        let reason = Text::fixed(
            "its personal content is sealed; export with --personal",
            "其个人内容仍密封着；导出时请用 --personal",
        );
        return Err(("section_sealed", reason));
    }
    // Keyed marks are those of the other ledger; they are made anew.
    let body = match kind {
        Kind::CustomerRegistered | Kind::CustomerDetailsChanged => {
            let mut body = row.body.clone();
            if let Some(marks) = body.pointer_mut("/details/marks") {
                *marks = serde_json::Value::Array(Vec::new());
            }
            body
        }
        _ => row.body.clone(),
    };
    Body::from_json(kind, body).map_err(|error| {
        let zh = format!("{kind} 的内容无法读取：{error}");
        ("body_unreadable", Text::from((format!("{kind}: {error}"), zh)))
    })
}

fn kind_unknown(kind: &str) -> Why {
    let en = format!("{kind} is no kind this release knows");
    ("kind_unknown", Text::from((en, format!("本版本不认识种类 {kind}"))))
}

/// Returns the command that records a body as it is; nothing when none does.
pub fn command_of(body: Body) -> Option<Command> {
    match body {
        Body::CustomerRegistered(registered) => {
            Some(Command::RegisterCustomer(register(registered)))
        }
        Body::CustomerDetailsChanged(changed) => {
            Some(Command::ChangeCustomerDetails(change(changed)))
        }
        Body::EventVoided(void) => Some(Command::VoidEvent(VoidEvent { event: void.event })),
        Body::MergeReversed(reversed) => Some(Command::ReverseMerge(Box::new(reversed))),
        other => Command::of_fact(other),
    }
}

fn changes(details: DetailChanges) -> Vec<FieldChange> {
    let mut all = details.public;
    if let Some(Section::Open(identity)) = details.identity {
        all.extend(identity.changes);
    }
    if let Some(Section::Open(financial)) = details.financial {
        all.extend(financial.changes);
    }
    if let Some(Section::Open(private)) = details.private {
        all.extend(private.changes);
    }
    all
}

fn register(registered: CustomerRegistered) -> RegisterCustomer {
    let details = changes(registered.details);
    RegisterCustomer {
        kind: registered.kind,
        source: registered.source,
        referrer: registered.referrer,
        provenance: registered.provenance,
        currency: registered.currency,
        owner: registered.owner,
        first_contact_on: registered.first_contact_on,
        verified_by: registered.verified_by,
        duplicates: registered.duplicates,
        details: details
            .into_iter()
            .filter_map(|detail| Some((detail.field, detail.new?)))
            .collect(),
    }
}

fn change(changed: CustomerDetailsChanged) -> ChangeCustomerDetails {
    let (mut set, mut expected) = (BTreeMap::<CustomerField, _>::new(), BTreeMap::new());
    for FieldChange { field, old, new } in changes(changed.details) {
        // A sealed old value stands there only where the caller had said it.
        if old.is_some() {
            expected.insert(field, old);
        }
        set.insert(field, new);
    }
    ChangeCustomerDetails { provenance: changed.provenance, set, expected }
}
