//! `daybook man`: manual pages, made from the same declarations as the help.

use std::path::{Path, PathBuf};

use clap::{Args, Command};

use super::{Done, Global};
use crate::error::CliError;
use crate::help;
use crate::render::Lang;

/// Print the manual page
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages of every command in both languages into this directory, for man to read
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    to: Option<PathBuf>,
}

impl Man {
    /// Prints the page, or writes all of them.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let Some(dir) = self.to else {
            let page = page(&help::command(global.language()), global.language());
            crate::render::write_out(&page);
            return Ok(Done::Wholly);
        };
        let mut written = 0;
        for (lang, folder) in [(Lang::En, "man1"), (Lang::Zh, "zh_CN/man1")] {
            let folder = dir.join(folder);
            std::fs::create_dir_all(&folder)
                .map_err(|error| CliError::file(("making", "新建"), &folder, &error))?;
            written += write(&help::command(lang), "daybook", &folder, lang)?;
        }
        let shown = dir.display();
        match global.language() {
            Lang::En => {
                crate::out!("{written} pages are in {shown}; read one: man -M {shown} daybook")
            }
            Lang::Zh => {
                crate::out!("已写入 {shown}，共 {written} 页；阅读：man -M {shown} daybook")
            }
        }
        Ok(Done::Wholly)
    }
}

/// Writes the page of a command and of those below it; returns how many.
fn write(command: &Command, name: &str, folder: &Path, lang: Lang) -> Result<usize, CliError> {
    let named = command.clone().name(name.to_owned()).bin_name(name.replace('-', " "));
    let path = folder.join(format!("{name}.1"));
    std::fs::write(&path, page(&named, lang))
        .map_err(|error| CliError::file(("writing", "写入"), &path, &error))?;
    let mut written = 1;
    let inner = command
        .get_subcommands()
        .filter(|inner| inner.get_name() != "help" && !inner.is_hide_set());
    for inner in inner {
        written += write(inner, &format!("{name}-{}", inner.get_name()), folder, lang)?;
    }
    Ok(written)
}

/// The headings a manual page has, in Chinese.
const HEADINGS: &[(&str, &str)] = &[
    ("NAME", "名称"),
    ("SYNOPSIS", "用法"),
    ("DESCRIPTION", "说明"),
    ("OPTIONS", "选项"),
    ("SUBCOMMANDS", "命令"),
    ("EXTRA", "示例"),
    ("VERSION", "版本"),
];

/// Returns the page of one command, as roff.
fn page(command: &Command, lang: Lang) -> String {
    let mut page = Vec::new();
    // Writing into memory does not fail.
    let _ = clap_mangen::Man::new(command.clone()).render(&mut page);
    let page = String::from_utf8_lossy(&page);
    let line = |line: &str| match (line.strip_prefix(".SH "), lang) {
        (Some("EXTRA"), Lang::En) => ".SH EXAMPLES".to_owned(),
        (Some(heading), Lang::Zh) => {
            let known = HEADINGS.iter().find(|(en, _)| *en == heading);
            format!(".SH {}", known.map_or(heading, |(_, zh)| *zh))
        }
        _ => help::worded(line, lang),
    };
    page.lines().map(|text| line(text) + "\n").collect()
}
