//! What a collector is told by OpenTelemetry's protocol: every call and the figures, and nothing
//! a caller wrote.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::indexing_slicing)]

mod ledger;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use daybook_server::client::{Client, Transport};
use daybook_server::serve::{Door, Grace, Limits, Server, Telemetry, Token, Watch, serve};
use daybook_server::{App, router};
use ledger::ledger;
use serde_json::{Value, json};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Takes what comes as an OTLP receiver does.
fn collector() -> (String, mpsc::Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let (mut line, mut size) = (String::new(), 0);
            reader.read_line(&mut line).unwrap();
            let path = line.split(' ').nth(1).unwrap().to_owned();
            loop {
                line.clear();
                reader.read_line(&mut line).unwrap();
                if let Some(length) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    size = length.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; size];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            reader.get_mut().write_all(answer).unwrap();
            if sender.send((path, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}"), received)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_hears_of_calls_and_figures_and_of_nothing_personal() {
    let (endpoint, received) = collector();
    let telemetry = Telemetry::to(&endpoint, Duration::from_secs(3600)).unwrap();
    let (ledger, listener) = (ledger(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let server = Server {
        router: router(App::new(ledger.clone(), Arc::new(ledger::Fixed))),
        limits: Limits::default(),
        grace: Grace { calls: Duration::from_secs(5), streams: Duration::ZERO },
        watch: Arc::new(Watch::over(ledger, None).telling(Some(telemetry))),
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let doors = vec![Door::Tcp(listener, Token::new(TOKEN))];
    let stopped = async { drop(stopped.await) };
    let served = tokio::spawn(async move { serve(doors, server, stopped).await.unwrap() });
    let client = Client::over(Transport::tcp(address, TOKEN).unwrap(), "U-77");
    let name = "Quillfeather";
    let register = json!({
        "customer": "ZANZIBAR", "command": "register_customer", "kind": "company",
        "source": "web", "details": { "name": name },
    });
    client.commands(vec![vec![register.clone()]], false).await.unwrap();
    client.commands(vec![vec![register]], false).await.unwrap_err();
    client.event("3").await.unwrap();
    // The last calls are told when the server stops.
    drop(stop);
    served.await.unwrap();
    let heard: Vec<(String, Value)> =
        std::iter::from_fn(|| received.recv_timeout(Duration::from_secs(5)).ok()).take(2).collect();
    assert_eq!(heard[0].0, "/v1/traces");
    let spans = heard[0].1["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
    let names: Vec<&str> = spans.iter().map(|span| span["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["POST /v1/commands", "POST /v1/commands", "GET /v1/events/{id}"]);
    let attribute = |span: &Value, key: &str| {
        let attributes = span["attributes"].as_array().unwrap();
        attributes.iter().find(|one| one["key"] == key).map(|one| one["value"].clone())
    };
    let refused = &spans[1];
    assert_eq!(attribute(refused, "http.response.status_code").unwrap()["intValue"], "422");
    let code = attribute(refused, "error.type").unwrap();
    assert_eq!(code["stringValue"], "customer_already_registered");
    for span in spans {
        assert_eq!(span["traceId"].as_str().unwrap().len(), 32);
        assert_eq!(span["spanId"].as_str().unwrap().len(), 16);
        let nanos = |key: &str| span[key].as_str().unwrap().parse::<u64>().unwrap();
        assert!(nanos("startTimeUnixNano") <= nanos("endTimeUnixNano"));
    }
    assert_eq!(heard[1].0, "/v1/metrics");
    let metrics = &heard[1].1["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let metric = |name: &str| {
        metrics.as_array().unwrap().iter().find(|one| one["name"] == name).expect(name).clone()
    };
    assert!(metric("daybook_position")["gauge"]["dataPoints"][0]["asDouble"].as_f64() > Some(1.0));
    assert_eq!(metric("daybook_calls")["sum"]["isMonotonic"], true);
    let seconds = metric("daybook_call_seconds");
    assert!(seconds["histogram"]["dataPoints"].as_array().unwrap().len() >= 2);
    let all = format!("{heard:?}");
    for personal in [name, "ZANZIBAR", "U-77", TOKEN] {
        assert!(!all.contains(personal), "{personal}");
    }
}

/// A collector that is not there costs no call anything.
#[tokio::test]
async fn a_collector_that_is_gone_is_not_waited_for() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let telemetry = Telemetry::to(&format!("http://{gone}"), Duration::from_millis(10)).unwrap();
    let (ledger, listener) = (ledger(), TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let watch = Arc::new(Watch::over(ledger.clone(), None).telling(Some(telemetry)));
    let server = Server {
        router: router(App::new(ledger, Arc::new(ledger::Fixed))),
        limits: Limits::default(),
        grace: Grace { calls: Duration::from_secs(5), streams: Duration::ZERO },
        watch,
    };
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let doors = vec![Door::Tcp(listener, Token::new(TOKEN))];
    let stopped = async { drop(stopped.await) };
    let served = tokio::spawn(async move { serve(doors, server, stopped).await.unwrap() });
    let client = Client::over(Transport::tcp(address, TOKEN).unwrap(), "U-77");
    for _ in 0..20 {
        client.book().await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(stop);
    tokio::time::timeout(Duration::from_secs(5), served).await.unwrap().unwrap();
}
