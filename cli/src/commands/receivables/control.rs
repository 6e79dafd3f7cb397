//! `daybook receivables control`: what was charged and what became of it.

use clap::Args;
use daybook_server::api::receivables::ControlAnswer;

use super::{Scope, answer, say_more, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::Lang;
use crate::render::sheet::{Sheet, amount, text};

/// Show what was charged and what became of it, with balance and exposure
#[derive(Debug, Args)]
pub struct Control {
    #[command(flatten)]
    scope: Scope,
}

impl Control {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = self.scope.query();
        let answer =
            answer(global, "receivables", async |client| Ok(client.control(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang, false);
        Ok(show(&answer, &answer.basis, global, self.scope.csv, sheet, print))
    }
}

fn sheet(answer: &ControlAnswer, lang: Lang, totals: bool) -> Sheet {
    let headings = [
        ("customer", "客户"),
        ("entity", "主体"),
        ("currency", "币种"),
        (">charged", ">应收"),
        (">collected", ">已收"),
        (">open", ">未收"),
        (">credited", ">冲减"),
        (">written off", ">坏账"),
        (">overdue", ">逾期"),
        (">unapplied", ">未核销"),
        (">balance", ">余额"),
        (">exposure", ">敞口"),
    ];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    let sums = if totals { answer.totals.as_slice() } else { &[] };
    for line in answer.lines.iter().chain(sums) {
        let total = lang.pick("total", "合计");
        sheet.row([
            text(line.customer.as_deref().unwrap_or(total)),
            text(line.entity.clone().unwrap_or_default()),
            text(line.open.currency.to_string()),
            amount(&line.charged),
            amount(&line.collected),
            amount(&line.open),
            amount(&line.credited),
            amount(&line.written_off),
            amount(&line.overdue),
            amount(&line.unapplied),
            amount(&line.balance),
            amount(&line.exposure),
        ]);
    }
    sheet
}

fn print(answer: &ControlAnswer, lang: Lang) {
    if answer.total == 0 {
        crate::out!("{}", lang.pick("nothing was ever charged", "没有任何应收"));
        return;
    }
    sheet(answer, lang, true).table().print();
    say_more(answer.next.as_deref(), lang);
}
