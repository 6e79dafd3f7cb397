//! `daybook import`: takes a CSV file in.

use std::fs::File;
use std::io::{BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use clap::Args;
use daybook_server::client::Upload;
use daybook_server::import::{Figures, Notice, RefusedRow, Report};
use futures_util::stream;

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Column, Lang, Table, amounts, grouped, print_json};
use crate::session::Session;
use crate::text::Text;

/// The most refused rows that are listed; all of them go to the file named with --refused.
const LISTED_MAX: usize = 20;
/// Bytes of the file read at a time.
const CHUNK_SIZE_BYTES: usize = 256 << 10;

/// The mappings that come with the command.
const SHIPPED: [(&str, &str); 4] = [
    ("contacts", include_str!("../../mappings/contacts.toml")),
    ("calls", include_str!("../../mappings/calls.toml")),
    ("ibm-ar", include_str!("../../mappings/ibm-ar.toml")),
    ("maven-crm", include_str!("../../mappings/maven-crm.toml")),
];

/// Take in a CSV file as a mapping says; a second run adds nothing
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    /// The file, CSV in UTF-8; its first row names the columns
    #[arg(required_unless_present = "show", value_hint = clap::ValueHint::FilePath)]
    file: Option<PathBuf>,
    /// How rows become events: a TOML file, or one of contacts, calls, ibm-ar, maven-crm
    #[arg(long, value_name = "MAPPING", required_unless_present = "show")]
    mapping: Option<PathBuf>,
    /// Say what would be taken and refused, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the refused rows, each with its reason, into this CSV file
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Print a mapping that comes along, to start your own from
    #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "mapping"])]
    show: Option<String>,
    #[command(subcommand)]
    what: Option<super::import_batches::What>,
}

impl Import {
    /// Imports and says what became of the rows.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        if let Some(what) = self.what {
            return what.run(global);
        }
        if let Some(name) = &self.show {
            crate::render::write_out(shipped(name)?);
            return Ok(Done::Wholly);
        }
        let (Some(file), Some(mapping)) = (&self.file, &self.mapping) else {
            return Err(CliError::usage(
                ("no file is named", "没有指明文件"),
                ("see `daybook help import`", "详见 `daybook help import`"),
            ));
        };
        let mapping = mapping_text(mapping)?;
        let open =
            || File::open(file).map_err(|error| CliError::file(("opening", "打开"), file, &error));
        let input = open()?;
        let size = input.metadata().map_or(0, |metadata| metadata.len());
        if input.metadata().is_ok_and(|metadata| metadata.is_dir()) {
            let file = file.display();
            let message = Text::new(
                format!("{file} is a directory, not a file"),
                format!("{file} 是目录，不是文件"),
            );
            return Err(CliError::usage(
                message,
                ("name the CSV file in it", "请指明其中的 CSV 文件"),
            ));
        }
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| "unnamed.csv".to_owned());
        let session = Session::open(global, "import")?;
        let (mut input, mut before) = (Some(input), Figures::default());
        let (mut listener, done) = loop {
            let mut listener =
                Listener::new(self.refused.as_deref(), size, before, global.language())?;
            let read = Arc::clone(&listener.read);
            let bytes = chunks(input.take().map_or_else(open, Ok)?, read);
            let (mapping, file_name, dry_run) = (mapping.clone(), name.clone(), self.dry_run);
            let upload = Upload { mapping, file_name, dry_run, bytes };
            let heard = &mut |notice| listener.hear(notice);
            let done = session.wait(session.client.import(upload, heard));
            match done {
                // Whoever held the ledger is gone. Rows that were taken are recognised, so the
                // file is read again from its beginning.
                Err(error) if size > 0 && error.is_server_gone() => {
                    listener.clear_line();
                    before = listener.figures;
                    session.wait(session.client.reconnect())?;
                }
                done => break (listener, done),
            }
        };
        session.close()?;
        listener.clear_line();
        listener.finish()?;
        if let Err(error) = done {
            listener.list(global.language());
            return Err(error.into());
        }
        listener.tell(global, self.refused.as_deref())
    }
}

fn shipped(name: &str) -> Result<&'static str, CliError> {
    let found = SHIPPED.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| {
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let hint = match crate::suggest::nearest(name, &names) {
            Some(near) => crate::help::usage::did_you_mean(near),
            None => Text::new(
                format!("use one of {}, or a file of your own", names.join(", ")),
                format!("请用 {} 之一，或您自己的文件", names.join("、")),
            ),
        };
        let message = Text::new(
            format!("no mapping called {name:?} comes along"),
            format!("没有名为 {name:?} 的自带映射"),
        );
        CliError::usage(message, hint)
    })
}

fn mapping_text(path: &Path) -> Result<String, CliError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) => match path.to_str() {
            Some(name)
                if error.kind() == std::io::ErrorKind::NotFound && !name.contains(['/', '.']) =>
            {
                shipped(name).map(str::to_owned)
            }
            _ => Err(CliError::file(("reading the mapping", "读取映射"), path, &error)),
        },
    }
}

/// Reads a file in chunks, counting what has been handed on.
pub(super) fn chunks(
    input: File,
    read: Arc<AtomicU64>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some(input), move |input| {
        let read = Arc::clone(&read);
        async move {
            let mut input = input?;
            let mut buffer = vec![0; CHUNK_SIZE_BYTES];
            match input.read(&mut buffer) {
                Ok(0) => None,
                Ok(size) => {
                    buffer.truncate(size);
                    read.fetch_add(size as u64, Ordering::Relaxed);
                    Some((Ok(Bytes::from(buffer)), Some(input)))
                }
                Err(error) => Some((Err(error), None)),
            }
        }
    })
}

/// Hears what the import tells, and keeps what is shown at the end.
struct Listener {
    lang: Lang,
    read: Arc<AtomicU64>,
    size: u64,
    terminal: bool,
    quarantine: Option<Quarantine>,
    listed: Vec<RefusedRow>,
    refused: u64,
    /// What this run took before the ledger changed hands.
    before: Figures,
    figures: Figures,
    report: Option<Report>,
    failed: Option<CliError>,
}

impl Listener {
    fn new(
        refused: Option<&Path>,
        size: u64,
        before: Figures,
        lang: Lang,
    ) -> Result<Listener, CliError> {
        Ok(Listener {
            lang,
            read: Arc::default(),
            size,
            terminal: std::io::stderr().is_terminal(),
            quarantine: refused.map(Quarantine::create).transpose()?,
            listed: Vec::new(),
            refused: 0,
            figures: before.clone(),
            before,
            report: None,
            failed: None,
        })
    }

    fn hear(&mut self, mut notice: Notice) {
        if let Notice::Progress(figures) | Notice::Done(Report { figures, .. }) = &mut notice {
            // Rows that this run took earlier are known by now, and were taken by it all the same.
            let own = self.before.taken.min(figures.known);
            figures.known -= own;
            figures.taken += own;
            figures.events += self.before.events;
            self.figures = figures.clone();
        }
        match notice {
            Notice::Header(columns) => self.keep(|quarantine| quarantine.header(&columns)),
            Notice::Refused(row) => {
                self.refused += 1;
                self.keep(|quarantine| quarantine.row(&row));
                if self.listed.len() < LISTED_MAX {
                    self.listed.push(row);
                }
            }
            Notice::Progress(figures) if self.terminal => {
                let part = self.read.load(Ordering::Relaxed) * 100 / self.size.max(1);
                let filled = usize::try_from(part.min(100) / 4).unwrap_or_default();
                let bar = format!("{}{}", "█".repeat(filled), "░".repeat(25 - filled));
                let (rows, events) = (grouped(figures.rows), grouped(figures.events));
                match self.lang {
                    Lang::En => eprint!("\r{bar} {part:>3}%  {rows} rows, {events} events"),
                    Lang::Zh => eprint!("\r{bar} {part:>3}%  {rows} 行，{events} 个事件"),
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

    fn clear_line(&self) {
        if self.terminal {
            eprint!("\r\u{1b}[K");
        }
    }

    /// Makes sure the refused rows are in their file.
    fn finish(&mut self) -> Result<(), CliError> {
        self.keep(Quarantine::finish);
        self.failed.take().map_or(Ok(()), Err)
    }

    fn list(&self, lang: Lang) {
        for row in &self.listed {
            let hint = row.hint.as_deref().map(|hint| format!("; {hint}")).unwrap_or_default();
            let (line, column, value, reason) = (row.line, &row.column, &row.value, &row.reason);
            match lang {
                Lang::En => crate::note!("line {line}, column {column}, {value:?}: {reason}{hint}"),
                Lang::Zh => crate::note!("第 {line} 行，列 {column}，{value:?}：{reason}{hint}"),
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

    fn tell(self, global: &Global, refused: Option<&Path>) -> Result<Done, CliError> {
        let Some(report) = &self.report else {
            return Err(CliError::usage(
                ("the import ended without a report", "导入结束而没有报告"),
                ("run it again", "请再运行一次"),
            ));
        };
        self.list(global.language());
        if let (Some(path), true) = (refused, self.refused > 0) {
            let path = path.display();
            match self.lang {
                Lang::En => crate::note!(
                    "the refused rows are in {path}; correct them and import that file"
                ),
                Lang::Zh => crate::note!("被拒绝的行在 {path} 中；改正后导入该文件即可"),
            }
        }
        if global.json {
            print_json(report)
        } else {
            print(report, global)
        }
        Ok(if self.refused == 0 { Done::Wholly } else { Done::WithRefusals })
    }
}

fn print(report: &Report, global: &Global) {
    let lang = global.language();
    let figures = &report.figures;
    let mut table = Table::new([
        Column::text(lang.pick("rows", "行")),
        Column::number(lang.pick("count", "数量")),
    ]);
    let lines = [
        ("taken now", "本次导入", figures.taken),
        ("known from an earlier run", "此前已导入", figures.known),
        ("refused", "拒绝", figures.refused),
        ("left out by the mapping", "按映射略过", figures.skipped),
        ("in all", "合计", figures.rows),
    ];
    for (en, zh, count) in lines {
        table.row([lang.pick(en, zh).to_owned(), grouped(count)]);
    }
    table.print();
    crate::out!();
    let (events, all) = (grouped(figures.events), report.position);
    match (lang, report.dry_run) {
        (Lang::En, true) => {
            crate::out!("Dry run: {events} events would be added; nothing was kept.");
        }
        (Lang::En, false) => crate::out!("{events} events added; the ledger has {all} events."),
        (Lang::Zh, true) => crate::out!("试运行：会增加 {events} 个事件；未保留任何内容。"),
        (Lang::Zh, false) => crate::out!("增加了 {events} 个事件；账簿现有 {all} 个事件。"),
    }
    if !report.sums.is_empty() {
        crate::out!("{} {}", lang.pick("Amounts taken:", "导入金额："), amounts(&report.sums));
    }
    let Some(position) = report.applied_at.filter(|_| !report.dry_run) else { return };
    match (lang, figures.events) {
        (Lang::En, 0) => crate::out!(
            "This import is recorded at position {position} already; nothing was added."
        ),
        (Lang::En, _) => crate::out!("The import is recorded at position {position}."),
        (Lang::Zh, 0) => crate::out!("此导入先前已记录于位置 {position}；未增加任何内容。"),
        (Lang::Zh, _) => crate::out!("导入已记录于位置 {position}。"),
    }
}

/// The file of refused rows: the columns of the import, then why each row was refused.
struct Quarantine {
    path: PathBuf,
    file: BufWriter<File>,
    columns: usize,
}

impl Quarantine {
    fn create(path: &Path) -> Result<Quarantine, CliError> {
        let file =
            File::create(path).map_err(|error| CliError::file(("making", "新建"), path, &error))?;
        Ok(Quarantine { path: path.to_owned(), file: BufWriter::new(file), columns: 0 })
    }

    fn header(&mut self, columns: &[String]) -> Result<(), CliError> {
        self.columns = columns.len();
        let added =
            ["refused_line", "refused_column", "refused_value", "refused_reason", "refused_text"];
        let all = columns.iter().map(String::as_str).chain(added);
        self.write(all)
    }

    /// A row with another number of fields than the header goes whole into the last column.
    fn row(&mut self, row: &RefusedRow) -> Result<(), CliError> {
        let fits = row.fields.len() == self.columns;
        let line = row.line.to_string();
        let mut fields = if fits { row.fields.clone() } else { vec![String::new(); self.columns] };
        fields.extend([line, row.column.clone(), row.value.clone(), row.reason.clone()]);
        fields.push(if fits { String::new() } else { row.fields.join(",") });
        self.write(fields.iter().map(String::as_str))
    }

    fn write<'a>(&mut self, fields: impl Iterator<Item = &'a str>) -> Result<(), CliError> {
        let quoted = fields.map(|field| {
            if field.contains(['"', ',', '\n', '\r', ';', '\t']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                field.to_owned()
            }
        });
        let line = quoted.collect::<Vec<_>>().join(",");
        let path = &self.path;
        writeln!(self.file, "{line}")
            .map_err(|error| CliError::file(("writing", "写入"), path, &error))
    }

    fn finish(&mut self) -> Result<(), CliError> {
        let path = &self.path;
        self.file.flush().map_err(|error| CliError::file(("writing", "写入"), path, &error))
    }
}
