//! The project's chores. `cargo xtask` lists them.

/// The allocator the `daybook` command uses too: many small, short-lived values.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod bars;
mod check;
mod fuzz;
mod torture;

use std::process::ExitCode;

/// What a chore ends with: it held, it did not, or it could not run.
pub type ChoreResult = Result<bool, Box<dyn std::error::Error>>;

const HELP: &str = "\
Usage: cargo xtask <chore>

  check                    what continuous integration runs besides the tests:
                           format, lints, documentation, lock file, every bar at a small count
  bench [--record] [--size s|m|l] [BAR ...]
                           measure the speed and size bars; --record writes docs/reference/bars.json
  torture [--count N] [BAR ...]
                           run the durability bars at their full count
  fuzz-http [--examples COUNT]
                           call a real server with calls made up from its OpenAPI document, where
                           schemathesis is installed
  bars                     list the bars

Every bar ends with one line of JSON and exits 0 or 1.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["check"] => check::run(),
        ["bench", rest @ ..] => bars::bench(rest),
        ["torture", rest @ ..] => torture::run(rest),
        ["fuzz-http", rest @ ..] => fuzz::run(rest),
        ["child", rest @ ..] => bars::child(rest),
        ["bars"] => {
            bars::list();
            Ok(true)
        }
        _ => {
            println!("{HELP}");
            Ok(words.is_empty() || words == ["help"] || words == ["--help"])
        }
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  because: {inner}");
                cause = inner.source();
            }
            ExitCode::from(3)
        }
    }
}
