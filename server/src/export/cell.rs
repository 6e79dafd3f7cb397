//! Cells of a table: how a text is kept from being taken for a formula, and got back as it was.
//!
//! A spreadsheet runs a cell that begins with one of `= + - @`, a tab or a line break as a formula
//! (OWASP, "CSV injection"). Such a text gets an apostrophe before it, and so does a text that
//! begins with an apostrophe, so that reading takes exactly one away and nothing is lost. Plain
//! numbers stay numbers: a minus and digits compute to themselves.

use std::borrow::Cow;

/// What a spreadsheet takes for the start of a formula; the wide forms are those of Chinese and
/// Japanese input.
const STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Returns a text that no spreadsheet computes.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if (text.starts_with(STARTS) && !is_number(text)) || text.starts_with('\'') {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Returns the text that [`neutral`] was given.
pub fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').unwrap_or(cell)
}

/// Tells whether a text is a minus, digits and at most one point between them.
fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.strip_prefix('-').unwrap_or(text);
    match number.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part),
        None => digits(number),
    }
}

/// Appends one record of cells as CSV (RFC 4180) with a line feed.
pub fn append_record<'a>(cells: impl Iterator<Item = Cow<'a, str>>, out: &mut Vec<u8>) {
    for (index, cell) in cells.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        if cell.contains(['"', ',', '\n', '\r', ';', '\t', '#']) {
            out.push(b'"');
            out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(cell.as_bytes());
        }
    }
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_computed_is_text_and_comes_back() {
        let formulas = [
            "=1+1",
            "+86 21 5555",
            "-cmd|' /C calc'!A0",
            "@SUM(A1)",
            "\tx",
            "\r=1",
            "\n=1",
            "＝1",
            "＋1",
            "－1",
            "＠x",
            "'=1",
            "'",
            "''",
            "-",
            "-1.",
            "--1",
            "-1e5",
            "-1-1",
        ];
        for text in formulas {
            let cell = neutral(text);
            assert!(cell.starts_with('\''), "{text:?}");
            assert_eq!(plain(&cell), text);
        }
        for text in ["", "a", "-1", "-12.50", "12", "1=1", "上海", "a'b"] {
            assert_eq!(neutral(text), text);
            assert_eq!(plain(&neutral(text)), text);
        }
    }

    #[test]
    fn a_record_is_read_back_by_a_csv_reader() {
        let cells = ["a,b", "say \"x\"", "two\nlines", "", "#no comment", "=1;2"];
        let mut out = Vec::new();
        append_record(cells.iter().map(|cell| neutral(cell)), &mut out);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&out[..]);
        let record = reader.records().next().expect("a record").expect("well formed");
        let back: Vec<&str> = record.iter().map(plain).collect();
        assert_eq!(back, cells);
    }
}
