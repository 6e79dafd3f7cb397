//! "At least position p": a read that names a position waits until the ledger has come that far.
//!
//! Every route that reads takes the two parameters, so they are read here, before any handler, and
//! taken out of the query.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use daybook_core::position::Position;
use serde_json::{Value, json};

use super::ApiError;
use super::problem::{Code, Told};
use crate::App;

/// The parameter that names a position.
pub const AT_LEAST: &str = "at_least";
/// The parameter that says how long to wait for it.
pub const WAIT: &str = "wait_seconds";
/// How long to wait when nothing is said.
const WAIT_SECONDS: u64 = 5;
/// The longest wait, shorter than any call may take.
const WAIT_SECONDS_MAX: u64 = 25;

/// Describes the two parameters by their names among the components.
pub(super) fn parameters() -> [(&'static str, Value); 2] {
    let parameter = |name: &str, most: Value, description: &str| {
        let schema = json!({ "type": "integer", "minimum": 0, "maximum": most });
        json!({ "name": name, "in": "query", "description": description, "schema": schema })
    };
    let at_least = "The answer reflects at least the events before this position.";
    let wait = "How long to wait for it; 5 when left out.";
    [
        (AT_LEAST, parameter(AT_LEAST, u64::MAX.into(), at_least)),
        (WAIT, parameter(WAIT, WAIT_SECONDS_MAX.into(), wait)),
    ]
}

/// Waits for the position a read asks for, before it is carried out.
pub(super) async fn reached(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let asks = request.uri().query().is_some_and(|query| {
        query
            .split('&')
            .any(|pair| [AT_LEAST, WAIT].contains(&pair.split('=').next().unwrap_or("")))
    });
    if !asks || !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    match wait(&app, request.uri()).await {
        Ok(uri) => {
            *request.uri_mut() = uri;
            next.run(request).await
        }
        Err(error) => error.into_response(),
    }
}

/// Waits, and returns the address without the two parameters.
async fn wait(app: &App, uri: &Uri) -> Result<Uri, ApiError> {
    let (mut at_least, mut seconds, mut others) = (None, None, Vec::new());
    for pair in uri.query().unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let place = match name {
            AT_LEAST => &mut at_least,
            WAIT => &mut seconds,
            _ => {
                others.push(pair);
                continue;
            }
        };
        let number = value.parse::<u64>().map_err(|_| {
            let problem = (
                format!("{name} is {value:?}, which is no whole number"),
                format!("{name} 为 {value:?}，不是整数"),
            );
            let told = Told::new(Code::FieldUnfit, problem).at(name);
            ApiError::from(told)
        })?;
        if place.replace(number).is_some() {
            let problem = (format!("{name} stands there twice"), format!("{name} 出现了两次"));
            return Err(Told::new(Code::FieldUnfit, problem).at(name).into());
        }
    }
    let seconds = seconds.unwrap_or(WAIT_SECONDS);
    if seconds > WAIT_SECONDS_MAX {
        let problem = (
            format!("{WAIT} is {seconds}; at most {WAIT_SECONDS_MAX} are waited"),
            format!("{WAIT} 为 {seconds}；最多等待 {WAIT_SECONDS_MAX}"),
        );
        return Err(Told::new(Code::FieldUnfit, problem).at(WAIT).into());
    }
    if let Some(position) = at_least.map(Position) {
        let reached = app.ledger.reach(position);
        match tokio::time::timeout(Duration::from_secs(seconds), reached).await {
            Ok(reached) => reached?,
            Err(_) => {
                let end = app.ledger.reader().head().next;
                let detail = (
                    format!("the ledger is at position {end}, not yet at {position}"),
                    format!("账簿处于位置 {end}，尚未到达 {position}"),
                );
                return Err(Told::new(Code::PositionNotReached, detail).at(AT_LEAST).into());
            }
        }
    }
    let (path, others) = (uri.path(), others.join("&"));
    let rest = if others.is_empty() { path.to_owned() } else { format!("{path}?{others}") };
    let mut parts = uri.clone().into_parts();
    // What is left is a part of an address that was read before.
    parts.path_and_query = rest.parse::<PathAndQuery>().ok().or(parts.path_and_query);
    Ok(Uri::from_parts(parts).unwrap_or_else(|_| uri.clone()))
}
