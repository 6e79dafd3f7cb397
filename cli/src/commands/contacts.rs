//! `daybook contacts`: contacts as vCards, in and out.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use daybook_core::id::CustomerCode;
use daybook_server::contacts::ContactsReport;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, grouped, print_json};
use crate::session::Session;
use crate::text::Text;

/// Take contacts in from vCards, or give them out
#[derive(Debug, Args)]
pub struct Contacts {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Import(Import),
    Export(Export),
}

/// Add the contacts of a vCard file; a second run adds nothing
#[derive(Debug, Args)]
struct Import {
    /// The file, vCard 2.1, 3.0 or 4.0
    file: PathBuf,
    /// The customer they belong to; left out, each card goes to the one it names
    #[arg(long)]
    customer: Option<String>,
}

/// Print contacts as vCards 4.0
#[derive(Debug, Args)]
struct Export {
    /// The customer; all when left out
    customer: Option<String>,
}

impl Contacts {
    /// Does what was asked and says what came of it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.what {
            What::Import(import) => import.run(global),
            What::Export(export) => export.run(global),
        }
    }
}

pub(super) fn code(text: Option<&str>) -> Result<Option<CustomerCode>, CliError> {
    let read = text.map(CustomerCode::new).transpose();
    read.map_err(|error| {
        let zh = "这不是客户代码".to_owned();
        CliError::usage(
            Text::new(error.to_string(), zh),
            ("see `daybook show` for the codes", "客户代码见 `daybook show`"),
        )
    })
}

impl Import {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let customer = code(self.customer.as_deref())?;
        let file = std::fs::read(&self.file)
            .map_err(|error| CliError::file(("reading", "读取"), &self.file, &error))?;
        let session = Session::open(global, "contacts")?;
        let report = session.wait(session.client.take_contacts(customer, file));
        session.close()?;
        let report = report?;
        if global.json {
            print_json(&report);
        } else {
            tell(&report, global.language());
        }
        Ok(if report.refused > 0 { Done::WithRefusals } else { Done::Wholly })
    }
}

fn tell(report: &ContactsReport, lang: Lang) {
    for card in report.cards.iter().filter(|card| card.became == "refused") {
        let (number, reason) = (card.number, card.reason.as_deref().unwrap_or_default());
        match lang {
            Lang::En => crate::note!("card {number}: {reason}"),
            Lang::Zh => crate::note!("第 {number} 张：{reason}"),
        }
    }
    let (read, added) = (grouped(report.read), grouped(report.added));
    let (known, refused) = (grouped(report.known), grouped(report.refused));
    match lang {
        Lang::En => crate::out!("{read} cards: {added} added, {known} known, {refused} refused"),
        Lang::Zh => crate::out!("{read} 张名片：添加 {added}，已有 {known}，拒绝 {refused}"),
    }
}

impl Export {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let customer = code(self.customer.as_deref())?;
        let session = Session::open(global, "contacts")?;
        let cards = session.wait(session.client.give_contacts(customer));
        session.close()?;
        crate::render::write_out(&cards?);
        Ok(Done::Wholly)
    }
}
