//! From the rows of one document, mostly a single row, to requests.

use std::collections::HashSet;

use daybook_core::decide::{Command, Request};
use daybook_core::id::{CustomerCode, Note, RequestKey};
use daybook_core::ledger::{SubmitError, Unit};
use daybook_core::money::{Currency, Money};
use daybook_core::position::ExpectedVersion;
use serde_json::Value;

use super::RefusedRow;
use super::lookup::{self, Found, Known, Named, Tables};
use super::mapping::{CustomerMapping, EventMapping, EventOrder, FileMapping, OncePer, Repeated};
use super::node::{BadValue, Row};
use super::source::Record;
use super::template::Template;
use crate::api::extract::unread::Unread;
use crate::text::{Language, Text};

/// What rows turn into.
#[derive(Debug)]
pub enum Planned {
    /// A request that happens once for the rows' customer; a unit before the rows' own.
    Once(RowUnit),
    /// The rows' requests.
    Row(RowUnit),
    /// A request that may be refused without hindering its row.
    Tolerant(RowUnit, Vec<String>),
    /// Left out by the mapping.
    Skipped(Amounts),
    /// They cannot be turned into requests.
    Refused(Vec<RefusedRow>, Amounts),
}

/// The amounts of rows, by currency.
pub type Amounts = Vec<(Currency, i128)>;

/// The requests of rows, and what is needed to name the rows when they are refused.
#[derive(Debug)]
pub struct RowUnit {
    /// The requests.
    pub unit: Unit,
    /// The rows.
    pub rows: Vec<Record>,
    /// Their amounts.
    pub amounts: Amounts,
    /// Their key.
    pub key: String,
}

/// What a plan stands on that the file itself does not say.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The name rows are recognised by.
    pub source: &'a daybook_core::id::ImportId,
    /// The zone of the files' times.
    pub zone: chrono_tz::Tz,
    /// The tables of the import.
    pub tables: &'a Tables,
    /// Whose rows earlier files had.
    pub named: &'a Named,
    /// The ledger.
    pub known: Known<'a>,
    /// Whether a later row may ask for the customer of a contract or invoice.
    pub asked_by_number: bool,
    /// In which language refused rows say why.
    pub language: Language,
}

/// Turns rows into requests. Remembers for which customers the once-only events were planned.
pub struct Builder<'a> {
    mapping: &'a FileMapping,
    around: Surroundings<'a>,
    header_size: usize,
    planned_once: HashSet<(CustomerCode, usize)>,
    key_columns: String,
}

/// Rows that were refused, or something broken that ends the import.
enum Stop {
    Refused(BadValue, &'static str),
    Broken(SubmitError),
}

impl From<BadValue> for Stop {
    fn from(bad: BadValue) -> Stop {
        Stop::Refused(bad, "value_invalid")
    }
}

impl<'a> Builder<'a> {
    /// Starts with a mapping whose columns were found in the file's header.
    pub fn new(
        mapping: &'a FileMapping,
        around: Surroundings<'a>,
        header_size: usize,
    ) -> Builder<'a> {
        let columns = mapping.row_key.iter().map(Template::columns);
        let key_columns = columns.collect::<Vec<_>>().join(" + ");
        Builder { mapping, around, header_size, planned_once: HashSet::new(), key_columns }
    }

    /// Returns the columns that make a row's key, for messages.
    pub fn key_columns(&self) -> &str {
        &self.key_columns
    }

    fn row<'r>(&self, record: &'r Record, document: &'r [Record]) -> Row<'r>
    where
        'a: 'r,
    {
        let (zone, tables) = (self.around.zone, self.around.tables);
        Row { record, document, number: 1, zone, tables }
    }

    /// Tells what is decided of a row by itself: that it is malformed or left out. Nothing when it
    /// belongs into a document.
    pub fn alone(&self, record: &Record) -> Option<Planned> {
        if let Some((place, malformed)) = record.problem(self.header_size) {
            let bad = BadValue {
                column: place.column.to_string(),
                value: String::new(),
                reason: malformed.text(),
            };
            let mut row = self.refused(record, bad, "row_malformed");
            row.line = place.line;
            return Some(Planned::Refused(vec![row], Amounts::new()));
        }
        let document = std::slice::from_ref(record);
        let row = self.row(record, document);
        let skipped = self.mapping.skip.iter().any(|condition| condition.holds(&row));
        skipped.then(|| Planned::Skipped(self.amounts(document)))
    }

    /// Returns what makes a row part of a document; nothing when every row is one, or when it names
    /// none.
    pub fn document_key(&self, record: &Record) -> Option<String> {
        let row = self.row(record, std::slice::from_ref(record));
        let parts: Vec<String> =
            self.mapping.document.iter().map(|part| part.render(&row)).collect();
        (!parts.iter().all(String::is_empty)).then(|| parts.join("|"))
    }

    /// Turns the rows of one document into what they are planned to become.
    ///
    /// # Errors
    /// [`SubmitError`] when the ledger cannot be asked.
    pub fn plan(
        &mut self,
        mut rows: Vec<Record>,
        planned: &mut Vec<Planned>,
    ) -> Result<(), SubmitError> {
        if self.mapping.repeated == Repeated::Skip && rows.len() > 1 {
            let mut kept: Vec<Record> = Vec::with_capacity(rows.len());
            let mut seen = HashSet::new();
            for row in rows {
                if !seen.insert(row.fields_lossy()) {
                    planned.push(Planned::Skipped(self.amounts(std::slice::from_ref(&row))));
                } else {
                    kept.push(row);
                }
            }
            rows = kept;
        }
        match self.try_plan(&mut rows, planned) {
            Ok(()) => Ok(()),
            Err(Stop::Broken(error)) => Err(error),
            Err(Stop::Refused(bad, code)) => {
                let amounts = self.amounts(&rows);
                let each = rows.iter().map(|row| self.refused(row, bad.clone(), code));
                planned.push(Planned::Refused(each.collect(), amounts));
                Ok(())
            }
        }
    }

    fn try_plan(&mut self, rows: &mut Vec<Record>, planned: &mut Vec<Planned>) -> Result<(), Stop> {
        let Some(first) = rows.first() else { return Ok(()) };
        let row = self.row(first, rows);
        let key = self.key(&row)?;
        let customer = self.customer(&row)?;
        if let Some(cell) = &self.mapping.amount {
            row.each().try_for_each(|row| cell.amount(&row).map(|_| ()))?;
        }
        let (mut unit, mut once, mut tolerant) = (Vec::new(), Vec::new(), Vec::new());
        for (index, event) in self.mapping.events.iter().enumerate() {
            if !event.when.iter().all(|condition| condition.holds(&row)) {
                continue;
            }
            let is_once = event.once_per == Some(OncePer::Customer);
            if is_once && self.planned_once.contains(&(customer.clone(), index)) {
                continue;
            }
            let of = if is_once { format!("customer:{customer}") } else { key.clone() };
            let request = self.request(event, index + 1, &of, &customer, &row)?;
            if is_once {
                once.push((index, request));
            } else if event.tolerate.is_empty() {
                unit.push(request);
            } else {
                tolerant.push((request, event.tolerate.clone()));
            }
        }
        if self.mapping.order == EventOrder::Time {
            unit.sort_by_key(|request| request.effective_at);
        }
        self.remember(&row, &unit, &customer);
        let amounts = self.amounts(rows);
        if unit.is_empty() && once.is_empty() && tolerant.is_empty() {
            planned.push(Planned::Skipped(amounts));
            return Ok(());
        }
        let part = |request, rows| RowUnit {
            unit: vec![request],
            rows,
            amounts: Amounts::new(),
            key: key.clone(),
        };
        for (index, request) in once {
            // Every request stands alone: a customer known from elsewhere is no reason to refuse.
            planned.push(Planned::Once(part(request, rows.clone())));
            self.planned_once.insert((customer.clone(), index));
        }
        let tolerant: Vec<_> = tolerant
            .into_iter()
            .map(|(request, tolerate)| Planned::Tolerant(part(request, Vec::new()), tolerate))
            .collect();
        let rows = std::mem::take(rows);
        planned.push(Planned::Row(RowUnit { unit, rows, amounts, key: key.clone() }));
        planned.extend(tolerant);
        Ok(())
    }

    /// Sums the amounts of rows, as far as they can be read.
    fn amounts(&self, rows: &[Record]) -> Amounts {
        let mut amounts = Amounts::new();
        let Some(cell) = &self.mapping.amount else { return amounts };
        for record in rows {
            let row = self.row(record, std::slice::from_ref(record));
            let Ok(Some(Money { minor, currency })) = cell.amount(&row) else { continue };
            match amounts.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, sum)) => *sum += i128::from(minor),
                None => amounts.push((currency, i128::from(minor))),
            }
        }
        amounts
    }

    /// Remembers whose row, contract or invoice it is, where a later row may ask.
    fn remember(&self, row: &Row<'_>, unit: &Unit, customer: &CustomerCode) {
        if self.mapping.remembered {
            for row in row.each() {
                if let Ok(key) = self.row_key(&row) {
                    self.around.named.note(&self.mapping.name, &key, customer);
                }
            }
        }
        if !self.around.asked_by_number {
            return;
        }
        for request in unit {
            match &request.command {
                Command::SignContract(signed) => {
                    self.around.named.note(lookup::CONTRACT, signed.contract.as_str(), customer);
                }
                Command::IssueInvoice(issued) => {
                    self.around.named.note(lookup::INVOICE, issued.invoice.as_str(), customer);
                }
                _ => {}
            }
        }
    }

    fn key(&self, row: &Row<'_>) -> Result<String, BadValue> {
        match self.document_key(row.record) {
            Some(key) => Ok(key),
            None => self.row_key(row),
        }
    }

    fn row_key(&self, row: &Row<'_>) -> Result<String, BadValue> {
        let parts: Vec<String> =
            self.mapping.row_key.iter().map(|column| column.render(row)).collect();
        if parts.iter().all(String::is_empty) {
            let column = self.key_columns.clone();
            let reason = Text::fixed(
                "the row's key is empty; the row could not be recognised again",
                "行的键为空，以后无法再认出该行",
            );
            return Err(BadValue { column, value: String::new(), reason });
        }
        Ok(parts.join("|"))
    }

    fn customer(&self, row: &Row<'_>) -> Result<CustomerCode, Stop> {
        let code = |text: String| {
            CustomerCode::new(&text).map_err(|error| BadValue {
                column: "customer".to_owned(),
                value: text,
                reason: Text::from(&error),
            })
        };
        let (by, file, key, otherwise) = match &self.mapping.customer {
            CustomerMapping::Code(cell) => {
                return Ok(code(cell.as_text(row)?.unwrap_or_default())?);
            }
            CustomerMapping::Found { by, file, key, otherwise } => (*by, file, key, otherwise),
        };
        let text = key.as_text(row)?.unwrap_or_default();
        let found = if text.is_empty() {
            Found::None
        } else {
            let Surroundings { known, named, .. } = self.around;
            known.find(by, file, &text, named).map_err(Stop::Broken)?
        };
        let bad = |reason| BadValue { column: key.text().columns(), value: text.clone(), reason };
        match (found, otherwise) {
            (Found::One(customer), _) => Ok(customer),
            (Found::None, Some(cell)) => Ok(code(cell.as_text(row)?.unwrap_or_default())?),
            (Found::None, None) => Err(Stop::Refused(
                bad(Text::fixed("no customer is found by it", "以此找不到客户")),
                "customer_not_found",
            )),
            (Found::Several(customers), _) => {
                let names = customers.iter().take(5).map(CustomerCode::as_str);
                let names = names.collect::<Vec<_>>().join(", ");
                let reason = Text::from((
                    format!("several customers are found by it: {names}"),
                    format!("以此找到多个客户：{names}"),
                ));
                Err(Stop::Refused(bad(reason), "customer_ambiguous"))
            }
        }
    }

    fn request(
        &self,
        event: &EventMapping,
        number: usize,
        of: &str,
        customer: &CustomerCode,
        row: &Row<'_>,
    ) -> Result<Request, BadValue> {
        let unfit = |field: &str, value: String, reason: Text| {
            let column = format!("event {number} ({}){field}", event.command);
            BadValue { column, value, reason }
        };
        let mut fields = serde_json::Map::with_capacity(event.fields.len());
        for (name, node) in &event.fields {
            if let Some(value) = node.value(row)? {
                fields.insert(name.clone(), value);
            }
        }
        let command = serde_json::Map::from_iter([(event.command.clone(), Value::Object(fields))]);
        let command = Command::read(Value::Object(command)).map_err(|error| {
            unfit("", String::new(), Unread::of(&error.to_string()).tell("", "").detail)
        })?;
        let effective = event.effective.as_ref().or(self.mapping.effective.as_ref());
        let effective_at = match effective {
            Some(cell) => cell.instant(row)?,
            None => None,
        };
        let (source, file) = (self.around.source, &self.mapping.name);
        let key = if file.is_empty() {
            format!("import:{source}:{of}:{number}")
        } else {
            format!("import:{source}:{file}:{of}:{number}")
        };
        let key = RequestKey::new(&key).map_err(|error| unfit(" key", key, Text::from(&error)))?;
        let reason = event.reason.as_ref().map(|reason| reason.render(row));
        let reason = reason.filter(|reason| !reason.is_empty()).map(|reason| {
            Note::new(&reason).map_err(|error| unfit(" reason", reason, Text::from(&error)))
        });
        Ok(Request {
            customer: Some(customer.clone()),
            effective_at,
            expected_version: ExpectedVersion::Any,
            idempotency_key: Some(key),
            reason: reason.transpose()?,
            corrects: None,
            command,
        })
    }

    /// Names a refused row.
    fn refused(&self, row: &Record, bad: BadValue, code: &str) -> RefusedRow {
        RefusedRow {
            file: String::new(),
            line: row.line,
            column: bad.column,
            value: bad.value,
            reason: bad.reason.spoken(self.around.language),
            code: code.to_owned(),
            hint: None,
            fields: row.fields_lossy(),
        }
    }
}
