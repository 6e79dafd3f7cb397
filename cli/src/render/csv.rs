//! Tables as comma-separated values for other programs (RFC 4180).
//!
//! A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay
//! numbers, below zero too.

/// Writes rows of cells, the headings first.
pub fn written(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut written = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| quoted(cell)).collect();
        written.push_str(&cells.join(","));
        written.push_str("\r\n");
    }
    written
}

fn quoted(cell: &str) -> String {
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let is_number = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number;
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_defused() {
        let check = |cell: &str, expected: &str| assert_eq!(quoted(cell), expected);
        check("C-1", "C-1");
        check("a,b", "\"a,b\"");
        check("say \"so\"", "\"say \"\"so\"\"\"");
        check("=1+1", "'=1+1");
        check("-SUM(A1)", "'-SUM(A1)");
        check("-12.50", "-12.50");
        check("", "");
    }
}
