//! `daybook export`: takes events out as a file, and checks such a file.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use daybook_core::event::transfer::ExportFormat;
use daybook_core::id::Note;
use daybook_server::api::exports::ExportQuery;
use daybook_server::client::Export as Download;
use daybook_server::export::check::{Checked, Fault, check};
use daybook_server::export::table::MARK;
use daybook_server::export::{Holds, Sum};
use daybook_server::text::Text as Said;
use futures_util::StreamExt;

use super::{BasisOptions, Done, Global};
use crate::error::{CliError, Exit};
use crate::render::{Column, Lang, Table, grouped, print_json};
use crate::session::Session;
use crate::text::Text;

/// The most bytes the statement at the end of a table has.
const STATEMENT_SIZE_BYTES_MAX: u64 = 1 << 20;

/// Take events out as JSON lines, CSV or an Excel workbook, or check such a file
#[derive(Debug, Args)]
pub struct Export {
    /// Where to put the file, `-` for standard output
    #[arg(long, short, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(required_unless_present = "check")]
    output: Option<PathBuf>,
    /// The form of the file; by its name when left out
    #[arg(long, value_parser = formats())]
    format: Option<String>,
    /// Only this customer's
    #[arg(long, value_name = "CODE")]
    customer: Option<String>,
    /// Only this kind, such as invoice.issued
    #[arg(long, value_parser = super::log::kinds())]
    kind: Option<String>,
    /// Only what happened at or after this date or instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    #[command(flatten)]
    basis: BasisOptions,
    /// From this position on
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// Before this position
    #[arg(long, value_name = "POSITION")]
    before: Option<u64>,
    /// Open personal sections: names, addresses, what was said; the file says so
    #[arg(long)]
    personal: bool,
    /// Carry the content of attached files, too; JSON lines with personal sections open only
    #[arg(long, requires = "personal")]
    files: bool,
    /// What for; kept with the note of the export
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Check that this file is whole and unchanged, without the ledger
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(exclusive = true)]
    check: Option<PathBuf>,
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(ExportFormat::ALL.iter().map(|format| format.as_str()))
}

fn format_named(name: &str) -> Option<ExportFormat> {
    ExportFormat::ALL.iter().copied().find(|format| format.as_str() == name)
}

/// Returns the form a file's name says it has.
fn format_of(path: &Path) -> Option<ExportFormat> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "ndjson" => Some(ExportFormat::Jsonl),
        other => format_named(other),
    }
}

impl Export {
    /// Exports or checks.
    pub(super) fn run(mut self, global: &Global) -> Result<Done, CliError> {
        let lang = global.language();
        if let Some(path) = &self.check {
            let checked = check_file(path)?;
            if global.json {
                print_json(&checked);
            } else {
                say_checked(path, &checked, lang);
            }
            return Ok(if checked.whole { Done::Wholly } else { Done::WithRefusals });
        }
        let output = self.output.take().unwrap_or_else(|| "-".into());
        let format = match self.format.as_deref().and_then(format_named) {
            Some(format) => format,
            None if output.as_os_str() == "-" => ExportFormat::Jsonl,
            None => format_of(&output).ok_or_else(|| unclear(&output))?,
        };
        let query = self.query(format)?;
        let session = Session::open(global, "export")?;
        let taken = session.wait(async {
            let download = session.client.export(&query).await?;
            if output.as_os_str() == "-" {
                return print(download).await.map(|()| None);
            }
            save(download, &output, format).await.map(Some)
        });
        session.close()?;
        if let Some(checked) = taken? {
            if global.json {
                print_json(&checked);
            } else {
                say_taken(&output, format, &checked, lang);
            }
        }
        Ok(Done::Wholly)
    }

    fn query(self, format: ExportFormat) -> Result<ExportQuery, CliError> {
        let reason = self.reason.as_deref().map(Note::new).transpose().map_err(|error| {
            CliError::usage(Said::from(&error), ("shorten the reason", "请缩短原因"))
        })?;
        Ok(ExportQuery {
            format: Some(format),
            from: self.from,
            before: self.before,
            customer: self.customer,
            kind: self.kind,
            since: self.since,
            as_of: self.basis.as_of,
            known_at: self.basis.known_at,
            personal: self.personal,
            files: self.files,
            reason,
        })
    }
}

fn unclear(path: &Path) -> CliError {
    let path = path.display();
    CliError::usage(
        Text::new(
            format!("the name {path} does not say which form the file is to have"),
            format!("文件名 {path} 没有说明文件的形式"),
        ),
        (
            "end it with .jsonl, .csv or .xlsx, or add --format",
            "请以 .jsonl、.csv 或 .xlsx 结尾，或加上 --format",
        ),
    )
}

async fn print(download: Download) -> Result<(), CliError> {
    let mut content = download.body.into_data_stream();
    let mut out = std::io::stdout().lock();
    while let Some(chunk) = content.next().await {
        let chunk = chunk.map_err(|error| broke_off(&error))?;
        if out.write_all(&chunk).is_err() {
            // Nobody reads on.
            return Ok(());
        }
    }
    Ok(())
}

/// Saves the file beside its place first: what stands in its place is whole.
async fn save(download: Download, path: &Path, format: ExportFormat) -> Result<Checked, CliError> {
    let part = beside(path, ".part");
    let failed = |error: &std::io::Error| CliError::file(("writing", "写入"), &part, error);
    let saved = async {
        let mut file = File::create(&part).map_err(|error| failed(&error))?;
        let mut content = download.body.into_data_stream();
        while let Some(chunk) = content.next().await {
            let chunk = chunk.map_err(|error| broke_off(&error))?;
            file.write_all(&chunk).map_err(|error| failed(&error))?;
        }
        if format == ExportFormat::Csv {
            put_beside(&part, path).map_err(|error| failed(&error))?;
        }
        file.sync_all().map_err(|error| failed(&error))?;
        let statement = statement_beside(path, format)?;
        let checked = read_and_check(&part, format, statement.as_deref())?;
        if !checked.whole {
            let fault = checked.faults.first().map(ToString::to_string).unwrap_or_default();
            return Err(broke_off(&std::io::Error::other(fault)));
        }
        std::fs::rename(&part, path).map_err(|error| failed(&error))?;
        Ok(checked)
    };
    let saved = saved.await;
    if saved.is_err() {
        // What is left of it must not be taken for the file.
        let _ = std::fs::remove_file(&part);
    }
    saved
}

/// Returns the name of a file that belongs to another.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Moves the statement at the end of a table into a file of its own, so that programs which know no
/// such line read nothing but the table.
fn put_beside(part: &Path, path: &Path) -> std::io::Result<()> {
    let mut file = File::options().read(true).write(true).open(part)?;
    let size = file.metadata()?.len();
    let from = size.saturating_sub(STATEMENT_SIZE_BYTES_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    // A cell that begins with this sign is quoted, so that nobody takes the line for a comment.
    let mark = format!("\n\"{MARK}\",");
    let at = tail.windows(mark.len()).rposition(|window| window == mark.as_bytes());
    let missing = || std::io::Error::other("the table has no statement");
    let at = at.ok_or_else(missing)?;
    let record = tail.get(at + 1..).unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(record);
    let record = reader.records().next().ok_or_else(missing)?.map_err(std::io::Error::other)?;
    let mut statement = record.get(1).unwrap_or_default().to_owned();
    statement.push('\n');
    std::fs::write(beside(path, ".export.json"), statement)?;
    file.set_len(from + at as u64 + 1)
}

fn statement_beside(path: &Path, format: ExportFormat) -> Result<Option<Vec<u8>>, CliError> {
    if format != ExportFormat::Csv {
        return Ok(None);
    }
    let path = beside(path, ".export.json");
    match std::fs::read(&path) {
        Ok(statement) => Ok(Some(statement)),
        // It may stand at the table's end instead.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::file(("reading", "读取"), &path, &error)),
    }
}

pub(super) fn check_file(path: &Path) -> Result<Checked, CliError> {
    let format = format_of(path).ok_or_else(|| unclear(path))?;
    let statement = statement_beside(path, format)?;
    read_and_check(path, format, statement.as_deref())
}

fn read_and_check(
    path: &Path,
    format: ExportFormat,
    statement: Option<&[u8]>,
) -> Result<Checked, CliError> {
    let failed = |error: std::io::Error| CliError::file(("reading", "读取"), path, &error);
    let file = File::open(path).map_err(failed)?;
    check(BufReader::with_capacity(1 << 18, file), format, statement).map_err(failed)
}

fn say_taken(path: &Path, format: ExportFormat, checked: &Checked, lang: Lang) {
    let path = path.display();
    let rows = grouped(checked.found.rows);
    match lang {
        Lang::En => crate::out!("{path}: {rows} events, checked after writing"),
        Lang::Zh => crate::out!("{path}：{rows} 个事件，写入后已校验"),
    }
    if format == ExportFormat::Csv {
        match lang {
            Lang::En => crate::out!("{path}.export.json: what it holds, for a later check"),
            Lang::Zh => crate::out!("{path}.export.json：其内容说明，供日后校验"),
        }
    }
    say_holds(checked, lang);
    let left_out = checked.found.files_left_out;
    if left_out > 0 && format == ExportFormat::Jsonl {
        let files = checked.export.as_ref().is_some_and(|export| export.files);
        match (files, lang) {
            (false, Lang::En) => crate::note!("--files carries the attached files, too"),
            (false, Lang::Zh) => crate::note!("加上 --files 可一并导出附件"),
            (true, Lang::En) => crate::note!(
                "some attached files are erased or cannot be read: `daybook verify` names the latter"
            ),
            (true, Lang::Zh) => {
                crate::note!("有附件已被抹除或无法读取：后者可由 `daybook verify` 指出");
            }
        }
    }
}

pub(super) fn say_checked(path: &Path, checked: &Checked, lang: Lang) {
    let path = path.display();
    match (checked.whole, lang) {
        (true, Lang::En) => crate::out!("{path} is whole and unchanged."),
        (true, Lang::Zh) => crate::out!("{path} 完整且未被改动。"),
        (false, Lang::En) => crate::out!("{path} is not what left the ledger:"),
        (false, Lang::Zh) => crate::out!("{path} 与账簿所导出的不符："),
    }
    for fault in &checked.faults {
        crate::out!("  {}", lang.pick(&fault.to_string(), &fault_zh(fault)));
    }
    say_holds(checked, lang);
}

fn say_holds(checked: &Checked, lang: Lang) {
    let Holds { rows, voided, sums, digest, .. } = &checked.found;
    let Holds { files, files_size_bytes, files_left_out, .. } = &checked.found;
    let mut table =
        Table::new([Column::text(""), Column::text(lang.pick("in the file", "文件中"))]);
    let mut say = |en: &str, zh: &str, value: String| {
        table.row([lang.pick(en, zh).to_owned(), value]);
    };
    if let Some(origin) = &checked.export {
        say("book", "账簿", format!("{} ({})", origin.name, origin.book));
        let (from, before) = (origin.query.from, origin.query.before);
        say("positions", "位置", format!("{from} .. {before}"));
        let what = [&origin.query.customer, &origin.query.kind];
        let what: Vec<&str> = what.into_iter().flatten().map(String::as_str).collect();
        if !what.is_empty() {
            say("only", "仅限", what.join(", "));
        }
        let sealed = lang.pick("sealed", "未开封");
        let open = lang.pick("open", "已开封");
        let personal = if origin.personal { open } else { sealed };
        say("personal sections", "个人内容", personal.to_owned());
        say("noted at position", "记录于位置", origin.noted_at.to_string());
    }
    say("events", "事件", grouped(*rows));
    if *voided > 0 {
        say("of them void", "其中已作废", grouped(*voided));
    }
    if *files > 0 {
        let (files, bytes) = (grouped(*files), grouped(*files_size_bytes));
        let carried = match lang {
            Lang::En => format!("{files} ({bytes} bytes)"),
            Lang::Zh => format!("{files}（{bytes} 字节）"),
        };
        say("attached files", "附件", carried);
    }
    if *files_left_out > 0 {
        say("attached files not in it", "不在其中的附件", grouped(*files_left_out));
    }
    for Sum { currency, amount } in sums {
        say("sum of amounts", "金额合计", format!("{amount} {currency}"));
    }
    say("SHA-256", "SHA-256", digest.clone());
    table.print();
}

fn fault_zh(fault: &Fault) -> String {
    match fault {
        Fault::StatementMissing => "文件没有内容说明：被截断，或不是导出文件".to_owned(),
        Fault::StatementUnreadable { why } => format!("内容说明无法读取：{why}"),
        Fault::VersionUnknown { version } => format!("文件格式为 {version}，本版本尚不能读取"),
        Fault::RowUnreadable { line, why } => format!("第 {line} 行不是导出的行：{why}"),
        Fault::OutOfOrder { line, position, after } => {
            format!("第 {line} 行：位置 {position} 出现在位置 {after} 之后")
        }
        Fault::RowsDiffer { found, said } => format!("文件有 {found} 行，而说明为 {said} 行"),
        Fault::SumsDiffer => "各行金额合计与说明不符".to_owned(),
        Fault::RowsOther => "按种类的行数或首尾位置与说明不符".to_owned(),
        Fault::DigestDiffers { found, said } => {
            format!("摘要为 {found}，而说明为 {said}；其中有内容被改动")
        }
    }
}

fn broke_off(error: &dyn std::error::Error) -> CliError {
    CliError {
        exit: Exit::Broken,
        code: "export_broke_off".to_owned(),
        message: Text::new(format!("the export broke off: {error}"), format!("导出中断：{error}")),
        hint: Text::from((
            "run it again; the ledger notes that it was begun",
            "请重新运行；账簿已记下它曾开始",
        )),
    }
}
