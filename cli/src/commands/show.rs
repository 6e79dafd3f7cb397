//! `daybook show`: one customer on one screen, one event in full, or the list of customers.

use clap::Args;
use daybook_server::api::customers::{
    CustomerAnswer, CustomersAnswer, CustomersQuery, ProfileView,
};
use daybook_server::client::{Client, ClientError};

use super::{BasisOptions, Done, Global, log, lookup, say_basis};
use crate::error::CliError;
use crate::render::table::plain;
use crate::render::{Column, Lang, Table, amounts, grouped, instant, labelled, paint, print_json};
use crate::session::Session;

/// Show one customer, one event, or the list of customers
#[derive(Debug, Args)]
pub struct Show {
    /// A customer's code, an event's position, or an event's id
    what: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// At most so many customers, or events of the timeline
    #[arg(long, value_name = "COUNT")]
    limit: Option<usize>,
    /// Take the argument as an event even when a customer has that code
    #[arg(long)]
    event: bool,
}

impl Show {
    /// Prints what is asked for.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "show")?;
        let shown = session.wait(self.print(&session.client, global));
        session.close()?;
        shown.map(|()| Done::Wholly)
    }

    async fn print(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        let query = CustomersQuery {
            as_of: self.basis.as_of.clone(),
            known_at: self.basis.known_at.clone(),
            after: None,
            limit: self.limit,
        };
        let Some(what) = self.what.as_deref() else {
            let answer = client.customers(&query).await?;
            if global.json {
                print_json(&answer)
            } else {
                list(&answer, global)
            }
            return Ok(());
        };
        let is_id = what.len() == 36 && what.parse::<daybook_core::id::EventId>().is_ok();
        if self.event || is_id {
            print_json(&client.event(what).await?);
            return Ok(());
        }
        match client.customer(what, &query).await {
            Ok(answer) if global.json => print_json(&answer),
            Ok(answer) => customer(&answer, global.language()),
            Err(ClientError::Problem(problem))
                if problem.status == 404 && what.parse::<u64>().is_ok() =>
            {
                print_json(&client.event(what).await?);
            }
            Err(error) => {
                let given = serde_json::json!({ "customer": what });
                return Err(lookup::explain(client, error, &given).await);
            }
        }
        Ok(())
    }
}

fn list(answer: &CustomersAnswer, global: &Global) {
    let lang = global.language();
    let mut table = Table::new([
        Column::text(lang.pick("customer", "客户")),
        Column::shrinking(lang.pick("name", "名称")),
        Column::text(lang.pick("kind", "性质")),
        Column::text(lang.pick("city", "城市")),
        Column::text(lang.pick("first", "最早")),
        Column::text(lang.pick("last", "最近")),
        Column::number(lang.pick("events", "事件")),
    ]);
    let zone = answer.basis.zone.as_str();
    let day = |at: Option<_>| {
        at.map_or_else(String::new, |at| instant(at, zone).chars().take(10).collect())
    };
    for row in &answer.customers {
        table.row([
            row.code.clone(),
            row.name.clone().unwrap_or_default(),
            row.kind.as_deref().map(|kind| labelled(kind, lang)).unwrap_or_default(),
            row.city.clone().unwrap_or_default(),
            day(row.first_at),
            day(row.last_at),
            grouped(row.events),
        ]);
    }
    if answer.total == 0 {
        let command = global.command("record customer");
        match lang {
            Lang::En => crate::note!("no customer is on file yet; `{command}` puts one on file"),
            Lang::Zh => crate::note!("还没有客户；请用 `{command}` 建档"),
        }
    } else {
        table.print();
    }
    if answer.customers.len() < answer.total {
        let (shown, total) = (answer.customers.len(), answer.total);
        match lang {
            Lang::En => crate::note!("{shown} of {total} customers; raise --limit to see more"),
            Lang::Zh => crate::note!("{total} 个客户中的 {shown} 个；增大 --limit 可看更多"),
        }
    }
    say_basis(&answer.basis, lang);
}

/// Prints one customer on one screen.
pub(super) fn customer(answer: &CustomerAnswer, lang: Lang) {
    let zone = answer.basis.zone.as_str();
    who(&answer.profile, lang);
    if let Some(links) = super::open::links(answer, lang) {
        crate::out!("  {links}");
    }
    crate::out!();
    figures(&answer.profile, zone, lang);
    crate::out!();
    log::table(&answer.timeline, zone, lang).print();
    if answer.earlier > 0 {
        let earlier = answer.earlier;
        match lang {
            Lang::En => crate::note!("{earlier} earlier events; raise --limit to see them"),
            Lang::Zh => crate::note!("另有 {earlier} 个更早的事件；增大 --limit 可看"),
        }
    }
    say_basis(&answer.basis, lang);
}

fn who(profile: &ProfileView, lang: Lang) {
    let sealed = lang.pick("(sealed)", "（已密封）");
    let name = profile.name.as_deref().unwrap_or(sealed);
    let bold = paint::HEADING;
    crate::out!("{bold}{}  {}{bold:#}", profile.code, plain(name));
    let labels = lang.pick2(["", "source ", "owner "], ["", "来源 ", "负责人 "]);
    let values = [&profile.kind, &profile.source, &profile.owner];
    let facts = labels.iter().zip(values).filter_map(|(label, value)| {
        value.as_ref().map(|value| format!("{label}{}", labelled(value, lang)))
    });
    crate::out!("  {}", facts.collect::<Vec<_>>().join(lang.pick(", ", "，")));
    for detail in profile.details.iter().filter(|detail| detail.field != "name") {
        let value = detail.value.as_deref().unwrap_or(sealed);
        let label = lang.pick(&detail.field, &detail.label_zh);
        crate::out!("  {label}: {}", plain(value));
    }
    for contact in &profile.contacts {
        let main = if contact.main { lang.pick(" (main)", "（主要）") } else { "" };
        let ways = contact.phones.iter().chain(&contact.emails);
        let parts = [contact.name.clone(), contact.role.clone()].into_iter().flatten();
        let parts: Vec<String> = parts.chain(ways.cloned()).collect();
        let label = lang.pick("contact", "联系人");
        crate::out!("  {label} {}{main}: {}", contact.contact, plain(&parts.join(", ")));
    }
}

fn figures(profile: &ProfileView, zone: &str, lang: Lang) {
    let figures = &profile.figures;
    let last = figures.last_interaction_at.map_or_else(|| "-".to_owned(), |at| instant(at, zone));
    let lines = [
        ("events", "事件", grouped(figures.events)),
        ("interactions", "往来次数", format!("{} ({last})", figures.interactions)),
        (
            "open opportunities",
            "进行中机会",
            format!("{}, {}", figures.opportunities_open, amounts(&figures.pipeline)),
        ),
        ("won", "赢单", amounts(&figures.won)),
        ("invoiced", "已开票", amounts(&figures.invoiced)),
        ("received", "已回款", amounts(&figures.received)),
        ("receivable", "应收余额", amounts(&figures.receivable)),
        ("of it overdue", "其中逾期", amounts(&figures.overdue)),
        ("open complaints", "未结投诉", figures.complaints_open.to_string()),
        ("open tasks", "未结待办", figures.tasks_open.to_string()),
    ];
    let mut table = Table::new([
        Column::text(lang.pick("figure", "指标")),
        Column::shrinking(lang.pick("value", "数值")),
    ]);
    for (en, zh, value) in lines {
        table.row([lang.pick(en, zh).to_owned(), value]);
    }
    table.print();
}
