//! What the command line can do, the interface can do: every verb has its route, every route is on
//! the page of the reference, and none is there without a purpose.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use daybook::commands::declared;
use serde_json::Value;

const OPENAPI: &str = include_str!("../../docs/reference/openapi.json");
const PAGE: &str = include_str!("../../docs/reference/api.md");

/// The routes by which a verb does its work; one that stands before its own verbs stands for them.
const ROUTES: &[(&str, &[&str])] = &[
    ("attach", &["POST /v1/customers/{code}/attachments", "POST /v1/commands"]),
    ("attachments", &["GET /v1/customers/{code}/attachments", "GET /v1/events/{id}/attachments"]),
    ("attachments get", &["GET /v1/attachments/{position}"]),
    ("calendar export", &["GET /v1/calendar.ics"]),
    ("calendar import", &["POST /v1/calendar"]),
    ("clock", &["GET /v1/clock"]),
    ("clock confirm", &["POST /v1/clock"]),
    ("consumer ack", &["POST /v1/consumers/{name}/acknowledge"]),
    ("consumer add", &["PUT /v1/consumers/{name}"]),
    ("consumer drop", &["DELETE /v1/consumers/{name}"]),
    ("consumer list", &["GET /v1/consumers", "GET /v1/consumers/{name}"]),
    ("consumer set", &["PUT /v1/consumers/{name}/position"]),
    ("contacts export", &["GET /v1/contacts.vcf"]),
    ("contacts import", &["POST /v1/contacts"]),
    ("diff", &["GET /v1/customers/{code}/diff"]),
    ("duplicates", &["GET /v1/duplicates", "GET /v1/duplicates/like"]),
    ("export", &["GET /v1/export", "POST /v1/export/check"]),
    ("funnel list", &["GET /v1/funnel/opportunities"]),
    ("funnel period", &["GET /v1/funnel/period"]),
    ("funnel stages", &["GET /v1/funnel"]),
    ("funnel stuck", &["GET /v1/funnel/stuck"]),
    ("handover", &["POST /v1/handovers"]),
    ("holdings", &["GET /v1/holdings"]),
    ("import", &["POST /v1/imports", "POST /v1/imports/guess"]),
    ("import events", &["POST /v1/imports/events"]),
    ("import list", &["GET /v1/imports"]),
    ("import revert", &["POST /v1/imports/{id}/revert"]),
    ("import show", &["GET /v1/imports/{id}"]),
    ("log", &["GET /v1/events"]),
    ("mail assign", &["POST /v1/mail/held/{mail}/assign"]),
    ("mail dismiss", &["POST /v1/mail/held/{mail}/dismiss"]),
    ("mail held", &["GET /v1/mail/held"]),
    ("mail import", &["POST /v1/mail"]),
    ("merge", &["POST /v1/merges"]),
    ("merges", &["GET /v1/customers/{code}/merges"]),
    ("open", &["GET /v1/customers/{code}", "GET /v1/lookup"]),
    ("pool", &["GET /v1/holdings", "POST /v1/commands", "POST /v1/pool/recycle"]),
    ("receivables ageing", &["GET /v1/receivables/ageing"]),
    ("receivables control", &["GET /v1/receivables/control"]),
    ("receivables dunning", &["GET /v1/receivables/dunning"]),
    ("receivables explain", &["GET /v1/receivables/explain/{customer}"]),
    ("receivables figures", &["GET /v1/receivables/figures"]),
    ("receivables list", &["GET /v1/receivables"]),
    ("receivables statement", &["GET /v1/receivables/statement/{customer}"]),
    ("record", &["POST /v1/commands"]),
    ("show", &["GET /v1/customers", "GET /v1/customers/{code}", "GET /v1/events/{id}"]),
    ("stats", &["GET /v1/stats"]),
    ("tail", &["GET /v1/feed", "POST /v1/consumers/{name}/acknowledge", "GET /v1/book"]),
    ("unmerge", &["POST /v1/merges/reverse"]),
    ("views compare", &["GET /v1/views/{name}/compare"]),
    ("views drop", &["DELETE /v1/views/{name}"]),
    ("views list", &["GET /v1/views"]),
    ("views rebuild", &["POST /v1/views/{name}/rebuild"]),
    ("void", &["POST /v1/commands"]),
];

/// Verbs that work on no open ledger, each with the reason.
const WITHOUT: &[(&str, &str)] = &[
    ("completion", "is about this command"),
    ("config", "is about this command"),
    ("demo", "makes a directory"),
    ("exit-codes", "is about this command"),
    ("init", "makes a directory"),
    ("man", "is about this command"),
    ("serve", "is the interface"),
    ("verify", "reads the files themselves, and trusts nobody who holds them"),
];

/// Routes that no verb needs: shorter forms of others, and words about the interface itself.
const FOR_PROGRAMS: &[&str] = &[
    "GET /v1/openapi.json",
    "GET /v1/problems",
    "GET /v1/problems/{code}",
    "GET /v1/when",
    "POST /v1/customers/{code}/commands",
    "POST /v1/events/{id}/attachments",
];

fn routes() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let methods = ["get", "post", "put", "patch", "delete"];
    let route = |path: &String, operations: &Value| {
        let there = methods.iter().filter(|method| operations.get(**method).is_some());
        there.map(|method| format!("{} {path}", method.to_uppercase())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(|(path, operations)| route(path, operations)).collect()
}

/// Returns every verb that can be called, with those before it.
fn verbs(command: &clap::Command, before: &str, found: &mut Vec<String>) {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("{before}{}", verb.get_name());
        if !verb.has_subcommands() || !verb.is_subcommand_required_set() {
            found.push(name.clone());
        }
        verbs(verb, &format!("{name} "), found);
    }
}

#[test]
fn every_verb_has_its_route_and_every_route_its_purpose() {
    let mut found = Vec::new();
    verbs(&declared(), "", &mut found);
    for verb in &found {
        let stands_for = |known: &str| {
            verb.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let has_route = ROUTES.iter().any(|(known, _)| stands_for(known));
        let needs_none = WITHOUT.iter().any(|(known, _)| stands_for(known));
        assert!(has_route != needs_none, "`daybook {verb}`: which route does its work?");
    }
    for (verb, _) in ROUTES {
        let is_verb = |name: &String| name == verb || name.starts_with(&format!("{verb} "));
        assert!(found.iter().any(is_verb), "there is no `daybook {verb}`");
    }
    let routes = routes();
    let used = ROUTES.iter().flat_map(|(_, routes)| *routes).chain(FOR_PROGRAMS);
    let used: BTreeSet<String> = used.map(|route| (*route).to_owned()).collect();
    let unknown: Vec<_> = used.difference(&routes).collect();
    assert!(unknown.is_empty(), "not in openapi.json: {unknown:?}");
    let purposeless: Vec<_> = routes.difference(&used).collect();
    assert!(purposeless.is_empty(), "no verb uses them: {purposeless:?}");
}

#[test]
fn every_route_is_on_its_page() {
    for route in routes() {
        let (_, path) = route.split_once(' ').unwrap();
        // The page names what stands in braces in its own words.
        let beginning = path.split('{').next().unwrap().trim_end_matches('/');
        let last = path.rsplit('/').next().unwrap();
        let told = PAGE.contains(beginning) && (last.starts_with('{') || PAGE.contains(last));
        assert!(told, "docs/reference/api.md does not name {route}");
    }
}
