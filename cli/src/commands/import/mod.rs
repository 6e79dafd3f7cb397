//! `daybook import`: takes files in.

mod listener;
mod quarantine;
mod report;
mod shipped;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use clap::Args;
use daybook_server::client::{Bytestream, Upload};
use daybook_server::import::Figures;
use futures_util::stream;

use super::{Done, Global};
use crate::error::CliError;
use crate::session::Session;
use crate::text::Text;
use listener::Listener;

/// Bytes of a file read at a time.
const CHUNK_SIZE_BYTES: usize = 256 << 10;

/// Take in files as a mapping says; a second run adds nothing
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Import {
    /// The files: CSV, JSON lines or XLSX, plain, gzip or zip; the first row names the columns
    #[arg(required_unless_present = "show", value_hint = clap::ValueHint::FilePath)]
    files: Vec<PathBuf>,
    /// How rows become events: a TOML file, or one that comes along (--show lists them)
    #[arg(long, value_name = "MAPPING", required_unless_present_any = ["show", "guess"])]
    mapping: Option<PathBuf>,
    /// Say what would be taken and refused, and keep nothing
    #[arg(long)]
    dry_run: bool,
    /// Write the refused rows, each with its reason, into this CSV file, or into this folder when
    /// there are several files
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Look at the file and write a first mapping for it, with comments, to standard output
    #[arg(long, conflicts_with_all = ["mapping", "dry_run", "refused", "show"])]
    guess: bool,
    /// Print a mapping that comes along, to start your own from; without a name, list them
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    #[arg(conflicts_with_all = ["files", "mapping"])]
    show: Option<String>,
    #[command(subcommand)]
    what: Option<super::import_batches::What>,
}

impl Import {
    /// Imports and says what became of the rows.
    pub(super) fn run(mut self, global: &Global) -> Result<Done, CliError> {
        if let Some(what) = self.what.take() {
            return what.run(global);
        }
        if let Some(name) = &self.show {
            crate::render::write_out(&shipped::show(name, global.language())?);
            return Ok(Done::Wholly);
        }
        if self.guess {
            return self.guess(global);
        }
        let Some(mapping) = &self.mapping else {
            return Err(CliError::usage(
                ("no mapping is named", "没有指明映射"),
                ("see `daybook help import`", "详见 `daybook help import`"),
            ));
        };
        let mapping = shipped::text(mapping)?;
        let size = self.files.iter().map(|file| size_of(file)).sum::<Result<u64, CliError>>()?;
        let session = Session::open(global, "import")?;
        let mut before = Figures::default();
        let (mut listener, done) = loop {
            let refused = self.refused.as_deref();
            let mut listener =
                Listener::new(refused, self.files.len(), size, before, global.language());
            let upload = Upload {
                mapping: mapping.clone(),
                dry_run: self.dry_run,
                files: self.uploads(&listener.read)?,
            };
            let heard = &mut |notice| listener.hear(notice);
            let done = session.wait(session.client.import(upload, heard));
            match done {
                // Whoever held the ledger is gone. Rows that were taken are recognised, so the
                // files are read again from their beginning.
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

    fn guess(&self, global: &Global) -> Result<Done, CliError> {
        let [file] = self.files.as_slice() else {
            return Err(CliError::usage(
                ("--guess looks at one file", "--guess 一次只看一个文件"),
                ("run it once for each file", "请对每个文件分别运行"),
            ));
        };
        size_of(file)?;
        let mut files = self.uploads(&Arc::default())?;
        let Some((name, bytes)) = files.pop() else { return Ok(Done::Wholly) };
        let session = Session::open(global, "import")?;
        let answer = session.wait(session.client.guess(name, bytes));
        session.close()?;
        let answer = answer?;
        if global.json {
            crate::render::print_json(&answer);
        } else {
            crate::render::write_out(&answer.mapping);
        }
        Ok(Done::Wholly)
    }

    fn uploads(&self, read: &Arc<AtomicU64>) -> Result<Vec<(String, Bytestream)>, CliError> {
        let opened = self.files.iter().map(|path| {
            let input = File::open(path)
                .map_err(|error| CliError::file(("opening", "打开"), path, &error))?;
            Ok((name_of(path), chunks(input, Arc::clone(read))))
        });
        opened.collect()
    }
}

fn name_of(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "unnamed.csv".to_owned())
}

fn size_of(path: &Path) -> Result<u64, CliError> {
    let about =
        path.metadata().map_err(|error| CliError::file(("opening", "打开"), path, &error))?;
    if about.is_dir() {
        let path = path.display();
        let message = Text::new(
            format!("{path} is a directory, not a file"),
            format!("{path} 是目录，不是文件"),
        );
        let hint = Text::new(
            format!("name the files in it: {path}/*"),
            format!("请指明其中的文件：{path}/*"),
        );
        return Err(CliError::usage(message, hint));
    }
    Ok(about.len())
}

/// Reads a file in chunks, counting what has been handed on.
pub(super) fn chunks(input: File, read: Arc<AtomicU64>) -> Bytestream {
    Box::pin(stream::unfold(Some(input), move |input| {
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
    }))
}
