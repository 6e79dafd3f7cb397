//! P11L: the most memory that a file of half a million invoice lines takes while it is imported, with
//! cancellations and repeated rows.

use std::io::Read;
use std::process::Command;
use std::sync::Arc;

use daybook::demo::{OPENED_AT, ScriptClock};
use daybook_server::directory::Directory;
use serde_json::{Value, json};

use super::ground::{self, Ground, Measured};
use super::p9_memory::most_resident_bytes;
use super::p11_import::take;
use super::{Bar, Figures, Scale};
use crate::ChoreResult;

/// The bar.
pub const BAR: Bar = Bar {
    id: "P11L",
    what: "import of half a million invoice lines: at most 64 MiB more than of a fifth of them",
    run,
};

const FLAT_BYTES: u64 = 64 << 20;
/// Rows of an invoice, repeated rows not counted.
const LINES_AN_INVOICE: u64 = 20;

const MAPPING: &str = include_str!("../../../cli/mappings/invoice-lines.toml");

fn run(scale: Scale) -> Measured<Figures> {
    let lines = if scale == Scale::Check { 60_000 } else { 500_000 };
    let ground = Ground::new("p11l")?;
    let (small, large) = (most_held(&ground, lines / 5)?, most_held(&ground, lines)?);
    Ok(Figures::new(
        large <= small + FLAT_BYTES,
        json!({
            "lines_before": lines / 5, "lines_after": lines, "bytes_before": small,
            "bytes_after": large, "bytes_allowed": small + FLAT_BYTES,
        }),
    ))
}

/// Imports a file of invoice lines in a process of its own and returns the most it held.
fn most_held(ground: &Ground, lines: u64) -> Measured<u64> {
    let output = Command::new(std::env::current_exe()?)
        .args(["child", "p11l"])
        .arg(ground.path().join(format!("lines-{lines}")))
        .arg(lines.to_string())
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    let figures: Value = serde_json::from_slice(&output.stdout)?;
    Ok(figures.get("bytes").and_then(Value::as_u64).ok_or("no figure")?)
}

/// Imports a file of invoice lines and prints the most memory that was resident.
pub fn child(words: &[&str]) -> ChoreResult {
    let [folder, lines] = words else { return Err("child p11l FOLDER LINES".into()) };
    let lines: u64 = lines.parse()?;
    std::fs::create_dir_all(folder)?;
    let dir = std::path::Path::new(folder).join("book");
    let clock = Arc::new(ScriptClock::new(OPENED_AT));
    ground::init(&dir, &clock)?;
    let book = ground::open(&dir, &clock)?;
    let mut file = InvoiceLines::new(lines);
    let report = take(&book.ledger, &Directory::default(), MAPPING, "lines.csv", &mut file)?;
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
    println!("{}", json!({ "bytes": most_resident_bytes()?, "events": figures.events }));
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
