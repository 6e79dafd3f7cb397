//! Decisions of the customer family: E07, E08, E14.

use super::{Context, Decide, Draft, Rejection};
use crate::event::assignment::Holder;
use crate::event::customer::{
    ContactAdded, CustomerDetailsChanged, CustomerField, CustomerRegistered,
};
use crate::event::{Envelope, Section};
use crate::id::Line;

/// What decisions know of one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {}

impl Decide for CustomerRegistered {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if state.is_registered() {
            return Err(Rejection::AlreadyRegistered {});
        }
        context.refuse_future("the effective time", context.effective_at)?;
        if let Some(day) = self.first_contact_on {
            context.refuse_future_day("the day of the first contact", day)?;
        }
        let names = |change: &crate::event::customer::MarkChange| {
            change.field == CustomerField::Name && change.new.is_some()
        };
        if !self.details.marks.iter().any(names) {
            return Err(Rejection::NameMissing {});
        }
        self.details.check(state.profile())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        let profile = state.profile_mut();
        profile.kind = Some(self.kind);
        profile.currency = self.currency;
        profile.owner = self.owner.clone().map(Holder::user);
        self.details.fold(profile);
    }
}

impl Decide for CustomerDetailsChanged {
    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        if self.details.is_empty() {
            return Err(Rejection::NothingChanges { what: "the customer's details" });
        }
        let unnamed = |change: &crate::event::customer::MarkChange| {
            change.field == CustomerField::Name && change.new.is_none()
        };
        if self.details.marks.iter().any(unnamed) {
            return Err(Rejection::NameMissing {});
        }
        self.details.check(state.profile())
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        self.details.fold(state.profile_mut());
    }
}

impl Decide for ContactAdded {
    fn complete(&mut self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        if self.contact.is_empty() {
            self.contact = super::next_id::<Contact, _>(state, "contact", "P")?;
        }
        let Section::Open(identity) = &mut self.identity else { return Ok(()) };
        let calling_code = context.book.default_calling_code.as_deref();
        for (index, phone) in identity.phones.iter_mut().enumerate() {
            *phone = international(phone.as_str(), calling_code)
                .and_then(|text| Line::new(text).ok())
                .ok_or(Rejection::PhoneUnreadable { number: index + 1 })?;
        }
        Ok(())
    }

    fn check(&self, context: &Context<'_>, state: &Draft<'_>) -> Result<(), Rejection> {
        context.require_customer(state)?;
        super::refuse_taken::<Contact>(state, "contact", self.contact.as_str())?;
        match &state.profile().main_contact {
            Some(contact) if self.main => {
                Err(Rejection::MainContactTaken { contact: contact.as_str().into() })
            }
            _ => Ok(()),
        }
    }

    fn fold(&self, _envelope: &Envelope, state: &mut Draft<'_>) {
        state.insert(self.contact.as_str(), Contact {});
        if self.main {
            state.profile_mut().main_contact = Some(self.contact.clone());
        }
    }
}

/// Brings a phone number into the international form of E.164: a plus sign and 6 to 15 digits.
/// A number without a plus sign or 00 gets the calling code, its trunk zero dropped (not in Italy,
/// where the zero stays).
pub fn international(phone: &str, calling_code: Option<&str>) -> Option<String> {
    let mut digits = String::with_capacity(16);
    let mut plus = false;
    let phone = phone.replace("(0)", "").replace("（0）", "");
    for character in phone.chars() {
        match character {
            '0'..='9' => digits.push(character),
            '０'..='９' => digits.push(char::from_digit(character as u32 - '０' as u32, 10)?),
            '+' | '＋' if !plus && digits.is_empty() => plus = true,
            ' ' | '\u{a0}' | '\u{3000}' | '-' | '‐' | '‑' | '–' | '—' | '.' | '(' | ')' | '（'
            | '）' | '[' | ']' => {}
            _ => return None,
        }
    }
    let full = if plus {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let code = calling_code?.trim_start_matches('+');
        let local = match code {
            "39" => digits.as_str(),
            _ => digits.strip_prefix('0').unwrap_or(&digits),
        };
        format!("{code}{local}")
    };
    let valid = (6..=15).contains(&full.len())
        && !full.starts_with('0')
        && full.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| format!("+{full}"))
}
