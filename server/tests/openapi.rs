//! The OpenAPI document: checked in, the same as the code's, and whole.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use daybook_server::api::openapi::{document, document_text};
use serde_json::Value;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/openapi.json");

#[test]
fn the_checked_in_document_is_the_one_the_code_makes() {
    let made = document_text();
    if std::env::var_os("DAYBOOK_BLESS").is_some() {
        std::fs::write(PATH, &made).unwrap();
    }
    let checked_in = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        made == checked_in,
        "docs/reference/openapi.json is not what the code makes; run \
         DAYBOOK_BLESS=1 cargo test -p daybook-server --test openapi"
    );
}

#[test]
fn every_route_is_in_the_document_and_every_operation_is_a_route() {
    let routes: BTreeSet<String> = daybook_server::api::routes()
        .iter()
        .map(|(_, route)| format!("{} /v1{}", route.method(), route.path()))
        .collect();
    let paths = document()["paths"].as_object().unwrap();
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, operations)| {
            let methods = operations.as_object().unwrap().keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    assert_eq!(routes, documented);
}

#[test]
fn every_parameter_of_a_path_is_described_and_every_reference_leads_somewhere() {
    let document = document();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let described: BTreeSet<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let named: BTreeSet<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            assert_eq!(named, described, "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.ends_with('.')));
        }
    }
    follow(document, document);
}

fn follow(document: &Value, part: &Value) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| follow(document, item)),
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{reference}");
            }
            members.values().for_each(|member| follow(document, member));
        }
        _ => {}
    }
}
