//! What people see: tables that fit the terminal, times, amounts, and JSON for programs.

pub mod csv;
pub mod json;
pub mod paint;
pub mod screen;
pub mod sheet;
pub mod table;
pub mod text;

pub use json::print_json;
pub use table::{Align, Column, Table};
pub use text::{Lang, amounts, grouped, instant, labelled};

/// Writes to standard output. When nobody reads any more (`daybook log | head`), the command ends
/// quietly; what was acknowledged is safe.
pub fn write_out(text: &str) {
    use std::io::Write;
    if let Err(error) = anstream::stdout().lock().write_all(text.as_bytes()) {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("error: standard output could not be written: {error}");
        eprintln!("hint: check where it is sent to");
        std::process::exit(3);
    }
}

/// Writes to standard error; when nobody reads it, nothing is lost.
pub fn write_note(text: &str) {
    use std::io::Write;
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Prints a line on standard error.
#[macro_export]
macro_rules! note {
    ($($part:tt)*) => { $crate::render::write_note(&(format!($($part)*) + "\n")) };
}

/// Prints a line on standard output.
#[macro_export]
macro_rules! out {
    () => { $crate::render::write_out("\n") };
    ($($part:tt)*) => { $crate::render::write_out(&(format!($($part)*) + "\n")) };
}
