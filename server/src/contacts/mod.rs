//! Contacts as vCards: taken in from 2.1, 3.0 and 4.0, given out as 4.0 (RFC 6350).
//!
//! A card belongs to the customer the caller names, or to the one its e-mail addresses, telephone
//! numbers or organisation name for certain. Invariant: the same cards taken in again add nothing;
//! a card that was given out by this ledger is recognised by its `UID`.

mod card;

use daybook_core::event::customer::{ContactAdded, ContactIdentity, ContactPrivate};
use daybook_core::event::{Actor, Section, Source};
use daybook_core::id::{ContactId, CustomerCode, Label, Line, Note, RequestKey, TextError};
use daybook_core::ledger::{Batch, Mode, SubmitError};
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::App;
use crate::directory::{Holder, Match};
use crate::mail::content::request;
use crate::mail::fitted;
use crate::text::{Language, Spoken, Text};

use card::Card;

/// What became of one card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CardLine {
    /// Its place in the file, from 1.
    pub number: u64,
    /// What became of it: `added`, `known` or `refused`.
    pub became: String,
    /// The customer.
    pub customer: Option<String>,
    /// The contact it is.
    pub contact: Option<String>,
    /// Why it was refused.
    pub reason: Option<Spoken>,
    /// The refusal's code.
    pub code: Option<String>,
}

/// What became of a file of cards; `read` is the sum of the rest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContactsReport {
    /// Cards read.
    pub read: u64,
    /// Contacts added.
    pub added: u64,
    /// Cards whose contact was there already.
    pub known: u64,
    /// Cards refused.
    pub refused: u64,
    /// Each card.
    pub cards: Vec<CardLine>,
    /// The log reached this position then.
    pub position: Position,
}

/// Why cards could not be taken in.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContactsError {
    /// The ledger did not take them.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// A text did not fit, although it was cut.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Where a card belongs.
enum Place {
    Here(CustomerCode),
    Known(Holder),
    Nowhere(&'static str, Text),
}

/// Takes cards in.
///
/// # Errors
/// [`ContactsError`].
pub fn take_in(
    app: &App,
    file: &[u8],
    customer: Option<&CustomerCode>,
    who: &(Actor, Source),
    language: Language,
) -> Result<ContactsReport, ContactsError> {
    let mut report = ContactsReport::default();
    for (place, read) in card::read(file).into_iter().enumerate() {
        let number = place as u64 + 1;
        let mut line = CardLine {
            number,
            became: "refused".to_owned(),
            customer: None,
            contact: None,
            reason: None,
            code: None,
        };
        let mut refuse = |code: &str, reason: &Text| {
            line.code = Some(code.to_owned());
            line.reason = Some(reason.spoken(language));
        };
        match read {
            Err(reason) => refuse("card_unreadable", &reason),
            Ok(card) => match place_of(app, &card, customer)? {
                Place::Nowhere(code, reason) => refuse(code, &reason),
                Place::Known(holder) => {
                    line.became = "known".to_owned();
                    line.customer = Some(holder.customer.to_string());
                    line.contact = holder.contact.map(|contact| contact.to_string());
                }
                Place::Here(customer) => add(app, card, customer, who, language, &mut line)?,
            },
        }
        report.read += 1;
        match line.became.as_str() {
            "added" => report.added += 1,
            "known" => report.known += 1,
            _ => report.refused += 1,
        }
        report.cards.push(line);
    }
    report.position = app.ledger.reader().head().next;
    Ok(report)
}

/// Finds where a card belongs.
fn place_of(app: &App, card: &Card, customer: Option<&CustomerCode>) -> Result<Place, SubmitError> {
    let reader = app.ledger.reader();
    let own = format!("@{}", reader.book()?.book);
    if let Some((code, contact)) =
        card.uid.as_deref().and_then(|uid| uid.strip_suffix(&own)?.split_once('/'))
        && let (Ok(code), Ok(contact)) = (CustomerCode::new(code), ContactId::new(contact))
    {
        return Ok(Place::Known(Holder { customer: code, contact: Some(contact) }));
    }
    let mut found = Vec::new();
    for email in &card.emails {
        found.push(app.directory.by_email(reader, email)?);
    }
    for phone in &card.phones {
        found.push(app.directory.by_phone(reader, phone)?);
    }
    // Somebody at this customer has one of the addresses: that is the contact.
    for found in &found {
        if let Match::One(holder) = found
            && holder.contact.is_some()
            && customer.is_none_or(|customer| *customer == holder.customer)
        {
            return Ok(Place::Known(holder.clone()));
        }
    }
    if let Some(customer) = customer {
        return Ok(Place::Here(customer.clone()));
    }
    if let Some(organisation) = &card.organisation {
        found.push(app.directory.by_name(reader, organisation)?);
    }
    let mut several = false;
    for found in found {
        match found {
            Match::One(holder) => return Ok(Place::Here(holder.customer)),
            Match::Several(_) => several = true,
            Match::None => {}
        }
    }
    Ok(if several {
        let several = Text::fixed(
            "the card fits several customers; name one",
            "名片符合多个客户；请指明是哪一个",
        );
        Place::Nowhere("customer_ambiguous", several)
    } else {
        let none = Text::fixed(
            "nothing on the card names a customer; name one",
            "名片上没有指明客户的内容；请指明客户",
        );
        Place::Nowhere("customer_unmatched", none)
    })
}

/// Adds the contact a card describes.
fn add(
    app: &App,
    card: Card,
    customer: CustomerCode,
    who: &(Actor, Source),
    language: Language,
    line: &mut CardLine,
) -> Result<(), ContactsError> {
    let calling_code = app.ledger.reader().book()?.default_calling_code.clone();
    let readable = |phone: &String| {
        daybook_core::decide::customer::international(phone, calling_code.as_deref()).is_some()
    };
    let lines = |texts: &[String]| {
        let fit = texts.iter().filter_map(|text| fitted(text, Line::SIZE_BYTES_MAX, false));
        fit.map(Line::new).collect::<Result<Vec<Line>, TextError>>()
    };
    let phones: Vec<String> = card.phones.iter().filter(|phone| readable(phone)).cloned().collect();
    let notes = card.note.as_deref().and_then(|note| fitted(note, 2000, true));
    let private = match (card.birthday, notes) {
        (None, None) => None,
        (birthday, notes) => {
            let notes = notes.map(Note::new).transpose()?;
            Some(Section::Open(ContactPrivate { birthday, notes }))
        }
    };
    let role = card.role.as_deref().and_then(|role| fitted(role, Label::SIZE_BYTES_MAX, false));
    let name = fitted(&card.name, Line::SIZE_BYTES_MAX, false).unwrap_or_else(|| "?".to_owned());
    let added = ContactAdded {
        contact: ContactId::default(),
        role: role.map(Label::new).transpose()?,
        main: false,
        consent: false,
        identity: Section::Open(ContactIdentity {
            name: Line::new(name)?,
            phones: lines(&phones)?,
            emails: lines(&card.emails)?,
        }),
        private,
    };
    let mut asked = request(Some(&customer), app.clock.now(), key(&card)?, added);
    asked.effective_at = None;
    let (actor, source) = who.clone();
    let batch = Batch { actor, source, units: vec![vec![asked]], mode: Mode::Commit };
    let answer = app.ledger.submit_blocking(batch)?;
    line.customer = Some(customer.to_string());
    match answer.units.into_iter().next() {
        Some(Ok(outcomes)) => {
            let repeated = outcomes.iter().all(|outcome| outcome.repeated);
            line.became = if repeated { "known" } else { "added" }.to_owned();
        }
        Some(Err(refusal)) if refusal.rejection.code() == "idempotency_key_reused" => {
            line.became = "known".to_owned();
        }
        Some(Err(refusal)) => {
            line.code = Some(refusal.rejection.code().to_owned());
            line.reason = Some(Spoken::refusal(&refusal.rejection, language));
        }
        None => {}
    }
    Ok(())
}

/// Returns the key by which a card is recognised: its `UID`, else what it says.
fn key(card: &Card) -> Result<RequestKey, TextError> {
    let mut digest = Sha256::new();
    match &card.uid {
        Some(uid) => digest.update(uid.as_bytes()),
        None => {
            let words = [&card.name].into_iter().chain(&card.emails).chain(&card.phones);
            for word in words {
                digest.update((word.len() as u64).to_le_bytes());
                digest.update(word.as_bytes());
            }
        }
    }
    RequestKey::new(format!("vcard:{}", daybook_core::codec::layout::hex(&digest.finalize())))
}

/// Writes the contacts of one customer, or of all, as vCards.
///
/// # Errors
/// [`SubmitError`] when the log cannot be read.
pub fn give_out(app: &App, customer: Option<&CustomerCode>) -> Result<String, SubmitError> {
    let reader = app.ledger.reader();
    let book = reader.book()?.book;
    let (cards, _) = app.directory.cards(reader, customer)?;
    let mut text = String::new();
    for (code, organisation, card) in cards {
        let uid = format!("{code}/{}@{book}", card.contact);
        card::write(&mut text, &uid, organisation.as_deref(), &card);
    }
    Ok(text)
}
