//! From one row to requests.

use std::collections::HashSet;

use daybook_core::decide::{Command, Request};
use daybook_core::id::{CustomerCode, Note, RequestKey};
use daybook_core::ledger::Unit;
use daybook_core::money::Money;
use daybook_core::position::ExpectedVersion;
use serde_json::Value;

use super::RefusedRow;
use super::csv::Record;
use super::mapping::{EventMapping, Mapping, OncePer};
use super::node::BadValue;

/// What a row turns into.
#[derive(Debug)]
pub enum Planned {
    /// Requests that happen once for the row's customer; a unit before the row's own.
    Once(RowUnit),
    /// The row's requests.
    Row(RowUnit),
    /// Left out by the mapping.
    Skipped,
    /// It cannot be turned into requests.
    Refused(RefusedRow),
}

/// A row's requests, and what is needed to name the row when they are refused.
#[derive(Debug)]
pub struct RowUnit {
    /// The line it starts on.
    pub line: u64,
    /// The requests.
    pub unit: Unit,
    /// The row's amount.
    pub amount: Option<Money>,
    /// The row's key.
    pub key: String,
    /// The row's fields.
    pub fields: Vec<String>,
}

/// Turns rows into requests. Remembers for which customers the once-only events were planned.
#[derive(Debug)]
pub struct Builder {
    mapping: Mapping,
    zone: chrono_tz::Tz,
    header_size: usize,
    planned_once: HashSet<CustomerCode>,
    key_columns: String,
}

impl Builder {
    /// Starts with a mapping whose columns were found in the file's header.
    pub fn new(mapping: Mapping, book_zone: chrono_tz::Tz, header_size: usize) -> Builder {
        let columns = mapping.row_key.iter().map(super::template::Template::columns);
        let key_columns = columns.collect::<Vec<_>>().join(" + ");
        let zone = mapping.zone.unwrap_or(book_zone);
        Builder { mapping, zone, header_size, planned_once: HashSet::new(), key_columns }
    }

    /// Returns the columns that make a row's key, for messages.
    pub fn key_columns(&self) -> &str {
        &self.key_columns
    }

    /// Turns one row into what it is planned to become.
    pub fn plan(&mut self, row: &Record, planned: &mut Vec<Planned>) {
        match self.try_plan(row, planned) {
            Ok(()) => {}
            Err(refused) => planned.push(Planned::Refused(*refused)),
        }
    }

    fn try_plan(
        &mut self,
        row: &Record,
        planned: &mut Vec<Planned>,
    ) -> Result<(), Box<RefusedRow>> {
        if let Some((place, malformed)) = row.problem(self.header_size) {
            let bad = BadValue {
                column: place.column.to_string(),
                value: String::new(),
                reason: malformed.to_string(),
            };
            return Err(refused(row, bad, "row_malformed", None));
        }
        let invalid = |bad| refused(row, bad, "value_invalid", None);
        if self.mapping.skip.iter().any(|condition| condition.holds(row)) {
            planned.push(Planned::Skipped);
            return Ok(());
        }
        let key = self.row_key(row).map_err(invalid)?;
        let customer = self.customer(row).map_err(invalid)?;
        let amount = match &self.mapping.amount {
            Some(cell) => cell.amount(row, self.zone).map_err(invalid)?,
            None => None,
        };
        let (mut once, mut unit) = (Unit::new(), Unit::new());
        for (index, event) in self.mapping.events.iter().enumerate() {
            if !event.when.iter().all(|condition| condition.holds(row)) {
                continue;
            }
            let is_once = event.once_per == Some(OncePer::Customer);
            if is_once && self.planned_once.contains(&customer) {
                continue;
            }
            let of = if is_once { format!("customer:{customer}") } else { key.clone() };
            let request = self.request(event, index + 1, &of, &customer, row)?;
            if is_once { once.push(request) } else { unit.push(request) }
        }
        let row_unit = |unit, amount| RowUnit {
            line: row.line,
            unit,
            amount,
            key: key.clone(),
            fields: row.fields_lossy(),
        };
        let nothing = unit.is_empty() && once.is_empty();
        if !once.is_empty() {
            // Every request stands alone: a customer known from elsewhere is no reason to refuse.
            once.into_iter().for_each(|request| {
                planned.push(Planned::Once(row_unit(vec![request], None)));
            });
            self.planned_once.insert(customer);
        }
        planned.push(if nothing { Planned::Skipped } else { Planned::Row(row_unit(unit, amount)) });
        Ok(())
    }

    fn row_key(&self, row: &Record) -> Result<String, BadValue> {
        let parts: Vec<String> =
            self.mapping.row_key.iter().map(|column| column.render(row)).collect();
        if parts.iter().all(String::is_empty) {
            let column = self.key_columns.clone();
            let reason = "the row's key is empty; the row could not be recognised again".to_owned();
            return Err(BadValue { column, value: String::new(), reason });
        }
        Ok(parts.join("|"))
    }

    fn customer(&self, row: &Record) -> Result<CustomerCode, BadValue> {
        let text = self.mapping.customer.text(row, self.zone)?.unwrap_or_default();
        CustomerCode::new(&text).map_err(|error| BadValue {
            column: "customer".to_owned(),
            value: text,
            reason: error.to_string(),
        })
    }

    fn request(
        &self,
        event: &EventMapping,
        number: usize,
        of: &str,
        customer: &CustomerCode,
        row: &Record,
    ) -> Result<Request, Box<RefusedRow>> {
        let invalid = |bad| refused(row, bad, "value_invalid", None);
        let unfit = |field: &str, value: String, reason: String| {
            let column = format!("event {number} ({}){field}", event.command);
            invalid(BadValue { column, value, reason })
        };
        let mut fields = serde_json::Map::with_capacity(event.fields.len() + 1);
        fields.insert("command".to_owned(), Value::String(event.command.clone()));
        for (name, node) in &event.fields {
            if let Some(value) = node.value(row, self.zone).map_err(invalid)? {
                fields.insert(name.clone(), value);
            }
        }
        let command = serde_json::from_value::<Command>(Value::Object(fields))
            .map_err(|error| unfit("", String::new(), error.to_string()))?;
        let effective = event.effective.as_ref().or(self.mapping.effective.as_ref());
        let effective_at = match effective {
            Some(cell) => cell.instant(row, self.zone).map_err(invalid)?,
            None => None,
        };
        let key = format!("import:{}:{of}:{number}", self.mapping.source);
        let key = RequestKey::new(&key).map_err(|error| unfit(" key", key, error.to_string()))?;
        let reason = event.reason.as_ref().map(|reason| reason.render(row));
        let reason = reason.filter(|reason| !reason.is_empty()).map(|reason| {
            Note::new(&reason).map_err(|error| unfit(" reason", reason, error.to_string()))
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
}

/// Names a refused row.
pub fn refused(row: &Record, bad: BadValue, code: &str, hint: Option<&str>) -> Box<RefusedRow> {
    Box::new(RefusedRow {
        line: row.line,
        column: bad.column,
        value: bad.value,
        reason: bad.reason,
        code: code.to_owned(),
        hint: hint.map(str::to_owned),
        fields: row.fields_lossy(),
    })
}
