//! `daybook pool`: customers that nobody holds, who takes them, and when they go there.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::holdings::{Holdings, list};
use super::record::{rehearsed, tell_all};
use super::{BasisOptions, Done, Global, lookup};
use crate::error::CliError;
use crate::render::{Lang, print_json};
use crate::session::Session;

/// See the pool of customers, take one from it, give it those nobody deals with
#[derive(Debug, Args)]
pub struct Pool {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the customers of the pool
    List {
        #[command(flatten)]
        basis: BasisOptions,
    },
    Take(Take),
    Recycle(Recycle),
    Rules(Rules),
}

/// Take a customer from the pool
#[derive(Debug, Args)]
struct Take {
    /// The customer
    customer: String,
    /// Who takes it; whoever records it when left out
    #[arg(long, value_name = "ACTOR")]
    to: Option<String>,
    /// Say which events would be added, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// Give the customers to the pool that nobody dealt with for as long as the rules say
#[derive(Debug, Args)]
struct Recycle {
    /// Say which they are, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// Set when customers go to the pool, and how long whoever had one waits before taking it again
#[derive(Debug, Args)]
struct Rules {
    /// Days without any dealing after which a customer with nothing open goes to the pool
    #[arg(long, value_name = "DAYS")]
    idle: u32,
    /// Days during which whoever had a customer cannot take it from the pool
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    wait: u32,
}

impl Pool {
    /// Carries the verb out.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        match self.verb {
            Verb::List { basis } => Holdings::of("pool", basis).run(global),
            Verb::Take(take) => take.run(global),
            Verb::Recycle(recycle) => recycle.run(global),
            Verb::Rules(rules) => rules.run(global),
        }
    }
}

/// Sends one request and says what was recorded.
async fn send(
    session: &Session,
    request: Value,
    dry_run: bool,
    global: &Global,
) -> Result<(), CliError> {
    let unit = vec![request];
    let answer = session.client.commands(vec![unit.clone()], dry_run).await?;
    if global.json {
        print_json(&answer);
        return Ok(());
    }
    if dry_run {
        rehearsed(&answer, &unit, global.language());
        return Ok(());
    }
    tell_all(&session.client, &answer, global.language(), global).await
}

impl Take {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "pool")?;
        let taken = session.wait(async {
            let found = lookup::one(&session.client, &self.customer).await?;
            lookup::say_found(&found, global.language());
            let to = self.to.as_ref().unwrap_or(&global.actor);
            let request = json!({
                "customer": found.customer, "command": "assign_record",
                "record": { "family": "customer" }, "from": { "kind": "pool" },
                "to": { "kind": "user", "id": to },
            });
            send(&session, request, self.dry_run, global).await
        });
        session.close()?;
        taken.map(|()| Done::Wholly)
    }
}

impl Recycle {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "pool")?;
        let answer = session.wait(session.client.recycle(self.dry_run));
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        let count = answer.moved.len();
        match (lang, self.dry_run) {
            (Lang::En, true) => {
                crate::out!("Dry run: {count} would go to the pool; nothing was kept.");
            }
            (Lang::Zh, true) => crate::out!("试运行：{count} 个客户会进入客户池；未保留任何内容。"),
            (Lang::En, false) => crate::out!("{count} given to the pool"),
            (Lang::Zh, false) => crate::out!("{count} 个客户已进入客户池"),
        }
        if count > 0 {
            list(&answer.moved, lang);
        }
        Ok(Done::Wholly)
    }
}

impl Rules {
    fn run(self, global: &Global) -> Result<Done, CliError> {
        let request = json!({
            "command": "publish_policy_version", "policy": "pool",
            "pool_rules": { "idle_days": self.idle, "wait_days": self.wait },
        });
        let session = Session::open(global, "pool")?;
        let sent = session.wait(send(&session, request, false, global));
        session.close()?;
        sent.map(|()| Done::Wholly)
    }
}
