//! `daybook receivables explain`: the events a figure is made of.

use clap::{Args, ValueEnum};
use daybook_server::api::receivables::{ExplainAnswer, ExplainFigure, ExplainQuery};

use super::{BasisOptions, answer, show};
use crate::commands::{Done, Global, log, lookup};
use crate::error::CliError;
use crate::render::Lang;
use crate::render::sheet::{Sheet, amount, text};

/// A figure of the control tables.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Figure {
    #[allow(missing_docs)]
    Charged,
    #[allow(missing_docs)]
    Collected,
    #[allow(missing_docs)]
    Credited,
    #[allow(missing_docs)]
    WrittenOff,
    #[allow(missing_docs)]
    Open,
    #[allow(missing_docs)]
    Overdue,
    #[allow(missing_docs)]
    Unapplied,
}

/// Show the events a customer's figure is made of, with what each adds
#[derive(Debug, Args)]
pub struct Explain {
    /// The customer's code
    customer: String,
    /// The figure
    #[arg(long, value_enum, default_value = "open")]
    figure: Figure,
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

impl Explain {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = ExplainQuery {
            figure: Some(match self.figure {
                Figure::Charged => ExplainFigure::Charged,
                Figure::Collected => ExplainFigure::Collected,
                Figure::Credited => ExplainFigure::Credited,
                Figure::WrittenOff => ExplainFigure::WrittenOff,
                Figure::Open => ExplainFigure::Open,
                Figure::Overdue => ExplainFigure::Overdue,
                Figure::Unapplied => ExplainFigure::Unapplied,
            }),
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            entity: self.entity,
            currency: self.currency,
        };
        let customer = self.customer;
        let answer = answer(global, "receivables", async |client| {
            match client.explain(&customer, &query).await {
                Ok(answer) => Ok(answer),
                Err(error) => {
                    let given = serde_json::json!({ "customer": customer });
                    Err(lookup::explain(client, error, &given).await)
                }
            }
        })?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang, false);
        Ok(show(&answer, &answer.basis, global, self.csv, sheet, print))
    }
}

fn sheet(answer: &ExplainAnswer, lang: Lang, totals: bool) -> Sheet {
    let headings = [
        ("counts from", "生效日"),
        ("document", "单据"),
        ("entity", "主体"),
        ("currency", "币种"),
        (">amount", ">金额"),
        (">event", ">事件"),
        ("by", "记录人"),
        ("what", "内容"),
    ];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    for sum in &answer.sums {
        let entity = sum.entity.clone().unwrap_or_default();
        let currency = sum.total.currency.to_string();
        for part in &sum.parts {
            sheet.row([
                text(part.on.to_string()),
                text(&part.document),
                text(&entity),
                text(&currency),
                amount(&part.amount),
                text(part.event.position.to_string()),
                text(&part.event.actor),
                text(log::line(&part.event, lang)),
            ]);
        }
        if totals {
            let total = lang.pick("total", "合计");
            let blank = || text("");
            sheet.row([
                text(total),
                blank(),
                text(&entity),
                text(&currency),
                amount(&sum.total),
                blank(),
                blank(),
                blank(),
            ]);
        }
    }
    sheet
}

fn print(answer: &ExplainAnswer, lang: Lang) {
    if answer.sums.is_empty() {
        crate::out!("{}", lang.pick("nothing adds to this figure", "没有事件计入该指标"));
        return;
    }
    sheet(answer, lang, true).table().print();
    for sum in answer.sums.iter().filter(|sum| sum.parts.len() < sum.parts_count) {
        let (shown, all) = (sum.parts.len(), sum.parts_count);
        match lang {
            Lang::En => crate::note!("{shown} of {all} parts are shown; the total is of all"),
            Lang::Zh => crate::note!("共 {all} 笔，列出 {shown} 笔；合计包含全部"),
        }
    }
}
