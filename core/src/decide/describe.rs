//! The JSON Schema of requests: what is said about any command, together with each command's own
//! fields, in one flat object a command, with an example.
//!
//! Everything follows from the declarations of the commands and of what a [`Request`] says; there is
//! nothing to write here when a command is added.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

use super::command::{DESCRIBED, FACTS, Request};
use crate::codec::schema::sentence;
use crate::event::Kind;
use crate::event::examples;
use crate::id::{CustomerCode, EventId, Note, RequestKey};
use crate::position::ExpectedVersion;
use crate::time::Timestamp;

/// What is said about any command; the fields of [`Request`] but for the command's own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// The customer it concerns; left out for commands to the book itself.
    #[serde(default)]
    pub customer: Option<CustomerCode>,
    /// When the fact was so; now when left out.
    #[serde(default)]
    pub effective_at: Option<Timestamp>,
    /// What the caller believes of the stream's version.
    #[serde(default)]
    pub expected_version: ExpectedVersion,
    /// Recognises a retry: the same key with the same content is taken once.
    #[serde(default)]
    pub idempotency_key: Option<RequestKey>,
    /// Why, in words; names nobody.
    #[serde(default)]
    pub reason: Option<Note>,
    /// The event of the same stream that is corrected.
    #[serde(default)]
    pub corrects: Option<EventId>,
}

impl Said {
    /// The names of the fields.
    pub const FIELDS: &[&str] =
        &["customer", "effective_at", "expected_version", "idempotency_key", "reason", "corrects"];

    /// Puts a command to what is said about it.
    pub fn about(self, command: super::Command) -> Request {
        let Said { customer, effective_at, expected_version, idempotency_key, reason, corrects } =
            self;
        Request {
            customer,
            effective_at,
            expected_version,
            idempotency_key,
            reason,
            corrects,
            command,
        }
    }
}

/// Returns the name of a command in JSON: `AddContact` is `add_contact`.
pub fn command_name(camel: &str) -> String {
    let mut name = String::with_capacity(camel.len() + 4);
    for (index, letter) in camel.chars().enumerate() {
        if letter.is_ascii_uppercase() && index > 0 {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}

/// Commands that concern the book itself and name no customer.
const OF_THE_BOOK: &[&str] = &[
    "PublishPolicyVersion",
    "ApplyImport",
    "RecordExchangeRate",
    "LockPeriod",
    "IdentifyReceipt",
    "HoldMail",
    "AssignMail",
    "ChangeOrgUnit",
    "ChangeUserStatus",
];

/// Returns an example of a command as a request.
pub fn command_example(camel: &str) -> Option<Value> {
    let mut request = json!({ "customer": "C-0173", "command": command_name(camel) });
    let fields = match (camel, FACTS.iter().find(|(name, _)| *name == camel)) {
        (_, Some((_, kind))) => examples::fields(*kind),
        ("RegisterCustomer", _) => json!({
            "kind": "company", "source": "referral", "currency": "CNY",
            "details": { "name": "华东机械有限公司", "city": "上海" },
        }),
        ("ChangeCustomerDetails", _) => json!({
            "set": { "city": "苏州", "website": null }, "expected": { "city": "上海" },
        }),
        ("VoidEvent", _) => json!({
            "event": "019d41a0-0000-7000-8000-000000000020", "reason": "entered twice",
        }),
        ("AttachFile", _) => json!({
            "attachment": "5f8c02b1a7d94e63f0218d5c7be4a390c1d2e3f405162738495a6b7c8d9eafb0",
            "event": "019d41a0-0000-7000-8000-000000000020", "media_type": "application/pdf",
            "name": "报价单 Q-1.pdf",
        }),
        _ => return None,
    };
    let object = request.as_object_mut()?;
    if OF_THE_BOOK.contains(&camel) {
        object.remove("customer");
    }
    object.extend(fields.as_object()?.clone());
    Some(request)
}

/// Returns the kind of event a command becomes when it is taken as said.
pub fn command_kind(camel: &str) -> Option<Kind> {
    FACTS.iter().find(|(name, _)| *name == camel).map(|(_, kind)| *kind)
}

/// Describes one command as a request: a flat object that admits no other fields.
fn request_schema(generator: &mut SchemaGenerator, index: usize) -> Schema {
    let Some((camel, meaning, describe)) = DESCRIBED.get(index) else { return Schema::default() };
    let said = Said::json_schema(generator);
    let content = describe(generator);
    let member = |schema: &Schema, name: &str| {
        schema.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let mut properties: Map<String, Value> =
        [("command".to_owned(), json!({ "const": command_name(camel) }))].into_iter().collect();
    properties.extend(member(&said, "properties"));
    properties.extend(member(&content, "properties"));
    let mut required = vec![Value::from("command")];
    required.extend(content.get("required").and_then(Value::as_array).cloned().unwrap_or_default());
    json_schema!({
        "type": "object",
        "description": sentence(meaning),
        "properties": properties,
        "required": required,
        "additionalProperties": false,
        "examples": command_example(camel).into_iter().collect::<Vec<_>>(),
    })
}

impl JsonSchema for Request {
    fn schema_name() -> Cow<'static, str> {
        "Request".into()
    }

    fn schema_id() -> Cow<'static, str> {
        "daybook::Request".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut forms = Vec::with_capacity(DESCRIBED.len());
        let mut mapping = Map::new();
        let path = generator.settings().definitions_path.clone();
        for (index, (camel, ..)) in DESCRIBED.iter().enumerate() {
            let schema = request_schema(generator, index);
            generator.definitions_mut().insert((*camel).to_owned(), schema.to_value());
            let reference = format!("#{path}/{camel}");
            mapping.insert(command_name(camel), Value::from(reference.clone()));
            forms.push(json!({ "$ref": reference }));
        }
        json_schema!({
            "description": "One command with what the caller says about it.",
            "oneOf": forms,
            "discriminator": { "propertyName": "command", "mapping": mapping },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_an_example_that_reads() {
        for (camel, ..) in DESCRIBED {
            let example = command_example(camel).expect(camel);
            let request: Request = serde_json::from_value(example).expect(camel);
            assert!(request.reason.is_some() || *camel != "VoidEvent");
        }
    }

    #[test]
    fn what_is_said_about_a_command_is_what_a_request_holds_besides_it() {
        let said = SchemaGenerator::default().into_root_schema_for::<Said>();
        let names: Vec<_> = said
            .get("properties")
            .and_then(Value::as_object)
            .expect("fields")
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(names, Said::FIELDS);
        for (camel, _, describe) in DESCRIBED {
            let content = describe(&mut SchemaGenerator::default());
            let fields = content.get("properties").and_then(Value::as_object).expect(camel);
            assert!(!fields.keys().any(|name| Said::FIELDS.contains(&name.as_str())), "{camel}");
        }
    }
}
