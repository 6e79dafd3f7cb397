//! Terms: the 64-bit words under which an event can be found again.
//!
//! A term is SipHash-1-3 with a zero key over a domain byte and the words in it. Two different
//! words may share a term; whoever reads through the index therefore checks the event it finds.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use smallvec::SmallVec;

use super::{Event, Kind, StreamId, UniqueKey};

/// A word of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term(pub u64);

/// The terms of one event.
pub type Terms = SmallVec<[Term; 4]>;

impl Term {
    fn of(domain: u8, words: &[&[u8]]) -> Term {
        let mut hasher = SipHasher13::new();
        hasher.write(&[domain]);
        for word in words {
            hasher.write(&(word.len() as u64).to_le_bytes());
            hasher.write(word);
        }
        Term(hasher.finish())
    }

    /// Returns the term of a stream.
    pub fn stream(stream: &StreamId) -> Term {
        match stream {
            StreamId::Customer(code) => Term::of(1, &[code.as_str().as_bytes()]),
            StreamId::Book(name) => Term::of(2, &[name.as_str().as_bytes()]),
        }
    }

    /// Returns the term of a kind of event.
    pub fn kind(kind: Kind) -> Term {
        Term::of(3, &[&kind.tag().to_le_bytes()])
    }

    /// Returns the term of a unique number.
    pub fn unique(key: &UniqueKey) -> Term {
        match key {
            UniqueKey::Contract(number) => Term::of(4, &[number.as_str().as_bytes()]),
            UniqueKey::Invoice(number) => Term::of(5, &[number.as_str().as_bytes()]),
            UniqueKey::BankLine(line) => Term::of(
                6,
                &[
                    line.bank.as_str().as_bytes(),
                    line.statement.as_str().as_bytes(),
                    line.line.as_str().as_bytes(),
                ],
            ),
        }
    }

    /// Returns the term of an invoice series.
    pub fn series(name: &str) -> Term {
        Term::of(7, &[name.as_bytes()])
    }
}

/// Returns every term under which `event` is found: its stream, its kind, the number it takes and
/// the series that number is in.
pub fn terms(event: &Event) -> Terms {
    let mut terms = Terms::new();
    terms.push(Term::stream(&event.envelope.stream));
    terms.push(Term::kind(event.body.kind()));
    if let Some(key) = event.body.claims() {
        terms.push(Term::unique(&key));
    }
    if let Some((series, _)) = event.body.series() {
        terms.push(Term::series(series.as_str()));
    }
    terms
}
