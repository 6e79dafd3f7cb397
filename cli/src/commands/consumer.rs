//! `daybook consumer`: programs that follow the log under a name, and how far each has come.

use clap::{Args, Subcommand};
use daybook_core::position::Position;
use daybook_server::api::consumers::{ConsumerCall, ConsumerView};

use super::log::kinds;
use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, print_json};
use crate::session::Session;

/// Manage the programs that follow the log under a name
#[derive(Debug, Args)]
pub struct Consumer {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    Add(Add),
    List(List),
    Ack(Ack),
    Set(Set),
    Drop(Forget),
}

/// Make a consumer; the same again changes nothing
#[derive(Debug, Args)]
struct Add {
    /// Its name: small letters, digits, hyphens
    name: String,
    /// The position of the first event it gets; the whole log when left out
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// Only this customer's events
    #[arg(long, value_name = "CODE")]
    customer: Option<String>,
    /// Only events of this kind, such as invoice.issued
    #[arg(long, value_parser = kinds())]
    kind: Option<String>,
}

/// List the consumers and how far each is behind
#[derive(Debug, Args)]
struct List {}

/// Acknowledge an event and all before it
#[derive(Debug, Args)]
struct Ack {
    /// The consumer
    name: String,
    /// The event's position
    position: u64,
}

/// Set which event a consumer gets next
#[derive(Debug, Args)]
struct Set {
    /// The consumer
    name: String,
    /// The event's position
    position: u64,
}

/// Forget a consumer and how far it was
#[derive(Debug, Args)]
struct Forget {
    /// The consumer
    name: String,
}

impl Consumer {
    /// Does what was asked for, and prints what became of it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "consumer")?;
        let client = &session.client;
        let done = session.wait(async {
            Ok::<_, CliError>(match self.what {
                What::List(List {}) => {
                    let answer = client.consumers().await?;
                    if global.json {
                        print_json(&answer);
                        return Ok(None);
                    }
                    Some(answer.consumers)
                }
                What::Add(Add { name, from, customer, kind }) => {
                    let call = ConsumerCall { from, customer, kind };
                    Some(vec![client.create_consumer(&name, &call).await?])
                }
                What::Ack(Ack { name, position }) => {
                    Some(vec![client.acknowledge(&name, Position(position)).await?])
                }
                What::Set(Set { name, position }) => {
                    Some(vec![client.set_consumer(&name, Position(position)).await?])
                }
                What::Drop(Forget { name }) => {
                    let removed = client.remove_consumer(&name).await?;
                    if global.json {
                        print_json(&removed);
                    } else {
                        say_removed(&removed, global.language());
                    }
                    return Ok(None);
                }
            })
        });
        session.close()?;
        match done? {
            Some(consumers) if global.json => consumers.iter().for_each(print_json),
            Some(consumers) => show(&consumers, global.language()),
            None => {}
        }
        Ok(Done::Wholly)
    }
}

fn say_removed(consumer: &ConsumerView, lang: Lang) {
    let ConsumerView { name, next, .. } = consumer;
    match lang {
        Lang::En => crate::out!("forgotten: {name}, which would have gone on at position {next}"),
        Lang::Zh => crate::out!("已删除：{name}，原本将从位置 {next} 继续"),
    }
}

fn show(consumers: &[ConsumerView], lang: Lang) {
    if consumers.is_empty() {
        crate::note!("{}", lang.pick("there is no consumer", "没有消费者"));
        return;
    }
    let mut table = Table::new([
        Column::text(lang.pick("name", "名称")),
        Column::number(lang.pick("next", "下一位置")),
        Column::number(lang.pick("behind", "落后")),
        Column::text(lang.pick("customer", "客户")),
        Column::text(lang.pick("kind", "事件")),
    ]);
    for ConsumerView { name, next, behind, customer, kind, .. } in consumers {
        table.row([
            name.clone(),
            next.to_string(),
            behind.to_string(),
            customer.clone().unwrap_or_default(),
            kind.clone().unwrap_or_default(),
        ]);
    }
    table.print();
}
