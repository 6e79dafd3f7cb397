//! A first mapping for a file nobody has described: kinds and columns found by their names, in English
//! and Chinese, and by what stands in them. It is written with comments, to be read and corrected.

mod concepts;
mod events;
mod values;

use std::fmt::Write;

use daybook_core::money::Currency;

use super::source::{self, Form, Found, Record, Seekable, SourceError, Table};
use concepts::{Concept, meaning};
use values::Days;

/// Rows that are looked at.
const ROWS_LOOKED_AT: usize = 1000;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
    Contracts,
    Invoices,
    Payments,
    Opportunities,
    Interactions,
    Contacts,
    Customers,
}

/// The columns of a file with what is known of them.
struct Sheet {
    columns: Vec<String>,
    concepts: Vec<Option<Concept>>,
    rows: Vec<Vec<String>>,
    used: Vec<bool>,
}

impl Sheet {
    fn read(table: Table) -> Result<Sheet, SourceError> {
        let Table { columns, mut rows, .. } = table;
        let (mut record, mut kept) = (Record::default(), Vec::new());
        while kept.len() < ROWS_LOOKED_AT && rows.read(&mut record)? {
            if record.problem(columns.len()).is_none() {
                let fields = (0..columns.len()).map(|index| record.field(index).trim().to_owned());
                kept.push(fields.collect());
            }
        }
        let mut concepts: Vec<Option<Concept>> = Vec::new();
        for column in &columns {
            // Of two columns that mean the same the first is taken.
            let found = meaning(column).filter(|concept| !concepts.contains(&Some(*concept)));
            concepts.push(found);
        }
        let used = vec![false; columns.len()];
        Ok(Sheet { columns, concepts, rows: kept, used })
    }

    fn index(&self, concept: Concept) -> Option<usize> {
        self.concepts.iter().position(|found| *found == Some(concept))
    }

    fn has(&self, concept: Concept) -> bool {
        self.index(concept).is_some()
    }

    fn values(&self, index: usize) -> Vec<&str> {
        self.rows.iter().filter_map(|row| row.get(index).map(String::as_str)).collect()
    }

    fn filled(&self, index: usize) -> bool {
        let values = self.values(index);
        !values.is_empty() && values.iter().all(|value| !value.is_empty())
    }

    /// Returns the column of a concept, and notes that the mapping uses it.
    fn take(&mut self, concept: Concept) -> Option<usize> {
        let index = self.index(concept)?;
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
        Some(index)
    }

    fn name(&self, index: usize) -> &str {
        self.columns.get(index).map_or("", String::as_str)
    }

    /// Returns the first of several concepts whose column holds days.
    fn days(&self, concepts: &[Concept]) -> Option<(Concept, usize, Days)> {
        concepts.iter().find_map(|concept| {
            let index = self.index(*concept)?;
            Some((*concept, index, values::days(&self.values(index))?))
        })
    }

    fn kind(&self) -> Rows {
        use Concept as C;
        let amount = self.has(C::Amount);
        let contract =
            self.has(C::ContractAmount) || (self.has(C::ContractDate) && self.has(C::Amount));
        if contract
            && self.has(C::ContractNumber)
            && !self.has(C::Stage)
            && self.days(&[C::ContractDate, C::When]).is_some()
        {
            Rows::Contracts
        } else if amount
            && self.has(C::InvoiceNumber)
            && self.days(&[C::InvoiceDate, C::When]).is_some()
        {
            Rows::Invoices
        } else if (amount || self.has(C::PaymentAmount))
            && self.days(&[C::PaymentDate, C::When]).is_some()
            && !self.has(C::Stage)
        {
            Rows::Payments
        } else if self.has(C::Stage) || self.has(C::OpportunityName) {
            Rows::Opportunities
        } else if self.days(&[C::When]).is_some()
            && (self.has(C::Summary) || self.has(C::Channel) || self.has(C::Direction))
        {
            Rows::Interactions
        } else if self.has(C::PersonName)
            && (self.has(C::CustomerName) || self.has(C::CustomerCode))
        {
            Rows::Contacts
        } else {
            Rows::Customers
        }
    }

    /// Finds columns that tell rows apart: one that is meant to, or several, or all.
    fn row_key(&self, kind: Rows) -> Vec<usize> {
        use Concept as C;
        let single: &[C] = match kind {
            Rows::Contracts => &[C::ContractNumber, C::RowId],
            Rows::Invoices => &[C::InvoiceNumber, C::RowId],
            Rows::Payments => &[C::PaymentNumber, C::RowId],
            Rows::Customers => &[C::CustomerCode, C::RowId, C::CustomerName, C::PersonName],
            _ => &[C::RowId],
        };
        let several: &[&[C]] = match kind {
            Rows::Contacts => &[
                &[C::CustomerCode, C::PersonName],
                &[C::CustomerName, C::PersonName],
                &[C::CustomerName, C::PersonName, C::Phone],
            ],
            Rows::Opportunities => &[&[C::CustomerName, C::OpportunityName], &[C::OpportunityName]],
            Rows::Interactions => &[
                &[C::CustomerCode, C::When],
                &[C::CustomerName, C::When],
                &[C::CustomerName, C::When, C::Summary],
            ],
            _ => &[&[C::CustomerCode, C::When], &[C::CustomerName, C::When]],
        };
        let apart = |columns: &[usize]| {
            values::unique(self.rows.iter().map(|row| {
                let parts = columns.iter().filter_map(|index| row.get(*index));
                let parts: Vec<&str> = parts.map(String::as_str).collect();
                if parts.iter().all(|part| part.is_empty()) {
                    String::new()
                } else {
                    parts.join("|")
                }
            }))
        };
        let found = single.iter().map(std::slice::from_ref).chain(several.iter().copied());
        let columns = found.filter_map(|concepts| {
            concepts.iter().map(|concept| self.index(*concept)).collect::<Option<Vec<usize>>>()
        });
        columns
            .into_iter()
            .find(|columns| apart(columns))
            .unwrap_or_else(|| (0..self.columns.len()).collect())
    }
}

/// Writes a first mapping for a file; `own` is the ledger's currency, taken where the file names none.
///
/// # Errors
/// [`SourceError`] when the file cannot be read.
pub fn guess(
    name: &str,
    again: &dyn Fn() -> Box<dyn Seekable>,
    own: Option<Currency>,
) -> Result<String, SourceError> {
    let table = source::open(again, &Form::default())?;
    let found = table.found.clone();
    let mut sheet = Sheet::read(table)?;
    let kind = sheet.kind();
    let mut text = String::new();
    // Writing into a text cannot fail.
    let _ = write_head(&mut text, name, &found, kind, &mut sheet);
    let _ = events::write(&mut text, kind, &mut sheet, own);
    let _ = write_rest(&mut text, &sheet);
    Ok(text)
}

/// Quotes a text for TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Writes a column as a template.
fn template(column: &str) -> String {
    quoted(&format!("{{{column}}}"))
}

/// Names that a template cannot hold are written as cells.
fn cell(column: &str) -> String {
    if column.contains(['{', '}']) || column.trim() == "#" {
        format!("{{ column = {} }}", quoted(column))
    } else {
        template(column)
    }
}

fn formats(days: &Days) -> String {
    let all: Vec<String> = days.formats.iter().map(|format| quoted(format)).collect();
    match all.as_slice() {
        [one] => one.clone(),
        all => format!("[{}]", all.join(", ")),
    }
}

fn write_head(
    text: &mut String,
    name: &str,
    found: &Found,
    kind: Rows,
    sheet: &mut Sheet,
) -> std::fmt::Result {
    use Concept as C;
    let what = match kind {
        Rows::Contracts => "one contract a row / 每行一份合同",
        Rows::Invoices => "one invoice a row / 每行一张发票",
        Rows::Payments => "one payment a row / 每行一笔回款",
        Rows::Opportunities => "one opportunity a row / 每行一个商机",
        Rows::Interactions => "one interaction a row / 每行一次往来",
        Rows::Contacts => "one contact a row / 每行一位联系人",
        Rows::Customers => "one customer a row / 每行一个客户",
    };
    let form = match found {
        Found::Csv(encoding, delimiter) => {
            let delimiter = match delimiter {
                b'\t' => "tabs".to_owned(),
                other => format!("{:?}", char::from(*other)),
            };
            format!("CSV in {}, fields separated by {delimiter}", encoding.name())
        }
        Found::JsonLines(encoding) => format!("JSON lines in {}", encoding.name()),
        Found::Sheet => "a sheet of a workbook".to_owned(),
    };
    let rows = sheet.rows.len();
    writeln!(text, "# Guessed from the columns and first {rows} rows of {name}: {what}.")?;
    writeln!(text, "# {form}. Read it before you use it; try it with --dry-run.")?;
    writeln!(text, "# 由列名和内容猜测而得；使用前请核对，并先用 --dry-run 试运行。\n")?;
    writeln!(text, "[import]")?;
    let stem = name.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("import");
    writeln!(
        text,
        "# The name rows are recognised by; never change it for the same data. 识别各行的名称，请勿更改。"
    )?;
    writeln!(text, "source = {}", quoted(&stem.chars().take(40).collect::<String>()))?;
    let key = sheet.row_key(kind);
    let names: Vec<String> = key.iter().map(|index| quoted(sheet.name(*index))).collect();
    writeln!(text, "# What makes a row itself. 每行的唯一标识。")?;
    writeln!(text, "row_key = [{}]", names.join(", "))?;
    let customer = [C::CustomerCode, C::CustomerName, C::PersonName];
    let customer = customer.into_iter().find_map(|concept| sheet.take(concept));
    writeln!(text, "# Whose row it is: the customer's code. 客户编号。")?;
    match customer.or_else(|| key.first().copied()) {
        Some(index) if sheet.filled(index) => {
            writeln!(text, "customer = {}", cell(sheet.name(index)))?
        }
        Some(index) => writeln!(
            text,
            "customer = {{ column = {}, default = \"UNASSIGNED\" }}",
            quoted(sheet.name(index))
        )?,
        None => writeln!(text, "customer = \"UNASSIGNED\"")?,
    }
    let times: &[C] = match kind {
        Rows::Contracts => &[C::ContractDate, C::When],
        Rows::Invoices => &[C::InvoiceDate, C::When],
        Rows::Payments => &[C::PaymentDate, C::When],
        _ => &[C::When],
    };
    if let Some((concept, index, days)) = sheet.days(times) {
        sheet.take(concept);
        if days.ambiguous {
            writeln!(
                text,
                "# Day first or month first? Every value fits both. 日在前还是月在前？请核对。"
            )?;
        }
        let fallback = if sheet.filled(index) { "" } else { ", optional = true" };
        writeln!(
            text,
            "effective = {{ column = {}, format = {}{fallback} }}",
            quoted(sheet.name(index)),
            formats(&days)
        )?;
    }
    Ok(())
}

/// Names the columns that the mapping does not use, so that none is lost unseen.
fn write_rest(text: &mut String, sheet: &Sheet) -> std::fmt::Result {
    let unused = sheet.columns.iter().zip(&sheet.used).filter(|(_, used)| !**used);
    let names: Vec<&str> = unused.map(|(column, _)| column.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ").replace(['\n', '\r'], " ");
    writeln!(
        text,
        "\n# Not used by this mapping; the file itself is kept with the import.\n# 未使用的列（原文件随导入保存）：{names}"
    )
}
