//! Promise: a whole export, taken into a new ledger, gives the same facts: the same customers,
//! balances and profiles; taking it in again adds nothing.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use daybook::demo::{self, ScriptClock, SeededEntropy, Step};
use daybook_core::attachment::MemoryAttachments;
use daybook_core::id::BookId;
use daybook_core::ledger::{self, Ledger, Options, Parts};
use daybook_core::store::memory::MemoryStore;
use daybook_core::time::Clock;
use daybook_core::vault::MemoryVault;
use daybook_server::{App, router};
use serde_json::Value;
use tower::ServiceExt;

struct Book {
    ledger: Ledger,
    router: Router,
    clock: Arc<ScriptClock>,
}

fn founded(seed: u64) -> Book {
    let clock = Arc::new(ScriptClock::new(demo::OPENED_AT));
    let mut entropy = SeededEntropy::new(seed);
    let mut genesis = demo::genesis(&mut entropy).expect("a genesis");
    genesis.book = BookId(uuid::Uuid::from_u128(seed.into()));
    let mut parts = Parts {
        store: Arc::new(MemoryStore::default()),
        vault: Arc::new(MemoryVault::default()),
        attachments: Arc::new(MemoryAttachments::default()),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        entropy: Box::new(entropy),
    };
    ledger::found(&mut parts, &genesis).expect("founded");
    let ledger = Ledger::open(parts, Options::default()).expect("opened");
    let router = router(App::new(ledger.clone(), Arc::clone(&clock) as Arc<dyn Clock>));
    Book { ledger, router, clock }
}

impl Book {
    /// Tells a story, on a thread of its own: the ledger's answers are waited for.
    fn told(&self, steps: impl Iterator<Item = Step> + Send) {
        std::thread::scope(|scope| {
            let told =
                scope.spawn(|| demo::run(&self.ledger, &self.clock, steps, &mut |_| {}).map(drop));
            told.join().expect("no panic").expect("told");
        });
    }

    async fn call(&self, request: Request<Body>) -> Vec<u8> {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = axum::body::to_bytes(response.into_body(), 1 << 28).await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        body.to_vec()
    }

    async fn get(&self, path: &str) -> Vec<u8> {
        let request = Request::get(path).header("x-daybook-actor", "U-01");
        self.call(request.body(Body::empty()).unwrap()).await
    }

    async fn document(&self, path: &str) -> Value {
        serde_json::from_slice(&self.get(path).await).unwrap()
    }

    /// The content of every customer's attached files, with the customer and the file's name.
    async fn attached_files(&self) -> Vec<(String, String, Vec<u8>)> {
        let list = self.document("/v1/customers?limit=1000").await;
        let mut files = Vec::new();
        for row in list["customers"].as_array().unwrap() {
            let code = row["code"].as_str().unwrap().to_owned();
            let attached = self.document(&format!("/v1/customers/{code}/attachments")).await;
            for file in attached["attachments"].as_array().unwrap() {
                let content = self.get(&format!("/v1/attachments/{}", file["position"])).await;
                files.push((code.clone(), file["name"].to_string(), content));
            }
        }
        files
    }

    async fn take(&self, file: &[u8]) -> Vec<Value> {
        let request = Request::post("/v1/imports/events").header("x-daybook-actor", "U-99");
        let body = self.call(request.body(Body::from(file.to_vec())).unwrap()).await;
        let lines = body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }

    /// What is known of every customer, at a date.
    async fn customers(&self, as_of: &str) -> Vec<Value> {
        let list = self.document(&format!("/v1/customers?as_of={as_of}")).await;
        let mut pages = Vec::new();
        for row in list["customers"].as_array().unwrap() {
            let code = row["code"].as_str().unwrap();
            let path = format!("/v1/customers/{code}?as_of={as_of}&limit=1000");
            let page = self.document(&path).await;
            let told = page["timeline"].as_array().unwrap().iter().map(|event| {
                let told = ["kind", "stream", "effective_at", "actor", "reason", "summary"];
                let mut facts: Vec<Value> = told.iter().map(|name| event[*name].clone()).collect();
                if event["kind"] == "event.voided" {
                    // It names a position, which is another one here.
                    facts.pop();
                }
                facts.push(Value::Bool(event["voided_by"].is_null()));
                Value::Array(facts)
            });
            let timeline: Vec<Value> = told.collect();
            let mut profile = page["profile"].clone();
            profile["figures"]["events"] = Value::Null;
            pages.push(serde_json::json!([code, profile, page["dealings"], timeline]));
        }
        pages
    }
}

/// The books' own figures at a date: open items, ageing, control totals, and what is to be chased.
const FIGURES: [&str; 4] = ["", "/ageing", "/control", "/dunning"];

#[tokio::test]
async fn a_whole_export_taken_into_a_new_ledger_gives_the_same_facts() {
    let old = founded(1);
    let steps = demo::story(1).expect("a story").into_iter();
    old.told(steps);
    let file = old.get("/v1/export?personal=true&files=true").await;
    let new = founded(2);
    new.clock.set(old.clock.now());
    let lines = new.take(&file).await;
    let refused: Vec<&Value> = lines.iter().filter_map(|line| line.get("refused")).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    let done = &lines.last().unwrap()["done"];
    let events = &done["events"];
    assert!(done["whole"].as_bool().unwrap());
    let parts =
        ["taken", "known", "refused", "left_out"].map(|part| events[part].as_u64().unwrap());
    assert_eq!(parts.iter().sum::<u64>(), events["read"].as_u64().unwrap());
    for as_of in ["2025-03-31", "2025-08-15", "2025-12-31"] {
        let (there, here) = (old.customers(as_of).await, new.customers(as_of).await);
        assert_eq!(there.len(), here.len(), "{as_of}");
        for (there, here) in there.iter().zip(&here) {
            assert_eq!(there, here, "{as_of}");
        }
        for figures in FIGURES {
            let path = format!("/v1/receivables{figures}?as_of={as_of}");
            let (mut there, mut here) = (old.document(&path).await, new.document(&path).await);
            for answer in [&mut there, &mut here] {
                answer["basis"] = Value::Null;
                answer["position"] = Value::Null;
            }
            assert_eq!(there, here, "{path}");
        }
    }
    let there = old.attached_files().await;
    assert!(there.len() > 3, "the sample year has files: {}", there.len());
    assert_eq!(there, new.attached_files().await);
    // It is an import like any other, with its figures.
    let imports = new.document("/v1/imports?cut_off=true").await;
    let import = imports["imports"].as_array().unwrap().last().unwrap().clone();
    assert!(import["import"].as_str().unwrap().starts_with("ledger-"), "{imports:#}");
    assert_eq!(import["applied"]["files"][0]["rows"]["read"], events["read"]);
    assert_eq!(import["applied"]["files"][0]["rows"]["taken"], events["taken"]);
    // Again: everything is known, nothing is added.
    let head = new.ledger.reader().head().next;
    let again = new.take(&file).await;
    assert_eq!(again.last().unwrap()["done"]["events"]["taken"], 0);
    assert_eq!(new.ledger.reader().head().next, head);
}

#[tokio::test]
async fn what_cannot_be_taken_over_is_refused_by_name() {
    let old = founded(1);
    let steps = demo::story(1).expect("a story").into_iter().take(40);
    old.told(steps);
    let new = founded(2);
    new.clock.set(old.clock.now());
    // Sealed content cannot be read, so the customer is not there for what follows either.
    let sealed = old.get("/v1/export").await;
    let lines = new.take(&sealed).await;
    let codes: std::collections::BTreeSet<&str> =
        lines.iter().filter_map(|line| line["refused"]["code"].as_str()).collect();
    assert!(codes.contains("section_sealed"), "{codes:?}");
    let part = old.get("/v1/export?personal=true&kind=payment.received").await;
    let lines = new.take(&part).await;
    assert_eq!(lines.last().unwrap()["failed"]["field"], "file");
    let lines = new.take(b"position,kind\n1,x\n").await;
    assert_eq!(lines.last().unwrap()["failed"]["code"], "malformed");
}
