//! The form: what a command still needs is asked for, one line each, when somebody sits there.
//!
//! It knows no command: what is missing, what it means and which values it takes is read from the
//! declarations. Invariant: what was typed is never lost; whatever stops the form or the command
//! afterwards, the whole command line is given back, to be run again. Programs and pipes are never
//! asked.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgMatches, Command, Error};
use rustyline::error::ReadlineError;

use crate::error::{CliError, Exit};
use crate::help::usage::{self, Place};
use crate::render::{Lang, paint};
use crate::text::Text;

/// What is asked for besides what is missing; an empty line leaves it out.
const OFFERED: &[(&str, &[&str])] = &[
    ("record call", &["text", "next", "due"]),
    ("record visit", &["text", "next", "due"]),
    ("record email", &["text", "next", "due"]),
    ("record message", &["text", "next", "due"]),
    ("record contact", &["role", "phone", "email"]),
    ("record customer", &["city", "phone"]),
    ("record complaint", &["text"]),
];

/// The command line that a form made, for as long as the command runs.
static FILLED: OnceLock<()> = OnceLock::new();

/// Tells whether something is missing and somebody is there to be asked.
pub fn is_due(error: &Error, json: bool) -> bool {
    error.kind() == ErrorKind::MissingRequiredArgument
        && !json
        && std::io::stdin().is_terminal()
        && std::io::stderr().is_terminal()
}

/// Asks for what is missing and returns what the command line then reads as, and the line.
///
/// # Errors
/// [`CliError`] with the line so far when the form is left, or nobody can be asked after all.
pub fn fill(
    command: &mut Command,
    arguments: Vec<OsString>,
    error: Error,
    lang: Lang,
) -> Result<(Result<ArgMatches, Error>, Vec<OsString>), CliError> {
    let mut editor = match rustyline::DefaultEditor::new() {
        Ok(editor) => editor,
        Err(_) => return Ok((Err(error), arguments)),
    };
    let mut ask = |prompt: &str, initial: &str| editor.readline_with_initial(prompt, (initial, ""));
    let _ = FILLED.set(());
    let leave = if cfg!(unix) { "Ctrl-C" } else { "Ctrl-Z" };
    match lang {
        Lang::En => crate::note!("Some things are missing. {leave} leaves; nothing typed is lost."),
        Lang::Zh => crate::note!("还缺几项。按 {leave} 离开；已输入的内容不会丢失。"),
    }
    filled(command, arguments, error, lang, &mut ask)
}

/// Asks a question, with an answer to start from.
type Ask<'a> = dyn FnMut(&str, &str) -> Result<String, ReadlineError> + 'a;

fn filled(
    command: &mut Command,
    arguments: Vec<OsString>,
    error: Error,
    lang: Lang,
    ask: &mut Ask<'_>,
) -> Result<(Result<ArgMatches, Error>, Vec<OsString>), CliError> {
    let mut line = Line::new(command, arguments);
    for arg in line.missing(command, &error) {
        line.ask(&arg, true, lang, ask)?;
    }
    for arg in line.offered(command) {
        line.ask(&arg, false, lang, ask)?;
    }
    loop {
        let words = line.words();
        let error = match command.try_get_matches_from_mut(&words) {
            Ok(matches) => return Ok((Ok(matches), words)),
            Err(error) => error,
        };
        // An answer that does not fit is asked for again; what else is wrong is told.
        let told = usage::explain(&error, command, &words);
        let Some(at) = line.unfit(&error) else { return Ok((Err(error), words)) };
        crate::note!("{}; {}", told.message.pick(lang), told.hint.pick(lang));
        line.ask_again(at, lang, ask)?;
    }
}

/// A command line and what was answered to it.
struct Line {
    path: String,
    given: Vec<OsString>,
    answers: Vec<(Arg, String)>,
}

impl Line {
    fn new(command: &Command, given: Vec<OsString>) -> Line {
        Line { path: Place::of(command, &given).path().to_owned(), given, answers: Vec::new() }
    }

    /// The arguments an error says are missing, in the order of their declaration.
    fn missing(&self, command: &Command, error: &Error) -> Vec<Arg> {
        let names = match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::Strings(names)) => names.clone(),
            Some(ContextValue::String(name)) => vec![name.clone()],
            _ => Vec::new(),
        };
        let place = Place::of(command, &self.given);
        let arguments = place.command().get_arguments();
        arguments.filter(|arg| names.contains(&arg.to_string())).cloned().collect()
    }

    /// The arguments that are offered for this command and were not given.
    fn offered(&self, command: &Command) -> Vec<Arg> {
        let ids =
            OFFERED.iter().find(|(path, _)| *path == self.path).map_or(&[][..], |(_, ids)| ids);
        let place = Place::of(command, &self.given);
        let given = |arg: &Arg| {
            let long = arg.get_long().map(|long| format!("--{long}"));
            let named = |word: &OsString| {
                let word = word.to_string_lossy();
                long.as_ref()
                    .is_some_and(|long| word == **long || word.starts_with(&format!("{long}=")))
            };
            self.given.iter().any(named)
        };
        let wanted = ids
            .iter()
            .filter_map(|id| place.command().get_arguments().find(|arg| arg.get_id() == id));
        wanted.filter(|arg| !given(arg)).cloned().collect()
    }

    fn ask(
        &mut self,
        arg: &Arg,
        needed: bool,
        lang: Lang,
        ask: &mut Ask<'_>,
    ) -> Result<(), CliError> {
        // A date without what it is the date of would be refused.
        let requires_next = arg.get_id() == "due" && !needed;
        if requires_next && !self.answers.iter().any(|(known, _)| known.get_id() == "next") {
            return Ok(());
        }
        loop {
            let answer = self.answer(arg, needed, "", lang, ask)?;
            if !answer.is_empty() {
                self.answers.push((arg.clone(), answer));
                return Ok(());
            }
            if !needed {
                return Ok(());
            }
        }
    }

    fn ask_again(&mut self, at: usize, lang: Lang, ask: &mut Ask<'_>) -> Result<(), CliError> {
        let Some((arg, before)) = self.answers.get(at).cloned() else { return Ok(()) };
        let answer = self.answer(&arg, true, &before, lang, ask)?;
        if let Some(known) = self.answers.get_mut(at) {
            known.1 = answer;
        }
        Ok(())
    }

    fn answer(
        &self,
        arg: &Arg,
        needed: bool,
        initial: &str,
        lang: Lang,
        ask: &mut Ask<'_>,
    ) -> Result<String, CliError> {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let skip = if needed { "" } else { lang.pick(" (Enter: none)", "（回车：无）") };
        match ask(&format!("{help}{skip}: "), initial) {
            Ok(answer) => Ok(answer.trim().to_owned()),
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => Err(self.left()),
            Err(error) => Err(CliError {
                message: Text::new(
                    format!("the terminal could not be read: {error}"),
                    format!("无法读取终端：{error}"),
                ),
                ..self.left()
            }),
        }
    }

    /// Which answer an error is about.
    fn unfit(&self, error: &Error) -> Option<usize> {
        let fits = matches!(error.kind(), ErrorKind::InvalidValue | ErrorKind::ValueValidation);
        let Some(ContextValue::String(name)) = error.get(ContextKind::InvalidArg) else {
            return None;
        };
        self.answers.iter().position(|(arg, _)| fits && arg.to_string() == *name)
    }

    /// The whole line. Positions come last and after `--`, so that no answer is taken for an option.
    fn words(&self) -> Vec<OsString> {
        let mut words = self.given.clone();
        let (positions, options): (Vec<_>, Vec<_>) =
            self.answers.iter().partition(|(arg, _)| arg.is_positional());
        for (arg, answer) in options {
            let long = arg.get_long().unwrap_or_default();
            words.push(format!("--{long}={answer}").into());
        }
        if positions.iter().any(|(_, answer)| answer.starts_with('-')) {
            words.push("--".into());
        }
        words.extend(positions.into_iter().map(|(_, answer)| OsString::from(answer)));
        words
    }

    fn left(&self) -> CliError {
        let line = typed(&self.words());
        CliError {
            exit: Exit::Usage,
            code: "left".to_owned(),
            message: Text::from(("the form was left before its end", "表单未填完")),
            hint: Text::new(format!("go on with: {line}"), format!("可以继续：{line}")),
        }
    }
}

/// Gives the whole line back after a command that a form was filled for did not succeed.
pub fn give_back(arguments: &[OsString], lang: Lang) {
    if FILLED.get().is_some() {
        let (hint, line) = (paint::HINT, typed(arguments));
        let said = lang.pick("what you typed, to be run again: ", "您输入的内容，可再次运行：");
        crate::note!("{hint}{said}{hint:#}{line}");
    }
}

/// Writes a command line as it would be typed.
fn typed(words: &[OsString]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+@=:".contains(c);
    let word = |word: &OsString| {
        let word = word.to_string_lossy();
        match !word.is_empty() && word.chars().all(plain) {
            true => word.into_owned(),
            false => format!("'{}'", word.replace('\'', "'\\''")),
        }
    };
    let rest = words.iter().skip(1).map(word);
    std::iter::once(crate::system::program()).chain(rest).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, clippy::panic)]

    use super::*;

    /// Fills a form from a list of answers; returns the questions and the words after the program.
    fn form(
        given: &[&str],
        answers: &[&str],
        lang: Lang,
    ) -> (Vec<String>, Result<Vec<String>, CliError>) {
        let mut command = crate::help::command(lang);
        let given: Vec<OsString> =
            std::iter::once("daybook").chain(given.iter().copied()).map(OsString::from).collect();
        let error = command.try_get_matches_from_mut(&given).expect_err("something is missing");
        assert_eq!(error.kind(), ErrorKind::MissingRequiredArgument);
        let (mut asked, mut answers) = (Vec::new(), answers.iter());
        let filled = filled(&mut command, given, error, lang, &mut |prompt, initial| {
            asked.push(format!("{prompt}{initial}"));
            answers.next().map(|answer| (*answer).to_owned()).ok_or(ReadlineError::Interrupted)
        });
        let words = filled.map(|(read, words)| {
            read.expect("a whole line");
            words.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
        });
        (asked, words)
    }

    fn check(given: &[&str], answers: &[&str], expected: &[&str]) {
        let (asked, words) = form(given, answers, Lang::En);
        assert_eq!(words.as_deref().expect("filled"), expected, "{asked:#?}");
    }

    #[test]
    fn what_is_missing_is_asked_for_and_put_where_it_belongs() {
        check(
            &["record", "call"],
            &["ACME", "asked for a quote", "send quote", "friday"],
            &["record", "call", "--next=send quote", "--due=friday", "ACME", "asked for a quote"],
        );
        // An empty line leaves out what is only offered; without a next step there is no date.
        check(&["record", "call"], &["ACME", "", ""], &["record", "call", "ACME"]);
        // An empty line does not do for what is needed.
        check(&["record", "note", "ACME"], &["", "late"], &["record", "note", "ACME", "late"]);
        check(
            &["record", "task", "ACME"],
            &["- call", "friday"],
            &["record", "task", "ACME", "--due=friday", "--", "- call"],
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_is_asked_for_again() {
        let (asked, words) =
            form(&["record", "reverse-payment", "ACME"], &["R-1", "bouncd", "bounced"], Lang::En);
        let expected = ["record", "reverse-payment", "ACME", "R-1", "bounced"];
        assert_eq!(words.expect("filled"), expected);
        assert!(asked.last().is_some_and(|asked| asked.ends_with(": bouncd")), "{asked:#?}");
    }

    #[test]
    fn nothing_typed_is_lost_when_the_form_is_left() {
        let (asked, words) = form(&["record", "call"], &["ACME", "said it's late"], Lang::Zh);
        let left = words.expect_err("left");
        assert!(left.hint.zh.ends_with(r#" record call ACME 'said it'\''s late'"#), "{left:?}");
        assert!(asked.first().is_some_and(|asked| asked.contains("客户")), "{asked:#?}");
    }

    #[test]
    fn what_is_offered_is_declared() {
        let command = crate::help::command(Lang::En);
        for (path, ids) in OFFERED {
            let words: Vec<OsString> =
                format!("daybook {path}").split(' ').map(OsString::from).collect();
            let place = Place::of(&command, &words);
            for id in *ids {
                let known = place.command().get_arguments().any(|arg| arg.get_id() == id);
                assert!(known, "{path} has no {id}");
            }
        }
    }
}
