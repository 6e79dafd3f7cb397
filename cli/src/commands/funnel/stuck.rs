//! `daybook funnel stuck`: what stays too long in its stage.

use clap::Args;
use daybook_server::api::funnel::{StuckAnswer, StuckQuery};

use super::{BasisOptions, answer, show};
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Sheet, text};
use crate::render::{Lang, amounts};

/// List what is longer in its stage than three quarters of the visits were
#[derive(Debug, Args)]
pub struct Stuck {
    /// The limit in days for stages with less than eight visits that ended
    #[arg(long, value_name = "COUNT")]
    days: Option<i64>,
    /// The pipeline; `sales` when left out
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Only opportunities of this owner
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    #[command(flatten)]
    basis: BasisOptions,
    /// Print comma-separated values for spreadsheets
    #[arg(long)]
    csv: bool,
}

impl Stuck {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = StuckQuery {
            pipeline: self.pipeline,
            owner: self.owner,
            days: self.days,
            limit: self.limit,
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
        };
        let answer = answer(global, "funnel", async |client| Ok(client.stuck(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang);
        Ok(show(&answer, &answer.basis, global, self.csv, sheet, print))
    }
}

fn sheet(answer: &StuckAnswer, lang: Lang) -> Sheet {
    let headings = [
        ("customer", "客户"),
        ("opportunity", "机会"),
        ("owner", "负责人"),
        ("stage", "阶段"),
        ("since", "自"),
        (">days", ">天数"),
        (">limit", ">上限"),
        ("amount", "金额"),
        ("expected", "预计成交"),
        (">put off", ">推迟次数"),
    ];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    for stuck in &answer.stuck {
        let expected = stuck.expected_close_on.map(|day| day.to_string());
        sheet.row([
            text(&stuck.customer),
            text(&stuck.opportunity),
            text(stuck.owner.clone().unwrap_or_default()),
            text(lang.pick(&stuck.stage, &stuck.stage_zh)),
            text(stuck.since.to_string()),
            text(stuck.days.to_string()),
            text(stuck.limit_days.to_string()),
            text(stuck.amount.iter().map(|a| amounts(std::slice::from_ref(a))).collect::<String>()),
            text(expected.unwrap_or_default()),
            text(stuck.pushes.to_string()),
        ]);
    }
    sheet
}

fn print(answer: &StuckAnswer, lang: Lang) {
    if answer.stuck.is_empty() {
        crate::out!("{}", lang.pick("nothing is stuck", "没有停滞的机会"));
        return;
    }
    sheet(answer, lang).table().print();
    let (shown, total) = (answer.stuck.len(), answer.total);
    if shown < total {
        match lang {
            Lang::En => crate::note!("{shown} of {total} are shown: ask for more with --limit"),
            Lang::Zh => crate::note!("共 {total} 个，列出 {shown} 个：用 --limit 多列一些"),
        }
    }
}
