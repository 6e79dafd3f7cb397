//! A mapping: which columns of a file become which events. Written as TOML; see
//! `docs/reference/import-mapping.md`.

mod text;

use std::collections::BTreeMap;

use daybook_core::decide::command::FACTS;
use daybook_core::id::ImportId;
use serde::Deserialize;

use super::cell::Cell;
use super::condition::Condition;
use super::lookup::By;
use super::node::Node;
use super::source::Form;
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
        let mut mapping = text::read(text)?;
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

impl EventMapping {
    fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.when.iter_mut().try_for_each(|condition| condition.bind(header))?;
        self.effective.iter_mut().try_for_each(|cell| cell.bind(header))?;
        self.reason.iter_mut().try_for_each(|template| template.bind(header))?;
        self.fields.iter_mut().try_for_each(|(_, node)| node.bind(header))
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
