//! The pages of the reference that describe every kind of event are those of the declarations.
//!
//! `DAYBOOK_BLESS=1 cargo test -p daybook-core --test event_reference` writes them anew.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

mod fields;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use daybook_core::decide::Rejection;
use daybook_core::event::examples::{example, fields as fields_of};
use daybook_core::event::{Kind, Subject};
use fields::FIELDS;
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

/// The rules of the requirements that belong to a kind, besides its own number.
const RULES: &[(&str, &[&str])] = &[
    ("E01", &["I-01", "I-02", "I-03"]),
    ("E02", &["I-04"]),
    ("E07", &["I-12", "I-13"]),
    ("E08", &["I-14"]),
    ("E10", &["I-16"]),
    ("E11", &["I-17"]),
    ("E12", &["I-18", "I-19", "I-20"]),
    ("E13", &["I-21"]),
    ("E14", &["I-22"]),
    ("E16", &["I-23"]),
    ("E17", &["I-24"]),
    ("E18", &["I-25"]),
    ("E21", &["I-26"]),
    ("E22", &["I-27"]),
    ("E23", &["I-28"]),
    ("E26", &["I-31"]),
    ("E27", &["I-32"]),
    ("E28", &["I-33"]),
    ("E30", &["I-34"]),
    ("E31", &["I-34"]),
    ("E32", &["I-35"]),
    ("E33", &["I-36"]),
    ("E34", &["I-37"]),
    ("E35", &["I-38", "I-39"]),
    ("E36", &["I-38"]),
    ("E41", &["I-40", "I-41"]),
    ("E42", &["I-42"]),
    ("E43", &["I-43"]),
    ("E45", &["I-44"]),
    ("E46", &["I-45"]),
    ("E47", &["I-46"]),
    ("E48", &["I-47", "I-48", "I-49", "I-50", "I-51"]),
    ("E49", &["I-52"]),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/events")
}

/// What one kind's schema says, with everything it refers to.
struct Described {
    schema: Value,
    parts: BTreeMap<String, Value>,
}

fn described(kind: Kind) -> Described {
    let mut generator = SchemaGenerator::default();
    let schema = kind.json_schema(&mut generator).to_value();
    let parts: BTreeMap<String, Value> = generator.take_definitions(true).into_iter().collect();
    let own = parts.get(&name_in(&schema).unwrap_or_default()).cloned().unwrap_or(schema);
    Described { schema: own, parts }
}

/// The part a schema refers to.
fn name_in(schema: &Value) -> Option<String> {
    let direct = schema.get("$ref").and_then(Value::as_str);
    let reference = direct.or_else(|| {
        ["anyOf", "oneOf", "allOf"].iter().find_map(|several| {
            schema.get(*several)?.as_array()?.iter().find_map(|one| one.get("$ref")?.as_str())
        })
    });
    reference.and_then(|reference| reference.rsplit('/').next()).map(str::to_owned)
}

/// How a field's type is written.
fn type_of(schema: &Value) -> String {
    if let Some(name) = name_in(schema) {
        return format!("`{name}`");
    }
    let types = match schema.get("type") {
        Some(Value::String(one)) => vec![one.as_str()],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    match types.iter().find(|one| **one != "null") {
        Some(&"array") => format!("list of {}", type_of(&schema["items"])),
        Some(&"object") => "object".to_owned(),
        Some(one) => (*one).to_owned(),
        None => "any".to_owned(),
    }
}

fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A text in one cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

fn chinese(field: &str) -> &'static str {
    let at = FIELDS.binary_search_by_key(&field, |(known, _)| *known);
    at.map_or("", |at| FIELDS[at].1)
}

/// Writes an object's fields as a table; `personal` says which are sealed, and how.
fn table(out: &mut String, schema: &Value, personal: &BTreeMap<String, String>) {
    let none = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
    if properties.is_empty() {
        return;
    }
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    out.push_str("| field 字段 | | type 类型 | meaning 含义 |\n|---|---|---|---|\n");
    for (name, field) in properties {
        let must = if required.contains(name.as_str()) { "" } else { " (optional 可省略)" };
        let sealed = personal.get(name).map(|class| format!(" **{class}**")).unwrap_or_default();
        let (zh, kind) = (chinese(name), type_of(field));
        let meaning = cell(text(field, "description"));
        writeln!(out, "| `{name}` | {zh}{must} | {kind} | {meaning}{sealed} |").unwrap();
    }
    out.push('\n');
}

/// Writes a closed list's options.
fn options(out: &mut String, schema: &Value) {
    let Some(labels) = schema.get("x-label-zh").and_then(Value::as_object) else { return };
    out.push_str("| option 选项 | | meaning 含义 |\n|---|---|---|\n");
    for name in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        let label = labels.get(name).and_then(Value::as_str).unwrap_or_default();
        let meaning = cell(text(&schema["x-meaning"], name));
        writeln!(out, "| `{name}` | {label} | {meaning} |").unwrap();
    }
    out.push('\n');
}

/// Returns which of the event's fields are sealed, under whose key, in which class.
fn personal(kind: Kind) -> BTreeMap<String, String> {
    let mut event = example(kind);
    let json = event.body.to_json().unwrap();
    let mut classes = Vec::new();
    let visited: Result<(), std::convert::Infallible> =
        event.body.sections(&mut |subject, section| {
            let whose = match subject {
                Subject::Customer => "the customer 客户".to_owned(),
                other => serde_json::to_value(&other).unwrap().to_string(),
            };
            let class = section.class();
            classes.push(format!("personal 个人信息: {class} {}, of {whose}", class.label_zh()));
            Ok(())
        });
    visited.unwrap();
    let sealed = sealed_in(&json);
    sealed.into_iter().zip(classes).collect()
}

/// The fields that hold a sealed section, at any depth, in stored order.
fn sealed_in(json: &Value) -> Vec<String> {
    let Some(fields) = json.as_object() else { return Vec::new() };
    let mut found = Vec::new();
    for (name, value) in fields {
        if value.get("sealed").is_some() {
            found.push(name.clone());
        } else {
            found.extend(sealed_in(value));
        }
    }
    found
}

fn page(kind: Kind) -> String {
    let Described { schema, parts } = described(kind);
    let (name, zh, code) = (kind.name(), kind.label_zh(), kind.code());
    let mut out = format!("# {name} · {zh}\n\n");
    writeln!(out, "{}\n", cell(text(&schema, "description"))).unwrap();
    let (tag, version) = (kind.tag(), kind.schema());
    let stream = example(kind).envelope.stream;
    writeln!(
        out,
        "Number 编号 {code}; stored as 存储为 {tag}, version 版本 {version}; in the example's stream 示例所在流 \
         `{stream}`.\n"
    )
    .unwrap();
    out.push_str("## Fields 字段\n\n");
    let personal = personal(kind);
    table(&mut out, &schema, &personal);
    let shown = |part: &Value| part.get("properties").is_some() || part.get("x-label-zh").is_some();
    for (name, part) in parts.iter().filter(|(_, part)| shown(part) && **part != schema) {
        writeln!(out, "### {name}\n\n{}\n", cell(text(part, "description"))).unwrap();
        table(&mut out, part, &personal);
        options(&mut out, part);
    }
    rules(&mut out, code);
    let json = serde_json::to_string_pretty(&fields_of(kind)).unwrap();
    writeln!(out, "## Example 示例\n\n```json\n{json}\n```\n").unwrap();
    let mut whole = schema;
    if !parts.is_empty() {
        whole["$defs"] = serde_json::to_value(&parts).unwrap();
    }
    let json = serde_json::to_string(&whole).unwrap();
    writeln!(out, "## JSON Schema\n\n```json\n{json}\n```").unwrap();
    out
}

/// Writes why such an event is refused.
fn rules(out: &mut String, code: &str) {
    let more = RULES.iter().find(|(known, _)| *known == code).map_or(&[][..], |(_, rules)| rules);
    let told = Rejection::ALL
        .iter()
        .filter(|told| told.rule.is_some_and(|rule| rule == code || more.contains(&rule)));
    let told: Vec<_> = told.collect();
    if told.is_empty() {
        return;
    }
    out.push_str("## Refused when 何时拒绝\n\n| rule 规则 | code 代码 | |\n|---|---|---|\n");
    for told in told {
        let (rule, code) = (told.rule.unwrap_or_default(), told.code);
        let (en, zh) = (cell(told.message), cell(told.message_zh));
        writeln!(out, "| {rule} | `{code}` | {en}<br>{zh} |").unwrap();
    }
    out.push('\n');
}

fn index() -> String {
    let mut out = "# Events 事件\n\nEvery kind of event the ledger knows, made from its declaration. \
                   账簿所知的每一种事件，由其声明生成。\n\n| kind 种类 | | number 编号 |\n|---|---|---|\n"
        .to_owned();
    for kind in Kind::ALL {
        let (name, zh, code) = (kind.name(), kind.label_zh(), kind.code());
        writeln!(out, "| [{name}]({name}.md) | {zh} | {code} |").unwrap();
    }
    out
}

fn pages() -> BTreeMap<String, String> {
    let pages = Kind::ALL.iter().map(|kind| (format!("{}.md", kind.name()), page(*kind)));
    pages.chain([("README.md".to_owned(), index())]).collect()
}

#[test]
fn the_pages_are_those_of_the_declarations() {
    let (folder, pages) = (folder(), pages());
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            std::fs::write(folder.join(name), text).unwrap();
        }
        return;
    }
    let there: BTreeSet<String> = std::fs::read_dir(&folder)
        .expect("the pages: DAYBOOK_BLESS=1 writes them")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, pages.keys().cloned().collect(), "pages and kinds");
    for (name, text) in &pages {
        let written = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(written == *text, "docs/reference/events/{name} is not what the code says");
    }
}

#[test]
fn every_field_has_its_chinese() {
    assert!(FIELDS.is_sorted_by(|left, right| left.0 < right.0));
    let mut missing = BTreeSet::new();
    for kind in Kind::ALL {
        let Described { schema, parts } = described(*kind);
        for part in parts.values().chain([&schema]) {
            let properties = part.get("properties").and_then(Value::as_object);
            let names = properties.into_iter().flat_map(|fields| fields.keys());
            missing.extend(names.filter(|name| chinese(name).is_empty()).cloned());
        }
    }
    assert!(
        missing.is_empty(),
        "no Chinese in core/tests/event_reference/fields.rs for {missing:?}"
    );
}
