//! `daybook attachments`: lists a customer's files, and gets one of them.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use daybook_server::api::attachments::AttachmentsQuery;
use daybook_server::client::Client;
use futures_util::StreamExt;

use super::{Done, Global};
use crate::error::{CliError, Exit};
use crate::render::{Column, Lang, Table, grouped, instant, print_json};
use crate::session::Session;
use crate::text::Text;

/// List the files of a customer, or get one of them
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Attachments {
    /// The customer's code
    #[arg(required = true)]
    customer: Option<String>,
    /// Only from this position on
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    Get(Get),
}

/// Get the content of an attachment
#[derive(Debug, Args)]
struct Get {
    /// The position of the event that attaches it
    position: u64,
    /// Where to put it, `-` for standard output; under its own name in this directory when left out
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    output: Option<PathBuf>,
}

impl Attachments {
    /// Lists or gets.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "attachments")?;
        let done = match (&self.what, &self.customer) {
            (Some(What::Get(get)), _) => session.wait(get.get(&session.client, global)),
            (None, Some(customer)) => session.wait(self.list(customer, &session.client, global)),
            (None, None) => Ok(()),
        };
        session.close()?;
        done.map(|()| Done::Wholly)
    }

    async fn list(&self, customer: &str, client: &Client, global: &Global) -> Result<(), CliError> {
        let answer = client.attachments(customer, &AttachmentsQuery { from: self.from }).await?;
        if global.json {
            print_json(&answer);
            return Ok(());
        }
        let lang = global.language();
        if answer.attachments.is_empty() {
            crate::out!("{}", lang.pick("No files are attached.", "没有附件。"));
        } else {
            let columns = [
                Column::number(lang.pick("position", "位置")),
                Column::text(lang.pick("recorded", "记录时间")),
                Column::shrinking(lang.pick("name", "名称")),
                Column::text(lang.pick("type", "类型")),
                Column::number(lang.pick("bytes", "字节")),
                Column::text(""),
            ];
            let mut table = Table::new(columns);
            for file in &answer.attachments {
                let state = match (file.voided_by, file.erased) {
                    (_, true) => lang.pick("erased", "已清除").to_owned(),
                    (Some(by), _) => lang.pick("void by", "作废于").to_owned() + &format!(" {by}"),
                    (None, false) => String::new(),
                };
                let name = file.name.as_ref().map(ToString::to_string).unwrap_or_default();
                table.row([
                    file.position.to_string(),
                    instant(file.recorded_at, &answer.basis.zone),
                    name,
                    file.media_type.to_string(),
                    grouped(file.size_bytes),
                    state,
                ]);
            }
            table.print();
        }
        if let Some(next) = answer.next {
            crate::note!("{} --from {next}", lang.pick("more:", "更多："));
        }
        super::say_basis(&answer.basis, lang);
        Ok(())
    }
}

impl Get {
    async fn get(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        let download = client.attachment(self.position).await?;
        let mut content = download.body.into_data_stream();
        if self.output.as_deref().is_some_and(|output| output.as_os_str() == "-") {
            let mut out = std::io::stdout().lock();
            while let Some(chunk) = content.next().await {
                let chunk = chunk.map_err(|error| broken(&error))?;
                if out.write_all(&chunk).is_err() {
                    // Nobody reads on.
                    return Ok(());
                }
            }
            return Ok(());
        }
        let path = self.output.clone().unwrap_or_else(|| own_name(download.name, self.position));
        let failed = |error: &std::io::Error| CliError::file(("writing", "写入"), &path, error);
        let made =
            if self.output.is_some() { File::create(&path) } else { File::create_new(&path) };
        let mut file = made.map_err(|error| failed(&error))?;
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(|error| broken(&error))?;
            file.write_all(&chunk).map_err(|error| failed(&error))?;
        }
        let (shown, size) = (path.display(), grouped(download.size_bytes));
        match global.language() {
            Lang::En => crate::out!("{shown}: {size} bytes"),
            Lang::Zh => crate::out!("{shown}：{size} 字节"),
        }
        Ok(())
    }
}

/// Returns the file's own name, without anything that would lead elsewhere.
fn own_name(name: Option<String>, position: u64) -> PathBuf {
    let name = name.map(|name| name.replace(['/', '\\'], "_"));
    let fit = name.filter(|name| !name.is_empty() && !name.starts_with('.'));
    fit.unwrap_or_else(|| format!("attachment-{position}")).into()
}

fn broken(error: &dyn std::error::Error) -> CliError {
    CliError {
        exit: Exit::Broken,
        code: "download_broke_off".to_owned(),
        message: Text::new(
            format!("the content broke off: {error}"),
            format!("内容传输中断：{error}"),
        ),
        hint: Text::from((
            "get it again; if it happens again, run `daybook verify`",
            "请重新获取；如再次发生，请运行 `daybook verify`",
        )),
    }
}
