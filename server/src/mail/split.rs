//! A stream of bytes becomes messages: one message as it is, an mbox file, or netstrings.
//!
//! An mbox file is a row of messages, each after a line `From sender date` and before an empty line.
//! Lines of a message that begin with `From ` were given a `>` in front when the file was written
//! (mboxo), or those with any number of `>` before it (mboxrd, RFC 4155 and its relatives); one `>`
//! is taken away again. Because some programs forget the `>`, a line counts as the start of a
//! message only after an empty line and when it ends as such lines do: with a time and a year.
//!
//! Netstrings are `length ":" bytes ","` one after the other; they carry messages byte for byte.
//!
//! Invariant: at most one message, and of it at most [`MESSAGE_SIZE_BYTES_MAX`], is in memory.

use std::io::{self, BufRead, BufReader, Read};

/// The most bytes one message may have.
pub const MESSAGE_SIZE_BYTES_MAX: u64 = 64 << 20;

/// How messages follow each other in a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// The stream is one message.
    Single,
    /// The stream is an mbox file.
    Mbox,
    /// The stream is a row of netstrings.
    Netstrings,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framed {
    /// A whole message.
    Whole,
    /// A message that is larger than allowed; its size in bytes.
    TooLarge(u64),
}

/// Reads messages from a stream.
pub struct Messages<R> {
    input: BufReader<R>,
    framing: Framing,
    limit: u64,
    line: Vec<u8>,
    /// The line that starts the next message has been read.
    at_start: bool,
    ended: bool,
}

impl<R: Read> Messages<R> {
    /// Starts reading.
    pub fn new(input: R, framing: Framing) -> Self {
        Messages::with_limit(input, framing, MESSAGE_SIZE_BYTES_MAX)
    }

    fn with_limit(input: R, framing: Framing, limit: u64) -> Self {
        let input = BufReader::with_capacity(256 << 10, input);
        Messages { input, framing, limit, line: Vec::new(), at_start: false, ended: false }
    }

    /// Reads the next message into `message`; nothing when there is none.
    ///
    /// # Errors
    /// What the stream says, and `InvalidData` when netstrings are malformed.
    pub fn read(&mut self, message: &mut Vec<u8>) -> io::Result<Option<Framed>> {
        message.clear();
        if self.ended {
            return Ok(None);
        }
        match self.framing {
            Framing::Single => {
                self.ended = true;
                self.take(u64::MAX, message).map(Some)
            }
            Framing::Netstrings => self.netstring(message),
            Framing::Mbox => self.mbox(message),
        }
    }

    /// Moves `size` bytes, or all there are, into `message` as far as it may grow.
    fn take(&mut self, size: u64, message: &mut Vec<u8>) -> io::Result<Framed> {
        let (mut left, mut moved) = (size, 0u64);
        while left > 0 {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                break;
            }
            let part = usize::try_from(left).unwrap_or(usize::MAX).min(ready.len());
            if moved + part as u64 <= self.limit {
                message.extend_from_slice(ready.get(..part).unwrap_or_default());
            }
            self.input.consume(part);
            moved += part as u64;
            left -= part as u64;
        }
        if left > 0 && size != u64::MAX {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(if moved > self.limit { Framed::TooLarge(moved) } else { Framed::Whole })
    }

    fn netstring(&mut self, message: &mut Vec<u8>) -> io::Result<Option<Framed>> {
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "not a row of netstrings");
        let (mut size, mut digits) = (0u64, 0);
        loop {
            let mut byte = [0u8; 1];
            if self.input.read(&mut byte)? == 0 {
                self.ended = true;
                return if digits == 0 { Ok(None) } else { Err(malformed()) };
            }
            match byte {
                [digit @ b'0'..=b'9'] if digits < 18 => {
                    size = size * 10 + u64::from(digit - b'0');
                    digits += 1;
                }
                [b':'] if digits > 0 => break,
                _ => return Err(malformed()),
            }
        }
        let framed = self.take(size, message)?;
        let mut comma = [0u8; 1];
        self.input.read_exact(&mut comma)?;
        if comma == [b','] { Ok(Some(framed)) } else { Err(malformed()) }
    }

    fn mbox(&mut self, message: &mut Vec<u8>) -> io::Result<Option<Framed>> {
        let (mut size, mut after_empty, mut lines) = (0u64, !self.at_start, 0u64);
        loop {
            if !self.read_line()? {
                self.ended = true;
                // A file that ends after a start line, or only with empty lines, holds no more.
                let nothing = message.iter().all(u8::is_ascii_whitespace) && size <= self.limit;
                if nothing && !self.at_start {
                    return Ok(None);
                }
                break;
            }
            if after_empty && is_start(&self.line) {
                let first = lines == 0 && !self.at_start;
                self.at_start = true;
                if first {
                    after_empty = false;
                    continue;
                }
                break;
            }
            lines += 1;
            after_empty = matches!(self.line.as_slice(), b"\n" | b"\r\n");
            if lines == 1 && after_empty && !self.at_start {
                // Empty lines before the first start line.
                lines = 0;
                continue;
            }
            let line = unescaped(&self.line);
            size += line.len() as u64;
            if size <= self.limit {
                message.extend_from_slice(line);
            }
        }
        if size > self.limit {
            return Ok(Some(Framed::TooLarge(size)));
        }
        // The empty line before the next start line is the file's, not the message's.
        for end in [b"\r\n\r\n".as_slice(), b"\n\n"] {
            if message.ends_with(end) {
                message.truncate(message.len() - end.len() / 2);
                break;
            }
        }
        Ok(Some(Framed::Whole))
    }

    /// Reads a line with its end; a very long one is cut at the limit, beyond which no message may
    /// grow anyway.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut any = false;
        loop {
            let ready = self.input.fill_buf()?;
            if ready.is_empty() {
                return Ok(any);
            }
            any = true;
            let end = ready.iter().position(|byte| *byte == b'\n');
            let part = end.map_or(ready.len(), |end| end + 1);
            if (self.line.len() as u64) <= self.limit {
                self.line.extend_from_slice(ready.get(..part).unwrap_or_default());
            }
            self.input.consume(part);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// Tells whether a line starts a message: `From `, a sender, and somewhere a time and a year.
pub fn is_start(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let words = || rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let time = |word: &[u8]| {
        word.iter().filter(|byte| **byte == b':').count() >= 1
            && word.iter().all(|byte| byte.is_ascii_digit() || *byte == b':')
    };
    let year = |word: &[u8]| word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    words().any(time) && words().any(year)
}

/// Takes away the `>` that was put before a line beginning with `From `.
fn unescaped(line: &[u8]) -> &[u8] {
    let quotes = line.iter().take_while(|byte| **byte == b'>').count();
    let rest = line.get(quotes..).unwrap_or_default();
    if quotes > 0 && rest.starts_with(b"From ") { line.get(1..).unwrap_or_default() } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str, framing: Framing, limit: u64) -> Vec<(Framed, String)> {
        let mut messages = Messages::with_limit(text.as_bytes(), framing, limit);
        let (mut found, mut message) = (Vec::new(), Vec::new());
        while let Some(framed) = messages.read(&mut message).expect("readable") {
            found.push((framed, String::from_utf8(message.clone()).expect("text")));
        }
        found
    }

    fn mbox(text: &str) -> Vec<String> {
        split(text, Framing::Mbox, 1 << 20).into_iter().map(|(_, message)| message).collect()
    }

    #[test]
    fn an_mbox_is_split_where_messages_start() {
        let start = "From a@b.example Sat Jan  3 01:05:34 2026\n";
        let one = format!("{start}Subject: a\n\n>From here\n>>From there\n\n");
        let two = format!("{start}Subject: b\n\nFrom today on we deliver.\n\nFrom Monday on.\n\n");
        assert_eq!(
            mbox(&format!("{one}{two}")),
            [
                "Subject: a\n\nFrom here\n>From there\n",
                "Subject: b\n\nFrom today on we deliver.\n\nFrom Monday on.\n",
            ]
        );
        assert_eq!(mbox(&format!("\n\n{one}")).len(), 1);
        assert_eq!(mbox("Subject: no start line\n\ntext\n"), ["Subject: no start line\n\ntext\n"]);
        assert_eq!(mbox(""), Vec::<String>::new());
        assert_eq!(
            mbox(&one.replace('\n', "\r\n")),
            ["Subject: a\r\n\r\nFrom here\r\n>From there\r\n"]
        );
    }

    #[test]
    fn a_message_that_is_too_large_is_counted_and_passed_over() {
        let start = "From a@b.example Sat Jan  3 01:05:34 2026\n";
        let text = format!("{start}S: {}\n\n{start}S: b\n\n", "x".repeat(100));
        let found = split(&text, Framing::Mbox, 20);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].0, Framed::TooLarge(105));
        assert_eq!(found[1], (Framed::Whole, "S: b\n".to_owned()));
        let found =
            split("31:Subject: a, that is far too big,8:S: b\n\nhi,", Framing::Netstrings, 20);
        assert_eq!(found[0].0, Framed::TooLarge(31));
        assert_eq!(found[1], (Framed::Whole, "S: b\n\nhi".to_owned()));
    }

    #[test]
    fn netstrings_that_are_none_are_told() {
        for text in ["12:short,", "x", "3:abc;", "5"] {
            let mut messages = Messages::new(text.as_bytes(), Framing::Netstrings);
            assert!(messages.read(&mut Vec::new()).is_err(), "{text}");
        }
    }
}
