//! The help in both languages. English stands in the declarations of the verbs; Chinese in
//! [`zh`], examples in [`examples`]. Both are put onto the declarations before arguments are read.
//!
//! Invariant (tested): every command, argument, value name and listed value has its Chinese line,
//! every command has an example, and no line is left of something that is gone.

pub mod examples;
pub mod reference;
pub mod usage;
pub mod zh;

use clap::builder::Resettable;
use clap::{Arg, Command};

use crate::render::Lang;

/// Returns the whole command line with its help in a language.
pub fn command(lang: Lang) -> Command {
    let mut command = crate::commands::declared();
    // Building makes the help arguments and hands global arguments down, so that these can be
    // worded as well.
    command.build();
    dress(command, "", lang)
}

/// Returns the text in which clap's own words are put into a language.
pub fn worded(text: &str, lang: Lang) -> String {
    match lang {
        Lang::En => text.to_owned(),
        Lang::Zh => {
            let words = [
                ("[OPTIONS]", "[选项]"),
                ("命令:", "命令："),
                ("参数:", "参数："),
                ("选项:", "选项："),
            ];
            words.iter().fold(text.to_owned(), |text, (en, zh)| text.replace(en, zh))
        }
    }
}

fn dress(command: Command, path: &str, lang: Lang) -> Command {
    // `help record call` shows the help of `record call`.
    let subject = path.strip_prefix("help ").unwrap_or(path);
    let command = command.mut_args(|arg| argument(arg, subject, lang));
    let command = command.mut_subcommands(|inner| {
        let name = inner.get_name();
        let path = if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
        dress(inner, &path, lang)
    });
    let command = match examples::section(subject, lang) {
        Some(section) => command.after_help(section),
        None => command,
    };
    match lang {
        Lang::En => command,
        Lang::Zh => chinese(command, subject),
    }
}

fn chinese(command: Command, path: &str) -> Command {
    let command = match zh::about(path) {
        Some(about) => command.about(about),
        None => command,
    };
    command
        .help_template("{before-help}{about-with-newline}\n用法：{usage}\n\n{all-args}{after-help}")
        .subcommand_help_heading("命令")
        .subcommand_value_name("命令")
}

/// Returns the section an argument stands in: its command's own ones first, then what is handed
/// down to every fact and to every command.
fn heading(arg: &Arg, lang: Lang) -> Option<&'static str> {
    match (lang, arg.is_global_set()) {
        (Lang::En, false) => None,
        (Lang::Zh, false) if arg.is_positional() => Some("参数"),
        (Lang::Zh, false) => Some("选项"),
        (_, true) if crate::commands::is_global(arg.get_id().as_str()) => {
            Some(lang.pick("Options of every command", "通用选项"))
        }
        (_, true) => Some(lang.pick("Options of every fact", "各种事实通用的选项")),
    }
}

fn argument(arg: Arg, path: &str, lang: Lang) -> Arg {
    let english = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let text = match lang {
        // The built-in flag speaks of a longer help, which is the same here.
        Lang::En if arg.get_id() == "help" => "Print help".to_owned(),
        Lang::En => english,
        Lang::Zh => zh::argument(path, arg.get_id().as_str()).map_or(english, str::to_owned),
    };
    let text = format!("{text}{}", remarks(&arg, lang));
    let names: Vec<String> = arg
        .get_value_names()
        .iter()
        .flat_map(|names| names.iter())
        .map(ToString::to_string)
        .collect();
    let arg = match lang {
        Lang::Zh if !names.is_empty() && arg.get_action().takes_values() => {
            let worded = names.iter().map(|name| zh::value_name(name).unwrap_or(name).to_owned());
            arg.value_names(worded.map(clap::builder::Str::from).collect::<Vec<_>>())
        }
        _ => arg,
    };
    let heading = heading(&arg, lang);
    let arg = if heading.is_some() { arg.help_heading(heading) } else { arg };
    arg.help(text)
        .long_help(Resettable::Reset)
        .hide_default_value(true)
        .hide_env(true)
        .hide_possible_values(true)
}

/// What is said after an argument's help: its default, its variable, its values.
fn remarks(arg: &Arg, lang: Lang) -> String {
    let mut remarks = String::new();
    if !arg.get_action().takes_values() {
        return remarks;
    }
    let mut say = |label: (&str, &str), text: String| match lang {
        Lang::En => remarks.push_str(&format!(" [{}: {text}]", label.0)),
        Lang::Zh => remarks.push_str(&format!(" [{}: {text}]", label.1)),
    };
    let values = arg.get_possible_values();
    let names: Vec<&str> = values
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(clap::builder::PossibleValue::get_name)
        .collect();
    let shown: Vec<String> = names
        .iter()
        .map(|name| match (lang, zh::value_of(&names, name)) {
            (Lang::Zh, Some(label)) if label != *name => format!("{name} {label}"),
            _ => (*name).to_owned(),
        })
        .collect();
    if !shown.is_empty() && shown.len() <= LISTED_MAX {
        say(("values", "可选"), shown.join(lang.pick(", ", "、")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
    if !defaults.is_empty() {
        say(("default", "默认"), defaults.join(", "));
    }
    if let Some(variable) = arg.get_env() {
        say(("environment", "环境变量"), variable.to_string_lossy().into_owned());
    }
    remarks
}

/// Longer lists of values are not put into the help of an argument.
const LISTED_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every command with its path, the root as the empty one, without `help`.
    fn all(command: &Command, path: &str, each: &mut dyn FnMut(&Command, &str)) {
        each(command, path);
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let name = inner.get_name();
            let path = if path.is_empty() { name.to_owned() } else { format!("{path} {name}") };
            all(inner, &path, each);
        }
    }

    fn each(each: &mut dyn FnMut(&Command, &str)) {
        let mut command = crate::commands::declared();
        command.build();
        all(&command, "", each);
    }

    #[test]
    fn every_line_of_help_is_there_in_chinese() {
        let mut missing = Vec::new();
        each(&mut |command, path| {
            if zh::about(path).is_none() {
                missing.push(format!("about of {path:?}"));
            }
            for arg in command.get_arguments() {
                let id = arg.get_id().as_str();
                if zh::argument(path, id).is_none() {
                    missing.push(format!("argument {id:?} of {path:?}"));
                }
                let takes = arg.get_action().takes_values();
                for name in arg.get_value_names().filter(|_| takes).into_iter().flatten() {
                    if zh::value_name(name).is_none() {
                        missing.push(format!("value name {name} of {id:?} of {path:?}"));
                    }
                }
                let values = arg.get_possible_values();
                let values = values.iter().filter(|_| takes && values.len() <= LISTED_MAX);
                for value in values.filter(|value| zh::value(value.get_name()).is_none()) {
                    missing.push(format!("value {} of {id:?} of {path:?}", value.get_name()));
                }
            }
        });
        assert!(missing.is_empty(), "add to cli/src/help/zh: {missing:#?}");
    }

    #[test]
    fn no_chinese_line_is_left_of_something_gone() {
        let (mut commands, mut arguments, mut ids, mut names) =
            (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        each(&mut |command, path| {
            commands.insert(path.to_owned());
            for arg in command.get_arguments() {
                let id = arg.get_id().to_string();
                arguments.insert((path.to_owned(), id.clone()));
                ids.insert(id);
                let values = arg.get_value_names().into_iter().flatten();
                names.extend(values.map(ToString::to_string));
            }
        });
        for table in zh::TABLES.iter().copied().flatten() {
            assert!(commands.contains(table.path), "{:?} is no command any more", table.path);
            for (id, _) in table.arguments {
                let key = (table.path.to_owned(), (*id).to_owned());
                assert!(arguments.contains(&key), "{key:?} is no argument any more");
            }
        }
        for (id, _) in zh::SHARED {
            assert!(ids.contains(*id), "no argument is called {id} any more");
        }
        let gone: Vec<_> =
            zh::VALUE_NAMES.iter().filter(|(name, _)| !names.contains(*name)).collect();
        assert!(gone.is_empty(), "no value is called {gone:?} any more");
        for page in examples::PAGES {
            assert!(commands.contains(page.path), "{:?} is no command any more", page.path);
        }
    }

    #[test]
    fn help_is_imperative_without_full_stop_and_has_an_example() {
        each(&mut |command, path| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_empty() && !about.ends_with('.'), "{path}: {about}");
            assert!(!zh::about(path).unwrap_or_default().ends_with('。'), "{path}");
            assert!(command.get_long_about().is_none(), "{path}: say it in one line, or in a note");
            assert!(
                command.get_after_help().is_none(),
                "{path}: examples stand in cli/src/help/examples.rs"
            );
            let page = examples::page(path);
            assert!(
                page.is_some_and(|page| !page.examples.is_empty()),
                "{path} has no example in cli/src/help/examples.rs"
            );
            for arg in command.get_arguments() {
                if arg.get_id() == "help" {
                    continue;
                }
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                let place = format!("{path} {}: {help}", arg.get_id());
                assert!(!help.is_empty() && !help.ends_with('.'), "{place}");
                assert!(arg.get_long_help().is_none(), "{place}: say it in one line");
            }
        });
    }

    #[test]
    fn chinese_help_has_no_english_words_of_clap() {
        let mut command = command(Lang::Zh);
        let mut pages = vec![command.render_long_help().to_string()];
        for verb in ["record", "import"] {
            if let Some(inner) = command.find_subcommand_mut(verb) {
                pages.push(inner.render_long_help().to_string());
            }
        }
        for page in pages {
            let page = worded(&page, Lang::Zh);
            for word in ["Usage", "Options", "Arguments", "Commands", "Print", "[OPTIONS]"] {
                assert!(!page.contains(word), "{word} in {page}");
            }
            assert!(page.contains("选项：") && page.contains("示例："), "{page}");
        }
    }
}
