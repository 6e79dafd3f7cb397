//! A mapping: which columns of a file become which events. Written as TOML; see
//! `docs/reference/import-mapping.md`.

use daybook_core::decide::command::FACTS;
use daybook_core::id::ImportId;
use serde::Deserialize;

use super::condition::{Condition, ConditionText, ConditionsText};
use super::node::{Cell, CellText, Node};
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
    #[error("the encoding {encoding} is not supported; files must be UTF-8")]
    Encoding {
        /// Which.
        encoding: String,
    },
    /// A condition without exactly one test.
    #[error("the condition on {column} says not exactly one of equals, in, not_in and empty")]
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
                "convert the file first, for instance with: iconv -f GB18030 -t UTF-8"
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
    event: Vec<EventText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadText {
    source: String,
    delimiter: Option<String>,
    encoding: Option<String>,
    zone: Option<String>,
    row_key: Vec<String>,
    customer: toml::Value,
    #[serde(default)]
    skip: Vec<ConditionText>,
    effective: Option<CellText>,
    amount: Option<CellText>,
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
    fields: toml::Table,
}

/// What an event happens only once for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OncePer {
    /// The customer.
    Customer,
}

/// A mapping ready for a file's header.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Under which name rows are recognised again.
    pub source: ImportId,
    /// What separates fields.
    pub delimiter: u8,
    /// The zone of the file's times; the book's when absent.
    pub zone: Option<chrono_tz::Tz>,
    /// What makes a row itself.
    pub row_key: Vec<Template>,
    /// Whose row it is.
    pub customer: Cell,
    /// Rows that are left out.
    pub skip: Vec<Condition>,
    /// When the row's facts were so.
    pub effective: Option<Cell>,
    /// The amount that is summed for reconciling.
    pub amount: Option<Cell>,
    /// The events of a row, in order.
    pub events: Vec<EventMapping>,
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
    /// The command's fields.
    pub fields: Vec<(String, Node)>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn parse(text: &str) -> Result<Mapping, MappingError> {
        let read: MappingText = toml::from_str(text)
            .map_err(|error| MappingError::Syntax { problem: syntax(text, &error) })?;
        let head = read.import;
        supported(head.encoding.as_deref())?;
        let unfit = |problem| MappingError::Unfit { problem };
        if head.row_key.is_empty() {
            return Err(unfit("row_key names no column; rows could not be recognised again"));
        }
        if read.event.is_empty() {
            return Err(unfit("the mapping has no [[event]]; no row would become anything"));
        }
        let zone = head.zone.as_deref().map(str::parse::<chrono_tz::Tz>).transpose();
        let events = read.event.into_iter().enumerate();
        let cell =
            |field: &str, cell: Option<CellText>| cell.map(|cell| cell.read(field)).transpose();
        let (effective, amount) =
            (cell("effective", head.effective)?, cell("amount", head.amount)?);
        if effective.as_ref().is_some_and(|cell| !cell.is_instant()) {
            return Err(unfit("effective has no format, such as \"%Y-%m-%d\""));
        }
        if amount.as_ref().is_some_and(|cell| !cell.is_money()) {
            return Err(unfit("amount has no currency; write money = \"CNY\""));
        }
        Ok(Mapping {
            source: ImportId::new(&head.source)
                .map_err(|_| unfit("source is empty or too long (128 bytes)"))?,
            delimiter: delimiter(head.delimiter.as_deref())?,
            zone: zone.map_err(|_| unfit("zone is not a name such as Asia/Shanghai"))?,
            row_key: head.row_key.iter().map(|column| Template::column(column)).collect(),
            customer: customer(head.customer)?,
            skip: head.skip.into_iter().map(condition).collect::<Result<_, _>>()?,
            effective,
            amount,
            events: events.map(|(index, event)| event.read(index + 1)).collect::<Result<_, _>>()?,
        })
    }

    /// Finds every column in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.row_key.iter_mut().try_for_each(|template| template.bind(header))?;
        self.customer.bind(header)?;
        self.skip.iter_mut().try_for_each(|condition| condition.bind(header))?;
        self.effective.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.amount.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.events.iter_mut().try_for_each(|event| event.bind(header))
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
            let problem = "an event's effective has no format, such as \"%Y-%m-%d\"";
            return Err(MappingError::Unfit { problem });
        }
        let when = self.when.map(ConditionsText::read).transpose();
        Ok(EventMapping {
            when: when.map_err(|column| MappingError::Condition { column })?.unwrap_or_default(),
            command: self.command,
            once_per: self.once_per,
            effective,
            reason: self.reason.as_deref().map(Template::parse).transpose()?,
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

fn condition(text: ConditionText) -> Result<Condition, MappingError> {
    text.read().map_err(|column| MappingError::Condition { column })
}

fn customer(value: toml::Value) -> Result<Cell, MappingError> {
    let table = match value {
        toml::Value::String(template) => {
            toml::Table::from_iter([("template".to_owned(), toml::Value::String(template))])
        }
        toml::Value::Table(table) => table,
        _ => {
            let problem = "customer is neither a template such as \"{account}\" nor a table";
            return Err(MappingError::Unfit { problem });
        }
    };
    let field = "customer".to_owned();
    CellText::deserialize(toml::Value::Table(table))
        .map_err(|error| MappingError::Field { field, problem: error.message().to_owned() })?
        .read("customer")
}

fn delimiter(text: Option<&str>) -> Result<u8, MappingError> {
    match text.unwrap_or(",").as_bytes() {
        [byte] if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r' | 0) => Ok(*byte),
        _ => Err(MappingError::Unfit {
            problem: "delimiter is not one plain character such as \",\", \";\" or \"\\t\"",
        }),
    }
}

fn supported(encoding: Option<&str>) -> Result<(), MappingError> {
    match encoding.map(|name| name.to_ascii_lowercase().replace(['-', '_'], "")).as_deref() {
        None | Some("utf8" | "utf8bom" | "ascii" | "usascii") => Ok(()),
        Some(_) => {
            Err(MappingError::Encoding { encoding: encoding.unwrap_or_default().to_owned() })
        }
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
        check(&format!("{HEAD}encoding = \"gb18030\"\n"), "gb18030");
        check(&format!("{HEAD}[[event]]\ncommand = \"fly\"\n"), "\"fly\"");
        check(&format!("{HEAD}colour = 1\n"), "line 5: unknown field `colour`");
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
