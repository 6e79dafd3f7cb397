//! `GET /v1/customers/{code}/diff`: what is not the same on a customer's page at two bases, and the
//! events between them: who told what, when and why.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::State;
use daybook_core::position::Position;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::basis::{BasisView, instant};
use super::customers::{CustomerAnswer, CustomersQuery, customer_at, no_customer};
use super::events::EventView;
use super::extract::{Params, PathPart};
use super::problem::pointer_step;
use super::route::{Routes, get};
use super::{ApiError, blocking};
use crate::App;

/// Between which bases the difference is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct DiffQuery {
    /// First basis: only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_as_of: Option<String>,
    /// First basis: only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_known_at: Option<String>,
    /// Second basis: only what had happened by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Second basis: only what was known by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_at: Option<String>,
}

/// What is not the same at two bases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct DiffAnswer {
    /// The customer.
    pub customer: String,
    /// The first basis.
    pub from: BasisView,
    /// The second basis.
    pub to: BasisView,
    /// What is not the same on the customer's page, in order of place.
    pub changes: Vec<Change>,
    /// The events that count at one of the two and not at the other, in order of position.
    pub events: Vec<EventChange>,
}

/// One value that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Its place on the page, such as `/profile/details/city/value`; lists by what names their lines.
    pub at: String,
    /// The value at the first basis; nothing where there was none.
    pub before: Option<Value>,
    /// The value at the second basis; nothing where there is none.
    pub after: Option<Value>,
}

/// How an event is not the same at two bases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It counts at the second basis only.
    Counts,
    /// It counts at the first basis, and is void at the second.
    Void,
    /// It counts at the first basis, and does not belong to the second.
    Gone,
}

/// An event that counts at one of two bases.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct EventChange {
    /// How it is not the same.
    pub effect: Effect,
    /// The event.
    pub event: EventView,
}

pub(super) fn routes() -> Routes {
    let diff = get("/customers/{code}/diff", "Show what is not the same at two bases", read);
    Routes::of("customers", [diff])
}

async fn read(
    State(app): State<App>,
    PathPart(code): PathPart<String>,
    Params(query): Params<DiffQuery>,
) -> Result<Json<DiffAnswer>, ApiError> {
    blocking(move || diff(&app, &code, query)).await.map(Json)
}

fn diff(app: &App, code: &str, query: DiffQuery) -> Result<DiffAnswer, ApiError> {
    let zone = app.ledger.reader().book()?.zone;
    for (field, text) in
        [("from_as_of", &query.from_as_of), ("from_known_at", &query.from_known_at)]
    {
        // Told with the names the caller gave, which the basis does not know.
        text.as_deref().map(|text| instant(field, text, zone, true)).transpose()?;
    }
    let at = |as_of, known_at| {
        let query = CustomersQuery { as_of, known_at, after: None, limit: Some(usize::MAX) };
        customer_at(app, code, &query)
    };
    let (from, first) = at(query.from_as_of, query.from_known_at)?;
    let (to, second) = at(query.as_of, query.known_at)?;
    if first.is_none() && second.is_none() {
        return Err(no_customer(code));
    }
    let before = first.as_ref().map(leaves).unwrap_or_default();
    let after = second.as_ref().map(leaves).unwrap_or_default();
    let places: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changes = places.into_iter().filter(|at| before.get(*at) != after.get(*at));
    let changes = changes.map(|at| Change {
        at: at.clone(),
        before: before.get(at).cloned(),
        after: after.get(at).cloned(),
    });
    let changes = changes.collect();
    let timeline =
        |page: Option<CustomerAnswer>| page.map(|page| page.timeline).unwrap_or_default();
    let events = between(timeline(first), timeline(second));
    Ok(DiffAnswer { customer: code.to_owned(), from, to, changes, events })
}

/// Finds the events that count at one of two bases.
fn between(first: Vec<EventView>, second: Vec<EventView>) -> Vec<EventChange> {
    let counted = |events: &[EventView]| -> BTreeSet<Position> {
        let those = events.iter().filter(|event| event.voided_by.is_none());
        those.map(|event| event.position).collect()
    };
    let (before, after) = (counted(&first), counted(&second));
    let there: BTreeSet<Position> = second.iter().map(|event| event.position).collect();
    let gone = first.into_iter().filter(|event| !there.contains(&event.position));
    let gone = gone.filter(|event| before.contains(&event.position));
    let mut changed: Vec<EventChange> =
        gone.map(|event| EventChange { effect: Effect::Gone, event }).collect();
    for event in second {
        let at = &event.position;
        let effect = match (before.contains(at), after.contains(at)) {
            (false, true) => Effect::Counts,
            (true, false) => Effect::Void,
            (true, true) | (false, false) => continue,
        };
        changed.push(EventChange { effect, event });
    }
    changed.sort_by_key(|change| change.event.position);
    changed
}

/// What names a line of a list, the first that it has.
const NAMES: &[&str] = &[
    "field",
    "contact",
    "currency",
    "opportunity",
    "complaint",
    "task",
    "confirmation",
    "interaction",
];

/// Returns every value of a page by its place.
fn leaves(page: &CustomerAnswer) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let parts = [
        ("/profile", serde_json::to_value(&page.profile)),
        ("/dealings", serde_json::to_value(&page.dealings)),
    ];
    for (at, part) in parts {
        collect(&part.unwrap_or_default(), at.to_owned(), &mut found);
    }
    found
}

fn collect(value: &Value, at: String, found: &mut BTreeMap<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            // An amount is one value, not three.
            if let (Some(Value::String(decimal)), Some(Value::String(currency))) =
                (fields.get("decimal"), fields.get("currency"))
            {
                found.insert(at, Value::String(format!("{decimal} {currency}")));
                return;
            }
            let name = name_of(value).map(|(field, _)| field);
            for (field, value) in fields.iter().filter(|(field, _)| Some(field.as_str()) != name) {
                if !field.ends_with("_zh") {
                    collect(value, format!("{at}{}", pointer_step(field)), found);
                }
            }
        }
        Value::Array(lines) => {
            for (number, line) in lines.iter().enumerate() {
                let name = name_of(line).map(|(_, name)| name.to_owned());
                let step = pointer_step(&name.unwrap_or_else(|| number.to_string()));
                collect(line, format!("{at}{step}"), found);
            }
        }
        plain => {
            found.insert(at, plain.clone());
        }
    }
}

fn name_of(line: &Value) -> Option<(&'static str, &str)> {
    NAMES.iter().find_map(|name| Some((*name, line.get(*name)?.as_str()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_named_by_what_they_are_about_and_amounts_are_one_value() {
        let mut found = BTreeMap::new();
        let page = json!({
            "details": [{ "field": "city", "label_zh": "城市", "value": "苏州" }],
            "owed": [{ "currency": "CNY", "minor": 100, "decimal": "1.00" }],
            "tags": ["a/b", null], "count": 2, "nothing": null,
        });
        collect(&page, String::new(), &mut found);
        let told: Vec<String> = found.iter().map(|(at, value)| format!("{at}={value}")).collect();
        assert_eq!(
            told,
            [
                "/count=2",
                "/details/city/value=\"苏州\"",
                "/owed/CNY=\"1.00 CNY\"",
                "/tags/0=\"a/b\"",
            ]
        );
    }
}
