//! `daybook attach`: attaches a file to an event.

use std::fs::File;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::Args;
use daybook_server::client::Client;
use futures_util::stream;
use serde_json::{Value, json};

use super::{Done, Global};
use crate::error::CliError;
use crate::render::{Lang, print_json};
use crate::session::Session;
use crate::text::Text;

/// Bytes of a file read at a time.
const CHUNK_SIZE_BYTES: usize = 256 << 10;
/// From this size on a terminal shows how far an upload is.
const PROGRESS_SIZE_BYTES_MIN: u64 = 8 << 20;
/// The most bytes of a file's name that are kept.
const NAME_SIZE_BYTES_MAX: usize = 240;

/// What files of these endings are.
const TYPES: &[(&str, &str)] = &[
    ("7z", "application/x-7z-compressed"),
    ("aac", "audio/aac"),
    ("amr", "audio/amr"),
    ("bmp", "image/bmp"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("eml", "message/rfc822"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("heic", "image/heif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("ics", "text/calendar"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ofd", "application/ofd"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ("rar", "application/vnd.rar"),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("wav", "audio/x-wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
];

/// Attach a file to an event
#[derive(Debug, Args)]
pub struct Attach {
    /// The customer's code
    customer: String,
    /// The event it belongs to: its position or id
    event: String,
    /// The file
    #[arg(value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Its media type, such as application/pdf; that of its ending when left out
    #[arg(long = "type", value_name = "TYPE")]
    media_type: Option<String>,
    /// The name it is kept under; the file's own when left out
    #[arg(long)]
    name: Option<String>,
    /// A note about it
    #[arg(long)]
    note: Option<String>,
}

impl Attach {
    /// Attaches the file and says where it is.
    pub(super) fn run(self, global: &Global) -> Result<Done, CliError> {
        let session = Session::open(global, "attach")?;
        let attached = session.wait(self.attach(&session.client, global));
        session.close()?;
        attached.map(|()| Done::Wholly)
    }

    async fn attach(&self, client: &Client, global: &Global) -> Result<(), CliError> {
        let lang = global.language();
        let event = client.event(&self.event).await?.event;
        let media_type = self.media_type.as_deref();
        let mut request = upload(client, &self.customer, &self.file, media_type, lang).await?;
        if let Some(fields) = request.as_object_mut() {
            fields.insert("event".to_owned(), json!(event.event_id));
            for (name, value) in [("name", &self.name), ("note", &self.note)] {
                if let Some(value) = value {
                    fields.insert(name.to_owned(), value.clone().into());
                }
            }
        }
        let answer = client.commands(vec![vec![request]], false).await?;
        if global.json {
            print_json(&answer);
            return Ok(());
        }
        super::record::tell_all(client, &answer, lang, global).await
    }
}

/// Takes a customer's file in and returns the request that attaches it to the event before it.
pub(super) async fn upload(
    client: &Client,
    customer: &str,
    path: &Path,
    media_type: Option<&str>,
    lang: Lang,
) -> Result<Value, CliError> {
    let failed = |error: &std::io::Error| CliError::file(("opening", "打开"), path, error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let metadata = file.metadata().map_err(|error| failed(&error))?;
    if metadata.is_dir() {
        let shown = path.display();
        let message = Text::new(
            format!("{shown} is a directory, not a file"),
            format!("{shown} 是目录，不是文件"),
        );
        return Err(CliError::usage(message, ("name a file in it", "请指明其中的文件")));
    }
    let media_type = media_type.unwrap_or_else(|| type_of(path));
    let progress = Progress::new(metadata.len(), lang);
    let taken = client.upload_attachment(customer, media_type, chunks(file, progress)).await?;
    let name = path.file_name().map(|name| short(&name.to_string_lossy()));
    Ok(json!({
        "customer": customer, "command": "attach_file", "attachment": taken.attachment,
        "media_type": taken.media_type, "name": name,
    }))
}

/// Returns the media type that a file's ending stands for.
fn type_of(path: &Path) -> &'static str {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    let ending = ending.unwrap_or_default();
    let found = TYPES.iter().find(|(known, _)| *known == ending);
    found.map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// Shortens a name to what is kept, its ending saved.
fn short(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    if name.len() <= NAME_SIZE_BYTES_MAX {
        return name;
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name.as_str(), String::new()),
    };
    let room = NAME_SIZE_BYTES_MAX - ending.len();
    let fits = |(at, c): &(usize, char)| at + c.len_utf8() <= room;
    let stem: String = stem.char_indices().take_while(fits).map(|(_, c)| c).collect();
    stem + &ending
}

/// Shows on a terminal how far an upload is.
struct Progress {
    sent: u64,
    size: u64,
    shown: Option<u64>,
    lang: Lang,
}

impl Progress {
    fn new(size: u64, lang: Lang) -> Progress {
        let shows = size >= PROGRESS_SIZE_BYTES_MIN && std::io::stderr().is_terminal();
        Progress { sent: 0, size, shown: shows.then_some(u64::MAX), lang }
    }

    fn add(&mut self, count: usize) {
        self.sent += count as u64;
        let percent = self.sent * 100 / self.size.max(1);
        if self.shown.is_some_and(|shown| shown != percent) {
            self.shown = Some(percent);
            eprint!("\r{} {percent:>3}%", self.lang.pick("uploading", "正在上传"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some_and(|shown| shown != u64::MAX) {
            eprint!("\r\u{1b}[K");
        }
    }
}

/// Reads a file in chunks.
fn chunks(
    file: File,
    progress: Progress,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::unfold(Some((file, progress)), |state| async {
        let (mut file, mut progress) = state?;
        let mut buffer = vec![0; CHUNK_SIZE_BYTES];
        match file.read(&mut buffer) {
            Ok(0) => None,
            Ok(size) => {
                buffer.truncate(size);
                progress.add(size);
                Some((Ok(Bytes::from(buffer)), Some((file, progress))))
            }
            Err(error) => Some((Err(error), None)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_stand_for_types() {
        assert_eq!(type_of(Path::new("a/Scan 1.PDF")), "application/pdf");
        assert_eq!(type_of(Path::new("drawing.dwg")), "application/octet-stream");
        assert!(TYPES.is_sorted_by_key(|(ending, _)| *ending));
    }

    #[test]
    fn long_names_keep_their_ending() {
        let name = short(&format!("{}.pdf", "合同".repeat(100)));
        assert!(name.len() <= NAME_SIZE_BYTES_MAX && name.ends_with("同.pdf"), "{name}");
        assert_eq!(short("a\nb.txt"), "a_b.txt");
    }
}
