//! `daybook receivables list`: the open items.

use clap::Args;
use daybook_server::api::receivables::{ItemsAnswer, ItemsQuery};

use super::{Scope, answer, say_more, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Sheet, amount, text};
use crate::render::{Lang, amounts};

/// List the open items
#[derive(Debug, Args)]
pub struct List {
    #[command(flatten)]
    scope: Scope,
    /// Only what is overdue
    #[arg(long)]
    overdue: bool,
}

impl List {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let scope = self.scope.query();
        let query = ItemsQuery {
            as_of: scope.as_of,
            known_at: scope.known_at,
            customer: scope.customer,
            entity: scope.entity,
            currency: scope.currency,
            overdue: self.overdue.then_some(true),
            after: scope.after,
            limit: scope.limit,
        };
        let answer =
            answer(global, "receivables", async |client| Ok(client.receivables(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang);
        Ok(show(&answer, &answer.basis, global, self.scope.csv, sheet, print))
    }
}

fn sheet(answer: &ItemsAnswer, lang: Lang) -> Sheet {
    let mut sheet = Sheet::new([
        lang.pick("customer", "客户").to_owned(),
        lang.pick("item", "应收项").to_owned(),
        lang.pick("document", "单据日").to_owned(),
        lang.pick("due", "到期日").to_owned(),
        lang.pick(">overdue days", ">逾期天数").to_owned(),
        lang.pick(">charged", ">应收").to_owned(),
        lang.pick(">open", ">未收").to_owned(),
        lang.pick("currency", "币种").to_owned(),
        lang.pick("note", "备注").to_owned(),
    ]);
    for item in &answer.items {
        let mut notes = Vec::new();
        if item.disputed {
            notes.push(lang.pick("disputed", "有争议").to_owned());
        }
        if let (Some(level), Some(on)) = (item.reminded_level, item.reminded_on) {
            notes.push(match lang {
                Lang::En => format!("reminded {on}, level {level}"),
                Lang::Zh => format!("{on} 催款第 {level} 级"),
            });
        }
        sheet.row([
            text(&item.customer),
            text(&item.item),
            text(item.document_on.to_string()),
            text(item.due_on.to_string()),
            text(item.overdue_days.to_string()),
            amount(&item.charged),
            amount(&item.open),
            text(item.open.currency.to_string()),
            text(notes.join(lang.pick("; ", "；"))),
        ]);
    }
    sheet
}

fn print(answer: &ItemsAnswer, lang: Lang) {
    if answer.total == 0 {
        crate::out!("{}", lang.pick("nothing is open", "没有未收款项"));
        return;
    }
    sheet(answer, lang).table().print();
    let (open, overdue, count) = (amounts(&answer.open), amounts(&answer.overdue), answer.total);
    crate::out!();
    match lang {
        Lang::En => crate::out!("{count} items, open {open}, of which overdue {overdue}"),
        Lang::Zh => crate::out!("共 {count} 项，未收 {open}，其中逾期 {overdue}"),
    }
    say_more(answer.next.as_deref(), lang);
}
