//! Prints what an import did, or would do.

use daybook_core::event::Kind;
use daybook_core::event::book::{AmountTotals, RowTotals};
use daybook_core::money::Money;
use daybook_server::import::{Problem, Report};

use crate::commands::Global;
use crate::render::{Column, Lang, Table, grouped};

/// The most problems and duplicates that are listed.
const LISTED_MAX: usize = 20;

/// Prints a report for people.
pub(super) fn print(report: &Report, global: &Global) {
    let lang = global.language();
    totals(report, lang);
    if !report.kinds.is_empty() {
        kinds(report, lang);
    }
    if report
        .problems
        .iter()
        .any(|problem| problem.count > 1 || problem.tolerated || report.dry_run)
    {
        problems(&report.problems, lang);
    }
    if report.dry_run {
        rehearsed(report, lang);
    }
    closing(report, global);
}

/// One line a file: rows, then the amounts in each currency; they add up from left to right.
fn totals(report: &Report, lang: Lang) {
    let mut table = Table::new([
        Column::shrinking(lang.pick("file", "文件")),
        Column::text(""),
        Column::number(lang.pick("read", "读取")),
        Column::number(lang.pick("taken now", "本次导入")),
        Column::number(lang.pick("known before", "此前已导入")),
        Column::number(lang.pick("refused", "拒绝")),
        Column::number(lang.pick("left out", "略过")),
    ]);
    let of_rows = |rows: &RowTotals| {
        [rows.read, rows.taken, rows.known, rows.refused, rows.skipped].map(grouped)
    };
    let of_amounts = |totals: &AmountTotals| {
        let parts = [totals.read, totals.taken, totals.known, totals.refused, totals.skipped];
        parts.map(|minor| Money::new(minor, totals.currency).decimal())
    };
    let mut line = |name: &str, what: &str, figures: [String; 5]| {
        let [read, taken, known, refused, skipped] = figures;
        table.row([name.to_owned(), what.to_owned(), read, taken, known, refused, skipped]);
    };
    let rows = lang.pick("rows", "行");
    let mut sum = RowTotals::default();
    for file in &report.files {
        line(&file.name, rows, of_rows(&file.rows));
        for amounts in &file.amounts {
            line("", amounts.currency.as_str(), of_amounts(amounts));
        }
        sum = sum.plus(&file.rows);
    }
    if report.files.len() > 1 {
        line(lang.pick("in all", "合计"), rows, of_rows(&sum));
    }
    table.print();
}

fn kinds(report: &Report, lang: Lang) {
    crate::out!();
    let mut table = Table::new([
        Column::text(lang.pick("events", "事件")),
        Column::number(lang.pick("count", "数量")),
    ]);
    for kind in &report.kinds {
        let label = match (lang, Kind::from_name(&kind.kind)) {
            (Lang::Zh, Some(known)) => known.label_zh().to_owned(),
            _ => kind.kind.clone(),
        };
        table.row([label, grouped(kind.events)]);
    }
    table.print();
}

fn problems(problems: &[Problem], lang: Lang) {
    crate::out!();
    let mut table = Table::new([
        Column::number(lang.pick("count", "数量")),
        Column::text(lang.pick("problem", "问题")),
        Column::shrinking(lang.pick("example", "例")),
    ]);
    for problem in problems.iter().take(LISTED_MAX) {
        let row = &problem.example;
        let place = match (lang, row.line) {
            (_, 0) => row.file.clone(),
            (Lang::En, line) => format!("{} line {line}", row.file),
            (Lang::Zh, line) => format!("{} 第 {line} 行", row.file),
        };
        let code = match (lang, problem.tolerated) {
            (Lang::En, true) => format!("{} (row kept)", row.code),
            (Lang::Zh, true) => format!("{}（行保留）", row.code),
            (_, false) => row.code.clone(),
        };
        let example = format!("{place}, {}: {}", row.column, row.reason);
        table.row([grouped(problem.count), code, example]);
    }
    table.print();
    more(problems.len(), lang);
}

fn rehearsed(report: &Report, lang: Lang) {
    if !report.first.is_empty() {
        crate::out!();
        crate::out!("{}", lang.pick("The first requests:", "最先的请求："));
        for request in &report.first {
            crate::out!("  {request}");
        }
    }
    if report.duplicates.is_empty() {
        return;
    }
    crate::out!();
    let mut table = Table::new([
        Column::text(lang.pick("may be one customer", "可能是同一客户")),
        Column::text(lang.pick("with", "与")),
        Column::text(lang.pick("which is", "后者")),
        Column::shrinking(lang.pick("same", "相同")),
    ]);
    for duplicate in report.duplicates.iter().take(LISTED_MAX) {
        let which = match duplicate.on_file {
            true => lang.pick("on file", "已建档"),
            false => lang.pick("in the files", "在文件中"),
        };
        let same = format!("{}: {}", duplicate.field, duplicate.value);
        table.row([
            duplicate.customer.to_string(),
            duplicate.other.to_string(),
            which.to_owned(),
            same,
        ]);
    }
    table.print();
    more(report.duplicates.len(), lang);
}

fn more(count: usize, lang: Lang) {
    let more = count.saturating_sub(LISTED_MAX);
    if more > 0 {
        match lang {
            Lang::En => crate::out!("and {more} more; --json has all"),
            Lang::Zh => crate::out!("另有 {more} 项；--json 列出全部"),
        }
    }
}

fn closing(report: &Report, global: &Global) {
    let (lang, command) = (global.language(), global.command("attachments get"));
    crate::out!();
    let (events, all) = (grouped(report.figures.events), report.position);
    match (lang, report.dry_run) {
        (Lang::En, true) => {
            crate::out!("Dry run: {events} events would be added; nothing was kept.");
        }
        (Lang::En, false) => crate::out!("{events} events added; the ledger has {all} events."),
        (Lang::Zh, true) => crate::out!("试运行：会增加 {events} 个事件；未保留任何内容。"),
        (Lang::Zh, false) => crate::out!("增加了 {events} 个事件；账簿现有 {all} 个事件。"),
    }
    let Some(position) = report.applied_at else { return };
    let attached: Vec<String> = report
        .files
        .iter()
        .filter_map(|file| file.attached_at.map(|position| position.to_string()))
        .collect();
    let attached = attached.join(", ");
    match (lang, report.figures.events) {
        (Lang::En, 0) => crate::out!(
            "This import is recorded at position {position} already; nothing was added."
        ),
        (Lang::En, _) => crate::out!(
            "The import is recorded at position {position}, its files at {attached} \
             ({command} POSITION)."
        ),
        (Lang::Zh, 0) => crate::out!("此导入先前已记录于位置 {position}；未增加任何内容。"),
        (Lang::Zh, _) => {
            crate::out!("导入已记录于位置 {position}，文件在位置 {attached}（{command} 位置）。")
        }
    }
}
