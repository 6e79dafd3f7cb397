//! `daybook tail`: follows the log.

use clap::Args;
use daybook_server::api::events::{EventView, EventsQuery};
use daybook_server::api::feed::FeedQuery;
use daybook_server::client::FeedItem;

use super::log::{kinds, line};
use super::{Done, Global};
use crate::error::{CliError, Exit};
use crate::render::{Lang, instant};
use crate::session::Session;
use crate::text::Text;

/// How many events a consumer may have printed and not yet acknowledged.
const UNACKNOWLEDGED_MAX: usize = 100;

/// Follow the log: the latest events, then each as it happens
#[derive(Debug, Args)]
pub struct Tail {
    /// Only this customer's
    #[arg(long, value_name = "CODE")]
    customer: Option<String>,
    /// Only this kind, such as invoice.issued
    #[arg(long, value_parser = kinds())]
    kind: Option<String>,
    /// Begin with so many of the latest events
    #[arg(short = 'n', long = "lines", default_value_t = 10, value_name = "COUNT")]
    lines: usize,
    /// Begin at this position instead
    #[arg(long, value_name = "POSITION", conflicts_with = "lines")]
    from: Option<u64>,
    /// Go on where this consumer is, and acknowledge what was printed
    #[arg(long, value_name = "NAME", conflicts_with_all = ["lines", "from", "customer", "kind"])]
    consumer: Option<String>,
    /// End when everything that has happened is printed
    #[arg(long)]
    no_follow: bool,
}

impl Tail {
    /// Prints events until Ctrl-C, or until there are no more.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "tail")?;
        let followed = session.wait(async {
            let stop = tokio::signal::ctrl_c();
            tokio::select! {
                followed = self.follow(&session, global) => followed,
                stopped = stop => stopped.map_err(|error| no_signal(&error)),
            }
        });
        // What others are just being answered is finished before this process ends.
        session.close()?;
        followed.map(|()| Done::Wholly)
    }

    async fn follow(&self, session: &Session, global: &Global) -> Result<(), CliError> {
        let (client, lang) = (&session.client, global.language());
        let book = client.book().await?;
        let print = |event: &EventView| print(event, global.json, &book.zone, lang);
        let mut query = FeedQuery {
            from: self.from,
            consumer: self.consumer.clone(),
            customer: self.customer.clone(),
            kind: self.kind.clone(),
        };
        if self.from.is_none() && self.consumer.is_none() {
            let latest = EventsQuery {
                customer: self.customer.clone(),
                kind: self.kind.clone(),
                order: Some("desc".to_owned()),
                limit: Some(self.lines.max(1)),
                ..EventsQuery::default()
            };
            let answer = client.events(&latest).await?;
            answer.events.iter().take(self.lines).rev().for_each(print);
            query.from = Some(answer.basis.position.0);
        }
        let end = book.position;
        let mut follower = client.follow(query);
        let mut unacknowledged = Vec::new();
        loop {
            let caught_up = match follower.next().await? {
                FeedItem::Event(event) => {
                    print(&event);
                    unacknowledged.push(event.position);
                    event.position.next()
                }
                FeedItem::CaughtUp(next) => next,
            };
            let due = !follower.has_more() || unacknowledged.len() >= UNACKNOWLEDGED_MAX;
            if let (Some(name), true, Some(last)) = (&self.consumer, due, unacknowledged.last()) {
                client.acknowledge(name, *last).await?;
                unacknowledged.clear();
            }
            if self.no_follow && caught_up >= end && !follower.has_more() {
                return Ok(());
            }
        }
    }
}

/// Prints one event at once, whoever reads it.
fn print(event: &EventView, json: bool, zone: &str, lang: Lang) {
    if json {
        crate::out!("{}", serde_json::to_string(event).unwrap_or_default());
        return;
    }
    let about = event.stream.strip_prefix("customer/").unwrap_or(&event.stream);
    let happened = instant(event.effective_at, zone);
    let kind = lang.pick(&event.kind, &event.kind_zh);
    let (position, what) = (event.position, line(event, lang));
    crate::out!("{position:>8}  {happened}  {about}  {kind}  {what}");
}

fn no_signal(error: &std::io::Error) -> CliError {
    CliError {
        exit: Exit::Broken,
        code: "signals".to_owned(),
        message: Text::new(
            format!("Ctrl-C cannot be waited for: {error}"),
            format!("无法等待 Ctrl-C：{error}"),
        ),
        hint: Text::from(("try again", "请再试一次")),
    }
}
