//! Details of the customer file: how values by field become public changes, keyed marks and
//! personal sections, and how they are compared with what is known (rule I-14).
//!
//! Invariant: a sealed detail's text stands only inside its section; everywhere else it is a mark.

use std::collections::BTreeMap;

use super::command::{ChangeCustomerDetails, RegisterCustomer};
use super::state::{DetailValue, Profile};
use super::{Context, Draft, Rejection};
use crate::event::customer::{
    CustomerDetailsChanged, CustomerField, CustomerRegistered, DetailChanges, FieldChange,
    FinancialChanges, IdentityChanges, MarkChange, PrivateChanges,
};
use crate::event::{Class, Section, Subject};
use crate::id::Note;

/// Proposes the registration of a customer.
pub(super) fn register(
    command: RegisterCustomer,
    context: &Context<'_>,
) -> Result<CustomerRegistered, Rejection> {
    if !command.details.contains_key(&CustomerField::Name) {
        return Err(Rejection::NameMissing {});
    }
    let mut sorted = Sorted::default();
    for (field, new) in command.details {
        sorted.add(FieldChange { field, old: None, new: Some(new) }, None, context);
    }
    Ok(CustomerRegistered {
        kind: command.kind,
        source: command.source,
        referrer: command.referrer,
        provenance: command.provenance,
        currency: command.currency,
        owner: command.owner,
        first_contact_on: command.first_contact_on,
        verified_by: command.verified_by,
        duplicates: command.duplicates,
        details: sorted.finish(),
    })
}

/// Proposes a change of details, leaving out what is already so.
pub(super) fn change(
    command: ChangeCustomerDetails,
    context: &Context<'_>,
    state: &Draft<'_>,
) -> Result<CustomerDetailsChanged, Rejection> {
    let profile = state.profile();
    let mut expected = command.expected;
    for (field, value) in &expected {
        if !is_known(profile, *field, value.as_ref(), context) {
            return Err(Rejection::DetailStale { field: *field });
        }
    }
    let mut sorted = Sorted::default();
    for (field, new) in command.set {
        if is_known(profile, field, new.as_ref(), context) {
            continue;
        }
        let (old, old_mark) = match profile.detail(field) {
            Some(DetailValue::Public(text)) => (Some(text.clone()), None),
            Some(DetailValue::Mark(mark)) => (expected.remove(&field).flatten(), Some(*mark)),
            None => (None, None),
        };
        sorted.add(FieldChange { field, old, new }, old_mark, context);
    }
    if sorted.is_empty() {
        return Err(Rejection::NothingChanges { what: "the customer's details" });
    }
    Ok(CustomerDetailsChanged { provenance: command.provenance, details: sorted.finish() })
}

/// Tells whether a detail is known to be `value`; sealed ones are compared by their marks.
fn is_known(
    profile: &Profile,
    field: CustomerField,
    value: Option<&Note>,
    context: &Context<'_>,
) -> bool {
    match (profile.detail(field), value) {
        (None, None) => true,
        (Some(DetailValue::Public(known)), Some(value)) => known == value,
        (Some(DetailValue::Mark(known)), Some(value)) => {
            Some(*known) == mark(field, value, context)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn mark(field: CustomerField, value: &Note, context: &Context<'_>) -> Option<[u8; 16]> {
    let class = field.class()?;
    Some(context.marks.mark(&Subject::Customer, class, value.as_str()))
}

/// Changes on their way into the parts of a [`DetailChanges`].
#[derive(Default)]
struct Sorted {
    public: Vec<FieldChange>,
    marks: Vec<MarkChange>,
    sealed: BTreeMap<Class, Vec<FieldChange>>,
}

impl Sorted {
    fn add(&mut self, change: FieldChange, old: Option<[u8; 16]>, context: &Context<'_>) {
        let field = change.field;
        match field.class() {
            None => self.public.push(change),
            Some(class) => {
                let new = change.new.as_ref().and_then(|new| mark(field, new, context));
                self.marks.push(MarkChange { field, old, new });
                self.sealed.entry(class).or_default().push(change);
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.public.is_empty() && self.marks.is_empty()
    }

    fn finish(mut self) -> DetailChanges {
        let mut take = |class: Class| self.sealed.remove(&class);
        let identity = take(Class::Identity);
        let financial = take(Class::Financial);
        let private = take(Class::Private);
        DetailChanges {
            public: self.public,
            marks: self.marks,
            identity: identity.map(|changes| Section::Open(IdentityChanges { changes })),
            financial: financial.map(|changes| Section::Open(FinancialChanges { changes })),
            private: private.map(|changes| Section::Open(PrivateChanges { changes })),
        }
    }
}

impl DetailChanges {
    /// Checks that every change starts from what is known and leads somewhere else (I-14).
    pub(super) fn check(&self, profile: &Profile) -> Result<(), Rejection> {
        super::refuse_repeated("detail", self.fields().map(CustomerField::as_str))?;
        for change in &self.public {
            if change.field.class().is_some() {
                return Err(Rejection::DetailMisplaced { field: change.field });
            }
            let known = match profile.detail(change.field) {
                Some(DetailValue::Public(text)) => Some(text),
                _ => None,
            };
            if known != change.old.as_ref() {
                return Err(Rejection::DetailStale { field: change.field });
            }
            if change.old == change.new {
                return Err(Rejection::NothingChanges { what: change.field.as_str() });
            }
        }
        for change in &self.marks {
            if change.field.class().is_none() {
                return Err(Rejection::DetailMisplaced { field: change.field });
            }
            let known = match profile.detail(change.field) {
                Some(DetailValue::Mark(mark)) => Some(*mark),
                _ => None,
            };
            if known != change.old {
                return Err(Rejection::DetailStale { field: change.field });
            }
            if change.old == change.new {
                return Err(Rejection::NothingChanges { what: change.field.as_str() });
            }
        }
        self.check_sections()
    }

    /// Checks that each class with marks has its section and no other has one.
    fn check_sections(&self) -> Result<(), Rejection> {
        let present = [
            (Class::Identity, self.identity.is_some()),
            (Class::Financial, self.financial.is_some()),
            (Class::Private, self.private.is_some()),
        ];
        for change in &self.marks {
            let class = change.field.class();
            if !present.iter().any(|(section, there)| *there && Some(*section) == class) {
                return Err(Rejection::DetailMisplaced { field: change.field });
            }
        }
        Ok(())
    }

    fn fields(&self) -> impl Iterator<Item = CustomerField> {
        let public = self.public.iter().map(|change| change.field);
        public.chain(self.marks.iter().map(|change| change.field))
    }

    /// Tells whether nothing changes.
    pub(super) fn is_empty(&self) -> bool {
        self.public.is_empty() && self.marks.is_empty()
    }

    /// Writes the changes into what is known.
    pub(super) fn fold(&self, profile: &mut Profile) {
        for change in &self.public {
            profile.set_detail(change.field, change.new.clone().map(DetailValue::Public));
        }
        for change in &self.marks {
            profile.set_detail(change.field, change.new.map(DetailValue::Mark));
        }
    }
}
