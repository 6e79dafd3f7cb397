//! The files of refused rows: the columns of the import, then why each row was refused. Mended, they
//! are imported like the file they come from, with the same mapping.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use daybook_server::import::source::REFUSED_COLUMNS;
use daybook_server::import::{FileHeader, RefusedRow};

use crate::error::CliError;

/// What is taken off a name: the rows are written as plain CSV.
const PACKED: [&str; 5] = [".gz", ".zip", ".xlsx", ".jsonl", ".ndjson"];

/// Where refused rows go.
pub(super) struct Quarantine {
    path: PathBuf,
    /// Whether each file has its own in a folder.
    folder: bool,
    columns: Vec<String>,
    file: Option<(String, PathBuf, BufWriter<File>)>,
    written: HashSet<(String, u64)>,
    begun: HashSet<String>,
}

impl Quarantine {
    /// Names the file, or the folder when there are several files.
    pub(super) fn new(path: &Path, files: usize) -> Quarantine {
        Quarantine {
            path: path.to_owned(),
            folder: files > 1,
            columns: Vec::new(),
            file: None,
            written: HashSet::new(),
            begun: HashSet::new(),
        }
    }

    /// Hears that a file begins. A single file has its quarantine even when no row is refused.
    pub(super) fn header(&mut self, header: &FileHeader) -> Result<(), CliError> {
        self.columns.clone_from(&header.columns);
        // Columns of an earlier quarantine say nothing about this run.
        self.columns.truncate(own_columns(&header.columns));
        if self.folder { Ok(()) } else { self.begin(&header.file) }
    }

    fn begin(&mut self, name: &str) -> Result<(), CliError> {
        if self.file.as_ref().is_some_and(|(open, ..)| open == name) {
            return Ok(());
        }
        self.finish()?;
        let making =
            |path: &Path, error: &std::io::Error| CliError::file(("making", "新建"), path, error);
        let path = if self.folder {
            std::fs::create_dir_all(&self.path).map_err(|error| making(&self.path, &error))?;
            self.path.join(plain_name(name))
        } else {
            self.path.clone()
        };
        // Two steps of a mapping may read one file; its rows go on where they were.
        let fresh = self.begun.insert(name.to_owned());
        let mut options = File::options();
        options.create(true);
        let file = if fresh { options.write(true).truncate(true) } else { options.append(true) };
        let file = file.open(&path).map_err(|error| making(&path, &error))?;
        self.file = Some((name.to_owned(), path, BufWriter::new(file)));
        if !fresh {
            return Ok(());
        }
        let own = self.columns.clone();
        let all: Vec<&str> = own.iter().map(String::as_str).chain(REFUSED_COLUMNS).collect();
        // The mark tells spreadsheets, and the next import, that the text is UTF-8.
        self.write("\u{feff}", &all)
    }

    /// Writes a row. One with another number of fields than the header goes whole into the last
    /// column; one that two steps refuse is written once.
    pub(super) fn row(&mut self, row: &RefusedRow) -> Result<(), CliError> {
        if !self.written.insert((row.file.clone(), row.line)) {
            return Ok(());
        }
        self.begin(&row.file)?;
        let fields = row.fields.get(..self.columns.len()).unwrap_or_default();
        let fits = row.fields.len() == self.columns.len()
            || row.fields.len() == self.columns.len() + REFUSED_COLUMNS.len();
        let line = row.line.to_string();
        let mut all: Vec<String> =
            if fits { fields.to_vec() } else { vec![String::new(); self.columns.len()] };
        all.extend([line, row.column.clone(), row.value.clone(), row.reason.to_string()]);
        all.push(if fits { String::new() } else { row.fields.join(",") });
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        self.write("", &all)
    }

    fn write(&mut self, before: &str, fields: &[&str]) -> Result<(), CliError> {
        let Some((_, path, file)) = &mut self.file else { return Ok(()) };
        let quoted = fields.iter().map(|field| {
            if field.contains(['"', ',', '\n', '\r', ';', '\t']) {
                format!("\"{}\"", field.replace('"', "\"\""))
            } else {
                (*field).to_owned()
            }
        });
        let line = quoted.collect::<Vec<_>>().join(",");
        writeln!(file, "{before}{line}")
            .map_err(|error| CliError::file(("writing", "写入"), path, &error))
    }

    /// Makes sure that what was written is in its file.
    pub(super) fn finish(&mut self) -> Result<(), CliError> {
        let Some((_, path, file)) = &mut self.file else { return Ok(()) };
        file.flush().map_err(|error| CliError::file(("writing", "写入"), path, &error))
    }
}

/// Returns how many columns are there before those of a quarantine.
fn own_columns(columns: &[String]) -> usize {
    let start = columns.len().saturating_sub(REFUSED_COLUMNS.len());
    let added = columns.get(start..).unwrap_or_default();
    if added.iter().map(String::as_str).eq(REFUSED_COLUMNS) { start } else { columns.len() }
}

fn plain_name(name: &str) -> String {
    let mut plain = name;
    while let Some(shorter) = PACKED.iter().find_map(|ending| plain.strip_suffix(ending)) {
        plain = shorter;
    }
    if plain.contains('.') { plain.to_owned() } else { format!("{plain}.csv") }
}
