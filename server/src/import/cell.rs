//! One cell of a mapping: where its text comes from, and what is made of it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use daybook_core::money::{Currency, Money};
use daybook_core::time::{Date, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::decimal::{Decimal, Marks, without_currency};
use super::mapping::MappingError;
use super::node::{BadValue, EMPTY, Row, Text, TextSource, json};
use super::template::Template;
use crate::text::Text as Told;

/// A cell as a mapping writes it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellText {
    column: Option<toml::Value>,
    template: Option<String>,
    value: Option<String>,
    table: Option<toml::Value>,
    gives: Option<toml::Value>,
    map: Option<BTreeMap<String, toml::Value>>,
    otherwise: Option<toml::Value>,
    /// Values the map does not have stay as they are.
    #[serde(default)]
    keep: bool,
    default: Option<String>,
    #[serde(default)]
    optional: bool,
    pad: Option<usize>,
    date: Option<Formats>,
    instant: Option<Formats>,
    /// Of an effective time: a date, or date and time.
    format: Option<Formats>,
    zone: Option<String>,
    time: Option<String>,
    money: Option<String>,
    thousands: Option<String>,
    decimal: Option<String>,
    /// Columns whose numbers are added.
    #[serde(default)]
    plus: Vec<String>,
    /// A column whose number the sum is multiplied by.
    times: Option<String>,
    /// Added up over the rows of the document.
    #[serde(default)]
    sum: bool,
    /// Taken with the other sign.
    #[serde(default)]
    negate: bool,
    #[serde(default)]
    integer: bool,
    /// What a whole number is multiplied by.
    scale: Option<i64>,
    #[serde(default)]
    boolean: bool,
}

/// One format, or several of which the first that fits counts.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Formats {
    One(String),
    Several(Vec<String>),
}

/// A cell ready to be read.
#[derive(Debug, Clone)]
pub struct Cell {
    source: Text,
    map: Option<BTreeMap<String, Value>>,
    otherwise: Option<Value>,
    keep: bool,
    default: Option<String>,
    optional: bool,
    pad: usize,
    conversion: Conversion,
}

#[derive(Debug, Clone)]
enum Conversion {
    Text,
    Boolean,
    Date { formats: Vec<String> },
    Instant { formats: Vec<String>, zone: Option<chrono_tz::Tz>, time: chrono::NaiveTime },
    Integer { scale: Decimal, sums: Sums },
    Money { currency: Template, sums: Sums },
}

/// What is done with numbers.
#[derive(Debug, Clone)]
struct Sums {
    marks: Marks,
    plus: Vec<Template>,
    times: Option<Template>,
    over_document: bool,
    negate: bool,
}

impl From<Formats> for Vec<String> {
    fn from(formats: Formats) -> Vec<String> {
        match formats {
            Formats::One(format) => vec![format],
            Formats::Several(formats) => formats,
        }
    }
}

impl CellText {
    /// Reads a template or the table of a cell.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn of(field: &str, value: toml::Value) -> Result<Cell, MappingError> {
        let text = match value {
            toml::Value::String(template) => {
                CellText { template: Some(template), ..CellText::default() }
            }
            other => CellText::deserialize(other).map_err(|error| MappingError::Field {
                field: field.to_owned(),
                problem: error.message().to_owned(),
            })?,
        };
        text.read(field)
    }

    /// Reads the cell; `instant` cells may say `format` instead.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn read(mut self, field: &str) -> Result<Cell, MappingError> {
        let source = TextSource {
            column: self.column.take(),
            template: self.template.take(),
            value: self.value.take(),
            table: self.table.take(),
            gives: self.gives.take(),
        };
        let source = source.read(field)?;
        let map = self.map.take();
        let map = map.map(|map| map.into_iter().map(|(key, value)| (key, json(value))).collect());
        let (otherwise, default) = (self.otherwise.take().map(json), self.default.take());
        let (keep, optional, pad) = (self.keep, self.optional, self.pad.unwrap_or_default());
        let conversion = self.conversion(field)?;
        Ok(Cell { source, map, otherwise, keep, default, optional, pad, conversion })
    }

    fn conversion(self, field: &str) -> Result<Conversion, MappingError> {
        let unclear =
            |problem: &'static str| MappingError::Cell { field: field.to_owned(), problem };
        let sums = self.sums(&unclear)?;
        let calculates = !sums.plus.is_empty()
            || sums.times.is_some()
            || sums.over_document
            || sums.negate
            || self.scale.is_some();
        let instant = self.instant.or(self.format);
        let given = [self.date.is_some(), instant.is_some(), self.money.is_some()];
        let given = given.into_iter().chain([self.integer, self.boolean]);
        if given.filter(|given| *given).count() > 1 {
            return Err(unclear("says more than one of date, instant, money, integer and boolean"));
        }
        if calculates && !self.integer && self.money.is_none() {
            return Err(unclear("calculates, but is neither money nor integer"));
        }
        if let Some(formats) = self.date {
            return Ok(Conversion::Date { formats: formats.into() });
        }
        if let Some(formats) = instant {
            let zone = self.zone.as_ref().map(|zone| zone.parse::<chrono_tz::Tz>());
            let zone = zone.transpose().map_err(|_| unclear("names an unknown time zone"))?;
            let time = self.time.as_deref().unwrap_or("00:00");
            let time = chrono::NaiveTime::parse_from_str(time, "%H:%M");
            let time = time.map_err(|_| unclear("has a time that is not like 09:30"))?;
            return Ok(Conversion::Instant { formats: formats.into(), zone, time });
        }
        if let Some(currency) = &self.money {
            let currency = Template::parse(currency)?;
            if currency.constant().is_some_and(|code| code.parse::<Currency>().is_err()) {
                return Err(unclear("names a currency that is not an ISO 4217 code"));
            }
            return Ok(Conversion::Money { currency, sums });
        }
        Ok(match (self.integer, self.boolean) {
            (true, _) => {
                let scale = Decimal::plain(&self.scale.unwrap_or(1).to_string());
                Conversion::Integer { scale: scale.unwrap_or_default(), sums }
            }
            (false, true) => Conversion::Boolean,
            (false, false) => Conversion::Text,
        })
    }

    fn sums(&self, unclear: &dyn Fn(&'static str) -> MappingError) -> Result<Sums, MappingError> {
        let sign = |text: &Option<String>, problem| match text.as_deref() {
            None => Ok(None),
            Some(text) => match (text.chars().next(), text.chars().count()) {
                (Some(sign), 1) => Ok(Some(sign)),
                _ => Err(unclear(problem)),
            },
        };
        let decimal = sign(&self.decimal, "has a decimal mark of several characters")?;
        let thousands = sign(&self.thousands, "has a thousands mark of several characters")?;
        let decimal = decimal.unwrap_or('.');
        if thousands == Some(decimal) {
            return Err(unclear("has one mark for thousands and decimals"));
        }
        Ok(Sums {
            marks: Marks { thousands, decimal },
            plus: self.plus.iter().map(|column| Template::column(column)).collect(),
            times: self.times.as_deref().map(Template::column),
            over_document: self.sum,
            negate: self.negate,
        })
    }
}

impl Cell {
    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.source.bind(header)?;
        let sums = match &mut self.conversion {
            Conversion::Money { currency, sums } => {
                currency.bind(header)?;
                sums
            }
            Conversion::Integer { sums, .. } => sums,
            _ => return Ok(()),
        };
        sums.plus.iter_mut().try_for_each(|column| column.bind(header))?;
        sums.times.iter_mut().try_for_each(|column| column.bind(header))
    }

    /// Returns where the text comes from.
    pub const fn text(&self) -> &Text {
        &self.source
    }

    fn bad(&self, value: &str, reason: impl Into<Told>) -> BadValue {
        let value = value.chars().take(200).collect();
        BadValue { column: self.source.columns(), value, reason: reason.into() }
    }

    /// Returns the value for a row; nothing when it is empty and may be.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn value(&self, row: &Row<'_>) -> Result<Option<Value>, BadValue> {
        let mut text = self.source.render(row)?;
        if let Some(map) = &self.map {
            match map.get(&text).or(self.otherwise.as_ref()) {
                Some(Value::String(mapped)) => text.clone_from(mapped),
                Some(mapped) => return Ok(Some(mapped.clone())),
                None if text.is_empty() || self.keep => {}
                None => {
                    return Err(self.bad(
                        &text,
                        ("the mapping's map does not have it", "映射的 map 中没有它"),
                    ));
                }
            }
        }
        if text.is_empty() {
            match &self.default {
                Some(default) => text.clone_from(default),
                None if self.optional => return Ok(None),
                None => return Err(self.bad("", EMPTY)),
            }
        }
        if text.len() < self.pad && text.bytes().all(|byte| byte.is_ascii_digit()) {
            text = format!("{text:0>width$}", width = self.pad);
        }
        self.convert(text, row).map(Some)
    }

    /// Returns the text for a row, as customers' codes and the like need it.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn as_text(&self, row: &Row<'_>) -> Result<Option<String>, BadValue> {
        Ok(self.value(row)?.map(|value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }

    /// Returns the amount for a row.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn amount(&self, row: &Row<'_>) -> Result<Option<Money>, BadValue> {
        let value = self.value(row)?;
        Ok(value.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// Returns the instant for a row.
    ///
    /// # Errors
    /// [`BadValue`].
    pub fn instant(&self, row: &Row<'_>) -> Result<Option<Timestamp>, BadValue> {
        let value = self.value(row)?;
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

    fn convert(&self, text: String, row: &Row<'_>) -> Result<Value, BadValue> {
        match &self.conversion {
            Conversion::Text => Ok(Value::String(text)),
            Conversion::Boolean => match text.to_lowercase().as_str() {
                "true" | "yes" | "y" | "1" | "是" | "有" | "对" => Ok(Value::Bool(true)),
                "false" | "no" | "n" | "0" | "否" | "无" | "没有" => Ok(Value::Bool(false)),
                _ => Err(self.bad(&text, ("it is neither yes nor no", "既不是“是”也不是“否”"))),
            },
            Conversion::Date { formats } => {
                let mut dates = formats.iter().filter_map(|format| day(&text, format));
                match dates.next() {
                    Some(date) => Ok(Value::String(Date::from_chrono(date).to_string())),
                    None => Err(self.bad_date(("date", "日期"), &text, formats)),
                }
            }
            Conversion::Instant { formats, zone, time } => {
                self.to_instant(&text, formats, zone.unwrap_or(row.zone), *time)
            }
            Conversion::Integer { scale, sums } => {
                let number = self.calculate(&text, row, sums, &|text| Ok(text.to_owned()))?;
                let number = number.times(*scale).and_then(Decimal::whole);
                let unfit = ("it is not a whole number", "不是整数");
                number.map(Value::from).ok_or_else(|| self.bad(&text, unfit))
            }
            Conversion::Money { currency, sums } => self.to_money(&text, currency, row, sums),
        }
    }

    fn bad_date(&self, (en, zh): (&str, &str), text: &str, formats: &[String]) -> BadValue {
        let en = format!("it is not a {en} of the form {}", formats.join(" or "));
        self.bad(text, (en, format!("不是形式为 {} 的{zh}", formats.join(" 或 "))))
    }

    fn to_instant(
        &self,
        text: &str,
        formats: &[String],
        zone: chrono_tz::Tz,
        time: chrono::NaiveTime,
    ) -> Result<Value, BadValue> {
        for format in formats {
            if let Ok(instant) = chrono::DateTime::parse_from_str(text, format) {
                return Ok(Value::String(Timestamp::from_chrono(instant).to_string()));
            }
            let local = NaiveDateTime::parse_from_str(text, format).ok();
            let Some(local) = local.or_else(|| day(text, format).map(|day| day.and_time(time)))
            else {
                continue;
            };
            // A wall time that a change of clocks skips is taken an hour later.
            let instant = zone.from_local_datetime(&local).earliest().or_else(|| {
                zone.from_local_datetime(&(local + chrono::Duration::hours(1))).earliest()
            });
            let instant = instant.ok_or_else(|| {
                self.bad(text, ("the zone has no such time", "该时区没有这一时刻"))
            })?;
            return Ok(Value::String(Timestamp::from_chrono(instant).to_string()));
        }
        Err(self.bad_date(("time", "时间"), text, formats))
    }

    fn to_money(
        &self,
        text: &str,
        currency: &Template,
        row: &Row<'_>,
        sums: &Sums,
    ) -> Result<Value, BadValue> {
        let code = currency.render(row);
        let currency: Currency = code.parse().map_err(|_| {
            let en = format!("its currency {code:?} is not an ISO 4217 code");
            self.bad(text, (en, format!("其货币 {code:?} 不是 ISO 4217 代码")))
        })?;
        let plain = |text: &str| {
            without_currency(text, currency.as_str()).ok_or_else(|| {
                let en = format!("it has the sign of another currency than {code}");
                self.bad(text, (en, format!("带有 {code} 以外的货币符号")))
            })
        };
        let amount = self.calculate(text, row, sums, &plain)?;
        let money =
            Money::parse(&amount.to_string(), currency).map_err(|error| self.bad(text, &error))?;
        Ok(serde_json::json!({ "minor": money.minor, "currency": currency.as_str() }))
    }

    /// Adds, multiplies and sums up as the mapping says.
    fn calculate(
        &self,
        text: &str,
        row: &Row<'_>,
        sums: &Sums,
        plain: &dyn Fn(&str) -> Result<String, BadValue>,
    ) -> Result<Decimal, BadValue> {
        let number = |text: &str| -> Result<Decimal, BadValue> {
            let read = Decimal::read(&plain(text)?, sums.marks);
            read.ok_or_else(|| self.bad(text, ("it is not a number", "不是数字")))
        };
        let too_long = || self.bad(text, ("the result has too many digits", "计算结果的位数过多"));
        let of_row = |text: &str, row: &Row<'_>| -> Result<Decimal, BadValue> {
            let mut sum = number(text)?;
            for column in &sums.plus {
                let more = column.render(row);
                if !more.is_empty() {
                    sum = sum.plus(number(&more)?).ok_or_else(too_long)?;
                }
            }
            match &sums.times {
                Some(column) => sum.times(number(&column.render(row))?).ok_or_else(too_long),
                None => Ok(sum),
            }
        };
        let result = if sums.over_document {
            let mut result = Decimal::default();
            for row in row.each() {
                let text = self.source.render(&row)?;
                if !text.is_empty() {
                    result = result.plus(of_row(&text, &row)?).ok_or_else(too_long)?;
                }
            }
            result
        } else {
            of_row(text, row)?
        };
        Ok(if sums.negate { result.negated() } else { result })
    }
}

/// Reads a day. `excel` is the format of days that a spreadsheet wrote as numbers.
fn day(text: &str, format: &str) -> Option<NaiveDate> {
    if format == "excel" {
        let days: i64 = text.split('.').next()?.parse().ok()?;
        let first = NaiveDate::from_ymd_opt(1899, 12, 30)?;
        return (days > 59).then(|| first.checked_add_signed(chrono::Duration::days(days)))?;
    }
    NaiveDate::parse_from_str(text, format).ok()
}
