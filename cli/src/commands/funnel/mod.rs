//! `daybook funnel`: where opportunities stand, how far they came, how long it takes, at any basis.

mod list;
mod period;
mod stages;
mod stuck;

use clap::{Args, Subcommand};
use daybook_server::api::funnel::{RateView, StandingView};

use super::report::{answer, show};
use super::{BasisOptions, Done, Global};
use crate::error::CliError;
use crate::render::{Lang, amounts};

/// Show the sales funnel: stages, groups, lists, what is stuck, what happened in a period
#[derive(Debug, Args)]
pub struct Funnel {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    Stages(stages::Stages),
    List(list::List),
    Stuck(stuck::Stuck),
    Period(period::Period),
}

/// Which opportunities, at which basis, in which form.
#[derive(Debug, Clone, Args)]
struct Scope {
    /// The pipeline; `sales` when left out
    #[arg(long, value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Only opportunities of this owner
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only opportunities that came from there
    #[arg(long, value_name = "SOURCE")]
    source: Option<String>,
    /// Only opportunities about this product
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// Print comma-separated values for spreadsheets
    #[arg(long)]
    csv: bool,
}

impl Funnel {
    /// Prints the report.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.report {
            Report::Stages(report) => report.run(global),
            Report::List(report) => report.run(global),
            Report::Stuck(report) => report.run(global),
            Report::Period(report) => report.run(global),
        }
    }
}

/// Writes how many and how much: `3 (CNY 1,200.00)`.
fn standing(standing: &StandingView, lang: Lang) -> String {
    let count = standing.count;
    if standing.amounts.is_empty() {
        return count.to_string();
    }
    let sums = amounts(&standing.amounts);
    lang.pick2(format!("{count} ({sums})"), format!("{count}（{sums}）"))
}

/// Writes shares by currency: `CNY 40.00, EUR 12.50`.
fn rates(rates: &[RateView]) -> String {
    let told = rates.iter().map(|rate| format!("{} {}", rate.currency, rate.percent));
    told.collect::<Vec<_>>().join(", ")
}

/// Writes a share that may be of nothing.
fn share(share: Option<&String>) -> String {
    share.cloned().unwrap_or_else(|| "-".to_owned())
}
