//! What handlers read out of a call: parts of the path, the query, a JSON body. Whatever cannot be
//! read is a problem that names the field, never plain text.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::ApiError;
use super::describe::{Describe, Operation};

fn malformed(field: &str, problem: String, hint: &'static str) -> ApiError {
    ApiError::Malformed { field: field.to_owned(), problem, hint }
}

/// The query's parameters as a type whose fields they are.
pub struct Params<T>(pub T);

impl<T: JsonSchema> Describe for Params<T> {
    const READS_QUERY: bool = true;

    fn describe(operation: &mut Operation<'_>) {
        operation.query::<T>();
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(query)| Params(query)).map_err(|rejection: QueryRejection| {
            malformed("query", rejection.body_text(), "see /v1/openapi.json for the parameters")
        })
    }
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
            malformed("path", rejection.body_text(), "see /v1/openapi.json for the routes")
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
        let hint = "see /v1/openapi.json for what the body holds";
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| malformed("body", rejection.body_text(), hint))?;
        serde_json::from_slice(&body)
            .map(Call)
            .map_err(|error| malformed("body", format!("the body is not a call: {error}"), hint))
    }
}

/// Refuses parameters on routes that read none.
pub(super) async fn refuse_query(request: Request, next: Next) -> Response {
    match request.uri().query() {
        Some(query) if !query.is_empty() => {
            let name = query.split(['=', '&']).next().unwrap_or_default();
            let problem = "this route takes no parameters".to_owned();
            malformed(name, problem, "leave the part after the question mark out").into_response()
        }
        _ => next.run(request).await,
    }
}
