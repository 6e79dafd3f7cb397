//! Chinese: `周五`、`下周二下午三点`、`3天前`、`三月三十一日`、`月底`。

use chrono::{Datelike, Duration, NaiveDate, Weekday};

use super::Said;
use super::calendar::{Today, by_the_clock, colon, either_half, year_first};
use super::english;

/// Reads a text with Chinese in it; spaces mean nothing there.
pub(super) fn read(text: &str, today: Today) -> Option<Said> {
    let joined: String = text.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    if joined == "现在" {
        return Some(Said::Span(Duration::zero()));
    }
    if let Some(said) = span(&joined, today) {
        return Some(said);
    }
    let (days, rest) = match day(&joined, today) {
        Some((days, rest)) => (days, rest),
        None => (Vec::new(), joined.as_str()),
    };
    if rest.is_empty() {
        return (!days.is_empty()).then_some(Said::At(days, Vec::new()));
    }
    if let Some(times) = time(rest).or_else(|| english::time(&[rest])) {
        return Some(Said::At(days, times));
    }
    let part = PARTS.iter().any(|(word, _)| *word == rest);
    if part && !days.is_empty() {
        return Some(Said::Vague("hour"));
    }
    let weeks =
        ["这周", "本周", "下周", "上周", "下星期", "上星期", "这个月", "本月", "下月", "上月"];
    let week = days.is_empty() && (weeks.contains(&rest) || ["下个月", "上个月"].contains(&rest));
    week.then_some(Said::Vague("day"))
}

/// Takes a number off the front: digits, or characters up to ninety-nine.
fn number(text: &str) -> Option<(u32, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 0 {
        let (digits, rest) = text.split_at_checked(digits)?;
        return Some((digits.parse().ok().filter(|number| *number <= 9999)?, rest));
    }
    let value = |c: char| match c {
        '零' | '〇' => Some(0),
        '一' => Some(1),
        '二' | '两' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' => Some(5),
        '六' => Some(6),
        '七' => Some(7),
        '八' => Some(8),
        '九' => Some(9),
        _ => None,
    };
    let mut chars = text.chars();
    let mut rest = text;
    let mut next = || {
        let found = chars.clone().next().and_then(value);
        if found.is_some() {
            chars.next();
            rest = chars.as_str();
        }
        found
    };
    let units = next();
    if let Some(after) = rest.strip_prefix('十') {
        let ones = after.chars().next().and_then(value);
        let rest = if ones.is_some() { skip_one(after) } else { after };
        return Some((units.unwrap_or(1) * 10 + ones.unwrap_or(0), rest));
    }
    Some((units?, rest))
}

fn skip_one(text: &str) -> &str {
    let mut chars = text.chars();
    chars.next();
    chars.as_str()
}

/// Takes one of several words off the front.
fn one_of<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| text.strip_prefix(word))
}

/// Reads `3天前`、`两周后`、`半小时前`。
fn span(text: &str, today: Today) -> Option<Said> {
    let ends = [("之前", -1), ("以前", -1), ("前", -1), ("之后", 1), ("以后", 1), ("后", 1)];
    let (length, sign) =
        ends.iter().find_map(|(end, sign)| Some((text.strip_suffix(end)?, *sign)))?;
    if ["半小时", "半个小时", "半个钟头"].contains(&length) {
        return Some(Said::Span(Duration::minutes(30 * sign)));
    }
    let (count, unit) = number(length)?;
    let count = sign * i64::from(count);
    let on = |day: Option<NaiveDate>| Some(Said::At(vec![day?], Vec::new()));
    match unit {
        "分钟" => Some(Said::Span(Duration::try_minutes(count)?)),
        "小时" | "个小时" | "个钟头" => Some(Said::Span(Duration::try_hours(count)?)),
        "天" | "日" => on(today.plus_days(count)),
        "周" | "个星期" | "星期" | "个礼拜" => on(today.plus_days(count * 7)),
        "个月" => on(today.plus_months(i32::try_from(count).ok()?)),
        "年" => on(today.plus_months(i32::try_from(count * 12).ok()?)),
        _ => None,
    }
}

type Found<'a> = Option<(Vec<NaiveDate>, &'a str)>;

/// Takes a day off the front.
fn day(text: &str, today: Today) -> Found<'_> {
    let relative = [
        ("大后天", 3),
        ("大前天", -3),
        ("今天", 0),
        ("今日", 0),
        ("明天", 1),
        ("明日", 1),
        ("后天", 2),
        ("昨天", -1),
        ("昨日", -1),
        ("前天", -2),
    ];
    for (word, days) in relative {
        if let Some(rest) = text.strip_prefix(word) {
            return Some((vec![today.plus_days(days)?], rest));
        }
    }
    weekday(text, today)
        .or_else(|| end(text, today))
        .or_else(|| dated(text, today))
        .or_else(|| of_month(text, today))
        .or_else(|| figures(text))
}

/// Reads `周五`、`下周五`、`上星期二`、`下下周一`。
fn weekday(text: &str, today: Today) -> Found<'_> {
    let weeks = [
        ("下下个", 2),
        ("下下", 2),
        ("上上个", -2),
        ("上上", -2),
        ("下个", 1),
        ("下", 1),
        ("上个", -1),
        ("上", -1),
        ("这个", 0),
        ("本", 0),
        ("这", 0),
    ];
    let said = weeks.iter().find_map(|(word, weeks)| Some((text.strip_prefix(word)?, *weeks)));
    let (rest, weeks) = said.map_or((text, None), |(rest, weeks)| (rest, Some(weeks)));
    let rest = one_of(rest, &["周", "星期", "礼拜"])?;
    let names = [
        ('一', Weekday::Mon),
        ('二', Weekday::Tue),
        ('三', Weekday::Wed),
        ('四', Weekday::Thu),
        ('五', Weekday::Fri),
        ('六', Weekday::Sat),
        ('日', Weekday::Sun),
        ('天', Weekday::Sun),
    ];
    let first = rest.chars().next()?;
    let (_, weekday) = names.into_iter().find(|(name, _)| *name == first)?;
    let days = match weeks {
        Some(weeks) => vec![today.in_week(weekday, weeks)?],
        None => today.bare(weekday),
    };
    Some((days, skip_one(rest)))
}

/// Reads `月底`、`下月底`、`年底`。
fn end(text: &str, today: Today) -> Found<'_> {
    let ends = [
        (["月底", "月末"].as_slice(), 0),
        (&["本月底", "这个月底", "本月末"], 0),
        (&["下月底", "下个月底", "下月末"], 1),
        (&["上月底", "上个月底", "上月末"], -1),
    ];
    for (words, months) in ends {
        if let Some(rest) = one_of(text, words) {
            return Some((vec![today.month_end(months)?], rest));
        }
    }
    let rest = one_of(text, &["年底", "年末", "今年底"])?;
    Some((vec![Today::dated(today.day.year(), 12, 31)?], rest))
}

/// Reads `2026年3月31日`、`明年三月五号`、`3月31日`。
fn dated(text: &str, today: Today) -> Found<'_> {
    let years = [("今年", 0), ("明年", 1), ("后年", 2), ("去年", -1), ("前年", -2)];
    let relative = years.iter().find_map(|(word, years)| Some((text.strip_prefix(word)?, *years)));
    let (year, rest) = match (relative, number(text)) {
        (Some((rest, years)), _) => (Some(today.day.year() + years), rest),
        (None, Some((year @ 1000.., rest))) => {
            (Some(i32::try_from(year).ok()?), rest.strip_prefix('年')?)
        }
        _ => (None, text),
    };
    let (month, rest) = number(rest)?;
    let (day, rest) = number(rest.strip_prefix('月')?)?;
    let rest = one_of(rest, &["日", "号"]).unwrap_or(rest);
    let day = match year {
        Some(year) => Today::dated(year, month, day)?,
        None => today.of_year(month, day)?,
    };
    Some((vec![day], rest))
}

/// Reads `5号`、`下个月5号`、`本月十五日`。
fn of_month(text: &str, today: Today) -> Found<'_> {
    let months =
        [("下个月", 1), ("下月", 1), ("上个月", -1), ("上月", -1), ("这个月", 0), ("本月", 0)];
    let said = months.iter().find_map(|(word, months)| Some((text.strip_prefix(word)?, *months)));
    let (rest, months) = said.map_or((text, None), |(rest, months)| (rest, Some(months)));
    let (day, rest) = number(rest)?;
    let rest = one_of(rest, &["日", "号"])?;
    let day = match months {
        Some(months) => today.of_month_in(day, months)?,
        None => today.of_month(day)?,
    };
    Some((vec![day], rest))
}

/// Reads a date in figures with the year first, before Chinese words for the time.
fn figures(text: &str) -> Found<'_> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_digit() || b"-/.".contains(byte));
    let (figures, rest) = text.split_at_checked(length.count())?;
    Some((vec![year_first(figures)?], rest))
}

/// Parts of the day, each with the hours of a clock with twelve that are said in it.
const PARTS: &[(&str, Part)] = &[
    ("凌晨", Part::Night),
    ("清晨", Part::Morning),
    ("早上", Part::Morning),
    ("早晨", Part::Morning),
    ("上午", Part::Morning),
    ("中午", Part::Noon),
    ("下午", Part::Afternoon),
    ("傍晚", Part::Afternoon),
    ("晚上", Part::Evening),
];

#[derive(Debug, Clone, Copy)]
enum Part {
    Night,
    Morning,
    Noon,
    Afternoon,
    Evening,
}

/// Reads `下午三点半`、`15点`、`上午9:30`。
fn time(text: &str) -> Option<Vec<u32>> {
    if text == "正午" {
        return Some(vec![720]);
    }
    let part = PARTS.iter().find_map(|(word, part)| Some((text.strip_prefix(word)?, *part)));
    let (rest, part) = part.map_or((text, None), |(rest, part)| (rest, Some(part)));
    if part.is_none() && rest.contains(':') {
        return colon(rest);
    }
    let (hour, rest) = number(rest)?;
    let minute = match one_of(rest, &["点钟", "点", "时", ":"])? {
        "" | "整" => 0,
        "半" => 30,
        "一刻" => 15,
        "三刻" => 45,
        rest => {
            let (minute, rest) = number(rest.strip_prefix('零').unwrap_or(rest))?;
            if !["", "分"].contains(&rest) {
                return None;
            }
            minute
        }
    };
    let Some(part) = part else { return either_half(hour, minute) };
    let hour = match (part, hour) {
        // The twelve that ends the evening, not the one that begins the day.
        (Part::Evening, 12) if minute == 0 => return Some(vec![0, 1440]),
        (Part::Night, 12) => 0,
        (Part::Night, 0..=6) | (Part::Morning, 4..=12) | (Part::Noon, 11 | 12) => hour,
        (Part::Noon, 1 | 2) | (Part::Afternoon, 1..=7) | (Part::Evening, 5..=11) => hour + 12,
        // Said with the hour of a clock with twenty-four.
        (Part::Afternoon, 12..=19) | (Part::Evening, 17..=23) => hour,
        _ => return None,
    };
    by_the_clock(hour, minute)
}
