//! Tables of text that fit the terminal. Widths are counted in terminal cells, so that Chinese
//! characters, which take two, stay in their columns. Into a pipe nothing is cut off.

use std::io::IsTerminal;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::paint;

/// Returns the terminal's width in cells; nothing when the output goes elsewhere.
pub fn terminal_width() -> Option<usize> {
    let size = std::io::stdout().is_terminal().then(terminal_size::terminal_size);
    size.flatten().map(|(width, _)| width.0.into())
}

/// Cells between two columns.
const GAP: usize = 2;
/// A column that may shrink keeps at least so many cells.
const SHRUNK_MIN: usize = 12;

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A column's heading and how it behaves.
#[derive(Debug, Clone)]
pub struct Column {
    heading: String,
    align: Align,
    shrinks: bool,
}

impl Column {
    /// Makes a column of texts.
    pub fn text(heading: &str) -> Column {
        Column { heading: heading.to_owned(), align: Align::Left, shrinks: false }
    }

    /// Makes a column of numbers.
    pub fn number(heading: &str) -> Column {
        Column { heading: heading.to_owned(), align: Align::Right, shrinks: false }
    }

    /// Makes a column of texts that is cut first when the terminal is narrow.
    pub fn shrinking(heading: &str) -> Column {
        Column { heading: heading.to_owned(), align: Align::Left, shrinks: true }
    }
}

/// Rows under headings.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Table {
        Table { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; control characters become spaces, so that no text can move the cursor.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| plain(&cell)).collect());
    }

    /// Prints the table on standard output.
    pub fn print(&self) {
        let heading = paint::HEADING;
        for (index, line) in self.lines(terminal_width()).into_iter().enumerate() {
            if index == 0 {
                crate::out!("{heading}{line}{heading:#}");
            } else {
                crate::out!("{line}");
            }
        }
    }

    /// Returns the lines, cut to a width where one is given.
    pub fn lines(&self, width: Option<usize>) -> Vec<String> {
        let widths = self.widths(width);
        let headings: Vec<String> =
            self.columns.iter().map(|column| column.heading.clone()).collect();
        std::iter::once(&headings).chain(&self.rows).map(|row| self.line(row, &widths)).collect()
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let widest = |index: usize, column: &Column| {
            let cells = self.rows.iter().filter_map(|row| row.get(index));
            cells.map(|cell| cell.width()).chain([column.heading.width()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> =
            self.columns.iter().enumerate().map(|(index, column)| widest(index, column)).collect();
        let Some(width) = width else { return widths };
        let gaps = GAP * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        for (cells, column) in widths.iter_mut().zip(&self.columns).rev() {
            if column.shrinks && excess > 0 {
                let shrunk = cells.saturating_sub(excess).max(SHRUNK_MIN.min(*cells));
                excess -= *cells - shrunk;
                *cells = shrunk;
            }
        }
        widths
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, column), width) in row.iter().zip(&self.columns).zip(widths) {
            if !line.is_empty() {
                line.push_str(&" ".repeat(GAP));
            }
            let cell = cut(cell, *width);
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            match column.align {
                Align::Left => line.extend([cell.as_str(), &padding]),
                Align::Right => line.extend([padding.as_str(), &cell]),
            }
        }
        line.truncate(line.trim_end().len());
        line
    }
}

/// Cuts a text to so many cells, with an ellipsis where something is missing.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut kept, mut cells) = (String::new(), 0);
    for character in text.chars() {
        cells += character.width().unwrap_or(0);
        if cells > width.saturating_sub(1) {
            break;
        }
        kept.push(character);
    }
    kept.push('…');
    kept
}

/// Returns the text without control characters.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table =
            Table::new([Column::text("code"), Column::shrinking("name"), Column::number("n")]);
        table.row(["C-1".into(), "华东精密机械有限公司".into(), "7".into()]);
        table.row(["C-22".into(), "Acme\u{1b}[2J".into(), "12".into()]);
        table
    }

    #[test]
    fn wide_characters_keep_their_columns() {
        let lines = sample().lines(None);
        assert_eq!(lines[0], "code  name                   n");
        assert_eq!(lines[1], "C-1   华东精密机械有限公司   7");
        assert_eq!(lines[2], "C-22  Acme [2J              12");
    }

    #[test]
    fn tables_fit_the_terminal() {
        let lines = sample().lines(Some(24));
        assert!(lines.iter().all(|line| line.width() <= 24), "{lines:?}");
        assert_eq!(lines[1], "C-1   华东精密机械…    7");
    }
}
