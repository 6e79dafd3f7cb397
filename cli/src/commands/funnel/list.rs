//! `daybook funnel list`: which opportunities a figure counts.

use clap::{Args, ValueEnum};
use daybook_server::api::funnel::{ListAnswer, ListFigure, ListQuery, OpportunityLine};

use super::stages::Cohort;
use super::{Scope, answer, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Cell, Sheet, text};
use crate::render::{Lang, amounts};

/// A figure of the funnel.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Figure {
    #[allow(missing_docs)]
    Counted,
    #[allow(missing_docs)]
    Open,
    #[allow(missing_docs)]
    Won,
    #[allow(missing_docs)]
    Lost,
    #[allow(missing_docs)]
    Here,
    #[allow(missing_docs)]
    Reached,
    #[allow(missing_docs)]
    Visited,
    #[allow(missing_docs)]
    WentOn,
    #[allow(missing_docs)]
    WentBack,
}

/// List the opportunities that a figure of the funnel counts, with the events behind them
#[derive(Debug, Args)]
pub struct List {
    /// The figure
    #[arg(long, value_enum, default_value = "open")]
    figure: Figure,
    /// The stage, for a figure of one
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Which opportunities are counted
    #[arg(long, value_enum, default_value = "all")]
    cohort: Cohort,
    /// The first day of the period, for a cohort
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The last day of the period; that of the basis when left out
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    #[command(flatten)]
    scope: Scope,
    /// Only customers after this one
    #[arg(long, value_name = "CUSTOMER")]
    after: Option<String>,
    /// At most so many lines
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
}

impl List {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let Scope { pipeline, owner, source, product, basis, csv } = self.scope;
        let query = ListQuery {
            figure: Some(match self.figure {
                Figure::Counted => ListFigure::Counted,
                Figure::Open => ListFigure::Open,
                Figure::Won => ListFigure::Won,
                Figure::Lost => ListFigure::Lost,
                Figure::Here => ListFigure::Here,
                Figure::Reached => ListFigure::Reached,
                Figure::Visited => ListFigure::Visited,
                Figure::WentOn => ListFigure::WentOn,
                Figure::WentBack => ListFigure::WentBack,
            }),
            stage: self.stage,
            pipeline,
            cohort: Some(self.cohort.into()),
            from: self.from,
            to: self.to,
            owner,
            source,
            product,
            as_of: basis.as_of,
            known_at: basis.known_at,
            after: self.after,
            limit: self.limit,
        };
        let answer =
            answer(global, "funnel", async |client| Ok(client.opportunities(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang, true);
        Ok(show(&answer, &answer.basis, global, csv, sheet, print))
    }
}

/// Lays the list out; for spreadsheets with all there is.
fn sheet(answer: &ListAnswer, lang: Lang, whole: bool) -> Sheet {
    let mut headings = vec![
        ("customer", "客户"),
        ("opportunity", "机会"),
        ("stands", "状态"),
        ("since", "自"),
        ("amount", "金额"),
        (">%", ">%"),
        ("expected", "预计成交"),
        ("owner", "负责人"),
    ];
    if whole {
        headings.extend([
            ("opened", "建立"),
            (">put off", ">推迟次数"),
            ("source", "来源"),
            ("product", "产品"),
        ]);
    }
    headings.push(("events", "事件"));
    let headings = headings.into_iter().map(|(en, zh)| lang.pick(en, zh).to_owned());
    let mut sheet = Sheet::new(headings);
    let worded = |words: &Option<String>| text(words.clone().unwrap_or_default());
    for line in &answer.opportunities {
        let amount = line.amount.as_slice();
        let mut cells: Vec<Cell> = vec![
            text(&line.customer),
            text(&line.opportunity),
            text(stands(line, lang)),
            text(line.since.to_string()),
            text(if amount.is_empty() { String::new() } else { amounts(amount) }),
            text(line.probability_percent.map(|percent| percent.to_string()).unwrap_or_default()),
            text(line.expected_close_on.map(|day| day.to_string()).unwrap_or_default()),
            worded(&line.owner),
        ];
        if whole {
            cells.extend([
                text(line.opened_on.to_string()),
                text(line.pushes.to_string()),
                worded(&line.source),
                worded(&line.product),
            ]);
        }
        let events = line.events.iter().map(ToString::to_string).collect::<Vec<_>>();
        cells.push(text(events.join(" ")));
        sheet.row(cells);
    }
    sheet
}

fn stands(line: &OpportunityLine, lang: Lang) -> &str {
    match line.outcome.as_deref() {
        Some("won") => lang.pick("won", "赢单"),
        Some("lost") => lang.pick("lost", "丢单"),
        Some(other) => other,
        None => {
            let (en, zh) = (line.stage.as_deref(), line.stage_zh.as_deref());
            lang.pick2(en, zh).unwrap_or_default()
        }
    }
}

fn print(answer: &ListAnswer, lang: Lang) {
    if answer.total == 0 {
        crate::out!("{}", lang.pick("no opportunity is counted", "没有计入的机会"));
        return;
    }
    sheet(answer, lang, false).table().print();
    crate::out!();
    let total = answer.total;
    match lang {
        Lang::En => crate::out!("{total} in all; an event is shown by `daybook show POSITION`"),
        Lang::Zh => crate::out!("共 {total} 个；用 `daybook show 位置` 查看事件"),
    }
    crate::commands::report::say_more(answer.next.as_deref(), lang);
}
