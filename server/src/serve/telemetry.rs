//! Telling a collector what the server does: each call as a span, the figures as metrics, by
//! OpenTelemetry's protocol (OTLP over HTTP, JSON).
//!
//! Off unless an endpoint is named. Nothing a caller wrote is told: a span has the method, the
//! route's template, the status and the code of a problem; the trace is the one the caller names in
//! `traceparent` (W3C), otherwise its id is the call's own `request_id`.
//!
//! Invariant: calls never wait for the collector. Spans wait in a queue of [`SPANS_MAX`]; what does not
//! fit, or is not taken within [`PATIENCE`], is dropped and counted.

mod figures;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::{HeaderMap, Request, Uri, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;

/// The most spans that wait to be sent.
const SPANS_MAX: usize = 4096;
/// How often what waits is sent.
pub const INTERVAL: Duration = Duration::from_secs(10);
/// How long the collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The port of OTLP over HTTP.
const PORT: u16 = 4318;

/// The way to a collector, and what waits to be sent to it.
#[derive(Debug)]
pub struct Telemetry {
    host: String,
    path: String,
    interval: Duration,
    started: u64,
    waiting: Mutex<Vec<Value>>,
    lost: AtomicU64,
}

/// An endpoint that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{endpoint:?} is no address of a collector")]
pub struct InvalidEndpoint {
    /// What was given.
    pub endpoint: String,
}

/// Where a call belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Trace {
    id: String,
    parent: Option<String>,
}

impl Trace {
    /// Reads the caller's trace, or begins one with the call's own id.
    pub(super) fn of(headers: &HeaderMap, id: Uuid) -> Trace {
        let named = headers.get("traceparent").and_then(|value| value.to_str().ok());
        let hex = |text: &str, size: usize| {
            let hex = text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            hex && text.len() == size && text.bytes().any(|b| b != b'0')
        };
        let named = named.and_then(|text| {
            let mut parts = text.split('-');
            let (_, id, parent) = (parts.next()?, parts.next()?, parts.next()?);
            (hex(id, 32) && hex(parent, 16)).then(|| (id.to_owned(), parent.to_owned()))
        });
        match named {
            Some((id, parent)) => Trace { id, parent: Some(parent) },
            None => Trace { id: id.simple().to_string(), parent: None },
        }
    }
}

impl Telemetry {
    /// Prepares to tell a collector at `http://HOST:PORT`.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] for anything but an `http://` address.
    pub fn to(endpoint: &str, interval: Duration) -> Result<Telemetry, InvalidEndpoint> {
        let invalid = || InvalidEndpoint { endpoint: endpoint.to_owned() };
        let uri: Uri = endpoint.trim().parse().map_err(|_| invalid())?;
        if uri.scheme_str() != Some("http") || uri.query().is_some() {
            return Err(invalid());
        }
        let authority = uri.authority().ok_or_else(invalid)?;
        let port = authority.port_u16().unwrap_or(PORT);
        Ok(Telemetry {
            host: format!("{}:{port}", authority.host()),
            path: uri.path().trim_end_matches('/').to_owned(),
            interval,
            started: nanos(),
            waiting: Mutex::default(),
            lost: AtomicU64::new(0),
        })
    }

    /// Remembers a call that was answered.
    pub(super) fn answered(
        &self,
        trace: &Trace,
        (method, route): (&str, &str),
        (status, code): (u16, Option<&str>),
        took: Duration,
    ) {
        let end = nanos();
        let start = end.saturating_sub(u64::try_from(took.as_nanos()).unwrap_or_default());
        let span_id = Uuid::new_v4().simple().to_string();
        let mut attributes = vec![
            text("http.request.method", method),
            text("http.route", route),
            json!({ "key": "http.response.status_code",
                "value": { "intValue": status.to_string() } }),
        ];
        attributes.extend(code.map(|code| text("error.type", code)));
        let span = json!({
            "traceId": trace.id,
            "spanId": span_id.get(..16),
            "parentSpanId": trace.parent.as_deref().unwrap_or_default(),
            "name": format!("{method} {route}"),
            "kind": 2,
            "startTimeUnixNano": start.to_string(),
            "endTimeUnixNano": end.to_string(),
            "attributes": attributes,
            "status": if status >= 500 { json!({ "code": 2 }) } else { json!({}) },
        });
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < SPANS_MAX {
            waiting.push(span);
        } else {
            drop(waiting);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Returns how many spans the collector did not get.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Sends what waits every interval, and once more when `stop` is done.
    pub(super) async fn tell(&self, figures: impl Fn() -> String, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let last = tokio::time::timeout(self.interval, stop.as_mut()).await.is_ok();
            self.send(&figures()).await;
            if last {
                return;
            }
        }
    }

    async fn send(&self, figures: &str) {
        let spans = {
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *waiting)
        };
        let count = spans.len() as u64;
        let resource = json!({ "attributes": [
            text("service.name", "daybook"), text("service.version", env!("CARGO_PKG_VERSION")),
        ] });
        let scope = json!({ "name": "daybook" });
        let metrics = figures::metrics(figures, self.started, nanos());
        let metrics = json!({ "resourceMetrics": [{
            "resource": resource, "scopeMetrics": [{ "scope": scope, "metrics": metrics }],
        }] });
        if count > 0 {
            let traces = json!({ "resourceSpans": [{
                "resource": resource, "scopeSpans": [{ "scope": scope, "spans": spans }],
            }] });
            if self.post("/v1/traces", &traces).await.is_none() {
                self.lost.fetch_add(count, Ordering::Relaxed);
            }
        }
        // Figures add up: what one message lacks, the next one has.
        let _ = self.post("/v1/metrics", &metrics).await;
    }

    /// Sends one message; nothing when it was not taken.
    async fn post(&self, path: &str, message: &Value) -> Option<()> {
        let request = Request::post(format!("{}{path}", self.path))
            .header(header::HOST, &self.host)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(message.to_string()))
            .ok()?;
        let sent = async {
            let stream = TcpStream::connect(&self.host).await.ok()?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
            let connection = tokio::spawn(connection);
            let answer = sender.send_request(request).await.ok()?;
            connection.abort();
            answer.status().is_success().then_some(())
        };
        tokio::time::timeout(PATIENCE, sent).await.ok()?
    }
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn nanos() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_the_callers_where_it_names_one() {
        let id = Uuid::from_bytes([7; 16]);
        let of = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", value.parse().unwrap());
            Trace::of(&headers, id)
        };
        let trace = of("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(trace.id, "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(trace.parent.as_deref(), Some("00f067aa0ba902b7"));
        let own = Trace { id: "07".repeat(16), parent: None };
        for value in ["", "00-x-y-01", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"] {
            assert_eq!(of(value), own);
        }
    }

    #[test]
    fn an_endpoint_is_a_plain_http_address() {
        let to = |endpoint| Telemetry::to(endpoint, INTERVAL);
        assert_eq!(to("http://localhost").unwrap().host, "localhost:4318");
        assert_eq!(to("http://127.0.0.1:9/otlp/").unwrap().path, "/otlp");
        for endpoint in ["localhost:4318", "https://x", "http://", "http://x/?a=b", ""] {
            assert!(to(endpoint).is_err(), "{endpoint}");
        }
    }
}
