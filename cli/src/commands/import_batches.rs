//! `daybook import list`, `show` and `revert`: what was imported, and taking it back.

use clap::{Args, Subcommand};
use daybook_core::id::Note;
use daybook_server::api::import_batches::{ImportsQuery, RevertCall};
use daybook_server::import::batches::{ImportBatch, Revert as Reverted};
use daybook_server::import::revert::{Reverted as Report, Stays, Told};
use daybook_server::text::Text as Said;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, grouped, instant, print_json};
use crate::session::Session;

/// The most events that stay which are listed; the event that closes the revert names more.
const LISTED_MAX: usize = 20;

/// What can be done with imports that were applied.
#[derive(Debug, Subcommand)]
pub enum What {
    /// List the imports: when, which files, what was taken back
    List,
    /// Show one import: its files and what it brought
    Show(Show),
    /// Take an import back: void what it brought, and say what stays
    Revert(Revert),
    /// Take in what another ledger exported: the same facts, recorded anew
    Events(super::takeover::Events),
}

/// Which import.
#[derive(Debug, Args)]
pub struct Show {
    /// The position of the import as listed, or its source for the latest
    import: String,
}

/// Which import, and why.
#[derive(Debug, Args)]
pub struct Revert {
    /// The position of the import as listed, or its source for the latest
    import: String,
    /// Why; kept with every void
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say what would be taken back and what would stay, and keep nothing
    #[arg(long)]
    dry_run: bool,
}

impl What {
    /// Lists, shows or takes back.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "import")?;
        let done = match self {
            What::List => list(&session, global),
            What::Show(show) => show.run(&session, global),
            What::Revert(revert) => revert.run(&session, global),
            What::Events(events) => events.run(&session, global),
        };
        session.close()?;
        done
    }
}

fn list(session: &Session, global: &Global) -> Result<Done, CliError> {
    let answer = session.wait(session.client.imports(&ImportsQuery { cut_off: true }))?;
    let zone = session.wait(session.client.book())?.zone;
    if global.json {
        print_json(&answer);
        return Ok(Done::Wholly);
    }
    let lang = global.language();
    if answer.imports.is_empty() {
        crate::out!("{}", lang.pick("Nothing was imported.", "尚无导入。"));
        return Ok(Done::Wholly);
    }
    let mut table = Table::new([
        Column::number(lang.pick("import", "导入")),
        Column::text(lang.pick("recorded", "记录时间")),
        Column::text(lang.pick("source", "来源")),
        Column::shrinking(lang.pick("files", "文件")),
        Column::number(lang.pick("events", "事件")),
        Column::text(lang.pick("state", "状态")),
    ]);
    for batch in &answer.imports {
        let at = batch.applied_at.map_or_else(|| "-".to_owned(), |at| at.to_string());
        let recorded = batch.recorded_at.map(|at| instant(at, &zone)).unwrap_or_default();
        let applied = batch.applied.as_ref();
        let events = applied.map(|applied| grouped(applied.events)).unwrap_or_default();
        let files = applied.map(files).unwrap_or_default();
        table.row([at, recorded, batch.import.to_string(), files, events, state(batch, lang)]);
    }
    table.print();
    Ok(Done::Wholly)
}

fn files(applied: &daybook_core::event::book::ImportApplied) -> String {
    applied.file_names()
}

fn state(batch: &ImportBatch, lang: Lang) -> String {
    let stays = batch.reverts.last().map(|revert| revert.kept + revert.failed);
    match (batch.applied_at, stays) {
        (None, _) => lang.pick("cut off; run it again", "中断；请再运行").to_owned(),
        (_, None) => lang.pick("applied", "已导入").to_owned(),
        (_, Some(0)) => lang.pick("taken back", "已撤销").to_owned(),
        (_, Some(stays)) => match lang {
            Lang::En => format!("taken back but for {}", grouped(stays)),
            Lang::Zh => format!("已撤销，{} 个保留", grouped(stays)),
        },
    }
}

impl Show {
    fn run(&self, session: &Session, global: &Global) -> Result<Done, CliError> {
        let answer = session.wait(session.client.import_batch(&self.import))?;
        let zone = session.wait(session.client.book())?.zone;
        if global.json {
            print_json(&answer);
            return Ok(Done::Wholly);
        }
        let lang = global.language();
        let batch = &answer.import;
        let mut table = Table::new([Column::text(""), Column::text("")]);
        let mut say = |en: &str, zh: &str, value: String| {
            table.row([lang.pick(en, zh).to_owned(), value]);
        };
        say("source", "来源", batch.import.to_string());
        if let Some(applied) = &batch.applied {
            say("files", "文件", files(applied));
        }
        if let (Some(at), Some(recorded)) = (batch.applied_at, batch.recorded_at) {
            say("position", "位置", at.to_string());
            say("recorded", "记录时间", instant(recorded, &zone));
            say("by", "操作者", batch.actor.clone().unwrap_or_default());
        }
        say("state", "状态", state(batch, lang));
        for Reverted { position, recorded_at, reversed, kept, failed, reason, .. } in &batch.reverts
        {
            let (reversed, stay) = (grouped(*reversed), grouped(kept + failed));
            let when = instant(*recorded_at, &zone);
            let why = reason.as_deref().unwrap_or_default();
            let line = match lang {
                Lang::En => {
                    format!("{when}, position {position}: {reversed} void, {stay} stay: {why}")
                }
                Lang::Zh => format!("{when}，位置 {position}：作废 {reversed}，保留 {stay}：{why}"),
            };
            say("taken back", "撤销", line);
        }
        table.print();
        crate::out!();
        let mut table = Table::new([
            Column::text(lang.pick("kind", "事件")),
            Column::number(lang.pick("events", "数量")),
            Column::number(lang.pick("void now", "现已作废")),
        ]);
        for brought in &answer.brought {
            let kind = lang.pick(&brought.kind, &brought.kind_zh).to_owned();
            table.row([kind, grouped(brought.events), grouped(brought.voided)]);
        }
        table.print();
        Ok(Done::Wholly)
    }
}

impl Revert {
    fn run(self, session: &Session, global: &Global) -> Result<Done, CliError> {
        let reason = Note::new(&self.reason).map_err(|error| {
            CliError::usage(Said::from(&error), ("write the reason in words", "请用文字说明原因"))
        })?;
        let call = RevertCall { reason, dry_run: self.dry_run };
        let (mut listed, mut staying, mut report) = (Vec::<Stays>::new(), 0u64, None);
        let heard = &mut |told| match told {
            Told::Stays(stays) => {
                staying += 1;
                if listed.len() < LISTED_MAX {
                    listed.push(stays);
                }
            }
            Told::Progress(_) => {}
            Told::Done(done) => report = Some(done),
        };
        session.wait(session.client.revert_import(&self.import, &call, heard))?;
        let lang = global.language();
        for stays in &listed {
            say_stays(stays, lang);
        }
        let more = staying - listed.len() as u64;
        if more > 0 {
            match lang {
                Lang::En => crate::note!("and {} more that stay", grouped(more)),
                Lang::Zh => crate::note!("另有 {} 个保留", grouped(more)),
            }
        }
        if let Some(report) = &report {
            if global.json {
                print_json(report);
            } else {
                say_report(report, lang);
            }
        }
        Ok(if staying == 0 { Done::Wholly } else { Done::WithRefusals })
    }
}

fn say_stays(stays: &Stays, lang: Lang) {
    let Stays { stream, reason, built_upon, .. } = stays;
    let whose = stream.strip_prefix("customer/").unwrap_or(stream);
    match (built_upon, lang) {
        (true, Lang::En) => crate::note!("kept, customer {whose}: {reason}"),
        (true, Lang::Zh) => crate::note!("保留，客户 {whose}：{reason}"),
        (false, Lang::En) => crate::note!("not taken back, customer {whose}: {reason}"),
        (false, Lang::Zh) => crate::note!("未能撤销，客户 {whose}：{reason}"),
    }
}

fn say_report(report: &Report, lang: Lang) {
    let figures = &report.figures;
    let mut table = Table::new([
        Column::text(lang.pick("events", "事件")),
        Column::number(lang.pick("count", "数量")),
    ]);
    let lines = [
        ("taken back", "撤销", figures.reversed),
        ("void before", "此前已作废", figures.void_before),
        ("kept, built upon", "保留（已有后续）", figures.kept),
        ("not taken back", "未能撤销", figures.failed),
        ("in all", "合计", figures.events),
    ];
    for (en, zh, count) in lines {
        table.row([lang.pick(en, zh).to_owned(), grouped(count)]);
    }
    table.print();
    crate::out!();
    match (report.dry_run, report.reverted_at, lang) {
        (true, _, Lang::En) => crate::out!("Dry run: nothing was kept."),
        (true, _, Lang::Zh) => crate::out!("试运行：未保留任何内容。"),
        (false, Some(at), Lang::En) => {
            crate::out!("Recorded at position {at}. The same file can be imported again.");
        }
        (false, Some(at), Lang::Zh) => crate::out!("已记录于位置 {at}。同一文件可再次导入。"),
        (false, None, Lang::En) => crate::out!("There was nothing left to take back."),
        (false, None, Lang::Zh) => crate::out!("没有可撤销的内容。"),
    }
}
