//! What is taken out of the book: the year's payments, for the auditors.

use daybook_core::decide::{Command, Request};
use daybook_core::event::transfer::{DataExported, ExportFormat};
use daybook_core::position::Position;

use super::calendar::{Moment, day};
use super::cast::ACCOUNTANT;
use super::pen::{Pen, Told, text};

/// The accountant takes the payments of the first four thousand events out.
pub(super) fn take(pen: &mut Pen) -> Told {
    let moment = Moment::on(day(2025, 12, 29), 16 * 60);
    let exported = DataExported {
        format: ExportFormat::Xlsx,
        of_customer: None,
        kind: Some(text("payment.received")?),
        since: None,
        as_of: None,
        known_at: None,
        from: Position(0),
        before: Position(4_000),
        personal: false,
        files: false,
    };
    let request = pen.request_to_book(moment, Command::NoteExport(exported))?;
    let reason = Some(text("for the yearly audit")?);
    pen.submit(moment.recorded, ACCOUNTANT, vec![Request { reason, ..request }])
}
