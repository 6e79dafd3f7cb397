//! The reference pages list what there is, and what comes along can be used.

#![allow(clippy::expect_used, clippy::unwrap_used)]

use daybook_server::import::Mapping;
use daybook_server::import::mapping::commands;

const COMMANDS: &str = include_str!("../../docs/reference/commands.md");
const API: &str = include_str!("../../docs/reference/api.md");

#[test]
fn every_command_is_on_its_page() {
    for command in commands() {
        assert!(COMMANDS.contains(&format!("`{command}`")), "{command}");
    }
}

#[test]
fn every_verb_has_its_section() {
    for verb in ["init", "record", "import", "log", "show", "stats", "verify", "demo"] {
        assert!(COMMANDS.contains(&format!("\n## {verb}\n")), "{verb}");
    }
}

#[test]
fn every_route_is_on_its_page() {
    for route in ["commands", "events", "customers", "stats", "imports", "book"] {
        assert!(API.contains(&format!("/v1/{route}")), "{route}");
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
