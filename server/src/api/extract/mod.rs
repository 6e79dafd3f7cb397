//! What handlers read out of a call: parts of the path, the query, a JSON body. Whatever cannot be
//! read is a problem that names the field, never plain text.

pub(crate) mod unread;

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Multipart, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;

use self::unread::{Unread, meant};
use super::ApiError;
use super::describe::{Describe, Operation};
use super::problem::{Code, Told};

/// The query's parameters as a type whose fields they are.
pub struct Params<T>(pub T);

impl<T: JsonSchema> Describe for Params<T> {
    const READS_QUERY: bool = true;

    fn describe(operation: &mut Operation<'_>) {
        operation.query::<T>();
    }
}

impl<T: DeserializeOwned + JsonSchema + 'static, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let known = parameters::<T>();
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        for (name, _) in &pairs {
            if !known.contains(name) {
                let en = format!("this route has no parameter {name}");
                let zh = format!("此路由没有参数 {name}");
                let told = Told::new(Code::FieldUnknown, (en, zh)).at(name);
                return Err(meant(told, name, known).into());
            }
        }
        let reader = serde_urlencoded::Deserializer::new(form(query.as_bytes()));
        serde_path_to_error::deserialize(reader).map(Params).map_err(|error| {
            let name = error.path().to_string();
            Unread::of(&error.inner().to_string()).tell(&name, &name).into()
        })
    }
}

fn form(query: &[u8]) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(query)
}

/// Returns the names of the parameters that a type is read from.
fn parameters<T: JsonSchema + 'static>() -> &'static [String] {
    static KNOWN: OnceLock<RwLock<HashMap<TypeId, &'static [String]>>> = OnceLock::new();
    let known = KNOWN.get_or_init(RwLock::default);
    let found = |known: &HashMap<TypeId, &'static [String]>| known.get(&TypeId::of::<T>()).copied();
    if let Some(names) = found(&known.read().unwrap_or_else(PoisonError::into_inner)) {
        return names;
    }
    let schema = T::json_schema(&mut SchemaGenerator::default());
    let properties = schema.get("properties").and_then(|found| found.as_object());
    let names: Vec<String> =
        properties.into_iter().flat_map(|found| found.keys().cloned()).collect();
    let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
    // There are as many as types of queries, for as long as the process runs.
    known.entry(TypeId::of::<T>()).or_insert_with(|| Vec::leak(names))
}

/// What stands in the braces of the route's path.
pub struct PathPart<T>(pub T);

impl<T: JsonSchema> Describe for PathPart<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.path::<T>();
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathPart<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Path::<T>::from_request_parts(parts, state).await;
        read.map(|Path(part)| PathPart(part)).map_err(|rejection: PathRejection| {
            let en = rejection.body_text();
            let zh = format!("路径无法理解（{en}）");
            let hint = ("see /v1/openapi.json for the routes", "路由见 /v1/openapi.json");
            ApiError::malformed("path", (en, zh), hint)
        })
    }
}

/// A JSON body.
pub struct Call<T>(pub T);

impl<T: JsonSchema> Describe for Call<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes_json::<T>();
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Call<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        require_json(request.headers())?;
        let body = Bytes::from_request(request, state).await;
        let body = body.map_err(|_| ApiError::from(Told::plain(Code::BodyCut)))?;
        read_json(&body).map(Call)
    }
}

/// A multipart form; what it holds is described by its route.
pub struct Form(pub Multipart);

impl Describe for Form {
    fn describe(_: &mut Operation<'_>) {}
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let read = Multipart::from_request(request, state).await;
        read.map(Form).map_err(|rejection| {
            let en = rejection.body_text();
            let zh = format!("请求体不是 multipart/form-data（{en}）");
            let hint = (
                "send multipart/form-data with its boundary, as `curl -F` does",
                "请发送带有 boundary 的 multipart/form-data，`curl -F` 会这样做",
            );
            ApiError::malformed("content-type", (en, zh), hint)
        })
    }
}

/// Refuses a body that says it is something else than JSON. One that says nothing is looked at.
pub(super) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = kind.to_str().unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let json = essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if json {
        return Ok(());
    }
    let en = format!("the body is said to be {essence}, but this route takes JSON");
    let zh = format!("请求体自称是 {essence}，而此路由接受 JSON");
    Err(Told::new(Code::ContentTypeUnsupported, (en, zh)).at("content-type").into())
}

/// Reads a JSON document; what is wrong with it is told with a pointer to it.
pub(super) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    // Fields have names here; serde would take them by their places as well.
    if body.trim_ascii_start().starts_with(b"[") {
        let detail = ("the body is an array; expected is an object", "请求体是数组，应为对象");
        return Err(Told::new(Code::FieldUnfit, detail).at("").into());
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let read = serde_path_to_error::deserialize::<_, T>(&mut reader);
    let read = read.map_err(|error| (unread::pointer(error.path()), error.into_inner()));
    let read = read.and_then(|read| match reader.end() {
        Ok(()) => Ok(read),
        Err(error) => Err((String::new(), error)),
    });
    read.map_err(|(pointer, error)| unread::json(&pointer, &error).into())
}

/// Refuses parameters on routes that read none.
pub(super) async fn refuse_query(request: Request, next: Next) -> Response {
    match request.uri().query() {
        Some(query) if !query.is_empty() => {
            let name = query.split(['=', '&']).next().unwrap_or_default();
            let detail = ("this route takes no parameters", "此路由不接受参数");
            let hint = ("leave the part after the question mark out", "请去掉问号之后的部分");
            let told = Told::new(Code::FieldUnknown, detail).at(name).hint(hint);
            told.into_response()
        }
        _ => next.run(request).await,
    }
}
