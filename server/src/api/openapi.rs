//! `GET /v1/openapi.json`: the interface described for programs (OpenAPI 3.1).
//!
//! The document is made from the list of routes and the types' own declarations. A copy is checked
//! in as `docs/reference/openapi.json`; a test compares the two.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use axum::Json;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::describe::Schemas;
use super::problem::{PROBLEM_TYPE, Problem, STATUSES};
use super::reached;
use super::route::{Route, Routes, get};

pub(super) fn routes() -> Routes {
    let route: Route = get("/openapi.json", "Describe this interface (OpenAPI 3.1)", read);
    Routes::of("interface", [route])
}

async fn read() -> Json<&'static Value> {
    Json(document())
}

/// Returns the document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| write(&super::routes()))
}

/// Returns the document as it is checked in.
pub fn document_text() -> String {
    serde_json::to_string_pretty(document()).unwrap_or_default() + "\n"
}

/// Describes what every call, or every read, takes.
fn parameters() -> Map<String, Value> {
    let language = json!({
        "name": "accept-language",
        "in": "header",
        "description": "The language problems are told in: Chinese where it prefers `zh`.",
        "schema": { "type": "string", "examples": ["zh-CN, en;q=0.8"] },
    });
    let reads = reached::parameters().into_iter();
    let all = [("accept-language", language)].into_iter().chain(reads);
    all.map(|(name, parameter)| (name.to_owned(), parameter)).collect()
}

fn write(routes: &Routes) -> Value {
    let mut schemas = Schemas::default();
    let mut paths = routes.document(&mut schemas);
    let problem = schemas.answers.subschema_for::<Problem>().to_value();
    let responses: Map<String, Value> = STATUSES
        .iter()
        .map(|(status, title)| {
            let content = json!({ PROBLEM_TYPE: { "schema": problem } });
            (status.to_string(), json!({ "description": title.en, "content": content }))
        })
        .collect();
    let components = merge(&mut schemas, &mut paths);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A ledger of everything between a company and its customers. \
                Errors are problem details (RFC 9457) in the caller's language.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": responses,
            "parameters": parameters(),
            "securitySchemes": { "token": {
                "type": "http", "scheme": "bearer",
                "description": "Over TCP, the token of the file that `daybook serve` names.",
            } },
        },
        "security": [{ "token": [] }],
    })
}

/// Brings the schemas of what is sent and what is answered into one list. A type whose two forms
/// differ appears twice, the answered one as `...Answered`.
fn merge(schemas: &mut Schemas, paths: &mut Map<String, Value>) -> Map<String, Value> {
    let requests = schemas.requests.take_definitions(true);
    let mut answers = schemas.answers.take_definitions(true);
    let differing = differing(&requests, &answers);
    for schema in answers.values_mut() {
        rename(schema, &differing);
    }
    for path in paths.values_mut().filter_map(Value::as_object_mut) {
        for operation in path.values_mut() {
            if let Some(responses) = operation.get_mut("responses") {
                rename(responses, &differing);
            }
        }
    }
    let answers = answers.into_iter().map(|(name, schema)| {
        let name = if differing.contains(&name) { name + "Answered" } else { name };
        (name, schema)
    });
    let mut all: Vec<(String, Value)> = requests.into_iter().chain(answers).collect();
    all.sort_by(|left, right| left.0.cmp(&right.0));
    all.dedup_by(|left, right| left.0 == right.0);
    all.iter_mut().for_each(|(_, schema)| bound(schema));
    for path in paths.values_mut() {
        bound(path);
    }
    all.into_iter().collect()
}

/// Returns the names of types that are not sent as they are answered, themselves or in a part.
fn differing(requests: &Map<String, Value>, answers: &Map<String, Value>) -> BTreeSet<String> {
    let shared = |name: &str| requests.get(name).zip(answers.get(name));
    let mut differing: BTreeSet<String> = requests
        .keys()
        .filter(|name| shared(name).is_some_and(|(request, answer)| request != answer))
        .cloned()
        .collect();
    loop {
        let further: Vec<String> = requests
            .iter()
            .filter(|(name, _)| !differing.contains(*name) && answers.contains_key(*name))
            .filter(|(_, schema)| refers(schema, &differing))
            .map(|(name, _)| name.clone())
            .collect();
        if further.is_empty() {
            return differing;
        }
        differing.extend(further);
    }
}

fn referred(text: &str) -> Option<&str> {
    text.strip_prefix("#/components/schemas/")
}

fn refers(schema: &Value, names: &BTreeSet<String>) -> bool {
    match schema {
        Value::String(text) => referred(text).is_some_and(|name| names.contains(name)),
        Value::Array(items) => items.iter().any(|item| refers(item, names)),
        Value::Object(members) => members.values().any(|member| refers(member, names)),
        _ => false,
    }
}

fn rename(schema: &mut Value, names: &BTreeSet<String>) {
    match schema {
        Value::String(text) if referred(text).is_some_and(|name| names.contains(name)) => {
            text.push_str("Answered");
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(members) => members.values_mut().for_each(|member| rename(member, names)),
        _ => {}
    }
}

/// Gives integers the bounds that their format names.
fn bound(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(bound),
        Value::Object(members) => {
            let bounds = match members.get("format").and_then(Value::as_str) {
                Some("int32") => Some((Value::from(i32::MIN), Value::from(i32::MAX))),
                Some("int64") => Some((Value::from(i64::MIN), Value::from(i64::MAX))),
                Some("uint32") => Some((Value::from(0), Value::from(u32::MAX))),
                Some("uint" | "uint64") => Some((Value::from(0), Value::from(u64::MAX))),
                _ => None,
            };
            if let Some((least, most)) = bounds {
                members.entry("minimum").or_insert(least);
                members.entry("maximum").or_insert(most);
            }
            members.values_mut().for_each(bound);
        }
        _ => {}
    }
}

/// Says which statuses of problems the document explains.
pub fn explains(status: StatusCode) -> bool {
    STATUSES.iter().any(|(explained, _)| *explained == status.as_u16())
}
