//! Texts with columns in braces: `INV-{invoiceNumber}`. Doubled braces stand for themselves, and
//! `{#}` for the number of a row within its document.

use super::mapping::MappingError;
use super::node::Row;

/// A text with places for columns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Column { name: String, index: usize },
    Number,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`MappingError::Template`] for a brace without its partner.
    pub fn parse(text: &str) -> Result<Template, MappingError> {
        let wrong = || MappingError::Template { text: text.to_owned() };
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '{' | '}' if rest.peek() == Some(&character) => {
                    rest.next();
                    plain.push(character);
                }
                '{' => {
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    let mut name = String::new();
                    loop {
                        match rest.next() {
                            Some('}') => break,
                            Some(character) => name.push(character),
                            None => return Err(wrong()),
                        }
                    }
                    parts.push(match name.trim() {
                        "#" => Part::Number,
                        name => Part::Column { name: name.to_owned(), index: usize::MAX },
                    });
                }
                '}' => return Err(wrong()),
                _ => plain.push(character),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template { parts })
    }

    /// Returns a template that is one column.
    pub fn column(name: &str) -> Template {
        Template { parts: vec![Part::Column { name: name.to_owned(), index: usize::MAX }] }
    }

    /// Returns the text when no column is in it.
    pub fn constant(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the names of the columns, joined, for messages.
    pub fn columns(&self) -> String {
        let names = self.parts.iter().filter_map(|part| match part {
            Part::Column { name, .. } => Some(name.as_str()),
            Part::Text(_) | Part::Number => None,
        });
        names.collect::<Vec<_>>().join(" + ")
    }

    /// Finds the columns in a file's header.
    ///
    /// # Errors
    /// The name of the first column the file does not have.
    pub fn bind(&mut self, header: &[String]) -> Result<(), String> {
        for part in &mut self.parts {
            if let Part::Column { name, index } = part {
                let found = header.iter().position(|column| column == name);
                *index = found.ok_or_else(|| name.clone())?;
            }
        }
        Ok(())
    }

    /// Writes the text for a row, trimmed. A template whose columns are all empty is empty.
    pub fn render(&self, row: &Row<'_>) -> String {
        if let [Part::Column { index, .. }] = self.parts.as_slice() {
            return row.record.field(*index).trim().to_owned();
        }
        let (mut text, mut columns, mut filled) = (String::new(), 0, 0);
        for part in &self.parts {
            match part {
                Part::Text(plain) => text.push_str(plain),
                Part::Number => text.push_str(&row.number.to_string()),
                Part::Column { index, .. } => {
                    let value = row.record.field(*index).trim();
                    columns += 1;
                    filled += usize::from(!value.is_empty());
                    text.push_str(value);
                }
            }
        }
        if columns > 0 && filled == 0 { String::new() } else { text.trim().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_read_and_written() {
        let template = Template::parse("a {{x}} {col}").expect("a template");
        assert_eq!(template.columns(), "col");
        assert_eq!(Template::parse("plain").expect("a template").constant(), Some("plain"));
        assert!(Template::parse("{open").is_err());
        assert!(Template::parse("close}").is_err());
    }
}
