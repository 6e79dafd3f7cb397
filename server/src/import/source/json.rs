//! Reads JSON lines: one object a line. Fields of nested objects are columns of their own, named
//! with dots; elements of lists are numbered from 0.

use std::io::BufRead;

use serde_json::Value;

use super::csv::ROW_SIZE_BYTES_MAX;
use super::record::{Malformed, Place, Record};
use super::{Rows, SourceError};

/// Numbers from here on may have lost digits when they were read: two to the power of 53.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
/// Lines looked at for their columns.
const LINES_LOOKED_AT: usize = 1000;

/// Finds the columns of a file: every field of its first lines, in the order they appear.
///
/// # Errors
/// When reading fails.
pub fn columns(mut input: impl BufRead) -> Result<Vec<String>, SourceError> {
    let (mut columns, mut line) = (Vec::new(), Vec::new());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..LINES_LOOKED_AT {
        if !read_line(&mut input, &mut line)? {
            break;
        }
        let Ok(value @ Value::Object(_)) = serde_json::from_slice(&line) else { continue };
        flatten("", &value, &mut |name, _| {
            if seen.insert(name.to_owned()) {
                columns.push(name.to_owned());
            }
        });
    }
    Ok(columns)
}

/// A stream of objects.
pub struct Lines<R> {
    input: R,
    columns: Vec<String>,
    number: u64,
    line: Vec<u8>,
}

impl<R> Lines<R> {
    /// Starts reading UTF-8.
    pub const fn new(input: R, columns: Vec<String>) -> Lines<R> {
        Lines { input, columns, number: 0, line: Vec::new() }
    }
}

impl<R: BufRead + Send> Rows for Lines<R> {
    fn read(&mut self, record: &mut Record) -> Result<bool, SourceError> {
        loop {
            if !read_line(&mut self.input, &mut self.line)? {
                return Ok(false);
            }
            self.number += 1;
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        record.start(self.number);
        let wrong = |column: usize, malformed| {
            (Place { line: self.number, column: column as u64 }, malformed)
        };
        let problem = if self.line.len() > ROW_SIZE_BYTES_MAX {
            wrong(1, Malformed::RowTooLarge { max: ROW_SIZE_BYTES_MAX })
        } else {
            match serde_json::from_slice(&self.line) {
                Ok(value @ Value::Object(_)) => {
                    let mut found = std::collections::HashMap::new();
                    let exact = flatten("", &value, &mut |name, text| {
                        found.insert(name.to_owned(), text);
                    });
                    if !exact {
                        let problem = "a number has more digits than are kept; put it in quotes";
                        let malformed = Malformed::Json { problem: problem.to_owned() };
                        record.wrong(Place { line: self.number, column: 1 }, malformed);
                    }
                    for (index, column) in self.columns.iter().enumerate() {
                        let text = found.get(column).map_or("", String::as_str);
                        record.push(text, index as u64 + 1);
                    }
                    return Ok(true);
                }
                Ok(_) => wrong(1, Malformed::Json { problem: "it is another value".to_owned() }),
                Err(_) if std::str::from_utf8(&self.line).is_err() => wrong(1, Malformed::NotText),
                Err(error) => {
                    let said = error.to_string();
                    let problem = said.split(" at line").next().unwrap_or_default().to_owned();
                    wrong(error.column(), Malformed::Json { problem })
                }
            }
        };
        record.push(&String::from_utf8_lossy(&self.line), 1);
        record.wrong(problem.0, problem.1);
        Ok(true)
    }
}

/// Reads a line without its end; of one beyond the limit only a part longer than the limit is kept.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, SourceError> {
    line.clear();
    let mut any = false;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(any);
        }
        any = true;
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        if line.len() <= ROW_SIZE_BYTES_MAX {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            return Ok(true);
        }
    }
}

/// Shows every field; tells whether all numbers came through exactly.
fn flatten(name: &str, value: &Value, found: &mut dyn FnMut(&str, String)) -> bool {
    let within = |key: &str| {
        if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") }
    };
    let mut exact = true;
    match value {
        Value::Null => found(name, String::new()),
        Value::Bool(truth) => found(name, truth.to_string()),
        Value::Number(number) => {
            exact = number.is_i64()
                || number.is_u64()
                || number.as_f64().is_some_and(|float| float.abs() < EXACT_BELOW);
            found(name, number.to_string());
        }
        Value::String(text) => found(name, text.clone()),
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                exact &= flatten(&within(&index.to_string()), value, found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                exact &= flatten(&within(key), value, found);
            }
        }
    }
    exact
}
