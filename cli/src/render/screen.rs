//! A screen of sections, each a label and its rows, that fits a terminal: what does not fit is
//! counted, not silently dropped. Widths are counted in terminal cells.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::table::{cut, plain};
use super::{Lang, paint};

/// The size a screen fits into when the terminal does not say.
const WIDTH_DEFAULT: usize = 80;
/// Rows a section shows on a terminal of 24 lines.
const SECTION_ROWS: usize = 3;
/// Lines of the smallest terminal that is served; a smaller one scrolls.
const HEIGHT_MIN: usize = 24;
/// Rows of the last section where there is no terminal.
const PIPED_ROWS: usize = 10;

/// The room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Cells of a line; nothing when lines are not cut.
    pub width: Option<usize>,
    /// Lines; nothing when there is no end.
    pub height: Option<usize>,
}

impl Room {
    /// Returns the terminal's room, or that of a pipe.
    pub fn of_terminal() -> Room {
        use std::io::IsTerminal;
        if !std::io::stdout().is_terminal() {
            return Room { width: None, height: None };
        }
        let size = terminal_size::terminal_size();
        Room {
            width: Some(size.map_or(WIDTH_DEFAULT, |(width, _)| width.0.into())),
            height: Some(size.map_or(HEIGHT_MIN, |(_, height)| height.0.into())),
        }
    }
}

/// One row with the style it is painted in.
pub type Row = (Style, String);

/// A label with its rows.
#[derive(Debug, Clone)]
pub struct Section {
    /// What the rows are.
    pub label: &'static str,
    /// The rows, the most important first.
    pub rows: Vec<Row>,
    /// Whether every row is shown, whatever the room.
    pub whole: bool,
}

/// Lays out a head and sections; the last section takes the room that is left. `kept` lines stay
/// free for what is printed beneath.
pub fn lay_out(
    head: Vec<Row>,
    sections: &[Section],
    kept: usize,
    room: Room,
    lang: Lang,
) -> Vec<Row> {
    let label_width = sections.iter().map(|section| section.label.width()).max().unwrap_or(0) + 2;
    let width = room.width.unwrap_or(usize::MAX);
    let mut lines: Vec<Row> =
        head.into_iter().map(|(style, text)| (style, cut(&plain(&text), width))).collect();
    let Some((last, earlier)) = sections.split_last() else { return lines };
    let spare = room.height.map(|height| height.max(HEIGHT_MIN) - HEIGHT_MIN);
    // A taller terminal gives every section some of what it has more.
    let quota = spare.map_or(usize::MAX, |spare| SECTION_ROWS + spare / (sections.len() + 1));
    for section in earlier {
        let quota = if section.whole { usize::MAX } else { quota };
        push(&mut lines, section, quota, label_width, width, lang);
    }
    let left = room
        .height
        .map(|height| height.max(HEIGHT_MIN).saturating_sub(lines.len() + kept).max(SECTION_ROWS));
    push(&mut lines, last, left.unwrap_or(PIPED_ROWS), label_width, width, lang);
    lines
}

fn push(
    lines: &mut Vec<Row>,
    section: &Section,
    quota: usize,
    label_width: usize,
    width: usize,
    lang: Lang,
) {
    let bold = paint::HEADING;
    let none = (paint::FAINT, lang.pick("none", "无").to_owned());
    let rows = if section.rows.is_empty() { std::slice::from_ref(&none) } else { &section.rows };
    // The row that counts the others takes the place of one.
    let shown = if rows.len() > quota { quota.saturating_sub(1).max(1) } else { rows.len() };
    let more = rows.len() - shown;
    let counted = (more > 0).then(|| {
        let text = match lang {
            Lang::En => format!("and {more} more"),
            Lang::Zh => format!("另有 {more} 项"),
        };
        (paint::FAINT, text)
    });
    for (index, (style, text)) in rows.iter().take(shown).chain(&counted).enumerate() {
        let label = if index == 0 { section.label } else { "" };
        let space = " ".repeat(label_width - label.width());
        let text = cut(&plain(text), width.saturating_sub(label_width));
        let label = if label.is_empty() { String::new() } else { format!("{bold}{label}{bold:#}") };
        lines.push((Style::new(), format!("{label}{space}{style}{text}{style:#}")));
    }
}

/// Prints the lines.
pub fn print(lines: &[Row]) {
    for (style, text) in lines {
        crate::out!("{style}{text}{style:#}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line looks like: the width without the styles.
    fn cells(line: &str) -> usize {
        anstream::adapter::strip_str(line).to_string().width()
    }

    fn rows(count: usize) -> Vec<Row> {
        (0..count).map(|n| (Style::new(), format!("row {n} {}", "很长的内容".repeat(20)))).collect()
    }

    fn sections(count: usize) -> Vec<Section> {
        ["contacts", "机会", "complaints", "next", "last"]
            .into_iter()
            .map(|label| Section { label, rows: rows(count), whole: false })
            .collect()
    }

    #[test]
    fn a_screen_fits_the_terminal_whatever_is_in_it() {
        for (width, height) in [(80, 24), (100, 30), (200, 60)] {
            for count in [0, 1, 3, 4, 50] {
                let room = Room { width: Some(width), height: Some(height) };
                let head =
                    vec![(paint::HEADING, "名".repeat(200)), (Style::new(), "x".repeat(200))];
                let lines = lay_out(head, &sections(count), 2, room, Lang::En);
                assert!(
                    lines.len() + 2 <= height,
                    "{count} rows at {width}x{height}: {}",
                    lines.len()
                );
                assert!(lines.iter().all(|(_, line)| cells(line) <= width), "{lines:?}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let room = Room { width: Some(80), height: Some(24) };
        let lines = lay_out(Vec::new(), &sections(9), 2, room, Lang::En);
        assert!(lines.iter().any(|(_, line)| line.contains("and 7 more")), "{lines:?}");
        let piped =
            lay_out(Vec::new(), &sections(9), 2, Room { width: None, height: None }, Lang::Zh);
        assert_eq!(piped.len(), 45);
    }
}
