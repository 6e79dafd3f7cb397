//! Customers come on file, by an import of the old list and one by one; their contacts and what
//! changes in their files.

use std::collections::BTreeMap;

use daybook_core::decide::command::{ChangeCustomerDetails, RegisterCustomer};
use daybook_core::event::Section;
use daybook_core::event::customer::{
    ContactAdded, ContactIdentity, ContactPrivate, CustomerField, CustomerKind, CustomerSource,
};
use daybook_core::id::{CustomerCode, Line, Note, TextError};

use super::calendar::{FIRST_DAY, Moment, day};
use super::cast::{
    CARDS, Card, DIRECTOR, EN_FAMILY, EN_GIVEN, EN_STREETS, IMPORTED, ROLES, SALES, Tongue,
    ZH_FAMILY, ZH_GIVEN, ZH_STREETS,
};
use super::landmarks::DUPLICATES;
use super::pen::{Party, Pen, Told, text, user};
use super::{imports, words};

/// The digits of the first customer's code.
const FIRST_CODE: u32 = 1001;

/// Puts everybody on file.
pub(super) fn arrive(pen: &mut Pen) -> Result<Vec<Party>, TextError> {
    let mut parties = Vec::with_capacity(CARDS.len());
    let mut rows = Vec::new();
    for (index, card) in CARDS.iter().enumerate() {
        let imported = index < IMPORTED;
        let moment = if imported { old_day(pen) } else { new_day(pen, index) };
        let party = party(pen, index, card, moment)?;
        let details = details(pen, &party)?;
        let command = register(pen, &party, imported, details)?;
        if imported {
            rows.push(pen.request(moment, &party, command)?);
        } else {
            pen.tell(moment, party.owner, &party, command)?;
        }
        parties.push(party);
    }
    imports::customers(pen, rows)?;
    imports::balances(pen, &parties)?;
    for party in &mut parties {
        contacts(pen, party)?;
    }
    Ok(parties)
}

/// A day in earlier years, written down by the import.
fn old_day(pen: &mut Pen) -> Moment {
    let first = day(2019, 3, 1).plus_days(pen.dice.between(0, 2000));
    Moment::told_on(first, FIRST_DAY, 9 * 60 + 30)
}

/// A day of the year; the duplicates come some months after their originals.
fn new_day(pen: &mut Pen, index: usize) -> Moment {
    let place = i32::try_from(index - IMPORTED).unwrap_or_default();
    let date = FIRST_DAY.plus_days(4 + place * 7 + pen.dice.between(0, 5));
    Moment::some_time(&mut pen.dice, date)
}

fn party(
    pen: &mut Pen,
    index: usize,
    card: &'static Card,
    since: Moment,
) -> Result<Party, TextError> {
    let digits = FIRST_CODE + u32::try_from(index).unwrap_or_default();
    let (currency, entity) = match card.tongue {
        Tongue::Chinese => (pen.cny, "ECP-SH"),
        Tongue::English => (pen.usd, "ECP-HK"),
    };
    Ok(Party {
        code: text(&format!("C-{digits}"))?,
        digits,
        card,
        contacts: Vec::new(),
        since,
        owner: pen.dice.pick(&SALES),
        currency,
        entity: text(entity)?,
        oldest_first: index >= IMPORTED && index.is_multiple_of(2),
    })
}

fn register(
    pen: &mut Pen,
    party: &Party,
    imported: bool,
    details: BTreeMap<CustomerField, Note>,
) -> Result<RegisterCustomer, TextError> {
    let referred = !imported && pen.dice.chance(20);
    let source = match (imported, referred) {
        (true, _) => CustomerSource::Import,
        (_, true) => CustomerSource::Referral,
        _ if pen.dice.chance(30) => CustomerSource::Campaign,
        _ if pen.dice.chance(50) => CustomerSource::Web,
        _ => CustomerSource::Phone,
    };
    let provenance = match source {
        CustomerSource::Import => Some("customers-2024.csv"),
        CustomerSource::Campaign => Some("CIMT 2025 北京机床展"),
        _ => None,
    };
    let referrer = format!("C-{}", 1001 + pen.dice.below(18));
    Ok(RegisterCustomer {
        kind: party.card.kind,
        source,
        referrer: if referred { Some(text::<CustomerCode>(&referrer)?) } else { None },
        provenance: provenance.map(text::<Line>).transpose()?,
        currency: Some(party.currency),
        owner: Some(user(party.owner)?),
        first_contact_on: Some(party.since.day()),
        duplicates: None,
        verified_by: if imported { None } else { Some(user(DIRECTOR)?) },
        details,
    })
}

fn details(pen: &mut Pen, party: &Party) -> Result<BTreeMap<CustomerField, Note>, TextError> {
    use CustomerField as F;
    let card = party.card;
    let phone = match twin(party) {
        // Both entries of one company carry its one number: that is how it is noticed.
        Some(original) => phone(card, original),
        None => phone(card, party.digits),
    };
    let staff = pen.dice.pick(&["15-49", "50-199", "200-499", "500-999", "1000+"]);
    let mut said = vec![
        (F::Name, card.name.to_owned()),
        (F::Address, address(pen, card)),
        (F::Phone, phone),
        (F::City, card.city.to_owned()),
        (F::Industry, card.industry.to_owned()),
    ];
    match card.tongue {
        Tongue::Chinese => {
            said.push((F::Country, "中国".to_owned()));
            said.push((F::Province, card.region.to_owned()));
        }
        Tongue::English => said.push((F::Country, card.region.to_owned())),
    }
    if card.kind != CustomerKind::Person {
        said.push((F::StaffSize, staff.to_owned()));
        said.push((F::YearEstablished, pen.dice.between(1978, 2019).to_string()));
        said.push((
            F::BankAccount,
            format!("6222{:04}{:08}", party.digits, pen.dice.below(99_999_999)),
        ));
    }
    said.into_iter().map(|(field, value)| Ok((field, text(&value)?))).collect()
}

/// Returns the digits of the entry of the same company, for the second of a pair.
fn twin(party: &Party) -> Option<u32> {
    let pair = DUPLICATES.iter().find(|(_, second)| *second == party.code.as_str())?;
    pair.0.strip_prefix("C-")?.parse().ok()
}

/// Returns the number of a switchboard; abroad with the country's and town's codes.
fn phone(card: &Card, digits: u32) -> String {
    match card.tongue {
        Tongue::Chinese => format!("400-8{:02}-{digits:04}", digits % 90 + 10),
        Tongue::English => format!("{} {}", area(card), 550_000 + digits * 10),
    }
}

fn area(card: &Card) -> &'static str {
    match card.region {
        "Germany" => "+49 731",
        "Australia" => "+61 2 49",
        "Norway" => "+47 55",
        "United Kingdom" => "+44 114",
        "Italy" => "+39 030",
        "Canada" => "+1 519",
        "Netherlands" => "+31 40",
        "France" => "+33 4",
        "New Zealand" => "+64 3",
        "Singapore" => "+65 67",
        "Estonia" => "+372 6",
        "Chile" => "+56 55",
        _ => "+1 216",
    }
}

fn address(pen: &mut Pen, card: &Card) -> String {
    let number = pen.dice.between(2, 398);
    match card.tongue {
        Tongue::Chinese if card.region == card.city => {
            format!("{}市{}{number}号", card.city, pen.dice.pick(&ZH_STREETS))
        }
        Tongue::Chinese => {
            format!("{}省{}市{}{number}号", card.region, card.city, pen.dice.pick(&ZH_STREETS))
        }
        Tongue::English => {
            format!("{number} {}, {}, {}", pen.dice.pick(&EN_STREETS), card.city, card.region)
        }
    }
}

/// Adds one to three contacts; the first is the main one.
fn contacts(pen: &mut Pen, party: &mut Party) -> Told {
    let person = party.card.kind == CustomerKind::Person;
    let count = if person { 1 } else { pen.dice.between(1, 3) };
    let mut moment = Moment { effective: party.since.recorded, recorded: party.since.recorded };
    for number in 1..=count {
        // The main contact comes within the hour, so that everything later can name them.
        let next = if number == 1 {
            moment.soon(&mut pen.dice, 3, 40)
        } else {
            moment.later(&mut pen.dice, 1, 60)
        };
        let Some(next) = next else { break };
        moment = next;
        let contact = contact(pen, party, number)?;
        if number == 1 {
            party.contacts.push(contact.contact.clone());
            party.since = moment;
        }
        pen.tell(moment, party.owner, party, contact)?;
    }
    Ok(())
}

fn contact(pen: &mut Pen, party: &Party, number: i32) -> Result<ContactAdded, TextError> {
    let tongue = party.card.tongue;
    let alone = party.card.kind == CustomerKind::Person;
    let name = match tongue {
        _ if alone => party.card.name.split('(').next().unwrap_or_default().to_owned(),
        Tongue::Chinese => {
            format!("{}{}", pen.dice.pick(&ZH_FAMILY), pen.dice.pick(&ZH_GIVEN))
        }
        Tongue::English => {
            format!("{} {}", pen.dice.pick(&EN_GIVEN), pen.dice.pick(&EN_FAMILY))
        }
    };
    let phone = match tongue {
        Tongue::Chinese => format!("138{:08}", pen.dice.below(99_999_999)),
        Tongue::English => format!("{} {:06}", area(party.card), pen.dice.below(999_999)),
    };
    let mail = format!("contact{number}@c{}.example", party.digits);
    let private = if pen.dice.chance(40) {
        let birthday = day(1962, 1, 1).plus_days(pen.dice.between(0, 14_000));
        let notes = text(words::taste(&mut pen.dice, tongue))?;
        Some(Section::Open(ContactPrivate { birthday: Some(birthday), notes: Some(notes) }))
    } else {
        None
    };
    Ok(ContactAdded {
        contact: text(&format!("P-{number}"))?,
        role: Some(text(pen.dice.pick(&ROLES))?),
        main: number == 1,
        consent: pen.dice.chance(70),
        identity: Section::Open(ContactIdentity {
            name: text(&name)?,
            phones: vec![text(&phone)?],
            emails: vec![text(&mail)?],
        }),
        private,
    })
}

/// Tells what changes in a customer's file over the year.
pub(super) fn changes(pen: &mut Pen, party: &Party) -> Told {
    let mut moment = party.since;
    for _ in 0..pen.dice.between(0, 2 + party.card.weight) {
        let Some(next) = moment.later(&mut pen.dice, 20, 110) else { break };
        moment = next;
        let number = pen.number();
        let tongue = party.card.tongue;
        let (field, value) = match (pen.dice.below(5), tongue) {
            (0, _) => (CustomerField::Phone, phone(party.card, 2000 + number)),
            (1, Tongue::Chinese) => {
                (CustomerField::Potential, format!("计划明年采购{number}万元设备"))
            }
            (1, Tongue::English) => {
                (CustomerField::Potential, format!("Plans to invest {number} thousand next year"))
            }
            (2, Tongue::Chinese) => {
                (CustomerField::Address, format!("{}市高新区{number}号", party.card.city))
            }
            (2, Tongue::English) => {
                (CustomerField::Address, format!("{number} New Plant Road, {}", party.card.city))
            }
            (3, _) => (CustomerField::StaffSize, format!("{}", 20 + number)),
            _ => (CustomerField::BankAccount, format!("6217{:04}{number:08}", party.digits)),
        };
        let change = ChangeCustomerDetails {
            provenance: None,
            set: BTreeMap::from([(field, Some(text(&value)?))]),
            expected: BTreeMap::new(),
        };
        pen.tell(moment, party.owner, party, change)?;
    }
    Ok(())
}
