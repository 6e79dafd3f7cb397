//! `daybook receivables figures`: how well is collected.

use clap::Args;
use daybook_server::api::receivables::{FiguresAnswer, FiguresQuery};

use super::{BasisOptions, answer, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::Lang;
use crate::render::sheet::{Cell, Sheet, amount, text};

/// Show how well is collected: days sales outstanding, effectiveness, days late
#[derive(Debug, Args)]
pub struct Figures {
    /// The first day of the period; the first of the month two months back when left out
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// Only this customer
    #[arg(long, value_name = "CUSTOMER")]
    customer: Option<String>,
    /// Only this legal entity of ours
    #[arg(long, value_name = "ENTITY")]
    entity: Option<String>,
    /// Only this currency
    #[arg(long, value_name = "CODE")]
    currency: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// Print comma-separated values for spreadsheets
    #[arg(long)]
    csv: bool,
}

impl Figures {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = FiguresQuery {
            from: self.from,
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            customer: self.customer,
            entity: self.entity,
            currency: self.currency,
        };
        let answer =
            answer(global, "receivables", async |client| Ok(client.figures(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang);
        Ok(show(&answer, &answer.basis, global, self.csv, sheet, print))
    }
}

fn sheet(answer: &FiguresAnswer, lang: Lang) -> Sheet {
    let mut headings = vec![lang.pick("figure", "指标").to_owned()];
    for line in &answer.lines {
        let entity = line.entity.as_deref().unwrap_or_default();
        headings.push(format!(">{} {entity}", line.open.currency).trim_end().to_owned());
    }
    let mut sheet = Sheet::new(headings);
    type Of = fn(&daybook_server::api::receivables::FiguresLine) -> Cell;
    let rows: [(&str, &str, Of); 10] = [
        ("open before", "期初未收", |line| amount(&line.open_before)),
        ("sales on credit", "赊销", |line| amount(&line.sales)),
        ("open", "期末未收", |line| amount(&line.open)),
        ("not due", "未到期", |line| amount(&line.not_due)),
        ("days sales outstanding", "应收周转天数", |line| quotient(&line.dso)),
        ("the same, counted back", "应收周转天数（倒推）", |line| {
            quotient(&line.dso_count_back)
        }),
        ("the least possible", "最佳可能天数", |line| quotient(&line.dso_best)),
        ("days above it", "平均拖欠天数", |line| quotient(&line.days_delinquent)),
        ("collection effectiveness %", "回款有效率 %", |line| quotient(&line.effectiveness)),
        ("days late, weighted", "加权逾期天数", |line| quotient(&line.days_late)),
    ];
    for (en, zh, of) in rows {
        let cells = answer.lines.iter().map(of);
        sheet.row(std::iter::once(text(lang.pick(en, zh))).chain(cells));
    }
    sheet
}

fn quotient(figure: &Option<String>) -> Cell {
    text(figure.clone().unwrap_or_else(|| "-".to_owned()))
}

fn print(answer: &FiguresAnswer, lang: Lang) {
    let (from, day) = (answer.from, answer.day);
    match lang {
        Lang::En => crate::out!("receivables from {from} to {day}"),
        Lang::Zh => crate::out!("{from} 至 {day} 应收指标"),
    }
    crate::out!();
    sheet(answer, lang).table().print();
}
