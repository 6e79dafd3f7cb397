//! A mapping: which columns of a file become which events. Written as TOML; see
//! `docs/reference/import-mapping.md`.

use std::collections::BTreeMap;

use daybook_core::decide::command::FACTS;
use daybook_core::id::ImportId;
use serde::Deserialize;

use super::cell::{Cell, CellText};
use super::condition::{Condition, ConditionText, ConditionsText};
use super::lookup::By;
use super::node::Node;
use super::source::{Form, encoding_named};
use super::template::Template;

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// Not TOML, or not of the known keys.
    #[error("the mapping cannot be read: {problem}")]
    Syntax {
        /// What and where.
        problem: String,
    },
    /// A template with an unpaired brace.
    #[error("the template {text:?} has a brace without its partner")]
    Template {
        /// The template.
        text: String,
    },
    /// A cell that is not clear.
    #[error("the mapping of {field} {problem}")]
    Cell {
        /// Which field.
        field: String,
        /// What it says.
        problem: &'static str,
    },
    /// A field with an unknown key.
    #[error("the mapping of {field} cannot be read: {problem}")]
    Field {
        /// Which field.
        field: String,
        /// What is wrong.
        problem: String,
    },
    /// An unknown command.
    #[error("event {number} of the mapping names the command {command:?}, which does not exist")]
    Command {
        /// Which event, counted from 1.
        number: usize,
        /// The command.
        command: String,
    },
    /// Another encoding.
    #[error("the encoding {encoding} is not known")]
    Encoding {
        /// Which.
        encoding: String,
    },
    /// A table or file that the mapping does not have.
    #[error("the mapping of {field} names the {kind} {name:?}, which it does not have")]
    Unknown {
        /// Which field.
        field: String,
        /// A table or a file.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// A condition without exactly one test.
    #[error(
        "the condition on {column} says not exactly one of equals, in, not_in, empty, \
         starts_with, not_starts_with, above and below"
    )]
    Condition {
        /// The column.
        column: String,
    },
    /// Something needed is missing or wrong.
    #[error("{problem}")]
    Unfit {
        /// What.
        problem: &'static str,
    },
}

impl MappingError {
    /// Returns the stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            MappingError::Encoding { .. } => "encoding_unsupported",
            MappingError::Command { .. } => "command_unknown",
            _ => "mapping_unfit",
        }
    }

    /// Returns what to do next.
    pub const fn hint(&self) -> &'static str {
        match self {
            MappingError::Encoding { .. } => {
                "name one of the WHATWG Encoding Standard, such as gb18030, utf-16le or windows-1252"
            }
            MappingError::Template { .. } => "write {column}, or {{ and }} for braces themselves",
            MappingError::Command { .. } => "see docs/reference/commands.md for the commands",
            _ => "see docs/reference/import-mapping.md for the keys, with examples",
        }
    }
}

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

/// What an event happens only once for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OncePer {
    /// The customer.
    Customer,
}

/// What becomes of a row that repeats an earlier one of its document field for field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// It is one more line of the document.
    #[default]
    Take,
    /// It is left out, and counted as such.
    Skip,
}

/// In which order the events of a row happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventOrder {
    /// As the mapping lists them.
    #[default]
    Listed,
    /// By the time they were so.
    Time,
}

/// A mapping.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Under which name rows are recognised again.
    pub source: ImportId,
    /// The zone of the files' times; the book's when absent.
    pub zone: Option<chrono_tz::Tz>,
    /// What is only looked up.
    pub tables: Vec<TableMapping>,
    /// What is imported, in this order.
    pub files: Vec<FileMapping>,
}

/// A file whose rows are only looked up.
#[derive(Debug, Clone)]
pub struct TableMapping {
    /// What the mapping calls it.
    pub name: String,
    /// Which file it is, with `*` for any characters.
    pub pattern: String,
    /// How the file is read.
    pub form: Form,
    /// The column its rows are found by.
    pub key: String,
    /// The columns that are asked for.
    pub gives: Vec<String>,
}

/// How the rows of one file become events; ready for its header once it is bound.
#[derive(Debug, Clone)]
pub struct FileMapping {
    /// What the mapping calls it; empty when it is about one file only.
    pub name: String,
    /// Which files it is about, with `*` for any characters.
    pub pattern: String,
    /// Whether it may be missing.
    pub optional: bool,
    /// How the file is read.
    pub form: Form,
    /// What makes a row itself.
    pub row_key: Vec<Template>,
    /// What makes rows one document; every row is its own when empty.
    pub document: Vec<Template>,
    /// What becomes of a row that repeats another of its document.
    pub repeated: Repeated,
    /// Whose row it is.
    pub customer: CustomerMapping,
    /// Rows that are left out.
    pub skip: Vec<Condition>,
    /// When the row's facts were so.
    pub effective: Option<Cell>,
    /// The amount that is summed for reconciling.
    pub amount: Option<Cell>,
    /// In which order the events happen.
    pub order: EventOrder,
    /// The events of a row, or of a document.
    pub events: Vec<EventMapping>,
    /// Whether a later file asks whose rows these are.
    pub remembered: bool,
}

/// How the customer of a row is found.
#[derive(Debug, Clone)]
pub enum CustomerMapping {
    /// The row says the code.
    Code(Box<Cell>),
    /// The code is looked up.
    Found {
        /// By what.
        by: By,
        /// The file whose rows are meant; empty for other ways.
        file: String,
        /// What is looked for.
        key: Box<Cell>,
        /// The code when nobody is found.
        otherwise: Option<Box<Cell>>,
    },
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

/// One event of a row.
#[derive(Debug, Clone)]
pub struct EventMapping {
    /// The command.
    pub command: String,
    /// Whether it happens only once.
    pub once_per: Option<OncePer>,
    /// When it happens.
    pub when: Vec<Condition>,
    /// When it was so.
    pub effective: Option<Cell>,
    /// Why.
    pub reason: Option<Template>,
    /// Refusals that leave the event out and let its row stand.
    pub tolerate: Vec<String>,
    /// The command's fields.
    pub fields: Vec<(String, Node)>,
}

const fn unfit(problem: &'static str) -> MappingError {
    MappingError::Unfit { problem }
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
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
        let mut mapping = Mapping {
            source: ImportId::new(&source)
                .map_err(|_| unfit("source is empty or too long (128 bytes)"))?,
            zone: zone.map_err(|_| unfit("zone is not a name such as Asia/Shanghai"))?,
            tables,
            files,
        };
        mapping.connect()?;
        Ok(mapping)
    }

    /// Finds what the files ask of tables and of each other.
    fn connect(&mut self) -> Result<(), MappingError> {
        let mut asked: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut remembered = Vec::new();
        for (index, file) in self.files.iter().enumerate() {
            let earlier = self.files.iter().take(index);
            if !file.name.is_empty() && earlier.clone().any(|other| other.name == file.name) {
                return Err(unfit("two [[file]] have one name"));
            }
            if let CustomerMapping::Found { by: By::File, file: wanted, .. } = &file.customer {
                if !earlier.clone().any(|other| other.name == *wanted) {
                    let (field, name) = (format!("{}, customer", file.name), wanted.clone());
                    return Err(MappingError::Unknown { field, kind: "earlier file", name });
                }
                remembered.push(wanted.clone());
            }
            let place = if file.name.is_empty() { "import" } else { file.name.as_str() };
            file.asks(&mut |table, gives| {
                let asks = asked.entry(table.to_owned()).or_default();
                asks.push((gives.to_owned(), place.to_owned()));
            });
        }
        for table in &mut self.tables {
            for (gives, _) in asked.remove(&table.name).unwrap_or_default() {
                if !table.gives.contains(&gives) {
                    table.gives.push(gives);
                }
            }
        }
        if let Some((name, asks)) = asked.into_iter().next() {
            let field = asks.into_iter().next().map(|(_, place)| place).unwrap_or_default();
            return Err(MappingError::Unknown { field, kind: "table", name });
        }
        for file in &mut self.files {
            file.remembered = remembered.contains(&file.name);
        }
        Ok(())
    }

    /// Tells whether a later row may ask for the customer of a contract or invoice of this import.
    pub fn asks_by_number(&self) -> bool {
        self.files.iter().any(|file| {
            matches!(&file.customer, CustomerMapping::Found { by: By::Contract | By::Invoice, .. })
        })
    }
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

impl FileMapping {
    /// Finds every column in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.row_key.iter_mut().try_for_each(|template| template.bind(header))?;
        self.document.iter_mut().try_for_each(|template| template.bind(header))?;
        match &mut self.customer {
            CustomerMapping::Code(code) => code.bind(header)?,
            CustomerMapping::Found { key, otherwise, .. } => {
                key.bind(header)?;
                otherwise.iter_mut().try_for_each(|code| code.bind(header))?;
            }
        }
        self.skip.iter_mut().try_for_each(|condition| condition.bind(header))?;
        self.effective.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.amount.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.events.iter_mut().try_for_each(|event| event.bind(header))
    }

    fn asks(&self, ask: &mut dyn FnMut(&str, &str)) {
        match &self.customer {
            CustomerMapping::Code(code) => code.text().asks(ask),
            CustomerMapping::Found { key, otherwise, .. } => {
                key.text().asks(ask);
                otherwise.iter().for_each(|code| code.text().asks(ask));
            }
        }
        self.skip.iter().for_each(|condition| condition.text().asks(ask));
        self.effective.iter().chain(&self.amount).for_each(|cell| cell.text().asks(ask));
        for event in &self.events {
            event.when.iter().for_each(|condition| condition.text().asks(ask));
            event.effective.iter().for_each(|cell| cell.text().asks(ask));
            event.fields.iter().for_each(|(_, node)| node.asks(ask));
        }
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

impl EventMapping {
    fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.when.iter_mut().try_for_each(|condition| condition.bind(header))?;
        self.effective.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.reason.iter_mut().try_for_each(|template| template.bind(header))?;
        self.fields.iter_mut().try_for_each(|(_, node)| node.bind(header))
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

/// Returns the names of all commands, as requests write them.
pub fn commands() -> impl Iterator<Item = String> {
    let special = ["register_customer", "change_customer_details", "void_event"];
    let facts = FACTS.iter().map(|(name, _)| snake_case(name));
    special.into_iter().map(str::to_owned).chain(facts)
}

fn snake_case(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for character in name.chars() {
        if character.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(character.to_ascii_lowercase());
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[import]\nsource = \"s\"\nrow_key = [\"id\"]\ncustomer = \"{c}\"\n";

    fn check(mapping: &str, expected: &str) {
        let error = Mapping::parse(mapping).expect_err(mapping).to_string();
        assert!(error.contains(expected), "{mapping}: {error}");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        check("nonsense", "line 1");
        check("[import]\nsource = \"s\"\n", "missing field `row_key`");
        check(HEAD, "no [[event]]");
        check(
            &format!("{HEAD}encoding = \"klingon\"\n[[event]]\ncommand = \"add_contact\"\n"),
            "klingon",
        );
        let lost = "[import]\nsource = \"s\"\nrow_key = [\"id\"]\n\
                    customer = { column = \"c\", table = \"t\", gives = \"x\" }\n\
                    [[event]]\ncommand = \"add_contact\"\n";
        check(lost, "the table \"t\", which it does not have");
        check(&format!("{HEAD}[[event]]\ncommand = \"fly\"\n"), "\"fly\"");
        check(&format!("{HEAD}colour = 1\n"), "unknown field `colour`");
        check(
            &format!(
                "{HEAD}[[event]]\ncommand = \"win_opportunity\"\nwhen = {{ column = \"x\" }}\n"
            ),
            "the condition on x",
        );
        check(
            &format!(
                "{HEAD}[[event]]\ncommand = \"win_opportunity\"\n[event.fields]\n\
                 amount = {{ column = \"a\", money = \"XXXX\" }}\n"
            ),
            "event 1 (win_opportunity), amount",
        );
    }

    #[test]
    fn every_command_is_known_by_its_request_name() {
        let names: Vec<String> = commands().collect();
        assert!(names.contains(&"open_receivable".to_owned()));
        assert!(names.contains(&"register_customer".to_owned()));
    }
}
