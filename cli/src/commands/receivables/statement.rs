//! `daybook receivables statement`: the statement of account.

use clap::Args;
use daybook_server::api::receivables::{StatementAnswer, StatementQuery, StatementView};

use super::{BasisOptions, answer, show};
use crate::commands::{Done, Global, lookup};
use crate::error::CliError;
use crate::render::Lang;
use crate::render::sheet::{Sheet, amount, text};

/// Show a customer's statement of account: opening, every line, closing
#[derive(Debug, Args)]
pub struct Statement {
    /// The customer's code
    customer: String,
    /// The first day whose lines are shown; all when left out
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
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

impl Statement {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = StatementQuery {
            from: self.from,
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            entity: self.entity,
            currency: self.currency,
        };
        let customer = self.customer;
        let answer = answer(global, "receivables", async |client| {
            match client.statement(&customer, &query).await {
                Ok(answer) => Ok(answer),
                Err(error) => {
                    let given = serde_json::json!({ "customer": customer });
                    Err(lookup::explain(client, error, &given).await)
                }
            }
        })?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| {
            let mut sheet = empty(lang);
            answer.statements.iter().for_each(|one| fill(&mut sheet, one, lang));
            sheet
        };
        Ok(show(&answer, &answer.basis, global, self.csv, sheet, print))
    }
}

fn empty(lang: Lang) -> Sheet {
    let headings = [
        ("date", "日期"),
        ("entry", "事项"),
        ("document", "单据"),
        (">change", ">增减"),
        (">balance", ">余额"),
        ("currency", "币种"),
        (">event", ">事件"),
    ];
    Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()))
}

fn fill(sheet: &mut Sheet, statement: &StatementView, lang: Lang) {
    let currency = || text(statement.closing.currency.to_string());
    let edge = |what: &str, balance| {
        [text(""), text(what), text(""), text(""), amount(balance), currency(), text("")]
    };
    sheet.row(edge(lang.pick("opening", "期初"), &statement.opening));
    for line in &statement.lines {
        let what = lang.pick(&line.what, &line.what_zh).replace('_', " ");
        sheet.row([
            text(line.on.to_string()),
            text(what),
            text(&line.document),
            amount(&line.change),
            amount(&line.balance),
            currency(),
            text(line.position.to_string()),
        ]);
    }
    sheet.row(edge(lang.pick("closing", "期末"), &statement.closing));
}

fn print(answer: &StatementAnswer, lang: Lang) {
    let (customer, day) = (&answer.customer, answer.day);
    match lang {
        Lang::En => crate::out!("statement of account of {customer} to {day}"),
        Lang::Zh => crate::out!("{customer} 对账单，截至 {day}"),
    }
    if answer.statements.is_empty() {
        crate::out!("{}", lang.pick("nothing was ever charged or paid", "没有任何往来款"));
    }
    for statement in &answer.statements {
        crate::out!();
        if let Some(entity) = &statement.entity {
            crate::out!("{entity}, {}", statement.closing.currency);
        }
        let mut sheet = empty(lang);
        fill(&mut sheet, statement, lang);
        sheet.table().print();
    }
}
