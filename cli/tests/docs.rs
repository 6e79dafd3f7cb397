//! The reference pages list what there is, and what comes along can be used.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use daybook::help::reference;
use daybook_server::import::Mapping;
use daybook_server::import::mapping::commands;

const COMMANDS: &str = include_str!("../../docs/reference/commands.md");

#[test]
fn every_command_is_on_its_page() {
    for command in commands() {
        assert!(COMMANDS.contains(&format!("`{command}`")), "{command}");
    }
}

/// Puts what is made from the code between the marks of a page.
fn generated(page: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- generated: {name} -->\n"), "<!-- end -->");
    let (head, rest) = page.split_once(&open).expect("the mark is there");
    let (_, tail) = rest.split_once(close).expect("the end is there");
    format!("{head}{open}{text}{close}{tail}")
}

#[test]
fn the_page_of_the_commands_is_that_of_the_declarations() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/commands.md");
    let page = std::fs::read_to_string(path).unwrap();
    let made = generated(&page, "options", &reference::global_options());
    let made = generated(&made, "commands", &reference::commands());
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        std::fs::write(path, made).unwrap();
    } else {
        assert!(made == page, "run DAYBOOK_BLESS=1 cargo test -p daybook --test docs");
    }
}

#[test]
fn the_mappings_that_come_along_can_be_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings");
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(Mapping::parse(&text).is_ok(), "{}", path.display());
    }
}
