//! `daybook receivables`: what is owed, at any basis.

mod ageing;
mod control;
mod dunning;
mod explain;
mod figures;
mod list;
mod statement;

use clap::{Args, Subcommand};
use daybook_server::api::receivables::ReceivablesQuery;

use super::report::{answer, say_more, show};
use super::{BasisOptions, Done, Global};
use crate::error::CliError;

/// Show what is owed: open items, ageing, statements, reminders, figures
#[derive(Debug, Args)]
pub struct Receivables {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    List(list::List),
    Ageing(ageing::Ageing),
    Control(control::Control),
    Statement(statement::Statement),
    Dunning(dunning::Dunning),
    Figures(figures::Figures),
    Explain(explain::Explain),
}

/// Which customers, at which basis, in which form.
#[derive(Debug, Clone, Args)]
struct Scope {
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
    /// Only customers after this one
    #[arg(long, value_name = "CUSTOMER")]
    after: Option<String>,
    /// At most so many lines
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Print comma-separated values for spreadsheets
    #[arg(long)]
    csv: bool,
}

impl Scope {
    fn query(&self) -> ReceivablesQuery {
        ReceivablesQuery {
            as_of: self.basis.as_of.clone(),
            known_at: self.basis.known_at.clone(),
            customer: self.customer.clone(),
            entity: self.entity.clone(),
            currency: self.currency.clone(),
            after: self.after.clone(),
            limit: self.limit,
        }
    }
}

impl Receivables {
    /// Prints the report.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.report {
            Report::List(report) => report.run(global),
            Report::Ageing(report) => report.run(global),
            Report::Control(report) => report.run(global),
            Report::Statement(report) => report.run(global),
            Report::Dunning(report) => report.run(global),
            Report::Figures(report) => report.run(global),
            Report::Explain(report) => report.run(global),
        }
    }
}
