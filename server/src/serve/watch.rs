//! Watching over a server: whether it is alive, whether it can take calls, and figures.
//!
//! Invariant: no label and no text here holds anything a caller sent; every set of label values is
//! bounded by the lists of routes, methods, statuses and codes.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use daybook_core::ledger::Ledger;
use daybook_core::store::local::LocalStore;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use super::catch_up::CatchUp;
use super::telemetry::{Telemetry, Trace};

/// Free space below which the ledger refuses to append.
const SPARE_BYTES: u64 = 32 << 20;

/// Seconds that separate quick calls from slow ones.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// Whoever watches over a server.
pub struct Watch {
    ledger: Ledger,
    /// The log on disk and where it is; nothing for a ledger that is kept otherwise.
    store: Option<(Arc<LocalStore>, PathBuf)>,
    calls: Family<CallLabels, Counter>,
    seconds: Family<RouteLabels, Histogram, fn() -> Histogram>,
    refusals: Family<CodeLabels, Counter>,
    connections: Gauge,
    subscribers: Gauge,
    registry: Registry,
    telemetry: Option<Telemetry>,
    views: Option<Arc<CatchUp>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

/// Counts something that is open as long as it lives.
pub(super) struct Counted(Gauge);

impl Counted {
    fn new(gauge: &Gauge) -> Counted {
        gauge.inc();
        Counted(gauge.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Watch {
    /// Watches over a ledger, and over its log where that is a directory of this machine.
    pub fn over(ledger: Ledger, store: Option<(Arc<LocalStore>, PathBuf)>) -> Watch {
        let mut registry = Registry::with_prefix("daybook");
        let calls = Family::default();
        registry.register("calls", "Calls by route and status", calls.clone());
        let histogram: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::new_with_constructor(histogram);
        registry.register("call_seconds", "Time from headers to answer", seconds.clone());
        let refusals = Family::default();
        registry.register("problems", "Answers that are problems, by code", refusals.clone());
        let (connections, subscribers) = (Gauge::default(), Gauge::default());
        registry.register("connections", "Open connections", connections.clone());
        registry.register("feed_subscribers", "Feeds that are followed", subscribers.clone());
        let (telemetry, views) = (None, None);
        Watch {
            ledger,
            store,
            calls,
            seconds,
            refusals,
            connections,
            subscribers,
            registry,
            telemetry,
            views,
        }
    }

    /// Says that the server is not ready before these views have caught up.
    #[must_use]
    pub fn keeping(mut self, views: Arc<CatchUp>) -> Watch {
        self.views = Some(views);
        self
    }

    /// Tells a collector as well.
    #[must_use]
    pub fn telling(mut self, telemetry: Option<Telemetry>) -> Watch {
        self.telemetry = telemetry;
        self
    }

    /// Tells the collector, if there is one, until `stop` is done.
    pub(super) async fn tell(&self, stop: impl Future<Output = ()>) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.tell(|| self.text(), stop).await;
        }
    }

    pub(super) fn connection(&self) -> Counted {
        Counted::new(&self.connections)
    }

    pub(super) fn subscriber(&self) -> Counted {
        Counted::new(&self.subscribers)
    }

    pub(super) fn refused(&self, code: &str) {
        self.refusals.get_or_create(&CodeLabels { code: code.to_owned() }).inc();
    }

    pub(super) fn answered(
        &self,
        method: &'static str,
        route: &str,
        status: u16,
        took: Duration,
        code: Option<&str>,
        trace: &Trace,
    ) {
        if let Some(telemetry) = &self.telemetry {
            telemetry.answered(trace, (method, route), (status, code), took);
        }
        let route = route.to_owned();
        self.calls.get_or_create(&CallLabels { method, route: route.clone(), status }).inc();
        self.seconds.get_or_create(&RouteLabels { method, route }).observe(took.as_secs_f64());
        if let Some(code) = code {
            self.refused(code);
        }
    }

    /// Returns why no calls should be sent here, or nothing.
    fn reasons(&self, stopping: bool) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        if stopping {
            reasons.push("stopping");
        }
        reasons.extend(self.views.as_ref().and_then(|views| views.reason()));
        let Some((store, dir)) = &self.store else { return reasons };
        let status = store.status();
        if status.read_only {
            reasons.push("read_only");
        }
        if status.index_problem.is_some() {
            reasons.push("index_failed");
        }
        let free = rustix::fs::statvfs(dir).map(|disk| disk.f_bavail * disk.f_frsize);
        if free.is_ok_and(|free| free < SPARE_BYTES) {
            reasons.push("disk_full");
        }
        reasons
    }

    /// Writes the figures that are not counted here.
    fn write_log(&self, text: &mut String) -> std::fmt::Result {
        let mut figure = |name: &str, kind: &str, help: &str, value: f64| {
            let name = format!("daybook_{name}");
            let family = name.trim_end_matches("_total");
            writeln!(text, "# HELP {family} {help}.\n# TYPE {family} {kind}\n{name} {value}")
        };
        let position = self.ledger.reader().head().next;
        figure("position", "gauge", "Events in the log", position.0 as f64)?;
        if let Some(telemetry) = &self.telemetry {
            let lost = telemetry.lost() as f64;
            figure("spans_lost_total", "counter", "Spans the collector did not get", lost)?;
        }
        let Some((store, _)) = &self.store else { return Ok(()) };
        let status = store.status();
        let indexed = status.blocks_next.0 as f64;
        figure("indexed_position", "gauge", "Events in stored blocks", indexed)?;
        let read_only = f64::from(u8::from(status.read_only));
        figure("read_only", "gauge", "Whether a failure made the ledger read-only", read_only)?;
        let (events, groups) = (status.appended_events as f64, status.appended_groups as f64);
        figure("appended_events_total", "counter", "Events appended since the opening", events)?;
        figure("appended_groups_total", "counter", "Groups appended since the opening", groups)?;
        let seconds = status.append_time.as_secs_f64();
        let help = "Time spent writing and syncing groups";
        figure("append_seconds_total", "counter", help, seconds)
    }

    fn text(&self) -> String {
        let mut text = String::new();
        // Writing into memory does not fail; what was written before stands in any case.
        let _ = encode(&mut text, &self.registry);
        let text_end = "# EOF\n";
        if text.ends_with(text_end) {
            text.truncate(text.len() - text_end.len());
        }
        let _ = self.write_log(&mut text);
        text.push_str(text_end);
        text
    }
}

/// Tells whether a path is answered without a token: it says nothing about anybody.
pub(super) fn is_open(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

type Watching = (Arc<Watch>, watch::Receiver<bool>);

pub(super) fn router(watch: Arc<Watch>, stopping: watch::Receiver<bool>) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .with_state((watch, stopping))
}

async fn ready(State((watch, stopping)): State<Watching>) -> Response {
    let reasons = watch.reasons(*stopping.borrow());
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let position = watch.ledger.reader().head().next;
    let document = serde_json::json!({
        "ready": reasons.is_empty(), "reasons": reasons, "position": position,
    });
    (status, Json(document)).into_response()
}

async fn metrics(State((watch, _)): State<Watching>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], watch.text()).into_response()
}
