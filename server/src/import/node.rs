//! How a field of a command gets its value from a row.
//!
//! In a mapping a text is a template, a number or truth value a constant, a list a list, and a table
//! either an object of further fields or, when it says `column`, `template` or `value`, a cell with
//! what is to be done to it (map, date, instant, money, integer ...).

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use daybook_core::money::{Currency, Money};
use daybook_core::time::{Date, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::csv::Record;
use super::mapping::MappingError;
use super::template::Template;

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Node {
    /// The same for every row.
    Constant(Value),
    /// A text with columns in it.
    Text(Template),
    /// A cell that is converted.
    Cell(Box<Cell>),
    /// Further fields.
    Object(Vec<(String, Node)>),
    /// Several values.
    List(Vec<Node>),
}

/// A cell as a mapping writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellText {
    column: Option<String>,
    template: Option<String>,
    value: Option<String>,
    map: Option<BTreeMap<String, toml::Value>>,
    otherwise: Option<toml::Value>,
    /// Values the map does not have stay as they are.
    #[serde(default)]
    keep: bool,
    default: Option<String>,
    #[serde(default)]
    optional: bool,
    date: Option<String>,
    instant: Option<String>,
    /// Of an effective time: a date, or date and time.
    format: Option<String>,
    zone: Option<String>,
    time: Option<String>,
    money: Option<String>,
    thousands: Option<String>,
    decimal: Option<String>,
    #[serde(default)]
    integer: bool,
    #[serde(default)]
    boolean: bool,
}

/// A cell ready to be read.
#[derive(Debug, Clone)]
pub struct Cell {
    source: Template,
    map: Option<BTreeMap<String, Value>>,
    otherwise: Option<Value>,
    keep: bool,
    default: Option<String>,
    optional: bool,
    conversion: Conversion,
}

#[derive(Debug, Clone)]
enum Conversion {
    Text,
    Integer,
    Boolean,
    Date { format: String },
    Instant { format: String, zone: Option<chrono_tz::Tz>, time: chrono::NaiveTime },
    Money { currency: Template, thousands: Option<char>, decimal: char },
}

/// Why a cell has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// The column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why it does not do.
    pub reason: String,
}

impl CellText {
    /// Reads the cell; `instant` cells may say `format` instead.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn read(self, field: &str) -> Result<Cell, MappingError> {
        let unclear =
            |problem: &'static str| MappingError::Cell { field: field.to_owned(), problem };
        let source = match (&self.column, &self.template, &self.value) {
            (Some(column), None, None) => Template::column(column),
            (None, Some(template), None) => Template::parse(template)?,
            (None, None, Some(value)) => {
                Template::parse(&value.replace('{', "{{").replace('}', "}}"))?
            }
            _ => return Err(unclear("says not exactly one of column, template and value")),
        };
        let conversion = self.conversion(field)?;
        let map = self.map.map(|map| map.into_iter().map(|(key, value)| (key, json(value))));
        Ok(Cell {
            source,
            map: map.map(Iterator::collect),
            otherwise: self.otherwise.map(json),
            keep: self.keep,
            default: self.default,
            optional: self.optional,
            conversion,
        })
    }

    fn conversion(&self, field: &str) -> Result<Conversion, MappingError> {
        let unclear =
            |problem: &'static str| MappingError::Cell { field: field.to_owned(), problem };
        let instant = self.instant.as_ref().or(self.format.as_ref());
        let given = [self.date.is_some(), instant.is_some(), self.money.is_some()];
        let given = given.into_iter().chain([self.integer, self.boolean]);
        if given.filter(|given| *given).count() > 1 {
            return Err(unclear("says more than one of date, instant, money, integer and boolean"));
        }
        let sign = |text: &Option<String>, problem| match text.as_deref() {
            None => Ok(None),
            Some(text) => match (text.chars().next(), text.chars().count()) {
                (Some(sign), 1) => Ok(Some(sign)),
                _ => Err(unclear(problem)),
            },
        };
        if let Some(format) = &self.date {
            return Ok(Conversion::Date { format: format.clone() });
        }
        if let Some(format) = instant {
            let zone = self.zone.as_ref().map(|zone| zone.parse::<chrono_tz::Tz>());
            let zone = zone.transpose().map_err(|_| unclear("names an unknown time zone"))?;
            let time = self.time.as_deref().unwrap_or("00:00");
            let time = chrono::NaiveTime::parse_from_str(time, "%H:%M");
            let time = time.map_err(|_| unclear("has a time that is not like 09:30"))?;
            return Ok(Conversion::Instant { format: format.clone(), zone, time });
        }
        if let Some(currency) = &self.money {
            let currency = Template::parse(currency)?;
            if currency.constant().is_some_and(|code| code.parse::<Currency>().is_err()) {
                return Err(unclear("names a currency that is not an ISO 4217 code"));
            }
            return Ok(Conversion::Money {
                currency,
                thousands: sign(&self.thousands, "has a thousands mark of several characters")?,
                decimal: sign(&self.decimal, "has a decimal mark of several characters")?
                    .unwrap_or('.'),
            });
        }
        Ok(match (self.integer, self.boolean) {
            (true, _) => Conversion::Integer,
            (false, true) => Conversion::Boolean,
            (false, false) => Conversion::Text,
        })
    }
}

/// Turns a TOML value into the JSON one of the same meaning; dates become their text.
pub fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text),
        toml::Value::Integer(number) => Value::from(number),
        toml::Value::Float(number) => Value::from(number),
        toml::Value::Boolean(truth) => Value::Bool(truth),
        toml::Value::Datetime(datetime) => Value::String(datetime.to_string()),
        toml::Value::Array(values) => Value::Array(values.into_iter().map(json).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(key, value)| (key, json(value))).collect())
        }
    }
}

impl Node {
    /// Reads a field of a mapping.
    ///
    /// # Errors
    /// [`MappingError`] naming the field.
    pub fn read(field: &str, value: toml::Value) -> Result<Node, MappingError> {
        match value {
            toml::Value::String(text) => {
                let template = Template::parse(&text)?;
                Ok(match template.constant() {
                    Some(constant) => Node::Constant(Value::String(constant.to_owned())),
                    None => Node::Text(template),
                })
            }
            toml::Value::Array(values) => {
                let node = |value| Node::read(field, value);
                values.into_iter().map(node).collect::<Result<_, _>>().map(Node::List)
            }
            toml::Value::Table(table) => {
                if ["column", "template", "value"].iter().any(|key| table.contains_key(*key)) {
                    let cell =
                        CellText::deserialize(toml::Value::Table(table)).map_err(|error| {
                            MappingError::Field {
                                field: field.to_owned(),
                                problem: error.message().to_owned(),
                            }
                        })?;
                    return Ok(Node::Cell(Box::new(cell.read(field)?)));
                }
                let node = |(key, value): (String, toml::Value)| {
                    let node = Node::read(&format!("{field}.{key}"), value)?;
                    Ok((key, node))
                };
                table.into_iter().map(node).collect::<Result<_, _>>().map(Node::Object)
            }
            other => Ok(Node::Constant(json(other))),
        }
    }

    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        match self {
            Node::Constant(_) => Ok(()),
            Node::Text(template) => template.bind(header),
            Node::Cell(cell) => cell.bind(header),
            Node::Object(fields) => fields.iter_mut().try_for_each(|(_, node)| node.bind(header)),
            Node::List(nodes) => nodes.iter_mut().try_for_each(|node| node.bind(header)),
        }
    }

    /// Returns the value for a row; nothing when it is left out.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn value(&self, row: &Record, zone: chrono_tz::Tz) -> Result<Option<Value>, BadValue> {
        match self {
            Node::Constant(value) => Ok(Some(value.clone())),
            Node::Text(template) => {
                let text = template.render(row);
                if text.is_empty() {
                    return Err(bad(template, &text, "it is empty"));
                }
                Ok(Some(Value::String(text)))
            }
            Node::Cell(cell) => cell.value(row, zone),
            Node::Object(fields) => {
                let mut object = serde_json::Map::with_capacity(fields.len());
                for (key, node) in fields {
                    if let Some(value) = node.value(row, zone)? {
                        object.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(object)))
            }
            Node::List(nodes) => {
                let mut list = Vec::with_capacity(nodes.len());
                for node in nodes {
                    list.extend(node.value(row, zone)?);
                }
                Ok(Some(Value::Array(list)))
            }
        }
    }
}

fn bad(source: &Template, value: &str, reason: impl Into<String>) -> BadValue {
    let value = value.chars().take(200).collect();
    BadValue { column: source.columns(), value, reason: reason.into() }
}

impl Cell {
    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.source.bind(header)?;
        match &mut self.conversion {
            Conversion::Money { currency, .. } => currency.bind(header),
            _ => Ok(()),
        }
    }

    /// Returns the value for a row; nothing when it is empty and may be.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn value(&self, row: &Record, zone: chrono_tz::Tz) -> Result<Option<Value>, BadValue> {
        let mut text = self.source.render(row);
        if let Some(map) = &self.map {
            match map.get(&text).or(self.otherwise.as_ref()) {
                Some(Value::String(mapped)) => text.clone_from(mapped),
                Some(mapped) => return Ok(Some(mapped.clone())),
                None if text.is_empty() || self.keep => {}
                None => return Err(bad(&self.source, &text, "the mapping's map does not have it")),
            }
        }
        if text.is_empty() {
            match &self.default {
                Some(default) => text.clone_from(default),
                None if self.optional => return Ok(None),
                None => return Err(bad(&self.source, "", "it is empty")),
            }
        }
        self.convert(text, row, zone).map(Some)
    }

    /// Returns the text for a row, as customers' codes and the like need it.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn text(&self, row: &Record, zone: chrono_tz::Tz) -> Result<Option<String>, BadValue> {
        Ok(self.value(row, zone)?.map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }

    /// Returns the amount for a row.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn amount(&self, row: &Record, zone: chrono_tz::Tz) -> Result<Option<Money>, BadValue> {
        let value = self.value(row, zone)?;
        Ok(value.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// Returns the instant for a row.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn instant(
        &self,
        row: &Record,
        zone: chrono_tz::Tz,
    ) -> Result<Option<Timestamp>, BadValue> {
        let value = self.value(row, zone)?;
        Ok(value.and_then(|value| value.as_str().and_then(|text| text.parse().ok())))
    }

    /// Tells whether the cell gives an instant.
    pub const fn is_instant(&self) -> bool {
        matches!(self.conversion, Conversion::Instant { .. })
    }

    /// Tells whether the cell gives an amount.
    pub const fn is_money(&self) -> bool {
        matches!(self.conversion, Conversion::Money { .. })
    }

    fn convert(&self, text: String, row: &Record, zone: chrono_tz::Tz) -> Result<Value, BadValue> {
        match &self.conversion {
            Conversion::Text => Ok(Value::String(text)),
            Conversion::Integer => match text.parse::<i64>() {
                Ok(number) => Ok(Value::from(number)),
                Err(_) => Err(bad(&self.source, &text, "it is not a whole number")),
            },
            Conversion::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "y" | "1" | "是" => Ok(Value::Bool(true)),
                "false" | "no" | "n" | "0" | "否" => Ok(Value::Bool(false)),
                _ => Err(bad(&self.source, &text, "it is neither yes nor no")),
            },
            Conversion::Date { format } => match NaiveDate::parse_from_str(&text, format) {
                Ok(date) => Ok(Value::String(Date::from_chrono(date).to_string())),
                Err(_) => Err(self.bad_date("date", &text, format)),
            },
            Conversion::Instant { format, zone: own, time } => {
                self.to_instant(&text, format, own.unwrap_or(zone), *time)
            }
            Conversion::Money { currency, thousands, decimal } => {
                let currency = currency.render(row);
                self.to_money(&text, &currency, *thousands, *decimal)
            }
        }
    }

    fn bad_date(&self, what: &str, text: &str, format: &str) -> BadValue {
        bad(&self.source, text, format!("it is not a {what} of the form {format}"))
    }

    fn to_instant(
        &self,
        text: &str,
        format: &str,
        zone: chrono_tz::Tz,
        time: chrono::NaiveTime,
    ) -> Result<Value, BadValue> {
        if let Ok(instant) = chrono::DateTime::parse_from_str(text, format) {
            return Ok(Value::String(Timestamp::from_chrono(instant).to_string()));
        }
        let local = NaiveDateTime::parse_from_str(text, format)
            .or_else(|_| NaiveDate::parse_from_str(text, format).map(|date| date.and_time(time)))
            .map_err(|_| self.bad_date("time", text, format))?;
        // A wall time that a change of clocks skips is taken an hour later.
        let instant = zone
            .from_local_datetime(&local)
            .earliest()
            .or_else(|| zone.from_local_datetime(&(local + chrono::Duration::hours(1))).earliest());
        let instant =
            instant.ok_or_else(|| bad(&self.source, text, "the zone has no such time"))?;
        Ok(Value::String(Timestamp::from_chrono(instant).to_string()))
    }

    fn to_money(
        &self,
        text: &str,
        currency: &str,
        thousands: Option<char>,
        decimal: char,
    ) -> Result<Value, BadValue> {
        let currency: Currency = currency.parse().map_err(|_| {
            bad(&self.source, text, format!("its currency {currency:?} is not an ISO 4217 code"))
        })?;
        let plain: String = text
            .chars()
            .filter(|sign| Some(*sign) != thousands)
            .map(|sign| if sign == decimal { '.' } else { sign })
            .collect();
        let money = Money::parse(&plain, currency)
            .map_err(|error| bad(&self.source, text, error.to_string()))?;
        Ok(serde_json::json!({ "minor": money.minor, "currency": currency.as_str() }))
    }
}
