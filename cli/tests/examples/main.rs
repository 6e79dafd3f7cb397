//! Every example of every help text, guide and reference page runs.
//!
//! How a page says what is special about a block is written in CONTRIBUTING.md.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod page;
#[allow(dead_code)]
mod place;

use std::path::{Path, PathBuf};

use daybook::help::examples::PAGES;

use page::{Block, Manner};
use place::Place;

/// Pages whose examples are those of the help, which run by themselves.
const GENERATED: &[&str] = &["commands.md"];
/// Help pages whose examples begin with an empty directory.
const FROM_NOTHING: &[&str] = &["", "init", "demo"];

#[test]
fn examples_of_the_help_run() {
    let sample = Place::sample();
    for page in PAGES {
        let place = if FROM_NOTHING.contains(&page.path) { Place::empty() } else { sample.copy() };
        for (line, ..) in page.examples {
            if page.path == "serve" {
                let anywhere = line.replace(":7317", ":0");
                drop(place.serve(&anywhere, "help of serve"));
                continue;
            }
            let said = place.run(line, None);
            assert_eq!(said.code, 0, "help of {:?}: {line}\n{}", page.path, said.text);
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = Vec::new();
    for folder in ["", "docs/guides", "docs/reference"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let read = folder.is_empty() && name.starts_with("README") || !folder.is_empty();
            if read && name.ends_with(".md") && !GENERATED.contains(&name.as_str()) {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

#[test]
fn examples_of_the_pages_run() {
    let sample = Place::sample();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let chinese = path.to_str().unwrap().ends_with(".zh.md");
        let place = Place::empty();
        run(&path, &text, chinese, &place, &sample);
    }
}

fn run(path: &Path, text: &str, chinese: bool, place: &Place, sample: &Place) {
    let blocks = page::blocks(text);
    let mut served = Vec::new();
    for block in &blocks {
        let at = format!("{}:{}", path.file_name().unwrap().to_str().unwrap(), block.line);
        match &block.manner {
            Manner::Ledger => place.take(sample),
            Manner::File(name) => place.write(name, &block.text),
            Manner::Skip => {}
            Manner::Serve => served.push(place.serve(&block.text, &at)),
            Manner::Run { fails } => check(block, *fails, chinese, place, &at),
        }
    }
}

fn check(block: &Block, fails: Option<i32>, chinese: bool, place: &Place, at: &str) {
    let said = place.run(&block.text, Some(chinese));
    match fails {
        None => assert_eq!(said.code, 0, "{at}: {}\n{}", block.text, said.text),
        Some(code) => assert_eq!(said.code, code, "{at}: {}\n{}", block.text, said.text),
    }
    if let Some(shown) = &block.shown
        && let Err(line) = page::matches(shown, &said.text)
    {
        panic!("{at}: {line:?} is not printed\n--- shown\n{shown}\n--- printed\n{}", said.text);
    }
}

#[test]
fn no_command_stands_where_it_is_not_run() {
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        for (index, line) in text.lines().enumerate() {
            let indented = line
                .strip_prefix("    ")
                .is_some_and(|line| line.trim_start_matches("$ ").starts_with("daybook "));
            assert!(
                !indented,
                "{}:{}: put it into a ```sh block: {line}",
                path.display(),
                index + 1
            );
        }
    }
}
