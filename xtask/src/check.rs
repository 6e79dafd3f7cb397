//! What continuous integration runs besides the tests.

use std::process::Command;
use std::time::Instant;

use crate::{ChoreResult, bars, torture};

/// Commands that must succeed, each with what it shows.
const STEPS: &[(&str, &[&str])] = &[
    ("the code is formatted", &["cargo", "fmt", "--all", "--check"]),
    ("the lock file is up to date", &["cargo", "metadata", "--locked", "--format-version", "1"]),
    (
        "no warnings",
        &["cargo", "clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"],
    ),
    ("the documentation builds", &["cargo", "doc", "--workspace", "--no-deps", "--quiet"]),
];

/// Tools that are run where they are installed.
const OPTIONAL_STEPS: &[(&str, &[&str])] =
    &[("licences, sources and advisories", &["cargo", "deny", "check"])];

pub fn run() -> ChoreResult {
    let mut failed = Vec::new();
    for (what, command) in STEPS {
        if !step(what, command)? {
            failed.push((*what).to_owned());
        }
    }
    for (what, command) in OPTIONAL_STEPS {
        if !installed(command) {
            println!("skipped  {what}: `{}` is not installed", command.join(" "));
        } else if !step(what, command)? {
            failed.push((*what).to_owned());
        }
    }
    failed.extend(bars::check()?);
    failed.extend(torture::check()?);
    let (passed, total) = (failed.is_empty(), failed.len());
    for what in &failed {
        println!("failed   {what}");
    }
    println!("{}", if passed { "check passed".to_owned() } else { format!("{total} failed") });
    Ok(passed)
}

fn step(what: &str, command: &[&str]) -> ChoreResult {
    let started = Instant::now();
    let Some((program, arguments)) = command.split_first() else { return Ok(true) };
    let output =
        Command::new(program).args(arguments).env("RUSTDOCFLAGS", "-D warnings").output()?;
    let verdict = if output.status.success() { "ok      " } else { "failed  " };
    println!("{verdict} {what} ({:.1} s)", started.elapsed().as_secs_f64());
    if !output.status.success() {
        println!("{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(output.status.success())
}

fn installed(command: &[&str]) -> bool {
    let subcommand = command.get(1).copied().unwrap_or_default();
    Command::new("cargo")
        .args([subcommand, "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}
