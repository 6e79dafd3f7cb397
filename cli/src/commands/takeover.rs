//! `daybook import events`: takes in what another ledger exported.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use daybook_server::import::takeover::{RefusedEvent, TakenOver, Told};

use super::export::{check_file, say_checked};
use super::{Done, Global};
use crate::error::{CliError, Exit};
use crate::render::{Column, Lang, Table, grouped, print_json};
use crate::session::Session;
use crate::text::Text;

/// The most refused events that are listed.
const LISTED_MAX: usize = 20;

/// The file.
#[derive(Debug, Args)]
pub struct Events {
    /// A file of JSON lines that `daybook export --personal` has made
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

impl Events {
    /// Checks the file, then takes it in.
    pub(super) fn run(self, session: &Session, global: &Global) -> Result<Done, CliError> {
        let lang = global.language();
        let checked = check_file(&self.file)?;
        if !checked.whole {
            say_checked(&self.file, &checked, lang);
            let file = self.file.display();
            return Err(CliError {
                exit: Exit::Refused,
                code: "export_not_whole".to_owned(),
                message: Text::new(
                    format!("{file} is not what left the ledger; nothing was taken"),
                    format!("{file} 与账簿所导出的不符；未导入任何内容"),
                ),
                hint: Text::from(("export it again", "请重新导出")),
            });
        }
        let opened = File::open(&self.file);
        let file =
            opened.map_err(|error| CliError::file(("opening", "打开"), &self.file, &error))?;
        let bytes = super::import::chunks(file, Arc::default());
        let (mut listed, mut refused, mut done) = (Vec::<RefusedEvent>::new(), 0u64, None);
        let heard = &mut |told| match told {
            Told::Refused(event) => {
                refused += 1;
                if listed.len() < LISTED_MAX {
                    listed.push(event);
                }
            }
            Told::Progress(_) => {}
            Told::Done(report) => done = Some(report),
        };
        session.wait(session.client.take_over(bytes, heard))?;
        for event in &listed {
            let RefusedEvent { line, position, kind, reason, .. } = event;
            match lang {
                Lang::En => {
                    crate::note!("line {line}, {kind} at position {position} there: {reason}");
                }
                Lang::Zh => crate::note!("第 {line} 行，彼处位置 {position} 的 {kind}：{reason}"),
            }
        }
        let more = refused - listed.len() as u64;
        if more > 0 {
            match lang {
                Lang::En => crate::note!("and {} more refused", grouped(more)),
                Lang::Zh => crate::note!("另有 {} 个被拒绝", grouped(more)),
            }
        }
        if let Some(report) = &done {
            if global.json {
                print_json(report);
            } else {
                print(report, lang);
            }
        }
        Ok(if refused == 0 { Done::Wholly } else { Done::WithRefusals })
    }
}

fn print(report: &TakenOver, lang: Lang) {
    let events = &report.events;
    let mut table = Table::new([
        Column::text(lang.pick("events", "事件")),
        Column::number(lang.pick("count", "数量")),
    ]);
    let lines = [
        ("taken now", "本次导入", events.taken),
        ("known from before", "此前已有", events.known),
        ("refused", "拒绝", events.refused),
        ("left out", "略过", events.left_out),
        ("in all", "合计", events.read),
    ];
    for (en, zh, count) in lines {
        table.row([lang.pick(en, zh).to_owned(), grouped(count)]);
    }
    table.print();
    crate::out!();
    if report.attachments_left_out > 0 {
        let files = grouped(report.attachments_left_out);
        match lang {
            Lang::En => {
                crate::out!(
                    "{files} attached files are not in the export and were left out; export with --files."
                )
            }
            Lang::Zh => crate::out!("{files} 个附件不在导出文件中，已略过；请以 --files 导出。"),
        }
    }
    let (name, book, position) = (&report.export.name, report.export.book, report.position);
    match lang {
        Lang::En => crate::out!("From {name} ({book}); the ledger has {position} events."),
        Lang::Zh => crate::out!("来自 {name}（{book}）；账簿现有 {position} 个事件。"),
    }
}
