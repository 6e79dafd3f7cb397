//! The documented JSON on standard output.

use serde::Serialize;

/// Prints an answer as one JSON document.
pub fn print_json(answer: &impl Serialize) {
    // The answers are plain data; a failure here could only be a bug of their types.
    crate::out!("{}", serde_json::to_string_pretty(answer).unwrap_or_default());
}
