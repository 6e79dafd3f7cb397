//! A calendar file (RFC 5545) taken apart: whatever in it is sound is read, whatever is not is named.
//!
//! Lines are unfolded as bytes, since programs fold in the middle of a character, and only then
//! decoded. An entry whose end is missing is left out and does not take the next ones with it.
//! Invariant: entries are numbered by their place in the file, broken ones included.

use calcard::icalendar::{ICalendar, ICalendarComponent, ICalendarComponentType};
use calcard::{Entry, Parser};

use crate::mail::{decoded, joined};
use crate::text::Text;

const NO_END: Text = Text::fixed("the entry has no end", "日历项没有结束");
const UNREADABLE: Text = Text::fixed("the entry cannot be read", "日历项无法读取");

/// An entry as it stands in the file.
pub(super) struct Raw {
    /// Its place, from 1.
    pub number: u64,
    /// What it is, or why it cannot be read.
    pub component: Result<ICalendarComponent, Text>,
    /// Whether its calendar takes its entries back (`METHOD:CANCEL`).
    pub taken_back: bool,
}

/// A file's entries and the time zones it defines.
#[derive(Default)]
pub(super) struct File {
    pub entries: Vec<Raw>,
    pub zones: Vec<ICalendarComponent>,
}

/// The parts of a calendar that are looked at; others, such as journals, are nobody's here.
const ENTRIES: [&str; 2] = ["VEVENT", "VTODO"];
const ZONE: &str = "VTIMEZONE";
const CALENDAR: &str = "VCALENDAR";

struct Block {
    entry: Option<usize>,
    kind: String,
    inside: Vec<String>,
    text: String,
}

/// Reads a file in whatever encoding it is.
pub(super) fn read(file: &[u8]) -> File {
    let bytes = joined(file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file));
    let text =
        decoded(&bytes, None).unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned());
    let mut found = File::default();
    let (mut open, mut taken_back): (Option<Block>, bool) = (None, false);
    for line in text.lines() {
        let (word, name) = line.split_once(':').unwrap_or((line, ""));
        let name = name.trim().to_ascii_uppercase();
        let (begins, ends) =
            (word.trim().eq_ignore_ascii_case("BEGIN"), word.trim().eq_ignore_ascii_case("END"));
        if begins && (is_part(&name) || name == CALENDAR) {
            found.give_up(open.take());
            if name == CALENDAR {
                taken_back = false;
            } else {
                open = Some(found.begin(name, taken_back));
            }
        } else if ends && name == CALENDAR {
            found.give_up(open.take());
        } else if let Some(block) = &mut open {
            if ends && block.inside.last().is_none_or(|inside| *inside != name) {
                if block.inside.is_empty() && name == block.kind {
                    found.end(open.take());
                }
                // The end of something that did not begin is nobody's.
                continue;
            }
            if ends {
                block.inside.pop();
            } else if begins {
                block.inside.push(name);
            }
            block.line(line);
        } else if word.trim().eq_ignore_ascii_case("METHOD") {
            taken_back = name == "CANCEL";
        }
    }
    found.give_up(open);
    found
}

fn is_part(name: &str) -> bool {
    name == ZONE || ENTRIES.contains(&name)
}

impl Block {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push_str("\r\n");
    }
}

impl File {
    fn begin(&mut self, kind: String, taken_back: bool) -> Block {
        let entry = (kind != ZONE).then(|| {
            let number = self.entries.len() as u64 + 1;
            self.entries.push(Raw { number, component: Err(NO_END), taken_back });
            self.entries.len() - 1
        });
        Block { entry, kind, inside: Vec::new(), text: String::new() }
    }

    fn end(&mut self, block: Option<Block>) {
        let Some(Block { entry, kind, text, .. }) = block else { return };
        let component = component(&kind, &text);
        match entry.and_then(|entry| self.entries.get_mut(entry)) {
            Some(raw) => raw.component = component.ok_or(UNREADABLE),
            None => self.zones.extend(component),
        }
    }

    /// An entry that something else begins or ends in the middle of stays as it was begun: broken.
    fn give_up(&mut self, block: Option<Block>) {
        // Only a time zone could be lost unnoticed, and then the entries that name it say so.
        drop(block);
    }
}

fn component(kind: &str, text: &str) -> Option<ICalendarComponent> {
    let text = format!("BEGIN:VCALENDAR\r\nBEGIN:{kind}\r\n{text}END:{kind}\r\nEND:VCALENDAR\r\n");
    let Entry::ICalendar(ICalendar { components }) = Parser::new(&text).entry() else {
        return None;
    };
    components
        .into_iter()
        .find(|component| !matches!(component.component_type, ICalendarComponentType::VCalendar))
}

#[cfg(test)]
mod tests {
    use super::*;
    use calcard::icalendar::ICalendarProperty;

    fn summaries(file: &[u8]) -> Vec<(u64, Result<String, Text>)> {
        let summary = |component: ICalendarComponent| {
            let entry = component.property(&ICalendarProperty::Summary);
            let value = entry.and_then(|entry| entry.values.first());
            value.and_then(|value| value.as_text()).unwrap_or_default().to_owned()
        };
        let entries = read(file).entries.into_iter();
        entries.map(|raw| (raw.number, raw.component.map(summary))).collect()
    }

    fn check(file: &[u8], expected: &[Result<&str, &'static str>]) {
        let found = summaries(file).into_iter();
        let found: Vec<_> = found.map(|(_, read)| read.map_err(|why| why.en)).collect();
        let expected: Vec<_> =
            expected.iter().map(|e| e.map(str::to_owned).map_err(Into::into)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn whatever_is_sound_is_read() {
        check(
            b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR\n\
            BEGIN:VCALENDAR\r\nbegin:vtodo\r\nSUMMARY:b\r\nBEGIN:VALARM\r\nSUMMARY:ring\r\n\
            END:VALARM\r\nend:vtodo\r\nEND:VCALENDAR",
            &[Ok("a"), Ok("b")],
        );
        // Broken off, one begun in another, an end too many, an alarm without an end.
        check(b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a", &[Err("the entry has no end")]);
        check(
            b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:a\nBEGIN:VEVENT\nSUMMARY:b\nEND:VEVENT\n\
            END:VEVENT\nEND:VCALENDAR\n",
            &[Err("the entry has no end"), Ok("b")],
        );
        check(
            b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nSUMMARY:a\nEND:VEVENT\nEND:VCALENDAR\n\
            BEGIN:VCALENDAR\nBEGIN:VEVENT\nSUMMARY:c\nEND:VEVENT\nEND:VCALENDAR\n",
            &[Err("the entry has no end"), Ok("c")],
        );
        check(b"BEGIN:VEVENT\nSUMMARY:bare\nEND:VEVENT", &[Ok("bare")]);
        check(b"no calendar at all", &[]);
        check(b"", &[]);
    }

    #[test]
    fn lines_are_unfolded_before_they_are_decoded() {
        // "华东" folded in the middle of its first character, in UTF-8 and with a tab.
        check(
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:\xe5\x8d\r\n \x8e\xe4\xb8\x9c vi\r\n\tsit\r\n\
            END:VEVENT\r\nEND:VCALENDAR\r\n",
            &[Ok("华东 visit")],
        );
        // GB18030 without a word about it.
        check(
            b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:\xbb\xaa\xb6\xab\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            &[Ok("华东")],
        );
    }

    #[test]
    fn a_calendar_that_takes_back_says_so() {
        let file = read(
            b"BEGIN:VCALENDAR\nMETHOD:CANCEL\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n\
            BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:2\nEND:VEVENT\nEND:VCALENDAR\n",
        );
        let taken_back: Vec<bool> = file.entries.iter().map(|raw| raw.taken_back).collect();
        assert_eq!(taken_back, [true, false]);
    }
}
