//! `daybook views`: how the views kept as columns stand; rebuilding, comparing, dropping.

use std::io::IsTerminal;
use std::time::Duration;

use clap::{Args, Subcommand};
use daybook_server::api::views::{RebuildAnswer, RebuildQuery, ViewStatus};
use daybook_server::client::{Client, ClientError};

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, grouped, print_json};
use crate::session::Session;

/// How often a rebuild is asked how far it has come.
const TICK: Duration = Duration::from_millis(500);

/// Show and care for the views, which are made of the log and can be made again
#[derive(Debug, Args)]
pub struct Views {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// List the views with position, facts and digest
    List,
    /// Fold a view anew beside the serving one, and put it in its place
    Rebuild {
        /// The view
        view: String,
        /// Only estimate how long it takes
        #[arg(long)]
        dry_run: bool,
    },
    /// Fold a view anew and show the first difference to the serving one
    Compare {
        /// The view
        view: String,
    },
    /// Drop a view and its files; the next question folds it anew
    Drop {
        /// The view
        view: String,
    },
}

impl Views {
    /// Does the chore.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "views")?;
        let done = session.wait(self.chore.run(&session.client, global));
        session.close()?;
        done
    }
}

impl Chore {
    async fn run(self, client: &Client, global: &Global) -> Result<Done, CliError> {
        let lang = global.language();
        match self {
            Chore::List => {
                let answer = client.views().await?;
                if global.json {
                    print_json(&answer);
                } else {
                    table(&answer.views, lang).print();
                }
            }
            Chore::Rebuild { view, dry_run } => {
                let query = RebuildQuery { dry_run: dry_run.then_some(true) };
                let answer = rebuild(client, &view, &query, lang).await?;
                if global.json {
                    print_json(&answer);
                } else {
                    print_rebuilt(&answer, lang);
                }
            }
            Chore::Compare { view } => {
                let answer = client.compare_view(&view).await?;
                if global.json {
                    print_json(&answer);
                } else {
                    print_compared(&answer, lang);
                }
                if !answer.equal {
                    return Ok(Done::WithRefusals);
                }
            }
            Chore::Drop { view } => {
                let answer = client.drop_view(&view).await?;
                if global.json {
                    print_json(&answer);
                } else {
                    let said = (
                        "the view was dropped; the next question folds it anew",
                        "视图已删除；下次查询时重新生成",
                    );
                    crate::out!("{}", lang.pick(said.0, said.1));
                }
            }
        }
        Ok(Done::Wholly)
    }
}

fn table(views: &[ViewStatus], lang: Lang) -> Table {
    let mut table = Table::new([
        Column::text(lang.pick("view", "视图")),
        Column::number(lang.pick("version", "版本")),
        Column::number(lang.pick("position", "位置")),
        Column::number(lang.pick("customers", "客户")),
        Column::number(lang.pick("facts", "事实")),
        Column::number(lang.pick("bytes", "字节")),
        Column::shrinking(lang.pick("digest", "摘要")),
    ]);
    for view in views {
        table.row([
            view.name.clone(),
            view.version.to_string(),
            grouped(view.position.0),
            grouped(view.customers),
            grouped(view.facts),
            grouped(view.size_bytes),
            view.digest.clone(),
        ]);
    }
    table
}

/// Rebuilds a view and, on a terminal, tells how far it has come.
async fn rebuild(
    client: &Client,
    view: &str,
    query: &RebuildQuery,
    lang: Lang,
) -> Result<RebuildAnswer, ClientError> {
    let mut rebuilding = std::pin::pin!(client.rebuild_view(view, query));
    let told = std::io::stderr().is_terminal() && query.dry_run.is_none();
    let started = std::time::Instant::now();
    loop {
        if let Ok(answer) = tokio::time::timeout(TICK, rebuilding.as_mut()).await {
            if told {
                crate::render::write_note("\r\u{1b}[K");
            }
            return answer;
        }
        let Some(progress) = (if told { progress(client, view).await } else { None }) else {
            continue;
        };
        let seconds = started.elapsed().as_secs().max(1);
        let rate = progress.0 / seconds;
        let left = progress.1.saturating_sub(progress.0) / rate.max(1);
        let (done, total, rate) = (grouped(progress.0), grouped(progress.1), grouped(rate));
        crate::render::write_note(&match lang {
            Lang::En => format!("\r\u{1b}[K{done} of {total} events, {rate}/s, {left} s left"),
            Lang::Zh => format!("\r\u{1b}[K{done} / {total} 个事件，每秒 {rate}，还需 {left} 秒"),
        });
    }
}

async fn progress(client: &Client, view: &str) -> Option<(u64, u64)> {
    let views = client.views().await.ok()?.views;
    let view = views.into_iter().find(|status| status.name == view)?;
    view.rebuilding.map(|progress| (progress.done, progress.total))
}

fn print_rebuilt(answer: &RebuildAnswer, lang: Lang) {
    let (events, seconds) = (grouped(answer.events), answer.milliseconds as f64 / 1000.0);
    match (&answer.view, lang) {
        (None, Lang::En) => {
            crate::out!("{events} events; rebuilding takes about {seconds:.1} s");
        }
        (None, Lang::Zh) => crate::out!("共 {events} 个事件；重建约需 {seconds:.1} 秒"),
        (Some(view), Lang::En) => {
            crate::out!("rebuilt from {events} events in {seconds:.1} s: digest {}", view.digest);
        }
        (Some(view), Lang::Zh) => {
            crate::out!("已由 {events} 个事件重建，用时 {seconds:.1} 秒：摘要 {}", view.digest);
        }
    }
}

fn print_compared(answer: &daybook_server::api::views::CompareAnswer, lang: Lang) {
    let position = answer.position;
    if answer.equal {
        let digest = &answer.serving;
        match lang {
            Lang::En => crate::out!("equal at position {position}: digest {digest}"),
            Lang::Zh => crate::out!("位置 {position} 处一致：摘要 {digest}"),
        }
        return;
    }
    match lang {
        Lang::En => crate::out!("different at position {position}"),
        Lang::Zh => crate::out!("位置 {position} 处不一致"),
    }
    let Some(difference) = &answer.difference else { return };
    let missing = lang.pick("(missing)", "（缺）");
    let (at, customer) = (difference.position, &difference.customer);
    match lang {
        Lang::En => crate::out!("first difference: event {at}, customer {customer}"),
        Lang::Zh => crate::out!("第一处差异：事件 {at}，客户 {customer}"),
    }
    let (serving, rebuilt) = (difference.serving.as_deref(), difference.rebuilt.as_deref());
    crate::out!("  {}  {}", lang.pick("serving", "在用"), serving.unwrap_or(missing));
    crate::out!("  {}  {}", lang.pick("rebuilt", "重建"), rebuilt.unwrap_or(missing));
}
