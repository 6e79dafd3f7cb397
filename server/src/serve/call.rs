//! One call: let in or turned away, carried out within the limits, counted and noted.
//!
//! Invariant: nothing a caller wrote reaches a log line or a metric but the method; the route is
//! named by its template. Whoever comes over TCP has shown the token before anything is read.

use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::MatchedPath;
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use axum::middleware::Next;
use futures_util::StreamExt;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use tower::ServiceExt;
use uuid::Uuid;

use super::connection::{Lane, Streaming};
use super::refusal::Refusal;
use super::stall::arriving;
use super::telemetry::Trace;
use super::{Shared, Token, watch};
use crate::api::problem::PROBLEM_TYPE;
use crate::text::Language;

/// Tells callers and logs apart which call it was.
const REQUEST_ID_HEADER: &str = "x-request-id";
/// Routes, with what lies under them, whose bodies or answers are streams without a known end.
const STREAMS: &[&str] = &["/v1/imports", "/v1/feed", "/v1/attachments", "/v1/mail"];
/// The largest problem that is looked into for its code.
const PROBLEM_SIZE_BYTES_MAX: usize = 1 << 20;

/// What a caller over TCP must show.
pub(super) struct Guard {
    pub token: Token,
    pub port: u16,
}

/// The template of the route that answered, left on the answer.
#[derive(Clone)]
struct Template(MatchedPath);

/// Leaves the route's template on the answer, where the call can be noted with it.
pub(super) async fn note_route(request: axum::extract::Request, next: Next) -> Response<Body> {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(Template(matched));
    }
    response
}

/// Answers a call, whatever becomes of it.
pub(super) async fn answer(
    lane: &Lane,
    streaming: &Streaming,
    request: Request<Incoming>,
) -> Response<Body> {
    let started = Instant::now();
    let shared = &lane.shared;
    let method = known(request.method());
    let language = Language::preferred(request.headers());
    let id = Uuid::new_v4();
    let trace = Trace::of(request.headers(), id);
    let streams = is_stream(request.uri().path());
    streaming.set(streams);
    let admitted = lane.guard.as_deref().map_or(Ok(()), |guard| guard.admit(&request));
    let answered = match admitted.and_then(|()| plain(request.headers())) {
        Err(refusal) => Err(refusal),
        Ok(()) if streams => Ok(stream(shared, request).await),
        Ok(()) => whole(shared, request).await,
    };
    let response = answered.unwrap_or_else(|refusal| refusal.respond(language));
    let (mut response, code) = with_code(response, id).await;
    if let Ok(id) = HeaderValue::try_from(id.simple().to_string()) {
        response.headers_mut().insert(REQUEST_ID_HEADER, id);
    }
    let template = response.extensions().get::<Template>().cloned();
    let route = template.as_ref().map_or("other", |template| template.0.as_str());
    let (status, took) = (response.status().as_u16(), started.elapsed());
    shared.watch.answered(method, route, status, took, code.as_deref(), &trace);
    let ms = took.as_secs_f64() * 1000.0;
    let code = code.as_deref().unwrap_or_default();
    tracing::info!(target: "daybook", request_id = %id.simple(), method, route, status, ms, code, "call");
    response
}

/// Names a method, without repeating what a caller made up.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}

fn is_stream(path: &str) -> bool {
    let under = |route: &&str| {
        path.strip_prefix(*route).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    // Files are taken in below what they belong to.
    path.ends_with("/attachments") || STREAMS.iter().any(under)
}

/// Bodies are taken as they are: nothing that grows when it is unpacked.
fn plain(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Refusal::Encoded),
        _ => Ok(()),
    }
}

impl Guard {
    /// Lets a caller in who shows the token and called this server by a name of this machine (a
    /// page whose own name was made to point here calls it by that).
    fn admit(&self, request: &Request<Incoming>) -> Result<(), Refusal> {
        if !self.is_meant(request.headers(), request.uri()) {
            return Err(Refusal::HostRefused);
        }
        if watch::is_open(request.uri().path()) {
            return Ok(());
        }
        let shown = request.headers().get(header::AUTHORIZATION);
        let shown = shown.and_then(|value| value.to_str().ok()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token)
        });
        match shown {
            None => Err(Refusal::TokenMissing),
            Some(token) if self.token.is(token) => Ok(()),
            Some(_) => Err(Refusal::TokenWrong),
        }
    }

    fn is_meant(&self, headers: &HeaderMap, uri: &Uri) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
        let meant = |host: &str| {
            let (name, port) = match host.rsplit_once(':') {
                Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
                _ => (host, Some(80)),
            };
            let local = ["localhost", "127.0.0.1", "[::1]"];
            port == Some(self.port) && local.iter().any(|own| own.eq_ignore_ascii_case(name))
        };
        host.to_str().is_ok_and(meant)
            && uri.authority().is_none_or(|authority| meant(authority.as_str()))
    }
}

/// Carries out a call that has one body and one answer.
async fn whole(shared: &Shared, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
    let limits = shared.limits;
    let (parts, body) = request.into_parts();
    let until = tokio::time::Instant::now() + limits.request_time_max;
    let read = read_whole(&parts.headers, body, limits.body_size_bytes_max);
    let body = tokio::time::timeout_at(until, read).await.map_err(|_| Refusal::BodyTooSlow)??;
    limits.check(&body)?;
    let request = Request::from_parts(parts, Body::from(body));
    let answered = tokio::time::timeout_at(until, shared.router.clone().oneshot(request)).await;
    match answered.map_err(|_| Refusal::CallTooSlow)? {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

async fn read_whole(headers: &HeaderMap, body: Incoming, max: usize) -> Result<Bytes, Refusal> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if told.and_then(|told| told.parse().ok()).is_some_and(|told: u64| told > max as u64) {
        return Err(Refusal::BodyTooLarge { max });
    }
    match Limited::new(body, max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge { max }),
        Err(_) => Err(Refusal::BodyCut),
    }
}

/// Carries out a call whose body or answer is a stream: it may take as long as something moves, and
/// a feed ends when the server does.
async fn stream(shared: &Shared, request: Request<Incoming>) -> Response<Body> {
    let idle = shared.limits.idle_time_max;
    let request = request.map(|body| arriving(Body::new(body), idle));
    let response = match shared.router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_feed = kind
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("text/event-stream"));
    if !is_feed {
        return response;
    }
    let subscriber = shared.watch.subscriber();
    let mut stopping = shared.stopping.clone();
    let end = async move {
        let _ = stopping.wait_for(|stopping| *stopping).await;
        drop(subscriber);
    };
    response.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(end))))
}

/// Returns the code of an answer that is a problem, and writes the call's id into it.
async fn with_code(response: Response<Body>, id: Uuid) -> (Response<Body>, Option<String>) {
    let kind = response.headers().get(header::CONTENT_TYPE);
    if kind.is_none_or(|kind| kind != PROBLEM_TYPE) {
        return (response, None);
    }
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, PROBLEM_SIZE_BYTES_MAX).await.unwrap_or_default();
    let Ok(mut problem) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return (Response::from_parts(parts, Body::from(bytes)), None);
    };
    let code = problem.get("code").and_then(|code| code.as_str()).map(str::to_owned);
    if let Some(fields) = problem.as_object_mut() {
        fields.insert("request_id".to_owned(), id.simple().to_string().into());
        fields.insert("instance".to_owned(), id.urn().to_string().into());
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    (Response::from_parts(parts, Body::from(problem.to_string())), code)
}
