//! A mapping as it is written: TOML, read into what it means.

use serde::Deserialize;

use daybook_core::id::ImportId;

use super::{
    CustomerMapping, EventMapping, EventOrder, FileMapping, Mapping, MappingError, OncePer,
    Repeated, TableMapping, commands, unfit,
};
use crate::import::cell::CellText;
use crate::import::condition::{ConditionText, ConditionsText};
use crate::import::lookup::By;
use crate::import::node::Node;
use crate::import::source::{Form, encoding_named};
use crate::import::template::Template;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingText {
    import: HeadText,
    #[serde(default)]
    table: Vec<TableText>,
    #[serde(default)]
    file: Vec<FileText>,
    #[serde(default)]
    event: Vec<EventText>,
}

#[derive(Debug, Deserialize)]
struct HeadText {
    source: String,
    zone: Option<String>,
    #[serde(flatten)]
    rows: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableText {
    name: String,
    file: String,
    key: String,
    delimiter: Option<String>,
    encoding: Option<String>,
    header: Option<usize>,
    sheet: Option<String>,
    entry: Option<String>,
}

#[derive(Debug, Deserialize)]
struct FileText {
    name: String,
    file: String,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    event: Vec<EventText>,
    #[serde(flatten)]
    rows: toml::Table,
}

/// What `[import]` says of the one file, or each `[[file]]` of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RowsText {
    delimiter: Option<String>,
    encoding: Option<String>,
    header: Option<usize>,
    sheet: Option<String>,
    entry: Option<String>,
    row_key: Vec<String>,
    #[serde(default)]
    document: Vec<String>,
    #[serde(default)]
    repeated: Repeated,
    customer: toml::Value,
    #[serde(default)]
    skip: Vec<ConditionText>,
    effective: Option<toml::Value>,
    amount: Option<toml::Value>,
    #[serde(default)]
    order: EventOrder,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventText {
    command: String,
    once_per: Option<OncePer>,
    when: Option<ConditionsText>,
    effective: Option<CellText>,
    reason: Option<String>,
    #[serde(default)]
    tolerate: Vec<String>,
    #[serde(default)]
    fields: toml::Table,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundText {
    file: Option<String>,
    key: Option<toml::Value>,
    contract: Option<toml::Value>,
    invoice: Option<toml::Value>,
    email: Option<toml::Value>,
    phone: Option<toml::Value>,
    name: Option<toml::Value>,
    otherwise: Option<toml::Value>,
}

/// Reads a mapping; what its files ask of each other is not connected yet.
pub(super) fn read(text: &str) -> Result<Mapping, MappingError> {
    let read: MappingText = toml::from_str(text)
        .map_err(|error| MappingError::Syntax { problem: syntax(text, &error) })?;
    let HeadText { source, zone, rows } = read.import;
    let zone = zone.as_deref().map(str::parse::<chrono_tz::Tz>).transpose();
    let files = if read.file.is_empty() {
        let file = FileText {
            name: String::new(),
            file: "*".to_owned(),
            optional: false,
            event: read.event,
            rows,
        };
        vec![file.read()?]
    } else {
        if let Some(key) = rows.keys().next() {
            let problem = format!("[import] says {key}, which belongs into each [[file]]");
            return Err(MappingError::Syntax { problem });
        }
        if !read.event.is_empty() {
            return Err(unfit("with [[file]], events are written as [[file.event]]"));
        }
        read.file.into_iter().map(FileText::read).collect::<Result<_, _>>()?
    };
    let tables = read.table.into_iter().map(TableText::read).collect::<Result<_, _>>()?;
    Ok(Mapping {
        source: ImportId::new(&source)
            .map_err(|_| unfit("source is empty or too long (128 bytes)"))?,
        zone: zone.map_err(|_| unfit("zone is not a name such as Asia/Shanghai"))?,
        tables,
        files,
    })
}

fn form(
    delimiter: Option<&str>,
    encoding: Option<String>,
    header: Option<usize>,
    sheet: Option<String>,
    entry: Option<String>,
) -> Result<Form, MappingError> {
    let encoding = encoding.map(|name| match encoding_named(&name) {
        Some(encoding) => Ok(encoding),
        None => Err(MappingError::Encoding { encoding: name }),
    });
    let delimiter = delimiter.map(self::delimiter).transpose()?;
    Ok(Form {
        encoding: encoding.transpose()?,
        delimiter,
        header: header.unwrap_or(1),
        sheet,
        entry,
    })
}

impl TableText {
    fn read(self) -> Result<TableMapping, MappingError> {
        let TableText { name, file, key, delimiter, encoding, header, sheet, entry } = self;
        let form = form(delimiter.as_deref(), encoding, header, sheet, entry)?;
        Ok(TableMapping { name, pattern: file, form, key, gives: Vec::new() })
    }
}

impl FileText {
    fn read(self) -> Result<FileMapping, MappingError> {
        let place = if self.name.is_empty() { "[import]".to_owned() } else { self.name.clone() };
        let rows = RowsText::deserialize(toml::Value::Table(self.rows));
        let rows = rows.map_err(|error| {
            let problem = format!("{place}: {}", error.message());
            MappingError::Syntax { problem }
        })?;
        if rows.row_key.is_empty() {
            return Err(unfit("row_key names no column; rows could not be recognised again"));
        }
        if self.event.is_empty() {
            return Err(unfit("the mapping has no [[event]]; no row would become anything"));
        }
        let cell = |field: &str, value: Option<toml::Value>| {
            value.map(|value| CellText::of(field, value)).transpose()
        };
        let (effective, amount) =
            (cell("effective", rows.effective)?, cell("amount", rows.amount)?);
        if effective.as_ref().is_some_and(|cell| !cell.is_instant()) {
            return Err(unfit("effective has no format, such as \"%Y-%m-%d\""));
        }
        if amount.as_ref().is_some_and(|cell| !cell.is_money()) {
            return Err(unfit("amount has no currency; write money = \"CNY\""));
        }
        let columns = |names: &[String]| names.iter().map(|name| Template::column(name)).collect();
        let events = self.event.into_iter().enumerate();
        Ok(FileMapping {
            name: self.name,
            pattern: self.file,
            optional: self.optional,
            form: form(
                rows.delimiter.as_deref(),
                rows.encoding,
                rows.header,
                rows.sheet,
                rows.entry,
            )?,
            row_key: columns(&rows.row_key),
            document: columns(&rows.document),
            repeated: rows.repeated,
            customer: customer(rows.customer)?,
            skip: rows.skip.into_iter().map(ConditionText::read).collect::<Result<_, _>>()?,
            effective,
            amount,
            order: rows.order,
            events: events.map(|(index, event)| event.read(index + 1)).collect::<Result<_, _>>()?,
            remembered: false,
        })
    }
}

impl EventText {
    fn read(self, number: usize) -> Result<EventMapping, MappingError> {
        if !commands().any(|known| known == self.command) {
            return Err(MappingError::Command { number, command: self.command });
        }
        let place = |field: &str| format!("event {number} ({}), {field}", self.command);
        let fields = self.fields.into_iter().map(|(key, value)| {
            let node = Node::read(&place(&key), value)?;
            Ok((key, node))
        });
        let fields = fields.collect::<Result<_, MappingError>>()?;
        let effective = self.effective.map(|cell| cell.read(&place("effective"))).transpose()?;
        if effective.as_ref().is_some_and(|cell| !cell.is_instant()) {
            return Err(unfit("an event's effective has no format, such as \"%Y-%m-%d\""));
        }
        Ok(EventMapping {
            when: self.when.map(ConditionsText::read).transpose()?.unwrap_or_default(),
            command: self.command,
            once_per: self.once_per,
            effective,
            reason: self.reason.as_deref().map(Template::parse).transpose()?,
            tolerate: self.tolerate,
            fields,
        })
    }
}

/// The ways of finding a customer, as a mapping writes them.
const WAYS: [&str; 6] = ["file", "contract", "invoice", "email", "phone", "name"];

fn customer(value: toml::Value) -> Result<CustomerMapping, MappingError> {
    let found =
        value.as_table().is_some_and(|table| WAYS.iter().any(|way| table.contains_key(*way)));
    if !found {
        return CellText::of("customer", value).map(|cell| CustomerMapping::Code(Box::new(cell)));
    }
    let field = || "customer".to_owned();
    let text = FoundText::deserialize(value).map_err(|error| MappingError::Field {
        field: field(),
        problem: error.message().to_owned(),
    })?;
    let FoundText { file, key, contract, invoice, email, phone, name, otherwise } = text;
    let by_file = file.is_some();
    let ways = [
        (By::File, key),
        (By::Contract, contract),
        (By::Invoice, invoice),
        (By::Email, email),
        (By::Phone, phone),
        (By::Name, name),
    ];
    let mut given = ways.into_iter().filter_map(|(by, key)| key.map(|key| (by, key)));
    let problem = "must be found in exactly one way; a file needs a key, and a key a file";
    let (by, key) = match (given.next(), given.next()) {
        (Some(way), None) if (way.0 == By::File) == by_file => way,
        _ => return Err(MappingError::Cell { field: field(), problem }),
    };
    Ok(CustomerMapping::Found {
        by,
        file: file.unwrap_or_default(),
        key: Box::new(CellText::of("customer", key)?),
        otherwise: otherwise
            .map(|code| CellText::of("customer", code).map(Box::new))
            .transpose()?,
    })
}

fn delimiter(text: &str) -> Result<u8, MappingError> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(unfit("delimiter is not one plain character such as \",\", \";\" or \"\\t\"")),
    }
}

/// Says what TOML found wrong, in one line with its place.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().collect::<Vec<_>>().join(" ");
    match error.span() {
        Some(span) => {
            let line = text.get(..span.start).map_or(1, |before| before.matches('\n').count() + 1);
            format!("line {line}: {message}")
        }
        None => message,
    }
}
