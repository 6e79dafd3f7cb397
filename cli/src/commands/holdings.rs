//! `daybook holdings` and `daybook handover`: who holds what, and everything of one user handed over
//! to another.

use clap::Args;
use daybook_server::api::handover::Handover;
use daybook_server::api::holdings::{HeldView, HolderView, HoldingsQuery};

use super::{BasisOptions, Done, Global, say_basis};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, grouped, print_json};
use crate::session::Session;
use crate::text::Text;

/// Tell who holds which customers, opportunities, tasks, complaints and promises
#[derive(Debug, Args)]
pub struct Holdings {
    /// Only this holder, with the list: a user's id, `pool`, `nobody` or `unit:CODE`
    holder: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
}

/// Hand everything that one user holds over to another, all or nothing
#[derive(Debug, Args)]
pub struct HandOver {
    /// The user who gives
    from: String,
    /// The user who takes
    #[arg(long, value_name = "ACTOR")]
    to: String,
    /// The one who gives leaves the company
    #[arg(long)]
    leaves: bool,
    /// Why, in words that name nobody
    #[arg(long)]
    reason: Option<String>,
    /// Say what would be handed over, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

impl Holdings {
    /// What one holder has.
    pub(super) fn of(holder: &str, basis: BasisOptions) -> Holdings {
        Holdings { holder: Some(holder.to_owned()), basis }
    }

    /// Prints who holds what.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let query = HoldingsQuery {
            holder: self.holder.clone(),
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
        };
        let session = Session::open(global, "holdings")?;
        let answer = session.wait(session.client.holdings(&query));
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        match (&self.holder, answer.holders.as_slice()) {
            (Some(holder), []) => match lang {
                Lang::En => crate::note!("{holder} holds nothing"),
                Lang::Zh => crate::note!("{holder} 名下没有任何事项"),
            },
            (Some(_), [one, ..]) => list(&one.items, lang),
            (None, holders) => counts(holders, lang),
        }
        say_basis(&answer.basis, lang);
        Ok(Done::Wholly)
    }
}

fn counts(holders: &[HolderView], lang: Lang) {
    let mut table = Table::new([
        Column::text(lang.pick("holder", "负责人")),
        Column::number(lang.pick("customers", "客户")),
        Column::number(lang.pick("opportunities", "机会")),
        Column::number(lang.pick("tasks", "待办")),
        Column::number(lang.pick("complaints", "投诉请求")),
        Column::number(lang.pick("promises", "承诺")),
        Column::number(lang.pick("shared", "共享")),
    ]);
    for row in holders {
        let held = [row.customers, row.opportunities, row.tasks, row.complaints, row.promises];
        let [a, b, c, d, e] = held.map(|count| grouped(count as u64));
        table.row([row.holder.clone(), a, b, c, d, e, grouped(row.shared as u64)]);
    }
    table.print();
    for row in holders.iter().filter(|row| row.left) {
        let holder = &row.holder;
        match lang {
            Lang::En => crate::note!(
                "{holder} has left: hand it over with `daybook handover {holder} --to USER`"
            ),
            Lang::Zh => {
                crate::note!("{holder} 已离职：请用 `daybook handover {holder} --to 用户` 移交")
            }
        }
    }
}

/// Prints what is held or shared, one line each.
pub(super) fn list(items: &[HeldView], lang: Lang) {
    let mut table = Table::new([
        Column::text(lang.pick("customer", "客户")),
        Column::text(lang.pick("what", "事项")),
        Column::text(lang.pick("id", "编号")),
        Column::text(lang.pick("shared", "共享")),
    ]);
    for item in items {
        let family = lang.pick(&item.family, &item.family_zh).to_owned();
        let until = item.until.map(|until| format!(" → {until}")).unwrap_or_default();
        let shared = item.rights.join(", ") + &until;
        table.row([item.customer.clone(), family, item.id.clone().unwrap_or_default(), shared]);
    }
    table.print();
}

impl HandOver {
    /// Hands over and says what moved.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let id = |text: &str| {
            text.parse().map_err(|error: daybook_core::id::TextError| {
                CliError::usage(
                    Text::new(error.to_string(), format!("{text:?} 不是用户编号")),
                    ("use a short id such as U-03, not a name", "请用 U-03 这样的编号，不用姓名"),
                )
            })
        };
        let reason = self.reason.as_deref().map(daybook_core::id::Note::new).transpose();
        let reason = reason.map_err(|error| {
            CliError::usage(
                Text::new(error.to_string(), "原因不可用".to_owned()),
                ("give the reason in a few words", "请用几个字说明原因"),
            )
        })?;
        let handover = Handover {
            from: id(&self.from)?,
            to: id(&self.to)?,
            reason,
            leaves: self.leaves,
            dry_run: self.dry_run,
        };
        let session = Session::open(global, "handover")?;
        let answer = session.wait(session.client.hand_over(&handover));
        session.close()?;
        let answer = answer?;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        let (count, from, to) = (answer.moved.len(), &self.from, &self.to);
        match (lang, self.dry_run) {
            (Lang::En, true) => {
                crate::out!("Dry run: {count} would go from {from} to {to}; nothing was kept.");
            }
            (Lang::Zh, true) => {
                crate::out!("试运行：{count} 项会由 {from} 移交给 {to}；未保留任何内容。");
            }
            (Lang::En, false) => crate::out!("{count} handed over from {from} to {to}:"),
            (Lang::Zh, false) => crate::out!("{count} 项已由 {from} 移交给 {to}："),
        }
        list(&answer.moved, lang);
        Ok(Done::Wholly)
    }
}
