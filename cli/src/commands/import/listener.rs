//! Hears what an import tells, and keeps what is shown at the end.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daybook_server::import::{Figures, Notice, RefusedRow, Report};

use super::quarantine::Quarantine;
use super::report;
use crate::commands::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, grouped, print_json};

/// The most refused rows that are listed; all of them go to the file named with --refused.
const LISTED_MAX: usize = 20;

/// Hears what the import tells, and keeps what is shown at the end.
pub(super) struct Listener {
    lang: Lang,
    /// Bytes that have been sent.
    pub(super) read: Arc<AtomicU64>,
    size: u64,
    terminal: bool,
    quarantine: Option<Quarantine>,
    listed: Vec<RefusedRow>,
    refused: u64,
    /// What this run took before the ledger changed hands.
    before: Figures,
    pub(super) figures: Figures,
    report: Option<Report>,
    failed: Option<CliError>,
}

impl Listener {
    pub(super) fn new(
        refused: Option<&Path>,
        files: usize,
        size: u64,
        before: Figures,
        lang: Lang,
    ) -> Listener {
        Listener {
            lang,
            read: Arc::default(),
            size,
            terminal: std::io::stderr().is_terminal(),
            quarantine: refused.map(|path| Quarantine::new(path, files)),
            listed: Vec::new(),
            refused: 0,
            figures: before.clone(),
            before,
            report: None,
            failed: None,
        }
    }

    pub(super) fn hear(&mut self, mut notice: Notice) {
        if let Notice::Progress(figures) | Notice::Done(Report { figures, .. }) = &mut notice {
            // Rows that this run took earlier are known by now, and were taken by it all the same.
            let own = self.before.taken.min(figures.known);
            figures.known -= own;
            figures.taken += own;
            figures.events += self.before.events;
            self.figures = figures.clone();
        }
        match notice {
            Notice::Header(header) => self.keep(|quarantine| quarantine.header(&header)),
            Notice::Refused(row) => {
                self.refused += 1;
                self.keep(|quarantine| quarantine.row(&row));
                if self.listed.len() < LISTED_MAX {
                    self.listed.push(row);
                }
            }
            Notice::Progress(figures) if self.terminal => {
                let (rows, events) = (grouped(figures.rows), grouped(figures.events));
                let part =
                    self.read.load(Ordering::Relaxed).min(self.size) * 100 / self.size.max(1);
                match self.lang {
                    Lang::En => eprint!("\r{part}% sent, {rows} rows read, {events} events"),
                    Lang::Zh => eprint!("\r已发送 {part}%，已读 {rows} 行，{events} 个事件"),
                }
            }
            Notice::Progress(_) => {}
            Notice::Done(report) => self.report = Some(report),
        }
    }

    fn keep(&mut self, write: impl FnOnce(&mut Quarantine) -> Result<(), CliError>) {
        if let Some(quarantine) = &mut self.quarantine
            && let Err(error) = write(quarantine)
        {
            self.failed.get_or_insert(error);
        }
    }

    pub(super) fn clear_line(&self) {
        if self.terminal {
            eprint!("\r\u{1b}[K");
        }
    }

    /// Makes sure the refused rows are in their file.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        self.keep(Quarantine::finish);
        self.failed.take().map_or(Ok(()), Err)
    }

    pub(super) fn list(&self, lang: Lang) {
        for row in &self.listed {
            let hint = row.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            let (file, line, column, value) = (&row.file, row.line, &row.column, &row.value);
            let reason = &row.reason;
            match lang {
                Lang::En => {
                    crate::note!("{file}, line {line}, column {column}, {value:?}: {reason}{hint}")
                }
                Lang::Zh => {
                    crate::note!("{file} 第 {line} 行，列 {column}，{value:?}：{reason}{hint}")
                }
            }
        }
        let more = self.refused - self.listed.len() as u64;
        if more > 0 {
            let more = grouped(more);
            match lang {
                Lang::En => crate::note!("and {more} more refused rows"),
                Lang::Zh => crate::note!("另有 {more} 行被拒绝"),
            }
        }
    }

    pub(super) fn tell(self, global: &Global, refused: Option<&Path>) -> Result<Done, CliError> {
        let Some(report) = &self.report else {
            return Err(CliError::usage(
                ("the import ended without a report", "导入结束而没有报告"),
                ("run it again", "请再运行一次"),
            ));
        };
        self.list(global.language());
        if self.refused > 0 && refused.is_none() {
            match self.lang {
                Lang::En => crate::note!(
                    "import again with --refused FILE to have the refused rows in a file, mend them \
                     there and import that; what was taken is not taken twice"
                ),
                Lang::Zh => crate::note!(
                    "再次导入并加上 --refused 文件，可把被拒绝的行写入该文件，改正后再导入；已导入的不会重复"
                ),
            }
        }
        if let (Some(path), true) = (refused, self.refused > 0) {
            let path = path.display();
            match self.lang {
                Lang::En => crate::note!(
                    "the refused rows are in {path}; mend them there and import that with the same \
                     mapping, or mend the files and import them again"
                ),
                Lang::Zh => crate::note!(
                    "被拒绝的行在 {path} 中；在其中改正后用同一映射导入，或改正原文件后再次导入"
                ),
            }
        }
        if global.json {
            print_json(report)
        } else {
            report::print(report, global)
        }
        Ok(if self.refused == 0 { Done::Wholly } else { Done::WithRefusals })
    }
}
