//! Exports: events as a file for other programs, and the check that such a file is whole.
//!
//! The way out: [`row`] says what is told of an event, a form ([`jsonl`], [`table`], [`workbook`])
//! writes rows, `write` walks the log and hands the bytes on. The way back: [`mod@check`]
//! says whether all rows of a file are there and none is changed.
//!
//! Invariant: every file says what was asked, on what basis, how many rows and sums it holds and
//! what their digest is, so that a reader can tell a whole file from a part of one.

pub mod cell;
pub mod check;
pub mod jsonl;
pub mod row;
pub mod table;
pub mod workbook;
pub mod write;

use std::collections::BTreeMap;

use daybook_core::event::transfer::ExportFormat;
use daybook_core::id::{ActorId, BookId, EventId, LegalEntity};
use daybook_core::ledger::SubmitError;
use daybook_core::money::{Currency, Money};
use daybook_core::position::Position;
use daybook_core::time::Timestamp;
use daybook_projections::Amounts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::basis::BasisView;
use row::Row;

/// The version of the files' form, raised when something in it changes its meaning.
pub const FORM_VERSION: u32 = 1;

/// What a file was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Origin {
    /// The version of the file's form.
    pub version: u32,
    /// The file's form.
    #[schemars(with = "String")]
    pub format: ExportFormat,
    /// Which ledger.
    pub book: BookId,
    /// The ledger's name.
    pub name: String,
    /// The owner's currency.
    pub functional_currency: Option<Currency>,
    /// The owner's legal entities.
    pub legal_entities: Vec<LegalEntity>,
    /// What was asked for.
    pub query: Asked,
    /// What the file rests on.
    pub basis: BasisView,
    /// Whether personal sections are open in the file.
    pub personal: bool,
    /// Whether it carries the content of attached files.
    #[serde(default)]
    pub files: bool,
    /// When it was made.
    pub exported_at: Timestamp,
    /// Who asked for it.
    pub exported_by: ActorId,
    /// The event that notes the export in the ledger.
    pub noted_at: Position,
    /// The id of that event.
    pub noted_as: EventId,
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Only this customer's events.
    pub customer: Option<String>,
    /// Only events of this kind.
    pub kind: Option<String>,
    /// Only what was so at or after this instant.
    pub since: Option<Timestamp>,
    /// From this position on.
    pub from: Position,
    /// Before this position.
    pub before: Position,
}

impl Asked {
    /// Tells whether nothing of the ledger was left out up to the file's basis.
    pub fn is_everything(&self, basis: &BasisView) -> bool {
        self.customer.is_none()
            && self.kind.is_none()
            && self.since.is_none()
            && basis.as_of.is_none()
            && self.from == Position(0)
    }
}

/// What a file holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holds {
    /// Rows, one an event.
    pub rows: u64,
    /// Rows of events that count nowhere at the basis.
    pub voided: u64,
    /// Personal sections that stayed sealed, not being asked for.
    pub sealed_sections: u64,
    /// Personal sections whose key was destroyed.
    pub erased_sections: u64,
    /// Attached files whose content is in the file.
    #[serde(default)]
    pub files: u64,
    /// The bytes of their content.
    #[serde(default)]
    pub files_size_bytes: u64,
    /// Attached files that rows name and whose content is not in the file: not asked for, erased,
    /// missing or damaged.
    #[serde(default)]
    pub files_left_out: u64,
    /// The position of the first row.
    pub first: Option<Position>,
    /// The position of the last row.
    pub last: Option<Position>,
    /// Sums of the column `amount`, one a currency, in order of currency.
    pub sums: Vec<Sum>,
    /// Rows and sums by kind, in order of kind.
    pub kinds: Vec<OfKind>,
    /// SHA-256 over the rows as the reference says, in hex.
    pub digest: String,
}

/// A sum in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sum {
    /// The currency.
    pub currency: Currency,
    /// The decimal text, such as `1234.50`.
    pub amount: String,
}

/// The rows of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OfKind {
    /// The kind.
    pub kind: String,
    /// Its rows.
    pub rows: u64,
    /// Sums of their amounts.
    pub sums: Vec<Sum>,
}

/// What stands at the end of a table, or beside it: all a file says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    /// What it was made of.
    pub export: Origin,
    /// What it holds.
    pub export_end: Holds,
}

/// What is counted of a row.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// Its place in the log.
    pub position: Position,
    /// Its kind.
    pub kind: &'a str,
    /// Whether it counts nowhere.
    pub voided: bool,
    /// Personal sections that stayed sealed.
    pub sealed_sections: u32,
    /// Personal sections whose key was destroyed.
    pub erased_sections: u32,
    /// The event's own amount.
    pub amount: Option<Money>,
}

impl<'a> From<&'a Row> for Counted<'a> {
    fn from(row: &'a Row) -> Counted<'a> {
        Counted {
            position: row.position,
            kind: &row.kind,
            voided: row.voided_by.is_some(),
            sealed_sections: row.sealed_sections,
            erased_sections: row.erased_sections,
            amount: row.amount,
        }
    }
}

/// Counts and sums rows as they go by.
#[derive(Debug, Default)]
pub struct Tally {
    holds: Holds,
    sums: Amounts,
    kinds: BTreeMap<String, (u64, Amounts)>,
}

impl Tally {
    /// Takes one row in.
    pub fn add(&mut self, row: &Counted<'_>) {
        let holds = &mut self.holds;
        holds.rows += 1;
        holds.voided += u64::from(row.voided);
        holds.sealed_sections += u64::from(row.sealed_sections);
        holds.erased_sections += u64::from(row.erased_sections);
        holds.first = holds.first.or(Some(row.position));
        holds.last = Some(row.position);
        if !self.kinds.contains_key(row.kind) {
            self.kinds.insert(row.kind.to_owned(), Default::default());
        }
        if let Some((rows, sums)) = self.kinds.get_mut(row.kind) {
            *rows += 1;
            row.amount.iter().for_each(|amount| sums.add(amount));
        }
        row.amount.iter().for_each(|amount| self.sums.add(amount));
    }

    /// Counts an attached file: the bytes of its content, or nothing when it is left out.
    pub fn add_file(&mut self, size_bytes: Option<u64>) {
        match size_bytes {
            Some(size_bytes) => {
                self.holds.files += 1;
                self.holds.files_size_bytes += size_bytes;
            }
            None => self.holds.files_left_out += 1,
        }
    }

    /// Returns what the rows were, with their digest.
    pub fn finish(self, digest: String) -> Holds {
        let of_kind = |(kind, (rows, sums))| OfKind { kind, rows, sums: sums_of(&sums) };
        Holds {
            sums: sums_of(&self.sums),
            kinds: self.kinds.into_iter().map(of_kind).collect(),
            digest,
            ..self.holds
        }
    }
}

fn sums_of(sums: &Amounts) -> Vec<Sum> {
    let sum = |(currency, minor)| Sum { currency, amount: decimal(minor, currency) };
    sums.iter().map(sum).collect()
}

/// Writes a sum that may be wider than an amount.
fn decimal(minor: i128, currency: Currency) -> String {
    match i64::try_from(minor) {
        Ok(minor) => Money::new(minor, currency).decimal(),
        Err(_) => {
            let places = 10i128.pow(currency.exponent());
            let (whole, part) = (minor / places, (minor % places).unsigned_abs());
            let width = currency.exponent() as usize;
            if width == 0 { whole.to_string() } else { format!("{whole}.{part:0width$}") }
        }
    }
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] SubmitError),
    /// The workbook could not be made.
    #[error("the workbook could not be written")]
    Workbook(#[from] rust_xlsxwriter::XlsxError),
    /// Something was not to be written as JSON.
    #[error("a row could not be written")]
    Json(#[from] serde_json::Error),
    /// The bytes were not taken.
    #[error("the file could not be handed on")]
    Write(#[from] std::io::Error),
}
