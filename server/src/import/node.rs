//! How a field of a command gets its value from a row.
//!
//! In a mapping a text is a template, a number or truth value a constant, a list a list, and a table
//! either an object of further fields, `{ each = ... }` for a list with one element a row of the
//! document, or, when it says `column`, `template` or `value`, a cell ([`super::cell`]).

use serde::Deserialize;
use serde_json::Value;

use super::cell::{Cell, CellText};
use super::lookup::Tables;
use super::mapping::MappingError;
use super::source::Record;
use super::template::Template;

/// A row with what surrounds it.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// The row.
    pub record: &'a Record,
    /// The rows of its document, itself among them.
    pub document: &'a [Record],
    /// Its number in the document, counted from 1.
    pub number: usize,
    /// The zone of the file's times.
    pub zone: chrono_tz::Tz,
    /// The tables of the import.
    pub tables: &'a Tables,
}

impl<'a> Row<'a> {
    /// Returns the rows of its document, each with its number.
    pub fn each(&self) -> impl Iterator<Item = Row<'a>> {
        let (zone, tables, document) = (self.zone, self.tables, self.document);
        document.iter().enumerate().map(move |(index, record)| Row {
            record,
            document,
            number: index + 1,
            zone,
            tables,
        })
    }
}

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
    /// One value for each row of the document.
    Each(Box<Node>),
}

/// Why a cell has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadValue {
    /// The column.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Why it does not do.
    pub reason: crate::text::Text,
}

/// What is said of a value that is needed and not there.
pub const EMPTY: crate::text::Text = crate::text::Text::fixed("it is empty", "内容为空");

/// Where a text comes from, as a mapping writes it.
#[derive(Debug, Clone, Default)]
pub struct TextSource {
    /// One column, or several of which the first that is filled counts.
    pub column: Option<toml::Value>,
    /// A template.
    pub template: Option<String>,
    /// A constant.
    pub value: Option<String>,
    /// A table to look the text up in, or several one after the other.
    pub table: Option<toml::Value>,
    /// What each table gives.
    pub gives: Option<toml::Value>,
}

/// A text of a row, looked up where the mapping says so.
#[derive(Debug, Clone)]
pub struct Text {
    /// The first that is filled counts.
    templates: Vec<Template>,
    /// The tables and what they give, one after the other; of several columns of one table the
    /// first that is filled counts.
    lookups: Vec<(String, Vec<String>)>,
}

impl TextSource {
    /// Reads where the text comes from.
    ///
    /// # Errors
    /// [`MappingError`].
    pub fn read(self, field: &str) -> Result<Text, MappingError> {
        let unclear =
            |problem: &'static str| MappingError::Cell { field: field.to_owned(), problem };
        let templates = match (self.column, self.template, self.value) {
            (Some(columns), None, None) => {
                let columns =
                    texts(columns).ok_or_else(|| unclear("has a column that is no text"))?;
                columns.iter().map(|column| Template::column(column)).collect()
            }
            (None, Some(template), None) => vec![Template::parse(&template)?],
            (None, None, Some(value)) => {
                vec![Template::parse(&value.replace('{', "{{").replace('}', "}}"))?]
            }
            _ => return Err(unclear("says not exactly one of column, template and value")),
        };
        let tables = self.table.map(texts).unwrap_or_else(|| Some(Vec::new()));
        let tables = tables.ok_or_else(|| unclear("has a table that is no text"))?;
        let wrong = "must say with table what it gives, in as many texts";
        let gives = match (self.gives, tables.len()) {
            (None, 0) => Vec::new(),
            (Some(toml::Value::String(one)), 1) => vec![vec![one]],
            // Several columns of one table: the first that is filled.
            (Some(several @ toml::Value::Array(_)), 1) => {
                vec![texts(several).ok_or_else(|| unclear(wrong))?]
            }
            (Some(toml::Value::Array(all)), count) if all.len() == count && count > 1 => {
                let each = all.into_iter().map(texts).collect::<Option<_>>();
                each.ok_or_else(|| unclear(wrong))?
            }
            _ => return Err(unclear(wrong)),
        };
        Ok(Text { templates, lookups: tables.into_iter().zip(gives).collect() })
    }
}

/// Reads a text, or a list of texts.
fn texts(value: toml::Value) -> Option<Vec<String>> {
    match value {
        toml::Value::String(text) => Some(vec![text]),
        toml::Value::Array(values) if !values.is_empty() => {
            values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect()
        }
        _ => None,
    }
}

impl Text {
    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.templates.iter_mut().try_for_each(|template| template.bind(header))
    }

    /// Returns the names of the columns, joined, for messages.
    pub fn columns(&self) -> String {
        let columns = self.templates.iter().map(Template::columns);
        columns.filter(|columns| !columns.is_empty()).collect::<Vec<_>>().join(" / ")
    }

    /// Shows every table with a column it must give.
    pub fn asks(&self, ask: &mut dyn FnMut(&str, &str)) {
        for (table, gives) in &self.lookups {
            gives.iter().for_each(|column| ask(table, column));
        }
    }

    /// Returns the text for a row.
    ///
    /// # Errors
    /// [`BadValue`] when a table does not have it.
    pub fn render(&self, row: &Row<'_>) -> Result<String, BadValue> {
        let mut texts = self.templates.iter().map(|template| template.render(row));
        let mut text = texts.find(|text| !text.is_empty()).unwrap_or_default();
        for (name, gives) in &self.lookups {
            if text.is_empty() {
                break;
            }
            let table = row.tables.get(name);
            let mut given = gives.iter().filter_map(|column| table?.get(&text, column));
            let Some(first) = given.next() else {
                let file = table.map_or(name.as_str(), |table| &table.file);
                let reason =
                    (format!("{file} has no row for it"), format!("{file} 中没有对应的行")).into();
                return Err(BadValue { column: self.columns(), value: text, reason });
            };
            let filled = std::iter::once(first).chain(given).find(|text| !text.is_empty());
            text = filled.unwrap_or_default().to_owned();
        }
        Ok(text)
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
            toml::Value::Table(mut table) => {
                if table.len() == 1
                    && let Some(each) = table.remove("each")
                {
                    return Ok(Node::Each(Box::new(Node::read(field, each)?)));
                }
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
            Node::Each(node) => node.bind(header),
        }
    }

    /// Shows every table with a column it must give.
    pub fn asks(&self, ask: &mut dyn FnMut(&str, &str)) {
        match self {
            Node::Constant(_) | Node::Text(_) => {}
            Node::Cell(cell) => cell.text().asks(ask),
            Node::Object(fields) => fields.iter().for_each(|(_, node)| node.asks(ask)),
            Node::List(nodes) => nodes.iter().for_each(|node| node.asks(ask)),
            Node::Each(node) => node.asks(ask),
        }
    }

    /// Returns the value for a row; nothing when an optional cell is empty.
    ///
    /// # Errors
    /// [`BadValue`] naming the column.
    pub fn value(&self, row: &Row<'_>) -> Result<Option<Value>, BadValue> {
        match self {
            Node::Constant(value) => Ok(Some(value.clone())),
            Node::Text(template) => {
                let text = template.render(row);
                if text.is_empty() {
                    let (column, value) = (template.columns(), String::new());
                    return Err(BadValue { column, value, reason: EMPTY });
                }
                Ok(Some(Value::String(text)))
            }
            Node::Cell(cell) => cell.value(row),
            Node::Object(fields) => {
                let mut object = serde_json::Map::with_capacity(fields.len());
                for (key, node) in fields {
                    if let Some(value) = node.value(row)? {
                        object.insert(key.clone(), value);
                    }
                }
                // An object of which every field is optional and empty is left out itself.
                Ok((!object.is_empty() || fields.is_empty()).then_some(Value::Object(object)))
            }
            Node::List(nodes) => {
                let mut list = Vec::with_capacity(nodes.len());
                for node in nodes {
                    list.extend(node.value(row)?);
                }
                Ok(Some(Value::Array(list)))
            }
            Node::Each(node) => {
                let mut list = Vec::with_capacity(row.document.len());
                for row in row.each() {
                    list.extend(node.value(&row)?);
                }
                Ok(Some(Value::Array(list)))
            }
        }
    }
}
