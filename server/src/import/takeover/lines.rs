//! The lines of an export, one in memory at a time, and the attached files among them.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::export::check::line;
use crate::export::jsonl::{DAMAGED_MARK, PART_MARK, Part};
use crate::text::Text;

/// The lines of a file.
pub struct Lines<R> {
    input: R,
    text: Vec<u8>,
    number: u64,
    size_bytes: u64,
    held: bool,
}

impl<R: BufRead> Lines<R> {
    /// Starts before the first line.
    pub const fn new(input: R) -> Lines<R> {
        Lines { input, text: Vec::new(), number: 0, size_bytes: 0, held: false }
    }

    /// Reads the next line; tells whether there is one.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn next(&mut self) -> io::Result<bool> {
        if std::mem::take(&mut self.held) {
            return Ok(!self.text.is_empty());
        }
        self.number += 1;
        let there = line(&mut self.input, &mut self.text)?;
        self.size_bytes += self.text.len() as u64;
        Ok(there)
    }

    /// Returns how many bytes were read.
    pub const fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Returns the line that was read.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the number of the line that was read, counted from 1.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Tells whether the line that was read belongs to the content of an attached file.
    pub fn is_content(&self) -> bool {
        self.text.starts_with(PART_MARK) || self.text.starts_with(DAMAGED_MARK)
    }

    /// Returns the content that stands in the lines after this one; nothing when none does.
    ///
    /// # Errors
    /// What reading fails with.
    pub fn content(&mut self) -> io::Result<Option<Content<'_, R>>> {
        let there = self.next()? && self.is_content();
        self.held = true;
        Ok(there.then(|| Content { lines: self, part: Vec::new(), from: 0, broken: None }))
    }
}

/// Why the content of an attached file ended early.
#[derive(Debug)]
pub enum Broken {
    /// The lines could not be read.
    Lines(io::Error),
    /// The other ledger could not read its file, or a line is none of an export.
    Damaged(Text),
}

/// The content of an attached file, part by part.
pub struct Content<'a, R> {
    lines: &'a mut Lines<R>,
    part: Vec<u8>,
    from: usize,
    /// Why it ended early.
    pub broken: Option<Broken>,
}

impl<R: BufRead> Content<'_, R> {
    /// Reads the next part; nothing after the last.
    fn part(&mut self) -> Result<bool, Broken> {
        if !self.lines.next().map_err(Broken::Lines)? || !self.lines.is_content() {
            self.lines.held = true;
            return Ok(false);
        }
        let text = self.lines.text();
        if text.starts_with(DAMAGED_MARK) {
            let reason =
                Text::fixed("the other ledger could not read it", "另一账簿无法读取该文件");
            return Err(Broken::Damaged(reason));
        }
        let part: Part = serde_json::from_slice(text).map_err(|error| unreadable(&error))?;
        self.part = STANDARD.decode(part.part).map_err(|error| unreadable(&error))?;
        self.from = 0;
        Ok(true)
    }
}

fn unreadable(error: &dyn std::error::Error) -> Broken {
    let en = format!("a part of it is unreadable: {error}");
    Broken::Damaged(Text::from((en, format!("其中一部分无法读取：{error}"))))
}

impl<R: BufRead> Read for Content<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.from == self.part.len() {
            match self.part() {
                Ok(true) => {}
                Ok(false) => return Ok(0),
                Err(broken) => {
                    self.broken = Some(broken);
                    return Err(io::Error::other("the attached file broke off"));
                }
            }
        }
        let ready = self.part.get(self.from..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(source);
        }
        self.from += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ends_where_the_next_row_begins() {
        let text =
            b"{\"position\":1}\n{\"part\":\"YWI=\"}\n{\"part\":\"Yw==\"}\n{\"position\":2}\n";
        let mut lines = Lines::new(&text[..]);
        assert!(lines.next().unwrap());
        let mut content = Vec::new();
        lines.content().unwrap().unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content, b"abc");
        assert!(lines.next().unwrap());
        assert_eq!((lines.text(), lines.number()), (&b"{\"position\":2}\n"[..], 4));
        assert!(lines.content().unwrap().is_none());
        assert!(!lines.next().unwrap());
    }

    #[test]
    fn damage_is_told_from_the_end() {
        let text = b"{\"part\":\"YWI=\"}\n{\"file_damaged\":\"x\"}\n{\"position\":2}\n";
        let mut lines = Lines::new(&text[..]);
        let mut content = lines.content().unwrap().unwrap();
        assert!(content.read_to_end(&mut Vec::new()).is_err());
        assert!(matches!(content.broken, Some(Broken::Damaged(_))));
        assert!(lines.next().unwrap());
        assert_eq!(lines.text(), b"{\"position\":2}\n");
    }
}
