//! Customers that may be one: found by name, e-mail address, telephone or tax number before anything
//! is taken, among the files' own and those on file. Nothing is decided here; a person looks.

use std::collections::HashMap;

use daybook_core::decide::Command;
use daybook_core::event::customer::CustomerField;
use daybook_core::id::CustomerCode;
use daybook_core::ledger::{SubmitError, Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lookup::Known;
use crate::directory::Match;

/// The most that are reported.
const DUPLICATES_MAX: usize = 100;

/// Two customers that share something that is mostly one's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Duplicate {
    /// The customer that would be registered.
    pub customer: CustomerCode,
    /// The one it may be.
    pub other: CustomerCode,
    /// Whether the other is on file, not only in the files.
    pub on_file: bool,
    /// What they share.
    pub field: CustomerField,
    /// What stands there.
    pub value: String,
}

/// What customers share mostly with nobody.
const TELLING: [CustomerField; 4] =
    [CustomerField::Name, CustomerField::Email, CustomerField::Phone, CustomerField::TaxNumber];

/// Looks for them while an import is rehearsed.
#[derive(Debug, Default)]
pub struct Search {
    seen: HashMap<(CustomerField, String), CustomerCode>,
    /// What was found.
    pub found: Vec<Duplicate>,
}

impl Search {
    /// Looks at the registrations of a unit.
    ///
    /// # Errors
    /// [`SubmitError`] when the directory cannot be read.
    pub fn look(&mut self, unit: &Unit, known: &Known<'_>) -> Result<(), SubmitError> {
        for request in unit {
            let (Some(customer), Command::RegisterCustomer(register)) =
                (&request.customer, &request.command)
            else {
                continue;
            };
            for field in TELLING {
                if let Some(value) = register.details.get(&field) {
                    self.compare(customer, field, value.as_str(), known)?;
                }
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        customer: &CustomerCode,
        field: CustomerField,
        value: &str,
        known: &Known<'_>,
    ) -> Result<(), SubmitError> {
        if self.found.len() >= DUPLICATES_MAX {
            return Ok(());
        }
        let reader = known.ledger.reader();
        let on_file = match field {
            CustomerField::Name => known.directory.by_name(reader, value)?,
            CustomerField::Email => known.directory.by_email(reader, value)?,
            CustomerField::Phone => known.directory.by_phone(reader, value)?,
            _ => Match::None,
        };
        let on_file = match on_file {
            Match::None => None,
            Match::One(holder) => Some(holder.customer),
            Match::Several(customers) => customers.into_iter().find(|other| other != customer),
        };
        let word = (field, plain(value));
        let in_files = self.seen.get(&word).cloned();
        let others = [(on_file, true), (in_files, false)];
        let other = others.into_iter().find_map(|(other, on_file)| {
            other.filter(|other| other != customer).map(|other| (other, on_file))
        });
        match other {
            Some((other, on_file)) => self.found.push(Duplicate {
                customer: customer.clone(),
                other,
                on_file,
                field,
                value: value.to_owned(),
            }),
            None => {
                self.seen.insert(word, customer.clone());
            }
        }
        Ok(())
    }
}

/// Leaves only letters and digits, in small letters: what writing differs in least.
fn plain(value: &str) -> String {
    value.chars().filter(|sign| sign.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
