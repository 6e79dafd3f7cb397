//! P11: imports. CSV to durable, decided events against the same ledger's bulk path.

use std::io::Read;
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
use serde_json::json;

use super::ground::{self, Ground, Measured};
use super::p1_append::submit;
use super::{Bar, Figures, Scale, median, rounded};

/// The bar.
pub const BAR: Bar =
    Bar { id: "P11", what: "import: CSV to durable, decided events >= 0.3 of P3", run };

const RATIO_MIN: f64 = 0.3;
const ROUNDS: u64 = 5;

const INVOICES: &str = include_str!("../../../cli/mappings/ibm-ar.toml");

fn run(scale: Scale) -> Measured<Figures> {
    let events = match scale {
        Scale::Check => 10_000,
        Scale::S => 20_000,
        Scale::M => 200_000,
        Scale::L => 1_000_000,
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
    let ratio = median(ratios);
    Ok(Figures::new(
        ratio >= RATIO_MIN,
        json!({
            "ratio": rounded(ratio), "ratio_min": RATIO_MIN, "rounds": ROUNDS,
            "import_events_per_second": median(imported).round(),
            "bulk_events_per_second": median(loaded).round(),
        }),
    ))
}

/// Imports one file.
pub fn take(
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
