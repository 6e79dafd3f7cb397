//! Numbers as files write them: exact, with the marks and signs of several countries.

use std::cmp::Ordering;

/// An exact decimal number: `digits` with `places` of them behind the point.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: i128,
    places: u32,
}

/// The marks of a file's numbers.
#[derive(Debug, Clone, Copy)]
pub struct Marks {
    /// What separates thousands.
    pub thousands: Option<char>,
    /// What begins the fraction.
    pub decimal: char,
}

/// Signs of money and the currencies they may stand for; nothing stands for any.
const SIGNS: [(&str, &[&str]); 12] = [
    ("R$", &["BRL"]),
    ("US$", &["USD"]),
    ("HK$", &["HKD"]),
    ("¥", &["CNY", "JPY"]),
    ("￥", &["CNY", "JPY"]),
    ("元", &["CNY", "TWD", "HKD"]),
    ("€", &["EUR"]),
    ("£", &["GBP"]),
    ("₹", &["INR"]),
    ("₽", &["RUB"]),
    ("₩", &["KRW"]),
    ("$", &[]),
];

impl Decimal {
    /// Reads digits with at most one point; nothing when it is something else or too long.
    pub fn plain(text: &str) -> Option<Decimal> {
        Decimal::read(text, Marks { thousands: None, decimal: '.' })
    }

    /// Reads a number with a file's marks. Spaces between digits count as thousands marks;
    /// parentheses and a minus sign before or behind mean below zero.
    pub fn read(text: &str, marks: Marks) -> Option<Decimal> {
        let text = text.trim();
        let (text, bracketed) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            Some(inner) => (inner.trim(), true),
            None => (text, false),
        };
        let minus = ['-', '−', '－'];
        let (text, before) = match text.strip_prefix(minus) {
            Some(rest) => (rest.trim_start(), true),
            None => (text.strip_prefix('+').unwrap_or(text), false),
        };
        let (text, behind) = match text.strip_suffix(minus) {
            Some(rest) => (rest.trim_end(), true),
            None => (text, false),
        };
        if u8::from(bracketed) + u8::from(before) + u8::from(behind) > 1 {
            return None;
        }
        let (mut digits, mut places, mut point, mut any) = (0i128, 0u32, false, false);
        for sign in text.chars() {
            if let Some(digit) = sign.to_digit(10) {
                digits = digits.checked_mul(10)?.checked_add(i128::from(digit))?;
                places += u32::from(point);
                any = true;
            } else if sign == marks.decimal && !point {
                point = true;
            } else if !point && any && (Some(sign) == marks.thousands || is_space(sign)) {
                // A mark between digits says nothing.
            } else {
                return None;
            }
        }
        let below = bracketed || before || behind;
        any.then_some(Decimal { digits: if below { -digits } else { digits }, places })
    }

    /// Returns the sum; nothing when it is too long.
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let places = self.places.max(other.places);
        let digits = self.at(places)?.checked_add(other.at(places)?)?;
        Some(Decimal { digits, places })
    }

    /// Returns the product; nothing when it is too long.
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        let digits = self.digits.checked_mul(other.digits)?;
        Some(Decimal { digits, places: self.places.checked_add(other.places)? })
    }

    /// Returns the number with the other sign.
    #[must_use]
    pub const fn negated(self) -> Decimal {
        Decimal { digits: -self.digits, places: self.places }
    }

    /// Returns the whole number it is, if it is one.
    pub fn whole(self) -> Option<i64> {
        let shift = 10i128.checked_pow(self.places)?;
        (self.digits % shift == 0).then(|| i64::try_from(self.digits / shift).ok()).flatten()
    }

    fn at(self, places: u32) -> Option<i128> {
        self.digits.checked_mul(10i128.checked_pow(places.checked_sub(self.places)?)?)
    }
}

/// Zero.
impl Default for Decimal {
    fn default() -> Decimal {
        Decimal { digits: 0, places: 0 }
    }
}

impl std::fmt::Display for Decimal {
    /// Writes the number without zeros at the end of its fraction.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let places = self.places as usize;
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let fraction = fraction.trim_end_matches('0');
        let minus = if self.digits < 0 { "-" } else { "" };
        if fraction.is_empty() {
            write!(f, "{minus}{whole}")
        } else {
            write!(f, "{minus}{whole}.{fraction}")
        }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        let places = self.places.max(other.places);
        Some(self.at(places)?.cmp(&other.at(places)?))
    }
}

fn is_space(sign: char) -> bool {
    matches!(sign, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'')
}

/// Takes the signs and the code of a currency off a text. Nothing when they are of another.
pub fn without_currency(text: &str, currency: &str) -> Option<String> {
    let mut text = text.trim().to_owned();
    if let Some(at) = text.to_uppercase().find(currency)
        && text.is_char_boundary(at)
        && text.get(at..at + currency.len()).is_some_and(|code| code.eq_ignore_ascii_case(currency))
    {
        text.replace_range(at..at + currency.len(), "");
    } else if currency == "CNY" {
        text = text.replace("人民币", "").replace("RMB", "").replace("CN¥", "");
    }
    for (sign, of) in SIGNS {
        if text.contains(sign) {
            if !of.is_empty() && !of.contains(&currency) {
                return None;
            }
            text = text.replacen(sign, "", 1);
            break;
        }
    }
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, thousands: Option<char>, decimal: char, expected: Option<&str>) {
        let read = Decimal::read(text, Marks { thousands, decimal });
        assert_eq!(read.map(|read| read.to_string()).as_deref(), expected, "{text}");
    }

    #[test]
    fn numbers_are_read_exactly() {
        check("1234.50", None, '.', Some("1234.5"));
        check("1.234,56", Some('.'), ',', Some("1234.56"));
        check("1,234,567.8", Some(','), '.', Some("1234567.8"));
        check("1 234 567,80", None, ',', Some("1234567.8"));
        check("(12.00)", None, '.', Some("-12"));
        check("12.5-", None, '.', Some("-12.5"));
        check("-0.05", None, '.', Some("-0.05"));
        check("1,234", None, '.', None);
        check("1.2.3", None, '.', None);
        check("", None, '.', None);
        check("-", None, '.', None);
        check("(-1)", None, '.', None);
        check("1e5", None, '.', None);
        check(&"9".repeat(60), None, '.', None);
        let decimal = |text| Decimal::plain(text).expect("a number");
        assert_eq!(decimal("0.1").plus(decimal("0.25")).expect("a sum").to_string(), "0.35");
        assert_eq!(decimal("2.55").times(decimal("-6")).expect("a product").to_string(), "-15.3");
        assert_eq!(decimal("12.00").whole(), Some(12));
        assert_eq!(decimal("12.5").whole(), None);
        assert!(decimal("0.10") == decimal("0.1") && decimal("2") > decimal("1.99"));
    }

    #[test]
    fn signs_of_another_currency_are_seen() {
        let plain = |text, currency| without_currency(text, currency);
        assert_eq!(plain("￥1,200", "CNY").as_deref(), Some("1,200"));
        assert_eq!(plain("1200元", "CNY").as_deref(), Some("1200"));
        assert_eq!(plain("RMB 12", "CNY").as_deref(), Some("12"));
        assert_eq!(plain("R$ 12,50", "BRL").as_deref(), Some("12,50"));
        assert_eq!(plain("usd 12", "USD").as_deref(), Some("12"));
        assert_eq!(plain("-$5", "USD").as_deref(), Some("-5"));
        assert_eq!(plain("€5", "USD"), None);
        assert_eq!(plain("R$5", "USD"), None);
    }
}
