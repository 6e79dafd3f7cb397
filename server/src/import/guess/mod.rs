//! A first mapping for a file nobody has described: kinds and columns found by their names, in English
//! and Chinese, and by what stands in them. It is written with comments, to be read and corrected.

mod concepts;
mod values;

use std::fmt::Write;

use daybook_core::money::Currency;

use super::source::{self, Form, Found, Record, Seekable, SourceError, Table};
use concepts::{Concept, currency, meaning};
use values::Days;

/// Rows that are looked at.
const ROWS_LOOKED_AT: usize = 1000;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rows {
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
        if amount && self.has(C::InvoiceNumber) && self.days(&[C::InvoiceDate, C::When]).is_some() {
            Rows::Invoices
        } else if amount && self.days(&[C::PaymentDate, C::When]).is_some() && !self.has(C::Stage) {
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
    let _ = write_events(&mut text, kind, &mut sheet, own);
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

/// How amounts of a column are written in a mapping.
fn money(sheet: &mut Sheet, own: Option<Currency>) -> Option<String> {
    let index = sheet.take(Concept::Amount)?;
    let named = currency(sheet.name(index)).map(str::to_owned);
    let by_row = sheet
        .take(Concept::Currency)
        .filter(|index| sheet.values(*index).iter().all(|value| value.parse::<Currency>().is_ok()));
    let own = own.map(|currency| currency.as_str().to_owned());
    let code = named.or(own).unwrap_or_else(|| "CNY".to_owned());
    let marks = values::amounts(&sheet.values(index), &code);
    let currency = by_row.map_or_else(|| quoted(&code), |index| template(sheet.name(index)));
    let mut text = format!("{{ column = {}, money = {currency}", quoted(sheet.name(index)));
    if let Some(marks) = marks {
        if let Some(thousands) = marks.thousands {
            let _ = write!(text, ", thousands = {}", quoted(&thousands.to_string()));
        }
        if marks.decimal != '.' {
            let _ = write!(text, ", decimal = {}", quoted(&marks.decimal.to_string()));
        }
    }
    text.push_str(" }");
    Some(text)
}

fn write_customer(text: &mut String, sheet: &mut Sheet) -> std::fmt::Result {
    use Concept as C;
    let person =
        !sheet.has(C::CustomerName) && !sheet.has(C::CustomerCode) && sheet.has(C::PersonName);
    writeln!(
        text,
        "\n# The customer, once; one who is on file already is left as it is. 客户建档，已有的不变。"
    )?;
    writeln!(
        text,
        "[[event]]\ncommand = \"register_customer\"\nonce_per = \"customer\"\n[event.fields]"
    )?;
    writeln!(text, "kind = {}", quoted(if person { "person" } else { "company" }))?;
    writeln!(text, "source = \"import\"")?;
    let name = [C::CustomerName, C::PersonName, C::CustomerCode];
    let name = name.into_iter().find_map(|concept| sheet.take(concept)).unwrap_or_default();
    let default = if sheet.filled(name) { "" } else { ", default = \"UNASSIGNED\"" };
    writeln!(text, "details.name = {{ column = {}{default} }}", quoted(sheet.name(name)))?;
    let details = [
        (C::Address, "address"),
        (C::PostalCode, "postal_code"),
        (C::City, "city"),
        (C::Province, "province"),
        (C::Country, "country"),
        (C::Industry, "industry"),
        (C::StaffSize, "staff_size"),
        (C::Website, "website"),
        (C::TaxNumber, "tax_number"),
        (C::BankAccount, "bank_account"),
    ];
    for (concept, field) in details {
        if let Some(index) = sheet.take(concept) {
            writeln!(
                text,
                "details.{field} = {{ column = {}, optional = true }}",
                quoted(sheet.name(index))
            )?;
        }
    }
    Ok(())
}

fn write_events(
    text: &mut String,
    kind: Rows,
    sheet: &mut Sheet,
    own: Option<Currency>,
) -> std::fmt::Result {
    use Concept as C;
    let amount = match kind {
        Rows::Invoices | Rows::Payments | Rows::Opportunities => money(sheet, own),
        _ => None,
    };
    if let Some(amount) = &amount {
        writeln!(text, "# Summed for reconciling with the file. 用于与文件核对的合计。")?;
        let optional = if kind == Rows::Opportunities {
            amount.replace(" }", ", optional = true }")
        } else {
            amount.clone()
        };
        writeln!(text, "amount = {optional}")?;
    }
    write_customer(text, sheet)?;
    match kind {
        Rows::Customers => {
            for (concept, field) in [(C::Phone, "phone"), (C::Email, "email")] {
                if let Some(index) = sheet.take(concept) {
                    writeln!(
                        text,
                        "details.{field} = {{ column = {}, optional = true }}",
                        quoted(sheet.name(index))
                    )?;
                }
            }
            // A name that is not the customer's own is a person there.
            if sheet.has(C::PersonName)
                && (sheet.has(C::CustomerName) || sheet.has(C::CustomerCode))
            {
                write_contact(text, sheet)?;
            }
            Ok(())
        }
        Rows::Contacts => write_contact(text, sheet),
        Rows::Interactions => write_interaction(text, sheet),
        Rows::Opportunities => write_opportunity(text, sheet, amount.as_deref()),
        Rows::Invoices => write_invoice(text, sheet, &amount.unwrap_or_default()),
        Rows::Payments => write_payment(text, sheet, &amount.unwrap_or_default()),
    }
}

fn begin(text: &mut String, command: &str) -> std::fmt::Result {
    writeln!(text, "\n[[event]]\ncommand = {}\n[event.fields]", quoted(command))
}

fn optional(
    text: &mut String,
    sheet: &mut Sheet,
    concept: Concept,
    field: &str,
) -> std::fmt::Result {
    match sheet.take(concept) {
        Some(index) => {
            writeln!(
                text,
                "{field} = {{ column = {}, optional = true }}",
                quoted(sheet.name(index))
            )
        }
        None => Ok(()),
    }
}

fn write_contact(text: &mut String, sheet: &mut Sheet) -> std::fmt::Result {
    use Concept as C;
    let Some(person) = sheet.take(C::PersonName) else { return Ok(()) };
    writeln!(text, "\n# The person there. 联系人。")?;
    writeln!(text, "[[event]]\ncommand = \"add_contact\"")?;
    writeln!(
        text,
        "when = {{ column = {}, empty = false }}\n[event.fields]",
        quoted(sheet.name(person))
    )?;
    optional(text, sheet, C::Role, "role")?;
    writeln!(text, "identity.name = {{ column = {} }}", quoted(sheet.name(person)))?;
    for (concept, field) in [(C::Phone, "phones"), (C::Email, "emails")] {
        if let Some(index) = sheet.take(concept) {
            writeln!(
                text,
                "identity.{field} = [{{ column = {}, optional = true }}]",
                quoted(sheet.name(index))
            )?;
        }
    }
    Ok(())
}

fn write_interaction(text: &mut String, sheet: &mut Sheet) -> std::fmt::Result {
    use Concept as C;
    begin(text, "record_interaction")?;
    match sheet.take(C::Channel) {
        Some(index) => writeln!(
            text,
            "channel = {{ column = {}, map = {{ \"phone\" = \"phone\", \"call\" = \"phone\", \"电话\" = \"phone\", \
             \"visit\" = \"visit_out\", \"拜访\" = \"visit_out\", \"上门\" = \"visit_out\", \"来访\" = \"visit_in\", \
             \"email\" = \"email\", \"邮件\" = \"email\", \"微信\" = \"im\", \"QQ\" = \"im\", \"短信\" = \"sms\" }}, \
             otherwise = \"phone\" }}",
            quoted(sheet.name(index))
        )?,
        None => writeln!(text, "channel = \"phone\"")?,
    }
    match sheet.take(C::Direction) {
        Some(index) => writeln!(
            text,
            "direction = {{ column = {}, map = {{ \"in\" = \"in\", \"out\" = \"out\", \"呼入\" = \"in\", \"呼出\" = \"out\", \
             \"来电\" = \"in\", \"去电\" = \"out\" }}, otherwise = \"out\" }}",
            quoted(sheet.name(index))
        )?,
        None => writeln!(text, "direction = \"out\"")?,
    }
    if let Some((_, index, days)) = sheet.days(&[C::When]) {
        writeln!(
            text,
            "started_at = {{ column = {}, instant = {} }}",
            quoted(sheet.name(index)),
            formats(&days)
        )?;
    }
    writeln!(text, "unknown_caller = true")?;
    optional(text, sheet, C::Summary, "correspondence.summary")
}

fn write_opportunity(
    text: &mut String,
    sheet: &mut Sheet,
    amount: Option<&str>,
) -> std::fmt::Result {
    use Concept as C;
    begin(text, "open_opportunity")?;
    writeln!(text, "pipeline = \"sales\"")?;
    match sheet.take(C::Stage) {
        Some(index) => {
            let mut stages: Vec<&str> = sheet.values(index);
            stages.sort_unstable();
            stages.dedup();
            let stages: Vec<String> =
                stages.iter().map(|stage| format!("{} = \"lead\"", quoted(stage))).collect();
            writeln!(
                text,
                "# Which of lead, qualified, proposal, negotiation is each? 各阶段对应哪一个？\n\
                 stage = {{ column = {}, map = {{ {} }}, otherwise = \"lead\" }}",
                quoted(sheet.name(index)),
                stages.join(", ")
            )?;
        }
        None => writeln!(text, "stage = \"lead\"")?,
    }
    optional(text, sheet, C::OpportunityName, "title")?;
    if let Some(amount) = amount {
        writeln!(text, "amount = {}", amount.replace(" }", ", optional = true }"))?;
    }
    optional(text, sheet, C::Product, "product")?;
    if let Some((concept, index, days)) = sheet.days(&[C::ExpectedClose]) {
        sheet.take(concept);
        writeln!(
            text,
            "expected_close_on = {{ column = {}, date = {}, optional = true }}",
            quoted(sheet.name(index)),
            formats(&days)
        )?;
    }
    Ok(())
}

fn write_invoice(text: &mut String, sheet: &mut Sheet, amount: &str) -> std::fmt::Result {
    use Concept as C;
    let Some(number) = sheet.take(C::InvoiceNumber) else { return Ok(()) };
    let Some((concept, issued, days)) = sheet.days(&[C::InvoiceDate, C::When]) else {
        return Ok(());
    };
    sheet.take(concept);
    let number = cell(sheet.name(number));
    let date = |sheet: &Sheet, index: usize, days: &Days| {
        format!("{{ column = {}, date = {} }}", quoted(sheet.name(index)), formats(days))
    };
    let issued_on = date(sheet, issued, &days);
    let due_on = match sheet.days(&[C::DueDate]) {
        Some((concept, index, days)) if sheet.filled(index) => {
            sheet.take(concept);
            date(sheet, index, &days)
        }
        _ => issued_on.clone(),
    };
    writeln!(text, "\n# The debt, and the invoice that covers it. 应收及其发票。")?;
    writeln!(text, "[[event]]\ncommand = \"open_receivable\"\n[event.fields]")?;
    writeln!(text, "item = {number}\nsource = \"invoice\"\ndocument_on = {issued_on}")?;
    writeln!(text, "due_on = {due_on}\namount = {amount}")?;
    begin(text, "issue_invoice")?;
    writeln!(text, "invoice = {number}\nissued_on = {issued_on}\ntotal = {amount}")?;
    writeln!(text, "covers = [{{ item = {number}, amount = {amount} }}]")?;
    let Some((concept, index, days)) = sheet.days(&[C::PaymentDate]) else { return Ok(()) };
    sheet.take(concept);
    let (column, formats, paid_on) =
        (quoted(sheet.name(index)), formats(&days), date(sheet, index, &days));
    let paid = format!(
        "when = {{ column = {column}, empty = false }}\n\
         effective = {{ column = {column}, format = {formats} }}\n[event.fields]"
    );
    let receipt = number.replacen("\"{", "\"P-{", 1);
    writeln!(text, "\n# Paid in full on the day the file says. 按文件所示日期全额回款。")?;
    writeln!(text, "[[event]]\ncommand = \"receive_payment\"\n{paid}")?;
    writeln!(text, "receipt = {receipt}\namount = {amount}\nvalue_on = {paid_on}")?;
    writeln!(text, "\n[[event]]\ncommand = \"apply_credit\"\n{paid}")?;
    writeln!(text, "credit_kind = \"receipt\"\ncredit = {receipt}\nmethod = \"explicit\"")?;
    writeln!(text, "lines = [{{ item = {number}, amount = {amount} }}]")
}

fn write_payment(text: &mut String, sheet: &mut Sheet, amount: &str) -> std::fmt::Result {
    use Concept as C;
    let Some((concept, index, days)) = sheet.days(&[C::PaymentDate, C::When]) else {
        return Ok(());
    };
    sheet.take(concept);
    begin(text, "receive_payment")?;
    if let Some(number) = sheet.take(C::PaymentNumber) {
        writeln!(text, "receipt = {}", cell(sheet.name(number)))?;
    }
    writeln!(text, "amount = {amount}")?;
    let (column, formats) = (quoted(sheet.name(index)), formats(&days));
    writeln!(text, "value_on = {{ column = {column}, date = {formats} }}")?;
    optional(text, sheet, C::PaymentMethod, "method")
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
