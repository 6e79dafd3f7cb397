//! Runs durability bars: `torture R1 200 R2 300`; ends with one line of JSON for each.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::process::ExitCode;

use daybook_tests::torture::run;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    for pair in words.chunks(2) {
        let [bar, count] = pair else {
            eprintln!("usage: torture BAR COUNT ...");
            return ExitCode::from(2);
        };
        match run(bar, count.parse().unwrap_or(1)) {
            Ok(figures) => println!("{figures}"),
            Err(error) => {
                eprintln!("error: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}
