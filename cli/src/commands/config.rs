//! `daybook config`: what every setting is, and who says so.

use clap::Args;
use serde_json::json;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, print_json};
use crate::settings::{Origin, SETTINGS};
use crate::system::heads_outside;

/// Show every setting, its value and where it comes from
#[derive(Debug, Args)]
pub struct Config {}

impl Config {
    /// Prints them.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let lang = global.language();
        let rows = SETTINGS.iter().map(|setting| {
            let (value, origin) = global.settings.value(setting);
            (setting.key, value, origin, setting.variable)
        });
        // Where tree heads are kept must not depend on a file that a restore could bring along.
        let heads = heads_outside().map(|path| path.display().to_string()).unwrap_or_default();
        let origin = match std::env::var_os("DAYBOOK_HEADS") {
            Some(value) if !value.is_empty() => Origin::Environment,
            _ => Origin::Default,
        };
        let rows: Vec<_> = rows.chain([("heads", heads, origin, "DAYBOOK_HEADS")]).collect();
        let file = global.settings.file.as_ref().map(|file| file.display().to_string());
        if global.json {
            let settings = rows.iter().map(|(key, value, origin, variable)| {
                json!({
                    "setting": key, "value": value, "origin": said(*origin, Lang::En),
                    "environment": variable,
                })
            });
            print_json(&json!({ "file": file, "settings": settings.collect::<Vec<_>>() }));
            return Ok(Done::Wholly);
        }
        let mut table = Table::new([
            Column::text(lang.pick("setting", "设置")),
            Column::text(lang.pick("value", "值")),
            Column::text(lang.pick("from", "来源")),
            Column::shrinking(lang.pick("environment", "环境变量")),
        ]);
        for (key, value, origin, variable) in rows {
            let from = said(origin, lang).to_owned();
            table.row([key.to_owned(), value, from, variable.to_owned()]);
        }
        table.print();
        if let Some(file) = file {
            crate::note!("{} {file}", lang.pick("file of settings:", "设置文件："));
        }
        Ok(Done::Wholly)
    }
}

const fn said(origin: Origin, lang: Lang) -> &'static str {
    match origin {
        Origin::Option => lang.pick("option", "选项"),
        Origin::Environment => lang.pick("environment", "环境"),
        Origin::File => lang.pick("file", "文件"),
        Origin::Default => lang.pick("default", "默认"),
    }
}
