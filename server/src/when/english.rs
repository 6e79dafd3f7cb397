//! English: `friday`, `next tuesday 3pm`, `3 days ago`, `31 march`.

use chrono::{Datelike, Duration, NaiveDate, Weekday};

use super::Said;
use super::calendar::{Today, by_the_clock, colon, either_half, year_first};

/// The most words that are looked at.
const WORDS_MAX: usize = 8;

/// Reads a text in small letters.
pub(super) fn read(text: &str, today: Today) -> Option<Said> {
    let text = text.replace(',', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.is_empty() || words.len() > WORDS_MAX {
        return None;
    }
    if words == ["now"] {
        return Some(Said::Span(Duration::zero()));
    }
    if let Some(said) = span(&words, today) {
        return Some(said);
    }
    // Day and time in either order; one of them may be missing.
    for cut in 0..=words.len() {
        let (head, tail) = words.split_at(cut);
        for (days, times) in [(head, tail), (tail, head)] {
            let days = if days.is_empty() { Some(Vec::new()) } else { day(days, today) };
            let times = if times.is_empty() { Some(Vec::new()) } else { time(times) };
            if let (Some(days), Some(times)) = (days, times) {
                return Some(Said::At(days, times));
            }
        }
    }
    vague(&words, today)
}

/// Weeks and months without a day, and days with only a part of the day.
fn vague(words: &[&str], today: Today) -> Option<Said> {
    match words {
        ["this" | "next" | "last", "week" | "month" | "year"] => Some(Said::Vague("day")),
        ["tonight"] => Some(Said::Vague("hour")),
        [days @ .., "morning" | "afternoon" | "evening" | "night"]
            if days == ["this"] || day(days, today).is_some() =>
        {
            Some(Said::Vague("hour"))
        }
        _ => None,
    }
}

/// Reads `in 3 days`, `2 weeks ago`, `half an hour ago`.
fn span(words: &[&str], today: Today) -> Option<Said> {
    let (sign, length) = match words {
        ["in", length @ ..] => (1, length),
        [length @ .., "ago"] => (-1, length),
        [length @ .., "from", "now"] => (1, length),
        _ => return None,
    };
    let (count, unit) = match length {
        ["half", "an", "hour"] => return Some(Said::Span(Duration::minutes(30 * sign))),
        [count, unit] => (number(count)?, *unit),
        _ => return None,
    };
    let count = sign * i64::from(count);
    let on = |day: Option<NaiveDate>| Some(Said::At(vec![day?], Vec::new()));
    match unit.trim_end_matches('s') {
        "minute" | "min" => Some(Said::Span(Duration::try_minutes(count)?)),
        "hour" | "hr" | "h" => Some(Said::Span(Duration::try_hours(count)?)),
        "day" => on(today.plus_days(count)),
        "week" => on(today.plus_days(count * 7)),
        "month" => on(today.plus_months(i32::try_from(count).ok()?)),
        "year" => on(today.plus_months(i32::try_from(count * 12).ok()?)),
        _ => None,
    }
}

fn number(word: &str) -> Option<u32> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
        "eleven", "twelve",
    ];
    if word == "a" || word == "an" {
        return Some(1);
    }
    if let Some(number) = WORDS.iter().position(|known| *known == word) {
        return u32::try_from(number).ok();
    }
    word.parse().ok().filter(|number| *number <= 9999)
}

fn weekday(word: &str) -> Option<Weekday> {
    // chrono reads both `fri` and `friday`, and nothing in between but `tues` and `thurs`.
    match word {
        "tues" => Some(Weekday::Tue),
        "thur" | "thurs" => Some(Weekday::Thu),
        _ => word.parse().ok(),
    }
}

fn month(word: &str) -> Option<u32> {
    match word {
        "sept" => Some(9),
        _ => word.parse::<chrono::Month>().ok().map(|month| month.number_from_month()),
    }
}

/// Reads `5`, `5th` as a day of a month.
fn day_number(word: &str) -> Option<u32> {
    ordinal(word).or_else(|| word.parse().ok()).filter(|day| (1..=31).contains(day))
}

fn ordinal(word: &str) -> Option<u32> {
    let digits = ["st", "nd", "rd", "th"].iter().find_map(|ending| word.strip_suffix(ending))?;
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// Returns the days that words can mean.
fn day(words: &[&str], today: Today) -> Option<Vec<NaiveDate>> {
    let words = words.strip_prefix(&["on"]).unwrap_or(words);
    let one = |day: Option<NaiveDate>| day.map(|day| vec![day]);
    match words {
        ["today"] => one(Some(today.day)),
        ["tomorrow"] => one(today.plus_days(1)),
        ["yesterday"] => one(today.plus_days(-1)),
        ["day", "after", "tomorrow"] | ["the", "day", "after", "tomorrow"] => {
            one(today.plus_days(2))
        }
        ["day", "before", "yesterday"] | ["the", "day", "before", "yesterday"] => {
            one(today.plus_days(-2))
        }
        ["end", "of", "month"] | ["end", "of", "the" | "this", "month"] => one(today.month_end(0)),
        ["end", "of", "next", "month"] => one(today.month_end(1)),
        ["end", "of", "last", "month"] => one(today.month_end(-1)),
        ["end", "of", "year"] | ["end", "of", "the" | "this", "year"] => {
            one(Today::dated(today.day.year(), 12, 31))
        }
        [one_word] => single(one_word, today),
        ["the", number] => one(today.of_month(ordinal(number)?)),
        _ => weekday_of_week(words, today).or_else(|| one(named(words, today))),
    }
}

fn single(word: &str, today: Today) -> Option<Vec<NaiveDate>> {
    if let Some(weekday) = weekday(word) {
        return Some(today.bare(weekday));
    }
    if let Some(day) = year_first(word) {
        return Some(vec![day]);
    }
    if let Some(day) = ordinal(word) {
        return today.of_month(day).map(|day| vec![day]);
    }
    figures(word, today)
}

/// Reads `3/4`, `3/4/2026`, `31.3.`: day and month in the order of one country or another.
fn figures(word: &str, today: Today) -> Option<Vec<NaiveDate>> {
    let parts: Vec<&str> = word.trim_end_matches('.').split(['/', '.', '-']).collect();
    let figure = |text: &&str| text.parse::<u32>().ok().filter(|_| text.len() <= 4);
    let parts: Vec<u32> = parts.iter().map(figure).collect::<Option<_>>()?;
    let days: Vec<NaiveDate> = match parts.as_slice() {
        [a, b] if word.contains('/') || word.ends_with('.') => {
            [(*a, *b), (*b, *a)].into_iter().filter_map(|(m, d)| today.of_year(m, d)).collect()
        }
        [a, b, year] if *year >= 1000 => {
            let year = i32::try_from(*year).ok()?;
            let both = [(*a, *b), (*b, *a)].into_iter();
            both.filter_map(|(m, d)| Today::dated(year, m, d)).collect()
        }
        _ => return None,
    };
    (!days.is_empty()).then_some(days)
}

/// Reads `next tuesday`, `tuesday next week`.
fn weekday_of_week(words: &[&str], today: Today) -> Option<Vec<NaiveDate>> {
    let weeks = |word: &str| match word {
        "this" => Some(0),
        "next" => Some(1),
        "last" => Some(-1),
        _ => None,
    };
    match words {
        [day, which, "week"] | [which, "week", day] | [day, "of", which, "week"] => {
            today.in_week(weekday(day)?, weeks(which)?).map(|day| vec![day])
        }
        // People mean the next one, or the one of next week; most days that is the same.
        ["next", day] => {
            let weekday = weekday(day)?;
            Some(vec![today.coming(weekday)?, today.in_week(weekday, 1)?])
        }
        ["last", day] => {
            let weekday = weekday(day)?;
            Some(vec![today.latest(weekday)?, today.in_week(weekday, -1)?])
        }
        ["this", day] => {
            let weekday = weekday(day)?;
            let this = today.in_week(weekday, 0)?;
            let coming = (this < today.day).then(|| today.coming(weekday)).flatten();
            Some(std::iter::once(this).chain(coming).collect())
        }
        ["coming", day] => today.coming(weekday(day)?).map(|day| vec![day]),
        _ => None,
    }
}

/// Reads `31 march`, `march 31st`, `the 31st of march 2026`.
fn named(words: &[&str], today: Today) -> Option<NaiveDate> {
    let words = words.strip_prefix(&["the"]).unwrap_or(words);
    let (words, year) = match words {
        [rest @ .., year] if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => {
            (rest, Some(year.parse::<i32>().ok()?))
        }
        _ => (words, None),
    };
    let (day, month_of) = match words {
        [first, second] | [first, "of", second] => match month(first) {
            Some(found) => (day_number(second)?, found),
            None => (day_number(first)?, month(second)?),
        },
        _ => return None,
    };
    match year {
        Some(year) => Today::dated(year, month_of, day),
        None => today.of_year(month_of, day),
    }
}

/// Returns the times of day that words can mean, in minutes.
pub(super) fn time(words: &[&str]) -> Option<Vec<u32>> {
    let (said_at, words) = match words.strip_prefix(&["at"]) {
        Some(rest) => (true, rest),
        None => (false, words),
    };
    match words {
        ["noon"] => Some(vec![720]),
        // The one that begins the day, or the one that ends it.
        ["midnight"] => Some(vec![0, 1440]),
        [hour, half @ ("am" | "pm" | "a.m." | "p.m.")] => halved(hour, half),
        [hour, "o'clock" | "oclock"] => either_half(hour.parse().ok()?, 0),
        [word] => {
            let half = ["am", "pm"].into_iter().find(|half| word.ends_with(half));
            if let Some(half) = half {
                return halved(word.strip_suffix(half)?, half);
            }
            if word.contains(':') {
                return colon(word);
            }
            if said_at { either_half(word.parse().ok()?, 0) } else { None }
        }
        _ => None,
    }
}

/// Reads `3` or `3:30` in a half of the day: 12am begins it, 12pm is noon.
fn halved(text: &str, half: &str) -> Option<Vec<u32>> {
    let (hour, minute) = match text.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour.parse().ok()?, minute.parse().ok()?),
        Some(_) => return None,
        None => (text.parse().ok()?, 0),
    };
    let hour: u32 = hour;
    if !(1..=12).contains(&hour) {
        return None;
    }
    let afternoon = if half.starts_with('p') { 12 } else { 0 };
    by_the_clock(hour % 12 + afternoon, minute)
}
