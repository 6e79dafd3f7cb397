//! When an event, or a row, is meant: conditions on single columns.

use serde::Deserialize;

use super::csv::Record;
use super::template::Template;

/// A condition as a mapping writes it; exactly one test is given.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionText {
    column: String,
    equals: Option<String>,
    #[serde(rename = "in")]
    among: Option<Vec<String>>,
    not_in: Option<Vec<String>>,
    empty: Option<bool>,
}

/// One condition, or several that must all hold.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ConditionsText {
    /// One.
    One(ConditionText),
    /// All of these.
    All(Vec<ConditionText>),
}

/// A condition ready to be tested.
#[derive(Debug, Clone)]
pub struct Condition {
    column: Template,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Among(Vec<String>),
    NotAmong(Vec<String>),
    Empty(bool),
}

impl ConditionsText {
    /// Reads the conditions.
    ///
    /// # Errors
    /// The column of a condition that has no test or several.
    pub fn read(self) -> Result<Vec<Condition>, String> {
        let conditions = match self {
            ConditionsText::One(condition) => vec![condition],
            ConditionsText::All(conditions) => conditions,
        };
        conditions.into_iter().map(ConditionText::read).collect()
    }
}

impl ConditionText {
    /// Reads the condition.
    ///
    /// # Errors
    /// The column when there is no test or several.
    pub fn read(self) -> Result<Condition, String> {
        let mut tests = Vec::new();
        tests.extend(self.equals.map(|value| Test::Among(vec![value])));
        tests.extend(self.among.map(Test::Among));
        tests.extend(self.not_in.map(Test::NotAmong));
        tests.extend(self.empty.map(Test::Empty));
        match (tests.pop(), tests.is_empty()) {
            (Some(test), true) => Ok(Condition { column: Template::column(&self.column), test }),
            _ => Err(self.column),
        }
    }
}

impl Condition {
    /// Finds the column in a file's header.
    ///
    /// # Errors
    /// The column when the file does not have it.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        self.column.bind(header)
    }

    /// Tells whether the condition holds for a row.
    pub fn holds(&self, row: &Record) -> bool {
        let value = self.column.render(row);
        match &self.test {
            Test::Among(values) => values.contains(&value),
            Test::NotAmong(values) => !values.contains(&value),
            Test::Empty(empty) => value.is_empty() == *empty,
        }
    }
}
