//! How a handler's own signature says what its route takes and gives.
//!
//! Each argument of a handler and what it returns describes its part of the operation: the query's
//! fields, the path's parts, the body, the answer and the problems that may come of them. A route's
//! documentation therefore cannot say something else than its handler does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::ApiError;
use crate::App;

/// The place of the schemas in the document.
const SCHEMAS: &str = "/components/schemas";

/// What describes the types of all operations: as they are read, and as they are written.
pub struct Schemas {
    /// Types of what callers send.
    pub requests: SchemaGenerator,
    /// Types of what they get.
    pub answers: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = SCHEMAS.into())
        };
        Schemas {
            requests: settings().for_deserialize().into_generator(),
            answers: settings().for_serialize().into_generator(),
        }
    }
}

/// One operation while it is being described.
pub struct Operation<'s> {
    /// Where types are described.
    pub schemas: &'s mut Schemas,
    path: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    responses: BTreeMap<u16, Value>,
}

impl<'s> Operation<'s> {
    /// Starts an operation that may fail as every one may.
    pub fn new(schemas: &'s mut Schemas, path: &'static str) -> Self {
        let (parameters, responses) = (Vec::new(), BTreeMap::new());
        let mut operation = Operation { schemas, path, parameters, body: None, responses };
        operation.shared_parameter("accept-language");
        for status in [
            StatusCode::BAD_REQUEST,
            StatusCode::UNAUTHORIZED,
            StatusCode::INTERNAL_SERVER_ERROR,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ] {
            operation.problem(status);
        }
        operation
    }

    /// Says that the operation may end with a problem of this status.
    pub fn problem(&mut self, status: StatusCode) {
        let reference = format!("#/components/responses/{}", status.as_u16());
        self.responses.insert(status.as_u16(), json!({ "$ref": reference }));
    }

    /// Says what the operation answers with, and in which form.
    pub fn answer(&mut self, status: StatusCode, media: &str, schema: Value, description: &str) {
        let content: Map<String, Value> =
            [(media.to_owned(), json!({ "schema": schema }))].into_iter().collect();
        let response = json!({ "description": description, "content": content });
        self.responses.insert(status.as_u16(), response);
    }

    /// Says that the operation answers in another form as well.
    pub fn answer_also(&mut self, status: StatusCode, media: &str, schema: Value, text: &str) {
        let content = self.responses.get_mut(&status.as_u16());
        let content = content.and_then(|response| response.get_mut("content"));
        match content.and_then(Value::as_object_mut) {
            Some(content) => drop(content.insert(media.to_owned(), json!({ "schema": schema }))),
            None => self.answer(status, media, schema, text),
        }
    }

    /// Says that the operation answers with a JSON document.
    pub fn answer_json<T: JsonSchema>(&mut self) {
        let schema = self.schemas.answers.subschema_for::<T>().to_value();
        self.answer(StatusCode::OK, "application/json", schema, "The answer.");
    }

    /// Says that the operation takes a body, and in which form.
    pub fn takes(&mut self, media: &str, schema: Value) {
        let content: Map<String, Value> =
            [(media.to_owned(), json!({ "schema": schema }))].into_iter().collect();
        self.body = Some(json!({ "required": true, "content": content }));
        for status in [
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
        ] {
            self.problem(status);
        }
    }

    /// Says that the operation takes its body in another form as well.
    pub fn takes_also(&mut self, media: &str, schema: Value) {
        let content = self.body.as_mut().and_then(|body| body.get_mut("content"));
        if let Some(content) = content.and_then(Value::as_object_mut) {
            content.insert(media.to_owned(), json!({ "schema": schema }));
        }
    }

    /// Says that the operation takes a JSON document.
    pub fn takes_json<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>().to_value();
        self.takes("application/json", schema);
    }

    /// Says that a header is read.
    pub fn header(&mut self, name: &str, required: bool, description: &str, schema: Value) {
        self.parameters.push(json!({
            "name": name, "in": "header", "required": required, "description": description,
            "schema": schema,
        }));
    }

    /// Says that a parameter is read that many operations share, by its name among the components.
    pub fn shared_parameter(&mut self, name: &str) {
        self.parameters.push(json!({ "$ref": format!("#/components/parameters/{name}") }));
    }

    /// Takes the fields of a type as the parameters of the query.
    pub fn query<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.requests);
        for (name, field, required) in fields(&schema) {
            self.parameter("query", &name, field, required);
        }
        self.problem(StatusCode::UNPROCESSABLE_ENTITY);
    }

    /// Takes a type as what stands in the path's braces.
    pub fn path<T: JsonSchema>(&mut self) {
        let schema = self.schemas.requests.subschema_for::<T>().to_value();
        let parts = match schema.get("prefixItems").and_then(Value::as_array) {
            Some(parts) => parts.clone(),
            None => vec![schema],
        };
        let names: Vec<&str> = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        for (name, part) in names.into_iter().zip(parts) {
            self.parameter("path", name, part, true);
        }
        self.problem(StatusCode::NOT_FOUND);
        self.problem(StatusCode::UNPROCESSABLE_ENTITY);
    }

    fn parameter(&mut self, place: &str, name: &str, mut schema: Value, required: bool) {
        let described = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let mut parameter = json!({ "name": name, "in": place, "required": required });
        if let (Some(description), Some(parameter)) = (described, parameter.as_object_mut()) {
            parameter.insert("description".to_owned(), description);
        }
        if let Some(parameter) = parameter.as_object_mut() {
            parameter.insert("schema".to_owned(), schema);
        }
        self.parameters.push(parameter);
    }

    /// Writes the operation as OpenAPI has it.
    pub fn finish(self) -> Map<String, Value> {
        let mut written = Map::new();
        written.insert("parameters".to_owned(), Value::Array(self.parameters));
        if let Some(body) = self.body {
            written.insert("requestBody".to_owned(), body);
        }
        let responses = self.responses.into_iter();
        let responses: Map<String, Value> =
            responses.map(|(status, response)| (status.to_string(), response)).collect();
        written.insert("responses".to_owned(), Value::Object(responses));
        written
    }
}

/// Returns the fields of an object's schema, each with whether it must be there. What may be null is
/// what may be left out.
fn fields(schema: &Schema) -> Vec<(String, Value, bool)> {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let properties = schema.get("properties").and_then(Value::as_object).cloned();
    let field = |(name, schema): (String, Value)| {
        let needed = required.iter().any(|field| field == &name);
        (name, without_null(schema), needed)
    };
    properties.unwrap_or_default().into_iter().map(field).collect()
}

fn without_null(mut schema: Value) -> Value {
    let Some(object) = schema.as_object_mut() else { return schema };
    object.remove("default");
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
        forms.retain(|form| form.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = forms.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    schema
}

/// What an argument or an answer of a handler says about the operation.
pub trait Describe {
    /// Whether it reads the query; a route nobody reads the query of refuses every parameter.
    const READS_QUERY: bool = false;

    /// Writes its part of the description.
    fn describe(operation: &mut Operation<'_>);
}

/// A handler whose arguments and answer describe the operation.
pub trait Signature<Arguments> {
    /// Whether an argument reads the query.
    const READS_QUERY: bool;

    /// Describes the whole operation.
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! signatures {
    ($( ( $( $argument:ident )* ) )*) => { $(
        impl<F, Given, Answer, $( $argument ),*> Signature<( $( $argument, )* )> for F
        where
            F: Fn( $( $argument ),* ) -> Given,
            Given: Future<Output = Answer>,
            Answer: Describe,
            $( $argument: Describe ),*
        {
            const READS_QUERY: bool = false $( || $argument::READS_QUERY )*;

            fn describe(operation: &mut Operation<'_>) {
                $( $argument::describe(operation); )*
                Answer::describe(operation);
            }
        }
    )* };
}

signatures! { () (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E G) (A B C D E G H) }

impl Describe for State<App> {
    fn describe(_: &mut Operation<'_>) {}
}

impl Describe for HeaderMap {
    fn describe(_: &mut Operation<'_>) {}
}

impl Describe for axum::body::Body {
    fn describe(_: &mut Operation<'_>) {}
}

impl Describe for bytes::Bytes {
    fn describe(_: &mut Operation<'_>) {}
}

/// An answer that is no JSON document is described by its route.
impl Describe for Response {
    fn describe(_: &mut Operation<'_>) {}
}

impl<T: JsonSchema> Describe for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.answer_json::<T>();
    }
}

/// The other statuses of an answer are described by its route.
impl<T: JsonSchema> Describe for (StatusCode, Json<T>) {
    fn describe(operation: &mut Operation<'_>) {
        operation.answer_json::<T>();
    }
}

impl<T: Describe> Describe for Result<T, ApiError> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
    }
}
