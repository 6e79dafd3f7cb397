//! `daybook receivables dunning`: what to remind of.

use clap::Args;
use daybook_server::api::receivables::{DunningAnswer, DunningLine};

use super::{Scope, answer, say_more, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::Lang;
use crate::render::sheet::{Sheet, amount, text};

/// List what to remind of, and what is overdue but left out
#[derive(Debug, Args)]
pub struct Dunning {
    #[command(flatten)]
    scope: Scope,
}

impl Dunning {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = self.scope.query();
        let answer =
            answer(global, "receivables", async |client| Ok(client.dunning(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang);
        Ok(show(&answer, &answer.basis, global, self.scope.csv, sheet, print))
    }
}

fn sheet(answer: &DunningAnswer, lang: Lang) -> Sheet {
    let headings = [
        ("customer", "客户"),
        ("item", "应收项"),
        ("due", "到期日"),
        (">overdue days", ">逾期天数"),
        (">open", ">未收"),
        ("currency", "币种"),
        ("remind", "催款"),
    ];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    for line in &answer.lines {
        sheet.row([
            text(&line.customer),
            text(&line.item),
            text(line.due_on.to_string()),
            text(line.overdue_days.to_string()),
            amount(&line.open),
            text(line.open.currency.to_string()),
            text(reminder(line, lang)),
        ]);
    }
    sheet
}

fn reminder(line: &DunningLine, lang: Lang) -> String {
    match (line.level, line.held.as_deref()) {
        (Some(level), _) => match lang {
            Lang::En => format!("level {level}"),
            Lang::Zh => format!("第 {level} 级"),
        },
        (None, Some("disputed")) => lang.pick("no: disputed", "否：有争议").to_owned(),
        (None, Some("too_early")) => lang.pick("no: too early", "否：未到天数").to_owned(),
        (None, Some("reminded")) => lang.pick("no: reminded lately", "否：近期已催").to_owned(),
        (None, Some("below_minimum")) => lang.pick("no: too little", "否：低于起催额").to_owned(),
        (None, Some("net_credit")) => {
            lang.pick("no: owes nothing on balance", "否：净额为贷方").to_owned()
        }
        (None, other) => other.unwrap_or_default().to_owned(),
    }
}

fn print(answer: &DunningAnswer, lang: Lang) {
    if answer.total == 0 {
        crate::out!("{}", lang.pick("nothing is overdue", "没有逾期款项"));
        return;
    }
    sheet(answer, lang).table().print();
    say_more(answer.next.as_deref(), lang);
}
