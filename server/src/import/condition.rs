//! When an event, or a row, is meant: conditions on single values.

use serde::Deserialize;

use super::decimal::Decimal;
use super::mapping::MappingError;
use super::node::{Row, Text, TextSource};

/// A condition as a mapping writes it; exactly one test is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionText {
    column: Option<toml::Value>,
    template: Option<String>,
    table: Option<toml::Value>,
    gives: Option<toml::Value>,
    equals: Option<String>,
    #[serde(rename = "in")]
    among: Option<Vec<String>>,
    not_in: Option<Vec<String>>,
    empty: Option<bool>,
    starts_with: Option<String>,
    not_starts_with: Option<String>,
    above: Option<String>,
    below: Option<String>,
}

/// One condition, or several that must all hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ConditionsText {
    /// One.
    One(Box<ConditionText>),
    /// All of these.
    All(Vec<ConditionText>),
}

/// A condition ready to be tested.
#[derive(Debug, Clone)]
pub struct Condition {
    text: Text,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Among(Vec<String>),
    NotAmong(Vec<String>),
    Empty(bool),
    StartsWith(String),
    NotStartsWith(String),
    Above(Decimal),
    Below(Decimal),
}

impl ConditionsText {
    /// Reads the conditions.
    ///
    /// # Errors
    /// [`MappingError::Condition`] for one that has no test or several.
    pub fn read(self) -> Result<Vec<Condition>, MappingError> {
        let conditions = match self {
            ConditionsText::One(condition) => vec![*condition],
            ConditionsText::All(conditions) => conditions,
        };
        conditions.into_iter().map(ConditionText::read).collect()
    }
}

impl ConditionText {
    /// Reads the condition.
    ///
    /// # Errors
    /// [`MappingError::Condition`] when there is no test or several.
    pub fn read(self) -> Result<Condition, MappingError> {
        let source = TextSource {
            column: self.column,
            template: self.template,
            value: None,
            table: self.table,
            gives: self.gives,
        };
        let text = source.read("a condition")?;
        let column = text.columns();
        let unclear = || MappingError::Condition { column: column.clone() };
        let number = |text: String| Decimal::plain(&text).ok_or_else(unclear);
        let mut tests = Vec::new();
        tests.extend(self.equals.map(|value| Test::Among(vec![value])));
        tests.extend(self.among.map(Test::Among));
        tests.extend(self.not_in.map(Test::NotAmong));
        tests.extend(self.empty.map(Test::Empty));
        tests.extend(self.starts_with.map(Test::StartsWith));
        tests.extend(self.not_starts_with.map(Test::NotStartsWith));
        tests.extend(self.above.map(number).transpose()?.map(Test::Above));
        tests.extend(self.below.map(number).transpose()?.map(Test::Below));
        match (tests.pop(), tests.is_empty()) {
            (Some(test), true) => Ok(Condition { text, test }),
            _ => Err(unclear()),
        }
    }
}

impl Condition {
    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The column when the file does not have it.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.text.bind(header)
    }

    /// Returns what is looked up.
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Tells whether the condition holds for a row. What a table does not have is empty, and what
    /// is no number is neither above nor below one.
    pub fn holds(&self, row: &Row<'_>) -> bool {
        let value = self.text.render(row).unwrap_or_default();
        match &self.test {
            Test::Among(values) => values.contains(&value),
            Test::NotAmong(values) => !values.contains(&value),
            Test::Empty(empty) => value.is_empty() == *empty,
            Test::StartsWith(start) => value.starts_with(start.as_str()),
            Test::NotStartsWith(start) => !value.starts_with(start.as_str()),
            Test::Above(limit) => Decimal::plain(&value).is_some_and(|value| value > *limit),
            Test::Below(limit) => Decimal::plain(&value).is_some_and(|value| value < *limit),
        }
    }
}
