//! `daybook diff`: what is not the same about a customer at two bases, and by which events.

use clap::{ArgGroup, Args};
use daybook_server::api::basis::BasisView;
use daybook_server::api::diff::{DiffAnswer, DiffQuery, Effect, EventChange};
use serde_json::{Value, json};

use super::{BasisOptions, Done, Global, log, lookup, say_basis};
use crate::error::CliError;
use crate::render::sheet::{Sheet, text};
use crate::render::{Column, Lang, Table, instant, print_json, write_out};
use crate::session::Session;

/// Show what changed about a customer between two bases, and by which events
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("first").required(true).multiple(true))]
pub struct Diff {
    /// The customer's code
    customer: String,
    /// First basis: only what had happened by then: a date (its end) or an instant
    #[arg(long, value_name = "WHEN", group = "first")]
    from_as_of: Option<String>,
    /// First basis: only what was known by then: a date (its end) or an instant
    #[arg(long, value_name = "WHEN", group = "first")]
    from_known_at: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// Print the changes as comma-separated values for spreadsheets
    #[arg(long)]
    csv: bool,
}

impl Diff {
    /// Prints what changed.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "diff")?;
        let answer = session.wait(async {
            let query = DiffQuery {
                from_as_of: self.from_as_of,
                from_known_at: self.from_known_at,
                as_of: self.basis.as_of,
                known_at: self.basis.known_at,
            };
            match session.client.diff(&self.customer, &query).await {
                Ok(answer) => Ok(answer),
                Err(error) => {
                    let given = json!({ "customer": self.customer });
                    Err(lookup::explain(&session.client, error, &given).await)
                }
            }
        });
        session.close()?;
        let (answer, lang) = (answer?, global.language());
        if global.json {
            print_json(&answer);
        } else if self.csv {
            write_out(&changes(&answer, lang).csv());
        } else {
            print(&answer, lang);
        }
        Ok(Done::Wholly)
    }
}

fn changes(answer: &DiffAnswer, lang: Lang) -> Sheet {
    let headings = [("what", "项目"), ("before", "之前"), ("after", "之后")];
    let mut sheet = Sheet::new(headings.map(|(en, zh)| lang.pick(en, zh).to_owned()));
    for change in &answer.changes {
        let at = change.at.strip_prefix("/profile").unwrap_or(&change.at);
        let value = |value: &Option<Value>| match value {
            None => text("-"),
            Some(Value::String(words)) => text(words),
            Some(other) => text(other.to_string()),
        };
        sheet.row([text(at.trim_start_matches('/')), value(&change.before), value(&change.after)]);
    }
    sheet
}

fn print(answer: &DiffAnswer, lang: Lang) {
    if answer.changes.is_empty() && answer.events.is_empty() {
        crate::out!("{}", lang.pick("nothing changed", "没有变化"));
    }
    if !answer.changes.is_empty() {
        changes(answer, lang).table().print();
    }
    if !answer.events.is_empty() {
        crate::out!();
        events(answer, lang).print();
    }
    crate::note!("{}", lang.pick("before:", "之前："));
    // What was learned later is what the events show.
    say_basis(&BasisView { learned_later: None, ..answer.from.clone() }, lang);
    crate::note!("{}", lang.pick("after:", "之后："));
    say_basis(&answer.to, lang);
}

fn events(answer: &DiffAnswer, lang: Lang) -> Table {
    let mut table = Table::new([
        Column::number(lang.pick("position", "位置")),
        Column::text(lang.pick("effect", "变化")),
        Column::text(lang.pick("happened", "发生时间")),
        Column::text(lang.pick("recorded", "记录时间")),
        Column::text(lang.pick("by", "记录人")),
        Column::shrinking(lang.pick("what and why", "内容与原因")),
    ]);
    let zone = answer.to.zone.as_str();
    for EventChange { effect, event } in &answer.events {
        let effect = match effect {
            Effect::Counts => lang.pick("counts", "计入"),
            Effect::Void => lang.pick("void", "作废"),
            Effect::Gone => lang.pick("not yet", "尚未"),
        };
        let why = event.reason.iter().map(|reason| match lang {
            Lang::En => format!(" ({reason})"),
            Lang::Zh => format!("（{reason}）"),
        });
        table.row([
            event.position.to_string(),
            effect.to_owned(),
            instant(event.effective_at, zone),
            instant(event.recorded_at, zone),
            event.actor.clone(),
            format!("{}{}", log::line(event, lang), why.collect::<String>()),
        ]);
    }
    table
}
