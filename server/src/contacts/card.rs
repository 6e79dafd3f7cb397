//! One vCard, read and written.

use calcard::common::PartialDateTime;
use calcard::vcard::{VCard, VCardEntry, VCardProperty, VCardValue, VCardVersion};
use calcard::{Entry, Parser};
use daybook_core::time::Date;

use crate::mail::{decoded, joined};
use crate::text::Text;

const A_CALENDAR: Text = Text::fixed("this is a calendar, not a card", "这是日历，不是名片");
const NO_END: Text = Text::fixed("the card has no end", "名片没有结束");
const NOBODY: Text = Text::fixed("the card names nobody", "名片没有写明是谁");

/// What a card says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Card {
    pub uid: Option<String>,
    pub name: String,
    pub organisation: Option<String>,
    pub role: Option<String>,
    pub emails: Vec<String>,
    pub phones: Vec<String>,
    pub birthday: Option<Date>,
    pub note: Option<String>,
}

/// Reads the cards of a file, in whatever encoding it is; an entry that is none says why.
pub(super) fn read(file: &[u8]) -> Vec<Result<Card, Text>> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    let file = joined(file);
    let text = decoded(&file, None).unwrap_or_else(|| String::from_utf8_lossy(&file).into_owned());
    let mut parser = Parser::new(&text);
    let mut cards = Vec::new();
    loop {
        match parser.entry() {
            Entry::VCard(card) => cards.push(of(&card)),
            Entry::Eof => return cards,
            Entry::ICalendar(_) => cards.push(Err(A_CALENDAR)),
            Entry::UnterminatedComponent(_) => {
                cards.push(Err(NO_END));
            }
            // Lines between cards are nobody's.
            _ => {}
        }
    }
}

fn texts(card: &VCard, property: VCardProperty) -> Vec<String> {
    let entries = card.entries.iter().filter(|entry| entry.name == property);
    entries
        .filter_map(|entry| {
            let parts: Vec<&str> = entry.values.iter().filter_map(VCardValue::as_text).collect();
            let text = parts.join(" ");
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        })
        .collect()
}

fn of(card: &VCard) -> Result<Card, Text> {
    let first = |property| texts(card, property).into_iter().next();
    let name = first(VCardProperty::Fn).or_else(|| structured(card));
    let organisation =
        card.entries.iter().find(|entry| entry.name == VCardProperty::Org).and_then(|entry| {
            match entry.values.first() {
                Some(VCardValue::Component(parts)) => parts.first().cloned(),
                Some(value) => value.as_text().map(str::to_owned),
                None => None,
            }
        });
    let emails = texts(card, VCardProperty::Email);
    let tel = |text: String| text.trim_start_matches("tel:").to_owned();
    let phones: Vec<String> = texts(card, VCardProperty::Tel).into_iter().map(tel).collect();
    let known = name.or_else(|| emails.first().cloned()).or_else(|| phones.first().cloned());
    let Some(name) = known else { return Err(NOBODY) };
    Ok(Card {
        uid: first(VCardProperty::Uid),
        name,
        organisation: organisation.filter(|text| !text.trim().is_empty()),
        role: first(VCardProperty::Title).or_else(|| first(VCardProperty::Role)),
        emails,
        phones,
        birthday: birthday(card),
        note: first(VCardProperty::Note),
    })
}

/// Puts a name together from `N`: family name first where it is written in Chinese characters.
fn structured(card: &VCard) -> Option<String> {
    let entry = card.entries.iter().find(|entry| entry.name == VCardProperty::N)?;
    let parts: Vec<String> = match entry.values.first()? {
        VCardValue::Component(parts) => parts.clone(),
        _ => entry.values.iter().filter_map(VCardValue::as_text).map(str::to_owned).collect(),
    };
    let part = |index: usize| parts.get(index).map(|part| part.trim()).unwrap_or_default();
    let (family, given) = (part(0), part(1));
    let han = |text: &str| text.chars().any(|c| ('\u{3400}'..='\u{9fff}').contains(&c));
    let name = if han(family) || han(given) {
        format!("{family}{given}")
    } else {
        format!("{given} {family}").trim().to_owned()
    };
    (!name.is_empty()).then_some(name)
}

fn birthday(card: &VCard) -> Option<Date> {
    let entry = card.entries.iter().find(|entry| entry.name == VCardProperty::Bday)?;
    match entry.values.first()? {
        VCardValue::PartialDateTime(PartialDateTime {
            year: Some(year),
            month: Some(month),
            day: Some(day),
            ..
        }) => {
            let date = chrono::NaiveDate::from_ymd_opt(
                i32::from(*year),
                u32::from(*month),
                u32::from(*day),
            );
            date.map(Date::from_chrono)
        }
        value => value.as_text().and_then(|text| text.trim().parse().ok()),
    }
}

/// Writes a contact as a vCard 4.0.
pub(super) fn write(
    out: &mut String,
    uid: &str,
    organisation: Option<&str>,
    card: &crate::directory::Card,
) {
    let entry = |name: VCardProperty, text: &str| {
        VCardEntry::new(name).with_value(VCardValue::Text(text.to_owned()))
    };
    let mut entries = vec![
        entry(VCardProperty::Uid, uid),
        entry(VCardProperty::Fn, card.name.as_deref().unwrap_or("?")),
    ];
    entries.extend(organisation.map(|name| entry(VCardProperty::Org, name)));
    entries.extend(card.role.as_deref().map(|role| entry(VCardProperty::Title, role)));
    entries.extend(card.emails.iter().map(|email| entry(VCardProperty::Email, email)));
    entries.extend(card.phones.iter().map(|phone| entry(VCardProperty::Tel, phone)));
    // Writing into a String cannot fail.
    let _ = VCard { entries }.write_to(out, VCardVersion::V4_0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(file: &[u8]) -> Card {
        let mut cards = read(file);
        assert_eq!(cards.len(), 1);
        cards.remove(0).expect("a card")
    }

    #[test]
    fn cards_of_every_age_are_read() {
        let old = one(b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=CD=F5;=C0=F6;;;\r\n\
            FN;CHARSET=GBK;ENCODING=QUOTED-PRINTABLE:=CD=F5=C0=F6\r\nTEL;CELL:13800000000\r\n\
            EMAIL;INTERNET:wang@example.com\r\nEND:VCARD\r\n");
        assert_eq!(old.name, "王丽");
        assert_eq!(old.phones, ["13800000000"]);
        assert_eq!(old.emails, ["wang@example.com"]);
        let raw = one(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:\xcd\xf5\xc0\xf6\r\nORG:\xbb\xaa\xb6\xab;\xc9\xfa\xb2\xfa\r\nEND:VCARD\r\n");
        assert_eq!((raw.name.as_str(), raw.organisation.as_deref()), ("王丽", Some("华东")));
        let new = one("BEGIN:VCARD\r\nVERSION:4.0\r\nUID:u-1\r\nFN:Jane\\, Dr\r\nTITLE:Buyer\r\nTEL;VALUE=uri:tel:+44-20-7946-0000\r\nBDAY:19850501\r\nNOTE:a\\nb\r\nEND:VCARD\r\n".as_bytes());
        assert_eq!(new.name, "Jane, Dr");
        assert_eq!(new.phones, ["+44-20-7946-0000"]);
        assert_eq!(new.birthday, "1985-05-01".parse().ok());
        assert_eq!(new.note.as_deref(), Some("a\nb"));
        // Folded in the middle of a character.
        let folded =
            one(b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:\xe7\x8e\r\n \x8b\xe4\xb8\xbd\r\nEND:VCARD\r\n");
        assert_eq!(folded.name, "王丽");
        let nameless = one("BEGIN:VCARD\r\nVERSION:3.0\r\nN:李;四;;;\r\nEND:VCARD\r\n".as_bytes());
        assert_eq!(nameless.name, "李四");
    }

    #[test]
    fn what_is_written_is_read_again() {
        let card = crate::directory::Card {
            contact: daybook_core::id::ContactId::new("P-1").expect("an id"),
            name: Some("王丽; 采购, 华东".to_owned()),
            role: Some("purchasing".to_owned()),
            emails: vec!["wang@example.com".to_owned()],
            phones: vec!["+8613800000000".to_owned()],
        };
        let mut text = String::new();
        write(&mut text, "C-1/P-1@book", Some("华东机械有限公司"), &card);
        assert!(text.contains("VERSION:4.0\r\n"), "{text}");
        let read = one(text.as_bytes());
        assert_eq!(Some(read.name), card.name);
        assert_eq!(read.emails, card.emails);
        assert_eq!(read.phones, card.phones);
        assert_eq!(read.uid.as_deref(), Some("C-1/P-1@book"));
        assert_eq!(read.organisation.as_deref(), Some("华东机械有限公司"));
    }
}
