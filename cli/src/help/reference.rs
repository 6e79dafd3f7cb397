//! The reference page of the commands, made from the declarations.

use clap::{Arg, Command};

use super::{examples, zh};
use crate::render::Lang;

/// Returns the part of `docs/reference/commands.md` that lists every command, in English with the
/// Chinese beside it.
pub fn commands() -> String {
    let root = super::command(Lang::En);
    let mut page = String::new();
    for verb in root.get_subcommands().filter(|verb| verb.get_name() != "help") {
        section(verb, verb.get_name(), &mut page);
    }
    page
}

/// Returns the table of the options every command takes.
pub fn global_options() -> String {
    let root = super::command(Lang::En);
    let globals: Vec<&Arg> = root.get_arguments().filter(|arg| arg.is_global_set()).collect();
    rows("", &globals)
}

fn section(command: &Command, path: &str, page: &mut String) {
    let heading = if path.contains(' ') { "###" } else { "##" };
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.push_str(&format!("\n{heading} {path}\n\n{about}  \n{}\n", zh::about(path).unwrap_or("")));
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim();
    page.push_str(&format!("\n```text\n{usage}\n```\n"));
    let own: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| !arg.is_global_set() && !matches!(arg.get_id().as_str(), "help" | "version"))
        .collect();
    // What every fact of `record` takes is listed once, with `record`.
    let handed_down: Vec<&Arg> = command
        .get_arguments()
        .filter(|arg| arg.is_global_set() && !path.contains(' ') && !of_root(arg))
        .collect();
    if !own.is_empty() || !handed_down.is_empty() {
        page.push('\n');
        page.push_str(&rows(path, &[own, handed_down].concat()));
    }
    if let Some(examples) = examples::page(path) {
        page.push_str("\n```sh\n");
        for (line, en, _) in examples.examples {
            let said = if en.is_empty() { String::new() } else { format!("   # {en}") };
            page.push_str(&format!("{line}{said}\n"));
        }
        page.push_str("```\n");
        if let Some((en, zh)) = examples.note {
            page.push_str(&format!("\n{en}  \n{zh}\n").replace("\n  ", "\n- "));
        }
    }
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        section(inner, &format!("{path} {}", inner.get_name()), page);
    }
}

fn of_root(arg: &Arg) -> bool {
    let root = crate::commands::declared();
    root.get_arguments().any(|global| global.get_id() == arg.get_id())
}

fn rows(path: &str, arguments: &[&Arg]) -> String {
    let mut rows = String::from("| argument | meaning | 含义 |\n|---|---|---|\n");
    for arg in arguments {
        let shown = shown(arg);
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let zh = zh::argument(path, arg.get_id().as_str()).unwrap_or_default();
        rows.push_str(&format!("| `{shown}` | {} | {} |\n", cell(&help), cell(zh)));
    }
    rows
}

/// Returns an argument as a usage line shows it.
fn shown(arg: &Arg) -> String {
    let names: Vec<String> = arg
        .get_value_names()
        .into_iter()
        .flatten()
        .map(|name| {
            if arg.is_required_set() || arg.get_long().is_some() {
                name.to_string()
            } else {
                format!("[{name}]")
            }
        })
        .collect();
    let value = if arg.get_action().takes_values() { names.join(" ") } else { String::new() };
    match arg.get_long() {
        Some(long) if value.is_empty() => format!("--{long}"),
        Some(long) => format!("--{long} {value}"),
        None => value,
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
