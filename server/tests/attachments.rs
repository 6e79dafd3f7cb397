//! Attachments over the interface: up, attached, listed, down again, in flat memory.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::Request;
use axum::http::request::Builder;
use axum::http::response::Parts as Head;
use daybook_core::attachment::{AttachmentStore, FileAttachments, MemoryAttachments};
use daybook_core::event::{Actor, Assurance, Channel, Source};
use daybook_core::id::{ActorId, BookId, Label, LegalEntity, Line};
use daybook_core::ledger::{Genesis, Ledger, Options, Parts, found};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::{Clock, Entropy, Timestamp};
use daybook_core::vault::MemoryVault;
use daybook_server::{App, router};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tower::ServiceExt;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        "2026-01-05T04:00:00Z".parse().unwrap()
    }
}

struct Counter(u8);

impl Entropy for Counter {
    fn fill(&mut self, buffer: &mut [u8]) {
        for byte in buffer {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte = self.0;
        }
    }
}

fn open(attachments: Arc<dyn AttachmentStore>) -> Router {
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments,
        clock: Arc::new(Noon),
        entropy: Box::new(Counter(7)),
    };
    let genesis = Genesis {
        book: BookId(uuid::Uuid::from_bytes([9; 16])),
        name: Line::new("Test").unwrap(),
        zone: Label::new("Asia/Shanghai").unwrap(),
        functional_currency: "CNY".parse().unwrap(),
        legal_entities: vec![LegalEntity::new("HQ").unwrap()],
        fiscal_year_start_month: 1,
        default_calling_code: None,
        actor: Actor {
            user: ActorId::new("U-00").unwrap(),
            on_behalf_of: None,
            role: None,
            unit: None,
            assurance: Assurance::Declared,
        },
        source: Source { channel: Channel::Api, session: None, import: None },
    };
    found(&mut parts, &genesis).unwrap();
    let ledger = Ledger::open(parts, Options::default()).unwrap();
    router(App::new(ledger, Arc::new(Noon)))
}

async fn send(router: &Router, request: Builder, body: Body) -> (Head, Bytes) {
    let request: Request<Body> = request.header("x-daybook-actor", "U-01").body(body).unwrap();
    let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    (head, axum::body::to_bytes(body, 1 << 20).await.unwrap())
}

async fn json_of(router: &Router, request: Builder, body: impl Into<Body>) -> (u16, Value) {
    let (head, body) = send(router, request, body.into()).await;
    (head.status.as_u16(), serde_json::from_slice(&body).unwrap_or_default())
}

/// Registers a customer and records a call; returns the call's position.
async fn with_call(router: &Router) -> u64 {
    let units = json!({ "units": [[
        {
            "customer": "C-1", "command": "register_customer", "kind": "company",
            "source": "web", "details": { "name": "A" },
        },
        {
            "customer": "C-1", "command": "record_interaction", "channel": "phone",
            "direction": "in", "started_at": "2026-01-05T03:00:00Z", "unknown_caller": true,
        },
    ]] });
    let request = Request::post("/v1/commands").header("content-type", "application/json");
    let (status, answer) = json_of(router, request, units.to_string()).await;
    assert_eq!(status, 200, "{answer}");
    answer["units"][0]["taken"][1]["events"][0]["position"].as_u64().unwrap()
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_again() {
    let router = open(Arc::new(MemoryAttachments::default()));
    let call = with_call(&router).await;
    let content: Vec<u8> = (0..200_000u32).map(|at| b'a' + (at % 26) as u8).collect();
    let path = format!("/v1/events/{call}/attachments?name=%E6%8A%A5%E4%BB%B7.txt");
    let up = || {
        let request = Request::post(path.as_str()).header("content-type", "text/plain");
        request.header("idempotency-key", "k-1")
    };
    let (status, first) = json_of(&router, up(), content.clone()).await;
    assert_eq!((status, first["upload"]["placed"].as_str()), (201, Some("new")), "{first}");
    let (status, again) = json_of(&router, up(), content.clone()).await;
    assert_eq!((status, again["repeated"].as_bool()), (201, Some(true)));
    assert_eq!(again["event"], first["event"]);

    for path in [format!("/v1/events/{call}/attachments"), "/v1/customers/C-1/attachments".into()] {
        let (status, list) = json_of(&router, Request::get(path), Body::empty()).await;
        assert_eq!((status, list["attachments"][0]["name"].as_str()), (200, Some("报价.txt")));
        assert_eq!(list["attachments"].as_array().unwrap().len(), 1);
    }
    let path = format!("/v1/attachments/{}", first["event"]["position"]);
    let (head, body) = send(&router, Request::get(path.as_str()), Body::empty()).await;
    assert_eq!((head.status.as_u16(), body.as_ref()), (200, content.as_slice()));
    let header = |name: &str| head.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "text/plain");
    assert_eq!(header("content-length"), "200000");
    assert_eq!(header("x-content-type-options"), "nosniff");
    let named = "attachment; filename=\"__.txt\"; filename*=UTF-8''%E6%8A%A5%E4%BB%B7.txt";
    assert_eq!(header("content-disposition"), named);

    let part = Request::get(path.as_str()).header("range", "bytes=65530-65545");
    let (head, body) = send(&router, part, Body::empty()).await;
    assert_eq!((head.status.as_u16(), body.as_ref()), (206, &content[65_530..65_546]));
    assert_eq!(head.headers["content-range"], "bytes 65530-65545/200000");
    let behind = Request::get(path.as_str()).header("range", "bytes=200000-");
    let (status, problem) = json_of(&router, behind, Body::empty()).await;
    assert_eq!((status, problem["code"].as_str()), (416, Some("range_unsatisfiable")));
}

#[tokio::test]
async fn what_is_not_taken_is_told() {
    let router = open(Arc::new(MemoryAttachments::default()));
    let call = with_call(&router).await;
    let to = |path: &str, media_type: &str| {
        Request::post(path.to_owned()).header("content-type", media_type)
    };
    let customer = "/v1/customers/C-1/attachments";
    for (request, body, expected) in [
        (to(customer, "application/x-msdownload"), "x", (422, "attachment_type_refused")),
        (to(customer, "image/png"), "x", (422, "attachment_type_differs")),
        (to(customer, "text/plain"), "#!/bin/sh\n", (422, "attachment_executable")),
        (to(customer, "nonsense"), "x", (400, "malformed")),
        (
            to(customer, "text/plain").header("content-length", "9000000000"),
            "x",
            (422, "attachment_too_large"),
        ),
        (to("/v1/customers/C-9/attachments", "text/plain"), "x", (422, "customer_not_registered")),
        (to("/v1/events/999/attachments", "text/plain"), "x", (404, "not_found")),
        (to("/v1/events/0/attachments", "text/plain"), "x", (422, "customer_required")),
        (Request::get(format!("/v1/attachments/{call}")), "", (404, "not_found")),
    ] {
        let (status, problem) = json_of(&router, request, body).await;
        assert_eq!((status, problem["code"].as_str().unwrap_or("?")), expected, "{problem}");
        assert!(problem["hint"].is_string(), "{problem}");
    }
    let broken = stream::iter([Ok(Bytes::from("half")), Err(std::io::Error::other("gone"))]);
    let request = to(customer, "text/plain");
    let (status, problem) = json_of(&router, request, Body::from_stream(broken)).await;
    assert_eq!((status, problem["code"].as_str()), (400, Some("upload_broke_off")));
}

/// The most memory this process ever had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn three_hundred_megabytes_pass_in_flat_memory() {
    const CHUNK: usize = 1 << 20;
    const CHUNKS: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let router = open(Arc::new(FileAttachments::open(folder.path()).unwrap()));
    let call = with_call(&router).await;
    let before = peak();
    let chunks = stream::iter(0..CHUNKS).map(|number| {
        let mut chunk = vec![b'.'; CHUNK];
        chunk[..8].copy_from_slice(&(number as u64).to_le_bytes());
        Ok::<_, std::io::Error>(Bytes::from(chunk))
    });
    let path = format!("/v1/events/{call}/attachments");
    let (status, answer) = json_of(&router, Request::post(path), Body::from_stream(chunks)).await;
    assert_eq!(
        (status, answer["upload"]["size_bytes"].as_u64()),
        (201, Some((CHUNK * CHUNKS) as u64))
    );
    let path = format!("/v1/attachments/{}", answer["event"]["position"]);
    let request = Request::get(path).header("x-daybook-actor", "U-01").body(Body::empty()).unwrap();
    let mut down = router.clone().oneshot(request).await.unwrap().into_body().into_data_stream();
    let mut size = 0;
    while let Some(chunk) = down.next().await {
        size += chunk.unwrap().len();
    }
    assert_eq!(size, CHUNK * CHUNKS);
    let grown = peak() - before;
    println!("300 MB up and down took {grown} bytes of memory");
    assert!(grown < 64 << 20, "{grown}");
}
