//! Texts of messages on their way into events: decoded, cleaned of control characters, bounded.

use encoding_rs::{Encoding, GB18030};
use std::borrow::Cow;

/// Returns bytes as text: as UTF-8, else in the encoding they say, else as GB18030, the superset of
/// what Chinese programs write without saying so. Nothing when none of them fits.
pub(crate) fn decoded(bytes: &[u8], label: Option<&str>) -> Option<String> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(text.to_owned());
    }
    let said = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    said.into_iter().chain([GB18030]).find_map(|encoding| {
        encoding.decode_without_bom_handling_and_without_replacement(bytes).map(Cow::into_owned)
    })
}

/// Makes a text fit: no control characters but line ends (when it may have several lines) and tabs,
/// at most `max` bytes, trimmed. Nothing when nothing is left.
pub(crate) fn fitted(text: &str, max: usize, lines: bool) -> Option<String> {
    let mut fit = String::with_capacity(text.len().min(max));
    for character in text.replace("\r\n", "\n").chars() {
        let character = match character {
            '\n' | '\t' if lines => character,
            '\r' if lines => '\n',
            character if character.is_control() => ' ',
            character => character,
        };
        if fit.len() + character.len_utf8() > max.saturating_sub('…'.len_utf8()) {
            fit.push('…');
            break;
        }
        fit.push(character);
    }
    let trimmed = fit.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Joins the folded lines of a calendar or vCard, as bytes: programs fold in the middle of a character.
/// A quoted-printable line that is broken softly stays as it is.
pub(crate) fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut joined: Vec<u8> = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let folded = match rest {
            [b'\r', b'\n', b' ' | b'\t', after @ ..] | [b'\n', b' ' | b'\t', after @ ..] => {
                Some(after)
            }
            _ => None,
        };
        match folded.filter(|_| joined.last() != Some(&b'=')) {
            Some(after) => rest = after,
            None => {
                let line_end = if rest.starts_with(b"\r\n") { 2 } else { 1 };
                let (kept, after) = rest.split_at(line_end);
                joined.extend_from_slice(kept);
                rest = after;
            }
        }
    }
    joined
}

/// Joins folded lines and runs of spaces, so that a header folded otherwise is the same.
pub(crate) fn unfolded(bytes: &[u8]) -> Vec<u8> {
    let words = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(b" ".as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_text_in_the_encoding_that_fits() {
        assert_eq!(decoded("报价".as_bytes(), None).as_deref(), Some("报价"));
        assert_eq!(decoded(b"\xb1\xa8\xbc\xdb", None).as_deref(), Some("报价"));
        assert_eq!(decoded(b"\xb3\xf8\xbb\xf9", Some("big5")).as_deref(), Some("報價"));
        assert_eq!(decoded(b"caf\xe9", Some("iso-8859-1")).as_deref(), Some("café"));
        assert_eq!(decoded(b"\xff\xff", None), None);
    }

    #[test]
    fn texts_are_cleaned_and_cut_at_a_character() {
        assert_eq!(fitted(" a\u{0}b\r\nc ", 100, true).as_deref(), Some("a b\nc"));
        assert_eq!(fitted("a\nb", 100, false).as_deref(), Some("a b"));
        assert_eq!(fitted("报价单", 9, false).as_deref(), Some("报价…"));
        assert_eq!(fitted("\u{7}", 9, false), None);
        assert_eq!(unfolded(b" a\r\n\tb  c"), b"a b c");
        assert_eq!(
            joined(b"a\xe5\r\n \x8d\x8e\n\tb\r\nc=\r\n d\r\n"),
            b"a\xe5\x8d\x8eb\r\nc=\r\n d\r\n"
        );
    }
}
