//! What is wrong with a command line, in the words of the other errors: what happened, what next.
//!
//! It reads what clap found and never prints; anything it does not know it passes on as clap says
//! it.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use super::{examples, worded};
use crate::error::{CliError, Exit};
use crate::render::Lang;
use crate::suggest::nearest;
use crate::text::Text;

/// Says what is wrong with a command line.
pub fn explain(error: &Error, command: &Command, arguments: &[OsString]) -> CliError {
    let place = Place::of(command, arguments);
    let (message, hint) = match error.kind() {
        ErrorKind::UnknownArgument => unknown_argument(error, &place),
        ErrorKind::InvalidSubcommand => unknown_command(error, command, &place),
        ErrorKind::InvalidValue => listed_value(error, &place),
        ErrorKind::ValueValidation => unfit_value(error, &place),
        ErrorKind::MissingRequiredArgument => missing(error, &place),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let said = place.name();
            let message = Text::new(
                format!("`{said}` is not complete: it needs a command after it"),
                format!("`{said}` 不完整：后面需要一个命令"),
            );
            (message, place.example())
        }
        ErrorKind::ArgumentConflict => conflict(error, &place),
        ErrorKind::NoEquals | ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => {
            let option = text(error, ContextKind::InvalidArg);
            let message = Text::new(
                format!("{option} is not given a value as it takes it"),
                format!("{option} 没有得到合适的值"),
            );
            (message, place.example())
        }
        ErrorKind::TooManyValues => {
            let (option, value) =
                (text(error, ContextKind::InvalidArg), text(error, ContextKind::InvalidValue));
            let message = Text::new(
                format!("{value:?} is one value too many for {option}"),
                format!("{option} 不再接受多余的值 {value:?}"),
            );
            (message, place.example())
        }
        ErrorKind::InvalidUtf8 => (
            Text::from(("an argument is not UTF-8 text", "有参数不是 UTF-8 文本")),
            Text::from((
                "check the terminal's encoding, or read the text from a file",
                "请检查终端的编码，或改从文件读取",
            )),
        ),
        _ => {
            let line = first_line(error);
            (Text::new(line.as_str(), format!("命令的写法不对：{line}")), place.example())
        }
    };
    CliError { exit: Exit::Usage, code: "usage".to_owned(), message, hint }
}

/// The command a command line got to.
pub struct Place<'a> {
    command: &'a Command,
    path: String,
}

impl<'a> Place<'a> {
    /// Finds the command whose names stand first in the line.
    pub fn of(root: &'a Command, arguments: &[OsString]) -> Place<'a> {
        let mut place = Place { command: root, path: String::new() };
        let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
        for word in words.take_while(|word| *word != "--") {
            let Some(inner) = place.command.find_subcommand(word) else { continue };
            if !place.path.is_empty() {
                place.path.push(' ');
            }
            place.path.push_str(inner.get_name());
            place.command = inner;
        }
        place
    }

    /// Returns the command.
    pub const fn command(&self) -> &'a Command {
        self.command
    }

    /// Returns its names after `daybook`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The command as it is typed.
    fn name(&self) -> String {
        if self.path.is_empty() { "daybook".to_owned() } else { format!("daybook {}", self.path) }
    }

    /// The command that shows its help.
    fn help(&self) -> String {
        format!("daybook help {}", self.path.trim_start_matches("help ")).trim_end().to_owned()
    }

    /// A hint that shows how the command is used.
    fn example(&self) -> Text {
        let help = self.help();
        let example = examples::page(&self.path).and_then(|page| page.examples.first());
        match example {
            Some((line, ..)) if !self.path.is_empty() => Text::new(
                format!("write for instance `{line}`; see `{help}`"),
                format!("例如 `{line}`；详见 `{help}`"),
            ),
            _ => Text::new(format!("see `{help}`"), format!("详见 `{help}`")),
        }
    }

    /// The option, as `--due <DATE>`, in both languages.
    fn option(&self, shown: &str) -> Text {
        Text::new(shown, worded(shown, Lang::Zh))
    }
}

fn unknown_argument(error: &Error, place: &Place<'_>) -> (Text, Text) {
    let given = text(error, ContextKind::InvalidArg);
    let message = if given.starts_with('-') && given.len() > 1 {
        Text::new(
            format!("{} has no option {given}", place.name()),
            format!("{} 没有选项 {given}", place.name()),
        )
    } else {
        Text::new(
            format!("{} takes no further argument, but {given:?} is given", place.name()),
            format!("{} 不再接受参数，却多了 {given:?}", place.name()),
        )
    };
    let options: Vec<String> = place
        .command
        .get_arguments()
        .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
        .collect();
    let suggested = first(error, ContextKind::SuggestedArg)
        .or_else(|| nearest(&given, &options).filter(|_| given.starts_with("--")).cloned());
    let hint = match suggested {
        Some(near) => did_you_mean(&near),
        None if given.starts_with('-') => {
            let help = place.help();
            Text::new(
                format!("see `{help}` for the options; a text that begins with - goes after --"),
                format!("选项见 `{help}`；以 - 开头的文本请放在 -- 之后"),
            )
        }
        None => Text::new(
            format!("quote a text of several words; see `{}`", place.help()),
            format!("含空格的文本请加引号；详见 `{}`", place.help()),
        ),
    };
    (message, hint)
}

fn unknown_command(error: &Error, root: &Command, place: &Place<'_>) -> (Text, Text) {
    let given = text(error, ContextKind::InvalidSubcommand);
    let message = Text::new(
        format!("{} has no command {given:?}", place.name()),
        format!("{} 没有命令 {given:?}", place.name()),
    );
    let names: Vec<&str> = place.command.get_subcommands().map(Command::get_name).collect();
    // Somebody who types `daybook call` means `daybook record call`.
    let deeper = root.get_subcommands().filter(|inner| inner.get_name() != "help").find(|inner| {
        inner.get_subcommands().any(|leaf| leaf.get_name() == given && leaf.get_name() != "help")
    });
    let hint = match (deeper, nearest(&given, names)) {
        (Some(inner), _) => did_you_mean(&format!("daybook {} {given}", inner.get_name())),
        (None, Some(near)) => did_you_mean(&format!("{} {near}", place.name())),
        (None, None) => Text::new(
            format!("see `{}` for the commands", place.help()),
            format!("命令见 `{}`", place.help()),
        ),
    };
    (message, hint)
}

fn listed_value(error: &Error, place: &Place<'_>) -> (Text, Text) {
    let option = place.option(&text(error, ContextKind::InvalidArg));
    let given = text(error, ContextKind::InvalidValue);
    let values = list(error, ContextKind::ValidValue);
    if given.is_empty() {
        let message = Text::new(
            format!("{} is given without a value", option.en),
            format!("{} 缺少值", option.zh),
        );
        let hint = if values.is_empty() { place.example() } else { one_of(&values) };
        return (message, hint);
    }
    let message = Text::new(
        format!("{given:?} is not a value of {}", option.en),
        format!("{given:?} 不是 {} 的可选值", option.zh),
    );
    let hint = match nearest(&given, &values) {
        Some(near) => did_you_mean(near),
        None => one_of(&values),
    };
    (message, hint)
}

fn unfit_value(error: &Error, place: &Place<'_>) -> (Text, Text) {
    let option = place.option(&text(error, ContextKind::InvalidArg));
    let given = text(error, ContextKind::InvalidValue);
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let hint = match cause.as_str() {
        "" => place.example(),
        cause if cause.contains("invalid digit") || cause.contains("empty string") => {
            Text::from(("write a whole number, such as 20", "请写一个整数，例如 20"))
        }
        cause if cause.contains("too large") || cause.contains("too small") => {
            Text::from(("write a number nearer to zero", "这个数太大，请写小一些的数"))
        }
        cause if cause.contains(" is not in ") => {
            let range = cause.rsplit(" is not in ").next().unwrap_or_default();
            let (from, to) = range.split_once("..=").unwrap_or((range, ""));
            Text::new(
                format!("write a number from {from} to {to}"),
                format!("请写 {from} 到 {to} 之间的数"),
            )
        }
        cause => Text::new(
            format!("{cause}; see `{}`", place.help()),
            format!("{cause}；详见 `{}`", place.help()),
        ),
    };
    let message = Text::new(
        format!("{given:?} does not fit {}", option.en),
        format!("{given:?} 不适合 {}", option.zh),
    );
    (message, hint)
}

fn missing(error: &Error, place: &Place<'_>) -> (Text, Text) {
    let missing = list(error, ContextKind::InvalidArg);
    let (and, zh_and) = (missing.join(" and "), missing.join("、"));
    let verb = if missing.len() > 1 { "are" } else { "is" };
    let message = Text::new(
        format!("{and} {verb} missing after `{}`", place.name()),
        format!("`{}` 后缺少 {zh_and}", place.name()),
    );
    (message, place.example())
}

fn conflict(error: &Error, place: &Place<'_>) -> (Text, Text) {
    let one = text(error, ContextKind::InvalidArg);
    let prior = list(error, ContextKind::PriorArg);
    let message = if prior.is_empty() || prior.contains(&one) {
        Text::new(format!("{one} is given more than once"), format!("{one} 重复给出"))
    } else {
        let (and, zh_and) = (prior.join(" and "), prior.join("、"));
        Text::new(
            format!("{one} cannot be given together with {and}"),
            format!("{one} 不能与 {zh_and} 同时给出"),
        )
    };
    let help = place.help();
    let hint = Text::new(
        format!("leave one of them out; see `{help}`"),
        format!("请去掉其一；详见 `{help}`"),
    );
    (message, hint)
}

/// Asks whether something known was meant.
pub fn did_you_mean(near: &str) -> Text {
    Text::new(format!("did you mean `{near}`?"), format!("您是指 `{near}` 吗？"))
}

fn one_of(values: &[String]) -> Text {
    if values.len() > super::LISTED_MAX {
        let (first, more) = (values.iter().take(6).cloned().collect::<Vec<_>>(), values.len() - 6);
        let (en, zh) = (first.join(", "), first.join("、"));
        return Text::new(
            format!("use one of {en} and {more} more; completion lists them"),
            format!("请用 {zh} 等（另有 {more} 个，可用补全列出）"),
        );
    }
    Text::new(
        format!("use one of {}", values.join(", ")),
        format!("请用 {} 之一", values.join("、")),
    )
}

fn text(error: &Error, kind: ContextKind) -> String {
    list(error, kind).into_iter().next().unwrap_or_default()
}

fn first(error: &Error, kind: ContextKind) -> Option<String> {
    list(error, kind).into_iter().next()
}

fn list(error: &Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        Some(ContextValue::Number(number)) => vec![number.to_string()],
        _ => Vec::new(),
    }
}

fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
