//! P11: imports. CSV to durable, decided events against the same ledger's bulk path, and the memory
//! of a file of half a million invoice lines.

use std::io::Read;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use daybook::demo::load::{BATCH_REQUESTS, Load};
use daybook::demo::{OPENED_AT, ScriptClock, Step};
use daybook_core::id::Line;
use daybook_core::ledger::Ledger;
use daybook_core::vault::Key;
use daybook_server::directory::Directory;
use daybook_server::import::lookup::Known;
use daybook_server::import::{InputFile, Job, Mapping, Report, run as import};
use daybook_server::text::Language;
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::p9_memory::resident_bytes;
use super::{Bar, Figures, Scale, median, rounded};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P11",
    what: "import: CSV to durable, decided events >= 0.3 of P3; five times the rows of invoice lines, \
           up to half a million, <= 64 MiB more",
    run,
};

const RATIO_MIN: f64 = 0.3;
const FLAT_BYTES: u64 = 64 << 20;
const ROUNDS: u64 = 5;
/// Rows of an invoice in the file of lines, repeated rows not counted.
const LINES_AN_INVOICE: u64 = 20;

const INVOICES: &str = include_str!("../../../cli/mappings/ibm-ar.toml");
const LINES: &str = include_str!("../../../cli/mappings/invoice-lines.toml");

fn run(scale: Scale) -> Measured<Figures> {
    let (events, lines) = match scale {
        Scale::Check => (10_000, 60_000),
        Scale::S => (20_000, 500_000),
        Scale::M => (200_000, 500_000),
        Scale::L => (1_000_000, 500_000),
    };
    let ground = Ground::new("p11")?;
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    let (bulk_dir, import_dir) = (ground.path().join("bulk"), ground.path().join("import"));
    ground::init(&bulk_dir, &clock)?;
    let bulk = ground::open(&bulk_dir, &clock)?;
    let mut load = Load::of_requests(3, ROUNDS * events)?;
    let still = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&import_dir, &still)?;
    let book = ground::open(&import_dir, &still)?;
    let directory = Directory::default();
    let (mut ratios, mut imported, mut loaded) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let batches = (events / BATCH_REQUESTS) as usize;
        let steps: Vec<Step> = load.by_ref().take(batches).collect();
        let from = bulk.ledger.reader().head().next;
        let started = Instant::now();
        for step in steps {
            clock.set(step.at);
            submit(&bulk.ledger, step.batch)?;
        }
        bulk.store.wait_for_index();
        let done = bulk.ledger.reader().head().next.0 - from.0;
        loaded.push(done as f64 / started.elapsed().as_secs_f64());

        // Five events an invoice: debt, invoice, payment, application, and now and then a dispute.
        let file = invoices(round, events / 4);
        let from = book.ledger.reader().head().next;
        let started = Instant::now();
        let report =
            take(&book.ledger, &directory, INVOICES, "invoices.csv", &mut file.as_bytes())?;
        book.store.wait_for_index();
        let elapsed = started.elapsed().as_secs_f64();
        if report.figures.taken != events / 4 {
            return Err(
                format!("rows were lost: {:?} {:?}", report.figures, report.problems).into()
            );
        }
        let done = book.ledger.reader().head().next.0 - from.0;
        imported.push(done as f64 / elapsed);
        ratios.extend(imported.last().zip(loaded.last()).map(|(import, bulk)| import / bulk));
    }
    bulk.ledger.close()?;
    book.ledger.close()?;
    let (small, large) = (resident_after(&ground, lines / 5)?, resident_after(&ground, lines)?);
    let ratio = median(ratios);
    Ok(Figures::new(
        ratio >= RATIO_MIN && large <= small + FLAT_BYTES,
        json!({
            "ratio": rounded(ratio), "ratio_min": RATIO_MIN, "rounds": ROUNDS,
            "import_events_per_second": median(imported).round(),
            "bulk_events_per_second": median(loaded).round(),
            "lines_before": lines / 5, "lines_after": lines, "bytes_before": small,
            "bytes_after": large, "bytes_allowed": small + FLAT_BYTES,
        }),
    ))
}

fn take(
    ledger: &Ledger,
    directory: &Directory,
    mapping: &str,
    name: &str,
    content: &mut dyn Read,
) -> Measured<Report> {
    let mapping = Mapping::parse(mapping)?;
    let content = ledger.scratch(&Key::default(), content)?;
    let files = vec![InputFile { name: Line::new(name)?, content }];
    let job =
        Job { mapping, files, actor: ground::actor()?, dry_run: false, language: Language::En };
    Ok(import(Known { ledger, directory }, &job, &mut |_| {})?)
}

/// Writes invoices with the columns of the mapping `ibm-ar`.
fn invoices(round: u64, rows: u64) -> String {
    let mut text = String::from(
        "countryCode,customerID,PaperlessDate,invoiceNumber,InvoiceDate,DueDate,InvoiceAmount,\
         Disputed,SettledDate,PaperlessBill,DaysToSettle,DaysLate\r\n",
    );
    for row in 0..rows {
        let number = round * rows + row;
        let (customer, month, day) =
            (number * 7919 % (rows / 5 + 1), number % 12 + 1, number % 27 + 1);
        let disputed = if number.is_multiple_of(4) { "Yes" } else { "No" };
        let (whole, cents) = (number % 900 + 10, number % 100);
        text.push_str(&format!(
            "391,{customer:04}-QRSTU,4/6/2013,{number:010},{month}/{day}/2012,{month}/{day}/2013,\
             {whole}.{cents:02},{disputed},{month}/{}/2012,Paper,1,0\r\n",
            day + 1,
        ));
    }
    text
}

/// Imports a file of invoice lines in a process of its own and returns what it holds then.
fn resident_after(ground: &Ground, lines: u64) -> Measured<u64> {
    let output = Command::new(std::env::current_exe()?)
        .args(["child", "p11"])
        .arg(ground.path().join(format!("lines-{lines}")))
        .arg(lines.to_string())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    Ok(figures.get("bytes").and_then(Value::as_u64).ok_or("no figure")?)
}

/// Imports a file of invoice lines and prints the resident memory.
pub fn child(words: &[&str]) -> ChoreResult {
    let [folder, lines] = words else { return Err("child p11 FOLDER LINES".into()) };
    let lines: u64 = lines.parse()?;
    std::fs::create_dir_all(folder)?;
    let dir = std::path::Path::new(folder).join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    let mut file = InvoiceLines::new(lines);
    let report = take(&book.ledger, &Directory::default(), LINES, "lines.csv", &mut file)?;
    let figures = &report.figures;
    let amounts = report.files.first().and_then(|file| file.amounts.first());
    let sums = amounts.map(|amounts| (amounts.read, amounts.skipped));
    if figures.rows != file.written
        || figures.skipped != file.repeated
        || figures.refused != 0
        || sums != Some((file.pence, file.repeated_pence))
    {
        let problems = report.problems;
        return Err(format!("it does not reconcile: {figures:?} {sums:?} {problems:?}").into());
    }
    book.store.wait_for_index();
    println!("{}", json!({ "bytes": resident_bytes()?, "events": figures.events }));
    book.ledger.close()?;
    Ok(true)
}

/// A file of invoice lines as it is read: every fiftieth invoice a cancellation, every thirteenth row
/// repeated.
struct InvoiceLines {
    left: u64,
    number: u64,
    line: u64,
    ready: Vec<u8>,
    from: usize,
    written: u64,
    repeated: u64,
    pence: i64,
    repeated_pence: i64,
}

impl InvoiceLines {
    fn new(rows: u64) -> InvoiceLines {
        let header =
            "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";
        InvoiceLines {
            left: rows,
            number: 0,
            line: 0,
            ready: header.into(),
            from: 0,
            written: 0,
            repeated: 0,
            pence: 0,
            repeated_pence: 0,
        }
    }

    fn next_line(&mut self) {
        if self.line == LINES_AN_INVOICE {
            (self.line, self.number) = (0, self.number + 1);
        }
        let (number, line) = (self.number, self.line);
        self.line += 1;
        let cancelled = number % 50 == 49;
        let (letter, sign) = if cancelled { ("C", -1) } else { ("", 1) };
        let (quantity, pence) =
            ((line % 7 + 1) as i64 * sign, (number * 31 + line * 17) as i64 % 5000 + 5);
        let customer =
            if number % 40 == 7 { String::new() } else { (12_000 + number % 4000).to_string() };
        let day = number % 28 + 1;
        let row = format!(
            "{letter}{},{line:05}A,\"item, no. {line}\",{quantity},2011-03-{day:02} 08:26:00,{}.{:02},{customer},France\n",
            500_000 + number,
            pence / 100,
            pence % 100,
        );
        let times = if self.written % 13 == 12 && self.left > 1 { 2 } else { 1 };
        for time in 0..times {
            self.ready.extend_from_slice(row.as_bytes());
            self.left -= 1;
            self.written += 1;
            self.pence += quantity * pence;
            if time == 1 {
                self.repeated += 1;
                self.repeated_pence += quantity * pence;
            }
        }
    }
}

impl Read for InvoiceLines {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.from == self.ready.len() {
            self.ready.clear();
            self.from = 0;
            if self.left == 0 {
                return Ok(0);
            }
            self.next_line();
        }
        let ready = self.ready.get(self.from..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(source);
        }
        self.from += count;
        Ok(count)
    }
}
