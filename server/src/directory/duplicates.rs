//! Customers that may be one: found by tax number, name, telephone number, e-mail address, the sound
//! of the name and its likeness, each with its reasons.
//!
//! Pairs are compared only within buckets of customers that share something, so that a long list
//! costs little more than a short one. What this module does not do: decide; it is asked before a
//! customer is put on file or merged, and what it says travels in the command.

use std::collections::{BTreeMap, BTreeSet};

use daybook_core::event::customer::CustomerField;
use daybook_core::event::merge::{DuplicateCandidate, DuplicateReason};
use daybook_core::id::CustomerCode;
use daybook_core::ledger::{Reader, SubmitError};
use daybook_core::position::Position;
use pinyin::ToPinyin;

use super::facts::{Facts, Word};
use super::{Directory, Known};

/// Below this nobody is called a candidate.
pub const SCORE_MIN: u8 = 50;
/// From here a customer is most probably the same.
pub const SCORE_SURE: u8 = 75;
/// How alike two names must be.
const LIKENESS_MIN: f64 = 0.75;
/// Buckets of more customers say nothing: half a town shares the first two letters.
const BUCKET_MAX: usize = 400;

/// Legal forms that do not make a name another.
const FORMS: &[&str] = &[
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "集团",
    "公司",
    "厂",
    "incorporated",
    "corporation",
    "company",
    "limited",
    "gmbh",
    "corp",
    "inc",
    "llc",
    "ltd",
    "plc",
    "pty",
    "sas",
    "srl",
    "bv",
    "co",
    "ag",
    "as",
    "ab",
    "sa",
    "ou",
];

/// What customers are compared by.
#[derive(Debug, Clone, Default)]
pub struct Features {
    tax_number: Option<String>,
    name: Option<String>,
    sound: Option<String>,
    phones: BTreeSet<String>,
    emails: BTreeSet<String>,
}

/// Two customers that may be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The first by code.
    pub customer: CustomerCode,
    /// The other, with score and reasons.
    pub candidate: DuplicateCandidate,
}

impl Features {
    fn of(facts: &Facts, calling_code: Option<&str>) -> Features {
        let mut features = Features::named(facts.detail(CustomerField::Name));
        features.tax_number = facts.detail(CustomerField::TaxNumber).and_then(plain);
        for (word, _) in facts.words(calling_code) {
            match word {
                Word::Phone(number) => drop(features.phones.insert(number)),
                Word::Email(address) => drop(features.emails.insert(address)),
                Word::Name(_) => {}
            }
        }
        features
    }

    fn named(name: Option<&str>) -> Features {
        let name = name.and_then(normal);
        let sound = name.as_deref().filter(|name| name.chars().any(super::is_han)).map(sound);
        Features { name, sound, ..Features::default() }
    }

    /// The buckets it is in.
    fn buckets(&self) -> BTreeSet<String> {
        let mut buckets = BTreeSet::new();
        buckets.extend(self.tax_number.iter().map(|number| format!("t{number}")));
        buckets.extend(self.phones.iter().map(|number| format!("p{number}")));
        buckets.extend(self.emails.iter().map(|address| format!("e{address}")));
        let start = |text: &String, count| text.chars().take(count).collect::<String>();
        buckets.extend(self.name.iter().map(|name| format!("n{}", start(name, 2))));
        buckets.extend(self.sound.iter().map(|sound| format!("s{}", start(sound, 4))));
        buckets
    }

    /// Returns why two may be one, and how sure that is.
    fn compare(&self, other: &Features) -> (u8, Vec<DuplicateReason>) {
        use DuplicateReason as R;
        let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
        let mut weighed: Vec<(R, u32)> = Vec::new();
        if same(&self.tax_number, &other.tax_number) {
            weighed.push((R::TaxNumber, 95));
        }
        if same(&self.name, &other.name) {
            weighed.push((R::Name, 85));
        }
        if !self.phones.is_disjoint(&other.phones) {
            weighed.push((R::Phone, 70));
        }
        if !self.emails.is_disjoint(&other.emails) {
            weighed.push((R::Email, 70));
        }
        if !same(&self.name, &other.name) {
            if same(&self.sound, &other.sound) {
                weighed.push((R::Pinyin, 75));
            } else if let Some(likeness) = self.likeness(other) {
                weighed.push((R::Likeness, (likeness * 70.0) as u32));
            }
        }
        // Each reason leaves a part of the doubt there was, in hundredths of a percent.
        let doubt = weighed.iter().fold(10_000, |doubt, (_, weight)| doubt * (100 - weight) / 100);
        let reasons = weighed.into_iter().map(|(reason, _)| reason).collect();
        (u8::try_from((10_000 - doubt) / 100).unwrap_or(100), reasons)
    }

    fn likeness(&self, other: &Features) -> Option<f64> {
        let alike = |a: &Option<String>, b: &Option<String>| {
            Some(strsim::normalized_damerau_levenshtein(a.as_deref()?, b.as_deref()?))
        };
        let best =
            alike(&self.name, &other.name).into_iter().chain(alike(&self.sound, &other.sound));
        best.filter(|likeness| *likeness >= LIKENESS_MIN).reduce(f64::max)
    }
}

/// What is known of a customer that is to be put on file.
#[derive(Debug, Clone, Default)]
pub struct Newcomer<'a> {
    /// The name.
    pub name: Option<&'a str>,
    /// The telephone number.
    pub phone: Option<&'a str>,
    /// The e-mail address.
    pub email: Option<&'a str>,
    /// The tax number.
    pub tax_number: Option<&'a str>,
}

impl Directory {
    /// Returns the customers that a newcomer may be, the likeliest first, and the position the answer
    /// reflects.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn like(
        &self,
        reader: &Reader,
        newcomer: &Newcomer<'_>,
    ) -> Result<(Vec<DuplicateCandidate>, Position), SubmitError> {
        let known = self.caught_up(reader)?;
        let code = known.calling_code.as_deref();
        let mut features = Features::named(newcomer.name);
        features.tax_number = newcomer.tax_number.and_then(plain);
        let phone = newcomer
            .phone
            .and_then(|phone| daybook_core::decide::customer::international(phone, code));
        features.phones.extend(phone);
        features.emails.extend(newcomer.email.and_then(super::normal_email));
        let mut found: Vec<DuplicateCandidate> = known
            .featured()
            .filter_map(|(code, other)| candidate(code, &features, &other))
            .collect();
        sort(&mut found);
        Ok((found, known.next))
    }

    /// Returns the pairs of customers that may be one, the likeliest first; of one customer or of
    /// all.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn duplicates(
        &self,
        reader: &Reader,
        customer: Option<&CustomerCode>,
    ) -> Result<(Vec<Pair>, Position), SubmitError> {
        let known = self.caught_up(reader)?;
        let features: BTreeMap<&CustomerCode, Features> = known.featured().collect();
        let mut buckets: BTreeMap<String, Vec<&CustomerCode>> = BTreeMap::new();
        for (code, features) in &features {
            for bucket in features.buckets() {
                buckets.entry(bucket).or_default().push(code);
            }
        }
        let mut seen = BTreeSet::new();
        let mut pairs = Vec::new();
        for bucket in buckets.values().filter(|bucket| bucket.len() <= BUCKET_MAX) {
            for (index, one) in bucket.iter().enumerate() {
                for other in bucket.iter().skip(index + 1) {
                    let wanted = customer.is_none_or(|code| *one == code || *other == code);
                    if !wanted || !seen.insert((*one, *other)) {
                        continue;
                    }
                    // Asked about one, the other is the candidate.
                    let turned = customer == Some(*other);
                    let (one, other) = if turned { (*other, *one) } else { (*one, *other) };
                    let (Some(a), Some(b)) = (features.get(one), features.get(other)) else {
                        continue;
                    };
                    if let Some(candidate) = candidate(other, a, b) {
                        pairs.push(Pair { customer: one.clone(), candidate });
                    }
                }
            }
        }
        pairs.sort_by(|a, b| {
            let key = |pair: &Pair| (pair.customer.clone(), pair.candidate.customer.clone());
            b.candidate
                .score_percent
                .cmp(&a.candidate.score_percent)
                .then_with(|| key(a).cmp(&key(b)))
        });
        Ok((pairs, known.next))
    }
}

impl Known {
    /// The customers that count, with what they are compared by; merged ones are their survivors.
    fn featured(&self) -> impl Iterator<Item = (&CustomerCode, Features)> {
        let counted = self.customers.iter().filter(|(_, facts)| facts.merged_into().is_none());
        counted.map(|(code, facts)| (code, Features::of(facts, self.calling_code.as_deref())))
    }
}

fn candidate(code: &CustomerCode, a: &Features, b: &Features) -> Option<DuplicateCandidate> {
    let (score_percent, reasons) = a.compare(b);
    let customer = code.clone();
    (score_percent >= SCORE_MIN).then_some(DuplicateCandidate { customer, score_percent, reasons })
}

fn sort(found: &mut [DuplicateCandidate]) {
    found.sort_by(|a, b| {
        b.score_percent.cmp(&a.score_percent).then_with(|| a.customer.cmp(&b.customer))
    });
}

/// Letters and digits alone, in capitals.
fn plain(text: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
    (!plain.is_empty()).then(|| plain.to_uppercase())
}

/// A name without legal form, punctuation, case, width and accents; a German umlaut is its two
/// letters.
fn normal(name: &str) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for character in name.to_lowercase().chars() {
        let character = match character {
            '\u{ff01}'..='\u{ff5e}' => {
                char::from_u32(character as u32 - 0xfee0).unwrap_or(character)
            }
            other => other,
        };
        match folded(character) {
            Some(letters) => word.push_str(letters),
            None if character.is_alphanumeric() => word.push(character),
            // `S.r.l.` and `O'Neill` are one word each.
            None if matches!(character, '.' | '\'' | '’') => {}
            None => words.push(std::mem::take(&mut word)),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    let whole = words.concat();
    // Legal forms stand at the end, one after the other, but are not all of a name.
    while words.len() > 1 && words.last().is_some_and(|last| FORMS.contains(&last.as_str())) {
        words.pop();
    }
    let mut short = words.concat();
    while let Some(form) = FORMS.iter().find(|form| {
        form.chars().any(super::is_han) && short.ends_with(**form) && short.len() > form.len()
    }) {
        short.truncate(short.len() - form.len());
    }
    [short, whole].into_iter().find(|name| !name.is_empty())
}

fn folded(character: char) -> Option<&'static str> {
    Some(match character {
        'ä' | 'æ' => "ae",
        'ö' | 'œ' | 'ø' => "oe",
        'ü' => "ue",
        'ß' => "ss",
        'à' | 'á' | 'â' | 'ã' => "a",
        'å' => "aa",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'ò' | 'ó' | 'ô' | 'õ' => "o",
        'ù' | 'ú' | 'û' => "u",
        'ç' => "c",
        'ñ' => "n",
        _ => return None,
    })
}

/// How a name sounds: the usual reading of each character.
fn sound(name: &str) -> String {
    let mut sound = String::new();
    for character in name.chars() {
        match character.to_pinyin() {
            Some(reading) => sound.push_str(reading.plain()),
            None => sound.push(character),
        }
    }
    sound
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_their_legal_form() {
        let check = |name: &str, expected: &str| {
            assert_eq!(normal(name).as_deref(), Some(expected), "{name}");
        };
        check("苏州恒力达自动化设备有限公司", "苏州恒力达自动化设备");
        check("Müller Präzisionstechnik GmbH", "muellerpraezisionstechnik");
        check("Mueller Praezisionstechnik GmbH", "muellerpraezisionstechnik");
        check("Officina Bellini S.r.l.", "officinabellini");
        check("Ａｃｍｅ　Co., Ltd.", "acme");
        check("Limited", "limited");
        check("公司", "公司");
        assert_eq!(normal(" - "), None);
    }

    #[test]
    fn reasons_add_up() {
        let named = |name: &str| Features::named(Some(name));
        let check = |a: &Features, b: &Features, score: u8, reasons: &[DuplicateReason]| {
            assert_eq!(a.compare(b), (score, reasons.to_vec()));
            assert_eq!(a.compare(b), b.compare(a));
        };
        use DuplicateReason as R;
        check(&named("Müller GmbH"), &named("Mueller Ltd"), 85, &[R::Name]);
        check(&named("恒力达"), &named("恒立达"), 75, &[R::Pinyin]);
        let (score, reasons) =
            named("苏州恒力达自动化设备有限公司").compare(&named("苏州恒立达自动化有限公司"));
        assert_eq!(reasons, [R::Likeness]);
        assert!((SCORE_MIN..SCORE_SURE).contains(&score), "{score}");
        check(&named("Ashworth Gear"), &named("Kestrel Subsea"), 0, &[]);
        let with_phone = |name: &str| Features {
            phones: BTreeSet::from(["+8610123".to_owned()]),
            ..named(name)
        };
        check(&with_phone("甲"), &with_phone("乙"), 70, &[R::Phone]);
        check(&with_phone("恒力达"), &with_phone("恒立达"), 92, &[R::Phone, R::Pinyin]);
        let taxed = Features { tax_number: plain("9131-0000"), ..Features::default() };
        check(
            &taxed,
            &Features { tax_number: plain("91310000"), ..Features::default() },
            95,
            &[R::TaxNumber],
        );
    }
}
