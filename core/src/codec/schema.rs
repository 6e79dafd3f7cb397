//! The JSON Schema (draft 2020-12) of stored types' JSON form, for those that no derive describes.
//!
//! Invariant: a schema admits what reading admits, as far as JSON Schema can say it. It cannot say
//! that a text's limit counts bytes of UTF-8 and not characters, nor that a day exists in the
//! calendar; reading refuses such values although the schema admits them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// Characters that are trimmed from both ends of a text, as a character class's content.
const SPACE: &str = r"\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";

/// Control characters, as a character class's content.
const CONTROL: &str = r"\u0000-\u001f\u007f-\u009f";

/// Describes a bounded text as `id::checked` admits it.
pub fn text(doc: &str, size_bytes_max: usize) -> Schema {
    // Line breaks and tabs may stand inside a note.
    let inner = if crate::id::is_note(size_bytes_max) {
        r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    } else {
        CONTROL
    };
    let visible = format!("[^{CONTROL}{SPACE}]");
    let pattern = format!("^[{SPACE}]*{visible}([^{inner}]*{visible})?[{SPACE}]*$");
    json_schema!({
        "type": "string",
        "description": sentence(doc),
        "minLength": 1,
        "maxLength": size_bytes_max,
        "pattern": pattern,
        "x-size-bytes-max": size_bytes_max,
    })
}

/// Describes a closed list of names: text, Chinese label and meaning of each.
pub fn choice(doc: &str, options: &[(&str, &str, &str)]) -> Schema {
    let names: Vec<&str> = options.iter().map(|(name, ..)| *name).collect();
    let of = |pick: fn(&(&str, &str, &str)) -> String| -> Map<String, Value> {
        options.iter().map(|option| (option.0.to_owned(), Value::String(pick(option)))).collect()
    };
    json_schema!({
        "type": "string",
        "description": sentence(doc),
        "enum": names,
        "x-label-zh": of(|(_, label, _)| (*label).to_owned()),
        "x-meaning": of(|(.., doc)| sentence(doc)),
    })
}

/// Brings the lines of a documentation comment into one line.
pub fn sentence(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Describes a type whose JSON form is a text of some format.
macro_rules! text_form {
    ($( $type:path, $name:literal, { $($schema:tt)* }; )*) => { $(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn schema_id() -> Cow<'static, str> {
                concat!("daybook::", $name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", $($schema)* })
            }
        }
    )* };
}

text_form! {
    crate::money::Currency, "Currency", {
        "description": "An ISO 4217 currency code.",
        "enum": crate::money::Currency::codes(), "examples": ["CNY"],
    };
    crate::time::Date, "Date", {
        "description": "A day of the book's calendar.",
        "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-03-31"],
    };
    crate::time::Timestamp, "Timestamp", {
        "description": "An instant (RFC 3339). Answers are in UTC, to the microsecond at most.",
        "format": "date-time", "examples": ["2026-03-31T09:30:00+08:00"],
    };
    crate::event::StreamId, "StreamId", {
        "description": "Where an event belongs: a customer, or a stream of the book.",
        "pattern": "^(customer|book)/.+$", "examples": ["customer/C-0173", "book/policies"],
    };
    crate::proof::Hash, "Hash", {
        "description": "A SHA-256 hash in hex.", "pattern": "^[0-9a-f]{64}$",
    };
    crate::event::attachment::AttachmentId, "AttachmentId", {
        "description": "What an uploaded file is known by: a keyed hash of its content, in hex.",
        "pattern": "^[0-9a-f]{64}$",
    };
    crate::event::attachment::MediaType, "MediaType", {
        "description": "What kind of content a file has (RFC 6838); of the parameters only the \
            character set is kept.",
        "maxLength": 128,
        "pattern": "^[A-Za-z0-9!#$%&'*+.^_`|~-]+/[A-Za-z0-9!#$%&'*+.^_`|~-]+( *;[ -~]*)?$",
        "examples": ["application/pdf", "text/plain; charset=gb18030"],
    };
    crate::event::Kind, "Kind", {
        "description": "A kind of event; `GET /v1/events/kinds` describes each.",
        "enum": crate::event::Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>(),
        "x-label-zh": crate::event::Kind::ALL.iter()
            .map(|kind| (kind.name().to_owned(), Value::from(kind.label_zh())))
            .collect::<Map<String, Value>>(),
    };
}

/// In requests a section is its content; in answers it is its content where the reader may see it,
/// and otherwise what is stored.
impl<T: JsonSchema> JsonSchema for crate::event::Section<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Section_of_{}", T::schema_name()).into()
    }
    fn schema_id() -> Cow<'static, str> {
        format!("daybook::Section<{}>", T::schema_id()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let open = generator.subschema_for::<T>();
        if generator.contract().is_deserialize() {
            return open;
        }
        json_schema!({ "anyOf": [open, generator.subschema_for::<SealedForm>()] })
    }
}

/// A personal section as stored: its key was destroyed, or it may not be opened.
#[derive(serde::Serialize, JsonSchema)]
#[allow(dead_code, reason = "describes what Section writes")]
struct SealedForm {
    /// What is stored.
    sealed: SealedContent,
}

/// What is stored of a sealed section.
#[derive(serde::Serialize, JsonSchema)]
#[allow(dead_code, reason = "describes what Section writes")]
struct SealedContent {
    /// What kind of personal content it is.
    class: crate::event::Class,
    /// Which key of the vault opens it.
    key_slot: u64,
    /// Tag and nonce, in hex.
    tag: String,
    /// In hex.
    ciphertext: String,
}
