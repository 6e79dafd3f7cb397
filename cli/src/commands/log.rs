//! `daybook log`: lists events.

use clap::Args;
use clap::builder::PossibleValuesParser;
use daybook_core::event::Kind;
use daybook_server::api::events::{EventView, EventsQuery};

use super::{BasisOptions, Done, Global, say_basis};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, instant, print_json};
use crate::session::Session;

/// List events: the latest, in the order they were recorded
#[derive(Debug, Args)]
pub struct Log {
    /// Only this customer's
    #[arg(long, value_name = "CODE")]
    customer: Option<String>,
    /// Only this kind, such as invoice.issued
    #[arg(long, value_parser = kinds())]
    kind: Option<String>,
    /// Only what happened at or after this date or instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// Newest first
    #[arg(long)]
    reverse: bool,
    /// At most so many events
    #[arg(long, default_value_t = 40, value_name = "COUNT")]
    limit: usize,
    /// From this position on instead of the latest
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// Before this position
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
}

/// The kinds of event, so that a slip is understood and completion knows them.
pub(super) fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.name()))
}

impl Log {
    /// Prints the events.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let forwards = self.from.is_some() && !self.reverse;
        let query = EventsQuery {
            from: self.from,
            before: self.before,
            customer: self.customer,
            kind: self.kind,
            since: self.since,
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            order: Some(if forwards { "asc" } else { "desc" }.to_owned()),
            limit: Some(self.limit),
        };
        let session = Session::open(global, "log")?;
        let mut answer = session.wait(session.client.events(&query))?;
        session.close()?;
        if !forwards && !self.reverse {
            answer.events.reverse();
        }
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        if answer.events.is_empty() {
            crate::note!("{}", lang.pick("no event fits", "没有符合条件的事件"));
        } else {
            table(&answer.events, &answer.basis.zone, lang).print();
        }
        if let Some(next) = answer.next {
            let way = if forwards { "--from" } else { "--before" };
            match lang {
                Lang::En => crate::note!(
                    "there are more: add {way} {next}, or raise --limit (at most 1000)"
                ),
                Lang::Zh => {
                    crate::note!("还有更多：加上 {way} {next}，或增大 --limit（最多 1000）")
                }
            }
        }
        say_basis(&answer.basis, lang);
        Ok(Done::Wholly)
    }
}

/// Lays events out as a table.
pub(super) fn table(events: &[EventView], zone: &str, lang: Lang) -> Table {
    let mut table = Table::new([
        Column::number(lang.pick("position", "位置")),
        Column::text(lang.pick("happened", "发生时间")),
        Column::text(lang.pick("about", "对象")),
        Column::text(lang.pick("kind", "事件")),
        Column::shrinking(lang.pick("what", "内容")),
    ]);
    for event in events {
        table.row([
            event.position.to_string(),
            instant(event.effective_at, zone),
            event.stream.strip_prefix("customer/").unwrap_or(&event.stream).to_owned(),
            lang.pick(&event.kind, &event.kind_zh).to_owned(),
            line(event, lang),
        ]);
    }
    table
}

/// Returns one line about an event, marked when it is void.
pub(super) fn line(event: &EventView, lang: Lang) -> String {
    let summary = lang.pick(&event.summary.en, &event.summary.zh);
    match event.voided_by {
        Some(by) => match lang {
            Lang::En => format!("[voided at {by}] {summary}"),
            Lang::Zh => format!("[已于位置 {by} 作废] {summary}"),
        },
        None => summary.to_owned(),
    }
}
