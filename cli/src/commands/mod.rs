//! The verbs, one file each.

pub mod demo;
pub mod import;
pub mod init;
pub mod log;
pub mod record;
pub mod show;
pub mod stats;
pub mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::error::CliError;
use crate::render::Lang;

/// Keep a ledger of everything that happens between you and your customers.
#[derive(Debug, Parser)]
#[command(
    name = "daybook",
    version,
    about = "Keep a ledger of everything that happens between you and your customers",
    after_help = "Examples:\n  daybook demo                     look at a sample year\n  \
                  daybook init                     start your own ledger\n  \
                  daybook record call ACME \"asked for a quote\" --in",
    propagate_version = true
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The ledger's directory; `daybook-data` when left out
    #[arg(long, global = true, env = "DAYBOOK_DIR", value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Who acts: a short id, not a name
    #[arg(
        long = "as",
        global = true,
        env = "DAYBOOK_ACTOR",
        default_value = "U-01",
        value_name = "ACTOR"
    )]
    pub actor: String,
    /// Print JSON for programs
    #[arg(long, global = true)]
    pub json: bool,
    /// The language of labels and summaries; that of the environment when left out
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
}

impl Global {
    /// Returns the language to speak.
    pub fn language(&self) -> Lang {
        self.lang.unwrap_or_else(Lang::of_environment)
    }

    /// Returns the ledger's directory.
    pub fn dir(&self) -> &Path {
        self.dir.as_deref().unwrap_or(Path::new("daybook-data"))
    }

    /// Returns `--dir DIR` as a person would have to type it, or nothing for the default.
    pub fn dir_option(&self) -> String {
        match &self.dir {
            None => String::new(),
            Some(dir) => {
                let dir = dir.display().to_string();
                let plain = |c: char| c.is_alphanumeric() || "/._-".contains(c);
                if dir.chars().all(plain) {
                    format!("--dir {dir} ")
                } else {
                    format!("--dir '{}' ", dir.replace('\'', "'\\''"))
                }
            }
        }
    }
}

#[derive(Debug, Subcommand)]
enum Verb {
    Init(init::Init),
    Record(Box<record::Record>),
    Import(import::Import),
    Log(log::Log),
    Show(show::Show),
    Stats(stats::Stats),
    Verify(verify::Verify),
    Demo(demo::Demo),
}

/// How a verb that was done ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// All of it.
    Wholly,
    /// Some was refused and told.
    WithRefusals,
}

/// A basis in the past, as options.
#[derive(Debug, Clone, Default, Args)]
pub struct BasisOptions {
    /// Only what had happened by then: a date (its end) or an instant
    #[arg(long, value_name = "WHEN")]
    pub as_of: Option<String>,
    /// Only what was known by then: a date (its end) or an instant
    #[arg(long, value_name = "WHEN")]
    pub known_at: Option<String>,
}

/// Runs the command with the arguments of the process.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors and go to standard output.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let global = &cli.global;
    let done = match cli.verb {
        Verb::Init(verb) => verb.run(global),
        Verb::Record(verb) => verb.run(global),
        Verb::Import(verb) => verb.run(global),
        Verb::Log(verb) => verb.run(global),
        Verb::Show(verb) => verb.run(global),
        Verb::Stats(verb) => verb.run(global),
        Verb::Verify(verb) => verb.run(global),
        Verb::Demo(verb) => verb.run(global),
    };
    end(done, global.json)
}

fn end(done: Result<Done, CliError>, json: bool) -> ExitCode {
    match done {
        Ok(Done::Wholly) => ExitCode::SUCCESS,
        Ok(Done::WithRefusals) => ExitCode::from(1),
        Err(error) => {
            error.print(json);
            ExitCode::from(error.exit.code())
        }
    }
}

/// Says on standard error what an answer rests on.
pub fn say_basis(basis: &daybook_server::api::basis::BasisView, lang: Lang) {
    let zone = basis.zone.as_str();
    let when = |instant: Option<_>| {
        instant.map_or_else(
            || lang.pick("now", "现在").to_owned(),
            |instant| crate::render::instant(instant, zone),
        )
    };
    let (as_of, known_at, position) = (when(basis.as_of), when(basis.known_at), basis.position);
    match lang {
        Lang::En => {
            eprintln!("as of {as_of}, known at {known_at}, position {position}; times in {zone}")
        }
        Lang::Zh => eprintln!("截至 {as_of}，所知至 {known_at}，位置 {position}；时区 {zone}"),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_verb_says_what_it_does_and_gives_an_example() {
        for verb in super::Cli::command().get_subcommands() {
            let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{}: {about}", verb.get_name());
            let after = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("Example"), "{}", verb.get_name());
        }
    }
}
