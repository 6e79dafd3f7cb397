//! The files of an import: received, found by name, read, and attached.

use daybook_core::attachment::Scratch;
use daybook_core::decide::command::AttachFile;
use daybook_core::event::attachment::MediaType;
use daybook_core::event::{BookStream, StreamId, Subject};
use daybook_core::id::{ImportId, Line};
use daybook_core::ledger::{AttachError, Ledger, Upload};

use super::mapping::{FileMapping, Mapping, TableMapping};
use super::source::Seekable;
use super::{ImportError, pattern};

/// A file as it was received.
#[derive(Clone)]
pub struct InputFile {
    /// Its name.
    pub name: Line,
    /// Its content.
    pub content: Scratch,
}

impl InputFile {
    /// Starts reading it at its beginning.
    pub fn open(&self) -> Box<dyn Seekable> {
        Box::new(self.content.reader())
    }
}

/// A file with the mapping of its rows.
pub struct Step<'a> {
    /// Which of the files.
    pub file: usize,
    /// What becomes of its rows.
    pub mapping: &'a FileMapping,
}

/// Which file is which.
pub struct Plan<'a> {
    /// The tables with their files.
    pub tables: Vec<(&'a TableMapping, usize)>,
    /// What is imported, in order.
    pub steps: Vec<Step<'a>>,
}

impl<'a> Plan<'a> {
    /// Finds the file of every table and the files of every step.
    ///
    /// # Errors
    /// [`ImportError`] when one is missing, or one is given that the mapping does not know.
    pub fn of(mapping: &'a Mapping, files: &[InputFile]) -> Result<Plan<'a>, ImportError> {
        let fitting = |wanted: &str| {
            let fits = move |(index, file): (usize, &InputFile)| {
                pattern::fits(wanted, file.name.as_str()).then_some(index)
            };
            files.iter().enumerate().filter_map(fits).collect::<Vec<usize>>()
        };
        let missing = |pattern: &str| ImportError::FileMissing { pattern: pattern.to_owned() };
        let (mut tables, mut steps) = (Vec::new(), Vec::new());
        for table in &mapping.tables {
            let found = fitting(&table.pattern);
            tables.push((table, *found.first().ok_or_else(|| missing(&table.pattern))?));
        }
        for file in &mapping.files {
            let found = fitting(&file.pattern);
            if found.is_empty() && !file.optional {
                return Err(missing(&file.pattern));
            }
            steps.extend(found.into_iter().map(|index| Step { file: index, mapping: file }));
        }
        let used = |index: usize| {
            tables.iter().any(|(_, file)| *file == index)
                || steps.iter().any(|step| step.file == index)
        };
        if let Some((_, unknown)) = files.iter().enumerate().find(|(index, _)| !used(*index)) {
            let tables = mapping.tables.iter().map(|table| table.pattern.clone());
            let files = mapping.files.iter().map(|file| file.pattern.clone());
            let mut patterns: Vec<String> = tables.chain(files).collect();
            patterns.sort();
            patterns.dedup();
            return Err(ImportError::FileUnknown { file: unknown.name.to_string(), patterns });
        }
        Ok(Plan { tables, steps })
    }
}

/// Keeps a file, sealed under the key of its import, and returns the command that attaches it.
///
/// # Errors
/// [`AttachError`].
pub fn keep(
    ledger: &Ledger,
    import: &ImportId,
    file: &InputFile,
) -> Result<AttachFile, AttachError> {
    let subject = Subject::Import(import.clone());
    let mut refused = None;
    // A name may promise what the content is not; then it is kept as bytes.
    for kind in [kind_of(file.name.as_str()), "application/octet-stream"] {
        let Ok(media_type) = MediaType::new(kind) else { continue };
        let stream = StreamId::Book(BookStream::Imports);
        let upload = Upload::new(stream, subject.clone(), media_type.clone());
        match ledger.upload(&upload, &mut file.content.reader()) {
            Ok(uploaded) => {
                return Ok(AttachFile {
                    attachment: uploaded.stored.attachment,
                    event: None,
                    subject,
                    media_type,
                    name: Some(file.name.clone()),
                    note: None,
                });
            }
            Err(AttachError::Refused(rejection)) => refused = Some(rejection),
            Err(error) => return Err(error),
        }
    }
    Err(refused.map_or(AttachError::Ledger(daybook_core::ledger::SubmitError::Closed), Into::into))
}

fn kind_of(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    match name.rsplit('.').next().unwrap_or_default() {
        "gz" => "application/gzip",
        "zip" => "application/zip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "json" | "jsonl" | "ndjson" => "application/json",
        "txt" | "tsv" => "text/plain",
        _ => "text/csv",
    }
}
