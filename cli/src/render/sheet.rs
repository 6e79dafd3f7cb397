//! A report that is a table for people and comma-separated values for spreadsheets.

use daybook_server::api::money::AmountView;

use super::{Column, Table, csv};

/// A report as a table: with digits in groups for people, plain for programs.
pub struct Sheet {
    headings: Vec<String>,
    numbers: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

/// A cell of a report.
pub enum Cell {
    /// A text or a number.
    Text(String),
    /// An amount, without its currency.
    Amount(AmountView),
}

impl Sheet {
    /// Starts a table; a heading that begins with `>` is of a column of numbers.
    pub fn new(headings: impl IntoIterator<Item = String>) -> Sheet {
        let headings: Vec<String> = headings.into_iter().collect();
        let numbers = headings.iter().map(|heading| heading.starts_with('>')).collect();
        let plain = headings.iter().map(|heading| heading.trim_start_matches('>').to_owned());
        Sheet { headings: plain.collect(), numbers, rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Returns the table for people.
    pub fn table(&self) -> Table {
        let columns = self.headings.iter().zip(&self.numbers);
        let mut table = Table::new(columns.map(|(heading, number)| {
            if *number { Column::number(heading) } else { Column::text(heading) }
        }));
        for row in &self.rows {
            table.row(row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                Cell::Amount(amount) => decimals(amount),
            }));
        }
        table
    }

    /// Returns the table for spreadsheets.
    pub fn csv(&self) -> String {
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().map(|cell| match cell {
                Cell::Text(text) => text.clone(),
                Cell::Amount(amount) => amount.decimal.clone(),
            });
            cells.collect()
        });
        csv::written(std::iter::once(self.headings.clone()).chain(rows))
    }
}

/// Writes an amount with its digits in groups; a dash for nothing.
pub fn decimals(amount: &AmountView) -> String {
    if amount.minor == 0 {
        return "-".to_owned();
    }
    let text = super::amounts(std::slice::from_ref(amount));
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// Makes a cell of a text.
pub fn text(text: impl Into<String>) -> Cell {
    Cell::Text(text.into())
}

/// Makes a cell of an amount.
pub fn amount(amount: &AmountView) -> Cell {
    Cell::Amount(amount.clone())
}
