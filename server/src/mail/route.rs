//! Whose a message is: parties matched with the directory, never guessed.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::event::interaction::Direction;
use daybook_core::event::mail::HeldReason;
use daybook_core::id::{ContactId, CustomerCode};

use super::letter::{Letter, Party};
use crate::directory::{Match, normal_email};

/// Our own addresses and domains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    addresses: BTreeSet<String>,
    domains: BTreeSet<String>,
}

/// Whose a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// All its parties are ours: it is nobody else's business.
    Internal,
    /// It belongs to customers.
    Customers {
        /// Who began.
        direction: Direction,
        /// The customers with those of their contacts who are parties.
        at: BTreeMap<CustomerCode, BTreeSet<ContactId>>,
        /// Whether another party is known at several customers, who are left out.
        ambiguous: bool,
    },
    /// It belongs to nobody for certain.
    Held {
        /// Who began.
        direction: Direction,
        /// Why.
        because: HeldReason,
        /// The customers it could belong to.
        candidates: BTreeSet<CustomerCode>,
    },
}

impl Own {
    /// Reads a list such as `example.com,me@example.org`.
    ///
    /// # Errors
    /// The entry that is neither a domain nor an address.
    pub fn parse(list: &str) -> Result<Own, String> {
        let mut own = Own::default();
        for entry in list.split([',', ' ', ';']).map(str::trim).filter(|entry| !entry.is_empty()) {
            let domain = entry.strip_prefix('@').unwrap_or(entry);
            if let Some(address) = normal_email(entry) {
                own.addresses.insert(address);
            } else if domain.contains('.') && !domain.contains(['@', '/', ':']) {
                own.domains.insert(domain.to_lowercase());
            } else {
                return Err(entry.to_owned());
            }
        }
        Ok(own)
    }

    /// Tells whether an address is ours.
    pub fn has(&self, address: &str) -> bool {
        let Some(address) = normal_email(address) else { return false };
        let domain = address.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
        self.domains.contains(domain) || self.addresses.contains(&address)
    }

    fn is_empty(&self) -> bool {
        self.domains.is_empty() && self.addresses.is_empty()
    }
}

/// Returns everybody a message names, writers first.
pub fn all_parties(letter: &Letter) -> impl Iterator<Item = &Party> {
    letter.from.iter().chain(&letter.to).chain(&letter.cc)
}

/// Decides whose a message is; `matches` are what the directory says of [`all_parties`], in order.
pub fn route(letter: &Letter, own: &Own, matches: &[Match]) -> Route {
    let ours: Vec<bool> = all_parties(letter).map(|party| own.has(&party.address)).collect();
    let writers = letter.from.len();
    let written_by_us = ours.iter().take(writers).any(|ours| *ours);
    if !own.is_empty() && !ours.is_empty() && ours.iter().all(|ours| *ours) {
        return Route::Internal;
    }
    let (mut at, mut candidates, mut sender_known) =
        (BTreeMap::<CustomerCode, BTreeSet<ContactId>>::new(), BTreeSet::new(), false);
    for (place, (found, ours)) in matches.iter().zip(&ours).enumerate() {
        if *ours {
            continue;
        }
        match found {
            Match::None => {}
            Match::One(holder) => {
                sender_known |= place < writers;
                let contacts = at.entry(holder.customer.clone()).or_default();
                contacts.extend(holder.contact.clone());
            }
            Match::Several(customers) => {
                sender_known |= place < writers;
                candidates.extend(customers.iter().cloned());
            }
        }
    }
    // Without a list of our addresses, a message that a customer only received is one of ours.
    let out = written_by_us || (own.is_empty() && !sender_known && !at.is_empty());
    let direction = if out { Direction::Out } else { Direction::In };
    if at.is_empty() {
        let because =
            if candidates.is_empty() { HeldReason::Unknown } else { HeldReason::Ambiguous };
        return Route::Held { direction, because, candidates };
    }
    Route::Customers { direction, at, ambiguous: !candidates.is_empty() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Holder;
    use daybook_core::time::Timestamp;

    fn letter(from: &str, to: &str) -> Letter {
        let raw = format!("From: {from}\r\nTo: {to}\r\nSubject: x\r\n\r\ntext\r\n");
        Letter::read(raw.as_bytes(), Timestamp(1_774_920_600_000_000)).expect("a letter")
    }

    fn one(customer: &str, contact: Option<&str>) -> Match {
        Match::One(Holder {
            customer: CustomerCode::new(customer).expect("a code"),
            contact: contact.map(|id| ContactId::new(id).expect("an id")),
        })
    }

    fn several() -> Match {
        Match::Several(["A", "B"].map(|code| CustomerCode::new(code).expect("a code")).to_vec())
    }

    fn check(from: &str, to: &str, own: &str, matches: &[Match], expected: &str) {
        let route = route(&letter(from, to), &Own::parse(own).expect("a list"), matches);
        let shown = match route {
            Route::Internal => "internal".to_owned(),
            Route::Customers { direction, at, .. } => {
                let at: Vec<String> = at
                    .iter()
                    .map(|(code, contacts)| format!("{code}:{}", contacts.len()))
                    .collect();
                format!("{direction} {}", at.join(" "))
            }
            Route::Held { direction, because, .. } => format!("held {direction} {because}"),
        };
        assert_eq!(shown, expected, "{from} to {to}, ours {own:?}");
    }

    #[test]
    fn a_message_goes_to_every_customer_it_names_and_to_none_by_chance() {
        let (a, b) = (one("A", Some("P-1")), one("B", None));
        let none = Match::None;
        check("p@a.example", "us@o.example", "o.example", &[a.clone(), none.clone()], "in A:1");
        check("us@o.example", "p@a.example", "o.example", &[none.clone(), a.clone()], "out A:1");
        check("us@o.example", "p@a.example", "", &[none.clone(), a.clone()], "out A:1");
        check("p@a.example", "x@y.example", "", &[a.clone(), none.clone()], "in A:1");
        check("p@a.example", "q@b.example", "o.example", &[a.clone(), b.clone()], "in A:1 B:0");
        check(
            "me@x.example",
            "us@o.example",
            "o.example,me@x.example",
            &[none.clone(), none.clone()],
            "internal",
        );
        check(
            "x@y.example",
            "us@o.example",
            "o.example",
            &[none.clone(), none.clone()],
            "held in unknown",
        );
        check(
            "us@o.example",
            "x@y.example",
            "o.example",
            &[none.clone(), none.clone()],
            "held out unknown",
        );
        check(
            "s@y.example",
            "us@o.example",
            "o.example",
            &[several(), none.clone()],
            "held in ambiguous",
        );
        check("s@y.example", "p@a.example", "o.example", &[several(), a], "in A:1");
        // An address of ours is never a customer's, whatever the directory says.
        check("us@o.example", "x@y.example", "o.example", &[b, none], "held out unknown");
    }

    #[test]
    fn what_is_neither_domain_nor_address_is_named() {
        assert!(Own::parse("example.com, me@example.org;@x.example").is_ok());
        assert_eq!(Own::parse("example.com,nonsense"), Err("nonsense".to_owned()));
    }
}
