//! `daybook duplicates`, `daybook merge`, `daybook merges` and `daybook unmerge`: customers that turn
//! out to be one, or two after all.

use std::collections::BTreeMap;

use clap::Args;
use daybook_core::event::customer::CustomerField;
use daybook_core::id::{CustomerCode, Note};
use daybook_core::position::Position;
use daybook_server::api::commands::CommandsAnswer;
use daybook_server::api::duplicates::DuplicatesQuery;
use daybook_server::api::merges::{MergeCall, MergeView, ReverseCall};
use daybook_server::client::Client;

use super::record::{rehearsed, tell_all};
use super::{Done, Global, lookup};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, print_json};
use crate::session::Session;
use crate::text::Text;

/// List customers that may be one, with the reasons
#[derive(Debug, Args)]
pub struct Duplicates {
    /// Only those of this customer
    customer: Option<String>,
}

/// Merge customers into one: the histories stay where they are and are read together
#[derive(Debug, Args)]
pub struct Merge {
    /// The customer that stays
    survivor: String,
    /// The customers merged into it
    #[arg(required = true)]
    merged: Vec<String>,
    /// Whose value of a detail counts, such as --take phone=C-7; may be given several times
    #[arg(long, value_name = "FIELD=CUSTOMER")]
    take: Vec<String>,
    /// Why, in words that name nobody
    #[arg(long)]
    reason: Option<String>,
    /// Say which events would be added, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

/// List the merges of a customer, with the facts recorded since
#[derive(Debug, Args)]
pub struct Merges {
    /// The customer
    customer: String,
}

/// Undo a merge: every fact recorded since is given to one customer
#[derive(Debug, Args)]
pub struct Unmerge {
    /// The customer that stayed
    survivor: String,
    /// The customer that had been merged into it; the only one when left out
    #[arg(long, value_name = "CUSTOMER")]
    merged: Option<String>,
    /// Whose a fact is, such as --give 312=C-7; may be given several times
    #[arg(long, value_name = "POSITION=CUSTOMER")]
    give: Vec<String>,
    /// Whose the facts are that are not named
    #[arg(long, value_name = "CUSTOMER")]
    rest: Option<String>,
    /// Why, in words that name nobody
    #[arg(long)]
    reason: String,
    /// Say which events would be added, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

impl Duplicates {
    /// Prints the pairs.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "duplicates")?;
        let client = &session.client;
        let answer = session.wait(async {
            let customer = match &self.customer {
                Some(who) => Some(lookup::one(client, who).await?.customer),
                None => None,
            };
            let customer = customer.and_then(|code| code.parse().ok());
            Ok::<_, CliError>(client.duplicates(&DuplicatesQuery { customer }).await?)
        });
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        if answer.pairs.is_empty() {
            crate::note!("{}", lang.pick("nobody seems to be on file twice", "没有发现重复的客户"));
            return Ok(Done::Wholly);
        }
        let mut table = Table::new([
            Column::number("%"),
            Column::text(lang.pick("customer", "客户")),
            Column::shrinking(lang.pick("name", "名称")),
            Column::text(lang.pick("may be", "可能就是")),
            Column::shrinking(lang.pick("name", "名称")),
            Column::text(lang.pick("because", "理由")),
        ]);
        for pair in &answer.pairs {
            let reasons = match lang {
                Lang::En => pair.candidate.reasons.join(", ").replace('_', " "),
                Lang::Zh => pair.candidate.reasons_zh.join("、"),
            };
            table.row([
                pair.candidate.score_percent.to_string(),
                pair.customer.clone(),
                pair.name.clone().unwrap_or_default(),
                pair.candidate.candidate.clone(),
                pair.candidate_name.clone().unwrap_or_default(),
                reasons,
            ]);
        }
        table.print();
        if answer.total > answer.pairs.len() {
            let (shown, total) = (answer.pairs.len(), answer.total);
            match lang {
                Lang::En => {
                    crate::note!("{shown} of {total} pairs; name a customer to see its own")
                }
                Lang::Zh => crate::note!("{total} 对中的 {shown} 对；指明客户可看其全部"),
            }
        }
        Ok(Done::Wholly)
    }
}

/// Reads `left=right`.
fn pair<'a>(text: &'a str, example: &str) -> Result<(&'a str, &'a str), CliError> {
    text.split_once('=').ok_or_else(|| {
        CliError::usage(
            Text::new(format!("{text:?} has no = in it"), format!("{text:?} 中没有 =")),
            Text::new(format!("write for instance {example}"), format!("例如写成 {example}")),
        )
    })
}

impl Merge {
    /// Merges and says what was recorded.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "merge")?;
        let done = session.wait(self.merge(&session.client, global));
        session.close()?;
        done.map(|()| Done::Wholly)
    }

    async fn merge(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        let code = async |who: &str| -> Result<CustomerCode, CliError> {
            let found = lookup::one(client, who).await?.customer;
            found.parse().map_err(|_| not_a_code(&found))
        };
        let survivor = code(&self.survivor).await?;
        let mut merged = Vec::with_capacity(self.merged.len());
        for who in &self.merged {
            merged.push(code(who).await?);
        }
        let mut take = BTreeMap::new();
        for text in &self.take {
            let (field, who) = pair(text, "--take phone=C-7")?;
            let field = CustomerField::ALL.iter().find(|known| known.as_str() == field);
            let field = *field.ok_or_else(|| {
                CliError::usage(
                    Text::new(
                        format!("{text:?} names no detail"),
                        format!("{text:?} 没有指明资料"),
                    ),
                    ("write for instance --take phone=C-7", "例如写成 --take phone=C-7"),
                )
            })?;
            take.insert(field, code(who).await?);
        }
        let reason = self.reason.as_deref().map(reason).transpose()?;
        let call = MergeCall { survivor, merged, take, reason, dry_run: self.dry_run };
        told(client, client.merge(&call).await?, self.dry_run, global).await
    }
}

fn not_a_code(text: &str) -> CliError {
    CliError::usage(
        Text::new(format!("{text:?} is no customer code"), format!("{text:?} 不是客户代码")),
        ("check the customer", "请核对客户"),
    )
}

fn reason(text: &str) -> Result<Note, CliError> {
    Note::new(text).map_err(|error| {
        CliError::usage(
            Text::new(error.to_string(), "原因不可用".to_owned()),
            ("give the reason in a few words", "请用几个字说明原因"),
        )
    })
}

/// Says what was recorded, or would be.
async fn told(
    client: &Client,
    answer: CommandsAnswer,
    dry_run: bool,
    global: &Global,
) -> Result<(), CliError> {
    if global.json {
        print_json(&answer);
        return Ok(());
    }
    if dry_run {
        rehearsed(&answer, &[], global.language());
        return Ok(());
    }
    tell_all(client, &answer, global.language(), global).await
}

impl Merges {
    /// Prints the merges.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "merges")?;
        let client = &session.client;
        let answer = session.wait(async {
            let found = lookup::one(client, &self.customer).await?;
            Ok::<_, CliError>(client.merges(&found.customer).await?)
        });
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        match (&answer.merged_into, lang) {
            (Some(survivor), Lang::En) => crate::out!("merged into {survivor}"),
            (Some(survivor), Lang::Zh) => crate::out!("已并入 {survivor}"),
            (None, _) if answer.merges.is_empty() => {
                crate::note!("{}", lang.pick("no merge stands", "没有有效的合并"));
            }
            (None, _) => {}
        }
        for merge in &answer.merges {
            let who = &merge.merged;
            match lang {
                Lang::En => crate::out!("{who} is merged into it; recorded since:"),
                Lang::Zh => crate::out!("{who} 已并入；此后记录："),
            }
            facts(merge, lang).print();
        }
        Ok(Done::Wholly)
    }
}

fn facts(merge: &MergeView, lang: Lang) -> Table {
    let mut table = Table::new([
        Column::number(lang.pick("position", "位置")),
        Column::text(lang.pick("kind", "事件")),
        Column::shrinking(lang.pick("what", "内容")),
    ]);
    for fact in &merge.since {
        table.row([
            fact.position.to_string(),
            lang.pick(&fact.kind, &fact.kind_zh).to_owned(),
            lang.pick(&fact.summary.en, &fact.summary.zh).to_owned(),
        ]);
    }
    table
}

impl Unmerge {
    /// Undoes the merge and says what was recorded.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "unmerge")?;
        let done = session.wait(self.unmerge(&session.client, global));
        session.close()?;
        done.map(|()| Done::Wholly)
    }

    async fn unmerge(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        // Whoever looks for a merged customer finds the survivor, so codes are taken as they are.
        let code = |who: &str| who.trim().parse::<CustomerCode>().map_err(|_| not_a_code(who));
        let survivor = code(&self.survivor)?;
        let standing = client.merges(survivor.as_str()).await?.merges;
        let merged = match (&self.merged, standing.as_slice()) {
            (Some(who), _) => code(who)?,
            (None, [only]) => only.merged.parse().map_err(|_| not_a_code(&only.merged))?,
            (None, merges) => return Err(which(survivor.as_str(), merges)),
        };
        let mut give = BTreeMap::new();
        for text in &self.give {
            let (position, who) = pair(text, "--give 312=C-7")?;
            let position = position.trim().parse().map_err(|_| {
                CliError::usage(
                    Text::new(
                        format!("{position:?} is no position"),
                        format!("{position:?} 不是位置"),
                    ),
                    ("write for instance --give 312=C-7", "例如写成 --give 312=C-7"),
                )
            })?;
            give.insert(Position(position), code(who)?);
        }
        let rest = self.rest.as_deref().map(code).transpose()?;
        let reason = reason(&self.reason)?;
        let call = ReverseCall { survivor, merged, give, rest, reason, dry_run: self.dry_run };
        told(client, client.reverse_merge(&call).await?, self.dry_run, global).await
    }
}

fn which(survivor: &str, merges: &[MergeView]) -> CliError {
    if merges.is_empty() {
        let message = Text::new(
            format!("no merge into {survivor} stands"),
            format!("没有并入 {survivor} 的有效合并"),
        );
        return CliError::usage(message, ("check the customer", "请核对客户"));
    }
    let merged: Vec<&str> = merges.iter().map(|merge| merge.merged.as_str()).collect();
    let message = Text::new(
        format!("{} merges into {survivor} stand", merges.len()),
        format!("并入 {survivor} 的有效合并有 {} 次", merges.len()),
    );
    let hint = Text::new(
        format!("say which with --merged: {}", merged.join(", ")),
        format!("请用 --merged 指明其一：{}", merged.join("、")),
    );
    CliError::usage(message, hint)
}
