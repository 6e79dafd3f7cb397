//! Words, times and amounts as people read them.

use daybook_core::time::Timestamp;
use daybook_server::api::money::AmountView;

/// The language of labels and summaries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Lang {
    #[allow(missing_docs)]
    En,
    #[allow(missing_docs)]
    Zh,
}

impl Lang {
    /// Returns the text in this language.
    pub const fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// Returns the one of two things that belongs to this language.
    pub fn pick2<T>(self, en: T, zh: T) -> T {
        match self {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    /// Returns the language's tag (BCP 47).
    pub const fn tag(self) -> &'static str {
        self.pick("en", "zh")
    }

    /// Returns the language of the environment.
    pub fn of_environment() -> Lang {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        match names.into_iter().find_map(variable) {
            Some(locale) if locale.starts_with("zh") => Lang::Zh,
            _ => Lang::En,
        }
    }
}

/// Returns a value of a closed list of the domain, such as `company`, as people say it.
pub fn labelled(value: &str, lang: Lang) -> String {
    match lang {
        Lang::En => value.replace('_', " "),
        Lang::Zh => crate::help::zh::value(value).unwrap_or(value).to_owned(),
    }
}

/// Writes an instant in a zone to the minute.
pub fn instant(instant: Timestamp, zone: &str) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::UTC);
    instant.to_chrono().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// Writes amounts with their digits in groups, such as `1,234.50 CNY`; a dash when there is none.
pub fn amounts(amounts: &[AmountView]) -> String {
    if amounts.is_empty() {
        return "-".to_owned();
    }
    let one = |amount: &AmountView| {
        let (whole, rest) = match amount.decimal.split_once('.') {
            Some((whole, fraction)) => (whole, format!(".{fraction}")),
            None => (amount.decimal.as_str(), String::new()),
        };
        format!("{}{rest} {}", group_digits(whole), amount.currency)
    };
    amounts.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Writes a number with its digits in groups of three.
pub fn grouped(number: u64) -> String {
    group_digits(&number.to_string())
}

fn group_digits(digits: &str) -> String {
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits),
    };
    let mut grouped = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups() {
        assert_eq!(group_digits("1"), "1");
        assert_eq!(group_digits("-1234567"), "-1,234,567");
        assert_eq!(grouped(1000), "1,000");
    }
}
