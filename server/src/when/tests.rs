//! The forms of the reference page, each lean, and the edges of the calendar.

#![allow(clippy::expect_used, clippy::panic)]

use super::*;

const PAGE: &str = include_str!("../../../docs/reference/dates.md");
const SHANGHAI: chrono_tz::Tz = chrono_tz::Asia::Shanghai;

fn now() -> Timestamp {
    "2026-11-25T10:15:00+08:00".parse().expect("an instant")
}

/// What a text means, in the words of the reference page.
fn meaning(text: &str, lean: Lean, now: Timestamp, zone: chrono_tz::Tz) -> String {
    match read(text, lean, now, zone) {
        Ok(Moment::Day(day)) => day.to_string(),
        Ok(Moment::Instant(at)) if at == now => "now".to_owned(),
        Ok(Moment::Instant(at)) => {
            at.to_chrono().with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
        }
        Err(WhenError::Ambiguous { readings, .. }) => format!("can mean {}", readings.join(", ")),
        Err(WhenError::Vague { missing, .. }) => format!("which {missing}"),
        Err(WhenError::NotUnderstood { .. }) => "not understood".to_owned(),
        Err(WhenError::NeverShown { local, .. }) => format!("{local} is never shown"),
    }
}

fn check(text: &str, lean: Lean, expected: &str) {
    assert_eq!(meaning(text, lean, now(), SHANGHAI), expected, "{text:?} {lean:?}");
}

#[test]
fn every_form_of_the_reference_page_means_what_it_says() {
    let rows: Vec<(&str, &str)> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "))
        .collect();
    assert!(rows.len() > 120, "{}", rows.len());
    for (said, expected) in rows {
        check(said, Lean::Future, expected);
    }
}

#[test]
fn what_happened_leans_to_the_past() {
    check("friday", Lean::Past, "2026-11-20");
    check("周五", Lean::Past, "2026-11-20");
    check("wednesday", Lean::Past, "can mean 2026-11-18, 2026-11-25");
    check("31 march", Lean::Past, "2026-03-31");
    check("12月1日", Lean::Past, "2025-12-01");
    check("the 28th", Lean::Past, "2026-10-28");
    check("25号", Lean::Past, "2026-11-25");
    check("29 february", Lean::Past, "2024-02-29");
    check("29 february", Lean::Future, "2028-02-29");
    check("the 31st", Lean::Future, "2026-12-31");
}

#[test]
fn weeks_begin_on_monday() {
    let at = |day: &str, text: &str, lean| {
        let now: Timestamp = format!("{day}T10:15:00+08:00").parse().expect("an instant");
        meaning(text, lean, now, SHANGHAI)
    };
    // Saturday 28 and Sunday 29 November end the week of Monday 23.
    assert_eq!(at("2026-11-29", "next friday", Lean::Future), "2026-12-04");
    assert_eq!(at("2026-11-29", "下周五", Lean::Future), "2026-12-04");
    assert_eq!(at("2026-11-29", "本周五", Lean::Future), "2026-11-27");
    let both = "can mean 2026-11-27, 2026-12-04";
    assert_eq!(at("2026-11-28", "this friday", Lean::Future), both);
    let both = "can mean 2026-11-20, 2026-11-27";
    assert_eq!(at("2026-11-28", "last friday", Lean::Past), both);
}

#[test]
fn clocks_that_change_are_minded() {
    let berlin = chrono_tz::Europe::Berlin;
    let read = |text| meaning(text, Lean::Past, now(), berlin);
    assert_eq!(read("2026-03-29 02:30"), "2026-03-29 02:30 is never shown");
    let both = "can mean 2026-10-25T02:30:00+02:00, 2026-10-25T02:30:00+01:00";
    assert_eq!(read("2026-10-25 02:30"), both);
    // What is named as an alternative is accepted.
    assert_eq!(read("2026-10-25T02:30:00+01:00"), "2026-10-25 02:30");
}

#[test]
fn messages_say_what_would_be_accepted() {
    let error = read("friday 3:30", Lean::Future, now(), SHANGHAI).expect_err("ambiguous");
    assert_eq!(error.to_string(), "\"friday 3:30\" can mean 2026-11-27 03:30 or 2026-11-27 15:30");
    assert_eq!(error.hint(), "write 2026-11-27 03:30 or 2026-11-27 15:30");
    assert_eq!(error.chinese().1, "请写 2026-11-27 03:30 或 2026-11-27 15:30");
    for reading in ["2026-11-27 03:30", "2026-11-27 15:30"] {
        check(reading, Lean::Future, reading);
    }
}

#[test]
fn no_text_makes_it_stumble() {
    let texts = [
        "",
        " ",
        "周",
        "下",
        "月",
        "年",
        "点",
        "十",
        "十十",
        "周八",
        "99999999999天后",
        "0月0日",
        "-",
        "::",
        "9999-99-99",
        "in 9999 years",
        "9999 years ago",
        "一九点",
        "am",
        "pm",
        "th",
        "the",
        "at",
        "the th",
        "0th",
        "半",
        "下午",
        "24:30",
        "24:00",
        "\u{202e}",
        "ⅷ",
        "next",
        "in",
        "ago",
    ];
    for text in texts {
        for lean in [Lean::Past, Lean::Future] {
            let _ = read(text, lean, now(), SHANGHAI);
            let _ = read(text, lean, Timestamp(i64::MAX), SHANGHAI);
            let _ = read(text, lean, Timestamp(i64::MIN), chrono_tz::UTC);
        }
    }
}
