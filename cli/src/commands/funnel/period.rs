//! `daybook funnel period`: what happened in a period, and what was foreseen when it began.

use clap::Args;
use daybook_server::api::funnel::{PeriodAnswer, PeriodQuery};

use super::{Scope, answer, rates, share, show, standing};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Sheet, text};
use crate::render::{Lang, amounts};

/// Show what was opened, won, lost and put off in a period, and how well it was foreseen
#[derive(Debug, Args)]
pub struct Period {
    /// The first day of the period
    #[arg(long, value_name = "DATE")]
    from: String,
    /// The last day of the period; that of the basis when left out
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    #[command(flatten)]
    scope: Scope,
}

impl Period {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let Scope { pipeline, owner, source, product, basis, csv } = self.scope;
        let query = PeriodQuery {
            from: self.from,
            to: self.to,
            pipeline,
            owner,
            source,
            product,
            as_of: basis.as_of,
            known_at: basis.known_at,
        };
        let answer =
            answer(global, "funnel", async |client| Ok(client.funnel_period(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang);
        Ok(show(&answer, &answer.basis, global, csv, sheet, print))
    }
}

fn sheet(answer: &PeriodAnswer, lang: Lang) -> Sheet {
    let headings = [("figure", "指标"), ("value", "数值")];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    let paces = answer.velocity.iter().map(|pace| pace.a_day.clone()).collect::<Vec<_>>();
    let (slipped, foreseen) = (&answer.slipped, &answer.foreseen);
    let told = |sums: &[_]| amounts(sums);
    let rows: [(&str, &str, String); 16] = [
        ("opened", "建立", standing(&answer.opened, lang)),
        ("won", "赢单", standing(&answer.won, lang)),
        ("lost", "丢单", standing(&answer.lost, lang)),
        ("win rate %", "赢单率 %", share(answer.win_rate.as_ref())),
        ("win rate by amount %", "按金额的赢单率 %", rates(&answer.win_rate_by_amount)),
        ("mean days to win", "平均赢单天数", share(answer.cycle_days.as_ref())),
        ("open at the end", "期末进行中", standing(&answer.open, lang)),
        ("by probability", "按可能性加权", told(&answer.weighted)),
        ("velocity a day", "每日销售速度", told(&paces)),
        ("slipped past the end", "推迟到期末之后", standing(&slipped.past_the_end, lang)),
        ("times put off", "推迟次数", slipped.pushes.to_string()),
        ("most often, of one", "单个最多推迟次数", slipped.pushes_most.to_string()),
        (
            "open at the start, as known then",
            "期初进行中（当时所知）",
            standing(&foreseen.open, lang),
        ),
        ("foreseen by probability", "当时的加权预测", told(&foreseen.weighted)),
        ("of these due in the period", "其中预计期内成交", told(&foreseen.due_weighted)),
        ("won of what was foreseen %", "预测达成率 %", rates(&foreseen.accuracy)),
    ];
    for (en, zh, value) in rows {
        sheet.row([text(lang.pick(en, zh)), text(value)]);
    }
    sheet
}

fn print(answer: &PeriodAnswer, lang: Lang) {
    let (pipeline, from, to) = (&answer.pipeline, answer.from, answer.to);
    match lang {
        Lang::En => crate::out!("{pipeline} from {from} to {to}"),
        Lang::Zh => crate::out!("{pipeline}，{from} 至 {to}"),
    }
    crate::out!();
    sheet(answer, lang).table().print();
}
