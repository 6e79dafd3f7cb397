//! `daybook stats`: shows what is in the ledger.

use clap::Args;
use daybook_server::api::basis::BasisQuery;
use daybook_server::api::stats::{MonthView, StatsAnswer};

use super::{BasisOptions, Done, Global, say_basis};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, amounts, grouped, instant, print_json};
use crate::session::Session;

/// Months that are shown one by one; earlier ones in one line.
const MONTHS_SHOWN: usize = 24;

/// Show what is in the ledger: events by kind and month, customers, sums
#[derive(Debug, Args)]
pub struct Stats {
    #[command(flatten)]
    basis: BasisOptions,
}

impl Stats {
    /// Prints the figures.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = BasisQuery { as_of: self.basis.as_of, known_at: self.basis.known_at };
        let session = Session::open(global, "stats")?;
        let answer = session.wait(session.client.stats(&query))?;
        session.close()?;
        if global.json {
            print_json(&answer);
        } else {
            print(&answer, global.language());
        }
        Ok(Done::Wholly)
    }
}

/// Prints the figures for people.
pub(super) fn print(stats: &StatsAnswer, lang: Lang) {
    let zone = stats.basis.zone.as_str();
    let (customers, events) = (grouped(stats.customers), grouped(stats.customer_events));
    let (all, voided) = (grouped(stats.events), grouped(stats.voided));
    match lang {
        Lang::En => crate::out!(
            "customers: {customers}; events about them: {events} ({all} in all, {voided} voided)"
        ),
        Lang::Zh => {
            crate::out!("{customers} 个客户，{events} 个客户事件（共 {all} 个，作废 {voided} 个）");
        }
    }
    if let (Some(first), Some(last)) = (stats.first_effective_at, stats.last_effective_at) {
        let happened = lang.pick("happened", "发生于");
        crate::out!("{happened} {} – {}", instant(first, zone), instant(last, zone));
    }
    crate::out!();
    by_kind(stats, lang).print();
    crate::out!();
    by_month(stats, lang).print();
    if !stats.disputed.is_empty() {
        crate::out!();
        crate::out!("{} {}", lang.pick("in dispute:", "争议金额："), amounts(&stats.disputed));
    }
    say_basis(&stats.basis, lang);
}

fn by_kind(stats: &StatsAnswer, lang: Lang) -> Table {
    let mut table = Table::new([
        Column::text(lang.pick("kind", "事件")),
        Column::shrinking(lang.pick("中文", "kind")),
        Column::number(lang.pick("events", "数量")),
        Column::text(lang.pick("amounts", "金额合计")),
    ]);
    for kind in &stats.by_kind {
        let (first, second) = match lang {
            Lang::En => (&kind.kind, &kind.kind_zh),
            Lang::Zh => (&kind.kind_zh, &kind.kind),
        };
        let sums = if kind.sums.is_empty() { String::new() } else { amounts(&kind.sums) };
        table.row([first.clone(), second.clone(), grouped(kind.events), sums]);
    }
    table
}

fn by_month(stats: &StatsAnswer, lang: Lang) -> Table {
    let mut table = Table::new([
        Column::text(lang.pick("month", "月份")),
        Column::number(lang.pick("happened", "发生")),
        Column::number(lang.pick("recorded", "记录")),
        Column::shrinking(""),
    ]);
    let earlier = stats.by_month.len().saturating_sub(MONTHS_SHOWN);
    if earlier > 0 {
        let months = stats.by_month.iter().take(earlier);
        let sum = |count: fn(&MonthView) -> u64| grouped(months.clone().map(count).sum());
        let (effective, recorded) = (sum(|month| month.effective), sum(|month| month.recorded));
        let label = lang.pick("earlier", "更早").to_owned();
        table.row([label, effective, recorded, String::new()]);
    }
    let most = stats.by_month.iter().map(|month| month.effective).max().unwrap_or(1).max(1);
    for month in stats.by_month.iter().skip(earlier) {
        let bar = (month.effective * 40).div_ceil(most);
        table.row([
            month.month.clone(),
            grouped(month.effective),
            grouped(month.recorded),
            "▇".repeat(usize::try_from(bar).unwrap_or_default()),
        ]);
    }
    table
}
