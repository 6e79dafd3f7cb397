//! The verbs, one file each.

pub mod attach;
pub mod attachments;
pub mod calendar;
pub mod clock;
pub mod completion;
pub mod config;
pub mod consumer;
pub mod contacts;
pub mod demo;
pub mod diff;
pub mod exit_codes;
pub mod export;
pub mod funnel;
pub mod holdings;
pub mod import;
pub mod import_batches;
pub mod init;
pub mod log;
pub mod lookup;
pub mod mail;
pub mod man;
pub mod merge;
pub mod open;
pub mod pool;
pub mod receivables;
pub mod record;
mod report;
pub mod serve;
pub mod show;
pub mod stats;
pub mod tail;
pub mod takeover;
pub mod verify;
pub mod views;
pub mod void;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::error::CliError;
use crate::form;
use crate::help;
use crate::render::{Lang, paint};
use crate::settings::Settings;
use crate::system::program;

/// Keep a ledger of everything that happens between you and your customers.
#[derive(Debug, Parser)]
#[command(
    name = "daybook",
    version,
    about = "Keep a ledger of everything that happens between you and your customers"
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
    #[arg(
        long,
        global = true,
        env = "DAYBOOK_DIR",
        value_name = "DIR",
        value_hint = clap::ValueHint::DirPath
    )]
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
    /// The language of help, labels and summaries; that of the environment when left out
    #[arg(long, global = true, value_enum)]
    pub lang: Option<Lang>,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: paint::When,
    /// What the file of settings says, and which settings were given as options.
    #[arg(skip)]
    pub settings: Settings,
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

    /// Writes another command for the same ledger the way this one was called.
    pub fn command(&self, words: &str) -> String {
        format!("{} {}{words}", program(), self.dir_option())
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
    Open(open::Open),
    Import(import::Import),
    Export(export::Export),
    Mail(mail::Mail),
    Contacts(contacts::Contacts),
    Calendar(calendar::Calendar),
    Attach(attach::Attach),
    Attachments(attachments::Attachments),
    Log(log::Log),
    Tail(tail::Tail),
    Show(show::Show),
    Stats(stats::Stats),
    Duplicates(merge::Duplicates),
    Merge(merge::Merge),
    Merges(merge::Merges),
    Unmerge(merge::Unmerge),
    Holdings(holdings::Holdings),
    Handover(holdings::HandOver),
    Pool(pool::Pool),
    Diff(diff::Diff),
    Void(void::Void),
    Receivables(receivables::Receivables),
    Funnel(funnel::Funnel),
    Views(views::Views),
    Verify(verify::Verify),
    Consumer(consumer::Consumer),
    Demo(demo::Demo),
    Serve(serve::Serve),
    Clock(clock::Clock),
    Config(config::Config),
    Completion(completion::Completion),
    Man(man::Man),
    #[command(hide = true)]
    ExitCodes(exit_codes::ExitCodes),
}

/// Returns the verbs and options as they are declared, in English and without examples.
pub fn declared() -> clap::Command {
    use clap::CommandFactory;
    Cli::command()
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

/// Tells whether every command takes an argument with this id.
pub fn is_global(id: &str) -> bool {
    let globals = Global::augment_args(clap::Command::new("daybook"));
    globals.get_arguments().any(|arg| arg.get_id() == id)
}

/// Runs the command with the arguments of the process.
pub fn run() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let manner = Manner::of(&arguments);
    let arguments = without_manner(arguments);
    manner.color.choice().write_global();
    let mut command = help::command(manner.lang).color(match manner.color {
        paint::When::Auto => clap::ColorChoice::Auto,
        paint::When::Always => clap::ColorChoice::Always,
        paint::When::Never => clap::ColorChoice::Never,
    });
    let read = command.try_get_matches_from_mut(&arguments);
    let mut settings = match Settings::read() {
        Ok(settings) => settings,
        Err(error) => return end(Err(error), manner.json, manner.lang, ""),
    };
    let read = read.and_then(|matches| {
        let arguments = settings.complete(&arguments, &matches);
        command.try_get_matches_from_mut(&arguments)
    });
    // What is missing is asked for, where somebody is there to answer.
    let (read, arguments) = match read {
        Err(error) if form::is_due(&error, manner.json) => {
            match form::fill(&mut command, arguments, error, manner.lang) {
                Ok(filled) => filled,
                Err(stopped) => return end(Err(stopped), manner.json, manner.lang, ""),
            }
        }
        read => (read, arguments),
    };
    let mut cli = match read.and_then(|mut matches| Cli::from_arg_matches_mut(&mut matches)) {
        Ok(cli) => cli,
        Err(error) => return unread(&error, &command, &arguments, manner),
    };
    cli.global.settings = settings;
    let global = &cli.global;
    let done = match cli.verb {
        Verb::Init(verb) => verb.run(global),
        Verb::Record(verb) => verb.run(global),
        Verb::Open(verb) => verb.run(global),
        Verb::Import(verb) => verb.run(global),
        Verb::Export(verb) => verb.run(global),
        Verb::Mail(verb) => verb.run(global),
        Verb::Contacts(verb) => verb.run(global),
        Verb::Calendar(verb) => verb.run(global),
        Verb::Attach(verb) => verb.run(global),
        Verb::Attachments(verb) => verb.run(global),
        Verb::Log(verb) => verb.run(global),
        Verb::Tail(verb) => verb.run(global),
        Verb::Show(verb) => verb.run(global),
        Verb::Stats(verb) => verb.run(global),
        Verb::Duplicates(verb) => verb.run(global),
        Verb::Merge(verb) => verb.run(global),
        Verb::Merges(verb) => verb.run(global),
        Verb::Unmerge(verb) => verb.run(global),
        Verb::Holdings(verb) => verb.run(global),
        Verb::Handover(verb) => verb.run(global),
        Verb::Pool(verb) => verb.run(global),
        Verb::Diff(verb) => verb.run(global),
        Verb::Void(verb) => verb.run(global),
        Verb::Receivables(verb) => verb.run(global),
        Verb::Funnel(verb) => verb.run(global),
        Verb::Views(verb) => verb.run(global),
        Verb::Verify(verb) => verb.run(global),
        Verb::Consumer(verb) => verb.run(global),
        Verb::Demo(verb) => verb.run(global),
        Verb::Serve(verb) => verb.run(global),
        Verb::Clock(verb) => verb.run(global),
        Verb::Config(verb) => verb.run(global),
        Verb::Completion(verb) => verb.run(global),
        Verb::Man(verb) => verb.run(global),
        Verb::ExitCodes(verb) => verb.run(global),
    };
    if done.is_err() {
        form::give_back(&arguments, global.language());
    }
    end(done, global.json, global.language(), &global.dir_option())
}

/// How the command speaks, known before its arguments are read as a whole.
#[derive(Debug, Clone, Copy)]
struct Manner {
    lang: Lang,
    json: bool,
    color: paint::When,
}

impl Manner {
    /// Finds the options that say how to speak; what is wrong with them is said by the reading.
    fn of(arguments: &[OsString]) -> Manner {
        let mut manner =
            Manner { lang: Lang::of_environment(), json: false, color: paint::When::Auto };
        let words: Vec<&str> =
            arguments.iter().skip(1).map(|word| word.to_str().unwrap_or("")).collect();
        for (index, word) in words.iter().enumerate() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, value),
                None => (*word, words.get(index + 1).copied().unwrap_or_default()),
            };
            match name {
                "--" => break,
                "--json" => manner.json = true,
                "--lang" => manner.lang = Lang::from_str(value, false).unwrap_or(manner.lang),
                "--color" => {
                    manner.color = paint::When::from_str(value, false).unwrap_or(manner.color);
                }
                _ => {}
            }
        }
        manner
    }
}

/// Takes the options that say how to speak away from `daybook help ...`, which knows no options.
fn without_manner(arguments: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(arguments.len());
    let mut rest = arguments.iter();
    kept.extend(rest.next().cloned());
    while let Some(argument) = rest.next() {
        match argument.to_str() {
            Some("--lang" | "--color") => drop(rest.next()),
            Some("--json") => {}
            Some(word) if word.starts_with("--lang=") || word.starts_with("--color=") => {}
            _ => kept.push(argument.clone()),
        }
    }
    if kept.get(1).is_some_and(|word| word == "help") { kept } else { arguments }
}

/// Ends a call whose arguments could not be read, or that asks for help.
fn unread(
    error: &clap::Error,
    command: &clap::Command,
    arguments: &[OsString],
    manner: Manner,
) -> ExitCode {
    use clap::error::ErrorKind;
    let shown = help::worded(&error.render().ansi().to_string(), manner.lang);
    let shown = shown.trim_end().to_owned() + "\n";
    match error.kind() {
        // Help and version are no errors and go to standard output.
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            crate::render::write_out(&shown);
            return ExitCode::SUCCESS;
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !manner.json => {
            crate::render::write_note(&(shown + "\n"));
        }
        _ => {}
    }
    end(Err(help::usage::explain(error, command, arguments)), manner.json, manner.lang, "")
}

fn end(done: Result<Done, CliError>, json: bool, lang: Lang, dir_option: &str) -> ExitCode {
    match done {
        Ok(Done::Wholly) => ExitCode::SUCCESS,
        Ok(Done::WithRefusals) => ExitCode::from(1),
        Err(error) => {
            error.print(json, lang, dir_option);
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
            crate::note!("as of {as_of}, known at {known_at}, position {position}; times in {zone}")
        }
        Lang::Zh => crate::note!("截至 {as_of}，所知至 {known_at}，位置 {position}；时区 {zone}"),
    }
    let Some(later) = &basis.learned_later else { return };
    let events = crate::render::grouped(later.events);
    let first = crate::render::instant(later.first_recorded_at, zone);
    let by = |en: &str, zh: &str| {
        let import = later.import.as_ref();
        import.map(|import| format!("{}{import}", lang.pick(en, zh))).unwrap_or_default()
    };
    match lang {
        Lang::En => crate::note!(
            "{events} events were recorded later and are left out, the first on {first}{}",
            by(" by the import ", "")
        ),
        Lang::Zh => crate::note!(
            "此后才记录的 {events} 个事件未计入，最早一个记录于 {first}{}",
            by("", "，来自导入 ")
        ),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::declared().debug_assert();
    }
}
