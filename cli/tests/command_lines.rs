//! No command line makes the command panic, hang or end without a word: lines are made from the
//! declarations, right and wrong, and run against a ledger (bar I1).

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[allow(dead_code)]
#[path = "examples/place.rs"]
mod place;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::process::Stdio;
use std::time::{Duration, Instant};

use clap::{Arg, Command};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use place::Place;

/// Verbs that run until they are stopped, or for long; their lines are made wrong in the end, so
/// that only the reading is tried.
const LONG: &[&str] = &["serve", "tail", "demo"];
/// A command that takes longer hangs.
const HANGS_AFTER: Duration = Duration::from_secs(60);

/// Values that fit something, and values that fit nothing.
const VALUES: &[&str] = &[
    "ACME",
    "P-1",
    "O-1",
    "AR-1",
    "R-1",
    "1200",
    "1200.50 USD",
    "2026-01-31",
    "lead",
    "price",
    "2026-01-31T09:30:00+08:00",
    "contacts.csv",
    "calls.csv",
    "calls",
    "contacts",
    "300",
    "0",
    "en",
    "zh",
    "bash",
    "UTC",
    "CNY",
    "city=Leeds",
    "AR-1=5",
    "{\"command\":\"add_contact\"}",
    "-",
    "--",
    "",
    " ",
    "-1",
    "99999999999999999999999",
    "1e400",
    "NaN",
    "9999-99-99",
    "0000-01-01",
    "275760-09-13",
    "-9999-01-01T00:00:00Z",
    "2026-01-31T25:61:61Z",
    "1,2,,3",
    "'",
    "\"",
    "\\",
    "%s%n{}",
    "\u{1b}[2J",
    "\r\n",
    "\u{202e}abc",
    "华东精密机械有限公司",
    "👩‍👩‍👧‍👦",
    "a\u{301}",
    "{",
    "[[[[[[[[",
    "{\"command\":1}",
    "{\"command\":\"issue_invoice\",\"total\":{}}",
    "nothing.csv",
    "daybook-data",
    ".",
    "=",
    "==",
    "a=b=c",
    "ICBC/2026-11/7",
    "//",
    "-9223372036854775808",
];

/// Takes numbers one by one; what makes a line can so be made smaller when it fails.
struct Choices<'a>(std::slice::Iter<'a, u32>);

impl Choices<'_> {
    fn next(&mut self, below: usize) -> Option<usize> {
        self.0.next().map(|number| *number as usize % below.max(1))
    }
}

/// Makes a command line from numbers.
fn line(root: &Command, numbers: &[u32]) -> Vec<OsString> {
    let mut choices = Choices(numbers.iter());
    let mut words: Vec<OsString> = Vec::new();
    let mut command = root;
    loop {
        let inner: Vec<&Command> = command.get_subcommands().collect();
        // Seldom does a line end before its command is whole, or name one that is not there.
        match choices.next(inner.len() * 8 + 2) {
            Some(number) if !inner.is_empty() && number < inner.len() * 8 => {
                command = inner[number % inner.len()];
                words.push(command.get_name().into());
            }
            Some(_) if !inner.is_empty() => {
                words.push(value(&mut choices).unwrap_or_default());
                break;
            }
            _ => break,
        }
    }
    let arguments: Vec<&Arg> = command.get_arguments().collect();
    while let Some(number) = choices.next(arguments.len() * 2 + 3) {
        match arguments.get(number / 2) {
            Some(arg) => argument(arg, &mut choices, &mut words),
            None if number % 2 == 0 => words.extend(value(&mut choices)),
            None => words.push(format!("--no-{number}").into()),
        }
    }
    if words.iter().any(|word| LONG.iter().any(|long| word == long)) {
        words.insert(1, "--no-such-option".into());
    }
    words
}

fn argument(arg: &Arg, choices: &mut Choices<'_>, words: &mut Vec<OsString>) {
    let name = arg.get_long().map(|long| format!("--{long}"));
    let value = if arg.get_action().takes_values() { value(choices) } else { None };
    match (name, value, choices.next(4)) {
        // Now and then the value stands after an equals sign, or is missing.
        (Some(name), Some(value), Some(0)) => {
            let mut word = OsString::from(name + "=");
            word.push(value);
            words.push(word);
        }
        (Some(name), Some(_), Some(1)) => words.push(name.into()),
        (Some(name), Some(value), _) => words.extend([name.into(), value]),
        (Some(name), None, _) => words.push(name.into()),
        (None, value, _) => words.extend(value),
    }
}

fn value(choices: &mut Choices<'_>) -> Option<OsString> {
    let number = choices.next(VALUES.len() + 3)?;
    Some(match VALUES.get(number) {
        Some(value) => OsString::from(value),
        None if number == VALUES.len() => OsString::from_vec(vec![0xff, 0xfe, b'x', 0x80]),
        None if number == VALUES.len() + 1 => "长".repeat(10_000).into(),
        None => "9".repeat(5_000).into(),
    })
}

fn check(place: &Place, words: &[OsString]) -> Result<(), TestCaseError> {
    let mut command = place.command();
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let (out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let read = |mut from: Box<dyn std::io::Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            from.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let (out, err) = (read(Box::new(out)), read(Box::new(err)));
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > HANGS_AFTER => {
                child.kill().unwrap();
                return Err(TestCaseError::fail(format!("hangs: {words:?}")));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    let said =
        format!("{words:?} ended with {status}\n{}", &err.chars().take(2000).collect::<String>());
    let code = status.code().unwrap_or(-1);
    if !(0..=3).contains(&code) || err.contains("panicked") {
        return Err(TestCaseError::fail(said));
    }
    let told = ["hint: ", "提示：", "\"hint\":"].iter().any(|hint| err.contains(hint));
    // An import that refuses some rows names them instead.
    let import = code == 1 && words.iter().any(|word| word == "import") && !out.is_empty();
    if code != 0 && !told && !import {
        return Err(TestCaseError::fail(format!("no hint: {said}")));
    }
    Ok(())
}

fn trials(count: u32) {
    let place = Place::sample();
    let root = daybook::help::command(daybook::render::Lang::En);
    let mut runner =
        TestRunner::new(Config { cases: count, failure_persistence: None, ..Config::default() });
    let started = Instant::now();
    let result =
        runner.run(&vec(any::<u32>(), 1..16), |numbers| check(&place, &line(&root, &numbers)));
    if let Err(failed) = result {
        panic!("{failed}");
    }
    // Whatever was typed, the ledger holds.
    let said = place.run("daybook verify --derived", None);
    assert_eq!(said.code, 0, "{}", said.text);
    let seconds = started.elapsed().as_secs_f64();
    println!("{{\"bar\":\"I1\",\"lines\":{count},\"seconds\":{seconds:.1}}}");
}

#[test]
fn no_command_line_panics_hangs_or_ends_without_a_hint() {
    trials(500);
}

#[test]
#[ignore = "the full count of bar I1; takes minutes"]
fn no_command_line_of_ten_thousand_panics_hangs_or_ends_without_a_hint() {
    trials(10_000);
}
