//! What a file refers to: rows of other files of the import, and records of the ledger.

use std::collections::HashMap;
use std::sync::Mutex;

use daybook_core::event::UniqueKey;
use daybook_core::id::{ContractNumber, CustomerCode, InvoiceNumber};
use daybook_core::ledger::{Ledger, SubmitError};

use super::source::{Record, SourceError, Table};
use crate::directory::{Directory, Match};

/// The tables of an import, by name.
pub type Tables = HashMap<String, Columns>;

/// The columns of a table that a mapping asks for, by the table's key.
#[derive(Debug, Default)]
pub struct Columns {
    /// The file it was read from.
    pub file: String,
    names: Vec<String>,
    rows: HashMap<String, Box<[Box<str>]>>,
}

/// Why a table cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Its file cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A column that is not there.
    #[error("the mapping names the column {column:?}; the columns of {file} are {columns}")]
    Column {
        /// The column.
        column: String,
        /// The file.
        file: String,
        /// What it has.
        columns: String,
    },
    /// Two rows with one key and different content.
    #[error("lines of {file} give {key:?} twice, with different content (line {line})")]
    Ambiguous {
        /// The file.
        file: String,
        /// The key.
        key: String,
        /// The line of the second.
        line: u64,
    },
}

impl Columns {
    /// Reads a table into memory: its key and the columns asked for. Rows that are malformed or have
    /// no key are not in it.
    ///
    /// # Errors
    /// [`TableError`].
    pub fn read(
        file: &str,
        table: Table,
        key: &str,
        wanted: &[String],
    ) -> Result<Columns, TableError> {
        let Table { columns, mut rows, .. } = table;
        let place = |name: &String| {
            let found = columns.iter().position(|column| column == name);
            found.ok_or_else(|| TableError::Column {
                column: name.clone(),
                file: file.to_owned(),
                columns: columns.join(", "),
            })
        };
        let key = place(&key.to_owned())?;
        let places = wanted.iter().map(place).collect::<Result<Vec<usize>, _>>()?;
        let mut read =
            Columns { file: file.to_owned(), names: wanted.to_vec(), rows: HashMap::new() };
        let mut record = Record::default();
        while rows.read(&mut record)? {
            let word = record.field(key).trim();
            if record.problem(columns.len()).is_some() || word.is_empty() {
                continue;
            }
            let values = places.iter().map(|place| Box::from(record.field(*place).trim()));
            let values: Box<[Box<str>]> = values.collect();
            match read.rows.get(word) {
                Some(known) if *known != values => {
                    let (file, key) = (file.to_owned(), word.to_owned());
                    return Err(TableError::Ambiguous { file, key, line: record.line });
                }
                Some(_) => {}
                None => {
                    read.rows.insert(word.to_owned(), values);
                }
            }
        }
        Ok(read)
    }

    /// Returns what a row gives in a column.
    pub fn get(&self, key: &str, column: &str) -> Option<&str> {
        let place = self.names.iter().position(|name| name == column)?;
        self.rows.get(key)?.get(place).map(|value| &**value)
    }
}

/// How a row's customer is found when its own file does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The customer of a row of another file of the import.
    File,
    /// Who signed the contract.
    Contract,
    /// Whose invoice it is.
    Invoice,
    /// Who has the e-mail address.
    Email,
    /// Who has the telephone number.
    Phone,
    /// Who is called so.
    Name,
}

/// The customers that files of this import have named, by step and row key, or by number.
#[derive(Debug, Default)]
pub struct Named {
    known: Mutex<HashMap<(String, String), CustomerCode>>,
}

impl Named {
    /// Remembers whose row, contract or invoice it is.
    pub fn note(&self, what: &str, key: &str, customer: &CustomerCode) {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.insert((what.to_owned(), key.to_owned()), customer.clone());
    }

    fn get(&self, what: &str, key: &str) -> Option<CustomerCode> {
        let known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.get(&(what.to_owned(), key.to_owned())).cloned()
    }
}

/// Where contracts and invoices are remembered.
pub const CONTRACT: &str = "#contract";
/// Where invoices are remembered.
pub const INVOICE: &str = "#invoice";

/// The ledger as an import asks it.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The ledger.
    pub ledger: &'a Ledger,
    /// Who has which address.
    pub directory: &'a Directory,
}

/// What was found.
pub enum Found {
    /// One customer.
    One(CustomerCode),
    /// None.
    None,
    /// Several.
    Several(Vec<CustomerCode>),
}

impl Known<'_> {
    /// Finds a customer.
    ///
    /// # Errors
    /// [`SubmitError`] when the log cannot be read.
    pub fn find(&self, by: By, file: &str, key: &str, named: &Named) -> Result<Found, SubmitError> {
        let reader = self.ledger.reader();
        let holder = |what: &str, number: Option<UniqueKey>| -> Result<Found, SubmitError> {
            if let Some(customer) = named.get(what, key) {
                return Ok(Found::One(customer));
            }
            let Some(number) = number else { return Ok(Found::None) };
            Ok(reader.holder(&number)?.map_or(Found::None, Found::One))
        };
        let matched = |found: Match| match found {
            Match::None => Found::None,
            Match::One(holder) => Found::One(holder.customer),
            Match::Several(customers) => Found::Several(customers),
        };
        match by {
            By::File => holder(file, None),
            By::Contract => {
                holder(CONTRACT, ContractNumber::new(key).ok().map(UniqueKey::Contract))
            }
            By::Invoice => holder(INVOICE, InvoiceNumber::new(key).ok().map(UniqueKey::Invoice)),
            By::Email => self.directory.by_email(reader, key).map(matched),
            By::Phone => self.directory.by_phone(reader, key).map(matched),
            By::Name => self.directory.by_name(reader, key).map(matched),
        }
    }
}
