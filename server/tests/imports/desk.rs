//! A ledger in memory into which files are imported, and the files themselves.

use std::io::{Cursor, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use daybook_core::attachment::MemoryAttachments;
use daybook_core::event::{Actor, Assurance, Channel, Event, Kind, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::read::Query;
use daybook_core::ledger::{Genesis, Ledger, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::{Key, MemoryVault};
use daybook_server::directory::Directory;
use daybook_server::import::lookup::Known;
use daybook_server::import::source::Seekable;
use daybook_server::import::{
    ImportError, InputFile, Job, Mapping, Notice, RefusedRow, Report, guess, run,
};
use daybook_server::text::Language;

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::SeqCst))
    }
}

struct Counter(AtomicU64);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = (self.0.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15)
                >> 56) as u8;
        }
    }
}

/// A ledger and whoever imports into it.
pub struct Desk {
    pub ledger: Ledger,
    directory: Directory,
    actor: Actor,
}

/// What an import did.
pub struct Done {
    pub report: Report,
    pub refused: Vec<RefusedRow>,
}

/// A mapping of calls, one a row: `id,customer,when,what`.
pub const CALLS: &str = r#"
[import]
source = "calls"
row_key = ["id"]
customer = "{customer}"
effective = { column = "when", format = "%Y-%m-%d" }
[[event]]
command = "register_customer"
once_per = "customer"
[event.fields]
kind = "company"
source = "import"
details.name = "{customer}"
[[event]]
command = "record_interaction"
[event.fields]
channel = "phone"
direction = "in"
started_at = { column = "when", instant = "%Y-%m-%d" }
unknown_caller = true
correspondence.summary = "{what}"
"#;

impl Desk {
    pub fn new() -> Desk {
        let now: Timestamp = "2026-01-05T01:00:00Z".parse().unwrap();
        let mut parts = Parts {
            store: Arc::new(MemoryStore::default()),
            vault: Arc::new(MemoryVault::default()),
            attachments: Arc::new(MemoryAttachments::default()),
            clock: Arc::new(Hand(AtomicI64::new(now.0))),
            entropy: Box::new(Counter(AtomicU64::new(7))),
        };
        let actor = Actor {
            user: ActorId::new("U-00").unwrap(),
            on_behalf_of: None,
            role: None,
            unit: None,
            assurance: Assurance::Declared,
        };
        let genesis = Genesis {
            book: BookId(uuid::Uuid::from_bytes([9; 16])),
            name: Line::new("Test").unwrap(),
            zone: Label::new("Asia/Shanghai").unwrap(),
            functional_currency: "CNY".parse().unwrap(),
            legal_entities: vec![LegalEntity::new("HQ").unwrap()],
            fiscal_year_start_month: 1,
            default_calling_code: Some(Label::new("86").unwrap()),
            actor: actor.clone(),
            source: Source { channel: Channel::Api, session: None, import: None },
        };
        found(&mut parts, &genesis).unwrap();
        let ledger = Ledger::open(parts, Options::default()).unwrap();
        Desk { ledger, directory: Directory::default(), actor }
    }

    pub fn file(&self, name: &str, mut content: impl std::io::Read) -> InputFile {
        let content = self.ledger.scratch(&Key::default(), &mut content).unwrap();
        InputFile { name: Line::new(name).unwrap(), content }
    }

    pub fn try_import(
        &self,
        mapping: &str,
        files: Vec<InputFile>,
        dry_run: bool,
    ) -> Result<Done, ImportError> {
        let mapping = Mapping::parse(mapping).unwrap_or_else(|error| panic!("{error}\n{mapping}"));
        let job =
            Job { mapping, files, actor: self.actor.clone(), dry_run, language: Language::En };
        let mut refused = Vec::new();
        let known = Known { ledger: &self.ledger, directory: &self.directory };
        let report = run(known, &job, &mut |notice| {
            if let Notice::Refused(row) = notice {
                refused.push(row);
            }
        })?;
        let figures = &report.figures;
        let parts = [figures.taken, figures.known, figures.refused, figures.skipped];
        assert_eq!(figures.rows, parts.iter().sum::<u64>(), "every row is accounted for");
        assert_eq!(figures.refused, refused.len() as u64);
        Ok(Done { report, refused })
    }

    pub fn import(&self, mapping: &str, files: &[(&str, &[u8])]) -> Done {
        let files = files.iter().map(|(name, content)| self.file(name, *content)).collect();
        self.try_import(mapping, files, false).unwrap_or_else(|error| panic!("{error:?}"))
    }

    pub fn guess(&self, name: &str, content: &[u8]) -> String {
        let file = self.file(name, content);
        guess::guess(name, &|| -> Box<dyn Seekable> { file.open() }, "CNY".parse().ok()).unwrap()
    }

    pub fn events(&self, kind: Kind) -> Vec<Event> {
        let reader = self.ledger.reader();
        let all = reader.events(Query { kind: Some(kind), ..Query::default() });
        all.map(|event| {
            let (event, hash) = event.unwrap();
            reader.open_sections(event, hash).unwrap().event
        })
        .collect()
    }

    /// The body of every event of a kind as JSON.
    pub fn bodies(&self, kind: Kind) -> Vec<serde_json::Value> {
        let body = |event: &Event| event.body.to_json().unwrap();
        self.events(kind).iter().map(body).collect()
    }

    /// What was said in the calls, in the order of the log.
    pub fn said(&self) -> Vec<String> {
        let said = |body: &serde_json::Value| {
            let text = body.to_string();
            let from = text.find("\"summary\":\"").unwrap() + 11;
            text[from..].split('"').next().unwrap().to_owned()
        };
        self.bodies(Kind::InteractionRecorded).iter().map(said).collect()
    }
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    gzip_of(content)
}

pub fn gzip_of(mut content: impl std::io::Read) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::copy(&mut content, &mut packed).unwrap();
    packed.finish().unwrap()
}

pub fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut packed = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        packed.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        packed.write_all(content).unwrap();
    }
    packed.finish().unwrap().into_inner()
}

/// A workbook with one sheet of rows; what looks like a number is one, `date:` begins a day's number.
pub fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let mut sheet = String::from(
        r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>"#,
    );
    for (line, row) in rows.iter().enumerate() {
        sheet.push_str(&format!(r#"<row r="{}">"#, line + 1));
        for (column, value) in row.iter().enumerate().filter(|(_, value)| !value.is_empty()) {
            let place = format!("{}{}", char::from(b'A' + column as u8), line + 1);
            let cell = if let Some(day) = value.strip_prefix("date:") {
                format!(r#"<c r="{place}" s="1"><v>{day}</v></c>"#)
            } else if value.starts_with('#') {
                format!(r#"<c r="{place}" t="e"><v>{value}</v></c>"#)
            } else if value.parse::<f64>().is_ok() && !value.starts_with('0') {
                format!(r#"<c r="{place}"><v>{value}</v></c>"#)
            } else {
                format!(r#"<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>"#)
            };
            sheet.push_str(&cell);
        }
        sheet.push_str("</row>");
    }
    sheet.push_str("</sheetData></worksheet>");
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let relations = "http://schemas.openxmlformats.org/package/2006/relationships";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let types = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>"#;
    let root = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
    );
    let book = format!(
        r#"<?xml version="1.0"?><workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="Calls" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    let parts = format!(
        r#"<?xml version="1.0"?><Relationships xmlns="{relations}"><Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="{office}/styles" Target="styles.xml"/></Relationships>"#
    );
    let styles = format!(
        r#"<?xml version="1.0"?><styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#
    );
    zip(&[
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", root.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", parts.as_bytes()),
        ("xl/styles.xml", styles.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ])
}
