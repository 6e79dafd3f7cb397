//! What the directory keeps of one customer: each address with the position it came from.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::decide::customer::international;
use daybook_core::event::customer::{CustomerField, DetailChanges};
use daybook_core::event::merge::MergeSide;
use daybook_core::event::{Body, Event, Section};
use daybook_core::id::{ContactId, CustomerCode};
use daybook_core::position::Position;

use super::normal_email;

/// What can be looked up, in the form in which it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Word {
    /// An e-mail address.
    Email(String),
    /// A telephone number.
    Phone(String),
    /// A customer's name or short name.
    Name(String),
}

/// A contact as its event said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// The contact's id.
    pub contact: ContactId,
    /// The name; nothing when it was erased.
    pub name: Option<String>,
    /// The function.
    pub role: Option<String>,
    /// E-mail addresses.
    pub emails: Vec<String>,
    /// Telephone numbers in E.164 form.
    pub phones: Vec<String>,
}

/// One customer's addresses as the events said them.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// What the customer's own details were set to.
    details: BTreeMap<(CustomerField, Position), Option<String>>,
    /// The contacts' addresses, in the order of the log.
    contacts: BTreeMap<Position, Card>,
    voided: BTreeSet<Position>,
    /// What the customer was merged into, and nothing from where that was undone.
    merged: BTreeMap<Position, Option<CustomerCode>>,
}

impl Facts {
    /// Takes in one opened event of the customer's stream.
    pub fn take(&mut self, event: &Event) {
        let position = event.envelope.position;
        match &event.body {
            Body::CustomerRegistered(body) => self.take_details(&body.details, position),
            Body::CustomerDetailsChanged(body) => self.take_details(&body.details, position),
            Body::ContactAdded(body) => {
                let open = body.identity.open();
                let texts = |lines: Option<&Vec<daybook_core::id::Line>>| {
                    lines.into_iter().flatten().map(ToString::to_string).collect()
                };
                let card = Card {
                    contact: body.contact.clone(),
                    name: open.map(|identity| identity.name.to_string()),
                    role: body.role.as_ref().map(ToString::to_string),
                    emails: texts(open.map(|identity| &identity.emails)),
                    phones: texts(open.map(|identity| &identity.phones)),
                };
                self.contacts.insert(position, card);
            }
            Body::CustomersMerged(body) if body.side == Some(MergeSide::Merged) => {
                self.merged.insert(position, Some(body.survivor.clone()));
            }
            Body::MergeReversed(body) if body.side == MergeSide::Merged => {
                self.merged.insert(position, None);
            }
            Body::EventVoided(body) => {
                self.voided.insert(body.position);
            }
            _ => {}
        }
    }

    fn take_details(&mut self, details: &DetailChanges, position: Position) {
        // What stays sealed was erased, and so are the values before it.
        for mark in &details.marks {
            if LOOKED_UP.contains(&mark.field) {
                self.details.insert((mark.field, position), None);
            }
        }
        let open = details.identity.as_ref().and_then(Section::open);
        for change in open.map(|identity| identity.changes.as_slice()).unwrap_or_default() {
            if LOOKED_UP.contains(&change.field) {
                let value = change.new.as_ref().map(ToString::to_string);
                self.details.insert((change.field, position), value);
            }
        }
    }

    /// Returns every word with the contact it belongs to, as it stands.
    pub fn words(&self, calling_code: Option<&str>) -> BTreeSet<(Word, Option<ContactId>)> {
        let mut words = BTreeSet::new();
        let phone = |text: &str| international(text, calling_code).map(Word::Phone);
        for field in LOOKED_UP {
            let Some(value) = self.detail(field) else { continue };
            if matches!(field, CustomerField::Name | CustomerField::ShortName) {
                words.extend(normal_name(value).map(|name| (Word::Name(name), None)));
                continue;
            }
            // A field may hold several addresses, as people write them.
            let values = value.split([',', ';', '，', '；', '\n', '、']);
            words.extend(values.filter_map(|value| {
                let word = match field {
                    CustomerField::Email => normal_email(value).map(Word::Email),
                    _ => phone(value.trim()),
                };
                Some((word?, None))
            }));
        }
        for card in self.cards() {
            let emails =
                card.emails.iter().filter_map(|email| normal_email(email).map(Word::Email));
            let phones = card.phones.iter().filter_map(|number| phone(number));
            words.extend(emails.chain(phones).map(|word| (word, Some(card.contact.clone()))));
        }
        words
    }

    /// Returns the customer it is merged into.
    pub fn merged_into(&self) -> Option<&CustomerCode> {
        self.merged.values().next_back()?.as_ref()
    }

    /// Returns a detail as it stands.
    pub fn detail(&self, field: CustomerField) -> Option<&str> {
        let all = (field, Position(0))..=(field, Position(u64::MAX));
        let mut newest = self.details.range(all).rev();
        let standing = newest.find(|((_, position), _)| !self.voided.contains(position));
        standing.and_then(|(_, value)| value.as_deref())
    }

    /// Returns the contacts that count, in the order in which they were added.
    pub fn cards(&self) -> impl Iterator<Item = &Card> {
        let counts = |(position, _): &(&Position, &Card)| !self.voided.contains(position);
        self.contacts.iter().filter(counts).map(|(_, card)| card)
    }
}

/// The details that are looked up.
const LOOKED_UP: [CustomerField; 4] =
    [CustomerField::Email, CustomerField::Phone, CustomerField::Name, CustomerField::ShortName];

/// Returns the form in which a name is compared: small letters, single spaces.
pub(super) fn normal_name(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" ").to_lowercase())
}
