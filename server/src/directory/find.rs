//! Who is meant: a customer by code, name, pinyin, telephone number, address, or a part of one.
//!
//! Ways of finding are ranked; only what the best way found is answered, so that an exact name is
//! never lost among names that contain it. Invariant: whoever fits equally well is in the answer.

use daybook_core::decide::customer::international;
use daybook_core::event::customer::CustomerField;
use daybook_core::id::{ContactId, CustomerCode};
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;

use super::facts::{Facts, Word, normal_name};
use super::spoken::{Fit, Typed};
use super::{Directory, Holder, Known, normal_email};

/// How a customer was found; the better ways come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Its code.
    Code,
    /// Its name or short name.
    Name,
    /// A telephone number of it or of a contact.
    Phone,
    /// An e-mail address of it or of a contact.
    Email,
    /// Its name in pinyin, whole.
    Pinyin,
    /// A part of its code or name.
    Part,
    /// The beginning of its name in pinyin.
    PinyinStart,
    /// A part of its name in pinyin.
    PinyinPart,
    /// Nothing of it fits, but it is like what was said.
    Likeness,
}

impl By {
    /// Returns the name in English and in Chinese.
    pub const fn names(self) -> (&'static str, &'static str) {
        match self {
            By::Code => ("code", "代码"),
            By::Name => ("name", "名称"),
            By::Phone => ("phone", "电话"),
            By::Email => ("email", "电子邮箱"),
            By::Pinyin => ("pinyin", "拼音"),
            By::Part => ("part", "代码或名称的一部分"),
            By::PinyinStart => ("pinyin_start", "拼音开头"),
            By::PinyinPart => ("pinyin_part", "拼音的一部分"),
            By::Likeness => ("likeness", "近似"),
        }
    }
}

/// A customer that may be meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The customer.
    pub customer: CustomerCode,
    /// Its name; nothing when it was erased.
    pub name: Option<String>,
    /// How it was found.
    pub by: By,
    /// The one contact whose number or address it was.
    pub contact: Option<ContactId>,
}

/// How alike two words must be to be taken for one another: the part of the longer one that need
/// not be changed.
const LIKENESS_MIN: f64 = 0.6;

impl Directory {
    /// Returns the customers that a text fits best, in order of code, and the position the answer
    /// reflects. A single [`By::Likeness`] is a suggestion, never a match.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn find(&self, reader: &Reader, who: &str) -> Result<(Vec<Found>, Position), SubmitError> {
        // A code is looked up alone: a large ledger needs no directory for it.
        if let Ok(code) = CustomerCode::new(who)
            && reader.knows(&code)?
        {
            let head = reader.head().next;
            let known = self.known_now(head);
            let name = known.and_then(|known| known.name_of(&code));
            return Ok((vec![Found { customer: code, name, by: By::Code, contact: None }], head));
        }
        let known = self.caught_up(reader)?;
        Ok((known.find(who), known.next))
    }
}

impl Known {
    fn name_of(&self, code: &CustomerCode) -> Option<String> {
        self.customers.get(code)?.detail(CustomerField::Name).map(str::to_owned)
    }

    fn found(&self, customer: &CustomerCode, by: By, contact: Option<ContactId>) -> Found {
        Found { customer: customer.clone(), name: self.name_of(customer), by, contact }
    }

    fn find(&self, who: &str) -> Vec<Found> {
        let Some(said) = normal_name(who) else { return Vec::new() };
        let exact = self.exactly(&said);
        let mut found = if exact.is_empty() { self.roughly(&said) } else { exact };
        found.sort_by(|a, b| a.customer.cmp(&b.customer));
        found
    }

    /// Whose code, name, number or address it is.
    fn exactly(&self, said: &str) -> Vec<Found> {
        let codes = self.customers.keys().filter(|code| code.as_str().to_lowercase() == said);
        let codes: Vec<Found> = codes.map(|code| self.found(code, By::Code, None)).collect();
        if !codes.is_empty() {
            return codes;
        }
        let words = [
            (By::Name, Some(Word::Name(said.to_owned()))),
            (By::Phone, international(said, self.calling_code.as_deref()).map(Word::Phone)),
            (By::Email, normal_email(said).map(Word::Email)),
        ];
        let holders = words.iter().filter_map(|(by, word)| {
            let holders = self.holders.get(word.as_ref()?)?;
            Some(holders.iter().map(|holder| (*by, holder)))
        });
        let mut found: Vec<Found> = Vec::new();
        let holders = holders.flatten().map(|(by, holder)| (by, self.surviving(holder)));
        for (by, Holder { customer, contact }) in holders {
            match found.iter_mut().find(|one| one.customer == customer) {
                // Several of one customer: it is nobody in particular.
                Some(one) => one.contact = None,
                None => found.push(self.found(&customer, by, contact)),
            }
        }
        found
    }

    /// Who fits best in the other ways; the nearest when nobody does.
    fn roughly(&self, said: &str) -> Vec<Found> {
        let typed = Typed::new(said);
        let mut best: Option<By> = None;
        let mut found: Vec<(By, &CustomerCode)> = Vec::new();
        for (code, facts) in &self.customers {
            let Some(by) = fit(code, facts, said, typed.as_ref()) else { continue };
            if best.is_none_or(|best| by < best) {
                best = Some(by);
                found.clear();
            }
            let code = self.survivor(code);
            if best == Some(by) && !found.iter().any(|(_, known)| *known == code) {
                found.push((by, code));
            }
        }
        if found.is_empty() {
            return self.nearest(said).into_iter().collect();
        }
        found.into_iter().map(|(by, code)| self.found(code, by, None)).collect()
    }

    fn nearest(&self, said: &str) -> Option<Found> {
        let mut best: Option<(f64, &CustomerCode)> = None;
        for (code, facts) in &self.customers {
            let names = names(facts).map(str::to_lowercase);
            for word in std::iter::once(code.as_str().to_lowercase()).chain(names) {
                let likeness = strsim::normalized_damerau_levenshtein(said, &word);
                // Of two that are equally near, the first by code, whatever the order here.
                let nearer = best.is_none_or(|(known, other)| {
                    likeness > known || (likeness >= known && code < other)
                });
                if likeness >= LIKENESS_MIN && nearer {
                    best = Some((likeness, code));
                }
            }
        }
        best.map(|(_, code)| self.found(self.survivor(code), By::Likeness, None))
    }
}

fn names(facts: &Facts) -> impl Iterator<Item = &str> {
    [CustomerField::Name, CustomerField::ShortName].into_iter().filter_map(|f| facts.detail(f))
}

/// Returns the best way in which a text fits a customer.
fn fit(code: &CustomerCode, facts: &Facts, said: &str, typed: Option<&Typed>) -> Option<By> {
    let part = code.as_str().to_lowercase().contains(said)
        || names(facts).any(|name| name.to_lowercase().contains(said));
    let pinyin = names(facts).filter_map(|name| typed?.fits(name)).min();
    let pinyin = pinyin.map(|fit| match fit {
        Fit::Whole => By::Pinyin,
        Fit::Start => By::PinyinStart,
        Fit::Within => By::PinyinPart,
    });
    pinyin.into_iter().chain(part.then_some(By::Part)).min()
}
