//! What is taken over on the first day: the old list of customers, and the debts that were open; and a
//! list that was taken in by mistake.

use daybook_core::decide::command::TakeBack;
use daybook_core::decide::{Command, Request};
use daybook_core::event::Section;
use daybook_core::event::book::{AmountTotals, ImportApplied, ImportedFile, RowTotals};
use daybook_core::event::receivable::{ItemSource, ReceivableOpened};
use daybook_core::event::task::{TaskPlanned, TaskText};
use daybook_core::event::transfer::ImportReverted;
use daybook_core::id::{Note, TextError};
use daybook_core::money::Money;
use daybook_core::position::Position;

use super::Mark;
use super::calendar::{FIRST_DAY, Moment, at, day};
use super::cast::{ACCOUNTANT, DIRECTOR};
use super::landmarks::OPENING_BALANCES;
use super::pen::{Party, Pen, Told, text, user};

/// Bytes of one row of the old lists.
const ROW_SIZE_BYTES: u64 = 64;

/// The source of the list that was taken in by mistake.
const MISTAKE: &str = "tasks-2026";

/// Takes over the customers of the old list.
pub(super) fn customers(pen: &mut Pen, rows: Vec<Request>) -> Told {
    let taken = rows.len() as u64;
    let moment = Moment::on(FIRST_DAY, 9 * 60 + 30);
    pen.import(moment.effective, DIRECTOR, "customers-2024", rows)?;
    let applied = applied("customers-2024", "customers-2024.csv", taken, 2, Vec::new())?;
    close_import(pen, Moment::on(FIRST_DAY, 9 * 60 + 31), "customers-2024", applied)
}

/// The debts that were open when the book was.
pub(super) fn balances(pen: &mut Pen, parties: &[Party]) -> Told {
    let moment = Moment::on(FIRST_DAY, 9 * 60 + 40);
    let mut rows = Vec::new();
    let mut sum = Money::new(0, pen.cny);
    for (code, item, minor, document, due) in OPENING_BALANCES {
        let Some(party) = parties.iter().find(|party| party.code.as_str() == code) else {
            continue;
        };
        let opened = ReceivableOpened {
            item: text(item)?,
            source: ItemSource::OpeningBalance,
            document_on: document,
            due_on: Some(due),
            amount: party.money(minor),
            contract: None,
            instalment: None,
            legal_entity: Some(party.entity.clone()),
        };
        sum = Money::new(sum.minor + minor, sum.currency);
        let told = Moment::told_on(document, FIRST_DAY, 9 * 60 + 40);
        rows.push(pen.request(told, party, opened)?);
    }
    let taken = rows.len() as u64;
    pen.import(moment.recorded, ACCOUNTANT, "open-items-2024", rows)?;
    let applied = applied("open-items-2024", "open-items-2024.csv", taken, 0, vec![sum])?;
    close_import(pen, Moment::on(FIRST_DAY, 9 * 60 + 41), "open-items-2024", applied)
}

fn applied(
    import: &str,
    file: &str,
    taken: u64,
    skipped: u64,
    sums: Vec<Money>,
) -> Result<ImportApplied, TextError> {
    let amounts = sums.iter().map(|sum| AmountTotals {
        currency: sum.currency,
        read: sum.minor,
        taken: sum.minor,
        known: 0,
        refused: 0,
        skipped: 0,
    });
    let file = ImportedFile {
        name: text(file)?,
        size_bytes: (taken + skipped) * ROW_SIZE_BYTES,
        rows: RowTotals { read: taken + skipped, taken, known: 0, refused: 0, skipped },
        amounts: amounts.collect(),
    };
    // The story is written down in one go: nothing of the book was there before it.
    Ok(ImportApplied {
        import: text(import)?,
        began_at: Position(1),
        events: taken,
        files: vec![file],
    })
}

fn close_import(pen: &mut Pen, moment: Moment, name: &str, applied: ImportApplied) -> Told {
    let request = pen.request_to_book(moment, Command::ApplyImport(applied))?;
    pen.import(moment.recorded, DIRECTOR, name, vec![request])
}

/// A list of tasks of another company, noticed after its first row and taken back the same morning.
pub(super) fn mistake(pen: &mut Pen, parties: &[Party]) -> Told {
    let Some(party) = parties.iter().find(|party| party.code.as_str() == "C-1001") else {
        return Ok(());
    };
    let moment = Moment::on(day(2025, 12, 22), 10 * 60);
    let planned = TaskPlanned {
        task: text("K-OTHER-1")?,
        due_at: at(day(2026, 1, 9), 18 * 60),
        assignee: Some(user(DIRECTOR)?),
        priority: None,
        purpose: None,
        about: None,
        recurrence: None,
        origin: None,
        text: Section::Open(TaskText {
            subject: text("Renew the lease of the warehouse")?,
            notes: None,
        }),
    };
    let row = pen.request(moment, party, planned)?;
    pen.import(moment.recorded, DIRECTOR, MISTAKE, vec![row])?;
    pen.mark_last(Mark::Remember(MISTAKE));
    let why: Note = text("the list of another company")?;
    let moment = Moment::on(day(2025, 12, 22), 10 * 60 + 20);
    let take_back = TakeBack { import: Some(text(MISTAKE)?), events: Vec::new() };
    let request = pen.request(moment, party, Command::TakeBack(take_back))?;
    let reason = Some(why.clone());
    pen.submit(moment.recorded, DIRECTOR, vec![Request { reason, ..request }])?;
    pen.mark_last(Mark::Void(MISTAKE));
    let reverted = ImportReverted {
        import: text(MISTAKE)?,
        applied_at: None,
        from: Position(0),
        before: Position(4_000),
        reversed: 1,
        void_before: 0,
        kept: 0,
        failed: 0,
        stayed: Vec::new(),
    };
    let moment = Moment::on(day(2025, 12, 22), 10 * 60 + 21);
    let request = pen.request_to_book(moment, Command::CloseRevert(reverted))?;
    pen.submit(moment.recorded, DIRECTOR, vec![Request { reason: Some(why), ..request }])
}
