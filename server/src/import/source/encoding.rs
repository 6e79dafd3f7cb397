//! Which encoding a file is in, and its text as UTF-8.
//!
//! A byte order mark decides; else a sample is looked at. UTF-8, UTF-16 and GB18030 (with it GBK and
//! GB 2312) are recognised; anything else that is likely is named, so that a mapping can say it.

use std::io::{self, Read};

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, GBK, UTF_8, UTF_16BE, UTF_16LE};

use super::SourceError;

/// The most bytes looked through for the first that is not ASCII.
const SEARCHED_SIZE_BYTES_MAX: usize = 64 << 20;
/// Bytes looked at from there on.
const SAMPLE_SIZE_BYTES: usize = 256 << 10;
/// What stands for bytes that are no text: a byte no UTF-8 text has.
const NOT_TEXT: u8 = 0xFF;

/// Finds a file's encoding by reading its beginning.
///
/// # Errors
/// [`SourceError::Encoding`] naming what it is likely to be, when that is not one of the recognised.
pub fn recognise(input: &mut dyn Read) -> Result<&'static Encoding, SourceError> {
    let sample = sample(input)?;
    if sample.starts_with(&[0xFF, 0xFE, 0, 0]) || sample.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(SourceError::Encoding { found: "UTF-32".to_owned() });
    }
    if let Some((encoding, _)) = Encoding::for_bom(&sample) {
        return Ok(encoding);
    }
    if let Some(encoding) = utf_16(&sample) {
        return Ok(encoding);
    }
    let (wide, wrong) = utf_8_characters(&sample);
    // A damaged row or two do not make a file another encoding, and one place alone says nothing.
    if wrong == 0 || wide > 20 * wrong || (wide == 0 && wrong == 1) {
        return Ok(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&sample, true);
    let guessed = detector.guess(None, Utf8Detection::Deny);
    if guessed == GBK || guessed == GB18030 || is_likely_chinese(&sample) {
        return Ok(GB18030);
    }
    Err(SourceError::Encoding { found: guessed.name().to_owned() })
}

/// Tells whether the few wide characters of a short file are mostly common Chinese ones: too few for
/// the detector. With more of them it can tell Korean apart, which shares these bytes.
fn is_likely_chinese(sample: &[u8]) -> bool {
    let (mut common, mut other, mut rest) = (0u32, 0u32, sample);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if first.is_ascii() {
            continue;
        }
        match (first, after.first()) {
            (0xB0..=0xD7, Some(0xA1..=0xFE)) => common += 1,
            _ => other += 1,
        }
        rest = after.get(1..).unwrap_or_default();
    }
    let whole = sample.iter().rposition(|byte| *byte == b'\n').unwrap_or(sample.len());
    let lines = sample.get(..whole).unwrap_or_default();
    let decodes = GB18030.decode_without_bom_handling_and_without_replacement(lines).is_some();
    decodes && common + other < 100 && common > 2 * other
}

/// Reads to the first byte that is not ASCII and a sample from the line it is in on; plain ASCII
/// before it says nothing.
fn sample(input: &mut dyn Read) -> io::Result<Vec<u8>> {
    let (mut sample, mut searched) = (Vec::new(), 0);
    loop {
        let before = sample.len();
        let read = input.take(SAMPLE_SIZE_BYTES as u64).read_to_end(&mut sample)?;
        let fresh = sample.get(before..).unwrap_or_default();
        let plain = |byte: &u8| byte.is_ascii() && *byte != 0;
        searched += read;
        if searched > SAMPLE_SIZE_BYTES && before > SAMPLE_SIZE_BYTES {
            return Ok(sample);
        }
        if read < SAMPLE_SIZE_BYTES || searched > SEARCHED_SIZE_BYTES_MAX {
            return Ok(sample);
        }
        match fresh.iter().position(|byte| !plain(byte)) {
            Some(at) if searched == read && at == 0 => return Ok(sample),
            Some(at) => {
                let line = sample.get(..before + at).unwrap_or_default();
                let line = line.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let start = if searched == read { 0 } else { line };
                sample.drain(..start);
                input.take(SAMPLE_SIZE_BYTES as u64).read_to_end(&mut sample)?;
                return Ok(sample);
            }
            None => sample.clear(),
        }
    }
}

/// UTF-16 without a mark: every other byte of plain text is zero.
fn utf_16(sample: &[u8]) -> Option<&'static Encoding> {
    let pairs = sample.chunks_exact(2).take(2000);
    let (mut count, mut little, mut big) = (0u32, 0u32, 0u32);
    for pair in pairs {
        count += 1;
        match pair {
            [low, 0] if *low != 0 => little += 1,
            [0, high] if *high != 0 => big += 1,
            _ => {}
        }
    }
    match (little * 5 > count * 2, big * 5 > count * 2) {
        (true, false) => Some(UTF_16LE),
        (false, true) => Some(UTF_16BE),
        _ => None,
    }
}

/// Counts characters beyond ASCII, and places that are not UTF-8; a cut last one is neither.
fn utf_8_characters(mut sample: &[u8]) -> (usize, usize) {
    let (mut wide, mut wrong) = (0, 0);
    loop {
        let (valid, bad) = match std::str::from_utf8(sample) {
            Ok(text) => (text, None),
            Err(error) => {
                let valid = sample.get(..error.valid_up_to()).unwrap_or_default();
                let bad = error.error_len().map(|length| error.valid_up_to() + length);
                (std::str::from_utf8(valid).unwrap_or_default(), bad)
            }
        };
        wide += valid.chars().filter(|character| !character.is_ascii()).count();
        match bad {
            Some(next) => {
                wrong += 1;
                sample = sample.get(next..).unwrap_or_default();
            }
            None => return (wide, wrong),
        }
    }
}

/// A file's text as UTF-8, without its byte order mark. A sequence that is no text becomes a byte
/// that no UTF-8 has, so that its row is refused by place.
pub struct Decoded<R> {
    input: R,
    decoder: Decoder,
    raw: Vec<u8>,
    raw_from: usize,
    ended: bool,
    text: Vec<u8>,
    text_from: usize,
}

impl<R: Read> Decoded<R> {
    /// Starts decoding; a byte order mark wins over what was said.
    pub fn new(input: R, encoding: &'static Encoding) -> Decoded<R> {
        Decoded {
            input,
            decoder: encoding.new_decoder(),
            raw: Vec::new(),
            raw_from: 0,
            ended: false,
            text: Vec::new(),
            text_from: 0,
        }
    }

    /// Decodes until there is text or the file ends.
    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.text_from = 0;
        let mut done = false;
        while self.text.is_empty() && !done {
            if self.raw_from >= self.raw.len() && !self.ended {
                self.raw.clear();
                self.raw_from = 0;
                let read = (&mut self.input).take(1 << 16).read_to_end(&mut self.raw)?;
                self.ended = read == 0;
            }
            let raw = self.raw.get(self.raw_from..).unwrap_or_default();
            let most = self.decoder.max_utf8_buffer_length_without_replacement(raw.len());
            self.text.resize(most.unwrap_or(raw.len() * 3 + 16), 0);
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(raw, &mut self.text, self.ended);
            self.raw_from += read;
            self.text.truncate(written);
            match result {
                DecoderResult::Malformed(..) => self.text.push(NOT_TEXT),
                DecoderResult::InputEmpty => done = self.ended,
                DecoderResult::OutputFull => {}
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.text_from >= self.text.len() {
            if self.ended && self.raw_from >= self.raw.len() {
                return Ok(0);
            }
            self.refill()?;
        }
        let ready = self.text.get(self.text_from..).unwrap_or_default();
        let count = ready.len().min(buffer.len());
        if let (Some(target), Some(source)) = (buffer.get_mut(..count), ready.get(..count)) {
            target.copy_from_slice(source);
        }
        self.text_from += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bytes: &[u8]) -> String {
        match recognise(&mut &*bytes) {
            Ok(encoding) => encoding.name().to_owned(),
            Err(SourceError::Encoding { found }) => format!("not {found}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn encodings_are_recognised_or_named() {
        let chinese = "客户名称,联系人,电话\n华东机械有限公司,王伟,13800138000\n".repeat(3);
        let gbk = GB18030.encode(&chinese).0;
        assert_eq!(named(&gbk), "gb18030");
        assert_eq!(named(chinese.as_bytes()), "UTF-8");
        assert_eq!(named(b"plain,ascii\n1,2\n"), "UTF-8");
        assert_eq!(named(b""), "UTF-8");
        let far = [&b"id,name\n".repeat(100_000)[..], &gbk].concat();
        assert_eq!(named(&far), "gb18030");
        let mut damaged = chinese.repeat(30).into_bytes();
        damaged[40] = 0xFF;
        assert_eq!(named(&damaged), "UTF-8");
        let utf16: Vec<u8> =
            "name,city\nJane,London\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(named(&utf16), "UTF-16LE");
        assert_eq!(named(&[&[0xFE, 0xFF][..], b"\0a"].concat()), "UTF-16BE");
        assert_eq!(named(&[0xFF, 0xFE, 0, 0, 65, 0, 0, 0]), "not UTF-32");
        let latin = encoding_rs::WINDOWS_1252.encode("café à la crème, déjà vu à São Paulo").0;
        assert_eq!(named(&latin), "not windows-1252");
    }

    #[test]
    fn text_is_decoded_across_the_edges_of_what_was_read() {
        let text = "华东,精密\n".repeat(40_000);
        let mut decoded = String::new();
        Decoded::new(&*GB18030.encode(&text).0, GB18030)
            .read_to_string(&mut decoded)
            .expect("text");
        assert!(decoded == text);
        let mut bytes = Vec::new();
        Decoded::new(&b"\xEF\xBB\xBFa\xC3"[..], UTF_8).read_to_end(&mut bytes).expect("bytes");
        assert_eq!(bytes, b"a\xFF");
    }
}
