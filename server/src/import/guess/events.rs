//! The events of a guessed mapping, each with its fields and the columns they come from.

use std::fmt::Write;

use daybook_core::money::Currency;

use super::concepts::{Concept, currency};
use super::values::{self, Days};
use super::{Rows, Sheet, cell, formats, quoted, template};

/// How amounts of a column are written in a mapping.
fn money(sheet: &mut Sheet, of: &[Concept], own: Option<Currency>) -> Option<String> {
    let index = of.iter().find_map(|concept| sheet.take(*concept))?;
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

/// Writes what becomes of a row.
pub(super) fn write(
    text: &mut String,
    kind: Rows,
    sheet: &mut Sheet,
    own: Option<Currency>,
) -> std::fmt::Result {
    use Concept as C;
    let amount = match kind {
        Rows::Contracts => money(sheet, &[C::ContractAmount, C::Amount], own),
        Rows::Payments => money(sheet, &[C::PaymentAmount, C::Amount], own),
        Rows::Invoices | Rows::Opportunities => money(sheet, &[C::Amount], own),
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
            write_contact_there(text, sheet)
        }
        Rows::Contacts => write_contact(text, sheet, ""),
        Rows::Interactions => write_interaction(text, sheet),
        Rows::Opportunities => write_opportunity(text, sheet, amount.as_deref()),
        Rows::Contracts => {
            write_contact_there(text, sheet)?;
            write_contract(text, sheet, &amount.unwrap_or_default(), own)
        }
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

/// A name that is not the customer's own is a person there, known after the first row.
fn write_contact_there(text: &mut String, sheet: &mut Sheet) -> std::fmt::Result {
    use Concept as C;
    if sheet.has(C::CustomerName) || sheet.has(C::CustomerCode) {
        return write_contact(text, sheet, "once_per = \"customer\"\n");
    }
    Ok(())
}

fn write_contact(text: &mut String, sheet: &mut Sheet, how_often: &str) -> std::fmt::Result {
    use Concept as C;
    let Some(person) = sheet.take(C::PersonName) else { return Ok(()) };
    writeln!(text, "\n# The person there. 联系人。")?;
    writeln!(text, "[[event]]\ncommand = \"add_contact\"")?;
    write!(text, "{how_often}")?;
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

fn write_contract(
    text: &mut String,
    sheet: &mut Sheet,
    amount: &str,
    own: Option<Currency>,
) -> std::fmt::Result {
    use Concept as C;
    let Some(number) = sheet.take(C::ContractNumber) else { return Ok(()) };
    let Some((concept, signed, days)) = sheet.days(&[C::ContractDate, C::When]) else {
        return Ok(());
    };
    sheet.take(concept);
    let number = cell(sheet.name(number));
    let signed_on = date(sheet, signed, &days);
    let due_on = match sheet.days(&[C::DueDate]) {
        Some((concept, index, days)) if sheet.filled(index) => {
            sheet.take(concept);
            date(sheet, index, &days)
        }
        _ => signed_on.clone(),
    };
    writeln!(text, "\n# The contract, and its debt, due at once. 合同及其应收，即时到期。")?;
    writeln!(text, "[[event]]\ncommand = \"sign_contract\"\n[event.fields]")?;
    writeln!(text, "contract = {number}\nsigned_on = {signed_on}\ntotal = {amount}")?;
    writeln!(text, "debt_opened_by = \"instalments\"")?;
    writeln!(
        text,
        "instalments = [{{ number = 1, trigger = \"date\", planned_on = {due_on}, amount = {amount} }}]"
    )?;
    let Some((_, index, _)) = sheet.days(&[C::PaymentDate]) else { return Ok(()) };
    let paid_on = quoted(sheet.name(index));
    let Some(paid) = money(sheet, &[C::PaymentAmount], own) else { return Ok(()) };
    let receipt = number.replacen("\"{", "\"P-{", 1);
    writeln!(
        text,
        "\n# What was paid of it by then; it goes to the oldest debt. 已付部分，先核销最早的应收。"
    )?;
    write_paid(text, sheet, &receipt, &paid)?;
    writeln!(text, "\n[[event]]\ncommand = \"apply_credit\"")?;
    writeln!(text, "when = {{ column = {paid_on}, empty = false }}\n[event.fields]")?;
    writeln!(text, "credit_kind = \"receipt\"\ncredit = {receipt}\nmethod = \"fifo\"")
}

fn date(sheet: &Sheet, index: usize, days: &Days) -> String {
    format!("{{ column = {}, date = {} }}", quoted(sheet.name(index)), formats(days))
}

fn write_invoice(text: &mut String, sheet: &mut Sheet, amount: &str) -> std::fmt::Result {
    use Concept as C;
    let Some(number) = sheet.take(C::InvoiceNumber) else { return Ok(()) };
    let Some((concept, issued, days)) = sheet.days(&[C::InvoiceDate, C::When]) else {
        return Ok(());
    };
    sheet.take(concept);
    let number = cell(sheet.name(number));
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
    let receipt = sheet.take(Concept::PaymentNumber);
    let receipt = receipt.map(|index| cell(sheet.name(index))).unwrap_or_default();
    writeln!(text)?;
    write_paid(text, sheet, &receipt, amount)
}

/// Writes a payment, for rows that have a day of it.
fn write_paid(
    text: &mut String,
    sheet: &mut Sheet,
    receipt: &str,
    amount: &str,
) -> std::fmt::Result {
    use Concept as C;
    let Some((concept, index, days)) = sheet.days(&[C::PaymentDate, C::When]) else {
        return Ok(());
    };
    sheet.take(concept);
    let (column, format) = (quoted(sheet.name(index)), formats(&days));
    writeln!(text, "[[event]]\ncommand = \"receive_payment\"")?;
    if !sheet.filled(index) {
        writeln!(text, "when = {{ column = {column}, empty = false }}")?;
    }
    writeln!(text, "effective = {{ column = {column}, format = {format} }}\n[event.fields]")?;
    if !receipt.is_empty() {
        writeln!(text, "receipt = {receipt}")?;
    }
    writeln!(text, "amount = {amount}\nvalue_on = {}", date(sheet, index, &days))?;
    optional(text, sheet, C::PaymentMethod, "method")
}
