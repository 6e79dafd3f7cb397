//! `daybook receivables ageing`: what is open by age.

use clap::{Args, ValueEnum};
use daybook_server::api::receivables::{AgeBy, AgeingAnswer, AgeingLine, AgeingQuery};

use super::{Scope, answer, say_more, show};
use crate::commands::report::bar;
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::sheet::{Cell, Sheet, amount, decimals, text};
use crate::render::{Column, Lang, Table};

/// Cells of the longest bar.
const BAR_CELLS: i128 = 40;

/// From which day ages are counted.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    #[allow(missing_docs)]
    Due,
    #[allow(missing_docs)]
    FirstDue,
    #[allow(missing_docs)]
    Document,
}

/// Show what is open by how long it is due, or by how old it is
#[derive(Debug, Args)]
pub struct Ageing {
    #[command(flatten)]
    scope: Scope,
    /// From which day ages are counted
    #[arg(long, value_enum, default_value = "due")]
    by: By,
}

impl Ageing {
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let scope = self.scope.query();
        let by = match self.by {
            By::Due => AgeBy::Due,
            By::FirstDue => AgeBy::FirstDue,
            By::Document => AgeBy::Document,
        };
        let query = AgeingQuery {
            as_of: scope.as_of,
            known_at: scope.known_at,
            by: Some(by),
            customer: scope.customer,
            entity: scope.entity,
            currency: scope.currency,
            after: scope.after,
            limit: scope.limit,
        };
        let answer =
            answer(global, "receivables", async |client| Ok(client.ageing(&query).await?))?;
        let print = |lang| print(&answer, lang);
        let sheet = |lang| sheet(&answer, lang, false);
        Ok(show(&answer, &answer.basis, global, self.scope.csv, sheet, print))
    }
}

/// Names the buckets: not due, 1-30, 31-60 and so on; by document day the first begins at 0.
fn bucket_names(answer: &AgeingAnswer, lang: Lang) -> Vec<String> {
    let mut names = Vec::new();
    let mut from = 1;
    if answer.by == AgeBy::Document {
        from = 0;
    } else {
        names.push(lang.pick("not due", "未到期").to_owned());
    }
    for edge in &answer.edges_days {
        names.push(format!("{from}–{edge}"));
        from = edge.saturating_add(1);
    }
    names.push(format!(">{}", from.saturating_sub(1)));
    names
}

fn buckets(
    answer: &AgeingAnswer,
    line: &AgeingLine,
) -> Vec<daybook_server::api::money::AmountView> {
    let not_due = (answer.by != AgeBy::Document).then(|| line.not_due.clone());
    not_due.into_iter().chain(line.buckets.iter().cloned()).collect()
}

fn sheet(answer: &AgeingAnswer, lang: Lang, totals: bool) -> Sheet {
    let mut headings = vec![
        lang.pick("customer", "客户").to_owned(),
        lang.pick("entity", "主体").to_owned(),
        lang.pick("currency", "币种").to_owned(),
    ];
    headings
        .extend(bucket_names(answer, lang).into_iter().map(|name| format!(">{}", guarded(&name))));
    headings.push(lang.pick(">open", ">未收").to_owned());
    headings.push(lang.pick(">unapplied", ">未核销").to_owned());
    headings.push(lang.pick(">balance", ">余额").to_owned());
    let mut sheet = Sheet::new(headings);
    let sums = if totals { answer.totals.as_slice() } else { &[] };
    for line in answer.lines.iter().chain(sums) {
        let total = lang.pick("total", "合计");
        let mut cells: Vec<Cell> = vec![
            text(line.customer.as_deref().unwrap_or(total)),
            text(line.entity.clone().unwrap_or_default()),
            text(line.open.currency.to_string()),
        ];
        cells.extend(buckets(answer, line).iter().map(amount));
        cells.extend([amount(&line.open), amount(&line.unapplied), amount(&line.balance)]);
        sheet.row(cells);
    }
    sheet
}

/// Keeps the sign of the last bucket apart from the mark of a column of numbers.
fn guarded(name: &str) -> String {
    name.strip_prefix('>').map_or_else(|| name.to_owned(), |days| format!("{days}+"))
}

fn print(answer: &AgeingAnswer, lang: Lang) {
    if answer.total == 0 {
        crate::out!("{}", lang.pick("nothing is open", "没有未收款项"));
        return;
    }
    sheet(answer, lang, true).table().print();
    for line in &answer.totals {
        crate::out!();
        bars(answer, line, lang).print();
    }
    say_more(answer.next.as_deref(), lang);
}

/// Draws the buckets of a sum.
fn bars(answer: &AgeingAnswer, line: &AgeingLine, lang: Lang) -> Table {
    let entity = line.entity.as_deref().unwrap_or_default();
    let mut table = Table::new([
        Column::text(lang.pick("days", "天数")),
        Column::number(&format!("{} {entity}", line.open.currency)),
        Column::number("%"),
        Column::shrinking(""),
    ]);
    let amounts = buckets(answer, line);
    let most = amounts.iter().map(|bucket| bucket.minor).max().unwrap_or(0).max(1);
    let all = i128::from(line.open.minor).max(1);
    for (name, bucket) in bucket_names(answer, lang).iter().zip(&amounts) {
        let minor = i128::from(bucket.minor.max(0));
        let tenths = minor * 1000 / all;
        table.row([
            guarded(name),
            decimals(bucket),
            format!("{}.{}", tenths / 10, tenths % 10),
            bar(minor, i128::from(most), BAR_CELLS),
        ]);
    }
    table
}
