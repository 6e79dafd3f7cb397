//! Chinese names as they are typed in letters: `huadong`, `hdjx`, `huadjx` for 华东机械.
//!
//! A name is a row of characters; each may stand for any of its readings in full, or for their first
//! letters. Matching walks the name with the set of places in the typed text that can be reached, so
//! that a character with several readings costs no more than one with one.

use pinyin::ToPinyinMulti;

/// The most letters that are typed; a place in them is a bit.
const LETTERS_MAX: usize = 63;

/// How a typed text fits a name; the better fits come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    /// All of it.
    Whole,
    /// Its beginning.
    Start,
    /// A part of it.
    Within,
}

/// A text that may be typed pinyin: two letters or more, and nothing but letters and digits.
#[derive(Debug, Clone)]
pub(super) struct Typed(Vec<u8>);

impl Typed {
    /// Takes a text as typed.
    pub fn new(text: &str) -> Option<Typed> {
        let letters = text.bytes().filter(|byte| !matches!(byte, b' ' | b'\''));
        let letters: Vec<u8> = letters.map(|byte| byte.to_ascii_lowercase()).collect();
        let fits = (2..=LETTERS_MAX).contains(&letters.len())
            && letters.iter().all(u8::is_ascii_alphanumeric)
            && letters.iter().any(u8::is_ascii_alphabetic);
        fits.then_some(Typed(letters))
    }

    /// Returns how the text fits a name; nothing when it does not, or when the name has no Chinese.
    pub fn fits(&self, name: &str) -> Option<Fit> {
        if !name.chars().any(super::is_han) {
            return None;
        }
        let name: Vec<char> = name.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect();
        match self.walk(&name) {
            Some(0) => Some(Fit::Whole),
            Some(_) => Some(Fit::Start),
            None => {
                let mut ends = (1..name.len()).filter_map(|from| name.get(from..));
                ends.any(|end| self.walk(end).is_some()).then_some(Fit::Within)
            }
        }
    }

    /// Returns the fewest characters that can be left when the text is used up.
    fn walk(&self, name: &[char]) -> Option<usize> {
        let (mut reached, mut left): (u64, Option<usize>) = (1, None);
        for (index, character) in name.iter().enumerate() {
            reached = self.step(reached, *character);
            if reached & (1 << self.0.len()) != 0 {
                left = Some(name.len() - index - 1);
            }
            if reached == 0 {
                break;
            }
        }
        left
    }

    /// Returns the places that are reached from some places over one character.
    fn step(&self, reached: u64, character: char) -> u64 {
        let mut next = 0;
        let mut take = |reading: &str| {
            for at in (0..self.0.len()).filter(|at| reached & (1 << at) != 0) {
                let rest = self.0.get(at..).unwrap_or_default();
                for length in lengths(reading) {
                    let letters = reading.as_bytes().get(..length).unwrap_or_default();
                    if rest.starts_with(letters) {
                        next |= 1 << (at + length);
                    }
                }
                // The last syllable need not be typed to its end.
                if reading.as_bytes().starts_with(rest) {
                    next |= 1 << self.0.len();
                }
            }
        };
        match character.to_pinyin_multi() {
            Some(readings) => readings.into_iter().for_each(|reading| match reading.plain() {
                // Keyboards have no ü: it is typed v, or u.
                reading if reading.contains('ü') => {
                    take(&reading.replace('ü', "v"));
                    take(&reading.replace('ü', "u"));
                }
                reading => take(reading),
            }),
            None => take(character.encode_utf8(&mut [0; 4])),
        }
        next
    }
}

/// How much of a reading may be typed before the next character begins: all, its first letter, or
/// both letters of `zh`, `ch` and `sh`.
fn lengths(reading: &str) -> impl Iterator<Item = usize> {
    let initial = match reading.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => Some(2),
        _ => None,
    };
    let first = reading.chars().next().map(char::len_utf8);
    first.into_iter().chain(initial).chain([reading.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_as_they_are_typed() {
        let check = |typed: &str, name: &str, expected: Option<Fit>| {
            let fit = Typed::new(typed).and_then(|typed| typed.fits(name));
            assert_eq!(fit, expected, "{typed} {name}");
        };
        check("huadongjixie", "华东机械", Some(Fit::Whole));
        check("hdjx", "华东机械", Some(Fit::Whole));
        check("huadjx", "华东机械", Some(Fit::Whole));
        check("hua dong ji xie", "华东机械", Some(Fit::Whole));
        check("HDJX", "华东机械有限公司", Some(Fit::Start));
        check("huad", "华东机械", Some(Fit::Start));
        check("jixie", "华东机械", Some(Fit::Within));
        check("jx", "上海华东机械", Some(Fit::Within));
        check("hdxj", "华东机械", None);
        // Both readings of 重, both letters of an initial, letters and digits of the name itself.
        check("chongqing", "重庆", Some(Fit::Whole));
        check("zhongqing", "重庆", Some(Fit::Whole));
        check("shh", "上海", Some(Fit::Whole));
        check("abjixie2", "AB机械（2）", Some(Fit::Whole));
        // A vowel that is a whole reading and a first letter at once.
        check("xian", "西安", Some(Fit::Whole));
        check("lvye", "绿叶", Some(Fit::Whole));
        check("acme", "Acme Ltd", None);
        check("h", "华", None);
        check("12", "华东12", None);
    }
}
