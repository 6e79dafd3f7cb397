//! What the values of a column look like.

use chrono::{NaiveDate, NaiveDateTime};

use crate::import::decimal::{Decimal, Marks, without_currency};

/// Formats of days and times, the likeliest first.
const FORMATS: [&str; 26] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%.f%:z",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日 %H时%M分",
    "%Y年%m月%d日",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%d %b %Y",
    "%Y%m%d",
    "excel",
];

/// The formats that a column's days and times are in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// The formats that are needed, the most frequent first.
    pub formats: Vec<&'static str>,
    /// Whether a time of day is among them.
    pub timed: bool,
    /// Another reading that fits as well: day and month the other way round.
    pub ambiguous: bool,
}

fn fits(value: &str, format: &str) -> bool {
    match format {
        // Numbers of days since 1900 for the years from 1982 to 2064.
        "excel" => value.parse::<f64>().is_ok_and(|days| (30_000.0..60_000.0).contains(&days)),
        "%Y-%m-%dT%H:%M:%S%.f%:z" => chrono::DateTime::parse_from_str(value, format).is_ok(),
        "%Y%m%d" if value.len() != 8 => false,
        _ => {
            NaiveDateTime::parse_from_str(value, format).is_ok()
                || NaiveDate::parse_from_str(value, format).is_ok_and(|day| {
                    !format.contains("%H") && (1900..2200).contains(&chrono::Datelike::year(&day))
                })
        }
    }
}

/// Tells whether a few values may be mistakes, which an import then refuses by place: one in five.
const fn may_stray(strays: usize, of: usize) -> bool {
    strays * 5 <= of
}

/// Finds the formats that together read the values; nothing when too many are no days.
pub fn days(values: &[&str]) -> Option<Days> {
    let mut filled: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
    let mut left = filled.clone();
    let mut formats = Vec::new();
    while !left.is_empty() {
        let count = |format: &&str| left.iter().filter(|value| fits(value, format)).count();
        let best = FORMATS.iter().rev().max_by_key(|format| count(format))?;
        if count(best) == 0 || formats.len() == 3 {
            if !may_stray(left.len(), filled.len()) {
                return None;
            }
            filled.retain(|value| !left.contains(value));
            break;
        }
        formats.push(*best);
        left.retain(|value| !fits(value, best));
    }
    let first = *formats.first()?;
    let other = if first.starts_with("%d/%m") {
        first.replacen("%d/%m", "%m/%d", 1)
    } else {
        first.replacen("%m/%d", "%d/%m", 1)
    };
    let slashed = first.starts_with("%d/%m") || first.starts_with("%m/%d");
    let ambiguous = slashed && filled.iter().all(|value| fits(value, &other));
    let timed = formats.iter().any(|format| format.contains("%H"));
    Some(Days { formats, timed, ambiguous })
}

/// Finds the marks that read the values as amounts in a currency; nothing when too many are none.
pub fn amounts(values: &[&str], currency: &str) -> Option<Marks> {
    let candidates = [
        Marks { thousands: None, decimal: '.' },
        Marks { thousands: Some(','), decimal: '.' },
        Marks { thousands: None, decimal: ',' },
        Marks { thousands: Some('.'), decimal: ',' },
    ];
    let filled: Vec<&str> = values.iter().copied().filter(|value| !value.is_empty()).collect();
    let cents = |number: &Decimal| number.times(hundred()).and_then(Decimal::whole).is_some();
    let reads = |marks: &Marks| {
        let read = filled.iter().filter(|value| {
            let plain = without_currency(value, currency);
            plain
                .and_then(|plain| Decimal::read(&plain, *marks))
                .is_some_and(|number| cents(&number))
        });
        read.count()
    };
    let best = candidates.into_iter().rev().max_by_key(reads)?;
    let strays = filled.len() - reads(&best);
    (!filled.is_empty() && may_stray(strays, filled.len())).then_some(best)
}

fn hundred() -> Decimal {
    Decimal::plain("100").unwrap_or_default()
}

/// Tells whether values are filled and no two are alike.
pub fn unique(values: impl IntoIterator<Item = String>) -> bool {
    let mut seen = std::collections::HashSet::new();
    let mut any = false;
    let all = values.into_iter().all(|value| {
        any = true;
        !value.is_empty() && seen.insert(value)
    });
    any && all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_found_by_content() {
        let found = |values: &[&str]| days(values).map(|days| (days.formats, days.ambiguous));
        assert_eq!(found(&["2024-01-05", ""]), Some((vec!["%Y-%m-%d"], false)));
        assert_eq!(found(&["2024年1月5日", "2024年12月5日"]), Some((vec!["%Y年%m月%d日"], false)));
        assert_eq!(found(&["1/26/2013", "12/2/2013"]), Some((vec!["%m/%d/%Y"], false)));
        assert_eq!(found(&["26/1/2013", "12/2/2013"]), Some((vec!["%d/%m/%Y"], false)));
        assert_eq!(found(&["1/2/2013"]), Some((vec!["%d/%m/%Y"], true)));
        assert_eq!(found(&["2024-01-05 09:30", "2024-01-06"]).map(|found| found.0.len()), Some(2));
        assert_eq!(found(&["Jane"]), None);
        let one_stray =
            ["2025年3月5日", "2025年3月12日", "2025年4月1日", "2025年5月6日", "五月九日"];
        assert_eq!(found(&one_stray), Some((vec!["%Y年%m月%d日"], false)));
        assert_eq!(found(&one_stray[1..]), None);
        assert_eq!(found(&["12.50"]), None);
        let marks =
            |values: &[&str], currency| amounts(values, currency).map(|m| (m.thousands, m.decimal));
        assert_eq!(marks(&["1,234.50", "12"], "CNY"), Some((Some(','), '.')));
        assert_eq!(marks(&["￥1200.00"], "CNY"), Some((None, '.')));
        assert_eq!(marks(&["1.234,50", "12,00"], "EUR"), Some((Some('.'), ',')));
        assert_eq!(marks(&["€5"], "CNY"), None);
    }
}
