//! The directory: who has this e-mail address or telephone number, and who is meant by a name.
//!
//! Built on first use from the customers and contacts of the log, kept in memory, and caught up to
//! the head before every look-up. Personal sections are opened for it, so it lives here and not among
//! the views; nothing of it is ever written down.
//!
//! Invariant: an answer names every customer and contact that has the address; who asks never gets
//! one of several by chance. Voided contacts and details do not match, and neither does what was
//! erased, nor an address that was replaced by another.

pub mod duplicates;
mod facts;
mod find;
mod spoken;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use daybook_core::decide::customer::international;
use daybook_core::event::Kind;
use daybook_core::event::customer::CustomerField;
use daybook_core::id::{ContactId, CustomerCode};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;

pub use facts::Card;
use facts::{Facts, Word, normal_name};
pub use find::{By, Found};

/// Somebody who has an address: a contact, or the customer as such.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    /// The customer.
    pub customer: CustomerCode,
    /// The contact, unless the address is the customer's own.
    pub contact: Option<ContactId>,
}

/// What a look-up found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// Nobody has it.
    None,
    /// One customer has it; the contact is named when only one of the customer's has it.
    One(Holder),
    /// Several customers have it.
    Several(Vec<CustomerCode>),
}

/// A contact with its customer's code and name.
pub type OfCustomer = (CustomerCode, Option<String>, Card);

/// The kinds of event the directory is made of, in the order in which they build on each other.
const KINDS: [Kind; 6] = [
    Kind::CustomerRegistered,
    Kind::CustomerDetailsChanged,
    Kind::ContactAdded,
    Kind::EventVoided,
    Kind::CustomersMerged,
    Kind::MergeReversed,
];

/// The directory of one ledger.
#[derive(Default)]
pub struct Directory {
    known: Mutex<Known>,
}

/// What is known so far.
#[derive(Default)]
struct Known {
    next: Position,
    calling_code: Option<String>,
    customers: HashMap<CustomerCode, Facts>,
    holders: HashMap<Word, BTreeSet<Holder>>,
    /// For each domain of an e-mail address, how many addresses each customer has there.
    domains: HashMap<String, BTreeMap<CustomerCode, usize>>,
}

impl Directory {
    /// Returns who has an e-mail address.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn by_email(&self, reader: &Reader, address: &str) -> Result<Match, SubmitError> {
        Ok(match normal_email(address) {
            Some(address) => self.caught_up(reader)?.look_up(&Word::Email(address)),
            None => Match::None,
        })
    }

    /// Returns who has a telephone number.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn by_phone(&self, reader: &Reader, number: &str) -> Result<Match, SubmitError> {
        let known = self.caught_up(reader)?;
        Ok(match international(number, known.calling_code.as_deref()) {
            Some(number) => known.look_up(&Word::Phone(number)),
            None => Match::None,
        })
    }

    /// Returns who has each of several e-mail addresses, and the position the answer reflects.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn by_emails<'a>(
        &self,
        reader: &Reader,
        addresses: impl IntoIterator<Item = &'a str>,
    ) -> Result<(Vec<Match>, Position), SubmitError> {
        let known = self.caught_up(reader)?;
        let look_up = |address| match normal_email(address) {
            Some(address) => known.look_up(&Word::Email(address)),
            None => Match::None,
        };
        let found = addresses.into_iter().map(look_up).collect();
        Ok((found, known.next))
    }

    /// Returns who is called so.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn by_name(&self, reader: &Reader, name: &str) -> Result<Match, SubmitError> {
        Ok(match normal_name(name) {
            Some(name) => self.caught_up(reader)?.look_up(&Word::Name(name)),
            None => Match::None,
        })
    }

    /// Returns the contacts of one customer or of all, each with its customer's code and name, and
    /// the position the answer reflects.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn cards(
        &self,
        reader: &Reader,
        customer: Option<&CustomerCode>,
    ) -> Result<(Vec<OfCustomer>, Position), SubmitError> {
        let known = self.caught_up(reader)?;
        let wanted = known.customers.iter().filter(|(code, _)| customer.is_none_or(|c| c == *code));
        let sorted: BTreeMap<&CustomerCode, &Facts> = wanted.collect();
        let cards = sorted.into_iter().flat_map(|(code, facts)| {
            let name = facts.detail(CustomerField::Name).map(str::to_owned);
            facts.cards().map(move |card| (code.clone(), name.clone(), card.clone()))
        });
        Ok((cards.collect(), known.next))
    }

    /// Returns the one customer to whom all known addresses of this address's domain belong: a
    /// suggestion, never a match.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn suggestion(
        &self,
        reader: &Reader,
        address: &str,
    ) -> Result<Option<CustomerCode>, SubmitError> {
        let Some(address) = normal_email(address) else { return Ok(None) };
        let known = self.caught_up(reader)?;
        let owners = domain(&address).and_then(|domain| known.domains.get(domain));
        Ok(match owners {
            Some(owners) if owners.len() == 1 => owners.keys().next().cloned(),
            _ => None,
        })
    }

    /// Returns what is known when it is known up to the head already.
    fn known_now(&self, head: Position) -> Option<MutexGuard<'_, Known>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (known.next == head).then_some(known)
    }

    /// Returns a customer's name, where it is known.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn name(
        &self,
        reader: &Reader,
        customer: &CustomerCode,
    ) -> Result<Option<String>, SubmitError> {
        let known = self.caught_up(reader)?;
        let facts = known.customers.get(customer);
        Ok(facts.and_then(|facts| facts.detail(CustomerField::Name)).map(str::to_owned))
    }

    /// Brings the directory up to the head of the log.
    fn caught_up(&self, reader: &Reader) -> Result<MutexGuard<'_, Known>, SubmitError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = known.catch_up(reader) {
            // Half of what was new may be in it: it is built anew when it is next asked.
            *known = Known::default();
            return Err(error);
        }
        Ok(known)
    }
}

impl Known {
    fn catch_up(&mut self, reader: &Reader) -> Result<(), SubmitError> {
        let head = reader.head().next;
        if self.next >= head {
            return Ok(());
        }
        self.calling_code = reader.book()?.default_calling_code.clone();
        let mut changed = BTreeSet::new();
        for kind in KINDS {
            let query = Query {
                kind: Some(kind),
                from: Some(self.next),
                before: Some(head),
                ..Query::default()
            };
            for found in reader.events(query) {
                let (event, hash) = found?;
                let Some(customer) = event.envelope.stream.customer().cloned() else { continue };
                let opened = reader.open_sections(event, hash)?;
                if !changed.contains(&customer) {
                    self.forget(&customer);
                }
                self.customers.entry(customer.clone()).or_default().take(&opened.event);
                changed.insert(customer);
            }
        }
        for customer in changed {
            self.remember(&customer);
        }
        self.next = head;
        Ok(())
    }

    /// Takes a customer's words out before its facts change.
    fn forget(&mut self, customer: &CustomerCode) {
        let Some(facts) = self.customers.get(customer) else { return };
        for (word, contact) in facts.words(self.calling_code.as_deref()) {
            let holder = Holder { customer: customer.clone(), contact };
            if let Some(holders) = self.holders.get_mut(&word) {
                holders.remove(&holder);
                if holders.is_empty() {
                    self.holders.remove(&word);
                }
            }
            if let Word::Email(address) = &word
                && let Some(domain) = domain(address)
                && let Some(owners) = self.domains.get_mut(domain)
            {
                let left = owners.get(customer).copied().unwrap_or_default().saturating_sub(1);
                if left == 0 {
                    owners.remove(customer);
                } else {
                    owners.insert(customer.clone(), left);
                }
            }
        }
    }

    /// Puts a customer's words in.
    fn remember(&mut self, customer: &CustomerCode) {
        let Some(facts) = self.customers.get(customer) else { return };
        for (word, contact) in facts.words(self.calling_code.as_deref()) {
            if let Word::Email(address) = &word
                && let Some(domain) = domain(address)
            {
                let owners = self.domains.entry(domain.to_owned()).or_default();
                *owners.entry(customer.clone()).or_default() += 1;
            }
            let holder = Holder { customer: customer.clone(), contact };
            self.holders.entry(word).or_default().insert(holder);
        }
    }

    /// Returns the customer that a customer is today.
    fn survivor<'a>(&'a self, customer: &'a CustomerCode) -> &'a CustomerCode {
        let mut survivor = customer;
        while let Some(into) = self.customers.get(survivor).and_then(Facts::merged_into) {
            survivor = into;
        }
        survivor
    }

    /// A holder as it is today; a contact does not go along.
    fn surviving(&self, holder: &Holder) -> Holder {
        let survivor = self.survivor(&holder.customer);
        if *survivor == holder.customer {
            return holder.clone();
        }
        Holder { customer: survivor.clone(), contact: None }
    }

    fn look_up(&self, word: &Word) -> Match {
        let Some(holders) = self.holders.get(word) else { return Match::None };
        // What is new about a customer that was merged away is its survivor's.
        let holders: BTreeSet<Holder> = holders.iter().map(|one| self.surviving(one)).collect();
        let customers: BTreeSet<&CustomerCode> =
            holders.iter().map(|holder| &holder.customer).collect();
        let mut customers = customers.into_iter();
        match (customers.next(), customers.next()) {
            (None, _) => Match::None,
            (Some(customer), None) => {
                let mut contacts = holders.iter().filter_map(|holder| holder.contact.as_ref());
                let contact = match (contacts.next(), contacts.next()) {
                    (Some(contact), None) => Some(contact.clone()),
                    _ => None,
                };
                Match::One(Holder { customer: customer.clone(), contact })
            }
            (Some(first), Some(second)) => {
                let rest = customers.cloned();
                Match::Several([first.clone(), second.clone()].into_iter().chain(rest).collect())
            }
        }
    }
}

/// Returns the form in which an e-mail address is compared: without `mailto:`, brackets and spaces,
/// in small letters. Nothing when it is no address.
pub fn normal_email(text: &str) -> Option<String> {
    let text = text.trim();
    let bare = text.strip_prefix("mailto:").unwrap_or(text);
    let bare = bare.trim_start_matches('<').trim_end_matches('>').trim();
    let (local, domain) = bare.rsplit_once('@')?;
    let plain =
        |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control());
    (plain(local) && plain(domain) && bare.len() <= 254).then(|| bare.to_lowercase())
}

/// Tells whether a character is a Chinese one.
pub(crate) fn is_han(character: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&character)
}

fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_in_one_form() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(normal_email(text).as_deref(), expected, "{text:?}");
        };
        check(" <Wang.Li@Example.COM> ", Some("wang.li@example.com"));
        check("mailto:a@b.example", Some("a@b.example"));
        check("undisclosed-recipients:;", None);
        check("a b@c.example", None);
        check("@c.example", None);
        check("a@", None);
    }
}
