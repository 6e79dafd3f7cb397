//! The state decisions are made on: one customer's records, and the book's policies.
//!
//! A customer's state is a small profile and a map of records (opportunities, items, ...). A
//! [`Draft`] lays changes over it record by record, so that a batch that is refused leaves nothing
//! behind and a customer with very many records costs no more than one with few.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use crate::event::assignment::Holder;
use crate::event::book::{
    Ageing, IndicatorTree, Pipeline, PolicyVersionPublished, PoolRules, PriceFloors,
    ReceivableRules, ServiceLevels,
};
use crate::event::customer::{CustomerField, CustomerKind};
use crate::event::{Class, RequestMark, Subject, UniqueKey};
use crate::id::{
    ActorId, BookId, ContactId, CustomerCode, EventId, LegalEntity, PolicyName, UnitCode,
};
use crate::money::{Currency, Money};
use crate::position::{Position, StreamVersion};
use crate::proof::Hash;
use crate::time::{Date, Timestamp};

use super::assignment::Pooled;
use super::exchange::Rates;
use super::limit::CreditLimit;
use super::merge::Merge;
use super::organisation::{Unit, User};
use super::{
    application, commitment, complaint, confirmation, contract, credit, customer, dunning,
    interaction, invoice, mail, opportunity, quote, receivable, share, shipment, survey, task,
    terms,
};

/// The book as decisions see it.
#[derive(Debug, Clone)]
pub struct BookState {
    /// The book's id; nil before it is opened.
    pub book: BookId,
    /// The book's name.
    pub name: String,
    /// The zone in which days begin and end.
    pub zone: chrono_tz::Tz,
    /// The owner's currency.
    pub functional_currency: Option<Currency>,
    /// The owner's legal entities, the first the default.
    pub legal_entities: Vec<LegalEntity>,
    /// Country calling code for phone numbers given without one.
    pub default_calling_code: Option<String>,
    /// Published policies by name and version.
    pub policies: BTreeMap<(PolicyName, u32), PolicyVersionPublished>,
    /// Recorded exchange rates.
    pub rates: Rates,
    /// The last locked day of each legal entity; of all of them under none.
    pub locks: BTreeMap<Option<LegalEntity>, Date>,
    /// Units of the organisation.
    pub units: BTreeMap<UnitCode, Unit>,
    /// Users whose status was recorded.
    pub users: BTreeMap<ActorId, User>,
}

impl Default for BookState {
    fn default() -> Self {
        BookState {
            book: BookId(uuid::Uuid::nil()),
            name: String::new(),
            zone: chrono_tz::UTC,
            functional_currency: None,
            legal_entities: Vec::new(),
            default_calling_code: None,
            policies: BTreeMap::new(),
            rates: Rates::new(),
            locks: BTreeMap::new(),
            units: BTreeMap::new(),
            users: BTreeMap::new(),
        }
    }
}

impl BookState {
    /// Returns a policy's newest version, or nothing when none is published.
    pub fn newest(&self, policy: &PolicyName) -> Option<&PolicyVersionPublished> {
        let all = (policy.clone(), 0)..=(policy.clone(), u32::MAX);
        self.policies.range(all).next_back().map(|(_, published)| published)
    }

    /// Returns one version of a policy.
    pub fn policy(&self, policy: &PolicyName, version: u32) -> Option<&PolicyVersionPublished> {
        self.policies.get(&(policy.clone(), version))
    }

    fn newest_with<'a, T: 'a>(
        &'a self,
        part: impl Fn(&'a PolicyVersionPublished) -> Option<&'a T>,
    ) -> Option<(u32, &'a T)> {
        let mut with = self.policies.values().filter_map(|p| part(p).map(|t| (p.version, t)));
        with.next_back()
    }

    /// Returns the pipeline of this name and version.
    pub fn pipeline(&self, policy: &PolicyName, version: u32) -> Option<&Pipeline> {
        self.policy(policy, version)?.pipeline.as_ref()
    }

    /// Returns the newest ageing edges.
    pub fn ageing(&self) -> Option<(u32, &Ageing)> {
        self.newest_with(|p| p.ageing.as_ref())
    }

    /// Returns the newest service levels.
    pub fn service_levels(&self) -> Option<(u32, &ServiceLevels)> {
        self.newest_with(|p| p.service_levels.as_ref())
    }

    /// Returns the service levels of a version.
    pub fn service_levels_at(&self, version: u32) -> Option<&ServiceLevels> {
        self.version_with(version, |p| p.service_levels.as_ref())
    }

    /// Returns the indicator tree of a version.
    pub fn indicators_at(&self, version: u32) -> Option<&IndicatorTree> {
        self.version_with(version, |p| p.indicators.as_ref())
    }

    /// Returns the price floors of a version.
    pub fn price_floors_at(&self, version: u32) -> Option<&PriceFloors> {
        self.version_with(version, |p| p.price_floors.as_ref())
    }

    fn version_with<'a, T: 'a>(
        &'a self,
        version: u32,
        part: impl Fn(&'a PolicyVersionPublished) -> Option<&'a T>,
    ) -> Option<&'a T> {
        self.policies.values().filter(|p| p.version == version).filter_map(part).next_back()
    }

    /// Returns the newest indicator tree.
    pub fn indicators(&self) -> Option<(u32, &IndicatorTree)> {
        self.newest_with(|p| p.indicators.as_ref())
    }

    /// Returns the newest rules of receivables.
    pub fn receivable_rules(&self) -> Option<(u32, &ReceivableRules)> {
        self.newest_with(|p| p.receivable_rules.as_ref())
    }

    /// Returns the rules of receivables of a version.
    pub fn receivable_rules_at(&self, version: u32) -> Option<&ReceivableRules> {
        self.version_with(version, |p| p.receivable_rules.as_ref())
    }

    /// Returns the most that is given up in a currency without approval, where that is published.
    pub fn tolerance(&self, currency: Currency) -> Option<Money> {
        self.rule(currency, |rules| &rules.tolerances)
    }

    /// Returns an amount of the rules of receivables in a currency, where one is published.
    pub fn rule(
        &self,
        currency: Currency,
        of: impl Fn(&ReceivableRules) -> &Vec<Money>,
    ) -> Option<Money> {
        let (_, rules) = self.receivable_rules()?;
        of(rules).iter().copied().find(|amount| amount.currency == currency)
    }

    /// Returns the newest rules of the pool.
    pub fn pool_rules(&self) -> Option<(u32, &PoolRules)> {
        self.newest_with(|p| p.pool_rules.as_ref())
    }

    /// Returns the newest price floors.
    pub fn price_floors(&self) -> Option<(u32, &PriceFloors)> {
        self.newest_with(|p| p.price_floors.as_ref())
    }
}

/// A customer detail as decisions know it: public text, or the mark of sealed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DetailValue {
    /// A public value.
    Public(crate::id::Note),
    /// The keyed mark of a sealed value.
    Mark([u8; 16]),
}

impl Profile {
    /// Returns the latest known value of a detail.
    pub fn detail(&self, field: CustomerField) -> Option<&DetailValue> {
        let at = self.details.binary_search_by_key(&field, |(known, _)| *known).ok()?;
        self.details.get(at).map(|(_, value)| value)
    }

    /// Sets a detail, or removes it.
    pub fn set_detail(&mut self, field: CustomerField, value: Option<DetailValue>) {
        match (self.details.binary_search_by_key(&field, |(known, _)| *known), value) {
            (Ok(at), Some(value)) => {
                if let Some(detail) = self.details.get_mut(at) {
                    detail.1 = value;
                }
            }
            (Ok(at), None) => {
                self.details.remove(at);
            }
            (Err(at), Some(value)) => self.details.insert(at, (field, value)),
            (Err(_), None) => {}
        }
    }
}

/// What decisions know of the customer as such.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Set once the customer is registered.
    pub kind: Option<CustomerKind>,
    /// The currency usually used.
    pub currency: Option<Currency>,
    /// Who holds the customer.
    pub owner: Option<Holder>,
    /// How it came to the pool, while it is there.
    pub pooled: Option<Pooled>,
    /// The merges it survived and that stand.
    pub merges: Vec<Merge>,
    /// The customer it is merged into.
    pub merged_into: Option<CustomerCode>,
    /// The one main contact.
    pub main_contact: Option<ContactId>,
    /// Latest known details, sorted by field.
    pub details: Vec<(CustomerField, DetailValue)>,
    /// How much it may owe us, as set last.
    pub credit_limit: Option<CreditLimit>,
}

/// A family of records and the type of its state.
pub trait StateRecord: Clone + Sized {
    /// The family.
    const FAMILY: Family;
    /// Wraps the state.
    fn wrap(self) -> Record;
    /// Unwraps the state of this family.
    fn unwrap(record: &Record) -> Option<&Self>;
    /// Unwraps the state of this family for change.
    fn unwrap_mut(record: &mut Record) -> Option<&mut Self>;
}

macro_rules! families {
    ($( $name:ident $path:path; )*) => {
        /// The families of records in a customer's stream.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs)]
        pub enum Family { $( $name ),* }

        /// The state of one record.
        #[derive(Debug, Clone, PartialEq)]
        #[allow(missing_docs)]
        pub enum Record { $( $name(Box<$path>) ),* }

        $( impl StateRecord for $path {
            const FAMILY: Family = Family::$name;
            fn wrap(self) -> Record { Record::$name(Box::new(self)) }
            fn unwrap(record: &Record) -> Option<&Self> {
                match record { Record::$name(state) => Some(state), _ => None }
            }
            fn unwrap_mut(record: &mut Record) -> Option<&mut Self> {
                match record { Record::$name(state) => Some(state), _ => None }
            }
        } )*

        impl Record {
            /// Returns the family the record is of.
            pub const fn family(&self) -> Family {
                match self { $( Record::$name(_) => Family::$name ),* }
            }
        }

        impl bincode::Encode for Record {
            fn encode<E: bincode::enc::Encoder>(
                &self, encoder: &mut E,
            ) -> Result<(), bincode::error::EncodeError> {
                bincode::Encode::encode(&(self.family() as u8), encoder)?;
                match self { $( Record::$name(state) => bincode::Encode::encode(state, encoder) ),* }
            }
        }

        impl<C> bincode::Decode<C> for Record {
            fn decode<D: bincode::de::Decoder<Context = C>>(
                decoder: &mut D,
            ) -> Result<Self, bincode::error::DecodeError> {
                let family: u8 = bincode::Decode::decode(decoder)?;
                $( if family == Family::$name as u8 {
                    return bincode::Decode::decode(decoder).map(Record::$name);
                } )*
                Err(bincode::error::DecodeError::Other("not a family of records"))
            }
        }

        /// How many families there are.
        pub(super) const FAMILY_COUNT: usize = [ $( Family::$name ),* ].len();
    };
}

families! {
    Contact customer::Contact;
    Interaction interaction::Interaction;
    Task task::Task;
    HeldMail mail::HeldMail;
    Opportunity opportunity::Opportunity;
    Quote quote::Quote;
    Contract contract::Contract;
    Shipment shipment::Shipment;
    Item receivable::Item;
    Invoice invoice::Invoice;
    Receipt receivable::Receipt;
    Application application::Application;
    Complaint complaint::Complaint;
    Survey survey::Survey;
    CreditNote credit::CreditNote;
    WriteOff credit::WriteOff;
    Refund credit::Refund;
    Notice dunning::Notice;
    Terms terms::Terms;
    Investment terms::Investment;
    Commitment commitment::Commitment;
    Confirmation confirmation::Confirmation;
    Share share::Share;
}

/// The key of a record within a customer's state.
pub type RecordKey = (Family, CompactString);

/// One stream's state after a number of its events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CustomerState {
    /// Version of the last event folded.
    pub version: StreamVersion,
    /// Position of the last event folded.
    pub last: Option<(Position, Hash)>,
    /// The customer as such.
    pub profile: Profile,
    /// Records ever made, by family; the next id is drawn from it.
    pub counts: [u32; FAMILY_COUNT],
    /// The records.
    pub records: BTreeMap<RecordKey, Record>,
    /// Requests seen, by key digest: where the first answer's events start.
    pub requests: BTreeMap<[u8; 16], SeenRequest>,
    /// Vault slots in use, by subject and class.
    pub key_slots: BTreeMap<(Subject, Class), u64>,
    /// Events that count nowhere, and where they are.
    pub voided: BTreeMap<EventId, Position>,
    /// Where events are whose import was taken back: their requests may be made again.
    pub taken_back: BTreeSet<Position>,
}

/// A request that was answered before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRequest {
    /// Digest of the content.
    pub content: [u8; 16],
    /// Position of its first event.
    pub position: Position,
}

/// Changes laid over a state.
#[derive(Debug, Clone, Default)]
pub struct Delta {
    version: Option<StreamVersion>,
    last: Option<(Position, Hash)>,
    profile: Option<Profile>,
    counts: Option<[u32; FAMILY_COUNT]>,
    records: BTreeMap<RecordKey, Record>,
    requests: BTreeMap<[u8; 16], SeenRequest>,
    key_slots: BTreeMap<(Subject, Class), u64>,
    voided: BTreeMap<EventId, Position>,
    taken_back: BTreeSet<Position>,
}

/// A state with changes on top that may still be dropped.
#[derive(Debug)]
pub struct Draft<'a> {
    base: &'a CustomerState,
    delta: &'a mut Delta,
}

impl<'a> Draft<'a> {
    /// Lays `delta` over `base`.
    pub const fn new(base: &'a CustomerState, delta: &'a mut Delta) -> Self {
        Draft { base, delta }
    }

    /// Returns the version of the stream's last event.
    pub fn version(&self) -> StreamVersion {
        self.delta.version.unwrap_or(self.base.version)
    }

    /// Returns position and hash of the stream's last event.
    pub fn last(&self) -> Option<(Position, Hash)> {
        self.delta.last.or(self.base.last)
    }

    /// Notes that an event was added to the stream.
    pub fn advance(&mut self, position: Position, hash: Hash) {
        self.delta.version = Some(self.version().next());
        self.delta.last = Some((position, hash));
    }

    /// Returns the customer as such.
    pub fn profile(&self) -> &Profile {
        self.delta.profile.as_ref().unwrap_or(&self.base.profile)
    }

    /// Returns the customer as such, for change.
    pub fn profile_mut(&mut self) -> &mut Profile {
        let base = &self.base.profile;
        self.delta.profile.get_or_insert_with(|| base.clone())
    }

    /// Tells whether the customer is registered.
    pub fn is_registered(&self) -> bool {
        self.profile().kind.is_some()
    }

    /// Returns a record.
    pub fn get<R: StateRecord>(&self, id: &str) -> Option<&R> {
        let key = (R::FAMILY, CompactString::from(id));
        let record = self.delta.records.get(&key).or_else(|| self.base.records.get(&key))?;
        R::unwrap(record)
    }

    /// Returns a record for change; it is copied from the base at first.
    pub fn get_mut<R: StateRecord>(&mut self, id: &str) -> Option<&mut R> {
        use std::collections::btree_map::Entry;
        let key = (R::FAMILY, CompactString::from(id));
        let record = match self.delta.records.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let copy = self.base.records.get(entry.key())?.clone();
                entry.insert(copy)
            }
        };
        R::unwrap_mut(record)
    }

    /// Adds a record.
    pub fn insert<R: StateRecord>(&mut self, id: &str, state: R) {
        self.delta.records.insert((R::FAMILY, CompactString::from(id)), state.wrap());
        self.count(R::FAMILY);
    }

    /// Counts one more record of a family, so that its id is not given out again.
    pub(crate) fn count(&mut self, family: Family) {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(family as usize) {
            *count += 1;
        }
        self.delta.counts = Some(counts);
    }

    /// Tells whether a live record of this customer holds a number.
    pub fn claim_stands(&self, key: &UniqueKey) -> bool {
        match key {
            UniqueKey::Contract(number) => {
                self.get::<contract::Contract>(number.as_str()).is_some()
            }
            UniqueKey::Invoice(number) => self.get::<invoice::Invoice>(number.as_str()).is_some(),
            UniqueKey::BankLine(line) => {
                self.each::<receivable::Receipt>().any(|(_, receipt)| receipt.holds(line))
                    || self.each::<credit::Refund>().any(|(_, refund)| refund.holds(line))
            }
        }
    }

    /// Returns all records of a family, in order of their ids.
    pub fn each<R: StateRecord + 'static>(&self) -> impl Iterator<Item = (&str, &R)> {
        let from = (R::FAMILY, CompactString::default());
        let family = |(key, _): &(&RecordKey, &Record)| key.0 == R::FAMILY;
        let base = self.base.records.range(from.clone()..).take_while(family);
        let delta = self.delta.records.range(from..).take_while(family);
        let untouched = base.filter(|(key, _)| !self.delta.records.contains_key(*key));
        let mut merged: Vec<_> = untouched.chain(delta).collect();
        merged.sort_unstable_by_key(|(key, _)| *key);
        merged.into_iter().filter_map(|(key, record)| Some((key.1.as_str(), R::unwrap(record)?)))
    }

    /// Lets new ids of every family begin above a number.
    pub(crate) fn raise_counts(&mut self, least: u32) {
        self.delta.counts = Some(self.counts().map(|count| count.max(least)));
    }

    /// Returns the highest number of records of one family ever made.
    pub(crate) fn highest_count(&self) -> u32 {
        self.counts().into_iter().max().unwrap_or_default()
    }

    fn counts(&self) -> [u32; FAMILY_COUNT] {
        self.delta.counts.unwrap_or(self.base.counts)
    }

    /// Returns the next free id of a family, such as `O-3`.
    pub fn next_id<R: StateRecord>(&self, prefix: &str) -> String {
        let mut number = self.counts().get(R::FAMILY as usize).copied().unwrap_or_default() + 1;
        loop {
            let id = format!("{prefix}-{number}");
            if self.get::<R>(&id).is_none() {
                return id;
            }
            number += 1;
        }
    }

    /// Returns a request answered before, unless its answer was taken back with its import.
    pub fn request(&self, key: &[u8; 16]) -> Option<SeenRequest> {
        let seen = self.delta.requests.get(key).or_else(|| self.base.requests.get(key)).copied()?;
        let taken_back = [&self.delta.taken_back, &self.base.taken_back];
        (!taken_back.iter().any(|positions| positions.contains(&seen.position))).then_some(seen)
    }

    /// Notes that a request became events.
    pub fn note_request(&mut self, mark: &RequestMark, position: Position) {
        let seen = SeenRequest { content: mark.content, position };
        self.delta.requests.insert(mark.key, seen);
    }

    /// Returns the vault slot of a subject and class.
    pub fn key_slot(&self, subject: &Subject, class: Class) -> Option<u64> {
        let key = (subject.clone(), class);
        self.delta.key_slots.get(&key).or_else(|| self.base.key_slots.get(&key)).copied()
    }

    /// Notes the vault slot of a subject and class.
    pub fn note_key_slot(&mut self, subject: Subject, class: Class, slot: u64) {
        self.delta.key_slots.insert((subject, class), slot);
    }

    /// Returns where an event is, if it was voided.
    pub fn voided(&self, event: &EventId) -> Option<Position> {
        self.delta.voided.get(event).or_else(|| self.base.voided.get(event)).copied()
    }

    /// Returns all voided events and where they are.
    pub fn each_voided(&self) -> impl Iterator<Item = (&EventId, Position)> {
        let all = self.base.voided.iter().chain(&self.delta.voided);
        all.map(|(event, position)| (event, *position))
    }

    /// Notes that an event counts nowhere.
    pub fn note_voided(&mut self, event: EventId, position: Position) {
        self.delta.voided.insert(event, position);
    }

    /// Notes that an event was taken back with its import.
    pub fn note_taken_back(&mut self, position: Position) {
        self.delta.taken_back.insert(position);
    }
}

impl CustomerState {
    /// Takes the changes of a batch that was accepted.
    pub fn merge(&mut self, delta: Delta) {
        self.version = delta.version.unwrap_or(self.version);
        self.last = delta.last.or(self.last);
        if let Some(profile) = delta.profile {
            self.profile = profile;
        }
        self.counts = delta.counts.unwrap_or(self.counts);
        self.records.extend(delta.records);
        self.requests.extend(delta.requests);
        self.key_slots.extend(delta.key_slots);
        self.voided.extend(delta.voided);
        self.taken_back.extend(delta.taken_back);
    }

    /// Folds one event that is in the log, with its leaf hash.
    pub fn fold(&mut self, event: &mut crate::event::Event, hash: Hash) {
        let mut delta = Delta::default();
        let base = std::mem::take(self);
        let mut draft = Draft::new(&base, &mut delta);
        fold_event(&mut draft, event, hash);
        *self = base;
        self.merge(delta);
    }
}

/// Folds an event's bookkeeping (version, key slots, request) and its content into a draft.
pub fn fold_event(draft: &mut Draft<'_>, event: &mut crate::event::Event, hash: Hash) {
    note_event(draft, event, hash);
    super::merge::note_fact(event, draft);
    event.body.fold(&event.envelope, draft);
}

/// Folds only an event's bookkeeping: what stays true even when the event is voided.
pub fn note_event(draft: &mut Draft<'_>, event: &mut crate::event::Event, hash: Hash) {
    let position = event.envelope.position;
    draft.advance(position, hash);
    if let Some(mark) = &event.envelope.request {
        draft.note_request(mark, position);
    }
    let mut slots = Vec::new();
    let visited: Result<(), std::convert::Infallible> =
        event.body.sections(&mut |subject, section| {
            if let Some(sealed) = section.sealed() {
                slots.push((subject, section.class(), sealed.key_slot));
            }
            Ok(())
        });
    visited.unwrap_or_else(|never| match never {});
    for (subject, class, slot) in slots {
        if draft.key_slot(&subject, class) != Some(slot) {
            draft.note_key_slot(subject, class, slot);
        }
    }
}

/// Returns the time an event is taken to have happened, for rules that compare dates.
pub fn effective(envelope: &crate::event::Envelope) -> Timestamp {
    envelope.effective_at
}
