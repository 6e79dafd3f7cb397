//! `daybook demo`: makes a ledger that holds a sample year, and shows it.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use daybook_core::book;
use daybook_core::ledger::Ledger;
use daybook_core::store::LogStore as _;
use daybook_core::time::{Clock, Seen};
use daybook_server::api::basis::BasisQuery;
use daybook_server::api::customers::CustomersQuery;

use super::{Done, Global, show, stats};
use crate::book::surroundings;
use crate::demo::{OPENED_AT, ScriptClock, SeededEntropy, StoryError, genesis, run, story};
use crate::error::{CliError, Exit};
use crate::render::{Lang, grouped, print_json};
use crate::session::Session;
use crate::system::SystemClock;
use crate::text::Text;

/// Where the sample is put when nothing is said.
const DIR: &str = "daybook-demo";
/// The customer whose timeline is shown: a deal that is lost, reopened and won.
const SHOWN: &str = crate::demo::landmarks::REOPENED_DEAL.0;
/// What to try next, in English and Chinese.
const NEXT: (&str, &str) = (
    "Try next:
  {command}open {shown}
      one customer in one screen; `show` lists them all
  {command}import contacts.csv --mapping contacts
      a CSV of your own with the columns company,name,role,phone,email,city
      (other columns: import --show contacts prints a mapping to start from)
  {command}stats --as-of 2025-06-30
      the same figures as they stood at mid-year",
    "接下来可以试：
  {command}open {shown}
      一屏看清一个客户；`show` 列出全部客户
  {command}import contacts.csv --mapping contacts
      您自己的 CSV，列为 company,name,role,phone,email,city
      （列名不同时：import --show contacts 可打印一个映射作为起点）
  {command}stats --as-of 2025-06-30
      同样的数字，截至年中",
);
/// How many of its events are shown.
const SHOWN_EVENTS: usize = 15;

/// Make a ledger that holds a sample year, and look at it
#[derive(Debug, Args)]
pub struct Demo {
    /// The number everything random in the sample follows from
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl Demo {
    /// Makes the ledger and shows it.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let mut global = global.clone();
        global.dir.get_or_insert_with(|| PathBuf::from(DIR));
        let ledger = self.make(&global)?;
        let session = Session::over(ledger, &global)?;
        let shown = session.wait(self.show(&session, &global));
        session.close()?;
        shown.map(|()| Done::Wholly)
    }

    /// Makes the ledger and tells the year into it.
    fn make(&self, global: &Global) -> Result<Ledger, CliError> {
        let clock = Arc::new(ScriptClock::new(OPENED_AT));
        let system = |seed| {
            let clock: Arc<dyn Clock> = Arc::<ScriptClock>::clone(&clock);
            surroundings("demo", clock, Box::new(SeededEntropy::new(seed)))
        };
        let mut genesis = genesis(&mut SeededEntropy::new(self.seed)).map_err(untold)?;
        // Each sample is a book of its own: tree heads outside the directory go by the book's id.
        genesis.book = daybook_core::id::BookId(uuid::Uuid::new_v4());
        book::init(global.dir(), &genesis, system(self.seed))?;
        let opened = book::open(global.dir(), system(self.seed.wrapping_add(1)))?;
        let steps = story(self.seed).map_err(untold)?;
        let (total, mut done) = (steps.len().max(1), 0);
        let (terminal, lang) = (std::io::stderr().is_terminal(), global.language());
        let told = run(&opened.ledger, &clock, steps.into_iter(), &mut |_| {
            done += 1;
            if terminal && done % 64 == 0 {
                let what = lang.pick("telling a sample year", "正在写入样例年度");
                eprint!("\r{what} {:>3}%", done * 100 / total);
            }
        });
        if terminal {
            eprint!("\r\u{1b}[K");
        }
        told.map_err(|error| broken(&error))?;
        // The sample ends in its own time; whoever records in it goes on in this one.
        opened.store.keep_clock(&Seen::by(&SystemClock));
        Ok(opened.ledger)
    }

    async fn show(&self, session: &Session, global: &Global) -> Result<(), CliError> {
        let (client, lang) = (&session.client, global.language());
        let figures = client.stats(&BasisQuery::default()).await?;
        if global.json {
            print_json(&figures);
            return Ok(());
        }
        let (events, dir) = (grouped(figures.events), global.dir().display());
        match lang {
            Lang::En => crate::out!(
                "A sample year of a machine maker in Shanghai, {events} events, is in {dir}."
            ),
            Lang::Zh => crate::out!("上海一家机械厂的样例年度在 {dir} 中，共 {events} 个事件。"),
        }
        crate::out!();
        stats::print(&figures, lang);
        crate::out!();
        crate::out!("{}", lang.pick("One customer of it:", "其中一个客户："));
        crate::out!();
        let query = CustomersQuery { limit: Some(SHOWN_EVENTS), ..CustomersQuery::default() };
        show::customer(&client.customer(SHOWN, &query).await?, lang);
        let command = global.command("");
        crate::out!();
        let next = lang.pick(NEXT.0, NEXT.1);
        crate::out!("{}", next.replace("{command}", &command).replace("{shown}", SHOWN));
        Ok(())
    }
}

fn untold(error: StoryError) -> CliError {
    broken(&error)
}

/// Tells of a sample that could not be told, which only a mistake in it can cause.
fn broken(error: &dyn std::error::Error) -> CliError {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    CliError {
        exit: Exit::Broken,
        code: "sample".to_owned(),
        message: Text::new(
            format!("the sample could not be told: {error}{cause}"),
            format!("样例无法写成：{error}{cause}"),
        ),
        hint: Text::from((
            "report this with the seed; another --seed may work",
            "请连同种子报告此问题；换一个 --seed 或许可行",
        )),
    }
}
