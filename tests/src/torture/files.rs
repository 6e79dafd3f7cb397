//! Made-up files of a ledger under trial: their content follows from the batch and the place in it, so
//! that a check needs no memory of what was uploaded.

use std::io::Read;

use daybook_core::event::attachment::{AttachmentId, MediaType};
use daybook_core::event::{StreamId, Subject};
use daybook_core::id::CustomerCode;
use daybook_core::ledger::{AttachError, Ledger, Reader, Upload, Uploaded};
use daybook_core::position::Position;
use serde_json::{Value, json};

use super::Dice;
use super::tortured::chain;

const MEDIA_TYPE: &str = "application/octet-stream";

/// Returns the content of a file: mostly small, some of several chunks, a few larger than what is kept
/// in memory while it arrives, some the same again and again.
pub(super) fn content(number: u64, at: u64) -> Vec<u8> {
    let mut dice = Dice::new((number << 20) ^ at);
    if dice.below(5) == 0 {
        return format!("price list {}", number % 3).into_bytes();
    }
    let size = match dice.below(40) {
        0 => 1_060_000 + dice.below(100_000),
        1..=9 => 60_000 + dice.below(80_000),
        10 => 0,
        _ => 1 + dice.below(3_000),
    };
    let mut bytes = format!("file {at} of batch {number}: ").into_bytes();
    bytes.resize(bytes.len().max(size as usize), b' ');
    for (place, byte) in bytes.iter_mut().enumerate().skip(64) {
        *byte = dice.roll().to_le_bytes().first().copied().unwrap_or_default() ^ place as u8;
    }
    bytes.truncate(size as usize);
    bytes
}

/// Uploads a file of a customer's.
pub(super) fn upload(
    ledger: &Ledger,
    customer: &str,
    content: &[u8],
) -> Result<Uploaded, AttachError> {
    let broken = |_| AttachError::Ledger(daybook_core::ledger::SubmitError::Closed);
    let stream = StreamId::Customer(CustomerCode::new(customer).map_err(broken)?);
    let media_type = MediaType::new(MEDIA_TYPE)
        .map_err(|_| AttachError::Ledger(daybook_core::ledger::SubmitError::Closed))?;
    ledger.upload(&Upload::new(stream, Subject::Customer, media_type), &mut &*content)
}

/// Makes the command that attaches an uploaded file to the request before it.
pub(super) fn attach(attachment: &AttachmentId, note: &str) -> Value {
    json!({
        "command": "attach_file", "attachment": attachment, "media_type": MEDIA_TYPE,
        "name": "file.bin", "note": note,
    })
}

/// Reads the file that the event at a position names, and compares it with what was uploaded.
pub(super) fn check(reader: &Reader, position: Position, mark: &str) -> Result<(), String> {
    let file = reader.attached_file(position);
    let file = file.map_err(|error| format!("{}: {}", error.code(), chain(&error)))?;
    let mut file = file.ok_or_else(|| format!("the event at {position} names no file"))?;
    let mut bytes = Vec::new();
    file.content.read_to_end(&mut bytes).map_err(|error| match error.get_ref() {
        Some(inner) => format!("attachment_damaged: {inner}"),
        None => format!("attachment_damaged: {error}"),
    })?;
    let mut numbers = mark.split('-').map_while(|word| word.parse::<u64>().ok());
    let (number, at) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if bytes == content(number, at) {
        Ok(())
    } else {
        Err(format!("the file of {mark} has {} other bytes", bytes.len()))
    }
}
